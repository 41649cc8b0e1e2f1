/* The list of the commands, and the overview made of it. */
#include "cli.h"

#include "wrap.h"

#include <string.h>

#define HR_COMMAND(group, ident, name, purpose) extern const struct hr_command hr_cmd_##ident;
#include "commands.def"
#undef HR_COMMAND

const struct hr_listed hr_commands[] = {
#define HR_COMMAND(group, ident, name, purpose) { HR_GROUP_##group, name, purpose, &hr_cmd_##ident },
#include "commands.def"
#undef HR_COMMAND
};
const size_t hr_commands_n = HR_COUNT(hr_commands);

const struct hr_example hr_first_steps[] = {
    { "what is wrong with this machine for training", "headrace doctor" },
    { "pack a folder of samples, once", "headrace pack raw/ -o traffic" },
    { "what is in it", "headrace info traffic" },
    { "how fast can it be fed, and what bounds it", "headrace feed traffic" },
    { NULL, NULL },
};

static const struct {
    const char *name, *purpose;
} groups[] = {
    [HR_GROUP_SEE] = { "see", "what this machine is and does" },
    [HR_GROUP_SIZE] = { "size", "what fits, which settings, and why" },
    [HR_GROUP_GUARD] = { "guard", "heavy commands that cannot take the machine down" },
    [HR_GROUP_FEED] = { "feed", "datasets packed once, then fed at memory speed" },
    [HR_GROUP_GATHER] = { "gather", "live samples from simulations" },
    [HR_GROUP_PROVE] = { "prove", "every claim measured on your own machine" },
    [HR_GROUP_HIDDEN] = { "hidden", "for the build" },
};

const struct hr_listed *hr_command_find(const char *name)
{
    for (size_t i = 0; i < hr_commands_n; i++)
        if (strcmp(hr_commands[i].name, name) == 0)
            return &hr_commands[i];
    return NULL;
}

const char *hr_group_name(enum hr_group g)
{
    return groups[g].name;
}

const char *hr_group_purpose(enum hr_group g)
{
    return groups[g].purpose;
}

struct hr_opt_page hr_command_page(const struct hr_listed *c)
{
    return (struct hr_opt_page) { "headrace",       c->name,        c->purpose,
                                  c->command->opts, hr_common_opts, c->command->examples };
}

static void group(enum hr_group g, size_t column, unsigned width, bool color, struct hr_buf *out)
{
    bool first = true;
    for (size_t i = 0; i < hr_commands_n; i++) {
        if (hr_commands[i].group != g)
            continue;
        if (first)
            hr_buf_printf(out, "\n%s%s%s  %s\n", color ? "\x1b[1m" : "", hr_group_name(g), color ? "\x1b[0m" : "",
                          hr_group_purpose(g));
        first = false;
        hr_buf_printf(out, "  %-*s", (int)column - 2, hr_commands[i].name);
        hr_wrap(out, hr_str(hr_commands[i].purpose), column, column, width);
        hr_buf_addc(out, '\n');
    }
}

void hr_overview(unsigned width, bool color, struct hr_buf *out)
{
    size_t column = 0;
    for (size_t i = 0; i < hr_commands_n; i++)
        if (hr_commands[i].group != HR_GROUP_HIDDEN)
            column = HR_MAX(column, strlen(hr_commands[i].name) + 4);
    hr_buf_adds(out, "Usage: headrace COMMAND [OPTION]... [ARGUMENT]...\n\n");
    hr_wrap(out,
            HR_STR("headrace keeps memory under the mark and the GPU fed: it tells what is wrong with a machine for "
                   "training and mends what can be mended safely; datasets are packed once and handed to the training "
                   "loop at memory speed, within a budget that is never passed."),
            0, 0, width);
    hr_buf_addc(out, '\n');
    for (int g = 0; g < HR_GROUP_HIDDEN; g++)
        group((enum hr_group)g, column, width, color, out);
    hr_buf_printf(out, "\n%sfirst steps%s\n", color ? "\x1b[1m" : "", color ? "\x1b[0m" : "");
    for (const struct hr_example *e = hr_first_steps; e->line != NULL; e++)
        hr_buf_printf(out, "  # %s\n  %s\n", e->does, e->line);
    hr_buf_adds(out,
                "  # then, in a training script\n  for batch in headrace.Loader(\"traffic\", batch_size=16): ...\n");
    hr_buf_adds(out, "\n'headrace COMMAND --help' tells about one of them, 'headrace --version' about\nthis build.\n");
}

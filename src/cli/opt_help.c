/* --help: the usage line, and every row with its range, default and legal values. */
#include "opt.h"

#include "utf8.h"
#include "wrap.h"

#include <string.h>

enum {
    LEFT_MAX = 27,   /* columns for "  -c, --chunk-size SIZE" before the help starts on a line of its own */
    LETTER_ROOM = 4, /* "-c, " */
};

static void positional_usage(const struct hr_opt *o, struct hr_buf *out)
{
    hr_buf_printf(out, " %s%s%s%s", o->required ? "" : "[", o->name, o->type == HR_OPT_T_LIST ? "..." : "",
                  o->required ? "" : "]");
}

void hr_opt_usage(const struct hr_opt_page *page, struct hr_buf *out)
{
    hr_buf_adds(out, page->program);
    if (page->command == NULL) {
        hr_buf_adds(out, " COMMAND [OPTION]... [ARGUMENT]...");
        return;
    }
    hr_buf_printf(out, " %s [OPTION]...", page->command);
    for (const struct hr_opt *o = page->opts; o->type != HR_OPT_T_END; o++)
        if (hr_opt_is_shown(o) && o->positional)
            positional_usage(o, out);
    for (const struct hr_opt *o = page->opts; o->type != HR_OPT_T_END; o++) {
        if (!hr_opt_is_shown(o) || o->positional || !o->required)
            continue;
        if (o->letter != 0)
            hr_buf_printf(out, " -%c %s", o->letter, o->arg);
        else
            hr_buf_printf(out, " --%s %s", o->name, o->arg);
    }
}

/* "  -c, --chunk-size SIZE" */
static void left(const struct hr_opt *o, bool letters, struct hr_buf *out)
{
    hr_buf_adds(out, "  ");
    if (o->positional) {
        hr_buf_printf(out, "%s%s", o->name, o->type == HR_OPT_T_LIST ? "..." : "");
        return;
    }
    if (o->letter != 0)
        hr_buf_printf(out, "-%c, ", o->letter);
    else if (letters)
        hr_buf_pad(out, LETTER_ROOM, ' ');
    bool on = o->type == HR_OPT_T_FLAG && o->def != NULL;
    hr_buf_printf(out, "--%s%s", on ? "[no-]" : "", o->name);
    if (hr_opt_takes_value(o))
        hr_buf_printf(out, " %s", o->arg);
}

static size_t left_columns(const struct hr_opt *o, bool letters)
{
    struct hr_buf text = HR_BUF_INIT(400);
    left(o, letters, &text);
    size_t n = hr_utf8_columns(hr_buf_str(&text));
    hr_buf_fini(&text);
    return n;
}

void hr_opt_describe(const struct hr_opt *o, struct hr_buf *out)
{
    struct hr_buf range = HR_BUF_INIT(200);
    hr_opt_range(o, &range);
    hr_buf_adds(out, o->help);
    bool repeats = o->type == HR_OPT_T_LIST && !o->positional, words = o->def != NULL && o->def[0] == '(';
    const char *sep = " (";
    if (o->required && !o->positional) {
        hr_buf_printf(out, "%srequired", sep);
        sep = "; ";
    }
    if (repeats) {
        hr_buf_printf(out, "%s%s", sep, o->split == ',' ? "several: A,B" : "may be repeated");
        sep = "; ";
    }
    if (range.len != 0) {
        hr_buf_printf(out, "%s%s", sep, range.data);
        sep = "; ";
    }
    if (o->def != NULL) {
        hr_buf_printf(out, "%sdefault: %.*s", sep, (int)strlen(o->def) - 2 * words, o->def + words);
        sep = "; ";
    }
    if (sep[0] == ';')
        hr_buf_addc(out, ')');
    hr_buf_fini(&range);
}

static void choices(const struct hr_opt *o, size_t column, unsigned width, struct hr_buf *out)
{
    size_t widest = 0;
    bool any = false;
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++) {
        widest = HR_MAX(widest, strlen(c->name));
        any |= c->help != NULL;
    }
    if (!any) {
        struct hr_buf all = HR_BUF_INIT(1000);
        for (const struct hr_choice *c = o->choices; c->name != NULL; c++)
            hr_buf_printf(&all, "%s%s", c == o->choices ? "" : c[1].name == NULL ? " or " : ", ", c->name);
        hr_buf_pad(out, column + 2, ' ');
        hr_wrap(out, hr_buf_str(&all), column + 2, column + 2, width);
        hr_buf_addc(out, '\n');
        hr_buf_fini(&all);
        return;
    }
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++) {
        hr_buf_pad(out, column + 2, ' ');
        hr_buf_adds(out, c->name);
        if (c->help != NULL) {
            hr_buf_pad(out, widest - strlen(c->name) + 2, ' ');
            hr_wrap(out, hr_str(c->help), column + widest + 4, column + widest + 4, width);
        }
        hr_buf_addc(out, '\n');
    }
}

static void row(const struct hr_opt *o, bool letters, size_t column, unsigned width, struct hr_buf *out)
{
    struct hr_buf text = HR_BUF_INIT(4000);
    left(o, letters, out);
    size_t at = left_columns(o, letters);
    if (at + 2 > column) {
        hr_buf_addc(out, '\n');
        at = 0;
    }
    hr_buf_pad(out, column - at, ' ');
    hr_opt_describe(o, &text);
    hr_wrap(out, hr_buf_str(&text), column, column, width);
    hr_buf_addc(out, '\n');
    if (o->type == HR_OPT_T_CHOICE)
        choices(o, column, width, out);
    out->failed |= text.failed;
    hr_buf_fini(&text);
}

static void heading(const char *text, bool color, struct hr_buf *out)
{
    hr_buf_printf(out, "\n%s%s:%s\n", color ? "\x1b[1m" : "", text, color ? "\x1b[0m" : "");
}

/* Where the help begins: behind the widest left side that is not too wide. */
static size_t help_column(const struct hr_opt *const *tables, size_t n, bool letters)
{
    size_t widest = 0;
    for (size_t i = 0; i < n; i++) {
        for (const struct hr_opt *o = tables[i]; o->type != HR_OPT_T_END; o++) {
            if (!hr_opt_is_shown(o))
                continue;
            size_t w = left_columns(o, letters);
            if (w <= LEFT_MAX)
                widest = HR_MAX(widest, w);
        }
    }
    return widest + 2;
}

static void table(const struct hr_opt *opts, const char *first_heading, size_t column, unsigned width, bool color,
                  struct hr_buf *out)
{
    const char *pending = first_heading;
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (o->type == HR_OPT_T_HEADING)
            pending = o->name;
        if (!hr_opt_is_shown(o) || o->positional)
            continue;
        if (pending != NULL)
            heading(pending, color, out);
        pending = NULL;
        row(o, true, column, width, out);
    }
}

static void examples(const struct hr_example *e, unsigned width, bool color, struct hr_buf *out)
{
    if (e == NULL || e->line == NULL)
        return;
    heading("Examples", color, out);
    for (; e->line != NULL; e++) {
        hr_buf_adds(out, "  # ");
        hr_wrap(out, hr_str(e->does), 4, 4, width);
        hr_buf_printf(out, "\n  %s\n", e->line);
    }
}

void hr_opt_help(const struct hr_opt_page *page, unsigned width, bool color, struct hr_buf *out)
{
    const struct hr_opt *tables[] = { page->opts, page->common };
    size_t n = page->common != NULL ? 2 : 1, column = help_column(tables, n, true);
    struct hr_buf usage = HR_BUF_INIT(4000);
    hr_opt_usage(page, &usage);
    hr_buf_adds(out, "Usage: ");
    hr_wrap(out, hr_buf_str(&usage), 7, 11, width);
    hr_buf_fini(&usage);
    hr_buf_adds(out, "\n\n");
    hr_buf_addc(out,
                (char)(page->summary[0] >= 'a' && page->summary[0] <= 'z' ? page->summary[0] - 32 : page->summary[0]));
    hr_wrap(out, hr_str(page->summary + 1), 1, 0, width);
    hr_buf_adds(out, ".\n");

    const char *pending = "Arguments";
    for (const struct hr_opt *o = page->opts; o->type != HR_OPT_T_END; o++) {
        if (!hr_opt_is_shown(o) || !o->positional)
            continue;
        if (pending != NULL)
            heading(pending, color, out);
        pending = NULL;
        row(o, false, column, width, out);
    }
    table(page->opts, "Options", column, width, color, out);
    if (page->common != NULL)
        table(page->common, "Common options", column, width, color, out);
    examples(page->examples, width, color, out);
}

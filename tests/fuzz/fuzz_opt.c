/* The option parser against every command's table.  The input is an argv, its arguments separated by 0 bytes; the first byte
 * picks the command. */
#include "cli.h"
#include "mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARGS_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 4096)
        return 0;
    const struct hr_command *c = hr_commands[data[0] % hr_commands_n].command;
    char *text = hr_malloc(size), *argv[ARGS_MAX];
    void *args = hr_calloc(1, c->size + 1);
    struct hr_common common = { 0 };
    struct hr_error err = HR_ERROR_INIT;
    int argc = 0;
    if (text == NULL || args == NULL)
        goto out;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    for (size_t at = 0; at < size && argc < ARGS_MAX; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    struct hr_opt_part parts[] = { { .opts = c->opts, .into = args }, { .opts = hr_common_opts, .into = &common } };
    if (hr_opt_defaults(c->opts, args, &err) < 0 || hr_opt_defaults(hr_common_opts, &common, &err) < 0)
        __builtin_trap();
    int first = 0;
    int r = hr_opt_parse(parts, 2, argc, argv, (data[0] & 0x80) != 0 ? &first : NULL, &err);
    if ((r < 0) != (err.text[0] != 0) || first < 0 || first > argc)
        __builtin_trap();
    hr_opt_fini(c->opts, args);
out:
    hr_free(text);
    hr_free(args);
    return 0;
}

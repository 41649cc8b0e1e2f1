/* What the guard reads of others: its own history file, the arguments of a program, a line of /proc/PID/stat.  What a history
 * gives is written and read back to itself. */
#include "held.h"
#include "history.h"
#include "leaf.h"
#include "procfs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void history(struct hr_str text)
{
    struct hr_history h, again;
    struct hr_buf one = HR_BUF_INIT(HR_HISTORY_BYTES_MAX), two = HR_BUF_INIT(HR_HISTORY_BYTES_MAX);
    if (hr_history_init(&h, 0, NULL) < 0)
        return;
    if (hr_history_parse(&h, text, NULL) == 0 && hr_history_write(&h, &one) && hr_history_init(&again, 0, NULL) == 0) {
        if (hr_history_parse(&again, hr_buf_str(&one), NULL) < 0 || !hr_history_write(&again, &two) ||
            strcmp(one.data, two.data) != 0)
            abort();
        hr_history_fini(&again);
    }
    hr_history_fini(&h);
    hr_buf_fini(&one);
    hr_buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct hr_leaf_key k;
    struct hr_proc_stat s;
    uint64_t v;
    if (size == 0)
        return 0;
    switch (data[0] & 3) {
    case 0:
        if (size > 1)
            hr_proc_parse_stat(text + 1, size - 1, &s);
        /* Neither terminated nor text: a counter is found or not. */
        if (hr_held_line(text + 1, size - 1, "oom_kill", &v) && memmem(text + 1, size - 1, "oom_kill", 8) == NULL)
            abort();
        break;
    case 1: {
        size_t n;
        const struct hr_leaf_tool *t = hr_leaf_tools(&n);
        if (hr_leaf_key_of(t[data[0] / 4 % n].name, (struct hr_args) { text + 1, size - 1, false }, &k) &&
            (k.source[0] == 0 || strpbrk(k.source, "\t\n ") != NULL || strpbrk(k.arch, "\t\n ") != NULL))
            abort();
        break;
    }
    default:
        history((struct hr_str) { text + 1, size - 1 });
    }
    return 0;
}

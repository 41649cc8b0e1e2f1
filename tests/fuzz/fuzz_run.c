/* What `headrace run` reads of others: /proc/PID/smaps_rollup, a mark, a signal's name, what a program printed. */
#include "act.h"
#include "batch_sweep.h"
#include "footprint.h"
#include "mark.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct hr_str text = { (const char *)data + 1, size - 1 };
    struct hr_rollup r;
    uint64_t mark = 0;
    int sig = 0;
    switch (data[0] & 3) {
    case 0:
        if (hr_rollup_parse(text.p, text.n, &r) && r.own > r.anon + r.shmem)
            abort();
        break;
    case 1:
        if (hr_mark_parse(text, data[0] * UINT64_C(1000000007), &mark, NULL) < 0 && mark != 0)
            abort();
        break;
    case 2:
        if (hr_act_signal(text, &sig, NULL) < 0 ? sig != 0 : sig < 1 || sig > 31)
            abort();
        break;
    default:
        if (hr_sweep_words_of_memory(text, false) != NULL && hr_sweep_words_of_memory(text, true) == NULL)
            abort();
    }
    return 0;
}

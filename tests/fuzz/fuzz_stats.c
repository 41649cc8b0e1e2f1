/* statistics.json: what is read is written, and the text then reads back to itself. */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_stats s, again;
    if (hr_stats_parse((struct hr_str){ (const char *)data, size }, "fuzz", &s, NULL) < 0)
        return 0;
    struct hr_buf one = HR_BUF_INIT(1 << 24), two = HR_BUF_INIT(1 << 24);
    if (hr_stats_json(&s, &one, NULL) == 0) {
        if (hr_stats_parse(hr_buf_str(&one), "own", &again, NULL) < 0 || hr_stats_json(&again, &two, NULL) < 0 ||
            strcmp(one.data, two.data) != 0)
            abort();
        hr_stats_fini(&again);
    }
    hr_stats_fini(&s);
    hr_buf_fini(&one);
    hr_buf_fini(&two);
    return 0;
}

/* What the guard reads of earlier builds and of a build's output: the file of a past build, and lines that may tell of memory. */
#include "clues.h"
#include "past.h"
#include "project_env.h"
#include "projects.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void past(struct hr_str text)
{
    struct hr_build_past p, again;
    struct hr_buf one = HR_BUF_INIT(HR_PAST_BYTES_MAX), two = HR_BUF_INIT(HR_PAST_BYTES_MAX);
    struct hr_replay r;
    if (hr_past_init(&p, NULL) < 0)
        return;
    if (hr_past_parse(&p, text, NULL) == 0 && hr_past_write(&p, &one) && hr_past_init(&again, NULL) == 0) {
        if (hr_past_parse(&again, hr_buf_str(&one), NULL) < 0 || !hr_past_write(&again, &two) || strcmp(one.data, two.data) != 0)
            abort();
        struct hr_replay_ask ask = { UINT64_C(256) << 20, 0, 2, p.cpus, p.base };
        if (p.course.n < 64 && hr_replay_run(&p.course, &ask, &r, NULL) < 0)
            abort();
        hr_replay_base(&p.course, p.peak);
        hr_past_fini(&again);
    }
    hr_past_fini(&p);
    hr_buf_fini(&one);
    hr_buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char word[512], archs[64];
    if (size == 0)
        return 0;
    struct hr_str rest = { (const char *)data + 1, size - 1 };
    size_t n = HR_MIN(rest.n, sizeof word - 1);
    memcpy(word, rest.p, n);
    word[n] = 0;
    const char *const argv[] = { word, NULL };
    switch (data[0] & 3) {
    case 0:
        hr_clue_of(rest);
        break;
    case 1:
        hr_project_of(argv, word);
        hr_project_archs((enum hr_archs)(data[0] / 4 % (HR_ARCHS_CUPY + 1)), word, archs, sizeof archs);
        break;
    default:
        past(rest);
    }
    return 0;
}

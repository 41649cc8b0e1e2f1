#include "unit.h"

#include "progress.h"

#include <string.h>

static const uint64_t second = 1000000000;

static void begin(struct hr_progress *p, struct hr_cli *cli, enum hr_progress_unit unit)
{
    hr_progress_begin(p, cli, "packing", unit);
    p->begun = 5 * second;
}

static void line_is(struct hr_progress *p, uint64_t now, uint64_t done, uint64_t total, const char *extra,
                    const char *want)
{
    struct hr_buf out = HR_BUF_INIT(1 << 16);
    hr_progress_line(p, now, done, total, extra, &out);
    assert_string_equal(out.data, want);
    hr_buf_fini(&out);
}

static void lines(void **state)
{
    (void)state;
    struct hr_common common = { 0 };
    struct hr_cli cli = { .common = &common };
    struct hr_progress p;
    begin(&p, &cli, HR_PROGRESS_BYTES);
    line_is(&p, 5 * second, 0, 100 << 20, NULL, "packing    0 %  0 B of 100 MiB");
    line_is(&p, 7 * second, 50 << 20, 100 << 20, "12 samples",
            "packing   50 %  50.0 MiB of 100 MiB  25.0 MiB/s  2 s left  12 samples");
    line_is(&p, 9 * second, 200 << 20, 100 << 20, NULL, "packing  100 %  200 MiB of 100 MiB  50.0 MiB/s");
    begin(&p, &cli, HR_PROGRESS_COUNT);
    line_is(&p, 6 * second, 1500, 0, NULL, "packing  1,500  1.5 k/s");
    line_is(&p, 4 * second, 1500, 3000, NULL, "packing   50 %  1,500 of 3,000"); /* a clock that went back */
}

/* The rate follows the last quarter of a minute, not the whole past: after a slow start the time left is soon right. */
static void rate_is_recent(void **state)
{
    (void)state;
    struct hr_common common = { 0 };
    struct hr_cli cli = { .common = &common };
    struct hr_progress p;
    struct hr_buf out = HR_BUF_INIT(1 << 16);
    begin(&p, &cli, HR_PROGRESS_COUNT);
    uint64_t done = 0;
    for (uint64_t s = 0; s < 140; s++) {
        done += s < 100 ? 1 : 1000;
        hr_buf_reset(&out);
        hr_progress_line(&p, (5 + s) * second, done, 100000, NULL, &out);
    }
    assert_non_null(strstr(out.data, "1 k/s  60 s left"));
    hr_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(rate_is_recent) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

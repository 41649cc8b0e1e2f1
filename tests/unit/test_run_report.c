/* What is said of a training whose parts could not all be looked at: a reason, and no 0. */
#include "unit.h"

#include "mem.h"
#include "run_report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char said[8192];

/* A main process of 5 MiB, and one program that was seen and gone again. */
static struct hr_train_report *report(void)
{
    struct hr_train_report *r = hr_calloc(1, sizeof *r);
    assert_non_null(r);
    r->verdict = HR_TRAIN_DONE;
    r->looks = r->measured = 2;
    r->peak.bytes = r->kind[HR_KIN_MAIN].bytes = UINT64_C(5) << 20;
    r->peak.at = r->kind[HR_KIN_MAIN].at = 1000000;
    r->most[HR_KIN_MAIN] = r->most[HR_KIN_PROGRAM] = 1;
    return r;
}

static void say(const struct hr_train_report *r)
{
    static const struct hr_common common = { .json = false };
    struct hr_cli cli = { .common = &common, .width = 80 };
    FILE *f = tmpfile();
    int err = dup(2);
    assert_true(f != NULL && err >= 0 && dup2(fileno(f), 2) == 2);
    hr_run_say(&cli, r, "train", "/log");
    dup2(err, 2);
    close(err);
    rewind(f);
    said[fread(said, 1, sizeof said - 1, f)] = 0;
    fclose(f);
}

static void a_part_that_was_gone(void **state)
{
    (void)state;
    struct hr_train_report *r = report();
    say(r);
    assert_non_null(strstr(said, "peak 5.00 MiB"));
    assert_non_null(strstr(said, "programs"));
    assert_non_null(strstr(said, "– (over before it could be looked at); at most 1 at once"));
    assert_null(strstr(said, "0 B after"));
    assert_null(strstr(said, "workers")); /* there were none */
    hr_free(r);
}

static void the_same_as_json(void **state)
{
    (void)state;
    struct hr_train_report *r = report();
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    struct hr_jw w = HR_JW_INIT(&b, 0);
    hr_run_json(&w, r, "train", "/log");
    assert_true(hr_jw_done(&w));
    const char *programs = strstr(b.data, "\"programs\""), *workers = strstr(b.data, "\"workers\"");
    assert_true(programs != NULL && workers != NULL);
    assert_int_equal(strncmp(strchr(programs, '{'), "{\"bytes\":null,\"at_ns\":null,\"processes\":1}", 41), 0);
    assert_int_equal(strncmp(strchr(workers, '{'), "{\"bytes\":0,\"at_ns\":0,\"processes\":0}", 34), 0);
    hr_buf_fini(&b);
    hr_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_part_that_was_gone), cmocka_unit_test(the_same_as_json) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

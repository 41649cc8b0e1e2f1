/* A child that does one thing when asked: news, shared memory, a crash, a hang, an end. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "helper.h"
#include "mapping.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    int asked;
    enum { ANSWER, CRASH, HANG, STOP } how;
};

static bool work(void *ctx)
{
    struct shared *s = ctx;
    s->asked++;
    if (s->how == CRASH)
        raise(SIGKILL);
    while (s->how == HANG)
        pause();
    return s->how != STOP;
}

static struct hr_mapping map;
static struct shared *fresh(int how)
{
    assert_int_equal(hr_map_shared(sizeof(struct shared), &map, NULL), 0);
    struct shared *s = map.p;
    s->how = how;
    return s;
}

enum { PATIENCE = 60000 }; /* looks, 1 ms apart: what ends a test that hangs, not what the child may take */

static enum hr_helper_said heard(const struct hr_helper *h)
{
    enum hr_helper_said said = HR_HELPER_NOTHING;
    for (int i = 0; i < PATIENCE && said == HR_HELPER_NOTHING; i++) {
        hr_sleep(1000000);
        said = hr_helper_news(h);
    }
    return said;
}

static void it_answers_again_and_again(void **state)
{
    (void)state;
    struct shared *s = fresh(ANSWER);
    struct hr_helper h;
    assert_int_equal(hr_helper_start(work, s, &h, NULL), 0);
    assert_int_equal(hr_helper_news(&h), HR_HELPER_NOTHING);
    for (int i = 1; i <= 3; i++) {
        assert_true(hr_helper_ask(&h));
        assert_int_equal(heard(&h), HR_HELPER_DONE);
        assert_int_equal(s->asked, i);
    }
    hr_helper_end(&h);
    assert_false(hr_helper_ask(&h));
    assert_int_equal(hr_helper_news(&h), HR_HELPER_GONE);
    hr_unmap(&map);
}

static void a_crash_is_told(void **state)
{
    (void)state;
    struct shared *s = fresh(CRASH);
    struct hr_helper h;
    int sig = 0;
    assert_int_equal(hr_helper_start(work, s, &h, NULL), 0);
    assert_true(hr_helper_ask(&h));
    assert_int_equal(heard(&h), HR_HELPER_GONE);
    for (int i = 0; i < PATIENCE && !hr_helper_reap(&h, &sig); i++)
        hr_sleep(1000000);
    assert_int_equal(sig, SIGKILL);
    hr_helper_end(&h);
    hr_unmap(&map);
}

static void a_hang_holds_up_nobody(void **state)
{
    (void)state;
    struct shared *s = fresh(HANG);
    struct hr_helper h;
    assert_int_equal(hr_helper_start(work, s, &h, NULL), 0);
    int pid = h.pid;
    assert_true(hr_helper_ask(&h));
    hr_sleep(30000000);
    assert_int_equal(hr_helper_news(&h), HR_HELPER_NOTHING);
    hr_helper_end(&h);
    for (int i = 0; i < PATIENCE && kill(pid, 0) == 0; i++) { /* where it took its end longer than it is waited for, nobody has reaped it */
        waitpid(pid, NULL, WNOHANG);
        hr_sleep(1000000);
    }
    assert_int_not_equal(kill(pid, 0), 0);
    hr_unmap(&map);
}

static void one_that_has_done_its_work_ends_after_its_answer(void **state)
{
    (void)state;
    struct shared *s = fresh(STOP);
    struct hr_helper h;
    assert_int_equal(hr_helper_start(work, s, &h, NULL), 0);
    assert_true(hr_helper_ask(&h));
    assert_int_equal(heard(&h), HR_HELPER_DONE);
    assert_int_equal(heard(&h), HR_HELPER_GONE);
    hr_helper_end(&h);
    hr_unmap(&map);
}

static void what_the_machine_refuses_is_said(void **state)
{
    (void)state;
    struct hr_helper h = { 0, -1 };
    struct hr_error err;
    for (uint64_t n = 1; n <= 2; n++) {
        hr_fault_sys_at(n, false);
        assert_true(hr_helper_start(work, NULL, &h, &err) < 0);
        assert_true(err.text[0] != 0);
        hr_fault_sys_at(0, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_again_and_again),
        cmocka_unit_test(a_crash_is_told),
        cmocka_unit_test(a_hang_holds_up_nobody),
        cmocka_unit_test(one_that_has_done_its_work_ends_after_its_answer),
        cmocka_unit_test(what_the_machine_refuses_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

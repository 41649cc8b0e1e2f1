/* The door and the library that knocks at it: what the command line cannot reach. */
#include "unit.h"

#include "door.h"
#include "env.h"
#include "fault.h"
#include "file.h"
#include "keeper.h"
#include "mem.h"
#include "preload.h"
#include "procfs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char place[512]; /* absolute: LD_PRELOAD takes nothing else */

static int begin(void **state)
{
    (void)state;
    if (getcwd(place, sizeof place - 16) == NULL)
        return -1;
    strcat(place, "/preload.test");
    return 0;
}

static int end(void **state)
{
    (void)state;
    return hr_remove_tree(place, NULL);
}

static int knock(const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t n = strlen(name);
    memcpy(at.sun_path + 1, name, n);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)), 0);
    return fd;
}

static void a_visitor_waits_and_is_let_in(void **state)
{
    (void)state;
    char name[HR_DOOR_NAME_MAX], other[HR_DOOR_NAME_MAX], word;
    int pid = 0, door = hr_door_open(name), second = hr_door_open(other);
    assert_true(door >= 0 && second >= 0);
    assert_string_not_equal(name, other);
    assert_int_equal(hr_door_next(door, &pid), -EAGAIN);
    int me = knock(name), visitor = hr_door_next(door, &pid);
    assert_true(visitor >= 0);
    assert_int_equal(pid, getpid());
    assert_true(hr_door_waits(visitor));
    assert_int_equal(recv(me, &word, 1, MSG_DONTWAIT), -1);
    hr_door_let(visitor);
    assert_int_equal(recv(me, &word, 1, MSG_DONTWAIT), 1);
    close(me);
    /* One that has gone is seen to have gone, and letting it in hurts nobody. */
    me = knock(name);
    visitor = hr_door_next(door, &pid);
    close(me);
    assert_false(hr_door_waits(visitor));
    hr_door_let(visitor);
    /* The guard dies: whoever waits reads an end. */
    me = knock(name);
    visitor = hr_door_next(door, &pid);
    close(visitor);
    close(door);
    assert_int_equal(recv(me, &word, 1, 0), 0);
    close(me);
    close(second);
}

static const char *value_of(const char *const *env, const char *name)
{
    const char *found = NULL;
    size_t n = strlen(name);
    for (; *env != NULL; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') {
            assert_null(found); /* once */
            found = *env + n + 1;
        }
    return found;
}

static void what_the_user_preloads_stays(void **state)
{
    (void)state;
    struct hr_preload p;
    struct hr_error err = HR_ERROR_INIT;
    const char *const set[] = { "LD_PRELOAD=", "ASAN_OPTIONS=verbosity=0", "HEADRACE_GATE=stale", NULL };
    const char **now = hr_env_with(hr_environment(), set);
    if (hr_preload_bytes().n == 0)
        skip();
    if (hr_preload_start(place, now, &p, &err) < 0) { /* the tests' own sanitizer may be what forbids it */
        hr_free(now);
        skip();
    }
    assert_true(hr_str_starts(hr_str(value_of(p.envp, "LD_PRELOAD")), place));
    assert_string_equal(value_of(p.envp, "ASAN_OPTIONS"), "verbosity=0:verify_asan_link_order=0");
    assert_non_null(strstr(value_of(p.envp, "HEADRACE_GATE"), ":cc1plus"));
    assert_string_equal(value_of(p.envp, "PATH"), value_of(now, "PATH"));
    hr_preload_stop(&p);
    /* The file is damaged: it is put right again. */
    struct hr_names names;
    assert_int_equal(hr_list(place, &names, NULL), 0);
    assert_int_equal(names.n, 1);
    char *path = hr_join(place, names.name[0]);
    assert_int_equal(hr_replace(path, "x", 1, NULL), 0);
    assert_int_equal(hr_preload_start(place, now, &p, &err), 0);
    hr_preload_stop(&p);
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    assert_int_equal(hr_slurp(path, &b, NULL), 0);
    assert_true(hr_str_eq(hr_buf_str(&b), hr_preload_bytes()));
    hr_buf_fini(&b);
    hr_free(path);
    hr_names_fini(&names);
    hr_free(now);
}

static void a_place_it_cannot_be_told_of_is_refused(void **state)
{
    (void)state;
    struct hr_preload p;
    struct hr_error err = HR_ERROR_INIT;
    char bad[600];
    snprintf(bad, sizeof bad, "%s/a b", place);
    assert_true(hr_preload_start(bad, hr_environment(), &p, &err) < 0);
    assert_true(err.text[0] != 0);
}

/* Whatever fails, there is a sentence and nothing is left open. */
static void every_failing_call_has_an_end(void **state)
{
    (void)state;
    struct hr_preload p;
    unsigned failed = 0;
    if (hr_preload_bytes().n == 0)
        skip();
    for (uint64_t n = 1; n <= 40; n++)
        for (int heap = 0; heap < 2; heap++) {
            struct hr_error err = HR_ERROR_INIT;
            int before = dup(0), after;
            if (heap)
                hr_mem_fail_at(n, false);
            else
                hr_fault_sys_at(n, false);
            int r = hr_preload_start(place, hr_environment(), &p, &err);
            hr_mem_fail_at(0, false);
            hr_fault_sys_at(0, false);
            if (r == 0)
                hr_preload_stop(&p);
            else
                assert_true(err.text[0] != 0);
            failed += r < 0;
            close(before);
            after = dup(0);
            assert_int_equal(before, after);
            close(after);
        }
    assert_true(failed > 4);
}

static void an_environment_with_lines(void **state)
{
    (void)state;
    const char *const now[] = { "A=1", "AB=2", "C=3", NULL }, *const lines[] = { "A=new", "D=", NULL };
    const char **e = hr_env_with(now, lines);
    assert_non_null(e);
    assert_string_equal(e[0], "AB=2");
    assert_string_equal(e[1], "C=3");
    assert_string_equal(e[2], "A=new");
    assert_string_equal(e[3], "D=");
    assert_null(e[4]);
    hr_free(e);
    assert_true(hr_proc_above(getppid()));
    assert_false(hr_proc_above(getpid()));
    assert_false(hr_proc_above(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_waits_and_is_let_in),
        cmocka_unit_test(what_the_user_preloads_stays),
        cmocka_unit_test(a_place_it_cannot_be_told_of_is_refused),
        cmocka_unit_test(every_failing_call_has_an_end),
        cmocka_unit_test(an_environment_with_lines),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

/* Mending and its undoing: there and back is the identity, whatever fails and wherever the process is killed. */
#include "unit.h"

#include "fault.h"
#include "file.h"
#include "mem.h"
#include "mends.h"
#include "rng.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES = 3, TEXT = 4096 };

static char dir[] = "/dev/shm/headrace-mends-XXXXXX"; /* in memory, where fsync costs nothing; else in /tmp */
static char state[sizeof dir + 16];
static char path[FILES][sizeof dir + 16];

/* A made-up case: which files exist, what they hold, their rights, and what they are given. */
struct world {
    bool exists[FILES];
    unsigned mode[FILES];
    size_t n[FILES], after_n[FILES];
    char before[FILES][TEXT], after[FILES][TEXT];
};

static void make(struct world *w, uint64_t seed)
{
    static const unsigned modes[] = { 0644, 0600, 0755, 0444 };
    memset(w, 0, sizeof *w);
    for (int i = 0; i < FILES; i++) {
        uint64_t v = hr_rng_u64(seed, (uint64_t)i);
        w->exists[i] = v % 4 != 0;
        w->mode[i] = modes[v / 4 % HR_COUNT(modes)];
        w->n[i] = w->exists[i] ? v / 16 % TEXT : 0;
        w->after_n[i] = v / 65536 % TEXT;
        for (size_t k = 0; k < w->n[i]; k++)
            w->before[i][k] = (char)hr_rng_u64(seed + 1, k);
        for (size_t k = 0; k < w->after_n[i]; k++)
            w->after[i][k] = (char)hr_rng_u64(seed + 2, k);
    }
}

static void lay_out(const struct world *w)
{
    assert_int_equal(hr_remove_tree(state, NULL), 0);
    for (int i = 0; i < FILES; i++) {
        unlink(path[i]);
        if (!w->exists[i])
            continue;
        assert_int_equal(hr_replace(path[i], w->before[i], w->n[i], NULL), 0);
        assert_int_equal(chmod(path[i], w->mode[i]), 0);
    }
}

static bool holds(int i, bool exists, const char *text, size_t n)
{
    struct hr_buf b = HR_BUF_INIT(2 * TEXT);
    int r = hr_slurp(path[i], &b, NULL);
    bool same = exists ? r == 0 && b.len == n && memcmp(b.data, text, n) == 0 : r == HR_E_NOT_FOUND;
    hr_buf_fini(&b);
    return same;
}

static bool is_before(const struct world *w, int i)
{
    struct stat st;
    return holds(i, w->exists[i], w->before[i], w->n[i]) &&
           (!w->exists[i] || (stat(path[i], &st) == 0 && (st.st_mode & 07777) == w->mode[i]));
}

static bool is_after(const struct world *w, int i)
{
    return holds(i, true, w->after[i], w->after_n[i]);
}

/* What a diagnosis with one check that offers all the files would be. */
static void diagnose(const struct world *w, struct hr_diagnosis *d)
{
    *d = (struct hr_diagnosis) { hr_calloc(1, sizeof *d->result), 1, { 0 }, 0 };
    assert_non_null(d->result);
    hr_finding_init(&d->result[0].finding);
    for (int i = 0; i < FILES; i++)
        hr_mend_file(&d->result[0].finding, path[i], (struct hr_str) { w->after[i], w->after_n[i] }, "changes file %d", i);
    assert_false(hr_finding_failed(&d->result[0].finding));
}

static int apply(const struct world *w, struct hr_error *err)
{
    struct hr_diagnosis d;
    struct hr_mend_plan p = { NULL, 0, 0 };
    struct hr_buf undo = HR_BUF_INIT(8192);
    diagnose(w, &d);
    int r = hr_mends_plan(&d, &p, err);
    if (r == 0)
        r = hr_mends_apply(state, &p, 1789000000000000000u, &undo, err);
    hr_mends_plan_fini(&p);
    hr_diagnosis_fini(&d);
    hr_buf_fini(&undo);
    return r;
}

static int undo(struct hr_error *err)
{
    struct hr_buf told = HR_BUF_INIT(65536);
    int r = hr_mends_undo(state, &told, err);
    hr_buf_fini(&told);
    return r;
}

static void there_and_back(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world w;
        struct hr_error err = HR_ERROR_INIT;
        make(&w, seed * 1000);
        lay_out(&w);
        assert_int_equal(apply(&w, &err), 0);
        for (int i = 0; i < FILES; i++)
            assert_true(is_after(&w, i));
        assert_int_equal(undo(&err), 1);
        for (int i = 0; i < FILES; i++)
            assert_true(is_before(&w, i));
        assert_int_equal(undo(&err), 0);
    }
}

static void twice_there_and_twice_back(void **unused)
{
    (void)unused;
    struct world a, b;
    make(&a, 7);
    make(&b, 8);
    lay_out(&a);
    assert_int_equal(apply(&a, NULL), 0);
    struct hr_diagnosis d;
    struct hr_mend_plan p;
    struct hr_buf at = HR_BUF_INIT(8192);
    diagnose(&b, &d);
    assert_int_equal(hr_mends_plan(&d, &p, NULL), 0);
    assert_int_equal(hr_mends_apply(state, &p, 1789000000000000001u, &at, NULL), 0);
    hr_mends_plan_fini(&p);
    hr_diagnosis_fini(&d);
    hr_buf_fini(&at);
    assert_int_equal(undo(NULL), 1);
    for (int i = 0; i < FILES; i++)
        assert_true(is_after(&a, i));
    assert_int_equal(undo(NULL), 1);
    for (int i = 0; i < FILES; i++)
        assert_true(is_before(&a, i));
}

/* Every system call of apply fails once: all files as before and a sentence, or all as mended. */
static void faults_on_the_way_there(void **unused)
{
    (void)unused;
    struct world w;
    make(&w, 4000);
    for (uint64_t n = 1;; n++) {
        struct hr_error err = HR_ERROR_INIT;
        lay_out(&w);
        uint64_t before = hr_fault_sys_count();
        hr_fault_sys_at(n, false);
        int r = apply(&w, &err);
        uint64_t made = hr_fault_sys_count() - before;
        hr_fault_sys_at(0, false);
        if (r < 0)
            assert_true(err.text[0] != 0);
        for (int i = 0; i < FILES; i++)
            assert_true(r < 0 ? is_before(&w, i) : is_after(&w, i));
        int back = undo(&err);
        assert_true(back >= 0);
        for (int i = 0; i < FILES; i++)
            assert_true(is_before(&w, i));
        if (made < n) {
            assert_int_equal(r, 0);
            return;
        }
    }
}

/* Every system call of undo fails once: the next undo finishes it. */
static void faults_on_the_way_back(void **unused)
{
    (void)unused;
    struct world w;
    make(&w, 4000);
    for (uint64_t n = 1;; n++) {
        struct hr_error err = HR_ERROR_INIT;
        lay_out(&w);
        assert_int_equal(apply(&w, NULL), 0);
        uint64_t before = hr_fault_sys_count();
        hr_fault_sys_at(n, false);
        int r = undo(&err);
        uint64_t made = hr_fault_sys_count() - before;
        hr_fault_sys_at(0, false);
        for (int i = 0; i < FILES; i++)
            assert_true(is_before(&w, i) || is_after(&w, i));
        if (r < 0) {
            assert_true(err.text[0] != 0);
            assert_true(undo(&err) >= 0);
        }
        for (int i = 0; i < FILES; i++)
            assert_true(is_before(&w, i));
        if (made < n)
            return;
    }
}

/* Killed before its n-th system call: each file holds its old or its new contents, and undo brings all back. */
static bool killed(const struct world *w, uint64_t n, bool on_the_way_back)
{
    pid_t child = fork();
    if (child == 0) {
        hr_fault_die_at(n);
        _exit((on_the_way_back ? undo(NULL) : apply(w, NULL)) < 0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void killed_anywhere(void **unused)
{
    (void)unused;
    struct world w;
    make(&w, 4000);
    for (int back = 0; back < 2; back++) {
        bool died = true;
        uint64_t n = 1;
        for (; died; n++) {
            struct hr_error err = HR_ERROR_INIT;
            lay_out(&w);
            if (back)
                assert_int_equal(apply(&w, NULL), 0);
            died = killed(&w, n, back);
            for (int i = 0; i < FILES; i++)
                assert_true(is_before(&w, i) || is_after(&w, i));
            assert_true(undo(&err) >= 0);
            for (int i = 0; i < FILES; i++)
                assert_true(is_before(&w, i));
        }
        assert_true(n > 30);
    }
}

static void what_was_changed_since_stays(void **unused)
{
    (void)unused;
    struct world w;
    struct hr_error err = HR_ERROR_INIT;
    make(&w, 9000);
    lay_out(&w);
    assert_int_equal(apply(&w, NULL), 0);
    assert_int_equal(hr_replace(path[1], "mine", 4, NULL), 0);
    assert_int_equal(undo(&err), HR_E_STATE);
    assert_non_null(strstr(err.text, path[1]));
    assert_non_null(strstr(err.text, "changed since"));
    assert_true(is_after(&w, 0) && holds(1, true, "mine", 4) && is_after(&w, 2));
    unlink(path[1]);
    assert_int_equal(undo(&err), w.exists[1] ? HR_E_STATE : 1);
}

static void links_are_not_followed(void **unused)
{
    (void)unused;
    char target[sizeof dir + 32], folder[sizeof dir + 32], through[sizeof dir + 64];
    struct hr_spot spot;
    struct hr_spot_is is;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf b = HR_BUF_INIT(TEXT);
    snprintf(target, sizeof target, "%s/target", dir);
    snprintf(folder, sizeof folder, "%s/folder", dir);
    assert_int_equal(hr_replace(target, "theirs", 6, NULL), 0);
    unlink(path[0]);
    assert_int_equal(symlink(target, path[0]), 0);
    assert_int_equal(hr_spot_open(path[0], &spot, NULL), 0);
    assert_int_equal(hr_spot_read(&spot, &b, &is, &err), HR_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "symbolic link"));
    hr_spot_close(&spot);
    unlink(path[0]);
    assert_int_equal(link(target, path[0]), 0);
    assert_int_equal(hr_spot_open(path[0], &spot, NULL), 0);
    assert_int_equal(hr_spot_read(&spot, &b, &is, &err), HR_E_UNSUPPORTED);
    hr_spot_close(&spot);
    unlink(path[0]);
    /* a link of this user's own to a folder of its own is a way like any other */
    assert_int_equal(symlink(dir, folder), 0);
    snprintf(through, sizeof through, "%s/target", folder);
    assert_int_equal(hr_spot_open(through, &spot, NULL), 0);
    assert_int_equal(hr_spot_read(&spot, &b, &is, NULL), 0);
    assert_true(hr_str_is(hr_buf_str(&b), "theirs"));
    hr_spot_close(&spot);
    /* one that another user laid there is not */
    if (geteuid() == 0 && lchown(folder, 12345, 12345) == 0) { /* a container's root may have no other users */
        assert_int_equal(hr_spot_open(through, &spot, &err), HR_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, "another user"));
    }
    unlink(folder);
    hr_buf_fini(&b);
}

static void a_damaged_journal_is_refused(void **unused)
{
    (void)unused;
    struct world w;
    struct hr_error err = HR_ERROR_INIT;
    static const char *const bad[] = { "", "file 644 0 0 relative\n", "file 99 0 0 /x\n", "dir 644 0 0 /x\n", "file 644 0 0\n",
                                       "file 77777 0 0 /x\n", "file 644 99999999999999 0 /x\n" };
    for (size_t k = 0; k < HR_COUNT(bad); k++) {
        char journal[sizeof dir + 128];
        make(&w, 4000);
        lay_out(&w);
        assert_int_equal(apply(&w, NULL), 0);
        snprintf(journal, sizeof journal, "%s/undo/%020llu/journal", state, 1789000000000000000ull);
        assert_int_equal(hr_replace(journal, bad[k], strlen(bad[k]), NULL), 0);
        int r = undo(&err);
        assert_true(bad[k][0] == 0 ? r == 1 : r == HR_E_FORMAT);
    }
}

static void the_difference_is_short(void **unused)
{
    (void)unused;
    struct hr_mend_step s = { "/x", "does", HR_STR("[wsl2]\nmemory=8GB\nswap=4GB\n# end\n"), HR_BUF_INIT(TEXT),
                              { true, 0644, 0, 0 } };
    struct hr_buf out = HR_BUF_INIT(TEXT);
    hr_buf_adds(&s.before, "[wsl2]\nmemory=8\n# end\n");
    hr_mends_difference(&s, &out);
    assert_string_equal(out.data, "- memory=8\n+ memory=8GB\n+ swap=4GB\n");
    hr_buf_fini(&out);
    hr_buf_fini(&s.before);
}

static int setup(void **unused)
{
    (void)unused;
    if (mkdtemp(dir) == NULL) {
        strcpy(dir, "/tmp/headrace-mends-XXXXXX");
        if (mkdtemp(dir) == NULL)
            return 1;
    }
    snprintf(state, sizeof state, "%s/state", dir);
    for (int i = 0; i < FILES; i++)
        snprintf(path[i], sizeof path[i], "%s/file%d", dir, i);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    return hr_remove_tree(dir, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(twice_there_and_twice_back),
        cmocka_unit_test(faults_on_the_way_there),
        cmocka_unit_test(faults_on_the_way_back),
        cmocka_unit_test(killed_anywhere),
        cmocka_unit_test(what_was_changed_since_stays),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(a_damaged_journal_is_refused),
        cmocka_unit_test(the_difference_is_short),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* The doctor with the n-th system call failing, for the machines of tests/roots and this one: it ends with a report or a
 * sentence, and says of nothing that it is good, bad or not here because it could not be looked at.  A stride of calls; every
 * one with HEADRACE_SLOW=1, which the test labelled slow sets. */
#include "unit.h"

#include "root_text.h"

#include "doctor_report.h"
#include "fault.h"
#include "known.h"

#include <stdlib.h>

enum { STRIDE = 37, CHECKS = 512 };

static char dir[] = "/tmp/headrace-faults-XXXXXX";

struct verdicts {
    size_t n;
    const struct hr_check *check[CHECKS];
    enum hr_verdict verdict[CHECKS];
    char say[CHECKS][120];
};

/* One whole visit: every check, the portrait, the screen and the JSON.  `paths` as the root names them. */
static int visit(const char *root_dir, const char *const *path, size_t paths, struct verdicts *v, struct hr_error *err)
{
    static const struct hr_screen screen = { 80, false, true };
    struct hr_root *root;
    struct hr_facts *facts;
    struct hr_diagnosis d;
    struct hr_portrait p;
    struct hr_buf text = HR_BUF_INIT(16 << 20), json = HR_BUF_INIT(16 << 20);
    int r = hr_root_open(root_dir, &root, err);
    if (r < 0)
        return r;
    r = hr_facts_open(root, path, paths, &facts, err);
    if (r == 0)
        r = hr_doctor(facts, &(struct hr_doctor_options) { NULL, 0, true }, &d, err);
    if (r == 0) {
        struct hr_jw w = HR_JW_INIT(&json, 1);
        struct hr_doctor_about about = { "test", true, 0 };
        assert_true(hr_portrait_of(facts, &p));
        hr_doctor_screen(&d, &p, &screen, &text);
        hr_doctor_json(&d, &p, &about, &w);
        assert_true(hr_jw_done(&w));
        assert_false(text.failed);
        v->n = HR_MIN(d.n, (size_t)CHECKS);
        for (size_t i = 0; i < v->n; i++) {
            v->check[i] = d.result[i].check;
            v->verdict[i] = d.result[i].finding.verdict;
            snprintf(v->say[i], sizeof v->say[i], "%s", d.result[i].finding.say.data);
            assert_true(d.result[i].finding.say.len != 0);
        }
        hr_portrait_fini(&p);
        hr_diagnosis_fini(&d);
    }
    if (r < 0)
        facts = NULL;
    hr_facts_close(facts);
    hr_root_close(root);
    hr_buf_fini(&text);
    hr_buf_fini(&json);
    return r;
}

static size_t paths_of(const char *file, char *text, const char **path, size_t most)
{
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    size_t n = 0;
    assert_int_equal(hr_slurp(file, &b, NULL), 0);
    struct hr_str rest = hr_buf_str(&b), line, word;
    while (hr_str_cut(&rest, '\n', &line) && hr_str_starts(line, "#")) {
        if (!hr_str_starts(line, "# doctor "))
            continue;
        line.p += 9, line.n -= 9;
        while (n < most && hr_str_cut(&line, ' ', &word)) {
            path[n++] = text;
            memcpy(text, word.p, word.n);
            text[word.n] = 0;
            text += word.n + 1;
        }
    }
    hr_buf_fini(&b);
    return n;
}

static bool slow(void)
{
    const char *s = getenv("HEADRACE_SLOW");
    return s != NULL && s[0] == '1';
}

/* What a verdict may become when something could not be read: itself, or unknown. */
static unsigned lies(const struct verdicts *clean, const struct verdicts *v, const char *name, uint64_t n)
{
    unsigned count = 0;
    assert_int_equal(clean->n, v->n);
    for (size_t i = 0; i < v->n; i++) {
        assert_ptr_equal(clean->check[i], v->check[i]);
        if (v->verdict[i] == clean->verdict[i] || v->verdict[i] == HR_UNKNOWN)
            continue;
        print_message("%s, call %llu: %s was '%s' (%s) and became '%s' (%s)\n", name, (unsigned long long)n, v->check[i]->id,
                      hr_verdict_name(clean->verdict[i]), clean->say[i], hr_verdict_name(v->verdict[i]), v->say[i]);
        count++;
    }
    return count;
}

static unsigned one_machine(const char *name)
{
    static struct verdicts clean, v;
    char file[512], at[512], words[1024];
    const char *path[8];
    struct hr_error err = HR_ERROR_INIT;
    snprintf(file, sizeof file, "%s/../roots/%s", HEADRACE_TEST_DATA, name);
    snprintf(at, sizeof at, "%s/%s", dir, name);
    assert_int_equal(root_text_expand(file, at, 0, NULL), 0);
    size_t paths = paths_of(file, words, path, HR_COUNT(path));
    uint64_t before = hr_fault_sys_count();
    assert_int_equal(visit(at, path, paths, &clean, &err), 0);
    uint64_t calls = hr_fault_sys_count() - before;
    unsigned bad = 0;
    for (uint64_t n = 1; n <= calls; n += slow() ? 1 : STRIDE) {
        hr_fault_sys_at(n, false);
        int r = visit(at, path, paths, &v, &err);
        hr_fault_sys_at(0, false);
        if (r < 0)
            assert_true(err.text[0] != 0);
        else
            bad += lies(&clean, &v, name, n);
    }
    print_message("%s: %llu calls, %u lies\n", name, (unsigned long long)calls, bad);
    return bad;
}

static void every_root(void **unused)
{
    (void)unused;
    struct hr_names names;
    assert_int_equal(hr_list(HEADRACE_TEST_DATA "/../roots", &names, NULL), 0);
    size_t seen = 0;
    unsigned bad = 0;
    for (size_t i = 0; i < names.n; i++)
        if (hr_str_ends(hr_str(names.name[i]), ".root")) {
            bad += one_machine(names.name[i]);
            seen++;
        }
    assert_true(seen >= 10);
    assert_int_equal(bad, 0);
    hr_names_fini(&names);
}

/* This machine changes while it is looked at, so its verdicts are not compared. */
static void this_machine(void **unused)
{
    (void)unused;
    static struct verdicts v;
    struct hr_error err = HR_ERROR_INIT;
    uint64_t before = hr_fault_sys_count();
    assert_int_equal(visit(NULL, NULL, 0, &v, &err), 0);
    uint64_t calls = hr_fault_sys_count() - before;
    for (int sticky = 0; sticky < 2; sticky++)
        for (uint64_t n = 1; n <= calls; n += slow() ? 1 : STRIDE) {
            hr_fault_sys_at(n, sticky);
            int r = visit(NULL, NULL, 0, &v, &err);
            hr_fault_sys_at(0, false);
            assert_true(r == 0 || err.text[0] != 0);
        }
    print_message("this machine: %llu calls\n", (unsigned long long)calls);
}

/* From some call on nothing works any more. */
static void nothing_works(void **unused)
{
    (void)unused;
    static struct verdicts v;
    char file[512], at[512];
    struct hr_error err = HR_ERROR_INIT;
    snprintf(file, sizeof file, "%s/../roots/wsl2-6.18-5070ti.root", HEADRACE_TEST_DATA);
    snprintf(at, sizeof at, "%s/nothing", dir);
    assert_int_equal(root_text_expand(file, at, 0, NULL), 0);
    hr_fault_sys_at(20, true); /* the root is open, and its answers were read */
    int r = visit(at, NULL, 0, &v, &err);
    hr_fault_sys_at(0, false);
    assert_true(r == 0 || err.text[0] != 0);
    for (size_t i = 0; r == 0 && i < v.n; i++)
        assert_true(v.verdict[i] != HR_BAD);
}

static int setup(void **unused)
{
    (void)unused;
    return mkdtemp(dir) == NULL;
}

static int teardown(void **unused)
{
    (void)unused;
    return hr_remove_tree(dir, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_root),
        cmocka_unit_test(this_machine),
        cmocka_unit_test(nothing_works),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* The survey of a path and the checks of the group data: each verdict on a root that has it, and that a sample stays one. */
#include "unit.h"

#include "doctor_report.h"
#include "fault.h"
#include "mem.h"
#include "root_make.h"
#include "utf8.h"

#include <unistd.h>

#define NATIVE "1 0 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n"
#define WINDOWS "2 1 0:2 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\;uid=1000\n"

/* A machine with 16 GiB free, and `mountinfo`; what lies at the path is put by the test. */
static void machine(const char *mountinfo)
{
    fresh();
    put("proc/sys/kernel/osrelease", "6.18.40.1-microsoft-standard-WSL2\n");
    put("proc/meminfo", "MemTotal: 33554432 kB\nMemAvailable: 16777216 kB\n");
    put("proc/self/cgroup", "0::/\n");
    put("proc/self/mountinfo", mountinfo);
}

/* The verdict of a check at a path, and its sentence. */
static enum hr_verdict look(const char *id, const char *path, char say[400])
{
    struct hr_root *root = opened();
    struct hr_facts *facts;
    struct hr_diagnosis d;
    assert_int_equal(hr_facts_open(root, &path, path != NULL, &facts, NULL), 0);
    assert_int_equal(hr_doctor(facts, &(struct hr_doctor_options) { &id, 1, false }, &d, NULL), 0);
    assert_int_equal(d.n, 1);
    enum hr_verdict v = d.result[0].finding.verdict;
    if (say != NULL)
        snprintf(say, 400, "%s", d.result[0].finding.say.data);
    hr_diagnosis_fini(&d);
    hr_facts_close(facts);
    hr_root_close(root);
    return v;
}

static void is(const char *id, const char *path, enum hr_verdict want)
{
    char say[400];
    enum hr_verdict v = look(id, path, say);
    if (v != want)
        fail_msg("%s at %s: %s (%s), not %s", id, path, hr_verdict_name(v), say, hr_verdict_name(want));
}

static void where_it_lies(void **unused)
{
    (void)unused;
    machine(NATIVE WINDOWS "3 1 0:3 / /ram rw - tmpfs t rw\n4 1 0:4 / /net rw - nfs4 h:/e rw\n"
                           "5 1 0:5 / /ro ro - ext4 /dev/sdb ro\n");
    put("d/a", "x");
    put("mnt/c/d/a", "x");
    put("ram/a", "x");
    put("net/a", "x");
    put("ro/a", "x");
    is("data-windows-drive", "/d", HR_GOOD);
    is("data-windows-drive", "/mnt/c/d", HR_WARN);
    is("data-network", "/net", HR_NOTE);
    is("data-network", "/d", HR_GOOD);
    is("data-in-memory", "/ram", HR_NOTE);
    is("data-read-only", "/ro", HR_WARN);
    is("data-read-only", "/d", HR_GOOD);
    is("data-path", "/d", HR_GOOD);
    is("data-path", "/nowhere", HR_BAD);
    is("data-windows-drive", "/nowhere", HR_NOT_HERE);
    is("data-path", NULL, HR_NOT_HERE);
    machine("1 0 0:9 / / rw - overlay overlay rw\n");
    put("d/a", "x");
    is("data-container-layer", "/d", HR_NOTE);
    machine("");
    put("d/a", "x");
    is("data-windows-drive", "/d", HR_UNKNOWN);
}

static void room(void **unused)
{
    (void)unused;
    char say[400];
    machine(NATIVE);
    put("d/a", "x");
    is("data-free-space", "/d", HR_UNKNOWN); /* nothing tells it: never 0 */
    put("headrace/statfs", "d ef53 1000000000000 900000000 900000000 1000000 50\n");
    is("data-free-space", "/d", HR_BAD);
    is("data-inodes", "/d", HR_BAD);
    put("headrace/statfs", "d ef53 1000000000000 5000000000 5000000000 1000000 15000\n");
    is("data-free-space", "/d", HR_WARN);
    is("data-inodes", "/d", HR_WARN);
    put("headrace/statfs", "d ef53 1000000000000 500000000000 500000000000 1000000 900000\n");
    is("data-free-space", "/d", HR_GOOD);
    is("data-inodes", "/d", HR_GOOD);
    put("headrace/statfs", "d 9123683e 1000000000000 500000000000 500000000000 0 0\n"); /* btrfs counts none */
    assert_int_equal(look("data-inodes", "/d", say), HR_NOT_HERE);
}

static void what_lies_there(void **unused)
{
    (void)unused;
    machine(NATIVE WINDOWS);
    put("json/a.json", "[]");
    put("json/b.json", "[]");
    put("packed/manifest.json", "{}");
    put("packed/part-0.arrow", "ARROW1");
    put("models/x.gguf", "x");
    put("mnt/c/models/x.safetensors", "x");
    put("big/a.npy", "x");
    put("headrace/lstat", "big/a.npy f 99999999999 644 0 0 0\n");
    put("links/a", "x");
    put("empty/x/y", "");
    char link[300];
    snprintf(link, sizeof link, "%s/links/far", root_dir);
    assert_int_equal(symlink("/mnt/c/other", link), 0);
    is("data-json", "/json", HR_WARN);
    is("data-json", "/packed", HR_GOOD);
    is("data-packed", "/packed", HR_GOOD);
    is("data-packed", "/json", HR_NOT_HERE);
    is("data-model-mmap", "/models", HR_GOOD);
    is("data-model-mmap", "/mnt/c/models", HR_WARN);
    is("data-model-mmap", "/json", HR_NOT_HERE);
    is("data-memory", "/big", HR_NOTE);
    is("data-memory", "/json", HR_GOOD);
    is("data-link", "/links", HR_WARN);
    is("data-link", "/json", HR_GOOD);
    is("data-small-files", "/json", HR_GOOD);
}

static void a_sample_stays_one(void **unused)
{
    (void)unused;
    enum { FILES = 6000 };
    static char names[FILES * 16 + 64];
    char say[400];
    machine(NATIVE WINDOWS);
    put("many/x", "x");
    put("mnt/c/many/x", "x");
    size_t at = (size_t)snprintf(names, sizeof names, "many");
    for (int i = 0; i < FILES; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, " f%05d.png", i);
    snprintf(names + at, sizeof names - at, "\n");
    put("headrace/list", names);
    put("headrace/lstat", "many/f00000.png f 5 644 0 0 0\n");
    struct hr_root *root = opened();
    struct hr_survey s;
    hr_survey_read(root, "/many", false, &s);
    assert_true(s.there.v && s.folder && s.cut);
    assert_int_equal(s.names, HR_SURVEY_NAMES);
    assert_true(s.looked <= HR_SURVEY_LOOKS);
    assert_false(hr_survey_bytes(&s).known); /* there are more: no figure is made up */
    hr_survey_read(root, "/mnt/c/many", true, &s);
    assert_false(s.cut);
    assert_int_equal(s.names, 1);
    assert_int_equal(hr_survey_bytes(&s).v, 1);
    hr_survey_read(root, "/nowhere", false, &s);
    assert_true(s.there.known && !s.there.v);
    hr_root_close(root);
    look("data-memory", "/many", say);
    assert_int_equal(hr_content_of("a.JSON"), HR_CONTENT_JSON);
    assert_int_equal(hr_content_of(".json"), HR_CONTENT_OTHER);
    assert_int_equal(hr_content_of("a.jsonl.gz"), HR_CONTENT_JSON);
    assert_int_equal(hr_content_of("readme"), HR_CONTENT_OTHER);
}

static void names_are_quoted_for_the_shell(void **unused)
{
    (void)unused;
    struct hr_finding f;
    hr_finding_init(&f);
    assert_string_equal(hr_quoted(&f, "/home/me/data"), "/home/me/data");
    assert_string_equal(hr_quoted(&f, "/my data"), "'/my data'");
    assert_string_equal(hr_quoted(&f, "it's"), "'it'\\''s'");
    assert_string_equal(hr_quoted(&f, "$(rm -r ~)"), "'$(rm -r ~)'");
    assert_string_equal(hr_quoted(&f, "-rf"), "./'-rf'");
    assert_string_equal(hr_quoted(&f, ""), "''");
    hr_finding_fini(&f);
}

/* The screen keeps within its width but for commands, and lets no byte of the machine through that moves a cursor. */
static void the_screen_is_safe(void **unused)
{
    (void)unused;
    static const struct hr_check check = { "data-x", "a title", "A reason that is long enough to be filled into lines.", "s", false,
                                           NULL };
    struct hr_result r = { .check = &check, .group = HR_CHECK_DATA };
    struct hr_diagnosis d = { &r, 1, { 0 }, 0 };
    struct hr_portrait p = { .n = 0 };
    for (unsigned width = 60; width <= 200; width += 20) {
        struct hr_screen s = { width, false, true };
        struct hr_buf out = HR_BUF_INIT(1 << 20);
        hr_finding_init(&r.finding);
        hr_find(&r.finding, HR_BAD, "evil \x1b[31m and \xff\xfe, and \r a long sentence that has to be broken somewhere");
        hr_seen(&r.finding, "a/very/long/path/without/any/blank/that/would/run/over/the/edge/of/the/screen/%0200d", 0);
        hr_seen(&r.finding, "tab\tand \x1b]0;title\x07");
        hr_fix(&r.finding, "command --with-\x1b[2J");
        d.count[HR_BAD] = 1;
        hr_doctor_screen(&d, &p, &s, &out);
        assert_false(out.failed);
        struct hr_str rest = hr_buf_str(&out), line;
        while (rest.n != 0 && hr_str_cut(&rest, '\n', &line))
            for (const char *never = "\x1b\r\t\x07"; *never != 0; never++)
                assert_null(memchr(line.p, *never, line.n));
        rest = hr_buf_str(&out);
        while (rest.n != 0 && hr_str_cut(&rest, '\n', &line))
            assert_true(hr_utf8_columns(line) <= width);
        hr_buf_fini(&out);
        hr_finding_fini(&r.finding);
    }
}

/* Else a file system that fills up meanwhile would be told of in two ways, and a snapshot replay as neither. */
static void room_is_asked_for_once(void **unused)
{
    (void)unused;
    struct hr_root *root;
    struct hr_facts *facts;
    struct hr_space one, two;
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    assert_int_equal(hr_facts_open(root, NULL, 0, &facts, NULL), 0);
    hr_facts_space(facts, "/", &one);
    assert_true(one.total.known);
    hr_fault_sys_at(1, true); /* whoever asks again gets nothing */
    hr_facts_space(facts, "/", &two);
    assert_true(two.total.known && two.available.v == one.available.v);
    hr_facts_space(facts, "/tmp", &two);
    assert_false(two.total.known);
    hr_fault_sys_at(0, false);
    hr_facts_close(facts);
    hr_root_close(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_lies),      cmocka_unit_test(room),
        cmocka_unit_test(room_is_asked_for_once),
        cmocka_unit_test(what_lies_there),    cmocka_unit_test(a_sample_stays_one),
        cmocka_unit_test(the_screen_is_safe), cmocka_unit_test(names_are_quoted_for_the_shell),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

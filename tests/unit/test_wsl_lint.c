/* What lint says: the guide's file, one example or more of every rule, and suggestions, which must have nothing to say about. */
#include "wsl_cases.h"

#include "lint.h"
#include "preset.h"
#include "wsl_value.h"

#include <stdio.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)

static struct hr_truth nothing_there(void *ctx, const char *path)
{
    (void)ctx;
    return strstr(path, "there") != NULL ? hr_truth_of(true) : hr_truth_of(false);
}

static struct hr_wsl_host pc(void)
{
    struct hr_wsl_host h;
    hr_wsl_host_init(&h, "not asked");
    h.ram = hr_figure_of(64 * GIB);
    h.cpus = hr_figure_of(32);
    h.wsl = hr_figure_of(HR_WSL_VERSION(2, 7, 8));
    h.windows = hr_figure_of(26100);
    h.arm64 = hr_truth_of(false);
    h.there = nothing_there;
    return h;
}

/* --- the guide's file --- */

static void test_guide(void **state)
{
    static const struct {
        const char *rule, *key, *correct, *section;
    } want[] = {
        { "key-section", "wsl2.autoMemoryReclaim", "autoMemoryReclaim=gradual", "experimental" },
        { "default", "wsl2.vmIdleTimeout", NULL, NULL },
        { "key-section", "wsl2.sparseVhd", NULL, NULL },
        { "key-removed", "wsl2.pageReporting", NULL, NULL },
        { "key-never", "wsl2.guessVhdSize", NULL, NULL },
        { "default", "wsl2.nestedVirtualization", NULL, NULL },
        { "default", "wsl2.localhostForwarding", NULL, NULL },
    };
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_wsl_conf c;
    struct hr_wsl_report r;
    struct hr_error err = HR_ERROR_INIT;
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct hr_wsl_host host = pc();
        if (!known)
            hr_wsl_host_init(&host, "not asked");
        hr_buf_reset(&b);
        assert_int_equal(hr_slurp(HEADRACE_TEST_DATA "/wsl/guide.wslconfig", &b, &err), 0);
        assert_int_equal(hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, hr_buf_str(&b), "F", &err), 0);
        assert_int_equal(hr_wsl_lint(&c, &host, &r, &err), 0);
        assert_int_equal(r.n, HR_COUNT(want));
        assert_int_equal(r.idle, 4);
        assert_int_equal(r.defaults, 3);
        for (size_t i = 0; i < r.n; i++) {
            const struct hr_wsl_finding *f = r.finding[i];
            assert_string_equal(f->rule->id, want[i].rule);
            assert_string_equal(f->entry->name, want[i].key);
            assert_true(f->why[0] != 0 && f->text[0] != 0);
            if (want[i].correct == NULL) {
                assert_int_equal(f->action, HR_WSL_REMOVE);
            } else {
                assert_int_equal(f->action, HR_WSL_MOVE);
                assert_string_equal(f->fix, want[i].correct);
                assert_string_equal(f->section, want[i].section);
            }
        }
        hr_wsl_report_fini(&r);
        hr_wsl_conf_fini(&c);
    }
    hr_buf_fini(&b);
}

/* --- one rule after the other --- */

struct example {
    enum hr_wsl_rule_name rule;
    enum hr_wsl_file file;
    const char *text; /* the rule's line is the last one, or the one that `line` says */
    uint32_t line;
    enum hr_wsl_action action;
    const char *fix;
};
#define A(rule, text, line, action, fix)                                    \
    {                                                                       \
        HR_WSL_R_##rule, HR_WSL_WSLCONFIG, text, line, HR_WSL_##action, fix \
    }
#define B(rule, text, line, action, fix)                                  \
    {                                                                     \
        HR_WSL_R_##rule, HR_WSL_WSLCONF, text, line, HR_WSL_##action, fix \
    }
static const struct example examples[] = {
    A(UTF16_BE, "\xFE\xFF", 0, LOOK, NULL),
    B(MARK, "\xEF\xBB\xBF[boot]\nsystemd=true\n", 0, LOOK, NULL),
    A(CTRL_Z, "[wsl2]\nswap=4GB\n\x1Amemory=8GB\n", 2, LOOK, NULL),
    A(SEMICOLON, "[wsl2]\n; a\n", 2, REPLACE, "# a"),
    A(HEADER, "[ wsl2 ]\n", 1, REPLACE, "[wsl2]"),
    A(HEADER, "[wsl-2] # c\n", 1, REPLACE, "[wsl2]"),
    A(HEADER, "[experimental\n", 1, REPLACE, "[experimental]"),
    A(HEADER, "[wsl2]x\n", 1, REPLACE, "[wsl2]"),
    A(HEADER, "[foo-x]\n", 1, LOOK, NULL),
    A(NO_EQUALS, "[wsl2]\nmemory 8GB # c\n", 2, REPLACE, "memory=8GB # c"),
    A(NO_EQUALS, "[wsl2]\nprocessors: 4\n", 2, REPLACE, "processors=4"),
    A(NO_EQUALS, "[wsl2]\nhello there\n", 2, REPLACE, "# hello there"),
    A(KEY_NAME, "[wsl2]\n// a\n", 2, REPLACE, "# a"),
    A(KEY_NAME, "[wsl2]\n8=9\n", 2, REPLACE, "# 8=9"),
    A(BACKSLASH, "[wsl2]\nkernel=C:\\Users\\\\new\\k # c\n", 2, REPLACE, "kernel=C:\\\\Users\\\\new\\\\k # c"),
    A(QUOTE, "[wsl2]\nkernelCommandLine=\"a b\n", 2, REPLACE, "kernelCommandLine=\"a b\""),
    B(STOPS, "[boot]\n; a\nsystemd=true\n", 2, REPLACE, "# a"),
    B(STOPS, "[boot]\ncommand=C:\\Users\n", 2, REPLACE, "command=C:\\\\Users"),
    B(CONTINUED, "[boot]\r\ncommand=a \\\r\n# b\r\n", 2, LOOK, NULL),
    A(UNKNOWN, "[wsl2]\nprocesors=4\n", 2, REPLACE, "processors=4"),
    A(UNKNOWN, "[wsl2]\nturbo=4\n", 2, REMOVE, NULL),
    A(UNKNOWN, "[foo]\nguiApplication=4\n", 2, MOVE, "guiApplications=4"),
    A(SECTION, "[experimental]\nmemory=8GB # c\n", 2, MOVE, "memory=8GB"),
    A(SECTION, "[wsl2]\nhostAddressLoopback=true\n", 2, MOVE, "hostAddressLoopback=true"),
    B(SECTION, "[automount]\nsystemd=true\n", 2, MOVE, "systemd=true"),
    A(FILE, "[boot]\nsystemd=true\n", 2, REMOVE, NULL),
    A(FILE, "[wsl2]\nsystemd=true\n", 2, REMOVE, NULL),
    B(FILE, "[wsl2]\nmemory=8GB\n", 2, REMOVE, NULL),
    A(REMOVED, "[wsl2]\npageReporting=true\n", 2, REMOVE, NULL),
    A(REMOVED, "[experimental]\nuseWindowsDnsCache=true\n", 2, REMOVE, NULL),
    A(NEVER, "[wsl2]\nguessVhdSize=true\n", 2, REMOVE, NULL),
    B(NEVER, "[general]\nhostname=x\n", 2, REMOVE, NULL),
    A(NO_SECTION, "memory=8GB\n", 1, MOVE, "memory=8GB"),
    A(BROKEN_SECTION, "[wsl2]\n[experimental\nautoMemoryReclaim=gradual\n", 3, LOOK, NULL),
    A(DUPLICATE, "[wsl2]\nmemory=8GB\nmemory=9GB\n", 3, REMOVE, NULL),
    A(DUPLICATE, "[experimental]\nnetworkingMode=mirrored\n[wsl2]\nnetworkingMode=mirrored\n", 4, REMOVE, NULL),
    A(SIZE_BLANK, "[wsl2]\nmemory=8 GB # c\n", 2, REPLACE, "memory=8GB # c"),
    A(SIZE_UNIT, "[wsl2]\nmemory=8gb\n", 2, REPLACE, "memory=8GB"),
    A(SIZE_UNIT, "[wsl2]\nmemory=8GiB\n", 2, REPLACE, "memory=8GB"),
    A(SIZE_UNIT, "[wsl2]\nmemory=8GB ; x\n", 2, REPLACE, "memory=8GB"),
    A(SIZE_FRACTION, "[wsl2]\nmemory=7.5GB\n", 2, REPLACE, "memory=7680MB"),
    A(SIZE_BAD, "[wsl2]\nmemory=lots\n", 2, LOOK, NULL),
    A(SIZE_BAD, "[wsl2]\nmemory=\n", 2, LOOK, NULL),
    A(BOOL_BAD, "[wsl2]\nguiApplications=No\n", 2, REPLACE, "guiApplications=false"),
    A(BOOL_BAD, "[wsl2]\nguiApplications=maybe\n", 2, LOOK, NULL),
    A(INT_BAD, "[wsl2]\nprocessors=08\n", 2, REPLACE, "processors=8"),
    A(INT_BAD, "[wsl2]\nprocessors=four\n", 2, LOOK, NULL),
    A(WORD_BAD, "[experimental]\nautoMemoryReclaim=true\n", 2, LOOK, NULL),
    A(IP_BAD, "[experimental]\ndnsTunnelingIpAddress=1.2.3\n", 2, LOOK, NULL),
    A(PORTS_BAD, "[wsl2]\nnetworkingMode=mirrored\n[experimental]\nignoredPorts=80,x\n", 4, LOOK, NULL),
    A(MAC_BAD, "[wsl2]\nmacAddress=foo\n", 2, LOOK, NULL),
    A(SIZE_BYTES, "[wsl2]\nmemory=4096\n", 2, REPLACE, "memory=4096MB"),
    A(SIZE_BYTES, "[wsl2]\nmemory=16\n", 2, REPLACE, "memory=16GB"),
    A(SIZE_BYTES, "[wsl2]\nswap=8\n", 2, REPLACE, "swap=8GB"),
    A(SIZE_SMALL, "[wsl2]\nmemory=128MB\n", 2, LOOK, NULL),
    A(SIZE_WRAPS, "[wsl2]\nmemory=-1\n", 2, REMOVE, NULL),
    A(SIZE_WRAPS, "[wsl2]\nswap=-1\n", 2, REMOVE, NULL),
    A(MEMORY_ZERO, "[wsl2]\nmemory=0\n", 2, REMOVE, NULL),
    A(OCTAL, "[wsl2]\nprocessors=010\n", 2, REPLACE, "processors=10"),
    A(ALL_CPUS, "[wsl2]\nprocessors=0\n", 2, REMOVE, NULL),
    A(HOST_MEMORY, "[wsl2]\nmemory=96GB\n", 2, REPLACE, "memory=48GB"),
    A(HOST_CPUS, "[wsl2]\nprocessors=64\n", 2, REMOVE, NULL),
    A(IGNORED, "[experimental]\nsparseVhd=true\n", 2, REMOVE, NULL),
    A(IGNORED, "[wsl2]\nvirtio9p=1\n", 2, REMOVE, NULL),
    A(NOT_YET, "[wsl2]\nisolateDistroCgroup=false\n", 2, LOOK, NULL),
    A(NO_EFFECT, "[wsl2]\nnetworkingMode=mirrored\nlocalhostForwarding=false\n", 3, REMOVE, NULL),
    A(NO_EFFECT, "[experimental]\nhostAddressLoopback=true\n", 2, REMOVE, NULL),
    A(NO_EFFECT, "[wsl2]\nswap=0\nswapFile=C:\\\\x\n", 3, REMOVE, NULL),
    A(NO_EFFECT, "[wsl2]\ndnsTunneling=false\n[experimental]\nbestEffortDnsParsing=true\n", 4, REMOVE, NULL),
    A(NO_EFFECT, "[wsl2]\nnetworkingMode=mirrored\nfirewall=false\n", 3, REMOVE, NULL),
    A(NO_EFFECT, "[wsl2]\nmaxCrashDumpCount=-1\ncrashDumpFolder=C:\\\\x\n", 3, REMOVE, NULL),
    B(NO_EFFECT, "[interop]\nenabled=false\nappendWindowsPath=false\n", 3, REMOVE, NULL),
    A(IDLE_HALF, "[wsl2]\nvmIdleTimeout=-1\n", 2, LOOK, NULL),
    A(DEFAULT, "[wsl2]\nmemory=32GB\n", 2, REMOVE, NULL),
    A(DEFAULT, "[wsl2]\nprocessors=32\n", 2, REMOVE, NULL),
    A(DEFAULT, "[wsl2]\nmemory=50GB\nswap=13GB\n", 3, REMOVE, NULL),
    A(DEFAULT, "[wsl2]\ndefaultVhdSize=1024GB\n", 2, REMOVE, NULL),
    A(DEFAULT, "[wsl2]\nnetworkingMode=NAT\n", 2, REMOVE, NULL),
    B(DEFAULT, "[filesystem]\numask=0022\n", 2, REMOVE, NULL),
    A(PATH_WIDE, "[wsl2]\nswapFile=C:\\\\\xE4\xBD\xA0\n", 2, LOOK, NULL),
    A(PATH_ESCAPE, "[wsl2]\nswapFile=C:\\new\\\\swap\n", 2, REPLACE, "swapFile=C:\\\\new\\\\swap"),
    A(PATH_MISSING, "[wsl2]\nkernel=C:\\\\k\n", 2, LOOK, NULL),
    A(MODULES_ALONE, "[wsl2]\nkernelModules=C:\\\\there\n", 2, REMOVE, NULL),
    A(SYSTEM_DISTRO, "[wsl2]\nsystemDistro=C:\\\\there.iso\n", 2, REMOVE, NULL),
    A(GPU_OFF, "[wsl2]\ngpuSupport=false\n", 2, REMOVE, NULL),
    B(GPU_OFF, "[gpu]\nenabled=false\n", 2, REMOVE, NULL),
    B(GPU_OFF, "[automount]\nldconfig=0\n", 2, REMOVE, NULL),
    A(SAFE_MODE, "[wsl2]\nsafeMode=true\n", 2, REMOVE, NULL),
    A(OLD_NAME, "[experimental]\nnetworkingMode=mirrored\n", 2, MOVE, "networkingMode=mirrored"),
    A(MODE_OLD, "[wsl2]\nnetworkingMode=bridged\nvmSwitch=x\n", 2, LOOK, NULL),
};

static const struct hr_wsl_finding *at_line(const struct hr_wsl_report *r, uint32_t line,
                                            const struct hr_wsl_rule *rule)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->finding[i]->line == line && r->finding[i]->rule == rule)
            return r->finding[i];
    return NULL;
}

static void test_examples(void **state)
{
    bool shown[HR_WSL_RULES] = { [HR_WSL_R_UTF16_UNMARKED] = true }; /* has zeros in it: below */
    (void)state;
    for (size_t i = 0; i < HR_COUNT(examples); i++) {
        const struct example *x = &examples[i];
        struct hr_wsl_host host = pc();
        struct hr_wsl_conf c;
        struct hr_wsl_report r;
        assert_int_equal(hr_wsl_conf_parse(&c, x->file, hr_str(x->text), "F", NULL), 0);
        assert_int_equal(hr_wsl_lint(&c, &host, &r, NULL), 0);
        const struct hr_wsl_finding *f = at_line(&r, x->line, &hr_wsl_rules[x->rule]);
        if (f == NULL)
            fail_msg("no %s in\n%s\nbut %s", hr_wsl_rules[x->rule].id, x->text,
                     r.n != 0 ? r.finding[0]->rule->id : "nothing");
        if (f->action != x->action)
            fail_msg("%s: %s, not %s\n%s", f->rule->id, hr_wsl_action_name(f->action), hr_wsl_action_name(x->action),
                     x->text);
        if ((f->fix == NULL) != (x->fix == NULL) || (x->fix != NULL && strcmp(f->fix, x->fix) != 0))
            fail_msg("%s: '%s', not '%s'\n%s", f->rule->id, f->fix != NULL ? f->fix : "", x->fix != NULL ? x->fix : "",
                     x->text);
        assert_true(f->why[0] != 0 && f->why[strlen(f->why) - 1] != '.');
        assert_true(f->action != HR_WSL_LOOK || f->advice != NULL);
        shown[x->rule] = true;
        hr_wsl_report_fini(&r);
        hr_wsl_conf_fini(&c);
    }
    for (int i = 0; i < HR_WSL_RULES; i++)
        if (!shown[i])
            fail_msg("no example of %s", hr_wsl_rules[i].id);
}

static void lint_is(enum hr_wsl_file file, struct hr_str text, const struct hr_wsl_host *host, size_t n,
                    const char *rule)
{
    struct hr_wsl_conf c;
    struct hr_wsl_report r;
    assert_int_equal(hr_wsl_conf_parse(&c, file, text, "F", NULL), 0);
    assert_int_equal(hr_wsl_lint(&c, host, &r, NULL), 0);
    if (r.n != n || (n != 0 && strcmp(r.finding[0]->rule->id, rule) != 0))
        fail_msg("%zu findings (%s) in %.*s", r.n, r.n != 0 ? r.finding[0]->rule->id : "", HR_STR_ARG(text));
    hr_wsl_report_fini(&r);
    hr_wsl_conf_fini(&c);
}

/* What depends on a fact stays silent without it, and what is right is not complained of. */
static void test_silence(void **state)
{
    struct hr_wsl_host none, old = pc();
    (void)state;
    hr_wsl_host_init(&none, "not asked");
    old.wsl = hr_figure_of(HR_WSL_VERSION(2, 0, 9));
    old.windows = hr_figure_of(19045);
    const struct hr_wsl_host known = pc();
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nmemory=96GB\nprocessors=64\nkernel=C:\\\\k\n"), &none, 0, NULL);
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nmemory=32GB\nprocessors=32\n"), &none, 0, NULL);
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nmemory=64GB\n"), &known, 0, NULL);
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nkernel=C:\\\\there\n"), &known, 0, NULL);
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[experimental]\nautoMemoryReclaim=dropCache\n"), &known, 1, "default");
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[experimental]\nautoMemoryReclaim=dropCache\n"), &old, 0,
            NULL); /* it was no default then */
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\ndefaultVhdSize=2TB\n"), &old, 1, "key-too-new");
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nnestedVirtualization=true\n"), &old, 1, "key-no-effect");
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nmemory=17825792000\n"), &known, 0,
            NULL); /* the Settings app writes bytes */
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[wsl2]\nvmIdleTimeout=-1\n[general]\ninstanceIdleTimeout=-1\n"), &known, 0, NULL);
    lint_is(HR_WSL_WSLCONF, HR_STR("[boot]\nsystemd=true\n[user]\ndefault=me\n"), &known, 0, NULL);
    lint_is(HR_WSL_WSLCONFIG, HR_STR("[\0w\0s\0l\0002\0]\0\n\0s\0w\0a\0p\0=\0001\0"), &known, 1, "file-utf16-unmarked");
}

/* --- suggestions --- */

static void test_suggest(void **state)
{
    static const uint64_t rams[] = { 6, 8, 12, 16, 24, 32, 48, 63, 64, 96, 128, 192, 256, 512, 1024 };
    static const uint64_t cpus[] = { 1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 64, 128 };
    struct hr_error err = HR_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < HR_COUNT(rams) * HR_COUNT(cpus) * 4; i++) {
        struct hr_wsl_host host = pc();
        struct hr_suggestion s;
        struct hr_buf b = HR_BUF_INIT(1 << 16);
        uint64_t ram = rams[i / 4 % HR_COUNT(rams)] * GIB - (i & 4 ? GIB / 5 : 0); /* Windows shows a little less */
        host.ram = hr_figure_of(ram);
        host.cpus = hr_figure_of(cpus[i / 4 / HR_COUNT(rams)]);
        assert_int_equal(hr_suggest((enum hr_preset)(i % 4), ram, host.cpus.v, &s, &err), 0);
        assert_true(hr_suggestion_write(&s, &b));
        lint_is(HR_WSL_WSLCONFIG, hr_buf_str(&b), &host, 0, NULL);
        for (size_t k = 0; k < s.n; k++) {
            uint64_t v;
            assert_true(s.line[k].why[0] != 0);
            if (strcmp(s.line[k].name, "memory") == 0) {
                assert_true(hr_wsl_size(s.line[k].value, &v));
                assert_true(v + 3 * GIB < ram); /* Windows keeps 4 GiB of what is built in */
            }
        }
        hr_buf_fini(&b);
    }
    struct hr_suggestion s;
    assert_int_equal(hr_suggest(HR_PRESET_TRAINING, 64 * GIB, 32, &s, &err), 0);
    assert_string_equal(s.line[0].value, "50GB");
    assert_string_equal(s.line[1].value, "24");
    assert_string_equal(s.line[2].value, "20GB");
    assert_int_equal(hr_suggest(HR_PRESET_TRAINING, 4 * GIB, 32, &s, &err), HR_E_INVALID);
    assert_int_equal(hr_suggest(HR_PRESET_TRAINING, 64 * GIB, 0, &s, &err), HR_E_INVALID);
}

static void test_version(void **state)
{
    (void)state;
    assert_int_equal(hr_wsl_version_of(HR_STR("WSL version: 2.7.14.0\r\n")).v, HR_WSL_VERSION(2, 7, 14));
    assert_int_equal(hr_wsl_version_of(HR_STR("2.10")).v, HR_WSL_VERSION(2, 10, 0));
    assert_false(hr_wsl_version_of(HR_STR("none")).known);
    assert_false(hr_wsl_version_of(HR_STR("7")).known);
    assert_true(HR_WSL_VERSION(2, 9, 12) > HR_WSL_VERSION(2, 9, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guide),   cmocka_unit_test(test_examples), cmocka_unit_test(test_silence),
        cmocka_unit_test(test_suggest), cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

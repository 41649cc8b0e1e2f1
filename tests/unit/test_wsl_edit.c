/* Editing: only what is meant changes, undoing is the identity on every case, corrections converge, and nothing is half done when
 * memory runs out or a system call fails. */
#include "wsl_cases.h"

#include "fault.h"
#include "mem.h"
#include "wsl_backup.h"
#include "wsl_edit.h"
#include "wsl_value.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT = 4 << 20 };

static void parse_bytes(struct hr_wsl_conf *c, enum hr_wsl_file file, struct hr_str bytes)
{
    struct hr_error err = HR_ERROR_INIT;
    if (hr_wsl_conf_parse(c, file, bytes, "F", &err) < 0)
        fail_msg("%s", err.text);
}

static const char *value_for(const struct hr_wsl_key *k)
{
    switch (k->type) {
    case HR_WSL_BOOL:
        return "false";
    case HR_WSL_INT:
        return "7";
    case HR_WSL_SIZE:
        return "48GB";
    case HR_WSL_ENUM:
        return k->words[0] == 'v' ? "v1" : k->words[0] == 'D' ? "gradual" : "mirrored";
    case HR_WSL_MAC:
        return "5c:bb:f6:9e:ee:fa";
    case HR_WSL_IPV4:
        return "10.0.0.1";
    case HR_WSL_PORTS:
        return "80,443";
    default:
        return "C:\\new dir\\a#b ";
    }
}

/* The edit taken back gives the old bytes, and all bytes outside its splices are the old ones. */
static void check_undo(const char *name, const struct hr_wsl_edit *e, struct hr_str old, struct hr_buf *out)
{
    struct hr_buf back = HR_BUF_INIT(OUT);
    size_t kept = old.n;
    assert_true(hr_wsl_edit_apply(e, old, out));
    assert_true(hr_wsl_edit_undo(e, hr_buf_str(out), &back));
    if (!hr_str_eq(hr_buf_str(&back), old))
        fail_msg("%s: not the same after edit and undo", name);
    for (size_t i = 0; i < e->n; i++)
        kept -= e->splice[i].removed.n;
    size_t added = 0;
    for (size_t i = 0; i < e->n; i++)
        added += e->splice[i].added.n;
    assert_int_equal(out->len, kept + added);
    hr_buf_fini(&back);
}

/* Set every key, unset every key, on every case. */
static void test_every_case(void **state)
{
    struct cases k;
    unsigned sets = 0, unsets = 0, refused = 0;
    (void)state;
    cases_open(&k);
    for (const struct hr_js *one = k.root->child; one != NULL; one = one->next) {
        const char *name = hr_js_get(one, "name")->text.p;
        struct hr_str bytes = case_bytes(&k, one);
        struct hr_wsl_conf c, n;
        parse_bytes(&c, case_file(one), bytes);
        for (size_t i = 0; i < hr_wsl_keys_n; i++) {
            const struct hr_wsl_key *key = &hr_wsl_keys[i];
            struct hr_wsl_edit e;
            struct hr_error err = HR_ERROR_INIT;
            struct hr_buf out = HR_BUF_INIT(OUT);
            char full[96];
            if (key->file != c.text.file || !hr_wsl_key_accepted(key))
                continue;
            snprintf(full, sizeof full, "%s.%s", key->section, key->name);
            if (hr_wsl_edit_set(&c, full, value_for(key), &e, &err) == 0) {
                sets++;
                check_undo(name, &e, bytes, &out);
                parse_bytes(&n, c.text.file, hr_buf_str(&out));
                assert_string_equal(hr_wsl_conf_of(&n, key)->value, value_for(key));
                hr_wsl_edit_fini(&e);
                hr_wsl_conf_fini(&n);
            } else {
                refused++;
                assert_true(err.text[0] != 0);
            }
            hr_buf_reset(&out);
            if (hr_wsl_edit_unset(&c, full, &e, &err) == 0) {
                unsets++;
                check_undo(name, &e, bytes, &out);
                parse_bytes(&n, c.text.file, hr_buf_str(&out));
                assert_null(hr_wsl_conf_of(&n, key));
                hr_wsl_edit_fini(&e);
                hr_wsl_conf_fini(&n);
            }
            hr_buf_fini(&out);
        }
        hr_wsl_conf_fini(&c);
    }
    cases_close(&k);
    assert_true(sets > 10000 && unsets > 100);
    print_message("%u settings, %u removals, %u refused with a reason\n", sets, unsets, refused);
    assert_true(refused < sets / 10);
}

/* After mending, nothing is left that can be mended, and what counted before counts still. */
static void test_mend(void **state)
{
    struct cases k;
    struct hr_wsl_host host;
    (void)state;
    hr_wsl_host_init(&host, "not asked");
    cases_open(&k);
    for (const struct hr_js *one = k.root->child; one != NULL; one = one->next) {
        const char *name = hr_js_get(one, "name")->text.p;
        struct hr_buf out = HR_BUF_INIT(OUT), again = HR_BUF_INIT(OUT);
        struct hr_wsl_conf c;
        struct hr_wsl_report r;
        unsigned n = 0, more = 0;
        assert_int_equal(hr_wsl_mend(case_file(one), case_bytes(&k, one), "F", &host, &out, &n, NULL), 0);
        assert_int_equal(hr_wsl_mend(case_file(one), hr_buf_str(&out), "F", &host, &again, &more, NULL), 0);
        if (more != 0)
            fail_msg("%s: %u corrections, and then %u more:\n%s", name, n, more, out.data);
        parse_bytes(&c, case_file(one), hr_buf_str(&out));
        assert_int_equal(hr_wsl_lint(&c, &host, &r, NULL), 0);
        for (size_t i = 0; i < r.n; i++)
            if (r.finding[i]->action == HR_WSL_REPLACE && r.finding[i]->rule->severity != HR_WSL_NOTE)
                fail_msg("%s: %s is left: %s", name, r.finding[i]->rule->id, r.finding[i]->text);
        hr_wsl_report_fini(&r);
        hr_wsl_conf_fini(&c);
        hr_buf_fini(&out);
        hr_buf_fini(&again);
    }
    cases_close(&k);
}

/* name=value set in `old` gives `want`; value NULL: unset */
static void becomes(enum hr_wsl_file file, struct hr_str old, const char *name, const char *value, struct hr_str want)
{
    struct hr_wsl_conf c;
    struct hr_wsl_edit e;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf out = HR_BUF_INIT(OUT);
    parse_bytes(&c, file, old);
    if ((value != NULL ? hr_wsl_edit_set(&c, name, value, &e, &err) : hr_wsl_edit_unset(&c, name, &e, &err)) < 0)
        fail_msg("%s: %s", name, err.text);
    assert_true(hr_wsl_edit_apply(&e, old, &out));
    if (!hr_str_eq(hr_buf_str(&out), want))
        fail_msg("%s gives\n%s\nnot\n%.*s", name, out.data, HR_STR_ARG(want));
    hr_wsl_edit_fini(&e);
    hr_wsl_conf_fini(&c);
    hr_buf_fini(&out);
}

static void test_exact(void **state)
{
    (void)state;
#define CONFIG(old, name, value, want) becomes(HR_WSL_WSLCONFIG, HR_STR(old), name, value, HR_STR(want))
    CONFIG("", "memory", "8GB", "[wsl2]\r\nmemory=8GB\r\n");
    CONFIG("[wsl2]\nmemory = 4GB \t# c\nswap=0\n", "memory", "8GB", "[wsl2]\nmemory = 8GB \t# c\nswap=0\n");
    CONFIG("[wsl2]\r\nmemory=4GB", "swap", "0", "[wsl2]\r\nmemory=4GB\r\nswap=0");
    CONFIG("[wsl2]\nmemory=4GB\n\n# end\n[general]\n", "swap", "0", "[wsl2]\nmemory=4GB\nswap=0\n\n# end\n[general]\n");
    CONFIG("[wsl2]\nmemory=4GB\n", "autoMemoryReclaim", "gradual",
           "[wsl2]\nmemory=4GB\n\n[experimental]\nautoMemoryReclaim=gradual\n");
    CONFIG("[experimental]\nnetworkingMode=nat\n", "networkingMode", "mirrored",
           "[experimental]\nnetworkingMode=mirrored\n");
    CONFIG("[wsl2]\nmemory=8 GB\nmemory=16GB\n", "memory", "32GB", "[wsl2]\nmemory=32GB\nmemory=16GB\n");
    CONFIG("[wsl2]\n", "kernel", "C:\\Users\\me\\k", "[wsl2]\nkernel=C:\\\\Users\\\\me\\\\k\n");
    CONFIG("[wsl2]\n", "kernelCommandLine", "a # b", "[wsl2]\nkernelCommandLine=\"a # b\"\n");
    CONFIG("[wsl2]\n#a\nmemory=8GB # c\nswap=0\nmemory=9GB", "memory", NULL, "[wsl2]\n#a\nswap=0\n");
    CONFIG("[wsl2]\nkernelCommandLine=a \\\n b\nswap=0\n", "kernelCommandLine", NULL, "[wsl2]\nswap=0\n");
    CONFIG("[wsl2]\npageReporting=true\nswap=0\n", "wsl2.pageReporting", NULL, "[wsl2]\nswap=0\n");
    CONFIG("[wsl2]\rmemory=8GB\rswap=0\r", "memory", NULL, "[wsl2]\rswap=0\r");
    CONFIG("\xFF\xFE[\0w\0s\0l\0002\0]\0\r\0\n\0m\0e\0m\0o\0r\0y\0=\0001\0G\0B\0", "memory", "8GB",
           "\xFF\xFE[\0w\0s\0l\0002\0]\0\r\0\n\0m\0e\0m\0o\0r\0y\0=\0008\0G\0B\0");
    CONFIG("\xFF\xFE[\0w\0s\0l\0002\0]\0\r\0\n\0", "swap", "0",
           "\xFF\xFE[\0w\0s\0l\0002\0]\0\r\0\n\0s\0w\0a\0p\0=\0000\0\r\0\n\0");
    CONFIG("\xEF\xBB\xBF[wsl2]\n", "swap", "0", "\xEF\xBB\xBF[wsl2]\nswap=0\n");
    becomes(HR_WSL_WSLCONF, HR_STR(""), "boot.systemd", "true", HR_STR("[boot]\nsystemd=true\n"));
    becomes(HR_WSL_WSLCONF, HR_STR("[boot]\nsystemd=false\nbad\n"), "systemd", "true",
            HR_STR("[boot]\nsystemd=true\nbad\n"));
#undef CONFIG
}

static void refuses(enum hr_wsl_file file, struct hr_str old, const char *name, const char *value, const char *says)
{
    struct hr_wsl_conf c;
    struct hr_wsl_edit e;
    struct hr_error err = HR_ERROR_INIT;
    parse_bytes(&c, file, old);
    assert_true((value != NULL ? hr_wsl_edit_set(&c, name, value, &e, &err) : hr_wsl_edit_unset(&c, name, &e, &err)) <
                0);
    if (strstr(err.text, says) == NULL)
        fail_msg("%s: '%s' does not say '%s'", name, err.text, says);
    hr_wsl_conf_fini(&c);
}

static void test_refused(void **state)
{
    (void)state;
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "memory", "8 GB", "no value");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "guiApplications", "yes", "true or false");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "guessVhdSize", "true", "no key");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "wsl2.pageReporting", "true", "removed in 1.1.7");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "systemd", "true", "--distro");
    refuses(HR_WSL_WSLCONF, HR_STR(""), "enabled", "true", "automount.enabled");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "kernel", "C:\\\xE4\xBD\xA0", "ASCII");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "vmSwitch", "a\rb", "control character");
    refuses(HR_WSL_WSLCONFIG, HR_STR(""), "memory", NULL, "does not set");
    refuses(HR_WSL_WSLCONF, HR_STR("[boot]\nbad\n"), "user.default", "me", "stops reading");
    refuses(HR_WSL_WSLCONFIG, HR_STR("[\0w\0s\0l\0002\0]\0"), "memory", "8GB", "UTF-16");
    refuses(HR_WSL_WSLCONFIG, HR_STR("\xFE\xFF\0["), "memory", "8GB", "UTF-16");
}

/* --- files --- */

static char dir[] = "/tmp/headrace-test-wsl-XXXXXX", path[128];

static bool file_is(struct hr_str want)
{
    struct hr_buf b = HR_BUF_INIT(OUT);
    bool same = hr_slurp(path, &b, NULL) == 0 && hr_str_eq(hr_buf_str(&b), want);
    hr_buf_fini(&b);
    return same;
}

static void test_backups(void **state)
{
    char backup[200];
    struct hr_error err = HR_ERROR_INIT;
    struct hr_str a = HR_STR("[wsl2]\nmemory=1GB\n"), b = HR_STR("[wsl2]\nmemory=2GB\n");
    (void)state;
    assert_int_equal(hr_wsl_restore(path, backup, sizeof backup, &err), HR_E_NOT_FOUND);
    assert_int_equal(hr_wsl_write(path, NULL, a, backup, sizeof backup, &err), 0);
    assert_non_null(strstr(backup, ".wslconfig.headrace-1.absent"));
    assert_int_equal(hr_wsl_write(path, &a, b, backup, sizeof backup, &err), 0);
    assert_non_null(strstr(backup, ".wslconfig.headrace-2.bak"));
    assert_true(file_is(b));
    assert_int_equal(hr_wsl_restore(path, backup, sizeof backup, &err), 0);
    assert_true(file_is(a));
    assert_int_equal(hr_wsl_restore(path, backup, sizeof backup, &err), 0);
    assert_int_equal(hr_path_kind(path), HR_KIND_NONE);
    assert_int_equal(hr_wsl_restore(path, backup, sizeof backup, &err), HR_E_NOT_FOUND);
}

/* The n-th system call fails, for every n: the file holds the old bytes or the new ones, never a part. */
static void test_write_faults(void **state)
{
    struct hr_str a = HR_STR("[wsl2]\nmemory=1GB\n"), b = HR_STR("[wsl2]\nmemory=2GB\nswap=0\n");
    unsigned failed = 0;
    (void)state;
    for (int restore = 0; restore < 2; restore++)
        for (uint64_t n = 1;; n++) {
            char backup[200];
            struct hr_error err = HR_ERROR_INIT;
            assert_true(n < 200);
            assert_int_equal(hr_replace(path, restore ? b.p : a.p, restore ? b.n : a.n, NULL), 0);
            if (restore) {
                char bak[200];
                snprintf(bak, sizeof bak, "%s.headrace-1.bak", path);
                assert_int_equal(hr_replace(bak, a.p, a.n, NULL), 0);
            }
            hr_fault_sys_at(n, false);
            int r = restore ? hr_wsl_restore(path, backup, sizeof backup, &err)
                            : hr_wsl_write(path, &a, b, backup, sizeof backup, &err);
            bool reached = r < 0;
            hr_fault_sys_at(0, false);
            assert_true(file_is(a) || file_is(b));
            if (r == 0)
                assert_true(file_is(restore ? a : b));
            else
                assert_true(err.text[0] != 0);
            failed += reached;
            assert_int_equal(hr_remove_tree(dir, NULL), 0);
            assert_int_equal(hr_mkdir(dir, false, NULL), 0);
            if (r == 0 && n > 30)
                break;
        }
    assert_true(failed > 8);
}

static int all_of_it(struct hr_error *err)
{
    static const char text[] =
        "memory=1\n[wsl2]\nmemory=8 GB\n; x\nkernel=C:\\x\n[experimental\nautoMemoryReclaim=gradual\nguessVhdSize=1\n";
    struct hr_wsl_conf c;
    struct hr_wsl_report r;
    struct hr_wsl_edit e;
    struct hr_wsl_host host;
    struct hr_buf out = HR_BUF_INIT(OUT);
    unsigned n;
    hr_wsl_host_init(&host, "x");
    int k = hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, HR_STR(text), "F", err);
    if (k < 0)
        return k;
    k = hr_wsl_lint(&c, &host, &r, err);
    if (k == 0)
        hr_wsl_report_fini(&r);
    if (k == 0)
        k = hr_wsl_edit_set(&c, "swap", "8GB", &e, err);
    if (k == 0)
        hr_wsl_edit_fini(&e);
    if (k == 0)
        k = hr_wsl_edit_unset(&c, "memory", &e, err);
    if (k == 0)
        hr_wsl_edit_fini(&e);
    hr_wsl_conf_fini(&c);
    if (k == 0)
        k = hr_wsl_mend(HR_WSL_WSLCONFIG, HR_STR(text), "F", &host, &out, &n, err);
    hr_buf_fini(&out);
    return k;
}

static void test_no_memory(void **state)
{
    uint64_t from = hr_mem_count();
    struct hr_error err = HR_ERROR_INIT;
    (void)state;
    if (all_of_it(&err) != 0)
        fail_msg("%s", err.text);
    uint64_t count = hr_mem_count() - from;
    assert_true(count > 100);
    for (uint64_t n = 1; n <= count; n++) {
        err = (struct hr_error)HR_ERROR_INIT;
        hr_mem_fail_at(n, false);
        int r = all_of_it(&err);
        hr_mem_fail_at(0, false);
        if (r != HR_E_NOMEM || err.text[0] == 0)
            fail_msg("allocation %u of %u fails: %d %s", (unsigned)n, (unsigned)count, r, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_case), cmocka_unit_test(test_mend),    cmocka_unit_test(test_exact),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_backups), cmocka_unit_test(test_write_faults),
        cmocka_unit_test(test_no_memory),
    };
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/.wslconfig", dir);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    return hr_remove_tree(dir, NULL) < 0 ? 1 : r;
}

/* The reader of .wslconfig and wsl.conf against Microsoft's own, its ceilings, and memory that runs out. */
#include "wsl_cases.h"

#include "mem.h"
#include "utf8.h"
#include "wsl_value.h"

#include <stdio.h>

static const char *const fates[] = { "counts", "unknown", "duplicate", "bad value" };

/* Values are bytes; the cases hold them as text. */
static void same_text(const char *name, const char *mine, struct hr_str theirs)
{
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    struct hr_str rest = hr_str(mine);
    while (rest.n != 0) {
        struct hr_str was = rest;
        bool ok;
        hr_utf8_next(&rest, &ok);
        if (ok)
            hr_buf_add(&b, was.p, was.n - rest.n);
        else
            hr_buf_adds(&b, "\xEF\xBF\xBD");
    }
    if (!hr_str_eq(hr_buf_str(&b), theirs))
        fail_msg("%s: '%s', not '%.*s'", name, b.data, HR_STR_ARG(theirs));
    hr_buf_fini(&b);
}

static void check_entries(const char *name, const struct hr_wsl_conf *c, const struct hr_js *want)
{
    uint32_t i = 0;
    for (const struct hr_js *e = want->child; e != NULL; e = e->next, i++) {
        uint64_t line = 0;
        if (i >= c->entries)
            fail_msg("%s: setting %u is missing", name, i);
        const struct hr_js *key = e->child, *value = key->next, *fate = value->next;
        same_text(name, c->entry[i]->name, key->text);
        same_text(name, c->entry[i]->value, value->text);
        same_text(name, fates[c->entry[i]->fate], fate->text);
        assert_int_equal(hr_js_u64(fate->next, &line, NULL), 0);
        if (line != c->entry[i]->told_line)
            fail_msg("%s: %s in line %u, not %u", name, c->entry[i]->name, c->entry[i]->told_line, (unsigned)line);
    }
    if (i != c->entries)
        fail_msg("%s: %u settings, not %u", name, c->entries, i);
}

/* Warnings of bad lines and of settings are listed apart in the cases: each must be there, as often. */
static void check_warnings(const char *name, const struct hr_wsl_conf *c, const struct hr_js *want)
{
    bool used[256] = { false };
    assert_true(c->warnings < 256);
    if (want->n != c->warnings)
        fail_msg("%s: %u warnings, not %u", name, c->warnings, want->n);
    for (const struct hr_js *w = want->child; w != NULL; w = w->next) {
        uint32_t i = 0;
        while (i < c->warnings && (used[i] || !hr_str_is(w->text, c->warning[i]->text)))
            i++;
        if (i == c->warnings)
            fail_msg("%s: no warning '%.*s', but '%s'", name, HR_STR_ARG(w->text), c->warning[0]->text);
        used[i] = true;
    }
}

static void test_cases(void **state)
{
    struct cases k;
    unsigned n = 0;
    (void)state;
    cases_open(&k);
    for (const struct hr_js *one = k.root->child; one != NULL; one = one->next, n++) {
        const char *name = hr_js_get(one, "name")->text.p;
        struct hr_wsl_conf c;
        struct hr_error err = HR_ERROR_INIT;
        if (hr_wsl_conf_parse(&c, case_file(one), case_bytes(&k, one), "F", &err) < 0)
            fail_msg("%s: %s", name, err.text);
        check_entries(name, &c, hr_js_get(one, "entries"));
        check_warnings(name, &c, hr_js_get(one, "warnings"));
        assert_int_equal(c.stopped != 0, hr_js_get(one, "stops")->type == HR_JS_TRUE);
        hr_wsl_conf_fini(&c);
    }
    assert_true(n >= 120);
    cases_close(&k);
}

static void parse(struct hr_wsl_conf *c, enum hr_wsl_file file, const char *z)
{
    struct hr_error err = HR_ERROR_INIT;
    if (hr_wsl_conf_parse(c, file, hr_str(z), "F", &err) < 0)
        fail_msg("%s", err.text);
}

static void test_places(void **state)
{
    struct hr_wsl_conf c;
    (void)state;
    parse(&c, HR_WSL_WSLCONF, "[boot]\r\n\r\n  systemd = true \t# c\r\ncommand=\"a \\\"b\"\r\n");
    assert_int_equal(c.entries, 2);
    const struct hr_wsl_entry *e = c.entry[0];
    assert_int_equal(e->line, 3); /* WSL says 4 */
    assert_int_equal(e->told_line, 4);
    assert_memory_equal(c.text.bytes.p + c.text.off[e->value_at], "true", 4);
    assert_int_equal(e->value_end - e->value_at, 4);
    assert_memory_equal(c.text.bytes.p + c.text.off[e->key_at], "systemd", 7);
    e = c.entry[1];
    assert_string_equal(e->value, "a \"b");
    assert_int_equal(e->value_end - e->value_at, 7);
    assert_int_equal(c.headers, 1);
    hr_wsl_conf_fini(&c);
    parse(&c, HR_WSL_WSLCONFIG, "[wsl2]\nkernelCommandLine=a \\\n b # c\nfoo\n");
    assert_int_equal(c.entry[0]->line, 2);
    assert_int_equal(c.entry[0]->last_line, 3);
    assert_string_equal(c.entry[0]->value, "a  b");
    assert_int_equal(c.warning[0]->line, 4);
    hr_wsl_conf_fini(&c);
}

static void test_get(void **state)
{
    struct hr_wsl_conf c;
    (void)state;
    parse(&c, HR_WSL_WSLCONFIG,
          "[experimental]\nnetworkingMode=mirrored\n[wsl2]\nnetworkingMode=nat\nmemory=8 GB\nmemory=8GB\n");
    assert_string_equal(hr_wsl_conf_get(&c, "wsl2.networkingMode")->value, "mirrored");
    assert_string_equal(hr_wsl_conf_get(&c, "experimental.NETWORKINGMODE")->value, "mirrored");
    assert_null(hr_wsl_conf_get(&c, "wsl2.memory")); /* the first one is invalid, and no other counts */
    assert_null(hr_wsl_conf_get(&c, "wsl2.swap"));
    assert_null(hr_wsl_conf_get(&c, "wsl2.nothing"));
    hr_wsl_conf_fini(&c);
}

static void test_ceilings(void **state)
{
    struct hr_wsl_conf c;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf b = HR_BUF_INIT((size_t)2 << 20);
    (void)state;
    hr_buf_pad(&b, HR_WSL_SIZE_MAX + 1, '\n');
    assert_int_equal(hr_wsl_conf_parse(&c, HR_WSL_WSLCONF, hr_buf_str(&b), "F", &err), HR_E_LIMIT);
    b.len--;
    assert_int_equal(hr_wsl_conf_parse(&c, HR_WSL_WSLCONF, hr_buf_str(&b), "F", &err), 0);
    assert_int_equal(c.text.lines, HR_WSL_SIZE_MAX);
    hr_wsl_conf_fini(&c);
    for (size_t i = 0; i < b.len; i += 2)
        memcpy(b.data + i, ";\n", 2);
    assert_int_equal(hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, hr_buf_str(&b), "F", &err), HR_E_LIMIT);
    assert_non_null(strstr(err.text, "10000"));
    /* a section's name as long as the file, and many keys below it */
    hr_buf_reset(&b);
    hr_buf_adds(&b, "[");
    hr_buf_pad(&b, 900000, 'a');
    hr_buf_adds(&b, "]\n");
    for (int i = 0; i < 9000; i++)
        hr_buf_adds(&b, "b=c\n");
    assert_int_equal(hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, hr_buf_str(&b), "F", &err), 0);
    assert_int_equal(c.entries, 9000);
    hr_wsl_conf_fini(&c);
    /* a list of ports that is wrong in every place */
    hr_buf_reset(&b);
    hr_buf_adds(&b, "[experimental]\nignoredPorts=");
    for (int i = 0; i < 5000; i++)
        hr_buf_adds(&b, "x,");
    assert_int_equal(hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, hr_buf_str(&b), "F", &err), 0);
    assert_int_equal(c.warnings, 5000);
    hr_wsl_conf_fini(&c);
    hr_buf_fini(&b);
}

static void test_no_memory(void **state)
{
    static const char text[] =
        "[wsl2]\nmemory=8GB\nfoo=1\nmemory=1\n[x\nbad\nkernel=C:\\x\n[experimental]\nignoredPorts=a,b\n";
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct hr_wsl_conf c;
        struct hr_error err = HR_ERROR_INIT;
        assert_true(n < 500);
        hr_mem_fail_at(n, false);
        int r = hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, HR_STR(text), "F", &err);
        hr_mem_fail_at(0, false);
        if (r == 0) {
            hr_wsl_conf_fini(&c);
            assert_true(n > 10);
            return;
        }
        assert_int_equal(r, HR_E_NOMEM);
        assert_true(err.text[0] != 0);
    }
}

static void test_keys(void **state)
{
    unsigned accepted[2] = { 0, 0 }, section[3] = { 0, 0, 0 }, alias = 0;
    (void)state;
    for (size_t i = 0; i < hr_wsl_keys_n; i++) {
        const struct hr_wsl_key *k = &hr_wsl_keys[i];
        char full[96];
        snprintf(full, sizeof full, "%s.%s", k->section, k->name);
        assert_ptr_equal(hr_wsl_key_find(k->file, hr_str(full)), k); /* no row twice */
        assert_true(k->what[0] != 0 && k->since[0] != 0);
        assert_int_equal(k->type == HR_WSL_NONE, !hr_wsl_key_accepted(k));
        assert_int_equal(k->type == HR_WSL_ENUM, k->words != NULL);
        if (k->def != NULL)
            assert_true(hr_wsl_value_ok(k, k->def));
        if (k->instead != NULL)
            assert_true(hr_wsl_key_accepted(hr_wsl_key_find(k->file, hr_str(k->instead))));
        if (hr_wsl_key_accepted(k)) {
            assert_non_null(k->def_text);
            accepted[k->file]++;
            if (k->file == HR_WSL_WSLCONFIG)
                section[strcmp(k->section, "wsl2") == 0 ? 0 : strcmp(k->section, "experimental") == 0 ? 1 : 2]++;
            alias += k->status == HR_WSL_ALIAS;
        }
    }
    assert_int_equal(accepted[HR_WSL_WSLCONFIG], 59);
    assert_int_equal(section[0], 43);
    assert_int_equal(section[1], 14);
    assert_int_equal(section[2], 2);
    assert_int_equal(alias, 4);
    assert_int_equal(accepted[HR_WSL_WSLCONF], 25);
    assert_string_equal(hr_wsl_key_named(HR_WSL_WSLCONFIG, HR_STR("MEMORY"))->name, "memory");
    assert_null(hr_wsl_key_named(HR_WSL_WSLCONFIG, HR_STR("wsl2.guessVhdSize")));
}

static void test_size_text(void **state)
{
    static const uint64_t v[] = {
        0, 1, 1023, 1024, 1536, 1 << 20, (uint64_t)48 << 30, (uint64_t)1 << 40, UINT64_MAX, 17825792000
    };
    (void)state;
    for (size_t i = 0; i < HR_COUNT(v); i++) {
        uint64_t back = 1;
        assert_true(hr_wsl_size(hr_wsl_size_write(v[i]).text, &back));
        assert_true(back == v[i]);
    }
    assert_string_equal(hr_wsl_size_write((uint64_t)48 << 30).text, "48GB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_places),    cmocka_unit_test(test_get),
        cmocka_unit_test(test_ceilings),  cmocka_unit_test(test_no_memory), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_size_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* tests/data/wsl/cases.json: inputs, and what Microsoft's own parser (microsoft/WSL, master of 2026-08-08, compiled and run over
 * them) made of each: the settings in their order, and the warnings in its words.  Those named "ms: ..." are of its unit tests. */
#ifndef HR_WSL_CASES_H
#define HR_WSL_CASES_H

#include "unit.h"

#include "file.h"
#include "json_small.h"
#include "wsl_conf.h"

#include <string.h>

struct cases {
    struct hr_buf text;
    struct hr_arena arena;
    const struct hr_js *root;
};

static inline void cases_open(struct cases *c)
{
    struct hr_error err = HR_ERROR_INIT;
    c->text = HR_BUF_INIT((size_t)4 << 20);
    c->arena = HR_ARENA_INIT((size_t)16 << 20);
    if (hr_slurp(HEADRACE_TEST_DATA "/wsl/cases.json", &c->text, &err) < 0 ||
        hr_js_parse(hr_buf_str(&c->text), "cases.json", &c->arena, &c->root, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void cases_close(struct cases *c)
{
    hr_buf_fini(&c->text);
    hr_arena_fini(&c->arena);
}

static inline int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The bytes of a case, in its arena. */
static inline struct hr_str case_bytes(struct cases *c, const struct hr_js *one)
{
    const struct hr_js *in = hr_js_get(one, "input"), *hex = hr_js_get(one, "hex");
    if (in != NULL)
        return in->text;
    char *p = hr_arena_alloc(&c->arena, hex->text.n / 2 + 1);
    assert_non_null(p);
    for (size_t i = 0; i + 1 < hex->text.n; i += 2)
        p[i / 2] = (char)(hex_digit(hex->text.p[i]) << 4 | hex_digit(hex->text.p[i + 1]));
    return (struct hr_str) { p, hex->text.n / 2 };
}

static inline enum hr_wsl_file case_file(const struct hr_js *one)
{
    return hr_str_is(hr_js_get(one, "file")->text, "wsl.conf") ? HR_WSL_WSLCONF : HR_WSL_WSLCONFIG;
}

#endif

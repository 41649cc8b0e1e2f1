/* Walking and splitting JSON text. */
#include "unit.h"

#include "decimal.h"
#include "json_split.h"
#include "json_text.h"
#include "rng.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 4096 };

static const char *padded(const char *s, size_t n)
{
    static char text[ROOM];
    assert_true(n + HR_DECIMAL_PAD <= ROOM);
    memset(text, 0, sizeof text);
    memcpy(text, s, n);
    return text;
}

static void skip_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}", "[]", "[[],[{}]]", "{\"a\":1}", " {\"a\" : [1, 2.5e3, -0], \"b\":{\"c\":null}} ", "\"x\\u00e9\\ud83d\\ude00\\n\"",
        "true", "-Infinity", "[NaN, Infinity]", "\"\xe4\xb8\xad\xe6\x96\x87\"", "[1,\n\t2\r\n]", "\"a]}{[b\"", "\"\\\\\"",
    };
    for (size_t i = 0; i < HR_COUNT(good); i++) {
        struct hr_json_trouble t = { NULL, "?" };
        const char *p = padded(good[i], strlen(good[i])), *end = hr_json_skip(p, &t);
        if (end == NULL)
            fail_msg("'%s': %s", good[i], t.why);
        assert_int_equal(strspn(end, " "), strlen(end));
    }
}

static void skip_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
        size_t at;
    } bad[] = {
        { "", "the text ends where a value is expected", 0 },
        { "[1,]", "a value is expected", 3 },
        { "[1 2]", "a comma or a closing bracket is expected", 3 },
        { "[1}", "a comma or a closing bracket is expected", 2 },
        { "{\"a\" 1}", "a colon is expected", 5 },
        { "{1:2}", "a key in quotes is expected", 1 },
        { "{\"a\":1,}", "a key in quotes is expected", 7 },
        { "[1", "the text ends inside a value", 2 },
        { "\"abc", "the text ends inside a string", 4 },
        { "\"a\nb\"", "a control character stands in a string", 2 },
        { "\"\\x\"", "the escape is none of JSON's", 1 },
        { "\"\\u12g4\"", "the escape is none of JSON's", 1 },
        { "\"\\ud800\"", "half of a surrogate pair is escaped", 1 },
        { "\"\\ud800\\u0041\"", "half of a surrogate pair is escaped", 1 },
        { "\"\\udc00\"", "half of a surrogate pair is escaped", 1 },
        { "\"\xff\"", "a string is not UTF-8", 1 },
        { "\"\xc0\xaf\"", "a string is not UTF-8", 1 },
        { "\"\xed\xa0\x80\"", "a string is not UTF-8", 1 },
        { "\"\xe4\xb8", "a string is not UTF-8", 1 },
        { "[01]", "a value is expected", 1 },
        { "nul", "a value is expected", 0 },
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        struct hr_json_trouble t = { NULL, "?" };
        const char *p = padded(bad[i].text, strlen(bad[i].text));
        if (hr_json_skip(p, &t) != NULL)
            fail_msg("'%s' was taken", bad[i].text);
        if (strcmp(t.why, bad[i].why) != 0 || (size_t)(t.at - p) != bad[i].at)
            fail_msg("'%s': %s, at %td", bad[i].text, t.why, t.at - p);
    }
}

static void depth(void **state)
{
    (void)state;
    char text[300];
    struct hr_json_trouble t;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_non_null(hr_json_skip(padded(text, 128), &t));
    memset(text, '[', sizeof text);
    assert_null(hr_json_skip(padded(text, sizeof text), &t));
    assert_string_equal(t.why, "values are nested deeper than 64 levels");
}

static void strings(void **state)
{
    (void)state;
    struct hr_buf word = HR_BUF_INIT(ROOM);
    struct hr_str got;
    struct hr_json_trouble t;
    const char *p = padded("\"plain text\"x", 13);
    assert_ptr_equal(hr_json_string(p, &word, &got, &t), p + 12);
    assert_ptr_equal(got.p, p + 1); /* a view, no copy */
    assert_int_equal(got.n, 10);
    p = padded("\"a\\tb\\u00e9\\ud83d\\ude00\\/\"", 26);
    assert_non_null(hr_json_string(p, &word, &got, &t));
    assert_true(hr_str_is(got, "a\tb\xc3\xa9\xf0\x9f\x98\x80/"));
    hr_buf_fini(&word);
}

/* Ends of the values in a text, found byte by byte with the plainest code there is. */
static size_t ends_plainly(const char *p, size_t n, uint64_t floor, size_t *ret, size_t max)
{
    uint64_t d = floor;
    bool string = false, escaped = false;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (string) {
            string = escaped || p[i] != '"';
            escaped = !escaped && p[i] == '\\';
            continue;
        }
        string = p[i] == '"';
        d += p[i] == '[' || p[i] == '{';
        if (p[i] == ']' || p[i] == '}') {
            d -= d > 0;
            if (d <= floor && k < max)
                ret[k++] = i + 1;
        }
    }
    return k;
}

/* Random texts of the characters that matter, cut into random pieces: the ends are those of the plain code. */
static void split_anywhere(void **state)
{
    (void)state;
    static const char letters[] = "[]{}\"\\,1 aaaaaaaaaaaaaaaaaa";
    static char text[ROOM];
    size_t want[ROOM], got[ROOM];
    for (uint64_t round = 0; round < 3000; round++) {
        size_t n = hr_rng_u64(1, round) % 700, calm = hr_rng_u64(2, round) % 20, k = 0;
        for (size_t i = 0; i < n; i++)
            text[i] = letters[hr_rng_u64(3 + round, i) % (sizeof letters - 1 - (calm < 10 ? 0 : 22))];
        for (size_t i = 0; calm > 15 && i < n; i++)
            text[i] = text[i] == '"' || text[i] == '\\' ? '[' : text[i];
        uint64_t floor = round % 2;
        size_t m = ends_plainly(text, n, floor, want, ROOM);
        struct hr_split s = { .depth = floor };
        for (size_t at = 0, piece = 0; at < n; piece++) {
            size_t take = HR_MIN(n - at, (size_t)(1 + hr_rng_u64(~round, piece) % 200));
            for (size_t end = at + take; at < end;) {
                bool hit;
                at += hr_split(&s, text + at, end - at, floor, &hit);
                if (hit)
                    got[k++] = at;
            }
        }
        assert_int_equal(k, m);
        assert_memory_equal(got, want, k * sizeof *got);
    }
}

int main(void)
{
    hr_decimal_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skip_good), cmocka_unit_test(skip_bad), cmocka_unit_test(depth),
        cmocka_unit_test(strings),   cmocka_unit_test(split_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

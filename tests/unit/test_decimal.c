/* Decimal text to numbers: every result is compared with the C library's, bit for bit. */
#include "unit.h"

#include "decimal.h"
#include "json_row.h"
#include "rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct padded {
    char text[512];
};

static struct padded pad(const char *s)
{
    struct padded p;
    memset(&p, 0, sizeof p);
    assert_true(strlen(s) + HR_DECIMAL_PAD < sizeof p.text);
    memcpy(p.text, s, strlen(s));
    return p;
}

static void same(const char *s)
{
    struct padded p = pad(s);
    struct hr_decimal d;
    const char *end = hr_decimal_scan(p.text, &d);
    if (end == NULL || *end != 0)
        fail_msg("'%s' was not read to its end", s);
    double got = hr_decimal_f64(&d, p.text), want = strtod(s, NULL);
    if (memcmp(&got, &want, sizeof got) != 0)
        fail_msg("'%s' became %.17g, not %.17g", s, got, want);
}

static void edges(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0", "-0", "0.0", "-0.0e5", "1", "-1", "9007199254740993", "9007199254740992.5", "9007199254740993.0000000001",
        "2.2250738585072014e-308", "2.2250738585072011e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309",
        "1e-400", "123456789012345678901234567890", "0.000000000000000000000000000000000000000000001234567890123456789",
        "8.5e-24", "7.0420557077594588669468784357561207962098443483187940792729600000e+59", "1e23", "9.5367431640625e-7",
        "100000000000000000000000000000000000000000000000000000000000000000000000", "0e999999999999999999999",
        "1e-999999999999999999999", "0.1", "0.10", "12345678", "123456789", "1.2345678", "1.23456789", "12345678.12345678",
        "1000000000000000000000000000000000000000.5", "6.8900e-314", "1844674407370955161551615", "18446744073709551615", "18446744073709551616", "18446744073709551615.5", "3.4028234663852886e38",
    };
    for (size_t i = 0; i < HR_COUNT(texts); i++)
        same(texts[i]);
}

static void random_doubles(void **state)
{
    (void)state;
    char s[512];
    for (uint64_t i = 0; i < 400000; i++) {
        uint64_t r = hr_rng_u64(1, i), q = hr_rng_u64(2, i);
        double v;
        memcpy(&v, &r, sizeof v);
        switch (i % 5) {
        case 0: snprintf(s, sizeof s, "%.17g", isfinite(v) ? v : 1.5); break;
        case 1: snprintf(s, sizeof s, "%.*g", (int)(q % 20) + 1, (double)(float)(hr_rng_unit(3, i) - 0.5)); break;
        case 2: snprintf(s, sizeof s, "%llu.%llue%d", (unsigned long long)r, (unsigned long long)q, (int)(q % 640) - 330); break;
        case 3: snprintf(s, sizeof s, "%llu.5", (unsigned long long)(r >> 10)); break; /* next to ties */
        default: snprintf(s, sizeof s, "0.%0*d%llu", (int)(q % 12) + 1, 0, (unsigned long long)r); break;
        }
        same(s);
    }
}

static void malformed(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "e5", "x", "--1" };
    struct hr_decimal d;
    for (size_t i = 0; i < HR_COUNT(texts); i++) {
        struct padded p = pad(texts[i]);
        const char *end = hr_decimal_scan(p.text, &d);
        if (end != NULL && *end == 0)
            fail_msg("'%s' was taken for a number", texts[i]);
    }
}

static void rows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hr_dtype t;
        enum hr_row_what what;
        size_t n, at; /* values, and how far it came */
    } cases[] = {
        { "1, 2,3 ,\n4]", HR_F32, HR_ROW_END, 4, 11 },   { "]", HR_F32, HR_ROW_END, 0, 1 },
        { "1,2,3,4,5,6]", HR_F32, HR_ROW_FULL, 5, 10 },  { "1,]", HR_F32, HR_ROW_SYNTAX, 1, 2 },
        { "1 2]", HR_F32, HR_ROW_SYNTAX, 1, 2 },         { "NaN, -Infinity, Infinity]", HR_F64, HR_ROW_END, 3, 25 },
        { "nan]", HR_F64, HR_ROW_SYNTAX, 0, 0 },         { "1, 1.5]", HR_I64, HR_ROW_FRACTION, 1, 3 },
        { "NaN]", HR_I64, HR_ROW_FRACTION, 0, 0 },       { "9223372036854775808]", HR_I64, HR_ROW_RANGE, 0, 0 },
        { "-9223372036854775808]", HR_I64, HR_ROW_END, 1, 21 }, { "18446744073709551615]", HR_U64, HR_ROW_END, 1, 21 },
        { "18446744073709551616]", HR_U64, HR_ROW_RANGE, 0, 0 }, { "-1]", HR_U64, HR_ROW_RANGE, 0, 0 },
        { "255]", HR_U8, HR_ROW_END, 1, 4 },             { "256]", HR_U8, HR_ROW_RANGE, 0, 0 },
        { "-129]", HR_I8, HR_ROW_RANGE, 0, 0 },          { "1e39]", HR_F32, HR_ROW_RANGE, 0, 0 },
        { "1e309]", HR_F64, HR_ROW_RANGE, 0, 0 },        { "65520]", HR_F16, HR_ROW_RANGE, 0, 0 },
        { "65519]", HR_F16, HR_ROW_END, 1, 6 },          { "true, false]", HR_BOOL, HR_ROW_END, 2, 12 },
        { "tru]", HR_BOOL, HR_ROW_SYNTAX, 0, 0 },        { "1", HR_F32, HR_ROW_SYNTAX, 1, 1 },
        { "[1]]", HR_F32, HR_ROW_SYNTAX, 0, 0 },         { "\"1\"]", HR_I64, HR_ROW_SYNTAX, 0, 0 },
    };
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        struct padded p = pad(cases[i].text);
        double to[5];
        struct hr_row r = hr_json_row(p.text, cases[i].t, to, 5);
        if (r.what != cases[i].what || r.n != cases[i].n || (size_t)(r.p - p.text) != cases[i].at)
            fail_msg("'%s': what %d, %zu values, stopped at %td", cases[i].text, (int)r.what, r.n, r.p - p.text);
    }
}

/* 1 + 2^-11 is a tie between two halves: one unit of a double above it must round up, though its float is the tie. */
static void half_rounds_once(void **state)
{
    (void)state;
    uint16_t h[3];
    struct padded p = pad("1.00048828125, 1.0004882812500002, 1.0004882812499998]");
    assert_int_equal(hr_json_row(p.text, HR_F16, h, 3).what, HR_ROW_END);
    assert_int_equal(h[0], 0x3C00);
    assert_int_equal(h[1], 0x3C01);
    assert_int_equal(h[2], 0x3C00);
}

int main(void)
{
    hr_decimal_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges), cmocka_unit_test(random_doubles), cmocka_unit_test(malformed),
        cmocka_unit_test(rows),  cmocka_unit_test(half_rounds_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

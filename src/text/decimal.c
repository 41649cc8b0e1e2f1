#include "decimal.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>

uint64_t hr_pow5[HR_POW5_MAX - HR_POW5_MIN + 1][2];
static locale_t plain; /* '.' is the decimal point whatever the program's locale; (locale_t)0 = could not be had */

/* --- the table: whole numbers of 1024 bits, multiplied and divided by five --- */

enum { WORDS = 16 }; /* 5^342 has 795 bits, and 2^1023 / 5^342 still 228 */

static void times5(uint64_t x[WORDS])
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        __uint128_t v = (__uint128_t)x[i] * 5 + carry;
        x[i] = (uint64_t)v;
        carry = (uint64_t)(v >> 64);
    }
}

/* Rounds down; so floor(floor(x / 5) / 5) = floor(x / 25) keeps all powers exact. */
static void over5(uint64_t x[WORDS])
{
    uint64_t rest = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        __uint128_t v = (__uint128_t)rest << 64 | x[i];
        x[i] = (uint64_t)(v / 5);
        rest = (uint64_t)(v % 5);
    }
}

/* The 128 bits from the highest one on. */
static __uint128_t leading(const uint64_t x[WORDS])
{
    int top = WORDS - 1;
    while (top > 0 && x[top] == 0)
        top--;
    unsigned lz = (unsigned)__builtin_clzll(x[top]);
    uint64_t a = x[top], b = top > 0 ? x[top - 1] : 0, c = top > 1 ? x[top - 2] : 0;
    __uint128_t v = (__uint128_t)a << 64 | b;
    return lz == 0 ? v : v << lz | c >> (64 - lz);
}

static void put(int q, __uint128_t v)
{
    hr_pow5[q - HR_POW5_MIN][0] = (uint64_t)(v >> 64);
    hr_pow5[q - HR_POW5_MIN][1] = (uint64_t)v;
}

static void compute(void)
{
    uint64_t x[WORDS] = { 1 };
    for (int q = 0; q <= HR_POW5_MAX; q++) {
        put(q, leading(x));
        times5(x);
    }
    memset(x, 0, sizeof x);
    x[WORDS - 1] = (uint64_t)1 << 63;
    for (int q = -1; q >= HR_POW5_MIN; q--) {
        over5(x);
        put(q, leading(x) + (q >= -27)); /* rounded up where the proof asks for it */
    }
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void hr_decimal_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, compute);
}

/* --- numbers with an exponent, or with more digits than 64 bits hold --- */

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes one digit more where 64 bits hold it: the upper half of uint64 has 20 digits. */
static bool twentieth(uint64_t *m, char c)
{
    uint64_t v;
    if (__builtin_mul_overflow(*m, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
        return false;
    *m = v;
    return true;
}

const char *hr_decimal_scan_long(const char *p, struct hr_decimal *ret)
{
    uint64_t m = 0;
    int64_t e = 0;
    int taken = 0;
    bool fraction = false;
    ret->cut = false;
    for (;; p++) {
        if (*p == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (!digit(*p))
            break;
        if (taken < 19) {
            m = m * 10 + (uint64_t)(*p - '0');
            taken += m != 0; /* leading zeros are no significant digits */
            e -= fraction;
        } else if (taken == 19 && e == 0 && !fraction && !digit(p[1]) && p[1] != '.' && twentieth(&m, *p)) {
            taken++;
        } else {
            ret->cut = ret->cut || *p != '0';
            e += !fraction;
        }
    }
    ret->whole = !fraction;
    if ((*p | 0x20) == 'e') {
        bool minus = *++p == '-';
        p += *p == '-' || *p == '+';
        if (!digit(*p))
            return NULL;
        int64_t x = 0;
        for (; digit(*p); p++)
            x = x < 1000000000 ? x * 10 + (*p - '0') : x; /* beyond any double: the exact figure does not matter */
        e += minus ? -x : x;
        ret->whole = false;
    }
    ret->m = m;
    ret->e = e;
    return p;
}

double hr_decimal_f64_exact(const char *text)
{
    return plain != (locale_t)0 ? strtod_l(text, NULL, plain) : strtod(text, NULL);
}

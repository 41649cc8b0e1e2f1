#include "permute.h"

#include "rng.h"

#include <string.h>

enum { BLOCK = 64 };

/* Uniform in [0, n) for n <= 2^32, by multiplication: the bias is below n / 2^64. */
static uint64_t below(uint64_t bits, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)bits * n) >> 64);
}

void hr_permute_init(struct hr_permute *p, uint64_t n, uint64_t key)
{
    memset(p, 0, sizeof *p);
    p->n = n;
    if (n <= HR_PERMUTE_TABLE) {
        for (uint64_t i = 0; i < n; i++)
            p->u.table[i] = (uint8_t)i;
        for (uint64_t i = n; i > 1; i--) {
            uint64_t j = below(hr_rng_u64(key, i), i);
            uint8_t t = p->u.table[i - 1];
            p->u.table[i - 1] = p->u.table[j];
            p->u.table[j] = t;
        }
        return;
    }
    unsigned bits = 64 - (unsigned)__builtin_clzll(n - 1);
    p->mask = UINT64_MAX >> (64 - bits);
    p->shift = (bits + 1) / 2;
    for (unsigned r = 0; r < HR_PERMUTE_ROUNDS; r++) {
        p->u.round.add[r] = hr_rng_u64(key, 2 * r) & p->mask;
        p->u.round.mul[r] = (hr_rng_u64(key, 2 * r + 1) | 1) & p->mask;
    }
}

static inline uint64_t pass(const struct hr_permute *p, uint64_t x)
{
    for (unsigned r = 0; r < HR_PERMUTE_ROUNDS; r++) {
        x = ((x + p->u.round.add[r]) * p->u.round.mul[r]) & p->mask;
        x ^= x >> p->shift;
    }
    return x;
}

uint64_t hr_permute_at(const struct hr_permute *p, uint64_t i)
{
    if (p->n <= HR_PERMUTE_TABLE)
        return p->u.table[i];
    do
        i = pass(p, i);
    while (i >= p->n);
    return i;
}

/* The inverse of an odd m modulo 2^64: Newton's step doubles the right bits, from 3 (m * m = 1 modulo 8) to 96. */
static uint64_t inverse(uint64_t m)
{
    uint64_t x = m;
    for (int i = 0; i < 5; i++)
        x *= 2 - m * x;
    return x;
}

uint64_t hr_permute_find(const struct hr_permute *p, uint64_t v)
{
    if (p->n <= HR_PERMUTE_TABLE) {
        const uint8_t *at = p->n == 0 ? NULL : memchr(p->u.table, (int)v, p->n);
        return at == NULL ? 0 : (uint64_t)(at - p->u.table);
    }
    uint64_t inv[HR_PERMUTE_ROUNDS];
    for (unsigned r = 0; r < HR_PERMUTE_ROUNDS; r++)
        inv[r] = inverse(p->u.round.mul[r]);
    do {
        for (unsigned r = HR_PERMUTE_ROUNDS; r-- > 0;) {
            v ^= v >> p->shift;
            v = (v * inv[r] - p->u.round.add[r]) & p->mask;
        }
    } while (v >= p->n);
    return v;
}

/* One pass over BLOCK values below 2^32.  Rounds are the outer loop, so that the inner ones become vectors. */
static inline __attribute__((always_inline)) void pass_block(const struct hr_permute *p, uint32_t *x)
{
    uint32_t mask = (uint32_t)p->mask;
    unsigned shift = p->shift;
    for (unsigned r = 0; r < HR_PERMUTE_ROUNDS; r++) {
        uint32_t add = (uint32_t)p->u.round.add[r], mul = (uint32_t)p->u.round.mul[r];
        for (unsigned i = 0; i < BLOCK; i++) {
            uint32_t t = ((x[i] + add) * mul) & mask;
            x[i] = t ^ (t >> shift);
        }
    }
}

/* The same numbers as one value at a time, whole blocks at once; returns how many it did. */
#if defined(__x86_64__)
__attribute__((target("avx2"))) static void pass_avx2(const struct hr_permute *p, uint32_t *x)
{
    pass_block(p, x);
}

static size_t range_blocks(const struct hr_permute *p, uint64_t first, size_t count, uint64_t *ret)
{
    if (p->mask > UINT32_MAX || !__builtin_cpu_supports("avx2"))
        return 0;
    size_t done = 0;
    for (; count - done >= BLOCK; done += BLOCK) {
        uint32_t x[BLOCK];
        uint8_t place[BLOCK];
        for (unsigned i = 0; i < BLOCK; i++) {
            x[i] = (uint32_t)(first + done + i);
            place[i] = (uint8_t)i;
        }
        unsigned open = BLOCK;
        while (open >= BLOCK / 4) {
            pass_avx2(p, x);
            unsigned left = 0;
            for (unsigned i = 0; i < open; i++) {
                uint32_t v = x[i];
                uint8_t at = place[i];
                ret[done + at] = v;
                x[left] = v;
                place[left] = at;
                left += v >= p->n;
            }
            open = left;
        }
        for (unsigned i = 0; i < open; i++)
            ret[done + place[i]] = hr_permute_at(p, x[i]);
    }
    return done;
}
#else
static size_t range_blocks(const struct hr_permute *p, uint64_t first, size_t count, uint64_t *ret)
{
    (void)p, (void)first, (void)count, (void)ret;
    return 0;
}
#endif

/* Values that are still too large are collected and sent through together: no branch depends on a random number. */
void hr_permute_range(const struct hr_permute *p, uint64_t first, size_t count, uint64_t *ret)
{
    if (p->n <= HR_PERMUTE_TABLE) {
        for (size_t i = 0; i < count; i++)
            ret[i] = p->u.table[first + i];
        return;
    }
    size_t done = range_blocks(p, first, count, ret);
    while (done < count) {
        unsigned n = (unsigned)HR_MIN(count - done, (size_t)BLOCK), open = 0;
        uint8_t place[BLOCK];
        for (unsigned i = 0; i < n; i++) {
            uint64_t v = pass(p, first + done + i);
            ret[done + i] = v;
            place[open] = (uint8_t)i;
            open += v >= p->n;
        }
        while (open > 0) {
            unsigned left = 0;
            for (unsigned i = 0; i < open; i++) {
                uint8_t at = place[i];
                uint64_t v = pass(p, ret[done + at]);
                ret[done + at] = v;
                place[left] = at;
                left += v >= p->n;
            }
            open = left;
        }
        done += n;
    }
}

/* A keyed permutation of [0, n) that is computed and not stored: place -> value is a pure function of (key, n), and so
 * is its inverse.  Different keys give permutations that are independent for every purpose of shuffling (measured in
 * tests/unit/test_permute.c); it is no cipher and hides nothing.
 *
 * n <= HR_PERMUTE_TABLE   a Fisher-Yates shuffle in a table of bytes: exactly uniform, where a mixer on few bits is not
 * larger n                HR_PERMUTE_ROUNDS rounds of x = (x + a) * m mod 2^b; x ^= x >> s   on the smallest b with
 *                         2^b >= n, with a and the odd m drawn from the key for every round and s = b/2 rounded up;
 *                         values >= n are sent through again until they are below it (cycle walking), fewer than two
 *                         passes on average.  Each step is a bijection of b bits, so the whole is one.  Up to
 *                         seven rounds have weak keys (one in some thousands at n = 1,000); from eight on, batch means,
 *                         serial correlation and joint chi-square cannot be told from a true permutation's over 10^5
 *                         keys.  Twelve leave a margin.
 *
 * The order of every dataset depends on this file: a change of what it computes is a new format of hr_state.
 * Thread-safety: immutable after init. */
#ifndef HR_PERMUTE_H
#define HR_PERMUTE_H

#include "attr.h"

enum { HR_PERMUTE_TABLE = 256, HR_PERMUTE_ROUNDS = 12 };

struct hr_permute {
    uint64_t n;
    uint64_t mask;  /* 2^b - 1 */
    unsigned shift; /* s; 2s >= b, so x ^= x >> s undoes itself */
    union {
        uint8_t table[HR_PERMUTE_TABLE];
        struct {
            uint64_t add[HR_PERMUTE_ROUNDS], mul[HR_PERMUTE_ROUNDS]; /* below 2^b; mul odd */
        } round;
    } u;
};

void hr_permute_init(struct hr_permute *p, uint64_t n, uint64_t key);
/* The value at place i; i < n. */
uint64_t hr_permute_at(const struct hr_permute *p, uint64_t i);
/* The place of value v; v < n. */
uint64_t hr_permute_find(const struct hr_permute *p, uint64_t v);
/* The values at places first .. first + count - 1, all below n: 3 to 6 ns each in runs of 64 and more with AVX2. */
void hr_permute_range(const struct hr_permute *p, uint64_t first, size_t count, uint64_t *ret);

#endif

#include "spelling.h"

#include <string.h>

enum { WORD_MAX = 63 };

/* Optimal string alignment, three rows of the table at a time. */
unsigned hr_spelling_distance(struct hr_str a, struct hr_str b)
{
    unsigned row[3][WORD_MAX + 1];
    if (a.n > WORD_MAX || b.n > WORD_MAX)
        return (unsigned)HR_MAX(HR_MIN(a.n, (size_t)1 << 20), HR_MIN(b.n, (size_t)1 << 20));
    for (size_t j = 0; j <= b.n; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *now = row[i % 3];
        const unsigned *up = row[(i + 2) % 3], *upup = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned v = up[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            v = HR_MIN(v, HR_MIN(up[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                v = HR_MIN(v, upup[j - 2] + 1);
            now[j] = v;
        }
    }
    return row[a.n % 3][b.n];
}

/* A word cut short is meant more surely than one misspelt: it counts as one slip however much is missing, and with a slip in it (bach for
 * batch-size) as one and a half. */
static unsigned half_slips_of_a_beginning(struct hr_str typed, struct hr_str word)
{
    if (typed.n >= 2 && word.n > typed.n && memcmp(word.p, typed.p, typed.n) == 0)
        return 2;
    for (size_t n = typed.n - (typed.n > 0); typed.n >= 4 && n <= typed.n + 1; n++)
        if (n < word.n && hr_spelling_distance(typed, (struct hr_str) { word.p, n }) == 1)
            return 3;
    return ~0u;
}

void hr_suggest_try(struct hr_suggest *s, const char *candidate)
{
    struct hr_str c = hr_str(candidate);
    unsigned halves = 2 * hr_spelling_distance(s->typed, c), cut = half_slips_of_a_beginning(s->typed, c);
    halves = HR_MIN(halves, cut);
    if (halves < s->halves) {
        s->halves = halves;
        s->best = candidate;
    }
}

const char *hr_suggest_best(const struct hr_suggest *s)
{
    size_t n = s->typed.n;
    unsigned near = n <= 2 ? 1 : n <= 5 ? 2 : 3;
    return s->halves <= 2 * near && s->halves < 2 * n ? s->best : NULL;
}

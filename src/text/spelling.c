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

void hr_suggest_try(struct hr_suggest *s, const char *candidate)
{
    struct hr_str c = hr_str(candidate);
    /* A word cut short is meant more surely than one misspelt, so it counts as one slip however much is missing. */
    bool begins = s->typed.n >= 2 && c.n > s->typed.n && memcmp(c.p, s->typed.p, s->typed.n) == 0;
    unsigned d = begins ? 1 : hr_spelling_distance(s->typed, c);
    if (d < s->distance) {
        s->distance = d;
        s->best = candidate;
    }
}

const char *hr_suggest_best(const struct hr_suggest *s)
{
    size_t n = s->typed.n;
    unsigned near = n <= 2 ? 1 : n <= 5 ? 2 : 3;
    return s->distance <= near && s->distance < n ? s->best : NULL;
}

/* Which of many words a misspelt one may have meant. */
#ifndef HR_SPELLING_H
#define HR_SPELLING_H

#include "str.h"

/* Insertions, deletions, replacements and swaps of neighbours between two words; words above 63 bytes are far apart. */
unsigned hr_spelling_distance(struct hr_str a, struct hr_str b);

/* Feeds candidates and keeps the nearest. */
struct hr_suggest {
    struct hr_str typed;
    const char *best;
    unsigned halves; /* twice the slips between the two */
};
#define HR_SUGGEST_INIT(text) ((struct hr_suggest) { (text), NULL, ~0u })
void hr_suggest_try(struct hr_suggest *s, const char *candidate);
const char *hr_suggest_best(const struct hr_suggest *s); /* NULL: nothing is near enough to be meant */

#endif

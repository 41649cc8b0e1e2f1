/* Where JSON values end, at memory speed and without looking into them: brackets are counted, strings stepped over.  The
 * text may come in pieces of any size; nothing needs to be behind it. */
#ifndef HR_JSON_SPLIT_H
#define HR_JSON_SPLIT_H

#include "attr.h"

struct hr_split {
    uint64_t depth;   /* open brackets of both kinds */
    bool in_string;
    bool escaped;     /* the last byte was a backslash that escapes the next */
};

/* Looks at p[0..n) and goes on from what was seen before.  Returns the number of bytes taken: up to and including the
 * bracket that brought the depth down to `floor`, with *ret_hit true; or n with *ret_hit false.  A closing bracket too many
 * is a hit as well; the depth never goes below 0.  Brackets of both kinds count as one: a text that mixes
 * them up is found out by the parser. */
size_t hr_split(struct hr_split *s, const char *p, size_t n, uint64_t floor, bool *ret_hit);

#endif

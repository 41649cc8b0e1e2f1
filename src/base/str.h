/* String views: a pointer and a length, passed by value, never owning.  Parsers take views, so a mapped file
 * needs neither a copy nor a terminator. */
#ifndef HR_STR_H
#define HR_STR_H

#include "attr.h"

struct hr_str {
    const char *p;
    size_t n;
};

/* For printf: "%.*s", HR_STR_ARG(s) */
#define HR_STR_ARG(s) ((int)HR_MIN((s).n, (size_t)INT32_MAX)), ((s).p != NULL ? (s).p : "")
#define HR_STR(literal) ((struct hr_str){ (literal), sizeof(literal) - 1 })

struct hr_str hr_str(const char *z); /* of a terminated string; NULL gives the empty view */
bool hr_str_eq(struct hr_str a, struct hr_str b);
bool hr_str_is(struct hr_str a, const char *z);
bool hr_str_starts(struct hr_str s, const char *z);
bool hr_str_ends(struct hr_str s, const char *z);
struct hr_str hr_str_trim(struct hr_str s); /* without blanks, tabs and line ends on both sides */
/* Splits at the first `sep`: *ret_head is what stands before it, *rest what stands after.  Without a separator the
 * whole is the head and the rest becomes empty with p == NULL.  False when *rest was empty with p == NULL already. */
bool hr_str_cut(struct hr_str *rest, char sep, struct hr_str *ret_head);

/* What stands behind the last '/' of a path: a part of it, "" where it ends there. */
const char *hr_base_name(const char *path);

#endif

/* The inner loop of packing JSON: a run of numbers between commas straight into an array of the field's type.
 *
 * Texts end with HR_DECIMAL_PAD readable bytes, the first of them 0; hr_decimal_init has run. */
#ifndef HR_JSON_ROW_H
#define HR_JSON_ROW_H

#include "attr.h"
#include "headrace/types.h"

enum hr_row_what {
    HR_ROW_END,      /* the closing bracket was met: p is behind it */
    HR_ROW_FULL,     /* `max` values, and another follows: p is at it */
    HR_ROW_SYNTAX,   /* neither a number nor ',' nor ']' where one must be */
    HR_ROW_FRACTION, /* a float where the field has integers */
    HR_ROW_RANGE,    /* does not fit the field's type */
};

struct hr_row {
    const char *p; /* where it stopped; at the trouble for the last three */
    size_t n;      /* values written */
    enum hr_row_what what;
};

/* Reads values from p on, which is behind the opening bracket.  `to` has room for `max` elements of type t (a number or
 * HR_BOOL).  NaN, Infinity and -Infinity, as Python's json writes them, are numbers for float types. */
struct hr_row hr_json_row(const char *p, enum hr_dtype t, void *to, size_t max);
/* One value alone; n is 0 or 1, what is HR_ROW_END when it was read. */
struct hr_row hr_json_one(const char *p, enum hr_dtype t, void *to);

static inline const char *hr_json_blanks(const char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

#endif

/* UTF-8 from anywhere: decoded without trusting it, and measured in terminal columns. */
#ifndef HR_UTF8_H
#define HR_UTF8_H

#include "buf.h"
#include "str.h"

enum { HR_UTF8_BAD = 0xFFFD };

/* Takes one character off the front of *rest (not empty) and returns its code point.  A byte that begins no well-formed
 * character (stray, overlong, surrogate, above 0x10FFFF, cut short) is taken alone and given as HR_UTF8_BAD, with
 * *ret_ok false; ret_ok may be NULL. */
uint32_t hr_utf8_next(struct hr_str *rest, bool *ret_ok);

/* Columns that a terminal gives to a code point: 0 for combining marks and controls, 2 for East Asian wide ones and
 * emoji, else 1.  From the East Asian Width property (UAX 11); a table of ranges, independent of the locale. */
int hr_utf8_width(uint32_t c);
/* The sum over a string, in columns. */
size_t hr_utf8_columns(struct hr_str s);

/* Appends s as it may be shown on a terminal: control characters become \xNN (so that a name in a file cannot move the
 * cursor or set colours), malformed bytes become U+FFFD.  False as for every append. */
bool hr_utf8_show(struct hr_buf *b, struct hr_str s);

#endif

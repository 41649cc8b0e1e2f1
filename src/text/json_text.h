/* Walking JSON text by hand: keys, strings, values to step over.  For readers that know what they look for; numbers in bulk
 * are json_row.h, finding where samples end is json_split.h.
 *
 * Texts end with HR_DECIMAL_PAD readable bytes, the first of them 0; a 0 is no part of any JSON text, so nothing ever runs
 * past it.  The grammar is RFC 8259's, with NaN, Infinity and -Infinity as Python's json module writes them.  Every
 * function returns the byte behind what it took, or NULL with the trouble told. */
#ifndef HR_JSON_TEXT_H
#define HR_JSON_TEXT_H

#include "buf.h"
#include "str.h"

enum { HR_JSON_DEPTH = 64 }; /* deepest nesting that is followed */

struct hr_json_trouble {
    const char *at;  /* where in the text */
    const char *why; /* static; ends a sentence: "a comma or a closing bracket is expected" */
};

/* The string at p (a quote).  *ret is a view of the text when nothing is escaped in it, else of `scratch` (emptied first).
 * Control characters, lone surrogates and malformed UTF-8 are refused. */
const char *hr_json_string(const char *p, struct hr_buf *scratch, struct hr_str *ret, struct hr_json_trouble *ret_t);

/* Steps over one value of any kind, checking it. */
const char *hr_json_skip(const char *p, struct hr_json_trouble *ret_t);

enum hr_json_kind {
    HR_JSON_BAD, HR_JSON_OBJECT, HR_JSON_ARRAY, HR_JSON_STRING, HR_JSON_NUMBER, HR_JSON_TRUE_FALSE, HR_JSON_NULL
};
enum hr_json_kind hr_json_kind(const char *p); /* by its first byte */
const char *hr_json_kind_name(enum hr_json_kind k); /* "an object" */

#endif

/* A strict reader of small JSON texts: metadata that we or a user wrote (manifest, statistics, schema, field metadata).
 * Bulk JSON is json_text.h and json_row.h; the writer is json_write.h.
 *
 * RFC 8259 to the letter: UTF-8 well formed, no comments, no trailing commas, no duplicate keys, no bare words but true,
 * false and null, nothing after the value.  Ceilings on size, depth and number of values hold for any input.  An error
 * names line and column.
 *
 *   struct hr_arena a = HR_ARENA_INIT(16 << 20);
 *   const struct hr_js *root;
 *   if (hr_js_parse(text, "manifest.json", &a, &root, err) < 0) ...
 *   const struct hr_js *parts = NULL;
 *   r = hr_js_want(root, "parts", HR_JS_ARRAY, &parts, err);
 *   for (const struct hr_js *p = parts->child; p != NULL; p = p->next) ...
 *
 * The tree lives in the arena; strings and keys are copies, terminated, so the text may go away. */
#ifndef HR_JSON_SMALL_H
#define HR_JSON_SMALL_H

#include "arena.h"
#include "err.h"
#include "str.h"

enum { HR_JS_DEPTH = 32, HR_JS_SIZE = 256 << 20 };

enum hr_js_type { HR_JS_NULL, HR_JS_FALSE, HR_JS_TRUE, HR_JS_NUMBER, HR_JS_STRING, HR_JS_ARRAY, HR_JS_OBJECT };

struct hr_js {
    enum hr_js_type type;
    uint32_t n;           /* members of an array or object */
    uint32_t line, column; /* of its first byte, from 1; columns are bytes */
    struct hr_str key;    /* when it is a member of an object; may hold zeros (written \u0000) */
    struct hr_str text;   /* of a string, decoded; of a number, as written */
    const char *where;    /* the name given to hr_js_parse; the caller's */
    struct hr_js *child, *next;
};

/* `name` is for the sentences and must live as long as the tree. HR_E_FORMAT, HR_E_LIMIT (too long or too deep, or the
 * arena's ceiling), HR_E_NOMEM. */
int hr_js_parse(struct hr_str text, const char *name, struct hr_arena *a, const struct hr_js **ret, struct hr_error *err) HR_MUST_USE;

/* A member of an object by its key; NULL when it is not there, or `o` is NULL or no object. */
const struct hr_js *hr_js_get(const struct hr_js *o, const char *key);
/* The member, which must be there and of that type; the sentence says what is missing where. */
int hr_js_want(const struct hr_js *o, const char *key, enum hr_js_type type, const struct hr_js **ret, struct hr_error *err) HR_MUST_USE;
/* A string without zeros in it, as C expects it; the tree's own. */
int hr_js_want_str(const struct hr_js *o, const char *key, const char **ret, struct hr_error *err) HR_MUST_USE;
int hr_js_want_u64(const struct hr_js *o, const char *key, uint64_t *ret, struct hr_error *err) HR_MUST_USE;

/* The value itself, which must be of the kind; v must not be NULL.  Integers are exact: 1e3 and 1.0 are none. */
int hr_js_u64(const struct hr_js *v, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
int hr_js_i64(const struct hr_js *v, int64_t *ret, struct hr_error *err) HR_MUST_USE;
int hr_js_f64(const struct hr_js *v, double *ret, struct hr_error *err) HR_MUST_USE;
int hr_js_bool(const struct hr_js *v, bool *ret, struct hr_error *err) HR_MUST_USE;

/* HR_E_FORMAT with "<name>:<line>:<column>: " before the sentence. */
int hr_js_fail(const struct hr_js *v, struct hr_error *err, const char *fmt, ...) HR_PRINTF(3, 4);

const char *hr_js_type_name(enum hr_js_type t); /* "an array" */

#endif

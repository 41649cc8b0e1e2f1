/* JSON as a stream of calls into a growing buffer.
 *
 *   struct hr_jw w = HR_JW_INIT(&buf, 2);
 *   hr_jw_object(&w);
 *   hr_jw_key(&w, "samples");
 *   hr_jw_u64(&w, 2000);
 *   hr_jw_end(&w);
 *   if (!hr_jw_done(&w)) ...          out of memory, or a call out of place
 *
 * Commas, line ends and quotes are the writer's business.  Strings are escaped as RFC 8259 asks; malformed UTF-8 becomes
 * U+FFFD, so the output is always valid.  Numbers are the shortest text that reads back as the same value, with '.' in
 * every locale; NaN and the infinities, which JSON does not have, become null.
 *
 * No call returns an error: the first refused append or misplaced call (a value without its key, an end too many, deeper
 * than HR_JW_DEPTH) marks the writer, and hr_jw_done tells. Not thread-safe. */
#ifndef HR_JSON_WRITE_H
#define HR_JSON_WRITE_H

#include "buf.h"

enum { HR_JW_DEPTH = 64 };

struct hr_jw {
    struct hr_buf *out; /* appended to; may be drained between calls */
    unsigned indent;    /* blanks per level; 0 = everything on one line */
    unsigned depth;
    uint64_t in_object; /* bit d: level d is an object, else an array */
    uint64_t nonempty;  /* bit d: level d has a member already */
    bool after_key;     /* the next value belongs to the key just written */
    bool compact;       /* on one line from here on, until the enclosing value of `compact_depth` ends */
    unsigned compact_depth;
    bool misused;
    bool complete; /* one whole value has been written */
};

#define HR_JW_INIT(buf, blanks) ((struct hr_jw) { .out = (buf), .indent = (blanks) })

void hr_jw_object(struct hr_jw *w);
void hr_jw_array(struct hr_jw *w);
/* As the two above, the whole value on one line even in an indented document: for short rows. */
void hr_jw_object_flat(struct hr_jw *w);
void hr_jw_array_flat(struct hr_jw *w);
void hr_jw_end(struct hr_jw *w); /* of the innermost object or array */

void hr_jw_key(struct hr_jw *w, const char *key);
void hr_jw_key_n(struct hr_jw *w, struct hr_str key);

void hr_jw_str(struct hr_jw *w, const char *z); /* NULL gives null */
void hr_jw_str_n(struct hr_jw *w, struct hr_str s);
void hr_jw_u64(struct hr_jw *w, uint64_t v);
void hr_jw_i64(struct hr_jw *w, int64_t v);
void hr_jw_f64(struct hr_jw *w, double v);
void hr_jw_f32(struct hr_jw *w, float v); /* shortest text that reads back as the same float */
void hr_jw_bool(struct hr_jw *w, bool v);
void hr_jw_null(struct hr_jw *w);
void hr_jw_raw(struct hr_jw *w, struct hr_str json); /* a finished JSON value from elsewhere, taken as it is */

/* Key and value in one call. */
void hr_jw_kstr(struct hr_jw *w, const char *key, const char *z);
void hr_jw_ku64(struct hr_jw *w, const char *key, uint64_t v);
void hr_jw_ki64(struct hr_jw *w, const char *key, int64_t v);
void hr_jw_kf64(struct hr_jw *w, const char *key, double v);
void hr_jw_kbool(struct hr_jw *w, const char *key, bool v);
void hr_jw_knull(struct hr_jw *w, const char *key);

/* Exactly one whole value was written, every call was in place, and nothing was refused. */
bool hr_jw_done(const struct hr_jw *w);

/* The number texts alone, for writers of other formats.  Terminated; returns the length.  "null" for NaN and infinities. */
enum { HR_JW_NUMBER = 40 };
size_t hr_jw_f64_text(double v, char out[HR_JW_NUMBER]);
size_t hr_jw_f32_text(float v, char out[HR_JW_NUMBER]);

#endif

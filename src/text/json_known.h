/* Values that may be unknown (known.h), as JSON members: the value, or null followed by "<key>_unknown": "the reason".  Written,
 * and read back. */
#ifndef HR_JSON_KNOWN_H
#define HR_JSON_KNOWN_H

#include "json_small.h"
#include "json_write.h"
#include "known.h"

/* null, and why: for values that say it in another way. */
void hr_jw_kunknown(struct hr_jw *w, const char *key, const char *why);
void hr_jw_kfigure(struct hr_jw *w, const char *key, const struct hr_figure *f);
void hr_jw_kreal(struct hr_jw *w, const char *key, const struct hr_real *f);
void hr_jw_ktruth(struct hr_jw *w, const char *key, const struct hr_truth *f);
void hr_jw_kword(struct hr_jw *w, const char *key, const struct hr_word *f);

/* A member that is not there, or of another kind, is unknown too. `o` may be NULL. */
struct hr_figure hr_js_kfigure(const struct hr_js *o, const char *key);
struct hr_truth hr_js_ktruth(const struct hr_js *o, const char *key);
struct hr_word hr_js_kword(const struct hr_js *o, const char *key);

#endif

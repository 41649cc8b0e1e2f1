/* Values that may be unknown (known.h), as JSON members: the value, or null followed by "<key>_unknown": "the reason". */
#ifndef HR_JSON_KNOWN_H
#define HR_JSON_KNOWN_H

#include "json_write.h"
#include "known.h"

void hr_jw_kfigure(struct hr_jw *w, const char *key, const struct hr_figure *f);
void hr_jw_kreal(struct hr_jw *w, const char *key, const struct hr_real *f);
void hr_jw_ktruth(struct hr_jw *w, const char *key, const struct hr_truth *f);
void hr_jw_kword(struct hr_jw *w, const char *key, const struct hr_word *f);

#endif

#include "json_known.h"

#include <stdio.h>

static void unknown(struct hr_jw *w, const char *key, const char *why)
{
    char name[128];
    hr_jw_knull(w, key);
    snprintf(name, sizeof name, "%s_unknown", key);
    hr_jw_kstr(w, name, why);
}

void hr_jw_kfigure(struct hr_jw *w, const char *key, const struct hr_figure *f)
{
    if (f->known)
        hr_jw_ku64(w, key, f->v);
    else
        unknown(w, key, f->why);
}

void hr_jw_kreal(struct hr_jw *w, const char *key, const struct hr_real *f)
{
    if (f->known)
        hr_jw_kf64(w, key, f->v);
    else
        unknown(w, key, f->why);
}

void hr_jw_ktruth(struct hr_jw *w, const char *key, const struct hr_truth *f)
{
    if (f->known)
        hr_jw_kbool(w, key, f->v);
    else
        unknown(w, key, f->why);
}

void hr_jw_kword(struct hr_jw *w, const char *key, const struct hr_word *f)
{
    if (f->known)
        hr_jw_kstr(w, key, f->v);
    else
        unknown(w, key, f->why);
}

#include "json_known.h"

#include <stdio.h>

void hr_jw_kunknown(struct hr_jw *w, const char *key, const char *why)
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
        hr_jw_kunknown(w, key, f->why);
}

void hr_jw_kreal(struct hr_jw *w, const char *key, const struct hr_real *f)
{
    if (f->known)
        hr_jw_kf64(w, key, f->v);
    else
        hr_jw_kunknown(w, key, f->why);
}

void hr_jw_ktruth(struct hr_jw *w, const char *key, const struct hr_truth *f)
{
    if (f->known)
        hr_jw_kbool(w, key, f->v);
    else
        hr_jw_kunknown(w, key, f->why);
}

void hr_jw_kword(struct hr_jw *w, const char *key, const struct hr_word *f)
{
    if (f->known)
        hr_jw_kstr(w, key, f->v);
    else
        hr_jw_kunknown(w, key, f->why);
}

static const char *reason(const struct hr_js *o, const char *key, char out[HR_WHY_MAX])
{
    char name[128];
    snprintf(name, sizeof name, "%s_unknown", key);
    const struct hr_js *v = hr_js_get(o, name);
    snprintf(out, HR_WHY_MAX, "%s",
             v != NULL && v->type == HR_JS_STRING && v->text.n != 0 ? v->text.p : "the reading does not tell it");
    return out;
}

struct hr_figure hr_js_kfigure(const struct hr_js *o, const char *key)
{
    const struct hr_js *v = hr_js_get(o, key);
    uint64_t n;
    char why[HR_WHY_MAX];
    if (v != NULL && v->type == HR_JS_NUMBER && hr_js_u64(v, &n, NULL) == 0)
        return hr_figure_of(n);
    return hr_figure_unknown("%s", reason(o, key, why));
}

struct hr_truth hr_js_ktruth(const struct hr_js *o, const char *key)
{
    const struct hr_js *v = hr_js_get(o, key);
    char why[HR_WHY_MAX];
    if (v != NULL && (v->type == HR_JS_TRUE || v->type == HR_JS_FALSE))
        return hr_truth_of(v->type == HR_JS_TRUE);
    return hr_truth_unknown("%s", reason(o, key, why));
}

struct hr_word hr_js_kword(const struct hr_js *o, const char *key)
{
    const struct hr_js *v = hr_js_get(o, key);
    char why[HR_WHY_MAX];
    if (v != NULL && v->type == HR_JS_STRING)
        return hr_word_of(v->text);
    return hr_word_unknown("%s", reason(o, key, why));
}

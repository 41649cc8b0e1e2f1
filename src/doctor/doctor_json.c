/* The schema is a promise: members are added, never renamed or removed. */
#include "doctor_report.h"

enum { SCHEMA = 1 };

static void lines(struct hr_jw *w, const char *key, const struct hr_buf *text)
{
    struct hr_str rest = hr_buf_str(text), one;
    hr_jw_key(w, key);
    hr_jw_array(w);
    while (rest.n != 0 && hr_str_cut(&rest, '\n', &one))
        hr_jw_str_n(w, one);
    hr_jw_end(w);
}

static void mends(struct hr_jw *w, const struct hr_finding *f)
{
    hr_jw_key(w, "mends");
    hr_jw_array(w);
    for (const struct hr_mend *m = f->mend; m != NULL; m = m->next) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "path", m->path);
        hr_jw_kstr(w, "does", m->does);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void result(struct hr_jw *w, const struct hr_result *r, bool times)
{
    const struct hr_finding *f = &r->finding;
    hr_jw_object(w);
    hr_jw_kstr(w, "id", r->check->id);
    hr_jw_kstr(w, "group", hr_check_group_name(r->group));
    hr_jw_kstr(w, "title", r->check->title);
    if (r->group == HR_CHECK_DATA)
        hr_jw_kstr(w, "path", r->path);
    hr_jw_kstr(w, "verdict", hr_verdict_name(f->verdict));
    hr_jw_kstr(w, "say", f->say.data);
    lines(w, "seen", &f->seen);
    lines(w, "fix", &f->fix);
    lines(w, "undo", &f->undo);
    mends(w, f);
    hr_jw_kstr(w, "why", r->check->why);
    hr_jw_kstr(w, "source", r->check->source);
    if (times)
        hr_jw_ku64(w, "took_ns", r->took);
    hr_jw_end(w);
}

void hr_result_json(const struct hr_result *r, struct hr_jw *w)
{
    result(w, r, false);
}

void hr_doctor_json(const struct hr_diagnosis *d, const struct hr_portrait *p, const struct hr_doctor_about *a,
                    struct hr_jw *w)
{
    hr_jw_object(w);
    hr_jw_ku64(w, "schema", SCHEMA);
    hr_jw_kstr(w, "version", a->version);
    hr_jw_kbool(w, "captured", a->captured);
    hr_jw_kstr(w, "verdict", hr_verdict_name(hr_diagnosis_verdict(d)));
    hr_jw_key(w, "counts");
    hr_jw_object_flat(w);
    for (int v = HR_BAD; v >= HR_NOT_HERE; v--)
        hr_jw_ku64(w, hr_verdict_name((enum hr_verdict)v), d->count[v]);
    hr_jw_end(w);
    hr_jw_key(w, "machine");
    hr_jw_array(w);
    for (size_t i = 0; i < p->n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "what", p->line[i].what);
        hr_jw_kstr(w, "text", p->line[i].text.data);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    if (a->took != 0)
        hr_jw_ku64(w, "took_ns", a->took);
    hr_jw_ku64(w, "left_out", d->left_out);
    hr_jw_key(w, "checks");
    hr_jw_array(w);
    for (size_t i = 0; i < d->n; i++)
        result(w, &d->result[i], a->took != 0);
    hr_jw_end(w);
    hr_jw_end(w);
}

void hr_doctor_json_list(struct hr_jw *w)
{
    hr_jw_array(w);
    for (int g = 0; g < HR_CHECK_GROUPS; g++)
        for (const struct hr_check *c = hr_check_group_table((enum hr_check_group)g); c->id != NULL; c++) {
            hr_jw_object(w);
            hr_jw_kstr(w, "id", c->id);
            hr_jw_kstr(w, "group", hr_check_group_name((enum hr_check_group)g));
            hr_jw_kstr(w, "title", c->title);
            hr_jw_kbool(w, "deep", c->deep);
            hr_jw_kstr(w, "why", c->why);
            hr_jw_kstr(w, "source", c->source);
            hr_jw_end(w);
        }
    hr_jw_end(w);
}

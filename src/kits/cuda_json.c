/* The report for programs.  The schema is a promise: members are added, never renamed or removed. */
#include "cuda_report.h"

#include "arch.h"
#include "gpus.h"

#include <string.h>

enum { SCHEMA = 1 };

static void version(struct hr_jw *w, const char *key, unsigned cuda)
{
    hr_jw_kstr(w, key, cuda != 0 ? hr_cuda_text(cuda).text : NULL);
}

static void word(struct hr_jw *w, const char *key, const struct hr_word *v)
{
    hr_jw_kstr(w, key, v->known ? v->v : NULL);
}

static void driver(struct hr_jw *w, const struct hr_cuda_report *r)
{
    const struct hr_gpus *g = hr_facts_gpus(r->facts);
    const struct hr_toolkits *t = hr_facts_toolkits(r->facts);
    hr_jw_key(w, "driver");
    hr_jw_object(w);
    word(w, "version", &g->driver);
    version(w, "cuda", g->cuda.known ? (unsigned)g->cuda.v : 0);
    hr_jw_kstr(w, "why", g->driver.known ? NULL : g->say[0] != 0 ? g->say : g->driver.why);
    hr_jw_kbool(w, "of_windows", r->plan.wsl);
    hr_jw_key(w, "libcuda");
    hr_jw_array(w);
    for (size_t i = 0; i < t->libcudas; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "path", t->libcuda[i].path);
        hr_jw_kstr(w, "from", t->libcuda[i].from);
        hr_jw_kbool(w, "stub", t->libcuda[i].stub);
        hr_jw_kbool(w, "wsl", t->libcuda[i].wsl);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_end(w);
    hr_jw_key(w, "cards");
    hr_jw_array(w);
    for (size_t i = 0; i < g->n; i++) {
        unsigned cc = hr_gpu_cc(&g->gpu[i]);
        hr_jw_object_flat(w);
        word(w, "name", &g->gpu[i].name);
        hr_jw_kstr(w, "compute_capability", cc != 0 ? hr_cc_text(cc).text : NULL);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void toolkits(struct hr_jw *w, const struct hr_cuda_report *r)
{
    const struct hr_toolkits *t = hr_facts_toolkits(r->facts);
    const struct hr_dpkg *d = hr_facts_dpkg(r->facts);
    hr_jw_key(w, "toolkits");
    hr_jw_array(w);
    for (size_t i = 0; i < t->n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "path", t->kit[i].path);
        hr_jw_kstr(w, "kind", hr_toolkit_kind_name(t->kit[i].kind));
        word(w, "version", &t->kit[i].version);
        hr_jw_kbool(w, "nvcc", t->kit[i].nvcc);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_key(w, "nvcc_on_path");
    hr_jw_array_flat(w);
    for (size_t i = 0; i < r->picks.nvccs; i++)
        hr_jw_str(w, r->picks.nvcc[i].v);
    hr_jw_end(w);
    hr_jw_key(w, "packages");
    hr_jw_array(w);
    for (size_t i = 0; i < d->n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "name", d->package[i].name);
        hr_jw_kstr(w, "version", d->package[i].version);
        hr_jw_kstr(w, "state", d->package[i].state);
        hr_jw_kbool(w, "driver", d->package[i].driver);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void python(struct hr_jw *w, const struct hr_cuda_report *r)
{
    const struct hr_python *p = hr_facts_python(r->facts);
    char list[HR_WORD_MAX];
    hr_jw_key(w, "python");
    hr_jw_array(w);
    for (size_t i = 0; i < p->n; i++) {
        const struct hr_python_env *e = &p->env[i];
        hr_images_text(&e->torch.images, list);
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "path", e->path);
        hr_jw_kbool(w, "active", e->active);
        word(w, "torch", &e->torch.version);
        word(w, "cuda", &e->torch.cuda);
        hr_jw_kstr(w, "code_for", e->torch.images.n != 0 ? list : NULL);
        word(w, "nvidia_cuda_runtime", &e->wheel_runtime);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void picks(struct hr_jw *w, const struct hr_picks *p)
{
    static const char *const states[] = { "takes", "nothing", "broken", "unknown" };
    hr_jw_kbool(w, "agree", p->agree);
    hr_jw_kstr(w, "cure", p->cure[0] != 0 ? p->cure : NULL);
    hr_jw_key(w, "picks");
    hr_jw_array(w);
    for (size_t i = 0; i < p->n; i++) {
        const struct hr_pick *k = &p->pick[i];
        hr_jw_object(w);
        hr_jw_kstr(w, "id", k->id);
        hr_jw_kstr(w, "who", k->who);
        hr_jw_kbool(w, "builds", i < p->builders);
        hr_jw_kstr(w, "state", states[k->state]);
        hr_jw_kstr(w, "takes", k->takes[0] != 0 ? k->takes : NULL);
        version(w, "cuda", k->cuda);
        hr_jw_kstr(w, "because", k->because);
        hr_jw_kstr(w, "rule", k->rule);
        hr_jw_kstr(w, "source", k->source);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void plan(struct hr_jw *w, const struct hr_cuda_plan *p)
{
    hr_jw_key(w, "reinstall");
    hr_jw_object(w);
    version(w, "want", p->want);
    hr_jw_kstr(w, "want_why", p->want_why);
    hr_jw_kstr(w, "system", p->system);
    hr_jw_kstr(w, "repository", p->known ? p->repository : NULL);
    hr_jw_kstr(w, "why_not", p->known ? NULL : p->why);
    hr_jw_key(w, "notes");
    hr_jw_array(w);
    for (size_t i = 0; i < p->notes; i++)
        hr_jw_str(w, p->note[i]);
    hr_jw_end(w);
    hr_jw_key(w, "steps");
    hr_jw_array(w);
    for (size_t i = 0; i < p->steps; i++) {
        const struct hr_plan_step *s = &p->step[i];
        hr_jw_object(w);
        hr_jw_kstr(w, "title", s->title);
        hr_jw_kbool(w, "system_wide", s->system_wide);
        hr_jw_kstr(w, "source", s->source);
        hr_jw_key(w, "commands");
        hr_jw_array(w);
        for (size_t k = 0; k < HR_COUNT(s->command) && s->command[k][0] != 0; k++)
            hr_jw_str(w, s->command[k]);
        hr_jw_end(w);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_end(w);
}

void hr_cuda_report_json(const struct hr_cuda_report *r, const char *of, bool captured, struct hr_jw *w)
{
    struct hr_buf say = HR_BUF_INIT(4096);
    hr_cuda_report_say(r, &say);
    hr_jw_object(w);
    hr_jw_ku64(w, "schema", SCHEMA);
    hr_jw_kstr(w, "version", of);
    hr_jw_kbool(w, "captured", captured);
    hr_jw_kstr(w, "verdict", hr_verdict_name(hr_cuda_report_verdict(r)));
    hr_jw_kstr(w, "say", say.data);
    driver(w, r);
    toolkits(w, r);
    python(w, r);
    picks(w, &r->picks);
    hr_jw_key(w, "checks");
    hr_jw_array(w);
    for (size_t i = 0; i < r->diagnosis.n; i++)
        hr_result_json(&r->diagnosis.result[i], w);
    hr_jw_end(w);
    plan(w, &r->plan);
    hr_jw_end(w);
    hr_buf_fini(&say);
}

/* The report for people.  Nothing of the machine's own bytes reaches the screen but through hr_utf8_show. */
#include "cuda_report.h"

#include "arch.h"
#include "gpu_words.h"
#include "human.h"
#include "utf8.h"
#include "wrap.h"

#include <string.h>

enum { PART_MAX = 1 << 20, WHAT = 12, WHO = 24, CUDA = 6 };

struct sheet {
    const struct hr_screen *s;
    struct hr_buf *out;
};

static void style(const struct sheet *g, const char *code)
{
    if (g->s->color)
        hr_buf_printf(g->out, "\x1b[%sm", code);
}

static void filled(const struct sheet *g, const char *text, size_t column, size_t indent)
{
    struct hr_buf b = HR_BUF_INIT(PART_MAX);
    hr_utf8_show(&b, hr_str(text));
    hr_wrap(g->out, hr_buf_str(&b), column, indent, g->s->width);
    hr_buf_addc(g->out, '\n');
    hr_buf_fini(&b);
}

static void heading(const struct sheet *g, const char *text)
{
    hr_buf_addc(g->out, '\n');
    style(g, "1");
    hr_buf_adds(g->out, text);
    style(g, "0");
    hr_buf_addc(g->out, '\n');
}

/* --- what is here --- */

static void line(const struct sheet *g, const char *what, struct hr_buf *text)
{
    hr_buf_adds(g->out, "  ");
    style(g, "2");
    hr_buf_printf(g->out, "%-*s", WHAT - 2, what);
    style(g, "0");
    filled(g, text->data, WHAT, WHAT);
    hr_buf_reset(text);
}

static void driver(const struct sheet *g, const struct hr_cuda_report *r, struct hr_buf *b)
{
    const struct hr_gpus *gpus = hr_facts_gpus(r->facts);
    const struct hr_toolkits *t = hr_facts_toolkits(r->facts);
    if (gpus->driver.known)
        hr_buf_printf(b, "%s%s, CUDA up to %s", gpus->driver.v, r->plan.wsl ? " (of Windows)" : "",
                      gpus->cuda.known ? hr_cuda_text((unsigned)gpus->cuda.v).text : "–");
    else if (gpus->state == HR_GPUS_NO_LIBRARY)
        hr_buf_adds(b, "none: NVIDIA's library libnvidia-ml.so.1 is not there");
    else
        hr_buf_printf(b, "– (%s)", gpus->say[0] != 0 ? gpus->say : gpus->driver.why);
    line(g, "driver", b);
    for (size_t i = 0, alike; i < gpus->n; i += alike) { /* neighbours of one name are told once */
        unsigned cc = hr_gpu_cc(&gpus->gpu[i]);
        struct hr_word name = hr_gpu_name(gpus, i);
        for (alike = 1; i + alike < gpus->n && gpus->gpu[i].name.known &&
                        strcmp(hr_gpu_name(gpus, i + alike).v, name.v) == 0;)
            alike++;
        if (alike > 1)
            hr_buf_printf(b, "%zu × ", alike);
        hr_buf_printf(b, "%s, compute capability %s", name.v, cc != 0 ? hr_cc_text(cc).text : "–");
        line(g, i == 0 ? "card" : "", b);
    }
    for (size_t i = 0; i < t->libcudas; i++) {
        hr_buf_printf(b, "%s (%s%s)", t->libcuda[i].path, t->libcuda[i].from, t->libcuda[i].stub ? ", a link stub" : "");
        line(g, i == 0 ? "libcuda" : "", b);
    }
}

static void toolkits(const struct sheet *g, const struct hr_cuda_report *r, struct hr_buf *b)
{
    const struct hr_toolkits *t = hr_facts_toolkits(r->facts);
    for (size_t i = 0; i < t->n; i++) {
        const struct hr_toolkit *k = &t->kit[i];
        hr_buf_printf(b, "CUDA %s in %s (%s%s)", hr_word_text(&k->version), k->path, hr_toolkit_kind_name(k->kind),
                      k->nvcc ? "" : ", without nvcc");
        line(g, i == 0 ? "toolkit" : "", b);
    }
    for (size_t i = 0; r->picks.nvccs > 1 && i < r->picks.nvccs; i++) {
        hr_buf_printf(b, "%s%s", r->picks.nvcc[i].v, i == 0 ? ", the first on PATH" : ", behind it");
        line(g, i == 0 ? "nvcc" : "", b);
    }
    if (t->n == 0) {
        hr_buf_adds(b, "none");
        line(g, "toolkit", b);
    }
}

static void packages(const struct sheet *g, const struct hr_cuda_report *r, struct hr_buf *b)
{
    const struct hr_dpkg *d = hr_facts_dpkg(r->facts);
    size_t installed = 0, drivers = 0, others = 0;
    for (size_t i = 0; i < d->n; i++) {
        bool is = strcmp(d->package[i].state, "installed") == 0;
        drivers += is && d->package[i].driver;
        installed += is && !d->package[i].driver;
        others += !is;
    }
    if (d->n == 0)
        return;
    hr_buf_printf(b, "%zu of CUDA and its libraries, %zu of a driver", installed, drivers);
    if (others != 0)
        hr_buf_printf(b, ", %zu half installed or removed", others);
    line(g, "packages", b);
}

static void python(const struct sheet *g, const struct hr_cuda_report *r, struct hr_buf *b)
{
    const struct hr_python *p = hr_facts_python(r->facts);
    char list[HR_WORD_MAX];
    bool first = true;
    for (size_t i = 0; i < p->n; i++) {
        const struct hr_python_env *e = &p->env[i];
        if (!e->torch.there && !e->wheel_runtime.known)
            continue;
        hr_buf_printf(b, "%s%s: ", e->path, e->active ? " (active)" : "");
        if (e->torch.there) {
            hr_images_text(&e->torch.images, list);
            hr_buf_printf(b, "PyTorch %s, CUDA %s", hr_word_text(&e->torch.version), hr_word_text(&e->torch.cuda));
            if (e->torch.images.n != 0)
                hr_buf_printf(b, ", code for %s", list);
        }
        if (e->wheel_runtime.known)
            hr_buf_printf(b, "%snvidia-cuda-runtime %s", e->torch.there ? ", " : "", e->wheel_runtime.v);
        line(g, first ? "python" : "", b);
        first = false;
    }
}

/* --- what each build takes --- */

static void one_pick(const struct sheet *g, const struct hr_pick *p, struct hr_buf *b)
{
    struct hr_cc_text cuda = hr_cuda_text(p->cuda);
    hr_buf_printf(g->out, "  %-*s", WHO - 2, p->who);
    style(g, p->state == HR_PICK_BROKEN ? "1;31" : p->state == HR_PICK_TAKES ? "1" : "2");
    hr_buf_printf(g->out, "%-*s", CUDA + (p->cuda == 0 ? 2 : 0), p->cuda != 0 ? cuda.text : "–"); /* the dash is three bytes */
    style(g, "0");
    if (p->takes[0] != 0)
        hr_buf_printf(b, "%s: ", p->takes);
    hr_buf_adds(b, p->because);
    filled(g, b->data, WHO + CUDA, WHO + CUDA);
    hr_buf_reset(b);
    if (!g->s->verbose)
        return;
    style(g, "2");
    hr_buf_pad(g->out, WHO + CUDA, ' ');
    hr_buf_printf(b, "order: %s [%s]", p->rule, p->source);
    filled(g, b->data, WHO + CUDA, WHO + CUDA);
    style(g, "0");
    hr_buf_reset(b);
}

/* --- the plan --- */

static void plan(const struct sheet *g, const struct hr_cuda_plan *p, struct hr_buf *b)
{
    hr_buf_printf(b, "CUDA %s anew on %s", hr_cuda_text(p->want).text, p->system);
    heading(g, b->data);
    hr_buf_reset(b);
    if (!p->known) {
        hr_buf_adds(g->out, "  ");
        filled(g, p->why, 2, 2);
        return;
    }
    hr_buf_printf(b, "%s: %s", hr_cuda_text(p->want).text, p->want_why);
    hr_buf_adds(g->out, "  ");
    filled(g, b->data, 2, 2);
    hr_buf_reset(b);
    for (size_t i = 0; i < p->notes; i++) {
        style(g, "1;33");
        hr_buf_adds(g->out, "  ! ");
        style(g, "0");
        filled(g, p->note[i], 4, 4);
    }
    for (size_t i = 0; i < p->steps; i++) {
        const struct hr_plan_step *s = &p->step[i];
        hr_buf_printf(g->out, "\n  %zu  ", i + 1);
        hr_buf_printf(b, "%s  [%s]", s->title, s->source);
        filled(g, b->data, 5, 5);
        hr_buf_reset(b);
        for (size_t k = 0; k < HR_COUNT(s->command) && s->command[k][0] != 0; k++) {
            hr_buf_adds(g->out, "     ");
            style(g, "1");
            hr_utf8_show(g->out, hr_str(s->command[k]));
            style(g, "0");
            hr_buf_addc(g->out, '\n');
        }
    }
}

static void verdict(const struct sheet *g, const struct hr_cuda_report *r, struct hr_buf *b)
{
    static const struct {
        enum hr_verdict v;
        const char *one, *many;
    } word[] = { { HR_BAD, "thing is broken", "things are broken" },
                 { HR_WARN, "will cost a build or time", "will cost a build or time" },
                 { HR_NOTE, "is worth knowing", "are worth knowing" },
                 { HR_UNKNOWN, "could not be looked at", "could not be looked at" } };
    enum hr_verdict v = hr_cuda_report_verdict(r);
    bool any = false;
    hr_cuda_report_say(r, b);
    for (size_t i = 0; i < HR_COUNT(word); i++) {
        size_t n = r->diagnosis.count[word[i].v];
        if (n == 0)
            continue;
        hr_buf_printf(b, "%s%zu %s", any ? ", " : " ", n, n == 1 ? word[i].one : word[i].many);
        any = true;
    }
    if (any)
        hr_buf_addc(b, '.');
    style(g, v == HR_BAD ? "1;31" : v == HR_WARN ? "1;33" : "1");
    filled(g, b->data, 0, 0);
    style(g, "0");
    hr_buf_addc(g->out, '\n');
    hr_buf_reset(b);
}

void hr_cuda_report_screen(const struct hr_cuda_report *r, const struct hr_screen *s, struct hr_buf *out)
{
    static const char *const titles[HR_BAD + 1] = { [HR_BAD] = "Broken",
                                                    [HR_WARN] = "Will cost a build, or time",
                                                    [HR_NOTE] = "Worth knowing",
                                                    [HR_UNKNOWN] = "Could not be looked at" };
    struct sheet g = { s, out };
    struct hr_buf b = HR_BUF_INIT(PART_MAX);
    verdict(&g, r, &b);
    driver(&g, r, &b);
    toolkits(&g, r, &b);
    packages(&g, r, &b);
    python(&g, r, &b);
    size_t find = 0;
    for (size_t i = 0; i < r->picks.builders; i++)
        find += r->picks.pick[i].state != HR_PICK_NOTHING;
    heading(&g, "What each build takes");
    if (find == 0 && !s->verbose) {
        hr_buf_adds(out, "  ");
        filled(&g, "None finds a toolkit: neither nvcc in a shell, nor CMake, PyTorch's builder, CuPy or Rust crates.", 2, 2);
    }
    for (size_t i = find == 0 && !s->verbose ? r->picks.builders : 0; i < r->picks.n; i++)
        one_pick(&g, &r->picks.pick[i], &b);
    if (!r->picks.agree && r->picks.cure[0] != 0) {
        hr_buf_adds(out, "\n  All of them take CUDA ");
        hr_buf_printf(out, "%s with:\n    ", r->picks.cure_cuda != 0 ? hr_cuda_text(r->picks.cure_cuda).text : "–");
        style(&g, "1");
        hr_utf8_show(out, hr_str(r->picks.cure));
        style(&g, "0");
        hr_buf_addc(out, '\n');
    }
    hr_doctor_findings(&r->diagnosis, s, titles, out);
    if (r->plan_asked) {
        plan(&g, &r->plan, &b);
    } else {
        hr_buf_addc(out, '\n');
        if (r->plan.known)
            hr_buf_printf(&b, "A clean reinstall, step by step: headrace cuda --want %s (%s). The order in which each tool looks: --verbose.",
                          hr_cuda_text(r->plan.want).text, r->plan.want_why);
        else if (hr_cuda_report_verdict(r) >= HR_WARN)
            hr_buf_printf(&b, "No clean reinstall can be told: %s. The order in which each tool looks: --verbose.", r->plan.why);
        else
            hr_buf_adds(&b, "The order in which each tool looks: --verbose.");
        filled(&g, b.data, 0, 0);
    }
    hr_buf_fini(&b);
}

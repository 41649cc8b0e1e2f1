#include "text_page.h"

#include <stdio.h>
#include <string.h>

void hr_text_missing(struct hr_text_page *g, const char *what, const char *why)
{
    for (unsigned i = 0; i < g->reasons; i++)
        if (strcmp(g->reason[i].why, why) == 0 || strcmp(g->reason[i].what, what) == 0)
            return;
    if (g->reasons == HR_TEXT_REASONS || why[0] == 0)
        return;
    snprintf(g->reason[g->reasons].what, sizeof g->reason[0].what, "%s", what);
    snprintf(g->reason[g->reasons++].why, sizeof g->reason[0].why, "%s", why);
}

struct hr_human hr_reading_bytes(struct hr_reading r)
{
    return r.why == HR_WHY_KNOWN ? hr_human_bytes(r.v) : (struct hr_human) { "–" };
}

const char *hr_text_bytes(struct hr_text_page *g, const char *what, const struct hr_figure *f, struct hr_human *h)
{
    if (!f->known)
        hr_text_missing(g, what, f->why);
    *h = f->known ? hr_human_bytes(f->v) : (struct hr_human) { "–" };
    return h->text;
}

const char *hr_text_percent(struct hr_text_page *g, const char *what, const struct hr_real *f, char out[16])
{
    if (!f->known)
        hr_text_missing(g, what, f->why);
    snprintf(out, 16, f->known ? "%.1f %%" : "–", f->v);
    return out;
}

bool hr_watch_text(const struct hr_model *m, const struct hr_watch_screen *s, struct hr_buf *out)
{
    struct hr_text_page g = { .m = m, .s = s, .out = out };
    hr_text_machine(&g);
    if (m->gpus.n != 0)
        hr_buf_addc(out, '\n');
    hr_text_gpus(&g);
    hr_text_jobs(&g);
    for (unsigned i = 0; i < g.reasons; i++)
        hr_buf_printf(out, "%s  – %s: %s\n", i == 0 ? "\nnot known\n" : "", g.reason[i].what, g.reason[i].why);
    return !out->failed;
}

bool hr_watch_line(const struct hr_model *m, struct hr_buf *out)
{
    char c[16];
    double v;
    snprintf(c, sizeof c, m->cpu.busy.known ? "%.0f %%" : "–", m->cpu.busy.v);
    hr_buf_printf(out, "CPU %s  memory %s available  swap %s", c,
                  m->memory.available.known ? hr_human_bytes(m->memory.available.v).text : "–",
                  m->memory.swap_used.known ? hr_human_bytes(m->memory.swap_used.v).text : "–");
    v = -1;
    for (unsigned i = 0; i < m->disk_n; i++)
        v = HR_MAX(v, m->disk[i].busy.why == HR_WHY_KNOWN ? (double)m->disk[i].busy.v / 10 : v);
    hr_buf_printf(out, v < 0 ? "  disk –" : "  disk %.0f %%", v);
    for (unsigned i = 0; i < m->gpus.n; i++) {
        const struct hr_gpu_load *u = &m->gpus.gpu[i];
        if (u->busy.known && !m->gpus.stale)
            hr_buf_printf(out, "  GPU%u %llu %%", i, (unsigned long long)u->busy.v);
        else
            hr_buf_printf(out, "  GPU%u –", i);
    }
    for (unsigned i = 0; i < m->job_n; i++)
        hr_buf_printf(out, "  %s %s", m->job[i].name, hr_reading_bytes(m->job[i].memory).text);
    return hr_buf_addc(out, '\n');
}

#include "human.h"
#include "postmortem.h"

#include <stdio.h>

enum { PLOT_W = 60, PLOT_H = 8 };

/* The greatest of the moments under a column. */
static double column(const struct hr_postmortem *p, unsigned x)
{
    unsigned w = HR_MIN(p->curve, (unsigned)PLOT_W), from = x * p->curve / w, to = HR_MAX((x + 1) * p->curve / w, from + 1);
    double v = -1;
    for (unsigned i = from; i < to && i < p->curve; i++)
        v = HR_MAX(v, p->used[i]);
    return v;
}

static void plot(const struct hr_postmortem *p, const char *from, const char *at, bool ascii, struct hr_buf *out)
{
    static const char *const eighths[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    unsigned w = HR_MIN(p->curve, (unsigned)PLOT_W);
    for (int row = PLOT_H - 1; row >= 0; row--) {
        hr_buf_printf(out, row == PLOT_H - 1 ? "  100 %% |" : row == 0 ? "    0 %% |" : "        |");
        for (unsigned x = 0; x < w; x++) {
            double v = column(p, x) * PLOT_H / 100 - row;
            int e = v <= 0 ? 0 : v >= 1 ? 8 : (int)(v * 8 + 0.5);
            hr_buf_adds(out, !ascii ? eighths[e] : e >= 4 ? "#" : e > 0 ? "." : " ");
        }
        hr_buf_addc(out, '\n');
    }
    hr_buf_printf(out, "         %s to %s: memory that was not available\n", from, at);
}

void hr_postmortem_text(const struct hr_postmortem *p, const char *from, const char *at, bool ascii, struct hr_buf *out)
{
    hr_buf_printf(out, "%s\n", hr_cause_text(p->cause));
    hr_buf_printf(out, "%s%s%s; last moment %s\n\n", hr_post_end_text(p->end), p->why_ended[0] != 0 ? ": " : "", p->why_ended, at);
    for (unsigned i = 0; i < p->evidence_n; i++)
        hr_buf_printf(out, "  - %s\n", p->evidence[i]);
    if (p->memory_known && p->curve > 1) {
        hr_buf_addc(out, '\n');
        plot(p, from, at, ascii, out);
    }
    hr_post_alerts_text(p, ascii, out);
    hr_buf_printf(out, "\nwho grew in these %s (%zu looks)\n", hr_human_duration(p->last - p->first).text, p->moments);
    if (p->growers == 0)
        hr_buf_printf(out, "  nobody by 16 MiB or more\n");
    for (unsigned i = 0; i < p->growers; i++) {
        const struct hr_grower *g = &p->grower[i];
        hr_buf_printf(out, "  +%-10s %s", hr_human_bytes(g->is - g->was).text, g->was == 0 ? "new, to " : "");
        if (g->was != 0)
            hr_buf_printf(out, "%s to ", hr_human_bytes(g->was).text);
        hr_buf_printf(out, "%s  %d %s%s\n", hr_human_bytes(g->is).text, g->pid, g->name, g->ended ? "  (ended before)" : "");
    }
    if (p->cause == HR_CAUSE_OOM || p->cause == HR_CAUSE_MEMORY)
        hr_buf_printf(out, "\nnext time: headrace run -- COMMAND puts marks on its memory; headrace build holds compilers until they fit\n");
    else if (p->cause == HR_CAUSE_GPU)
        hr_buf_printf(out, "\nnext: headrace doctor\n");
}

void hr_postmortem_json(const struct hr_postmortem *p, struct hr_jw *w)
{
    static const char *const ends[HR_POST_ENDS] = { "clean", "recorder-ended", "machine-ended", "cut-off", "goes-on" };
    static const char *const causes[HR_CAUSES] = { "none", "oom-kill", "memory", "gpu", "kernel", "storage", "unknown" };
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-postmortem/1");
    hr_jw_kstr(w, "end", ends[p->end]);
    hr_jw_kstr(w, "cause", causes[p->cause]);
    hr_jw_kstr(w, "verdict", hr_cause_text(p->cause));
    hr_jw_ku64(w, "first_ns", p->first);
    hr_jw_ku64(w, "last_ns", p->last);
    hr_jw_ku64(w, "looks", p->moments);
    hr_jw_key(w, "available");
    if (p->memory_known)
        hr_jw_u64(w, p->available);
    else
        hr_jw_null(w);
    hr_jw_key(w, "evidence");
    hr_jw_array(w);
    for (unsigned i = 0; i < p->evidence_n; i++)
        hr_jw_str(w, p->evidence[i]);
    hr_jw_end(w);
    hr_post_alerts_json(p, w);
    hr_jw_key(w, "grew");
    hr_jw_array(w);
    for (unsigned i = 0; i < p->growers; i++) {
        hr_jw_object_flat(w);
        hr_jw_ki64(w, "pid", p->grower[i].pid);
        hr_jw_kstr(w, "name", p->grower[i].name);
        hr_jw_ku64(w, "was", p->grower[i].was);
        hr_jw_ku64(w, "is", p->grower[i].is);
        hr_jw_kbool(w, "ended", p->grower[i].ended);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_key(w, "used_percent");
    hr_jw_array_flat(w);
    for (unsigned i = 0; i < p->curve; i++) {
        if (p->used[i] < 0)
            hr_jw_null(w);
        else
            hr_jw_f32(w, (float)p->used[i]);
    }
    hr_jw_end(w);
    hr_jw_end(w);
}

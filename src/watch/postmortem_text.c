#include "human.h"
#include "postmortem.h"

#include <stdio.h>

enum { PLOT_W = 60, PLOT_H = 8 };

static const struct {
    const char *key, *text, *wsl; /* wsl: what it is called there, NULL: the same */
} ends[HR_POST_ENDS] = {
    [HR_POST_CLEAN] = { "clean", "the recorder ended in order", NULL },
    [HR_POST_RECORDER] = { "recorder-ended", "the recording was cut off: the recorder was ended from outside, and the machine ran on", NULL },
    [HR_POST_MACHINE] = { "machine-ended", "the recording was cut off, and the machine was started anew since",
                          "the recording was cut off: the WSL VM went away and was started anew since" },
    [HR_POST_CUT] = { "cut-off", "the recording was cut off; whether the machine ended too cannot be told", NULL },
    [HR_POST_GOES_ON] = { "goes-on", "it is being recorded at this moment: the recorder has not ended", NULL },
};

static const struct {
    const char *key, *text, *next; /* next: what to do, NULL: nothing that helps in general */
} causes[HR_CAUSES] = {
    [HR_CAUSE_NONE] = { "none", "nothing went wrong that was recorded", NULL },
    [HR_CAUSE_OOM] = { "oom-kill", "the kernel killed a program because memory was used up",
                       "next time: headrace run -- COMMAND puts marks on its memory; headrace build holds compilers until they fit" },
    [HR_CAUSE_MEMORY] = { "memory", "memory was used up: most likely that was the end",
                          "next time: headrace run -- COMMAND puts marks on its memory; headrace build holds compilers until they fit" },
    [HR_CAUSE_GPU] = { "gpu", "the graphics driver told of errors around the end", "next: headrace doctor" },
    [HR_CAUSE_KERNEL] = { "kernel", "the kernel told of a crash or of CPUs that hung", NULL },
    [HR_CAUSE_STORAGE] = { "storage", "storage told of errors around the end", "next: headrace doctor, and a copy of what matters" },
    [HR_CAUSE_HUNG] = { "hung", "the machine stood still more and more before the end", NULL },
    [HR_CAUSE_SHM] = { "shm-full", "shared memory became full: loaders that find it so die with a bus error",
                       "next time: fewer workers, or a larger /dev/shm (--shm-size in Docker)" },
    [HR_CAUSE_DISK] = { "disk-full", "a disk became full: what writes checkpoints fails then", "next: headrace top shows which; delete old checkpoints or write elsewhere" },
    [HR_CAUSE_UNTOLD] = { "unknown", "what ended it cannot be told", NULL },
};

const char *hr_post_end_text(enum hr_post_end e, bool wsl)
{
    unsigned i = (unsigned)e < HR_POST_ENDS ? e : HR_POST_CUT;
    return wsl && ends[i].wsl != NULL ? ends[i].wsl : ends[i].text;
}

const char *hr_cause_text(enum hr_cause c)
{
    return causes[(unsigned)c < HR_CAUSES ? c : HR_CAUSE_UNTOLD].text;
}

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
    if (p->culprit[0] != 0)
        hr_buf_printf(out, "%s\n", p->culprit);
    hr_buf_printf(out, "%s%s%s; last moment %s\n\n", hr_post_end_text(p->end, p->wsl), p->why_ended[0] != 0 ? ": " : "", p->why_ended, at);
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
        char line[HR_POST_LINE];
        hr_grower_text(&p->grower[i], line, sizeof line);
        hr_buf_printf(out, "  +%-10s %s%s\n", hr_human_bytes(p->grower[i].is - p->grower[i].was).text, line, p->grower[i].ended ? ", and ended" : "");
    }
    if (causes[p->cause].next != NULL)
        hr_buf_printf(out, "\n%s\n", causes[p->cause].next);
}

void hr_postmortem_json(const struct hr_postmortem *p, struct hr_jw *w)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-postmortem/1");
    hr_jw_kstr(w, "end", ends[p->end].key);
    hr_jw_kstr(w, "cause", causes[p->cause].key);
    hr_jw_kstr(w, "verdict", hr_cause_text(p->cause));
    hr_jw_kstr(w, "culprit", p->culprit[0] != 0 ? p->culprit : NULL);
    hr_jw_kstr(w, "ended", p->why_ended[0] != 0 ? p->why_ended : NULL);
    hr_jw_kbool(w, "wsl", p->wsl);
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
        hr_jw_kf64(w, "seconds", (double)(p->grower[i].took / 1000000) / 1000);
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

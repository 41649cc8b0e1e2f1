#include "postmortem.h"

#include "human.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

enum { SEEN = 256 };
struct seen { /* a process of the window, by pid and birth */
    int pid;
    uint64_t born, was, is, last;
    char name[96];
};
struct look {
    struct seen seen[SEEN];
    unsigned n;
    uint64_t oom_first, oom_last;
    bool oom_known;
    uint64_t at_first, at_last; /* monotonic */
};

const char *hr_post_end_text(enum hr_post_end e)
{
    static const char *const texts[HR_POST_ENDS] = {
        [HR_POST_CLEAN] = "the recorder ended by itself",
        [HR_POST_RECORDER] = "the recording was cut off: the recorder was ended from outside, and the machine ran on",
        [HR_POST_MACHINE] = "the recording was cut off, and the machine was started anew since",
        [HR_POST_CUT] = "the recording was cut off; whether the machine ended too cannot be told",
        [HR_POST_GOES_ON] = "it is being recorded at this moment: nothing has ended",
    };
    return texts[(unsigned)e < HR_POST_ENDS ? e : HR_POST_CUT];
}

const char *hr_cause_text(enum hr_cause c)
{
    static const char *const texts[HR_CAUSES] = {
        [HR_CAUSE_NONE] = "nothing went wrong that was recorded",
        [HR_CAUSE_OOM] = "the kernel killed a program because memory was used up",
        [HR_CAUSE_MEMORY] = "memory was used up: most likely that was the end",
        [HR_CAUSE_GPU] = "the graphics driver told of errors around the end",
        [HR_CAUSE_KERNEL] = "the kernel told of a crash or of CPUs that hung",
        [HR_CAUSE_STORAGE] = "storage told of errors around the end",
        [HR_CAUSE_UNTOLD] = "what ended it cannot be told",
    };
    return texts[(unsigned)c < HR_CAUSES ? c : HR_CAUSE_UNTOLD];
}

static void say(struct hr_postmortem *p, const char *fmt, ...) HR_PRINTF(2, 3);
static void say(struct hr_postmortem *p, const char *fmt, ...)
{
    va_list ap;
    if (p->evidence_n == HR_POST_EVIDENCE)
        return;
    va_start(ap, fmt);
    vsnprintf(p->evidence[p->evidence_n++], HR_POST_LINE, fmt, ap);
    va_end(ap);
}

static uint64_t held(const struct hr_proc_load *q)
{
    return q->pss.why == HR_WHY_KNOWN && q->pss.v > q->own.v ? q->pss.v : q->own.why == HR_WHY_KNOWN ? q->own.v : q->resident.v;
}

static void see(struct look *l, const struct hr_model *m, bool first)
{
    for (unsigned i = 0; i < m->proc_n; i++) {
        const struct hr_proc_load *q = &m->proc[i];
        unsigned k = 0;
        while (k < l->n && (l->seen[k].pid != q->pid || l->seen[k].born != q->born))
            k++;
        if (k == SEEN)
            continue;
        struct seen *s = &l->seen[k];
        if (k == l->n) {
            l->n++;
            *s = (struct seen) { .pid = q->pid, .born = q->born, .was = first ? held(q) : 0 };
        }
        snprintf(s->name, sizeof s->name, "%s", q->command[0] != 0 ? q->command : q->comm);
        s->is = held(q);
        s->last = m->wall;
    }
    const struct hr_figure *oom = &m->memory.oom_kills;
    if (oom->known && !l->oom_known) {
        l->oom_first = oom->v;
        l->oom_known = true;
    }
    if (oom->known)
        l->oom_last = HR_MAX(oom->v, l->oom_first);
    l->at_first = first ? m->at : l->at_first;
    l->at_last = m->at;
}

static void grew(struct hr_postmortem *p, const struct look *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct seen *s = &l->seen[i];
        uint64_t by = s->is > s->was ? s->is - s->was : 0;
        unsigned at = p->growers;
        if (by < UINT64_C(16) << 20)
            continue;
        while (at > 0 && by > p->grower[at - 1].is - p->grower[at - 1].was)
            at--;
        if (at >= HR_POST_GROWERS)
            continue;
        if (p->growers < HR_POST_GROWERS)
            p->growers++;
        memmove(&p->grower[at + 1], &p->grower[at], (p->growers - at - 1) * sizeof p->grower[0]);
        p->grower[at] = (struct hr_grower) { .pid = s->pid, .was = s->was, .is = s->is, .ended = s->last + 5 * SECOND < p->last };
        snprintf(p->grower[at].name, sizeof p->grower[at].name, "%s", s->name);
    }
}

static void measure(struct hr_postmortem *p, const struct hr_model *m)
{
    const struct hr_account *a = &m->memory;
    if (!a->total.known || !a->available.known || a->total.v == 0)
        return;
    uint64_t total = a->total.v, available = HR_MIN(a->available.v, total);
    if (a->limit.known && a->limit_used.known && a->limit.v < total) { /* the cgroup's end comes first */
        total = HR_MAX(a->limit.v, UINT64_C(1));
        available = total - HR_MIN(a->limit_used.v, total);
    }
    p->least = p->memory_known ? HR_MIN(p->least, available) : available;
    p->memory_known = true;
    p->total = total;
    p->available = available;
    p->swap_total = a->swap_total.known ? a->swap_total.v : 0;
    p->swap_used = a->swap_used.known ? a->swap_used.v : 0;
    uint64_t span = p->last - p->first;
    unsigned at = span == 0 ? 0 : (unsigned)((double)(m->wall - p->first) / (double)span * (p->curve - 1) + 0.5);
    if (at < p->curve)
        p->used[at] = HR_MAX(p->used[at], 100.0 * (double)(total - available) / (double)total);
}

static void text_of(struct hr_tape *t, size_t i, char ret[HR_RING_TEXT])
{
    ret[0] = 0;
    if (i != SIZE_MAX && hr_tape_text(t, i, ret, NULL) < 0)
        ret[0] = 0;
}

/* How it ended: by what stands behind the last moment, and by which run of the kernel it was. */
static void ended(struct hr_tape *t, size_t last, const char *boot, bool busy, struct hr_postmortem *p)
{
    char begun[HR_RING_TEXT];
    size_t e = hr_tape_last(t, t->n, HR_FRAME_END);
    text_of(t, hr_tape_last(t, last, HR_FRAME_BEGIN), begun);
    const char *was = strncmp(begun, "boot=", 5) == 0 ? begun + 5 : "";
    if (busy)
        p->end = HR_POST_GOES_ON;
    else if (e != SIZE_MAX && e > last)
        p->end = HR_POST_CLEAN;
    else if (was[0] == 0 || boot[0] == 0)
        p->end = HR_POST_CUT;
    else
        p->end = strcmp(was, boot) == 0 ? HR_POST_RECORDER : HR_POST_MACHINE;
    if (p->end == HR_POST_CLEAN)
        text_of(t, e, p->why_ended);
}

/* --- the cause --- */

/* What the kernel said between the window's begin and half a minute after its end. */
static bool around(const struct look *l, uint64_t at)
{
    return at != 0 && at >= l->at_first && at <= l->at_last + 30 * SECOND;
}

static bool by_log(struct hr_postmortem *p, const struct hr_kernel_log *log, const struct look *l)
{
    static const struct {
        enum hr_log_kind kind;
        enum hr_cause cause;
    } rows[] = {
        { HR_LOG_PANIC, HR_CAUSE_KERNEL },       { HR_LOG_LOCKUP, HR_CAUSE_KERNEL },      { HR_LOG_HARDWARE, HR_CAUSE_KERNEL },
        { HR_LOG_DXG_RESIDENT, HR_CAUSE_GPU },   { HR_LOG_DXG_OOPS, HR_CAUSE_GPU },       { HR_LOG_DXG_SPAN, HR_CAUSE_GPU },
        { HR_LOG_XID, HR_CAUSE_GPU },            { HR_LOG_IO_ERROR, HR_CAUSE_STORAGE },   { HR_LOG_FS_ERROR, HR_CAUSE_STORAGE },
        { HR_LOG_FS_READ_ONLY, HR_CAUSE_STORAGE },
    };
    bool found = false;
    for (size_t i = 0; i < log->victims; i++) {
        const struct hr_victim *v = &log->victim[i];
        if (!around(l, v->at))
            continue;
        say(p, "the kernel killed %s (pid %llu)%s, which held %s, %s the last moment", v->name, (unsigned long long)v->pid,
            v->cgroup ? " because of a cgroup's limit" : "", v->anon != 0 ? hr_human_bytes(v->anon).text : "an untold amount",
            v->at <= l->at_last ? "before" : "after");
        p->cause = HR_CAUSE_OOM;
        found = true;
    }
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        const struct hr_log_hit *h = &log->hit[rows[i].kind];
        if (h->count == 0 || !around(l, h->last))
            continue;
        say(p, "the kernel said: %.240s", h->line);
        if (!found)
            p->cause = rows[i].cause;
        found = true;
    }
    return found;
}

static void judge(struct hr_postmortem *p, const struct hr_kernel_log *log, const struct look *l)
{
    bool same = p->end == HR_POST_RECORDER || p->end == HR_POST_CLEAN || p->end == HR_POST_GOES_ON;
    bool cut = !same || p->end == HR_POST_RECORDER;
    p->cause = cut ? HR_CAUSE_UNTOLD : HR_CAUSE_NONE;
    if (l->oom_known && l->oom_last > l->oom_first) {
        p->cause = HR_CAUSE_OOM;
        say(p, "the kernel's count of processes killed for memory rose by %llu in these minutes", (unsigned long long)(l->oom_last - l->oom_first));
    }
    if (!same)
        say(p, "the kernel's messages of that run are gone with it: they were not looked at");
    else if (!log->known.known || !log->known.v)
        say(p, "the kernel's messages cannot be read: %s", log->known.why[0] != 0 ? log->known.why : "it does not say why");
    else if (!by_log(p, log, l))
        say(p, "the kernel said nothing about memory, graphics, storage or a crash in these minutes");
    if (!p->memory_known) {
        say(p, "memory was not recorded");
        return;
    }
    double left = 100.0 * (double)p->available / (double)p->total;
    bool swap_full = p->swap_total == 0 || (double)p->swap_used > 0.9 * (double)p->swap_total;
    say(p, "at the last moment %s of %s (%.0f %%) were available%s", hr_human_bytes(p->available).text, hr_human_bytes(p->total).text, left,
        p->swap_total == 0 ? ", without swap" : swap_full ? ", and swap was full" : "");
    if (cut && p->cause == HR_CAUSE_UNTOLD && left < 6 && swap_full)
        p->cause = HR_CAUSE_MEMORY;
    else if (p->cause == HR_CAUSE_UNTOLD && p->end == HR_POST_RECORDER)
        say(p, "there was memory left: a signal from outside (kill, a closed session) is what remains");
    else if (p->cause == HR_CAUSE_UNTOLD)
        say(p, "there was memory left: a shutdown, an update of Windows, a power cut or a crash of the VM's host leave no other trace");
}

int hr_postmortem(struct hr_tape *t, uint64_t window, const char *boot, const struct hr_kernel_log *log, bool busy, struct hr_postmortem *p,
                  struct hr_error *err)
{
    size_t last = hr_tape_find(t, UINT64_MAX), i = last;
    memset(p, 0, sizeof *p);
    if (last == SIZE_MAX)
        return hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no moment that can be read", t->path);
    struct look *l = hr_calloc(1, sizeof *l);
    if (l == NULL)
        return hr_fail_nomem(err, sizeof *l, "the last minutes");
    for (size_t k = 0; k < t->n; k++) /* a clock that was set back: the last by number, not by time */
        i = last = hr_frame_moment(&t->frame[k]) ? k : last;
    p->last = p->first = t->frame[last].wall;
    for (size_t k = last; k > 0 && t->frame[k - 1].kind != HR_FRAME_BEGIN; k--)
        if (hr_frame_moment(&t->frame[k - 1]) && t->frame[k - 1].wall <= p->last && t->frame[k - 1].wall + window >= p->last)
            i = k - 1;
    p->first = HR_MIN(t->frame[i].wall, p->last);
    p->curve = (unsigned)HR_MIN((p->last - p->first) / SECOND + 1, (uint64_t)HR_POST_CURVE);
    for (unsigned k = 0; k < HR_POST_CURVE; k++)
        p->used[k] = -1;
    size_t first = i;
    for (; i <= last; i++) {
        const struct hr_model *m;
        if (!hr_frame_moment(&t->frame[i]) || hr_tape_model(t, i, &m, NULL) < 0 || m->wall < p->first || m->wall > p->last)
            continue;
        see(l, m, p->moments == 0);
        measure(p, m);
        p->moments++;
    }
    size_t begun = hr_tape_last(t, last, HR_FRAME_BEGIN);
    hr_post_alerts(t, begun == SIZE_MAX ? 0 : begun, t->n, p);
    ended(t, last, boot, busy, p);
    grew(p, l);
    judge(p, log, l);
    for (size_t k = first; k < t->n; k++)
        if (t->frame[k].kind == HR_FRAME_NOTE) {
            char text[HR_RING_TEXT];
            text_of(t, k, text);
            if (text[0] != 0 && strstr(text, HR_EPISODE_OVER) == NULL)
                say(p, "%s%s", strncmp(text, HR_MARKS_NOTE, strlen(HR_MARKS_NOTE)) == 0 ? "" : "alert: ", text);
        }
    hr_free(l);
    return 0;
}

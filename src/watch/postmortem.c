#include "post_inside.h"

#include "human.h"
#include "mem.h"
#include "parse.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

#define SECOND HR_POST_SECOND

enum { NOTES_MAX = 1 << 20 };

void hr_post_say(struct hr_postmortem *p, const char *fmt, ...)
{
    va_list ap;
    if (p->evidence_n == HR_POST_EVIDENCE)
        return;
    va_start(ap, fmt);
    vsnprintf(p->evidence[p->evidence_n++], HR_POST_LINE, fmt, ap);
    va_end(ap);
}

/* --- the window --- */

static uint64_t held(const struct hr_proc_load *q)
{
    return q->pss.why == HR_WHY_KNOWN && q->pss.v > q->own.v ? q->pss.v : q->own.why == HR_WHY_KNOWN ? q->own.v : q->resident.v;
}

static struct hr_post_seen *of_process(struct hr_post_look *l, const struct hr_proc_load *q)
{
    for (unsigned k = 0; k < l->n; k++)
        if (l->seen[k].pid == q->pid && l->seen[k].born == q->born)
            return &l->seen[k];
    return NULL;
}

static void see_processes(struct hr_post_look *l, const struct hr_model *m, bool first)
{
    for (unsigned i = 0; i < m->proc_n; i++) {
        const struct hr_proc_load *q = &m->proc[i];
        struct hr_post_seen *s = of_process(l, q);
        if (s == NULL && l->n == HR_POST_SEEN)
            continue;
        if (s == NULL) {
            s = &l->seen[l->n++];
            *s = (struct hr_post_seen) { .pid = q->pid, .born = q->born, .was = first ? held(q) : 0, .begun = m->at };
        }
        snprintf(s->name, sizeof s->name, "%s", q->command[0] != 0 ? q->command : q->comm);
        s->is = held(q);
        s->last = m->wall;
        s->at_last = m->at;
    }
}

static void see_spaces(struct hr_post_look *l, const struct hr_model *m)
{
    for (unsigned i = 0; i < m->space_n; i++) {
        const struct hr_space_load *s = &m->space[i];
        unsigned k = 0;
        if (s->total.why != HR_WHY_KNOWN || s->available.why != HR_WHY_KNOWN || s->total.v == 0)
            continue;
        while (k < l->spaces && strcmp(l->space[k].at, s->at) != 0)
            k++;
        if (k == HR_POST_SPACES)
            continue;
        if (k == l->spaces) {
            l->spaces++;
            l->space[k] = (struct hr_post_space) { .first = s->available.v, .ram = s->ram };
            snprintf(l->space[k].at, sizeof l->space[k].at, "%s", s->at);
        }
        l->space[k].total = s->total.v;
        l->space[k].last = s->available.v;
        l->space[k].seen = m->wall;
    }
    l->segment = (struct hr_segment) { .bytes = 0 };
    for (unsigned i = 0; i < m->segment_n; i++)
        if (m->segment[i].bytes > l->segment.bytes)
            l->segment = m->segment[i];
}

static void see_jobs(struct hr_post_look *l, const struct hr_model *m)
{
    for (unsigned i = 0; i < m->job_n; i++) {
        const struct hr_job_load *j = &m->job[i];
        unsigned k = 0;
        while (k < l->jobs && (l->job[k].lead != j->lead || l->job[k].born != j->born))
            k++;
        if (k == HR_POST_JOBS)
            continue;
        if (k == l->jobs)
            l->jobs++;
        l->job[k] = (struct hr_post_job) { .lead = j->lead, .born = j->born, .last = m->wall, .memory = j->memory.why == HR_WHY_KNOWN ? j->memory.v : 0 };
        snprintf(l->job[k].name, sizeof l->job[k].name, "%s", j->name);
    }
}

static void see(struct hr_post_look *l, const struct hr_model *m, bool first)
{
    see_processes(l, m, first);
    see_spaces(l, m);
    see_jobs(l, m);
    const struct hr_account *a = &m->memory;
    if (a->oom_kills.known && !l->oom_known) {
        l->oom_first = a->oom_kills.v;
        l->oom_known = true;
    }
    if (a->oom_kills.known)
        l->oom_last = HR_MAX(a->oom_kills.v, l->oom_first);
    uint64_t used = a->total.known && a->available.known && a->total.v > a->available.v ? a->total.v - a->available.v : 0;
    if (first) {
        memcpy(l->part_first, a->part, sizeof l->part_first);
        l->used_first = used;
        l->at_first = m->at;
    } else if (m->at > l->at_last) {
        l->gap[l->gaps % HR_POST_GAPS] = m->at - l->at_last;
        l->gap_at[l->gaps++ % HR_POST_GAPS] = m->at;
    }
    memcpy(l->part_last, a->part, sizeof l->part_last);
    l->used_last = used;
    l->at_last = m->at;
}

/* What only the last half minute tells: how far programs stood still. */
static void see_late(struct hr_post_look *l, const struct hr_model *m)
{
    if (m->at + 30 * SECOND < l->at_last || !m->stall_memory.full.known || !m->stall_io.full.known)
        return;
    l->still_memory += m->stall_memory.full.v;
    l->still_io += m->stall_io.full.v;
    l->still_n++;
}

/* Where each began to grow: the last moment at which it held hardly more than at first. */
static void see_begun(struct hr_post_look *l, const struct hr_model *m)
{
    for (unsigned i = 0; i < m->proc_n; i++) {
        struct hr_post_seen *s = of_process(l, &m->proc[i]);
        if (s != NULL && s->is > s->was && held(&m->proc[i]) <= s->was + (s->is - s->was) / 50)
            s->begun = m->at;
    }
}

static void grew(struct hr_postmortem *p, const struct hr_post_look *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct hr_post_seen *s = &l->seen[i];
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
        p->grower[at] = (struct hr_grower) { .pid = s->pid, .was = s->was, .is = s->is, .took = s->at_last > s->begun ? s->at_last - s->begun : 0,
                                             .ended = s->last + 5 * SECOND < p->last };
        snprintf(p->grower[at].name, sizeof p->grower[at].name, "%s", s->name);
    }
}

static void measure(struct hr_postmortem *p, const struct hr_model *m)
{
    const struct hr_account *a = &m->memory;
    p->wsl = strcmp(m->machine.v, "WSL 2") == 0;
    if (!a->total.known || !a->available.known || a->total.v == 0)
        return;
    uint64_t total = a->total.v, available = HR_MIN(a->available.v, total);
    p->group = false;
    if (a->limit.known && a->limit_used.known && a->limit.v < total) {
        uint64_t limit = HR_MAX(a->limit.v, UINT64_C(1)), left = limit - HR_MIN(a->limit_used.v, limit);
        p->group = left < available; /* whichever ends first */
        total = p->group ? limit : total;
        available = p->group ? left : available;
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

/* --- one recorder's life in the file --- */

struct life {
    size_t from, to, last; /* frames [from, to); last: its last moment */
};

static bool life_of(const struct hr_tape *t, unsigned back, struct life *ret)
{
    size_t to = t->n, last = SIZE_MAX;
    for (size_t i = t->n; i > 0; i--) {
        if (last == SIZE_MAX && hr_frame_moment(&t->frame[i - 1]))
            last = i - 1;
        if (t->frame[i - 1].kind != HR_FRAME_BEGIN && i != 1)
            continue;
        if (last != SIZE_MAX && back-- == 0) {
            *ret = (struct life) { i - 1, to, last };
            return true;
        }
        to = i - 1;
        last = SIZE_MAX;
    }
    return false;
}

static size_t end_of(const struct hr_tape *t, const struct life *one)
{
    size_t e = hr_tape_last(t, one->to, HR_FRAME_END);
    return e != SIZE_MAX && e > one->last ? e : SIZE_MAX;
}

static void text_of(struct hr_tape *t, size_t i, char ret[HR_RING_TEXT])
{
    ret[0] = 0;
    if (i != SIZE_MAX && hr_tape_text(t, i, ret, NULL) < 0)
        ret[0] = 0;
}

/* The run of the kernel that it was recorded in; "": nothing tells it. */
static void boot_of(struct hr_tape *t, const struct life *one, char ret[HR_RING_TEXT])
{
    size_t head = strlen(HR_RING_BOOT);
    for (size_t k = one->from; k < one->to; k++) {
        if (t->frame[k].kind != HR_FRAME_BEGIN && t->frame[k].kind != HR_FRAME_NOTE)
            continue;
        text_of(t, k, ret);
        if (strncmp(ret, HR_RING_BOOT, head) == 0) {
            memmove(ret, ret + head, strlen(ret + head) + 1);
            return;
        }
    }
    ret[0] = 0;
}

/* How it ended: by what stands behind the last moment, and by which run of the kernel it was. */
static void ended(struct hr_tape *t, const struct life *one, const char *was, const char *boot, bool busy, struct hr_postmortem *p)
{
    size_t e = end_of(t, one);
    if (busy)
        p->end = HR_POST_GOES_ON;
    else if (e != SIZE_MAX)
        p->end = HR_POST_CLEAN;
    else if (was[0] == 0 || boot[0] == 0)
        p->end = HR_POST_CUT;
    else
        p->end = strcmp(was, boot) == 0 ? HR_POST_RECORDER : HR_POST_MACHINE;
    if (p->end == HR_POST_CLEAN)
        text_of(t, e, p->why_ended);
}

/* What the kernel said from the window's begin to half a minute behind it: what the recorder wrote down, and of the same run of the
 * kernel what it still has. */
static void listen(struct hr_tape *t, const struct life *one, const struct hr_root *root, bool same, struct hr_post_look *l)
{
    struct hr_buf notes = HR_BUF_INIT(NOTES_MAX);
    char text[HR_RING_TEXT];
    size_t head = strlen(HR_RING_KERNEL);
    snprintf(l->log_why_not, sizeof l->log_why_not, "it did not write that it does");
    for (size_t k = one->from; k < one->to; k++) {
        if (t->frame[k].kind != HR_FRAME_NOTE)
            continue;
        text_of(t, k, text);
        if (strncmp(text, HR_RING_KERNEL, head) != 0)
            continue;
        if (text[head] == '[') {
            hr_buf_adds(&notes, text + head);
            hr_buf_addc(&notes, '\n');
        } else if (strcmp(text, HR_RING_FOLLOWED) == 0) {
            l->log_followed = true;
        } else {
            snprintf(l->log_why_not, sizeof l->log_why_not, "%s", text + head);
        }
    }
    hr_kernel_log_read_between(same ? root : NULL, hr_buf_str(&notes), l->at_first, l->at_last + 30 * SECOND, &l->log);
    hr_buf_fini(&notes);
}

/* What the kernel killed held more at its end than when it was looked at last: the kernel's figure is the later one. */
static void last_words(struct hr_post_look *l)
{
    for (size_t i = 0; i < l->log.victims; i++)
        for (unsigned k = 0; k < l->n; k++) {
            const struct hr_victim *v = &l->log.victim[i];
            struct hr_post_seen *s = &l->seen[k];
            if ((uint64_t)s->pid != v->pid || v->anon <= s->is || v->at < s->begun)
                continue;
            s->is = v->anon;
            s->at_last = HR_MAX(s->at_last, v->at);
        }
}

/* How long after the last moment this run of the kernel began. */
static uint64_t started(const struct hr_root *root, uint64_t last)
{
    struct hr_word text = hr_root_word(root, "proc/uptime");
    struct hr_str rest = hr_str(text.v), up;
    double s = 0;
    if (!text.known || !hr_str_cut(&rest, ' ', &up) || hr_parse_f64(up, &s, NULL) < 0)
        return 0;
    uint64_t now = hr_root_now(root), run = s > 0 && s < 1e9 ? (uint64_t)(s * 1e9) : 0;
    return run != 0 && now > run && now - run > last ? now - run - last : 0;
}

static void window(struct hr_tape *t, const struct life *one, uint64_t ns, struct hr_post_look *l, struct hr_postmortem *p)
{
    size_t first = one->last;
    const struct hr_model *m;
    p->last = p->first = t->frame[one->last].wall;
    for (size_t k = one->last; k > one->from; k--)
        if (hr_frame_moment(&t->frame[k - 1]) && t->frame[k - 1].wall <= p->last && t->frame[k - 1].wall + ns >= p->last)
            first = k - 1;
    p->first = HR_MIN(t->frame[first].wall, p->last);
    p->curve = (unsigned)HR_MIN((p->last - p->first) / SECOND + 1, (uint64_t)HR_POST_CURVE);
    for (unsigned k = 0; k < HR_POST_CURVE; k++)
        p->used[k] = -1;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = first; i <= one->last; i++) {
            if (!hr_frame_moment(&t->frame[i]) || hr_tape_model(t, i, &m, NULL) < 0 || m->wall < p->first || m->wall > p->last)
                continue;
            if (pass == 1) {
                see_begun(l, m);
                see_late(l, m);
                continue;
            }
            see(l, m, p->moments == 0);
            measure(p, m);
            p->moments++;
        }
}

static bool begins_with(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

static void tell_alerts(struct hr_tape *t, const struct life *one, struct hr_postmortem *p)
{
    char text[HR_RING_TEXT];
    hr_post_alerts(t, one->from, one->to, p);
    for (size_t k = one->from; k < one->to; k++)
        if (t->frame[k].kind == HR_FRAME_NOTE && t->frame[k].wall >= p->first) {
            text_of(t, k, text);
            if (text[0] != 0 && !begins_with(text, HR_RING_KERNEL) && !begins_with(text, HR_RING_BOOT) && strstr(text, HR_EPISODE_OVER) == NULL)
                hr_post_say(p, "%s%s", begins_with(text, HR_MARKS_NOTE) ? "" : "alert: ", text);
        }
}

/* Who comes back after a crash often has a recorder that runs already: what is asked for is then the life before it. */
static void tell_of_earlier(struct hr_tape *t, unsigned back, const struct hr_postmortem *p, char *to, size_t n)
{
    struct life before;
    to[0] = 0;
    if ((p->end == HR_POST_GOES_ON || p->end == HR_POST_CLEAN) && life_of(t, back + 1, &before) && end_of(t, &before) == SIZE_MAX)
        snprintf(to, n, "an earlier recording in this file was cut off, %s before this one's last moment: --back %u tells of it",
                 hr_human_duration(p->last > t->frame[before.last].wall ? p->last - t->frame[before.last].wall : 0).text, back + 1);
}

int hr_postmortem(struct hr_tape *t, const struct hr_root *root, const struct hr_post_ask *ask, struct hr_postmortem *p, struct hr_error *err)
{
    struct life one;
    char earlier[HR_POST_LINE], boot[HR_WORD_MAX], was[HR_RING_TEXT];
    memset(p, 0, sizeof *p);
    if (!life_of(t, ask->back, &one))
        return ask->back == 0 ? hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no moment that can be read", t->path)
                              : hr_fail(err, HR_E_NOT_FOUND, "'%s' does not hold %u recordings before its last one", t->path, ask->back);
    struct hr_post_look *l = hr_calloc(1, sizeof *l);
    if (l == NULL)
        return hr_fail_nomem(err, sizeof *l, "the last minutes");
    struct hr_word id = hr_root_word(root, "proc/sys/kernel/random/boot_id");
    snprintf(boot, sizeof boot, "%s", id.known ? id.v : "");
    window(t, &one, ask->window, l, p);
    boot_of(t, &one, was);
    ended(t, &one, was, boot, ask->busy && one.to == t->n, p); /* who records now may have no moment yet */
    listen(t, &one, root, boot[0] != 0 && strcmp(was, boot) == 0, l);
    l->started = p->end == HR_POST_MACHINE ? started(root, p->last) : 0;
    last_words(l);
    grew(p, l);
    hr_post_judge(p, l);
    tell_alerts(t, &one, p);
    tell_of_earlier(t, ask->back, p, earlier, sizeof earlier);
    if (earlier[0] != 0)
        hr_post_say(p, "%s", earlier);
    hr_free(l);
    return 0;
}

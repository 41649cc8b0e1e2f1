/* From what was gathered of the window to a cause.  Rules:
 *  J1  a cause needs a trace in the recording or in the kernel's words; without one it is told that it cannot be told.
 *  J2  what the kernel said comes before what the figures suggest, a kill for memory before all; a message that is older than
 *      NEAR is evidence of a cut end, and not its cause.
 *  J3  a process is blamed only when it took a tenth of the memory, or a quarter of what went in the window. */
#include "post_inside.h"

#include "human.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND HR_POST_SECOND
#define NEAR (120 * SECOND)

static bool cut_off(const struct hr_postmortem *p)
{
    return p->end == HR_POST_RECORDER || p->end == HR_POST_MACHINE || p->end == HR_POST_CUT;
}

void hr_grower_text(const struct hr_grower *g, char *to, size_t n)
{
    char took[64] = "from one look to the next"; /* seen in one alone, it took less than the time between two */
    if (g->took != 0)
        snprintf(took, sizeof took, "in %s", hr_human_duration(g->took).text);
    if (g->was == 0)
        snprintf(to, n, "%s (pid %d) was started and took %s %s", g->name, g->pid, hr_human_bytes(g->is).text, took);
    else
        snprintf(to, n, "%s (pid %d) grew from %s to %s %s", g->name, g->pid, hr_human_bytes(g->was).text, hr_human_bytes(g->is).text, took);
}

/* "12 s before the last moment" */
static const char *when(uint64_t at, uint64_t last, char to[64])
{
    bool before = at <= last;
    snprintf(to, 64, "%s %s the last moment", hr_human_duration(before ? last - at : at - last).text, before ? "before" : "after");
    return to;
}

/* --- what the kernel said --- */

static void say_victims(struct hr_postmortem *p, const struct hr_post_look *l)
{
    char at[64], grew[HR_POST_LINE];
    for (size_t i = 0; i < l->log.victims; i++) {
        const struct hr_victim *v = &l->log.victim[i];
        grew[0] = 0;
        for (unsigned k = 0; k < p->growers; k++)
            if ((uint64_t)p->grower[k].pid == v->pid)
                hr_grower_text(&p->grower[k], grew, sizeof grew);
        hr_post_say(p, "the kernel killed %s (pid %llu)%s, which held %s, %s%s%s", v->name, (unsigned long long)v->pid,
                    v->cgroup ? " because of a cgroup's limit" : "", v->anon != 0 ? hr_human_bytes(v->anon).text : "an untold amount", when(v->at, l->at_last, at),
                    grew[0] != 0 ? ": " : "", grew);
        p->cause = HR_CAUSE_OOM;
    }
}

static const struct {
    enum hr_log_kind kind;
    enum hr_cause cause; /* HR_CAUSE_NONE: evidence only */
    const char *means;
} messages[] = {
    { HR_LOG_PANIC, HR_CAUSE_KERNEL, NULL },
    { HR_LOG_LOCKUP, HR_CAUSE_KERNEL, NULL },
    { HR_LOG_HARDWARE, HR_CAUSE_KERNEL, "the hardware reports an error of its own" },
    { HR_LOG_XID, HR_CAUSE_GPU, "NVIDIA's table of Xid errors tells what its number means" },
    { HR_LOG_DXG_OOPS, HR_CAUSE_GPU, "a known crash as a program leaves the GPU: wsl --update" },
    { HR_LOG_DXG_RESIDENT, HR_CAUSE_GPU, "Windows had no room left in VRAM, which is less than what shows as free: ask for less of it" },
    { HR_LOG_DXG_FAILED, HR_CAUSE_GPU, NULL },
    { HR_LOG_IO_ERROR, HR_CAUSE_STORAGE, NULL },
    { HR_LOG_FS_READ_ONLY, HR_CAUSE_STORAGE, NULL },
    { HR_LOG_FS_ERROR, HR_CAUSE_STORAGE, NULL },
    { HR_LOG_DXG_SPAN, HR_CAUSE_GPU, "of WSL kernels 6.18.26 to 6.18.35, where long CUDA runs were seen to die: wsl --update" },
    { HR_LOG_HUNG, HR_CAUSE_HUNG, NULL },
    { HR_LOG_WSL_END, HR_CAUSE_NONE, "WSL ended a whole distribution: with wsl --terminate, after its idle time-out, or because its init died" },
    { HR_LOG_ALLOC_FAIL, HR_CAUSE_NONE, NULL },
};

static bool say_messages(struct hr_postmortem *p, const struct hr_post_look *l)
{
    bool any = l->log.victims != 0;
    char at[64];
    for (size_t i = 0; i < HR_COUNT(messages); i++) {
        const struct hr_log_hit *h = &l->log.hit[messages[i].kind];
        if (h->count == 0)
            continue;
        any = true;
        bool near = !cut_off(p) || h->last + NEAR >= l->at_last; /* J2 */
        hr_post_say(p, "the kernel said, %s: %.200s%s%s%s", when(h->last, l->at_last, at), h->line, messages[i].means != NULL ? " (" : "",
                    messages[i].means != NULL ? messages[i].means : "", messages[i].means != NULL ? ")" : "");
        if (near && messages[i].cause != HR_CAUSE_NONE && (p->cause == HR_CAUSE_UNTOLD || p->cause == HR_CAUSE_NONE))
            p->cause = messages[i].cause;
    }
    return any;
}

static void by_kernel(struct hr_postmortem *p, const struct hr_post_look *l)
{
    bool same = p->end == HR_POST_RECORDER || p->end == HR_POST_CLEAN || p->end == HR_POST_GOES_ON;
    if (l->oom_known && l->oom_last > l->oom_first) {
        p->cause = HR_CAUSE_OOM;
        hr_post_say(p, "the kernel's count of processes killed for memory rose by %llu in these minutes", (unsigned long long)(l->oom_last - l->oom_first));
    }
    say_victims(p, l);
    if (say_messages(p, l))
        return;
    if (same && l->log.known.known)
        hr_post_say(p, "the kernel said nothing about memory, graphics, storage or a crash in these minutes");
    else if (l->log_followed)
        hr_post_say(p, "the kernel said nothing about memory, graphics, storage or a crash as long as the recorder listened; what came later is gone with that run");
    else if (same)
        hr_post_say(p, "the kernel's messages cannot be read: %s", l->log.known.why[0] != 0 ? l->log.known.why : "it does not say why");
    else
        hr_post_say(p, "the kernel's messages of that run are gone with it, and the recorder could not listen: %s", l->log_why_not);
}

/* --- what the figures suggest --- */

static int by_size(const void *pa, const void *pb)
{
    uint64_t a, b;
    memcpy(&a, pa, sizeof a);
    memcpy(&b, pb, sizeof b);
    return (a > b) - (a < b);
}

/* Looks of the last minutes that came late, and how far programs stood still.  True: that is how it ended. */
static bool stood_still(struct hr_postmortem *p, const struct hr_post_look *l, bool *ret_memory)
{
    uint64_t gap[HR_POST_GAPS], longest = 0, lost = 0;
    size_t n = HR_MIN(l->gaps, (size_t)HR_POST_GAPS), late = 0;
    *ret_memory = false;
    if (n >= 4) {
        memcpy(gap, l->gap, n * sizeof *gap);
        qsort(gap, n, sizeof *gap, by_size);
        uint64_t usual = gap[n / 2], limit = HR_MAX(3 * usual, usual + 2 * SECOND);
        for (size_t i = 0; i < n; i++)
            if (l->gap_at[i] + NEAR >= l->at_last && l->gap[i] > limit) {
                late++;
                lost += l->gap[i] - usual;
                longest = HR_MAX(longest, l->gap[i]);
            }
        if (late > 0)
            hr_post_say(p, "the recorder itself came late %zu times in the last 2 minutes: the longest wait between two looks was %s instead of %s", late,
                        hr_human_duration(longest).text, hr_human_duration(usual).text);
    }
    double memory = l->still_n != 0 ? l->still_memory / l->still_n : 0, io = l->still_n != 0 ? l->still_io / l->still_n : 0;
    if (memory >= 20)
        hr_post_say(p, "all programs stood still for want of memory %.0f %% of the last half minute", memory);
    if (io >= 50)
        hr_post_say(p, "all programs stood still for want of storage %.0f %% of the last half minute", io);
    *ret_memory = memory >= 40;
    return lost >= 15 * SECOND || memory >= 40;
}

static bool full(const struct hr_post_space *s, uint64_t left)
{
    return left < s->total / (s->ram ? 100 : 200);
}

static void spaces(struct hr_postmortem *p, const struct hr_post_look *l)
{
    for (unsigned i = 0; i < l->spaces; i++) {
        const struct hr_post_space *s = &l->space[i];
        if (s->seen + SECOND < p->last || !full(s, s->last))
            continue;
        bool became = !full(s, s->first);
        hr_post_say(p, "%s was full: %s left of %s%s", s->at, hr_human_bytes(s->last).text, hr_human_bytes(s->total).text,
                    became ? "" : ", all the time");
        if (became && (p->cause == HR_CAUSE_UNTOLD || p->cause == HR_CAUSE_NONE))
            p->cause = s->ram ? HR_CAUSE_SHM : HR_CAUSE_DISK;
        if (became && s->ram && l->segment.bytes > s->total / 10)
            hr_post_say(p, "the largest segment of /dev/shm is %s with %s, %s %d", l->segment.name, hr_human_bytes(l->segment.bytes).text,
                        l->segment.pid != 0 ? "held by pid" : "held by nobody that can be seen, pid", l->segment.pid);
    }
}

/* What went to no process: shared memory, the kernel's own. */
static void say_parts(struct hr_postmortem *p, const struct hr_post_look *l)
{
    static const enum hr_part parts[] = { HR_PART_SHMEM, HR_PART_SLAB, HR_PART_PAGE_TABLES, HR_PART_VMALLOC, HR_PART_HUGETLB, HR_PART_OTHER };
    for (size_t i = 0; i < HR_COUNT(parts); i++) {
        const struct hr_reading *a = &l->part_first[parts[i]], *b = &l->part_last[parts[i]];
        if (a->why != HR_WHY_KNOWN || b->why != HR_WHY_KNOWN || b->v <= a->v || b->v - a->v < HR_MAX(p->total / 20, UINT64_C(64) << 20))
            continue;
        hr_post_say(p, "%s grew from %s to %s", hr_part_word(parts[i])->name, hr_human_bytes(a->v).text, hr_human_bytes(b->v).text);
    }
}

static void memory(struct hr_postmortem *p, const struct hr_post_look *l, bool still)
{
    if (!p->memory_known) {
        hr_post_say(p, "memory was not recorded");
        return;
    }
    double left = 100.0 * (double)p->available / (double)p->total;
    bool swap_full = p->group || p->swap_total == 0 || (double)p->swap_used > 0.9 * (double)p->swap_total;
    hr_post_say(p, "at the last moment %s of %s%s (%.0f %%) were available%s", hr_human_bytes(p->available).text, hr_human_bytes(p->total).text,
                p->group ? ", the limit of the recorder's cgroup," : "", left, p->group ? "" : p->swap_total == 0 ? ", without swap" : swap_full ? ", and swap was full" : "");
    bool untold = p->cause == HR_CAUSE_UNTOLD || p->cause == HR_CAUSE_HUNG;
    if (cut_off(p) && untold && ((left < 6 && swap_full) || (still && left < 15)))
        p->cause = HR_CAUSE_MEMORY;
    if (p->cause == HR_CAUSE_OOM || p->cause == HR_CAUSE_MEMORY || left < 15)
        say_parts(p, l);
}

/* J3 */
static void blame(struct hr_postmortem *p, const struct hr_post_look *l)
{
    uint64_t went = l->used_last > l->used_first ? l->used_last - l->used_first : 0;
    const struct hr_grower *g = &p->grower[0];
    if (p->cause != HR_CAUSE_OOM && p->cause != HR_CAUSE_MEMORY && p->cause != HR_CAUSE_HUNG)
        return;
    uint64_t by = p->growers != 0 ? g->is - g->was : 0;
    for (size_t i = 0; p->cause == HR_CAUSE_OOM && i < l->log.victims; i++) /* who was killed, if it grew, is who grew; at a group's limit only its own count */
        for (unsigned k = 0; k < p->growers; k++)
            if ((uint64_t)p->grower[k].pid == l->log.victim[i].pid && (l->log.victim[i].cgroup || p->grower[k].is - p->grower[k].was >= by / 2)) {
                g = &p->grower[k];
                by = UINT64_MAX;
            }
    if (by != 0 && (by >= p->total / 10 || (went != 0 && by >= went / 4)))
        hr_grower_text(g, p->culprit, sizeof p->culprit);
    else if (p->cause != HR_CAUSE_HUNG)
        snprintf(p->culprit, sizeof p->culprit, "who took the memory cannot be told: no recorded process grew much in these %s",
                 hr_human_duration(p->last - p->first).text);
}

static void say_jobs(struct hr_postmortem *p, const struct hr_post_look *l)
{
    char at[64];
    unsigned said = 0;
    for (unsigned i = 0; i < l->jobs && said < 4; i++) {
        const struct hr_post_job *j = &l->job[i];
        if (j->last + 3 * SECOND >= p->last)
            continue;
        said++;
        hr_post_say(p, "the job %s (pid %d) was seen last %s%s%s", j->name, j->lead, when(j->last, p->last, at), j->memory != 0 ? "; it held " : "",
                    j->memory != 0 ? hr_human_bytes(j->memory).text : "");
    }
}

static void untold(struct hr_postmortem *p)
{
    if (p->cause != HR_CAUSE_UNTOLD)
        return;
    if (p->end == HR_POST_RECORDER)
        hr_post_say(p, "%sa signal from outside (kill, a closed session) is what remains", p->memory_known ? "there was memory left: " : "");
    else if (p->wsl)
        hr_post_say(p, "%swsl --shutdown, the idle time-out of WSL, sleep or an update of Windows, a power cut or a crash of the VM leave no other trace "
                       "here; look for dumps in %%LocalAppData%%\\Temp\\wsl-crashes on Windows",
                    p->memory_known ? "there was memory left: " : "");
    else
        hr_post_say(p, "%sa shutdown, a power cut, a reset or a crash below the kernel leave no other trace", p->memory_known ? "there was memory left: " : "");
}

void hr_post_judge(struct hr_postmortem *p, struct hr_post_look *l)
{
    bool still_memory = false;
    p->cause = cut_off(p) ? HR_CAUSE_UNTOLD : HR_CAUSE_NONE;
    by_kernel(p, l);
    if (l->started != 0)
        hr_post_say(p, "the machine was started again %s after the last moment", hr_human_duration(l->started).text);
    if (stood_still(p, l, &still_memory) && p->cause == HR_CAUSE_UNTOLD)
        p->cause = HR_CAUSE_HUNG;
    memory(p, l, still_memory);
    spaces(p, l);
    say_jobs(p, l);
    blame(p, l);
    untold(p);
}

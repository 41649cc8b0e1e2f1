/* Rare looks: the budget, and whose turn it is.  R1 and R2 stand in rare_inside.h. */
#include "rare_inside.h"

enum { SHARE = 1000, FRUGAL_EVERY = 4, AT_START = 6 };
#define WINDOW HR_RARE_WINDOW
#define BUDGET HR_RARE_BUDGET
#define MIB HR_RARE_MIB

/* --- the budget (R1) --- */

uint64_t hr_rare_left(const struct hr_watch *w)
{
    const struct hr_look_rare *r = &w->rare;
    if (r->closely)
        return r->spent < HR_RARE_CLOSELY ? HR_RARE_CLOSELY - r->spent : 0;
    return r->credit > 0 ? (uint64_t)r->credit : 0;
}

void hr_rare_spend(struct hr_watch *w, uint64_t ns)
{
    struct hr_look_rare *r = &w->rare;
    r->spent += ns;
    r->credit = HR_MAX(r->credit - (int64_t)ns, -(int64_t)BUDGET); /* a close look does not end all others for long */
}

static void earn(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    unsigned share = w->options.frugal ? 4 * SHARE : SHARE;
    uint64_t more = w->model->seq == 1 ? WINDOW / share : w->model->span / share;
    r->credit = HR_MIN(r->credit + (int64_t)more, (int64_t)BUDGET);
    r->spent = 0;
}

/* --- turns (R2) --- */

static bool moved(uint64_t *was, struct hr_reading is, uint64_t by)
{
    if (is.why != HR_WHY_KNOWN)
        return false;
    bool far = hr_rare_apart(is.v, *was, by);
    if (far)
        *was = is.v;
    return far;
}

/* Files and segments are looked at for what they do to the page cache, to shared memory and to jobs. */
static void note_moves(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    const struct hr_model *m = w->model;
    bool cache = moved(&r->cache_was, m->memory.part[HR_PART_CACHE], 256 * MIB), shmem = moved(&r->shmem_was, m->memory.part[HR_PART_SHMEM], 64 * MIB);
    r->stirred = r->stirred || cache || shmem;
    if (m->job_n != r->jobs_was)
        r->files_wait = WINDOW;
    r->jobs_was = m->job_n;
}

static bool files_due(const struct hr_watch *w)
{
    const struct hr_look_rare *r = &w->rare;
    uint64_t wait = r->stirred ? 5 * HR_SECOND : HR_MAX(r->files_wait, WINDOW);
    return hr_rare_left(w) != 0 && (r->closely || r->files_at == 0 || w->model->at - r->files_at >= wait);
}

static void look_files(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    uint64_t most = WINDOW * (w->options.frugal ? 8 : 2);
    r->files_wait = r->stirred ? WINDOW : HR_MIN(2 * HR_MAX(r->files_wait, WINDOW), most);
    r->stirred = false;
    r->files_at = w->model->at;
    hr_rare_files(w);
    hr_rare_segments(w);
}

void hr_look_rare(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    if (m->seq == 1) {
        m->files_known = hr_truth_unknown(w->sight.live ? "not looked at" : "a captured machine holds no page cache");
        m->segments_known = hr_truth_unknown("not looked at");
    }
    if (w->options.no_files || w->options.no_processes || !w->sight.live)
        return;
    earn(w);
    bool turn = !w->options.frugal || m->seq <= AT_START || m->seq % FRUGAL_EVERY == 0;
    if (turn)
        hr_rare_libraries(w);
    if (w->procs.changed)
        hr_look_jobs(w);
    note_moves(w);
    if (files_due(w))
        look_files(w);
    else if (turn)
        hr_rare_pss(w);
    if (w->rare.closely)
        hr_rare_pss(w);
}

/* One look at a training job: who is in it, what it takes, which marks are crossed. */
#include "clock.h"
#include "held.h"
#include "human.h"
#include "train_inside.h"

#include <inttypes.h>
#include <stdio.h>

enum { MEMINFO_ROOM = 4096, SHORT_TICKS = 3, GONE_TICKS = 2 };
#define MIB (UINT64_C(1) << 20)
#define OLD (10000 * HR_TRAIN_MS)   /* a measurement is taken again after so long, when nothing calls for one */
#define GROWING (2000 * HR_TRAIN_MS)
#define CHANGED (1000 * HR_TRAIN_MS) /* and so soon after the last when something does */
#define PATIENCE (150 * HR_TRAIN_MS)      /* for a measurement that a mark calls for */
#define PATIENCE_MAX (2000 * HR_TRAIN_MS) /* the max mark's */
#define ROOM_REST (150 * HR_TRAIN_MS)
#define CURVE_REST (5000 * HR_TRAIN_MS)

static void read_counts(struct hr_train *w)
{
    char text[MEMINFO_ROOM];
    int64_t n = w->meminfo < 0 ? -1 : hr_kept_read(w->meminfo, text, sizeof text);
    struct hr_counts c = w->counts;
    uint64_t total, free;
    if (n <= 0)
        return;
    hr_held_line(text, (size_t)n, "AnonPages", &c.anon);
    hr_held_line(text, (size_t)n, "Shmem", &c.shmem);
    hr_held_line(text, (size_t)n, "Cached", &c.cached);
    hr_held_line(text, (size_t)n, "MemAvailable", &c.available);
    if (hr_held_line(text, (size_t)n, "SwapTotal", &total) && hr_held_line(text, (size_t)n, "SwapFree", &free))
        c.swap = total - free;
    c.cached -= HR_MIN(c.cached, c.shmem);
    w->counts = c;
    if (!w->r->cached_before.known)
        w->r->cached_before = w->r->cached_most = hr_figure_of(c.cached);
    w->r->cached_most.v = HR_MAX(w->r->cached_most.v, c.cached);
    if (!w->r->least_available.known || c.available < w->r->least_available.v)
        w->r->least_available = hr_figure_of(c.available);
}

static uint64_t high(const struct hr_train *w)
{
    return w->level.sure + w->level.unsure;
}

/* The lowest mark that is not over yet; 0: none. */
static uint64_t next_mark(const struct hr_train *w)
{
    uint64_t at = 0;
    for (int i = 0; i < HR_MARKS; i++) {
        const struct hr_mark *m = &w->r->mark[i];
        if (m->at != 0 && !m->over && (at == 0 || m->at < at))
            at = m->at;
    }
    return at;
}

static void measure(struct hr_train *w, uint64_t now, bool *ret_fresh)
{
    uint64_t mark = next_mark(w), up = high(w), truth = w->footprint.truth;
    uint64_t moved = up > truth ? up - truth : truth - up;
    bool crossing = mark != 0 && up >= mark;
    *ret_fresh = hr_gauge_take(&w->gauge, &w->tree, &w->footprint, now);
    if (*ret_fresh) {
        const struct hr_part *part[HR_KIN_MAX];
        size_t n = hr_kin_parts(&w->tree, part);
        w->level = hr_footprint_now(&w->footprint, part, n, &w->counts);
        w->r->not_measured = w->gauge.refused;
        return;
    }
    /* What it grew by since the last tick may come twice before the next.  A level that stays needs no short ticks. */
    uint64_t grown = up > w->was_up && w->was_up != 0 ? up - w->was_up : 0;
    w->was_up = up;
    if (grown > mark / 1000)
        w->grew_at = now;
    w->near = mark != 0 && w->gauge.credit > 0 && up + 2 * grown >= mark / 10 * 9 && now - w->grew_at < GROWING;
    bool due = crossing || w->gauge.discarded != 0 || !w->footprint.measured || now - w->footprint.at >= OLD ||
               (now - w->footprint.at >= CHANGED && (w->tree.changed || moved > (w->near ? truth / 200 : HR_MAX(truth / 50, 16 * MIB))));
    if (!hr_gauge_may(&w->gauge, w->near, crossing || w->gauge.discarded != 0, now) || !due || w->tree.n == 0)
        return;
    w->tree.changed = false;
    hr_gauge_ask(&w->gauge, &w->tree, &w->counts);
}

/* Marks from the first up to `most`. */
static void cross(struct hr_train *w, uint64_t figure, bool measured, int most, uint64_t now)
{
    for (int i = 0; i <= most; i++) {
        struct hr_mark *m = &w->r->mark[i];
        enum hr_mark_move move = hr_mark_see(m, figure, hr_train_since(w, now));
        const char *name = hr_mark_name((enum hr_mark_id)i);
        if (move == HR_MARK_STAYS)
            continue;
        hr_train_tell(w, move == HR_MARK_CROSSED ? "mark" : "below", ",\"mark\":\"%s\",\"at\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"measured\":%s",
                      name, m->at, figure, measured ? "true" : "false");
        if (move == HR_MARK_CROSSED)
            hr_train_say(w, "memory %s%s, over the %s mark of %s", hr_human_bytes(figure).text, measured ? "" : " (estimated)", name,
                         hr_human_bytes(m->at).text);
    }
}

/* A mark is crossed by a measured figure.  Where none comes soon (no CPU is left for it, or a huge job has used up its share), by what the
 * processes have grown by since the last one; the max mark, which ends the job, waits longer for the truth. */
static void marks(struct hr_train *w, bool fresh, uint64_t now)
{
    uint64_t mark = next_mark(w);
    bool crossing = mark != 0 && high(w) >= mark, sure = mark != 0 && w->level.sure >= mark;
    if (!crossing)
        w->wanted_at = 0;
    else if (w->wanted_at == 0)
        w->wanted_at = now;
    if (fresh) {
        cross(w, w->level.sure, true, HR_MARK_MAX, now);
        w->wanted_at = 0;
    } else if (!crossing) { /* falling back needs no measurement */
        cross(w, w->level.sure, false, HR_MARK_MAX, now);
    } else if (sure && w->footprint.measured && now - w->wanted_at >= (w->gauge.asked || w->gauge.credit > 0 ? PATIENCE : 0)) {
        cross(w, w->level.sure, false, now - w->wanted_at >= PATIENCE_MAX ? HR_MARK_MAX : HR_MARK_ACT, now);
    }
}

/* Is the machine itself short of memory, and may this job be the cause? */
static void machine(struct hr_train *w, struct hr_act_level *l, uint64_t now)
{
    if (w->room_at != 0 && now - w->room_at < ROOM_REST) { /* short ticks are for the job's own marks */
        l->machine = w->machine_short;
        l->black = w->machine_gone;
        return;
    }
    w->room_at = now;
    w->space = hr_room_now(&w->room, w->level.sure, 0, now);
    int64_t reserve = (int64_t)w->space.reserve;
    w->short_ticks = w->space.room < 0 ? w->short_ticks + 1 : 0;
    w->gone_ticks = w->space.room < -(reserve - reserve / 8) ? w->gone_ticks + 1 : 0;
    bool is_short = w->short_ticks >= SHORT_TICKS || (w->short_now && w->space.room < reserve / 4);
    if (is_short && !w->short_now) {
        w->r->low_times++;
        w->short_mine = w->level.sure >= w->space.reserve;
        hr_train_tell(w, "short", ",\"room\":%" PRId64 ",\"reserve\":%" PRId64 ",\"job\":%" PRIu64, w->space.room, reserve, w->level.sure);
        hr_train_say(w, "%s has %s left above nothing; the job holds %s%s", w->space.machine ? "the machine" : "the memory cgroup",
                     hr_human_bytes((uint64_t)HR_MAX(w->space.room + reserve, 0)).text, hr_human_bytes(w->level.sure).text,
                     w->short_mine ? "" : ": it is not the cause, and is left alone");
    } else if (!is_short && w->short_now) {
        hr_train_tell(w, "enough", ",\"room\":%" PRId64, w->space.room);
    }
    w->short_now = is_short;
    l->machine = w->machine_short = is_short && w->short_mine;
    l->black = w->machine_gone = w->gone_ticks >= GONE_TICKS && w->level.sure >= w->space.reserve;
}

static void curve(struct hr_train *w, bool measured, uint64_t now)
{
    uint64_t at = hr_train_since(w, now), v = w->level.sure;
    uint64_t moved = v > w->curve_bytes ? v - w->curve_bytes : w->curve_bytes - v;
    char line[256];
    w->r->looks += v != 0;
    hr_job_curve_add(&w->r->curve, at, v);
    if (v > w->r->peak.bytes) {
        w->r->peak = (struct hr_train_peak) { v, at };
        w->r->peak_file = w->level.file;
    }
    for (int k = 0; k < HR_KIN_KINDS; k++)
        if (w->level.kind[k] > w->r->kind[k].bytes)
            w->r->kind[k] = (struct hr_train_peak) { w->level.kind[k], at };
    if (!measured && moved < HR_MAX(w->curve_bytes / 200, MIB) && now - w->curve_at < CURVE_REST)
        return;
    w->curve_at = now;
    w->curve_bytes = v;
    int n = snprintf(line, sizeof line, "%.3f,%" PRIu64 ",%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, (double)at * 1e-9, v, measured,
                     w->level.kind[HR_KIN_MAIN], w->level.kind[HR_KIN_WORKER], w->level.kind[HR_KIN_PROGRAM], w->level.file, w->counts.available);
    for (unsigned i = 0; i < HR_MIN(w->r->cards, 4u) && n < 200; i++)
        n += w->vram[i].known ? snprintf(line + n, sizeof line - (size_t)n, ",%" PRIu64, w->vram[i].job) : snprintf(line + n, sizeof line - (size_t)n, ",");
    line[n++] = '\n';
    if (w->pen_on)
        hr_pen_line(&w->pen, 1, line, (size_t)n);
}

void hr_train_tick(struct hr_train *w, uint64_t now)
{
    const struct hr_part *part[HR_KIN_MAX];
    struct hr_act_level level = { 0 };
    bool fresh;
    if (w->ticked != 0)
        w->r->worst_gap_ns = HR_MAX(w->r->worst_gap_ns, now - w->ticked);
    w->ticked = now;
    read_counts(w);
    hr_kin_scan(&w->tree, &w->footprint, now);
    hr_kin_sample(&w->tree, &w->footprint);
    if (w->footprint.copyable > w->footprint.truth / 50)
        hr_kin_faults(&w->tree);
    size_t n = hr_kin_parts(&w->tree, part);
    w->level = hr_footprint_now(&w->footprint, part, n, &w->counts);
    measure(w, now, &fresh);
    marks(w, fresh, now);
    hr_train_vram_look(w, now, &level.vram);
    machine(w, &level, now);
    level.act = w->r->mark[HR_MARK_ACT].over;
    level.max = w->r->mark[HR_MARK_MAX].over;
    hr_train_act(w, &level, now);
    curve(w, fresh, now);
}

#include "train.h"

#include "clock.h"
#include "file.h"
#include "machine.h"
#include "memlock.h"
#include "mem.h"
#include "train_inside.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEAR_TICK (50 * HR_TRAIN_MS)
#define ANSWER_TICK (10 * HR_TRAIN_MS)

const char *hr_train_verdict_name(enum hr_train_verdict v)
{
    static const char *const name[] = { "done", "not started", "ended" };
    return name[v];
}

uint64_t hr_train_since(const struct hr_train *w, uint64_t now)
{
    return now - w->start;
}

void hr_train_tell(struct hr_train *w, const char *event, const char *more, ...)
{
    char line[768];
    va_list ap;
    int n = snprintf(line, sizeof line, "{\"ms\":%" PRIu64 ",\"event\":\"%s\"", hr_train_since(w, hr_now()) / HR_TRAIN_MS, event);
    va_start(ap, more);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 64, more, ap);
    va_end(ap);
    n = HR_MIN(n, (int)sizeof line - 64);
    n += snprintf(line + n, sizeof line - (size_t)n, ",\"job\":%" PRIu64 "}\n", w->level.sure);
    if (w->pen_on)
        hr_pen_line(&w->pen, 0, line, (size_t)n);
}

void hr_train_say(struct hr_train *w, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (w->o->say != NULL)
        w->o->say(w->o->ctx, line);
}

/* --- the loop --- */

static void news(struct hr_train *w)
{
    int value = 0;
    for (;;) {
        switch (hr_attend_news(&w->attend, &value)) {
        case HR_ATTEND_NOTHING:
            return;
        case HR_ATTEND_ENDED:
            w->over = true;
            w->over_at = hr_now();
            w->r->status = value;
            continue;
        case HR_ATTEND_STOPPED:
            hr_train_tell(w, "stopped", ",\"signal\":%d", value);
            hr_attend_stop_too(&w->attend, value);
            w->ticked = 0; /* the time in between is no gap */
            continue;
        case HR_ATTEND_TERMINAL:
        case HR_ATTEND_PASSED:
            w->r->interrupted = value == SIGCONT ? w->r->interrupted : value;
            hr_train_tell(w, "signal", ",\"signal\":%d", value);
            continue;
        }
    }
}

static uint64_t tick(const struct hr_train *w)
{
    return w->near && w->gauge.asked ? ANSWER_TICK : w->near ? HR_MIN(NEAR_TICK, w->o->tick_ns) : w->o->tick_ns;
}

static void watch(struct hr_train *w)
{
    uint64_t due = hr_now();
    /* Told to end, the job is followed until nothing of it is left. */
    while (!w->over || (w->act.ending && w->tree.n != 0 && hr_now() - w->over_at < w->act.grace + 5000 * HR_TRAIN_MS)) {
        struct pollfd p = { w->attend.signals, POLLIN, 0 };
        uint64_t now = hr_now();
        int ms = now >= due ? 0 : (int)((due - now + HR_TRAIN_MS - 1) / HR_TRAIN_MS);
        if (hr_poll(&p, 1, ms) < 0)
            hr_sleep(HR_TRAIN_MS);
        now = hr_now();
        if (p.revents != 0 || now >= due) /* also unasked: an end that was missed would be missed for good */
            news(w);
        if (now < due && !w->over)
            continue;
        hr_train_tick(w, now);
        due = now + tick(w);
    }
}

/* --- before and after --- */

static int start_pen(struct hr_train *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *timeline = hr_join(w->o->folder, "timeline.jsonl");
    HR_CLEANUP(hr_freep) char *points = hr_join(w->o->folder, "curve.csv");
    static const char head[] = "seconds,bytes,measured,main,workers,programs,mapped_files,available";
    char line[200];
    if (timeline == NULL || points == NULL)
        return hr_fail_nomem(err, strlen(w->o->folder) + 16, "a path");
    const char *const paths[HR_PEN_FILES] = { timeline, points };
    int r = hr_pen_start(&w->pen, paths, err);
    if (r < 0)
        return r;
    int n = snprintf(line, sizeof line, "%s", head);
    for (unsigned i = 0; i < HR_MIN(w->r->cards, 4u); i++)
        n += snprintf(line + n, sizeof line - (size_t)n, ",vram%u", i);
    line[n++] = '\n';
    hr_pen_line(&w->pen, 1, line, (size_t)n);
    return 0;
}

/* The command first, while this process has one thread. */
static int start(struct hr_train *w, struct hr_error *err)
{
    struct hr_attend_ask ask = { w->o->argv, w->o->envp, w->o->out, w->o->err, 300 };
    int en = 0, r = hr_attend_start(&ask, &w->attend, &en, err);
    if (w->o->handed != NULL)
        w->o->handed(w->o->ctx);
    if (r < 0 && en != 0) {
        w->r->verdict = HR_TRAIN_NOT_STARTED;
        w->r->status = en;
        w->over = true;
        return 0;
    }
    if (r < 0)
        return r;
    hr_many_files();
    hr_kin_open(&w->tree, w->attend.pid, (int)getpid());
    /* From here on nothing may be lost that runs: what cannot be started is done without. */
    struct hr_error why = HR_ERROR_INIT;
    if (hr_gauge_start(&w->gauge, w->start, &why) < 0)
        hr_train_say(w, "memory is only estimated: %s", why.text);
    return 0;
}

static void follow(struct hr_train *w, const struct hr_root *root)
{
    w->r->locked = hr_memory_lock();
    uint64_t allocated = hr_mem_count(), cpu = hr_cpu_process();
    hr_train_tell(w, "started", ",\"pid\":%d", w->attend.pid);
    watch(w);
    w->r->wall_ns = hr_now() - w->start;
    w->r->allocations = hr_mem_count() - allocated;
    w->r->cpu_ns = hr_cpu_process() - cpu;
    w->r->oom_kills = hr_figure_of(hr_room_kills(&w->room));
    hr_kin_sample(&w->tree, &w->footprint);
    w->r->left_behind = w->tree.n;
    hr_train_tell(w, "over", ",\"status\":%d,\"left_behind\":%zu", w->r->status, w->tree.n);
    hr_gauge_end(&w->gauge);
    memcpy(w->r->most, w->tree.most, sizeof w->r->most);
    w->r->unseen = w->tree.lost;
    w->r->measured = w->gauge.measured;
    w->r->measure_ns = w->gauge.spent;
    w->r->apart = w->gauge.apart;
    hr_train_vram_report(w);
    struct hr_figure own = hr_self_anon(root);
    w->r->own_bytes = own.known ? own.v : 0;
    hr_kin_close(&w->tree);
    hr_attend_end(&w->attend);
}

static int run(struct hr_train *w, const struct hr_root *root, struct hr_error *err)
{
    int r = hr_room_open(root, 0, &w->room, err);
    if (r < 0)
        return r;
    w->meminfo = hr_kept_open("/proc/meminfo");
    hr_train_vram_begin(w);
    w->start = hr_now();
    r = start(w, err);
    if (r == 0 && !w->over) {
        struct hr_error why = HR_ERROR_INIT;
        w->pen_on = start_pen(w, &why) == 0;
        if (!w->pen_on)
            hr_train_say(w, "there will be no timeline: %s", why.text);
        follow(w, root);
    }
    if (w->pen_on) {
        hr_pen_end(&w->pen);
        w->r->lines_lost = w->pen.dropped;
    }
    hr_close(w->meminfo < 0 ? -1 : w->meminfo);
    hr_room_close(&w->room);
    return r;
}

int hr_train_run(const struct hr_root *root, const struct hr_train_options *o, struct hr_train_report *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_train *w = hr_calloc(1, sizeof *w);
    if (w == NULL)
        return hr_fail_nomem(err, sizeof *w, "the watch");
    memset(ret, 0, sizeof *ret);
    w->o = o;
    w->r = ret;
    w->act = o->act;
    w->start = hr_now();
    w->attend.signals = -1;
    ret->verdict = HR_TRAIN_DONE;
    ret->cached_before = ret->cached_most = ret->least_available = hr_figure_unknown("/proc/meminfo was not read");
    ret->oom_kills = hr_figure_unknown("the command did not run");
    memcpy(ret->mark, o->mark, sizeof ret->mark);
    return run(w, root, err);
}

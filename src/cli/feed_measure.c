#include "feed_measure.h"

#include "clock.h"
#include "progress.h"

static const uint64_t enough = 1000000000;

static uint64_t batch_bytes(const hr_batch *b)
{
    uint64_t all = 0;
    for (int i = 0; i < b->tensors; i++) {
        uint64_t n = hr_dtype_size(b->tensor[i].dtype);
        for (int d = 0; d < b->tensor[i].ndim; d++)
            n *= (uint64_t)b->tensor[i].shape[d];
        all += n;
    }
    return all;
}

struct loop {
    hr_loader *l;
    const struct hr_feed_plan *plan;
    struct hr_feed_seen *seen;
    struct hr_progress progress;
    uint64_t deadline;   /* hr_now */
    uint64_t every;      /* ticks between looks at the keyboard, the deadline and the progress */
    uint64_t look_again; /* hr_ticks */
    uint64_t next_ticks;
    uint64_t first_at; /* hr_now */
};

/* I1: one batch of a small dataset takes two microseconds, and that is what is measured: per batch the loop reads the tick
 * counter twice and nothing else; the slow clock and the progress come once in `every` ticks.
 * 1 = the time is over or the user wants to stop. */
static int one_epoch(struct loop *w, struct hr_error *err)
{
    struct hr_feed_seen *s = w->seen;
    for (;;) {
        hr_batch *b = NULL;
        uint64_t before = hr_ticks();
        int r = hr_loader_next(w->l, &b, err);
        uint64_t after = hr_ticks();
        w->next_ticks += after - before;
        if (r <= 0)
            return r;
        if (s->batches++ == 0)
            w->first_at = hr_now();
        s->samples += b->samples;
        s->bytes += batch_bytes(b);
        if (w->plan->step != 0)
            hr_sleep(w->plan->step);
        hr_batch_release(b);
        if (after < w->look_again)
            continue;
        w->look_again = after + w->every;
        if (hr_progress_step(&w->progress, s->samples, 0, NULL) || hr_now() >= w->deadline)
            return 1;
    }
}

int hr_feed_measure(struct hr_cli *cli, hr_loader *l, const struct hr_feed_plan *plan, struct hr_feed_seen *seen,
                    struct hr_error *err)
{
    double tick_ns = hr_tick_ns(); /* measures the counter on its first call: before the clock of the feed starts */
    struct loop w = { .l = l, .plan = plan, .seen = seen, .every = (uint64_t)(20e6 / tick_ns) };
    uint64_t start = hr_now();
    w.deadline = plan->seconds != 0 && plan->seconds < UINT64_MAX - start ? start + plan->seconds : UINT64_MAX;
    hr_progress_begin(&w.progress, cli, "feeding", HR_PROGRESS_COUNT);
    int r = 0;
    while (r == 0 && (plan->epochs == 0 || seen->epochs < plan->epochs)) {
        r = one_epoch(&w, err);
        seen->epochs += r == 0;
        if (r == 0 && seen->batches == 0)
            break; /* nothing for this rank: epochs without a batch would go on for ever */
        if (plan->epochs == 0 && plan->seconds == 0 && hr_now() - start >= enough)
            break;
    }
    hr_progress_end(&w.progress);
    seen->total_ns = hr_now() - start;
    seen->next_ns = (uint64_t)((double)w.next_ticks * tick_ns);
    seen->first_ns = seen->batches != 0 ? seen->open_ns + (w.first_at - start) : 0;
    return r < 0 ? r : 0;
}

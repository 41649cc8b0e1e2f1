/* The sampler.  Looks at the machine once per tick, in tiers: what is cheap every time on descriptors that stay open, processes in
 * turns (those that matter every time, quiet ones ever less often, all of them when the machine's totals show what no row
 * explains), what costs milliseconds about once a minute under a budget.  It never waits for a driver: a child asks it, and what
 * has not answered is told as stale.
 *
 *   struct hr_watch *w;
 *   int r = hr_watch_open(root, &options, &w, &err);
 *   while (r == 0 && ...) {
 *       hr_watch_tick(w);
 *       draw(hr_watch_model(w), hr_watch_series(w));
 *       sleep until the next tick
 *   }
 *   hr_watch_close(w);
 *
 * For one thread; nothing is allocated after the first tick.  On a captured root there is one moment: rates are unknown and
 * say so. */
#ifndef HR_WATCH_H
#define HR_WATCH_H

#include "model.h"
#include "root.h"
#include "series.h"

struct hr_watch_options {
    uint64_t period;  /* ns between ticks as the caller means to keep them; 0: 1 s */
    bool no_processes; /* neither processes nor jobs */
    bool no_gpus;
    bool no_files;     /* neither PSS nor page cache by file */
    bool frugal;       /* turns of quiet processes for a quarter of the cost, rare looks for half: for a recorder that runs for ever */
    /* For tests: the time; NULL: this machine's. */
    uint64_t (*now)(void *ctx);
    void *ctx;
};

struct hr_watch;
int hr_watch_open(const struct hr_root *root, const struct hr_watch_options *options, struct hr_watch **ret,
                  struct hr_error *err) HR_MUST_USE;
void hr_watch_close(struct hr_watch *w); /* accepts NULL */
/* One look.  What cannot be read is unknown in the model, so there is nothing to fail. */
void hr_watch_tick(struct hr_watch *w);
/* Of the last tick; the same address for the life of the watcher. */
const struct hr_model *hr_watch_model(const struct hr_watch *w);
const struct hr_series *hr_watch_series(const struct hr_watch *w);
/* The next tick looks at everything, whatever the budget says (PSS, files), and waits up to 2 s for the driver: for reports
 * that are printed once. */
void hr_watch_look_closely(struct hr_watch *w);

#endif

/* Measures PSS in a thread of its own, since one reading takes 13 ms for each resident GiB, and keeps it to a small part of a CPU.
 *
 * G1: what it takes in the long run stays below the share that it earns: half a percent of a CPU, one percent near a mark.  One
 *     measurement may overdraw; the next one waits until that is paid back.  What is not urgent leaves enough for one that is. */
#ifndef HR_GAUGE_H
#define HR_GAUGE_H

#include "kin.h"
#include "thread.h"

struct hr_gauge_one {
    int pid;
    uint64_t born, group;
    uint64_t anon, faults; /* right after the reading */
    struct hr_rollup rollup;
    bool read;
};

struct hr_gauge {
    struct hr_thread thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct hr_gauge_one one[HR_KIN_MAX];
    size_t n;
    enum { HR_GAUGE_IDLE, HR_GAUGE_ASKED, HR_GAUGE_DONE, HR_GAUGE_OVER } state;
    uint64_t cost; /* ns of CPU of the last measurement */
    /* The watcher's side. */
    struct hr_counts then;
    int64_t credit, last; /* ns; G1; last: what the last measurement took */
    uint64_t credit_at;
    uint64_t measured, spent; /* how often, ns of CPU in all */
    uint64_t refused;    /* processes whose memory could not be read */
    bool asked;
    unsigned discarded; /* measurements in a row that came too late */
    bool apart; /* the kernel tells anonymous, shared and file memory apart */
};

int hr_gauge_start(struct hr_gauge *g, uint64_t now, struct hr_error *err) HR_MUST_USE;
/* Earns, and tells whether a measurement may be asked for now; `urgent`: a mark calls for it. */
bool hr_gauge_may(struct hr_gauge *g, bool near, bool urgent, uint64_t now);
void hr_gauge_ask(struct hr_gauge *g, const struct hr_kin_tree *t, const struct hr_counts *now);
/* True: a measurement is finished and is in the tree and the footprint now. */
bool hr_gauge_take(struct hr_gauge *g, struct hr_kin_tree *t, struct hr_footprint *f, uint64_t now);
void hr_gauge_end(struct hr_gauge *g);

#endif

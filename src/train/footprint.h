/* What a tree of processes really takes: anonymous memory, shared memory and what of both is in swap, each page once.
 *
 * The truth is PSS, whose reading walks every page (13 ms for a GiB) and cannot be had at each tick.  RSS costs microseconds and counts
 * a page once for every forked worker that sees it.  So PSS is measured rarely, and RSS tells what has changed since:
 *
 * F1: right after a measurement of all processes the figure is the measured one.
 * F2: what a process has grown by is its own; what is new by exec is its own; what a fork brings is its parent's already.
 * F3: a page that a worker writes to becomes a second page while no RSS changes.  Each costs it a page fault, and other things do too:
 *     so its faults beyond what its RSS grew by are the most that it can have copied.  This, and what the machine's shared memory grew by,
 *     is kept apart (`unsure`), never above what could still be copied, and calls for a measurement.
 * F4: a process and its copies together hold at least what the largest of them sees: where PSS says less, a copy that nobody has seen
 *     (one that lives for a moment, before its exec) has the rest. */
#ifndef HR_FOOTPRINT_H
#define HR_FOOTPRINT_H

#include "attr.h"

/* One process by /proc/PID/smaps_rollup, in bytes. */
struct hr_rollup {
    uint64_t rss, pss;
    uint64_t anon, shmem, file; /* parts of pss; where the kernel does not tell them apart all is `anon` */
    uint64_t own;               /* resident in this process alone, and written to */
    uint64_t swap;              /* SwapPss */
    bool apart;                 /* the parts were told */
};
/* False: it is no such text. */
bool hr_rollup_parse(const char *text, size_t n, struct hr_rollup *ret);

enum hr_kin_kind { HR_KIN_MAIN, HR_KIN_WORKER, HR_KIN_PROGRAM, HR_KIN_KINDS };
const char *hr_kin_kind_name(enum hr_kin_kind k); /* "main", "workers", "programs" */

/* A process of the job, as far as its memory goes. */
struct hr_part {
    enum hr_kin_kind kind;
    uint64_t group;    /* the same in a process and its forked copies */
    uint64_t anon;     /* bytes resident and anonymous now */
    bool measured;
    uint64_t faults;   /* so far */
    uint64_t faults_base; /* measured: at that moment */
    uint64_t base;     /* measured: `anon` at that moment.  Otherwise: what it was born with and shares */
    uint64_t took;     /* measured: its share (anon, shmem and swap); otherwise 0 */
    uint64_t own;      /* measured: the part of `took` that goes when it does */
    uint64_t file;     /* measured: its share of mapped files */
};

/* Counts of the whole machine, bytes. */
struct hr_counts {
    uint64_t anon, shmem, swap, cached, available;
};

struct hr_footprint {
    bool measured;            /* at least once */
    uint64_t truth, at;       /* the last measurement and its time */
    uint64_t copyable;        /* F3: bytes that were shared by forked copies then */
    int64_t rest;             /* shares of processes that have gone since */
    struct hr_counts then;    /* the machine at that moment */
};

/* The figure now: `sure`, and what may come to it (F3). */
struct hr_taken {
    uint64_t sure, unsure;
    uint64_t kind[HR_KIN_KINDS];
    unsigned count[HR_KIN_KINDS];
    uint64_t file;
};
struct hr_taken hr_footprint_now(const struct hr_footprint *f, const struct hr_part *const *part, size_t n, const struct hr_counts *now);
/* A process is in the tree from now on; `forked`: a copy of another one, with whose pages it begins. */
void hr_footprint_born(struct hr_part *p, bool forked);
/* It has gone; `copies` other ones share its pages. */
void hr_footprint_gone(struct hr_footprint *f, const struct hr_part *p, unsigned copies);
/* All have been measured: put each share into its part first (hr_footprint_put). */
void hr_footprint_put(struct hr_part *p, const struct hr_rollup *r, uint64_t anon_then, uint64_t faults_then);
void hr_footprint_measured(struct hr_footprint *f, const struct hr_part *const *part, size_t n, const struct hr_counts *then,
                           uint64_t now);

#endif

/* A training job under watch: its memory as it really is (PSS), the memory of its cards, and marks at which something is said or done.
 * The job itself runs as if nobody watched (sys/attend.h).
 *
 * The parts: kin.h (which processes), footprint.h (what they take), gauge.h (the measuring), mark.h, act.h (what is done; T1: nothing
 * is ever stopped), gpu_asker.h (VRAM), pen.h (timeline and curve). */
#ifndef HR_TRAIN_H
#define HR_TRAIN_H

#include "act.h"
#include "job_curve.h"
#include "footprint.h"
#include "gpu_asker.h"
#include "mark.h"
#include "root.h"

enum { HR_TRAIN_CARDS_MAX = 16 };

/* A mark on VRAM: bytes, or a part of the card's own; both 0: none. */
struct hr_vram_mark {
    uint64_t bytes;
    double percent;
};

struct hr_train_options {
    const char *const *argv;
    const char *const *envp;
    struct hr_mark mark[HR_MARKS];
    struct hr_vram_mark vram[2]; /* warn, act */
    struct hr_act act;
    int checkpoint_signal;
    uint64_t tick_ns;
    struct hr_gpu_asker *cards; /* NULL: not watched */
    const char *folder;     /* for timeline.jsonl and curve.csv */
    int out, err;           /* the command's outputs; -1: this program's */
    void (*handed)(void *ctx); /* the command has its outputs; may be NULL */
    /* A line for the user, while the command runs; it must not wait. */
    void (*say)(void *ctx, const char *line);
    void *ctx;
};

enum hr_train_verdict {
    HR_TRAIN_DONE,        /* it ended by itself, or by somebody else's signal */
    HR_TRAIN_NOT_STARTED, /* `status` is the errno */
    HR_TRAIN_ENDED,       /* by a step of the ladder: `why` */
};
const char *hr_train_verdict_name(enum hr_train_verdict v);

struct hr_train_peak {
    uint64_t bytes, at; /* at: ns since the start */
};
struct hr_train_card {
    char name[64];
    struct hr_figure total, base, peak; /* bytes: of the card, in use before the job, of the job */
    uint64_t peak_at;
    bool whole;                         /* the peak is that of the whole card less what was in use before */
    struct hr_real busy;                /* mean percent while the job ran */
    struct hr_mark mark[2];
};
struct hr_train_report {
    enum hr_train_verdict verdict;
    enum hr_act_why why;
    int status;             /* a wait status */
    int interrupted;        /* the last signal that the terminal or somebody else sent; 0: none */
    uint64_t wall_ns;
    uint64_t looks;         /* with a process of the job in sight; 0: the figures of memory are none */
    struct hr_train_peak peak, kind[HR_KIN_KINDS];
    unsigned most[HR_KIN_KINDS]; /* processes at once */
    uint64_t peak_file;     /* mapped files' share when memory was highest */
    struct hr_figure cached_before, cached_most; /* of the machine's page cache */
    struct hr_figure least_available;
    struct hr_mark mark[HR_MARKS];
    uint64_t low_times;     /* the machine ran short */
    uint64_t dropped_files, dropped_bytes;
    uint64_t checkpoints, checkpoint_at; /* processes that were asked; when first */
    uint64_t ending_at;     /* SIGTERM; 0: none was sent */
    bool killed;            /* SIGKILL had to follow */
    struct hr_figure oom_kills; /* of the whole machine meanwhile */
    uint64_t left_behind;
    struct hr_job_curve curve;
    struct hr_train_card card[HR_TRAIN_CARDS_MAX];
    unsigned cards;
    char cards_why[200];    /* why there are none */
    /* About the watch itself. */
    uint64_t measured, measure_ns, cpu_ns, cards_cpu_ns, worst_gap_ns, allocations, own_bytes, lines_lost, unseen;
    uint64_t not_measured;  /* processes whose PSS could not be read at the last measurement */
    bool apart;             /* the kernel tells anonymous, shared and file memory apart */
    const char *locked;
};

/* Why there are no figures of cards, in words. */
const char *hr_train_no_cards(const struct hr_gpu_told *t);
/* Runs it to its end.  Fails only before the command has been started. */
int hr_train_run(const struct hr_root *root, const struct hr_train_options *o, struct hr_train_report *ret, struct hr_error *err) HR_MUST_USE;

#endif

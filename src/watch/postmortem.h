/* What the last minutes of a recording looked like, and the likely cause of its end: with the evidence, or that it cannot be told. */
#ifndef HR_POSTMORTEM_H
#define HR_POSTMORTEM_H

#include "episodes.h"
#include "ring_read.h"
#include "root.h"

enum hr_post_end {
    HR_POST_CLEAN,       /* the recorder wrote its end */
    HR_POST_RECORDER,    /* it was cut off, and the same run of the kernel goes on: something ended the recorder alone */
    HR_POST_MACHINE,     /* it was cut off, and the machine was started anew since */
    HR_POST_CUT,         /* it was cut off, and nothing tells of which run of the kernel it was */
    HR_POST_GOES_ON,     /* it is being recorded at this moment */
    HR_POST_ENDS
};
enum hr_cause {
    HR_CAUSE_NONE,      /* nothing went wrong that was recorded */
    HR_CAUSE_OOM,       /* the kernel killed for memory */
    HR_CAUSE_MEMORY,    /* memory was at its end */
    HR_CAUSE_GPU,       /* dxg or Xid messages */
    HR_CAUSE_KERNEL,    /* panic, lockup */
    HR_CAUSE_STORAGE,   /* I/O errors, a file system gone read-only */
    HR_CAUSE_HUNG,      /* looks came late, programs stood still */
    HR_CAUSE_SHM,       /* a file system in memory became full */
    HR_CAUSE_DISK,      /* a disk became full */
    HR_CAUSE_UNTOLD,    /* it cannot be told */
    HR_CAUSES
};

enum { HR_POST_GROWERS = 8, HR_POST_CURVE = 600, HR_POST_EVIDENCE = 20, HR_POST_LINE = 400 };

struct hr_grower {
    int pid;
    char name[96];
    uint64_t was, is; /* bytes that end with it; was 0: it was not among those recorded */
    uint64_t took;    /* ns from where it began to grow to its last figure */
    bool ended;       /* in the window, before the end; `is` is then its last figure */
};

enum { HR_POST_ALERTS = 8 };
struct hr_post_alert { /* that had begun and not ended */
    char key[32], text[HR_RING_TEXT];
    uint64_t since;                /* wall time */
    struct hr_episode_curve curve; /* of the moments of the window; without a figure: .what is NULL */
};

struct hr_postmortem {
    enum hr_post_end end;
    enum hr_cause cause;
    bool wsl;
    char why_ended[HR_RING_TEXT];
    uint64_t first, last; /* wall time of the window's first and last moment */
    size_t moments;
    uint64_t total, available, least;  /* bytes at the end; least: available in the window */
    uint64_t swap_total, swap_used;
    bool memory_known, group; /* group: of a cgroup, which ends before the machine does */
    struct hr_grower grower[HR_POST_GROWERS]; /* largest growth first */
    unsigned growers;
    /* Who took the memory, as one sentence, or that it cannot be told; "" where memory was not the end. */
    char culprit[HR_POST_LINE];
    double used[HR_POST_CURVE]; /* percent of memory not available, over the window; negative: unknown */
    unsigned curve;
    char evidence[HR_POST_EVIDENCE][HR_POST_LINE];
    unsigned evidence_n;
    struct hr_post_alert alert[HR_POST_ALERTS];
    unsigned alerts;
};

struct hr_post_ask {
    uint64_t window; /* ns before the last moment */
    unsigned back;   /* 0: the last recording in the file, 1: the one before it */
    bool busy;       /* a recorder has the file at this moment */
};
/* `root` tells which run of the kernel this is and what it said.  HR_E_NOT_FOUND: no such recording, or no moment in it. */
int hr_postmortem(struct hr_tape *t, const struct hr_root *root, const struct hr_post_ask *ask, struct hr_postmortem *ret,
                  struct hr_error *err) HR_MUST_USE;
/* Its parts: the alerts that were on at the end of the frames [from, to), with their curves over the window; as text and JSON. */
void hr_post_alerts(struct hr_tape *t, size_t from, size_t to, struct hr_postmortem *p);
void hr_post_alerts_text(const struct hr_postmortem *p, bool ascii, struct hr_buf *out);
void hr_post_alerts_json(const struct hr_postmortem *p, struct hr_jw *w);
const char *hr_post_end_text(enum hr_post_end e, bool wsl);
const char *hr_cause_text(enum hr_cause c); /* the verdict */
/* "python train.py (pid 4711) grew from 2.10 GiB to 11.4 GiB in 4 min 02 s" */
void hr_grower_text(const struct hr_grower *g, char *to, size_t n);
/* `at` and `from`: the window's ends as people read them. */
void hr_postmortem_text(const struct hr_postmortem *p, const char *from, const char *at, bool ascii, struct hr_buf *out);
void hr_postmortem_json(const struct hr_postmortem *p, struct hr_jw *w);

#endif

/* What the last minutes of a recording looked like, and the likely cause of its end: with the evidence, or that it cannot be told. */
#ifndef HR_POSTMORTEM_H
#define HR_POSTMORTEM_H

#include "episodes.h"
#include "kernel_log.h"
#include "ring_read.h"

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
    HR_CAUSE_UNTOLD,    /* it cannot be told */
    HR_CAUSES
};

enum { HR_POST_GROWERS = 8, HR_POST_CURVE = 600, HR_POST_EVIDENCE = 12, HR_POST_LINE = 320 };

struct hr_grower {
    int pid;
    char name[96];
    uint64_t was, is; /* bytes that end with it; was 0: it was not among those recorded */
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
    char why_ended[HR_RING_TEXT];
    uint64_t first, last; /* wall time of the window's first and last moment */
    size_t moments;
    uint64_t total, available, least;  /* bytes at the end; least: available in the window */
    uint64_t swap_total, swap_used;
    bool memory_known;
    struct hr_grower grower[HR_POST_GROWERS]; /* largest growth first */
    unsigned growers;
    double used[HR_POST_CURVE]; /* percent of memory not available, over the window; negative: unknown */
    unsigned curve;
    char evidence[HR_POST_EVIDENCE][HR_POST_LINE];
    unsigned evidence_n;
    struct hr_post_alert alert[HR_POST_ALERTS];
    unsigned alerts;
};

/* `window` ns before the last moment.  `boot`: this run of the kernel, "" when unknown; `log`: its messages; `busy`: a recorder has the
 * file at this moment. */
int hr_postmortem(struct hr_tape *t, uint64_t window, const char *boot, const struct hr_kernel_log *log, bool busy, struct hr_postmortem *ret,
                  struct hr_error *err) HR_MUST_USE;
/* Its parts: the alerts that were on at the end of the frames [from, to), with their curves over the window; as text and JSON. */
void hr_post_alerts(struct hr_tape *t, size_t from, size_t to, struct hr_postmortem *p);
void hr_post_alerts_text(const struct hr_postmortem *p, bool ascii, struct hr_buf *out);
void hr_post_alerts_json(const struct hr_postmortem *p, struct hr_jw *w);
const char *hr_post_end_text(enum hr_post_end e);
const char *hr_cause_text(enum hr_cause c); /* the verdict */
/* `at` and `from`: the window's ends as people read them. */
void hr_postmortem_text(const struct hr_postmortem *p, const char *from, const char *at, bool ascii, struct hr_buf *out);
void hr_postmortem_json(const struct hr_postmortem *p, struct hr_jw *w);

#endif

/* Why is my training slow?  An answer from outside the process: what holds a job up, with the readings that say so and one
 * thing to do; or that it cannot be told, and why.  A pure function of the model and its past. */
#ifndef HR_WHY_SLOW_H
#define HR_WHY_SLOW_H

#include "json_write.h"
#include "series.h"

enum hr_slow_kind {
    HR_SLOW_CANNOT,  /* cannot be told */
    HR_SLOW_COMPUTE, /* the GPU (or, without one, the CPUs) is what works: nothing holds it up */
    HR_SLOW_POWER,   /* the GPU's power limit */
    HR_SLOW_HEAT,    /* the GPU's temperature */
    HR_SLOW_MEMORY,  /* the machine swaps or reclaims */
    HR_SLOW_DISK,    /* starved: loaders wait for a disk */
    HR_SLOW_WINDOWS, /* starved: loaders wait for a Windows drive (/mnt/c) */
    HR_SLOW_CPU,     /* starved: loaders or the machine's CPUs are at their end */
    HR_SLOW_MAIN,    /* starved: the training process itself is busy on one CPU */
    HR_SLOW_WAIT,    /* starved: loaders wait, but for neither CPU nor disk */
    HR_SLOW_STOPPED, /* members of the job are stopped */
    HR_SLOW_KINDS
};
struct hr_slow_word {
    const char *key, *title, *advice;
};
const struct hr_slow_word *hr_slow_word(enum hr_slow_kind k);

enum { HR_SLOW_EVIDENCE = 8 };
struct hr_slow {
    enum hr_slow_kind kind;
    char job[HR_MODEL_NAME]; /* "": no job */
    int lead;
    char because[256];       /* of HR_SLOW_CANNOT */
    char evidence[HR_SLOW_EVIDENCE][160];
    unsigned evidence_n;
    uint64_t over;           /* ns that the means are over */
};

/* Of job `job` of the model (see hr_slow_job); `window`: how far to look back, ns. */
void hr_why_slow(const struct hr_model *m, const struct hr_series *s, int job, uint64_t window, struct hr_slow *ret);
/* The job of that name or lead's pid; for NULL the one with most GPUs, then most CPU.  -1: there is none. */
int hr_slow_job(const struct hr_model *m, const char *name);

void hr_slow_text(const struct hr_slow *v, bool color, struct hr_buf *out);
void hr_slow_json(const struct hr_slow *v, struct hr_jw *w);

#endif

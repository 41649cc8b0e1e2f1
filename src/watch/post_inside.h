/* What postmortem.c gathers of the window and post_cause.c judges; for them alone. */
#ifndef HR_POST_INSIDE_H
#define HR_POST_INSIDE_H

#include "kernel_log.h"
#include "postmortem.h"

#define HR_POST_SECOND UINT64_C(1000000000)

enum { HR_POST_SEEN = 256, HR_POST_GAPS = 512, HR_POST_SPACES = 16, HR_POST_JOBS = 24 };

struct hr_post_seen { /* a process of the window, by pid and birth */
    int pid;
    uint64_t born, was, is, begun, last; /* begun: `at` of the last moment at which it had hardly grown */
    uint64_t at_last;
    char name[96];
};
struct hr_post_space { /* a file system: bytes left at the first and the last moment */
    char at[HR_WORD_MAX];
    uint64_t total, first, last, seen;
    bool ram;
};
struct hr_post_job {
    int lead;
    uint64_t born, last, memory;
    char name[HR_MODEL_NAME];
};

struct hr_post_look {
    struct hr_post_seen seen[HR_POST_SEEN];
    unsigned n;
    uint64_t oom_first, oom_last;
    bool oom_known;
    uint64_t at_first, at_last; /* monotonic, ns since boot */
    uint64_t gap[HR_POST_GAPS]; /* between looks, the last ones, as a ring */
    uint64_t gap_at[HR_POST_GAPS];
    size_t gaps;
    double still_memory, still_io; /* PSI full, sum of the last half minute's percents */
    unsigned still_n;
    struct hr_post_space space[HR_POST_SPACES];
    unsigned spaces;
    struct hr_post_job job[HR_POST_JOBS];
    unsigned jobs;
    struct hr_reading part_first[HR_PARTS], part_last[HR_PARTS];
    uint64_t used_first, used_last; /* bytes of the machine that were not available */
    struct hr_segment segment; /* the largest of the last moment */
    struct hr_kernel_log log;
    bool log_followed;         /* the recorder wrote down what the kernel said */
    char log_why_not[HR_RING_TEXT];
    uint64_t started; /* ns between the last moment and the machine's new start; 0: not known */
};

void hr_post_say(struct hr_postmortem *p, const char *fmt, ...) HR_PRINTF(2, 3);
/* The cause and the evidence. */
void hr_post_judge(struct hr_postmortem *p, struct hr_post_look *l);

#endif

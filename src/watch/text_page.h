/* A report being written, for the files that write its parts; for watch_text.c and its parts alone. */
#ifndef HR_TEXT_PAGE_H
#define HR_TEXT_PAGE_H

#include "watch_report.h"

enum { HR_TEXT_REASONS = 24 };

struct hr_text_page {
    const struct hr_model *m;
    const struct hr_watch_screen *s;
    struct hr_buf *out;
    /* what is not known, each reason once */
    struct {
        char what[64], why[256];
    } reason[HR_TEXT_REASONS];
    unsigned reasons;
};

/* Notes that `what` cannot be had: it is told at the end. */
void hr_text_missing(struct hr_text_page *g, const char *what, const char *why);
/* A value or "–", and then its reason is noted. */
const char *hr_text_bytes(struct hr_text_page *g, const char *what, const struct hr_figure *f, struct hr_human *h);
const char *hr_text_percent(struct hr_text_page *g, const char *what, const struct hr_real *f, char out[16]);

/* The parts, in their order. */
void hr_text_machine(struct hr_text_page *g); /* name, processors, stalls, memory, disks, network */
void hr_text_gpus(struct hr_text_page *g);
void hr_text_jobs(struct hr_text_page *g); /* jobs, processes, and the files and segments that they hold in memory */

#endif

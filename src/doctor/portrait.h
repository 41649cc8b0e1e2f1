/* The machine in a few lines: what a doctor writes at the top of the sheet. */
#ifndef HR_PORTRAIT_H
#define HR_PORTRAIT_H

#include "facts.h"

enum { HR_PORTRAIT_LINES = 12 };

struct hr_portrait {
    struct {
        const char *what; /* "memory" */
        struct hr_buf text;
    } line[HR_PORTRAIT_LINES];
    size_t n;
};

/* What is not known is told as "–" with its reason.  False: out of memory. */
bool hr_portrait_of(struct hr_facts *facts, struct hr_portrait *ret);
void hr_portrait_fini(struct hr_portrait *p);

#endif

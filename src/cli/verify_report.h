/* What `headrace build` says about what was built. */
#ifndef HR_VERIFY_REPORT_H
#define HR_VERIFY_REPORT_H

#include "build_verify.h"
#include "json_write.h"
#include "table.h"

/* The outcome of a verification, or why there was none. */
struct hr_proof {
    const struct hr_verify *v; /* NULL: it was not verified */
    enum hr_expect expect;
    bool met;      /* what was expected */
    char why[512]; /* why not */
};

/* Rows of two cells. */
void hr_verify_rows(struct hr_table *t, const struct hr_proof *p);
/* A value; null where it was not verified. */
void hr_verify_json(struct hr_jw *w, const struct hr_proof *p);

#endif

/* A figure over time in a fixed room, however long it runs: when it is full, every two neighbours become one, the larger. */
#ifndef HR_JOB_CURVE_H
#define HR_JOB_CURVE_H

#include "attr.h"

enum { HR_JOB_CURVE_MAX = 2048 };
struct hr_job_curve {
    struct {
        uint64_t at, bytes; /* ns since the start */
    } point[HR_JOB_CURVE_MAX];
    size_t n;
    uint64_t step; /* ns between two points, at least */
};

void hr_job_curve_add(struct hr_job_curve *c, uint64_t at, uint64_t bytes);
/* The largest figure in each of `columns` equal parts of [0, end]; where no point lies, the one before goes on. */
void hr_job_curve_columns(const struct hr_job_curve *c, uint64_t end, uint64_t *ret, size_t columns);

#endif

/* A transform as it is written on the command line: KIND[:FIELD[.COLUMN]][=A[,B]]
 *   zscore:x            mean and deviation of every column from the dataset's statistics
 *   clamp:x.2=0,30      column 2 of x into [0, 30]
 *   noise:x.1=0.1       normal noise
 *   edge_drop=0.1       no field
 * minmax, zscore and clamp without figures take them from the statistics. */
#ifndef HR_TRANSFORM_OPT_H
#define HR_TRANSFORM_OPT_H

#include "opt.h"
#include "headrace/feed.h"

struct hr_transform_list {
    struct hr_transform *item; /* item[i].field points into `names` */
    char **names;
    size_t n;
};

/* One text per transform. */
int hr_transforms_parse(const struct hr_strings *texts, struct hr_transform_list *ret,
                        struct hr_error *err) HR_MUST_USE;
void hr_transforms_fini(struct hr_transform_list *l);

#endif

/* Pressure stall information (PSI): the share of time in which tasks waited for the CPU, memory or disks.
 * Kernel Documentation/accounting/psi.rst. */
#ifndef HR_PRESSURE_H
#define HR_PRESSURE_H

#include "known.h"
#include "root.h"

struct hr_pressure {
    struct hr_real some10, some60; /* percent of the last 10 and 60 s in which at least one task waited */
    struct hr_real full10;         /* percent in which all did; unknown for the CPU of old kernels */
    struct hr_figure some_total;   /* ns since boot */
};

/* `what`: "cpu", "memory" or "io". */
void hr_pressure_read(const struct hr_root *root, const char *what, struct hr_pressure *ret);
void hr_pressure_parse(struct hr_str text, struct hr_pressure *ret);

#endif

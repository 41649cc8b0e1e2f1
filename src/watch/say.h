/* Figures in the narrow places of a screen: at most nine columns, three digits, always with the unit; "–" for what is not known. */
#ifndef HR_SAY_H
#define HR_SAY_H

#include "model.h"
#include "series.h"

struct hr_say {
    char text[32];
};

struct hr_say hr_say_bytes(double v);  /* "8.13 GiB", "812 MiB", "96 B" */
struct hr_say hr_say_rate(double v);   /* "8.13 MiB/s" */
struct hr_say hr_say_time(double ns);  /* "1.2 ms" */
struct hr_say hr_say_age(uint64_t ns); /* "3 d 04 h", "2 h 05 m", "45 s" */
struct hr_say hr_say_percent(double v); /* "97 %", "0.4 %" */
struct hr_say hr_say_unit(double v, enum hr_metric_unit unit);

struct hr_say hr_say_figure(const struct hr_figure *f, enum hr_metric_unit unit);
struct hr_say hr_say_real(const struct hr_real *f, enum hr_metric_unit unit);
struct hr_say hr_say_reading(struct hr_reading r, enum hr_metric_unit unit);

/* A round figure at or above `v`, for the ceiling of a plot: 1, 2, 4, 8 ... of the unit's own prefix. */
double hr_say_ceiling(double v, enum hr_metric_unit unit);

#endif

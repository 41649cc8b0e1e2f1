/* Figures as people read them.  Each writes into the caller's array and returns it. */
#ifndef HR_HUMAN_H
#define HR_HUMAN_H

#include "attr.h"

struct hr_human {
    char text[48];
};

struct hr_human hr_human_bytes(uint64_t bytes);     /* "1.50 GiB", "812 B" */
struct hr_human hr_human_count(uint64_t n);         /* "1,234,567" */
struct hr_human hr_human_of(uint64_t n, const char *thing); /* "1 batch", "1,234 batches": of a word that takes -s or, after tch, -es */
struct hr_human hr_human_duration(uint64_t ns);     /* "1.2 µs", "340 ms", "2 min 05 s" */
struct hr_human hr_human_rate(double per_second);   /* "1.35 M/s" */

#endif

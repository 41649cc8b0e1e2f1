/* Versions as kernels and drivers write them, compared number by number. */
#ifndef HR_VERSION_H
#define HR_VERSION_H

#include "known.h"

enum { HR_VERSION_PARTS = 4 };
struct hr_version {
    unsigned n; /* parts that were there; 0: it is no version */
    unsigned part[HR_VERSION_PARTS];
};

/* "6.18.26.1-microsoft-standard-WSL2+" gives 6, 18, 26, 1: the leading numbers parted by dots. */
struct hr_version hr_version_of(struct hr_str s);
/* <0, 0, >0; parts that are not there count as 0. */
int hr_version_cmp(struct hr_version a, struct hr_version b);
/* As hr_version_cmp(v, the version written there). */
int hr_version_against(struct hr_version v, const char *other);

#endif

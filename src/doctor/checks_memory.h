/* The checks of kernel switches and limits (checks_limits.c), for the table of the memory group. */
#ifndef HR_CHECKS_MEMORY_H
#define HR_CHECKS_MEMORY_H

#include "check.h"

extern const char hr_why_overcommit[];
void hr_check_overcommit(struct hr_facts *facts, struct hr_finding *f);
void hr_check_swappiness(struct hr_facts *facts, struct hr_finding *f);
void hr_check_thp(struct hr_facts *facts, struct hr_finding *f);
void hr_check_huge_pages(struct hr_facts *facts, struct hr_finding *f);
void hr_check_maps(struct hr_facts *facts, struct hr_finding *f);
void hr_check_open_files(struct hr_facts *facts, struct hr_finding *f);
void hr_check_locked(struct hr_facts *facts, struct hr_finding *f);
void hr_check_processes(struct hr_facts *facts, struct hr_finding *f);
void hr_check_inotify(struct hr_facts *facts, struct hr_finding *f);
void hr_check_core(struct hr_facts *facts, struct hr_finding *f);
void hr_check_zswap(struct hr_facts *facts, struct hr_finding *f);

#endif

/* Checks of memory that have files of their own, for the table of the group (checks_memory.c). */
#ifndef HR_CHECKS_MEMORY_H
#define HR_CHECKS_MEMORY_H

#include "check.h"

/* checks_memory_wsl.c */
void hr_check_page_cache(struct hr_facts *facts, struct hr_finding *f);
void hr_check_page_reporting(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_user(struct hr_facts *facts, struct hr_finding *f);

/* checks_shm.c */
void hr_check_shm(struct hr_facts *facts, struct hr_finding *f);
void hr_check_shm_left(struct hr_facts *facts, struct hr_finding *f);

/* checks_limits.c */
extern const char hr_why_overcommit[];
void hr_check_overcommit(struct hr_facts *facts, struct hr_finding *f);
void hr_check_swappiness(struct hr_facts *facts, struct hr_finding *f);
void hr_check_thp(struct hr_facts *facts, struct hr_finding *f);
void hr_check_huge_pages(struct hr_facts *facts, struct hr_finding *f);
void hr_check_maps(struct hr_facts *facts, struct hr_finding *f);
void hr_check_open_files(struct hr_facts *facts, struct hr_finding *f);
void hr_check_locked(struct hr_facts *facts, struct hr_finding *f);
void hr_check_processes(struct hr_facts *facts, struct hr_finding *f);
void hr_check_pids(struct hr_facts *facts, struct hr_finding *f);
void hr_check_all_files(struct hr_facts *facts, struct hr_finding *f);
void hr_check_inotify(struct hr_facts *facts, struct hr_finding *f);
void hr_check_core(struct hr_facts *facts, struct hr_finding *f);
void hr_check_zswap(struct hr_facts *facts, struct hr_finding *f);

#endif

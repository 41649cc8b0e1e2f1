/* Phrases that many checks share. */
#ifndef HR_CHECK_PARTS_H
#define HR_CHECK_PARTS_H

#include "check.h"

/* True when it is known; otherwise the finding is HR_UNKNOWN for that reason. */
bool hr_check_known(struct hr_finding *f, bool known, const char *why);
/* True on WSL2 (or on WSL at all); otherwise the finding is HR_NOT_HERE. */
bool hr_check_wsl2(struct hr_facts *facts, struct hr_finding *f);
bool hr_check_wsl(struct hr_facts *facts, struct hr_finding *f);
/* The commands that set a kernel switch now and for later starts, with how to take it back; root with systemd is offered the
 * file as well (--fix).  "vm.swappiness", the new value, the old one. */
void hr_check_sysctl(struct hr_facts *facts, struct hr_finding *f, const char *key, uint64_t value, uint64_t old);
/* How to add a word to the kernel's command line on this kind of machine; undone by taking it out. */
void hr_check_boot_option(struct hr_facts *facts, struct hr_finding *f, const char *word);
/* A line of .wslconfig to set, and the restart that it needs. */
void hr_check_wslconfig(struct hr_finding *f, const char *section, const char *line);
/* True when the kernel's log could be read; otherwise the finding is HR_NOT_HERE, and machine-kernel-log says the rest. */
bool hr_check_log_known(struct hr_facts *facts, struct hr_finding *f);
/* What the kernel's log says of one kind: true when it was there, with the line as evidence and the time it was. */
bool hr_check_log(struct hr_facts *facts, struct hr_finding *f, enum hr_log_kind kind);
/* How many CPUs this process may use: the allowed ones and the quota together, at least 1; 0: not known. */
uint64_t hr_check_cpus(struct hr_facts *facts);
/* A variable of the environment, without line ends; unknown when it is not set. */
struct hr_word hr_check_env(struct hr_facts *facts, const char *name);
/* The first line of a file. */
struct hr_word hr_check_file(struct hr_facts *facts, const char *path);

#endif

/* Faults on request.  HEADRACE_FAULT="alloc:N" or "sys:N" (with "+" after N: every later one too) makes the N-th
 * allocation or the N-th system call of the process fail, "die:N" kills it (SIGKILL) before the N-th system call; several are
 * joined by commas.  Tests loop N. */
#ifndef HR_FAULT_H
#define HR_FAULT_H

#include "attr.h"

/* Reads HEADRACE_FAULT.  Called once by the program and by the library's first open. */
void hr_fault_init(void);

/* Called by every wrapper in sys/ before its system call: true = pretend that it failed, with errno set to EIO. */
bool hr_fault_sys(void);
void hr_fault_sys_at(uint64_t n, bool sticky);
void hr_fault_die_at(uint64_t n); /* 0 = not any more */
uint64_t hr_fault_sys_count(void);

#endif

/* The gate where the kernel grants none (a container, a sandbox, sudo in the command): a small library (preload_so.c), preloaded into
 * every program of the build, in which leaves knock at the guard's door (sys/door.h) before their main and wait to be let in.
 *
 * It is nowhere in the build: no path of it is stored in a CMakeCache, a libtool script or a compiler's own record, as one of a shim on
 * the PATH would be.  The file stays where it is put (the cache folder), so that a program that outlives the build finds it.
 * What is linked statically, or empties its environment, does not knock; it is found by looking and only paused or ended. */
#ifndef HR_PRELOAD_H
#define HR_PRELOAD_H

#include "err.h"
#include "str.h"

/* The library's bytes; empty where there is none for this processor. */
struct hr_str hr_preload_bytes(void);

struct hr_preload {
    int door;          /* -1: none */
    const char **envp; /* what the command is to get; NULL: none */
};
/* Puts the library into `folder`, opens the door, and tries the whole way with one program. */
int hr_preload_start(const char *folder, const char *const *envp, struct hr_preload *ret, struct hr_error *err) HR_MUST_USE;
void hr_preload_stop(struct hr_preload *p);

#endif

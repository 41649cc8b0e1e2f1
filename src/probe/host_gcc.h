/* The C++ compiler that nvcc gives the host's part of a program to: the one that NVCC_CCBIN names, else the gcc on PATH.  Its version is
 * read from the names of its links (gcc -> gcc-13); only where they do not tell it is it asked. */
#ifndef HR_HOST_GCC_H
#define HR_HOST_GCC_H

#include "known.h"
#include "root.h"

struct hr_host_gcc {
    struct hr_word path; /* "/usr/bin/gcc"; unknown: none was found */
    const char *from;    /* "NVCC_CCBIN", "PATH" */
    unsigned major;      /* 0: not known, `why` tells */
    const char *told_by; /* "the name of its link", "its own -dumpversion" */
    char why[HR_WHY_MAX];
};
void hr_host_gcc_read(const struct hr_root *root, struct hr_host_gcc *ret);

/* The newest /usr/bin/g++-N that is there with N at most `most`; 0: none. */
unsigned hr_host_gcc_at_most(const struct hr_root *root, unsigned most);

/* "x86_64-linux-gnu-gcc-13" and "g++-9" give the number; 0: it has none. */
unsigned hr_gcc_of_name(struct hr_str name);

#endif

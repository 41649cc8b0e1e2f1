/* What Debian's package manager says of NVIDIA's packages (var/lib/dpkg/status): a Linux driver inside WSL2, a toolkit that
 * was removed by half. */
#ifndef HR_DPKG_H
#define HR_DPKG_H

#include "known.h"
#include "root.h"

enum { HR_DPKG_MAX = 256 }; /* a whole toolkit is about a hundred */

struct hr_dpkg_package {
    char name[96], version[64];
    char state[32]; /* "installed", "half-installed", "config-files", "unpacked" */
    bool driver;    /* part of a Linux driver: on WSL2 it takes the place of the one that Windows gives */
};

struct hr_dpkg {
    bool known;  /* false: this system has no dpkg, or its file could not be read */
    bool absent; /* the file is not there */
    char why[HR_WHY_MAX];
    struct hr_dpkg_package package[HR_DPKG_MAX]; /* NVIDIA's and CUDA's alone, in the order of the file */
    size_t n;
    bool cut; /* there were more */
};

void hr_dpkg_read(const struct hr_root *root, struct hr_dpkg *ret);
void hr_dpkg_parse(struct hr_str status, struct hr_dpkg *ret);
/* The package of that very name, or whose name begins so when `prefix` ends in "*"; NULL: none that is installed. */
const struct hr_dpkg_package *hr_dpkg_installed(const struct hr_dpkg *d, const char *name);

#endif

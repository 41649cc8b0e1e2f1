/* What WSL tells of itself from inside: `wslinfo`, a Linux program of WSL 2.2.3 and later that answers at once. */
#ifndef HR_WSLINFO_H
#define HR_WSLINFO_H

#include "known.h"
#include "root.h"
#include "version.h"
#include "vm.h"

struct hr_wslinfo {
    struct hr_word version;    /* "2.6.3" */
    struct hr_version numbers; /* of it */
    struct hr_word networking; /* "nat", "mirrored", "virtioproxy", "consomme", "bridged", "none" */
};

void hr_wslinfo_read(const struct hr_root *root, const struct hr_vm *vm, struct hr_wslinfo *ret);

#endif

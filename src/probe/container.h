/* Whether this is a container, and whose. */
#ifndef HR_CONTAINER_H
#define HR_CONTAINER_H

#include "known.h"
#include "mounts.h"
#include "root.h"
#include "vm.h"

enum hr_container_kind {
    HR_CONTAINER_NONE,
    HR_CONTAINER_DOCKER,
    HR_CONTAINER_PODMAN,
    HR_CONTAINER_KUBERNETES,
    HR_CONTAINER_LXC,
    HR_CONTAINER_NSPAWN,
    HR_CONTAINER_APPTAINER, /* also Singularity: shares almost everything with the host */
    HR_CONTAINER_OTHER,
};
const char *hr_container_name(enum hr_container_kind k);

struct hr_container {
    enum hr_container_kind kind;
    struct hr_word how; /* what told it: "/.dockerenv is there" */
};

/* A WSL distribution has namespaces of its own and is none; inside WSL2's virtual machine whatever is no distribution is. */
void hr_container_read(const struct hr_root *root, const struct hr_vm *vm, const struct hr_mounts *mounts,
                       struct hr_container *ret);

#endif

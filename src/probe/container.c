#include "container.h"

#include "root_value.h"

#include <stdio.h>
#include <string.h>

const char *hr_container_name(enum hr_container_kind k)
{
    static const char *const name[] = { "no container", "Docker",         "Podman",    "Kubernetes",
                                        "LXC",          "systemd-nspawn", "Apptainer", "a container" };
    return name[k];
}

/* In this order: a pod's container may well have a /.dockerenv. */
static const struct {
    char
        from; /* e an environment variable that is set, f a file, c a part of /proc/self/cgroup, r of /run/systemd/container */
    const char *name;
    enum hr_container_kind kind;
} signs[] = {
    { 'e', "KUBERNETES_SERVICE_HOST", HR_CONTAINER_KUBERNETES },
    { 'c', "kubepods", HR_CONTAINER_KUBERNETES },
    { 'f', ".dockerenv", HR_CONTAINER_DOCKER },
    { 'f', "run/.containerenv", HR_CONTAINER_PODMAN },
    { 'e', "APPTAINER_CONTAINER", HR_CONTAINER_APPTAINER },
    { 'e', "SINGULARITY_CONTAINER", HR_CONTAINER_APPTAINER },
    { 'c', "/docker/", HR_CONTAINER_DOCKER },
    { 'c', "/docker-", HR_CONTAINER_DOCKER },
    { 'c', "/libpod-", HR_CONTAINER_PODMAN },
    { 'c', "/lxc", HR_CONTAINER_LXC },
    { 'r', "lxc", HR_CONTAINER_LXC },
    { 'r', "nspawn", HR_CONTAINER_NSPAWN },
    { 'r', "podman", HR_CONTAINER_PODMAN },
    { 'r', "docker", HR_CONTAINER_DOCKER },
};

static bool sign(const struct hr_root *root, size_t i, const char *cgroup, const struct hr_word *run)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    bool yes = false;
    if (signs[i].from == 'e')
        yes = hr_root_env(root, signs[i].name, &b) && b.len != 0;
    else if (signs[i].from == 'f')
        yes = hr_root_exists(root, signs[i].name);
    else
        yes = strstr(signs[i].from == 'c' ? cgroup : run->v, signs[i].name) != NULL;
    hr_buf_fini(&b);
    return yes;
}

void hr_container_read(const struct hr_root *root, const struct hr_vm *vm, const struct hr_mounts *mounts,
                       struct hr_container *ret)
{
    struct hr_buf cgroup = HR_BUF_INIT(65536);
    struct hr_word run = hr_root_word(root, "run/systemd/container");
    char said[HR_WORD_MAX];
    *ret = (struct hr_container) { HR_CONTAINER_NONE, hr_word_unknown("nothing tells of one") };
    if (hr_vm_is_wsl(vm) && vm->distribution.known && vm->distribution.v)
        return;
    if (hr_root_read(root, "proc/self/cgroup", &cgroup, NULL) < 0)
        hr_buf_reset(&cgroup);
    for (size_t i = 0; i < HR_COUNT(signs) && ret->kind == HR_CONTAINER_NONE; i++)
        if (sign(root, i, cgroup.data, &run)) {
            ret->kind = signs[i].kind;
            int n = signs[i].from == 'e'   ? snprintf(said, sizeof said, "%s is set", signs[i].name)
                    : signs[i].from == 'f' ? snprintf(said, sizeof said, "/%s is there", signs[i].name)
                    : signs[i].from == 'c' ? snprintf(said, sizeof said, "/proc/self/cgroup has %s", signs[i].name)
                                           : snprintf(said, sizeof said, "/run/systemd/container says %.60s", run.v);
            ret->how = hr_word_of((struct hr_str) { said, (size_t)HR_MAX(n, 0) });
        }
    const struct hr_mount *on = hr_mounts_holding(mounts, "/");
    if (ret->kind == HR_CONTAINER_NONE && vm->kind == HR_VM_WSL2) {
        ret->kind = HR_CONTAINER_OTHER;
        ret->how = hr_word_of(HR_STR("WSL2's kernel, but wslpath is no link to /init"));
    } else if (ret->kind == HR_CONTAINER_NONE && on != NULL && on->place == HR_PLACE_OVERLAY &&
               strcmp(on->root, "/") == 0 && run.known) {
        ret->kind = HR_CONTAINER_OTHER;
        ret->how = hr_word_of(HR_STR("/ is an overlay and /run/systemd/container is there"));
    }
    hr_buf_fini(&cgroup);
}

/* Shared memory: what loader workers hand batches over in. */
#include "checks_memory.h"

#include "check_parts.h"
#include "human.h"

#include <inttypes.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static const char *size(uint64_t bytes, struct hr_human *h)
{
    *h = hr_human_bytes(bytes);
    return h->text;
}

void hr_check_shm(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    const struct hr_procs *p = hr_facts_procs(facts);
    bool container = hr_facts_container(facts)->kind != HR_CONTAINER_NONE;
    struct hr_human a, b;
    if (!hr_check_known(f, m->shm_total.known, m->shm_total.why))
        return;
    hr_seen(f, "/dev/shm: %" PRIu64 " bytes, %" PRIu64 " free", m->shm_total.v, m->shm_available.v);
    if (p->loaders != 0)
        hr_seen(f, "%" PRIu64 " loader worker processes run now", p->loaders);
    bool full = m->shm_available.v < m->shm_total.v / 10;
    if (m->shm_total.v >= GIB && !full) {
        hr_find(f, HR_GOOD, "/dev/shm has %s, %s of them free", size(m->shm_total.v, &a), size(m->shm_available.v, &b));
        return;
    }
    hr_find(f, full && p->loaders != 0 ? HR_BAD : HR_WARN,
            full ? "/dev/shm is full: %s of %s are free, and a loader worker that needs more dies of a bus error"
                 : "/dev/shm has %s free of %s: the batches of loader workers go through it",
            size(m->shm_available.v, &a), size(m->shm_total.v, &b));
    if (container) {
        hr_fix(f, "# start the container with  docker run --shm-size=8g …  or  --ipc=host");
        hr_undo(f, "# start it without that option");
    } else {
        hr_fix(f, "sudo mount -o remount,size=8G /dev/shm");
        hr_undo(f, "sudo mount -o remount,size=%" PRIu64 " /dev/shm", m->shm_total.v);
    }
}

void hr_check_shm_left(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    const struct hr_procs *p = hr_facts_procs(facts);
    struct hr_names names;
    struct hr_human a;
    size_t n = 0;
    if (!hr_check_known(f, m->shm_total.known, m->shm_total.why))
        return;
    uint64_t used = m->shm_total.v > m->shm_available.v ? m->shm_total.v - m->shm_available.v : 0;
    if (used < 256 * MIB || p->loaders + p->trainers != 0 ||
        hr_root_list(hr_facts_root(facts), "dev/shm", &names, NULL) < 0) {
        hr_find(f, HR_GOOD, "no shared memory lies there that nobody uses");
        return;
    }
    for (size_t i = 0; i < names.n; i++)
        if (strncmp(names.name[i], "torch_", 6) == 0 || strncmp(names.name[i], "psm_", 4) == 0 ||
            strncmp(names.name[i], "nccl-", 5) == 0) {
            if (n++ < 5)
                hr_seen(f, "/dev/shm/%s", names.name[i]);
        }
    if (n == 0)
        hr_find(f, HR_GOOD, "%s lie in /dev/shm, none of them of a loader", size(used, &a));
    else
        hr_find(f, HR_WARN, "%zu segments of loaders that are gone hold memory in /dev/shm (%s in all)", n,
                size(used, &a));
    if (n != 0)
        hr_fix(f, "fuser -v /dev/shm/torch_* /dev/shm/psm_* /dev/shm/nccl-*   # who uses them; remove with rm what "
                  "nobody does");
    hr_names_fini(&names);
}

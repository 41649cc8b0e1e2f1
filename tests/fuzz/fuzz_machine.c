/* Any bytes as one of the texts that describe a machine; the first byte says which. */
#include "cgroup.h"
#include "cpu.h"
#include "disks.h"
#include "kernel_log.h"
#include "memory.h"
#include "mounts.h"
#include "net.h"
#include "procs.h"
#include "rlimits.h"
#include "vm.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok)
{
    if (!ok)
        abort();
}

static void mounts(struct hr_str in)
{
    struct hr_mounts m;
    hr_mounts_parse(in, in.n % 2 == 0, &m);
    want(m.n <= HR_MOUNTS_MAX);
    for (size_t i = 0; i < m.n; i++) {
        const struct hr_mount *on = &m.mount[i], *holding = hr_mounts_holding(&m, on->at);
        want(on->at[0] == '/' && holding != NULL && strlen(holding->at) <= strlen(on->at));
        want((on->windows != NULL) <= (on->place == HR_PLACE_WINDOWS));
        struct hr_word w = hr_mounts_windows_path(&m, on->at);
        want(w.known || w.why[0] != 0);
        want(hr_place_name(on->place) != NULL);
    }
    struct hr_word a = hr_mounts_automount(&m);
    want(!a.known || a.v[strlen(a.v) - 1] == '/' || strlen(a.v) == HR_WORD_MAX - 1);
    hr_mounts_fini(&m);
}

static void log_text(struct hr_str in)
{
    static struct hr_kernel_log k;
    uint64_t n = 0;
    hr_kernel_log_parse(in, &k);
    for (size_t i = 0; i < HR_LOG_KINDS; i++) {
        n += k.hit[i].count;
        want((k.hit[i].count != 0) == (k.hit[i].line[0] != 0));
    }
    want(n <= k.lines && k.victims <= HR_VICTIMS_MAX);
    want(k.victims <= k.hit[HR_LOG_OOM].count + k.hit[HR_LOG_OOM_CGROUP].count);
}

static void memory(struct hr_str in)
{
    static struct hr_ram m;
    hr_ram_parse_meminfo(in, &m);
    hr_ram_parse_vmstat(in, &m);
    hr_ram_parse_swaps(in, &m);
    want(m.swaps <= HR_SWAPS_MAX);
    struct hr_figure c = hr_ram_cache(&m), t = m.total;
    want(c.known || c.why[0] != 0);
    want(t.known || t.why[0] != 0);
    struct hr_word w = hr_ram_chosen(in);
    want(w.known || w.why[0] != 0);
    struct hr_pressure p;
    hr_pressure_parse(in, &p);
    want(!p.some10.known || (p.some10.v >= 0 && p.some10.v <= 100));
    want(p.full10.known || p.full10.why[0] != 0);
}

static void processors(struct hr_str in)
{
    static struct hr_cpu c;
    uint64_t n;
    c.online = hr_figure_unknown("not read");
    hr_cpu_parse(in, &c);
    want(c.model.known || c.model.why[0] != 0);
    want(!hr_cpu_list_count(in, &n) || n != 0);
}

static void groups(struct hr_str in)
{
    struct hr_str group;
    double cpus;
    if (hr_cgroup_named(in, NULL, &group))
        want(group.p >= in.p && group.p + group.n <= in.p + in.n);
    if (hr_cgroup_named(in, "memory", &group))
        want(group.p >= in.p && group.p + group.n <= in.p + in.n);
    if (hr_cgroup_quota(in, &cpus))
        want(cpus >= 0);
    struct hr_rlimit l = hr_limits_parse(in, "Max open files");
    want(l.soft.known || l.soft.why[0] != 0);
    struct hr_word w = hr_net_default_link(in);
    want(w.known || w.why[0] != 0);
    if (hr_vm_boot_option(in, "psi", &group))
        want(group.p >= in.p && group.p + group.n <= in.p + in.n);
    (void)hr_version_of(in);
}

static void command(struct hr_str in)
{
    char *z = malloc(in.n + 1);
    if (z == NULL)
        return;
    memcpy(z, in.p, in.n);
    z[in.n] = 0;
    want(!hr_procs_polls(z) || strstr(z, "nvidia-smi") != NULL);
    (void)hr_procs_trains(z);
    (void)hr_procs_loads("", z);
    free(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parse[])(struct hr_str in) = { mounts, log_text, memory, processors, groups, command };
    if (size != 0)
        parse[data[0] % HR_COUNT(parse)]((struct hr_str) { (const char *)data + 1, size - 1 });
    return 0;
}

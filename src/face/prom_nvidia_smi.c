/* The names of nvidia_gpu_exporter, for what we have. */
#include "prom.h"

#include "gpus.h"

#include <stdio.h>
#include <string.h>

const char *hr_prom_bare_uuid(const struct hr_gpu_load *g)
{
    return strncmp(g->uuid.v, "GPU-", 4) == 0 ? g->uuid.v + 4 : g->uuid.v;
}

static void reasons(struct hr_prom *p, const struct hr_gpus_load *l)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } bits[] = { { "gpu_idle", 1 },           { "applications_clocks_setting", 2 }, { "sw_power_cap", 4 },         { "hw_slowdown", 8 },
                 { "sync_boost", 16 },        { "sw_thermal_slowdown", 32 },        { "hw_thermal_slowdown", 64 }, { "hw_power_brake_slowdown", 128 } };
    for (size_t k = 0; k < HR_COUNT(bits); k++) {
        char name[96];
        snprintf(name, sizeof name, "nvidia_smi_clocks_event_reasons_%s", bits[k].name);
        hr_prom_family(p, name, HR_PROM_GAUGE, "1 while this reason slows the clocks.");
        for (unsigned i = 0; i < l->n; i++)
            if (l->gpu[i].throttle.known)
                hr_prom_sample(p, (l->gpu[i].throttle.v & bits[k].bit) != 0, LABELS({ "uuid", hr_prom_bare_uuid(&l->gpu[i]) }));
    }
}

static void holders(struct hr_prom *p, const struct hr_model *m)
{
    hr_prom_family(p, "nvidia_smi_compute_app_used_memory_bytes", HR_PROM_GAUGE, "VRAM that a process holds.");
    for (unsigned i = 0; i < m->gpus.n; i++)
        for (unsigned k = 0; k < m->gpus.gpu[i].process_n; k++) {
            const struct hr_gpu_process_load *a = &m->gpus.gpu[i].process[k];
            char pid[16];
            const char *name = "";
            snprintf(pid, sizeof pid, "%d", a->pid);
            for (unsigned r = 0; r < m->proc_n; r++)
                if (m->proc[r].pid == a->pid)
                    name = m->proc[r].comm;
            if (a->vram.why == HR_WHY_KNOWN && !a->graphics)
                hr_prom_sample(p, (double)a->vram.v, LABELS({ "uuid", hr_prom_bare_uuid(&m->gpus.gpu[i]) }, { "pid", pid }, { "process_name", name }));
        }
}

void hr_prom_nvidia_smi(struct hr_prom *p, const struct hr_model *m)
{
    const struct hr_gpus_load *l = &m->gpus;
    if (l->n == 0)
        return;
    hr_prom_family(p, "nvidia_smi_gpu_info", HR_PROM_GAUGE, "What the card is; always 1.");
    for (unsigned i = 0; i < l->n; i++) {
        char index[16];
        snprintf(index, sizeof index, "%u", i);
        hr_prom_sample(p, 1, LABELS({ "uuid", hr_prom_bare_uuid(&l->gpu[i]) }, { "index", index }, { "name", l->gpu[i].name.v },
                                    { "driver_version", l->driver.v }, { "pci_bus_id", l->gpu[i].bus.v }));
    }
    hr_prom_cards(p, m, HR_PROM_NVIDIA_SMI);
    reasons(p, l);
    holders(p, m);
}

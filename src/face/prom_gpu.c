/* The names of dcgm-exporter and of nvidia_gpu_exporter, for what we have. */
#include "prom.h"

#include "gpus.h"

#include <stdio.h>
#include <string.h>

static const struct hr_figure *member_of(const struct hr_gpu_load *g, size_t member)
{
    return (const struct hr_figure *)(const void *)((const char *)g + member);
}

void hr_prom_dcgm(struct hr_prom *p, const struct hr_model *m)
{
    static const struct {
        const char *name, *help;
        size_t member;
        double scale;
    } rows[] = {
#define GPU(name, help, member, scale) { "DCGM_FI_DEV_" name, help, offsetof(struct hr_gpu_load, member), scale }
        GPU("SM_CLOCK", "Clock of the processors (MHz).", sm_mhz, 1),
        GPU("MEM_CLOCK", "Clock of the memory (MHz).", memory_mhz, 1),
        GPU("GPU_TEMP", "Temperature (C).", celsius, 1),
        GPU("POWER_USAGE", "Power drawn (W).", milliwatts, 1e-3),
        GPU("GPU_UTIL", "Share of the time in which a kernel ran (%).", busy, 1),
        GPU("MEM_COPY_UTIL", "Share of the time in which memory was used (%).", memory_busy, 1),
        GPU("FB_FREE", "VRAM that is free (MiB).", free, 1.0 / (1 << 20)),
        GPU("FB_USED", "VRAM in use (MiB).", used, 1.0 / (1 << 20)),
#undef GPU
    };
    const struct hr_gpus_load *l = &m->gpus;
    for (size_t k = 0; k < HR_COUNT(rows) && l->n > 0; k++) {
        hr_prom_family(p, rows[k].name, HR_PROM_GAUGE, rows[k].help);
        for (unsigned i = 0; i < l->n; i++) {
            const struct hr_gpu_load *g = &l->gpu[i];
            char index[16], device[24];
            snprintf(index, sizeof index, "%u", i);
            snprintf(device, sizeof device, "nvidia%u", i);
            if (member_of(g, rows[k].member)->known)
                hr_prom_sample(p, (double)member_of(g, rows[k].member)->v * rows[k].scale,
                               LABELS({ "gpu", index }, { "UUID", g->uuid.v }, { "pci_bus_id", g->bus.v }, { "device", device },
                                      { "modelName", g->name.v }, { "Hostname", m->host.v }, { "DCGM_FI_DRIVER_VERSION", l->driver.v }));
        }
    }
}

/* "GPU-1234" is told without its prefix there. */
static const char *bare(const struct hr_gpu_load *g)
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
                hr_prom_sample(p, (l->gpu[i].throttle.v & bits[k].bit) != 0, LABELS({ "uuid", bare(&l->gpu[i]) }));
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
                hr_prom_sample(p, (double)a->vram.v, LABELS({ "uuid", bare(&m->gpus.gpu[i]) }, { "pid", pid }, { "process_name", name }));
        }
}

void hr_prom_nvidia_smi(struct hr_prom *p, const struct hr_model *m)
{
    static const struct {
        const char *name, *help;
        size_t member;
        double scale;
    } rows[] = {
#define GPU(name, help, member, scale) { "nvidia_smi_" name, help, offsetof(struct hr_gpu_load, member), scale }
        GPU("memory_total_bytes", "VRAM of the card.", memory, 1),
        GPU("memory_used_bytes", "VRAM in use.", used, 1),
        GPU("memory_free_bytes", "VRAM that is free.", free, 1),
        GPU("utilization_gpu_ratio", "Share of the time in which a kernel ran.", busy, 0.01),
        GPU("utilization_memory_ratio", "Share of the time in which memory was used.", memory_busy, 0.01),
        GPU("temperature_gpu", "Temperature in degrees Celsius.", celsius, 1),
        GPU("power_draw_watts", "Power drawn.", milliwatts, 1e-3),
        GPU("enforced_power_limit_watts", "Power allowed.", milliwatts_limit, 1e-3),
        GPU("clocks_current_sm_clock_hz", "Clock of the processors.", sm_mhz, 1e6),
        GPU("clocks_current_memory_clock_hz", "Clock of the memory.", memory_mhz, 1e6),
        GPU("clocks_max_sm_clock_hz", "Highest clock of the processors.", sm_mhz_max, 1e6),
        GPU("clocks_max_memory_clock_hz", "Highest clock of the memory.", memory_mhz_max, 1e6),
        GPU("pcie_link_gen_current", "PCIe generation of the link now.", pcie_gen, 1),
        GPU("pcie_link_gen_max", "Highest PCIe generation of the link.", pcie_gen_max, 1),
        GPU("pcie_link_width_current", "PCIe lanes of the link now.", pcie_width, 1),
        GPU("pcie_link_width_max", "PCIe lanes that the link can have.", pcie_width_max, 1),
#undef GPU
    };
    const struct hr_gpus_load *l = &m->gpus;
    if (l->n == 0)
        return;
    hr_prom_family(p, "nvidia_smi_gpu_info", HR_PROM_GAUGE, "What the card is; always 1.");
    for (unsigned i = 0; i < l->n; i++) {
        char index[16];
        snprintf(index, sizeof index, "%u", i);
        hr_prom_sample(p, 1, LABELS({ "uuid", bare(&l->gpu[i]) }, { "index", index }, { "name", l->gpu[i].name.v },
                                    { "driver_version", l->driver.v }, { "pci_bus_id", l->gpu[i].bus.v }));
    }
    for (size_t k = 0; k < HR_COUNT(rows); k++) {
        hr_prom_family(p, rows[k].name, HR_PROM_GAUGE, rows[k].help);
        for (unsigned i = 0; i < l->n; i++)
            if (member_of(&l->gpu[i], rows[k].member)->known)
                hr_prom_sample(p, (double)member_of(&l->gpu[i], rows[k].member)->v * rows[k].scale, LABELS({ "uuid", bare(&l->gpu[i]) }));
    }
    reasons(p, l);
    holders(p, m);
}

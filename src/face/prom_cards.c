/* The figures of the cards, in the words of each exporter: one row for each family. */
#include "prom.h"

#include <stddef.h>
#include <stdio.h>

static const struct row {
    unsigned names; /* HR_PROM_OWN, HR_PROM_DCGM or HR_PROM_NVIDIA_SMI */
    const char *name, *help;
    size_t member; /* a figure of struct hr_gpu_load */
    double scale;
} rows[] = {
#define OWN(name, help, member, scale)  { HR_PROM_OWN, "headrace_gpu_" name, help, offsetof(struct hr_gpu_load, member), scale }
#define DCGM(name, help, member, scale) { HR_PROM_DCGM, "DCGM_FI_DEV_" name, help, offsetof(struct hr_gpu_load, member), scale }
#define SMI(name, help, member, scale)  { HR_PROM_NVIDIA_SMI, "nvidia_smi_" name, help, offsetof(struct hr_gpu_load, member), scale }
    OWN("memory_total_bytes", "VRAM of the card.", memory, 1),
    OWN("memory_used_bytes", "VRAM in use.", used, 1),
    OWN("memory_free_bytes", "VRAM that is free.", free, 1),
    OWN("memory_unowned_bytes", "VRAM in use that no listed process holds.", unowned, 1),
    OWN("busy_ratio", "Share of the time in which a kernel ran.", busy, 0.01),
    OWN("memory_busy_ratio", "Share of the time in which memory was read or written.", memory_busy, 0.01),
    OWN("temperature_celsius", "Temperature.", celsius, 1),
    OWN("power_watts", "Power drawn.", milliwatts, 1e-3),
    OWN("power_limit_watts", "Power allowed.", milliwatts_limit, 1e-3),
    OWN("sm_clock_hertz", "Clock of the processors.", sm_mhz, 1e6),
    OWN("sm_clock_max_hertz", "Highest clock of the processors.", sm_mhz_max, 1e6),
    OWN("memory_clock_hertz", "Clock of the memory.", memory_mhz, 1e6),
    OWN("pcie_generation", "PCIe generation of the link now.", pcie_gen, 1),
    OWN("pcie_width", "PCIe lanes of the link now.", pcie_width, 1),
    OWN("pcie_sent_bytes_per_second", "Sent over PCIe.", pcie_sent, 1),
    OWN("pcie_received_bytes_per_second", "Received over PCIe.", pcie_received, 1),
    OWN("processes", "Processes that the driver lists.", processes, 1),
    DCGM("SM_CLOCK", "Clock of the processors (MHz).", sm_mhz, 1),
    DCGM("MEM_CLOCK", "Clock of the memory (MHz).", memory_mhz, 1),
    DCGM("GPU_TEMP", "Temperature (C).", celsius, 1),
    DCGM("POWER_USAGE", "Power drawn (W).", milliwatts, 1e-3),
    DCGM("GPU_UTIL", "Share of the time in which a kernel ran (%).", busy, 1),
    DCGM("MEM_COPY_UTIL", "Share of the time in which memory was used (%).", memory_busy, 1),
    DCGM("FB_FREE", "VRAM that is free (MiB).", free, 1.0 / (1 << 20)),
    DCGM("FB_USED", "VRAM in use (MiB).", used, 1.0 / (1 << 20)),
    SMI("memory_total_bytes", "VRAM of the card.", memory, 1),
    SMI("memory_used_bytes", "VRAM in use.", used, 1),
    SMI("memory_free_bytes", "VRAM that is free.", free, 1),
    SMI("utilization_gpu_ratio", "Share of the time in which a kernel ran.", busy, 0.01),
    SMI("utilization_memory_ratio", "Share of the time in which memory was used.", memory_busy, 0.01),
    SMI("temperature_gpu", "Temperature in degrees Celsius.", celsius, 1),
    SMI("power_draw_watts", "Power drawn.", milliwatts, 1e-3),
    SMI("enforced_power_limit_watts", "Power allowed.", milliwatts_limit, 1e-3),
    SMI("clocks_current_sm_clock_hz", "Clock of the processors.", sm_mhz, 1e6),
    SMI("clocks_current_memory_clock_hz", "Clock of the memory.", memory_mhz, 1e6),
    SMI("clocks_max_sm_clock_hz", "Highest clock of the processors.", sm_mhz_max, 1e6),
    SMI("clocks_max_memory_clock_hz", "Highest clock of the memory.", memory_mhz_max, 1e6),
    SMI("pcie_link_gen_current", "PCIe generation of the link now.", pcie_gen, 1),
    SMI("pcie_link_gen_max", "Highest PCIe generation of the link.", pcie_gen_max, 1),
    SMI("pcie_link_width_current", "PCIe lanes of the link now.", pcie_width, 1),
    SMI("pcie_link_width_max", "PCIe lanes that the link can have.", pcie_width_max, 1),
#undef OWN
#undef DCGM
#undef SMI
};

/* How each exporter tells the cards apart. */
struct card {
    char index[16], device[24];
    struct hr_prom_label label[8]; /* ends with a NULL name */
};

static void name_card(struct card *c, const struct hr_model *m, unsigned i, unsigned names)
{
    const struct hr_gpu_load *g = &m->gpus.gpu[i];
    size_t n = 0;
    snprintf(c->index, sizeof c->index, "%u", i);
    snprintf(c->device, sizeof c->device, "nvidia%u", i);
    if (names == HR_PROM_DCGM) {
        c->label[n++] = (struct hr_prom_label) { "gpu", c->index };
        c->label[n++] = (struct hr_prom_label) { "UUID", g->uuid.v };
        c->label[n++] = (struct hr_prom_label) { "pci_bus_id", g->bus.v };
        c->label[n++] = (struct hr_prom_label) { "device", c->device };
        c->label[n++] = (struct hr_prom_label) { "modelName", g->name.v };
        c->label[n++] = (struct hr_prom_label) { "Hostname", m->host.v };
        c->label[n++] = (struct hr_prom_label) { "DCGM_FI_DRIVER_VERSION", m->gpus.driver.v };
    } else {
        c->label[n++] = (struct hr_prom_label) { "uuid", names == HR_PROM_OWN ? g->uuid.v : hr_prom_bare_uuid(g) };
    }
    c->label[n] = (struct hr_prom_label) { NULL, NULL };
}

void hr_prom_cards(struct hr_prom *p, const struct hr_model *m, unsigned names)
{
    struct card card[HR_MODEL_GPUS];
    const struct hr_gpus_load *l = &m->gpus;
    for (unsigned i = 0; i < l->n; i++)
        name_card(&card[i], m, i, names);
    for (size_t k = 0; k < HR_COUNT(rows) && l->n > 0; k++) {
        if (rows[k].names != names)
            continue;
        hr_prom_family(p, rows[k].name, HR_PROM_GAUGE, rows[k].help);
        for (unsigned i = 0; i < l->n; i++) {
            const struct hr_figure *f = (const struct hr_figure *)(const void *)((const char *)&l->gpu[i] + rows[k].member);
            if (f->known)
                hr_prom_sample(p, (double)f->v * rows[k].scale, card[i].label);
        }
    }
}

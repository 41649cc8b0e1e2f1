/* NVML itself: loads the library and asks it, in this very process.  Only for the child of hr_gpus_read, and for a watcher
 * that keeps one handle; what hangs here hangs its caller. */
#ifndef HR_NVML_H
#define HR_NVML_H

#include "dl.h"
#include "gpus.h"

/* Where to look, in this order; ends with NULL.  `wsl`: WSL's own copy first, since one that a distribution installed there
 * belongs to a driver that is not in use. */
enum { HR_NVML_PLACES = 6 };
void hr_nvml_places(bool wsl, const char *override, const char *ret[HR_NVML_PLACES]);

/* Fills `g`, which is zero but for wsl and dxg.  Every failure is a state of `g`; negative only when memory fails. */
int hr_nvml_read(const char *const *places, struct hr_gpus *g, struct hr_error *err) HR_MUST_USE;

/* The same in pieces, for a child that asks again and again. */
struct hr_nvml {
    struct hr_dl dl;
    bool on; /* NVML was started */
};
/* Loads, starts and reads everything once. */
int hr_nvml_open(const char *const *places, struct hr_nvml *ret, struct hr_gpus *g, struct hr_error *err) HR_MUST_USE;
/* What changes from second to second: memory, load, heat, power, clocks, links, processes. */
int hr_nvml_again(const struct hr_nvml *n, struct hr_gpus *g, struct hr_error *err) HR_MUST_USE;
/* Bytes over PCIe since the driver was loaded, sent and received by GPU `i`; wrap. */
void hr_nvml_pcie(const struct hr_nvml *n, unsigned i, struct hr_figure *sent, struct hr_figure *received);
void hr_nvml_close(struct hr_nvml *n);

#endif

/* NVML's binary interface, declared by ourselves: what the 64-bit library of drivers 450 and later has.  Sizes are held by
 * assertions; a struct with a version carries sizeof | number << 24. */
#ifndef HR_NVML_ABI_H
#define HR_NVML_ABI_H

#include "attr.h"

typedef void *nvml_gpu;

enum { NVML_OK = 0, NVML_NOT_SUPPORTED = 3, NVML_NOT_FOUND = 6, NVML_SMALL = 7 };
#define NVML_NOT_AVAILABLE UINT64_MAX
#define NVML_VERSION(type, number) ((unsigned)sizeof(type) | (unsigned)(number) << 24)

struct nvml_memory {
    unsigned long long total, free, used;
};
struct nvml_memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
};
struct nvml_rates {
    unsigned gpu, memory;
};
struct nvml_pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};
struct nvml_temperature {
    unsigned version, sensor;
    int celsius;
};
/* The first two members are the same in every version; the size is not: 16 bytes, 24, and 32 in drivers 535.43 to 535.86. */
struct nvml_process {
    unsigned pid;
    unsigned long long memory;
};
struct nvml_field {
    unsigned id, scope;
    long long when, latency;
    int type, error; /* type: 0 double, 1 unsigned, 2 unsigned long, 3 unsigned long long, 4 long long */
    union {
        double f;
        unsigned u;
        unsigned long long ull;
    } value;
};
enum { NVML_FIELD_PCIE_SENT = 197, NVML_FIELD_PCIE_RECEIVED = 198 };
enum { NVML_PROCESS_V1 = 16, NVML_PROCESS_V2 = 24, NVML_PROCESS_535 = 32 };

static_assert(sizeof(struct nvml_memory) == 24, "NVML's struct");
static_assert(sizeof(struct nvml_memory_v2) == 40, "NVML's struct");
static_assert(sizeof(struct nvml_pci) == 68, "NVML's struct");
static_assert(sizeof(struct nvml_temperature) == 12, "NVML's struct");
static_assert(sizeof(struct nvml_process) == 16, "NVML's struct");
static_assert(sizeof(struct nvml_field) == 40, "NVML's struct");

typedef int nvml_start_fn(void);
typedef int nvml_text_fn(char *, unsigned);
typedef int nvml_int_fn(int *);
typedef int nvml_unsigned_fn(unsigned *);
typedef int nvml_handle_fn(unsigned, nvml_gpu *);
typedef int nvml_gpu_text_fn(nvml_gpu, char *, unsigned);
typedef int nvml_gpu_unsigned_fn(nvml_gpu, unsigned *);
typedef int nvml_gpu_kind_fn(nvml_gpu, int, unsigned *);
typedef int nvml_gpu_two_fn(nvml_gpu, unsigned *, unsigned *);
typedef int nvml_gpu_cc_fn(nvml_gpu, int *, int *);
typedef int nvml_gpu_u64_fn(nvml_gpu, unsigned long long *);
typedef int nvml_gpu_ecc_fn(nvml_gpu, int, int, unsigned long long *);
typedef int nvml_gpu_pci_fn(nvml_gpu, struct nvml_pci *);
typedef int nvml_gpu_memory_fn(nvml_gpu, struct nvml_memory *);
typedef int nvml_gpu_memory_v2_fn(nvml_gpu, struct nvml_memory_v2 *);
typedef int nvml_gpu_rates_fn(nvml_gpu, struct nvml_rates *);
typedef int nvml_gpu_temperature_fn(nvml_gpu, struct nvml_temperature *);
typedef int nvml_gpu_fields_fn(nvml_gpu, int, struct nvml_field *);
typedef int nvml_gpu_processes_fn(nvml_gpu, unsigned *, void *);

#endif

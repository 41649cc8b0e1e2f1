/* The GPUs of the machine as NVIDIA's management library (NVML) tells them.
 *
 * On this machine the library is loaded in a child that has a deadline, since drivers hang and crash; the child's JSON text is the
 * answer "nvml" of the root handle, so that a captured root is read by the same parser.  What a driver does not tell carries
 * its reason; all ones, which NVML gives for "not available", is never a figure. */
#ifndef HR_GPUS_H
#define HR_GPUS_H

#include "known.h"
#include "root.h"

enum { HR_GPUS_MAX = 64, HR_GPU_PROCESSES_MAX = 256 };

struct hr_gpu_process {
    uint32_t pid;
    bool graphics;         /* it draws; otherwise it computes */
    struct hr_figure vram; /* bytes; unknown under WDDM */
};

struct hr_gpu {
    struct hr_word name, uuid, bus; /* bus: "00000000:01:00.0" */
    struct hr_figure cc;            /* compute capability times ten: 120 is 12.0 */
    struct hr_figure memory, used,
        free;                           /* VRAM in bytes; used is that of the whole machine, on WSL2 Windows included */
    struct hr_figure busy, memory_busy; /* percent of the last sample in which a kernel ran, memory moved */
    struct hr_figure celsius, milliwatts, milliwatts_limit;
    struct hr_figure sm_mhz, sm_mhz_max, memory_mhz, memory_mhz_max;
    struct hr_figure throttle; /* bits: hr_gpu_throttle_text */
    struct hr_figure pcie_gen, pcie_gen_max, pcie_width, pcie_width_max;
    struct hr_truth ecc, persistence, mig;
    struct hr_figure ecc_uncorrected, ecc_corrected; /* since the card was made */
    struct hr_figure compute_mode;                   /* 0 default, 2 prohibited, 3 exclusive process */
    struct hr_figure driver_model;                   /* Windows: 0 WDDM, 1 TCC, 2 MCDM */
    struct hr_figure processes;                      /* how many NVML lists; `process` holds those that were read */
    struct hr_gpu_process *process;
    size_t process_n;
};

/* Why there are no GPUs to tell of. */
enum hr_gpus_state {
    HR_GPUS_READ,       /* NVML answered; there may still be 0 GPUs */
    HR_GPUS_NO_LIBRARY, /* no libnvidia-ml.so.1 can be loaded */
    HR_GPUS_NO_SYMBOL,  /* what was loaded is no NVML */
    HR_GPUS_REFUSED,    /* nvmlInit failed: `error` */
    HR_GPUS_HANGS,      /* the deadline passed */
    HR_GPUS_CRASHED,
    HR_GPUS_UNREADABLE, /* the child could not be started, or the captured answer is malformed */
};

struct hr_gpus {
    enum hr_gpus_state state;
    int error;                /* of NVML, HR_GPUS_REFUSED only */
    char say[512];            /* one sentence where the state is not HR_GPUS_READ */
    struct hr_truth wsl, dxg; /* the kernel is WSL2's; /dev/dxg is there */
    struct hr_word library;   /* the NVML that was loaded, with its path */
    struct hr_word driver;    /* "576.88": on WSL2 that of Windows */
    struct hr_word nvml;      /* "13.580.88" */
    struct hr_figure cuda;    /* 100 * major + minor of the CUDA version that the driver has: 1209 */
    struct hr_figure count;
    struct hr_gpu *gpu;
    size_t n;
};

/* `deadline_ns` from now for the library's answers; 0 gives 2 s.  Fails only when memory does. */
int hr_gpus_read(const struct hr_root *root, uint64_t deadline_ns, struct hr_gpus **ret,
                 struct hr_error *err) HR_MUST_USE;
void hr_gpus_free(struct hr_gpus *g); /* accepts NULL */
/* The kernel is that of WSL2. */
struct hr_truth hr_gpus_wsl(const struct hr_root *root);

/* The text of the answer "nvml" into `g`, which holds nothing yet; a malformed one leaves it HR_GPUS_UNREADABLE. */
int hr_gpus_parse(struct hr_str text, struct hr_gpus *g, struct hr_error *err) HR_MUST_USE;
/* The form that the parser reads. */
bool hr_gpus_write(const struct hr_gpus *g, struct hr_buf *text);
/* The members of one GPU into an open object of the writer. */
struct hr_jw;
void hr_gpu_write(const struct hr_gpu *gpu, struct hr_jw *w);

/* The capability: NVML's, else from the card's name; 0: not known. */
unsigned hr_gpu_cc(const struct hr_gpu *gpu);
/* The oldest and newest capability of all GPUs; 0: none is known. */
unsigned hr_gpus_cc(const struct hr_gpus *g, bool newest);

/* What slows the clocks, in words: "power cap, thermal (hardware)"; `slow` alone: only what a user should mend or know (not idle,
 * nor clocks set by an application). */
struct hr_throttle {
    uint32_t bit;
    bool slow;
    const char *say;
};
const struct hr_throttle *hr_throttle_table(size_t *ret_n);
bool hr_gpu_throttle_text(uint64_t bits, bool slow_only, char out[HR_WORD_MAX]); /* false: nothing */

/* NVML's error codes: a few words, and what to do about it where it stops everything. */
const char *hr_nvml_why(int code);    /* "the driver does not support it here" */
const char *hr_nvml_advice(int code); /* "reboot, or ..."; NULL: nothing known */

#endif

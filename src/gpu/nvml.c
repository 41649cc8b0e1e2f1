#include "nvml.h"

#include "mem.h"
#include "nvml_abi.h"

#include <stdio.h>
#include <string.h>

void hr_nvml_places(bool wsl, const char *override, const char *ret[HR_NVML_PLACES])
{
    size_t n = 0;
    if (override != NULL && override[0] != 0) {
        ret[n++] = override;
    } else {
        if (wsl)
            ret[n++] = "/usr/lib/wsl/lib/libnvidia-ml.so.1";
        ret[n++] = "libnvidia-ml.so.1";
        if (!wsl)
            ret[n++] = "/usr/lib/wsl/lib/libnvidia-ml.so.1";
        ret[n++] = "/run/opengl-driver/lib/libnvidia-ml.so.1";  /* NixOS */
        ret[n++] = "/usr/local/nvidia/lib64/libnvidia-ml.so.1"; /* old containers */
    }
    ret[n] = NULL;
}

/* --- one call --- */

/* The first of two names that the library has. */
static void *symbol(const struct hr_dl *dl, const char *name, const char *older)
{
    void *p = hr_dl_symbol(dl, name);
    return p != NULL || older == NULL ? p : hr_dl_symbol(dl, older);
}

static struct hr_figure missing(const char *name)
{
    return hr_figure_unknown("this driver's NVML has no %s", name);
}

static struct hr_figure told(int r, uint64_t v)
{
    if (r != NVML_OK)
        return hr_figure_unknown("%s (NVML %d)", hr_nvml_why(r), r);
    if (v == NVML_NOT_AVAILABLE || v == UINT32_MAX)
        return hr_figure_unknown("the driver says \"not available\"");
    return hr_figure_of(v);
}

static struct hr_word told_text(int r, const char *text, size_t room)
{
    if (r != NVML_OK)
        return hr_word_unknown("%s (NVML %d)", hr_nvml_why(r), r);
    size_t n = strnlen(text, room);
    return n == 0 ? hr_word_unknown("the driver says nothing") : hr_word_of((struct hr_str) { text, n });
}

/* --- figures that are one unsigned --- */

struct plain {
    size_t offset;
    const char *name, *older;
    int kind; /* the call's second argument, -1: it has none */
};
#define AT(m) offsetof(struct hr_gpu, m)
static const struct plain plains[] = {
    { AT(milliwatts), "nvmlDeviceGetPowerUsage", NULL, -1 },
    { AT(milliwatts_limit), "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit", -1 },
    { AT(sm_mhz), "nvmlDeviceGetClockInfo", NULL, 1 },
    { AT(sm_mhz_max), "nvmlDeviceGetMaxClockInfo", NULL, 1 },
    { AT(memory_mhz), "nvmlDeviceGetClockInfo", NULL, 2 },
    { AT(memory_mhz_max), "nvmlDeviceGetMaxClockInfo", NULL, 2 },
    { AT(pcie_gen), "nvmlDeviceGetCurrPcieLinkGeneration", NULL, -1 },
    { AT(pcie_gen_max), "nvmlDeviceGetMaxPcieLinkGeneration", NULL, -1 },
    { AT(pcie_width), "nvmlDeviceGetCurrPcieLinkWidth", NULL, -1 },
    { AT(pcie_width_max), "nvmlDeviceGetMaxPcieLinkWidth", NULL, -1 },
    { AT(compute_mode), "nvmlDeviceGetComputeMode", NULL, -1 },
};

static void read_plain(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu)
{
    for (size_t i = 0; i < HR_COUNT(plains); i++) {
        const struct plain *p = &plains[i];
        void *at = (char *)gpu + p->offset;
        struct hr_figure *to = at;
        void *fn = symbol(dl, p->name, p->older);
        unsigned v = 0;
        int r = 0;
        if (fn != NULL)
            r = p->kind >= 0 ? ((nvml_gpu_kind_fn *)fn)(dev, p->kind, &v) : ((nvml_gpu_unsigned_fn *)fn)(dev, &v);
        *to = fn == NULL ? missing(p->name) : told(r, v);
    }
}

/* Modes that are on or off, some with what the next start will bring. */
static struct hr_truth mode(const struct hr_dl *dl, nvml_gpu dev, const char *name, bool pending)
{
    void *fn = symbol(dl, name, NULL);
    unsigned now = 0, next = 0;
    if (fn == NULL)
        return hr_truth_unknown("this driver's NVML has no %s", name);
    int r = pending ? ((nvml_gpu_two_fn *)fn)(dev, &now, &next) : ((nvml_gpu_unsigned_fn *)fn)(dev, &now);
    struct hr_figure f = told(r, now);
    return f.known ? hr_truth_of(now != 0) : hr_truth_unknown("%s", f.why);
}

/* --- the rest, one function each --- */

static void read_identity(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu)
{
    char text[96] = "";
    struct nvml_pci pci;
    int major = 0, minor = 0;
    memset(&pci, 0, sizeof pci);
    void *fn = symbol(dl, "nvmlDeviceGetName", NULL);
    gpu->name = fn == NULL ? hr_word_unknown("this driver's NVML has no nvmlDeviceGetName")
                           : told_text(((nvml_gpu_text_fn *)fn)(dev, text, sizeof text), text, sizeof text);
    memset(text, 0, sizeof text);
    fn = symbol(dl, "nvmlDeviceGetUUID", NULL);
    gpu->uuid = fn == NULL ? hr_word_unknown("this driver's NVML has no nvmlDeviceGetUUID")
                           : told_text(((nvml_gpu_text_fn *)fn)(dev, text, sizeof text), text, sizeof text);
    fn = symbol(dl, "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2");
    int r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_gpu_pci_fn *)fn)(dev, &pci);
    bool newer = hr_dl_symbol(dl, "nvmlDeviceGetPciInfo_v3") != NULL; /* the long bus id came with it */
    gpu->bus = told_text(r, newer ? pci.bus_id : pci.legacy, newer ? sizeof pci.bus_id : sizeof pci.legacy);
    fn = symbol(dl, "nvmlDeviceGetCudaComputeCapability", NULL);
    r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_gpu_cc_fn *)fn)(dev, &major, &minor);
    gpu->cc =
        fn == NULL ? missing("nvmlDeviceGetCudaComputeCapability") : told(r, (uint64_t)major * 10 + (uint64_t)minor);
    if (gpu->cc.known && (major < 1 || major > 99 || minor < 0 || minor > 9))
        gpu->cc = hr_figure_unknown("the driver gives %d.%d, which is none", major, minor);
}

/* Version 2 tells the driver's own part apart from what is used; version 1 counts it as used. */
static void read_memory(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu)
{
    struct nvml_memory_v2 m2 = { NVML_VERSION(struct nvml_memory_v2, 2), 0, 0, 0, 0 };
    struct nvml_memory m1 = { 0, 0, 0 };
    void *fn = hr_dl_symbol(dl, "nvmlDeviceGetMemoryInfo_v2");
    int r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_gpu_memory_v2_fn *)fn)(dev, &m2);
    if (r == NVML_OK) {
        m1 = (struct nvml_memory) { m2.total, m2.free, m2.used };
    } else if ((fn = hr_dl_symbol(dl, "nvmlDeviceGetMemoryInfo")) != NULL) {
        r = ((nvml_gpu_memory_fn *)fn)(dev, &m1);
    }
    gpu->memory = told(r, m1.total);
    gpu->used = told(r, m1.used);
    gpu->free = told(r, m1.free);
    if (gpu->memory.known && m1.total == 0)
        gpu->memory = gpu->used = gpu->free =
            hr_figure_unknown("the GPU has no memory of its own: it shares the machine's");
}

static void read_load(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu)
{
    struct nvml_rates rates = { 0, 0 };
    void *fn = symbol(dl, "nvmlDeviceGetUtilizationRates", NULL);
    int r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_gpu_rates_fn *)fn)(dev, &rates);
    gpu->busy = told(r, rates.gpu);
    gpu->memory_busy = told(r, rates.memory);
    struct nvml_temperature t = { NVML_VERSION(struct nvml_temperature, 1), 0, 0 };
    unsigned celsius = 0;
    fn = hr_dl_symbol(dl, "nvmlDeviceGetTemperatureV");
    r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_gpu_temperature_fn *)fn)(dev, &t);
    if (r == NVML_OK && t.celsius >= 0)
        celsius = (unsigned)t.celsius;
    else if ((fn = hr_dl_symbol(dl, "nvmlDeviceGetTemperature")) != NULL)
        r = ((nvml_gpu_kind_fn *)fn)(dev, 0, &celsius);
    gpu->celsius = told(r, celsius);
    unsigned long long bits = 0;
    fn = symbol(dl, "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons");
    r = fn == NULL ? NVML_OK : ((nvml_gpu_u64_fn *)fn)(dev, &bits);
    gpu->throttle = fn == NULL ? missing("nvmlDeviceGetCurrentClocksThrottleReasons") : told(r, bits);
}

static void read_modes(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu)
{
    unsigned now = 0, next = 0;
    gpu->ecc = mode(dl, dev, "nvmlDeviceGetEccMode", true);
    gpu->mig = mode(dl, dev, "nvmlDeviceGetMigMode", true);
    gpu->persistence = mode(dl, dev, "nvmlDeviceGetPersistenceMode", false);
    void *fn = symbol(dl, "nvmlDeviceGetDriverModel_v2", "nvmlDeviceGetDriverModel");
    int r = fn == NULL ? NVML_OK : ((nvml_gpu_two_fn *)fn)(dev, &now, &next);
    gpu->driver_model = fn == NULL ? missing("nvmlDeviceGetDriverModel") : told(r, now);
    fn = symbol(dl, "nvmlDeviceGetTotalEccErrors", NULL);
    for (int kind = 0; kind < 2; kind++) {
        unsigned long long n = 0;
        r = fn == NULL ? NVML_OK : ((nvml_gpu_ecc_fn *)fn)(dev, kind, 1, &n);
        *(kind == 0 ? &gpu->ecc_corrected : &gpu->ecc_uncorrected) =
            fn == NULL ? missing("nvmlDeviceGetTotalEccErrors") : told(r, n);
    }
}

/* --- processes --- */

/* Which call there is, and how large an entry it writes.  Drivers 535.43 to 535.86 wrote larger ones under the same name: those have
 * the query of confidential memory and do not yet have the list of details. */
static void *processes_of(const struct hr_dl *dl, bool graphics, size_t *ret_size)
{
    static const char *const names[2][3] = {
        { "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2",
          "nvmlDeviceGetComputeRunningProcesses" },
        { "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2",
          "nvmlDeviceGetGraphicsRunningProcesses" },
    };
    bool large = hr_dl_symbol(dl, "nvmlDeviceGetConfComputeMemSizeInfo") != NULL &&
                 hr_dl_symbol(dl, "nvmlDeviceGetRunningProcessDetailList") == NULL;
    const size_t sizes[3] = { large ? NVML_PROCESS_535 : NVML_PROCESS_V2, NVML_PROCESS_V2, NVML_PROCESS_V1 };
    for (size_t i = 0; i < 3; i++) {
        void *fn = hr_dl_symbol(dl, names[graphics][i]);
        *ret_size = sizes[i];
        if (fn != NULL)
            return fn;
    }
    return NULL;
}

static int read_processes(const struct hr_dl *dl, nvml_gpu dev, bool graphics, struct hr_gpu *gpu, struct hr_error *err)
{
    size_t size;
    void *fn = processes_of(dl, graphics, &size);
    unsigned n = HR_GPU_PROCESSES_MAX;
    /* Room for the largest entry, whatever the driver takes it for. */
    char *raw = hr_calloc(HR_GPU_PROCESSES_MAX, NVML_PROCESS_535);
    if (raw == NULL)
        return hr_fail_nomem(err, (size_t)HR_GPU_PROCESSES_MAX * NVML_PROCESS_535, "the processes on a GPU");
    int r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_gpu_processes_fn *)fn)(dev, &n, raw);
    struct hr_figure count = r == NVML_SMALL ? hr_figure_of(n) : told(r, n);
    for (size_t i = 0; r == NVML_OK && i < HR_MIN(n, (unsigned)HR_GPU_PROCESSES_MAX); i++) {
        struct nvml_process p;
        memcpy(&p, raw + i * size, sizeof p);
        if (gpu->process_n < HR_GPU_PROCESSES_MAX)
            gpu->process[gpu->process_n++] = (struct hr_gpu_process) { p.pid, graphics, told(NVML_OK, p.memory) };
    }
    hr_free(raw);
    if (!graphics)
        gpu->processes = count;
    else if (gpu->processes.known && count.known)
        gpu->processes.v += count.v;
    return 0;
}

/* What changes from second to second. */
static int read_now(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu, struct hr_error *err)
{
    read_memory(dl, dev, gpu);
    read_load(dl, dev, gpu);
    read_plain(dl, dev, gpu);
    gpu->process_n = 0;
    int r = read_processes(dl, dev, false, gpu, err);
    return r < 0 ? r : read_processes(dl, dev, true, gpu, err);
}

static int read_gpu(const struct hr_dl *dl, nvml_gpu dev, struct hr_gpu *gpu, struct hr_error *err)
{
    read_identity(dl, dev, gpu);
    read_modes(dl, dev, gpu);
    gpu->process = hr_calloc(HR_GPU_PROCESSES_MAX, sizeof *gpu->process);
    if (gpu->process == NULL)
        return hr_fail_nomem(err, HR_GPU_PROCESSES_MAX * sizeof *gpu->process, "the processes on a GPU");
    return read_now(dl, dev, gpu, err);
}

static int read_gpus(const struct hr_dl *dl, struct hr_gpus *g, struct hr_error *err)
{
    void *count_fn = symbol(dl, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount");
    void *handle_fn = symbol(dl, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex");
    unsigned n = 0;
    int counted = count_fn == NULL ? NVML_OK : ((nvml_unsigned_fn *)count_fn)(&n);
    g->count = count_fn == NULL ? missing("nvmlDeviceGetCount_v2") : told(counted, n);
    if (!g->count.known || n == 0 || handle_fn == NULL)
        return 0;
    size_t room = HR_MIN(n, (unsigned)HR_GPUS_MAX);
    g->gpu = hr_calloc(room, sizeof *g->gpu);
    if (g->gpu == NULL)
        return hr_fail_nomem(err, room * sizeof *g->gpu, "the GPUs");
    int r = 0;
    for (unsigned i = 0; i < room && r == 0; i++) {
        nvml_gpu dev = NULL;
        int code = ((nvml_handle_fn *)handle_fn)(i, &dev);
        struct hr_gpu *gpu = &g->gpu[g->n++];
        if (code == NVML_OK)
            r = read_gpu(dl, dev, gpu, err);
        else
            gpu->name = told_text(code, "", 0); /* its other values get their reason from the parser's default */
    }
    return r;
}

static void read_versions(const struct hr_dl *dl, struct hr_gpus *g)
{
    char text[96] = "";
    int cuda = 0;
    void *fn = symbol(dl, "nvmlSystemGetDriverVersion", NULL);
    g->driver = fn == NULL ? hr_word_unknown("this driver's NVML has no nvmlSystemGetDriverVersion")
                           : told_text(((nvml_text_fn *)fn)(text, sizeof text), text, sizeof text);
    memset(text, 0, sizeof text);
    fn = symbol(dl, "nvmlSystemGetNVMLVersion", NULL);
    g->nvml = fn == NULL ? hr_word_unknown("this driver's NVML has no nvmlSystemGetNVMLVersion")
                         : told_text(((nvml_text_fn *)fn)(text, sizeof text), text, sizeof text);
    fn = symbol(dl, "nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion");
    int r = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_int_fn *)fn)(&cuda);
    g->cuda = fn == NULL ? missing("nvmlSystemGetCudaDriverVersion_v2")
                         : told(r, (uint64_t)cuda / 1000 * 100 + (uint64_t)cuda % 1000 / 10);
    if (g->cuda.known && cuda < 1000)
        g->cuda = hr_figure_unknown("the driver gives %d, which is no CUDA version", cuda);
}

static bool load(const char *const *places, struct hr_dl *dl, struct hr_gpus *g)
{
    struct hr_error first = HR_ERROR_INIT, err;
    for (size_t i = 0; places[i] != NULL; i++) {
        int r = hr_dl_open(places[i], dl, i == 0 ? &first : &err);
        if (r == 0) {
            struct hr_buf path = HR_BUF_INIT(HR_WORD_MAX);
            g->library = hr_dl_path(dl, &path) ? hr_word_of(hr_buf_str(&path)) : hr_word_of(hr_str(places[i]));
            hr_buf_fini(&path);
            return true;
        }
    }
    g->state = HR_GPUS_NO_LIBRARY;
    /* Nowhere at all: what the loader says of that is for programmers. */
    bool none = strcmp(places[0], "libnvidia-ml.so.1") == 0 && strstr(first.text, "No such file") != NULL;
    snprintf(g->say, sizeof g->say, "%s", none ? "no NVIDIA driver is here: libnvidia-ml.so.1 is not found" : first.text);
    g->library = hr_word_unknown("none could be loaded");
    return false;
}

int hr_nvml_open(const char *const *places, struct hr_nvml *ret, struct hr_gpus *g, struct hr_error *err)
{
    struct hr_nvml n = { { NULL }, false };
    int r = 0, code;
    g->driver = g->nvml = hr_word_unknown("NVML was not read");
    g->cuda = g->count = hr_figure_unknown("NVML was not read");
    *ret = n;
    if (!load(places, &n.dl, g))
        return 0;
    void *init = symbol(&n.dl, "nvmlInit_v2", "nvmlInit");
    code = init == NULL ? 0 : ((nvml_start_fn *)init)();
    n.on = init != NULL && code == NVML_OK;
    if (init == NULL || symbol(&n.dl, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex") == NULL) {
        g->state = HR_GPUS_NO_SYMBOL;
        snprintf(g->say, sizeof g->say, "'%s' lacks NVML's first functions: it is no NVML, or a stub", g->library.v);
    } else if (code != NVML_OK) {
        g->state = HR_GPUS_REFUSED;
        g->error = code;
        snprintf(g->say, sizeof g->say, "NVML does not start: %s (error %d)", hr_nvml_why(code), code);
    } else {
        g->state = HR_GPUS_READ;
        read_versions(&n.dl, g);
        r = read_gpus(&n.dl, g, err);
    }
    *ret = n;
    return r;
}

static nvml_gpu handle(const struct hr_nvml *n, unsigned i, int *ret_code)
{
    void *fn = symbol(&n->dl, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex");
    nvml_gpu dev = NULL;
    *ret_code = fn == NULL ? NVML_NOT_SUPPORTED : ((nvml_handle_fn *)fn)(i, &dev);
    return dev;
}

int hr_nvml_again(const struct hr_nvml *n, struct hr_gpus *g, struct hr_error *err)
{
    int r = 0, code;
    for (size_t i = 0; i < g->n && r == 0; i++) {
        nvml_gpu dev = handle(n, (unsigned)i, &code);
        if (g->gpu[i].process != NULL)
            r = read_now(&n->dl, dev, &g->gpu[i], err); /* a card that fell off says so at every figure */
    }
    return r;
}

void hr_nvml_pcie(const struct hr_nvml *n, unsigned i, struct hr_figure *sent, struct hr_figure *received)
{
    struct nvml_field f[2];
    int code;
    nvml_gpu dev = handle(n, i, &code);
    void *fn = hr_dl_symbol(&n->dl, "nvmlDeviceGetFieldValues");
    memset(f, 0, sizeof f);
    f[0].id = NVML_FIELD_PCIE_SENT;
    f[1].id = NVML_FIELD_PCIE_RECEIVED;
    int r = fn == NULL ? NVML_NOT_SUPPORTED : code != NVML_OK ? code : ((nvml_gpu_fields_fn *)fn)(dev, 2, f);
    for (int k = 0; k < 2; k++)
        *(k == 0 ? sent : received) = fn == NULL ? missing("nvmlDeviceGetFieldValues") :
                                                   told(r != NVML_OK ? r : f[k].error, f[k].type == 1 ? f[k].value.u : f[k].value.ull);
}

void hr_nvml_close(struct hr_nvml *n)
{
    void *end = symbol(&n->dl, "nvmlShutdown", NULL);
    if (n->on && end != NULL)
        ((nvml_start_fn *)end)();
    hr_dl_close(&n->dl);
    n->on = false;
}

int hr_nvml_read(const char *const *places, struct hr_gpus *g, struct hr_error *err)
{
    struct hr_nvml n;
    int r = hr_nvml_open(places, &n, g, err);
    hr_nvml_close(&n);
    return r;
}

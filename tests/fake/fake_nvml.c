/* A stand-in for libnvidia-ml.so.1, for machines without a GPU.  What it has is chosen when it is built, what it says when it
 * is called:
 *   FAKE_NVML_535    entries of 32 bytes in the process list, as drivers 535.43 to 535.86 wrote them
 *   FAKE_NVML_OLD    the names of an old driver: no _v3, no MemoryInfo_v2, 16-byte process entries
 *   FAKE_NVML_EMPTY  none of NVML's functions: a stub, or another library under its name
 * Environment:
 *   FAKE_NVML   native (default) | wsl (no process memory) | ones (all ones wherever a figure may be) | unsupported (every figure
 *               is error 3) | lost (error 15) | shared (no memory of its own) | hang | crash | init:N (nvmlInit gives error N)
 *   FAKE_NVML_GPUS   how many (1);  FAKE_NVML_NAME, FAKE_NVML_CC ("12.0"), FAKE_NVML_VRAM (MiB), FAKE_NVML_USED (MiB)
 *   FAKE_NVML_BUSY, _THROTTLE, _POWER and _LIMIT (mW), _CELSIUS, _MHZ, _PCIE (bytes sent per question)
 *   FAKE_NVML_FILE   a file of lines NAME=value that come before the environment, read at every question: what changes while
 *               a program runs; there FAKE_NVML may also be stuck (the next question for the load never returns) or dies
 *   FAKE_NVML_CUDA   of the driver ("12.9");  FAKE_NVML_PROCESSES  how many compute processes (1), pids from FAKE_NVML_PID,
 *   FAKE_NVML_PROCESS  MiB of the first (512), twice as much of the second and so on */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

#ifdef FAKE_NVML_EMPTY

API int fake_nvml_has_nothing(void);
int fake_nvml_has_nothing(void)
{
    return 0;
}

#else

#define MIB (1024ull * 1024)
enum { OK = 0, UNSUPPORTED = 3, SMALL = 7, LOST = 15, VERSION = 25 };

static const char *in_file(const char *name)
{
    static char value[256];
    char line[300];
    const char *path = getenv("FAKE_NVML_FILE"), *found = NULL;
    FILE *f = path == NULL ? NULL : fopen(path, "r");
    size_t n = strlen(name);
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, n) == 0 && line[n] == '=') {
            line[strcspn(line, "\n")] = 0;
            snprintf(value, sizeof value, "%.250s", line + n + 1);
            found = value;
        }
    if (f != NULL)
        fclose(f);
    return found;
}

static const char *word(const char *name, const char *otherwise)
{
    const char *v = in_file(name);
    v = v != NULL ? v : getenv(name);
    return v != NULL ? v : otherwise;
}

static int is(const char *mode)
{
    return strcmp(word("FAKE_NVML", "native"), mode) == 0;
}

static unsigned long number(const char *name, unsigned long otherwise)
{
    const char *v = word(name, NULL);
    return v != NULL ? strtoul(v, NULL, 10) : otherwise;
}

/* What every figure of a GPU begins with. */
static int gone(void)
{
    return is("unsupported") ? UNSUPPORTED : is("lost") ? LOST : OK;
}

API int nvmlInit_v2(void);
int nvmlInit_v2(void)
{
    const char *mode = word("FAKE_NVML", "");
    if (is("hang"))
        for (;;)
            pause();
    if (is("crash"))
        raise(SIGKILL);
    return strncmp(mode, "init:", 5) == 0 ? atoi(mode + 5) : OK;
}

API int nvmlShutdown(void);
int nvmlShutdown(void)
{
    return OK;
}

static int text(char *to, unsigned room, const char *what)
{
    return snprintf(to, room, "%s", what) < (int)room ? OK : SMALL;
}

#define TEXT(name, what)               \
    API int name(char *, unsigned);    \
    int name(char *to, unsigned room)  \
    {                                  \
        return text(to, room, (what)); \
    }
TEXT(nvmlSystemGetDriverVersion, "576.88")
TEXT(nvmlSystemGetNVMLVersion, "12.576.88")

static int cuda(int *v)
{
    const char *s = word("FAKE_NVML_CUDA", "12.9"), *dot = strchr(s, '.');
    *v = atoi(s) * 1000 + (dot != NULL ? atoi(dot + 1) * 10 : 0);
    return OK;
}

#ifdef FAKE_NVML_OLD
#define NEWER(name) name
#else
#define NEWER(name) name##_v2
#endif
API int NEWER(nvmlSystemGetCudaDriverVersion)(int *);
int NEWER(nvmlSystemGetCudaDriverVersion)(int *v)
{
    return cuda(v);
}

API int NEWER(nvmlDeviceGetCount)(unsigned *);
int NEWER(nvmlDeviceGetCount)(unsigned *n)
{
    *n = (unsigned)number("FAKE_NVML_GPUS", 1);
    return OK;
}

API int NEWER(nvmlDeviceGetHandleByIndex)(unsigned, void **);
int NEWER(nvmlDeviceGetHandleByIndex)(unsigned i, void **dev)
{
    *dev = (void *)(uintptr_t)(i + 1);
    return OK;
}

API int nvmlDeviceGetName(void *, char *, unsigned);
int nvmlDeviceGetName(void *dev, char *to, unsigned room)
{
    (void)dev;
    return text(to, room, word("FAKE_NVML_NAME", "NVIDIA GeForce RTX 5070 Ti"));
}

API int nvmlDeviceGetUUID(void *, char *, unsigned);
int nvmlDeviceGetUUID(void *dev, char *to, unsigned room)
{
    char uuid[64];
    snprintf(uuid, sizeof uuid, "GPU-00000000-0000-0000-0000-%012u", (unsigned)(uintptr_t)dev);
    return text(to, room, uuid);
}

struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};
#ifdef FAKE_NVML_OLD
#define PCI nvmlDeviceGetPciInfo_v2
#else
#define PCI nvmlDeviceGetPciInfo_v3
#endif
API int PCI(void *, struct pci *);
int PCI(void *dev, struct pci *p)
{
    memset(p, 0, sizeof *p);
    p->bus = (unsigned)(uintptr_t)dev;
    snprintf(p->legacy, sizeof p->legacy, "0000:%02X:00.0", p->bus & 0xff);
    snprintf(p->bus_id, sizeof p->bus_id, "00000000:%02X:00.0", p->bus & 0xff);
    return OK;
}

API int nvmlDeviceGetCudaComputeCapability(void *, int *, int *);
int nvmlDeviceGetCudaComputeCapability(void *dev, int *major, int *minor)
{
    const char *s = word("FAKE_NVML_CC", "12.0"), *dot = strchr(s, '.');
    (void)dev;
    *major = is("ones") ? -1 : atoi(s);
    *minor = is("ones") ? -1 : dot != NULL ? atoi(dot + 1) : 0;
    return is("unsupported") ? UNSUPPORTED : OK;
}

/* Figures of one unsigned, and of one unsigned chosen by a kind. */
#define PLAIN(name, value)                      \
    API int name(void *, unsigned *);           \
    int name(void *dev, unsigned *v)            \
    {                                           \
        (void)dev;                              \
        *v = is("ones") ? UINT32_MAX : (value); \
        return gone();                          \
    }
#define KIND(name, value)                       \
    API int name(void *, int, unsigned *);      \
    int name(void *dev, int kind, unsigned *v)  \
    {                                           \
        (void)dev;                              \
        (void)kind;                             \
        *v = is("ones") ? UINT32_MAX : (value); \
        return gone();                          \
    }
PLAIN(nvmlDeviceGetPowerUsage, (unsigned)number("FAKE_NVML_POWER", 25000))
PLAIN(nvmlDeviceGetEnforcedPowerLimit, (unsigned)number("FAKE_NVML_LIMIT", 300000))
PLAIN(nvmlDeviceGetCurrPcieLinkGeneration, (unsigned)number("FAKE_NVML_GEN", 4))
PLAIN(nvmlDeviceGetMaxPcieLinkGeneration, 4)
PLAIN(nvmlDeviceGetCurrPcieLinkWidth, (unsigned)number("FAKE_NVML_WIDTH", 16))
PLAIN(nvmlDeviceGetMaxPcieLinkWidth, 16)
PLAIN(nvmlDeviceGetComputeMode, (unsigned)number("FAKE_NVML_COMPUTE_MODE", 0))
PLAIN(nvmlDeviceGetPersistenceMode, 1)
KIND(nvmlDeviceGetTemperature, (unsigned)number("FAKE_NVML_CELSIUS", 40))
KIND(nvmlDeviceGetClockInfo, kind == 2 ? 14001 : (unsigned)number("FAKE_NVML_MHZ", 2452))
KIND(nvmlDeviceGetMaxClockInfo, kind == 2 ? 14001 : 3090)

#define TWO(name, code, value)                            \
    API int name(void *, unsigned *, unsigned *);         \
    int name(void *dev, unsigned *now, unsigned *next)    \
    {                                                     \
        (void)dev;                                        \
        *now = *next = is("ones") ? UINT32_MAX : (value); \
        return gone() != OK ? gone() : (code);            \
    }
TWO(nvmlDeviceGetEccMode, is("wsl") ? UNSUPPORTED : OK, 1)
TWO(nvmlDeviceGetMigMode, number("FAKE_NVML_MIG", 0) != 0 ? OK : UNSUPPORTED, 1)
TWO(nvmlDeviceGetDriverModel, is("wsl") ? OK : UNSUPPORTED, 0)

API int nvmlDeviceGetTotalEccErrors(void *, int, int, unsigned long long *);
int nvmlDeviceGetTotalEccErrors(void *dev, int kind, int counter, unsigned long long *n)
{
    (void)dev;
    (void)counter;
    *n = is("ones") ? ~0ull : number(kind == 1 ? "FAKE_NVML_ECC" : "FAKE_NVML_ECC_CORRECTED", 0);
    return gone() != OK ? gone() : is("wsl") ? UNSUPPORTED : OK;
}

struct rates {
    unsigned gpu, memory;
};
API int nvmlDeviceGetUtilizationRates(void *, struct rates *);
int nvmlDeviceGetUtilizationRates(void *dev, struct rates *r)
{
    (void)dev;
    if (is("stuck"))
        for (;;)
            pause();
    if (is("dies"))
        raise(SIGKILL);
    r->gpu = is("ones") ? UINT32_MAX : (unsigned)number("FAKE_NVML_BUSY", 17);
    r->memory = is("ones") ? UINT32_MAX : 3;
    return gone();
}

#ifdef FAKE_NVML_OLD
#define REASONS nvmlDeviceGetCurrentClocksThrottleReasons
#else
#define REASONS nvmlDeviceGetCurrentClocksEventReasons
#endif
API int REASONS(void *, unsigned long long *);
int REASONS(void *dev, unsigned long long *bits)
{
    (void)dev;
    *bits = is("ones") ? ~0ull : number("FAKE_NVML_THROTTLE", 1);
    return gone();
}

struct memory {
    unsigned long long total, free, used;
};
struct memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
};

static int memory(struct memory *m)
{
    unsigned long long total = number("FAKE_NVML_VRAM", 16303) * MIB, used = number("FAKE_NVML_USED", 1796) * MIB;
    *m = (struct memory) { total, total - used, used };
    if (is("shared"))
        *m = (struct memory) { 0, 0, 0 };
    if (is("ones"))
        m->total = m->free = m->used = ~0ull;
    return gone();
}

API int nvmlDeviceGetMemoryInfo(void *, struct memory *);
int nvmlDeviceGetMemoryInfo(void *dev, struct memory *m)
{
    (void)dev;
    return memory(m);
}

#ifndef FAKE_NVML_OLD
API int nvmlDeviceGetMemoryInfo_v2(void *, struct memory_v2 *);
int nvmlDeviceGetMemoryInfo_v2(void *dev, struct memory_v2 *m)
{
    struct memory one;
    (void)dev;
    if (m->version != (sizeof *m | 2u << 24))
        return VERSION;
    int r = memory(&one);
    *m = (struct memory_v2) { m->version, one.total, 300 * MIB, one.free, one.used };
    return r;
}
#endif

struct field {
    unsigned id, scope;
    long long when, latency;
    int type, error;
    unsigned long long value;
};
API int nvmlDeviceGetFieldValues(void *, int, struct field *);
int nvmlDeviceGetFieldValues(void *dev, int n, struct field *f)
{
    static unsigned long long sent;
    (void)dev;
    sent += number("FAKE_NVML_PCIE", 1 << 20);
    for (int i = 0; i < n; i++) {
        f[i].type = 3;
        f[i].error = is("wsl") ? UNSUPPORTED : OK;
        f[i].value = f[i].id == 197 ? sent : sent / 2;
    }
    return gone();
}

/* --- processes --- */

#if defined FAKE_NVML_OLD
enum { ENTRY = 16 };
#define COMPUTE nvmlDeviceGetComputeRunningProcesses
#define GRAPHICS nvmlDeviceGetGraphicsRunningProcesses
#else
#define COMPUTE nvmlDeviceGetComputeRunningProcesses_v3
#define GRAPHICS nvmlDeviceGetGraphicsRunningProcesses_v3
#ifdef FAKE_NVML_535
enum { ENTRY = 32 };
API int nvmlDeviceGetConfComputeMemSizeInfo(void *, void *);
int nvmlDeviceGetConfComputeMemSizeInfo(void *dev, void *info)
{
    (void)dev;
    (void)info;
    return UNSUPPORTED;
}
#else
enum { ENTRY = 24 };
#endif
#endif

static int list(unsigned *n, char *to, unsigned have)
{
    unsigned room = *n;
    *n = have;
    if (gone() != OK)
        return gone();
    if (room < have)
        return SMALL;
    for (unsigned i = 0; i < have; i++) {
        unsigned pid = (unsigned)number("FAKE_NVML_PID", 4000) + i;
        unsigned long long used = is("wsl") || is("ones") ? ~0ull : (i + 1) * number("FAKE_NVML_PROCESS", 512) * MIB;
        memset(to + i * ENTRY, 0xee, ENTRY);
        memcpy(to + i * ENTRY, &pid, sizeof pid);
        memcpy(to + i * ENTRY + 8, &used, sizeof used);
    }
    return OK;
}

API int COMPUTE(void *, unsigned *, void *);
int COMPUTE(void *dev, unsigned *n, void *to)
{
    (void)dev;
    return list(n, to, (unsigned)number("FAKE_NVML_PROCESSES", 1));
}

API int GRAPHICS(void *, unsigned *, void *);
int GRAPHICS(void *dev, unsigned *n, void *to)
{
    (void)dev;
    return list(n, to, 0);
}

#endif

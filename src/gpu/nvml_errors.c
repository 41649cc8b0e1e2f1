/* NVML's codes and bits as words.  Source: the NVML API reference (nvmlReturn_t, nvmlClocksEventReasons). */
#include "gpus.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *why, *advice;
} errors[] = {
    { 1, "NVML says that it was not started", NULL },
    { 2, "NVML says that an argument is wrong", NULL },
    { 3, "the driver does not support it here", NULL },
    { 4, "no permission", "run it as root once to see whether only the permission is missing" },
    { 6, "the driver does not find it", NULL },
    { 7, "there was more than there was room for", NULL },
    { 8, "the GPU lacks power", "plug in the external power cables of the card" },
    { 9, "the NVIDIA driver is not loaded",
      "load it (sudo modprobe nvidia) and read the kernel's log for why it was not: an old kernel, Secure Boot, a "
      "module that was not "
      "rebuilt" },
    { 10, "the driver did not answer in time", NULL },
    { 11, "the GPU's interrupts do not arrive", "read the kernel's log; another slot or a firmware update may help" },
    { 12, "a library that NVML needs is missing", "install the driver again: parts of it are missing" },
    { 13, "this driver's NVML does not have it", NULL },
    { 14, "the GPU's stored configuration (infoROM) is damaged", NULL },
    { 15, "the GPU has fallen off the bus",
      "restart the machine; if it comes again look at power, cables and slot, and for Xid 79 in the kernel's log" },
    { 16, "the GPU must be reset", "stop all programs on it and run: sudo nvidia-smi --gpu-reset, or restart" },
    { 17, "GPU access is blocked by the operating system",
      "on WSL2 this is decided on the Windows side: update the NVIDIA driver there and run wsl --shutdown; Windows "
      "Server 2022 does "
      "not offer it" },
    { 18, "the library and the loaded kernel module are of different driver versions",
      "restart the machine (the driver was updated while its old module stayed loaded), or unload and load the module: "
      "sudo rmmod "
      "nvidia_uvm nvidia_drm nvidia_modeset nvidia && sudo modprobe nvidia" },
    { 20, "the driver ran out of memory", NULL },
    { 21, "the driver has no data yet", NULL },
    { 25, "the driver expects another version of the argument", NULL },
    { 27, "the driver is not ready", "wait until the driver has finished its start and ask again" },
    { 999, "NVML failed inside and does not say why", "read the kernel's log; restart the machine if it stays" },
};

const char *hr_nvml_why(int code)
{
    for (size_t i = 0; i < HR_COUNT(errors); i++)
        if (errors[i].code == code)
            return errors[i].why;
    return "NVML failed with a code that is not known here";
}

const char *hr_nvml_advice(int code)
{
    for (size_t i = 0; i < HR_COUNT(errors); i++)
        if (errors[i].code == code)
            return errors[i].advice;
    return NULL;
}

static const struct hr_throttle throttles[] = {
    { 0x1, false, "idle" },
    { 0x2, false, "clocks set by an application" },
    { 0x4, true, "power cap" },
    { 0x8, true, "hardware slowdown" },
    { 0x10, true, "waits for a slower GPU of its sync group" },
    { 0x20, true, "heat (driver)" },
    { 0x40, true, "heat (hardware)" },
    { 0x80, true, "power brake from outside" },
    { 0x100, false, "clocks set for the display" },
};

const struct hr_throttle *hr_throttle_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(throttles);
    return throttles;
}

bool hr_gpu_throttle_text(uint64_t bits, bool slow_only, char out[HR_WORD_MAX])
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < HR_COUNT(throttles); i++)
        if ((bits & throttles[i].bit) != 0 && (throttles[i].slow || !slow_only)) {
            int n = snprintf(out + at, HR_WORD_MAX - at, "%s%s", at != 0 ? ", " : "", throttles[i].say);
            at = HR_MIN(at + (size_t)HR_MAX(n, 0), (size_t)HR_WORD_MAX - 1);
        }
    return at != 0;
}

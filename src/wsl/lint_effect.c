/* Settings that another setting, or the PC, leaves without effect. */
#include "lint_work.h"

#include "wsl_value.h"

#include <string.h>
#include <strings.h>

const char *hr_lint_mode(const struct hr_wsl_conf *c)
{
    const struct hr_wsl_entry *e = hr_wsl_conf_get(c, "wsl2.networkingMode");
    return e != NULL ? e->value : "nat";
}

static bool set_to(const struct hr_wsl_conf *c, const char *key, bool wanted)
{
    const struct hr_wsl_entry *e = hr_wsl_conf_get(c, key);
    bool v;
    return e != NULL && hr_wsl_bool(e->value, &v) && v == wanted;
}

static bool negative(const struct hr_wsl_conf *c, const char *key)
{
    const struct hr_wsl_entry *e = hr_wsl_conf_get(c, key);
    int32_t v;
    return e != NULL && hr_wsl_int(c->text.file, e->value, &v) && v < 0;
}

static bool no_swap(const struct hr_wsl_conf *c)
{
    const struct hr_wsl_entry *e = hr_wsl_conf_get(c, "wsl2.swap");
    uint64_t v;
    return e != NULL && hr_wsl_size(e->value, &v) && v == 0;
}

/* Keys that need a networking mode. */
static const struct {
    const char *key, *mode;
} needs_mode[] = {
    { "wsl2.localhostForwarding", "nat" },
    { "wsl2.dnsProxy", "nat" },
    { "experimental.hostAddressLoopback", "mirrored" },
    { "experimental.ignoredPorts", "mirrored" },
    { "wsl2.vmSwitch", "bridged" },
    { "wsl2.macAddress", "bridged" },
    { "wsl2.dhcp", "bridged" },
    { "wsl2.dhcpTimeout", "bridged" },
};

/* Keys that another boolean key, when it has that value, leaves without effect. */
static const struct {
    enum hr_wsl_file file;
    const char *key, *by;
    bool when;
} needs_bool[] = {
    { HR_WSL_WSLCONFIG, "experimental.bestEffortDnsParsing", "wsl2.dnsTunneling", false },
    { HR_WSL_WSLCONFIG, "experimental.dnsTunnelingIpAddress", "wsl2.dnsTunneling", false },
    { HR_WSL_WSLCONFIG, "experimental.initialAutoProxyTimeout", "wsl2.autoProxy", false },
    { HR_WSL_WSLCONFIG, "wsl2.virtiofs", "wsl2.virtio", false },
    { HR_WSL_WSLCONFIG, "experimental.swiotlb", "wsl2.virtio", false },
    { HR_WSL_WSLCONFIG, "wsl2.hostFileSystemAccess", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.nestedVirtualization", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.hardwarePerformanceCounters", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.gpuSupport", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.virtio", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.guiApplications", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.swap", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.swapFile", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.kernel", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.kernelModules", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.networkingMode", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.dnsTunneling", "wsl2.safeMode", true },
    { HR_WSL_WSLCONFIG, "wsl2.autoProxy", "wsl2.safeMode", true },
    { HR_WSL_WSLCONF, "automount.options", "automount.enabled", false },
    { HR_WSL_WSLCONF, "gpu.appendLibPath", "gpu.enabled", false },
    { HR_WSL_WSLCONF, "interop.appendWindowsPath", "interop.enabled", false },
    { HR_WSL_WSLCONF, "fileServer.logFile", "fileServer.enabled", false },
    { HR_WSL_WSLCONF, "fileServer.logLevel", "fileServer.enabled", false },
    { HR_WSL_WSLCONF, "fileServer.logTruncate", "fileServer.enabled", false },
    { HR_WSL_WSLCONF, "boot.initTimeout", "boot.systemd", false },
};

static const char *by_pc(struct hr_lint *l, const struct hr_wsl_key *k, const struct hr_wsl_entry *e)
{
    bool v;
    if (strcmp(k->name, "nestedVirtualization") == 0 && hr_wsl_bool(e->value, &v) && v && l->host->windows.known &&
        l->host->windows.v < 22000)
        return hr_lint_text(l, "Windows 10 (build %u) has no nested virtualisation: WSL only warns",
                            (unsigned)l->host->windows.v);
    if (strcmp(k->name, "virtioFsAggregateShares") == 0 && !set_to(l->c, "wsl2.virtiofs", true))
        return "it says how virtiofs is used, and virtiofs is off";
    return NULL;
}

const char *hr_lint_no_effect(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_conf *c = l->c;
    const struct hr_wsl_key *k = hr_wsl_key_main(e->key);
    const char *full = hr_lint_text(l, "%s.%s", k->section, k->name), *mode = hr_lint_mode(c);
    bool v;
    for (size_t i = 0; i < HR_COUNT(needs_bool); i++)
        if (needs_bool[i].file == k->file && strcmp(needs_bool[i].key, full) == 0 &&
            set_to(c, needs_bool[i].by, needs_bool[i].when))
            return hr_lint_text(l, "%s=%s leaves it without effect", strchr(needs_bool[i].by, '.') + 1,
                                needs_bool[i].when ? "true" : "false");
    if (k->file == HR_WSL_WSLCONF)
        return NULL;
    for (size_t i = 0; i < HR_COUNT(needs_mode); i++)
        if (strcmp(needs_mode[i].key, full) == 0 && strcasecmp(mode, needs_mode[i].mode) != 0)
            return hr_lint_text(l, "it is read for networkingMode=%s only, and the mode is %s", needs_mode[i].mode,
                                mode);
    if (strcmp(full, "wsl2.firewall") == 0 && strcasecmp(mode, "mirrored") == 0 && hr_wsl_bool(e->value, &v) && !v)
        return "the firewall is always on with networkingMode=mirrored";
    if (strcmp(full, "wsl2.dnsTunneling") == 0 && (strcasecmp(mode, "none") == 0 || strcasecmp(mode, "bridged") == 0))
        return hr_lint_text(l, "names are not tunnelled with networkingMode=%s", mode);
    if (strcmp(full, "wsl2.swapFile") == 0 && no_swap(c))
        return "swap=0 leaves it without effect";
    if (strcmp(full, "wsl2.crashDumpFolder") == 0 && negative(c, "wsl2.maxCrashDumpCount"))
        return "a negative maxCrashDumpCount means that no dumps are made";
    return by_pc(l, k, e);
}

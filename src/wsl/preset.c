#include "preset.h"

#include "wsl_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)

/* Shares of the PC in 32nds; the memory left to Windows is never less than Windows 11 asks for (4 GiB). */
static const struct {
    unsigned memory, cpus, swap;
    bool gui, stays;
} preset[] = {
    [HR_PRESET_TRAINING] = { 25, 24, 10, false, true },
    [HR_PRESET_INFERENCE] = { 20, 20, 8, false, true },
    [HR_PRESET_DAILY] = { 16, 16, 8, true, false },
    [HR_PRESET_MAX] = { 28, 28, 12, false, true },
};
enum { WINDOWS_LEAST = 4, SWAP_MOST = 32 };

const struct hr_left_out hr_preset_left_out[] = {
    { "autoMemoryReclaim", "dropCache is the default since WSL 2.1.3; in [wsl2] it is not read at all" },
    { "sparseVhd", "switched off in WSL for damaging data" },
    { "pageReporting", "removed in 1.1.7; always on" },
    { "guessVhdSize", "never existed" },
    { "nestedVirtualization", "true is the default on Windows 11" },
    { "localhostForwarding", "true is the default" },
    { "kernelCommandLine",
      "nothing there was measured to help; fs.inotify.max_user_watches=524288 is what WSL sets by itself" },
    { NULL, NULL },
};

static void add(struct hr_suggestion *s, const char *section, const char *name, const char *value, const char *why)
{
    struct hr_preset_line *l = &s->line[s->n++];
    l->section = section;
    l->name = name;
    snprintf(l->value, sizeof l->value, "%s", value);
    snprintf(l->why, sizeof l->why, "%s", why);
}

/* The default is the same, or so near that it makes no difference (lint says so within 2 %). */
static bool near(uint64_t a, uint64_t b)
{
    return a > b ? a - b <= b / 50 : b - a <= b / 50;
}

int hr_suggest(enum hr_preset which, uint64_t ram, uint64_t cpus, struct hr_suggestion *ret, struct hr_error *err)
{
    uint64_t total = (ram + GIB / 2) / GIB; /* what is built in; Windows shows a little less */
    if (ram > UINT64_MAX / 64 || total < WINDOWS_LEAST + 2)
        return hr_fail(err, HR_E_INVALID, "%" PRIu64 " GiB of memory leave nothing to share between Windows and Linux",
                       total);
    if (cpus == 0 || cpus > UINT32_MAX)
        return hr_fail(err, HR_E_INVALID, "a PC has at least one processor");
    struct hr_suggestion s = { .n = 0 };
    char why[240], value[32];
    uint64_t memory = HR_MIN(total * preset[which].memory / 32, total - WINDOWS_LEAST), vm = memory;
    if (near(memory * GIB, ram / 2)) {
        vm = total / 2;
    } else {
        snprintf(why, sizeof why,
                 "a ceiling, taken as it is needed, not a reservation; %" PRIu64 " of the PC's %" PRIu64
                 " GiB stay with Windows",
                 total - memory, total);
        add(&s, "wsl2", "memory", hr_wsl_size_write(memory * GIB).text, why);
    }
    uint64_t use = HR_MAX(cpus * preset[which].cpus / 32, (uint64_t)1);
    if (use < cpus) {
        snprintf(value, sizeof value, "%" PRIu64, use);
        snprintf(why, sizeof why,
                 "%" PRIu64 " of the PC's %" PRIu64
                 " threads stay with Windows, so that the desktop answers while data is loaded",
                 cpus - use, cpus);
        add(&s, "wsl2", "processors", value, why);
    }
    uint64_t swap = HR_MIN(HR_MAX(total * preset[which].swap / 32, (uint64_t)1), (uint64_t)SWAP_MOST),
             def = (vm + 3) / 4;
    if (swap > def) {
        snprintf(why, sizeof why,
                 "%" PRIu64
                 " GiB is the default; a peak (a checkpoint, a compiler) then swaps instead of ending the virtual "
                 "machine; a file on the Windows drive that grows as it is used",
                 def);
        add(&s, "wsl2", "swap", hr_wsl_size_write(swap * GIB).text, why);
    }
    if (!preset[which].gui)
        add(&s, "wsl2", "guiApplications", "false",
            "no Linux windows on the desktop: saves the memory of WSLg, and some of the GPU's");
    if (preset[which].stays) {
        add(&s, "wsl2", "vmIdleTimeout", "-1", "the virtual machine stays; together with instanceIdleTimeout below");
        add(&s, "general", "instanceIdleTimeout", "-1",
            "a job goes on when its terminal is closed; the memory comes back with wsl --shutdown");
    }
    *ret = s;
    return 0;
}

bool hr_suggestion_write(const struct hr_suggestion *s, struct hr_buf *out)
{
    const char *section = "";
    for (size_t i = 0; i < s->n; i++) {
        const struct hr_preset_line *l = &s->line[i];
        if (strcmp(section, l->section) != 0)
            hr_buf_printf(out, "%s[%s]\r\n", i == 0 ? "" : "\r\n", l->section);
        section = l->section;
        hr_buf_printf(out, "# %s\r\n%s=%s\r\n", l->why, l->name, l->value);
    }
    return !out->failed;
}

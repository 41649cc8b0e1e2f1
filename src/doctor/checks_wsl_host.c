/* What only Windows can tell: its memory, its processors, its build.  Takes seconds: deep checks. */
#include "checks_wsl.h"

#include "check_parts.h"
#include "human.h"

#include <inttypes.h>

void hr_check_wsl_host_memory(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, m->total.known, m->total.why))
        return;
    const struct hr_windows *w = hr_facts_windows(facts);
    if (!hr_check_known(f, w->memory.known, w->memory.why))
        return;
    struct hr_human here = hr_human_bytes(m->total.v), host = hr_human_bytes(w->memory.v);
    hr_seen(f, "Win32_ComputerSystem.TotalPhysicalMemory: %" PRIu64 "; MemTotal: %" PRIu64 " kB", w->memory.v,
            m->total.v / 1024);
    uint64_t rest = w->memory.v > m->total.v ? w->memory.v - m->total.v : 0;
    if (rest < UINT64_C(4) << 30) {
        hr_find(f, HR_WARN, "WSL may take %s of the PC's %s: when it does, Windows has too little and swaps", here.text,
                host.text);
        hr_fix(f, "headrace wslconfig suggest --for training");
    } else if (m->total.v < w->memory.v / 2 + w->memory.v / 16) {
        hr_find(f, HR_NOTE, "WSL may take %s of the PC's %s: about half, what it gets when nothing is set", here.text,
                host.text);
        hr_fix(f, "headrace wslconfig suggest --for training   # memory= is a ceiling: what WSL does not use stays "
                  "with Windows");
    } else {
        hr_find(f, HR_GOOD, "WSL may take %s of the PC's %s", here.text, host.text);
    }
}

void hr_check_wsl_host_cpus(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, c->online.known, c->online.why))
        return;
    const struct hr_windows *w = hr_facts_windows(facts);
    if (!hr_check_known(f, w->cpus.known, w->cpus.why))
        return;
    hr_seen(f, "Win32_ComputerSystem.NumberOfLogicalProcessors: %" PRIu64, w->cpus.v);
    if (c->online.v * 2 <= w->cpus.v) {
        hr_find(f, HR_NOTE, "WSL has %" PRIu64 " of the PC's %" PRIu64 " logical processors", c->online.v, w->cpus.v);
        hr_fix(f, "headrace wslconfig suggest --for training   # processors= shares them, it does not take them from "
                  "Windows");
    } else {
        hr_find(f, HR_GOOD, "WSL has %" PRIu64 " of the PC's %" PRIu64 " logical processors", c->online.v, w->cpus.v);
    }
}

void hr_check_wsl_pool_leak(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_mounts *m = hr_facts_mounts(facts);
    bool nine = false;
    if (!hr_check_wsl2(facts, f))
        return;
    for (size_t i = 0; i < m->n; i++)
        nine |= m->mount[i].place == HR_PLACE_WINDOWS && m->mount[i].type[0] == '9';
    const struct hr_windows *w = hr_facts_windows(facts);
    if (!hr_check_known(f, w->version.known, w->version.why))
        return;
    hr_seen(f, "ver: %s", w->version.v);
    if (!nine || w->numbers.part[2] != 26200) {
        hr_find(f, HR_GOOD, "Windows build %u with its drives here is none known to leak", w->numbers.part[2]);
        return;
    }
    hr_find(
        f, HR_NOTE,
        "Windows build 26200 leaks kernel memory when many files of its drives are listed from WSL: until it restarts");
    hr_fix(f, "# do not let find, du or git walk over /mnt/c; keep data on the Linux side");
}

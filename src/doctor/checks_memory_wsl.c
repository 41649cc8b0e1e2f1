/* Memory between WSL2 and Windows: what is kept, what goes back, what is held in reserve. */
#include "checks_memory.h"

#include "check_parts.h"
#include "human.h"

#include <inttypes.h>

static const char *size(uint64_t bytes, struct hr_human *h)
{
    *h = hr_human_bytes(bytes);
    return h->text;
}

void hr_check_page_cache(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_figure cache = hr_ram_cache(m);
    struct hr_human a, b;
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, cache.known, cache.why) ||
        !hr_check_known(f, m->total.known, m->total.why))
        return;
    hr_seen(f, "/proc/meminfo: Cached: %" PRIu64 " kB of MemTotal: %" PRIu64 " kB", m->cached.v / 1024,
            m->total.v / 1024);
    if (cache.v <= m->total.v / 2) {
        hr_find(f, HR_GOOD, "page cache holds %s of %s", size(cache.v, &a), size(m->total.v, &b));
        return;
    }
    hr_find(f, HR_NOTE, "page cache holds %s of %s: Windows does not get it back before WSL is idle", size(cache.v, &a),
            size(m->total.v, &b));
    hr_fix(f,
           "echo 1 | sudo tee /proc/sys/vm/drop_caches   # now; the next read of the data comes from the disk again");
    hr_fix(
        f,
        "# by itself: autoMemoryReclaim belongs into [experimental] of .wslconfig; dropCache is the default, and both");
    hr_fix(f, "# ways begin only when the virtual machine's CPUs are idle");
    hr_undo(f, "# nothing to take back: the cache fills again by itself");
}

void hr_check_page_reporting(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_figure *order = &hr_facts_memory(facts)->reporting_order;
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, order->known, order->why))
        return;
    hr_seen(f, "/sys/module/page_reporting/parameters/page_reporting_order: %" PRIu64, order->v);
    if (order->v <= 5)
        hr_find(f, HR_GOOD, "free memory goes back to Windows in blocks of %u KiB", 4u << order->v);
    else if (order->v < 20)
        hr_find(
            f, HR_NOTE,
            "free memory goes back to Windows only in whole blocks of %u KiB: this Windows is too old for finer ones",
            4u << order->v);
    else
        hr_find(f, HR_NOTE, "page reporting is set to blocks that never come free");
}

void hr_check_wsl_user(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_human a;
    if (!hr_check_wsl2(facts, f))
        return;
    if (!m->wsl_user.known) {
        hr_find(f, HR_NOTE,
                "WSL keeps no memory in reserve for itself: a run that takes all can take the virtual machine with it");
        hr_fix(f, "wsl --update   # in PowerShell; releases after 2.9.4 put programs into a group of their own");
        return;
    }
    hr_seen(f, "/sys/fs/cgroup/wsl-user/memory.max: %" PRIu64, m->wsl_user.v);
    hr_find(f, HR_GOOD, "programs together may take %s, the rest is kept for WSL itself", size(m->wsl_user.v, &a));
}

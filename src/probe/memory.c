#include "memory.h"

#include "parse.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

/* --- texts --- */

struct row {
    const char *key;
    size_t at; /* of the struct hr_figure in struct hr_ram */
};
#define ROW(key, member)                     \
    {                                        \
        key, offsetof(struct hr_ram, member) \
    }

static const struct row meminfo[] = {
    ROW("MemTotal", total),
    ROW("MemFree", free),
    ROW("MemAvailable", available),
    ROW("Buffers", buffers),
    ROW("Cached", cached),
    ROW("SReclaimable", reclaimable),
    ROW("Shmem", shared),
    ROW("Dirty", dirty),
    ROW("Writeback", writeback),
    ROW("AnonPages", anon),
    ROW("Mlocked", mlocked),
    ROW("SwapTotal", swap_total),
    ROW("SwapFree", swap_free),
    ROW("CommitLimit", commit_limit),
    ROW("Committed_AS", committed),
    ROW("HugePages_Total", huge_total),
    ROW("HugePages_Free", huge_free),
    ROW("Hugepagesize", huge_size),
    ROW("Hugetlb", hugetlb),
};
static const struct row vmstat[] = {
    ROW("oom_kill", oom_kills),
    ROW("pswpin", swap_in),
    ROW("pswpout", swap_out),
    ROW("pgmajfault", major_faults),
};

static struct hr_figure *member(struct hr_ram *m, const struct row *row)
{
    return (struct hr_figure *)(void *)((char *)m + row->at);
}

static void unknown_all(struct hr_ram *m, const struct row *row, size_t n, const char *why)
{
    for (size_t i = 0; i < n; i++)
        *member(m, &row[i]) = hr_figure_unknown("%s", why);
}

void hr_ram_parse_meminfo(struct hr_str text, struct hr_ram *ret)
{
    for (size_t i = 0; i < HR_COUNT(meminfo); i++)
        *member(ret, &meminfo[i]) = hr_text_figure(text, ':', meminfo[i].key, "/proc/meminfo");
}

void hr_ram_parse_vmstat(struct hr_str text, struct hr_ram *ret)
{
    struct hr_str line, name;
    uint64_t v;
    for (size_t i = 0; i < HR_COUNT(vmstat); i++)
        *member(ret, &vmstat[i]) = hr_text_figure(text, ' ', vmstat[i].key, "/proc/vmstat");
    ret->stalls = hr_figure_unknown("no allocstall in /proc/vmstat");
    while (hr_str_cut(&text, '\n', &line))
        if (hr_str_starts(line, "allocstall") && hr_str_cut(&line, ' ', &name) &&
            hr_parse_u64(hr_str_trim(line), &v, NULL) == 0)
            ret->stalls = hr_figure_of(ret->stalls.known && v <= UINT64_MAX - ret->stalls.v ? ret->stalls.v + v : v);
}

/* One field of a line whose fields are parted by any number of blanks and tabs. */
static bool field(struct hr_str *rest, struct hr_str *ret)
{
    *rest = hr_str_trim(*rest);
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
        n++;
    *ret = (struct hr_str) { rest->p, n };
    rest->p = n != 0 ? rest->p + n : rest->p;
    rest->n -= n;
    return n != 0;
}

/* Filename  Type  Size  Used  Priority: sizes in KiB; names with octal escapes stay as they are. */
void hr_ram_parse_swaps(struct hr_str text, struct hr_ram *ret)
{
    struct hr_str line, name, type, size, used, priority;
    ret->swaps = 0;
    ret->swaps_known = hr_truth_of(true);
    hr_str_cut(&text, '\n', &line); /* the head */
    while (hr_str_cut(&text, '\n', &line) && ret->swaps < HR_SWAPS_MAX) {
        struct hr_swap s = { .zram = false };
        if (!field(&line, &name) || !field(&line, &type) || !field(&line, &size) || !field(&line, &used) ||
            !field(&line, &priority) || hr_parse_u64(size, &s.size, NULL) < 0 ||
            hr_parse_u64(used, &s.used, NULL) < 0 || hr_parse_i64(priority, &s.priority, NULL) < 0 ||
            s.size > UINT64_MAX / 1024 || s.used > UINT64_MAX / 1024)
            continue;
        s.size *= 1024;
        s.used *= 1024;
        struct hr_word w = hr_word_clean(name);
        memcpy(s.name, w.v, sizeof s.name);
        snprintf(s.type, sizeof s.type, "%.*s", (int)HR_MIN(type.n, sizeof s.type - 1), type.p);
        s.zram = strncmp(s.name, "/dev/zram", 9) == 0;
        ret->swap[ret->swaps++] = s;
    }
}

struct hr_word hr_ram_chosen(struct hr_str text)
{
    struct hr_str before, word;
    if (hr_str_cut(&text, '[', &before) && text.p != NULL && hr_str_cut(&text, ']', &word) && text.p != NULL)
        return hr_word_clean(word);
    return hr_word_unknown("no choice is marked in it");
}

/* --- reading --- */

static void read_texts(const struct hr_root *root, struct hr_ram *m)
{
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    char why[HR_WHY_MAX];
    if (hr_root_text(root, "proc/meminfo", &b, why))
        hr_ram_parse_meminfo(hr_buf_str(&b), m);
    else
        unknown_all(m, meminfo, HR_COUNT(meminfo), why);
    hr_buf_reset(&b);
    if (hr_root_text(root, "proc/vmstat", &b, why)) {
        hr_ram_parse_vmstat(hr_buf_str(&b), m);
    } else {
        unknown_all(m, vmstat, HR_COUNT(vmstat), why);
        m->stalls = hr_figure_unknown("%s", why);
    }
    hr_buf_reset(&b);
    if (hr_root_text(root, "proc/swaps", &b, why))
        hr_ram_parse_swaps(hr_buf_str(&b), m);
    else
        m->swaps_known = hr_truth_unknown("%s", why);
    hr_buf_fini(&b);
}

static struct hr_word chosen(const struct hr_root *root, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_word w = { false, "", "" };
    if (hr_root_text(root, path, &b, w.why))
        w = hr_ram_chosen(hr_buf_str(&b));
    hr_buf_fini(&b);
    return w;
}

static void read_shm(const struct hr_root *root, struct hr_ram *m)
{
    struct hr_root_fs fs;
    if (hr_root_statfs(root, "dev/shm", &fs, NULL) < 0) {
        m->shm_total = m->shm_available = hr_figure_unknown("there is no /dev/shm");
    } else if (fs.total == 0) { /* a tmpfs without a limit of its own */
        m->shm_total = m->shm_available = hr_figure_unknown("/dev/shm has no limit of its own");
    } else {
        m->shm_total = hr_figure_of(fs.total);
        m->shm_available = hr_figure_of(fs.available);
    }
}

void hr_ram_read(const struct hr_root *root, struct hr_ram *ret)
{
    static const struct row switches[] = {
        ROW("proc/sys/vm/swappiness", swappiness),
        ROW("proc/sys/vm/overcommit_memory", overcommit),
        ROW("proc/sys/vm/overcommit_ratio", overcommit_ratio),
        ROW("proc/sys/vm/max_map_count", max_map_count),
        ROW("proc/sys/vm/dirty_ratio", dirty_ratio),
        ROW("proc/sys/vm/dirty_background_ratio", dirty_background_ratio),
        ROW("sys/module/page_reporting/parameters/page_reporting_order", reporting_order),
        ROW("sys/fs/cgroup/wsl-user/memory.max", wsl_user),
    };
    memset(ret, 0, sizeof *ret);
    read_texts(root, ret);
    for (size_t i = 0; i < HR_COUNT(switches); i++)
        *member(ret, &switches[i]) = hr_root_figure(root, switches[i].key);
    ret->thp = chosen(root, "sys/kernel/mm/transparent_hugepage/enabled");
    ret->thp_defrag = chosen(root, "sys/kernel/mm/transparent_hugepage/defrag");
    ret->zswap = hr_root_word(root, "sys/module/zswap/parameters/enabled");
    ret->reclaim = hr_truth_of(hr_root_exists(root, "sys/fs/cgroup/memory.reclaim"));
    hr_cgroup_read(root, 0, &ret->group);
    read_shm(root, ret);
    hr_pressure_read(root, "memory", &ret->pressure);
    hr_pressure_read(root, "io", &ret->io_pressure);
}

struct hr_figure hr_ram_ceiling(const struct hr_ram *m)
{
    if (m->group.limit.known && (!m->total.known || m->group.limit.v < m->total.v))
        return m->group.limit;
    return m->total;
}

struct hr_figure hr_ram_cache(const struct hr_ram *m)
{
    if (!m->cached.known || !m->buffers.known)
        return m->cached.known ? m->buffers : m->cached;
    uint64_t v = m->cached.v + m->buffers.v + (m->reclaimable.known ? m->reclaimable.v : 0);
    uint64_t shared = m->shared.known ? m->shared.v : 0;
    return hr_figure_of(v > shared ? v - shared : 0);
}

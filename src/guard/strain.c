#include "strain.h"

#include "file.h"
#include "held.h"
#include "procfs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_ROOM = 16384 };
/* Without PSI: what one direct reclaim, and one page read again, cost the task that waits.  Estimates: a reclaim of 32 pages with some of
 * them written takes milliseconds, a page of a solid-state disk a tenth of one. */
enum { STALL_US = 2000, REFAULT_US = 100 };

static double decayed(double was, double now, uint64_t ns)
{
    double k = (double)HR_MIN(ns, HR_STRAIN_WINDOW) / (double)HR_STRAIN_WINDOW;
    return was + (now - was) * k;
}

static uint64_t more(uint64_t now, uint64_t was)
{
    return now > was ? now - was : 0;
}

void hr_strain_feed(struct hr_strain_rates *r, const struct hr_strain_counts *c, bool psi, uint64_t now)
{
    uint64_t ns = more(now, r->at);
    if (r->at != 0 && ns != 0) {
        double us = (double)ns / 1e3;
        double some = psi ? (double)more(c->some_us, r->was.some_us) :
                            (double)(more(c->stalls, r->was.stalls) * STALL_US + more(c->refaults, r->was.refaults) * REFAULT_US);
        double full = psi ? (double)more(c->full_us, r->was.full_us) : 0;
        r->some = decayed(r->some, HR_MIN(1000 * some / us, 1000.0), ns);
        r->full = decayed(r->full, HR_MIN(1000 * full / us, 1000.0), ns);
        double out = (double)more(c->swapped, r->was.swapped) * (double)sysconf(_SC_PAGESIZE);
        r->swap = decayed(r->swap, out * 1e9 / (double)ns, ns);
        r->swapping = r->swap > (double)HR_SWAP_FAST ? r->swapping + ns : 0;
    }
    r->at = now;
    r->was = *c;
}

static int open_at(const char *at, const char *path, const char *name)
{
    char full[512];
    int n = snprintf(full, sizeof full, "%s%s%s", at, path, name);
    int fd = n > 0 && (size_t)n < sizeof full ? hr_kept_open(full) : -1;
    return fd < 0 ? -1 : fd;
}

/* "total=123" of the line that begins with `kind`. */
static uint64_t total(const char *text, const char *kind)
{
    const char *line = strstr(text, kind), *p = line == NULL ? NULL : strstr(line, "total=");
    uint64_t v = 0;
    for (p = p == NULL ? "" : p + 6; *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    return v;
}

static bool read_pressure(int fd, struct hr_strain_counts *c)
{
    char text[512];
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text - 1);
    if (n <= 0)
        return false;
    text[n] = 0;
    c->some_us = total(text, "some ");
    c->full_us = total(text, "full ");
    return true;
}

static uint64_t line(const char *text, size_t n, const char *key)
{
    uint64_t v;
    return hr_held_line(text, n, key, &v) ? v : 0;
}

static void read_vmstat(int fd, struct hr_strain_counts *c, bool psi)
{
    static const char *const stall[] = { "allocstall_normal", "allocstall_movable", "allocstall_dma32", "allocstall" };
    static const char *const refault[] = { "workingset_refault_anon", "workingset_refault_file", "workingset_refault" };
    char text[TEXT_ROOM];
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text);
    if (n <= 0)
        return;
    c->swapped = line(text, (size_t)n, "pswpout");
    for (size_t i = 0; !psi && i < HR_COUNT(stall); i++)
        c->stalls += line(text, (size_t)n, stall[i]);
    for (size_t i = 0; !psi && i < HR_COUNT(refault); i++)
        c->refaults += line(text, (size_t)n, refault[i]);
}

void hr_strain_open(const char *at, const char *group_dir, bool swap, struct hr_strain *ret)
{
    struct hr_strain s = { .machine = open_at(at, "/proc/pressure/memory", ""), .group = -1, .vmstat = -1, .group_counts = group_dir != NULL };
    struct hr_strain_counts c = { 0, 0, 0, 0, 0 };
    if (!read_pressure(s.machine, &c)) { /* there and switched off (psi=0): EOPNOTSUPP */
        hr_close(s.machine);
        s.machine = -1;
    }
    s.group = group_dir == NULL ? -1 : open_at(at, group_dir, "/memory.pressure");
    s.vmstat = swap || s.machine < 0 ? open_at(at, "/proc/vmstat", "") : -1;
    read_vmstat(s.vmstat, &c, s.machine >= 0);
    s.swapped_first = c.swapped;
    *ret = s;
}

void hr_strain_close(struct hr_strain *s)
{
    hr_close(s->machine);
    hr_close(s->group);
    hr_close(s->vmstat);
    s->machine = s->group = s->vmstat = -1;
}

void hr_strain_now(struct hr_strain *s, uint64_t now, struct hr_space *ret)
{
    struct hr_strain_counts c = { 0, 0, 0, 0, 0 }, g = { 0, 0, 0, 0, 0 };
    bool psi = read_pressure(s->machine, &c);
    read_vmstat(s->vmstat, &c, psi);
    if (psi || s->vmstat >= 0)
        hr_strain_feed(&s->of_machine, &c, psi, now);
    if (s->group_counts && read_pressure(s->group, &g))
        hr_strain_feed(&s->of_group, &g, true, now);
    ret->some = (unsigned)HR_MAX(s->of_machine.some, s->of_group.some);
    ret->full = (unsigned)HR_MAX(s->of_machine.full, s->of_group.full);
    ret->swapping = s->of_machine.swapping;
    s->worst_some = HR_MAX(s->worst_some, ret->some);
    s->worst_full = HR_MAX(s->worst_full, ret->full);
}

const char *hr_strain_source(const struct hr_strain *s)
{
    return s->machine >= 0 && s->group >= 0 && s->group_counts ? "pressure stall information of the machine and of the group" :
           s->machine >= 0                  ? "pressure stall information" :
           s->vmstat >= 0 ? "counts of reclaim; this kernel gives no pressure stall information" :
                            "nothing but free memory: neither /proc/pressure nor /proc/vmstat can be read";
}

uint64_t hr_strain_swapped(const struct hr_strain *s)
{
    return more(s->of_machine.was.swapped, s->swapped_first) * (uint64_t)sysconf(_SC_PAGESIZE) * (s->vmstat >= 0 && s->of_machine.at != 0);
}

#include "memlock.h"

#include "fault.h"
#include "file.h"
#include "procfs.h"
#include "str.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PIECE = 8192, LOCKED_MAX_MIB = 64 };
#ifndef MLOCK_ONFAULT /* headers before Linux 4.4 */
#define MLOCK_ONFAULT 1
#endif

/* One mapping of /proc/self/smaps. */
struct part {
    uintptr_t from, to;
    bool writable, file;
    struct hr_str path;
    uint64_t anon; /* kB that are no longer the file's: relocated, written */
};

/* "7f54-7f55 r-xp 00000000 fe:00 123   /lib/libc.so.6" */
static bool is_head(struct hr_str line, struct part *ret)
{
    char *end;
    if (line.n < 20 || memchr(line.p, '-', HR_MIN(line.n, (size_t)17)) == NULL)
        return false;
    uintptr_t from = strtoull(line.p, &end, 16);
    if (*end != '-')
        return false;
    uintptr_t to = strtoull(end + 1, &end, 16);
    if (*end != ' ' || end + 6 > line.p + line.n)
        return false;
    const char *slash = memchr(line.p, '/', line.n), *bracket = memchr(line.p, '[', line.n);
    const char *name = slash != NULL ? slash : bracket;
    *ret = (struct part) { from, to, end[2] == 'w', slash != NULL, { NULL, 0 }, 0 };
    if (name != NULL)
        ret->path = (struct hr_str) { name, (size_t)(line.p + line.n - name) };
    return true;
}

static bool holds(struct hr_str s, const char *piece)
{
    return s.n != 0 && memmem(s.p, s.n, piece, strlen(piece)) != NULL;
}

struct lock {
    char self[4096];
    unsigned locked, refused;
};

static void treat(struct lock *l, const struct part *p)
{
    size_t n = p->to - p->from;
    void *at = (void *)p->from; /* NOLINT(performance-no-int-to-ptr): an address as the kernel tells it */
    bool special = p->path.n >= 2 && p->path.p[0] == '[' && !holds(p->path, "[heap") && !holds(p->path, "[stack");
    bool ours = !p->file || hr_str_is(p->path, l->self) || holds(p->path, "/libc.so") || holds(p->path, "/libc-");
    if (p->to <= p->from || special)
        return;
    /* Only what is still the file's: a page that was relocated and then made read-only would come again without it. */
    if (p->file && !p->writable && p->anon == 0 && !hr_fault_sys() && madvise(at, n, MADV_DONTNEED) != 0)
        errno = 0; /* a hint */
    if (!ours || n > (size_t)LOCKED_MAX_MIB << 20)
        return;
    if (!hr_fault_sys() && syscall(SYS_mlock2, at, n, MLOCK_ONFAULT) == 0)
        l->locked++;
    else
        l->refused++;
}

static void take_line(struct lock *l, struct hr_str line, struct part *p)
{
    struct part next;
    if (is_head(line, &next)) {
        treat(l, p);
        *p = next;
    } else if (line.n > 11 && memcmp(line.p, "Anonymous: ", 11) == 0) {
        p->anon = strtoull(line.p + 11, NULL, 10);
    }
}

/* In pieces, so that the list of what is there does not add to it.  The path of a mapping points into `piece`: it is copied. */
static bool each_part(struct lock *l)
{
    static char piece[PIECE], path[PIECE];
    size_t have = 0;
    struct part p = { 0 };
    int fd = hr_kept_open("/proc/self/smaps");
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0) {
        n = hr_fault_sys() ? -1 : read(fd, piece + have, sizeof piece - have - 1);
        have += n > 0 ? (size_t)n : 0;
        const char *rest = piece;
        for (const char *end; (end = memchr(rest, '\n', (size_t)(piece + have - rest))) != NULL; rest = end + 1) {
            piece[end - piece] = 0;
            take_line(l, (struct hr_str) { rest, (size_t)(end - rest) }, &p);
            if (p.path.p != NULL && p.path.p != path) {
                memcpy(path, p.path.p, p.path.n);
                p.path.p = path;
            }
        }
        have -= (size_t)(rest - piece);
        memmove(piece, rest, have);
        if (have == sizeof piece - 1)
            have = 0; /* no line is so long */
    }
    treat(l, &p);
    hr_close(fd < 0 ? -1 : fd);
    return n == 0;
}

void hr_memory_thrifty(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 8192); /* each larger piece has a mapping of its own */
    mallopt(M_TOP_PAD, 0);
#endif
}

const char *hr_memory_lock(void)
{
    static struct lock l;
    ssize_t k = hr_fault_sys() ? -1 : readlink("/proc/self/exe", l.self, sizeof l.self - 1);
    l.locked = l.refused = 0;
#ifdef __GLIBC__
    malloc_trim(0); /* what the start has freed */
#endif
    if (k < 0 || !each_part(&l))
        return "not locked: /proc/self cannot be read";
    return l.locked == 0  ? "not locked: the limit of locked memory (ulimit -l) is too small, or this kernel refuses it" :
           l.refused == 0 ? "locked" :
                            "partly locked: the limit of locked memory (ulimit -l) is too small for all of it";
}

uint64_t hr_self_resident(void)
{
    char text[128];
    int fd = hr_kept_open("/proc/self/statm");
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text - 1);
    hr_close(fd < 0 ? -1 : fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *second = strchr(text, ' ');
    return second == NULL ? 0 : strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

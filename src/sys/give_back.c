#include "give_back.h"

#include "fault.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE_ROOM = 4096 };

struct region {
    uintptr_t from, to;
    bool file, fixed, clean;
    uint64_t resident;
};

static uint64_t kib(const char *line)
{
    const char *p = strchr(line, ':');
    return p == NULL ? 0 : strtoull(p + 1, NULL, 10) * 1024;
}

static uint64_t drop(const struct region *r)
{
    void *p = (void *)r->from; /* NOLINT(performance-no-int-to-ptr): an address that the kernel told */
    if (!r->file || !r->fixed || !r->clean || r->resident == 0 || madvise(p, r->to - r->from, MADV_DONTNEED) != 0)
        return 0;
    return r->resident;
}

/* "7f00-7f10 r-xp 00000000 08:01 123   /usr/lib/x.so" begins a region; "Rss:  12 kB" belongs to it. */
static uint64_t line_of(char *line, struct region *r)
{
    char *end;
    uint64_t dropped = 0;
    uintptr_t from = strtoull(line, &end, 16);
    if (*end == '-' && end != line) {
        dropped = drop(r);
        *r = (struct region) { .from = from, .to = strtoull(end + 1, &end, 16) };
        r->fixed = end[0] == ' ' && end[1] == 'r' && end[2] == '-' && end[4] == 'p';
        r->file = strchr(line, '/') != NULL;
    } else if (strncmp(line, "Rss:", 4) == 0) {
        r->resident = kib(line);
    } else if (strncmp(line, "Anonymous:", 10) == 0) {
        r->clean = kib(line) == 0;
    }
    return dropped;
}

uint64_t hr_give_back_code(void)
{
    char text[LINE_ROOM], *line = text;
    struct region r = { .file = false };
    uint64_t dropped = 0;
    size_t have = 0;
    int fd = hr_fault_sys() ? -1 : open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    for (ssize_t n; (n = read(fd, text + have, sizeof text - 1 - have)) > 0;) {
        have += (size_t)n;
        text[have] = 0;
        line = text;
        for (char *nl; (nl = strchr(line, '\n')) != NULL; line = nl + 1) {
            *nl = 0;
            dropped += line_of(line, &r);
        }
        have -= (size_t)(line - text);
        memmove(text, line, have);
        if (have == sizeof text - 1)
            break; /* a line that long is none */
    }
    close(fd);
    return dropped + drop(&r);
}

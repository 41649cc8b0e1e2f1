/* What a process does with signals and files, by /proc. */
#include "procfs.h"

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT_ROOM = 8192, MAPS_ROOM = 65536 };
#define WORTH (UINT64_C(16) << 20) /* smaller files are not worth the call */

bool hr_proc_catches(int pid, int sig)
{
    char path[40], text[TEXT_ROOM];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    int fd = hr_kept_open(path);
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n < 0 ? 0 : n] = 0;
    const char *p = strstr(text, "SigCgt:\t");
    uint64_t mask = 0;
    if (p == NULL || sig < 1 || sig > 64)
        return false;
    for (p += 8; *p != 0 && *p != '\n'; p++) {
        unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0') : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a') + 10 : 16;
        if (digit > 15)
            return false;
        mask = mask << 4 | digit;
    }
    return (mask >> (sig - 1) & 1) != 0;
}

/* --- files --- */

static bool drop(const char *path)
{
    struct stat st;
    if (hr_fault_sys() || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size < WORTH)
        return false;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    int r = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
    return r == 0;
}

static bool only_read(int pid, const char *fd)
{
    char path[80], text[512];
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%.10s", pid, fd);
    int f = hr_kept_open(path);
    int64_t n = f < 0 ? -1 : hr_kept_read(f, text, sizeof text - 1);
    if (f >= 0)
        close(f);
    text[n < 0 ? 0 : n] = 0;
    const char *p = strstr(text, "flags:\t"), *end = p == NULL ? NULL : strchr(p, '\n');
    return end != NULL && end > p + 7 && (end[-1] & 3) == O_RDONLY; /* the last octal digit holds the way of access */
}

struct entry { /* struct linux_dirent64 */
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

static unsigned drop_open(int pid, unsigned most)
{
    _Alignas(8) char room[4096];
    char path[80];
    unsigned files = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    int dir = hr_fault_sys() ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long n;
    while (dir >= 0 && (n = syscall(SYS_getdents64, dir, room, sizeof room)) > 0) {
        for (long at = 0; at < n && files < most;) {
            const struct entry *e = (const struct entry *)(const void *)(room + at);
            at += e->len;
            if (e->name[0] == '.' || !only_read(pid, e->name))
                continue;
            snprintf(path, sizeof path, "/proc/%d/fd/%.10s", pid, e->name);
            files += drop(path);
        }
    }
    if (dir >= 0)
        close(dir);
    return files;
}

/* A file whose mappings stand one after the other in maps; a program's or a library's has one that is executed, and is left alone. */
struct mapped {
    char path[4096];
    bool only_read;
};

static bool drop_last(struct mapped *m)
{
    bool worth = m->path[0] != 0 && m->only_read;
    bool done = worth && drop(m->path);
    m->path[0] = 0;
    return done;
}

/* One line of maps: "7f.. r--s 00000000 08:01 1234   /data/train.arrow" */
static bool take_line(const char *line, struct mapped *m)
{
    const char *rights = strchr(line, ' '), *path = strchr(line, '/');
    bool done = false;
    if (rights == NULL || path == NULL || strlen(path) >= sizeof m->path)
        return false;
    if (strcmp(path, m->path) != 0) {
        done = drop_last(m);
        strcpy(m->path, path);
        m->only_read = true;
    }
    m->only_read &= strncmp(rights + 1, "r--", 3) == 0;
    return done;
}

static unsigned drop_mapped(int pid, unsigned most)
{
    static char text[MAPS_ROOM]; /* one thread in a process drops */
    static struct mapped m;
    char path[40];
    unsigned files = 0;
    size_t have = 0;
    ssize_t n;
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    int fd = hr_kept_open(path);
    m.path[0] = 0;
    while (fd >= 0 && files < most && (n = read(fd, text + have, sizeof text - 1 - have)) > 0) {
        char *line = text, *end;
        have += (size_t)n;
        text[have] = 0;
        while ((end = strchr(line, '\n')) != NULL && files < most) {
            *end = 0;
            files += take_line(line, &m);
            line = end + 1;
        }
        have -= (size_t)(line - text);
        memmove(text, line, have);
    }
    if (fd >= 0)
        close(fd);
    return files + (files < most && drop_last(&m));
}

unsigned hr_proc_drop_files(int pid, unsigned most)
{
    unsigned files = drop_open(pid, most);
    return files + drop_mapped(pid, most - files);
}

#include "gate.h"

#include "clock.h"
#include "door.h"
#include "file.h"
#include "keeper.h"
#include "procfs.h"
#include "seccomp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* A terminated string of the caller, cut at n - 1 bytes.  Reads up to the end of the page first: behind it there may be nothing.
 * Its length, or -errno. */
static int64_t text_of(int mem, uint64_t address, char *to, size_t n)
{
    size_t len = 0;
    while (len < n - 1) {
        size_t page = 4096 - (size_t)((address + len) % 4096);
        int64_t got = hr_peek(mem, address + len, to + len, HR_MIN(page, n - 1 - len));
        if (got <= 0)
            return got < 0 ? got : -EFAULT;
        const char *end = memchr(to + len, 0, (size_t)got);
        if (end != NULL)
            return end - to;
        len += (size_t)got;
    }
    to[len] = 0;
    return (int64_t)len;
}

static struct hr_args args_of(struct hr_gate *g, int mem, uint64_t argv)
{
    struct hr_args a = { g->args, 0, false };
    for (size_t i = 0; i < HR_GATE_ARGC_MAX; i++) {
        uint64_t one;
        if (hr_peek(mem, argv + i * sizeof one, &one, sizeof one) != sizeof one || one == 0)
            return a;
        if (a.n + 2 >= sizeof g->args)
            break;
        int64_t n = text_of(mem, one, g->args + a.n, sizeof g->args - a.n);
        if (n < 0)
            return a;
        a.n += (size_t)n + 1;
    }
    a.cut = true;
    return a;
}

static const char *const needs_rights[] = { "sudo", "su", "doas", "pkexec" };

static bool is_sudo(const char *path)
{
    const char *name = hr_base_name(path);
    for (size_t i = 0; i < HR_COUNT(needs_rights); i++)
        if (strcmp(name, needs_rights[i]) == 0)
            return true;
    return false;
}

/* Most programs of a build are no leaves: their names alone tell, and their arguments are not read. */
static bool may_be_leaf(const char *path)
{
    const char *name = hr_base_name(path);
    size_t n;
    const struct hr_leaf_tool *t = hr_leaf_tools(&n);
    for (size_t i = 0; i < n; i++)
        if (strncmp(name, t[i].name, strlen(t[i].name)) == 0)
            return true;
    return false;
}

/* A script's interpreter, and a program that links name otherwise (ld), are known by what was asked for: the comm. */
static const char *program_of(struct hr_gate *g, int pid)
{
    struct hr_proc_stat s;
    char link[32];
    if (hr_proc_stat(pid, &s) < 0)
        return NULL;
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    int64_t n = hr_link_read(link, g->path, sizeof g->path);
    const char *name = n <= 0 ? NULL : strrchr(g->path, '/');
    if (name == NULL || strncmp(name + 1, s.comm, strlen(s.comm)) != 0)
        snprintf(g->path, sizeof g->path, "%s", s.comm);
    return g->path;
}

static enum hr_gate_came take_visitor(struct hr_gate *g, struct hr_gate_leaf *ret)
{
    struct hr_gate_leaf leaf;
    char path[32];
    int visitor = hr_door_next(g->fd, &leaf.pid);
    if (visitor < 0)
        return HR_GATE_NOBODY;
    g->seen++;
    leaf.id = (uint64_t)visitor;
    const char *program = program_of(g, leaf.pid);
    snprintf(path, sizeof path, "/proc/%d/cmdline", leaf.pid);
    int fd = hr_kept_open(path);
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, g->args, sizeof g->args);
    hr_close(fd < 0 ? -1 : fd);
    g->unread += program == NULL || n < 0;
    struct hr_args args = { g->args, n < 0 ? 0 : (size_t)n, n == sizeof g->args };
    bool held = program != NULL && n > 0 && hr_leaf_key_of(program, args, &leaf.key);
    if (!held || !hr_door_waits(visitor)) { /* G2, G3 */
        hr_door_let(visitor);
        return held ? HR_GATE_NOBODY : HR_GATE_PASSED;
    }
    g->leaves++;
    *ret = leaf;
    return HR_GATE_LEAF;
}

void hr_gate_let(const struct hr_gate *g, uint64_t id)
{
    if (g->door)
        hr_door_let((int)id);
    else
        hr_seccomp_let(g->fd, id);
}

enum hr_gate_came hr_gate_take(struct hr_gate *g, struct hr_gate_leaf *ret)
{
    struct hr_exec_note note;
    if (g->door)
        return take_visitor(g, ret);
    if (hr_seccomp_next(g->fd, &note) < 0)
        return HR_GATE_NOBODY;
    g->seen++;
    struct hr_gate_leaf leaf = { .id = note.id, .pid = note.pid };
    bool held = false;
    int mem = hr_peek_open(note.pid);
    if (mem < 0 || text_of(mem, note.path, g->path, sizeof g->path) < 0) {
        g->unread++;
        g->path[0] = 0;
    } else if (may_be_leaf(g->path)) {
        held = hr_leaf_key_of(g->path, args_of(g, mem, note.argv), &leaf.key);
    } else if (is_sudo(g->path)) {
        g->sudo = true;
    }
    if (mem >= 0)
        hr_close(mem);
    if (held && !hr_seccomp_waits(g->fd, note.id)) { /* G2 */
        hr_seccomp_let(g->fd, note.id);              /* G3: it is the question that may have failed */
        return HR_GATE_NOBODY;
    }
    if (!held) {
        hr_seccomp_let(g->fd, note.id); /* G3 */
        return HR_GATE_PASSED;
    }
    g->leaves++;
    *ret = leaf;
    return HR_GATE_LEAF;
}

/* --- the trial --- */

#define TRIAL "/proc/self/headrace-gate-trial/cc1plus"
#define TRIAL_NS UINT64_C(20000000000) /* on a machine that has no memory left, too */

/* Answers the child's exec of TRIAL; 0 when all of it could be read. */
static int answer(struct hr_keeper *k, uint64_t deadline)
{
    static struct hr_gate g; /* 33 KiB: not on the stack of a watcher */
    struct hr_gate_leaf leaf;
    memset(&g, 0, sizeof g);
    g.fd = k->listener;
    while (hr_now() < deadline) {
        struct pollfd p = { k->listener, POLLIN, 0 };
        if (hr_poll(&p, 1, 50) <= 0)
            continue;
        if ((p.revents & POLLIN) == 0)
            return EPROTO;
        if (hr_gate_take(&g, &leaf) != HR_GATE_LEAF)
            continue;
        bool read = strcmp(g.path, TRIAL) == 0 && strcmp(leaf.key.source, "trial.cpp") == 0;
        return hr_seccomp_let(g.fd, leaf.id) == 0 && read ? 0 : EPROTO;
    }
    return EPROTO;
}

int hr_gate_selftest(void)
{
    static const char *const argv[] = { TRIAL, "-quiet", "trial.cpp", NULL };
    const struct hr_keep keep = { argv, hr_environment(), -1, -1, true, false, 0 };
    struct hr_keeper k;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_keeper_start(&keep, &k, &err) < 0)
        return EPROTO;
    if (k.listener < 0) {
        int en = k.gate_errno;
        hr_keeper_abandon(&k);
        return en != 0 ? en : EPROTO;
    }
    int r = answer(&k, hr_now() + TRIAL_NS);
    /* Let through, its exec fails as it would without a gate. */
    int value = 0;
    enum hr_kept news = HR_KEPT_NOTHING;
    for (uint64_t end = hr_now() + TRIAL_NS; r == 0 && news == HR_KEPT_NOTHING && hr_now() < end;) {
        struct pollfd p = { k.socket, POLLIN, 0 };
        if (hr_poll(&p, 1, 50) > 0)
            news = hr_keeper_news(&k, &value);
    }
    hr_keeper_abandon(&k);
    return r != 0 || (news == HR_KEPT_REFUSED && value == ENOENT) ? r : EPROTO;
}

const char *hr_gate_why(int en)
{
    switch (en) {
    case EBUSY:
        return "another filter of this kind is in force already (a sandbox, or another guard)";
    case EPERM:
    case EACCES:
        return "the container or the kernel's settings forbid it";
    case ENOSYS:
    case EINVAL:
        return "this kernel has no user notification (Linux 5.5 or later has)";
    case EPROTO:
        return "the trial at the start did not work";
    default:
        return strerror(en);
    }
}

const char *hr_gate_forbids(const char *const *argv)
{
    for (; *argv != NULL; argv++) {
        const char *p = *argv;
        while (*p != 0) {
            p += strspn(p, " \t\n;|&()`\"'");
            size_t n = strcspn(p, " \t\n;|&()`\"'");
            struct hr_str one = { p, n };
            for (size_t i = one.n; i-- > 0;)
                if (one.p[i] == '/') {
                    one = (struct hr_str) { one.p + i + 1, one.n - i - 1 };
                    break;
                }
            for (size_t i = 0; i < HR_COUNT(needs_rights); i++)
                if (hr_str_is(one, needs_rights[i]))
                    return needs_rights[i];
            p += n;
        }
    }
    return NULL;
}

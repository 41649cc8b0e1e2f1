/* A leaf comes: it knocks at the gate and waits there, or, without one, is found by its name when it runs already. */
#include "warden.h"

#include "file.h"
#include "procfs.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { AT_ONCE = 64 };

/* A leaf of a toolkit that cannot build for the card: the build ends here. */
static void check_toolkit(struct hr_warden *w)
{
    for (size_t i = 0; i < HR_COUNT(w->o->refuse_toolkit); i++) {
        const char *kit = w->o->refuse_toolkit[i];
        if (kit != NULL && kit[0] != 0 && strncmp(w->gate.path, kit, strlen(kit)) == 0)
            hr_warden_stop(w, HR_GUARD_REFUSED);
    }
}

/* A wrapper that turns into the tool itself (rustup's rustc): what it was ends here. */
static void has_become_another(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    bool early = w->gate.door && f->note == 0; /* the look around came before its knock: it is counted now */
    w->r->leaves -= early;
    w->r->known -= early && w->leaves.job[at].known;
    if (early || !hr_leaf_has_become(f)) /* or its program was not there: nothing to learn from */
        f->began = 0;
    hr_warden_ended(w, at, now);
}

static void at_gate(struct hr_warden *w, const struct hr_gate_leaf *g, uint64_t now)
{
    check_toolkit(w);
    int before = hr_leaves_find(&w->leaves, g->pid);
    if (before >= 0)
        has_become_another(w, (size_t)before, now);
    struct hr_expected e = hr_history_predict(&w->history, &g->key);
    struct hr_leaf *leaf = hr_leaves_add(&w->leaves, &g->key, g->pid, g->id, e, now);
    w->r->known += e.known;
    if (leaf == NULL) {
        w->r->passed_blind++;
        hr_gate_let(&w->gate, g->id);
        return;
    }
    if (w->stop_at != 0)
        hr_warden_let(w, w->leaves.n - 1, now);
}

static bool knocks(const struct hr_warden *w)
{
    struct pollfd p = { w->gate.fd, POLLIN, 0 };
    return w->gate.fd >= 0 && hr_poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
}

void hr_warden_gate(struct hr_warden *w, uint64_t now)
{
    struct hr_gate_leaf g;
    for (int i = 0; i < AT_ONCE && knocks(w); i++)
        if (hr_gate_take(&w->gate, &g) == HR_GATE_LEAF)
            at_gate(w, &g, now);
}

void hr_warden_open_gate(struct hr_warden *w)
{
    struct hr_gate_leaf g;
    while (knocks(w))
        if (hr_gate_take(&w->gate, &g) == HR_GATE_LEAF)
            hr_gate_let(&w->gate, g.id);
}

static struct hr_args args_of(struct hr_warden *w, int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int fd = hr_kept_open(path);
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, w->gate.args, sizeof w->gate.args);
    hr_close(fd);
    return (struct hr_args) { w->gate.args, n < 0 ? 0 : (size_t)n, false };
}

void hr_warden_found(struct hr_warden *w, int pid, uint64_t now)
{
    struct hr_proc_stat s;
    struct hr_leaf_key key;
    if (hr_proc_stat(pid, &s) < 0 || s.state == 'Z' || hr_leaf_tool_of_comm(s.comm) == NULL)
        return;
    if (!hr_leaf_key_of(s.comm, args_of(w, pid), &key))
        return;
    struct hr_expected e = hr_history_predict(&w->history, &key);
    struct hr_leaf *leaf = hr_leaves_add(&w->leaves, &key, pid, 0, e, now);
    if (leaf == NULL)
        return;
    w->r->leaves++;
    w->r->known += e.known;
    hr_warden_count(w);
    hr_warden_tell(w, "found", leaf, &w->leaves.job[w->leaves.n - 1]);
}

#include "warden.h"

#include "clock.h"
#include "file.h"
#include "procfs.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { TREE_MAX = 4096 };
#define MS UINT64_C(1000000)
#define AGE (20000 * MS) /* after so long nobody overtakes any more */
#define SCAN_GATED (1000 * MS)
#define SCAN_BLIND (100 * MS)
#define TICK_LEAST (20 * MS)
#define TICK_WALL (5 * MS) /* where the kernel's limit is a tenth of a second away */
#define TICK_MOST (50 * MS)
#define TICK_IDLE (100 * MS) /* while no leaf is there */
#define GROWTH_LEAST (UINT64_C(512) << 20) /* bytes per second: compilers have been seen to take as much */
#define AUDIT_EVERY (1000 * MS)

/* --- the timeline --- */

/* A name for a JSON string: what would need an escape becomes '_'. */
static const char *plain(const char *s, char to[HR_LEAF_SOURCE_MAX])
{
    size_t i = 0;
    for (; s[i] != 0 && i < HR_LEAF_SOURCE_MAX - 1; i++)
        to[i] = (unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7E || s[i] == '"' || s[i] == '\\' ? '_' : s[i];
    to[i] = 0;
    return to;
}

void hr_warden_tell(struct hr_warden *w, const char *event, const struct hr_leaf *leaf, const struct hr_job *job)
{
    char line[1024], name[HR_LEAF_SOURCE_MAX];
    int n = snprintf(line, sizeof line, "{\"ms\":%" PRIu64 ",\"event\":\"%s\"", (hr_now() - w->start) / MS, event);
    if (leaf != NULL)
        n += snprintf(line + n, sizeof line - (size_t)n, ",\"pid\":%d,\"tool\":\"%s\",\"source\":\"%s\",\"arch\":\"%s\"", leaf->pid,
                      leaf->key.tool->name, plain(leaf->key.source, name), leaf->key.arch);
    if (job != NULL)
        n += snprintf(line + n, sizeof line - (size_t)n,
                      ",\"predicted\":%" PRIu64 ",\"peak\":%" PRIu64 ",\"resident\":%" PRIu64, job->predicted, job->peak,
                      job->resident);
    n += snprintf(line + n, sizeof line - (size_t)n, ",\"tree\":%" PRIu64 ",\"room\":%" PRId64 ",\"level\":\"%s\"}\n",
                  w->leaves.resident + w->others, w->space.room, hr_level_name(w->level));
    hr_scribe_line(&w->scribe, line, (size_t)n);
}

/* --- looking --- */

static void count_running(struct hr_warden *w)
{
    unsigned run = 0;
    if (w->stop_at != 0) /* let go only to be ended */
        return;
    for (size_t i = 0; i < w->leaves.n; i++)
        run += w->leaves.job[i].state == HR_JOB_RUNNING && !w->leaves.job[i].waits && !hr_job_ends(&w->leaves.job[i]);
    w->r->at_once = HR_MAX(w->r->at_once, run);
}

/* Without a gate leaves are found by their names, as far as they have come. */
static void found(struct hr_warden *w, int pid, uint64_t now)
{
    struct hr_proc_stat s;
    char path[64];
    struct hr_leaf_key key;
    if (hr_proc_stat(pid, &s) < 0 || s.state == 'Z' || hr_leaf_tool_of_comm(s.comm) == NULL)
        return;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int fd = hr_kept_open(path);
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, w->gate.args, sizeof w->gate.args);
    hr_close(fd < 0 ? -1 : fd);
    struct hr_args args = { w->gate.args, n < 0 ? 0 : (size_t)n, false };
    if (!hr_leaf_key_of(s.comm, args, &key))
        return;
    struct hr_expected e = hr_history_predict(&w->history, &key);
    struct hr_leaf *leaf = hr_leaves_add(&w->leaves, &key, pid, 0, e, now);
    if (leaf == NULL)
        return;
    w->r->leaves++;
    w->r->known += e.known;
    count_running(w);
    hr_warden_tell(w, "found", leaf, &w->leaves.job[w->leaves.n - 1]);
}

int hr_warden_top(const struct hr_warden *w)
{
    return w->lost ? hr_proc_self() : w->keeper.pid; /* orphans of a keeper that was killed come to the watcher */
}

void hr_warden_scan(struct hr_warden *w, uint64_t now)
{
    static int pids[TREE_MAX];
    uint64_t least = w->r->gate ? SCAN_GATED : SCAN_BLIND, begin = hr_cpu_thread();
    if (w->scanned != 0 && now - w->scanned < HR_MAX(least, w->scan_every))
        return;
    w->scanned = now;
    size_t n = hr_descendants(hr_warden_top(w), pids, TREE_MAX);
    uint64_t others = 0;
    for (size_t i = 0; i < n; i++) {
        if (hr_leaves_find(&w->leaves, pids[i]) < 0 && (!w->r->gate || w->gate.door))
            found(w, pids[i], now);
        int fd = hr_leaves_find(&w->leaves, pids[i]) >= 0 ? -1 : hr_proc_open_statm(pids[i]);
        uint64_t bytes;
        if (fd >= 0 && hr_proc_anon(fd, &bytes) == 0)
            others += bytes;
        hr_close(fd < 0 ? -1 : fd);
    }
    w->others = others;
    /* On a machine of thousands of processes this is dear: it may take a quarter percent of a CPU, and two where nothing else shows
     * the leaves. */
    w->scan_every = (hr_cpu_thread() - begin) * (w->r->gate && !w->gate.door ? 400 : 50);
}

/* When to look again: where a leaf could take an eighth of what is left. */
static void set_tick(struct hr_warden *w)
{
    uint64_t rate = w->space.foreign, room = w->space.room < 0 ? 0 : (uint64_t)w->space.room;
    for (size_t i = 0; i < w->leaves.n; i++)
        rate += w->leaves.job[i].state == HR_JOB_RUNNING ? w->leaves.job[i].grows : 0;
    int64_t to_wall = w->space.room + (int64_t)HR_MIN(w->space.reserve, (uint64_t)INT64_MAX / 8);
    uint64_t least = w->space.wall && to_wall < (int64_t)(rate / 10) ? TICK_WALL : TICK_LEAST;
    uint64_t ms = room / ((rate + GROWTH_LEAST) / 1000 + 1) / 8;
    w->tick = HR_MIN(HR_MAX(ms * MS, least), w->leaves.n == 0 ? TICK_IDLE : TICK_MOST);
}

static void note_level(struct hr_warden *w, uint64_t passed)
{
    enum hr_level now = hr_level(w->leaves.job, w->leaves.n, &w->space);
    bool other = now != w->level;
    w->r->short_ns += w->level > HR_LEVEL_GREEN ? passed : 0;
    w->r->worst_level = HR_MAX(w->r->worst_level, now);
    w->level = now;
    if (other)
        hr_warden_tell(w, "level", NULL, NULL);
}

void hr_warden_look(struct hr_warden *w, uint64_t now)
{
    if (w->looked != 0 && w->leaves.n != 0)
        w->r->worst_gap_ns = HR_MAX(w->r->worst_gap_ns, now - w->looked);
    uint64_t passed = w->looked == 0 ? 0 : now - w->looked;
    w->looked = now;
    w->r->looks++;
    hr_warden_scan(w, now);
    hr_leaves_sample(&w->leaves, now);
    uint64_t tree = w->leaves.resident + w->others;
    w->space = hr_room_now(&w->room, w->leaves.resident, w->others, now);
    w->space.gap = HR_MAX(w->tick, passed);
    w->r->tree_peak = HR_MAX(w->r->tree_peak, tree);
    w->r->least_room = HR_MIN(w->r->least_room, w->space.room);
    note_level(w, passed);
    set_tick(w);
}

/* --- letting go --- */

void hr_warden_let(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    struct hr_job *j = &w->leaves.job[at];
    hr_gate_let(&w->gate, f->note); /* one that has gone is told by its pidfd */
    f->began = now;
    j->state = HR_JOB_RUNNING;
    j->since = now;
    j->order = ++w->leaves.order; /* the newest is the one that began last */
    if (f->refused != 0) {
        uint64_t waited = now - f->refused;
        w->r->held++;
        w->r->held_ns += waited;
        if (waited > w->r->held_longest_ns) {
            w->r->held_longest_ns = waited;
            memcpy(w->r->held_longest, f->key.source, sizeof w->r->held_longest);
        }
        hr_warden_tell(w, "let", f, j);
    }
    count_running(w);
}

/* Those that wait, and unknown ones that run, came with what was thought of them then; each that has ended since has taught something. */
static void think_again(struct hr_warden *w)
{
    for (size_t i = 0; w->learnt && i < w->leaves.n; i++) {
        struct hr_job *j = &w->leaves.job[i];
        if (j->state != HR_JOB_HELD && j->known)
            continue;
        struct hr_expected e = hr_history_predict(&w->history, &w->leaves.leaf[i].key);
        j->predicted = e.careful;
        j->likely = e.likely;
        j->known = e.known;
    }
    w->learnt = false;
}

void hr_warden_admit(struct hr_warden *w, uint64_t now)
{
    struct hr_admit_rules rules = { .jobs = hr_admit_jobs(w->o->jobs, w->cpus), .age = AGE, .cpus = w->cpus };
    if (!hr_leaves_held(&w->leaves))
        return;
    think_again(w);
    for (;;) {
        int at = hr_admit(w->leaves.job, w->leaves.n, &w->space, now, &rules);
        if (at < 0)
            break;
        hr_warden_let(w, (size_t)at, now);
    }
    if (hr_admit_full(w->leaves.job, w->leaves.n, &rules))
        return;
    for (size_t i = 0; i < w->leaves.n; i++)
        if (w->leaves.job[i].state == HR_JOB_HELD && w->leaves.leaf[i].refused == 0)
            w->leaves.leaf[i].refused = now;
}

static void remember(struct hr_warden *w, const struct hr_leaf_key *key, uint64_t peak)
{
    struct hr_guard_peak one = { *key, peak };
    hr_history_learn(&w->history, key, peak);
    w->learnt = true;
    for (size_t i = 0; i < HR_GUARD_LARGEST; i++) {
        struct hr_guard_peak *p = &w->r->largest[i];
        if (p->key.tool != NULL && hr_leaf_same(&p->key, &one.key)) {
            p->bytes = HR_MAX(p->bytes, one.bytes);
            return;
        }
        if (p->key.tool == NULL || p->bytes < one.bytes) {
            struct hr_guard_peak was = *p;
            *p = one;
            if (was.key.tool == NULL)
                return;
            one = was;
        }
    }
}

/* It took more than all that could be given: alone, or it was ended for that. */
static void note_too_large(struct hr_warden *w, const struct hr_leaf *f, uint64_t peak)
{
    if (!f->too_large && peak <= w->r->ceiling)
        return;
    w->r->too_large++;
    if (peak >= w->r->too_large_bytes) {
        w->r->too_large_bytes = peak;
        memcpy(w->r->too_large_source, f->key.source, sizeof w->r->too_large_source);
    }
}

void hr_warden_ended(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    if (w->leaves.job[at].state == HR_JOB_HELD)
        hr_gate_let(&w->gate, f->note);
    if (w->leaves.job[at].state == HR_JOB_PAUSED)
        f->stopped += now - f->stopped_at;
    w->r->paused_ns += f->stopped;
    if (f->began != 0) {
        note_too_large(w, f, w->leaves.job[at].peak);
        uint64_t peak = hr_leaves_peak(&w->leaves, at, now);
        w->leaves.job[at].peak = HR_MAX(peak, w->leaves.job[at].peak);
        remember(w, &f->key, peak);
        if (w->o->course != NULL && !f->ended_by_us) {
            struct hr_course_times t = { w->start, f->arrived, f->began, now, f->stopped, w->leaves.job[at].peak, peak };
            hr_course_add(w->o->course, &t, &f->shape);
        }
    }
    hr_warden_tell(w, f->began != 0 ? "ended" : "gone", f, &w->leaves.job[at]);
    hr_leaves_remove(&w->leaves, at);
    for (size_t i = 0; i < w->leaves.n; i++)
        if (w->leaves.job[i].state == HR_JOB_PAUSED)
            w->tick = 0; /* it may go on at once */
}

/* --- the brake --- */

static void signal_leaf(struct hr_warden *w, size_t at, int sig)
{
    hr_pidfd_signal(w->leaves.leaf[at].pidfd, sig);
}

static void end_leaf(struct hr_warden *w, size_t at)
{
    signal_leaf(w, at, SIGKILL);
    hr_keeper_release(&w->keeper, w->leaves.leaf[at].pidfd);
}

static bool is_alone(const struct hr_warden *w, size_t at)
{
    for (size_t i = 0; i < w->leaves.n; i++)
        if (i != at && w->leaves.job[i].state != HR_JOB_HELD && !w->leaves.job[i].waits)
            return false;
    return true;
}

static void stop(struct hr_warden *w, size_t at, uint64_t now)
{
    signal_leaf(w, at, SIGSTOP);
    w->leaves.leaf[at].stopped_at = now;
    w->leaves.leaf[at].paused_once = true;
}

static void go_on(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    signal_leaf(w, at, SIGCONT);
    f->stopped += now - f->stopped_at;
    hr_brake_did(&w->brake, &w->leaves.job[at], HR_BRAKE_RESUME, now);
    hr_warden_tell(w, "resumed", f, &w->leaves.job[at]);
}

void hr_warden_brake(struct hr_warden *w, uint64_t now)
{
    int at = -1;
    enum hr_brake_what what = hr_brake(w->leaves.job, w->leaves.n, &w->space, now, &w->brake, &at);
    struct hr_leaf *f = at < 0 ? NULL : &w->leaves.leaf[at];
    struct hr_job *j = at < 0 ? NULL : &w->leaves.job[at];
    switch (what) {
    case HR_BRAKE_NOTHING:
        return;
    case HR_BRAKE_PAUSE:
    case HR_BRAKE_PARK:
        stop(w, (size_t)at, now);
        hr_brake_did(&w->brake, j, what, now);
        *(what == HR_BRAKE_PARK ? &w->r->parked : &w->r->paused) += 1;
        hr_warden_tell(w, what == HR_BRAKE_PARK ? "parked" : "paused", f, j);
        return;
    case HR_BRAKE_RESUME:
        go_on(w, (size_t)at, now);
        return;
    case HR_BRAKE_END_JOB:
        f->ended_by_us = true;
        f->too_large = is_alone(w, (size_t)at);
        hr_brake_did(&w->brake, j, what, now);
        w->r->ended++;
        hr_warden_tell(w, "killed", f, j);
        end_leaf(w, (size_t)at);
        return;
    case HR_BRAKE_END_ALL:
        hr_warden_tell(w, "black", NULL, NULL);
        for (size_t i = 0; i < w->leaves.n; i++) {
            w->leaves.leaf[i].ended_by_us = true;
            end_leaf(w, i);
        }
        w->r->black = !w->space.machine  ? "other programs than compilers were about to run into its memory limit, where the kernel kills" :
                      w->space.room > 0 ? "all programs waited for memory, and for little else" :
                                          "the machine's memory was almost gone";
        hr_warden_stop(w, HR_GUARD_MEMORY);
        return;
    }
}

void hr_warden_audit(struct hr_warden *w, uint64_t now)
{
    if (w->audited == 0) /* what ends within a second is spared it */
        w->audited = now;
    if (now - w->audited < AUDIT_EVERY)
        return;
    w->audited = now;
    int at = hr_leaves_left_stopped(&w->leaves);
    if (at >= 0) {
        w->r->continued_again++;
        signal_leaf(w, (size_t)at, SIGCONT);
        hr_warden_tell(w, "continued again", &w->leaves.leaf[at], &w->leaves.job[at]);
    }
    at = w->o->stall_ns == 0 ? -1 : hr_leaves_stalled(&w->leaves, now, w->o->stall_ns);
    if (at >= 0) {
        struct hr_leaf *f = &w->leaves.leaf[at];
        w->r->stalled++;
        memcpy(w->r->stalled_source, f->key.source, sizeof w->r->stalled_source);
        hr_warden_tell(w, "stalled", f, &w->leaves.job[at]);
        f->busy = 0; /* not again before as much time has passed */
        end_leaf(w, (size_t)at);
    }
    hr_outside_look(&w->outside, hr_warden_top(w), now);
}

/* --- ending --- */

void hr_warden_stop(struct hr_warden *w, enum hr_guard_verdict why)
{
    uint64_t now = hr_now();
    if (w->stop_at != 0)
        return;
    w->r->verdict = why;
    w->stop_at = now;
    hr_warden_tell(w, hr_guard_verdict_name(why), NULL, NULL);
    for (size_t i = 0; i < w->leaves.n; i++) {
        if (w->leaves.job[i].state == HR_JOB_PAUSED)
            go_on(w, i, now);
        else if (w->leaves.job[i].state == HR_JOB_HELD)
            hr_warden_let(w, i, now);
    }
}

/* `then`: another one after it, 0: none.  Looking for them costs more than the signals. */
static size_t signal_tree(struct hr_warden *w, int sig, int then)
{
    static int pids[TREE_MAX];
    size_t n = hr_descendants(hr_warden_top(w), pids, TREE_MAX), reached = 0;
    for (size_t i = 0; i < n; i++)
        if (pids[i] != w->scribe.pid && hr_signal(pids[i], sig) == 0) {
            reached++;
            if (then != 0 && hr_signal(pids[i], then) < 0)
                reached--;
        }
    return reached;
}

void hr_warden_stop_step(struct hr_warden *w, uint64_t now)
{
    /* A terminal's Ctrl-C has reached the command already: it gets a second to end by itself. */
    uint64_t first = w->r->verdict == HR_GUARD_INTERRUPTED ? 1000 * MS : 0;
    /* Where memory is about to be gone, whoever takes it has no two seconds for its farewell. */
    uint64_t patience = w->r->verdict == HR_GUARD_MEMORY ? 30 * MS : 2000 * MS;
    if (w->stop_at == 0 || w->over)
        return;
    if (w->stop_stage == 0 && now - w->stop_at >= first) {
        w->stop_stage = 1;
        signal_tree(w, SIGTERM, SIGCONT);
    } else if (w->stop_stage >= 1 && now - w->stop_at >= first + patience) {
        w->stop_stage = 2;
        signal_tree(w, SIGKILL, 0); /* again at each step: a fork may have been on its way */
    }
}

/* Lets through whoever still comes to the gate. */
static void open_gate(struct hr_warden *w)
{
    struct pollfd p = { w->gate.fd, POLLIN, 0 };
    struct hr_gate_leaf leaf;
    while (w->gate.fd >= 0 && hr_poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0)
        if (hr_gate_take(&w->gate, &leaf) == HR_GATE_LEAF)
            hr_gate_let(&w->gate, leaf.id);
}

void hr_warden_sweep(struct hr_warden *w)
{
    for (size_t i = 0; i < w->leaves.n; i++) {
        if (w->leaves.job[i].state == HR_JOB_HELD) {
            hr_gate_let(&w->gate, w->leaves.leaf[i].note);
            w->leaves.job[i].state = HR_JOB_RUNNING;
        }
        signal_leaf(w, i, SIGCONT);
    }
    /* Behind the gate a process that lives on could start nothing any more; without one it is none of our business, unless the
     * build was told to end. */
    if ((!w->r->gate || w->gate.door) && w->stop_at == 0)
        return;
    int patience = w->r->verdict == HR_GUARD_MEMORY ? 1 : 50; /* rounds */
    w->r->left_behind = signal_tree(w, SIGTERM, 0);
    for (int i = 0; i < 150 && w->r->left_behind != 0; i++) {
        open_gate(w);
        if (signal_tree(w, i < patience ? SIGCONT : SIGKILL, 0) == 0)
            return;
        hr_sleep(20 * MS);
    }
}

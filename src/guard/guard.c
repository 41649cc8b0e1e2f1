#include "guard.h"

#include "clock.h"
#include "env.h"
#include "file.h"
#include "interrupt.h"
#include "machine.h"
#include "mem.h"
#include "memlock.h"
#include "procfs.h"
#include "thread.h"
#include "warden.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define GUARD_VARIABLE "HEADRACE_GUARD" /* in the command's environment: our pid, for a guard inside */
#define FRESH (5 * MS) /* so old figures may be on which something is let through */
enum { OUTPUT_MAX = 256 << 20, FD_FIRST = 2 };

const char *hr_guard_verdict_name(enum hr_guard_verdict v)
{
    static const char *const name[] = { "done",    "not started", "time limit", "memory",
                                        "refused", "interrupted", "lost" };
    return name[v];
}

/* --- one round --- */

static void news(struct hr_warden *w)
{
    int value = 0;
    switch (hr_keeper_news(&w->keeper, &value)) {
    case HR_KEPT_NOTHING:
        return;
    case HR_KEPT_REFUSED:
        w->r->verdict = HR_GUARD_NOT_STARTED;
        w->r->status = value;
        return; /* its end follows */
    case HR_KEPT_ENDED:
        if (w->r->verdict != HR_GUARD_NOT_STARTED)
            w->r->status = value;
        w->over = true;
        return;
    case HR_KEPT_LOST:
        w->lost = true;
        hr_warden_stop(w, HR_GUARD_LOST);
        w->over = true;
        return;
    }
}

/* Waits for the gate, the keeper, the end of a leaf, or the tick. */
static void wait_round(struct hr_warden *w)
{
    struct pollfd p[FD_FIRST + HR_LEAVES_MAX];
    p[0] = (struct pollfd) { w->keeper.socket, POLLIN, 0 };
    p[1] = (struct pollfd) { w->gate.fd, POLLIN, 0 };
    for (size_t i = 0; i < w->leaves.n; i++)
        p[FD_FIRST + i] = (struct pollfd) { w->leaves.leaf[i].pidfd, POLLIN, 0 };
    size_t n = w->leaves.n;
    uint64_t now = hr_now(), due = w->looked + w->tick;
    int ms = now >= due ? 0 : (int)((due - now + MS - 1) / MS);
    if (hr_poll(p, FD_FIRST + n, ms) < 0)
        hr_sleep(MS); /* never a busy loop */
    now = hr_now();
    for (size_t i = n; i-- > 0;)
        if (p[FD_FIRST + i].revents != 0)
            hr_warden_ended(w, i, now);
    if (p[1].revents & POLLIN)
        hr_warden_gate(w, now);
    else if (p[1].revents != 0) /* nobody is left behind it */
        w->gate.fd = -1;
    if (p[0].revents != 0)
        news(w);
}

static void watch(struct hr_warden *w)
{
    while (!w->over) {
        wait_round(w);
        uint64_t now = hr_now();
        if (hr_interrupted() != 0)
            hr_warden_stop(w, HR_GUARD_INTERRUPTED);
        if (w->o->timeout_ns != 0 && now - w->start >= w->o->timeout_ns)
            hr_warden_stop(w, HR_GUARD_TIMEOUT);
        if (now - w->looked >= (hr_leaves_held(&w->leaves) ? HR_MIN(w->tick, FRESH) : w->tick)) {
            hr_warden_look(w, now);
            w->r->ceiling = hr_room_ceiling(&w->room);
            if (w->stop_at == 0 && !w->r->nested) {
                hr_warden_brake(w, now);
                hr_warden_audit(w, now);
            }
            hr_warden_stop_step(w, now);
            hr_tokens_look(&w->tokens, hr_warden_top(w), w->leaves.job, w->leaves.n, w->space.room, now);
        }
        if (w->stop_at == 0)
            hr_warden_admit(w, now);
    }
}

/* --- before and after --- */

static void load(struct hr_warden *w)
{
    struct hr_error why = HR_ERROR_INIT;
    if (w->o->history != NULL && hr_history_load(&w->history, w->o->history, &w->r->history_aside, &why) < 0)
        snprintf(w->r->history_why, sizeof w->r->history_why, "%.190s", why.text);
}

static void save(struct hr_warden *w)
{
    struct hr_error why = HR_ERROR_INIT;
    if (w->o->history == NULL)
        return;
    char *folder = hr_strdup(w->o->history), *slash = folder == NULL ? NULL : strrchr(folder, '/');
    int r = 0;
    if (slash != NULL && slash != folder) {
        *slash = 0;
        r = hr_mkdir(folder, true, &why);
    }
    hr_free(folder);
    if (r == 0)
        r = hr_history_save(&w->history, w->o->history, &why);
    if (r < 0)
        snprintf(w->r->history_why, sizeof w->r->history_why, "%.190s", why.text);
}

/* Is the gate to be used, and if not, why? */
static void choose_gate(struct hr_warden *w)
{
    const char *word = hr_gate_forbids(w->o->argv), *outer = hr_env(GUARD_VARIABLE);
    int en = 0, around = 0;
    /* Two that hold and pause the same processes could each wait for what the other holds. */
    for (; outer != NULL && *outer >= '0' && *outer <= '9' && around < 100000000; outer++)
        around = around * 10 + (*outer - '0');
    if (around != 0 && hr_proc_above(around)) {
        w->r->nested = true;
        snprintf(w->r->gate_why, sizeof w->r->gate_why, "the guard around this one (process %d) holds its jobs already", around);
        return;
    }
    w->r->gate = w->o->gate && word == NULL && (en = hr_gate_selftest()) == 0;
    if (!w->o->gate)
        snprintf(w->r->gate_why, sizeof w->r->gate_why, "the kernel's gate was not wanted");
    else if (word != NULL)
        snprintf(w->r->gate_why, sizeof w->r->gate_why, "the command has '%s' in it, which cannot work behind the gate", word);
    else if (en != 0)
        snprintf(w->r->gate_why, sizeof w->r->gate_why, "%s", hr_gate_why(en));
}

/* While everything it needs for its work is still there. */
static void own_memory(struct hr_warden *w, const struct hr_root *root)
{
    w->r->own_resident = hr_self_resident();
    struct hr_figure own = hr_self_anon(root);
    w->r->own_bytes = own.known ? own.v : 0;
}

/* Where the kernel grants no gate: the preloaded library, or nothing and the reason. */
static void second_choice(struct hr_warden *w)
{
    struct hr_error why = HR_ERROR_INIT;
    if (w->r->gate || w->r->nested || !w->o->preload)
        return;
    HR_CLEANUP(hr_freep) char *folder = hr_strdup(w->o->history != NULL ? w->o->history : w->o->folder);
    char *slash = folder == NULL || w->o->history == NULL ? NULL : strrchr(folder, '/');
    if (slash != NULL)
        *slash = 0;
    if (folder != NULL && hr_preload_start(folder, w->o->envp, &w->preload, &why) == 0) {
        w->r->gate = w->r->preload = w->gate.door = true;
        w->gate.fd = w->preload.door;
    } else {
        snprintf(w->r->preload_why, sizeof w->r->preload_why, "%.150s", why.text);
    }
}

static int start(struct hr_warden *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *output = hr_join(w->o->folder, "output.log");
    HR_CLEANUP(hr_freep) char *timeline = hr_join(w->o->folder, "timeline.jsonl");
    if (output == NULL || timeline == NULL)
        return hr_fail_nomem(err, strlen(w->o->folder) + 16, "a path");
    choose_gate(w);
    int r = hr_scribe_start(output, timeline, OUTPUT_MAX, w->o->aside, &w->scribe, err);
    if (r < 0)
        return r;
    second_choice(w);
    const char *const *before = w->r->preload ? w->preload.envp : w->o->envp;
    struct hr_tokens_ask ask = { w->o->jobserver, w->r->gate || w->r->nested, w->o->argv, before, w->o->folder,
                                 hr_admit_jobs(w->o->jobs, w->cpus), hr_room_now(&w->room, 0, 0, hr_now()).room };
    hr_tokens_start(&w->tokens, &ask);
    w->r->jobserver = w->tokens.address;
    memcpy(w->r->jobserver_why, w->tokens.why, sizeof w->r->jobserver_why);
    char mark[32];
    snprintf(mark, sizeof mark, GUARD_VARIABLE "=%d", hr_proc_self());
    const char *const lines[] = { mark, NULL };
    HR_CLEANUP(hr_freep) const char **env = hr_env_with(w->tokens.envp != NULL ? w->tokens.envp : before, lines);
    if (env == NULL) {
        hr_scribe_finish(&w->scribe, hr_now() + 1000 * MS);
        return hr_fail_nomem(err, 4096, "the environment");
    }
    struct hr_keep keep = { w->o->argv, env, w->scribe.out, w->scribe.err,
                            w->r->gate && !w->r->preload, w->o->gentle, 700 };
    r = hr_keeper_start(&keep, &w->keeper, err);
    if (r < 0) {
        hr_scribe_finish(&w->scribe, hr_now() + 1000 * MS);
        return r;
    }
    hr_scribe_handed(&w->scribe);
    hr_tokens_handed(&w->tokens);
    if (!w->r->preload)
        w->gate.fd = w->keeper.listener;
    if (w->r->gate && w->gate.fd < 0) {
        w->r->gate = false;
        snprintf(w->r->gate_why, sizeof w->r->gate_why, "%s", hr_gate_why(w->keeper.gate_errno));
    }
    return 0;
}

static void finish(struct hr_warden *w)
{
    hr_go_first(false);
    hr_warden_sweep(w);
    hr_warden_tell(w, "over", NULL, NULL);
    w->gate.fd = -1;
    hr_keeper_dismiss(&w->keeper);
    w->r->lines_lost = w->scribe.dropped;
    hr_scribe_finish(&w->scribe, hr_now() + 2000 * MS);
    w->r->wall_ns = hr_now() - w->start;
    /* A job that came and went between two looks was never seen beside the others; together they were not less than it alone. */
    w->r->tree_peak = HR_MAX(w->r->tree_peak, w->r->largest[0].bytes);
    w->r->tokens = w->tokens.most;
    w->r->tokens_lost = w->tokens.server.pool.lost;
    w->r->tokens_foreign = w->tokens.server.pool.foreign;
    w->r->leaves += w->gate.leaves; /* beside those that were found by looking */
    w->r->programs = w->r->preload ? 0 : w->gate.seen;
    w->r->sudo = w->r->gate && w->gate.sudo;
    w->r->oom_kills = hr_room_kills(&w->room);
    w->r->oom_ruled_out = hr_room_no_kill(&w->room);
    w->r->worst_some = w->room.strain.worst_some;
    w->r->worst_full = w->room.strain.worst_full;
    w->r->swapped = hr_strain_swapped(&w->room.strain);
    snprintf(w->r->server, sizeof w->r->server, "%s", w->outside.most != 0 ? w->outside.name : "");
    w->r->outside = w->outside.most;
    w->r->outside_peak = w->outside.peak;
    hr_leaves_close(&w->leaves);
    save(w);
}

int hr_guard_run(const struct hr_root *root, const struct hr_guard_options *o, struct hr_guard_report *ret,
                 struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_warden *w = hr_calloc(1, sizeof *w);
    if (w == NULL)
        return hr_fail_nomem(err, sizeof *w, "the guard");
    struct hr_guard_report report = { .verdict = HR_GUARD_DONE, .least_room = INT64_MAX };
    w->o = o;
    w->r = &report;
    w->gate.fd = w->preload.door = w->tokens.server.fd = w->tokens.handed = -1;
    w->start = hr_now();
    w->cpus = hr_cpus();
    hr_subreaper();
    int r = hr_room_open(root, o->budget, &w->room, err);
    if (r == 0) {
        r = hr_history_init(&w->history, hr_wall(), err);
        if (r == 0)
            load(w);
        if (r == 0)
            r = start(w, err);
        if (r == 0) {
            report.ceiling = hr_room_ceiling(&w->room);
            hr_go_first(true); /* the command has been started: it does not inherit this */
            report.strain = hr_strain_source(&w->room.strain);
            report.locked = hr_memory_lock();
            uint64_t allocated = hr_mem_count(), cpu = hr_cpu_process();
            hr_warden_look(w, w->start);
            watch(w);
            report.allocations = hr_mem_count() - allocated;
            own_memory(w, root);
            report.cpu_ns = hr_cpu_process() - cpu;
            finish(w);
            *ret = report;
        }
        hr_tokens_stop(&w->tokens);
        hr_preload_stop(&w->preload);
        hr_history_fini(&w->history);
        hr_room_close(&w->room);
    }
    return r;
}

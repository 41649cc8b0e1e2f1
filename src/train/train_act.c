/* The deeds of the ladder. */
#include "human.h"
#include "procfs.h"
#include "train_inside.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { DROP_FILES = 256 };

static const char *because(const struct hr_train *w)
{
    static const char *const text[] = {
        [HR_ACT_FOR_ACT] = "memory over the act mark",
        [HR_ACT_FOR_MAX] = "memory over the max mark",
        [HR_ACT_FOR_VRAM] = "VRAM over its act mark",
        [HR_ACT_FOR_MACHINE] = "the machine short of memory",
        [HR_ACT_FOR_BLACK] = "the machine's memory all but gone",
    };
    return text[w->act.why];
}

static void drop(struct hr_train *w, uint64_t now)
{
    unsigned files = 0;
    for (size_t i = 0; i < w->tree.n && files < DROP_FILES; i++)
        if (w->tree.kin[i]->part.kind != HR_KIN_WORKER || i < 8) /* forked copies have the same files open */
            files += hr_proc_drop_files(w->tree.kin[i]->pid, DROP_FILES - files);
    w->r->dropped_files += files;
    w->drop_cached = w->counts.cached;
    w->drop_at = now;
    hr_train_tell(w, "drop", ",\"files\":%u,\"why\":\"%s\"", files, hr_act_why_name(w->act.why));
    if (files == 0) {
        hr_train_say(w, "%s: no page cache to drop (no large file is open for reading alone)", because(w));
        hr_act_in_vain(&w->act);
        return;
    }
    hr_train_say(w, "%s: page cache of %u large file%s dropped", because(w), files, files == 1 ? "" : "s");
}

static void checkpoint(struct hr_train *w, uint64_t now)
{
    int pids[HR_KIN_MAX];
    size_t n = hr_kin_programs(&w->tree, pids), asked = 0;
    int sig = w->o->checkpoint_signal;
    for (size_t i = 0; i < n; i++)
        if (hr_proc_catches(pids[i], sig) && hr_signal(pids[i], sig) == 0) /* T2 */
            asked++;
    hr_train_tell(w, "checkpoint", ",\"signal\":\"%s\",\"asked\":%zu,\"why\":\"%s\"", hr_act_signal_name(sig), asked,
                  hr_act_why_name(w->act.why));
    if (asked == 0) {
        hr_train_say(w, "%s: nobody to ask for a checkpoint (no handler for SIG%s)", because(w),
                     hr_act_signal_name(sig));
        hr_act_in_vain(&w->act);
        return;
    }
    if (w->r->checkpoints == 0)
        w->r->checkpoint_at = hr_train_since(w, now);
    w->r->checkpoints += asked;
    hr_train_say(w, "%s: checkpoint asked for by SIG%s (%zu %s), %s for it", because(w), hr_act_signal_name(sig), asked,
                 asked == 1 ? "process" : "processes", hr_human_duration(w->act.grace).text);
}

static bool is_shell(const char *comm)
{
    static const char *const shells[] = { "sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "busybox" };
    for (size_t i = 0; i < HR_COUNT(shells); i++)
        if (strcmp(comm, shells[i]) == 0)
            return true;
    return false;
}

/* The command's own process, as if it had been ended without us: launchers hand it on.  A shell does not. */
static void term(struct hr_train *w, uint64_t now)
{
    int pids[HR_KIN_MAX];
    size_t n = hr_kin_programs(&w->tree, pids);
    const struct hr_kin *first = hr_kin_find(&w->tree, w->attend.pid);
    bool all = w->over || first == NULL || is_shell(first->comm);
    for (size_t i = 0; i < n; i++)
        if (pids[i] == w->attend.pid || all)
            hr_signal(pids[i], SIGTERM);
    w->told_rest = w->over;
    if (w->r->ending_at == 0) {
        w->r->ending_at = hr_train_since(w, now);
        w->r->verdict = HR_TRAIN_ENDED;
        w->r->why = w->act.why;
        hr_train_say(w, "%s: told to end (SIGTERM), killed in %s", because(w),
                     hr_human_duration(w->act.ending_grace).text);
    }
    hr_train_tell(w, "term", ",\"why\":\"%s\"", hr_act_why_name(w->act.why));
}

static void kill_all(struct hr_train *w)
{
    for (size_t i = 0; i < w->tree.n; i++)
        hr_signal(w->tree.kin[i]->pid, SIGKILL);
    if (!w->r->killed)
        hr_train_say(w, "it did not end in its time, and is killed");
    w->r->killed = true;
    hr_train_tell(w, "kill", ",\"processes\":%zu", w->tree.n);
}

void hr_train_act(struct hr_train *w, const struct hr_act_level *level, uint64_t now)
{
    if (w->drop_cached != 0 && now - w->drop_at >= 500 * HR_TRAIN_MS) {
        if (w->counts.cached < w->drop_cached)
            w->r->dropped_bytes += w->drop_cached - w->counts.cached;
        hr_train_tell(w, "dropped", ",\"cached_before\":%" PRIu64 ",\"cached_after\":%" PRIu64, w->drop_cached, w->counts.cached);
        w->drop_cached = 0;
    }
    if (w->over && w->act.ending && !w->told_rest && w->tree.n != 0)
        term(w, now);
    switch (hr_act_next(&w->act, level, now)) {
    case HR_DEED_NONE:
        return;
    case HR_DEED_DROP:
        drop(w, now);
        return;
    case HR_DEED_CHECKPOINT:
        checkpoint(w, now);
        return;
    case HR_DEED_TERM:
        term(w, now);
        return;
    case HR_DEED_KILL:
        kill_all(w);
        return;
    }
}

#include "ladder.h"

#include "human.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

const char *hr_rung_name(enum hr_rung_kind k)
{
    static const char *const name[] = { "as asked", "again", "half the jobs", "one job", "without CUDA" };
    return name[k];
}

static bool killed(const struct hr_rung_end *e)
{
    int status = e->status;
    return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL) ||
           (e->clue != NULL && e->clue_killed && status != 0);
}

bool hr_rung_foreign_kill(const struct hr_rung_end *e)
{
    bool ours = e->ended != 0 || e->stalled != 0;
    return e->verdict == HR_GUARD_DONE && killed(e) && !ours && e->shot == 0 && e->oom_ruled_out && e->worst_level == HR_LEVEL_GREEN &&
           e->ceiling != 0 && e->least_room > (int64_t)(e->ceiling / 4);
}

const char *hr_rung_of_memory(const struct hr_rung_end *e)
{
    if (e->verdict == HR_GUARD_MEMORY)
        return "memory was about to be gone";
    if (e->verdict != HR_GUARD_DONE || e->status == 0 || hr_rung_foreign_kill(e))
        return NULL;
    if (e->ended != 0)
        return "jobs were ended because memory ran out";
    if (WIFSIGNALED(e->status) && WTERMSIG(e->status) == SIGKILL)
        return "the command was killed";
    if (WIFEXITED(e->status) && WEXITSTATUS(e->status) == 128 + SIGKILL)
        return "a job was killed";
    if (e->clue != NULL)
        return e->clue;
    return e->shot != 0    ? "the kernel shot a process for want of memory" :
           e->stalled != 0 ? "a job stood still and was ended" :
                             NULL;
}

/* Would the same again end in another way?  Something must have run beside something else, and the gate must be there to use what
 * was learnt. */
static bool again_helps(const struct hr_rung_end *e)
{
    return e->gate && e->at_once > 1;
}

static unsigned jobs_of(const struct hr_rung *last, const struct hr_rung_end *e, const struct hr_ladder *l)
{
    unsigned jobs = e->at_once;
    if (last->jobs != 0)
        jobs = HR_MIN(jobs == 0 ? last->jobs : jobs, last->jobs);
    else if (l->asked != 0)
        jobs = HR_MIN(jobs == 0 ? l->asked : jobs, l->asked);
    return jobs;
}

static bool build(const struct hr_ladder *l, enum hr_rung_kind kind, const struct hr_rung *last, const struct hr_rung_end *e,
                  struct hr_rung *r)
{
    unsigned jobs = jobs_of(last, e, l);
    *r = *last;
    r->kind = kind;
    switch (kind) {
    case HR_RUNG_FIRST:
        return false;
    case HR_RUNG_AGAIN:
        return again_helps(e);
    case HR_RUNG_HALF:
        r->jobs = HR_MAX(jobs / 2, 1U);
        r->one_arch = l->archs;
        r->lean = l->lean;
        return jobs > 1 || l->archs || l->lean;
    case HR_RUNG_ONE:
        r->jobs = 1;
        return last->jobs != 1 && jobs != 1;
    case HR_RUNG_CPU:
        r->cpu = true;
        r->jobs = last->jobs;
        return l->cpu;
    }
    return false;
}

static void say(const struct hr_ladder *l, struct hr_rung *r, const char *why)
{
    char what[320];
    switch (r->kind) {
    case HR_RUNG_FIRST:
    case HR_RUNG_AGAIN:
        snprintf(what, sizeof what, "the same once more: what is finished stays, and what the jobs take is known now");
        break;
    case HR_RUNG_HALF:
        snprintf(what, sizeof what, "at most %u %s at once%s%s%s", r->jobs, r->jobs == 1 ? "job" : "jobs",
                 r->one_arch ? ", for the first card's architecture only" : "",
                 r->lean ? ", without debug information and link-time optimisation" : "",
                 r->one_arch || r->lean ? " (other flags, so finished objects may be compiled anew)" : "");
        break;
    case HR_RUNG_ONE:
        snprintf(what, sizeof what, "one job at a time");
        break;
    case HR_RUNG_CPU:
        snprintf(what, sizeof what, "without CUDA: the product then runs on the CPU only%s%s", l->cpu_lacks == NULL ? "" : " and lacks ",
                 l->cpu_lacks == NULL ? "" : l->cpu_lacks);
        break;
    }
    snprintf(r->say, sizeof r->say, "memory was not enough (%s); next: %s", why, what);
}

bool hr_ladder_next(const struct hr_ladder *l, size_t n, const struct hr_rung *last, const struct hr_rung_end *end,
                    struct hr_rung *ret, char ret_why[200])
{
    const char *why = hr_rung_of_memory(end);
    ret_why[0] = 0;
    if (hr_rung_foreign_kill(end))
        snprintf(ret_why, 200, "a job was killed by somebody else: %s of %s stayed free and the kernel shot nothing for want of memory, so it is not tried again",
                 hr_human_bytes((uint64_t)end->least_room).text, hr_human_bytes(end->ceiling).text);
    if (why == NULL) /* L1 */
        return false;
    if (n > l->retries) {
        if (l->retries != 0)
            snprintf(ret_why, 200, "memory was not enough (%s), and %u more %s allowed", why, l->retries, l->retries == 1 ? "try was" : "tries were");
        return false;
    }
    for (enum hr_rung_kind k = last->kind + 1; k <= HR_RUNG_CPU; k++) { /* L3 */
        struct hr_rung r;
        if (build(l, k, last, end, &r)) { /* L2 */
            say(l, &r, why);
            *ret = r;
            return true;
        }
    }
    unsigned jobs = jobs_of(last, end, l);
    snprintf(ret_why, 200, "memory is not enough (%s), %s%s", why,
             jobs == 1 || last->jobs == 1 ? "not even for one job at a time" : "and nothing smaller is left to try",
             last->cpu ? ", without CUDA either" : "");
    return false;
}

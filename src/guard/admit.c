#include "admit.h"

#include "banker.h"

enum { NONE = -1 };
#define MS UINT64_C(1000000)
#define PAUSE_EVERY (200 * MS)
#define END_EVERY (500 * MS)
#define RESUME_AFTER (1000 * MS)
#define RESUME_EVERY (300 * MS)
#define UNPARK_AFTER (100 * MS)
#define END_SWAP_EVERY (2000 * MS)
#define SWAP_RED (2000 * MS)
#define AHEAD (500 * MS)  /* how far growth is carried on */
#define IMPACT (100 * MS) /* before the wall, where it is not known when the next look comes */
#define LOOKS 3           /* before the wall: the one that sees it, the one that missed it, and the time a signal takes */
#define MIB (UINT64_C(1) << 20)
#define LAST_MIB 128 /* of the machine: below it Linux itself hardly gets on (docs/decisions/0011) */
/* Shares of the last second, per mille, as Buck2's threshold for `some` and a fifth and a half of `full`. */
enum { SOME_YELLOW = 100, SOME_ORANGE = 400, FULL_ORANGE = 200, FULL_BLACK = 500 };

bool hr_job_ends(const struct hr_job *j)
{
    return j->resident < j->peak / 16;
}

uint64_t hr_job_to_come(const struct hr_job *j)
{
    uint64_t most = HR_MAX(j->predicted, j->peak);
    if (hr_job_ends(j))
        return 0;
    return most > j->resident ? most - j->resident : 0;
}

const char *hr_level_name(enum hr_level l)
{
    static const char *const name[] = { "green", "yellow", "orange", "red", "black" };
    return name[l];
}

static bool active(const struct hr_job *j)
{
    return j->state == HR_JOB_RUNNING && !j->waits;
}

static bool is_older(const struct hr_job *job, size_t i, int than)
{
    return than == NONE || job[i].order < job[than].order;
}

/* The oldest job for which `is` holds. */
static int oldest_of(const struct hr_job *job, size_t n, bool (*is)(const struct hr_job *))
{
    int best = NONE;
    for (size_t i = 0; i < n; i++)
        if (is(&job[i]) && is_older(job, i, best))
            best = (int)i;
    return best;
}

static int newest_of(const struct hr_job *job, size_t n, bool (*is)(const struct hr_job *))
{
    int best = NONE;
    for (size_t i = 0; i < n; i++)
        if (is(&job[i]) && (best == NONE || job[i].order > job[best].order))
            best = (int)i;
    return best;
}

static bool held(const struct hr_job *j)
{
    return j->state == HR_JOB_HELD;
}

static bool paused(const struct hr_job *j)
{
    return j->state == HR_JOB_PAUSED;
}

/* A job that has descendants in the picture is not touched: they are what grows. */
static bool endable(const struct hr_job *j)
{
    return j->state != HR_JOB_HELD && !j->waits;
}

static bool pausable(const struct hr_job *j)
{
    return active(j) && !j->fixed;
}

static uint64_t expected(const struct hr_job *j, bool lightly)
{
    return lightly && j->likely != 0 ? j->likely : j->predicted;
}

static int64_t left(const struct hr_job *job, size_t n, int64_t room, bool lightly)
{
    uint64_t to_come = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t most = HR_MAX(expected(&job[i], lightly), job[i].peak);
        if (job[i].state != HR_JOB_HELD && most > job[i].resident)
            to_come += most - job[i].resident;
    }
    return to_come > INT64_MAX / 2 ? INT64_MIN / 2 : room - (int64_t)to_come;
}

uint64_t hr_ahead(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t ns)
{
    uint64_t sum = s->foreign / 1000 * (ns / MS);
    for (size_t i = 0; i < n; i++) {
        uint64_t more = job[i].grows / 1000 * (ns / MS), to_come = hr_job_to_come(&job[i]);
        if (job[i].state == HR_JOB_RUNNING)
            sum += to_come != 0 ? HR_MIN(more, to_come) : more;
    }
    return HR_MIN(sum, (uint64_t)INT64_MAX / 8);
}

/* Of the reserve less than `keep` is left. */
static bool beyond(const struct hr_space *s, int64_t keep)
{
    return s->reserve != 0 && s->room < -((int64_t)HR_MIN(s->reserve, (uint64_t)INT64_MAX / 8) - keep);
}

static int64_t part(const struct hr_space *s, uint64_t of)
{
    return (int64_t)(HR_MIN(s->reserve, (uint64_t)INT64_MAX / 8) / of);
}

/* What is an alarm of all that is ahead.  Of known ones only what goes beyond their past: the banker watches over the rest.  Of others no more than
 * is likely until they have reached that, for many begin with a leap. */
static uint64_t alarming(const struct hr_job *job, size_t n, const struct hr_space *s)
{
    static const struct hr_space nobody = { 0 };
    bool bank = hr_banker_knows(job, n);
    uint64_t sum = hr_ahead(NULL, 0, s, AHEAD);
    for (size_t i = 0; i < n; i++) {
        uint64_t more = hr_ahead(&job[i], 1, &nobody, AHEAD);
        if (bank && hr_job_to_come(&job[i]) != 0)
            more = 0;
        else if (!bank && job[i].likely > job[i].resident)
            more = HR_MIN(more, job[i].likely - job[i].resident);
        sum += more;
    }
    return HR_MIN(sum, (uint64_t)INT64_MAX / 8);
}

enum hr_level hr_level(const struct hr_job *job, size_t n, const struct hr_space *s)
{
    bool last = s->reserve >= 2 * LAST_MIB * MIB && s->available != 0 && s->available < LAST_MIB * MIB;
    if (s->machine && (beyond(s, part(s, 8)) || last || (s->near && s->full >= FULL_BLACK)))
        return HR_LEVEL_BLACK;
    if (beyond(s, part(s, 2)) || (s->near && (s->swapping >= SWAP_RED || s->full >= FULL_BLACK)))
        return HR_LEVEL_RED;
    if (s->room < 0 || s->room < (int64_t)alarming(job, n, s) ||
        (s->near && (s->some >= SOME_ORANGE || s->full >= FULL_ORANGE)))
        return HR_LEVEL_ORANGE;
    return s->near && s->some >= SOME_YELLOW ? HR_LEVEL_YELLOW : HR_LEVEL_GREEN;
}

unsigned hr_admit_jobs(unsigned asked, unsigned cpus)
{
    return asked != 0 ? asked : cpus;
}

bool hr_admit_full(const struct hr_job *job, size_t n, const struct hr_admit_rules *rules)
{
    unsigned run = 0;
    for (size_t i = 0; i < n; i++)
        run += active(&job[i]);
    return rules->jobs != 0 && run >= rules->jobs;
}

static bool fits(const struct hr_job *j, int64_t room, bool lightly)
{
    return room > 0 && expected(j, lightly) <= (uint64_t)room;
}

static int oldest_that_fits(const struct hr_job *job, size_t n, int64_t room, bool lightly)
{
    int best = NONE;
    for (size_t i = 0; i < n; i++)
        if (held(&job[i]) && is_older(job, i, best) && fits(&job[i], room, lightly))
            best = (int)i;
    return best;
}

/* Of those that do not fit at once: that can be seen to its end in turns with the others. */
static int oldest_that_may_begin(const struct hr_job *job, size_t n, const struct hr_space *s)
{
    int best = NONE;
    for (size_t i = 0; i < n; i++)
        if (held(&job[i]) && is_older(job, i, best) && hr_banker_may(job, n, s, i))
            best = (int)i;
    return best;
}

int hr_admit(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now, const struct hr_admit_rules *rules)
{
    int head = oldest_of(job, n, held);
    if (head == NONE)
        return NONE;
    unsigned run = 0, on = 0;
    for (size_t i = 0; i < n; i++) {
        on += active(&job[i]);
        run += active(&job[i]) || job[i].state == HR_JOB_PAUSED;
    }
    if (run == 0) /* A1 */
        return head;
    /* Whoever is paused comes first; where nothing else runs, the brake lets it go on. */
    if (on != run || hr_admit_full(job, n, rules) || hr_level(job, n, s) > HR_LEVEL_GREEN)
        return NONE;
    bool lightly = run < rules->cpus, bank = hr_banker_knows(job, n);
    int64_t room = left(job, n, s->room, lightly);
    if (now - job[head].since >= rules->age) /* A4 */
        return fits(&job[head], room, lightly) || (bank && hr_banker_may(job, n, s, (size_t)head)) ? head : NONE;
    int best = bank ? hr_banker_begin(job, n, s, rules->jobs != 0 ? rules->jobs : rules->cpus) : NONE;
    if (best == NONE)
        best = oldest_that_fits(job, n, room, lightly);
    return best == NONE && bank ? oldest_that_may_begin(job, n, s) : best;
}

static bool due(uint64_t now, uint64_t last, uint64_t every)
{
    return last == 0 || now - last >= every;
}

static enum hr_brake_what go_on(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now,
                                const struct hr_brake *last, int *ret_job)
{
    bool bank = hr_banker_knows(job, n);
    int who = bank ? hr_banker_first_parked(job, n, s) : oldest_of(job, n, paused);
    if (who == NONE)
        return HR_BRAKE_NOTHING;
    *ret_job = who;
    if (oldest_of(job, n, active) == NONE) /* A1 */
        return HR_BRAKE_RESUME;
    if (bank)
        return due(now, last->parked, UNPARK_AFTER) && due(now, last->paused, RESUME_AFTER) && hr_banker_goes_on(job, n, s, who)
                   ? HR_BRAKE_RESUME
                   : HR_BRAKE_NOTHING;
    /* What all paused ones still take counts in left(): only this one shall go on. */
    int64_t room = left(job, n, s->room, false);
    for (size_t i = 0; i < n; i++)
        if (paused(&job[i]) && (int)i != who)
            room += (int64_t)hr_job_to_come(&job[i]);
    bool calm = due(now, last->paused, RESUME_AFTER) && due(now, last->resumed, RESUME_EVERY);
    return calm && room > (int64_t)(s->reserve / 8) ? HR_BRAKE_RESUME : HR_BRAKE_NOTHING;
}

/* Would the kernel shoot somebody within the next looks, even if only the oldest went on? */
static bool impact(const struct hr_job *job, const struct hr_space *s, int oldest)
{
    uint64_t ns = s->gap == 0 ? IMPACT : HR_MIN(LOOKS * s->gap, IMPACT);
    return s->wall && s->room - (int64_t)hr_ahead(&job[oldest], 1, s, ns) < -part(s, 1);
}

/* Whom to end: the newest; the oldest only where it is alone and the kernel would do it.  NONE: nobody. */
static int to_end(const struct hr_job *job, size_t n, bool hits, int oldest)
{
    int newest = newest_of(job, n, endable);
    if (newest != NONE && newest != oldest && job[newest].order > job[oldest].order) /* A2 */
        return newest;
    return hits ? oldest : NONE;
}

/* Whom to pause, where it is short (A2). */
static int to_pause(const struct hr_job *job, size_t n, const struct hr_space *s, int oldest)
{
    if (hr_banker_knows(job, n))
        return hr_banker_last(job, n, s);
    int newest = newest_of(job, n, pausable);
    return newest == oldest ? NONE : newest;
}

enum hr_brake_what hr_brake(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now,
                            const struct hr_brake *last, int *ret_job)
{
    enum hr_level level = hr_level(job, n, s);
    int oldest = oldest_of(job, n, active);
    if (level == HR_LEVEL_BLACK)
        return HR_BRAKE_END_ALL;
    /* It is not the jobs that run into the wall, and there is none to end. */
    bool none = oldest_of(job, n, endable) == NONE;
    if (none && s->wall && s->room - (int64_t)hr_ahead(job, 0, s, 2 * IMPACT) < -part(s, 1))
        return HR_BRAKE_END_ALL;
    if (oldest == NONE) /* nothing gets on: that comes before room (A1) */
        return go_on(job, n, s, now, last, ret_job);
    bool hits = impact(job, s, oldest);
    uint64_t every = hits ? IMPACT : beyond(s, part(s, 2)) ? END_EVERY : END_SWAP_EVERY;
    if ((hits || level == HR_LEVEL_RED) && due(now, last->ended, every)) {
        int who = to_end(job, n, hits, oldest);
        if (who != NONE) {
            *ret_job = who;
            return HR_BRAKE_END_JOB;
        }
    }
    if (level >= HR_LEVEL_ORANGE) {
        int who = to_pause(job, n, s, oldest);
        if (who == NONE || !due(now, last->paused, PAUSE_EVERY))
            return HR_BRAKE_NOTHING;
        *ret_job = who;
        return HR_BRAKE_PAUSE;
    }
    int who = hr_banker_knows(job, n) ? hr_banker_park(job, n, s) : NONE;
    if (who != NONE) {
        *ret_job = who;
        return HR_BRAKE_PARK;
    }
    return level == HR_LEVEL_GREEN ? go_on(job, n, s, now, last, ret_job) : HR_BRAKE_NOTHING;
}

void hr_brake_did(struct hr_brake *last, struct hr_job *job, enum hr_brake_what what, uint64_t now)
{
    switch (what) {
    case HR_BRAKE_PAUSE:
        last->paused = now;
        job->state = HR_JOB_PAUSED;
        return;
    case HR_BRAKE_PARK:
        last->parked = now;
        job->state = HR_JOB_PAUSED;
        return;
    case HR_BRAKE_RESUME:
        last->resumed = now;
        job->state = HR_JOB_RUNNING;
        return;
    case HR_BRAKE_END_JOB:
        last->ended = now;
        return;
    case HR_BRAKE_NOTHING:
    case HR_BRAKE_END_ALL:
        return;
    }
}

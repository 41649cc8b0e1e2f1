#include "admit.h"

enum { NONE = -1 };
#define MS UINT64_C(1000000)
#define PAUSE_EVERY (200 * MS)
#define END_EVERY (500 * MS)
#define RESUME_AFTER (1000 * MS)
#define RESUME_EVERY (300 * MS)

uint64_t hr_job_to_come(const struct hr_job *j)
{
    uint64_t most = HR_MAX(j->predicted, j->peak);
    return most > j->resident ? most - j->resident : 0;
}

static bool active(const struct hr_job *j)
{
    return j->state == HR_JOB_RUNNING && !j->waits;
}

/* The oldest (or newest) job for which `is` holds. */
static int extreme(const struct hr_job *job, size_t n, bool newest, bool (*is)(const struct hr_job *))
{
    int best = NONE;
    for (size_t i = 0; i < n; i++)
        if (is(&job[i]) &&
            (best == NONE || (newest ? job[i].order > job[best].order : job[i].order < job[best].order)))
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

static int64_t left(const struct hr_job *job, size_t n, int64_t room)
{
    uint64_t to_come = 0;
    for (size_t i = 0; i < n; i++)
        if (job[i].state != HR_JOB_HELD)
            to_come += hr_job_to_come(&job[i]);
    return to_come > INT64_MAX / 2 ? INT64_MIN / 2 : room - (int64_t)to_come;
}

int hr_admit(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now, const struct hr_admit_rules *rules)
{
    int head = extreme(job, n, false, held);
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
    if (on != run || (rules->jobs != 0 && run >= rules->jobs))
        return NONE;
    int64_t room = left(job, n, s->room);
    if (room > 0 && job[head].predicted <= (uint64_t)room)
        return head;
    if (now - job[head].since >= rules->age) /* A4 */
        return NONE;
    int best = NONE;
    for (size_t i = 0; i < n; i++)
        if (held(&job[i]) && room > 0 && job[i].predicted <= (uint64_t)room &&
            (best == NONE || job[i].order < job[best].order))
            best = (int)i;
    return best;
}

static bool due(uint64_t now, uint64_t last, uint64_t every)
{
    return last == 0 || now - last >= every;
}

static enum hr_brake_what go_on(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now,
                                const struct hr_brake *last, int *ret_job)
{
    int who = extreme(job, n, false, paused);
    if (who == NONE)
        return HR_BRAKE_NOTHING;
    *ret_job = who;
    if (extreme(job, n, false, active) == NONE) /* A1 */
        return HR_BRAKE_RESUME;
    /* What all paused ones still take counts in left(): only this one shall go on. */
    int64_t room = left(job, n, s->room);
    for (size_t i = 0; i < n; i++)
        if (paused(&job[i]) && (int)i != who)
            room += (int64_t)hr_job_to_come(&job[i]);
    bool calm = due(now, last->paused, RESUME_AFTER) && due(now, last->resumed, RESUME_EVERY);
    return calm && room > (int64_t)(s->reserve / 8) ? HR_BRAKE_RESUME : HR_BRAKE_NOTHING;
}

enum hr_brake_what hr_brake(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now,
                            const struct hr_brake *last, int *ret_job)
{
    int64_t reserve = (int64_t)HR_MIN(s->reserve, (uint64_t)INT64_MAX / 8);
    bool red = reserve != 0 && s->room < -reserve / 2;
    if (reserve != 0 && s->machine && s->room < -(reserve - reserve / 8))
        return HR_BRAKE_END_ALL;
    int oldest = extreme(job, n, false, active);
    if (oldest == NONE) /* nothing gets on: that comes before room (A1) */
        return go_on(job, n, s, now, last, ret_job);
    if (red && due(now, last->ended, END_EVERY)) {
        int newest = extreme(job, n, true, endable);
        if (newest != NONE && newest != oldest && job[newest].order > job[oldest].order) { /* A2 */
            *ret_job = newest;
            return HR_BRAKE_END_JOB;
        }
    }
    if (s->room < 0) {
        int newest = extreme(job, n, true, pausable);
        if (newest == NONE || newest == oldest || !due(now, last->paused, PAUSE_EVERY)) /* A2 */
            return HR_BRAKE_NOTHING;
        *ret_job = newest;
        return HR_BRAKE_PAUSE;
    }
    return go_on(job, n, s, now, last, ret_job);
}

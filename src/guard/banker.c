#include "banker.h"

enum { NONE = -1, JOBS_MAX = 256 };
#define MIB (UINT64_C(1) << 20)
#define MS UINT64_C(1000000)
/* Growth between the look that sees it coming and the one by which a parked job stands: two looks, when little is left. */
#define SOON (60 * MS)
#define LATER (4 * SOON) /* before going on: nobody shall be parked and let go by turns */
#define GROWTH_LEAST (384 * MIB) /* bytes per second; compilers have been seen to take 530 MiB */

/* The jobs that have begun, least wanted first (B1), and what is free for the first of them. */
struct order {
    size_t at[JOBS_MAX], n;
    int64_t free;
};

bool hr_banker_knows(const struct hr_job *job, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (job[i].state != HR_JOB_HELD && !job[i].known)
            return false;
    return n <= JOBS_MAX;
}

static void put(struct order *o, const struct hr_job *job, size_t at)
{
    uint64_t wants = hr_job_to_come(&job[at]);
    size_t k = o->n++;
    for (; k > 0 && hr_job_to_come(&job[o->at[k - 1]]) > wants; k--)
        o->at[k] = o->at[k - 1];
    o->at[k] = at;
}

/* `more`: a held one that counts as begun; NONE: nobody. */
static struct order in_order(const struct hr_job *job, size_t n, const struct hr_space *s, int more)
{
    struct order o = { .free = s->room };
    for (size_t i = 0; i < n; i++) {
        if (job[i].state == HR_JOB_HELD && (int)i != more)
            continue;
        if (job[i].waits) /* it ends after its descendant, and its place in the order is not known */
            o.free -= (int64_t)HR_MIN(hr_job_to_come(&job[i]), (uint64_t)INT64_MAX / 1024);
        else
            put(&o, job, i);
    }
    return o;
}

static int64_t missing(const struct order *o, const struct hr_job *job)
{
    int64_t sum = -o->free;
    for (size_t i = 0; i < o->n; i++)
        sum += (int64_t)HR_MIN(hr_job_to_come(&job[o->at[i]]), (uint64_t)INT64_MAX / 1024);
    return sum;
}

static bool safe(const struct order *o, const struct hr_job *job)
{
    int64_t free = o->free;
    for (size_t i = 0; i < o->n; i++) {
        if ((int64_t)hr_job_to_come(&job[o->at[i]]) > free)
            return false;
        free += (int64_t)job[o->at[i]].resident;
    }
    return true;
}

bool hr_banker_may(const struct hr_job *job, size_t n, const struct hr_space *s, size_t at)
{
    struct order o = in_order(job, n, s, (int)at);
    uint64_t largest = 0;
    for (size_t i = 0; i < o.n; i++)
        largest = HR_MAX(largest, job[o.at[i]].predicted);
    return job[at].known && missing(&o, job) <= (int64_t)(largest / 2) && safe(&o, job);
}

/* The larger; of two alike the older. */
static bool before(const struct hr_job *a, const struct hr_job *b)
{
    return a->predicted != b->predicted ? a->predicted > b->predicted : a->order < b->order;
}

int hr_banker_begin(const struct hr_job *job, size_t n, const struct hr_space *s, unsigned at_once)
{
    struct order o = in_order(job, n, s, NONE);
    int64_t lacks = missing(&o, job), all = s->room;
    for (size_t i = 0; i < n; i++) {
        lacks += job[i].state == HR_JOB_HELD ? (int64_t)job[i].predicted : 0;
        all += job[i].state != HR_JOB_HELD ? (int64_t)job[i].resident : 0;
    }
    int64_t share = all / (int64_t)HR_MAX(at_once, 1U);
    int best = NONE;
    for (size_t i = 0; lacks > 0 && i < n; i++)
        if (job[i].state == HR_JOB_HELD && (int64_t)job[i].predicted > share && (best == NONE || before(&job[i], &job[best])) &&
            hr_banker_may(job, n, s, i))
            best = (int)i;
    return best;
}

/* Who would have to be parked, were all to grow on for so long: the last that runs and may be paused.  `more`: a paused one that
 * counts as running; NONE: nobody. */
static int park(const struct order *o, const struct hr_job *job, uint64_t ns, int more)
{
    int64_t margin[JOBS_MAX], free = o->free, growth = 0;
    int last = NONE;
    for (size_t i = 0; i < o->n; i++) {
        margin[i] = free - (int64_t)hr_job_to_come(&job[o->at[i]]);
        free += (int64_t)job[o->at[i]].resident;
    }
    for (size_t i = o->n; i-- > 0;) {
        const struct hr_job *j = &job[o->at[i]];
        if (growth > margin[i] && last != NONE)
            return last;
        if (j->state != HR_JOB_RUNNING && (int)o->at[i] != more)
            continue;
        growth += (int64_t)HR_MIN(HR_MAX(j->grows, GROWTH_LEAST) / 1000 * (ns / MS), hr_job_to_come(j));
        last = last == NONE && !j->fixed ? (int)o->at[i] : last;
    }
    return NONE;
}

int hr_banker_park(const struct hr_job *job, size_t n, const struct hr_space *s)
{
    struct order o = in_order(job, n, s, NONE);
    return park(&o, job, SOON, NONE);
}

int hr_banker_last(const struct hr_job *job, size_t n, const struct hr_space *s)
{
    struct order o = in_order(job, n, s, NONE);
    int last = NONE;
    for (size_t i = 0, run = 0; i < o.n; i++)
        if (job[o.at[i]].state == HR_JOB_RUNNING && run++ > 0 && !job[o.at[i]].fixed)
            last = (int)o.at[i];
    return last;
}

int hr_banker_first_parked(const struct hr_job *job, size_t n, const struct hr_space *s)
{
    struct order o = in_order(job, n, s, NONE);
    for (size_t i = 0; i < o.n; i++)
        if (job[o.at[i]].state == HR_JOB_PAUSED)
            return (int)o.at[i];
    return NONE;
}

bool hr_banker_goes_on(const struct hr_job *job, size_t n, const struct hr_space *s, int who)
{
    struct order o = in_order(job, n, s, NONE);
    return park(&o, job, LATER, who) == NONE;
}

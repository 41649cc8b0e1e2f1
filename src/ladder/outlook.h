/* What a build will need, told before it starts: from its own past (past.h, played again by replay.h with the memory that is here
 * now), otherwise from the table of projects, otherwise nothing, which is said. */
#ifndef HR_OUTLOOK_H
#define HR_OUTLOOK_H

#include "known.h"
#include "past.h"
#include "projects.h"
#include "replay.h"

enum hr_outlook_from { HR_OUTLOOK_NOTHING, HR_OUTLOOK_TABLE, HR_OUTLOOK_PAST };
struct hr_outlook_ask {
    const char *folder; /* of the past builds; NULL: none is kept */
    const char *cwd;
    const char *const *argv;
    const char *const *envp; /* as the build will have it */
    struct hr_figure have;   /* bytes that it may take now */
    unsigned jobs, cpus;     /* leaves at once, 0: no limit; CPUs */
};
struct hr_outlook {
    enum hr_outlook_from from;
    const struct hr_project *project; /* NULL: none of the table */
    struct hr_replay whole, here;     /* HR_OUTLOOK_PAST: with all the memory it wants; with what there is */
    struct hr_figure have;
    uint32_t times;                   /* builds that it is known from */
    size_t leaves;                    /* jobs of a whole build */
    bool aside;                       /* its past was malformed and was set aside */
    char why[200];                    /* why the past could not be read; "" */
    char say[512];                    /* one sentence */
    char identity[HR_PAST_IDENTITY_MAX];
};
int hr_outlook_make(const struct hr_outlook_ask *ask, struct hr_outlook *ret, struct hr_error *err) HR_MUST_USE;

/* How a build went that was forecast. */
struct hr_outlook_seen {
    uint64_t peak, wall_ns;
    unsigned at_once;
    const struct hr_course *course;
    uint64_t largest;
    const char *largest_tool, *largest_source;
};
/* "forecast 9.1 GiB and 41 min; it took 8.8 GiB (3 % less) and 39 min".  False: there is nothing to compare. */
bool hr_outlook_compare(const struct hr_outlook *o, const struct hr_outlook_seen *seen, char *ret, size_t n);
/* Keeps it for the next forecast, unless it was only a small part of what is known already.  Takes the course's lines. */
int hr_outlook_keep(const struct hr_outlook *o, const char *folder, const struct hr_outlook_seen *seen, unsigned cpus,
                    uint64_t wall_clock_ns, struct hr_error *err) HR_MUST_USE;

#endif

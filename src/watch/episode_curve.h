/* The curve around an alert: the least and the greatest of one figure in equal parts of time, from some minutes before it began until it
 * ended, in a fixed room however long that takes.
 *
 * C1: parts begin at multiples of their length, so that two can become one without a look at what was in them.
 * C2: when the room is full every two neighbours become one, with the least and the greatest of both: a spike is never lost.
 * C3: what is not known is a gap, never 0. */
#ifndef HR_EPISODE_CURVE_H
#define HR_EPISODE_CURVE_H

#include "buf.h"
#include "json_write.h"
#include "series.h"

enum { HR_EPISODE_CURVE_POINTS = 120, HR_EPISODE_CURVE_LEAD = 60 }; /* lead: parts before the beginning */
#define HR_EPISODE_CURVE_STEP (UINT64_C(5) * 1000000000)    /* of the shortest part: the lead is five minutes */

struct hr_episode_curve {
    const struct hr_metric_word *what; /* NULL: there is none */
    uint64_t step, first;              /* ns of a part; the first begins at first * step of the watcher's clock */
    uint64_t at, wall;                 /* the last look on that clock, and since 1970 */
    unsigned n;
    bool slides;                       /* a lead: the oldest of HR_EPISODE_CURVE_LEAD parts goes when a new one comes */
    struct {
        float low, high; /* low above high: a gap */
    } part[HR_EPISODE_CURVE_POINTS];
};

void hr_episode_curve_begin(struct hr_episode_curve *c, const struct hr_metric_word *what, bool slides);
/* One look.  The value stands for the `span` ns before it, unless that is longer than the series bridge. */
struct hr_episode_curve_time {
    uint64_t at, wall, span;
};
void hr_episode_curve_add(struct hr_episode_curve *c, struct hr_episode_curve_time t, bool known, double v);
/* Begins with the past of a metric as far as it is known: from HR_EPISODE_CURVE_LEAD parts before what began `lasted` ns ago up to `t`.
 * `lasted` 0: it begins with the newest look that the series have taken. */
void hr_episode_curve_past(struct hr_episode_curve *c, const struct hr_series *s, struct hr_episode_curve_time t, uint64_t lasted, enum hr_metric metric,
                           unsigned gpu);/* Forgets the parts that ended before `at`: of a time in which nobody looked, and which a coarse tier tells of all the same. */
void hr_episode_curve_trim(struct hr_episode_curve *c, uint64_t at);

/* The greatest of the parts under each of `width` columns of equal time, -1 where nothing is known; false: there is nothing at all. */
bool hr_episode_curve_columns(const struct hr_episode_curve *c, double *ret, size_t width, double *ret_low, double *ret_high);
/* The same as one row of signs, from the least to the greatest that was seen: "▁▂▅█"; blanks are gaps. */
void hr_episode_curve_spark(const struct hr_episode_curve *c, unsigned width, bool ascii, struct hr_buf *out);
/* "memory used 8.1 to 14.2 GiB": what the signs stand for. */
void hr_episode_curve_range(const struct hr_episode_curve *c, char *ret, size_t n);
/* {"metric", "name", "unit", "step_ms", "times" (ms since 1970), "low", "high"}; null where nothing is known, and why in "unknown". */
void hr_episode_curve_json(const struct hr_episode_curve *c, struct hr_jw *w);

#endif

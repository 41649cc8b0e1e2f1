/* Alerts as episodes: each has a beginning, a worst moment and an end.  A rule is a row of one table (episode_rules.c): what begins it, what
 * must hold before it ends (hysteresis), how long it must last first, and one thing to do.
 *
 * E1: nothing is said on one look, but where waiting would cost more (act, a driver that hangs): what begins an episode must have held for the
 *     rule's time, what ends it likewise.
 * E2: an unknown value neither begins nor ends one.
 * E3: a forecast is told only of a steady fall (fill.h), with the span it may come in, and of the wall that is reached first: the
 *     machine's memory, the limit of the watcher's own cgroup, or those of other cgroups in which a process grows.
 * E4: each keeps the curve of its figure around it, in a fixed room. */
#ifndef HR_EPISODES_H
#define HR_EPISODES_H

#include "episode_curve.h"
#include "memory_marks.h"

enum hr_episode_level { HR_EPISODE_NOTE, HR_EPISODE_WARN, HR_EPISODE_BAD };
const char *hr_episode_level_name(enum hr_episode_level l); /* "note" */

#define HR_EPISODE_WARN_MARK "memory-warn"
#define HR_EPISODE_ACT_MARK "memory-act"

/* In a recording an alert is a note: "KEY: TEXT" when it begins, and "KEY is over, after 35 s"; the marks are one when it begins. */
#define HR_EPISODE_OVER " is over"
#define HR_MARKS_NOTE "marks: "

struct hr_episode {
    const char *key;  /* "memory-low" */
    enum hr_episode_level level;
    bool on;
    uint64_t since, until; /* wall, ns; since 0: there was none; until 0: still on */
    uint64_t times;        /* begun so often */
    double peak;           /* what the rule measured when it began, in the rule's unit */
    double value;          /* the latest one while it is on: of a forecast, seconds */
    char text[240];        /* what is, and what to do */
    struct hr_episode_curve curve; /* E4; of the last one, when it has ended */
};

struct hr_episodes;
int hr_episodes_open(const struct hr_memory_marks *marks, struct hr_episodes **ret, struct hr_error *err) HR_MUST_USE; /* marks: NULL: none */
void hr_episodes_close(struct hr_episodes *e); /* accepts NULL */
/* Behind every tick. */
void hr_episodes_take(struct hr_episodes *e, const struct hr_model *m, const struct hr_series *s);
/* Those that are on, the worst first; how many. */
size_t hr_episodes_on(const struct hr_episodes *e, const struct hr_episode **ret, size_t most);
/* Those that have ended, the last of each rule. */
size_t hr_episodes_ended(const struct hr_episodes *e, const struct hr_episode **ret, size_t most);
/* The rule's, whether it is on or not; NULL: no rule is called so. */
const struct hr_episode *hr_episodes_find(const struct hr_episodes *e, const char *key);
/* The curve at a moment that is gone, of the alert `key` that said `text` and began at `since`; without a figure that has a past there is none. */
void hr_episode_curve_of(const char *key, const char *text, const struct hr_series *s, struct hr_episode_curve_time t, uint64_t since,
                         struct hr_episode_curve *ret);
const struct hr_memory_marks *hr_episodes_marks(const struct hr_episodes *e);

/* Members of an object: "alerts" (those that are on), "alerts_ended", "marks" (null: there are none). */
void hr_episodes_json(const struct hr_episodes *e, const struct hr_model *m, struct hr_jw *w);
void hr_marks_json(const struct hr_episodes *e, const struct hr_model *m, struct hr_jw *w);
/* Those that are on as lines with their curves, and the marks; nothing where there is neither. */
void hr_episodes_text(const struct hr_episodes *e, const struct hr_model *m, bool ascii, struct hr_buf *out);

#endif

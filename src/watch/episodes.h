/* Alerts as episodes: each has a beginning, a worst moment and an end.  A rule is a row of one table (episodes.c): what begins it, what must
 * hold before it ends (hysteresis), how long it must last first, and one thing to do.
 *
 * E1: nothing is said on one look: what begins an episode must have held for the rule's time, what ends it likewise.
 * E2: an unknown value neither begins nor ends one.
 * E3: a forecast is told only when the trend is steady (the quartiles of its slopes agree), with the span it may come in. */
#ifndef HR_EPISODES_H
#define HR_EPISODES_H

#include "series.h"

enum hr_episode_level { HR_EPISODE_NOTE, HR_EPISODE_WARN, HR_EPISODE_BAD };

struct hr_episode {
    const char *key;  /* "memory-low" */
    enum hr_episode_level level;
    bool on;
    uint64_t since, until; /* wall, ns; until 0: still on */
    double peak;           /* the worst value, in the rule's unit */
    char text[240];        /* what is, and what to do */
};

struct hr_episodes;
int hr_episodes_open(struct hr_episodes **ret, struct hr_error *err) HR_MUST_USE;
void hr_episodes_close(struct hr_episodes *e); /* accepts NULL */
/* Behind every tick. */
void hr_episodes_take(struct hr_episodes *e, const struct hr_model *m, const struct hr_series *s);
/* Those that are on, the worst first; how many. */
size_t hr_episodes_on(const struct hr_episodes *e, const struct hr_episode **ret, size_t most);

/* The trend of a value over the last `ns`: how much it changes per second (median of the slopes between all pairs of moments), and
 * the quartiles of these.  False: too little is known. */
struct hr_trend {
    double slope, low, high;
};
bool hr_trend_of(const struct hr_series *s, enum hr_metric m, uint64_t ns, struct hr_trend *ret);

#endif

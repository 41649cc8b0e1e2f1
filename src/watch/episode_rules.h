/* The table of the alerts' rules, for who goes through it (episodes.c) and who reads what it said in a recording (postmortem_alerts.c). */
#ifndef HR_EPISODE_RULES_H
#define HR_EPISODE_RULES_H

#include "episodes.h"
#include "fill.h"

/* The figure whose curve an alert keeps: a metric that has a past, or one of the rule's own. */
enum hr_own_figure { HR_OWN_NONE, HR_OWN_GROUP_USED, HR_OWN_GROUP_LEFT, HR_OWN_OTHER_LEFT, HR_OWN_SPACE_LEFT, HR_OWN_SILENCE, HR_OWN_ORPHANS, HR_OWN_FIGURES };
struct hr_rule_figure {
    enum hr_own_figure own; /* NONE: the metric */
    enum hr_metric metric;
    unsigned gpu;
    unsigned turn;          /* of OTHER_LEFT: of which group */
    char at[HR_WORD_MAX];   /* of SPACE_LEFT: where it is mounted */
};
/* False: unknown now. */
bool hr_rule_figure_now(const struct hr_rule_figure *f, const struct hr_model *m, double *ret);
const struct hr_metric_word *hr_rule_figure_word(const struct hr_rule_figure *f);
/* Of the alert `key` that said `text`, which names its GPU, file system or cgroup.  False: no rule is called so. */
bool hr_rule_figure_of(const char *key, const char *text, struct hr_rule_figure *ret);
bool hr_rule_figure_same(const struct hr_rule_figure *a, const struct hr_rule_figure *b);

/* The rooms that memory may run into: the machine's own, the limit of this process's cgroup, and from HR_WALL_OTHER on those of other ones in
 * which a process grows. */
enum hr_memory_wall { HR_WALL_MACHINE, HR_WALL_GROUP, HR_WALL_OTHER, HR_WALLS = HR_WALL_OTHER + (int)HR_OTHER_GROUPS };

/* Bytes left of a limit; both are known. */
uint64_t hr_limit_left(const struct hr_figure *limit, const struct hr_figure *used);

/* What a rule sees: how bad it is now (0 is fine, 1 and more begins), and the words. */
struct hr_rule_sight {
    const struct hr_model *m;
    const struct hr_series *s;
    const struct hr_memory_marks *marks;
    const struct hr_fill *wall; /* HR_WALLS */
    double worst;    /* at or above 1 begins an episode, below `ends` of the rule ends it */
    double value;    /* for the record, in the rule's own unit */
    bool known, bad; /* bad: of the highest level */
    struct hr_rule_figure figure;
    char text[sizeof(((struct hr_episode *)0)->text)];
};

struct hr_rule {
    const char *key;
    enum hr_episode_level level;
    double ends;             /* worst must fall below this (hysteresis) */
    unsigned begin_s, end_s; /* for so many seconds */
    void (*look)(struct hr_rule_sight *t);
    enum hr_metric metric;   /* of the curve; HR_METRICS: it has none that has a past */
    enum hr_own_figure own;  /* of the curve, where there is no metric, and where a cgroup's memory is meant */
};
enum { HR_RULES = 12 };
extern const struct hr_rule hr_rules[HR_RULES];

#endif

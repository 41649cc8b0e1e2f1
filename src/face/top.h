/* The live view on a terminal: draws, listens, and gives the terminal back.  Where the matter comes from is the source's business:
 * the collector here (a thread that ticks the sampler), or a recording. */
#ifndef HR_TOP_H
#define HR_TOP_H

#include "alarm.h"
#include "top_view.h"
#include "watch.h"

struct hr_top_source {
    void *ctx;
    /* Does what `view->hop` asks for and fills the scene for `view->moment`; it holds until `end`.  False: not now, the sampler is busy. */
    bool (*begin)(void *ctx, struct hr_top_view *view, struct hr_top_scene *ret);
    void (*end)(void *ctx);
};

struct hr_top_options {
    bool ascii, no_mouse;
    bool no_color;
    enum hr_sort sort;
    const char *filter; /* NULL: none */
    uint64_t moment;    /* wall time at which it begins; 0: live */
};

/* Whether a live view can be had here; otherwise print lines. */
bool hr_top_able(void);
/* Until the user leaves (0) or the terminal cannot be taken (negative). */
int hr_top_run(const struct hr_top_source *source, const struct hr_top_options *options, struct hr_error *err) HR_MUST_USE;
/* This machine, live: a thread ticks `w` every `period` ns while the view is shown.  Nobody else may use it meanwhile.
 * `after` (may be NULL) is called behind every tick in the sampler's thread: for a recorder. */
struct hr_top_live {
    struct hr_watch *watch;
    uint64_t period;
    const struct hr_alarm_options *alarms; /* marks, and what is done at alerts; NULL: neither */
    const char *recording; /* of this user's recorder: if it runs, and reaches further back, this is the past; NULL: none */
    void (*after)(void *ctx, const struct hr_model *m);
    void *ctx;
};
int hr_top(const struct hr_top_live *live, const struct hr_top_options *options, struct hr_error *err) HR_MUST_USE;

/* The alerts that are on, the worst first, as the view and the page tell them. */
size_t hr_top_alerts(const struct hr_episodes *e, struct hr_top_alert *ret, size_t most);

#endif

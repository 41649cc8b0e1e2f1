/* The JSON behind the page.  Each appends one document; what is unknown is null. */
#ifndef HR_API_H
#define HR_API_H

#include "alarm.h"
#include "top_view.h"

/* One tick, small enough to be sent every second: the values that have a past, the memory account, jobs, the processes that matter most,
 * alerts. */
struct hr_api_tick {
    const struct hr_model *m;
    const struct hr_series *s; /* NULL: no verdict on what holds a job up */
    const struct hr_top_alert *alert;
    size_t alerts;
    const struct hr_alarm *alarm;
    bool commands; /* command lines too */
};
void hr_api_tick(struct hr_jw *w, const struct hr_api_tick *t);

/* The past in columns: `span` ns in at most `width` columns, for the metric `only` (NULL: all). */
struct hr_api_history {
    const struct hr_series *s;
    const struct hr_model *m;
    uint64_t span;
    size_t width;
    const char *only;
};
enum { HR_API_COLUMNS = 2000 };
/* False: no metric is called so. */
bool hr_api_history(struct hr_jw *w, const struct hr_api_history *h);

void hr_api_jobs(struct hr_jw *w, const struct hr_model *m);
/* With the curve of each, and those that have ended. */
void hr_api_alerts(struct hr_jw *w, const struct hr_alarm *a, const struct hr_model *m);

#endif

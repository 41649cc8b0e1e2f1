/* The past in the live view, whoever keeps it: `headrace top` its own or a recorder's, `headrace replay` a file. */
#ifndef HR_BYGONE_VIEW_H
#define HR_BYGONE_VIEW_H

#include "bygone.h"
#include "top_view.h"

struct hr_bygone_view {
    struct hr_bygone *past;
    const char *kept;  /* "kept by this view" */
    bool live;         /* its end is now: beyond it the view is live again */
    uint64_t from, to; /* only this part of it; `to` 0: all */
    /* inside */
    uint64_t alert_at[HR_BYGONE_NOTES];
    struct hr_top_alert alert[HR_TOP_ALERTS];
};

/* Does what `v->hop` asks for: v->moment is then the time of a moment that is kept, or 0: live.  `newest`: of the last moment, where the past
 * ends. */
void hr_bygone_hop(struct hr_bygone_view *p, struct hr_top_view *v, uint64_t newest);
/* The scene of v->moment.  False: nothing that can be read is kept of it. */
bool hr_bygone_scene(struct hr_bygone_view *p, struct hr_top_view *v, uint64_t newest, struct hr_top_scene *ret);
/* Once the scene has its series: the curves of its alerts. */
void hr_bygone_curves(struct hr_bygone_view *p, const struct hr_top_scene *sc);

#endif

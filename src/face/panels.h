/* The panels of the view; for top_view.c alone.  Each draws inside of its box. */
#ifndef HR_PANELS_H
#define HR_PANELS_H

#include "say.h"
#include "top_view.h"

struct hr_canvas {
    struct hr_cells *s;
    struct hr_painter *painter;
    const struct hr_top_scene *scene;
    struct hr_top_view *view;
    enum hr_glyphs g;
    uint64_t column; /* number of the last one that the plots show: it begins at this times the span */
    int moved;     /* columns by which plots moved since the last frame; -1: not to be told */
    bool half;     /* the newest column is the first of its pair */
    bool letters;  /* there are no colours */
};

void hr_panel_head(struct hr_canvas *c, int y);
void hr_panel_time(struct hr_canvas *c, int y); /* how far back the moment is, and where the past ends */
/* "02:47:10", with the day where it is not that of `now`; "the moment that is shown, and how far back". */
const char *hr_panel_clock(uint64_t wall, uint64_t now, char out[32]);
void hr_panel_when(const struct hr_canvas *c, char *out, size_t n);
void hr_panel_foot(struct hr_canvas *c, int y);
void hr_panel_alerts(struct hr_canvas *c, int y);
void hr_panel_memory(struct hr_canvas *c, struct hr_area b);
void hr_panel_cpu(struct hr_canvas *c, struct hr_area b);
void hr_panel_gpus(struct hr_canvas *c, struct hr_area b);
void hr_panel_disks(struct hr_canvas *c, struct hr_area b);
void hr_panel_network(struct hr_canvas *c, struct hr_area b);
void hr_panel_stalls(struct hr_canvas *c, struct hr_area b);
void hr_panel_strip(struct hr_canvas *c, int y); /* the three above in one row */
void hr_panel_table(struct hr_canvas *c, struct hr_area b);
void hr_panel_help(struct hr_canvas *c);
void hr_panel_alert_page(struct hr_canvas *c);

/* The past of a metric in a box, with its ceiling's label at the left where there is room.  top 0: a round figure above the
 * greatest value seen. */
struct hr_trace {
    enum hr_metric metric;
    unsigned gpu;
    double top;
    enum hr_ink ramp;
    bool down;
    const struct hr_memory_marks *marks; /* lines across it; NULL: none */
};
enum { HR_PANEL_LABEL = 9 }; /* columns */
/* Returns the value at the ceiling; 0: there was no room. */
double hr_panel_curve(struct hr_canvas *c, struct hr_area b, const struct hr_trace *k);
/* Whether a curve of this width has its scale beside it; otherwise the panel says it. */
static inline bool hr_panel_labelled(struct hr_area b)
{
    return b.w >= 40 && b.h >= 2;
}
/* How much time a curve of this width shows: "last 3 m 20 s". */
void hr_panel_span(struct hr_canvas *c, struct hr_area frame, int w, const char *before);

static inline struct hr_area hr_inside(struct hr_area b)
{
    return (struct hr_area) { b.x + 2, b.y + 1, b.w - 4, b.h - 2 };
}
/* A sentence folded into a box; returns the rows that it takes. */
int hr_panel_prose(struct hr_canvas *c, struct hr_area b, const char *text, enum hr_ink ink);
/* "total 31.3 GiB" pieces side by side: draws and returns where the next begins; what does not fit is left out. */
int hr_panel_pair(struct hr_canvas *c, int x, int y, int end, const char *name, const char *value, enum hr_ink ink);

#endif

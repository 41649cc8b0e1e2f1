/* The live view: what `headrace top` and `headrace replay` show.  Pure: a scene and a state become cells; an event changes the state.
 *
 * V1: the numbers of the memory account that are drawn are the model's own, and they add up to its total.
 * V2: what is unknown is drawn as "–" or as nothing, with its reason where there is room.
 * V3: any size from 20x6 on is drawn without a cell outside of its panel. */
#ifndef HR_TOP_VIEW_H
#define HR_TOP_VIEW_H

#include "episode_curve.h"
#include "memory_marks.h"
#include "paint.h"
#include "plot.h"
#include "term_keys.h"

enum hr_top_level { HR_TOP_NOTE, HR_TOP_WARN, HR_TOP_BAD };
struct hr_top_alert {
    enum hr_top_level level;
    char key[32];
    uint64_t since; /* wall, ns */
    char text[240];
    struct hr_episode_curve curve;
};
enum { HR_TOP_ALERTS = 16 };

/* How far the past reaches.  Wall times, ns. */
struct hr_top_time {
    uint64_t from, to; /* of the first and the last moment that can be shown; 0: not known */
    const char *kept;  /* where they come from: "kept by this view" */
    const uint64_t *alert; /* when alerts began, oldest first */
    size_t alerts;
};

/* One frame's matter. */
struct hr_top_scene {
    const struct hr_model *m;
    const struct hr_series *s; /* NULL: no past */
    uint64_t end;              /* where the plots end, on the clock of `s`; 0: the model's own moment */
    struct hr_top_time time;
    const struct hr_top_alert *alert;
    size_t alerts;
    const struct hr_memory_marks *marks; /* NULL: none */
    const char *act_said;                /* what came of act; NULL or "": nothing yet */
    const char *source; /* "replay of FILE"; NULL: this machine, live */
};

/* Where the view goes in time: asked for by a key, done by who has the past (bygone_view.h). */
enum hr_hop_kind {
    HR_HOP_NONE,
    HR_HOP_BY,    /* ns, back or forward */
    HR_HOP_LOOK,  /* to the look before (-1), behind (1) */
    HR_HOP_ALERT, /* to where the alert before, behind began */
    HR_HOP_BEGIN,
    HR_HOP_END,   /* live again */
    HR_HOP_TO,    /* a wall time */
    HR_HOP_STOP,  /* stay at this moment; from there live again */
};
struct hr_hop {
    enum hr_hop_kind kind;
    int64_t by;
};

enum hr_sort { HR_SORT_CPU, HR_SORT_MEMORY, HR_SORT_IO, HR_SORT_PID, HR_SORT_NAME, HR_SORTS };

struct hr_top_row { /* of the table, as it was drawn last */
    int job;         /* index into the model's jobs; -1 */
    int pid;         /* of the process, or of the job's lead */
};
enum { HR_TOP_OPEN = 32, HR_TOP_ROWS = 128, HR_TOP_FILTER = 48, HR_TOP_LAZY = 4096 };

struct hr_top_view {
    enum hr_sort sort;
    bool reverse, tree, help, typing, all_open, alerts;
    char filter[HR_TOP_FILTER];
    int open[HR_TOP_OPEN]; /* lead pids of the jobs whose members are shown */
    unsigned open_n;
    int chosen;             /* pid; 0: none */
    bool chosen_job;        /* it is the row of a job, not of its lead */
    int edge;               /* the row at this edge is to be chosen: 1 the last, -1 the first */
    bool other_ground;      /* light where it was taken for dark, and the other way round */
    int first, rows, total; /* the table's first row shown, how many fit, how many there are */
    uint64_t span;          /* ns of a plot's column */
    uint64_t moment;        /* wall time of the look that is shown; 0: the newest, live */
    struct hr_hop hop;      /* what is still to be done about it */
    int wide;               /* columns that a plot may have: twice the screen's */
    char said[96];          /* what came of the last one, where it could not be done */
    struct hr_area line;    /* of the time line, where a click goes to */
    /* The load of processes, smoothed: what is sorted by, so that rows do not jump with every tick.  By pid modulo the size. */
    struct hr_top_lazy {
        int pid;
        float cpu;
    } lazy[HR_TOP_LAZY];
    uint64_t lazy_seq;
    struct hr_top_row row[HR_TOP_ROWS];
    struct hr_area table;    /* of the rows themselves */
    int head_x[HR_SORTS], head_w[HR_SORTS]; /* where a click sorts */
    uint64_t plotted;       /* the number of the plots' last cell in the frame before, and the span it had */
    uint64_t step;
};

enum hr_top_wish { HR_TOP_NOTHING, HR_TOP_REDRAW, HR_TOP_QUIT, HR_TOP_SUSPEND, HR_TOP_REPAINT };

void hr_top_init(struct hr_top_view *v);
/* Draws the whole of `s`.  `painter` is given hints of what moved, and tells what the terminal can. */
void hr_top_draw(struct hr_top_view *v, const struct hr_top_scene *scene, struct hr_cells *s, struct hr_painter *painter);
enum hr_top_wish hr_top_event(struct hr_top_view *v, const struct hr_event *e, const struct hr_top_scene *scene);

#endif

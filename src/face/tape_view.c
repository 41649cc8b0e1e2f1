#include "tape_view.h"

#include "mem.h"
#include "top.h"

#include <stdio.h>
#include <string.h>

struct played {
    struct hr_tape *tape;
    struct hr_series *series;
    struct hr_model *model; /* of the moment that is shown */
    size_t shown;           /* its frame; SIZE_MAX: none */
    uint64_t newest;        /* wall time of the last moment */
    char source[80];
};

bool hr_tape_view_able(void)
{
    return hr_top_able();
}

/* The past of all values.  A recording may hold several runs of the machine, whose monotonic clocks begin anew: its own time is the
 * wall's. */
static int fill(struct played *p, uint64_t from, uint64_t to)
{
    const struct hr_model *m;
    struct hr_model *one = p->model;
    for (size_t i = 0; i < p->tape->n; i++) {
        const struct hr_frame *f = &p->tape->frame[i];
        if (!hr_frame_moment(f) || f->wall < from || f->wall > to || hr_tape_model(p->tape, i, &m, NULL) < 0)
            continue;
        memcpy(one, m, hr_model_bytes(m));
        one->at = f->wall;
        one->wall = f->wall;
        hr_series_take(p->series, one);
        p->newest = HR_MAX(p->newest, f->wall);
    }
    return p->newest != 0 ? 0 : HR_E_NOT_FOUND;
}

static bool begin(void *ctx, struct hr_top_view *v, struct hr_top_scene *ret)
{
    struct played *p = ctx;
    const struct hr_model *m;
    size_t i = hr_tape_find(p->tape, p->newest - HR_MIN(v->back, p->newest));
    if (i != SIZE_MAX && i != p->shown && hr_tape_model(p->tape, i, &m, NULL) == 0) {
        memcpy(p->model, m, hr_model_bytes(m));
        p->model->seq = i + 1;
        p->shown = i;
    }
    p->model->at = p->newest; /* the plots end `back` before it */
    *ret = (struct hr_top_scene) { .m = p->model, .s = p->series, .newest = p->newest, .source = p->source };
    return true;
}

static void end(void *ctx)
{
    (void)ctx;
}

int hr_tape_view(struct hr_tape *t, uint64_t from, uint64_t to, bool no_color, struct hr_error *err)
{
    struct played p = { .tape = t, .shown = SIZE_MAX };
    const char *name = strrchr(t->path, '/');
    snprintf(p.source, sizeof p.source, "replay of %.60s", name != NULL ? name + 1 : t->path);
    p.model = hr_calloc(1, sizeof *p.model);
    int r = p.model == NULL ? hr_fail_nomem(err, sizeof *p.model, "the view") : hr_series_open(&p.series, err);
    if (r == 0 && fill(&p, from, to) < 0)
        r = hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no moment of that time that can be read", t->path);
    if (r == 0) {
        struct hr_top_source source = { &p, begin, end };
        struct hr_top_options o = { .no_color = no_color };
        r = hr_top_run(&source, &o, err);
    }
    hr_series_close(p.series);
    hr_free(p.model);
    return r;
}

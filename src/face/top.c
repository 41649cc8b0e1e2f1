#include "top.h"

#include "clock.h"
#include "collector.h"
#include "env.h"
#include "mem.h"
#include "bygone_view.h"
#include "ring_alerts.h"
#include "screen.h"
#include "tty.h"

#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
enum { FRAME_MAX = 8 << 20, PAST = 17 * HR_RING_BLOCK };

struct top {
    const struct hr_top_source *source;
    struct hr_top_view view;
    struct hr_cells cells;
    struct hr_painter painter;
    struct hr_keys keys;
    struct hr_buf out;
    bool dirty, light;
    uint64_t quiet_since; /* since when the source has been busy; 0: it is not */
};

bool hr_top_able(void)
{
    struct hr_term_caps caps = hr_term_caps(hr_env);
    return caps.able && hr_is_terminal(0) && hr_is_terminal(1);
}

static bool fit(struct top *t)
{
    struct hr_screen_size size = hr_screen_size();
    hr_paint_forget(&t->painter);
    t->dirty = true;
    return hr_cells_resize(&t->cells, size.w, size.h);
}

/* The sampler holds its lock for longer than a tick should take: the last frame stays, and says so. */
static void say_busy(struct top *t)
{
    if (t->quiet_since == 0)
        t->quiet_since = hr_now();
    uint64_t since = hr_now() - t->quiet_since;
    if (since < 1000 * MS)
        return;
    char text[80];
    snprintf(text, sizeof text, " the sampler has been waiting for the machine for %u s ", (unsigned)(since / (1000 * MS)));
    hr_cells_put(&t->cells, 0, 0, t->cells.w, (struct hr_style) { HR_INK_BAD, HR_INK_HEAD, HR_BOLD }, text);
}

static void draw(struct top *t)
{
    struct hr_top_scene scene = { 0 };
    if (t->source->begin(t->source->ctx, &t->view, &scene)) {
        t->quiet_since = 0;
        hr_top_draw(&t->view, &scene, &t->cells, &t->painter);
        t->source->end(t->source->ctx);
    } else {
        say_busy(t);
    }
    hr_buf_reset(&t->out);
    if (hr_paint(&t->painter, &t->cells, &t->out))
        hr_screen_send(t->out.data, t->out.len);
    t->dirty = false;
}

/* False: the user leaves. */
static bool obey(struct top *t, const struct hr_event *e)
{
    struct hr_top_scene scene = { 0 };
    bool have = t->source->begin(t->source->ctx, &t->view, &scene);
    enum hr_top_wish wish = hr_top_event(&t->view, e, &scene);
    if (have)
        t->source->end(t->source->ctx);
    if (wish == HR_TOP_REPAINT) {
        t->painter.caps.light = t->light != t->view.other_ground;
        hr_paint_forget(&t->painter);
    }
    if (wish == HR_TOP_SUSPEND)
        hr_screen_suspend();
    t->dirty |= wish != HR_TOP_NOTHING;
    return wish != HR_TOP_QUIT;
}

static bool listen_keys(struct top *t)
{
    unsigned char bytes[512];
    struct hr_event e;
    for (size_t n; (n = hr_screen_read(bytes, sizeof bytes)) > 0;)
        for (size_t i = 0; i < n; i++)
            if (hr_keys_take(&t->keys, bytes[i], &e) && !obey(t, &e))
                return false;
    return true;
}

static int loop(struct top *t, struct hr_error *err)
{
    if (!fit(t))
        return hr_fail_nomem(err, 0, "the screen");
    for (;;) {
        if (t->dirty && !hr_screen_pending())
            draw(t);
        bool lone = hr_keys_waiting(&t->keys);
        unsigned what = hr_screen_wait(hr_now() + (lone ? 30 : 1000) * MS);
        struct hr_event e;
        if ((what & HR_SCREEN_END) != 0)
            return 0;
        if ((what & HR_SCREEN_AGAIN) != 0)
            hr_paint_forget(&t->painter);
        if ((what & (HR_SCREEN_RESIZED | HR_SCREEN_AGAIN)) != 0 && !fit(t))
            return hr_fail_nomem(err, 0, "the screen");
        if ((what & HR_SCREEN_INPUT) != 0 && !listen_keys(t))
            return 0;
        if (lone && (what & HR_SCREEN_INPUT) == 0 && hr_keys_settle(&t->keys, &e) && !obey(t, &e))
            return 0;
        if ((what & HR_SCREEN_WOKEN) != 0 || what == 0)
            t->dirty |= (what & HR_SCREEN_WOKEN) != 0 || t->quiet_since != 0;
    }
}

int hr_top_run(const struct hr_top_source *source, const struct hr_top_options *o, struct hr_error *err)
{
    struct top *t = hr_calloc(1, sizeof *t);
    if (t == NULL)
        return hr_fail_nomem(err, sizeof *t, "the view");
    t->source = source;
    t->out = HR_BUF_INIT(FRAME_MAX);
    t->painter.caps = hr_term_caps(hr_env);
    t->light = t->painter.caps.light;
    if (o->ascii)
        t->painter.caps.glyphs = HR_GLYPHS_ASCII;
    if (o->no_color)
        t->painter.caps.depth = HR_DEPTH_NONE;
    hr_top_init(&t->view);
    t->view.sort = o->sort;
    t->view.moment = o->moment;
    if (o->filter != NULL)
        snprintf(t->view.filter, sizeof t->view.filter, "%s", o->filter);
    int r = hr_screen_open(!o->no_mouse, err);
    if (r == 0)
        r = loop(t, err);
    hr_screen_close();
    hr_buf_fini(&t->out);
    hr_cells_fini(&t->cells);
    hr_painter_fini(&t->painter);
    hr_free(t);
    return r;
}

size_t hr_top_alerts(const struct hr_episodes *e, struct hr_top_alert *ret, size_t most)
{
    const struct hr_episode *on[HR_TOP_ALERTS];
    size_t n = hr_episodes_on(e, on, HR_MIN(most, (size_t)HR_TOP_ALERTS));
    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct hr_top_alert) { .level = (enum hr_top_level)on[i]->level, .since = on[i]->since, .curve = on[i]->curve };
        snprintf(ret[i].key, sizeof ret[i].key, "%s", on[i]->key);
        snprintf(ret[i].text, sizeof ret[i].text, "%s", on[i]->text);
    }
    return n;
}

/* --- this machine, live --- */
struct live {
    struct hr_collector collector;
    const struct hr_top_live *given;
    struct hr_ring *ring; /* looks that were; NULL: memory was short at birth, there is no past but the curves */
    struct hr_ring_alerts told;
    struct hr_bygone_view seen;
    bool recorded, locked; /* the past is a recorder's file; the collector's lock is held */
    struct hr_model *frozen; /* the look at which the view was stopped, with all of its processes */
    struct hr_top_alert alert[HR_TOP_ALERTS];
    char act_said[160];
};

static void after_tick(void *ctx, const struct hr_model *m)
{
    struct live *l = ctx;
    if (l->ring != NULL && hr_ring_put(l->ring, m, NULL) == 0)
        (void)!hr_ring_alerts_put(&l->told, l->ring, l->collector.alarm.episodes, NULL);
    if (l->given->after != NULL)
        l->given->after(l->given->ctx, m);
}

static void wake(void *ctx)
{
    (void)ctx;
    hr_screen_wake();
}

static void forget_past(struct live *l)
{
    hr_bygone_close(l->seen.past);
    l->seen.past = NULL;
    hr_free(l->frozen);
    l->frozen = NULL;
}

/* The recorder's file, if a recorder writes to it. */
static struct hr_bygone *recorded(const struct live *l)
{
    struct hr_bygone *p = NULL;
    if (l->given->recording == NULL || hr_bygone_open(l->given->recording, &p, NULL) < 0)
        return NULL;
    if (hr_bygone_fresh(p, hr_wall()))
        return p;
    hr_bygone_close(p);
    return NULL;
}

/* The past that reaches further back: what was kept here, or recorded.  Under the lock. */
static void open_past(struct live *l, struct hr_bygone *file)
{
    struct hr_bygone *own = NULL;
    uint64_t from[2] = { UINT64_MAX, UINT64_MAX }, to;
    if (l->ring != NULL && hr_bygone_open_ring(l->ring, hr_watch_series(l->collector.watch), &own, NULL) == 0)
        (void)!hr_bygone_reach(own, &from[0], &to);
    if (file != NULL)
        (void)!hr_bygone_reach(file, &from[1], &to);
    l->recorded = file != NULL && (own == NULL || from[1] < from[0]);
    l->seen = (struct hr_bygone_view) { .past = l->recorded ? file : own, .kept = l->recorded ? "from the recorder's file" : "kept by this view", .live = true };
    hr_bygone_close(l->recorded ? own : file);
}

static bool lock(struct live *l)
{
    l->locked = hr_collector_lock(&l->collector, 30 * MS);
    return l->locked;
}

/* The newest look, and what is on now. */
static struct hr_top_scene newest(struct live *l)
{
    const struct hr_model *m = hr_watch_model(l->collector.watch);
    struct hr_top_scene sc = { .m = m, .s = hr_watch_series(l->collector.watch), .alert = l->alert, .time.to = m->wall };
    sc.marks = hr_episodes_marks(l->collector.alarm.episodes);
    hr_alarm_said(&l->collector.alarm, l->act_said, sizeof l->act_said);
    sc.act_said = l->act_said;
    sc.alerts = hr_top_alerts(l->collector.alarm.episodes, l->alert, HR_TOP_ALERTS);
    return sc;
}

/* Stops at the newest look: all of it is kept, not only what a ring would keep. */
static void freeze(struct live *l, struct hr_top_view *v)
{
    const struct hr_model *m = hr_watch_model(l->collector.watch);
    l->frozen = hr_malloc(sizeof *l->frozen);
    v->hop = (struct hr_hop) { HR_HOP_NONE, 0 };
    if (l->frozen == NULL)
        return;
    memcpy(l->frozen, m, hr_model_bytes(m));
    v->moment = m->wall;
}

/* A moment that is gone.  False: it cannot be shown. */
static bool show_past(struct live *l, struct hr_top_view *v, struct hr_top_scene *ret)
{
    const struct hr_model *m = hr_watch_model(l->collector.watch); /* under the lock unless the past is a recorder's */
    uint64_t now = l->recorded ? hr_wall() : m->wall;
    if (l->seen.past == NULL || !hr_bygone_scene(&l->seen, v, now, ret))
        return false;
    if (!l->recorded) {
        ret->s = hr_watch_series(l->collector.watch);
        ret->end = m->at - HR_MIN(now - HR_MIN(v->moment, now), m->at);
    }
    hr_bygone_curves(&l->seen, ret);
    ret->marks = hr_episodes_marks(l->collector.alarm.episodes);
    return true;
}

static bool is_frozen(const struct live *l, const struct hr_top_view *v)
{
    return l->frozen != NULL && v->moment == l->frozen->wall;
}

/* What needs nothing of the sampler: walking about in a recorder's file. */
static bool show_recorded(struct live *l, struct hr_top_view *v, struct hr_top_scene *ret)
{
    if (l->seen.past == NULL || !l->recorded)
        return false;
    hr_bygone_hop(&l->seen, v, hr_wall());
    return v->moment != 0 && !is_frozen(l, v) && show_past(l, v, ret);
}

static bool live_begin(void *ctx, struct hr_top_view *v, struct hr_top_scene *ret)
{
    struct live *l = ctx;
    if (show_recorded(l, v, ret))
        return true;
    bool hop = v->hop.kind != HR_HOP_NONE;
    struct hr_bygone *file = hop && l->seen.past == NULL ? recorded(l) : NULL;
    if (!lock(l)) {
        hr_bygone_close(file);
        return false;
    }
    *ret = newest(l);
    if (hop && l->seen.past == NULL)
        open_past(l, file);
    if (v->hop.kind == HR_HOP_STOP && v->moment == 0)
        freeze(l, v);
    if (l->seen.past != NULL)
        hr_bygone_hop(&l->seen, v, ret->m->wall);
    v->hop = (struct hr_hop) { HR_HOP_NONE, 0 };
    bool shown = v->moment != 0 && show_past(l, v, ret);
    if (is_frozen(l, v)) {
        ret->m = l->frozen;
        ret->end = l->recorded ? v->moment : l->frozen->at;
    } else if (!shown) {
        v->moment = 0;
    }
    if (v->moment == 0)
        forget_past(l);
    return true;
}

static void live_end(void *ctx)
{
    struct live *l = ctx;
    if (l->locked)
        hr_collector_unlock(&l->collector);
    l->locked = false;
}

int hr_top(const struct hr_top_live *given, const struct hr_top_options *o, struct hr_error *err)
{
    struct live *l = hr_calloc(1, sizeof *l);
    if (l == NULL)
        return hr_fail_nomem(err, sizeof *l, "the live view");
    l->given = given;
    l->collector.watch = given->watch;
    l->collector.period = given->period > 0 ? given->period : 1000 * MS;
    l->collector.alarms = given->alarms;
    l->collector.after = after_tick;
    l->collector.told = wake;
    l->collector.ctx = l;
    if (hr_ring_open_memory(PAST, &l->ring, NULL) < 0)
        l->ring = NULL;
    int r = hr_collector_start(&l->collector, err);
    if (r == 0) {
        struct hr_top_source source = { l, live_begin, live_end };
        r = hr_top_run(&source, o, err);
        hr_collector_stop(&l->collector);
    }
    forget_past(l);
    hr_ring_close(l->ring);
    hr_free(l);
    return r;
}

#include "episode_curve.h"

#include "say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void gap(struct hr_episode_curve *c, unsigned i)
{
    c->part[i].low = 1;
    c->part[i].high = 0;
}

static bool is_known(const struct hr_episode_curve *c, unsigned i)
{
    return c->part[i].low <= c->part[i].high;
}

static void join(struct hr_episode_curve *c, unsigned i, float low, float high)
{
    bool have = is_known(c, i);
    c->part[i].low = have ? HR_MIN(c->part[i].low, low) : low;
    c->part[i].high = have ? HR_MAX(c->part[i].high, high) : high;
}

void hr_episode_curve_begin(struct hr_episode_curve *c, const struct hr_metric_word *what, bool slides)
{
    *c = (struct hr_episode_curve) { .what = what, .step = HR_EPISODE_CURVE_STEP, .slides = slides };
}

/* C1, C2 */
static void halve(struct hr_episode_curve *c)
{
    uint64_t half = c->first / 2;
    unsigned n = 0;
    for (unsigned i = 0; i < c->n; i++) {
        bool known = is_known(c, i);
        float low = c->part[i].low, high = c->part[i].high;
        unsigned k = (unsigned)((c->first + i) / 2 - half);
        if (k == n)
            gap(c, n++);
        if (known)
            join(c, k, low, high);
    }
    c->n = n;
    c->first = half;
    c->step *= 2;
}

static void slide(struct hr_episode_curve *c, uint64_t number)
{
    uint64_t by = number - c->first - (HR_EPISODE_CURVE_LEAD - 1);
    if (by >= c->n) {
        c->n = 0;
        c->first = number;
        return;
    }
    c->n -= (unsigned)by;
    c->first += by;
    memmove(c->part, c->part + by, c->n * sizeof c->part[0]);
}

/* The place of the part with this number; -1: before the first. */
static int place(struct hr_episode_curve *c, uint64_t number)
{
    if (c->n == 0)
        c->first = number;
    if (number < c->first)
        return -1;
    if (c->slides && number - c->first >= HR_EPISODE_CURVE_LEAD)
        slide(c, number);
    for (; number - c->first >= HR_EPISODE_CURVE_POINTS; number /= 2)
        halve(c);
    unsigned at = (unsigned)(number - c->first);
    while (c->n <= at)
        gap(c, c->n++);
    return (int)at;
}

void hr_episode_curve_add(struct hr_episode_curve *c, struct hr_episode_curve_time t, bool known, double v)
{
    uint64_t span = HR_MIN(t.span, t.at);
    known = known && v >= 0 && v < (double)INFINITY;
    if (place(c, t.at / c->step) < 0)
        return;
    c->at = t.at;
    c->wall = t.wall;
    if (!known)
        return;
    uint64_t to = t.at / c->step, from = span > HR_SERIES_HOLD ? to : HR_MIN((t.at - span) / c->step + 1, to);
    for (uint64_t k = HR_MAX(from, c->first); k <= to; k++)
        join(c, (unsigned)(k - c->first), (float)v, (float)v);
}

void hr_episode_curve_past(struct hr_episode_curve *c, const struct hr_series *s, struct hr_episode_curve_time t, uint64_t lasted, enum hr_metric metric,
                           unsigned gpu)
{
    struct hr_bucket b[HR_EPISODE_CURVE_POINTS];
    hr_episode_curve_begin(c, hr_metric_word(metric), false);
    uint64_t span = lasted + HR_EPISODE_CURVE_LEAD * HR_EPISODE_CURVE_STEP;
    while (span / c->step > HR_EPISODE_CURVE_POINTS)
        c->step *= 2;
    uint64_t n = span / c->step, newest = t.at / c->step;
    if (lasted == 0) /* now, and from the finest tier alone: a coarser one would tell of the time before anybody looked */
        hr_series_plot(s, metric, gpu, span, b, n);
    else
        hr_series_columns(s, metric, gpu, c->step, newest, b, n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t behind = n - 1 - i;
        int at = behind > newest || (c->n == 0 && !b[i].known) ? -1 : place(c, newest - behind);
        if (at >= 0 && b[i].known)
            join(c, (unsigned)at, (float)b[i].min, (float)b[i].max);
    }
    c->at = t.at;
    c->wall = t.wall;
}

void hr_episode_curve_trim(struct hr_episode_curve *c, uint64_t at)
{
    uint64_t first = c->n == 0 ? 0 : at / c->step, by = first > c->first ? HR_MIN(first - c->first, (uint64_t)c->n) : 0;
    c->n -= (unsigned)by;
    c->first += by;
    memmove(c->part, c->part + by, c->n * sizeof c->part[0]);
}

/* --- looked at --- */

static bool range(const struct hr_episode_curve *c, double *low, double *high)
{
    bool any = false;
    for (unsigned i = 0; i < c->n; i++)
        if (is_known(c, i)) {
            *low = any ? HR_MIN(*low, (double)c->part[i].low) : (double)c->part[i].low;
            *high = any ? HR_MAX(*high, (double)c->part[i].high) : (double)c->part[i].high;
            any = true;
        }
    return any;
}

bool hr_episode_curve_columns(const struct hr_episode_curve *c, double *ret, size_t width, double *ret_low, double *ret_high)
{
    size_t shown = HR_MIN(width, (size_t)c->n);
    for (size_t x = 0; x < width; x++)
        ret[x] = -1;
    for (size_t x = 0; x < shown; x++)
        for (size_t i = x * c->n / shown; i < (x + 1) * c->n / shown; i++)
            if (is_known(c, (unsigned)i))
                ret[x] = HR_MAX(ret[x], (double)c->part[i].high);
    return range(c, ret_low, ret_high);
}

void hr_episode_curve_spark(const struct hr_episode_curve *c, unsigned width, bool ascii, struct hr_buf *out)
{
    static const char *const eighths[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    static const char *const letters[] = { "_", ".", "-", "=", "+", "*", "#", "@" };
    double v[HR_EPISODE_CURVE_POINTS], low = 0, high = 0;
    width = HR_MIN(HR_MIN(width, (unsigned)HR_EPISODE_CURVE_POINTS), c->n);
    if (!hr_episode_curve_columns(c, v, width, &low, &high))
        return;
    for (unsigned x = 0; x < width; x++) {
        int e = high > low ? (int)((v[x] - low) / (high - low) * 7 + 0.5) : 3;
        hr_buf_adds(out, v[x] < 0 ? " " : (ascii ? letters : eighths)[HR_MIN(HR_MAX(e, 0), 7)]);
    }
}

void hr_episode_curve_range(const struct hr_episode_curve *c, char *ret, size_t n)
{
    double low = 0, high = 0;
    ret[0] = 0;
    if (c->what == NULL)
        return;
    if (range(c, &low, &high))
        snprintf(ret, n, "%s %s to %s", c->what->name, hr_say_unit(low, c->what->unit).text, hr_say_unit(high, c->what->unit).text);
    else
        snprintf(ret, n, "%s –", c->what->name);
}

static void column(const struct hr_episode_curve *c, struct hr_jw *w, const char *key, bool high)
{
    hr_jw_key(w, key);
    hr_jw_array_flat(w);
    for (unsigned i = 0; i < c->n; i++) {
        if (is_known(c, i))
            hr_jw_f32(w, high ? c->part[i].high : c->part[i].low);
        else
            hr_jw_null(w);
    }
    hr_jw_end(w);
}

void hr_episode_curve_json(const struct hr_episode_curve *c, struct hr_jw *w)
{
    bool gaps = false;
    if (c->what == NULL) {
        hr_jw_null(w);
        return;
    }
    hr_jw_object(w);
    hr_jw_kstr(w, "metric", c->what->key);
    hr_jw_kstr(w, "name", c->what->name);
    hr_jw_kstr(w, "unit", hr_metric_unit_name(c->what->unit));
    hr_jw_ku64(w, "step_ms", c->step / 1000000);
    hr_jw_key(w, "times");
    hr_jw_array_flat(w);
    for (unsigned i = 0; i < c->n; i++) {
        uint64_t begins = (c->first + i) * c->step, ago = c->at > begins ? c->at - begins : 0;
        hr_jw_u64(w, (c->wall > ago ? c->wall - ago : 0) / 1000000);
        gaps |= !is_known(c, i);
    }
    hr_jw_end(w);
    column(c, w, "low", false);
    column(c, w, "high", true);
    if (gaps)
        hr_jw_kstr(w, "unknown", "nobody looked then, or the value could not be had");
    hr_jw_end(w);
}

#include "fill.h"

#include <math.h>
#include <string.h>

enum { LEAST_POINTS = 8, GROUPS = 12, TEETH_LEAST = 4 };
#define SECONDS_LEAST 11.0  /* of a stretch */
#define LONGER 1.4          /* from one stretch that is tried to the next */
#define NOISE (1.0 / 12)    /* F1 */
#define TEETH_FOR 3600.0
#define STEP 30.0           /* of the coarse points */
#define PRECISE 0.08        /* two standard errors of the slope, as a share of it */
#define LATELY 60.0         /* a long stretch must still fall by now */
#define TOOTH_LEAST (8.0 * 1048576)

/* --- the past --- */

static void add(struct hr_fill_point *sum, unsigned *n, double at, double left)
{
    if (*n == 0)
        *sum = (struct hr_fill_point) { .low = left, .low_at = at, .begun = at };
    sum->at += at;
    sum->left += left;
    sum->last = at;
    if (left <= sum->low) {
        sum->low = left;
        sum->low_at = at;
    }
    ++*n;
}

static void close_point(struct hr_fill_point *ring, unsigned room, unsigned *ever, struct hr_fill_point *sum, unsigned *n)
{
    sum->at /= *n;
    sum->left /= *n;
    ring[(*ever)++ % room] = *sum;
    *n = 0;
}

/* A fall that came back by a third is a tooth. */
static void teeth(struct hr_fill *f, double at, double left)
{
    if (!f->begun) {
        f->begun = true;
        f->high = f->low = left;
    }
    f->low = fmin(f->low, left);
    double fell = f->high - f->low;
    if (left > f->low + fell / 3 && fell >= TOOTH_LEAST) {
        f->tooth[f->teeth++ % HR_FILL_TEETH] = (struct hr_fill_tooth) { at, f->low, fell };
        f->high = f->low = left;
    }
    if (left > f->high) /* it still comes back */
        f->high = f->low = left;
}

void hr_fill_take(struct hr_fill *f, uint64_t now, uint64_t bytes)
{
    double at = (double)now * 1e-9, left = (double)bytes;
    if (f->second_n != 0 && (floor(at) != floor(f->second.at / f->second_n)))
        close_point(f->fine, HR_FILL_FINE, &f->fine_n, &f->second, &f->second_n);
    if (f->half_n != 0 && floor(at / STEP) != floor(f->half.at / f->half_n / STEP))
        close_point(f->coarse, HR_FILL_COARSE, &f->coarse_n, &f->half, &f->half_n);
    teeth(f, at, left);
    add(&f->second, &f->second_n, at, left);
    add(&f->half, &f->half_n, at, left);
}

/* --- a stretch of it --- */

struct line {
    double slope, at, left, noise, span; /* left: of the line at `at`, the last point's time */
    double depth;                        /* how far what is left falls below the line, as far as is seen */
    unsigned n;
};

/* Least squares over points [from, n): the oldest first. */
static bool line_of(const struct hr_fill_point *p, unsigned from, unsigned n, struct line *ret)
{
    double t = 0, v = 0, tt = 0, tv = 0, rest = 0;
    unsigned k = n - from;
    if (k < 2)
        return false;
    for (unsigned i = from; i < n; i++) {
        t += p[i].at;
        v += p[i].left;
    }
    t /= k;
    v /= k;
    for (unsigned i = from; i < n; i++) {
        tt += (p[i].at - t) * (p[i].at - t);
        tv += (p[i].at - t) * (p[i].left - v);
    }
    if (tt <= 0)
        return false;
    double slope = tv / tt, below = 0, most = 0;
    for (unsigned i = from; i < n; i++) {
        double d = p[i].left - v - slope * (p[i].at - t);
        rest += d * d;
        below += fmax(p[i].left - p[i].low + slope * (p[i].last - p[i].begun) / 2, 0) / k; /* beyond what the slope itself makes */
        most = fmax(most, d * d);
    }
    double noise = sqrt(rest / k);
    if (most > (3.2 * noise) * (3.2 * noise) && k > LEAST_POINTS + 4 && noise > -slope * (p[n - 1].at - p[from].at) / 200) /* one that does not belong */
        return false;
    *ret = (struct line) { slope, p[n - 1].at, v + slope * (p[n - 1].at - t), noise, p[n - 1].at - p[from].at, below + noise * sqrt(3), k };
    return true;
}

static bool like(double part, double whole, double within)
{
    return part < 0 && part <= whole / within && part >= whole * within;
}

/* F1 */
static bool steady(const struct hr_fill_point *p, unsigned n, struct line *ret, struct line half[2])
{
    struct line late;
    if (n < LEAST_POINTS || !line_of(p, 0, n, ret) || !(ret->slope < 0) || ret->noise > -ret->slope * ret->span * NOISE)
        return false;
    unsigned quarter = n - (n / 4 < 3 ? 3 : n / 4);
    double rough = 2 * ret->noise * sqrt(12.0 / (n - quarter)) / (ret->span / 4) / -ret->slope; /* what noise alone does to the slope of a quarter */
    return line_of(p, 0, (n + 1) / 2, &half[0]) && line_of(p, n / 2, n, &half[1]) && line_of(p, quarter, n, &late) &&
           like(half[0].slope, ret->slope, 1.2) && like(half[1].slope, ret->slope, 1.2) && like(late.slope, ret->slope, fmin(1.25 + rough, 2));
}

static unsigned teeth_within(const struct hr_fill *f, double since)
{
    unsigned n = f->teeth < HR_FILL_TEETH ? f->teeth : HR_FILL_TEETH, within = 0;
    for (unsigned i = 0; i < n; i++)
        within += f->tooth[i].at >= since;
    return within;
}

/* F3: as low as this it was, and came back. */
static bool was_there(const struct hr_fill *f, const struct line *l)
{
    unsigned n = f->teeth < HR_FILL_TEETH ? f->teeth : HR_FILL_TEETH;
    bool low = false;
    for (unsigned i = 0; i < n; i++) {
        const struct hr_fill_tooth *t = &f->tooth[i];
        double fell = -l->slope * l->span;
        if (l->at - t->at > TEETH_FOR || t->came_back < fell / 4)
            continue;
        low = low || l->left > t->low - t->came_back / 2;
    }
    return low && teeth_within(f, l->at - l->span) < TEETH_LEAST;
}

static bool tell(const struct hr_fill *f, const struct line *l, const struct line half[2], double now, struct hr_fill_forecast *ret)
{
    double left = fmax(l->left - l->depth + l->slope * (now - l->at), 0), slope = -l->slope;
    double spread = 2 * l->noise * sqrt(12.0 / l->n) / l->span + fabs(half[0].slope - half[1].slope) / 4 + slope / 20;
    if (2 * l->noise * sqrt(12.0 / l->n) / l->span > slope * PRECISE)
        return false;
    *ret = (struct hr_fill_forecast) { left / slope, left / (slope + spread), left / fmax(slope - spread, slope / 4), slope, l->span };
    return ret->likely <= HR_FILL_REACH * l->span && !was_there(f, l); /* F2 */
}

/* The newest points of the last `span` seconds, oldest first; the one that fills is left out. */
static unsigned newest(const struct hr_fill_point *ring, unsigned room, unsigned ever, double now, double span, struct hr_fill_point *to)
{
    unsigned have = ever < room ? ever : room, n = 0;
    while (n < have && ring[(ever - 1 - n) % room].at >= now - span)
        n++;
    for (unsigned i = 0; i < n; i++)
        to[i] = ring[(ever - n + i) % room];
    return n;
}

/* The lowest of each of GROUPS parts. */
static unsigned lowest(const struct hr_fill_point *p, unsigned n, struct hr_fill_point *to)
{
    unsigned m = 0;
    for (unsigned g = 0; g < GROUPS; g++) {
        unsigned from = g * n / GROUPS, end = (g + 1) * n / GROUPS;
        if (from == end)
            continue;
        unsigned least = from;
        for (unsigned i = from; i < end; i++)
            least = p[i].low < p[least].low ? i : least;
        double at = p[least].low_at;
        to[m++] = (struct hr_fill_point) { at, p[least].low, p[least].low, at, at, at };
    }
    return m;
}

bool hr_fill_when(const struct hr_fill *f, struct hr_fill_forecast *ret)
{
    struct hr_fill_point p[HR_FILL_FINE], low[GROUPS];
    struct line l, half[2];
    if (f->second_n == 0)
        return false;
    double now = f->second.at / f->second_n;
    struct line late;
    unsigned lately = newest(f->fine, HR_FILL_FINE, f->fine_n, now, LATELY, p);
    bool late_known = lately >= LEAST_POINTS && line_of(p, 0, lately, &late);
    for (double span = SECONDS_LEAST; span < HR_FILL_FINE * 1.01; span *= LONGER) {
        unsigned n = newest(f->fine, HR_FILL_FINE, f->fine_n, now, span, p);
        if (n >= LEAST_POINTS && now - p[0].at >= span * 0.8 && p[n - 1].at - p[0].at >= SECONDS_LEAST - 2.5 && steady(p, n, &l, half) &&
            (!late_known || l.span < 2 * LATELY || like(late.slope, l.slope, 2)) && tell(f, &l, half, now, ret))
            return true;
    }
    for (double span = 10 * STEP; span < HR_FILL_COARSE * STEP * 1.01; span *= LONGER) {
        unsigned n = newest(f->coarse, HR_FILL_COARSE, f->coarse_n, now, span, p);
        if (n < LEAST_POINTS || now - p[0].at < span * 0.8)
            continue;
        if (steady(p, n, &l, half) && (!late_known || like(late.slope, l.slope, 2)) && tell(f, &l, half, now, ret))
            return true;
        if (teeth_within(f, p[0].at) < TEETH_LEAST)
            continue;
        n = lowest(p, n, low);
        if (steady(low, n, &l, half) && tell(f, &l, half, now, ret))
            return true;
    }
    return false;
}

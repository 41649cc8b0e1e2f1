/* Rings of 16-bit codes.  Invariants:
 *  I1  code 0 is a gap, so fresh zero pages are gaps and cost no memory.
 *  I2  ring slot (bucket number % room) holds bucket numbers head-room+1 .. head-1; bucket `head` is in the accumulator.
 *  I3  whoever moves head forward writes every bucket it passes. */
#include "series.h"

#include "mem.h"

#include <math.h>
#include <string.h>

enum { SECONDS = 3600, TENS = 8640, MINUTES = 43200 };
#define SECOND UINT64_C(1000000000)

struct coarse {
    uint16_t min, avg, max;
};
struct filling { /* the bucket `head` of one tier */
    float min, max;
    double sum;
    uint32_t n;
};
struct slot {
    bool used; /* it had a value once: until then all of it is gaps, and moving its head would write what is there */
    struct filling filling[HR_TIERS];
    uint16_t second[SECONDS];
    struct coarse ten[TENS], minute[MINUTES];
};
struct hr_series {
    uint64_t head[HR_TIERS], first[HR_TIERS]; /* bucket numbers; first: the oldest that was ever filled */
    uint64_t last, wall;                      /* of the last tick; last 0: none yet */
    uint64_t begun;                           /* of the first; 0: not known */
    struct slot *slot;
};

uint64_t hr_tier_step(enum hr_tier t)
{
    static const uint64_t steps[HR_TIERS] = { SECOND, 10 * SECOND, 60 * SECOND };
    return steps[t];
}

size_t hr_tier_room(enum hr_tier t)
{
    static const size_t rooms[HR_TIERS] = { SECONDS, TENS, MINUTES };
    return rooms[t];
}

/* --- 16 bits --- */

/* Thousands of a unit matter (0.25 %), so values are taken times 1024: exact up to 2, then 10 bits of mantissa. */
static uint16_t encode(double v)
{
    if (!(v >= 0))
        return 0;
    double scaled = v * 1024 + 0.5;
    uint64_t x = scaled < 9e18 ? (uint64_t)scaled : UINT64_C(9000000000000000000);
    if (x < 2048)
        return (uint16_t)(1 + x);
    unsigned e = 63 - (unsigned)__builtin_clzll(x);
    uint64_t m = (x + (UINT64_C(1) << (e - 11))) >> (e - 10);
    return (uint16_t)(1 + 2048 + (e - 11) * 1024 + (m - 1024)); /* m == 2048 is the first of the next e */
}

static double decode(uint16_t c)
{
    if (c <= 2048)
        return (c - 1) / 1024.0;
    unsigned rest = c - 2049u;
    return ldexp(1024.0 + rest % 1024, (int)(rest / 1024) + 1 - 10);
}

/* --- birth --- */

int hr_series_open(struct hr_series **ret, struct hr_error *err)
{
    struct hr_series *s = hr_calloc(1, sizeof *s);
    if (s != NULL)
        s->slot = hr_calloc(HR_SERIES_SLOTS, sizeof *s->slot);
    if (s == NULL || s->slot == NULL) {
        hr_series_close(s);
        return hr_fail_nomem(err, HR_SERIES_SLOTS * sizeof(struct slot), "the watcher's history");
    }
    *ret = s;
    return 0;
}

void hr_series_close(struct hr_series *s)
{
    if (s == NULL)
        return;
    hr_free(s->slot);
    hr_free(s);
}

/* --- taking --- */

static const struct slot *slot_of(const struct hr_series *s, enum hr_metric m, unsigned gpu)
{
    if (m < HR_M_MACHINE_END)
        return &s->slot[m];
    if (m >= HR_METRICS || gpu >= HR_SERIES_GPUS)
        return NULL;
    return &s->slot[HR_M_MACHINE_END + gpu * HR_SERIES_PER_GPU + (unsigned)(m - HR_M_MACHINE_END)];
}

static void put(struct slot *s, enum hr_tier t, uint64_t bucket, const struct filling *f)
{
    size_t at = (size_t)(bucket % hr_tier_room(t));
    struct coarse c = { 0, 0, 0 };
    if (f->n != 0)
        c = (struct coarse) { encode((double)f->min), encode(f->sum / f->n), encode((double)f->max) };
    if (t == HR_TIER_SECOND) {
        if (s->second[at] != c.avg)
            s->second[at] = c.avg;
        return;
    }
    struct coarse *to = t == HR_TIER_TEN ? &s->ten[at] : &s->minute[at];
    if (to->avg != 0 || c.avg != 0) /* a gap over a gap touches no page */
        *to = c;
}

static void fill(struct filling *f, double v)
{
    float x = (float)v;
    f->min = f->n == 0 || x < f->min ? x : f->min;
    f->max = f->n == 0 || x > f->max ? x : f->max;
    f->sum += v;
    f->n++;
}

/* Moves one tier of one slot from bucket `head` to `to`; the value stands from bucket `held` on, which is behind head. */
static void advance(struct slot *s, enum hr_tier t, uint64_t head, uint64_t to, uint64_t held, bool known, double v)
{
    struct filling *f = &s->filling[t];
    static const struct filling none;
    uint64_t room = hr_tier_room(t);
    if (to > head) {
        put(s, t, head, f);
        uint64_t from = to - head > room ? to - room : head + 1;
        struct filling whole = none;
        if (known)
            fill(&whole, v);
        for (uint64_t b = from; b < to; b++)
            put(s, t, b, known && b >= held ? &whole : &none);
        *f = none;
    }
    if (known)
        fill(f, v);
}

void hr_series_take(struct hr_series *s, const struct hr_model *m)
{
    if (s->last != 0 && m->at <= s->last)
        return;
    bool fresh = s->last == 0;
    uint64_t span = fresh ? 0 : m->at - s->last, since = span <= HR_SERIES_HOLD ? s->last + 1 : m->at;
    uint64_t to[HR_TIERS], held[HR_TIERS];
    for (unsigned t = 0; t < HR_TIERS; t++) {
        uint64_t step = hr_tier_step((enum hr_tier)t);
        to[t] = m->at / step;
        held[t] = since / step;
        /* The second in which the tick before fell has its value already, unless this one is in it too. */
        if (fresh)
            s->head[t] = s->first[t] = to[t], s->begun = m->at;
        else if (held[t] <= s->head[t])
            held[t] = s->head[t] + 1;
    }
    for (unsigned i = 0; i < HR_SERIES_SLOTS; i++) {
        double v = 0;
        bool known = hr_slot_value(m, i, &v) && v >= 0;
        s->slot[i].used |= known;
        if (!s->slot[i].used)
            continue;
        for (unsigned t = 0; t < HR_TIERS; t++)
            advance(&s->slot[i], (enum hr_tier)t, s->head[t], to[t], held[t], known, v);
    }
    for (unsigned t = 0; t < HR_TIERS; t++)
        s->head[t] = to[t];
    s->last = m->at;
    s->wall = m->wall;
}

/* --- looking back --- */

size_t hr_series_length(const struct hr_series *s, enum hr_tier t)
{
    if (s->last == 0)
        return 0;
    uint64_t n = s->head[t] - s->first[t] + 1;
    return (size_t)HR_MIN(n, (uint64_t)hr_tier_room(t));
}

struct hr_bucket hr_series_at(const struct hr_series *s, enum hr_metric m, unsigned gpu, enum hr_tier t, size_t back)
{
    struct hr_bucket none = { false, 0, 0, 0 };
    const struct slot *slot = slot_of(s, m, gpu);
    if (slot == NULL || back >= hr_series_length(s, t))
        return none;
    if (back == 0) {
        const struct filling *f = &slot->filling[t];
        return f->n == 0 ? none : (struct hr_bucket) { true, (double)f->min, f->sum / f->n, (double)f->max };
    }
    size_t at = (size_t)((s->head[t] - back) % hr_tier_room(t));
    struct coarse c;
    if (t == HR_TIER_SECOND)
        c = (struct coarse) { slot->second[at], slot->second[at], slot->second[at] };
    else
        c = t == HR_TIER_TEN ? slot->ten[at] : slot->minute[at];
    return c.avg == 0 ? none : (struct hr_bucket) { true, decode(c.min), decode(c.avg), decode(c.max) };
}

uint64_t hr_series_time(const struct hr_series *s, enum hr_tier t, size_t back)
{
    uint64_t begin = (s->head[t] - back) * hr_tier_step(t), ago = s->last - begin;
    return begin > s->last || ago > s->wall ? 0 : s->wall - ago;
}

static enum hr_tier tier_for(uint64_t ns)
{
    unsigned t = HR_TIER_SECOND;
    while (t + 1 < HR_TIERS && ns > hr_tier_step((enum hr_tier)t) * hr_tier_room((enum hr_tier)t))
        t++;
    return (enum hr_tier)t;
}

static void join(struct hr_bucket *to, unsigned *n, struct hr_bucket b)
{
    if (!b.known)
        return;
    to->min = *n == 0 || b.min < to->min ? b.min : to->min;
    to->max = *n == 0 || b.max > to->max ? b.max : to->max;
    to->avg += b.avg;
    ++*n;
}

uint64_t hr_series_plot(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t ns, struct hr_bucket *ret,
                        size_t width)
{
    enum hr_tier t = tier_for(ns);
    uint64_t step = hr_tier_step(t), buckets = HR_MAX(ns / step, UINT64_C(1));
    uint64_t group = width == 0 ? 1 : (buckets + width - 1) / width, newest = s->head[t] / group;
    for (size_t c = 0; c < width; c++) {
        uint64_t behind = width - 1 - c;
        unsigned n = 0;
        ret[c] = (struct hr_bucket) { false, 0, 0, 0 };
        for (uint64_t k = 0; k < group && behind <= newest; k++) {
            uint64_t bucket = (newest - behind) * group + k;
            if (bucket <= s->head[t])
                join(&ret[c], &n, hr_series_at(s, m, gpu, t, (size_t)(s->head[t] - bucket)));
        }
        ret[c].known = n != 0;
        ret[c].avg = n != 0 ? ret[c].avg / n : 0;
    }
    return group * step;
}

static struct hr_bucket column(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t from, uint64_t step)
{
    unsigned t = HR_TIERS - 1, n = 0;
    struct hr_bucket sum = { false, 0, 0, 0 };
    while (t > 0 && hr_tier_step((enum hr_tier)t) > step)
        t--;
    for (; t < HR_TIERS; t++) {
        uint64_t width = hr_tier_step((enum hr_tier)t), first = from / width, end = (from + step - 1) / width + 1, head = s->head[t];
        if (first > head)
            break;
        if (head - first >= hr_series_length(s, (enum hr_tier)t))
            continue;
        for (uint64_t b = first; b < end && b <= head; b++)
            join(&sum, &n, hr_series_at(s, m, gpu, (enum hr_tier)t, (size_t)(head - b)));
        break;
    }
    sum.known = n != 0;
    sum.avg = n != 0 ? sum.avg / n : 0;
    return sum;
}

void hr_series_columns(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t step, uint64_t last, struct hr_bucket *ret, size_t n)
{
    for (size_t c = 0; c < n; c++) {
        uint64_t behind = n - 1 - c;
        /* The mean of the minute in which it began tells nothing of the seconds before. */
        bool before = behind > last || (last - behind + 1) * step <= s->begun;
        ret[c] = before ? (struct hr_bucket) { false, 0, 0, 0 } : column(s, m, gpu, (last - behind) * step, step);
    }
}

void hr_series_anchor(struct hr_series *s, uint64_t begun, uint64_t now)
{
    s->begun = begun;
    for (unsigned t = 0; t < HR_TIERS; t++)
        s->head[t] = s->first[t] = now / hr_tier_step((enum hr_tier)t) + 1; /* I2: what is put is behind the head */
    s->last = s->wall = HR_MAX(now, UINT64_C(1));
}

void hr_series_put(struct hr_series *s, enum hr_tier t, unsigned slot, uint64_t at, struct hr_bucket b)
{
    uint64_t bucket = at / hr_tier_step(t), room = hr_tier_room(t);
    if (slot >= HR_SERIES_SLOTS || !b.known || bucket >= s->head[t] || s->head[t] - bucket >= room)
        return;
    size_t i = (size_t)(bucket % room);
    struct coarse c = { encode(b.min), encode(b.avg), encode(b.max) };
    s->first[t] = HR_MIN(s->first[t], bucket);
    if (t == HR_TIER_SECOND) {
        s->slot[slot].second[i] = HR_MAX(s->slot[slot].second[i], c.max); /* one is kept, and a peak must not vanish */
        return;
    }
    struct coarse *to = t == HR_TIER_TEN ? &s->slot[slot].ten[i] : &s->slot[slot].minute[i];
    if (to->avg != 0)
        c = (struct coarse) { HR_MIN(to->min, c.min), encode((decode(to->avg) + b.avg) / 2), HR_MAX(to->max, c.max) };
    *to = c;
}

double hr_series_mean(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t ns, double *ret_known)
{
    enum hr_tier t = tier_for(ns);
    uint64_t buckets = HR_MAX(ns / hr_tier_step(t), UINT64_C(1));
    double sum = 0;
    size_t n = 0;
    for (uint64_t b = 0; b < buckets; b++) {
        struct hr_bucket k = hr_series_at(s, m, gpu, t, (size_t)b);
        sum += k.known ? k.avg : 0;
        n += k.known;
    }
    if (ret_known != NULL)
        *ret_known = (double)n / (double)buckets;
    return n == 0 ? 0 : sum / (double)n;
}

#include "moments.h"

#include "dd.h"
#include "mem.h"

#include <string.h>

typedef unsigned __int128 u128;

enum { CLASSES = 64, F32_LOW = 17, F64_LOW = 46, FLUSH_AT = 1 << 22 };
#define VALUES_MAX (UINT64_C(1) << 36) /* of one class, I4 */

struct hr_hot_page {
    struct {
        uint64_t n_low; /* values << 40 | sum of low */
        uint64_t low2;
    } c[CLASSES];
};

struct hr_sum_page {
    struct sums {
        uint64_t n;
        uint64_t low[2], low2[2]; /* 128 bits, low half first */
    } c[CLASSES];
};

/* A class's sums as numbers. */
struct totals {
    uint64_t n;
    u128 low, low2;
};

static inline u128 wide_of(const uint64_t v[2])
{
    return (u128)v[1] << 64 | v[0];
}

static inline void wide_add(uint64_t v[2], u128 add)
{
    u128 s = wide_of(v) + add;
    v[0] = (uint64_t)s;
    v[1] = (uint64_t)(s >> 64);
}

static unsigned page_count(const struct hr_moments *m)
{
    return m->wide ? 4096 : 512;
}

void hr_moments_init(struct hr_moments *m, bool wide)
{
    *m = (struct hr_moments){ .wide = wide, .min = INFINITY, .max = -INFINITY };
}

void hr_moments_fini(struct hr_moments *m)
{
    hr_free(m->page_of);
    hr_free(m->hot);
    hr_free(m->sum);
    hr_moments_init(m, m->wide);
}

/* --- growing --- */

/* `sum` for all pages that there may be; also the first time for floats. */
static int need_sum(struct hr_moments *m, uint32_t old, struct hr_error *err)
{
    struct hr_sum_page *p = hr_reallocarray(m->sum, m->cap, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, m->cap * sizeof *p, "the statistics of a feature");
    memset(p + old, 0, (m->cap - old) * sizeof *p);
    m->sum = p;
    return 0;
}

static int grow(struct hr_moments *m, struct hr_error *err)
{
    uint32_t old = m->cap;
    m->cap = old == 0 ? 4 : HR_MIN(old * 2, page_count(m));
    if (!m->wide) {
        struct hr_hot_page *p = hr_reallocarray(m->hot, m->cap, sizeof *p);
        if (p == NULL) {
            m->cap = old;
            return hr_fail_nomem(err, (size_t)old * 2 * sizeof *p, "the statistics of a feature");
        }
        m->hot = p;
        memset(p + old, 0, (m->cap - old) * sizeof *p);
    }
    int r = m->wide || m->sum != NULL ? need_sum(m, old, err) : 0;
    if (r < 0)
        m->cap = old;
    return r;
}

/* The index of page `p`, made when it is not there (I2). */
static int page_index(struct hr_moments *m, unsigned p, uint32_t *ret, struct hr_error *err)
{
    if (m->page_of == NULL) {
        m->page_of = hr_calloc(page_count(m), sizeof *m->page_of);
        if (m->page_of == NULL)
            return hr_fail_nomem(err, page_count(m) * sizeof *m->page_of, "the statistics of a feature");
    }
    if (m->page_of[p] == 0) {
        if (m->pages == m->cap) {
            int r = grow(m, err);
            if (r < 0)
                return r;
        }
        m->page_of[p] = (uint16_t)++m->pages;
    }
    *ret = m->page_of[p] - 1u;
    return 0;
}

static int add_totals(struct sums *s, struct totals t, struct hr_error *err)
{
    if (t.n > VALUES_MAX - s->n)
        return hr_fail(err, HR_E_LIMIT, "more than 2^36 values are nearly equal: their statistics would not be exact");
    s->n += t.n;
    wide_add(s->low, t.low);
    wide_add(s->low2, t.low2);
    return 0;
}

static struct totals hot_totals(const struct hr_hot_page *p, unsigned c)
{
    return (struct totals){ p->c[c].n_low >> 40, p->c[c].n_low & ((UINT64_C(1) << 40) - 1), p->c[c].low2 };
}

static int flush(struct hr_moments *m, struct hr_error *err)
{
    int r = m->sum == NULL && m->cap != 0 ? need_sum(m, 0, err) : 0;
    for (uint32_t i = 0; r == 0 && i < m->pages; i++) {
        for (unsigned c = 0; r == 0 && c < CLASSES; c++)
            r = add_totals(&m->sum[i].c[c], hot_totals(&m->hot[i], c), err);
        memset(&m->hot[i], 0, sizeof m->hot[i]);
    }
    m->pending = 0;
    return r;
}

/* --- adding --- */

/* Values up to the first whose page is not there yet; returns how many were taken.  The inner loop of it all. */
static size_t run_f32(struct hr_moments *m, const float *v, size_t n)
{
    const uint16_t *page_of = m->page_of;
    struct hr_hot_page *hot = m->hot;
    float min = (float)m->min, max = (float)m->max;
    uint64_t odd = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        if (HR_UNLIKELY((bits & 0x7f800000u) == 0x7f800000u)) {
            odd++;
            if ((bits & 0x7fffffu) != 0)
                m->nan++;
            else
                m->inf++;
            continue;
        }
        unsigned page = page_of[bits >> 23];
        if (HR_UNLIKELY(page == 0))
            break;
        uint64_t low = bits & 0x1ffffu;
        unsigned c = bits >> F32_LOW & (CLASSES - 1);
        hot[page - 1].c[c].n_low += UINT64_C(1) << 40 | low;
        hot[page - 1].c[c].low2 += low * low;
        min = v[i] < min ? v[i] : min;
        max = v[i] > max ? v[i] : max;
    }
    m->min = (double)min;
    m->max = (double)max;
    m->count += i - odd;
    m->pending += (uint32_t)i;
    return i;
}

int hr_moments_f32(struct hr_moments *m, const float *v, size_t n, struct hr_error *err)
{
    while (n != 0) {
        if (m->pending >= FLUSH_AT) {
            int r = flush(m, err);
            if (r < 0)
                return r;
        }
        size_t done = m->page_of == NULL ? 0 : run_f32(m, v, HR_MIN(n, (size_t)(FLUSH_AT - m->pending)));
        v += done;
        n -= done;
        if (done == 0) {
            uint32_t bits, page;
            memcpy(&bits, v, sizeof bits);
            int r = page_index(m, bits >> 23, &page, err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

int hr_moments_f64(struct hr_moments *m, const double *v, size_t n, struct hr_error *err)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        if ((bits & 0x7ff0000000000000u) == 0x7ff0000000000000u) {
            if ((bits & 0xfffffffffffffu) != 0)
                m->nan++;
            else
                m->inf++;
            continue;
        }
        uint32_t page;
        if (HR_LIKELY(m->page_of != NULL && m->page_of[bits >> 52] != 0)) {
            page = m->page_of[bits >> 52] - 1u;
        } else {
            int r = page_index(m, (unsigned)(bits >> 52), &page, err);
            if (r < 0)
                return r;
        }
        struct sums *s = &m->sum[page].c[bits >> F64_LOW & (CLASSES - 1)];
        if (HR_UNLIKELY(s->n == VALUES_MAX))
            return add_totals(s, (struct totals){ 1, 0, 0 }, err);
        uint64_t low = bits & ((UINT64_C(1) << F64_LOW) - 1);
        s->n++;
        wide_add(s->low, low);
        wide_add(s->low2, (u128)low * low);
        m->min = v[i] < m->min ? v[i] : m->min;
        m->max = v[i] > m->max ? v[i] : m->max;
        m->count++;
    }
    return 0;
}

/* --- merging and the result --- */

static struct totals class_totals(const struct hr_moments *m, uint32_t page, unsigned c)
{
    struct totals t = { 0, 0, 0 };
    if (m->sum != NULL) {
        const struct sums *s = &m->sum[page].c[c];
        t = (struct totals){ s->n, wide_of(s->low), wide_of(s->low2) };
    }
    if (!m->wide) {
        struct totals h = hot_totals(&m->hot[page], c);
        t.n += h.n;
        t.low += h.low;
        t.low2 += h.low2;
    }
    return t;
}

int hr_moments_merge(struct hr_moments *m, const struct hr_moments *from, struct hr_error *err)
{
    if (m->wide != from->wide)
        return hr_fail(err, HR_E_INVALID, "statistics of float and of double values cannot be merged");
    for (unsigned p = 0; from->page_of != NULL && p < page_count(from); p++) {
        if (from->page_of[p] == 0)
            continue;
        uint32_t page;
        int r = page_index(m, p, &page, err);
        if (r == 0 && m->sum == NULL)
            r = need_sum(m, 0, err);
        for (unsigned c = 0; r == 0 && c < CLASSES; c++)
            r = add_totals(&m->sum[page].c[c], class_totals(from, from->page_of[p] - 1u, c), err);
        if (r < 0)
            return r;
    }
    m->count += from->count;
    m->nan += from->nan;
    m->inf += from->inf;
    m->min = HR_MIN(m->min, from->min);
    m->max = HR_MAX(m->max, from->max);
    return 0;
}

/* What a class stands for: its values are (head + low) * 2^unit, negated when `minus`. */
struct place {
    bool minus;
    uint64_t head;
    int unit;
    unsigned low_bits;
};

static struct place place_of(const struct hr_moments *m, unsigned page, unsigned c)
{
    unsigned low = m->wide ? F64_LOW : F32_LOW, e = m->wide ? page & 2047 : page & 255;
    uint64_t head = (uint64_t)((e != 0 ? CLASSES : 0) | c) << low;
    return (struct place){ page >= page_count(m) / 2, head, (int)HR_MAX(e, 1u) - (m->wide ? 1075 : 150), low };
}

/* Calls fn for every class with values, in ascending order of the values. */
static void each_class(const struct hr_moments *m, void (*fn)(void *arg, struct place at, struct totals t), void *arg)
{
    unsigned half = page_count(m) / 2;
    for (unsigned k = 0; m->page_of != NULL && k < 2 * half; k++) {
        unsigned p = k < half ? 2 * half - 1 - k : k - half;
        if (m->page_of[p] == 0)
            continue;
        for (unsigned j = 0; j < CLASSES; j++) {
            unsigned c = k < half ? CLASSES - 1 - j : j;
            struct totals t = class_totals(m, m->page_of[p] - 1u, c);
            if (t.n != 0)
                fn(arg, place_of(m, p, c), t);
        }
    }
}

/* n * low2 - low^2 = n times the sum of squares of low about its mean: exact, at most 2^164. */
static struct hr_dd spread(struct totals t)
{
    uint64_t a = (uint64_t)(t.low >> 64), b = (uint64_t)t.low;
    u128 p0 = (u128)t.n * (uint64_t)t.low2, q0 = (u128)b * b;
    u128 x = (p0 >> 64) + (u128)t.n * (uint64_t)(t.low2 >> 64);
    u128 y = (q0 >> 64) + 2 * ((u128)a * b) + ((u128)(a * a) << 64);
    uint64_t xl = (uint64_t)p0, yl = (uint64_t)q0;
    struct hr_dd d = hr_dd_scale(hr_dd_of_u128(x - y - (xl < yl)), 64);
    return hr_dd_add(d, hr_dd_of_u128((uint64_t)(xl - yl)));
}

/* The result while it is being made.  Values are taken in units of 2^scale, so that no square overflows. */
struct result {
    int scale;
    struct hr_dd sum, mean, squares;
    uint64_t seen;    /* values of the classes so far */
    unsigned next;    /* quantile that is looked for */
    const struct hr_moments *m;
    double *quantile;
};

static void add_to_sum(void *arg, struct place at, struct totals t)
{
    struct result *r = arg;
    struct hr_dd v = hr_dd_scale(hr_dd_of_u128((u128)t.n * at.head + t.low), at.unit - r->scale);
    r->sum = hr_dd_add(r->sum, at.minus ? hr_dd_neg(v) : v);
}

static void add_to_squares(void *arg, struct place at, struct totals t)
{
    struct result *r = arg;
    int unit = at.unit - r->scale;
    double n = (double)t.n;
    struct hr_dd centre = hr_dd_div(hr_dd_of_u128((u128)t.n * at.head + t.low), n);
    centre = hr_dd_scale(at.minus ? hr_dd_neg(centre) : centre, unit);
    struct hr_dd d = hr_dd_add(centre, hr_dd_neg(r->mean));
    r->squares = hr_dd_add(r->squares, hr_dd_mul(hr_dd_mul(d, d), (struct hr_dd){ n, 0 }));
    r->squares = hr_dd_add(r->squares, hr_dd_scale(hr_dd_div(spread(t), n), 2 * unit));
}

static void find_quantiles(void *arg, struct place at, struct totals t)
{
    struct result *r = arg;
    r->seen += t.n;
    while (r->next < HR_STATS_QUANTILES) {
        double rank = ceil(hr_stats_quantile[r->next] * (double)r->m->count);
        if (HR_MAX(rank, 1) > (double)r->seen)
            return;
        struct hr_dd s = spread(t);
        uint64_t low = s.hi == 0 ? (uint64_t)(t.low / t.n) : UINT64_C(1) << (at.low_bits - 1);
        double v = ldexp((double)(at.head + low), at.unit);
        v = at.minus ? -v : v;
        r->quantile[r->next++] = HR_MIN(HR_MAX(v, r->m->min), r->m->max) + 0.0;
    }
}

void hr_moments_finish(const struct hr_moments *m, struct hr_feature_stats *ret)
{
    *ret = (struct hr_feature_stats){ .count = m->count, .nan = m->nan, .inf = m->inf };
    if (m->count == 0) {
        ret->min = ret->max = ret->mean = ret->std = NAN;
        for (unsigned i = 0; i < HR_STATS_QUANTILES; i++)
            ret->quantile[i] = NAN;
        return;
    }
    ret->min = m->min + 0.0; /* -0 would depend on the order of the values */
    ret->max = m->max + 0.0;
    struct result r = { .m = m, .quantile = ret->quantile };
    frexp(HR_MAX(fabs(m->min), fabs(m->max)), &r.scale);
    each_class(m, add_to_sum, &r);
    r.mean = hr_dd_div(r.sum, (double)m->count);
    each_class(m, add_to_squares, &r);
    each_class(m, find_quantiles, &r);
    ret->mean = ldexp(r.mean.hi, r.scale);
    ret->std = ldexp(hr_dd_sqrt(hr_dd_div(r.squares, (double)m->count)), r.scale);
}

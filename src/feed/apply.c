/* Running a program over one sample: tile by tile, load as double, all stages, round and store.  Memory is passed once; a
 * tile and its coefficients stay in the first-level cache. */
#include "exact.h"
#include "program.h"
#include "rng.h"

#include <math.h>

/* Everything below is compiled for every CPU, for AVX2 and for AVX-512: the same IEEE operations, so the same bits. */
#define INLINE static inline __attribute__((always_inline))

/* Part of one sample's field: n elements from element index `first`, which lies in column `column`. */
struct tile {
    double v[HR_TILE];
    size_t n;
    uint64_t first, column;
};

struct run {
    const struct hr_program *p;
    uint64_t key[HR_TRANSFORMS_MAX];
    char *dst;
    uint64_t dst_line; /* elements */
};

static void store_one(const struct run *r, uint64_t line, uint64_t column, double v)
{
    if (r->p->wide)
        ((double *)(void *)r->dst)[line * r->dst_line + column] = v;
    else
        ((float *)(void *)r->dst)[line * r->dst_line + column] = (float)v;
}

/* --- stages --- */

INLINE void affine(double *restrict v, size_t n, const double *restrict p, const double *restrict q)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (v[i] - p[i]) * q[i];
}

INLINE void divide(double *restrict v, size_t n, const double *restrict p, const double *restrict q)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (v[i] - p[i]) / q[i];
}

INLINE void clamp(double *restrict v, size_t n, const double *restrict p, const double *restrict q)
{
    for (size_t i = 0; i < n; i++) {
        double x = v[i];
        x = x < p[i] ? p[i] : x;
        v[i] = x > q[i] ? q[i] : x;
    }
}

INLINE void sincos_stage(const struct run *r, const struct hr_stage *s, struct tile *t, size_t begin)
{
    for (size_t i = begin; i < t->n; i += r->p->width) {
        double turn = t->v[i] / s->a, cosine;
        turn -= floor(turn + 0.5);
        hr_exact_sincos(turn, &t->v[i], &cosine);
        store_one(r, (t->first + i) / r->p->width, r->p->width + s->extra, cosine);
    }
}

/* A loop of its own, because it is the one that draws for every value, and vectors draw several at once. */
INLINE void mask_all(double *restrict v, size_t n, uint64_t key, uint64_t first, uint64_t below, double to)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (hr_rng_u64(key, first + i) >> 11) < below ? to : v[i];
}

static void noise(uint64_t key, double a, struct tile *t, size_t begin, size_t step)
{
    double z[HR_TILE];
    size_t n = (t->n - begin + step - 1) / step;
    hr_exact_normals(key, t->first + begin, step, n, z);
    for (size_t i = 0; i < n; i++)
        t->v[begin + i * step] += a * z[i];
}

INLINE void run_stage(const struct run *r, const struct hr_stage *s, struct tile *t)
{
    uint64_t key = s->kind >= HR_STAGE_SHIFT ? r->key[s->index] : 0, width = r->p->width;
    /* the elements that are meant: begin, begin + step, ... */
    size_t begin = s->column < 0                     ? 0
                   : (uint64_t)s->column < t->column ? t->n
                                                     : (size_t)((uint64_t)s->column - t->column);
    size_t step = s->column < 0 ? 1 : width;
    if (begin >= t->n && s->kind > HR_STAGE_CLAMP)
        return;
    switch (s->kind) {
    case HR_STAGE_AFFINE:
        affine(t->v, t->n, s->p + t->column, s->q + t->column);
        break;
    case HR_STAGE_DIVIDE:
        divide(t->v, t->n, s->p + t->column, s->q + t->column);
        break;
    case HR_STAGE_CLAMP:
        clamp(t->v, t->n, s->p + t->column, s->q + t->column);
        break;
    case HR_STAGE_SINCOS:
        sincos_stage(r, s, t, begin);
        break;
    case HR_STAGE_SHIFT: {
        double u = s->a + (s->b - s->a) * hr_rng_unit(key, 0);
        for (size_t i = begin; i < t->n; i += step)
            t->v[i] += u;
        break;
    }
    case HR_STAGE_NOISE:
        noise(key, s->a, t, begin, step);
        break;
    case HR_STAGE_JITTER:
        for (size_t i = begin; i < t->n; i += step)
            t->v[i] += s->a + (s->b - s->a) * hr_rng_unit(key, t->first + i);
        break;
    case HR_STAGE_MASK:
        if (s->column < 0)
            mask_all(t->v, t->n, key, t->first, s->below, s->b);
        else
            for (size_t i = begin; i < t->n; i += step)
                t->v[i] = (hr_rng_u64(key, t->first + i) >> 11) < s->below ? s->b : t->v[i];
        break;
    }
}

/* --- moving tiles in and out --- */

INLINE void load(const struct hr_program *p, const void *src, uint64_t at, size_t n, double *v)
{
    if (p->wide) {
        const double *from = (const double *)src + at;
        for (size_t i = 0; i < n; i++)
            v[i] = from[i];
    } else {
        const float *from = (const float *)src + at;
        for (size_t i = 0; i < n; i++)
            v[i] = (double)from[i];
    }
}

INLINE void store(const struct hr_program *p, void *dst, uint64_t at, size_t n, const double *v)
{
    if (p->wide) {
        double *to = (double *)dst + at;
        for (size_t i = 0; i < n; i++)
            to[i] = v[i];
    } else {
        float *to = (float *)dst + at;
        for (size_t i = 0; i < n; i++)
            to[i] = (float)v[i];
    }
}

/* Lines of at least HR_TILE elements, a piece of a line at a time. */
INLINE void run_long(const struct run *r, const void *src, uint64_t src_line, uint64_t lines, struct tile *t)
{
    uint64_t width = r->p->width;
    for (uint64_t line = 0; line < lines; line++)
        for (uint64_t column = 0; column < width; column += HR_TILE) {
            t->n = (size_t)HR_MIN((uint64_t)HR_TILE, width - column);
            t->first = line * width + column;
            t->column = column;
            load(r->p, src, line * src_line + column, t->n, t->v);
            for (int i = 0; i < r->p->stages; i++)
                run_stage(r, &r->p->stage[i], t);
            store(r->p, r->dst, line * r->dst_line + column, t->n, t->v);
        }
}

/* As many whole lines as fit a tile. */
INLINE void run_short(const struct run *r, const void *src, uint64_t src_line, uint64_t lines, struct tile *t)
{
    uint64_t width = r->p->width, at_once = r->p->period / width;
    t->column = 0;
    for (uint64_t line = 0; line < lines; line += at_once) {
        uint64_t now = HR_MIN(at_once, lines - line);
        t->n = (size_t)(now * width);
        t->first = line * width;
        if (src_line == width)
            load(r->p, src, line * width, t->n, t->v);
        else
            for (uint64_t i = 0; i < now; i++)
                load(r->p, src, (line + i) * src_line, (size_t)width, t->v + i * width);
        for (int i = 0; i < r->p->stages; i++)
            run_stage(r, &r->p->stage[i], t);
        if (r->dst_line == width)
            store(r->p, r->dst, line * width, t->n, t->v);
        else
            for (uint64_t i = 0; i < now; i++)
                store(r->p, r->dst, (line + i) * r->dst_line, (size_t)width, t->v + i * width);
    }
}

INLINE void run(const struct run *r, const void *src, uint64_t src_line, uint64_t lines)
{
    struct tile t;
    if (r->p->width >= HR_TILE)
        run_long(r, src, src_line, lines, &t);
    else
        run_short(r, src, src_line, lines, &t);
}

static void run_any(const struct run *r, const void *src, uint64_t src_line, uint64_t lines)
{
    run(r, src, src_line, lines);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void run_avx2(const struct run *r, const void *src, uint64_t src_line,
                                                     uint64_t lines)
{
    run(r, src, src_line, lines);
}

/* The products of 64-bit integers that the random numbers are made of. */
__attribute__((target("avx2,avx512f,avx512dq,avx512vl"))) static void run_avx512(const struct run *r, const void *src,
                                                                                 uint64_t src_line, uint64_t lines)
{
    run(r, src, src_line, lines);
}
#endif

void hr_transforms_apply(const struct hr_transforms *all, int field, const struct hr_draw *draw, const void *src,
                         uint64_t src_line, void *dst, uint64_t lines)
{
    const struct hr_program *p = &all->program[field];
    struct run r = { .p = p, .dst = dst, .dst_line = p->width + (uint64_t)p->extra };
    for (int i = 0; i < p->stages; i++)
        if (p->stage[i].kind >= HR_STAGE_SHIFT)
            r.key[p->stage[i].index] = hr_rng_key(draw->seed, draw->epoch, draw->sample, p->stage[i].index);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        run_avx512(&r, src, src_line, lines);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        run_avx2(&r, src, src_line, lines);
        return;
    }
#endif
    run_any(&r, src, src_line, lines);
}

#include "gather.h"

#include "clock.h"
#include "mem.h"
#include "num.h"

#include <string.h>

/* Batches up to this size are copied with the next batch's bytes asked for; of larger ones, bytes a little further on in
 * the same batch, or the asked-for lines would be pushed out of the cache before they are used. */
enum { AHEAD_WHOLE = 512 << 10, AHEAD_BYTES = 64 << 10, LINE = 64 };

/* Which (field, sample) is asked for while (field, i) is copied: entry i + shift of these arrays. */
struct ahead {
    const uint8_t *const *src;
    const uint32_t *rows; /* NULL: one row each */
    uint32_t n, shift;
    size_t unit;          /* bytes per row, all lists */
};

static inline void ask(const struct ahead *a, uint32_t i)
{
    i += a->shift;
    if (i >= a->n)
        return;
    const uint8_t *p = a->src[i], *end = p + (a->rows != NULL ? a->rows[i] : 1) * a->unit;
    for (; p < end; p += LINE) {
        __builtin_prefetch(p, 0, 2);
        __asm__ volatile("" : : "r"(p)); /* a loop of nothing but prefetches is one that gcc leaves out */
    }
}

static struct ahead ahead_of(const struct hr_collate *c, const struct hr_plan *p, const struct hr_plan *next, int k)
{
    const struct hr_layout *l = &c->layout[c->field[k]];
    int span = c->field_span[k];
    struct ahead a = { .unit = l->row * l->elem * HR_MAX(l->lists, 1u) };
    if (p->bytes > AHEAD_WHOLE) {
        a.shift = (uint32_t)HR_MAX(1u, (uint64_t)AHEAD_BYTES * p->n / p->bytes);
        next = p;
    }
    if (next != NULL) {
        a.n = next->n;
        a.src = next->src + (size_t)k * next->cap;
        a.rows = span >= 0 ? next->raw + (size_t)span * next->cap : NULL;
    }
    return a;
}

struct job {
    const struct hr_collate *c;
    const struct hr_plan *p;
    const struct hr_out *out;
    const uint8_t *const *src; /* of the out's field */
    const uint32_t *rows;      /* of the out's span */
    const uint64_t *first;
    uint32_t most;
    struct ahead ahead;
    uint8_t *dst;
};

/* n elements from stored to wanted form. */
static inline void bring(const struct hr_out *out, uint8_t *dst, const uint8_t *src, size_t n)
{
    if (out->dequant != NULL)
        out->dequant(dst, (const int8_t *)src, n, out->scale, out->offset, out->period);
    else if (out->convert != NULL)
        out->convert(dst, src, n);
    else
        memcpy(dst, src, n * out->elem_in);
}

/* `rows` rows of one sample; transforms are applied to them on the way. */
static void bring_rows(const struct job *j, uint32_t i, uint8_t *dst, const uint8_t *src, size_t rows)
{
    const struct hr_out *out = j->out;
    if (HR_LIKELY(!out->touched)) {
        bring(out, dst, src, rows * out->row_in);
        return;
    }
    struct hr_draw draw = { j->c->seed, j->p->epoch, j->p->sample[i] };
    size_t lines = rows * (out->row_in / out->width), line = out->width * out->row_out / out->row_in;
    if (out->convert == NULL && out->dequant == NULL) {
        hr_transforms_apply(j->c->transforms, out->field, &draw, src, out->width, dst, lines);
        return;
    }
    if (line == out->width)
        bring(out, dst, src, rows * out->row_in);
    else
        for (size_t k = 0; k < lines; k++)
            bring(out, dst + k * line * out->elem_out, src + k * out->width * out->elem_in, out->width);
    hr_transforms_apply(j->c->transforms, out->field, &draw, dst, line, dst, lines);
}

/* The same for a field of several lists, which a transform sees as one run of elements: list k goes to dst + k * apart. */
static void bring_lists(const struct job *j, uint32_t i, uint8_t *dst, size_t apart, const uint8_t *src, size_t rows)
{
    const struct hr_out *out = j->out;
    size_t in = out->row_in * out->elem_in, step = out->row_out * out->elem_out;
    src = hr_thin_rows(j->c, j->p, out, i, src);
    if (HR_UNLIKELY(out->touched)) {
        uint8_t *all = (uint8_t *)j->p->work.p + hr_align_up(rows * out->lists * in, 64);
        bring_rows(j, i, all, src, rows * out->lists);
        for (uint32_t k = 0; k < out->lists; k++)
            memcpy(dst + k * apart, all + k * rows * step, rows * step);
        return;
    }
    for (uint32_t k = 0; k < out->lists; k++)
        bring_rows(j, i, dst + k * apart, src + k * rows * in, rows);
}

static void fill_fixed(const struct job *j)
{
    size_t step = j->out->row_out * j->out->elem_out;
    uint8_t *dst = j->dst;
    for (uint32_t i = 0; i < j->p->n; i++, dst += step) {
        ask(&j->ahead, i);
        bring_rows(j, i, dst, j->src[i], 1);
    }
}

static void fill_rows(const struct job *j)
{
    size_t step = j->out->row_out * j->out->elem_out;
    for (uint32_t i = 0; i < j->p->n; i++) {
        ask(&j->ahead, i);
        bring_rows(j, i, j->dst + j->first[i] * step, hr_thin_rows(j->c, j->p, j->out, i, j->src[i]), j->rows[i]);
    }
}

static void fill_lists(const struct job *j)
{
    size_t step = j->out->row_out * j->out->elem_out, list = j->first[j->p->n] * step;
    for (uint32_t i = 0; i < j->p->n; i++) {
        ask(&j->ahead, i);
        bring_lists(j, i, j->dst + j->first[i] * step, list, j->src[i], j->rows[i]);
    }
}

static void fill_pad(const struct job *j)
{
    const struct hr_out *out = j->out;
    size_t step = out->row_out * out->elem_out, list = (size_t)j->most * step;
    uint8_t *dst = j->dst;
    for (uint32_t i = 0; i < j->p->n; i++) {
        size_t n = j->rows[i];
        ask(&j->ahead, i);
        bring_lists(j, i, dst, list, j->src[i], n);
        for (uint32_t k = 0; k < out->lists; k++, dst += list)
            memset(dst + n * step, 0, list - n * step);
    }
}

/* With nodes or edges dropped: kept edges, renumbered. */
static void fill_edges_thin(const struct job *j)
{
    int64_t *dst = (int64_t *)(void *)j->dst;
    const uint64_t *node = j->p->first + (size_t)j->c->node_span * (j->p->cap + 1);
    uint64_t total = j->first[j->p->n];
    bool rows = j->out->rows_out;
    for (uint32_t i = 0; i < j->p->n; i++) {
        struct hr_edges e = hr_thin_edges(j->c, j->p, i);
        int64_t *a = dst + (rows ? 2 * j->first[i] : j->first[i]);
        hr_drop_copy_edges(&e, &j->p->kept[i], (int64_t)node[i], a, rows ? a + 1 : a + total, rows ? 2 : 1);
    }
}

static void fill_edges(const struct job *j)
{
    const struct hr_out *out = j->out;
    const struct hr_collate *c = j->c;
    int64_t *dst = (int64_t *)(void *)j->dst;
    const uint64_t *node = j->p->first + (size_t)c->node_span * (j->p->cap + 1);
    uint64_t total = j->first[j->p->n];
    hr_kernel_add *add = c->k->add[out->stored];
    for (uint32_t i = 0; i < j->p->n; i++) {
        const uint8_t *src = j->src[i];
        uint64_t at = j->first[i];
        size_t n = j->rows[i];
        int64_t k = (int64_t)node[i];
        ask(&j->ahead, i);
        if (out->rows_in && out->rows_out) {
            add(dst + 2 * at, src, 2 * n, k);
        } else if (out->rows_in) {
            c->k->unpair[out->stored](dst + at, dst + total + at, src, n, k);
        } else if (out->rows_out) {
            c->k->pair[out->stored](dst + 2 * at, src, src + n * out->elem_in, n, k);
        } else {
            add(dst + at, src, n, k);
            add(dst + total + at, src + n * out->elem_in, n, k);
        }
    }
}

static void fill_batch(const struct job *j)
{
    int64_t *dst = (int64_t *)(void *)j->dst;
    for (uint32_t i = 0; i < j->p->n; i++)
        j->c->k->fill(dst + j->first[i], j->rows[i], i);
}

static void fill_ptr(const struct job *j)
{
    memcpy(j->dst, j->first, ((size_t)j->p->n + 1) * sizeof *j->first);
}

static void fill_len(const struct job *j)
{
    int64_t *dst = (int64_t *)(void *)j->dst;
    for (uint32_t i = 0; i < j->p->n; i++)
        dst[i] = j->rows[i];
}

static void (*const fill[])(const struct job *) = {
    [HR_OUT_FIXED] = fill_fixed, [HR_OUT_ROWS] = fill_rows,   [HR_OUT_LISTS] = fill_lists, [HR_OUT_EDGES] = fill_edges,
    [HR_OUT_PAD] = fill_pad,     [HR_OUT_BATCH] = fill_batch, [HR_OUT_PTR] = fill_ptr,     [HR_OUT_LEN] = fill_len,
};

/* Elements of an output; also what its dynamic dimension is.  Sums of int32 counts times rows stay far below 2^63. */
static uint64_t elements(const struct hr_out *out, const struct hr_plan *p, int64_t *ret_dynamic)
{
    uint64_t sum = out->span >= 0 ? p->first[(size_t)out->span * (p->cap + 1) + p->n] : 0;
    uint32_t most = out->span >= 0 ? p->most[out->span] : 0;
    *ret_dynamic = (int64_t)(out->kind == HR_OUT_PAD ? most : sum);
    switch (out->kind) {
    case HR_OUT_FIXED:
        return p->n * out->row_out;
    case HR_OUT_ROWS:
    case HR_OUT_BATCH:
        return sum * out->row_out;
    case HR_OUT_LISTS:
        return sum * out->lists * out->row_out;
    case HR_OUT_EDGES:
        return sum * 2;
    case HR_OUT_PAD:
        return (uint64_t)p->n * most * out->lists * out->row_out;
    case HR_OUT_PTR:
        return (uint64_t)p->n + 1;
    case HR_OUT_LEN:
        return p->n;
    }
    return 0;
}

static void shape(const struct hr_out *out, const struct hr_plan *p, int64_t dynamic, struct hr_tensor *t)
{
    switch (out->kind) {
    case HR_OUT_FIXED:
    case HR_OUT_LEN:
    case HR_OUT_PAD:
        t->shape[0] = p->n;
        break;
    case HR_OUT_PTR:
        t->shape[0] = (int64_t)p->n + 1;
        break;
    default:
        break;
    }
    if (out->dynamic >= 0)
        t->shape[out->dynamic] = dynamic;
}

static int place(const struct hr_collate *c, const struct hr_plan *p, struct hr_slot *slot, struct hr_error *err)
{
    uint64_t bytes[2 * HR_FIELDS_MAX + 2];
    int64_t dynamic;
    for (int i = 0; i < c->outs; i++)
        bytes[i] = elements(&c->out[i], p, &dynamic) * c->out[i].elem_out;
    int r = hr_slot_place(slot, p->n, bytes, err);
    if (r < 0)
        return r;
    for (int i = 0; i < c->outs; i++) {
        elements(&c->out[i], p, &dynamic);
        shape(&c->out[i], p, dynamic, &slot->tensor[i]);
    }
    return 0;
}

static void fill_one(const struct job *j)
{
    if (j->c->drops && j->out->kind == HR_OUT_EDGES)
        fill_edges_thin(j);
    else
        fill[j->out->kind](j);
}

int hr_gather_fill(const struct hr_collate *c, struct hr_plan *p, const struct hr_plan *next, struct hr_slot *slot,
                   struct hr_error *err)
{
    int r = c->transforms != NULL ? hr_plan_room(p, &p->work, hr_thin_room(c, p), err) : 0;
    if (r == 0)
        r = place(c, p, slot, err);
    if (r < 0)
        return r;
    for (int i = 0; i < c->outs; i++) {
        const struct hr_out *out = &c->out[i];
        struct job j = { .c = c, .p = p, .out = out, .dst = slot->tensor[i].data };
        if (out->span >= 0) {
            j.rows = p->rows + (size_t)out->span * p->cap;
            j.first = p->first + (size_t)out->span * (p->cap + 1);
            j.most = p->most[out->span];
        }
        if (out->read >= 0) {
            j.src = p->src + (size_t)out->read * p->cap;
            j.ahead = ahead_of(c, p, next, out->read);
        }
        uint64_t t = out->touched ? hr_ticks() : 0;
        fill_one(&j);
        if (out->touched)
            p->augment += hr_ticks() - t;
    }
    memcpy(slot->sample, p->sample, p->n * sizeof *p->sample);
    slot->batch.epoch = p->epoch;
    slot->batch.step = p->step;
    slot->batch.position = p->position;
    slot->batch.samples = p->n;
    return 0;
}

/* The memory of a plan, and measuring it: sizes before bytes. */
#include "gather.h"

#include "mem.h"
#include "num.h"

#include <string.h>

enum { PIECES = 8 };

/* One block for all arrays: they are used together, and a plan is one charge. */
static size_t lay_out(const struct hr_collate *c, size_t n, size_t at[PIECES])
{
    size_t fields = (size_t)c->fields, spans = (size_t)c->spans, sum = 0;
    size_t extra = c->drops ? n : 0;
    const size_t bytes[PIECES] = { n * sizeof(uint64_t),          n * sizeof(struct hr_pick),       fields * n * sizeof(uint8_t *),
                              spans * n * sizeof(uint32_t),  spans * (n + 1) * sizeof(uint64_t), spans * sizeof(uint32_t),
                              spans * extra * sizeof(uint32_t), extra * sizeof(struct hr_kept) };
    for (int i = 0; i < PIECES; i++) {
        at[i] = sum;
        sum += hr_align_up(bytes[i], 64);
    }
    return sum;
}

size_t hr_plan_bytes(const struct hr_collate *c, uint32_t n)
{
    size_t at[PIECES];
    return lay_out(c, n, at);
}

int hr_plan_init(struct hr_plan *p, const struct hr_collate *c, uint32_t n, struct hr_ledger *ledger, struct hr_error *err)
{
    size_t at[PIECES], bytes = lay_out(c, n, at);
    char *block = hr_aligned(64, bytes);
    if (block == NULL)
        return hr_fail_nomem(err, bytes, "the plan of a batch");
    memset(block, 0, bytes);
    *p = (struct hr_plan){ .cap = n, .block = block, .block_bytes = bytes, .ledger = ledger };
    p->sample = (uint64_t *)(void *)(block + at[0]);
    p->pick = (struct hr_pick *)(void *)(block + at[1]);
    p->src = (const uint8_t **)(void *)(block + at[2]);
    p->rows = (uint32_t *)(void *)(block + at[3]);
    p->first = (uint64_t *)(void *)(block + at[4]);
    p->most = (uint32_t *)(void *)(block + at[5]);
    p->raw = c->drops ? (uint32_t *)(void *)(block + at[6]) : p->rows;
    p->kept = c->drops ? (struct hr_kept *)(void *)(block + at[7]) : NULL;
    return 0;
}

int hr_plan_room(struct hr_plan *p, struct hr_room *room, size_t n, struct hr_error *err)
{
    if (n <= room->n)
        return 0;
    n += n / 4;
    int r = hr_ledger_take(p->ledger, HR_CHARGE_SCRATCH, n - room->n, err);
    if (r < 0)
        return r;
    void *to = hr_aligned(64, n);
    if (to == NULL) {
        hr_ledger_give(p->ledger, HR_CHARGE_SCRATCH, n - room->n);
        return hr_fail_nomem(err, n, "the samples of a batch");
    }
    hr_free(room->p);
    *room = (struct hr_room){ to, n };
    return 0;
}

void hr_plan_fini(struct hr_plan *p)
{
    if (p->lists.n + p->work.n != 0)
        hr_ledger_give(p->ledger, HR_CHARGE_SCRATCH, p->lists.n + p->work.n);
    hr_free(p->lists.p);
    hr_free(p->work.p);
    hr_free(p->block);
    *p = (struct hr_plan){ 0 };
}

void hr_gather_foresee(const struct hr_collate *c, const struct hr_plan *p)
{
    for (int k = 0; k < c->fields; k++) {
        uint32_t lists = c->layout[c->field[k]].lists;
        if (lists == 0)
            continue;
        for (uint32_t i = 0; i < p->n; i++) {
            const int32_t *o = p->pick[i].col[c->field[k]].offsets + (size_t)p->pick[i].row * lists;
            __builtin_prefetch(o, 0, 3);
            __asm__ volatile("" : : "r"(o)); /* gcc leaves out a loop that only prefetches */
        }
    }
}

static int uneven(const struct hr_collate *c, const struct hr_plan *p, int field, uint32_t i, uint32_t rows, uint32_t other,
                  struct hr_error *err)
{
    const struct hr_span *s = &c->span[c->field_span[field]];
    const char *name = c->schema->field[c->field[field]].name;
    if (s->field == c->field[field])
        return hr_fail(err, HR_E_BAD_SAMPLE, "sample %llu: the lists of '%s' differ in length; pack the dataset again, which names it",
                       (unsigned long long)p->sample[i], name);
    return hr_fail(err, HR_E_BAD_SAMPLE, "sample %llu: '%s' has %u rows where '%s' has %u; leave one of them out with `fields`",
                   (unsigned long long)p->sample[i], name, rows, c->schema->field[s->field].name, other);
}

/* A ragged field: where each sample begins and how many rows it has.  `lead` is the first field of its span, which sets the
 * counts; the others must agree with it. */
static int measure_ragged(const struct hr_collate *c, struct hr_plan *p, int k, bool lead, struct hr_error *err)
{
    int f = c->field[k];
    const struct hr_layout *l = &c->layout[f];
    const uint8_t **src = p->src + (size_t)k * p->cap;
    uint32_t *rows = p->raw + (size_t)c->field_span[k] * p->cap;
    uint64_t step = l->row * l->elem;
    for (uint32_t i = 0; i < p->n; i++) {
        const struct hr_column *col = &p->pick[i].col[f];
        const int32_t *o = col->offsets + (size_t)p->pick[i].row * l->lists;
        uint32_t n = (uint32_t)(o[1] - o[0]);
        for (uint32_t j = 1; j < l->lists; j++)
            if (HR_UNLIKELY((uint32_t)(o[j + 1] - o[j]) != n))
                return uneven(c, p, k, i, n, n, err);
        if (lead)
            rows[i] = n;
        else if (HR_UNLIKELY(rows[i] != n))
            return uneven(c, p, k, i, n, rows[i], err);
        src[i] = col->values + (uint64_t)(uint32_t)o[0] * step;
    }
    return 0;
}

static void measure_fixed(const struct hr_collate *c, struct hr_plan *p, int k)
{
    int f = c->field[k];
    uint64_t step = c->layout[f].row * c->layout[f].elem;
    const uint8_t **src = p->src + (size_t)k * p->cap;
    for (uint32_t i = 0; i < p->n; i++)
        src[i] = p->pick[i].col[f].values + p->pick[i].row * step;
    p->bytes += p->n * step;
}

int hr_gather_measure(const struct hr_collate *c, struct hr_plan *p, struct hr_error *err)
{
    p->bytes = p->augment = 0;
    for (int k = 0; k < c->fields; k++) {
        int span = c->field_span[k];
        if (span < 0) {
            measure_fixed(c, p, k);
            continue;
        }
        int r = measure_ragged(c, p, k, c->span[span].field == c->field[k], err);
        if (r < 0)
            return r;
    }
    if (c->drops) {
        memcpy(p->rows, p->raw, (size_t)c->spans * p->cap * sizeof *p->rows);
        int r = hr_thin_measure(c, p, err);
        if (r < 0)
            return r;
    }
    for (int s = 0; s < c->spans; s++) {
        const uint32_t *rows = p->rows + (size_t)s * p->cap;
        uint64_t *first = p->first + (size_t)s * (p->cap + 1), sum = 0;
        uint32_t most = 0;
        for (uint32_t i = 0; i < p->n; i++) {
            first[i] = sum;
            sum += rows[i];
            most = HR_MAX(most, rows[i]);
        }
        first[p->n] = sum;
        p->most[s] = most;
    }
    for (int k = 0; k < c->fields; k++) {
        const struct hr_layout *l = &c->layout[c->field[k]];
        if (c->field_span[k] >= 0)
            p->bytes += p->first[(size_t)c->field_span[k] * (p->cap + 1) + p->n] * l->row * l->elem * l->lists;
    }
    return 0;
}

/* Dropping nodes and edges: which rows of a sample are left, and the stored rows without the others. */
#include "gather.h"

#include "clock.h"
#include "num.h"

#include <string.h>

struct hr_edges hr_thin_edges(const struct hr_collate *c, const struct hr_plan *p, uint32_t i)
{
    int k = 0;
    while (c->field[k] != c->edge_field)
        k++;
    const struct hr_layout *l = &c->layout[c->edge_field];
    const uint8_t *src = p->src[(size_t)k * p->cap + i];
    uint64_t n = p->raw[(size_t)c->edge_span * p->cap + i];
    bool rows = l->lists == 1; /* [-1, 2] */
    return (struct hr_edges){ .src = src,
                              .dst = src + (rows ? 1 : n) * l->elem,
                              .stride = rows ? 2 : 1,
                              .type = c->schema->field[c->edge_field].stored,
                              .n = n };
}

int hr_thin_measure(const struct hr_collate *c, struct hr_plan *p, struct hr_error *err)
{
    uint32_t *nodes = p->rows + (size_t)c->node_span * p->cap, *edges = p->rows + (size_t)c->edge_span * p->cap;
    size_t need = 0, at = 0;
    for (uint32_t i = 0; i < p->n; i++)
        need += hr_align_up(hr_drop_scratch(nodes[i], edges[i]), 64);
    uint64_t t = hr_ticks();
    int r = hr_plan_room(p, &p->lists, need, err);
    for (uint32_t i = 0; r == 0 && i < p->n; i++) {
        struct hr_draw draw = { c->seed, p->epoch, p->sample[i] };
        struct hr_edges e = hr_thin_edges(c, p, i);
        r = hr_drop_sample(c->transforms, &draw, nodes[i], &e, (char *)p->lists.p + at, &p->kept[i], err);
        at += hr_align_up(hr_drop_scratch(nodes[i], edges[i]), 64);
        if (r == 0) {
            nodes[i] = (uint32_t)p->kept[i].nodes;
            edges[i] = (uint32_t)p->kept[i].edges;
        } else if (r < 0) {
            hr_fail_prefix(err, r, "sample %llu", (unsigned long long)p->sample[i]);
        }
    }
    p->augment = hr_ticks() - t;
    return r;
}

static const uint32_t *keep_of(const struct hr_collate *c, const struct hr_plan *p, const struct hr_out *out, uint32_t i)
{
    if (!c->drops || out->span < 0)
        return NULL;
    return out->span == c->node_span ? p->kept[i].node : out->span == c->edge_span ? p->kept[i].edge : NULL;
}

const uint8_t *hr_thin_rows(const struct hr_collate *c, const struct hr_plan *p, const struct hr_out *out, uint32_t i, const uint8_t *src)
{
    const uint32_t *keep = keep_of(c, p, out, i);
    if (keep == NULL)
        return src;
    size_t row = out->row_in * out->elem_in, at = (size_t)out->span * p->cap + i;
    uint8_t *to = p->work.p;
    for (uint32_t k = 0; k < out->lists; k++)
        hr_drop_copy_rows(to + (size_t)k * p->rows[at] * row, src + (size_t)k * p->raw[at] * row, row, keep, p->rows[at]);
    return to;
}

size_t hr_thin_room(const struct hr_collate *c, const struct hr_plan *p)
{
    size_t most = 0;
    for (int o = 0; o < c->outs; o++) {
        const struct hr_out *out = &c->out[o];
        bool lists = out->touched && out->lists > 1;
        if (out->read < 0 || !(lists || (c->drops && out->span >= 0)))
            continue;
        for (uint32_t i = 0; i < p->n; i++) {
            size_t at = (size_t)out->span * p->cap + i;
            size_t in = (size_t)p->raw[at] * out->lists * out->row_in * out->elem_in;
            size_t wide = lists ? (size_t)p->raw[at] * out->lists * out->row_out * out->elem_out : 0;
            most = HR_MAX(most, in + 64 + wide);
        }
    }
    return most;
}

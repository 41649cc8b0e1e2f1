#include "second_pass.h"

#include "box.h"
#include "mem.h"
#include "parts.h"

#include <string.h>

struct pass {
    const struct hr_second_pass *s;
    struct hr_box *box;
    struct hr_chunk *view; /* per chunk of `from`; col NULL until it is looked at */
    struct hr_column *cols;
    void *scratch;         /* for a compressed store, which is read chunk after chunk */
    uint32_t at;           /* the chunk that lies in it */
    struct hr_buf *narrow; /* per field: values recast */
    struct hr_column *out;
    struct hr_parts parts;
    struct hr_error *err;
};

double hr_second_pass_sample_bytes(const struct hr_store *from, const struct hr_schema *to)
{
    double sum = 0;
    struct hr_column *room = hr_calloc((size_t)from->schema.n, sizeof *room);
    for (uint32_t c = 0; room != NULL && c < from->chunks; c++) {
        struct hr_chunk v = { .col = room };
        if (hr_store_view(from, c, hr_store_block(from, c), NULL, false, &v, NULL) < 0)
            continue; /* told when it is read in earnest */
        for (int f = 0; f < from->schema.n; f++) {
            size_t was = hr_dtype_size(from->schema.field[f].stored), is = hr_dtype_size(to->field[f].stored);
            sum += (double)v.col[f].bytes * (was != 0 ? (double)is / (double)was : 1);
            sum += 4.0 * v.n * from->layout[f].lists;
        }
    }
    hr_free(room);
    return from->samples == 0 ? 1 : HR_MAX(sum / (double)from->samples, 1.0);
}

static int open_pass(struct pass *p, const struct hr_second_pass *s, struct hr_error *err)
{
    size_t n = (size_t)s->to->n;
    *p = (struct pass){ .s = s, .err = err };
    p->view = hr_calloc((size_t)s->from->chunks + 1, sizeof *p->view);
    p->cols = hr_calloc((size_t)s->from->chunks * n + 1, sizeof *p->cols);
    p->narrow = hr_calloc(n, sizeof *p->narrow);
    p->out = hr_calloc(n, sizeof *p->out);
    if (p->view == NULL || p->cols == NULL || p->narrow == NULL || p->out == NULL)
        return hr_fail_nomem(err, s->from->chunks * n * sizeof *p->cols, "the second pass");
    if (s->from->codec != HR_CODEC_NONE) {
        p->scratch = hr_aligned(64, HR_MAX(hr_store_scratch(s->from), (uint64_t)64));
        if (p->scratch == NULL)
            return hr_fail_nomem(err, hr_store_scratch(s->from), "decompressing");
    }
    for (size_t f = 0; f < n; f++)
        p->narrow[f] = HR_BUF_INIT((size_t)INT32_MAX);
    p->parts = (struct hr_parts){ .dir = s->dir, .schema = s->to, .options = s->options };
    p->parts.part_chunks = s->shards != NULL ? UINT32_MAX : s->part_chunks;
    return hr_box_create(&s->from->schema, &p->box, err);
}

static void close_pass(struct pass *p)
{
    for (int f = 0; p->narrow != NULL && f < p->s->to->n; f++)
        hr_buf_fini(&p->narrow[f]);
    hr_parts_close(&p->parts);
    hr_box_destroy(p->box);
    hr_free(p->view);
    hr_free(p->scratch);
    hr_free(p->cols);
    hr_free(p->narrow);
    hr_free(p->out);
}

static int look(struct pass *p, uint32_t c, const struct hr_chunk **ret)
{
    struct hr_chunk *v = &p->view[c];
    if (p->scratch != NULL && p->at != c)
        v->col = NULL; /* what was decompressed there has been overwritten */
    p->at = c;
    if (v->col == NULL) {
        struct hr_chunk fresh = { .col = p->cols + (size_t)c * (size_t)p->s->to->n };
        int e = hr_store_view(p->s->from, c, hr_store_block(p->s->from, c), p->scratch, true, &fresh, p->err);
        if (e < 0)
            return e;
        *v = fresh;
    }
    *ret = v;
    return 0;
}

/* The box, its values recast, into the part. */
static int write_box(struct pass *p)
{
    if (p->box->chunk.n == 0)
        return 0;
    const struct hr_chunk *wide = hr_box_view(p->box);
    struct hr_chunk out = { .n = wide->n, .col = p->out };
    for (int f = 0; f < p->s->to->n; f++) {
        const struct hr_field *field = &p->s->to->field[f];
        out.col[f] = wide->col[f];
        if (field->stored == field->dtype)
            continue;
        uint64_t n = wide->col[f].bytes / hr_dtype_size(field->dtype), bytes = n * hr_dtype_size(field->stored);
        hr_buf_reset(&p->narrow[f]);
        void *to = hr_buf_reserve(&p->narrow[f], bytes);
        if (to == NULL)
            return hr_fail_nomem(p->err, bytes, "a chunk of the second pass");
        hr_recast(field, wide->col[f].values, n, to, &p->s->error[f]);
        out.col[f].values = to;
        out.col[f].bytes = bytes;
    }
    int e = hr_parts_append(&p->parts, &out, hr_box_bytes(p->box), p->err);
    hr_box_reset(p->box);
    return e == 0 ? p->s->tick(p->s->arg, p->err) : e;
}

static int add_run(struct pass *p, uint64_t sample, uint64_t n)
{
    while (n > 0) {
        const struct hr_chunk *v;
        uint32_t c = hr_store_chunk_of(p->s->from, sample);
        int e = look(p, c, &v);
        if (e < 0)
            return e;
        uint32_t first = (uint32_t)(sample - p->s->from->chunk[c].first);
        uint64_t room = HR_MIN((uint64_t)(v->n - first), (uint64_t)(p->s->options.chunk_samples - p->box->chunk.n));
        uint32_t k = (uint32_t)HR_MIN(n, room);
        e = hr_box_add(p->box, v, first, k, p->err);
        if (e == 0 && p->box->chunk.n == p->s->options.chunk_samples)
            e = write_box(p);
        if (e < 0)
            return e;
        sample += k;
        n -= k;
    }
    return 0;
}

static int end_part(struct pass *p)
{
    const char *text = NULL;
    int e = write_box(p);
    if (e == 0)
        e = p->s->footer(p->s->arg, &text, p->err);
    return e == 0 ? hr_parts_finish(&p->parts, text, p->err) : e;
}

static int run_shards(struct pass *p)
{
    const struct hr_shards *sh = p->s->shards;
    uint64_t at = 0;
    for (uint32_t i = 0; i < sh->n; i++) {
        while (at < sh->end[i]) {
            uint64_t n = 1; /* neighbours that stayed neighbours */
            while (at + n < sh->end[i] && sh->order[at + n] == sh->order[at] + n)
                n++;
            int e = add_run(p, sh->order[at], n);
            if (e < 0)
                return e;
            at += n;
        }
        int e = end_part(p);
        if (e < 0)
            return e;
    }
    return 0;
}

int hr_second_pass_run(const struct hr_second_pass *s, struct hr_error *err)
{
    struct pass p;
    int e = open_pass(&p, s, err);
    if (e == 0 && s->shards != NULL)
        e = run_shards(&p);
    else if (e == 0) {
        e = add_run(&p, 0, s->from->samples);
        if (e == 0)
            e = end_part(&p);
    }
    close_pass(&p);
    return e;
}

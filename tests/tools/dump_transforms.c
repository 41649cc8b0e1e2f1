/* Runs transforms on values from a file and writes what comes out, for tests/py/test_transforms.py to hold against the
 * NumPy reference.
 *
 *   dump_transforms values SPEC IN OUT    IN: the sample's elements; OUT: the lines with appended columns
 *   dump_transforms drop   SPEC IN OUT    IN: edges as [2, E] or [E, 2]; OUT: uint64 nodes, edges kept; their numbers (uint32);
 *                                         the edges renumbered, [2, E'] int64
 *   dump_transforms order  SPEC - OUT     OUT: the samples of the epoch in order (uint64)
 *
 * SPEC: one word and its values per line:
 *   dtype float32|float64     ndim N d0 d1 ...        draw SEED EPOCH SAMPLE     lines N      gap N (elements between lines)
 *   stat MIN MAX MEAN STD (one line per feature)      t KIND COLUMN A B FROM_STATISTICS
 *   nodes N                   edges N DTYPE STRIDE    inplace 0|1
 *   samples N CHUNK KIND WINDOW */
#include "drop.h"
#include "mem.h"
#include "order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct spec {
    struct hr_field field[2];
    struct hr_norm stat[1024];
    struct hr_field_norm stats[2];
    struct hr_transform t[HR_TRANSFORMS_MAX + 1];
    int n;
    struct hr_draw draw;
    uint64_t lines, gap, nodes, edges, stride;
    enum hr_dtype edge_type;
    bool in_place;
    uint64_t samples, chunk, kind, window;
};

static void die(const char *what, const char *more)
{
    fprintf(stderr, "dump_transforms: %s: %s\n", what, more);
    exit(1);
}

static uint64_t word_u(char **rest)
{
    return strtoull(strsep(rest, " "), NULL, 0);
}

static double word_f(char **rest)
{
    return strtod(strsep(rest, " "), NULL); /* hexadecimal: exact */
}

static int kind_of(const char *name)
{
    static const char *const names[] = {
#define HR_T_NAME(id, text, help) text,
        HR_TRANSFORMS(HR_T_NAME)
#undef HR_T_NAME
    };
    for (int i = 0; i < HR_T_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    die("no transform of that name", name);
    return 0;
}

static void read_line(struct spec *s, char *line)
{
    char *rest = line, *what = strsep(&rest, " ");
    struct hr_field *x = &s->field[0];
    if (strcmp(what, "dtype") == 0) {
        x->dtype = x->stored = hr_dtype_of(rest);
    } else if (strcmp(what, "ndim") == 0) {
        x->ndim = (int)word_u(&rest);
        for (int i = 0; i < x->ndim && i < HR_NDIM_MAX; i++)
            x->shape[i] = (int64_t)word_u(&rest);
    } else if (strcmp(what, "stat") == 0 && s->stats[0].n < HR_COUNT(s->stat)) {
        struct hr_norm *f = &s->stat[s->stats[0].n++];
        f->min = word_f(&rest);
        f->max = word_f(&rest);
        f->mean = word_f(&rest);
        f->std = word_f(&rest);
    } else if (strcmp(what, "t") == 0 && s->n <= HR_TRANSFORMS_MAX) {
        struct hr_transform *t = &s->t[s->n++];
        t->kind = (enum hr_transform_kind)kind_of(strsep(&rest, " "));
        t->field = "x";
        t->column = (int)strtol(strsep(&rest, " "), NULL, 10);
        t->a = word_f(&rest);
        t->b = word_f(&rest);
        t->a_from_statistics = word_u(&rest) != 0;
    } else if (strcmp(what, "draw") == 0) {
        s->draw.seed = word_u(&rest);
        s->draw.epoch = word_u(&rest);
        s->draw.sample = word_u(&rest);
    } else if (strcmp(what, "lines") == 0) {
        s->lines = word_u(&rest);
    } else if (strcmp(what, "gap") == 0) {
        s->gap = word_u(&rest);
    } else if (strcmp(what, "inplace") == 0) {
        s->in_place = word_u(&rest) != 0;
    } else if (strcmp(what, "nodes") == 0) {
        s->nodes = word_u(&rest);
    } else if (strcmp(what, "edges") == 0) {
        s->edges = word_u(&rest);
        s->edge_type = hr_dtype_of(strsep(&rest, " "));
        s->stride = word_u(&rest);
    } else if (strcmp(what, "samples") == 0) {
        s->samples = word_u(&rest);
        s->chunk = word_u(&rest);
        s->kind = word_u(&rest);
        s->window = word_u(&rest);
    } else {
        die("no line of a spec", what);
    }
}

static void read_spec(struct spec *s, const char *path)
{
    char line[512];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("cannot be read", path);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (*line != '\0')
            read_line(s, line);
    }
    fclose(f);
}

static void *slurp(const char *path, size_t n)
{
    char *p = hr_calloc(n + 1, 1);
    FILE *f = fopen(path, "rb");
    if (f == NULL || p == NULL || fread(p, 1, n, f) != n)
        die("is not as long as the spec says", path);
    fclose(f);
    return p;
}

static void values(const struct spec *s, const struct hr_transforms *t, const char *in, FILE *out)
{
    const struct hr_field *x = &s->field[0];
    size_t size = hr_dtype_size(x->dtype);
    uint64_t width = x->ndim == 0 || x->shape[x->ndim - 1] == HR_RAGGED ? 1 : (uint64_t)x->shape[x->ndim - 1];
    uint64_t wide = width + (uint64_t)hr_transforms_extra(t, 0), line = s->in_place ? wide : width + s->gap;
    char *src = slurp(in, s->lines * width * size), *spread = hr_calloc(s->lines * line + 1, size), *dst = hr_calloc(s->lines * wide + 1, size);
    if (spread == NULL || dst == NULL)
        die("out of memory", in);
    for (uint64_t i = 0; i < s->lines; i++)
        memcpy(spread + i * line * size, src + i * width * size, width * size);
    hr_transforms_apply(t, 0, &s->draw, spread, line, s->in_place ? spread : dst, s->lines);
    fwrite(s->in_place ? spread : dst, size, s->lines * wide, out);
    hr_free(src);
    hr_free(spread);
    hr_free(dst);
}

static void drop(const struct spec *s, const struct hr_transforms *t, const char *in, FILE *out)
{
    size_t size = hr_dtype_size(s->edge_type);
    char *src = slurp(in, 2 * s->edges * size);
    struct hr_edges e = { .src = src, .dst = src + (s->stride == 2 ? 1 : s->edges) * size, .stride = s->stride, .type = s->edge_type, .n = s->edges };
    void *scratch = hr_malloc(hr_drop_scratch(s->nodes, s->edges) + 1);
    struct hr_kept kept;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_drop_sample(t, &s->draw, s->nodes, &e, scratch, &kept, &err) < 0)
        die("drop", err.text);
    uint64_t count[2] = { kept.nodes, kept.edges };
    fwrite(count, sizeof *count, 2, out);
    for (uint64_t i = 0; i < kept.nodes; i++)
        fwrite(kept.node != NULL ? &kept.node[i] : &(uint32_t){ (uint32_t)i }, sizeof(uint32_t), 1, out);
    for (uint64_t i = 0; i < kept.edges; i++)
        fwrite(kept.edge != NULL ? &kept.edge[i] : &(uint32_t){ (uint32_t)i }, sizeof(uint32_t), 1, out);
    int64_t *to = hr_calloc(2 * kept.edges + 1, sizeof *to);
    hr_drop_copy_edges(&e, &kept, 1000, to, to + kept.edges, 1);
    fwrite(to, sizeof *to, 2 * kept.edges, out);
    hr_free(to);
    hr_free(scratch);
    hr_free(src);
}

static void order(const struct spec *s, FILE *out)
{
    struct hr_order_geometry g = { .samples = s->samples, .chunk_samples = (uint32_t)s->chunk, .parts = 1, .part_samples = &s->samples };
    struct hr_order o;
    struct hr_epoch e = { .order = NULL };
    struct hr_cursor c;
    if (hr_order_init(&o, &g, (enum hr_order_kind)s->kind, s->window, s->draw.seed, NULL) < 0 || hr_order_epoch(&o, s->draw.epoch, &e, NULL) < 0 ||
        hr_cursor_init(&c, &o, NULL) < 0)
        die("order", "refused");
    for (uint64_t at = 0; at < s->samples; at += 64) {
        uint64_t v[64];
        size_t n = (size_t)HR_MIN(UINT64_C(64), s->samples - at);
        hr_epoch_range(&e, &c, at, n, v);
        fwrite(v, sizeof *v, n, out);
    }
    hr_cursor_fini(&c);
    hr_epoch_fini(&e);
    hr_order_fini(&o);
}

int main(int argc, char **argv)
{
    static struct spec s = {
        .field = { { .name = "x", .role = HR_ROLE_NODE },
                   { .name = "edge_index", .dtype = HR_I64, .stored = HR_I64, .role = HR_ROLE_EDGE_INDEX, .ndim = 2, .shape = { 2, HR_RAGGED } } },
    };
    if (argc != 5)
        die("usage", "values|drop|order SPEC IN OUT");
    read_spec(&s, argv[2]);
    s.stats[0].feature = s.stat;
    struct hr_schema schema = { 2, s.field };
    struct hr_transforms *t = NULL;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_transforms_compile(s.t, s.n, &schema, s.stats, &t, &err) < 0)
        die("refused", err.text);
    FILE *out = fopen(argv[4], "wb");
    if (out == NULL)
        die("cannot be written", argv[4]);
    if (strcmp(argv[1], "values") == 0)
        values(&s, t, argv[3], out);
    else if (strcmp(argv[1], "drop") == 0)
        drop(&s, t, argv[3], out);
    else
        order(&s, out);
    hr_transforms_free(t);
    return fclose(out) == 0 ? 0 : 1;
}

#include "json_sample.h"

#include "decimal.h"
#include "json_row.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

/* The schema's names as a tree, split at the dots.  Node 0 is the sample itself. */
struct node {
    const char *key; /* into the field's name, not terminated */
    size_t n;
    int field;       /* -1: an object */
    int child, next; /* 0: none */
    const char *path; /* the whole name up to here, for errors: into a field's name, path_n bytes */
    size_t path_n;
};

struct hr_json_reader {
    const struct hr_schema *schema;
    bool other_keys;
    int nodes;
    struct node *node;
};

static int node_find(const struct hr_json_reader *r, int parent, struct hr_str key)
{
    for (int i = r->node[parent].child; i != 0; i = r->node[i].next)
        if (r->node[i].n == key.n && memcmp(r->node[i].key, key.p, key.n) == 0)
            return i;
    return 0;
}

static int node_add(struct hr_json_reader *r, int parent, const char *name, struct hr_str key)
{
    int i = r->nodes++;
    r->node[i] = (struct node){ .key = key.p, .n = key.n, .field = -1, .path = name };
    r->node[i].path_n = (size_t)(key.p + key.n - name);
    int *link = &r->node[parent].child;
    while (*link != 0)
        link = &r->node[*link].next;
    *link = i;
    return i;
}

static int add_field(struct hr_json_reader *r, int f, struct hr_error *err)
{
    const char *name = r->schema->field[f].name;
    struct hr_str rest = hr_str(name), key;
    int at = 0;
    while (hr_str_cut(&rest, '.', &key)) {
        int next = node_find(r, at, key);
        if (r->node[at].field >= 0)
            next = -1;
        if (next < 0 || (next != 0 && rest.p == NULL))
            return hr_fail(err, HR_E_INVALID, "field '%s' cannot be both a value and an object with fields of its own", name);
        at = next != 0 ? next : node_add(r, at, name, key);
    }
    r->node[at].field = f;
    return 0;
}

int hr_json_reader_create(const struct hr_schema *schema, bool other_keys, struct hr_json_reader **ret,
                          struct hr_error *err)
{
    size_t nodes = 1;
    for (int f = 0; f < schema->n; f++) {
        if (schema->field[f].dtype == HR_BYTES)
            return hr_fail(err, HR_E_UNSUPPORTED, "field '%s' holds bytes, which JSON does not have", schema->field[f].name);
        for (const char *c = schema->field[f].name; *c != 0; c++)
            nodes += *c == '.';
        nodes++;
    }
    struct hr_json_reader *r = hr_calloc(1, sizeof *r);
    if (r != NULL)
        r->node = hr_calloc(nodes, sizeof *r->node);
    if (r == NULL || r->node == NULL) {
        hr_json_reader_destroy(r);
        return hr_fail_nomem(err, nodes * sizeof *r->node, "the keys of a schema");
    }
    r->schema = schema;
    r->other_keys = other_keys;
    r->nodes = 1;
    r->node[0] = (struct node){ .key = "", .field = -1, .path = "" };
    for (int f = 0; f < schema->n; f++) {
        int e = add_field(r, f, err);
        if (e < 0) {
            hr_json_reader_destroy(r);
            return e;
        }
    }
    hr_decimal_init();
    *ret = r;
    return 0;
}

void hr_json_reader_destroy(struct hr_json_reader *r)
{
    if (r == NULL)
        return;
    hr_free(r->node);
    hr_free(r);
}

void hr_json_scratch_fini(struct hr_json_scratch *s)
{
    hr_buf_fini(&s->word);
    hr_buf_fini(&s->path);
}

/* --- reading --- */

struct reading {
    const struct hr_json_reader *r;
    struct hr_json_scratch *s;
    struct hr_block *b;
    const char *start;  /* of the sample's text, at `offset` in the file */
    uint64_t offset;
    uint64_t seen[HR_FIELDS_MAX / 64];
    struct hr_error *err;
    int fatal;          /* negative: memory was short while recording */
    bool recorded;
};

/* Records the sample as bad at `at`; always NULL. */
static const char *bad(struct reading *g, struct hr_str key, const char *at, const char *why)
{
    char name[HR_NAME_MAX * 4];
    snprintf(name, sizeof name, "%.*s", HR_STR_ARG(key));
    g->fatal = hr_block_bad(g->b, name, g->offset + (uint64_t)(at - g->start), g->err, "%s", why);
    g->recorded = true;
    return NULL;
}

static const char *bad_field(struct reading *g, int f, const char *at, const char *why)
{
    return bad(g, hr_str(g->r->schema->field[f].name), at, why);
}

static const char *bad_widen(struct reading *g, int f, const char *at, const char *why, enum hr_widen widen, int dim)
{
    bad_field(g, f, at, why);
    struct hr_bad_sample *last = g->fatal == 0 ? hr_block_last_bad(g->b) : NULL;
    if (last != NULL) {
        last->widen = widen;
        last->field = f;
        last->dim = dim;
    }
    return NULL;
}

static const char *bad_kind(struct reading *g, int f, const char *at, const char *expected)
{
    char why[128];
    const char *got = *at == 0 ? "the end of the text" : hr_json_kind_name(hr_json_kind(at));
    snprintf(why, sizeof why, "has %s where %s is expected", got, expected);
    return bad_field(g, f, at, why);
}

/* What a row of numbers stumbled over. */
static const char *bad_row(struct reading *g, int f, struct hr_row row)
{
    const struct hr_field *field = &g->r->schema->field[f];
    char why[128];
    switch (row.what) {
    case HR_ROW_FRACTION:
        snprintf(why, sizeof why, "has a number with a fraction, and the field is %s", hr_dtype_name(field->dtype));
        return bad_widen(g, f, row.p, why, HR_WIDEN_FLOAT, 0);
    case HR_ROW_RANGE:
        snprintf(why, sizeof why, "has a number that does not fit %s", hr_dtype_name(field->dtype));
        return bad_widen(g, f, row.p, why, field->dtype == HR_F32 ? HR_WIDEN_DOUBLE : HR_WIDEN_NONE, 0);
    default: break;
    }
    enum hr_json_kind kind = hr_json_kind(row.p);
    if (kind == HR_JSON_BAD)
        return bad_field(g, f, row.p, *row.p == 0 ? "ends in the middle" : "is malformed: a number, a comma or a bracket is expected");
    if (kind == HR_JSON_NUMBER)
        return bad_field(g, f, row.p, "has a malformed number");
    return bad_kind(g, f, row.p, field->dtype == HR_BOOL ? "true or false" : "a number");
}

/* A fixed dimension met another length.  It may become ragged when it is the first, or the second behind a fixed one. */
static const char *bad_length(struct reading *g, int f, int dim, const char *at, const char *relation)
{
    const struct hr_field *field = &g->r->schema->field[f];
    char why[128];
    snprintf(why, sizeof why, "has %s than %lld entries in dimension %d", relation, (long long)field->shape[dim], dim);
    bool can = dim <= 1;
    for (int d = 0; d < field->ndim; d++)
        can = can && field->shape[d] != HR_RAGGED;
    return bad_widen(g, f, at, why, can ? HR_WIDEN_RAGGED : HR_WIDEN_NONE, dim);
}

/* The innermost dimension, p behind its bracket. */
static const char *read_row(struct reading *g, int f, int dim, const char *p)
{
    const struct hr_field *field = &g->r->schema->field[f];
    struct hr_buf *to = &g->b->col[f].values;
    size_t elem = g->b->layout[f].elem;
    if (field->shape[dim] != HR_RAGGED) {
        size_t want = (size_t)field->shape[dim];
        void *room = hr_block_room(g->b, f, want * elem);
        if (room == NULL)
            return NULL;
        struct hr_row row = hr_json_row(p, field->stored, room, want);
        if (HR_UNLIKELY(row.what == HR_ROW_FULL))
            return bad_length(g, f, dim, row.p, "more");
        if (HR_UNLIKELY(row.what != HR_ROW_END))
            return bad_row(g, f, row);
        if (HR_UNLIKELY(row.n != want))
            return bad_length(g, f, dim, row.p, "fewer");
        hr_block_commit(g->b, f, want * elem);
        return row.p;
    }
    for (;;) {
        enum { STEP = 256 };
        if (hr_block_room(g->b, f, STEP * elem) == NULL)
            return NULL;
        struct hr_row row = hr_json_row(p, field->stored, to->data + to->len, (to->cap - 1 - to->len) / elem);
        hr_block_commit(g->b, f, row.n * elem);
        p = row.p;
        if (row.what == HR_ROW_END)
            break;
        if (row.what != HR_ROW_FULL)
            return bad_row(g, f, row);
    }
    hr_block_list(g->b, f);
    return p;
}

/* One array of field f at p, dimension dim. */
static const char *read_array(struct reading *g, int f, int dim, const char *p)
{
    const struct hr_field *field = &g->r->schema->field[f];
    if (*p != '[')
        return bad_kind(g, f, p, "a list");
    p++;
    if (dim == field->ndim - 1)
        return read_row(g, f, dim, p);
    int64_t n = 0, want = field->shape[dim];
    p = hr_json_blanks(p);
    if (*p == ']' && dim == 0 && field->shape[1] == HR_RAGGED) { /* [] for [[], []]: what no edges are often written as */
        for (int64_t i = 0; i < want; i++)
            hr_block_list(g->b, f);
        return p + 1;
    }
    for (; *p != ']'; n++) {
        if (n == want)
            return bad_length(g, f, dim, p, "more");
        p = read_array(g, f, dim + 1, p);
        if (p == NULL)
            return NULL;
        p = hr_json_blanks(p);
        if (*p == ',') {
            p = hr_json_blanks(p + 1);
            if (HR_UNLIKELY(*p == ']'))
                return bad_field(g, f, p, "has a comma with nothing behind it");
        } else if (*p != ']') {
            return bad_field(g, f, p, *p == 0 ? "ends in the middle" : "is malformed: a comma or a bracket is expected");
        }
    }
    if (want == HR_RAGGED)
        hr_block_list(g->b, f);
    else if (n != want)
        return bad_length(g, f, dim, p, "fewer");
    return p + 1;
}

static const char *read_string(struct reading *g, int f, const char *p)
{
    struct hr_json_trouble t;
    struct hr_str text;
    if (*p != '"')
        return bad_kind(g, f, p, "a string");
    p = hr_json_string(p, &g->s->word, &text, &t);
    if (p == NULL)
        return bad_field(g, f, t.at, t.why);
    hr_block_add(g->b, f, text.p, text.n);
    hr_block_list(g->b, f);
    return p;
}

static const char *read_field(struct reading *g, int f, const char *p)
{
    const struct hr_field *field = &g->r->schema->field[f];
    uint64_t bit = (uint64_t)1 << (f % 64);
    if (g->seen[f / 64] & bit)
        return bad_field(g, f, p, "is there twice");
    g->seen[f / 64] |= bit;
    if (field->dtype == HR_STR)
        return read_string(g, f, p);
    if (field->ndim > 0)
        return read_array(g, f, 0, p);
    size_t elem = g->b->layout[f].elem;
    void *room = hr_block_room(g->b, f, elem);
    if (room == NULL)
        return NULL;
    struct hr_row one = hr_json_one(p, field->stored, room);
    if (one.n == 0)
        return bad_row(g, f, one);
    hr_block_commit(g->b, f, elem);
    return one.p;
}

/* The node that a key leads to: first where the schema expects it, then anywhere, then along its dots. */
static int find_key(const struct reading *g, int at, int expect, struct hr_str key)
{
    const struct node *e = &g->r->node[expect];
    if (HR_LIKELY(expect != 0 && e->n == key.n && memcmp(e->key, key.p, key.n) == 0))
        return expect;
    int found = node_find(g->r, at, key);
    if (found != 0 || memchr(key.p, '.', key.n) == NULL)
        return found;
    struct hr_str part;
    for (found = at; hr_str_cut(&key, '.', &part);) {
        found = node_find(g->r, found, part);
        if (found == 0)
            return 0;
    }
    return found;
}

static const char *bad_key(struct reading *g, int at, struct hr_str key, const char *p, const char *why)
{
    const struct node *n = &g->r->node[at];
    hr_buf_reset(&g->s->path);
    hr_buf_printf(&g->s->path, "%.*s%s%.*s", (int)n->path_n, n->path, n->path_n != 0 ? "." : "",
                  (int)HR_MIN(key.n, (size_t)200), key.p);
    return bad(g, hr_buf_str(&g->s->path), p, why);
}

static struct hr_str node_path(const struct reading *g, int at)
{
    return (struct hr_str){ g->r->node[at].path, g->r->node[at].path_n };
}

static const char *read_object(struct reading *g, int at, const char *p);

static const char *read_value(struct reading *g, int at, int to, struct hr_str key, const char *p)
{
    struct hr_json_trouble t;
    if (to == 0 && !g->r->other_keys)
        return bad_key(g, at, key, p, "is a key that the schema does not have");
    if (to == 0) {
        p = hr_json_skip(p, &t);
        return p != NULL ? p : bad(g, node_path(g, at), t.at, t.why);
    }
    if (g->r->node[to].field >= 0)
        return read_field(g, g->r->node[to].field, p);
    if (*p != '{')
        return bad(g, node_path(g, to), p, "is expected to be an object");
    return read_object(g, to, p);
}

/* The object at p.  Recursion is bounded by the schema's names: a key that they do not lead to is not entered. */
static const char *read_object(struct reading *g, int at, const char *p)
{
    struct hr_json_trouble t;
    struct hr_str key;
    int expect = g->r->node[at].child;
    p = hr_json_blanks(p + 1);
    if (*p == '}')
        return p + 1;
    for (;;) {
        if (*p != '"')
            return bad(g, node_path(g, at), p, *p == 0 ? "ends in the middle" : "is malformed: a key in quotes is expected");
        const char *key_at = p;
        p = hr_json_string(p, &g->s->word, &key, &t);
        if (p == NULL)
            return bad(g, node_path(g, at), t.at, t.why);
        p = hr_json_blanks(p);
        if (*p != ':')
            return bad(g, node_path(g, at), p, "is malformed: a colon is expected");
        int to = find_key(g, at, expect, key);
        p = hr_json_blanks(p + 1);
        p = read_value(g, at, to, key, to == 0 && !g->r->other_keys ? key_at : p);
        if (HR_UNLIKELY(p == NULL))
            return NULL;
        expect = to != 0 ? g->r->node[to].next : expect;
        p = hr_json_blanks(p);
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return bad(g, node_path(g, at), p,
                       *p == 0 ? "ends in the middle" : "is malformed: a comma or a closing brace is expected");
        p = hr_json_blanks(p + 1);
    }
}

int hr_json_sample(const struct hr_json_reader *r, struct hr_json_scratch *s, const char *p, uint64_t number,
                   uint64_t offset, struct hr_block *b, const char **ret_end, struct hr_error *err)
{
    struct reading g = { .r = r, .s = s, .b = b, .start = p, .offset = offset, .err = err };
    const char *end = NULL;
    *ret_end = NULL;
    hr_block_begin(b, number, offset);
    if (*p != '{')
        bad(&g, HR_STR(""), p, *p == 0 ? "is missing: the text ends, or holds a zero byte" : "is not an object");
    else
        end = read_object(&g, 0, p);
    if (g.fatal < 0)
        return g.fatal;
    if (g.recorded)
        return 0;
    /* A NULL end that nobody recorded is a refused allocation, which hr_block_end reports. */
    int e = hr_block_end(b, err);
    if (e >= 0)
        *ret_end = end;
    return e;
}

#include "arrays.h"

#include "convert.h"
#include "file.h"
#include "mem.h"
#include "num.h"

#include <inttypes.h>
#include <string.h>

int hr_array_pread(const struct hr_array *a, uint64_t lead, uint64_t first, uint64_t rows, void *to, struct hr_error *err)
{
    uint64_t skip = lead == HR_ARRAY_ROWS ? 0 : lead * hr_array_row(a, 0);
    uint64_t row = hr_array_row(a, lead == HR_ARRAY_ROWS ? 0 : 1);
    return hr_pread_all(a->fd, to, rows * row, a->data + skip + first * row, a->path, err);
}

uint64_t hr_array_row(const struct hr_array *a, int axis)
{
    uint64_t n = a->item;
    for (int i = axis + 1; i < a->ndim; i++)
        n *= a->shape[i];
    return n;
}

uint64_t hr_array_bytes(const struct hr_array *a)
{
    return a->ndim == 0 ? a->item : a->shape[0] * hr_array_row(a, 0);
}

static bool is_integer(const struct hr_array *a)
{
    return a->kind == HR_NPY_NUMBER && a->dtype >= HR_I8 && a->dtype <= HR_U64;
}

/* Length of `name` without an ending that marks offsets; 0 when it has none. */
static size_t owner_length(const char *name)
{
    static const char *const ends[] = { "_offsets", "_ptr", "_indptr", ".offsets" };
    struct hr_str s = hr_str(name);
    for (size_t i = 0; i < HR_COUNT(ends); i++) {
        if (hr_str_ends(s, ends[i]) && s.n > strlen(ends[i]))
            return s.n - strlen(ends[i]);
    }
    return 0;
}

static bool is_shared_name(const char *name)
{
    static const char *const names[] = { "offsets", "ptr", "indptr", "no", "eo" };
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return owner_length(name) != 0;
}

static const struct hr_array *find(const struct hr_array *a, int n, const char *name, size_t length)
{
    for (int i = 0; i < n; i++) {
        if (strlen(a[i].name) == length && memcmp(a[i].name, name, length) == 0)
            return &a[i];
    }
    return NULL;
}

static bool looks_like_offsets(const struct hr_array *a)
{
    return is_integer(a) && a->ndim == 1 && a->shape[0] >= 1 && is_shared_name(a->name);
}

bool hr_arrays_are_record(const struct hr_array *a, int n)
{
    bool differ = false;
    for (int i = 0; i < n; i++) {
        if (looks_like_offsets(&a[i]))
            return false;
        differ = differ || a[i].ndim == 0 || a[i].shape[0] != a[0].shape[0];
    }
    return differ;
}

static int read_offsets(const struct hr_array *a, uint64_t first, uint64_t n, uint64_t *to, struct hr_error *err)
{
    uint64_t raw_bytes;
    if (hr_ckd_mul(&raw_bytes, n, a->item) || raw_bytes > SIZE_MAX / 2)
        return hr_fail(err, HR_E_LIMIT, "'%s' in '%s' is too large", a->name, a->path);
    HR_CLEANUP(hr_freep) void *raw = hr_malloc(raw_bytes);
    if (raw == NULL)
        return hr_fail_nomem(err, raw_bytes, "offsets");
    int r = a->read(a, HR_ARRAY_ROWS, first, n, raw, err);
    if (r < 0)
        return r;
    if (a->swapped)
        hr_swap_bytes(raw, a->item, n);
    int64_t good = hr_convert(HR_U64, to, a->dtype, raw, n);
    if (good != (int64_t)n)
        return hr_fail(err, HR_E_FORMAT, "'%s' in '%s' holds a negative offset at index %" PRIu64, a->name, a->path,
                       first + (uint64_t)good);
    return 0;
}

/* --- the plan --- */

struct planner {
    const struct hr_array *a;
    int n;
    const char *where;
    struct hr_columns *to;
    struct hr_error *err;
    bool *is_offsets;
    uint64_t *last; /* of arrays of offsets: where they end */
};

static int find_offsets(struct planner *p)
{
    const struct hr_array *seen = NULL;
    for (int i = 0; i < p->n; i++) {
        const struct hr_array *a = &p->a[i];
        if (!looks_like_offsets(a))
            continue;
        size_t owner = owner_length(a->name);
        bool own = owner != 0 && find(p->a, p->n, a->name, owner) != NULL;
        uint64_t ends[2];
        int r = read_offsets(a, 0, 1, &ends[0], p->err);
        if (r == 0)
            r = read_offsets(a, a->shape[0] - 1, 1, &ends[1], p->err);
        if (r < 0)
            return r;
        if (ends[1] < ends[0] || (seen != NULL && seen->shape[0] != a->shape[0])) {
            if (!own)
                continue; /* a field that happens to be called so */
            return hr_fail(p->err, HR_E_FORMAT, seen != NULL && seen->shape[0] != a->shape[0] ?
                           "'%s': '%s' and '%s' are offsets of different numbers of samples" :
                           "'%s': the offsets '%s' go down", p->where, a->name, seen == NULL ? "" : seen->name);
        }
        seen = a;
        p->is_offsets[i] = true;
        p->last[i] = ends[1];
        p->to->samples = a->shape[0] - 1;
    }
    if (seen != NULL)
        return 0;
    for (int i = 0; i < p->n; i++) {
        if (p->a[i].ndim > 0) {
            p->to->samples = p->a[i].shape[0];
            return 0;
        }
    }
    return hr_fail(p->err, HR_E_FORMAT, "'%s' holds no array of samples", p->where);
}

/* The axis along which offsets number `o` cut the array, or -1. */
static int axis_of(const struct planner *p, const struct hr_array *a, int o)
{
    bool rows = a->ndim >= 1 && a->shape[0] == p->last[o];
    bool columns = a->ndim >= 2 && a->shape[0] <= 16 && a->shape[0] > 0 && a->shape[1] == p->last[o];
    if (rows && columns)
        return strstr(a->name, "index") != NULL ? 1 : 0;
    return rows ? 0 : columns ? 1 : -1;
}

/* How well shared offsets go with a field: 0 = not at all. */
static int affinity(const struct planner *p, const struct hr_array *a, int o)
{
    if (!p->is_offsets[o] || axis_of(p, a, o) < 0)
        return 0;
    size_t owner = owner_length(p->a[o].name);
    if (owner != 0 && find(p->a, p->n, p->a[o].name, owner) != NULL)
        return 1; /* another field's own: lengths agree, that must do */
    char first = p->a[o].name[0];
    bool edge = a->name[0] == 'e';
    return first == 'e' ? (edge ? 4 : 2) : first == 'n' ? (edge ? 2 : 4) : 3;
}

/* Names that leave no doubt that there are many rows per sample, though their sum happens to be the number of samples. */
static bool sure_name(const char *name)
{
    return strcmp(name, "x") == 0 || strncmp(name, "node", 4) == 0 || strncmp(name, "edge", 4) == 0;
}

static int plan_field(struct planner *p, const struct hr_array *a, struct hr_column_plan *ret)
{
    int best = -1, how_well = 0;
    for (int o = 0; o < p->n; o++) {
        size_t owner = owner_length(p->a[o].name);
        if (p->is_offsets[o] && owner != 0 && strlen(a->name) == owner && memcmp(a->name, p->a[o].name, owner) == 0) {
            int axis = axis_of(p, a, o);
            if (axis < 0)
                return hr_fail(p->err, HR_E_FORMAT, "'%s': '%s' has %" PRIu64 " rows, and its offsets '%s' end at %" PRIu64,
                               p->where, a->name, a->ndim > 0 ? a->shape[0] : 0, p->a[o].name, p->last[o]);
            *ret = (struct hr_column_plan){ a, &p->a[o], axis };
            return 0;
        }
        int fits = affinity(p, a, o);
        if (fits > how_well) {
            best = o;
            how_well = fits;
        }
    }
    if (a->ndim >= 1 && a->shape[0] == p->to->samples && !(how_well == 4 && sure_name(a->name)))
        *ret = (struct hr_column_plan){ a, NULL, 0 };
    else if (best >= 0)
        *ret = (struct hr_column_plan){ a, &p->a[best], axis_of(p, a, best) };
    else
        return hr_fail(p->err, HR_E_FORMAT, "'%s': '%s' has %" PRIu64 " rows; that is neither the number of samples (%" PRIu64
                       ") nor the end of any offsets (give it a '%s_offsets')", p->where, a->name,
                       a->ndim > 0 ? a->shape[0] : 0, p->to->samples, a->name);
    if (a->kind != HR_NPY_NUMBER && (ret->offsets != NULL || a->ndim != 1))
        return hr_fail(p->err, HR_E_UNSUPPORTED, "'%s': '%s' holds text; only one text per sample can be taken", p->where,
                       a->name);
    return 0;
}

int hr_columns_plan(const struct hr_array *a, int n, const char *where, struct hr_columns *ret, struct hr_error *err)
{
    struct hr_columns c = { .field = hr_calloc((size_t)n + 1, sizeof *c.field) };
    HR_CLEANUP(hr_freep) bool *is_offsets = hr_calloc((size_t)n + 1, sizeof *is_offsets);
    HR_CLEANUP(hr_freep) uint64_t *last = hr_calloc((size_t)n + 1, sizeof *last);
    int r = c.field == NULL || is_offsets == NULL || last == NULL ? hr_fail_nomem(err, (size_t)n * sizeof *c.field, "the arrays") : 0;
    struct planner p = { a, n, where, &c, err, is_offsets, last };
    if (r == 0)
        r = find_offsets(&p);
    for (int i = 0; r == 0 && i < n; i++) {
        if (!is_offsets[i])
            r = plan_field(&p, &a[i], &c.field[c.n++]);
    }
    if (r == 0 && c.n == 0)
        r = hr_fail(err, HR_E_FORMAT, "'%s' holds no array of samples", where);
    if (r < 0) {
        hr_columns_fini(&c);
        return r;
    }
    *ret = c;
    return 0;
}

void hr_columns_fini(struct hr_columns *c)
{
    hr_free(c->field);
    *c = (struct hr_columns){ 0, 0, NULL };
}

/* --- schema --- */

static bool is_text(enum hr_dtype t)
{
    return t == HR_STR || t == HR_BYTES;
}

static int64_t fixed_dim(uint64_t n)
{
    return n > INT32_MAX ? INT32_MAX : (int64_t)n; /* the schema's check refuses what is too large */
}

static void field_of(const struct hr_column_plan *p, struct hr_field *ret)
{
    const struct hr_array *a = p->array;
    *ret = (struct hr_field){ .dtype = a->dtype, .stored = a->dtype, .role = a->role };
    memcpy(ret->name, a->name, sizeof ret->name);
    if (a->kind != HR_NPY_NUMBER)
        return;
    if (is_text(a->as) && a->dtype == HR_U8 && a->ndim == 1 && p->offsets != NULL) {
        ret->dtype = ret->stored = a->as;
        return;
    }
    int from = p->offsets == NULL;
    ret->ndim = a->ndim - from;
    for (int i = from; i < a->ndim && i - from < HR_NDIM_MAX; i++)
        ret->shape[i - from] = p->offsets != NULL && i == p->axis ? HR_RAGGED : fixed_dim(a->shape[i]);
}

int hr_columns_schema(const struct hr_columns *c, struct hr_schema *ret, struct hr_error *err)
{
    struct hr_schema s = { c->n, hr_calloc((size_t)c->n, sizeof *s.field) };
    if (s.field == NULL)
        return hr_fail_nomem(err, (size_t)c->n * sizeof *s.field, "the schema");
    int r = 0;
    for (int i = 0; i < c->n; i++) {
        const struct hr_array *a = c->field[i].array;
        if (r == 0 && a->ndim - (c->field[i].offsets == NULL) > HR_NDIM_MAX)
            r = hr_fail(err, HR_E_UNSUPPORTED, "'%s' in '%s' has more than %d dimensions per sample", a->name, a->path, HR_NDIM_MAX);
        field_of(&c->field[i], &s.field[i]);
    }
    if (r < 0) {
        hr_schema_fini(&s);
        return r;
    }
    *ret = s;
    return 0;
}

/* A field takes an array when their shapes agree; text also takes a ragged array of bytes. */
static bool takes(const struct hr_field *f, const struct hr_column_plan *p)
{
    struct hr_field own;
    field_of(p, &own);
    if (is_text(f->dtype) || is_text(own.dtype))
        return is_text(f->dtype) && (is_text(own.dtype) || (own.dtype == HR_U8 && own.ndim == 1 && own.shape[0] == HR_RAGGED));
    if (own.ndim != f->ndim)
        return false;
    for (int i = 0; i < own.ndim; i++) {
        if (own.shape[i] != f->shape[i])
            return false;
    }
    return true;
}

int hr_columns_bind(const struct hr_columns *c, const struct hr_schema *schema, const char *where, int *map, struct hr_error *err)
{
    for (int f = 0; f < schema->n; f++) {
        map[f] = -1;
        for (int i = 0; i < c->n && map[f] < 0; i++) {
            if (strcmp(c->field[i].array->name, schema->field[f].name) == 0)
                map[f] = i;
        }
        if (map[f] < 0)
            return hr_fail(err, HR_E_FORMAT, "'%s' has no array called '%s'", where, schema->field[f].name);
        if (!takes(&schema->field[f], &c->field[map[f]]))
            return hr_fail(err, HR_E_FORMAT, "'%s': the array '%s' does not have the shape of the schema's field", where,
                           schema->field[f].name);
    }
    return 0;
}

/* --- reading --- */

int hr_columns_bytes(const struct hr_columns *c, const int *map, int fields, uint64_t first, uint64_t n, uint64_t *ret,
                     struct hr_error *err)
{
    uint64_t sum = 0;
    for (int f = 0; f < fields; f++) {
        const struct hr_column_plan *p = &c->field[map[f]];
        uint64_t rows = n, row = hr_array_row(p->array, p->axis);
        if (p->offsets != NULL) {
            uint64_t ends[2];
            int r = read_offsets(p->offsets, first, 1, &ends[0], err);
            if (r == 0)
                r = read_offsets(p->offsets, first + n, 1, &ends[1], err);
            if (r < 0)
                return r;
            /* offsets that go down are named by the parser */
            rows = ends[1] < ends[0] ? 0 : HR_MIN(ends[1], p->array->shape[p->axis]) - HR_MIN(ends[0], p->array->shape[p->axis]);
            row *= p->axis == 1 ? p->array->shape[0] : 1;
            sum += (n + 1) * p->offsets->item;
        }
        sum += rows * row;
    }
    *ret = sum;
    return 0;
}

/* What is read of one array for a run of samples. */
struct piece {
    uint64_t *off;   /* n + 1, when ragged */
    uint64_t lo, hi; /* rows read */
    uint8_t *bytes;  /* lists one after the other when axis is 1 */
};

static bool sample_ok(const struct piece *s, uint64_t i, uint64_t rows)
{
    return s->off[i] <= s->off[i + 1] && s->off[i + 1] <= rows;
}

static int read_piece(const struct hr_column_plan *p, uint64_t first, uint64_t n, uint64_t memory, struct piece *s,
                      struct hr_error *err)
{
    const struct hr_array *a = p->array;
    uint64_t row = hr_array_row(a, p->axis), lists = p->axis == 1 ? a->shape[0] : 1, bytes;
    int r = 0;
    s->lo = first;
    s->hi = first + n;
    if (p->offsets != NULL) {
        s->off = hr_reallocarray(NULL, n + 1, sizeof *s->off);
        if (s->off == NULL)
            return hr_fail_nomem(err, (n + 1) * sizeof *s->off, "offsets");
        r = read_offsets(p->offsets, first, n + 1, s->off, err);
        s->lo = UINT64_MAX;
        s->hi = 0;
        for (uint64_t i = 0; r == 0 && i < n; i++) {
            if (sample_ok(s, i, a->shape[p->axis])) {
                s->lo = HR_MIN(s->lo, s->off[i]);
                s->hi = HR_MAX(s->hi, s->off[i + 1]);
            }
        }
        s->lo = HR_MIN(s->lo, s->hi);
    }
    if (r < 0)
        return r;
    if (hr_ckd_mul(&bytes, s->hi - s->lo, row * lists) || bytes > memory)
        return hr_fail(err, HR_E_LIMIT, "'%s': samples %" PRIu64 " to %" PRIu64 " of '%s' take more than the %" PRIu64
                       " bytes that packing may hold; give more with --memory", a->path, first, first + n - 1, a->name, memory);
    s->bytes = hr_malloc(bytes + 1);
    if (s->bytes == NULL)
        return hr_fail_nomem(err, bytes, "samples of a source");
    for (uint64_t k = 0; r == 0 && k < lists && s->hi != s->lo; k++)
        r = a->read(a, p->axis == 1 ? k : HR_ARRAY_ROWS, s->lo, s->hi - s->lo, s->bytes + k * (s->hi - s->lo) * row, err);
    if (r == 0 && a->swapped)
        hr_swap_bytes(s->bytes, a->kind == HR_NPY_NUMBER ? a->item : 4, bytes / (a->kind == HR_NPY_NUMBER ? a->item : 4));
    return r;
}

/* One field of sample i of the piece. 1 = written, 0 = the sample is recorded as bad. */
static int put_field(const struct hr_column_plan *p, const struct piece *s, uint64_t first, uint64_t i, struct hr_block *b,
                     int f, struct hr_error *err)
{
    const struct hr_array *a = p->array;
    uint64_t row = hr_array_row(a, p->axis), lists = p->axis == 1 ? a->shape[0] : 1, bad;
    uint64_t from = first + i, rows = 1;
    if (p->offsets != NULL) {
        if (!sample_ok(s, i, a->shape[p->axis]))
            return hr_block_bad(b, a->name, HR_OFFSET_NONE, err, "has offsets %" PRIu64 " to %" PRIu64 " in %" PRIu64 " rows",
                                s->off[i], s->off[i + 1], a->shape[p->axis]);
        from = s->off[i];
        rows = s->off[i + 1] - from;
    }
    for (uint64_t k = 0; k < lists; k++) {
        const uint8_t *at = s->bytes + (k * (s->hi - s->lo) + from - s->lo) * row;
        if (!hr_array_put(a, rows == 0 ? s->bytes : at, rows * row / a->item, b, f, &bad))
            return hr_block_bad(b, a->name, HR_OFFSET_NONE, err, "has a value at index %" PRIu64 " that %s cannot hold", bad,
                                hr_dtype_name(b->schema->field[f].stored));
        if (b->layout[f].lists != 0)
            hr_block_list(b, f);
    }
    return 1;
}

int hr_columns_parse(const struct hr_columns *c, const int *map, uint64_t first, uint64_t n, uint64_t memory,
                     struct hr_block *b, struct hr_error *err)
{
    int fields = b->schema->n, r = 0;
    struct piece *piece = hr_calloc((size_t)fields + 1, sizeof *piece);
    if (piece == NULL)
        return hr_fail_nomem(err, (size_t)fields * sizeof *piece, "samples of a source");
    for (int f = 0; r == 0 && f < fields; f++)
        r = read_piece(&c->field[map[f]], first, n, memory, &piece[f], err);
    for (uint64_t i = 0; r >= 0 && i < n; i++) {
        hr_block_begin(b, first + i, HR_OFFSET_NONE);
        r = 1;
        for (int f = 0; r == 1 && f < fields; f++)
            r = put_field(&c->field[map[f]], &piece[f], first, i, b, f, err);
        if (r == 1)
            r = hr_block_end(b, err);
    }
    for (int f = 0; f < fields; f++) {
        hr_free(piece[f].off);
        hr_free(piece[f].bytes);
    }
    hr_free(piece);
    return r < 0 ? r : 0;
}

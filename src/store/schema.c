#include "schema.h"

#include "mem.h"
#include "num.h"
#include "str.h"
#include "utf8.h"

#include <math.h>
#include <string.h>

static void field_fini(struct hr_field *f)
{
    hr_free((void *)(uintptr_t)f->scale);
    hr_free((void *)(uintptr_t)f->offset);
    f->scale = f->offset = NULL;
}

void hr_schema_fini(struct hr_schema *s)
{
    for (int i = 0; i < s->n; i++)
        field_fini(&s->field[i]);
    hr_free(s->field);
    *s = (struct hr_schema){ 0, NULL };
}

static bool field_copy(const struct hr_field *from, struct hr_field *to)
{
    *to = *from;
    to->scale = to->offset = NULL;
    if (from->scale == NULL)
        return true;
    size_t n = (size_t)from->quant_n * sizeof *from->scale;
    to->scale = hr_memdup(from->scale, n);
    to->offset = hr_memdup(from->offset, n);
    return to->scale != NULL && to->offset != NULL;
}

int hr_schema_copy(const struct hr_schema *from, struct hr_schema *ret, struct hr_error *err)
{
    struct hr_schema s = { 0, NULL };
    s.field = hr_calloc((size_t)HR_MAX(from->n, 1), sizeof *s.field);
    if (s.field == NULL)
        return hr_fail_nomem(err, (size_t)from->n * sizeof *s.field, "a schema");
    for (; s.n < from->n; s.n++) {
        if (field_copy(&from->field[s.n], &s.field[s.n]))
            continue;
        s.n++; /* the half-copied field is freed as well */
        hr_schema_fini(&s);
        return hr_fail_nomem(err, 0, "a schema's scales");
    }
    *ret = s;
    return 0;
}

int hr_schema_find(const struct hr_schema *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->field[i].name, name) == 0)
            return i;
    return -1;
}

/* A name is what other tools show as a column: 1..HR_NAME_MAX bytes of UTF-8 without control characters. */
static bool name_ok(const char *name)
{
    size_t n = strnlen(name, HR_NAME_MAX + 1);
    if (n == 0 || n > HR_NAME_MAX)
        return false;
    struct hr_str rest = { name, n };
    while (rest.n != 0) {
        bool ok = true;
        uint32_t c = hr_utf8_next(&rest, &ok);
        if (!ok || c < 0x20 || c == 0x7F)
            return false;
    }
    return true;
}

static int shape_check(const struct hr_field *f, struct hr_error *err)
{
    if (f->ndim < 0 || f->ndim > HR_NDIM_MAX)
        return hr_fail(err, HR_E_FORMAT, "field '%s' has %d dimensions; 0 to %d are possible", f->name, f->ndim, HR_NDIM_MAX);
    int64_t product = 1;
    int ragged = 0;
    for (int d = 0; d < f->ndim; d++) {
        if (f->shape[d] == HR_RAGGED) {
            if (d > 1 || ragged++ != 0)
                return hr_fail(err, HR_E_FORMAT,
                               "field '%s': one dimension may differ from sample to sample, the first or the second; give "
                               "the others a fixed length",
                               f->name);
            continue;
        }
        if (f->shape[d] < 1 || hr_ckd_mul(&product, product, f->shape[d]) || product > INT32_MAX)
            return hr_fail(err, HR_E_FORMAT,
                           "field '%s': the fixed dimensions must be at least 1 and their product at most 2147483647", f->name);
    }
    return 0;
}

/* What may lie in the file for a logical type: itself, a narrower integer, or a quantised float. */
static bool stored_ok(const struct hr_field *f)
{
    if (f->stored == f->dtype)
        return true;
    bool integer = f->dtype >= HR_I8 && f->dtype <= HR_U64;
    if (integer)
        return f->stored >= HR_I8 && f->stored <= HR_U64 && hr_dtype_size(f->stored) <= hr_dtype_size(f->dtype);
    if (f->dtype == HR_F64)
        return f->stored == HR_F32 || f->stored == HR_F16 || f->stored == HR_I8;
    return f->dtype == HR_F32 && (f->stored == HR_F16 || f->stored == HR_I8);
}

static int quant_check(const struct hr_field *f, struct hr_error *err)
{
    bool has = f->scale != NULL, need = f->stored == HR_I8 && f->dtype != HR_I8 && (f->dtype == HR_F32 || f->dtype == HR_F64);
    if (has != need || (f->offset != NULL) != has)
        return hr_fail(err, HR_E_FORMAT, "field '%s': a scale and an offset belong to floats stored as int8, and only to those",
                       f->name);
    if (!has)
        return 0;
    int64_t last = f->ndim > 0 && f->shape[f->ndim - 1] > 0 ? f->shape[f->ndim - 1] : 1;
    if (f->quant_n != 1 && f->quant_n != last)
        return hr_fail(err, HR_E_FORMAT, "field '%s' has %d scales; one, or one per entry of the last dimension, are possible",
                       f->name, f->quant_n);
    for (int i = 0; i < f->quant_n; i++)
        if (!isfinite(f->scale[i]) || !isfinite(f->offset[i]))
            return hr_fail(err, HR_E_FORMAT, "field '%s': scale or offset %d is not a finite number", f->name, i);
    return 0;
}

static int role_check(const struct hr_field *f, struct hr_error *err)
{
    if ((unsigned)f->role > HR_ROLE_LABEL)
        return hr_fail(err, HR_E_FORMAT, "field '%s' has a role of number %d, which does not exist", f->name, (int)f->role);
    if (f->role != HR_ROLE_EDGE_INDEX)
        return 0;
    bool integer = f->dtype >= HR_I8 && f->dtype <= HR_U64;
    bool pairs = f->ndim == 2 && ((f->shape[0] == 2 && f->shape[1] != 0) || f->shape[1] == 2);
    if (!integer || !pairs)
        return hr_fail(err, HR_E_FORMAT,
                       "field '%s' is an edge_index, so it must hold integers in the shape [2, *] or [*, 2]", f->name);
    return 0;
}

static int field_check(const struct hr_field *f, struct hr_error *err)
{
    if (!name_ok(f->name))
        return hr_fail(err, HR_E_FORMAT, "a field's name must be 1 to %d bytes of UTF-8 without control characters", HR_NAME_MAX);
    if (strcmp(hr_dtype_name(f->dtype), "?") == 0 || strcmp(hr_dtype_name(f->stored), "?") == 0)
        return hr_fail(err, HR_E_FORMAT, "field '%s' has a dtype of number %d, which does not exist", f->name, (int)f->dtype);
    if (!stored_ok(f))
        return hr_fail(err, HR_E_FORMAT, "field '%s': %s cannot be stored as %s", f->name, hr_dtype_name(f->dtype),
                       hr_dtype_name(f->stored));
    if (hr_dtype_size(f->dtype) == 0 && f->ndim != 0)
        return hr_fail(err, HR_E_FORMAT, "field '%s': %s has no dimensions, one value per sample is possible", f->name,
                       hr_dtype_name(f->dtype));
    int r = shape_check(f, err);
    if (r == 0)
        r = quant_check(f, err);
    return r == 0 ? role_check(f, err) : r;
}

int hr_schema_check(const struct hr_schema *s, struct hr_error *err)
{
    if (s->n < 1 || s->n > HR_FIELDS_MAX)
        return hr_fail(err, HR_E_FORMAT, "a dataset has 1 to %d fields, not %d", HR_FIELDS_MAX, s->n);
    for (int i = 0; i < s->n; i++) {
        int r = field_check(&s->field[i], err);
        if (r < 0)
            return r;
        if (hr_schema_find(s, s->field[i].name) != i)
            return hr_fail(err, HR_E_FORMAT, "two fields are called '%s'", s->field[i].name);
    }
    return 0;
}

static bool doubles_same(const double *a, const double *b, int n)
{
    return (a == NULL) == (b == NULL) && (a == NULL || memcmp(a, b, (size_t)n * sizeof *a) == 0);
}

static bool field_same(const struct hr_field *a, const struct hr_field *b)
{
    return strcmp(a->name, b->name) == 0 && a->dtype == b->dtype && a->stored == b->stored && a->role == b->role &&
           a->ndim == b->ndim && memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof a->shape[0]) == 0 &&
           a->quant_n == b->quant_n && doubles_same(a->scale, b->scale, a->quant_n) &&
           doubles_same(a->offset, b->offset, a->quant_n);
}

bool hr_schema_same(const struct hr_schema *a, const struct hr_schema *b)
{
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++)
        if (!field_same(&a->field[i], &b->field[i]))
            return false;
    return true;
}

struct hr_layout hr_layout_of(const struct hr_field *f)
{
    struct hr_layout l = { .ragged = -1, .lists = 0, .row = 1, .elem = (uint32_t)hr_dtype_size(f->stored) };
    if (l.elem == 0) /* STR, BYTES: a list of bytes */
        return (struct hr_layout){ .ragged = -1, .lists = 1, .row = 1, .elem = 1 };
    for (int d = 0; d < f->ndim; d++) {
        if (f->shape[d] != HR_RAGGED)
            l.row *= (uint64_t)f->shape[d];
        else
            l.ragged = d;
    }
    if (l.ragged == 0)
        l.lists = 1;
    if (l.ragged == 1) {
        l.lists = (uint32_t)f->shape[0];
        l.row /= l.lists;
    }
    return l;
}

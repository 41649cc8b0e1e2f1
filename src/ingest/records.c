/* Containers that are one sample each; and the elements of an array as a sample's value. */
#include "arrays.h"

#include "convert.h"
#include "mem.h"
#include "num.h"
#include "utf8.h"

#include <inttypes.h>
#include <string.h>

/* --- values --- */

static size_t put_utf8(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    out[0] = (char)(lead[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

static bool put_ucs4(const uint8_t *p, uint64_t n, struct hr_block *b, int f)
{
    for (uint64_t i = 0; i < n; i++) {
        uint32_t c;
        char text[4];
        memcpy(&c, p + i * 4, sizeof c);
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return false;
        hr_block_add(b, f, text, put_utf8(c, text));
    }
    return true;
}

static bool is_utf8(const uint8_t *p, uint64_t n)
{
    struct hr_str rest = { (const char *)p, n };
    bool ok = true;
    while (ok && rest.n != 0)
        hr_utf8_next(&rest, &ok);
    return ok;
}

bool hr_array_put(const struct hr_array *a, const void *bytes, uint64_t n, struct hr_block *b, int f, uint64_t *ret_bad)
{
    enum hr_dtype to = b->schema->field[f].stored;
    *ret_bad = 0;
    if (to != HR_STR && to != HR_BYTES) {
        size_t room = n * hr_dtype_size(to);
        void *p = hr_block_room(b, f, room);
        if (p == NULL)
            return true; /* hr_block_end tells */
        int64_t done = hr_convert(to, p, a->dtype, bytes, n);
        *ret_bad = (uint64_t)done;
        if (done != (int64_t)n)
            return false;
        hr_block_commit(b, f, room);
        return true;
    }
    const uint8_t *p = bytes;
    uint64_t length = n * a->item;
    size_t step = a->kind == HR_NPY_UCS4 ? 4 : 1;
    while (a->kind != HR_NPY_NUMBER && length >= step && memcmp(p + length - step, "\0\0\0", step) == 0)
        length -= step;
    if (step == 4)
        return put_ucs4(p, length / 4, b, f);
    if (to == HR_STR && !is_utf8(p, length))
        return false;
    hr_block_add(b, f, p, length);
    return true;
}

/* --- one container, one sample --- */

static bool is_text_array(const struct hr_array *a)
{
    return a->kind != HR_NPY_NUMBER;
}

static int first_look(const struct hr_array *a, const char *where, struct hr_field *f, struct hr_error *err)
{
    *f = (struct hr_field){ .dtype = a->dtype, .stored = a->dtype, .role = a->role };
    memcpy(f->name, a->name, sizeof f->name);
    if (is_text_array(a) ? a->ndim != 0 && !(a->ndim == 1 && a->shape[0] == 1) : a->ndim > HR_NDIM_MAX)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s': '%s' is %s", where, a->name,
                       is_text_array(a) ? "an array of text; a sample can hold single ones" : "of more than 4 dimensions");
    if (is_text_array(a))
        return 0;
    f->ndim = a->ndim;
    bool ragged = false;
    for (int i = 0; i < a->ndim; i++) {
        f->shape[i] = (int64_t)HR_MIN(a->shape[i], (uint64_t)INT32_MAX);
        if (a->shape[i] == 0 && !ragged && i < 2) { /* nobody means always none */
            f->shape[i] = HR_RAGGED;
            ragged = true;
        }
    }
    return 0;
}

/* Makes a dimension ragged when the array differs there, at most one, the first or the second of two. */
static int widen(const struct hr_array *a, const char *where, struct hr_field *f, struct hr_error *err)
{
    bool fits = is_text_array(a) ? f->dtype == a->dtype : a->ndim == f->ndim && a->dtype == f->dtype;
    for (int i = 0; fits && !is_text_array(a) && i < a->ndim; i++) {
        if (f->shape[i] == HR_RAGGED || (uint64_t)f->shape[i] == a->shape[i])
            continue;
        bool other = (i == 0 && a->ndim > 1 && f->shape[1] == HR_RAGGED) || (i == 1 && f->shape[0] == HR_RAGGED);
        fits = !other && i < 2;
        f->shape[i] = HR_RAGGED;
    }
    return fits ? 0 : hr_fail(err, HR_E_FORMAT, "'%s': the array '%s' has another type or shape than in the samples before",
                              where, a->name);
}

int hr_record_schema(const struct hr_array *a, int n, const char *where, struct hr_schema *schema, struct hr_error *err)
{
    if (schema->n == 0) {
        schema->field = hr_calloc((size_t)n + 1, sizeof *schema->field);
        if (schema->field == NULL)
            return hr_fail_nomem(err, (size_t)n * sizeof *schema->field, "the schema");
        for (int i = 0; i < n; i++) {
            int r = first_look(&a[i], where, &schema->field[i], err);
            if (r < 0)
                return r;
            schema->n = i + 1;
        }
        return 0;
    }
    for (int i = 0; i < n; i++) {
        int f = hr_schema_find(schema, a[i].name);
        if (f < 0)
            return hr_fail(err, HR_E_FORMAT, "'%s' has an array '%s' that the samples before do not have", where, a[i].name);
        int r = widen(&a[i], where, &schema->field[f], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* 1 = the array's shape is the field's; 0 = recorded as bad. */
static int check_shape(const struct hr_array *a, struct hr_block *b, int f, struct hr_error *err)
{
    const struct hr_field *field = &b->schema->field[f];
    if (field->dtype == HR_STR || field->dtype == HR_BYTES)
        return 1;
    if (is_text_array(a) || a->ndim != field->ndim)
        return hr_block_bad(b, a->name, HR_OFFSET_NONE, err, "has %d dimensions, not %d", a->ndim, field->ndim);
    for (int i = 0; i < a->ndim; i++) {
        if (field->shape[i] == HR_RAGGED || (uint64_t)field->shape[i] == a->shape[i])
            continue;
        int r = hr_block_bad(b, a->name, HR_OFFSET_NONE, err, "has %" PRIu64 " in dimension %d, not %" PRId64, a->shape[i], i,
                             field->shape[i]);
        struct hr_bad_sample *bad = hr_block_last_bad(b);
        if (r == 0 && bad != NULL && i < 2) {
            bad->widen = HR_WIDEN_RAGGED;
            bad->field = f;
            bad->dim = i;
        }
        return r;
    }
    return 1;
}

/* The whole array as field f. 1 = written, 0 = recorded as bad. */
static int put_array(const struct hr_array *a, uint64_t memory, struct hr_block *b, int f, struct hr_error *err)
{
    uint64_t bytes = hr_array_bytes(a), n = a->item == 0 ? 0 : bytes / a->item, bad = 0;
    int r = check_shape(a, b, f, err);
    if (r != 1)
        return r;
    if (bytes > memory)
        return hr_fail(err, HR_E_LIMIT, "'%s': the array '%s' takes more than the %" PRIu64
                       " bytes that packing may hold; give more with --memory", a->path, a->name, memory);
    HR_CLEANUP(hr_freep) uint8_t *p = hr_malloc(bytes + 1);
    if (p == NULL)
        return hr_fail_nomem(err, bytes, "a sample");
    uint64_t rows = a->ndim == 0 ? 1 : a->shape[0];
    r = bytes == 0 ? 0 : a->read(a, HR_ARRAY_ROWS, 0, rows, p, err);
    if (r < 0)
        return r;
    if (a->swapped)
        hr_swap_bytes(p, a->kind == HR_NPY_NUMBER ? a->item : 4, bytes / (a->kind == HR_NPY_NUMBER ? a->item : 4));
    uint64_t lists = HR_MAX(b->layout[f].lists, 1u), each = n / lists;
    for (uint64_t k = 0; k < lists; k++) {
        if (!hr_array_put(a, p + k * each * a->item, each, b, f, &bad))
            return hr_block_bad(b, a->name, HR_OFFSET_NONE, err, "has a value at index %" PRIu64 " that %s cannot hold",
                                k * each + bad, hr_dtype_name(b->schema->field[f].stored));
        if (b->layout[f].lists != 0)
            hr_block_list(b, f);
    }
    return 1;
}

int hr_record_parse(const struct hr_array *a, int n, uint64_t number, uint64_t memory, struct hr_block *b, struct hr_error *err)
{
    int r = 1;
    hr_block_begin(b, number, HR_OFFSET_NONE);
    for (int f = 0; r == 1 && f < b->schema->n; f++) {
        const struct hr_array *found = NULL;
        for (int i = 0; i < n && found == NULL; i++) {
            if (strcmp(a[i].name, b->schema->field[f].name) == 0)
                found = &a[i];
        }
        r = found == NULL ? hr_block_bad(b, b->schema->field[f].name, HR_OFFSET_NONE, err, "is missing")
                          : put_array(found, memory, b, f, err);
    }
    if (r == 1)
        r = hr_block_end(b, err);
    return r < 0 ? r : 0;
}

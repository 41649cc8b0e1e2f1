#include "npy.h"

#include "num.h"
#include "parse.h"

#include <inttypes.h>
#include <string.h>

static const char magic[6] = "\x93NUMPY";

size_t hr_npy_need(const void *p, size_t n)
{
    const uint8_t *b = p;
    if (n < 12 || memcmp(b, magic, sizeof magic) != 0 || b[6] < 1 || b[6] > 3)
        return 0;
    size_t need = b[6] == 1 ? 10 + (size_t)(b[8] | b[9] << 8)
                            : 12 + (size_t)(b[8] | b[9] << 8 | b[10] << 16 | (uint32_t)b[11] << 24);
    return need > HR_NPY_HEAD_MAX ? 0 : need;
}

/* The head is the text of a Python dictionary: 'descr', 'fortran_order', 'shape'. */
struct reader {
    struct hr_str s;
    const char *start, *where;
    struct hr_error *err;
};

static int wrong(const struct reader *r, const char *what)
{
    return hr_fail(r->err, HR_E_FORMAT, "'%s' is no .npy file that can be read: %s at byte %zu of its header", r->where,
                   what, (size_t)(r->s.p - r->start));
}

static void blanks(struct reader *r)
{
    while (r->s.n != 0 && (r->s.p[0] == ' ' || r->s.p[0] == '\n' || r->s.p[0] == '\t'))
        r->s = (struct hr_str){ r->s.p + 1, r->s.n - 1 };
}

static bool take(struct reader *r, char c)
{
    blanks(r);
    if (r->s.n == 0 || r->s.p[0] != c)
        return false;
    r->s = (struct hr_str){ r->s.p + 1, r->s.n - 1 };
    return true;
}

static int quoted(struct reader *r, struct hr_str *ret)
{
    char q = take(r, '\'') ? '\'' : take(r, '"') ? '"' : 0;
    struct hr_str rest = r->s;
    if (q == 0 || !hr_str_cut(&rest, q, ret) || rest.p == NULL || memchr(ret->p, '\\', ret->n) != NULL)
        return wrong(r, "a quoted word is expected");
    r->s = rest;
    return 0;
}

static int number_of(struct reader *r, uint64_t *ret)
{
    blanks(r);
    size_t n = 0;
    while (n < r->s.n && r->s.p[n] >= '0' && r->s.p[n] <= '9')
        n++;
    if (n == 0 || hr_parse_u64((struct hr_str){ r->s.p, n }, ret, NULL) < 0)
        return wrong(r, "a whole number is expected");
    r->s = (struct hr_str){ r->s.p + n, r->s.n - n };
    if (r->s.n != 0 && r->s.p[0] == 'L')
        take(r, 'L');
    return 0;
}

static int read_shape(struct reader *r, struct hr_npy *to)
{
    if (!take(r, '('))
        return wrong(r, "a shape in parentheses is expected");
    to->ndim = 0;
    while (!take(r, ')')) {
        if (to->ndim == HR_NPY_NDIM_MAX)
            return wrong(r, "there are more than five dimensions");
        int e = number_of(r, &to->shape[to->ndim]);
        if (e < 0)
            return e;
        to->ndim++;
        blanks(r);
        if (!take(r, ',') && (r->s.n == 0 || r->s.p[0] != ')'))
            return wrong(r, "a comma is expected");
    }
    return 0;
}

static int read_bool(struct reader *r, bool *ret)
{
    blanks(r);
    bool yes = hr_str_starts(r->s, "True");
    if (!yes && !hr_str_starts(r->s, "False"))
        return wrong(r, "True or False is expected");
    size_t n = yes ? 4 : 5;
    r->s = (struct hr_str){ r->s.p + n, r->s.n - n };
    *ret = yes;
    return 0;
}

static enum hr_dtype dtype_of(char kind, uint64_t size)
{
    static const struct {
        char kind;
        uint8_t size;
        uint8_t dtype;
    } types[] = { { 'b', 1, HR_BOOL }, { 'i', 1, HR_I8 },  { 'u', 1, HR_U8 },  { 'i', 2, HR_I16 }, { 'u', 2, HR_U16 },
                  { 'i', 4, HR_I32 },  { 'u', 4, HR_U32 }, { 'i', 8, HR_I64 }, { 'u', 8, HR_U64 }, { 'f', 2, HR_F16 },
                  { 'f', 4, HR_F32 },  { 'f', 8, HR_F64 } };
    for (size_t i = 0; i < HR_COUNT(types); i++) {
        if (types[i].kind == kind && types[i].size == size)
            return types[i].dtype;
    }
    return HR_DTYPE_NONE;
}

static int read_descr(struct reader *r, struct hr_npy *to)
{
    struct hr_str d;
    blanks(r);
    if (r->s.n != 0 && r->s.p[0] == '[')
        return wrong(r, "records (a structured dtype) are not taken, save each column as an array of its own:");
    int e = quoted(r, &d);
    if (e < 0)
        return e;
    if (d.n != 0 && (d.p[d.n - 1] == 'O' || (d.n > 1 && d.p[1] == 'O')))
        return wrong(r, "pickled objects are not taken, save arrays of numbers:");
    if (d.n < 3 || strchr("<>|=", d.p[0]) == NULL ||
        hr_parse_u64((struct hr_str){ d.p + 2, d.n - 2 }, &to->item, NULL) < 0 || to->item > INT32_MAX / 4)
        return wrong(r, "the element type is not known:");
    bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    to->swapped = d.p[0] == (big ? '<' : '>');
    to->kind = d.p[1] == 'S' ? HR_NPY_BYTES : d.p[1] == 'U' ? HR_NPY_UCS4 : HR_NPY_NUMBER;
    if (to->kind == HR_NPY_UCS4)
        to->item *= 4;
    to->dtype = to->kind == HR_NPY_NUMBER ? dtype_of(d.p[1], to->item) : to->kind == HR_NPY_UCS4 ? HR_STR : HR_BYTES;
    if (to->dtype == HR_DTYPE_NONE)
        return wrong(r, "elements of this type are not taken (integers, floats, bool and text are):");
    return 0;
}

static int read_dictionary(struct reader *r, struct hr_npy *to)
{
    bool have[3] = { false, false, false };
    if (!take(r, '{'))
        return wrong(r, "a dictionary is expected");
    while (!take(r, '}')) {
        struct hr_str key;
        int e = quoted(r, &key);
        if (e == 0 && !take(r, ':'))
            e = wrong(r, "a colon is expected");
        if (e < 0)
            return e;
        int k = hr_str_is(key, "descr") ? 0 : hr_str_is(key, "fortran_order") ? 1 : hr_str_is(key, "shape") ? 2 : -1;
        if (k < 0 || have[k])
            return wrong(r, "an unknown or repeated key stands");
        have[k] = true;
        e = k == 0 ? read_descr(r, to) : k == 1 ? read_bool(r, &to->fortran) : read_shape(r, to);
        if (e < 0)
            return e;
        blanks(r);
        if (!take(r, ',') && (r->s.n == 0 || r->s.p[0] != '}'))
            return wrong(r, "a comma is expected");
    }
    return have[0] && have[1] && have[2] ? 0 : wrong(r, "'descr', 'fortran_order' or 'shape' is missing");
}

int hr_npy_parse(const void *p, size_t n, const char *where, struct hr_npy *ret, struct hr_error *err)
{
    size_t need = hr_npy_need(p, n);
    if (need == 0 || need > n)
        return hr_fail(err, HR_E_FORMAT, "'%s' is no .npy file, or its header is cut off or longer than %d bytes", where,
                       (int)HR_NPY_HEAD_MAX);
    size_t at = ((const uint8_t *)p)[6] == 1 ? 10 : 12;
    const char *text = (const char *)p + at;
    struct reader r = { { text, need - at }, text, where, err };
    struct hr_npy v = { .data = need };
    int e = read_dictionary(&r, &v);
    if (e < 0)
        return e;
    v.bytes = v.item;
    uint64_t large = 0;
    bool empty = v.item == 0;
    for (int i = 0; i < v.ndim; i++) {
        large += v.shape[i] > 1;
        empty = empty || v.shape[i] == 0;
        /* an empty dimension must not hide that the others overflow */
        if (hr_ckd_mul(&v.bytes, v.bytes, HR_MAX(v.shape[i], UINT64_C(1))) || v.bytes > INT64_MAX)
            return wrong(&r, "the shape is too large");
    }
    v.bytes = empty ? 0 : v.bytes;
    v.fortran = v.fortran && large > 1;
    *ret = v;
    return 0;
}

int hr_npy_write(struct hr_buf *b, enum hr_dtype dtype, int ndim, const uint64_t *shape, struct hr_error *err)
{
    static const char *const code[] = { [HR_BOOL] = "|b1", [HR_I8] = "|i1",  [HR_U8] = "|u1",  [HR_I16] = "<i2",
                                        [HR_U16] = "<u2",  [HR_I32] = "<i4", [HR_U32] = "<u4", [HR_I64] = "<i8",
                                        [HR_U64] = "<u8",  [HR_F16] = "<f2", [HR_F32] = "<f4", [HR_F64] = "<f8" };
    if (dtype <= HR_DTYPE_NONE || (size_t)dtype >= HR_COUNT(code) || ndim < 0 || ndim > HR_NPY_NDIM_MAX)
        return hr_fail(err, HR_E_INVALID, "a .npy file cannot hold %s elements in %d dimensions", hr_dtype_name(dtype), ndim);
    /* twenty digits for every dimension */
    size_t length = (10 + 64 + (size_t)ndim * 22 + 63) / 64 * 64, start = b->len;
    hr_buf_add(b, magic, sizeof magic);
    hr_buf_addc(b, 1);
    hr_buf_addc(b, 0);
    hr_buf_addc(b, (char)((length - 10) & 255));
    hr_buf_addc(b, (char)((length - 10) >> 8));
    hr_buf_printf(b, "{'descr': '%s', 'fortran_order': False, 'shape': (", code[dtype]);
    for (int i = 0; i < ndim; i++)
        hr_buf_printf(b, "%" PRIu64 "%s", shape[i], ndim == 1 ? "," : i + 1 < ndim ? ", " : "");
    hr_buf_adds(b, "), }");
    size_t used = b->len - start;
    if (!b->failed && used < length) {
        hr_buf_pad(b, length - 1 - used, ' ');
        hr_buf_addc(b, '\n');
    }
    return b->failed ? hr_fail_nomem(err, length, "the header of a .npy file") : 0;
}

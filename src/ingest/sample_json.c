#include "sample_json.h"

#include "half.h"
#include "json_write.h"

#include <string.h>

static void put_number(struct hr_jw *w, enum hr_dtype t, const uint8_t *p)
{
    union {
        int8_t i8;
        int16_t i16;
        uint16_t u16;
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        float f32;
        double f64;
    } v;
    memcpy(&v, p, hr_dtype_size(t));
    switch (t) {
    case HR_BOOL:
        hr_jw_bool(w, v.i8 != 0);
        break;
    case HR_I8:
        hr_jw_i64(w, v.i8);
        break;
    case HR_U8:
        hr_jw_u64(w, *p);
        break;
    case HR_I16:
        hr_jw_i64(w, v.i16);
        break;
    case HR_U16:
        hr_jw_u64(w, v.u16);
        break;
    case HR_I32:
        hr_jw_i64(w, v.i32);
        break;
    case HR_U32:
        hr_jw_u64(w, v.u32);
        break;
    case HR_I64:
        hr_jw_i64(w, v.i64);
        break;
    case HR_U64:
        hr_jw_u64(w, v.u64);
        break;
    case HR_F16:
        hr_jw_f32(w, hr_half_to_float(v.u16));
        break;
    case HR_F32:
        hr_jw_f32(w, v.f32);
        break;
    default:
        hr_jw_f64(w, v.f64);
        break;
    }
}

/* `rows` entries of dimension `dim`, nested down to the elements; returns where the next value begins. */
static const uint8_t *put_array(struct hr_jw *w, const struct hr_field *f, int dim, uint64_t rows, const uint8_t *p)
{
    hr_jw_array(w);
    for (uint64_t i = 0; i < rows; i++) {
        if (dim + 1 < HR_MIN(f->ndim, (int)HR_NDIM_MAX)) {
            p = put_array(w, f, dim + 1, (uint64_t)f->shape[dim + 1], p);
        } else {
            put_number(w, f->dtype, p);
            p += hr_dtype_size(f->dtype);
        }
    }
    hr_jw_end(w);
    return p;
}

static void put_base64(struct hr_jw *w, const uint8_t *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    hr_buf_addc(w->out, '"');
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        char four[4] = { digit[v >> 18], digit[v >> 12 & 63], left > 1 ? digit[v >> 6 & 63] : '=', left > 2 ? digit[v & 63] : '=' };
        hr_buf_add(w->out, four, 4);
    }
    hr_buf_addc(w->out, '"');
}

static void put_field(struct hr_jw *w, const struct hr_field *f, const struct hr_layout *l, const struct hr_column *col, uint32_t i)
{
    uint64_t row = l->row * l->elem;
    if (l->lists == 0) {
        const uint8_t *p = col->values + i * row;
        if (f->ndim == 0)
            put_number(w, f->dtype, p);
        else
            put_array(w, f, 0, (uint64_t)f->shape[0], p);
        return;
    }
    const int32_t *off = col->offsets + (size_t)i * l->lists;
    if (f->dtype == HR_STR) {
        hr_jw_str_n(w, (struct hr_str){ (const char *)col->values + off[0], (size_t)(off[1] - off[0]) });
    } else if (l->lists == 1) {
        put_array(w, f, 0, (uint64_t)(off[1] - off[0]), col->values + (uint64_t)off[0] * row);
    } else {
        hr_jw_array(w);
        for (uint32_t j = 0; j < l->lists; j++)
            put_array(w, f, 1, (uint64_t)(off[j + 1] - off[j]), col->values + (uint64_t)off[j] * row);
        hr_jw_end(w);
    }
}

bool hr_sample_json(const struct hr_schema *s, const struct hr_layout *layout, const struct hr_chunk *c, uint32_t i,
                    struct hr_buf *to)
{
    struct hr_jw w = HR_JW_INIT(to, 0);
    hr_jw_object(&w);
    for (int f = 0; f < s->n; f++) {
        hr_jw_key(&w, s->field[f].name);
        if (s->field[f].dtype == HR_BYTES) {
            const int32_t *off = c->col[f].offsets + i;
            struct hr_buf text = HR_BUF_INIT(to->ceiling);
            struct hr_jw inner = HR_JW_INIT(&text, 0);
            put_base64(&inner, c->col[f].values + off[0], (size_t)(off[1] - off[0]));
            to->failed = to->failed || text.failed;
            hr_jw_raw(&w, hr_buf_str(&text));
            hr_buf_fini(&text);
        } else {
            put_field(&w, &s->field[f], &layout[f], &c->col[f], i);
        }
    }
    hr_jw_end(&w);
    return hr_jw_done(&w) && hr_buf_addc(to, '\n');
}

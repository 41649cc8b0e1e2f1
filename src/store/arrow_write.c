#include "arrow.h"

#include "arrow_tables.h"
#include "mem.h"
#include "num.h"
#include "schema_json.h"

#include <string.h>

enum { KV_MAX = 64 };

static hr_fbref put_kv(struct hr_fbb *fb, const struct hr_arrow_kv *kv, size_t n)
{
    hr_fbref refs[KV_MAX];
    if (n > KV_MAX)
        fb->failed = true;
    if (n == 0 || fb->failed)
        return 0;
    for (size_t i = 0; i < n; i++) {
        hr_fbref value = hr_fbb_str(fb, kv[i].value), key = hr_fbb_str(fb, hr_str(kv[i].key));
        hr_fbb_begin(fb);
        hr_fbb_ref(fb, KV_KEY, key);
        hr_fbb_ref(fb, KV_VALUE, value);
        refs[i] = hr_fbb_end(fb);
    }
    return hr_fbb_vec_refs(fb, refs, n);
}

static hr_fbref put_int(struct hr_fbb *fb, int bits, bool is_signed)
{
    hr_fbb_begin(fb);
    hr_fbb_int(fb, INT_BITS, 4, bits);
    hr_fbb_int(fb, INT_SIGNED, 1, is_signed);
    return hr_fbb_end(fb);
}

static hr_fbref put_float(struct hr_fbb *fb, int precision)
{
    hr_fbb_begin(fb);
    hr_fbb_int(fb, FLOAT_PRECISION, 2, precision);
    return hr_fbb_end(fb);
}

static hr_fbref put_empty(struct hr_fbb *fb)
{
    hr_fbb_begin(fb);
    return hr_fbb_end(fb);
}

/* The type of the innermost level.  A bool is a byte: one bit per value cannot be gathered in place. */
static hr_fbref put_leaf(struct hr_fbb *fb, enum hr_dtype stored, int *ret_type)
{
    bool is_signed = stored == HR_I8 || stored == HR_I16 || stored == HR_I32 || stored == HR_I64;
    *ret_type = TYPE_INT;
    switch (stored) {
    case HR_F16:
        *ret_type = TYPE_FLOAT;
        return put_float(fb, PRECISION_HALF);
    case HR_F32:
        *ret_type = TYPE_FLOAT;
        return put_float(fb, PRECISION_SINGLE);
    case HR_F64:
        *ret_type = TYPE_FLOAT;
        return put_float(fb, PRECISION_DOUBLE);
    case HR_STR:
        *ret_type = TYPE_UTF8;
        return put_empty(fb);
    case HR_BYTES:
        *ret_type = TYPE_BINARY;
        return put_empty(fb);
    default:
        return put_int(fb, 8 * (int)hr_dtype_size(stored), is_signed);
    }
}

static hr_fbref put_list(struct hr_fbb *fb, int64_t length, int *ret_type)
{
    *ret_type = length == HR_RAGGED ? TYPE_LIST : TYPE_FIXED_LIST;
    if (length == HR_RAGGED)
        return put_empty(fb);
    hr_fbb_begin(fb);
    hr_fbb_int(fb, FIXED_LIST_SIZE, 4, length);
    return hr_fbb_end(fb);
}

/* Every Field table has a children vector, an empty one as well: readers of other makers expect it. */
static hr_fbref put_field_table(struct hr_fbb *fb, const char *name, int type_type, hr_fbref type, hr_fbref child, hr_fbref kv)
{
    hr_fbref children = hr_fbb_vec_refs(fb, &child, child != 0), text = hr_fbb_str(fb, hr_str(name));
    hr_fbb_begin(fb);
    hr_fbb_ref(fb, FIELD_NAME, text);
    hr_fbb_int(fb, FIELD_NULLABLE, 1, 0);
    hr_fbb_int(fb, FIELD_TYPE_TYPE, 1, type_type);
    hr_fbb_ref(fb, FIELD_TYPE, type);
    hr_fbb_ref(fb, FIELD_CHILDREN, children);
    hr_fbb_ref(fb, FIELD_KV, kv);
    return hr_fbb_end(fb);
}

/* The field's own metadata, its JSON values in `text`. */
static hr_fbref put_field_kv(struct hr_fbb *fb, const struct hr_field *f, struct hr_buf *text)
{
    struct hr_jw shape = HR_JW_INIT(text, 0), scale = HR_JW_INIT(text, 0), offset = HR_JW_INIT(text, 0);
    hr_buf_reset(text);
    hr_shape_write(f, &shape);
    size_t a = text->len, b = a;
    if (f->scale != NULL) {
        hr_numbers_write(f->scale, f->quant_n, &scale);
        b = text->len;
        hr_numbers_write(f->offset, f->quant_n, &offset);
    }
    if (text->failed)
        fb->failed = true;
    const struct hr_arrow_kv kv[] = {
        { KEY_ROLE, hr_str(hr_role_name(f->role)) },
        { KEY_DTYPE, hr_str(hr_dtype_name(f->dtype)) },
        { KEY_SHAPE, { text->data, a } },
        { KEY_SCALE, { text->data + a, b - a } },
        { KEY_OFFSET, { text->data + b, text->len - b } },
    };
    return put_kv(fb, kv, f->scale != NULL ? 5 : 3);
}

static hr_fbref put_field(struct hr_fbb *fb, const struct hr_field *f, struct hr_buf *text)
{
    hr_fbref kv = put_field_kv(fb, f, text);
    int type_type;
    hr_fbref type = put_leaf(fb, f->stored, &type_type);
    hr_fbref field = put_field_table(fb, f->ndim == 0 ? f->name : "item", type_type, type, 0, f->ndim == 0 ? kv : 0);
    for (int d = f->ndim - 1; d >= 0; d--) {
        type = put_list(fb, f->shape[d], &type_type);
        field = put_field_table(fb, d == 0 ? f->name : "item", type_type, type, field, d == 0 ? kv : 0);
    }
    return field;
}

static hr_fbref put_schema(struct hr_fbb *fb, const struct hr_schema *s, const struct hr_arrow_kv *kv, size_t kvs)
{
    hr_fbref fields[HR_FIELDS_MAX];
    HR_CLEANUP(hr_buf_fini) struct hr_buf text = HR_BUF_INIT((size_t)64 << 20);
    for (int i = 0; i < s->n; i++)
        fields[i] = put_field(fb, &s->field[i], &text);
    hr_fbref list = hr_fbb_vec_refs(fb, fields, (size_t)s->n), meta = put_kv(fb, kv, kvs);
    hr_fbb_begin(fb);
    hr_fbb_int(fb, SCHEMA_ENDIANNESS, 2, 0);
    hr_fbb_ref(fb, SCHEMA_FIELDS, list);
    hr_fbb_ref(fb, SCHEMA_KV, meta);
    return hr_fbb_end(fb);
}

/* Wraps a header into a Message, and the message into its capsule, so that at + the capsule's size is a multiple of 64. */
static int put_message(struct hr_fbb *fb, int header_type, hr_fbref header, uint64_t body, hr_fbref kv, uint64_t at,
                       struct hr_buf *to, struct hr_error *err)
{
    const void *p;
    size_t n;
    hr_fbb_begin(fb);
    hr_fbb_int(fb, MESSAGE_BODY_LENGTH, 8, (int64_t)body);
    hr_fbb_ref(fb, MESSAGE_HEADER, header);
    hr_fbb_ref(fb, MESSAGE_KV, kv);
    hr_fbb_int(fb, MESSAGE_VERSION, 2, ARROW_V5);
    hr_fbb_int(fb, MESSAGE_HEADER_TYPE, 1, header_type);
    if (!hr_fbb_finish(fb, hr_fbb_end(fb), &p, &n))
        return hr_fail_nomem(err, fb->len, "Arrow metadata");
    uint64_t total = hr_align_up(at + 8 + n, HR_ARROW_ALIGN) - at;
    const uint32_t prefix[2] = { UINT32_MAX, (uint32_t)(total - 8) };
    bool ok = total <= INT32_MAX && hr_buf_add(to, prefix, sizeof prefix) && hr_buf_add(to, p, n) &&
              hr_buf_pad(to, (size_t)total - 8 - n, 0);
    return ok ? 0 : hr_fail_nomem(err, (size_t)total, "Arrow metadata");
}

int hr_arrow_put_schema(struct hr_fbb *fb, const struct hr_schema *s, const struct hr_arrow_kv *kv, size_t kvs, uint64_t at,
                        struct hr_buf *to, struct hr_error *err)
{
    hr_fbb_reset(fb);
    hr_fbref schema = put_schema(fb, s, kv, kvs);
    return put_message(fb, HEADER_SCHEMA, schema, 0, 0, at, to, err);
}

int hr_arrow_put_batch(struct hr_fbb *fb, uint64_t n, const struct hr_arrow_node *node, const struct hr_arrow_buffer *buffer,
                       struct hr_arrow_plan plan, enum hr_codec codec, uint64_t body, const struct hr_arrow_kv *kv, size_t kvs,
                       struct hr_buf *to, struct hr_error *err)
{
    hr_fbb_reset(fb);
    hr_fbref compression = 0;
    if (codec != HR_CODEC_NONE) {
        hr_fbb_begin(fb);
        hr_fbb_int(fb, COMPRESSION_CODEC, 1, codec == HR_CODEC_LZ4 ? COMPRESSION_LZ4_FRAME : COMPRESSION_ZSTD);
        hr_fbb_int(fb, COMPRESSION_METHOD, 1, 0);
        compression = hr_fbb_end(fb);
    }
    hr_fbref buffers = hr_fbb_vec(fb, buffer, (size_t)plan.buffers, sizeof *buffer, 8);
    hr_fbref nodes = hr_fbb_vec(fb, node, (size_t)plan.nodes, sizeof *node, 8);
    hr_fbref meta = put_kv(fb, kv, kvs);
    hr_fbb_begin(fb);
    hr_fbb_int(fb, BATCH_LENGTH, 8, (int64_t)n);
    hr_fbb_ref(fb, BATCH_NODES, nodes);
    hr_fbb_ref(fb, BATCH_BUFFERS, buffers);
    hr_fbb_ref(fb, BATCH_COMPRESSION, compression);
    hr_fbref header = hr_fbb_end(fb);
    return put_message(fb, HEADER_BATCH, header, body, meta, 0, to, err);
}

int hr_arrow_put_footer(struct hr_fbb *fb, const struct hr_schema *s, const struct hr_arrow_kv *schema_kv, size_t schema_kvs,
                        const struct hr_arrow_block *block, size_t blocks, const struct hr_arrow_kv *kv, size_t kvs,
                        const void **ret_p, size_t *ret_n, struct hr_error *err)
{
    hr_fbb_reset(fb);
    hr_fbref meta = put_kv(fb, kv, kvs);
    hr_fbref list = hr_fbb_vec(fb, block, blocks, sizeof *block, 8);
    hr_fbref none = hr_fbb_vec(fb, NULL, 0, sizeof *block, 8);
    hr_fbref schema = put_schema(fb, s, schema_kv, schema_kvs);
    hr_fbb_begin(fb);
    hr_fbb_int(fb, FOOTER_VERSION, 2, ARROW_V5);
    hr_fbb_ref(fb, FOOTER_SCHEMA, schema);
    hr_fbb_ref(fb, FOOTER_DICTIONARIES, none);
    hr_fbb_ref(fb, FOOTER_BLOCKS, list);
    hr_fbb_ref(fb, FOOTER_KV, meta);
    if (!hr_fbb_finish(fb, hr_fbb_end(fb), ret_p, ret_n))
        return hr_fail_nomem(err, fb->len, "the file's footer");
    return 0;
}

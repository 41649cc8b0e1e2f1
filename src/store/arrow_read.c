#include "arrow.h"

#include "arrow_tables.h"
#include "mem.h"
#include "num.h"
#include "schema_json.h"

#include <string.h>

static int malformed(struct hr_error *err, const char *what)
{
    return hr_fail(err, HR_E_FORMAT, "the Arrow metadata of %s is malformed", what);
}

int hr_arrow_get_footer(const void *p, size_t n, struct hr_arrow_footer *ret, struct hr_error *err)
{
    struct hr_fb root;
    struct hr_arrow_footer f;
    struct hr_fb_vec dictionaries;
    int64_t version;
    bool there;
    if (!hr_fb_root(p, n, &root) || !hr_fb_int(&root, FOOTER_VERSION, 2, 0, &version) ||
        !hr_fb_table(&root, FOOTER_SCHEMA, &f.schema, &there) || !there ||
        !hr_fb_vec(&root, FOOTER_DICTIONARIES, sizeof(struct hr_arrow_block), &dictionaries) ||
        !hr_fb_vec(&root, FOOTER_BLOCKS, sizeof(struct hr_arrow_block), &f.blocks) || !hr_fb_vec(&root, FOOTER_KV, 4, &f.kv))
        return malformed(err, "the footer");
    if (version != ARROW_V5)
        return hr_fail(err, HR_E_UNSUPPORTED, "the file is of Arrow metadata version V%lld; V5 is read", (long long)version + 1);
    if (dictionaries.n != 0)
        return hr_fail(err, HR_E_UNSUPPORTED, "the file holds dictionaries, which are not read; pack it again");
    *ret = f;
    return 0;
}

bool hr_arrow_schema_kv(const struct hr_fb *schema, struct hr_fb_vec *ret)
{
    return hr_fb_vec(schema, SCHEMA_KV, 4, ret);
}

bool hr_arrow_get_kv(const struct hr_fb_vec *kv, const char *key, struct hr_str *ret)
{
    struct hr_str found = { NULL, 0 };
    for (uint32_t i = 0; i < kv->n; i++) {
        struct hr_fb pair;
        struct hr_str k, v;
        if (!hr_fb_vec_table(kv, i, &pair) || !hr_fb_str(&pair, KV_KEY, &k) || !hr_fb_str(&pair, KV_VALUE, &v))
            return false;
        if (!hr_str_is(k, key))
            continue;
        if (found.p != NULL || v.p == NULL)
            return false;
        found = v;
    }
    *ret = found;
    return true;
}

static enum hr_dtype int_of(int64_t bits, bool is_signed)
{
    switch (bits) {
    case 8:
        return is_signed ? HR_I8 : HR_U8;
    case 16:
        return is_signed ? HR_I16 : HR_U16;
    case 32:
        return is_signed ? HR_I32 : HR_U32;
    case 64:
        return is_signed ? HR_I64 : HR_U64;
    default:
        return HR_DTYPE_NONE;
    }
}

/* One level of a field's type. */
struct level {
    int64_t type;           /* TYPE_* */
    int64_t length;         /* of a FixedSizeList */
    enum hr_dtype dtype;    /* of a leaf */
    struct hr_fb_vec child; /* of a list: one */
};

static bool level_of(const struct hr_fb *field, struct level *ret)
{
    static const enum hr_dtype floats[] = { HR_F16, HR_F32, HR_F64 };
    struct level l = { .length = 0, .dtype = HR_DTYPE_NONE };
    struct hr_fb type, dictionary;
    int64_t bits, is_signed, precision;
    bool there, has_dictionary;
    if (!hr_fb_int(field, FIELD_TYPE_TYPE, 1, 0, &l.type) || !hr_fb_table(field, FIELD_TYPE, &type, &there) || !there ||
        !hr_fb_vec(field, FIELD_CHILDREN, 4, &l.child) ||
        !hr_fb_table(field, FIELD_DICTIONARY, &dictionary, &has_dictionary) || has_dictionary)
        return false;
    switch (l.type) {
    case TYPE_INT:
        if (!hr_fb_int(&type, INT_BITS, 4, 0, &bits) || !hr_fb_int(&type, INT_SIGNED, 1, 0, &is_signed))
            return false;
        l.dtype = int_of(bits, is_signed != 0);
        break;
    case TYPE_FLOAT:
        if (!hr_fb_int(&type, FLOAT_PRECISION, 2, 0, &precision) || precision < 0 || precision > PRECISION_DOUBLE)
            return false;
        l.dtype = floats[precision];
        break;
    case TYPE_UTF8:
        l.dtype = HR_STR;
        break;
    case TYPE_BINARY:
        l.dtype = HR_BYTES;
        break;
    case TYPE_FIXED_LIST:
        if (!hr_fb_int(&type, FIXED_LIST_SIZE, 4, 0, &l.length) || l.length < 1)
            return false;
        break;
    case TYPE_LIST:
        l.length = HR_RAGGED;
        break;
    default:
        return false;
    }
    bool list = l.type == TYPE_LIST || l.type == TYPE_FIXED_LIST;
    if (list != (l.dtype == HR_DTYPE_NONE) || l.child.n != (list ? 1 : 0))
        return false;
    *ret = l;
    return true;
}

/* Dimensions and stored type from the nesting of types. */
static bool types_of(struct hr_fb field, struct hr_field *ret)
{
    struct level l;
    for (int d = 0;; d++) {
        if (!level_of(&field, &l))
            return false;
        if (l.dtype != HR_DTYPE_NONE) {
            ret->ndim = d;
            ret->stored = l.dtype;
            return true;
        }
        if (d == HR_NDIM_MAX)
            return false;
        ret->shape[d] = l.length;
        if (!hr_fb_vec_table(&l.child, 0, &field))
            return false;
    }
}

static int json_of(struct hr_str text, const char *key, struct hr_arena *a, const struct hr_js **ret, struct hr_error *err)
{
    if (text.p == NULL)
        return hr_fail(err, HR_E_FORMAT, "the metadata key %s is missing", key);
    return hr_js_parse(text, key, a, ret, err);
}

static int shape_compare(struct hr_str text, const struct hr_field *f, struct hr_arena *a, struct hr_error *err)
{
    const struct hr_js *v = NULL;
    struct hr_field said = { .ndim = 0 };
    int r = json_of(text, KEY_SHAPE, a, &v, err);
    if (r == 0)
        r = hr_shape_read(v, &said, err);
    if (r == 0 && (said.ndim != f->ndim || memcmp(said.shape, f->shape, (size_t)f->ndim * sizeof f->shape[0]) != 0))
        r = hr_fail(err, HR_E_FORMAT, "%s is %.*s, which is not what the Arrow type says", KEY_SHAPE, HR_STR_ARG(text));
    return r;
}

static int quant_read(struct hr_str scale, struct hr_str offset, struct hr_field *f, struct hr_arena *a, struct hr_error *err)
{
    if (scale.p == NULL && offset.p == NULL)
        return 0;
    const struct hr_js *s = NULL, *o = NULL;
    int offsets = 0;
    int r = json_of(scale, KEY_SCALE, a, &s, err);
    if (r == 0)
        r = json_of(offset, KEY_OFFSET, a, &o, err);
    if (r == 0)
        r = hr_numbers_read(s, (double **)(uintptr_t)&f->scale, &f->quant_n, err);
    if (r == 0)
        r = hr_numbers_read(o, (double **)(uintptr_t)&f->offset, &offsets, err);
    if (r == 0 && offsets != f->quant_n)
        r = hr_fail(err, HR_E_FORMAT, "there are %d scales and %d offsets", f->quant_n, offsets);
    return r;
}

/* Views from a flatbuffer are terminated, but may hold zeros. */
static bool is_plain(struct hr_str s)
{
    return s.p != NULL && strlen(s.p) == s.n;
}

static int field_get(const struct hr_fb *table, struct hr_field *f, struct hr_arena *a, struct hr_error *err)
{
    struct hr_fb_vec kv;
    struct hr_str name, role, dtype, shape, scale, offset;
    if (!hr_fb_str(table, FIELD_NAME, &name) || !is_plain(name) || name.n > HR_NAME_MAX || !hr_fb_vec(table, FIELD_KV, 4, &kv) ||
        !hr_arrow_get_kv(&kv, KEY_ROLE, &role) || !hr_arrow_get_kv(&kv, KEY_DTYPE, &dtype) ||
        !hr_arrow_get_kv(&kv, KEY_SHAPE, &shape) || !hr_arrow_get_kv(&kv, KEY_SCALE, &scale) ||
        !hr_arrow_get_kv(&kv, KEY_OFFSET, &offset))
        return malformed(err, "a field");
    memcpy(f->name, name.p, name.n + 1);
    if (!types_of(*table, f))
        return hr_fail(err, HR_E_UNSUPPORTED, "field '%s' is of an Arrow type that headrace does not write", f->name);
    int r_role = is_plain(role) ? hr_role_of(role.p) : -1;
    f->dtype = is_plain(dtype) ? hr_dtype_of(dtype.p) : HR_DTYPE_NONE;
    if (r_role < 0 || f->dtype == HR_DTYPE_NONE)
        return hr_fail(err, HR_E_FORMAT, "field '%s' lacks its %s or %s metadata, or it is unknown", f->name, KEY_ROLE, KEY_DTYPE);
    f->role = (enum hr_role)r_role;
    if (f->dtype == HR_BOOL && f->stored == HR_U8)
        f->stored = HR_BOOL;
    int r = shape_compare(shape, f, a, err);
    if (r == 0)
        r = quant_read(scale, offset, f, a, err);
    return r < 0 ? hr_fail_prefix(err, r, "field '%s'", f->name) : 0;
}

int hr_arrow_get_schema(const struct hr_fb *schema, struct hr_schema *ret, struct hr_error *err)
{
    struct hr_fb_vec fields;
    int64_t endianness;
    if (!hr_fb_int(schema, SCHEMA_ENDIANNESS, 2, 0, &endianness) || endianness != 0 ||
        !hr_fb_vec(schema, SCHEMA_FIELDS, 4, &fields) || fields.n < 1 || fields.n > HR_FIELDS_MAX)
        return malformed(err, "the schema");
    HR_CLEANUP(hr_arena_fini) struct hr_arena a = HR_ARENA_INIT((size_t)64 << 20);
    HR_CLEANUP(hr_schema_fini) struct hr_schema s = { 0, NULL };
    s.field = hr_calloc(fields.n, sizeof *s.field);
    if (s.field == NULL)
        return hr_fail_nomem(err, fields.n * sizeof *s.field, "a schema");
    for (uint32_t i = 0; i < fields.n; i++) {
        struct hr_fb table;
        if (!hr_fb_vec_table(&fields, i, &table))
            return malformed(err, "the schema");
        int r = field_get(&table, &s.field[s.n++], &a, err);
        if (r < 0)
            return r;
    }
    int r = hr_schema_check(&s, err);
    if (r < 0)
        return r;
    *ret = s;
    s = (struct hr_schema){ 0, NULL };
    return 0;
}

uint64_t hr_arrow_message_size(const void *p)
{
    int32_t n = hr_fb_i32((const uint8_t *)p + 4);
    return hr_fb_i32(p) != -1 || n < 8 || n % 8 != 0 ? 0 : 8 + (uint64_t)n;
}

bool hr_arrow_message_schema(const void *p, size_t n, struct hr_fb *ret)
{
    struct hr_fb message;
    int64_t version, type;
    bool there;
    return n >= 16 && hr_arrow_message_size(p) == n && hr_fb_root((const uint8_t *)p + 8, n - 8, &message) &&
           hr_fb_int(&message, MESSAGE_VERSION, 2, 0, &version) && version == ARROW_V5 &&
           hr_fb_int(&message, MESSAGE_HEADER_TYPE, 1, 0, &type) && type == HEADER_SCHEMA &&
           hr_fb_table(&message, MESSAGE_HEADER, ret, &there) && there;
}

static int codec_get(const struct hr_fb *batch, enum hr_codec *ret, struct hr_error *err)
{
    struct hr_fb c;
    bool there;
    int64_t codec, method;
    if (!hr_fb_table(batch, BATCH_COMPRESSION, &c, &there))
        return malformed(err, "a record batch");
    *ret = HR_CODEC_NONE;
    if (!there)
        return 0;
    if (!hr_fb_int(&c, COMPRESSION_CODEC, 1, 0, &codec) || !hr_fb_int(&c, COMPRESSION_METHOD, 1, 0, &method) || method != 0 ||
        (codec != COMPRESSION_LZ4_FRAME && codec != COMPRESSION_ZSTD))
        return hr_fail(err, HR_E_UNSUPPORTED, "a record batch is compressed in a way that is not known here");
    *ret = codec == COMPRESSION_ZSTD ? HR_CODEC_ZSTD : HR_CODEC_LZ4;
    return 0;
}

int hr_arrow_get_batch(const void *p, size_t meta, struct hr_arrow_batch *ret, struct hr_error *err)
{
    struct hr_fb message, batch;
    struct hr_arrow_batch b;
    int64_t version, type, body, n;
    bool there;
    if (meta < 16 || hr_arrow_message_size(p) != meta || !hr_fb_root((const uint8_t *)p + 8, meta - 8, &message) ||
        !hr_fb_int(&message, MESSAGE_VERSION, 2, 0, &version) || version != ARROW_V5 ||
        !hr_fb_int(&message, MESSAGE_HEADER_TYPE, 1, 0, &type) || type != HEADER_BATCH ||
        !hr_fb_int(&message, MESSAGE_BODY_LENGTH, 8, 0, &body) || body < 0 ||
        !hr_fb_table(&message, MESSAGE_HEADER, &batch, &there) || !there || !hr_fb_vec(&message, MESSAGE_KV, 4, &b.kv) ||
        !hr_fb_int(&batch, BATCH_LENGTH, 8, 0, &n) || n < 0 ||
        !hr_fb_vec(&batch, BATCH_NODES, sizeof(struct hr_arrow_node), &b.nodes) ||
        !hr_fb_vec(&batch, BATCH_BUFFERS, sizeof(struct hr_arrow_buffer), &b.buffers))
        return malformed(err, "a record batch");
    b.n = (uint64_t)n;
    b.body = (uint64_t)body;
    int r = codec_get(&batch, &b.codec, err);
    if (r == 0)
        *ret = b;
    return r;
}

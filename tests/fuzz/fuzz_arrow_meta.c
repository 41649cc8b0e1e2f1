/* Any bytes as Arrow metadata: the first chooses footer, record batch or schema message.  A schema that is taken must be
 * written and read back as the same. */
#include "arrow.h"
#include "schema_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void schema(const struct hr_fb *table)
{
    struct hr_schema a = { 0, NULL }, b = { 0, NULL };
    struct hr_buf text = HR_BUF_INIT((size_t)1 << 24);
    if (hr_arrow_get_schema(table, &a, NULL) < 0)
        return;
    if (hr_schema_to_json(&a, &text, NULL) < 0 || hr_schema_from_json(hr_buf_str(&text), "text", &b, NULL) < 0 ||
        !hr_schema_same(&a, &b))
        abort();
    hr_buf_fini(&text);
    hr_schema_fini(&a);
    hr_schema_fini(&b);
}

static void footer(const uint8_t *p, size_t n)
{
    struct hr_arrow_footer f;
    struct hr_fb_vec kv;
    struct hr_str v;
    if (hr_arrow_get_footer(p, n, &f, NULL) < 0)
        return;
    (void)!hr_arrow_get_kv(&f.kv, "headrace.sums", &v);
    (void)!(hr_arrow_schema_kv(&f.schema, &kv) && hr_arrow_get_kv(&kv, "headrace.version", &v));
    for (uint32_t i = 0; i < f.blocks.n; i++)
        (void)hr_fb_i64(hr_fb_vec_at(&f.blocks, i) + 16);
    schema(&f.schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_arrow_batch b;
    struct hr_fb table;
    struct hr_str v;
    if (size == 0)
        return 0;
    const uint8_t *p = data + 1;
    size_t n = size - 1;
    switch (data[0] % 3) {
    case 0:
        footer(p, n);
        break;
    case 1:
        if (hr_arrow_get_batch(p, n, &b, NULL) == 0) {
            (void)!hr_arrow_get_kv(&b.kv, "headrace.body_sum", &v);
            for (uint32_t i = 0; i < b.buffers.n; i++)
                (void)hr_fb_i64(hr_fb_vec_at(&b.buffers, i) + 8);
        }
        break;
    default:
        if (hr_arrow_message_schema(p, n, &table))
            schema(&table);
    }
    return 0;
}

#include "norms.h"

#include "mem.h"
#include "stats.h"

/* One block: the entries, then all features. */
static int pack(const struct hr_stats *s, const struct hr_schema *schema, struct hr_field_norm **ret, struct hr_error *err)
{
    size_t fields = (size_t)schema->n, features = 0;
    for (int i = 0; i < s->n; i++)
        features += (size_t)s->field[i].features;
    size_t bytes = fields * sizeof **ret + features * sizeof(struct hr_norm);
    struct hr_field_norm *out = hr_calloc(1, bytes);
    if (out == NULL)
        return hr_fail_nomem(err, bytes, "the dataset's statistics");
    struct hr_norm *at = (struct hr_norm *)(void *)(out + fields);
    for (size_t i = 0; i < fields; i++) {
        const struct hr_field_stats *f = hr_stats_find(s, schema->field[i].name);
        if (f == NULL || f->features == 0)
            continue;
        out[i] = (struct hr_field_norm){ at, (uint32_t)f->features };
        for (int k = 0; k < f->features; k++) {
            const struct hr_feature_stats *v = &f->feature[k];
            *at++ = (struct hr_norm){ v->min, v->max, v->mean, v->std };
        }
    }
    *ret = out;
    return 0;
}

int hr_norms_read(const char *json, const struct hr_schema *schema, struct hr_field_norm **ret, struct hr_error *err)
{
    struct hr_stats s = { 0 };
    if (json == NULL) {
        *ret = NULL;
        return 0;
    }
    int r = hr_stats_parse(hr_str(json), "statistics.json", &s, err);
    if (r < 0)
        return r;
    r = pack(&s, schema, ret, err);
    hr_stats_fini(&s);
    return r;
}

#include "stats.h"

#include "json_write.h"
#include "mem.h"

#include <string.h>

void hr_stats_fini(struct hr_stats *s)
{
    for (int i = 0; i < s->n; i++)
        hr_free(s->field[i].feature);
    hr_free(s->field);
    *s = (struct hr_stats){ 0, 0, NULL };
}

const struct hr_field_stats *hr_stats_find(const struct hr_stats *s, const char *name)
{
    for (int i = 0; i < s->n; i++) {
        if (strcmp(s->field[i].name, name) == 0)
            return &s->field[i];
    }
    return NULL;
}

/* --- writing --- */

static void put_int128(struct hr_jw *w, __int128 v)
{
    if (v > INT64_MAX)
        hr_jw_u64(w, (uint64_t)v);
    else
        hr_jw_i64(w, (int64_t)v);
}

static void put_bound(struct hr_jw *w, const char *key, const struct hr_feature_stats *f, double v, __int128 exact)
{
    hr_jw_key(w, key);
    if (f->exact)
        put_int128(w, exact);
    else
        hr_jw_f64(w, v);
}

static void put_feature(struct hr_jw *w, const struct hr_feature_stats *f)
{
    hr_jw_object_flat(w);
    hr_jw_ku64(w, "count", f->count);
    hr_jw_ku64(w, "nan", f->nan);
    hr_jw_ku64(w, "inf", f->inf);
    put_bound(w, "min", f, f->min, f->int_min);
    put_bound(w, "max", f, f->max, f->int_max);
    hr_jw_kf64(w, "mean", f->mean);
    hr_jw_kf64(w, "std", f->std);
    hr_jw_key(w, "quantiles");
    hr_jw_array(w);
    for (int i = 0; i < HR_STATS_QUANTILES; i++)
        hr_jw_f64(w, f->quantile[i]);
    hr_jw_end(w);
    hr_jw_end(w);
}

static void put_field(struct hr_jw *w, const struct hr_field_stats *f)
{
    hr_jw_key(w, f->name);
    hr_jw_object(w);
    hr_jw_kstr(w, "dtype", hr_dtype_name(f->dtype));
    if (f->ragged) {
        hr_jw_key(w, "rows");
        put_feature(w, &f->rows);
    }
    if (f->quantized) {
        hr_jw_key(w, "quantization");
        hr_jw_object_flat(w);
        hr_jw_kf64(w, "max_error", f->quant_max);
        hr_jw_kf64(w, "rms_error", f->quant_rms);
        hr_jw_end(w);
    }
    hr_jw_key(w, "features");
    hr_jw_array(w);
    for (int i = 0; i < f->features; i++)
        put_feature(w, &f->feature[i]);
    hr_jw_end(w);
    hr_jw_end(w);
}

int hr_stats_json(const struct hr_stats *s, struct hr_buf *b, struct hr_error *err)
{
    struct hr_jw w = HR_JW_INIT(b, 2);
    hr_jw_object(&w);
    hr_jw_ku64(&w, "format", 1);
    hr_jw_ku64(&w, "samples", s->samples);
    hr_jw_key(&w, "quantiles");
    hr_jw_array_flat(&w);
    for (int i = 0; i < HR_STATS_QUANTILES; i++)
        hr_jw_f64(&w, hr_stats_quantile[i]);
    hr_jw_end(&w);
    hr_jw_kf64(&w, "quantile_error", 0.0079);
    hr_jw_key(&w, "fields");
    hr_jw_object(&w);
    for (int i = 0; i < s->n; i++)
        put_field(&w, &s->field[i]);
    hr_jw_end(&w);
    hr_jw_end(&w);
    hr_buf_addc(b, '\n');
    if (!hr_jw_done(&w) || b->failed)
        return hr_fail(err, HR_E_LIMIT, "the statistics of %d fields do not fit into %zu bytes of text", s->n, b->ceiling);
    return 0;
}

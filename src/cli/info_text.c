#include "info_text.h"

#include "forecast.h"
#include "human.h"

#include <inttypes.h>
#include <math.h>

void hr_info_shape(const struct hr_field *f, struct hr_buf *to)
{
    hr_buf_addc(to, '[');
    for (int i = 0; i < f->ndim; i++) {
        if (f->shape[i] == HR_RAGGED)
            hr_buf_printf(to, "%s*", i == 0 ? "" : ", ");
        else
            hr_buf_printf(to, "%s%" PRId64, i == 0 ? "" : ", ", f->shape[i]);
    }
    hr_buf_addc(to, ']');
}

static void cell_number(struct hr_table *t, double v)
{
    if (isnan(v))
        hr_table_text(t, (struct hr_str){ NULL, 0 });
    else
        hr_table_cell(t, "%.6g", v);
}

int hr_info_fields(struct hr_cli *cli, const struct hr_store *s, const struct hr_stats *stats)
{
    static const struct hr_table_column cols[] = { { .title = "field", .max = 40 }, { .title = "dtype" }, { .title = "stored" },
                                                   { .title = "shape" }, { .title = "role" }, { .title = "rows: least", .right = true },
                                                   { .title = "mean", .right = true }, { .title = "p99", .right = true },
                                                   { .title = "most", .right = true } };
    struct hr_table t = HR_TABLE_INIT(cols);
    for (int i = 0; i < s->schema.n; i++) {
        const struct hr_field *f = &s->schema.field[i];
        const struct hr_field_stats *st = hr_stats_find(stats, f->name);
        struct hr_buf shape = HR_BUF_INIT(256);
        hr_info_shape(f, &shape);
        hr_table_cell(&t, "%s", f->name);
        hr_table_cell(&t, "%s", hr_dtype_name(f->dtype));
        hr_table_cell(&t, "%s", hr_dtype_name(f->stored));
        hr_table_cell(&t, "%s", shape.data);
        hr_table_cell(&t, "%s", f->role == HR_ROLE_NONE ? "" : hr_role_name(f->role));
        hr_buf_fini(&shape);
        bool ragged = st != NULL && st->ragged && st->rows.count != 0;
        if (ragged) {
            cell_number(&t, st->rows.min);
            hr_table_cell(&t, "%.1f", st->rows.mean);
            cell_number(&t, st->rows.quantile[HR_STATS_QUANTILES - 1]);
            cell_number(&t, st->rows.max);
        }
        for (int k = 0; !ragged && k < 4; k++) {
            if (hr_layout_of(f).lists != 0)
                cell_number(&t, NAN); /* there are some; how many is not known */
            else
                hr_table_skip(&t);
        }
    }
    int r = hr_print_table(cli, &t, 2);
    hr_table_fini(&t);
    return r;
}

static void statistics_row(struct hr_table *t, const struct hr_field_stats *f, int k)
{
    const struct hr_feature_stats *v = &f->feature[k];
    if (f->features > 1)
        hr_table_cell(t, "%s[%d]", f->name, k);
    else
        hr_table_cell(t, "%s", f->name);
    cell_number(t, v->min);
    cell_number(t, v->quantile[1]);
    cell_number(t, v->quantile[3]);
    cell_number(t, v->quantile[5]);
    cell_number(t, v->max);
    cell_number(t, v->mean);
    cell_number(t, v->std);
    hr_table_cell(t, "%" PRIu64, v->nan + v->inf);
}

int hr_info_statistics(struct hr_cli *cli, const struct hr_stats *stats, uint64_t most)
{
    static const struct hr_table_column cols[] = { { .title = "feature", .max = 40 }, { .title = "min", .right = true },
                                                   { .title = "5 %", .right = true }, { .title = "median", .right = true },
                                                   { .title = "95 %", .right = true }, { .title = "max", .right = true },
                                                   { .title = "mean", .right = true }, { .title = "std", .right = true },
                                                   { .title = "not finite", .right = true } };
    struct hr_table t = HR_TABLE_INIT(cols);
    for (int i = 0; i < stats->n; i++) {
        const struct hr_field_stats *f = &stats->field[i];
        int shown = (int)HR_MIN((uint64_t)f->features, most);
        for (int k = 0; k < shown; k++)
            statistics_row(&t, f, k);
        if (shown < f->features) {
            hr_table_cell(&t, "… %d more of %s", f->features - shown, f->name);
            for (int k = 0; k < 8; k++)
                hr_table_skip(&t);
        }
    }
    int r = hr_print_table(cli, &t, 2);
    hr_table_fini(&t);
    return r;
}

int hr_info_quantization(struct hr_cli *cli, const struct hr_stats *stats)
{
    static const struct hr_table_column cols[] = { { .title = "field", .max = 40 }, { .title = "largest error", .right = true },
                                                   { .title = "root mean square", .right = true } };
    struct hr_table t = HR_TABLE_INIT(cols);
    int n = 0, r = 0;
    for (int i = 0; i < stats->n; i++) {
        if (!stats->field[i].quantized)
            continue;
        hr_table_cell(&t, "%s", stats->field[i].name);
        cell_number(&t, stats->field[i].quant_max);
        cell_number(&t, stats->field[i].quant_rms);
        n++;
    }
    if (n != 0) {
        hr_print(cli, "\nWhat quantisation changed\n");
        r = hr_print_table(cli, &t, 2);
    }
    hr_table_fini(&t);
    return r;
}

/* --- the map --- */

static uint64_t chunk_bytes(const struct hr_store *s, uint32_t c)
{
    return s->chunk[c].meta + s->chunk[c].body;
}

/* Each block stands for the chunks c * n / width ..., its height for their mean size against the largest chunk. */
static void map_line(const struct hr_store *s, const struct hr_part *p, uint32_t width, struct hr_buf *to)
{
    static const char *const block[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    for (uint32_t x = 0; x < width; x++) {
        uint32_t a = p->chunk0 + (uint32_t)((uint64_t)x * p->chunks / width);
        uint32_t b = p->chunk0 + (uint32_t)((uint64_t)(x + 1) * p->chunks / width);
        uint64_t sum = 0;
        for (uint32_t c = a; c < b; c++)
            sum += chunk_bytes(s, c);
        double share = (double)sum / ((double)(b - a) * (double)s->body_max);
        hr_buf_adds(to, block[HR_MIN((int)(share * 8), 7)]);
    }
}

int hr_info_map(struct hr_cli *cli, const struct hr_store *s)
{
    enum { PARTS_SHOWN = 16 };
    uint32_t width = HR_MAX(cli->width, 40u) - 12, most = 1;
    for (uint32_t i = 0; i < s->parts; i++)
        most = HR_MAX(most, s->part[i].chunks);
    uint32_t each = (most + width - 1) / width; /* chunks per block, the same in every line */
    int r = hr_print(cli, "\nChunks (a block is %" PRIu32 ", the highest %s)\n", each, hr_human_bytes(s->body_max).text);
    for (uint32_t i = 0; r == 0 && i < HR_MIN(s->parts, (uint32_t)PARTS_SHOWN); i++) {
        struct hr_buf line = HR_BUF_INIT(4096);
        if (s->part[i].chunks != 0)
            map_line(s, &s->part[i], (s->part[i].chunks + each - 1) / each, &line);
        r = s->parts == 1 ? hr_print(cli, "  %s\n", line.data) : hr_print(cli, "  %5" PRIu32 "  %s\n", i, line.data);
        hr_buf_fini(&line);
    }
    if (r == 0 && s->parts > PARTS_SHOWN)
        r = hr_print(cli, "  … %" PRIu32 " more parts\n", s->parts - PARTS_SHOWN);
    return r;
}

/* --- the forecast --- */

int hr_info_windows(const struct hr_store *s, uint64_t ret[HR_INFO_WINDOWS])
{
    int n = 0;
    for (uint64_t w = 1; w < s->chunks && n < HR_INFO_WINDOWS - 1; w *= 4)
        ret[n++] = w;
    if (s->chunks != 0)
        ret[n++] = s->chunks;
    return n;
}

int hr_info_forecast(struct hr_cli *cli, const struct hr_store *s, uint64_t batch)
{
    static const struct hr_table_column cols[] = { { .title = "window", .right = true }, { .title = "memory", .right = true },
                                                   { .title = "groups per batch", .right = true }, { .title = "neighbours", .right = true },
                                                   { .title = "variance ratio", .right = true } };
    struct hr_table t = HR_TABLE_INIT(cols);
    uint64_t window[HR_INFO_WINDOWS];
    int n = hr_info_windows(s, window), r;
    for (int i = 0; i < n; i++) {
        struct hr_forecast f = hr_forecast_of(s->samples, s->chunk_samples, window[i], batch);
        hr_table_cell(&t, "%s", hr_human_count(window[i]).text);
        hr_table_cell(&t, "%s", hr_human_bytes(window[i] * s->body_max).text);
        hr_table_cell(&t, "%.2f of %.2f", f.groups, f.groups_full);
        hr_table_cell(&t, "%.3f", f.neighbours);
        hr_table_cell(&t, "%.3f", f.variance);
    }
    hr_print(cli, "\nShuffle forecast for batches of %s (the last line is a full permutation)\n", hr_human_count(batch).text);
    r = hr_print_table(cli, &t, 2);
    hr_table_fini(&t);
    return r;
}

#include "cli.h"

#include "forecast.h"
#include "human.h"
#include "locate.h"
#include "mem.h"
#include "parse.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>

struct args {
    const char *dataset;
    uint64_t epoch, step, epochs, seed, window, batch_size;
    int rank, world;
    bool shuffle, self_test;
    enum hr_tail tail;
    struct hr_strings weights;
};

static const struct hr_choice tails[] = {
    { "keep", HR_TAIL_KEEP, "the last batch may be short" },
    { "drop", HR_TAIL_DROP, "only whole steps" },
    { "pad", HR_TAIL_PAD, "whole steps, filled up from the epoch's beginning" },
    { NULL, 0, NULL },
};

#define T struct args
static const struct hr_opt opts[] = {
    HR_ARG_STRING(T, dataset, "DATASET", "the packed dataset"),
    HR_OPT_HEADING("Which step"),
    HR_OPT_U64(T, epoch, 'e', "epoch", "N", "0", 0, UINT64_MAX, "the epoch, from 0"),
    HR_OPT_U64(T, step, 's', "step", "N", "0", 0, UINT64_MAX, "the step in the epoch, from 0"),
    HR_OPT_INT(T, rank, 'r', "rank", "N", "0", 0, INT_MAX, "the rank, from 0"),
    HR_OPT_HEADING("The options of the run"),
    HR_OPT_U64(T, batch_size, 'b', "batch-size", "N", "16", 1, 1 << 24, "samples per rank and step"),
    HR_OPT_INT(T, world, 'w', "world", "N", "1", 1, INT_MAX, "number of ranks"),
    HR_OPT_LIST(T, weights, 0, "weights", "X", "shares of the ranks, one each", .split = ','),
    HR_OPT_CHOICE(T, tail, 0, "tail", "HOW", "keep", tails, "what becomes of the end of an epoch"),
    HR_OPT_FLAG(T, shuffle, 0, "shuffle", "on", "the run mixed the samples"),
    HR_OPT_U64(T, seed, 0, "seed", "N", "0", 0, UINT64_MAX, "its seed"),
    HR_OPT_U64(T, window, 0, "window", "CHUNKS", "(all)", 1, UINT64_MAX,
               "chunks that were mixed at a time: the run's report and state tell"),
    HR_OPT_HEADING("How well it mixes"),
    HR_OPT_FLAG(T, self_test, 0, "self-test", NULL, "measure the shuffle instead, against its forecast"),
    HR_OPT_U64(T, epochs, 0, "epochs", "N", "4", 1, 1000000, "epochs to measure, from --epoch on"),
    HR_OPT_END,
};
#undef T

static const struct hr_example examples[] = {
    { "what was in step 48213 on rank 3 of 8", "headrace order traffic --step 48213 --rank 3 --world 8" },
    { "the same for a run with a window of 128 chunks", "headrace order traffic -s 48213 -r 3 -w 8 --window 128" },
    { "how well a window of 32 chunks mixes this dataset", "headrace order traffic --window 32 --self-test" },
    { NULL, NULL },
};

/* --- a step --- */

static const char *part_of(const struct hr_store *s, const struct hr_place *p)
{
    return s->part[s->chunk[p->chunk].part].path;
}

static int step_json(struct hr_cli *cli, const struct args *a, const struct hr_store *s, const struct hr_located *l, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "dataset", a->dataset);
    hr_jw_kstr(&w, "order", hr_order_kind_name(l->kind));
    hr_jw_ku64(&w, "window_chunks", l->window_chunks);
    hr_jw_ku64(&w, "seed", a->seed);
    hr_jw_ku64(&w, "epoch", a->epoch);
    hr_jw_ku64(&w, "step", a->step);
    hr_jw_ku64(&w, "steps", l->steps);
    hr_jw_ki64(&w, "rank", a->rank);
    hr_jw_ki64(&w, "world", a->world);
    hr_jw_ku64(&w, "batch_size", a->batch_size);
    hr_jw_ku64(&w, "position", l->share.position);
    hr_jw_key(&w, "samples");
    hr_jw_array(&w);
    for (uint64_t i = 0; i < l->share.count; i++) {
        const struct hr_place *p = &l->place[i];
        hr_jw_object_flat(&w);
        hr_jw_ku64(&w, "sample", p->sample);
        hr_jw_ku64(&w, "chunk", p->chunk);
        hr_jw_ku64(&w, "index", p->index);
        hr_jw_kstr(&w, "file", part_of(s, p));
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

static int step_text(struct hr_cli *cli, const struct args *a, const struct hr_store *s, const struct hr_located *l, struct hr_error *err)
{
    static const struct hr_table_column cols[] = { { .title = "position", .right = true }, { .title = "sample", .right = true },
                                             { .title = "chunk", .right = true },    { .title = "in it", .right = true },
                                             { .title = "file" } };
    struct hr_table t = HR_TABLE_INIT(cols);
    (void)err;
    hr_print(cli, "epoch %" PRIu64 ", step %" PRIu64 " of %" PRIu64 ", rank %d of %d: %" PRIu64 " samples\n", a->epoch, a->step, l->steps,
             a->rank, a->world, l->share.count);
    if (l->kind == HR_ORDER_WINDOWED)
        hr_print(cli, "windowed order, seed %" PRIu64 ": window %" PRIu64 " mixes %" PRIu32 " chunks, %" PRIu64 " samples\n", a->seed,
                 l->window.number, l->window.chunks, l->window.samples);
    else
        hr_print(cli, "%s order, seed %" PRIu64 "\n", hr_order_kind_name(l->kind), a->seed);
    for (uint64_t i = 0; i < l->share.count; i++) {
        hr_table_cell(&t, "%" PRIu64, (l->share.position + i) % s->samples);
        hr_table_cell(&t, "%" PRIu64, l->place[i].sample);
        hr_table_cell(&t, "%" PRIu32, l->place[i].chunk);
        hr_table_cell(&t, "%" PRIu32, l->place[i].index);
        hr_table_cell(&t, "%s", part_of(s, &l->place[i]));
    }
    int r = hr_print_table(cli, &t, 2);
    hr_table_fini(&t);
    return r;
}

/* --- the self-test --- */

struct row {
    const char *name, *key, *what;
    double measured, forecast, error, full;
};

static void rows_of(const struct hr_quality *q, const struct hr_forecast *f, uint64_t epochs, struct row *ret)
{
    double many = sqrt((double)epochs);
    ret[0] = (struct row){ "groups per batch", "groups", "distinct blocks of 100 neighbours", q->groups, f->groups, f->groups_error / many, f->groups_full };
    ret[1] = (struct row){ "neighbours", "neighbours", "pairs within 100 places, against chance", q->neighbours, f->neighbours,
                           f->neighbours_error / many, 1 };
    ret[2] = (struct row){ "variance ratio", "variance", "of the batch mean of a drifting label", q->variance, f->variance, f->variance_error / many, 1 };
}

static int test_json(struct hr_cli *cli, const struct args *a, const struct hr_quality *q, const struct row *rows, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "dataset", a->dataset);
    hr_jw_ku64(&w, "batch_size", a->batch_size);
    hr_jw_ku64(&w, "window_chunks", a->window);
    hr_jw_ku64(&w, "epochs", a->epochs);
    hr_jw_ku64(&w, "batches", q->batches);
    for (int i = 0; i < 3; i++) {
        hr_jw_key(&w, rows[i].key);
        hr_jw_object_flat(&w);
        hr_jw_kf64(&w, "measured", rows[i].measured);
        hr_jw_kf64(&w, "forecast", rows[i].forecast);
        hr_jw_kf64(&w, "relative_error", rows[i].error);
        hr_jw_kf64(&w, "full_shuffle", rows[i].full);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

static int test_text(struct hr_cli *cli, const struct args *a, const struct hr_quality *q, const struct row *rows)
{
    static const struct hr_table_column cols[] = { { .title = "figure" }, { .title = "measured", .right = true }, { .title = "forecast", .right = true },
                                             { .title = "+-", .right = true }, { .title = "full shuffle", .right = true } };
    struct hr_table t = HR_TABLE_INIT(cols);
    for (int i = 0; i < 3; i++) {
        const struct row *r = &rows[i];
        hr_table_cell(&t, "%s", r->name);
        hr_table_cell(&t, "%.3f", r->measured);
        hr_table_cell(&t, "%.3f", r->forecast);
        hr_table_cell(&t, "%.1f %%", 100 * r->error);
        hr_table_cell(&t, "%.3f", r->full);
    }
    hr_print(cli, "%s of %" PRIu64 " in %s\n", hr_human_of(q->batches, "batch").text, a->batch_size, hr_human_of(a->epochs, "epoch").text);
    hr_print_table(cli, &t, 2);
    hr_table_fini(&t);
    hr_print(cli, "\n"); /* what they are, below: beside them it would be too wide for a terminal */
    for (int i = 0; i < 3; i++)
        hr_print(cli, "  %s: %s\n", rows[i].name, rows[i].what);
    return hr_print_flush(cli);
}

static int self_test(struct hr_cli *cli, const struct args *a, const struct hr_store *s, const struct hr_run *run, struct hr_error *err)
{
    struct hr_quality q;
    struct row rows[3];
    if (!a->shuffle)
        return hr_cli_usage(cli, err, "--self-test measures a shuffle, and --no-shuffle has none");
    if (a->batch_size < 2 || a->batch_size > s->samples)
        return hr_cli_usage(cli, err, "--self-test wants batches of 2 to %" PRIu64 " samples", s->samples);
    int rc = hr_run_quality(s, run, a->epoch, a->epochs, &q, err);
    if (rc < 0)
        return rc;
    struct hr_forecast f = hr_forecast_of(s->samples, s->chunk_samples, a->window, a->batch_size);
    rows_of(&q, &f, a->epochs, rows);
    return cli->common->json ? test_json(cli, a, &q, rows, err) : test_text(cli, a, &q, rows);
}

/* --- both --- */

/* The weights as numbers; NULL in *ret when none were given. */
static int read_weights(struct hr_cli *cli, const struct args *a, double **ret, struct hr_error *err)
{
    if (a->weights.n == 0)
        return 0;
    if (a->weights.n != (size_t)a->world)
        return hr_cli_usage(cli, err, "--weights has %zu numbers for %d ranks", a->weights.n, a->world);
    double *w = hr_calloc(a->weights.n, sizeof *w);
    if (w == NULL)
        return hr_fail_nomem(err, a->weights.n * sizeof *w, "the weights");
    for (size_t i = 0; i < a->weights.n; i++) {
        int rc = hr_parse_f64(hr_str(a->weights.item[i]), &w[i], err);
        if (rc < 0) {
            hr_free(w);
            cli->usage = true;
            return rc;
        }
    }
    *ret = w;
    return 0;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    struct args *a = args;
    struct hr_store *s = NULL;
    double *HR_CLEANUP(hr_freep) weights = NULL;
    if (a->rank >= a->world)
        return hr_opt_given(cli->given, "world") ? hr_cli_usage(cli, err, "there is no rank %d: --world says %d, numbered from 0", a->rank, a->world) :
                                                   hr_cli_usage(cli, err, "--rank %d wants --world too: the number of ranks", a->rank);
    int rc = read_weights(cli, a, &weights, err);
    if (rc == 0)
        rc = hr_store_open(a->dataset, &s, err);
    if (rc < 0)
        return rc;
    struct hr_run of = { a->shuffle, a->seed, a->window, a->batch_size, a->world, weights, a->tail };
    struct hr_located l = { .place = NULL };
    if (a->self_test) {
        rc = self_test(cli, a, s, &of, err);
    } else {
        rc = hr_locate(s, &of, a->epoch, a->step, a->rank, &l, err);
        if (rc == 0)
            rc = cli->common->json ? step_json(cli, a, s, &l, err) : step_text(cli, a, s, &l, err);
    }
    hr_located_fini(&l);
    hr_store_close(s);
    return rc;
}

const struct hr_command hr_cmd_order = { opts, sizeof(struct args), NULL, run, examples };

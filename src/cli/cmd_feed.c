#include "cli.h"

#include "clock.h"
#include "feed_measure.h"
#include "human.h"
#include "interrupt.h"
#include "transform_opt.h"
#include "utf8.h"
#include "wrap.h"

#include "headrace/headrace.h"

#include <limits.h>

struct args {
    const char *dataset, *curve;
    uint64_t epochs, seconds, step, seed, window;
    uint64_t batch_size, max_nodes, max_edges;
    uint64_t memory, warn, act, ttl;
    double quality;
    int rank, world, threads, builders, prefetch, slots;
    bool auto_batch, edge_rows, shuffle, pin, guard, verify;
    enum hr_tail tail;
    enum hr_join join;
    struct hr_strings fields, transforms;
};

static const struct hr_choice tails[] = {
    { "keep", HR_TAIL_KEEP, "the last batch may be short" },
    { "drop", HR_TAIL_DROP, "only whole steps" },
    { "pad", HR_TAIL_PAD, "whole steps, filled up from the epoch's beginning" },
    { NULL, 0, NULL },
};
static const struct hr_choice joins[] = {
    { "auto", HR_JOIN_AUTO, "graph when there is an edge_index, else stack" },
    { "graph", HR_JOIN_GRAPH, "one big graph with batch and ptr" },
    { "stack", HR_JOIN_STACK, "ragged fields end to end, with their ptr" },
    { "pad", HR_JOIN_PAD, "ragged fields padded to the longest" },
    { NULL, 0, NULL },
};

#define T struct args
static const struct hr_opt opts[] = {
    HR_ARG_STRING(T, dataset, "DATASET", "the packed dataset"),
    HR_OPT_HEADING("How long"),
    HR_OPT_U64(T, epochs, 'e', "epochs", "N", "(as many as a second takes)", 1, UINT64_MAX,
               "whole passes over the dataset"),
    HR_OPT_DURATION(T, seconds, 's', "seconds", "TIME", "(no limit)", 0, UINT64_MAX,
                    "stop after so long, in the middle of an epoch if need be"),
    HR_OPT_DURATION(T, step, 0, "step", "TIME", "0s", 0, UINT64_C(3600000000000),
                    "pretend that a training step takes so long, and see whether the feed keeps up"),
    HR_OPT_HEADING("Batches"),
    HR_OPT_U64(T, batch_size, 'b', "batch-size", "N", "16", 1, 1 << 24, "samples per batch"),
    HR_OPT_FLAG(T, auto_batch, 0, "auto-batch", NULL, "16, 8 or 4 samples by the memory that is free"),
    HR_OPT_U64(T, max_nodes, 0, "max-nodes", "N", "(no limit)", 1, UINT64_MAX, "end a batch before it has more nodes"),
    HR_OPT_U64(T, max_edges, 0, "max-edges", "N", "(no limit)", 1, UINT64_MAX, "end a batch before it has more edges"),
    HR_OPT_CHOICE(T, tail, 0, "tail", "HOW", "keep", tails, "what becomes of the end of an epoch"),
    HR_OPT_CHOICE(T, join, 0, "join", "HOW", "auto", joins, "how samples become a batch"),
    HR_OPT_FLAG(T, edge_rows, 0, "edge-rows", NULL, "give edge_index as [E, 2] instead of [2, E]"),
    HR_OPT_LIST(T, fields, 'f', "field", "NAME", "only this field", .split = ','),
    HR_OPT_LIST(T, transforms, 't', "transform", "KIND:FIELD",
                "normalise or augment on the way, as zscore:x or noise:x.1=0.1"),
    HR_OPT_HEADING("Order"),
    HR_OPT_FLAG(T, shuffle, 0, "shuffle", "on", "mix the samples"),
    HR_OPT_U64(T, seed, 0, "seed", "N", "0", 0, UINT64_MAX, "seed of the order and of the augmentation"),
    HR_OPT_FLOAT(T, quality, 0, "quality", "X", "1.10", 1, 1e9,
                 "largest variance ratio wanted of a windowed shuffle; 1 is a full one"),
    HR_OPT_U64(T, window, 0, "window", "CHUNKS", "(chosen)", 1, UINT64_MAX, "chunks that are mixed at a time"),
    HR_OPT_INT(T, rank, 0, "rank", "N", "(from the launcher)", 0, INT_MAX, "feed as this rank"),
    HR_OPT_INT(T, world, 0, "world", "N", "(from the launcher)", 1, INT_MAX, "of so many"),
    HR_OPT_HEADING("Memory and work"),
    HR_OPT_SIZE(T, memory, 'm', "memory", "SIZE", "(a quarter of what is free)", 1 << 20, UINT64_MAX,
                "bytes that the feed may hold"),
    HR_OPT_SIZE(T, warn, 0, "warn", "SIZE", "(none)", 1 << 20, UINT64_MAX, "report when the process holds more"),
    HR_OPT_SIZE(T, act, 0, "act", "SIZE", "(none)", 1 << 20, UINT64_MAX,
                "shrink prefetch and window when the process holds more"),
    HR_OPT_DURATION(T, ttl, 0, "ttl", "TIME", "(never)", 1000000, UINT64_MAX, "drop chunks unused for so long"),
    HR_OPT_INT(T, threads, 0, "threads", "N", "(chosen)", 0, 1024,
               "helpers that read, verify and decompress; with 0 the caller does it"),
    HR_OPT_INT(T, builders, 0, "builders", "N", "(chosen)", 0, 1024, "helpers that build batches ahead"),
    HR_OPT_INT(T, prefetch, 0, "prefetch", "N", "2", 1, 1 << 16, "batches that they build ahead"),
    HR_OPT_INT(T, slots, 0, "slots", "N", "(chosen)", 1, 1 << 20, "batches that may be alive at once"),
    HR_OPT_FLAG(T, verify, 0, "verify", "on", "compare checksums when a chunk is first touched"),
    HR_OPT_FLAG(T, pin, 0, "pin", NULL, "page-locked batches where CUDA is present"),
    HR_OPT_FLAG(T, guard, 0, "guard", NULL,
                "fill returned batches with a pattern, to find users that hold on too long"),
    HR_OPT_STRING(T, curve, 0, "curve", "FILE", NULL, "write the memory over time there, as CSV"),
    HR_OPT_END,
};
#undef T

static const struct hr_example examples[] = {
    { "how fast can this dataset be fed", "headrace feed traffic" },
    { "the same in 600 MiB, for ten seconds", "headrace feed traffic --memory 600MiB --seconds 10s" },
    { "does the feed keep up with training steps of 4 ms", "headrace feed traffic -b 32 --step 4ms" },
    { "normalised and with noise on column 1 of x", "headrace feed traffic -t zscore:x -t noise:x.1=0.1" },
    { "what rank 3 of 8 is fed, for a program", "headrace feed traffic --rank 3 --world 8 --json" },
    { NULL, NULL },
};

static void init(void *args)
{
    struct args *a = args;
    a->rank = a->threads = a->builders = -1;
}

static void to_options(const struct args *a, const struct hr_transform_list *t, struct hr_loader_options *o)
{
    hr_loader_options_init(o);
    o->batch_size = a->batch_size;
    o->auto_batch = a->auto_batch;
    o->max_nodes = a->max_nodes;
    o->max_edges = a->max_edges;
    o->tail = a->tail;
    o->join = a->join;
    o->edge_rows = a->edge_rows;
    o->fields = a->fields.n != 0 ? a->fields.item : NULL;
    o->shuffle = a->shuffle;
    o->seed = a->seed;
    o->shuffle_quality = a->quality;
    o->window_chunks = a->window;
    o->rank = a->rank;
    o->world = a->world;
    o->budget = a->memory;
    o->warn = a->warn;
    o->act = a->act;
    o->cache_ttl_ns = a->ttl;
    o->threads = a->threads;
    o->builders = a->builders;
    o->prefetch = a->prefetch;
    o->slots = a->slots;
    o->pin = a->pin;
    o->guard = a->guard;
    o->verify = a->verify;
    o->transforms = t->item;
    o->transforms_n = (int)t->n;
}

static double per_second(uint64_t n, uint64_t ns)
{
    return ns != 0 ? (double)n * 1e9 / (double)ns : 0;
}

static int report(hr_loader *l, bool json, struct hr_buf *out, struct hr_error *err)
{
    int n = hr_loader_report(l, json, NULL, 0);
    char *to = n < 0 ? NULL : hr_buf_reserve(out, (size_t)n + 512);
    if (to == NULL)
        return hr_fail_nomem(err, n < 0 ? 0 : (size_t)n, "the loader's report");
    int m = hr_loader_report(l, json, to, (size_t)n + 512); /* figures may have grown by a digit since */
    hr_buf_commit(out, (size_t)HR_MIN(HR_MAX(m, 0), n + 511));
    return 0;
}

static int as_json(struct hr_cli *cli, const struct args *a, hr_loader *l, const struct hr_feed_seen *s,
                   struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT((size_t)1 << 20);
    int r = report(l, true, &text, err);
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "dataset", a->dataset);
    hr_jw_ku64(&w, "dataset_samples", hr_loader_samples(l));
    hr_jw_ku64(&w, "steps_per_epoch", hr_loader_steps(l));
    hr_jw_ku64(&w, "epochs", s->epochs);
    hr_jw_ku64(&w, "batches", s->batches);
    hr_jw_ku64(&w, "samples", s->samples);
    hr_jw_ku64(&w, "bytes", s->bytes);
    hr_jw_kf64(&w, "seconds", (double)s->total_ns / 1e9);
    hr_jw_kf64(&w, "open_seconds", (double)s->open_ns / 1e9);
    if (s->batches != 0)
        hr_jw_kf64(&w, "first_batch_seconds", (double)s->first_ns / 1e9);
    else
        hr_jw_knull(&w, "first_batch_seconds");
    hr_jw_kf64(&w, "next_seconds", (double)s->next_ns / 1e9);
    hr_jw_kf64(&w, "samples_per_second", per_second(s->samples, s->total_ns));
    hr_jw_kf64(&w, "bytes_per_second", per_second(s->bytes, s->total_ns));
    hr_jw_key(&w, "report");
    hr_jw_raw(&w, hr_str_trim(hr_buf_str(&text)));
    hr_jw_end(&w);
    hr_buf_fini(&text);
    return r < 0 ? r : hr_print_json_end(cli, &w, err);
}

/* The report, its sentences filled to the terminal; the lines of a table are short enough. */
static int print_filled(struct hr_cli *cli, struct hr_str text)
{
    struct hr_str line;
    while (text.n != 0 && hr_str_cut(&text, '\n', &line)) {
        if (hr_utf8_columns(line) <= cli->wide)
            hr_buf_add(&cli->out, line.p, line.n);
        else
            hr_wrap(&cli->out, line, 0, 2, cli->wide);
        hr_buf_addc(&cli->out, '\n');
    }
    return hr_print_bytes(cli, "", 0);
}

static int as_text(struct hr_cli *cli, const struct args *a, hr_loader *l, const struct hr_feed_seen *s,
                   struct hr_error *err)
{
    hr_print(cli, "%s: %s in %s, %s, %s\n", a->dataset, hr_human_of(s->samples, "sample").text,
             hr_human_of(s->batches, "batch").text, hr_human_of(s->epochs, "epoch").text, hr_human_duration(s->total_ns).text);
    if (s->batches == 0)
        return hr_print(cli, "  no batch: the dataset has too few samples for this rank\n");
    hr_print(cli, "  %s samples/s, %s/s\n", hr_human_count((uint64_t)per_second(s->samples, s->total_ns)).text,
             hr_human_bytes((uint64_t)per_second(s->bytes, s->total_ns)).text);
    hr_print(cli, "  opened in %s, first batch after %s\n", hr_human_duration(s->open_ns).text,
             hr_human_duration(s->first_ns).text);
    hr_print(cli, "  %s per batch in the loader", hr_human_duration(s->next_ns / s->batches).text);
    if (a->step != 0)
        hr_print(cli, " (%.1f %% of the time; the rest is the pretended step)",
                 100.0 * (double)s->next_ns / (double)s->total_ns);
    hr_print(cli, "\n\n");
    struct hr_buf text = HR_BUF_INIT((size_t)1 << 20);
    int r = report(l, false, &text, err);
    if (r == 0)
        r = print_filled(cli, hr_buf_str(&text));
    hr_buf_fini(&text);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    struct args *a = args;
    struct hr_transform_list transforms = { NULL, NULL, 0 };
    struct hr_loader_options o;
    struct hr_feed_seen s = { 0 };
    hr_loader *l = NULL;
    if ((a->rank >= 0) != (a->world > 0) || (a->world > 0 && a->rank >= a->world))
        return hr_cli_usage(cli, err, "--rank and --world go together, and the rank is below the world");
    int r = hr_transforms_parse(&a->transforms, &transforms, err);
    cli->usage = r == HR_E_INVALID;
    if (r < 0)
        return r;
    uint64_t start = hr_now();
    to_options(a, &transforms, &o);
    r = hr_loader_open(a->dataset, &o, &l, err);
    s.open_ns = hr_now() - start;
    struct hr_feed_plan plan = { a->epochs, a->seconds, a->step };
    if (r == 0)
        r = hr_feed_measure(cli, l, &plan, &s, err);
    if (r == 0)
        r = cli->common->json ? as_json(cli, a, l, &s, err) : as_text(cli, a, l, &s, err);
    if (r == 0 && a->curve != NULL)
        r = hr_loader_write_curve(l, a->curve, err);
    hr_loader_close(l);
    hr_transforms_fini(&transforms);
    /* What was measured until then has been shown; the shell still learns that it was cut short. */
    if (r == 0 && hr_interrupted() != 0)
        r = hr_fail(err, HR_E_CANCELLED, "stopped before the end, as asked");
    return r;
}

const struct hr_command hr_cmd_feed = { opts, sizeof(struct args), init, run, examples };

/* What the counters say: where the time went, what bounds the feed now, and what more memory or threads would give.  Every
 * figure is measured by this loader; what cannot be told is left out (JSON: null), never guessed. */
#include "loader.h"

#include "buf.h"
#include "forecast.h"
#include "human.h"

#include <stdio.h>
#include <string.h>

enum { REPORT_MAX = 32768 };

struct figures {
    double total, sec[HR_STAGE_COUNT]; /* seconds */
    uint64_t events[HR_STAGE_COUNT];
    double busy;       /* the caller inside next, waits left out */
    uint64_t batches, samples, reads, uses, ahead, bytes_read;
    double read_wait;  /* seconds that one chunk's read cost the caller, on average */
    double helper_use; /* share of the helpers' time spent reading, verifying, decompressing */
    const char *bound;
    double bound_share;
};

static void measure(const struct hr_loader *l, struct figures *f)
{
    const struct hr_acct *a = &l->acct;
    double tick = hr_acct_tick_ns(a) * 1e-9;
    memset(f, 0, sizeof *f);
    f->total = (double)(hr_now() - a->start_ns) * 1e-9;
    for (int i = 0; i < HR_STAGE_COUNT; i++) {
        f->sec[i] = (double)a->ticks[i] * tick;
        f->events[i] = a->events[i];
    }
    f->batches = a->batches;
    f->samples = a->samples;
    f->reads = a->chunk_reads;
    f->uses = a->chunk_uses;
    f->ahead = a->ahead_reads;
    f->bytes_read = a->bytes_read;
    double waits = f->sec[HR_STAGE_WAIT_READ] + f->sec[HR_STAGE_WAIT_BUILD];
    if (l->chunks.resident)
        waits += f->sec[HR_STAGE_DISK];
    f->busy = HR_MAX(f->sec[HR_STAGE_GATHER] - waits, 0);
    f->read_wait = f->reads != 0 ? waits / (double)f->reads : 0;
    if (l->choice.threads > 0 && !l->chunks.resident && f->total > 0)
        f->helper_use = (f->sec[HR_STAGE_DISK] + f->sec[HR_STAGE_VERIFY] + f->sec[HR_STAGE_DECOMPRESS]) / (f->total * l->choice.threads);
    const struct {
        const char *name;
        double sec;
    } candidates[] = { { "consumer", f->sec[HR_STAGE_CONSUMER] },
                       { "cpu", f->busy + f->sec[HR_STAGE_WAIT_BUILD] },
                       { l->store->codec != HR_CODEC_NONE && f->sec[HR_STAGE_DECOMPRESS] > f->sec[HR_STAGE_DISK] ? "decompression" : "disk",
                         waits - f->sec[HR_STAGE_WAIT_BUILD] } };
    double sum = 0, most = 0;
    for (size_t i = 0; i < HR_COUNT(candidates); i++) {
        sum += candidates[i].sec;
        if (candidates[i].sec > most) {
            most = candidates[i].sec;
            f->bound = candidates[i].name;
        }
    }
    f->bound_share = sum > 0 ? most / sum : 0;
}

/* Seconds per epoch that `bytes` more of cache would save: each further chunk that is kept is one read less per epoch. */
static double more_memory(const struct hr_loader *l, const struct figures *f, uint64_t bytes)
{
    if (l->chunks.resident)
        return 0;
    double epochs = (double)f->samples * l->rank.world / (double)l->store->samples;
    if (epochs <= 0)
        return -1;
    double reads = (double)f->reads / epochs, spared = (double)(bytes / hr_cache_slot_bytes(l->store));
    return HR_MIN(reads, spared) * f->read_wait;
}

/* Seconds per batch that one more thread would save at most: a reader where reading bounds, else a builder. */
static double more_thread(const struct hr_loader *l, const struct figures *f, const char **ret_kind)
{
    *ret_kind = NULL;
    if (f->batches == 0 || f->bound == NULL)
        return 0;
    double n = (double)f->batches, handover = 20e-6;
    if (strcmp(f->bound, "disk") == 0 || strcmp(f->bound, "decompression") == 0) {
        *ret_kind = "reader";
        double waits = (f->sec[HR_STAGE_WAIT_READ] + (l->chunks.resident ? f->sec[HR_STAGE_DISK] : 0)) / n;
        return f->helper_use > 0.7 || l->choice.threads == 0 ? waits / (l->choice.threads + 1) : 0;
    }
    *ret_kind = "builder";
    double busy = f->busy / n, consumer = f->sec[HR_STAGE_CONSUMER] / n, spare = HR_MIN(busy, consumer) - handover;
    return l->ahead == NULL && spare > 0 ? spare : 0;
}

static void add_str(struct hr_buf *b, const char *s)
{
    hr_buf_addc(b, '"');
    for (; *s != 0; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            hr_buf_printf(b, "\\%c", c);
        else if (c < 0x20)
            hr_buf_printf(b, "\\u%04x", c);
        else
            hr_buf_addc(b, *s);
    }
    hr_buf_addc(b, '"');
}

static void json_memory(struct hr_loader *l, struct hr_buf *b)
{
    hr_buf_printf(b, "\"memory\":{\"budget\":%llu,\"held\":%llu,\"high_water\":%llu,\"refused\":%llu", (unsigned long long)l->ledger->budget,
                  (unsigned long long)hr_ledger_total(l->ledger), (unsigned long long)l->ledger->high, (unsigned long long)l->ledger->refused);
    for (int i = 0; i < HR_CHARGE_COUNT; i++)
        hr_buf_printf(b, ",\"%s\":%llu", hr_charge_name((enum hr_charge)i), (unsigned long long)l->ledger->used[i]);
    uint64_t peak = hr_marks_peak(l->marks);
    hr_buf_adds(b, ",\"process_anon_peak\":");
    if (peak != 0)
        hr_buf_printf(b, "%llu", (unsigned long long)peak);
    else
        hr_buf_adds(b, "null");
    hr_buf_printf(b, ",\"warned\":%llu,\"acted\":%llu},", (unsigned long long)hr_marks_warned(l->marks), (unsigned long long)hr_marks_acted(l->marks));
}

static void json(struct hr_loader *l, const struct figures *f, struct hr_buf *b)
{
    const char *kind, *pin = hr_pool_pin_reason(l->pool);
    struct hr_forecast q = hr_forecast_of(l->store->samples, l->store->chunk_samples, l->window_now, l->o.batch_size);
    double thread = more_thread(l, f, &kind), memory = more_memory(l, f, 100 << 20);
    hr_buf_adds(b, "{\"path\":");
    add_str(b, l->path);
    hr_buf_printf(b, ",\"access\":\"%s\",\"why\":", l->chunks.resident ? "resident" : hr_cache_direct(l->chunks.cache) ? "direct" : "buffered");
    add_str(b, l->choice.why);
    hr_buf_adds(b, ",\"localised\":");
    add_str(b, l->localised);
    hr_buf_printf(b, ",\"order\":\"%s\",\"window_chunks\":%llu,\"chunks\":%u", hr_order_kind_name(l->order.kind),
                  (unsigned long long)l->window_now, l->store->chunks);
    if (l->order.kind == HR_ORDER_SEQUENTIAL || q.variance != q.variance)
        hr_buf_adds(b, ",\"variance_forecast\":null");
    else
        hr_buf_printf(b, ",\"variance_forecast\":%.4f", q.variance);
    hr_buf_printf(b, ",\"rank\":%d,\"world\":%d,\"rank_from\":\"%s\",\"readers\":%d,\"builders\":%d,\"cache_chunks\":%u,\"kernels\":\"%s\",", l->rank.rank,
                  l->rank.world, l->rank.how, l->chunks.resident ? 0 : l->choice.threads, l->ahead != NULL ? l->choice.builders : 0,
                  l->chunks.resident ? 0 : hr_cache_slots(l->chunks.cache), l->collate.k->name);
    hr_buf_printf(b, "\"pinned\":%s,\"pin_reason\":", l->o.pin && pin == NULL ? "true" : "false");
    if (pin != NULL)
        add_str(b, pin);
    else
        hr_buf_adds(b, "null");
    hr_buf_printf(b, ",\"seconds\":%.6f,\"batches\":%llu,\"samples\":%llu,\"bytes_read\":%llu,\"chunk_reads\":%llu,\"chunk_uses\":%llu,\"ahead_reads\":%llu,",
                  f->total, (unsigned long long)f->batches, (unsigned long long)f->samples, (unsigned long long)f->bytes_read,
                  (unsigned long long)f->reads, (unsigned long long)f->uses, (unsigned long long)f->ahead);
    json_memory(l, b);
    hr_buf_adds(b, "\"stages\":{");
    for (int i = 0; i < HR_STAGE_COUNT; i++)
        hr_buf_printf(b, "%s\"%s\":{\"seconds\":%.6f,\"events\":%llu}", i != 0 ? "," : "", hr_stage_name((enum hr_stage)i), f->sec[i],
                      (unsigned long long)f->events[i]);
    hr_buf_adds(b, "},\"bound_by\":");
    if (f->bound != NULL)
        hr_buf_printf(b, "\"%s\",\"bound_share\":%.3f", f->bound, f->bound_share);
    else
        hr_buf_adds(b, "null,\"bound_share\":null");
    hr_buf_adds(b, ",\"what_if\":{\"100MB_more_seconds_per_epoch\":");
    if (memory >= 0)
        hr_buf_printf(b, "%.6f", memory);
    else
        hr_buf_adds(b, "null");
    hr_buf_printf(b, ",\"one_thread_more_seconds_per_batch\":%.9f,\"thread_kind\":", thread);
    hr_buf_printf(b, kind != NULL ? "\"%s\"}}" : "null}}", kind);
}

static void line(struct hr_buf *b, const char *what, double sec, double total, uint64_t events)
{
    if (events == 0)
        return;
    hr_buf_printf(b, "  %-12s %10s  %5.1f %%\n", what, hr_human_duration((uint64_t)(sec * 1e9)).text, total > 0 ? 100 * sec / total : 0);
}

static void text_what_if(struct hr_loader *l, const struct figures *f, struct hr_buf *b)
{
    const char *kind;
    double thread = more_thread(l, f, &kind), memory = more_memory(l, f, 100 << 20);
    if (f->bound != NULL)
        hr_buf_printf(b, "bound by the %s (%.0f %% of the time of a step)\n", f->bound, 100 * f->bound_share);
    if (memory > 0)
        hr_buf_printf(b, "100 MiB more would save up to %s per epoch\n", hr_human_duration((uint64_t)(memory * 1e9)).text);
    else if (memory == 0)
        hr_buf_adds(b, "more memory would save nothing\n");
    if (thread > 0)
        hr_buf_printf(b, "one more %s would save up to %s per batch\n", kind, hr_human_duration((uint64_t)(thread * 1e9)).text);
    else if (f->batches != 0)
        hr_buf_adds(b, "one more thread would save nothing\n");
}

static void text(struct hr_loader *l, const struct figures *f, struct hr_buf *b)
{
    const char *pin = hr_pool_pin_reason(l->pool);
    hr_buf_printf(b, "%s: %s\n", l->path, l->choice.why);
    if (l->localised[0] != 0)
        hr_buf_printf(b, "%s\n", l->localised);
    struct hr_forecast q = hr_forecast_of(l->store->samples, l->store->chunk_samples, l->window_now, l->o.batch_size);
    hr_buf_printf(b, "order: %s, window of %llu of %s", hr_order_kind_name(l->order.kind), (unsigned long long)l->window_now,
                  hr_human_of(l->store->chunks, "chunk").text);
    if (l->order.kind != HR_ORDER_SEQUENTIAL && q.variance == q.variance)
        hr_buf_printf(b, ", variance ratio forecast %.3f", q.variance);
    hr_buf_printf(b, "\nrank %d of %d (%s)\n", l->rank.rank, l->rank.world, l->rank.how);
    if (pin != NULL)
        hr_buf_printf(b, "slots are not pinned: %s\n", pin);
    hr_buf_printf(b, "memory: %s of %s held, %s at most; process %s anonymous at most\n", hr_human_bytes(hr_ledger_total(l->ledger)).text,
                  hr_human_bytes(l->ledger->budget).text, hr_human_bytes(l->ledger->high).text,
                  hr_marks_peak(l->marks) != 0 ? hr_human_bytes(hr_marks_peak(l->marks)).text : "–");
    if (l->o.warn != 0 || l->o.act != 0)
        hr_buf_printf(b, "marks: warn passed %llu times, act %llu times\n", (unsigned long long)hr_marks_warned(l->marks),
                      (unsigned long long)hr_marks_acted(l->marks));
    hr_buf_printf(b, "%s, %s in %s; %s read in %s\n", hr_human_of(f->batches, "batch").text, hr_human_of(f->samples, "sample").text,
                  hr_human_duration((uint64_t)(f->total * 1e9)).text, hr_human_bytes(f->bytes_read).text, hr_human_of(f->reads, "chunk").text);
    for (int i = 0; i < HR_STAGE_COUNT; i++)
        line(b, hr_stage_name((enum hr_stage)i), f->sec[i], f->total, f->events[i]);
    text_what_if(l, f, b);
}

int hr_loader_report(hr_loader *l, bool as_json, char *buf, size_t n)
{
    struct figures f;
    struct hr_buf b = HR_BUF_INIT(REPORT_MAX);
    if (hr_loader_alive(l, NULL) < 0)
        return snprintf(buf, n, as_json ? "{\"error\":\"%s\"}" : "%s", "this loader was opened before a fork");
    measure(l, &f);
    if (as_json)
        json(l, &f, &b);
    else
        text(l, &f, &b);
    int r = b.failed ? snprintf(buf, n, as_json ? "{\"error\":\"%s\"}" : "%s", "out of memory") : snprintf(buf, n, "%s", b.data);
    hr_buf_fini(&b);
    return r;
}

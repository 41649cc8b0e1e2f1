/* What the caller left open: how many bytes, which path, how wide a window, how many batches and threads. */
#include "choose.h"
#include "loader.h"

#include "forecast.h"
#include "human.h"
#include "machine.h"
#include "num.h"
#include "thread.h"

#include <stdio.h>
#include <string.h>

enum {
    SLOTS_MIN = 4, SLOTS_USUAL = 256, SLOTS_MAX = 1024, /* batches at once */
    RUN_CHUNKS = 8,
    READERS_MAX = 4, /* readers wait for the disk: four keep it busy whatever the CPUs */
    DECODERS_MAX = 8,
    LARGE_BATCH = 1 << 20, /* handing a batch over costs some 20 µs: building a smaller one costs less than twice that */
};

static int free_memory(struct hr_figure *ret, struct hr_error *err)
{
    struct hr_root *root;
    struct hr_memory m;
    int r = hr_root_open(NULL, &root, err);
    if (r < 0)
        return r;
    hr_memory_read(root, &m);
    hr_root_close(root);
    *ret = hr_memory_free(&m);
    return 0;
}

/* A quarter of what is free, when the caller named no budget. */
int hr_choose_budget(const struct hr_loader_options *o, uint64_t *ret, struct hr_error *err)
{
    struct hr_figure f;
    if (o->budget != 0) {
        *ret = o->budget;
        return 0;
    }
    int r = free_memory(&f, err);
    if (r < 0)
        return r;
    if (!f.known)
        return hr_fail(err, HR_E_UNSUPPORTED, "how much memory is free cannot be told (%s); name a `budget`", f.why);
    *ret = f.v / 4;
    return 0;
}

int hr_choose_batch(const struct hr_loader_options *o, uint64_t *ret, struct hr_error *err)
{
    struct hr_figure f;
    if (!o->auto_batch) {
        *ret = o->batch_size;
        return 0;
    }
    int r = free_memory(&f, err);
    if (r == 0)
        *ret = f.known && f.v > UINT64_C(4) << 30 ? 16 : f.known && f.v > UINT64_C(2) << 30 ? 8 : 4;
    return r;
}

/* The caller may have been compiled against an older, shorter struct: what it does not know keeps its default. */
int hr_choose_options(const struct hr_loader_options *o, struct hr_loader_options *ret, struct hr_error *err)
{
    struct hr_loader_options c;
    hr_loader_options_init(&c);
    if (o != NULL && (o->size < offsetof(struct hr_loader_options, max_nodes) || o->size > sizeof *o))
        return hr_fail(err, HR_E_INVALID, "hr_loader_options.size is %zu where this library knows %zu; call hr_loader_options_init first",
                       o->size, sizeof *o);
    if (o != NULL)
        memcpy(&c, o, o->size);
    c.size = sizeof c;
    if (c.batch_size == 0 || c.batch_size > (1u << 24))
        return hr_fail(err, HR_E_INVALID, "batch_size is %llu; it is from 1 to %u", (unsigned long long)c.batch_size, 1u << 24);
    if ((unsigned)c.tail > HR_TAIL_PAD || (unsigned)c.join > HR_JOIN_PAD)
        return hr_fail(err, HR_E_INVALID, "tail is %d and join is %d; one of them is no value of its enum", (int)c.tail, (int)c.join);
    if (c.threads > 256 || c.builders > 256 || c.prefetch < 0 || c.prefetch > 4096 || c.slots < 0)
        return hr_fail(err, HR_E_INVALID,
                       "threads %d, builders %d (at most 256), prefetch %d (0 to 4096), slots %d (0 = chosen): one is out of range", c.threads,
                       c.builders, c.prefetch, c.slots);
    if (!(c.shuffle_quality >= 1.0))
        return hr_fail(err, HR_E_INVALID, "shuffle_quality is %g; it is a variance ratio of 1 or more", c.shuffle_quality);
    if (c.transforms_n < 0 || (c.transforms_n > 0 && c.transforms == NULL))
        return hr_fail(err, HR_E_INVALID, "transforms_n is %d without a list", c.transforms_n);
    *ret = c;
    return 0;
}

/* The widest window that `slots` chunks of cache can serve.  A third is left for reading ahead; and all chunks of one batch are
 * held at once: at most one per sample, and at most those of the windows that it spans, batch / chunk_samples + 2 windows. */
static uint64_t widest(const struct hr_store *s, uint64_t batch, uint64_t slots)
{
    uint64_t run = batch / HR_MAX(s->chunk_samples, 1u), most = slots * 2 / 3;
    if (slots >= s->chunks)
        return s->chunks;
    if (batch + 2 > slots)
        most = slots > run + 1 ? HR_MIN(most, (slots - run - 1) / 2) : 0;
    return most;
}

/* The window of the CACHED path among `slots` chunks of cache. */
static int choose_window(const struct hr_store *s, const struct hr_loader_options *o, uint64_t slots, struct hr_choice *c,
                         struct hr_error *err)
{
    uint64_t chunks = s->chunks, most = widest(s, o->batch_size, slots), want = o->window_chunks;
    if (!o->shuffle) {
        c->kind = HR_ORDER_SEQUENTIAL;
        c->window = HR_MIN((uint64_t)RUN_CHUNKS, HR_MAX(slots / 2, 1u));
        return 0;
    }
    if (want > most)
        return hr_fail(err, HR_E_BUDGET,
                       "a window of %llu chunks does not fit the budget of %s, which has room for %llu; raise `budget` or leave "
                       "window_chunks at 0",
                       (unsigned long long)want, hr_human_bytes(c->budget).text, (unsigned long long)most);
    if (want == 0 && slots >= chunks)
        want = chunks;
    if (want == 0) {
        want = hr_forecast_window(s->samples, s->chunk_samples, o->batch_size, o->shuffle_quality);
        if (want > most) {
            double v = hr_forecast_variance(s->samples, s->chunk_samples, most, o->batch_size);
            snprintf(c->why, sizeof c->why,
                     "a window of %llu chunks would shuffle to a variance ratio of %.2f, the budget has room for %llu (forecast %.2f); ",
                     (unsigned long long)want, o->shuffle_quality, (unsigned long long)most, v);
            want = most;
        }
    }
    c->window = HR_MAX(want, 1u);
    c->kind = c->window >= chunks ? HR_ORDER_FULL : HR_ORDER_WINDOWED;
    return 0;
}

static int choose_cached(const struct hr_store *s, const struct hr_loader_options *o, uint64_t batch_bytes, uint64_t room,
                         struct hr_choice *c, struct hr_error *err)
{
    /* batches: an eighth, but no more than a consumer holds at once; what they do not need keeps chunks */
    uint64_t reserve = HR_MAX(SLOTS_MIN * batch_bytes, HR_MIN(room / 8, SLOTS_USUAL * batch_bytes));
    uint64_t one = hr_cache_slot_bytes(s) + s->schema.n * sizeof(struct hr_column) + 64;
    bool packed = s->codec != HR_CODEC_NONE;
    unsigned cpus = hr_cpus();
    c->threads = o->threads >= 0 ? o->threads : (int)(packed ? HR_MIN(HR_MAX(cpus, 2), DECODERS_MAX) : READERS_MAX);
    uint64_t fixed = hr_cache_fixed_bytes(s, 0, c->threads);
    uint64_t slots = room > reserve + fixed ? (room - reserve - fixed) / one : 0;
    uint64_t least = HR_MIN(o->batch_size / HR_MAX(s->chunk_samples, 1u) + 4, (uint64_t)s->chunks);
    if (slots < least)
        return hr_fail(err, HR_E_BUDGET,
                       "the memory budget of %s is too small: beside %s for batches and %s for tables it must hold %llu chunks of %s; raise "
                       "`budget`, make batches smaller or pack with a smaller --chunk-size",
                       hr_human_bytes(c->budget).text, hr_human_bytes(reserve).text, hr_human_bytes(fixed).text, (unsigned long long)least,
                       hr_human_bytes(hr_cache_slot_bytes(s)).text);
    c->cache_slots = (uint32_t)HR_MIN(slots, (uint64_t)s->chunks);
    int r = choose_window(s, o, c->cache_slots, c, err);
    if (r < 0)
        return r;
    c->ahead = (uint32_t)(c->kind == HR_ORDER_FULL ? 0 : HR_MIN(c->window, (uint64_t)c->cache_slots));
    return 0;
}

static void say(const struct hr_store *s, struct hr_choice *c)
{
    char first[sizeof c->why];
    snprintf(first, sizeof first, "%s", c->why);
    struct hr_human data = hr_human_bytes(s->bytes), budget = hr_human_bytes(c->budget);
    if (c->resident)
        snprintf(c->why, sizeof c->why, "%sthe dataset (%s) fits the budget (%s): it is mapped and stays", first, data.text,
                 budget.text);
    else
        snprintf(c->why, sizeof c->why, "%sthe dataset (%s%s) goes through a cache of %u of its %u chunks within the budget (%s)", first,
                 data.text, s->codec != HR_CODEC_NONE ? ", compressed" : "", c->cache_slots, s->chunks,
                 budget.text);
}

int hr_choose(const struct hr_store *s, const struct hr_loader_options *o, uint64_t batch_bytes, uint64_t fixed_bytes,
              struct hr_choice *ret, struct hr_error *err)
{
    struct hr_choice c = { .budget = 0 };
    uint64_t mapped = hr_chunks_resident_bytes(s);
    int r = hr_choose_budget(o, &c.budget, err);
    if (r < 0)
        return r;
    if (c.budget < fixed_bytes + batch_bytes)
        return hr_fail(err, HR_E_BUDGET,
                       "the memory budget of %s is too small: plans and tables take %s and one batch about %s; raise `budget` or make "
                       "batches smaller",
                       hr_human_bytes(c.budget).text, hr_human_bytes(fixed_bytes).text, hr_human_bytes(batch_bytes).text);
    uint64_t room = c.budget - fixed_bytes;
    c.resident = s->codec == HR_CODEC_NONE && mapped + SLOTS_MIN * batch_bytes <= room;
    if (c.resident) {
        room -= mapped;
        c.window = o->window_chunks;
        c.kind = !o->shuffle ? HR_ORDER_SEQUENTIAL : c.window == 0 || c.window >= s->chunks ? HR_ORDER_FULL : HR_ORDER_WINDOWED;
    } else {
        r = choose_cached(s, o, batch_bytes, room, &c, err);
        if (r < 0)
            return r;
        room -= c.cache_slots * hr_cache_slot_bytes(s) + hr_cache_fixed_bytes(s, c.cache_slots, c.threads);
    }
    bool large = batch_bytes >= LARGE_BATCH && hr_cpus() > 1;
    c.builders = o->builders >= 0 ? o->builders : large ? 1 : 0;
    uint64_t fit = room / HR_MAX(batch_bytes, 1u);
    c.slots = o->slots > 0 ? (uint32_t)o->slots : (uint32_t)HR_MIN(HR_MAX(fit, (uint64_t)SLOTS_MIN), (uint64_t)SLOTS_MAX);
    say(s, &c);
    *ret = c;
    return 0;
}

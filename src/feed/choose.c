/* What the caller left open: how many bytes, which path, how wide a window, how many batches. */
#include "loader.h"

#include "human.h"
#include "machine.h"
#include "num.h"

#include <stdio.h>

enum { SLOTS_MIN = 4, SLOTS_MAX = 1024, ALIGN_READ = 4096 };

/* A quarter of what is free, when the caller named no budget. */
static int budget_of(const struct hr_loader_options *o, uint64_t *ret, struct hr_error *err)
{
    if (o->budget != 0) {
        *ret = o->budget;
        return 0;
    }
    struct hr_root *root;
    struct hr_memory m;
    int r = hr_root_open(NULL, &root, err);
    if (r < 0)
        return r;
    hr_memory_read(root, &m);
    hr_root_close(root);
    struct hr_figure free_now = hr_memory_free(&m);
    if (!free_now.known)
        return hr_fail(err, HR_E_UNSUPPORTED, "how much memory is free cannot be told (%s); name a `budget`", free_now.why);
    *ret = free_now.v / 4;
    return 0;
}

/* Bytes of one cached chunk: what is read, or what it decompresses to. */
static uint64_t chunk_slot(const struct hr_store *s)
{
    uint64_t bytes = s->codec == HR_CODEC_NONE ? s->body_max + ALIGN_READ : hr_store_scratch(s);
    return hr_align_up(bytes, ALIGN_READ);
}

static enum hr_order_kind kind_of(const struct hr_loader_options *o, uint64_t window, uint64_t chunks)
{
    if (!o->shuffle)
        return HR_ORDER_SEQUENTIAL;
    return window == 0 || window >= chunks ? HR_ORDER_FULL : HR_ORDER_WINDOWED;
}

int hr_choose(const struct hr_store *s, const struct hr_loader_options *o, uint64_t batch_bytes, uint64_t fixed_bytes,
              struct hr_choice *ret, struct hr_error *err)
{
    struct hr_choice c = { 0 };
    uint64_t batches = SLOTS_MIN * batch_bytes, mapped = hr_chunks_resident_bytes(s);
    int r = budget_of(o, &c.budget, err);
    if (r < 0)
        return r;
    if (c.budget < fixed_bytes + batch_bytes)
        return hr_fail(err, HR_E_BUDGET,
                       "the memory budget of %s is too small: plans and tables take %s and one batch about %s; raise `budget` or make "
                       "batches smaller",
                       hr_human_bytes(c.budget).text, hr_human_bytes(fixed_bytes).text, hr_human_bytes(batch_bytes).text);
    c.window = o->window_chunks;
    c.resident = s->codec == HR_CODEC_NONE && mapped + fixed_bytes + batches <= c.budget;
    uint64_t room = c.budget - fixed_bytes - (c.resident ? mapped : 0);
    if (c.resident) {
        snprintf(c.why, sizeof c.why, "the dataset (%s) fits the budget (%s): it is mapped and stays", hr_human_bytes(s->bytes).text,
                 hr_human_bytes(c.budget).text);
    } else {
        c.cache_bytes = room > batches ? room - HR_MAX(batches, room / 8) : 0;
        if (c.cache_bytes / chunk_slot(s) < 2)
            return hr_fail(err, HR_E_BUDGET, "the memory budget of %s is too small: beside %s for batches it must hold 2 chunks of %s",
                           hr_human_bytes(c.budget).text, hr_human_bytes(batches).text, hr_human_bytes(chunk_slot(s)).text);
    }
    c.kind = kind_of(o, c.window, s->chunks);
    uint64_t fit = (room - c.cache_bytes) / HR_MAX(batch_bytes, 1u);
    c.slots = o->slots > 0 ? (uint32_t)o->slots : (uint32_t)HR_MIN(HR_MAX(fit, (uint64_t)SLOTS_MIN), (uint64_t)SLOTS_MAX);
    *ret = c;
    return 0;
}

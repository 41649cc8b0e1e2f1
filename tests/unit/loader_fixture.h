/* Three stores of N graphs in a folder of their own, and loaders on them: shared by the tests of the loader. */
#ifndef HR_LOADER_FIXTURE_H
#define HR_LOADER_FIXTURE_H

#include "unit.h"

#include "graph_store.h"

#include <unistd.h>

enum { N = 700, CHUNK = 33 };
static char dir[] = "/tmp/headrace-test-loader-XXXXXX";
static char plain[64], packed[64], narrow[64];

/* Narrow and compressed; plain where this build has no LZ4. */
static inline int write_packed(struct hr_error *err)
{
    int r = g_write(packed, N, CHUNK, HR_U8, HR_CODEC_LZ4, err);
    return r == HR_E_UNSUPPORTED ? g_write(packed, N, CHUNK, HR_U8, HR_CODEC_NONE, err) : r;
}

static inline int set_up(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(plain, sizeof plain, "%s/plain.arrow", dir);
    snprintf(packed, sizeof packed, "%s/packed.arrow", dir);
    snprintf(narrow, sizeof narrow, "%s/narrow.arrow", dir);
    if (g_write(plain, N, CHUNK, HR_I64, HR_CODEC_NONE, &err) < 0 || write_packed(&err) < 0 ||
        g_write(narrow, N, CHUNK, HR_U16, HR_CODEC_NONE, &err) < 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

static inline hr_loader *open_with(const char *path, const struct hr_loader_options *o)
{
    struct hr_error err = HR_ERROR_INIT;
    hr_loader *l = NULL;
    if (hr_loader_open(path, o, &l, &err) < 0)
        fail_msg("%s", err.text);
    return l;
}

static inline struct hr_loader_options usual(void)
{
    struct hr_loader_options o;
    hr_loader_options_init(&o);
    o.rank = 0;
    o.world = 1;
    o.budget = 64 << 20;
    o.seed = 7;
    return o;
}

/* A budget at which the store of N samples (5 MB) does not fit. */
static inline struct hr_loader_options tight(void)
{
    struct hr_loader_options o = usual();
    o.budget = 4600 << 10;
    o.batch_size = 4;
    return o;
}

/* Runs one epoch: every batch is right, every sample comes once; returns the digest of all. */
static inline uint64_t epoch_of(hr_loader *l, uint64_t samples, bool check)
{
    struct hr_error err = HR_ERROR_INIT;
    uint8_t *seen = calloc(1, samples);
    uint64_t h = 0, n = 0, steps = 0;
    hr_batch *b;
    int r;
    while ((r = hr_loader_next(l, &b, &err)) == 1) {
        if (check)
            assert_int_equal(g_check(b, false), 0);
        assert_int_equal(b->step, steps++);
        for (uint32_t i = 0; i < b->samples; i++)
            assert_int_equal(seen[b->sample[i]]++, 0);
        n += b->samples;
        h = g_digest(b, h);
        hr_batch_release(b);
    }
    if (r < 0)
        fail_msg("%s", err.text);
    assert_int_equal(n, samples);
    free(seen);
    return h;
}

#endif

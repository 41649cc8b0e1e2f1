/* What is the same for every number of ranks, by the bytes of the tensors: the batches of all ranks put together are the
 * batches of one rank, whatever the threads and from wherever the epoch is taken up; and what is in a sample, augmented or
 * not, does not depend on the batch that it comes in. */
#include "loader_fixture.h"

enum { BATCH = 7, STEPS = (N + BATCH - 1) / BATCH, EPOCH = 5, WORLDS = 4, MOST = 8 };
static const int world_of[WORLDS] = { 1, 2, 3, MOST };

/* One rank's epoch: a digest of each batch and of each sample, and the order. */
struct whole {
    uint64_t batch[STEPS], content[N], order[N];
};

/* Every kind of randomness, and a column more: what one value becomes must depend on its sample alone. */
static const struct hr_transform augment[] = {
    { .kind = HR_T_MINMAX, .field = "x", .column = 0, .a = -1000, .b = 1000 },
    { .kind = HR_T_ZSCORE, .field = "x", .column = 1, .a = 3, .b = 7 },
    { .kind = HR_T_SHIFT, .field = "x", .column = 7, .a = -10, .b = 10 },
    { .kind = HR_T_SINCOS, .field = "x", .column = 7, .a = 60 },
    { .kind = HR_T_NOISE, .field = "x", .column = 2, .a = 0.1 },
    { .kind = HR_T_JITTER, .field = "x", .column = 3, .a = -5, .b = 5 },
    { .kind = HR_T_CLAMP, .field = "edge_attr", .column = 1, .a = 0, .b = 900 },
    { .kind = HR_T_MASK, .field = "edge_attr", .column = -1, .a = 0.05, .b = -1 },
    { .kind = HR_T_EDGE_DROP, .a = 0.1 },
    { .kind = HR_T_NODE_DROP, .a = 0.1 },
};

static struct hr_loader_options options(bool cached, bool augmented)
{
    struct hr_loader_options o = cached ? tight() : usual();
    o.batch_size = BATCH;
    o.window_chunks = 3;
    if (augmented) {
        o.transforms = augment;
        o.transforms_n = sizeof augment / sizeof *augment;
    }
    return o;
}

static uint64_t bytes_digest(const void *data, size_t n, uint64_t h)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return hr_mix64(h ^ n);
}

/* The i-th sample of a joined batch as it would be alone: its rows, its edges without the node offset. */
static uint64_t content_of(const struct hr_batch *b, uint32_t i, int64_t *edge)
{
    const struct hr_tensor *x = g_tensor(b, "x"), *e = g_tensor(b, "edge_index"), *a = g_tensor(b, "edge_attr"),
                           *y = g_tensor(b, "y");
    const int64_t *ptr = g_tensor(b, "ptr")->data, *ends = e->data, edges = e->shape[1];
    int64_t first = *edge;
    while (*edge < edges && ends[*edge] < ptr[i + 1])
        ++*edge;
    size_t row = (size_t)x->shape[1], n = (size_t)(*edge - first);
    uint64_t h = bytes_digest((float *)x->data + (size_t)ptr[i] * row, (size_t)(ptr[i + 1] - ptr[i]) * row * 4, 1);
    h = bytes_digest((float *)a->data + (size_t)first * G_FA, n * G_FA * 4, h);
    h = bytes_digest((float *)y->data + (size_t)i * G_FY, G_FY * 4, h);
    for (int64_t list = 0; list < 2; list++)
        for (int64_t k = first; k < *edge; k++)
            h = hr_mix64(h + (uint64_t)(ends[list * edges + k] - ptr[i]));
    return h;
}

static hr_loader *rank_of(struct hr_loader_options o, int rank, int world, int threads)
{
    o.rank = rank;
    o.world = world;
    o.threads = o.builders = threads;
    hr_loader *l = open_with(plain, &o);
    assert_int_equal(hr_loader_set_epoch(l, EPOCH, NULL), 0);
    return l;
}

static struct whole *whole_of(const struct hr_loader_options *o)
{
    struct whole *w = calloc(1, sizeof *w);
    hr_loader *l = rank_of(*o, 0, 1, 0);
    hr_batch *b;
    for (uint64_t g = 0; hr_loader_next(l, &b, NULL) == 1; g++) {
        int64_t edge = 0;
        assert_true(g < STEPS && b->position == g * BATCH);
        w->batch[g] = g_digest(b, 0);
        for (uint32_t i = 0; i < b->samples; i++) {
            w->order[b->position + i] = b->sample[i];
            w->content[b->sample[i]] = content_of(b, i, &edge);
        }
        hr_batch_release(b);
    }
    hr_loader_close(l);
    return w;
}

/* Runs this rank to the end of its epoch and counts each global batch that it gives and that is right. */
static void take(hr_loader *l, const struct whole *want, uint8_t *seen)
{
    struct hr_error err = HR_ERROR_INIT;
    hr_batch *b;
    int r;
    while ((r = hr_loader_next(l, &b, &err)) == 1) {
        uint64_t g = b->position / BATCH;
        assert_int_equal(b->epoch, EPOCH);
        assert_true(b->position % BATCH == 0 && g < STEPS);
        assert_memory_equal(b->sample, &want->order[b->position], b->samples * sizeof *b->sample);
        assert_true(g_digest(b, 0) == want->batch[g]);
        seen[g]++;
        hr_batch_release(b);
    }
    if (r < 0)
        fail_msg("%s", err.text);
}

static void together(void **state)
{
    (void)state;
    static const int threads[] = { 1, 2, 8 };
    for (int k = 0; k < 4; k++) {
        struct hr_loader_options o = options(k & 1, k & 2);
        struct whole *want = whole_of(&o);
        for (int w = 0; w < WORLDS * 3; w++) {
            uint8_t seen[STEPS] = { 0 };
            int world = world_of[w % WORLDS];
            for (int rank = 0; rank < world; rank++) {
                hr_loader *l = rank_of(o, rank, world, threads[w / WORLDS]);
                take(l, want, seen);
                hr_loader_close(l);
            }
            for (int g = 0; g < STEPS; g++)
                assert_int_equal(seen[g], 1);
        }
        free(want);
    }
}

/* An epoch begun by one world is taken up by another, anywhere: what is left comes once, and is the same. */
static void taken_up(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    for (uint64_t k = 0; k < 24; k++) {
        struct hr_loader_options o = options(k & 1, k & 2);
        struct whole *want = whole_of(&o);
        int before = world_of[hr_mix64(k) % WORLDS], after = world_of[hr_mix64(k + 100) % WORLDS];
        uint64_t steps = hr_mix64(k + 200) % (STEPS / (uint64_t)before) + 1;
        uint8_t seen[STEPS] = { 0 };
        struct hr_state at[MOST];
        for (int rank = 0; rank < before; rank++) {
            hr_loader *l = rank_of(o, rank, before, (int)(k % 3));
            hr_batch *b;
            for (uint64_t s = 0; s < steps; s++) {
                assert_int_equal(hr_loader_next(l, &b, &err), 1);
                assert_true(g_digest(b, 0) == want->batch[b->position / BATCH]);
                seen[b->position / BATCH]++;
                hr_batch_release(b);
            }
            hr_loader_state(l, &at[rank]);
            assert_memory_equal(&at[rank], &at[0], sizeof at[0]);
            hr_loader_close(l);
        }
        for (int rank = 0; rank < after; rank++) {
            hr_loader *l = rank_of(o, rank, after, 2 - (int)(k % 3));
            if (hr_loader_seek(l, &at[0], &err) < 0)
                fail_msg("%s", err.text);
            take(l, want, seen);
            hr_loader_close(l);
        }
        for (int g = 0; g < STEPS; g++)
            assert_int_equal(seen[g], 1);
        free(want);
    }
}

/* Batches of other sizes, and of unequal shares, hold the same samples in the same order. */
static void one_by_one(void **state)
{
    (void)state;
    static const uint64_t size[] = { 2, 5, 16 };
    static const double share[] = { 2, 3, 4 };
    for (int k = 0; k < 12; k++) {
        struct hr_loader_options o = options(k & 1, true);
        struct whole *want = whole_of(&o);
        int world = k & 2 ? 3 : 1;
        uint64_t total = 0;
        o.batch_size = size[k / 4];
        o.weights = world == 3 ? share : NULL;
        for (int rank = 0; rank < world; rank++) {
            hr_loader *l = rank_of(o, rank, world, k % 3);
            hr_batch *b;
            while (hr_loader_next(l, &b, NULL) == 1) {
                int64_t edge = 0;
                assert_memory_equal(b->sample, &want->order[b->position], b->samples * sizeof *b->sample);
                for (uint32_t i = 0; i < b->samples; i++)
                    assert_true(content_of(b, i, &edge) == want->content[b->sample[i]]);
                assert_int_equal(edge, g_tensor(b, "edge_index")->shape[1]);
                total += b->samples;
                hr_batch_release(b);
            }
            hr_loader_close(l);
        }
        assert_int_equal(total, N);
        free(want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together),
        cmocka_unit_test(taken_up),
        cmocka_unit_test(one_by_one),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

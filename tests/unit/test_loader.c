#include "unit.h"

#include "graph_store.h"
#include "clock.h"
#include "fault.h"
#include "ledger.h"
#include "mem.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 700, CHUNK = 33 };
static char dir[] = "/tmp/headrace-test-loader-XXXXXX";
static char plain[64], packed[64], narrow[64];

static int set_up(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(plain, sizeof plain, "%s/plain.arrow", dir);
    snprintf(packed, sizeof packed, "%s/packed.arrow", dir);
    snprintf(narrow, sizeof narrow, "%s/narrow.arrow", dir);
    if (g_write(plain, N, CHUNK, HR_I64, HR_CODEC_NONE, &err) < 0 || g_write(packed, N, CHUNK, HR_U8, HR_CODEC_LZ4, &err) < 0 ||
        g_write(narrow, N, CHUNK, HR_U16, HR_CODEC_NONE, &err) < 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

static hr_loader *open_with(const char *path, const struct hr_loader_options *o)
{
    struct hr_error err = HR_ERROR_INIT;
    hr_loader *l = NULL;
    if (hr_loader_open(path, o, &l, &err) < 0)
        fail_msg("%s", err.text);
    return l;
}

static struct hr_loader_options usual(void)
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
static struct hr_loader_options tight(void)
{
    struct hr_loader_options o = usual();
    o.budget = 4600 << 10;
    o.batch_size = 4;
    return o;
}

/* Runs one epoch: every batch is right, every sample comes once; returns the digest of all. */
static uint64_t epoch_of(hr_loader *l, uint64_t samples, bool check)
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

static void epochs(void **state)
{
    (void)state;
    const char *const path[] = { plain, packed, narrow };
    for (size_t i = 0; i < 3; i++) {
        struct hr_loader_options o = usual();
        hr_loader *l = open_with(path[i], &o);
        assert_int_equal(hr_loader_samples(l), N);
        assert_int_equal(hr_loader_steps(l), (N + 15) / 16);
        uint64_t a = epoch_of(l, N, true), b = epoch_of(l, N, true);
        assert_true(a != b);
        struct hr_error err = HR_ERROR_INIT;
        assert_int_equal(hr_loader_set_epoch(l, 0, &err), 0);
        assert_true(epoch_of(l, N, true) == a);
        hr_loader_close(l);
    }
}

/* The same order through the cache, whatever the budget, the threads and the path. */
static void paths_agree(void **state)
{
    (void)state;
    struct hr_loader_options o = tight();
    o.window_chunks = 3;
    o.budget = 64 << 20;
    hr_loader *l = open_with(plain, &o);
    uint64_t want0 = epoch_of(l, N, true), want1 = epoch_of(l, N, true);
    hr_loader_close(l);
    for (int threads = 0; threads < 4; threads++) {
        o = tight();
        o.window_chunks = 3;
        o.threads = threads;
        o.builders = threads % 3;
        o.prefetch = threads + 1;
        l = open_with(plain, &o);
        assert_true(epoch_of(l, N, true) == want0);
        assert_true(epoch_of(l, N, true) == want1);
        hr_loader_close(l);
        l = open_with(packed, &o);
        assert_true(epoch_of(l, N, true) == want0);
        assert_true(epoch_of(l, N, true) == want1);
        hr_loader_close(l);
    }
}

static void sequential(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        o.shuffle = false;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t at = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(g_check(b, false), 0);
            for (uint32_t i = 0; i < b->samples; i++)
                assert_int_equal(b->sample[i], at++);
            hr_batch_release(b);
        }
        assert_int_equal(at, N);
        hr_loader_close(l);
    }
}

/* The global order does not depend on the number of ranks. */
static void worlds(void **state)
{
    (void)state;
    static const int world[] = { 1, 2, 3, 8 };
    uint64_t order[4][N];
    for (int w = 0; w < 4; w++) {
        uint64_t total = 0;
        for (int rank = 0; rank < world[w]; rank++) {
            struct hr_loader_options o = usual();
            o.rank = rank;
            o.world = world[w];
            hr_loader *l = open_with(plain, &o);
            hr_batch *b;
            uint64_t steps = 0;
            while (hr_loader_next(l, &b, NULL) == 1) {
                assert_int_equal(b->position, (b->step * (uint64_t)world[w] + (uint64_t)rank) * 16);
                memcpy(&order[w][b->position], b->sample, b->samples * sizeof(uint64_t));
                total += b->samples;
                steps++;
                hr_batch_release(b);
            }
            assert_int_equal(steps, hr_loader_steps(l));
            hr_loader_close(l);
        }
        assert_int_equal(total, N);
        assert_memory_equal(order[w], order[0], sizeof order[0]);
    }
}

static void tails(void **state)
{
    (void)state;
    for (int rank = 0; rank < 3; rank++) {
        struct hr_loader_options o = usual();
        o.rank = rank;
        o.world = 3;
        o.tail = HR_TAIL_DROP;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t n = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(b->samples, 16);
            n++;
            hr_batch_release(b);
        }
        assert_int_equal(n, N / 48);
        hr_loader_close(l);
        o.tail = HR_TAIL_PAD;
        l = open_with(plain, &o);
        n = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(b->samples, 16);
            assert_int_equal(g_check(b, false), 0);
            n++;
            hr_batch_release(b);
        }
        assert_int_equal(n, (N + 47) / 48);
        hr_loader_close(l);
    }
}

/* From 100 random places on, and with another number of ranks, the rest of the order is the same. */
static void resume(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(sizeof(struct hr_state), 48);
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        uint64_t digest[256], steps = 0, e;
        o.window_chunks = 3;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        struct hr_state at[256];
        assert_int_equal(hr_loader_set_epoch(l, 5, NULL), 0);
        for (;;) {
            hr_loader_state(l, &at[steps]);
            if (hr_loader_next(l, &b, NULL) != 1)
                break;
            digest[steps++] = g_digest(b, 0);
            hr_batch_release(b);
        }
        for (uint64_t i = 0; i < 100; i++) {
            uint64_t s = hr_mix64(i) % steps;
            hr_loader *other = i % 10 == 0 ? open_with(plain, &o) : l;
            if (hr_loader_seek(other, &at[s], &err) < 0)
                fail_msg("%s", err.text);
            for (e = s; e < steps && e < s + 3; e++) {
                assert_int_equal(hr_loader_next(other, &b, NULL), 1);
                assert_true(g_digest(b, 0) == digest[e]);
                assert_int_equal(b->epoch, 5);
                hr_batch_release(b);
            }
            assert_int_equal(hr_loader_batch_at(l, 5, s, 0, 1, &b, NULL), 0);
            assert_true(g_digest(b, 0) == digest[s]);
            hr_batch_release(b);
            if (other != l)
                hr_loader_close(other);
        }
        /* elastic: half of the epoch as one rank, the rest as two */
        uint64_t mid = steps / 2, count = 0;
        uint8_t seen[N] = { 0 };
        for (int rank = 0; rank < 2; rank++) {
            struct hr_loader_options two = o;
            two.rank = rank;
            two.world = 2;
            hr_loader *other = open_with(plain, &two);
            assert_int_equal(hr_loader_seek(other, &at[mid], &err), 0);
            while (hr_loader_next(other, &b, NULL) == 1) {
                assert_true(b->position >= at[mid].position);
                for (uint32_t i = 0; i < b->samples; i++)
                    seen[b->sample[i]]++;
                count += b->samples;
                hr_batch_release(b);
            }
            hr_loader_close(other);
        }
        assert_int_equal(count, N - at[mid].position);
        for (int i = 0; i < N; i++)
            assert_true(seen[i] <= 1);
        hr_loader_close(l);
    }
}

static void order_at(void **state)
{
    (void)state;
    struct hr_loader_options o = usual();
    hr_loader *l = open_with(plain, &o);
    for (uint64_t step = 0; step < 5; step++) {
        hr_batch *b;
        uint64_t s[16];
        size_t n = 0;
        assert_int_equal(hr_loader_batch_at(l, 9, step, 1, 4, &b, NULL), 0);
        assert_int_equal(hr_loader_order_at(l, 9, step, 1, 4, s, 16, &n, NULL), 0);
        assert_int_equal(n, b->samples);
        assert_memory_equal(s, b->sample, n * sizeof *s);
        hr_batch_release(b);
    }
    struct hr_error err = HR_ERROR_INIT;
    hr_batch *b;
    assert_int_equal(hr_loader_batch_at(l, 0, 1000, 0, 1, &b, &err), HR_E_INVALID);
    assert_int_equal(hr_loader_batch_at(l, 0, 0, 2, 2, &b, &err), HR_E_INVALID);
    hr_loader_close(l);
}

static void cut_by_size(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        o.batch_size = 16;
        o.window_chunks = 3;
        o.max_nodes = 300;
        o.max_edges = 1500;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t n = 0, steps = hr_loader_steps(l), got = 0;
        struct hr_state mid = { 0 };
        uint64_t want = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(g_check(b, false), 0);
            assert_true(g_tensor(b, "x")->shape[0] <= 300 && g_tensor(b, "edge_attr")->shape[0] <= 1500);
            n += b->samples;
            if (got == 20)
                want = g_digest(b, 0);
            if (++got == 20)
                hr_loader_state(l, &mid);
            hr_batch_release(b);
        }
        assert_int_equal(n, N);
        assert_int_equal(got, steps);
        struct hr_error err = HR_ERROR_INIT;
        assert_int_equal(hr_loader_set_epoch(l, 3, NULL), 0);
        if (hr_loader_seek(l, &mid, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        assert_true(g_digest(b, 0) == want);
        hr_batch_release(b);
        hr_loader_close(l);
    }
}

/* Builders change nothing: epochs, seeks in the middle, errors at their place, leaving early. */
static void builders(void **state)
{
    (void)state;
    static const int counts[] = { 1, 2, 8 };
    struct hr_loader_options o = usual();
    o.builders = 0;
    hr_loader *l = open_with(narrow, &o);
    uint64_t want0 = epoch_of(l, N, true), want1 = epoch_of(l, N, true);
    hr_loader_close(l);
    for (int k = 0; k < 3; k++) {
        o.builders = counts[k];
        o.prefetch = 1 + 3 * k;
        o.slots = 2 + 4 * k;
        l = open_with(narrow, &o);
        assert_true(epoch_of(l, N, true) == want0);
        assert_true(epoch_of(l, N, false) == want1);
        hr_batch *b;
        struct hr_state s;
        for (int i = 0; i < 20; i++) {
            assert_int_equal(hr_loader_next(l, &b, NULL), 1);
            assert_int_equal(b->epoch, 2);
            hr_batch_release(b);
        }
        hr_loader_state(l, &s);
        assert_int_equal(s.position, 20 * 16);
        assert_int_equal(hr_loader_batch_at(l, 2, 20, 0, 1, &b, NULL), 0);
        uint64_t next = g_digest(b, 0);
        hr_batch_release(b);
        assert_int_equal(hr_loader_set_epoch(l, 1, NULL), 0);
        assert_true(epoch_of(l, N, false) == want1);
        assert_int_equal(hr_loader_seek(l, &s, NULL), 0);
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        assert_true(g_digest(b, 0) == next);
        hr_batch *held[64];
        int n = 0, r;
        struct hr_error err = HR_ERROR_INIT;
        while ((r = hr_loader_next(l, &held[n], &err)) == 1)
            n++;
        assert_int_equal(r, HR_E_BUDGET); /* all slots are held */
        while (n > 0)
            hr_batch_release(held[--n]);
        assert_int_equal(hr_loader_next(l, &held[0], &err), 1); /* and it goes on */
        hr_batch_release(held[0]);
        hr_loader_close(l);
        hr_batch_release(b);
    }
}

/* A store damaged behind the reader's back: the chunk is named, the loader lives. */
static void damaged(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/damaged.arrow", dir);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(g_write(path, N, CHUNK, HR_U8, HR_CODEC_NONE, NULL), 0);
        FILE *f = fopen(path, "r+b");
        assert_non_null(f);
        fseek(f, 1 << 20, SEEK_SET);
        int c = fgetc(f);
        fseek(f, 1 << 20, SEEK_SET);
        fputc(c ^ 4, f);
        fclose(f);
        struct hr_loader_options o = k & 1 ? tight() : usual();
        o.builders = k / 2;
        if (k & 1)
            o.budget = 3000 << 10;
        hr_loader *l = open_with(path, &o);
        struct hr_error err = HR_ERROR_INIT;
        hr_batch *b;
        int r;
        while ((r = hr_loader_next(l, &b, &err)) == 1)
            hr_batch_release(b);
        assert_int_equal(r, HR_E_CORRUPT);
        assert_non_null(strstr(err.text, "damaged.arrow"));
        assert_int_equal(hr_loader_next(l, &b, &err), HR_E_CORRUPT);
        hr_loader_close(l);
    }
}

static void transforms(void **state)
{
    (void)state;
    static const struct hr_transform list[] = {
        { .kind = HR_T_SINCOS, .field = "x", .column = 7, .a = 60 },  { .kind = HR_T_NOISE, .field = "x", .column = 1, .a = 0.1 },
        { .kind = HR_T_MASK, .field = "edge_attr", .column = -1, .a = 0.05 }, { .kind = HR_T_EDGE_DROP, .a = 0.1 },
        { .kind = HR_T_NODE_DROP, .a = 0.1 },
    };
    uint64_t want = 0;
    for (int k = 0; k < 6; k++) {
        struct hr_loader_options o = k & 1 ? tight() : usual();
        o.batch_size = 4;
        o.window_chunks = 3;
        o.transforms = list;
        o.transforms_n = 5;
        o.builders = k / 2;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t h = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            const struct hr_tensor *x = g_tensor(b, "x"), *e = g_tensor(b, "edge_index"), *p = g_tensor(b, "ptr");
            const int64_t *ptr = p->data, *ends = e->data;
            assert_int_equal(x->shape[1], G_FX + 1);
            assert_int_equal(ptr[b->samples], x->shape[0]);
            assert_int_equal(e->shape[1], g_tensor(b, "edge_attr")->shape[0]);
            for (int64_t i = 0; i < 2 * e->shape[1]; i++)
                assert_true(ends[i] >= 0 && ends[i] < x->shape[0]);
            h = g_digest(b, h);
            hr_batch_release(b);
        }
        if (k == 0)
            want = h;
        assert_true(h == want);
        hr_loader_close(l);
    }
}

static void says(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        struct hr_loader_options o = k & 1 ? tight() : usual();
        o.builders = k / 2;
        hr_loader *l = open_with(k & 1 ? packed : plain, &o);
        char text[8192], short_text[16];
        for (int e = 0; e < 2; e++) {
            int n = hr_loader_report(l, e, text, sizeof text);
            assert_true(n > 200 && n < (int)sizeof text);
            assert_int_equal(hr_loader_report(l, e, short_text, sizeof short_text) > 200, 1);
            assert_int_equal(strlen(short_text), 15);
            epoch_of(l, N, false);
        }
        hr_loader_report(l, true, text, sizeof text);
        assert_non_null(strstr(text, "\"bound_by\":\""));
        char path[64];
        snprintf(path, sizeof path, "%s/curve.csv", dir);
        assert_int_equal(hr_loader_write_curve(l, path, NULL), 0);
        struct hr_buf b = HR_BUF_INIT(100000);
        assert_int_equal(hr_slurp(path, &b, NULL), 0);
        assert_true(hr_str_starts(hr_buf_str(&b), "seconds,ledger_bytes,anon_bytes\n0.0"));
        hr_buf_fini(&b);
        hr_loader_close(l);
    }
}

/* Beyond the act mark the loader gives memory back and goes on; the batches stay right. */
static void act_mark(void **state)
{
    (void)state;
    struct hr_loader_options o = tight();
    o.window_chunks = 4;
    o.act = 1;
    o.warn = 1;
    hr_loader *l = open_with(plain, &o);
    struct hr_state s;
    uint64_t start = hr_now(), epoch = 0;
    do {
        epoch_of(l, N, true);
        hr_loader_state(l, &s);
        epoch++;
    } while (s.window == 4 && hr_now() - start < UINT64_C(10000000000));
    assert_true(s.window < 4);
    epoch_of(l, N, true);
    char text[8192];
    hr_loader_report(l, false, text, sizeof text);
    assert_non_null(strstr(text, "act "));
    hr_loader_close(l);
}

static void misuse(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_loader_options o = usual();
    hr_loader *l = NULL;
    o.batch_size = 0;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_INVALID);
    o = usual();
    o.size = 3;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_INVALID);
    o = usual();
    o.rank = 2;
    o.world = 2;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_INVALID);
    o = usual();
    assert_int_equal(hr_loader_open("/nowhere/at/all", &o, &l, &err), HR_E_NOT_FOUND);
    o.budget = 100000;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_BUDGET);
    assert_non_null(strstr(err.text, "budget"));
    o = tight();
    o.window_chunks = 21;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_BUDGET);
    assert_null(l);
    o = usual();
    o.slots = 2;
    l = open_with(plain, &o);
    hr_batch *b[3];
    assert_int_equal(hr_loader_next(l, &b[0], &err), 1);
    assert_int_equal(hr_loader_next(l, &b[1], &err), 1);
    assert_int_equal(hr_loader_next(l, &b[2], &err), HR_E_BUDGET);
    assert_non_null(strstr(err.text, "held"));
    hr_batch_release(b[0]);
    assert_int_equal(hr_loader_next(l, &b[0], &err), 1); /* nothing was lost */
    assert_int_equal(b[0]->step, 2);
    struct hr_state s;
    hr_loader_state(l, &s);
    s.dataset ^= 1;
    assert_int_equal(hr_loader_seek(l, &s, &err), HR_E_INVALID);
    s.dataset ^= 1;
    s.seed++;
    assert_int_equal(hr_loader_seek(l, &s, &err), HR_E_INVALID);
    /* batches outlive the loader */
    hr_loader_close(l);
    assert_int_equal(g_check(b[0], false), 0);
    assert_int_equal(g_check(b[1], false), 0);
    hr_batch_release(b[0]);
    hr_batch_release(b[1]);
}

static void forked(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        hr_loader *l = open_with(plain, &o);
        hr_batch *b, *c;
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        pid_t pid = fork();
        if (pid == 0) {
            struct hr_error err = HR_ERROR_INIT;
            int bad = hr_loader_next(l, &c, &err) != HR_E_STATE || strstr(err.text, "forked") == NULL;
            bad |= hr_loader_batch_at(l, 0, 0, 0, 1, &c, NULL) != HR_E_STATE || hr_loader_set_epoch(l, 1, NULL) != HR_E_STATE;
            hr_batch_release(b);
            hr_loader_close(l);
            /* a loader of its own works */
            hr_loader *own;
            o.threads = 0; /* ThreadSanitizer allows no new threads here */
            bad |= hr_loader_open(plain, &o, &own, NULL) < 0 || hr_loader_next(own, &c, NULL) != 1 || g_check(c, false) != 0;
            _exit(bad);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_int_equal(g_check(b, false), 0);
        hr_batch_release(b);
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        hr_batch_release(b);
        hr_loader_close(l);
    }
}

/* Leaving in the middle, two loaders at once, an epoch after that. */
static void early_and_two(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct hr_loader_options o = k % 2 ? tight() : usual();
        hr_loader *l = open_with(plain, &o), *m = open_with(packed, &o);
        hr_batch *b;
        for (int i = 0; i < k; i++) {
            assert_int_equal(hr_loader_next(l, &b, NULL), 1);
            hr_batch_release(b);
            assert_int_equal(hr_loader_next(m, &b, NULL), 1);
            assert_int_equal(g_check(b, false), 0);
            hr_batch_release(b);
        }
        hr_loader_close(l);
        hr_loader_close(m);
    }
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static uint64_t resident_now(void)
{
    unsigned long pages = 0, total = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%lu %lu", &total, &pages) != 2)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return pages * 4096;
}

static void thousand_epochs(void **state)
{
    (void)state;
    char small[64];
    snprintf(small, sizeof small, "%s/small.arrow", dir);
    assert_int_equal(g_write(small, 64, 8, HR_U8, HR_CODEC_NONE, NULL), 0);
    struct hr_loader_options o = usual();
    hr_loader *l = open_with(small, &o);
    uint64_t before = 0, allocs = 0;
    for (int e = 0; e < 1000; e++) {
        epoch_of(l, 64, false);
        if (e == 100) {
            before = resident_now();
            allocs = hr_mem_count();
        }
    }
#ifdef __SANITIZE_ADDRESS__
    before = UINT64_MAX / 2; /* its quarantine keeps what is freed */
#endif
    assert_true(resident_now() <= before + (256 << 10));
    assert_true(hr_mem_count() - allocs <= 900 * 2); /* a fresh epoch may allocate, a batch does not */
    hr_loader_close(l);
}

/* Whatever allocation or system call fails: an error or the right batches, no leak (under ASan), no hang. */
static void faults(void **state)
{
    (void)state;
    for (int k = 0; k < 6; k++) {
        for (uint64_t n = 1; n < 600; n++) {
            struct hr_loader_options o = k & 1 ? tight() : usual();
            hr_loader *l = NULL;
            hr_batch *b;
            struct hr_error err = HR_ERROR_INIT;
            o.threads = 0;
            uint64_t count = k < 4 ? hr_mem_count() : hr_fault_sys_count();
            if (k < 4)
                hr_mem_fail_at(n, k & 2);
            else
                hr_fault_sys_at(n, false);
            int r = hr_loader_open(plain, &o, &l, &err);
            for (int i = 0; r >= 0 && i < 3; i++) {
                r = hr_loader_next(l, &b, &err);
                if (r == 1) {
                    assert_int_equal(g_check(b, false), 0);
                    hr_batch_release(b);
                }
            }
            hr_mem_fail_at(0, false);
            hr_fault_sys_at(0, false);
            hr_loader_close(l);
            if (r < 0)
                assert_true(err.text[0] != 0);
            if ((k < 4 ? hr_mem_count() : hr_fault_sys_count()) - count < n)
                break;
            assert_true(n < 599);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs),   cmocka_unit_test(paths_agree), cmocka_unit_test(sequential),    cmocka_unit_test(worlds),
        cmocka_unit_test(tails),    cmocka_unit_test(resume),      cmocka_unit_test(order_at),      cmocka_unit_test(cut_by_size),
        cmocka_unit_test(misuse),   cmocka_unit_test(forked),      cmocka_unit_test(early_and_two), cmocka_unit_test(thousand_epochs),
        cmocka_unit_test(faults),   cmocka_unit_test(builders),    cmocka_unit_test(damaged),       cmocka_unit_test(transforms),
        cmocka_unit_test(says),     cmocka_unit_test(act_mark),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

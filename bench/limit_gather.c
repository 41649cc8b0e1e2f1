/* What one core can do at most for the work of bench/work.py: gather 16 random samples and join them, nothing else.
 * No Python, no hand-over, no order to compute beyond a shuffled list, output reused, compiled for this very machine.
 *   cc -O3 -march=native limit_gather.c -o limit_gather && ./limit_gather [samples] [seconds per test] */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { FN = 9, FE = 4, FY = 8, B = 16 };

struct place {
    uint32_t n, e; /* nodes and edges of the sample */
    size_t at;     /* its record: x, edge_attr, y, then edge_index */
};

struct batch {
    float *x, *ea, *y;
    int64_t *ei, *bt, ptr[B + 1];
};

static int samples = 2000;
static double seconds = 0.5;
static struct place *place;
static uint8_t *data;
static int narrow; /* edge_index as uint16 instead of int64 */
static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t record_bytes(const struct place *p)
{
    size_t n = ((size_t)p->n * FN + (size_t)p->e * FE + FY) * 4;
    n = (n + 7) & ~(size_t)7;
    return (n + (size_t)p->e * (narrow ? 4 : 16) + 63) & ~(size_t)63;
}

static void prefetch(const struct place *p)
{
    const uint8_t *a = data + p->at, *end = a + record_bytes(p);
    for (; a < end; a += 64)
        __builtin_prefetch(a, 0, 2);
}

static void copy_edges(int64_t *to, const uint8_t *from, uint32_t n, int64_t add)
{
    if (narrow)
        for (uint32_t k = 0; k < n; k++)
            to[k] = ((const uint16_t *)from)[k] + add;
    else
        for (uint32_t k = 0; k < n; k++)
            to[k] = ((const int64_t *)from)[k] + add;
}

static void join(const int *id, const int *next, struct batch *b)
{
    int64_t nodes = 0, edges = 0, total = 0;
    size_t width = narrow ? 2 : 8;
    for (int i = 0; i < B; i++)
        total += place[id[i]].e;
    for (int i = 0; i < B; i++) {
        const struct place *p = &place[id[i]];
        const uint8_t *r = data + p->at;
        if (next != NULL)
            prefetch(&place[next[i]]);
        memcpy(b->x + nodes * FN, r, (size_t)p->n * FN * 4);
        r += (size_t)p->n * FN * 4;
        memcpy(b->ea + edges * FE, r, (size_t)p->e * FE * 4);
        r += (size_t)p->e * FE * 4;
        memcpy(b->y + i * FY, r, FY * 4);
        r = (const uint8_t *)(((uintptr_t)r + FY * 4 + 7) & ~(uintptr_t)7);
        copy_edges(b->ei + edges, r, p->e, nodes);
        copy_edges(b->ei + total + edges, r + p->e * width, p->e, nodes);
        for (uint32_t k = 0; k < p->n; k++)
            b->bt[nodes + k] = i;
        b->ptr[i] = nodes;
        nodes += p->n;
        edges += p->e;
    }
    b->ptr[B] = nodes;
}

/* Best epoch of `seconds` of them, samples per second. */
static double run(int ahead)
{
    struct batch b = { aligned_alloc(64, B * 64 * FN * 4), aligned_alloc(64, B * 288 * FE * 4), aligned_alloc(64, B * FY * 4),
                       aligned_alloc(64, 2 * B * 288 * 8), aligned_alloc(64, B * 64 * 8), { 0 } };
    int *id = malloc((size_t)samples * sizeof *id);
    double best = 1e9, t0 = now();
    for (int i = 0; i < samples; i++)
        id[i] = i;
    do {
        for (int i = samples - 1; i > 0; i--) {
            int j = (int)(rnd() % (uint64_t)(i + 1)), t = id[i];
            id[i] = id[j];
            id[j] = t;
        }
        double t = now();
        for (int i = 0; i + B <= samples; i += B)
            join(id + i, ahead && i + 2 * B <= samples ? id + i + B : NULL, &b);
        t = now() - t;
        best = t < best ? t : best;
    } while (now() - t0 < seconds);
    free(id), free(b.x), free(b.ea), free(b.y), free(b.ei), free(b.bt);
    return samples / B * B / best;
}

static void fill(void)
{
    size_t total = 0;
    for (int i = 0; i < samples; i++) {
        place[i].at = total;
        total += record_bytes(&place[i]);
    }
    data = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        exit(1);
    madvise(data, total, MADV_HUGEPAGE);
    memset(data, 1, total);
}

int main(int argc, char **argv)
{
    samples = argc > 1 ? atoi(argv[1]) : samples;
    seconds = argc > 2 ? atof(argv[2]) : seconds;
    place = malloc((size_t)samples * sizeof *place);
    for (int i = 0; i < samples; i++)
        place[i] = (struct place){ (uint32_t)(20 + rnd() % 41), (uint32_t)(120 + rnd() % 161), 0 };
    for (narrow = 0; narrow < 2; narrow++) {
        fill();
        for (int ahead = 0; ahead < 2; ahead++)
            printf("one record per sample, random, %s indices%s: %9.0f samples/s\n", narrow ? "uint16" : "int64 ",
                   ahead ? ", next batch prefetched" : "                       ", run(ahead));
    }
    return 0;
}

#include "quality.h"

#include "mem.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Small batches are sorted in place; the library's sort is slow for them. */
static void sort(uint64_t *v, uint64_t n)
{
    if (n > 64) {
        qsort(v, n, sizeof *v, by_number);
        return;
    }
    for (uint64_t i = 1; i < n; i++) {
        uint64_t x = v[i], k = i;
        for (; k > 0 && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

struct sums {
    double groups, pairs, squares;
};

static void add_batch(struct sums *s, uint64_t *v, uint64_t n, double middle)
{
    double mean = 0;
    for (uint64_t i = 0; i < n; i++)
        mean += (double)v[i] - middle;
    mean /= (double)n;
    s->squares += mean * mean;
    sort(v, n);
    uint64_t groups = 1, pairs = 0, low = 0;
    for (uint64_t i = 1; i < n; i++) {
        groups += v[i] / HR_NEAR != v[i - 1] / HR_NEAR;
        while (v[i] - v[low] > HR_NEAR)
            low++;
        pairs += i - low;
    }
    s->groups += (double)groups;
    s->pairs += (double)pairs;
}

int hr_quality_measure(const struct hr_epoch *e, uint64_t batch, uint64_t batches, struct hr_quality *ret, struct hr_error *err)
{
    uint64_t all = batch == 0 ? 0 : e->order->samples / batch;
    batches = batches == 0 ? all : HR_MIN(batches, all);
    *ret = (struct hr_quality){ batches, NAN, NAN, NAN };
    if (batches == 0)
        return 0;
    struct hr_cursor cursor;
    int rc = hr_cursor_init(&cursor, e->order, err);
    if (rc < 0)
        return rc;
    uint64_t *HR_CLEANUP(hr_freep) v = hr_calloc(batch, sizeof *v);
    if (v == NULL) {
        hr_cursor_fini(&cursor);
        return hr_fail_nomem(err, batch * sizeof *v, "a batch of sample numbers");
    }
    double n = (double)e->order->samples, b = (double)batch, m = (double)batches;
    struct sums s = { 0, 0, 0 };
    for (uint64_t g = 0; g < batches; g++) {
        hr_epoch_range(e, &cursor, g * batch, batch, v);
        add_batch(&s, v, batch, (n - 1) / 2);
    }
    hr_cursor_fini(&cursor);
    double reach = fmin(HR_NEAR, n - 1), chance = 2 * (reach * n - reach * (reach + 1) / 2) / (n * (n - 1));
    ret->groups = s.groups / m;
    if (n > 1 && b > 1)
        ret->neighbours = s.pairs / (m * b * (b - 1) / 2) / chance;
    if (n > 1)
        ret->variance = s.squares / m * b / ((n * n - 1) / 12);
    return 0;
}

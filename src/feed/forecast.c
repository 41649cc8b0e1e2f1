#include "forecast.h"

#include "num.h"

#include <math.h>

/* The sizes of the model, as forecast.h names them. */
struct model {
    double N, C, c, B;
};

/* Pairs within one piece, as a share of all pairs of a batch, averaged over where a batch can begin in a window of n. */
static double same_window(uint64_t n, uint64_t B)
{
    uint64_t a = n, b = B;
    while (b != 0) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    uint64_t step = a; /* batches begin at multiples of gcd(n, B) */
    double pairs = (double)B * ((double)B - 1) / 2, sum = 0, inside = 0, places = (double)(n / step);
    uint64_t from = 0;
    if (n >= B) { /* those that lie inside the window */
        from = (n - B) / step * step + step;
        inside = (double)((n - B) / step + 1);
    }
    uint64_t many = n > from ? (n - from) / step + ((n - from) % step != 0) : 0;
    uint64_t stride = HR_MAX(many / 4096, UINT64_C(1)), taken = 0;
    for (uint64_t i = 0; i < many; i += stride, taken++) {
        double first = (double)HR_MIN(n - (from + i * step), B), rest = (double)B - first, w = (double)n;
        double whole = floor(rest / w), last = rest - whole * w;
        sum += (first * (first - 1) + whole * w * (w - 1) + last * (last - 1)) / 2 / pairs;
    }
    return (inside + (taken == 0 ? 0 : sum / (double)taken * (double)many)) / places;
}

/* The share of a batch's pairs that come from one chunk. */
static double same_chunk(const struct model *m, uint64_t window_chunks, uint64_t B)
{
    uint64_t W = window_chunks, C = (uint64_t)m->C, c = (uint64_t)m->c, last = C % W;
    if (m->c <= 1)
        return 0;
    if (W >= C)
        return (m->c - 1) / (m->N - 1);
    double whole = same_window(W * c, B) * (m->c - 1) / ((double)W * m->c - 1);
    if (last == 0)
        return whole;
    double n = (double)last * m->c;
    return whole * (1 - (double)last / m->C) + same_window(last * c, B) * (m->c - 1) / (n - 1) * ((double)last / m->C);
}

/* Probability that two samples of one chunk lie within G places; of any two samples. */
static double near_within(double n)
{
    double reach = fmin(HR_NEAR, n - 1);
    return n <= 1 ? 0 : 2 * (reach * n - reach * (reach + 1) / 2) / (n * (n - 1));
}

static double neighbours(const struct model *m, double chunk_pairs)
{
    double all = near_within(m->N), within = near_within(m->c);
    double share = m->c <= 1 ? 0 : (m->c - 1) / (m->N - 1); /* of all pairs, those of one chunk */
    double between = share >= 1 ? 0 : fmax(0, (all - share * within) / (1 - share));
    return (chunk_pairs * within + (1 - chunk_pairs) * between) / all;
}

static double variance(const struct model *m, double chunk_pairs)
{
    double total = m->N * m->N - 1, inner = m->c * m->c - 1;
    double within = m->c <= 1 ? 0 : (total - inner - inner / (m->c - 1)) / total;
    double share = m->c <= 1 ? 0 : (m->c - 1) / (m->N - 1);
    double between = share >= 1 ? 0 : (-1 / (m->N - 1) - share * within) / (1 - share);
    return 1 + (m->B - 1) * (chunk_pairs * within + (1 - chunk_pairs) * between);
}

/* --- groups --- */

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* j of n are drawn: none of m certain ones is among them. */
static double missed(double n, double m, double j)
{
    if (m <= 0 || j <= 0)
        return 1;
    if (n - m < j)
        return 0;
    return exp(log_gamma(n - m + 1) - log_gamma(n - m - j + 1) - log_gamma(n + 1) + log_gamma(n - j + 1));
}

/* Of q chunks of a block, x lie in a window of W out of C. */
static double dealt(double C, double W, double q, double x)
{
    if (x > W || q - x > C - W)
        return 0;
    return exp(log_gamma(q + 1) - log_gamma(x + 1) - log_gamma(q - x + 1) + log_gamma(W + 1) - log_gamma(W - x + 1) +
               log_gamma(C - W + 1) - log_gamma(C - W - q + x + 1) - log_gamma(C + 1) + log_gamma(C - q + 1));
}

/* A block of G places that overlaps one or two chunks (m1, m2 samples of it), and a batch of one or two pieces (j1, j2 = 0 for
 * none): the chance that the batch has a sample of it.  Chunks go to the two windows or elsewhere. */
static double hit_exact(const struct model *m, double W, double m1, double m2, double j1, double j2)
{
    double n = W * m->c, p1 = W / m->C, miss = 0;
    double j[3] = { j1, j2, 0 }, room[3] = { W, j2 > 0 ? W : 0, m->C - W - (j2 > 0 ? W : 0) };
    if (m2 <= 0) {
        miss = p1 * missed(n, m1, j1) + room[1] / m->C * missed(n, m1, j2) + room[2] / m->C;
        return 1 - miss;
    }
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            double p = room[a] / m->C * (room[b] - (a == b)) / (m->C - 1);
            if (p <= 0)
                continue;
            double both = a == b ? missed(n, m1 + m2, j[a]) : (a == 2 ? 1 : missed(n, m1, j[a])) * (b == 2 ? 1 : missed(n, m2, j[b]));
            miss += p * (a == 2 && b == 2 ? 1 : both);
        }
    return 1 - miss;
}

/* A block over q chunks, one piece of j. */
static double hit_many(const struct model *m, double W, double G, double q, double j)
{
    double hit = 0;
    for (double x = fmax(1, q - (m->C - W)); x <= q; x++)
        hit += dealt(m->C, W, q, x) * (1 - missed(W * m->c, G * x / q, j));
    return hit;
}

/* Where a block begins in its chunk: the q chunks that it overlaps, and how many samples lie in the first and the second. */
static double overlap(const struct model *m, double G, double at, double *m1, double *m2)
{
    *m1 = fmin(G, m->c - at);
    *m2 = fmin(G - *m1, m->c);
    return 1 + ceil((G - *m1) / m->c);
}

/* Distinct blocks of a batch whose pieces are first, then whole windows, then a rest; averaged over blocks. */
static double distinct(const struct model *m, double W, double first)
{
    double G = fmin(HR_NEAR, m->N), blocks = m->N / G, n = W * m->c, rest = m->B - first;
    double whole = floor(rest / n), last = rest - whole * n, pieces = 1 + whole + (last > 0);
    double places = fmin(m->c, 64), sum = 0;
    for (double i = 0; i < places; i++) {
        double m1, m2, at = fmod(G * floor(i * m->c / places), m->c), q;
        q = overlap(m, G, at, &m1, &m2);
        if (q <= 2 && pieces <= 2 && m->C >= 2 * W) {
            sum += hit_exact(m, W, m1, q == 1 ? 0 : m2, first, whole > 0 ? n : last);
            continue;
        }
        double miss = 1 - hit_many(m, W, G, q, first);
        if (whole > 0)
            miss *= pow(1 - hit_many(m, W, G, q, n), whole);
        if (last > 0)
            miss *= 1 - hit_many(m, W, G, q, last);
        sum += 1 - miss;
    }
    return blocks * sum / places;
}

static double groups_in(const struct model *m, uint64_t W, uint64_t B)
{
    uint64_t n = W * (uint64_t)m->c, a = n, b = B;
    if ((double)W >= m->C)
        return distinct(m, m->C, m->B);
    while (b != 0) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    uint64_t from = n >= B ? (n - B) / a * a + a : 0, many = n > from ? (n - from + a - 1) / a : 0;
    double inside = n >= B ? (double)((n - B) / a + 1) : 0, sum = 0, taken = 0;
    if (inside > 0)
        inside *= distinct(m, (double)W, m->B);
    for (uint64_t i = 0; i < many; i += HR_MAX(many / 32, UINT64_C(1)), taken++)
        sum += distinct(m, (double)W, (double)HR_MIN(n - (from + i * a), B));
    return (inside + (taken == 0 ? 0 : sum / taken * (double)many)) / (double)(n / a);
}

static double groups(const struct model *m, uint64_t W, uint64_t B)
{
    uint64_t C = (uint64_t)m->C, last = W >= C ? 0 : C % W;
    double whole = groups_in(m, W, B);
    if (last == 0)
        return whole;
    double share = (double)last / m->C;
    return whole * (1 - share) + groups_in(m, last, B) * share;
}

/* --- the whole --- */

static struct model model_of(uint64_t samples, uint64_t chunk_samples, uint64_t batch)
{
    chunk_samples = HR_MAX(HR_MIN(chunk_samples, samples), UINT64_C(1));
    return (struct model){ (double)samples, (double)hr_div_up(samples, chunk_samples), (double)chunk_samples, (double)batch };
}

struct hr_forecast hr_forecast_of(uint64_t samples, uint64_t chunk_samples, uint64_t window_chunks, uint64_t batch)
{
    struct hr_forecast f = { NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    struct model m = model_of(samples, chunk_samples, batch);
    if (samples == 0 || batch == 0 || batch > samples)
        return f;
    uint64_t C = (uint64_t)m.C, W = window_chunks == 0 ? C : HR_MIN(window_chunks, C);
    double batches = floor(m.N / m.B), windows = m.C / (double)W;
    f.groups = groups(&m, W, batch);
    f.groups_full = groups(&m, C, batch);
    f.groups_error = 0.01 + sqrt(fmax(0.25, m.B - f.groups) / batches) / f.groups;
    if (samples < 2 || batch < 2)
        return f;
    double chunk_pairs = same_chunk(&m, W, batch);
    f.neighbours = neighbours(&m, chunk_pairs);
    f.variance = variance(&m, chunk_pairs);
    /* batches are nearly normal: their variance is known to sqrt(2 / batches); what a window adds, to sqrt(2 / windows) */
    double excess = fmax(0, f.variance - 1);
    f.variance_error = hypot(f.variance * sqrt(2 / batches), excess * sqrt(2 / windows)) / f.variance;
    double counted = f.neighbours * near_within(m.N) * m.B * (m.B - 1) / 2 * batches;
    f.neighbours_error = counted > 0 ? sqrt(2 / counted) : NAN;
    return f;
}

static double variance_of(const struct model *m, uint64_t W, uint64_t batch)
{
    return variance(m, same_chunk(m, W, batch));
}

uint64_t hr_forecast_window(uint64_t samples, uint64_t chunk_samples, uint64_t batch, double target)
{
    struct model m = model_of(samples, chunk_samples, batch);
    uint64_t C = HR_MAX((uint64_t)m.C, UINT64_C(1)), low = 1, high = C;
    if (samples < 2 || batch < 2)
        return 1;
    /* variance falls with the window, but for the short last window's share: look on where that spoils it */
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (variance_of(&m, mid, batch) <= target)
            high = mid;
        else
            low = mid + 1;
    }
    for (int i = 0; i < 64 && low < C && variance_of(&m, low, batch) > target; i++)
        low++;
    return variance_of(&m, low, batch) <= target ? low : C;
}

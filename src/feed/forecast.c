#include "forecast.h"

#include "num.h"

#include <math.h>

/* The sizes of the model, as forecast.h names them. */
struct model {
    double N, C, c, B;
    uint64_t lacks; /* what the last chunk lacks */
};

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* The mean of `value` over where a batch can begin in a window of n samples, given how many of its samples lie before the
 * window's end.  Batches and windows are both laid end to end, so the beginnings are `shift` and then every gcd(n, B)-th place.
 * At most about `most` of the beginnings that a border cuts are looked at. */
typedef double piece_fn(const struct model *m, uint64_t W, double first);

static double over_beginnings(const struct model *m, uint64_t W, uint64_t shift, uint64_t most, piece_fn *value)
{
    uint64_t n = W * (uint64_t)m->c, B = (uint64_t)m->B, step = gcd(n, B), from = shift % step;
    double places = (double)(n / step), inside = 0, sum = 0, taken = 0;
    if (n >= B + from) { /* those that lie inside the window */
        uint64_t many = (n - B - from) / step + 1;
        inside = (double)many * value(m, W, m->B);
        from += many * step;
    }
    uint64_t cut = n > from ? hr_div_up(n - from, step) : 0;
    for (uint64_t i = 0; i < cut; i += HR_MAX(cut / most, UINT64_C(1)), taken++)
        sum += value(m, W, (double)HR_MIN(n - (from + i * step), B));
    return (inside + (taken > 0 ? sum / taken * (double)cut : 0)) / places;
}

/* A short last chunk, wherever the epoch puts it, moves all windows after it against the batches: half of them on average. */
static double over_windows(const struct model *m, uint64_t W, uint64_t most, piece_fn *value)
{
    double plain = over_beginnings(m, W, 0, most, value);
    return m->lacks == 0 ? plain : (plain + over_beginnings(m, W, m->lacks, most, value)) / 2;
}

/* The share of a batch's pairs that lie within one piece. */
static double pairs_within(const struct model *m, uint64_t W, double first)
{
    double w = (double)W * m->c, rest = m->B - first, whole = floor(rest / w), last = rest - whole * w;
    return (first * (first - 1) + whole * w * (w - 1) + last * (last - 1)) / (m->B * (m->B - 1));
}

/* The share of a batch's pairs that come from one chunk. */
static double same_chunk(const struct model *m, uint64_t W)
{
    uint64_t C = (uint64_t)m->C, last = C % W;
    if (m->c <= 1)
        return 0;
    if (W >= C)
        return (m->c - 1) / (m->N - 1);
    double whole = over_windows(m, W, 256, pairs_within) * (m->c - 1) / ((double)W * m->c - 1);
    if (last == 0)
        return whole;
    double share = (double)last / m->C;
    return whole * (1 - share) + over_windows(m, last, 256, pairs_within) * (m->c - 1) / ((double)last * m->c - 1) * share;
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

static double log_choose(double n, double k)
{
    return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1);
}

/* Of q chunks of a block, x lie in a window of W out of C. */
static double dealt(double C, double W, double q, double x)
{
    if (x > W || q - x > C - W)
        return 0;
    return exp(log_choose(q, x) + log_choose(C - q, W - x) - log_choose(C, W));
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

/* A block over q chunks, the first and the last of them with m1 and mq samples of it; one piece of j.  Every way to have the
 * first, the last and x of the others in the window; for many chunks their ends hardly matter. */
static double hit_many(const struct model *m, double W, double q, double m1, double mq, double j)
{
    double hit = 0, n = W * m->c;
    if (q > 12) {
        double G = m1 + (q - 2) * m->c + mq;
        for (double x = fmax(1, q - (m->C - W)); x <= q; x++)
            hit += dealt(m->C, W, q, x) * (1 - missed(n, G * x / q, j));
        return hit;
    }
    if (q < 2)
        return W / m->C * (1 - missed(n, m1, j));
    for (double x = 0; x <= q - 2; x++)
        for (int ends = 0; ends < 4; ends++) {
            double a = ends & 1, b = ends >> 1, k = x + a + b;
            double ways = exp(log_choose(q - 2, x) - log_choose(q, k)); /* this choice among all of k chunks */
            hit += ways * dealt(m->C, W, q, k) * (1 - missed(n, a * m1 + b * mq + x * m->c, j));
        }
    return hit;
}

/* A block that begins at place `at` of a chunk: it overlaps so many chunks, *m1 of its samples lie in the first and *mq in
 * the last. */
static double overlap(const struct model *m, double G, double at, double *m1, double *mq)
{
    *m1 = fmin(G, m->c - at);
    double behind = ceil((G - *m1) / m->c);
    *mq = behind > 0 ? G - *m1 - (behind - 1) * m->c : 0;
    return 1 + behind;
}

/* Distinct blocks of a batch whose pieces are first, then whole windows, then a rest; averaged over blocks. */
static double distinct(const struct model *m, uint64_t window, double first)
{
    double W = (double)window, G = fmin(HR_NEAR, m->N), n = W * m->c, rest = m->B - first;
    double whole = floor(rest / n), last = rest - whole * n, pieces = 1 + whole + (last > 0);
    double places = fmin(m->c, 32), sum = 0;
    for (double i = 0; i < places; i++) {
        double m1, mq, at = fmod(G * floor(i * m->c / places), m->c), q = overlap(m, G, at, &m1, &mq);
        if (q <= 2 && pieces <= 2 && m->C >= 2 * W) {
            sum += hit_exact(m, W, m1, mq, first, whole > 0 ? n : last);
            continue;
        }
        double miss = 1 - hit_many(m, W, q, m1, mq, first);
        if (whole > 0)
            miss *= pow(1 - hit_many(m, W, q, m1, mq, n), whole);
        if (last > 0)
            miss *= 1 - hit_many(m, W, q, m1, mq, last);
        sum += 1 - miss;
    }
    return m->N / G * sum / places;
}

static double groups(const struct model *m, uint64_t W)
{
    uint64_t C = (uint64_t)m->C, last = C % W;
    if (W >= C)
        return distinct(m, C, m->B);
    double whole = over_windows(m, W, 8, distinct), share = (double)last / m->C;
    return last == 0 ? whole : whole * (1 - share) + over_windows(m, last, 8, distinct) * share;
}

/* --- the whole --- */

static struct model model_of(uint64_t samples, uint64_t chunk_samples, uint64_t batch)
{
    chunk_samples = HR_MAX(HR_MIN(chunk_samples, samples), UINT64_C(1));
    uint64_t chunks = hr_div_up(samples, chunk_samples);
    return (struct model){ (double)samples, (double)chunks, (double)chunk_samples, (double)batch, chunks * chunk_samples - samples };
}

struct hr_forecast hr_forecast_of(uint64_t samples, uint64_t chunk_samples, uint64_t window_chunks, uint64_t batch)
{
    struct hr_forecast f = { NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    struct model m = model_of(samples, chunk_samples, batch);
    if (samples == 0 || batch == 0 || batch > samples)
        return f;
    uint64_t C = (uint64_t)m.C, W = window_chunks == 0 ? C : HR_MIN(window_chunks, C);
    double batches = floor(m.N / m.B), windows = m.C / (double)W;
    f.groups = groups(&m, W);
    f.groups_full = groups(&m, C);
    f.groups_error = 0.005 + sqrt(fmax(0.25, m.B - f.groups) / batches) / f.groups;
    if (samples < 2 || batch < 2)
        return f;
    double chunk_pairs = same_chunk(&m, W);
    f.neighbours = neighbours(&m, chunk_pairs);
    f.variance = variance(&m, chunk_pairs);
    /* batches are nearly normal: their variance is known to sqrt(2 / batches); what a window adds, to sqrt(2 / windows) */
    double excess = fmax(0, f.variance - 1);
    f.variance_error = hypot(f.variance * sqrt(2 / batches), excess * sqrt(2 / windows)) / f.variance;
    double counted = f.neighbours * near_within(m.N) * m.B * (m.B - 1) / 2 * batches;
    f.neighbours_error = counted > 0 ? sqrt(2 / counted) : NAN;
    return f;
}

static double variance_of(const struct model *m, uint64_t W)
{
    return variance(m, same_chunk(m, W));
}

double hr_forecast_variance(uint64_t samples, uint64_t chunk_samples, uint64_t window_chunks, uint64_t batch)
{
    struct model m = model_of(samples, chunk_samples, batch);
    uint64_t C = (uint64_t)m.C;
    if (samples < 2 || batch < 2 || batch > samples)
        return NAN;
    return variance_of(&m, window_chunks == 0 ? C : HR_MIN(window_chunks, C));
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
        if (variance_of(&m, mid) <= target)
            high = mid;
        else
            low = mid + 1;
    }
    for (int i = 0; i < 64 && low < C && variance_of(&m, low) > target; i++)
        low++;
    return variance_of(&m, low) <= target ? low : C;
}

/* The feed from C, next to what one core can do at most for the same bytes, in the same run.
 *
 *   feed_c STORE [--batch 16] [--seconds 3] [--budget SIZE] [--threads N] [--quality 1.1] [--no-limit]
 *   feed_c STORE --curve SIZE,SIZE,...     one line per budget: two epochs' samples/s against the plain ordered chunk rate
 *
 * The limit loop gathers and joins from one contiguous record per sample in anonymous huge-page memory, the next record asked
 * for meanwhile: no order to compute, no slots, no checks, output reused.  STORE is a graph dataset (tests/tools/mkstore). */
#include "clock.h"
#include "fetch.h"
#include "headrace/feed.h"
#include "mapping.h"
#include "mem.h"
#include "parse.h"
#include "rng.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGETS_MAX = 32 };

struct options {
    const char *store;
    uint64_t batch, budget, budgets[BUDGETS_MAX];
    int n_budgets, threads;
    double seconds, quality;
    bool no_limit;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "feed_c: %s\n", what);
    exit(1);
}

/* --- the limit --- */

struct record {
    uint32_t n, e;
    uint64_t at; /* x, edge_attr, y, edge_index[0], edge_index[1] */
};

struct limit {
    struct record *record;
    uint64_t samples, bytes;
    struct hr_mapping map;
    size_t row_x, row_a, row_y, row_i; /* bytes */
    int fx, fe, fa, fy;
    char *x, *a, *y;
    int64_t *ei, *bt, *ptr;
    uint32_t *order;
};

static uint32_t rows(const struct hr_chunk *c, const struct hr_store *s, int f, uint32_t i)
{
    const int32_t *o = c->col[f].offsets + i * s->layout[f].lists;
    return (uint32_t)(o[1] - o[0]);
}

static const uint8_t *part(const struct hr_chunk *c, const struct hr_store *s, int f, uint32_t i, size_t row)
{
    const struct hr_column *k = &c->col[f];
    return k->values + (k->offsets != NULL ? (size_t)k->offsets[i * s->layout[f].lists] : i) * row;
}

/* Pass 0 counts, pass 1 copies. */
static void records(struct limit *m, const struct hr_store *s, int pass)
{
    struct hr_column col[HR_FIELDS_MAX];
    struct hr_chunk c = { .col = col };
    uint64_t at = 0, k = 0;
    for (uint32_t j = 0; j < s->chunks; j++) {
        if (hr_store_view(s, j, hr_store_block(s, j), NULL, true, &c, NULL) < 0)
            die("a chunk cannot be viewed");
        for (uint32_t i = 0; i < c.n; i++, k++) {
            uint32_t n = rows(&c, s, m->fx, i), e = rows(&c, s, m->fe, i);
            if (pass == 1) {
                char *to = (char *)m->map.p + at;
                m->record[k] = (struct record){ n, e, at };
                memcpy(to, part(&c, s, m->fx, i, m->row_x), n * m->row_x);
                memcpy(to += n * m->row_x, part(&c, s, m->fa, i, m->row_a), e * m->row_a);
                memcpy(to += e * m->row_a, part(&c, s, m->fy, i, m->row_y), m->row_y);
                memcpy(to += m->row_y, part(&c, s, m->fe, i, m->row_i), 2 * e * m->row_i);
            }
            at += (n * m->row_x + e * (m->row_a + 2 * m->row_i) + m->row_y + 63) & ~(size_t)63;
        }
    }
    m->bytes = at;
}

static void make_limit(struct limit *m, const struct hr_store *s, uint64_t batch)
{
    *m = (struct limit){ .samples = s->samples };
    m->fx = hr_schema_find(&s->schema, "x");
    m->fe = hr_schema_find(&s->schema, "edge_index");
    m->fa = hr_schema_find(&s->schema, "edge_attr");
    m->fy = hr_schema_find(&s->schema, "y");
    if (m->fx < 0 || m->fe < 0 || m->fa < 0 || m->fy < 0 || s->codec != HR_CODEC_NONE)
        die("the limit is computed for uncompressed stores with x, edge_index, edge_attr and y; give --no-limit");
    m->row_x = s->layout[m->fx].row * s->layout[m->fx].elem;
    m->row_a = s->layout[m->fa].row * s->layout[m->fa].elem;
    m->row_y = s->layout[m->fy].row * s->layout[m->fy].elem;
    m->row_i = s->layout[m->fe].elem;
    m->record = calloc(s->samples, sizeof *m->record);
    m->order = calloc(s->samples, sizeof *m->order);
    records(m, s, 0);
    if (m->record == NULL || m->order == NULL || hr_map_anon(m->bytes, &m->map, NULL) < 0)
        die("no memory for the limit");
    records(m, s, 1);
    uint64_t n = 0, e = 0;
    for (uint64_t i = 0; i < s->samples; i++) {
        n = n < m->record[i].n ? m->record[i].n : n;
        e = e < m->record[i].e ? m->record[i].e : e;
        m->order[i] = (uint32_t)i;
    }
    m->x = hr_aligned(64, batch * n * m->row_x);
    m->a = hr_aligned(64, batch * e * m->row_a);
    m->y = hr_aligned(64, batch * m->row_y);
    m->ei = hr_aligned(64, 2 * batch * e * sizeof(int64_t));
    m->bt = hr_aligned(64, batch * n * sizeof(int64_t));
    m->ptr = hr_aligned(64, (batch + 1) * sizeof(int64_t));
}

#define WIDEN(t)                                                   \
    for (uint32_t i = 0; i < n; i++) {                             \
        to[i] = (int64_t)((const t *)(const void *)from)[i] + add; \
    }

static void widen(int64_t *restrict to, const char *restrict from, uint32_t n, size_t elem, int64_t add)
{
    if (elem == 1)
        WIDEN(uint8_t)
    else if (elem == 2)
        WIDEN(uint16_t)
    else if (elem == 4)
        WIDEN(int32_t)
    else
        WIDEN(int64_t)
}

static void limit_batch(const struct limit *m, const uint32_t *id, uint64_t b, const uint32_t *end)
{
    uint64_t p = 0, q = 0, total = 0;
    for (uint64_t i = 0; i < b; i++)
        total += m->record[id[i]].e;
    for (uint64_t i = 0; i < b; i++) {
        const struct record *r = &m->record[id[i]];
        const char *from = (const char *)m->map.p + r->at;
        if (id + i + 1 < end) {
            const struct record *z = &m->record[id[i + 1]];
            const char *a = (const char *)m->map.p + z->at, *stop = a + z->n * m->row_x + z->e * (m->row_a + 2 * m->row_i) + m->row_y;
            for (; a < stop; a += 64) {
                __builtin_prefetch(a, 0, 2);
                __asm__ volatile("" : : "r"(a)); /* or the loop is left out */
            }
        }
        memcpy(m->x + p * m->row_x, from, r->n * m->row_x);
        memcpy(m->a + q * m->row_a, from += r->n * m->row_x, r->e * m->row_a);
        memcpy(m->y + i * m->row_y, from += r->e * m->row_a, m->row_y);
        widen(m->ei + q, from += m->row_y, r->e, m->row_i, (int64_t)p);
        widen(m->ei + total + q, from + r->e * m->row_i, r->e, m->row_i, (int64_t)p);
        for (uint32_t k = 0; k < r->n; k++)
            m->bt[p + k] = (int64_t)i;
        m->ptr[i] = (int64_t)p;
        p += r->n;
        q += r->e;
    }
    m->ptr[b] = (int64_t)p;
}

static double limit_epoch(struct limit *m, uint64_t batch, uint64_t key)
{
    for (uint64_t i = m->samples; i-- > 1;) {
        uint64_t j = hr_rng_u64(key, i) % (i + 1);
        uint32_t t = m->order[i];
        m->order[i] = m->order[j];
        m->order[j] = t;
    }
    uint64_t t = hr_now();
    for (uint64_t i = 0; i < m->samples; i += batch)
        limit_batch(m, m->order + i, batch < m->samples - i ? batch : m->samples - i, m->order + m->samples);
    return (double)(hr_now() - t) * 1e-9;
}

/* --- the loader --- */

static hr_loader *open_loader(const struct options *o, uint64_t budget)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_loader_options lo;
    hr_loader *l;
    hr_loader_options_init(&lo);
    lo.batch_size = o->batch;
    lo.budget = budget;
    lo.threads = o->threads;
    lo.shuffle_quality = o->quality;
    if (hr_loader_open(o->store, &lo, &l, &err) < 0)
        die(err.text);
    return l;
}

/* Up to a whole epoch, or `seconds`; returns the samples. */
static uint64_t drain(hr_loader *l, double seconds, bool *ret_over)
{
    struct hr_error err = HR_ERROR_INIT;
    uint64_t n = 0, start = hr_now(), until = start + (uint64_t)(seconds * 1e9);
    hr_batch *b;
    int r;
    while ((r = hr_loader_next(l, &b, &err)) == 1) {
        n += b->samples;
        hr_batch_release(b);
        if (seconds > 0 && hr_now() >= until)
            break;
    }
    if (r < 0)
        die(err.text);
    *ret_over = r == 0;
    return n;
}

static uint64_t status(const char *key)
{
    char line[256];
    uint64_t v = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            v = strtoull(line + strlen(key) + 1, NULL, 10) << 10;
    if (f != NULL)
        fclose(f);
    return v;
}

static void resident(const struct options *o, const struct hr_store *s)
{
    struct limit m;
    double best = 1e30, limit = 1e30, first = 1e30, cpu = 1e30;
    bool over;
    for (int i = 0; i < 5; i++) {
        uint64_t t = hr_now();
        hr_loader *l = open_loader(o, o->budget);
        hr_batch *b;
        if (hr_loader_next(l, &b, NULL) != 1)
            die("no first batch");
        double d = (double)(hr_now() - t) * 1e-9;
        first = d < first ? d : first;
        hr_batch_release(b);
        hr_loader_close(l);
    }
    if (!o->no_limit)
        make_limit(&m, s, o->batch);
    hr_loader *l = open_loader(o, o->budget);
    drain(l, 0, &over);
    uint64_t start = hr_now();
    for (uint64_t e = 0; e < 3 || (double)(hr_now() - start) * 1e-9 < o->seconds; e++) {
        uint64_t c = hr_cpu_process(), t = hr_now();
        drain(l, 0, &over);
        double d = (double)(hr_now() - t) * 1e-9, k = (double)(hr_cpu_process() - c) * 1e-9;
        best = d < best ? d : best;
        cpu = k < cpu ? k : cpu;
        if (!o->no_limit) {
            d = limit_epoch(&m, o->batch, e);
            limit = d < limit ? d : limit;
        }
    }
    double n = (double)s->samples;
    printf("samples %llu  batch %llu  loader %.0f samples/s  %.2f us/batch  cpu %.3f us/sample  open + first batch %.3f ms\n",
           (unsigned long long)s->samples, (unsigned long long)o->batch, n / best, best * 1e6 * (double)o->batch / n, cpu * 1e6 / n, first * 1e3);
    if (!o->no_limit)
        printf("limit %.0f samples/s  %.2f us/batch  loader/limit %.3f\n", n / limit, limit * 1e6 * (double)o->batch / n, limit / best);
    char report[8192];
    hr_loader_report(l, false, report, sizeof report);
    fputs(report, stdout);
    hr_loader_close(l);
}

/* --- the curve --- */

/* Whole chunks in random order with O_DIRECT, verified, one after another: what the disk gives to anybody who asks so. */
static double plain_rate(const struct hr_store *s, double seconds)
{
    struct hr_acct acct;
    struct hr_fetch f;
    struct hr_column col[HR_FIELDS_MAX];
    hr_acct_init(&acct);
    uint64_t bytes = 0, n = 0;
    uint64_t slot = hr_fetch_bytes(s) > hr_store_scratch(s) ? hr_fetch_bytes(s) : hr_store_scratch(s);
    void *to = hr_aligned(HR_FETCH_ALIGN, slot), *read = hr_aligned(HR_FETCH_ALIGN, slot);
    if (to == NULL || read == NULL || hr_fetch_open(&f, s, false, &acct, NULL) < 0)
        die("no memory");
    uint64_t start = hr_now();
    while ((double)(hr_now() - start) * 1e-9 < seconds) {
        uint32_t c = (uint32_t)(hr_mix64(n++) % s->chunks);
        if (hr_fetch_chunk(&f, c, to, read, col, NULL) < 0)
            die("a chunk cannot be read");
        bytes += s->chunk[c].n;
    }
    double rate = (double)bytes / ((double)(hr_now() - start) * 1e-9);
    hr_fetch_close(&f);
    hr_free(to);
    hr_free(read);
    return rate;
}

static void curve(const struct options *o, const struct hr_store *s)
{
    for (int i = 0; i < o->n_budgets; i++) {
        double plain = plain_rate(s, o->seconds / 4), rate[2];
        hr_loader *l = open_loader(o, o->budgets[i]);
        for (int e = 0; e < 2; e++) { /* from the second epoch on, chunks that were kept pay */
            bool over;
            uint64_t start = hr_now(), n = drain(l, 0, &over);
            rate[e] = (double)n / ((double)(hr_now() - start) * 1e-9);
        }
        plain = (plain + plain_rate(s, o->seconds / 4)) / 2; /* before and after: the disk may be shared */
        struct hr_state st;
        hr_loader_state(l, &st);
        printf("budget_mib %llu  first_epoch %.0f  second_epoch %.0f samples/s  plain_ordered %.0f  ratio %.2f %.2f  window_chunks %llu  anon_mib %llu\n",
               (unsigned long long)(o->budgets[i] >> 20), rate[0], rate[1], plain, rate[0] / plain, rate[1] / plain,
               (unsigned long long)st.window, (unsigned long long)(status("RssAnon:") >> 20));
        fflush(stdout);
        hr_loader_close(l);
    }
}

static void parse(int n, char **v, struct options *o)
{
    *o = (struct options){ .batch = 16, .seconds = 3, .budget = UINT64_C(8) << 30, .threads = -1, .quality = 1.1 };
    for (int i = 1; i < n; i++) {
        const char *value = i + 1 < n ? v[i + 1] : "";
        bool took = true;
        int r = 0;
        if (strcmp(v[i], "--batch") == 0)
            r = hr_parse_u64(hr_str(value), &o->batch, NULL);
        else if (strcmp(v[i], "--seconds") == 0)
            r = hr_parse_f64(hr_str(value), &o->seconds, NULL);
        else if (strcmp(v[i], "--quality") == 0)
            r = hr_parse_f64(hr_str(value), &o->quality, NULL);
        else if (strcmp(v[i], "--budget") == 0)
            r = hr_parse_size(hr_str(value), &o->budget, NULL);
        else if (strcmp(v[i], "--threads") == 0)
            o->threads = (int)strtol(value, NULL, 10);
        else if (strcmp(v[i], "--curve") == 0) {
            struct hr_str list = hr_str(value), one;
            while (o->n_budgets < BUDGETS_MAX && r == 0 && hr_str_cut(&list, ',', &one))
                r = hr_parse_size(one, &o->budgets[o->n_budgets++], NULL);
        } else {
            took = false;
            if (strcmp(v[i], "--no-limit") == 0)
                o->no_limit = true;
            else
                o->store = v[i];
        }
        i += took;
        if (r < 0)
            die("an option's value cannot be read");
    }
    if (o->store == NULL)
        die("usage: feed_c STORE [--batch N] [--seconds S] [--budget SIZE] [--threads N] [--quality Q] [--no-limit] [--curve SIZE,SIZE,...]");
}

int main(int n, char **v)
{
    struct options o;
    struct hr_store *s;
    struct hr_error err = HR_ERROR_INIT;
    parse(n, v, &o);
    if (hr_store_open(o.store, &s, &err) < 0)
        die(err.text);
    if (o.n_budgets > 0)
        curve(&o, s);
    else
        resident(&o, s);
    hr_store_close(s);
    return 0;
}

#include "verify.h"

#include "arrow.h"
#include "file.h"
#include "graph_check.h"
#include "hash.h"
#include "mem.h"
#include "stats.h"
#include "thread.h"

#include <stdatomic.h>
#include <string.h>

enum { JOBS_MAX = 256, PROGRESS_BYTES = 64 << 20 };

struct verify {
    const struct hr_store *s;
    struct hr_verify_options o;
    void (*found)(const struct hr_damage *f, void *arg);
    void *arg;
    _Atomic uint32_t next; /* chunk */
    _Atomic bool stop;
    pthread_mutex_t lock;  /* of what follows, and of the callbacks */
    struct hr_verify_result result;
    uint64_t told; /* bytes at the last progress */
    int code;      /* why it stopped */
    struct hr_error err;
};

static void report(struct verify *v, const char *path, int64_t chunk, int64_t sample, int code, const char *text)
{
    struct hr_damage f = { path, chunk, sample, code, text };
    v->result.findings++;
    if (v->found != NULL)
        v->found(&f, v->arg);
}

/* What a failed step means: damage is a finding and the work goes on; anything else ends it. */
static bool is_finding(int code)
{
    return code == HR_E_CORRUPT || code == HR_E_FORMAT || code == HR_E_BAD_SAMPLE || code == HR_E_IO || code == HR_E_UNSUPPORTED;
}

static void take_failure(struct verify *v, const char *path, int64_t chunk, int64_t sample, const struct hr_error *e)
{
    pthread_mutex_lock(&v->lock);
    if (is_finding(e->code)) {
        report(v, path, chunk, sample, e->code, e->text);
    } else if (v->code == 0) {
        v->code = e->code;
        v->err = *e;
        atomic_store(&v->stop, true);
    }
    pthread_mutex_unlock(&v->lock);
}

static void take_progress(struct verify *v, const struct hr_chunk_ref *k)
{
    pthread_mutex_lock(&v->lock);
    struct hr_verify_result *r = &v->result;
    r->chunks++;
    r->samples += k->n;
    r->bytes += k->meta + k->body;
    if (v->o.progress != NULL && r->bytes - v->told >= PROGRESS_BYTES) {
        v->told = r->bytes;
        if (v->o.progress(r->bytes, v->s->bytes, v->o.arg) && v->code == 0) {
            v->code = hr_fail(&v->err, HR_E_CANCELLED, "verifying '%s' was stopped", v->s->path);
            atomic_store(&v->stop, true);
        }
    }
    pthread_mutex_unlock(&v->lock);
}

/* What one thread needs: a block, room to decompress it, and columns. */
struct desk {
    void *block, *scratch;
    struct hr_column *col;
};

static int desk_make(const struct hr_store *s, struct desk *d, struct hr_error *err)
{
    uint64_t scratch = hr_store_scratch(s);
    d->block = hr_aligned(HR_ARROW_ALIGN, s->body_max);
    d->scratch = scratch == 0 ? NULL : hr_aligned(HR_ARROW_ALIGN, scratch);
    d->col = hr_calloc((size_t)s->schema.n, sizeof *d->col);
    if (d->block == NULL || d->col == NULL || (d->scratch == NULL) != (scratch == 0))
        return hr_fail_nomem(err, s->body_max + scratch, "verifying");
    return 0;
}

static void desk_fini(struct desk *d)
{
    hr_free(d->block);
    hr_free(d->scratch);
    hr_free(d->col);
}

static void chunk_verify(struct verify *v, uint32_t c, struct desk *d)
{
    const struct hr_store *s = v->s;
    const struct hr_chunk_ref *k = &s->chunk[c];
    const char *path = s->part[k->part].path;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_chunk chunk = { 0, d->col };
    uint32_t at = 0;
    int64_t sample = -1;
    int r = hr_store_read(s, c, d->block, &err);
    if (r == 0)
        r = hr_store_check(s, c, d->block, &err);
    bool deep = !v->o.quick || r == 1;
    if (r >= 0)
        r = hr_store_view(s, c, d->block, d->scratch, deep, &chunk, &err);
    if (r == 0 && deep) {
        r = hr_graph_check(&s->schema, s->layout, &chunk, &at, &err);
        if (r < 0) {
            sample = (int64_t)(k->first + at);
            hr_fail_prefix(&err, r, "'%s': sample %lld (chunk %u)", path, (long long)sample, c);
        }
    }
    if (r < 0)
        take_failure(v, path, c, sample, &err);
    take_progress(v, k);
}

static void *job(void *arg)
{
    struct verify *v = arg;
    struct hr_error err = HR_ERROR_INIT;
    HR_CLEANUP(desk_fini) struct desk d = { NULL, NULL, NULL };
    if (v->s->chunks == 0)
        return NULL;
    if (desk_make(v->s, &d, &err) < 0) {
        take_failure(v, v->s->path, -1, -1, &err);
        return NULL;
    }
    for (;;) {
        uint32_t c = atomic_fetch_add(&v->next, 1);
        if (c >= v->s->chunks || atomic_load(&v->stop))
            return NULL;
        chunk_verify(v, c, &d);
    }
}

/* The bytes before a part's first chunk: magic and schema message. */
static void head_verify(struct verify *v, const struct hr_part *p)
{
    struct hr_error err = HR_ERROR_INIT;
    HR_CLEANUP(hr_schema_fini) struct hr_schema schema = { 0, NULL };
    HR_CLEANUP(hr_freep) void *head = hr_malloc(p->head);
    struct hr_fb table;
    int r = head == NULL ? hr_fail_nomem(&err, p->head, "a file's head") : hr_pread_all(p->fd, head, p->head, 0, p->path, &err);
    if (r == 0 && v->s->sums && hr_hash(head, p->head) != p->head_sum)
        r = hr_fail(&err, HR_E_CORRUPT, "'%s': the first %llu bytes (the schema for other readers) are damaged", p->path,
                    (unsigned long long)p->head);
    if (r == 0 && !hr_arrow_message_schema((const char *)head + 8, p->head - 8, &table))
        r = hr_fail(&err, HR_E_CORRUPT, "'%s': the schema message at byte 8 is damaged", p->path);
    if (r == 0) {
        r = hr_arrow_get_schema(&table, &schema, &err);
        if (r < 0)
            hr_fail_prefix(&err, r, "'%s': the schema message at byte 8", p->path);
    }
    if (r == 0 && !hr_schema_same(&schema, &v->s->schema))
        r = hr_fail(&err, HR_E_CORRUPT, "'%s': the schema at its beginning is not the one at its end", p->path);
    if (r < 0)
        take_failure(v, p->path, -1, -1, &err);
    v->result.bytes += p->bytes;
    for (uint32_t c = p->chunk0; c < p->chunk0 + p->chunks; c++) /* the chunks are counted as they are looked at */
        v->result.bytes -= v->s->chunk[c].meta + v->s->chunk[c].body;
}

static void statistics_verify(struct verify *v)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_stats stats;
    if (v->s->statistics == NULL)
        return;
    if (hr_stats_parse(hr_str(v->s->statistics), "statistics.json", &stats, &err) < 0)
        take_failure(v, v->s->path, -1, -1, &err);
    else
        hr_stats_fini(&stats);
}

static int run_jobs(struct verify *v)
{
    struct hr_thread thread[JOBS_MAX] = { 0 };
    uint32_t jobs = v->o.jobs > 0 ? (uint32_t)v->o.jobs : hr_cpus();
    jobs = HR_MIN(HR_MIN(jobs, v->s->chunks), (uint32_t)JOBS_MAX);
    for (uint32_t i = 1; i < jobs; i++)
        if (hr_thread_start(&thread[i], "hr-verify", job, v, NULL) < 0)
            break; /* fewer threads do the same work */
    job(v);
    for (uint32_t i = 1; i < jobs; i++)
        hr_thread_join(&thread[i]);
    return v->code;
}

/* A dataset that cannot be opened for damage has one finding: the reason. */
static int open_failed(const char *path, const struct hr_error *e, struct verify *v, struct hr_verify_result *ret, struct hr_error *err)
{
    if (e->code != HR_E_CORRUPT && e->code != HR_E_FORMAT) {
        if (err != NULL)
            *err = *e;
        return e->code;
    }
    report(v, path, -1, -1, e->code, e->text);
    *ret = v->result;
    return 0;
}

int hr_verify(const char *path, const struct hr_verify_options *o, void (*found)(const struct hr_damage *f, void *arg), void *arg,
              struct hr_verify_result *ret, struct hr_error *err)
{
    struct verify v = { .o = *o, .found = found, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER };
    struct hr_store *s = NULL;
    struct hr_error e = HR_ERROR_INIT;
    if (hr_store_open(path, &s, &e) < 0)
        return open_failed(path, &e, &v, ret, err);
    v.s = s;
    v.result.sums = s->sums;
    for (uint32_t i = 0; i < s->parts; i++)
        head_verify(&v, &s->part[i]);
    statistics_verify(&v);
    int r = v.code < 0 ? v.code : run_jobs(&v);
    if (v.code < 0 && err != NULL)
        *err = v.err;
    if (r == 0)
        *ret = v.result;
    hr_store_close(s);
    return r;
}

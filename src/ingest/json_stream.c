#include "json_stream.h"

#include "decimal.h"
#include "file.h"
#include "json_split.h"
#include "mem.h"
#include "num.h"

#include <fcntl.h>
#include <string.h>

/* --- texts --- */

enum { TEXT_STEP = 256 << 10 }; /* files of nearly the same size share buffers */

void hr_json_pool_init(struct hr_json_pool *pool)
{
    pthread_mutex_init(&pool->lock, NULL);
    pool->free = NULL;
}

static void text_destroy(struct hr_json_text *t)
{
    if (t == NULL)
        return;
    hr_free(t->p);
    hr_free(t);
}

void hr_json_pool_fini(struct hr_json_pool *pool)
{
    while (pool->free != NULL) {
        struct hr_json_text *t = pool->free;
        pool->free = t->next;
        text_destroy(t);
    }
    pthread_mutex_destroy(&pool->lock);
}

struct hr_json_text *hr_json_text_get(struct hr_json_pool *pool, size_t n, struct hr_error *err)
{
    pthread_mutex_lock(&pool->lock);
    struct hr_json_text *t = pool->free;
    if (t != NULL)
        pool->free = t->next;
    pthread_mutex_unlock(&pool->lock);
    if (t == NULL)
        t = hr_calloc(1, sizeof *t);
    if (t != NULL && (t->p == NULL || t->cap < n)) {
        hr_free(t->p);
        t->cap = hr_align_up(n + 1, TEXT_STEP);
        t->p = hr_malloc(t->cap + HR_DECIMAL_PAD);
    }
    if (t == NULL || t->p == NULL) {
        text_destroy(t);
        (void)hr_fail_nomem(err, n, "JSON text");
        return NULL;
    }
    t->next = NULL;
    return t;
}

void hr_json_text_put(struct hr_json_pool *pool, struct hr_json_text *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    t->next = pool->free;
    pool->free = t;
    pthread_mutex_unlock(&pool->lock);
}

/* --- the stream --- */

struct hr_json_stream {
    const char *path;
    int fd;
    enum hr_json_form form;
    size_t piece;
    uint64_t limit;
    struct hr_json_pool *pool;
    struct hr_json_text *carry; /* bytes behind the last whole sample, carry_n of them, in a text of their own */
    size_t carry_n;
    uint64_t offset, number;    /* of the next piece */
    struct hr_split split;      /* as it stands at the end of the carry */
    bool begun, at_end;
    bool list_ended;            /* the closing bracket of the list has been passed */
};

int hr_json_stream_open(const char *path, enum hr_json_form form, size_t piece, uint64_t limit, struct hr_json_pool *pool,
                        struct hr_json_stream **ret, struct hr_error *err)
{
    struct hr_json_stream *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "a stream");
    *s = (struct hr_json_stream){ .path = path, .form = form, .piece = piece, .limit = limit, .pool = pool };
    int e = strcmp(path, "-") == 0 ? 0 : hr_open(path, O_RDONLY, 0, &s->fd, err);
    if (e < 0) {
        hr_free(s);
        return e;
    }
    *ret = s;
    return 0;
}

void hr_json_stream_close(struct hr_json_stream *s)
{
    if (s == NULL)
        return;
    if (s->fd > 0)
        hr_close(s->fd);
    hr_json_text_put(s->pool, s->carry);
    hr_free(s);
}

/* Where the text behind the last whole sample begins, and how many samples lie before it. */
struct cut {
    size_t at;
    uint64_t samples;
};

static void cut_lines(const char *p, size_t n, struct cut *c)
{
    const char *line = p, *end = p + n, *nl;
    while (line < end && (nl = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        while (line < nl && (*line == ' ' || *line == '\t' || *line == '\r'))
            line++;
        c->samples += line < nl;
        line = nl + 1;
        c->at = (size_t)(line - p);
    }
}

/* Looks at p[from..n), which the split has not seen yet. */
static void cut_values(struct hr_json_stream *s, const char *p, size_t from, size_t n, struct cut *c)
{
    uint64_t floor = s->form == HR_JSON_FORM_LIST;
    while (from < n && !s->list_ended) {
        bool hit;
        from += hr_split(&s->split, p + from, n - from, floor, &hit);
        if (!hit)
            return;
        c->at = from;
        s->list_ended = s->split.depth < floor;
        c->samples += !s->list_ended;
    }
    c->at = s->list_ended ? n : c->at;
}

/* Reads until the text has `want` bytes or the input ends. */
static int fill(struct hr_json_stream *s, struct hr_json_text *t, size_t *n, size_t want, struct hr_error *err)
{
    while (*n < want && !s->at_end) {
        int64_t k = hr_read_some(s->fd, t->p + *n, want - *n, s->path, err);
        if (k < 0)
            return (int)k;
        s->at_end = k == 0;
        *n += (size_t)k;
    }
    return 0;
}

static int grown(struct hr_json_stream *s, struct hr_json_text **t, size_t n, size_t cap, struct hr_error *err)
{
    if (cap > s->limit)
        return hr_fail(err, HR_E_LIMIT, "sample %llu of '%s', at byte %llu, is larger than the %llu bytes that packing may hold",
                       (unsigned long long)s->number, s->path, (unsigned long long)s->offset, (unsigned long long)s->limit);
    struct hr_json_text *more = hr_json_text_get(s->pool, cap, err);
    if (more == NULL)
        return HR_E_NOMEM;
    if (*t != NULL)
        memcpy(more->p, (*t)->p, n);
    hr_json_text_put(s->pool, *t);
    *t = more;
    return 0;
}

/* What is behind the cut moves into a text of its own, for the next piece to begin with. */
static int keep_rest(struct hr_json_stream *s, const struct hr_json_text *t, size_t at, size_t n, struct hr_error *err)
{
    s->carry_n = n - at;
    if (s->carry_n == 0)
        return 0;
    s->carry = hr_json_text_get(s->pool, HR_MAX(s->carry_n, s->piece), err);
    if (s->carry == NULL)
        return HR_E_NOMEM;
    memcpy(s->carry->p, t->p + at, s->carry_n);
    return 0;
}

/* Reads and looks until there is a whole sample, or the input has ended. */
static int gather(struct hr_json_stream *s, struct hr_json_text **t, size_t *n, struct cut *c, struct hr_error *err)
{
    size_t seen = s->carry_n;
    *t = HR_TAKE(s->carry);
    *n = s->carry_n;
    s->carry_n = 0;
    for (size_t want = HR_MAX(s->piece, *n);; want = HR_MAX(*n, s->piece) * 2) {
        int e = *t == NULL || (*t)->cap < want ? grown(s, t, *n, want, err) : 0;
        if (e == 0)
            e = fill(s, *t, n, want, err);
        if (e < 0)
            return e;
        memset((*t)->p + *n, 0, HR_DECIMAL_PAD);
        if (!s->begun && s->form == HR_JSON_FORM_AUTO)
            s->form = hr_json_form_of((*t)->p);
        s->begun = true;
        if (s->form == HR_JSON_FORM_LINES)
            cut_lines((*t)->p, *n, c);
        else
            cut_values(s, (*t)->p, seen, *n, c);
        seen = *n;
        if (c->samples > 0 || s->at_end)
            return 0;
        *c = (struct cut){ 0, 0 };
    }
}

int hr_json_stream_next(struct hr_json_stream *s, struct hr_json_text **ret, struct hr_json_piece *ret_piece,
                        struct hr_error *err)
{
    struct hr_json_text *t = NULL;
    struct cut c = { 0, 0 };
    size_t n = 0;
    bool first = !s->begun, list_over = s->list_ended;
    if (s->at_end && s->carry_n == 0)
        return 0;
    int e = gather(s, &t, &n, &c, err);
    if (e == 0 && !s->at_end)
        e = keep_rest(s, t, c.at, n, err);
    if (e < 0) {
        hr_json_text_put(s->pool, t);
        return e;
    }
    size_t at = s->at_end ? n : c.at;
    /* A list that was cut off right behind a sample is told by an empty last piece. */
    bool complete = s->form != HR_JSON_FORM_LIST || list_over || s->list_ended;
    if (n == 0 && !first && complete) {
        hr_json_text_put(s->pool, t);
        return 0;
    }
    memset(t->p + at, 0, HR_DECIMAL_PAD);
    t->piece = (struct hr_json_piece){ .p = t->p, .n = at, .offset = s->offset, .number = s->number, .form = s->form,
                                       .first = first, .last = s->at_end, .tail = list_over };
    s->offset += at;
    s->number += c.samples;
    *ret = t;
    *ret_piece = t->piece;
    return 1;
}

#include "journal.h"

#include "file.h"
#include "json_small.h"
#include "json_write.h"
#include "mem.h"
#include "parse.h"
#include "schema_json.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_MAX = 4 << 20, JOURNAL_MAX = 1 << 30, VERSION = 1 };

struct hr_journal {
    char *path;
    int fd;
    struct hr_buf head;  /* its first line */
    struct hr_buf marks; /* struct hr_mark each */
};

void hr_journal_close(struct hr_journal *j)
{
    if (j == NULL)
        return;
    hr_close(j->fd);
    hr_buf_fini(&j->head);
    hr_buf_fini(&j->marks);
    hr_free(j->path);
    hr_free(j);
}

static int journal_new(const char *dir, struct hr_journal **ret, struct hr_error *err)
{
    struct hr_journal *j = hr_calloc(1, sizeof *j);
    if (j == NULL)
        return hr_fail_nomem(err, sizeof *j, "the journal");
    *j = (struct hr_journal){ .fd = -1, .head = HR_BUF_INIT(HEAD_MAX), .marks = HR_BUF_INIT(JOURNAL_MAX) };
    j->path = hr_join(dir, HR_JOURNAL_NAME);
    if (j->path == NULL) {
        hr_journal_close(j);
        return hr_fail_nomem(err, strlen(dir), "the journal's name");
    }
    *ret = j;
    return 0;
}

static size_t count(const struct hr_journal *j)
{
    return j->marks.len / sizeof(struct hr_mark);
}

static const struct hr_mark *mark_at(const struct hr_journal *j, size_t i)
{
    return (const struct hr_mark *)(const void *)j->marks.data + i;
}

static void line_of(const struct hr_mark *m, struct hr_buf *b)
{
    hr_buf_printf(b, "%llu %u %u %llu %llu %llu %llu.\n", (unsigned long long)m->samples, m->part, m->file,
                  (unsigned long long)m->next, (unsigned long long)m->bad, (unsigned long long)m->duplicates,
                  (unsigned long long)m->reject);
}

/* The whole file anew, then opened for appending. */
static int rewrite(struct hr_journal *j, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(JOURNAL_MAX);
    hr_buf_add(&text, j->head.data, j->head.len);
    for (size_t i = 0; i < count(j); i++)
        line_of(mark_at(j, i), &text);
    hr_close(j->fd);
    j->fd = -1;
    int e = text.failed ? hr_fail_nomem(err, text.len, "the journal") : hr_replace(j->path, text.data, text.len, err);
    hr_buf_fini(&text);
    return e < 0 ? e : hr_open(j->path, O_WRONLY | O_APPEND, 0, &j->fd, err);
}

int hr_journal_create(const char *dir, uint64_t key, const struct hr_journal_head *head, struct hr_journal **ret,
                      struct hr_error *err)
{
    struct hr_journal *j = NULL;
    int e = journal_new(dir, &j, err);
    if (e < 0)
        return e;
    char hex[24];
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)key);
    struct hr_jw w = HR_JW_INIT(&j->head, 0);
    hr_jw_object(&w);
    hr_jw_ku64(&w, "version", VERSION);
    hr_jw_kstr(&w, "key", hex);
    hr_jw_ku64(&w, "chunk_samples", head->chunk_samples);
    hr_jw_ku64(&w, "part_chunks", head->part_chunks);
    hr_jw_key(&w, "schema");
    hr_schema_write(&head->schema, &w);
    hr_jw_end(&w);
    if (!hr_jw_done(&w) || !hr_buf_addc(&j->head, '\n'))
        e = hr_fail_nomem(err, j->head.len, "the journal");
    if (e == 0)
        e = rewrite(j, err);
    if (e < 0) {
        hr_journal_close(j);
        return e;
    }
    *ret = j;
    return 0;
}

/* 1 = the first line is that of this packing. */
static int head_read(struct hr_str line, uint64_t key, struct hr_journal_head *ret)
{
    struct hr_arena a = HR_ARENA_INIT((size_t)64 << 20);
    const struct hr_js *root, *schema;
    uint64_t version, chunk, part;
    const char *text;
    char hex[24];
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)key);
    bool ok = hr_js_parse(line, "the journal", &a, &root, NULL) == 0 && hr_js_want_u64(root, "version", &version, NULL) == 0 &&
              version == VERSION && hr_js_want_str(root, "key", &text, NULL) == 0 && strcmp(text, hex) == 0 &&
              hr_js_want_u64(root, "chunk_samples", &chunk, NULL) == 0 && chunk > 0 && chunk <= UINT32_MAX &&
              hr_js_want_u64(root, "part_chunks", &part, NULL) == 0 && part > 0 && part <= UINT32_MAX &&
              hr_js_want(root, "schema", HR_JS_OBJECT, &schema, NULL) == 0 && hr_schema_read(schema, &ret->schema, NULL) == 0;
    if (ok) {
        ret->chunk_samples = (uint32_t)chunk;
        ret->part_chunks = (uint32_t)part;
    }
    hr_arena_fini(&a);
    return ok;
}

/* One line, whole and ascending; false where the journal ends. */
static bool mark_read(struct hr_str line, uint64_t before, struct hr_mark *ret)
{
    enum { FIGURES = 7 };
    uint64_t v[FIGURES];
    struct hr_str rest = line, word;
    if (line.n == 0 || line.p[line.n - 1] != '.')
        return false; /* cut off: the full stop tells that the last figure is whole */
    rest.n--;
    for (int i = 0; i < FIGURES; i++)
        if (!hr_str_cut(&rest, ' ', &word) || hr_parse_u64(word, &v[i], NULL) < 0)
            return false;
    if (rest.p != NULL || v[0] <= before || v[1] > UINT32_MAX || v[2] > UINT32_MAX)
        return false;
    *ret = (struct hr_mark){ v[0], (uint32_t)v[1], (uint32_t)v[2], v[3], v[4], v[5], v[6] };
    return true;
}

int hr_journal_open(const char *dir, uint64_t key, struct hr_journal_head *ret_head, struct hr_journal **ret,
                    struct hr_error *err)
{
    struct hr_journal *j = NULL;
    int e = journal_new(dir, &j, err);
    if (e < 0)
        return e;
    struct hr_buf text = HR_BUF_INIT(JOURNAL_MAX);
    struct hr_str rest, line;
    struct hr_mark m = { .samples = 0 };
    if (hr_path_kind(j->path) == HR_KIND_FILE)
        e = hr_slurp(j->path, &text, err);
    rest = hr_buf_str(&text);
    if (e == 0 && text.len > 0 && hr_str_cut(&rest, '\n', &line) && head_read(line, key, ret_head)) {
        hr_buf_add(&j->head, line.p, line.n);
        hr_buf_addc(&j->head, '\n');
        while (rest.n > 0 && memchr(rest.p, '\n', rest.n) != NULL && hr_str_cut(&rest, '\n', &line) &&
               mark_read(line, m.samples, &m))
            hr_buf_add(&j->marks, &m, sizeof m);
        e = j->marks.failed || j->head.failed ? hr_fail_nomem(err, text.len, "the journal") : 1;
        if (e < 0)
            hr_schema_fini(&ret_head->schema);
    }
    hr_buf_fini(&text);
    if (e <= 0)
        hr_journal_close(j);
    else
        *ret = j;
    return e;
}

bool hr_journal_last_of_part(const struct hr_journal *j, uint32_t part, struct hr_mark *ret)
{
    for (size_t i = count(j); i-- > 0;) {
        if (mark_at(j, i)->part == part) {
            *ret = *mark_at(j, i);
            return true;
        }
    }
    return false;
}

bool hr_journal_find(const struct hr_journal *j, uint64_t samples, struct hr_mark *ret)
{
    for (size_t i = count(j); i-- > 0;) {
        if (mark_at(j, i)->samples == samples) {
            *ret = *mark_at(j, i);
            return true;
        }
    }
    return false;
}

int hr_journal_rewind(struct hr_journal *j, uint64_t samples, struct hr_error *err)
{
    size_t keep = 0;
    while (keep < count(j) && mark_at(j, keep)->samples <= samples)
        keep++;
    j->marks.len = keep * sizeof(struct hr_mark);
    return rewrite(j, err);
}

int hr_journal_add(struct hr_journal *j, const struct hr_mark *m, struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT(256);
    line_of(m, &line);
    int e = line.failed || !hr_buf_add(&j->marks, m, sizeof *m) ? hr_fail_nomem(err, sizeof *m, "the journal")
                                                                 : hr_write_all(j->fd, line.data, line.len, j->path, err);
    hr_buf_fini(&line);
    return e;
}

int hr_journal_sync(struct hr_journal *j, struct hr_error *err)
{
    return hr_fsync(j->fd, j->path, err);
}

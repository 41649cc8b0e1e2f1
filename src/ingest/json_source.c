/* JSON as a source: chunk files with a list of samples, JSON Lines, one sample per file, standard input.
 *
 * A file up to LARGE bytes is one unit and is read by the thread that parses it.  Larger ones and streams are read in `next`
 * and cut where samples end (json_split.h), so that memory is bounded and all threads have work.
 *   I1  LARGE and PIECE do not depend on memory or threads: units, and so the numbers of samples behind a damaged place, are
 *       the same in every run. */
#include "source.h"

#include "decimal.h"
#include "json_doc.h"
#include "json_infer.h"
#include "json_row.h"
#include "json_stream.h"
#include "mem.h"
#include "thread.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum {
    LARGE = 8 << 20,
    LOOK_FILES = 8, LOOK_BYTES = 512 << 10, LOOK_SAMPLES = 128, /* what the schema is inferred from */
};

struct json_source {
    struct hr_source base;
    struct hr_source_options o;
    struct hr_names names;
    struct hr_json_reader *reader;
    uint32_t file;                 /* that `next` stands at */
    struct hr_json_stream *stream; /* of that file, when it is large; NULL between files */
    struct hr_json_text *held;     /* standard input's first piece, for inference and for starting again */
    bool held_last;                /* it is all there is */
    int taken;                     /* units of a `once` source handed out */
    struct hr_json_pool pool;
};

static const char *const suffixes[] = { ".json", ".jsonl", ".ndjson", NULL };

static bool has_suffix(const char *path, const char *const *list)
{
    for (; *list != NULL; list++)
        if (hr_str_ends(hr_str(path), *list))
            return true;
    return false;
}

static int json_detect(const char *path, struct hr_str head)
{
    if (strcmp(path, "-") == 0)
        return 50;
    size_t i = 0;
    while (i < head.n && strchr(" \t\r\n\xEF\xBB\xBF", head.p[i]) != NULL)
        i++;
    bool opens = i < head.n && (head.p[i] == '{' || head.p[i] == '[');
    return has_suffix(path, suffixes) ? 90 : opens ? 40 : 0;
}

/* In folders: JSON by name, without the descriptions that lie beside the samples. */
static bool wanted(const char *path, void *arg)
{
    static const char *const beside[] = { "metadata.json", "statistics.json", "manifest.json", "schema.json", NULL };
    const char *name = hr_base_name(path);
    const struct hr_names *given = arg;
    for (size_t i = 0; i < given->n; i++)
        if (strcmp(given->name[i], path) == 0)
            return true;
    for (size_t i = 0; beside[i] != NULL; i++)
        if (strcmp(name, beside[i]) == 0)
            return false;
    return has_suffix(path, suffixes);
}

static void json_close(struct hr_source *base)
{
    struct json_source *s = (struct json_source *)base;
    hr_json_reader_destroy(s->reader);
    hr_json_stream_close(s->stream);
    hr_json_text_put(&s->pool, s->held);
    hr_json_pool_fini(&s->pool);
    hr_names_fini(&s->names);
    hr_free(s);
}

/* Sizes are for the progress line and for the choice of how a file is read; one that cannot be told counts as large. */
static uint64_t size_of(const char *path)
{
    HR_FD fd = -1;
    uint64_t size;
    if (strcmp(path, "-") == 0 || hr_path_kind(path) != HR_KIND_FILE || hr_open(path, O_RDONLY, 0, &fd, NULL) < 0 ||
        hr_file_size(fd, path, &size, NULL) < 0)
        return UINT64_MAX;
    return size;
}

static int json_open(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                     struct hr_error *err)
{
    struct json_source *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "a source");
    hr_json_pool_init(&s->pool);
    s->base.ops = &hr_source_json;
    s->o = *o;
    struct hr_names given = { (char **)(uintptr_t)paths, (size_t)n };
    int e = hr_source_files(paths, n, wanted, &given, &s->names, err);
    if (e == 0 && s->names.n == 0)
        e = hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no .json, .jsonl or .ndjson file", paths[0]);
    for (size_t i = 0; e == 0 && i < s->names.n; i++) {
        bool stdin_ = strcmp(s->names.name[i], "-") == 0;
        uint64_t size = size_of(s->names.name[i]);
        s->base.once = s->base.once || stdin_;
        s->base.bytes = size == UINT64_MAX || s->base.bytes == UINT64_MAX ? UINT64_MAX : s->base.bytes + size;
    }
    if (e == 0 && s->base.once && s->names.n > 1)
        e = hr_fail(err, HR_E_INVALID, "standard input (-) cannot be packed together with files");
    if (e < 0) {
        json_close(&s->base);
        return e;
    }
    s->base.bytes = s->base.bytes == UINT64_MAX ? 0 : s->base.bytes;
    s->base.file = s->names.name;
    s->base.files = (uint32_t)s->names.n;
    hr_decimal_init();
    *ret = &s->base;
    return 0;
}

static enum hr_json_form form_of(const struct json_source *s, const char *path)
{
    static const char *const lines[] = { ".jsonl", ".ndjson", NULL };
    bool told = s->o.format != NULL && strcmp(s->o.format, "jsonl") == 0;
    return told || has_suffix(path, lines) ? HR_JSON_FORM_LINES : HR_JSON_FORM_AUTO;
}

/* --- inference --- */

struct look {
    struct hr_json_infer *infer;
    uint64_t until; /* stop at so many samples */
};

static int look_at(const char *p, void *arg, struct hr_error *err)
{
    struct look *l = arg;
    int e = hr_json_infer_add(l->infer, p, err);
    return e < 0 ? e : hr_json_infer_count(l->infer) >= l->until;
}

/* The beginning of a file: LOOK_BYTES, or as many as its first sample takes. */
static int look_file(struct json_source *s, const char *path, struct look *l, struct hr_error *err)
{
    struct hr_json_stream *stream = NULL;
    struct hr_json_text *text = NULL;
    struct hr_json_piece piece;
    hr_json_infer_file(l->infer, path);
    int e = hr_json_stream_open(path, form_of(s, path), LOOK_BYTES, s->o.memory, &s->pool, &stream, err);
    if (e == 0)
        e = hr_json_stream_next(stream, &text, &piece, err);
    if (e == 1)
        e = hr_json_piece_walk(&piece, look_at, l, err);
    hr_json_text_put(&s->pool, text);
    hr_json_stream_close(stream);
    return e;
}

/* Takes standard input's first piece, which inference and the first unit share. */
static int hold_first(struct json_source *s, struct hr_error *err)
{
    struct hr_json_piece piece;
    if (s->held != NULL)
        return 0;
    int e = hr_json_stream_open("-", form_of(s, "-"), LARGE, s->o.memory, &s->pool, &s->stream, err);
    if (e == 0)
        e = hr_json_stream_next(s->stream, &s->held, &piece, err);
    if (e == 0)
        return hr_fail(err, HR_E_FORMAT, "there are no samples on standard input");
    return HR_MIN(e, 0);
}

static int json_schema(struct hr_source *base, struct hr_schema *ret, struct hr_error *err)
{
    struct json_source *s = (struct json_source *)base;
    struct look l = { NULL, LOOK_SAMPLES };
    int e = hr_json_infer_create(&l.infer, err);
    if (e == 0 && base->once) {
        e = hold_first(s, err);
        if (e == 0)
            e = hr_json_piece_walk(&s->held->piece, look_at, &l, err);
    } else if (e == 0) {
        uint32_t files = HR_MIN(base->files, (uint32_t)LOOK_FILES);
        for (uint32_t i = 0; e == 0 && i < files; i++) {
            uint32_t at = files == 1 ? 0 : (uint32_t)((uint64_t)i * (base->files - 1) / (files - 1));
            l.until = hr_json_infer_count(l.infer) + (i == 0 ? LOOK_SAMPLES : LOOK_SAMPLES / LOOK_FILES);
            e = look_file(s, base->file[at], &l, err);
        }
        for (uint32_t at = 1; e == 0 && hr_json_infer_count(l.infer) < LOOK_SAMPLES && at < HR_MIN(base->files, 64u); at++) {
            l.until = LOOK_SAMPLES; /* small files: a few dozen of the first, too */
            e = look_file(s, base->file[at], &l, err);
        }
    }
    if (e == 0)
        e = hr_json_infer_schema(l.infer, s->o.float64, ret, err);
    hr_json_infer_destroy(l.infer);
    return e;
}

/* --- units --- */

static int json_bind(struct hr_source *base, const struct hr_schema *schema, struct hr_error *err)
{
    struct json_source *s = (struct json_source *)base;
    struct hr_json_reader *reader;
    if (base->once && s->taken > 1)
        return hr_fail(err, HR_E_STATE, "standard input cannot be read a second time");
    int e = hr_json_reader_create(schema, s->o.other_keys, &reader, err);
    if (e < 0)
        return e;
    hr_json_reader_destroy(s->reader);
    s->reader = reader;
    s->file = 0;
    s->taken = 0;
    if (!base->once) {
        hr_json_stream_close(s->stream);
        s->stream = NULL;
    }
    return 0;
}

static void unit_of(struct hr_unit *u, uint32_t file, struct hr_json_text *text, uint64_t bytes)
{
    /* A block may take four times its text: "[1,2,3]" is two bytes per int64. */
    *u = (struct hr_unit){ .file = file, .bytes = bytes, .cost = bytes * 5 + 65536, .data = text };
    if (text != NULL) {
        u->first = text->piece.number;
        u->begin = text->piece.offset;
        u->end = text->piece.offset + text->piece.n;
    }
}

static int json_next(struct hr_source *base, struct hr_unit *ret, struct hr_error *err)
{
    struct json_source *s = (struct json_source *)base;
    if (base->once && s->taken == 0) {
        int e = hold_first(s, err);
        if (e < 0)
            return e;
        s->taken = 1;
        unit_of(ret, 0, s->held, s->held->piece.n);
        return 1;
    }
    while (s->file < base->files) {
        const char *path = base->file[s->file];
        if (s->stream == NULL) {
            uint64_t size = size_of(path);
            if (size <= LARGE) {
                unit_of(ret, s->file++, NULL, size);
                return 1;
            }
            int e = hr_json_stream_open(path, form_of(s, path), LARGE, s->o.memory, &s->pool, &s->stream, err);
            if (e < 0)
                return e;
        }
        struct hr_json_text *text = NULL;
        struct hr_json_piece piece;
        int e = hr_json_stream_next(s->stream, &text, &piece, err);
        if (e < 0)
            return e;
        if (e == 1) {
            s->taken++;
            unit_of(ret, s->file, text, piece.n);
            return 1;
        }
        hr_json_stream_close(s->stream);
        s->stream = NULL;
        s->file++;
    }
    return 0;
}

static int whole_file(struct json_source *s, const char *path, struct hr_json_text **ret, struct hr_error *err)
{
    HR_FD fd = -1;
    uint64_t size;
    int e = hr_open(path, O_RDONLY, 0, &fd, err);
    if (e == 0)
        e = hr_file_size(fd, path, &size, err);
    if (e < 0)
        return e;
    struct hr_json_text *t = hr_json_text_get(&s->pool, size, err);
    if (t == NULL)
        return HR_E_NOMEM;
    e = hr_pread_all(fd, t->p, size, 0, path, err);
    if (e < 0) {
        hr_json_text_put(&s->pool, t);
        return e;
    }
    memset(t->p + size, 0, HR_DECIMAL_PAD);
    t->piece = (struct hr_json_piece){ .p = t->p, .n = size, .form = form_of(s, path), .first = true, .last = true };
    *ret = t;
    return 0;
}

static int json_parse(struct hr_source *base, const struct hr_unit *u, struct hr_block *b, struct hr_error *err)
{
    struct json_source *s = (struct json_source *)base;
    struct hr_json_scratch scratch = HR_JSON_SCRATCH_INIT;
    struct hr_json_text *mine = NULL;
    const struct hr_json_text *text = u->data;
    int e = text == NULL ? whole_file(s, base->file[u->file], &mine, err) : 0;
    if (e == 0)
        e = hr_json_piece_parse(s->reader, &scratch, text != NULL ? &text->piece : &mine->piece, b, err);
    hr_json_text_put(&s->pool, mine);
    hr_json_scratch_fini(&scratch);
    return e;
}

static void json_drop(struct hr_source *base, struct hr_unit *u)
{
    struct json_source *s = (struct json_source *)base;
    if (u->data != s->held)
        hr_json_text_put(&s->pool, u->data);
    u->data = NULL;
}

const struct hr_source_ops hr_source_json = {
    .name = "json",
    .help = "JSON: files with a list of samples, JSON Lines, one sample per file, or standard input",
    .detect = json_detect,
    .open = json_open,
    .schema = json_schema,
    .bind = json_bind,
    .next = json_next,
    .parse = json_parse,
    .drop = json_drop,
    .close = json_close,
};

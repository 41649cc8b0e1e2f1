/* SUMO's floating-car-data output (--fcd-output), plain or .gz, streamed: one sample per time step (fcd_sample.h). */
#include "source.h"

#include "fcd_sample.h"
#include "given.h"
#include "inflate.h"
#include "mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 256 << 10, LOOK_BYTES = 4 << 20, LOOK_STEPS = 1000 };

/* A file being read: `text` holds what is not handed out yet. */
struct stream {
    int fd;
    const char *path;
    uint64_t size;
    struct hr_inflate *z; /* NULL for plain text */
    struct hr_buf text;
    uint64_t at;          /* offset of text.data[0] in the (unpacked) file */
    size_t done;          /* text up to here is no step that begins later */
    bool ended;           /* no more bytes */
    bool closed;          /* "</fcd-export" was met */
    uint64_t number;      /* of the next step */
    uint64_t taken;       /* bytes of the file accounted for in units */
};

struct fcd {
    struct hr_source head;
    struct hr_source_options o;
    struct hr_names names; /* owns head.file */
    struct hr_fcd_shape shape;
    bool looked;
    enum hr_fcd_field kind[HR_FIELDS_MAX];
    uint32_t next; /* file after the open one */
    bool open;
    struct stream in;
    struct hr_buf again; /* of a stream that cannot be read twice: the first unit's text, until there is a second */
};

/* A unit's own: whole steps of text, and where each begins. */
struct steps {
    uint64_t at; /* offset of text[0] in the file */
    uint32_t n;
    size_t *begin; /* n + 1 */
    char *text;
};

static int detect(const char *path, struct hr_str head)
{
    if (head.n != 0 && memmem(head.p, head.n, "<fcd-export", 11) != NULL)
        return 100;
    bool xml = hr_str_starts(head, "<?xml") || head.n == 0;
    if (xml && strstr(path, "fcd") != NULL && hr_str_ends(hr_str(path), ".xml"))
        return 60; /* the configuration in the leading comment may fill the first bytes */
    if (xml && head.n != 0 && memmem(head.p, head.n, "<fcd-output", 11) != NULL)
        return 70;
    return hr_str_starts(head, "\x1f\x8b") && hr_str_ends(hr_str(path), ".xml.gz") ? 50 : 0;
}

/* --- the stream --- */

static void stream_close(struct stream *s)
{
    hr_inflate_close(s->z);
    if (s->fd > 0)
        hr_close(s->fd);
    hr_buf_fini(&s->text);
    *s = (struct stream){ .fd = -1 };
}

static int stream_open(struct stream *s, const char *path, uint64_t memory, struct hr_error *err)
{
    *s = (struct stream){ .fd = 0, .path = path, .text = HR_BUF_INIT(HR_MAX(memory, (uint64_t)2 * PIECE)) };
    if (strcmp(path, "-") == 0)
        return 0;
    int r = hr_open(path, O_RDONLY, 0, &s->fd, err);
    if (r == 0)
        r = hr_file_size(s->fd, path, &s->size, err);
    uint8_t magic[2] = { 0, 0 };
    if (r == 0 && s->size >= 2)
        r = hr_pread_all(s->fd, magic, 2, 0, path, err);
    if (r == 0 && magic[0] == 0x1f && magic[1] == 0x8b)
        r = hr_inflate_open(s->fd, path, HR_INFLATE_GZIP, 0, s->size, &s->z, err);
    if (r < 0)
        stream_close(s);
    return r;
}

/* More text. */
static int stream_fill(struct stream *s, struct hr_error *err)
{
    char *room = hr_buf_reserve(&s->text, PIECE);
    if (room == NULL && s->text.len + PIECE <= s->text.ceiling)
        return hr_fail_nomem(err, PIECE, "time steps");
    if (room == NULL)
        return hr_fail(err, HR_E_LIMIT, "'%s': the time step at byte %" PRIu64 " is larger than packing may hold; give more with "
                       "--memory", s->path, s->at);
    int64_t n = s->z != NULL ? hr_inflate_read(s->z, room, PIECE, err) : hr_read_some(s->fd, room, PIECE, s->path, err);
    if (n < 0)
        return (int)n;
    hr_buf_commit(&s->text, (size_t)n);
    s->ended = n == 0;
    return 0;
}

/* Where a step begins at or after `done`, reading on as needed; SIZE_MAX at the end, and `done` is then where it is. */
static int stream_step(struct stream *s, size_t *ret, struct hr_error *err)
{
    for (;;) {
        size_t at = s->closed ? SIZE_MAX : hr_fcd_next(hr_buf_str(&s->text), s->done, &s->done, &s->closed);
        if (at != SIZE_MAX || s->closed || s->ended) {
            if (at == SIZE_MAX && !s->closed)
                s->done = s->text.len;
            *ret = at;
            return 0;
        }
        int r = stream_fill(s, err);
        if (r < 0)
            return r;
    }
}

static void stream_drop(struct stream *s, size_t n)
{
    memmove(s->text.data, s->text.data + n, s->text.len - n);
    s->text.len -= n;
    s->at += n;
    s->done = s->done > n ? s->done - n : 0;
}

/* Whole steps of at least `bytes`, or what is left; n == 0 at the end. */
static int take_steps(struct stream *s, uint64_t bytes, uint32_t most, struct steps *to, struct hr_error *err)
{
    struct hr_buf begin = HR_BUF_INIT((size_t)1 << 30);
    size_t at, first;
    *to = (struct steps){ 0 };
    int r = stream_step(s, &first, err);
    if (r < 0 || first == SIZE_MAX)
        return r;
    stream_drop(s, first);
    at = 0;
    while (r == 0 && at != SIZE_MAX && at < bytes && to->n < most) {
        hr_buf_add(&begin, &at, sizeof at);
        to->n++;
        s->done = at + 9;
        r = stream_step(s, &at, err);
    }
    size_t end = s->done;
    hr_buf_add(&begin, &end, sizeof end);
    to->text = r < 0 ? NULL : hr_malloc(end + 1);
    if (r == 0 && (begin.failed || to->text == NULL))
        r = hr_fail_nomem(err, end, "time steps");
    if (r < 0) {
        hr_free(to->text);
        hr_buf_fini(&begin);
        *to = (struct steps){ 0 };
        return r;
    }
    memcpy(to->text, s->text.data, end);
    to->at = s->at;
    to->begin = (size_t *)(void *)hr_buf_take(&begin);
    stream_drop(s, end);
    return 0;
}

static void free_steps(struct steps *t)
{
    hr_free(t->begin);
    hr_free(t->text);
}

static struct hr_str step_text(const struct steps *t, uint32_t i)
{
    return (struct hr_str){ t->text + t->begin[i], t->begin[i + 1] - t->begin[i] };
}

/* --- the source --- */

static void close_fcd(struct hr_source *head)
{
    struct fcd *s = (struct fcd *)head;
    if (s->open)
        stream_close(&s->in);
    hr_names_fini(&s->names);
    hr_buf_fini(&s->again);
    hr_free(s);
}

static int open_fcd(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                    struct hr_error *err)
{
    static const char *const ends[] = { ".xml", ".xml.gz", NULL };
    struct fcd *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "a source");
    s->head.ops = &hr_source_fcd;
    s->o = *o;
    s->again = HR_BUF_INIT(HR_MAX(o->memory, (uint64_t)2 * PIECE));
    bool input = n == 1 && strcmp(paths[0], "-") == 0;
    int r = input ? hr_source_files(paths, n, NULL, NULL, &s->names, err)
                  : hr_given_files(&(struct hr_given){ paths, n, ends }, &s->names, &s->head.bytes, err);
    if (r == 0 && s->names.n == 0)
        r = hr_fail(err, HR_E_NOT_FOUND, "there is no .xml or .xml.gz file in '%s'", paths[0]);
    if (r < 0) {
        close_fcd(&s->head);
        return r;
    }
    s->head.file = s->names.name;
    s->head.files = (uint32_t)s->names.n;
    s->head.once = input;
    *ret = &s->head;
    return 0;
}

static int open_file(struct fcd *s, uint32_t file, struct hr_error *err)
{
    if (s->open)
        stream_close(&s->in);
    s->open = false;
    int r = stream_open(&s->in, s->head.file[file], s->o.memory, err);
    s->open = r == 0;
    return r;
}

/* Looks at the first steps with vehicles.  What is taken from standard input is put back by not dropping it. */
static int look(struct fcd *s, struct hr_fcd_parser *p, struct hr_error *err)
{
    int r = 0;
    for (uint32_t file = 0; r == 0 && file < s->head.files && s->shape.vehicles == 0; file++) {
        r = open_file(s, file, err);
        size_t at = 0;
        for (uint32_t steps = 0; r == 0 && at < LOOK_BYTES && (steps < LOOK_STEPS || s->shape.vehicles == 0); steps++) {
            size_t next = SIZE_MAX;
            r = stream_step(&s->in, &at, err);
            if (r < 0 || at == SIZE_MAX)
                break;
            s->in.done = at + 9;
            r = stream_step(&s->in, &next, err);
            if (r == 0)
                r = hr_fcd_look(p, (struct hr_str){ s->in.text.data + at, s->in.done - at }, &s->shape, err);
        }
    }
    s->next = 0;
    if (s->head.once && s->open) { /* begin again with what was read */
        s->in.done = 0;
        s->in.closed = false;
        s->next = 1;
    } else if (s->open) {
        stream_close(&s->in);
        s->open = false;
    }
    hr_fcd_sort(&s->shape);
    s->looked = r == 0;
    return r;
}

static int need_look(struct fcd *s, struct hr_error *err)
{
    if (s->looked)
        return 0;
    struct hr_fcd_parser *p;
    int r = hr_fcd_create(&p, err);
    if (r < 0)
        return r;
    r = look(s, p, err);
    hr_fcd_destroy(p);
    if (r == 0 && s->shape.n == 0)
        return hr_fail(err, HR_E_FORMAT, "'%s' has no vehicles with numeric attributes; is it an --fcd-output of SUMO?", s->head.file[0]);
    return r;
}

static void describe(const struct fcd *s, enum hr_fcd_field k, struct hr_field *f)
{
    *f = (struct hr_field){ .role = k == HR_FCD_TIME ? HR_ROLE_GRAPH : HR_ROLE_NODE, .ndim = 1, .shape = { HR_RAGGED } };
    memcpy(f->name, hr_fcd_field_name[k], strlen(hr_fcd_field_name[k]) + 1);
    f->dtype = k == HR_FCD_TIME ? HR_F64 : k == HR_FCD_X ? (s->o.float64 ? HR_F64 : HR_F32) : k == HR_FCD_LANE_INDEX ? HR_I16 : HR_I64;
    f->stored = f->dtype;
    if (k == HR_FCD_TIME)
        f->ndim = 0;
    if (k == HR_FCD_X) {
        f->ndim = 2;
        f->shape[1] = s->shape.n;
    }
}

static bool has_field(const struct fcd *s, enum hr_fcd_field k)
{
    return k == HR_FCD_LANE || k == HR_FCD_LANE_INDEX ? s->shape.lane : k == HR_FCD_TYPE ? s->shape.type : true;
}

static int schema(struct hr_source *head, struct hr_schema *ret, struct hr_error *err)
{
    struct fcd *s = (struct fcd *)head;
    int r = need_look(s, err);
    if (r < 0)
        return r;
    struct hr_schema made = { 0, hr_calloc(HR_FCD_FIELDS, sizeof *made.field) };
    if (made.field == NULL)
        return hr_fail_nomem(err, HR_FCD_FIELDS * sizeof *made.field, "the schema");
    for (enum hr_fcd_field k = 0; k < HR_FCD_FIELDS; k++) {
        if (has_field(s, k))
            describe(s, k, &made.field[made.n++]);
    }
    char text[1024] = "the columns of x are:";
    for (int i = 0, at = (int)strlen(text); i < s->shape.n && at < (int)sizeof text - HR_FCD_NAME - 2; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s %s", i == 0 ? "" : ",", s->shape.column[i]);
    if (s->o.notice != NULL)
        s->o.notice(text, s->o.arg);
    *ret = made;
    return 0;
}

/* To the first step again: files are opened anew, standard input gets back what the first unit had taken. */
static int go_back(struct fcd *s, struct hr_error *err)
{
    struct stream *in = &s->in;
    if (!s->head.once) {
        if (s->open)
            stream_close(in);
        s->open = false;
        s->next = 0;
        return 0;
    }
    if (s->again.len != 0) {
        in->at -= s->again.len;
        hr_buf_add(&s->again, in->text.data, in->text.len);
        if (s->again.failed)
            return hr_fail_nomem(err, in->text.len, "time steps");
        struct hr_buf t = in->text;
        in->text = s->again;
        s->again = t;
        hr_buf_reset(&s->again);
    }
    in->done = in->number = in->taken = 0;
    in->closed = false;
    return 0;
}

static int bind(struct hr_source *head, const struct hr_schema *want, struct hr_error *err)
{
    struct fcd *s = (struct fcd *)head;
    int r = need_look(s, err);
    for (int f = 0; r == 0 && f < want->n; f++) {
        struct hr_field own;
        enum hr_fcd_field k = 0;
        while (k < HR_FCD_FIELDS && (strcmp(hr_fcd_field_name[k], want->field[f].name) != 0 || !has_field(s, k)))
            k++;
        if (k < HR_FCD_FIELDS)
            describe(s, k, &own);
        bool floats = want->field[f].stored == HR_F32 || want->field[f].stored == HR_F64;
        if (k == HR_FCD_FIELDS || own.ndim != want->field[f].ndim || own.shape[1] != want->field[f].shape[1] ||
            (k == HR_FCD_X ? !floats : want->field[f].stored != own.stored))
            r = hr_fail(err, HR_E_FORMAT, "the steps of '%s' give no field '%s' of that type and shape", s->head.file[0],
                        want->field[f].name);
        else
            s->kind[f] = k;
    }
    return r == 0 ? go_back(s, err) : r;
}

static int next(struct hr_source *head, struct hr_unit *ret, struct hr_error *err)
{
    struct fcd *s = (struct fcd *)head;
    struct steps *t = hr_calloc(1, sizeof *t);
    int r = t == NULL ? hr_fail_nomem(err, sizeof *t, "time steps") : 0;
    while (r == 0 && t->n == 0) {
        if (!s->open && s->next == s->head.files)
            break;
        if (!s->open)
            r = open_file(s, s->next++, err);
        if (r == 0)
            r = take_steps(&s->in, s->o.unit_bytes, UINT32_MAX, t, err);
        if (r == 0 && t->n == 0) {
            stream_close(&s->in);
            s->open = false;
        }
    }
    if (r < 0 || t->n == 0) {
        hr_free(t);
        return r;
    }
    struct stream *in = &s->in;
    bool first = s->head.once && in->number == 0;
    hr_buf_reset(&s->again);
    if (first && !hr_buf_add(&s->again, t->text, t->begin[t->n])) {
        free_steps(t);
        hr_free(t);
        return hr_fail_nomem(err, s->in.text.len, "time steps");
    }
    uint64_t text = t->begin[t->n], taken = in->z != NULL ? hr_inflate_taken(in->z) : t->at + text;
    *ret = (struct hr_unit){ .file = s->next - 1, .first = in->number, .begin = t->at, .end = t->at + text,
                             .bytes = taken - in->taken, .cost = 2 * text + 4096, .data = t };
    in->taken = taken;
    in->number += t->n;
    return 1;
}

static void drop(struct hr_source *head, struct hr_unit *u)
{
    (void)head;
    if (u->data != NULL)
        free_steps(u->data);
    hr_free(u->data);
    u->data = NULL;
}

static int parse(struct hr_source *head, const struct hr_unit *u, struct hr_block *b, struct hr_error *err)
{
    struct fcd *s = (struct fcd *)head;
    const struct steps *t = u->data;
    struct hr_fcd_parser *p;
    int r = hr_fcd_create(&p, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; r == 0 && i < t->n; i++)
        r = hr_fcd_sample(p, step_text(t, i), u->first + i, t->at + t->begin[i], &s->shape, s->kind, b, err);
    hr_fcd_destroy(p);
    return r;
}

const struct hr_source_ops hr_source_fcd = {
    .name = "fcd",
    .help = "SUMO's --fcd-output (.xml, .xml.gz): one sample per time step",
    .detect = detect,
    .open = open_fcd,
    .schema = schema,
    .bind = bind,
    .next = next,
    .parse = parse,
    .drop = drop,
    .close = close_fcd,
};

#include "array_source.h"

#include "mem.h"
#include "num.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

/* How many containers or records are looked at to find out what differs. */
enum { LOOK = 256 };

/* A container in use by the source and by units that are still being parsed. */
struct hr_opened {
    const struct hr_container_ops *cops;
    struct hr_container c;
    struct hr_columns columns;
    int *map;
    atomic_int refs;
};

static void release(struct hr_opened *o)
{
    if (o == NULL || atomic_fetch_sub(&o->refs, 1) != 1)
        return;
    hr_columns_fini(&o->columns);
    o->cops->close(&o->c);
    hr_free(o->c.array);
    hr_free(o->map);
    hr_free(o);
}

static int open_container(struct hr_array_source *s, uint32_t file, struct hr_opened **ret, struct hr_error *err)
{
    struct hr_opened *o = hr_calloc(1, sizeof *o);
    if (o == NULL)
        return hr_fail_nomem(err, sizeof *o, "a source file");
    o->cops = s->cops;
    atomic_init(&o->refs, 1);
    o->c.path = s->head.file[file];
    int r = s->cops->open(s, file, true, &o->c, err);
    if (r == 0 && !s->records)
        r = hr_columns_plan(o->c.array, o->c.n, o->c.path, &o->columns, err);
    if (r < 0) {
        release(o);
        return r;
    }
    *ret = o;
    return 0;
}

static void close_look(struct hr_array_source *s, struct hr_container *c)
{
    s->cops->close(c);
    hr_free(c->array);
}

/* Finds out whether the containers are samples: they are as soon as one of those looked at is. */
static int look(struct hr_array_source *s, struct hr_error *err)
{
    for (uint32_t i = 0; i < HR_MIN(s->head.files, (uint32_t)LOOK) && !s->records; i++) {
        struct hr_container c = { .path = s->head.file[i] };
        int r = s->cops->open(s, i, false, &c, err);
        if (r == 0)
            s->records = c.records != 0 || hr_arrays_are_record(c.array, c.n);
        close_look(s, &c);
        if (r < 0)
            return r;
    }
    return 0;
}

int hr_array_source_open(const struct hr_source_ops *ops, const struct hr_container_ops *cops, struct hr_names *names,
                         uint64_t bytes, void *arg, void (*free_arg)(void *), const struct hr_source_options *o,
                         struct hr_source **ret, struct hr_error *err)
{
    struct hr_array_source *s = hr_calloc(1, sizeof *s);
    if (s == NULL) {
        hr_names_fini(names);
        if (free_arg != NULL)
            free_arg(arg);
        return hr_fail_nomem(err, sizeof *s, "a source");
    }
    *s = (struct hr_array_source){
        .head = { .ops = ops, .file = names->name, .files = (uint32_t)names->n, .bytes = bytes },
        .cops = cops, .o = *o, .names = *names, .arg = arg, .free_arg = free_arg,
    };
    *names = (struct hr_names){ NULL, 0 };
    int r = s->head.files == 0 ? hr_fail(err, HR_E_NOT_FOUND, "there is no %s file among the sources", ops->name) : look(s, err);
    if (r < 0) {
        hr_array_source_close(&s->head);
        return r;
    }
    *ret = &s->head;
    return 0;
}

void hr_array_source_close(struct hr_source *head)
{
    struct hr_array_source *s = (struct hr_array_source *)head;
    release(s->cur);
    hr_names_fini(&s->names);
    if (s->free_arg != NULL)
        s->free_arg(s->arg);
    hr_free(s);
}

/* --- schema --- */

/* What the records of one container say; `left` counts down to 0. */
static int records_schema(struct hr_array_source *s, struct hr_container *c, int *left, struct hr_schema *schema,
                          struct hr_error *err)
{
    if (c->records == 0) {
        (*left)--;
        return hr_record_schema(c->array, c->n, c->path, schema, err);
    }
    int r = 0;
    for (uint64_t i = 0; r == 0 && i < c->records && *left > 0; i++, (*left)--) {
        struct hr_array *a;
        int n;
        r = s->cops->record(c, i, &a, &n, err);
        if (r < 0)
            return r;
        r = hr_record_schema(a, n, c->path, schema, err);
        s->cops->free_record(a, n);
    }
    return r;
}

int hr_array_source_schema(struct hr_source *head, struct hr_schema *ret, struct hr_error *err)
{
    struct hr_array_source *s = (struct hr_array_source *)head;
    struct hr_schema schema = { 0, NULL };
    int r = 0, left = LOOK;
    if (!s->records) {
        struct hr_opened *o;
        r = open_container(s, 0, &o, err);
        if (r < 0)
            return r;
        r = hr_columns_schema(&o->columns, &schema, err);
        release(o);
    }
    for (uint32_t i = 0; s->records && r == 0 && i < s->head.files && left > 0; i++) {
        struct hr_container c = { .path = s->head.file[i] };
        r = s->cops->open(s, i, false, &c, err);
        if (r == 0)
            r = records_schema(s, &c, &left, &schema, err);
        close_look(s, &c);
    }
    if (r < 0) {
        hr_schema_fini(&schema);
        return r;
    }
    *ret = schema;
    return 0;
}

static int bind_opened(struct hr_array_source *s, struct hr_opened *o, struct hr_error *err)
{
    if (s->records)
        return 0;
    o->map = hr_reallocarray(NULL, (size_t)s->schema->n + 1, sizeof *o->map);
    if (o->map == NULL)
        return hr_fail_nomem(err, (size_t)s->schema->n * sizeof *o->map, "a source file");
    return hr_columns_bind(&o->columns, s->schema, o->c.path, o->map, err);
}

int hr_array_source_bind(struct hr_source *head, const struct hr_schema *schema, struct hr_error *err)
{
    struct hr_array_source *s = (struct hr_array_source *)head;
    release(s->cur);
    s->cur = NULL;
    s->schema = schema;
    s->file = 0;
    struct hr_opened *o;
    int r = open_container(s, 0, &o, err); /* so that a missing field is told now */
    if (r < 0)
        return r;
    r = bind_opened(s, o, err);
    release(o);
    return r;
}

/* --- units --- */

static int open_next(struct hr_array_source *s, struct hr_error *err)
{
    struct hr_opened *o;
    int r = open_container(s, s->file, &o, err);
    if (r < 0)
        return r;
    r = bind_opened(s, o, err);
    if (r < 0) {
        release(o);
        return r;
    }
    s->cur = o;
    s->pos = 0;
    s->total = !s->records ? o->columns.samples : o->c.records != 0 ? o->c.records : 1;
    return 0;
}

/* As many samples from `pos` on as make about unit_bytes; *ret_cost is what they take in the arrays. */
static int choose(struct hr_array_source *s, uint64_t *ret_n, uint64_t *ret_cost, struct hr_error *err)
{
    uint64_t each = HR_MAX(s->cur->c.bytes / HR_MAX(s->total, UINT64_C(1)), UINT64_C(1));
    uint64_t n = HR_MIN(HR_MAX(s->o.unit_bytes / each, UINT64_C(1)), s->total - s->pos), cost = n * each;
    while (!s->records) {
        int r = hr_columns_bytes(&s->cur->columns, s->cur->map, s->schema->n, s->pos, n, &cost, err);
        if (r < 0)
            return r;
        if (n == 1 || cost <= 4 * s->o.unit_bytes)
            break;
        n /= 2;
    }
    if (cost > s->o.memory && n == 1)
        return hr_fail(err, HR_E_LIMIT, "sample %" PRIu64 " of '%s' takes %" PRIu64 " bytes, more than packing may hold; give "
                       "more with --memory", s->pos, s->cur->c.path, cost);
    *ret_n = n;
    *ret_cost = cost;
    return 0;
}

int hr_array_source_next(struct hr_source *head, struct hr_unit *ret, struct hr_error *err)
{
    struct hr_array_source *s = (struct hr_array_source *)head;
    for (;;) {
        if (s->cur == NULL) {
            if (s->file == s->head.files)
                return 0;
            int r = open_next(s, err);
            if (r < 0)
                return r;
        }
        if (s->pos < s->total)
            break;
        release(s->cur);
        s->cur = NULL;
        s->file++;
    }
    uint64_t n = 0, cost = 0;
    int r = choose(s, &n, &cost, err);
    if (r < 0)
        return r;
    double bytes = (double)s->cur->c.bytes, total = (double)s->total;
    *ret = (struct hr_unit){ .file = s->file, .first = s->pos, .begin = s->pos, .end = s->pos + n, .cost = 2 * cost + 4096,
                             .data = s->cur };
    ret->bytes = (uint64_t)(bytes * (double)(s->pos + n) / total) - (uint64_t)(bytes * (double)s->pos / total);
    atomic_fetch_add(&s->cur->refs, 1);
    s->pos += n;
    return 1;
}

void hr_array_source_drop(struct hr_source *head, struct hr_unit *u)
{
    (void)head;
    release(u->data);
    u->data = NULL;
}

int hr_array_source_parse(struct hr_source *head, const struct hr_unit *u, struct hr_block *b, struct hr_error *err)
{
    struct hr_array_source *s = (struct hr_array_source *)head;
    struct hr_opened *o = u->data;
    if (!s->records)
        return hr_columns_parse(&o->columns, o->map, u->begin, u->end - u->begin, s->o.memory, b, err);
    if (o->c.records == 0)
        return hr_record_parse(o->c.array, o->c.n, 0, s->o.memory, b, err);
    int r = 0;
    for (uint64_t i = u->begin; r == 0 && i < u->end; i++) {
        struct hr_array *a;
        int n;
        r = s->cops->record(&o->c, i, &a, &n, err);
        if (r < 0)
            return r;
        r = hr_record_parse(a, n, i, s->o.memory, b, err);
        s->cops->free_record(a, n);
    }
    return r;
}

/* --- files --- */

int hr_npy_read(int fd, uint64_t off, uint64_t size, const char *where, struct hr_npy *ret, struct hr_error *err)
{
    uint8_t first[12];
    size_t need = 0;
    if (size >= sizeof first) {
        int r = hr_pread_all(fd, first, sizeof first, off, where, err);
        if (r < 0)
            return r;
        need = hr_npy_need(first, sizeof first);
    }
    if (need == 0 || need > size)
        return hr_fail(err, HR_E_FORMAT, "'%s' is no .npy file, or is cut off", where);
    HR_CLEANUP(hr_freep) void *head = hr_malloc(need);
    if (head == NULL)
        return hr_fail_nomem(err, need, "the header of a .npy file");
    struct hr_npy v;
    int r = hr_pread_all(fd, head, need, off, where, err);
    if (r == 0)
        r = hr_npy_parse(head, need, where, &v, err);
    if (r < 0)
        return r;
    if (!hr_range_ok(v.data, v.bytes, size))
        return hr_fail(err, HR_E_FORMAT, "'%s' is cut off: its header promises %" PRIu64 " bytes, and %" PRIu64 " are there",
                       where, v.data + v.bytes, size);
    *ret = v;
    return 0;
}

/* --- lists of arrays --- */

int hr_array_list_add(struct hr_array **list, int *n, const char *name, size_t name_len, const char *path,
                      struct hr_array **ret, struct hr_error *err)
{
    if (name_len == 0 || name_len > HR_NAME_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s': the array name '%.*s' has not 1 to %d bytes", path, (int)HR_MIN(name_len, (size_t)200),
                       name, HR_NAME_MAX);
    if (*n == 2 * HR_FIELDS_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' holds more than %d arrays", path, *n);
    if (*n == 0 || (*n >= 8 && (*n & (*n - 1)) == 0)) { /* 8, 16, 32, ... are full */
        struct hr_array *p = hr_reallocarray(*list, (size_t)HR_MAX(*n * 2, 8), sizeof *p);
        if (p == NULL)
            return hr_fail_nomem(err, (size_t)*n * 2 * sizeof *p, "the list of arrays");
        *list = p;
    }
    struct hr_array *a = &(*list)[(*n)++];
    *a = (struct hr_array){ .path = path, .fd = -1, .handle = -1 };
    memcpy(a->name, name, name_len);
    *ret = a;
    return 0;
}

int hr_array_list_npy(struct hr_array **list, int *n, const char *name, const char *path, const struct hr_npy *head,
                      struct hr_error *err)
{
    size_t length = strlen(name) - (hr_str_ends(hr_str(name), ".npy") ? 4 : 0);
    if (head->fortran)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s': '%s' is in Fortran order; save it with numpy.ascontiguousarray", path, name);
    struct hr_array *a;
    int r = hr_array_list_add(list, n, name, length, path, &a, err);
    if (r < 0)
        return r;
    a->kind = head->kind;
    a->dtype = head->dtype;
    a->swapped = head->swapped;
    a->item = head->item;
    a->ndim = head->ndim;
    memcpy(a->shape, head->shape, sizeof a->shape);
    a->data = head->data;
    a->read = hr_array_pread;
    return 0;
}

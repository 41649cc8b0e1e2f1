#include "recording.h"

#include "arena.h"
#include "mem.h"

#include <errno.h>
#include <string.h>

enum { PATHS_MAX = 32 << 20 };

struct hr_recording {
    struct hr_arena arena; /* of the paths */
    struct hr_recorded *item;
    size_t n, cap, bytes;
    uint32_t *slot; /* number of an item + 1; open addressing, never more than half full */
    size_t slots;
    int failed; /* the code of the first failure */
};

int hr_recording_create(struct hr_recording **ret, struct hr_error *err)
{
    struct hr_recording *r = hr_calloc(1, sizeof *r);
    if (r == NULL)
        return hr_fail_nomem(err, sizeof *r, "the recording");
    r->arena = HR_ARENA_INIT(PATHS_MAX);
    *ret = r;
    return 0;
}

void hr_recording_destroy(struct hr_recording *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        hr_free(r->item[i].text);
    hr_free(r->item);
    hr_free(r->slot);
    hr_arena_fini(&r->arena);
    hr_free(r);
}

static uint32_t *slot_of(const struct hr_recording *r, enum hr_root_what what, const char *path)
{
    uint64_t h = 1469598103934665603u ^ what; /* FNV-1a */
    for (const char *p = path; *p != 0; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    size_t i = (size_t)(h ^ h >> 29) & (r->slots - 1);
    for (; r->slot[i] != 0; i = (i + 1) & (r->slots - 1)) {
        const struct hr_recorded *e = &r->item[r->slot[i] - 1];
        if (e->what == what && strcmp(e->path, path) == 0)
            break;
    }
    return &r->slot[i];
}

static bool grow(struct hr_recording *r)
{
    size_t cap = HR_MAX(2 * r->cap, (size_t)256);
    struct hr_recorded *item = hr_reallocarray(r->item, cap, sizeof *item);
    uint32_t *slot = hr_calloc(2 * cap, sizeof *slot);
    if (item != NULL)
        r->item = item;
    if (item == NULL || slot == NULL) {
        hr_free(slot);
        return false;
    }
    hr_free(r->slot);
    r->slot = slot;
    r->slots = 2 * cap;
    r->cap = cap;
    for (size_t i = 0; i < r->n; i++)
        *slot_of(r, item[i].what, item[i].path) = (uint32_t)i + 1;
    return true;
}

/* The item of a question that is new; NULL: it is not, or there is no room or no memory. */
static struct hr_recorded *new_item(struct hr_recording *r, enum hr_root_what what, const char *path)
{
    if (r->n == r->cap && !grow(r)) {
        r->failed = HR_E_NOMEM;
        return NULL;
    }
    uint32_t *slot = slot_of(r, what, path);
    if (*slot != 0)
        return NULL;
    if (r->n >= HR_RECORDED_MAX) {
        r->failed = HR_E_LIMIT;
        return NULL;
    }
    const char *copy = hr_arena_str(&r->arena, path, strlen(path));
    if (copy == NULL) {
        r->failed = HR_E_NOMEM;
        return NULL;
    }
    r->item[r->n] = (struct hr_recorded) { .what = what, .path = copy };
    *slot = (uint32_t)++r->n;
    return &r->item[r->n - 1];
}

static void add(void *ctx, enum hr_root_what what, const char *path, struct hr_str text, int failed)
{
    struct hr_recording *r = ctx;
    struct hr_recorded *e = r->failed != 0 ? NULL : new_item(r, what, path);
    if (e == NULL)
        return;
    e->n = text.n;
    e->failed = failed;
    e->left_out = text.n > HR_RECORDED_FILE_MAX || text.n > HR_RECORDED_BYTES_MAX - r->bytes;
    if (e->left_out) {
        e->failed = EFBIG;
    } else if (text.n != 0) {
        e->text = hr_memdup(text.p, text.n);
        r->failed = e->text == NULL ? HR_E_NOMEM : 0;
        r->bytes += e->text == NULL ? 0 : text.n;
    }
}

struct hr_root_tape hr_recording_tape(struct hr_recording *r)
{
    return (struct hr_root_tape) { r, add };
}

int hr_recording_check(const struct hr_recording *r, struct hr_error *err)
{
    if (r->failed == HR_E_LIMIT)
        return hr_fail(err, HR_E_LIMIT, "the checks asked more than %d questions, more than a snapshot holds", HR_RECORDED_MAX);
    return r->failed == 0 ? 0 : hr_fail_nomem(err, r->bytes, "the recording");
}

size_t hr_recording_list(const struct hr_recording *r, const struct hr_recorded **ret)
{
    *ret = r->item;
    return r->n;
}

const struct hr_recorded *hr_recording_find(const struct hr_recording *r, enum hr_root_what what, const char *path)
{
    const uint32_t *slot = r->slots == 0 ? NULL : slot_of(r, what, path);
    return slot == NULL || *slot == 0 ? NULL : &r->item[*slot - 1];
}

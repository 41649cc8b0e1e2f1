#include "flatbuf.h"

#include "mem.h"
#include "num.h"

#include <string.h>

/* Bytes grow towards the front: the newest lie at p + cap - len.  I3: every alignment is counted from the end of the
 * buffer, whose final length hr_fbb_finish makes a multiple of 8. */

void hr_fbb_fini(struct hr_fbb *b)
{
    hr_free(b->p);
    *b = HR_FBB_INIT(b->ceiling);
}

void hr_fbb_reset(struct hr_fbb *b)
{
    b->len = 0;
    b->open = b->failed = false;
}

/* n bytes in front of what there is, or NULL. */
static uint8_t *push(struct hr_fbb *b, size_t n)
{
    size_t need;
    if (b->failed || hr_ckd_add(&need, b->len, n) || need > HR_MIN(b->ceiling, (size_t)INT32_MAX))
        goto refused;
    if (need > b->cap || b->p == NULL) { /* also for no bytes at all: NULL would be a failure */
        size_t cap = HR_MAX(hr_align_up(need, 8), HR_MAX(b->cap * 2, (size_t)1024));
        uint8_t *p = hr_malloc(cap);
        if (p == NULL)
            goto refused;
        if (b->len != 0)
            memcpy(p + cap - b->len, b->p + b->cap - b->len, b->len);
        hr_free(b->p);
        b->p = p;
        b->cap = cap;
    }
    b->len = need;
    return b->p + b->cap - need;
refused:
    b->failed = true;
    return NULL;
}

/* Zeros, so that after `more` further bytes the length is a multiple of `align`. */
static void align_for(struct hr_fbb *b, size_t more, size_t align)
{
    size_t n = (size_t)(-(b->len + more)) & (align - 1);
    uint8_t *p = push(b, n);
    if (p != NULL)
        memset(p, 0, n);
}

static void push_u32(struct hr_fbb *b, uint32_t v)
{
    uint8_t *p = push(b, sizeof v);
    if (p != NULL)
        memcpy(p, &v, sizeof v);
}

hr_fbref hr_fbb_vec(struct hr_fbb *b, const void *entries, size_t n, size_t elem, size_t align)
{
    size_t bytes;
    if (b->open || n > UINT32_MAX || hr_ckd_mul(&bytes, n, elem) || bytes > b->ceiling) {
        b->failed = true;
        return 0;
    }
    align_for(b, bytes, HR_MAX(align, (size_t)4)); /* the entries are aligned, and so is the length before them */
    uint8_t *p = push(b, bytes);
    if (p != NULL && bytes != 0)
        memcpy(p, entries, bytes);
    push_u32(b, (uint32_t)n);
    return b->failed ? 0 : (hr_fbref)b->len;
}

hr_fbref hr_fbb_str(struct hr_fbb *b, struct hr_str s)
{
    if (b->open || s.n >= b->ceiling) {
        b->failed = true;
        return 0;
    }
    align_for(b, s.n + 1, 4);
    uint8_t *p = push(b, s.n + 1);
    if (p != NULL) {
        if (s.n != 0)
            memcpy(p, s.p, s.n);
        p[s.n] = 0;
    }
    push_u32(b, (uint32_t)s.n);
    return b->failed ? 0 : (hr_fbref)b->len;
}

/* A reference says how far ahead of itself its target lies. */
static void push_ref(struct hr_fbb *b, hr_fbref ref)
{
    if (ref == 0 || ref > b->len) {
        b->failed = true;
        return;
    }
    push_u32(b, (uint32_t)(b->len + 4) - ref);
}

hr_fbref hr_fbb_vec_refs(struct hr_fbb *b, const hr_fbref *refs, size_t n)
{
    if (b->open || n > UINT32_MAX) {
        b->failed = true;
        return 0;
    }
    align_for(b, 0, 4);
    for (size_t i = n; i > 0 && !b->failed; i--)
        push_ref(b, refs[i - 1]);
    push_u32(b, (uint32_t)n);
    return b->failed ? 0 : (hr_fbref)b->len;
}

void hr_fbb_begin(struct hr_fbb *b)
{
    b->failed |= b->open;
    b->open = true;
    b->table = b->len;
    memset(b->slot, 0, sizeof b->slot);
}

static bool slot_ok(struct hr_fbb *b, unsigned slot)
{
    if (!b->open || slot >= HR_FBB_SLOTS || b->slot[slot] != 0)
        b->failed = true;
    return !b->failed;
}

void hr_fbb_int(struct hr_fbb *b, unsigned slot, unsigned size, int64_t v)
{
    if (!slot_ok(b, slot) || size > sizeof v)
        return;
    align_for(b, size, size);
    uint8_t *p = push(b, size);
    if (p == NULL)
        return;
    memcpy(p, &v, size); /* the low bytes come first */
    b->slot[slot] = (uint32_t)b->len;
}

void hr_fbb_ref(struct hr_fbb *b, unsigned slot, hr_fbref ref)
{
    if (ref == 0 || !slot_ok(b, slot))
        return;
    align_for(b, 4, 4);
    push_ref(b, ref);
    b->slot[slot] = (uint32_t)b->len;
}

hr_fbref hr_fbb_end(struct hr_fbb *b)
{
    b->failed |= !b->open;
    b->open = false;
    align_for(b, 4, 4);
    push_u32(b, 0); /* the way to the vtable, known below */
    if (b->failed)
        return 0;
    size_t table = b->len, size = table - b->table;
    unsigned slots = HR_FBB_SLOTS;
    while (slots > 0 && b->slot[slots - 1] == 0)
        slots--;
    uint16_t vtable[2 + HR_FBB_SLOTS] = { (uint16_t)(4 + 2 * slots), (uint16_t)size };
    for (unsigned i = 0; i < slots; i++)
        vtable[2 + i] = b->slot[i] == 0 ? 0 : (uint16_t)(table - b->slot[i]);
    uint8_t *p = push(b, vtable[0]);
    if (p == NULL)
        return 0;
    memcpy(p, vtable, vtable[0]);
    uint32_t back = (uint32_t)(b->len - table); /* the vtable stands right before its table */
    memcpy(b->p + b->cap - table, &back, sizeof back);
    return (hr_fbref)table;
}

bool hr_fbb_finish(struct hr_fbb *b, hr_fbref root, const void **ret_p, size_t *ret_n)
{
    b->failed |= b->open || root == 0;
    align_for(b, 4, 8);
    push_ref(b, root);
    if (b->failed)
        return false;
    *ret_p = b->p + b->cap - b->len;
    *ret_n = b->len;
    return true;
}

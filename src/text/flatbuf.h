/* FlatBuffers, as much of them as Arrow's metadata needs: tables, vectors, structs and strings.
 *
 * Reading trusts nothing: every offset, length and size is checked against the buffer before a byte is touched, so any
 * bytes whatever may be given (I1).  Loops cannot be endless: what is reached through a reference is looked at once per
 * call, and it is the caller who bounds how deep it follows (I2).  Nothing is allocated; views point into the buffer.
 *
 * Building goes from the back to the front, as references in this format point forward: strings and children first, then
 * the table that holds them.  The bytes that come out depend on the calls alone.
 *
 * Format: the FlatBuffers internals page of the project of that name.  All numbers are little-endian. */
#ifndef HR_FLATBUF_H
#define HR_FLATBUF_H

#include "attr.h"
#include "str.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "headrace reads and writes little-endian bytes in place; this machine is big-endian"
#endif

/* --- reading --- */

/* A table whose position, vtable and inline size have been checked. */
struct hr_fb {
    const uint8_t *p; /* the buffer */
    uint32_t n;
    uint32_t at;      /* of the table */
    uint32_t vtable;
    uint16_t slots;   /* entries of the vtable */
    uint16_t size;    /* inline bytes of the table */
};

/* A vector of n entries of `elem` bytes each, all of them inside the buffer. */
struct hr_fb_vec {
    const uint8_t *p; /* the buffer */
    uint32_t size;    /* of the buffer */
    uint32_t at;      /* of entry 0 */
    uint32_t n;       /* 0 as well when the field is absent */
    uint32_t elem;
};

/* The root table of a buffer of n bytes.  Each function returns false for malformed bytes and leaves *ret untouched. */
bool hr_fb_root(const void *p, size_t n, struct hr_fb *ret) HR_MUST_USE;
/* A scalar of `size` (1, 2, 4 or 8) bytes in vtable entry `slot`, sign-extended; `otherwise` where it is absent. */
bool hr_fb_int(const struct hr_fb *t, unsigned slot, unsigned size, int64_t otherwise, int64_t *ret) HR_MUST_USE;
/* A table in `slot`.  *ret_there false = absent, which is no error. */
bool hr_fb_table(const struct hr_fb *t, unsigned slot, struct hr_fb *ret, bool *ret_there) HR_MUST_USE;
/* A string; absent gives p == NULL. Terminated by a 0 that n leaves out, but may hold zeros itself. */
bool hr_fb_str(const struct hr_fb *t, unsigned slot, struct hr_str *ret) HR_MUST_USE;
/* A vector of scalars, structs (`elem` bytes each) or references (elem 4). */
bool hr_fb_vec(const struct hr_fb *t, unsigned slot, uint32_t elem, struct hr_fb_vec *ret) HR_MUST_USE;
/* Entry i (< n) of a vector of tables. */
bool hr_fb_vec_table(const struct hr_fb_vec *v, uint32_t i, struct hr_fb *ret) HR_MUST_USE;

/* Entry i (< n) of a vector of structs; unaligned, so read it with hr_fb_i32/hr_fb_i64. */
static inline const uint8_t *hr_fb_vec_at(const struct hr_fb_vec *v, uint32_t i)
{
    return v->p + v->at + (size_t)i * v->elem;
}

static inline int32_t hr_fb_i32(const uint8_t *p)
{
    int32_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

static inline int64_t hr_fb_i64(const uint8_t *p)
{
    int64_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

/* --- building --- */

enum { HR_FBB_SLOTS = 16 };

/* What has been built lies in the last `len` bytes of `p`.  A reference is the number of bytes from a thing's beginning to
 * the end of the buffer (0 is none).  A refused allocation or a call out of place sets `failed`; check it once, at the
 * end, by hr_fbb_finish. */
struct hr_fbb {
    uint8_t *p;
    size_t cap, len, ceiling;
    uint32_t slot[HR_FBB_SLOTS]; /* of the open table: where each value begins, as a reference; 0 = absent */
    size_t table;                /* len when the open table was begun */
    bool open, failed;
};
typedef uint32_t hr_fbref;

#define HR_FBB_INIT(limit) ((struct hr_fbb){ .ceiling = (limit) })

void hr_fbb_fini(struct hr_fbb *b);
void hr_fbb_reset(struct hr_fbb *b); /* empty, keeps the memory */

hr_fbref hr_fbb_str(struct hr_fbb *b, struct hr_str s);
/* n entries of `elem` bytes, aligned to `align` (a power of two, at most 8). */
hr_fbref hr_fbb_vec(struct hr_fbb *b, const void *entries, size_t n, size_t elem, size_t align);
hr_fbref hr_fbb_vec_refs(struct hr_fbb *b, const hr_fbref *refs, size_t n);

/* One table at a time: begin, values in any order, end. */
void hr_fbb_begin(struct hr_fbb *b);
void hr_fbb_int(struct hr_fbb *b, unsigned slot, unsigned size, int64_t v); /* written also when it is a default */
void hr_fbb_ref(struct hr_fbb *b, unsigned slot, hr_fbref ref);             /* a reference of 0 leaves it absent */
hr_fbref hr_fbb_end(struct hr_fbb *b);

/* Puts the root in front; the whole is a multiple of 8 bytes and its alignment holds when *ret_p is put at such an
 * address.  False: something failed before.  The bytes are the builder's until reset or fini. */
bool hr_fbb_finish(struct hr_fbb *b, hr_fbref root, const void **ret_p, size_t *ret_n) HR_MUST_USE;

#endif

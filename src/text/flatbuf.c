#include "flatbuf.h"

#include "mem.h"
#include "num.h"

#include <string.h>

/* Loads below are made after a range check, from addresses of any alignment. */
static uint16_t u16_at(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t u32_at(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static bool table_at(const uint8_t *p, uint32_t n, uint64_t at, struct hr_fb *ret)
{
    if (!hr_range_ok(at, 4, n))
        return false;
    int64_t vtable = (int64_t)at - hr_fb_i32(p + at);
    if (vtable < 0 || !hr_range_ok((uint64_t)vtable, 4, n))
        return false;
    uint16_t vtable_size = u16_at(p + vtable), size = u16_at(p + vtable + 2);
    if (vtable_size < 4 || vtable_size % 2 != 0 || !hr_range_ok((uint64_t)vtable, vtable_size, n))
        return false;
    if (size < 4 || !hr_range_ok(at, size, n))
        return false;
    *ret = (struct hr_fb){ p, n, (uint32_t)at, (uint32_t)vtable, (uint16_t)(vtable_size / 2 - 2), size };
    return true;
}

/* The place that the reference stored at `at` leads to. */
static bool follow(const uint8_t *p, uint32_t n, uint64_t at, uint64_t *ret)
{
    if (!hr_range_ok(at, 4, n))
        return false;
    uint64_t to = at + u32_at(p + at);
    if (to == at || to >= n)
        return false;
    *ret = to;
    return true;
}

bool hr_fb_root(const void *p, size_t n, struct hr_fb *ret)
{
    uint64_t at = 0;
    return n <= INT32_MAX && follow(p, (uint32_t)n, 0, &at) && table_at(p, (uint32_t)n, at, ret);
}

/* Where the value of `slot` lies in the buffer; 0 = absent (position 0 holds the root reference, never a value). */
static bool slot_at(const struct hr_fb *t, unsigned slot, unsigned size, uint32_t *ret)
{
    uint16_t off = slot < t->slots ? u16_at(t->p + t->vtable + 4 + 2 * slot) : 0;
    if (off != 0 && (off < 4 || !hr_range_ok(off, size, t->size)))
        return false;
    *ret = off == 0 ? 0 : t->at + off;
    return true;
}

bool hr_fb_int(const struct hr_fb *t, unsigned slot, unsigned size, int64_t otherwise, int64_t *ret)
{
    uint32_t at;
    if (!slot_at(t, slot, size, &at))
        return false;
    if (at == 0) {
        *ret = otherwise;
        return true;
    }
    switch (size) {
    case 1:
        *ret = (int8_t)t->p[at];
        return true;
    case 2:
        *ret = (int16_t)u16_at(t->p + at);
        return true;
    case 4:
        *ret = hr_fb_i32(t->p + at);
        return true;
    case 8:
        *ret = hr_fb_i64(t->p + at);
        return true;
    default:
        return false;
    }
}

bool hr_fb_table(const struct hr_fb *t, unsigned slot, struct hr_fb *ret, bool *ret_there)
{
    uint32_t at;
    uint64_t to;
    if (!slot_at(t, slot, 4, &at))
        return false;
    if (at != 0 && (!follow(t->p, t->n, at, &to) || !table_at(t->p, t->n, to, ret)))
        return false;
    *ret_there = at != 0;
    return true;
}

bool hr_fb_vec(const struct hr_fb *t, unsigned slot, uint32_t elem, struct hr_fb_vec *ret)
{
    uint32_t at;
    uint64_t to;
    if (!slot_at(t, slot, 4, &at))
        return false;
    if (at == 0) {
        *ret = (struct hr_fb_vec){ t->p, t->n, 0, 0, elem };
        return true;
    }
    if (!follow(t->p, t->n, at, &to) || !hr_range_ok(to, 4, t->n))
        return false;
    uint32_t n = u32_at(t->p + to);
    if (!hr_range_ok(to + 4, (uint64_t)n * elem, t->n))
        return false;
    *ret = (struct hr_fb_vec){ t->p, t->n, (uint32_t)to + 4, n, elem };
    return true;
}

bool hr_fb_str(const struct hr_fb *t, unsigned slot, struct hr_str *ret)
{
    struct hr_fb_vec v;
    if (!hr_fb_vec(t, slot, 1, &v))
        return false;
    if (v.at == 0) {
        *ret = (struct hr_str){ NULL, 0 };
        return true;
    }
    if (v.at + v.n >= v.size || v.p[v.at + v.n] != 0)
        return false;
    *ret = (struct hr_str){ (const char *)v.p + v.at, v.n };
    return true;
}

bool hr_fb_vec_table(const struct hr_fb_vec *v, uint32_t i, struct hr_fb *ret)
{
    uint64_t to;
    return i < v->n && v->elem == 4 && follow(v->p, v->size, v->at + (uint64_t)i * 4, &to) &&
           table_at(v->p, v->size, to, ret);
}

#include "image_diff.h"

#include <string.h>

static bool leb(struct hr_buf *out, size_t v)
{
    char b[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        b[n++] = (char)(v | 0x80);
    b[n++] = (char)v;
    return hr_buf_add(out, b, n);
}

static bool equal8(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y = 0;
    memcpy(&x, a, 8);
    if (b != NULL)
        memcpy(&y, b, 8);
    return x == y;
}

bool hr_image_pack(const uint8_t *image, const uint8_t *base, size_t n, struct hr_buf *out)
{
    enum { JOIN = 2 }; /* fewer equal bytes than this are cheaper inside of a run */
    for (size_t i = 0; i < n;) {
        size_t from = i;
        while (i + 8 <= n && equal8(image + i, base != NULL ? base + i : NULL)) /* nearly all of it, nearly always */
            i += 8;
        while (i < n && image[i] == (base != NULL ? base[i] : 0))
            i++;
        size_t begin = i, end = i;
        for (; i < n && i - end <= JOIN; i++)
            if (image[i] != (base != NULL ? base[i] : 0))
                end = i + 1;
        if (!leb(out, begin - from) || !leb(out, end - begin))
            return false;
        char *to = hr_buf_reserve(out, end - begin);
        if (to == NULL)
            return false;
        for (size_t k = begin; k < end; k++)
            to[k - begin] = (char)(image[k] ^ (base != NULL ? base[k] : 0));
        hr_buf_commit(out, end - begin);
        i = end;
    }
    return true;
}

static bool unleb(const uint8_t **p, const uint8_t *end, size_t *ret)
{
    size_t v = 0;
    for (unsigned shift = 0; shift < 28 && *p < end; shift += 7) {
        uint8_t b = *(*p)++;
        v |= (size_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

bool hr_image_unpack(const uint8_t *p, size_t len, const uint8_t *base, size_t n, uint8_t *to)
{
    const uint8_t *end = p + len;
    size_t at = 0, same, other;
    if (base != NULL)
        memcpy(to, base, n);
    else
        memset(to, 0, n);
    while (at < n) {
        if (!unleb(&p, end, &same) || !unleb(&p, end, &other) || same > n - at || other > n - at - same || other > (size_t)(end - p) ||
            same + other == 0)
            return false;
        at += same;
        for (size_t k = 0; k < other; k++)
            to[at + k] ^= p[k];
        at += other;
        p += other;
    }
    return p == end;
}

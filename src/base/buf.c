#include "buf.h"

#include "mem.h"

#include <stdio.h>
#include <string.h>

void hr_buf_fini(struct hr_buf *b)
{
    if (b->cap != 0)
        hr_free(b->data);
    *b = HR_BUF_INIT(b->ceiling);
}

void hr_buf_reset(struct hr_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->cap != 0)
        b->data[0] = 0;
}

char *hr_buf_reserve(struct hr_buf *b, size_t n)
{
    size_t need;
    if (__builtin_add_overflow(b->len, n, &need) || need > b->ceiling || need == SIZE_MAX)
        goto refused;
    if (need + 1 > b->cap) {
        size_t cap = HR_MAX(need + 1, HR_MIN(b->cap + b->cap / 2, b->ceiling));
        cap = HR_MAX(cap, (size_t)64);
        char *p = hr_realloc(b->cap != 0 ? b->data : NULL, cap);
        if (p == NULL)
            goto refused;
        b->data = p;
        b->cap = cap;
        b->data[b->len] = 0;
    }
    return b->data + b->len;
refused:
    b->failed = true;
    return NULL;
}

void hr_buf_commit(struct hr_buf *b, size_t n)
{
    assert(b->len + n < b->cap || n == 0);
    b->len += n;
    if (b->cap != 0)
        b->data[b->len] = 0;
}

bool hr_buf_add(struct hr_buf *b, const void *p, size_t n)
{
    char *to = hr_buf_reserve(b, n);
    if (to == NULL)
        return false;
    if (n != 0)
        memcpy(to, p, n);
    hr_buf_commit(b, n);
    return true;
}

bool hr_buf_adds(struct hr_buf *b, const char *s)
{
    return hr_buf_add(b, s, strlen(s));
}

bool hr_buf_addc(struct hr_buf *b, char c)
{
    return hr_buf_add(b, &c, 1);
}

bool hr_buf_pad(struct hr_buf *b, size_t n, char fill)
{
    char *to = hr_buf_reserve(b, n);
    if (to == NULL)
        return false;
    memset(to, fill, n);
    hr_buf_commit(b, n);
    return true;
}

bool hr_buf_vprintf(struct hr_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *to = n < 0 ? NULL : hr_buf_reserve(b, (size_t)n);
    if (to == NULL) {
        b->failed = true;
        return false;
    }
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    hr_buf_commit(b, (size_t)n);
    return true;
}

bool hr_buf_printf(struct hr_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = hr_buf_vprintf(b, fmt, ap);
    va_end(ap);
    return ok;
}

char *hr_buf_take(struct hr_buf *b)
{
    char *p = b->cap != 0 ? b->data : NULL;
    *b = HR_BUF_INIT(b->ceiling);
    return p;
}

/* Growing bytes with a ceiling given at birth.  A failed append leaves the contents as they were and sets `failed`,
 * so a row of appends may be checked once at the end.  `data` is always terminated by a 0 that `len` leaves out. */
#ifndef HR_BUF_H
#define HR_BUF_H

#include "attr.h"
#include "str.h"

#include <stdarg.h>

struct hr_buf {
    char *data; /* never NULL to readers: points to "" while empty */
    size_t len, cap, ceiling;
    bool failed; /* an append was refused: out of memory or past the ceiling */
};

#define HR_BUF_INIT(limit) ((struct hr_buf){ (char *)"", 0, 0, (limit), false })

void hr_buf_fini(struct hr_buf *b);
void hr_buf_reset(struct hr_buf *b); /* empty, keeps the memory, clears `failed` */
/* Room for n more bytes; returns where to write them, or NULL.  Follow with hr_buf_commit. */
char *hr_buf_reserve(struct hr_buf *b, size_t n) HR_MUST_USE;
void hr_buf_commit(struct hr_buf *b, size_t n);
bool hr_buf_add(struct hr_buf *b, const void *p, size_t n);
bool hr_buf_adds(struct hr_buf *b, const char *s);
bool hr_buf_addc(struct hr_buf *b, char c);
bool hr_buf_pad(struct hr_buf *b, size_t n, char fill); /* appends n bytes of `fill` */
bool hr_buf_printf(struct hr_buf *b, const char *fmt, ...) HR_PRINTF(2, 3);
bool hr_buf_vprintf(struct hr_buf *b, const char *fmt, va_list ap) HR_PRINTF(2, 0);
/* Moves the bytes out; freed with hr_free.  NULL when nothing was ever allocated. */
char *hr_buf_take(struct hr_buf *b);

static inline struct hr_str hr_buf_str(const struct hr_buf *b)
{
    return (struct hr_str){ b->data, b->len };
}

#endif

#include "tar.h"

#include <stdio.h>
#include <string.h>

/* As GNU tar and every other understands it: a pax header precedes an entry only when its name or target does not fit. */

enum { NAME_N = 100, PREFIX_N = 155, RECORD_MAX = HR_TAR_NAME_MAX + 64 };

struct header { /* POSIX.1-1988 */
    char name[100], mode[8], uid[8], gid[8], size[12], changed[12], sum[8], type, target[100], magic[6], version[2];
    char uname[32], gname[32], major[8], minor[8], prefix[155], fill[12];
};
_Static_assert(sizeof(struct header) == HR_TAR_BLOCK, "a header is one block");

static void octal(char *to, size_t n, uint64_t v)
{
    to[n - 1] = 0;
    for (size_t i = n - 1; i-- > 0; v >>= 3)
        to[i] = (char)('0' + (v & 7));
}

static void put(struct hr_buf *out, struct header *h, char type, uint64_t size)
{
    unsigned sum = 0;
    h->type = type;
    octal(h->size, sizeof h->size, size);
    memcpy(h->magic, "ustar", 6);
    memcpy(h->version, "00", 2);
    memset(h->sum, ' ', sizeof h->sum);
    for (size_t i = 0; i < sizeof *h; i++)
        sum += ((const unsigned char *)h)[i];
    octal(h->sum, 7, sum);
    hr_buf_add(out, h, sizeof *h);
}

static void data(struct hr_buf *out, struct hr_str s)
{
    if (s.n != 0)
        hr_buf_add(out, s.p, s.n);
    hr_buf_pad(out, (HR_TAR_BLOCK - s.n % HR_TAR_BLOCK) % HR_TAR_BLOCK, 0);
}

/* "LENGTH KEY=VALUE\n", where the length counts itself. */
static void record(struct hr_buf *b, const char *key, struct hr_str value)
{
    size_t body = strlen(key) + value.n + 3, n = body;
    for (size_t digits = 0, m = 1; m != digits; n = body + digits) {
        char text[24];
        m = digits;
        digits = (size_t)snprintf(text, sizeof text, "%zu", body + digits);
    }
    hr_buf_printf(b, "%zu %s=", n, key);
    hr_buf_add(b, value.p, value.n);
    hr_buf_addc(b, '\n');
}

/* A place to cut the name into prefix and name; 0: there is none. */
static size_t cut(struct hr_str name)
{
    for (size_t i = HR_MIN(name.n, (size_t)PREFIX_N + 1); i-- > 1;)
        if (name.p[i] == '/' && name.n - i - 1 <= NAME_N && name.n - i - 1 > 0)
            return i;
    return 0;
}

void hr_tar_add(struct hr_buf *out, const struct hr_tar_entry *e)
{
    struct header h = { 0 };
    struct hr_buf name = HR_BUF_INIT(HR_TAR_NAME_MAX + 2), extended = HR_BUF_INIT(2 * RECORD_MAX);
    hr_buf_add(&name, e->name.p, e->name.n);
    if (e->kind == HR_TAR_DIR)
        hr_buf_addc(&name, '/');
    octal(h.mode, sizeof h.mode, e->mode & 07777);
    octal(h.uid, sizeof h.uid, HR_MIN(e->uid, 07777777u));
    octal(h.gid, sizeof h.gid, HR_MIN(e->gid, 07777777u));
    octal(h.changed, sizeof h.changed, HR_MIN(e->changed, (uint64_t)077777777777));
    struct header x = h;
    size_t at = name.len <= NAME_N ? 0 : cut(hr_buf_str(&name));
    if (name.len > NAME_N && at == 0)
        record(&extended, "path", hr_buf_str(&name));
    if (e->kind == HR_TAR_LINK && e->target.n > sizeof h.target)
        record(&extended, "linkpath", e->target);
    if (extended.len != 0) {
        memcpy(x.name, "././@PaxHeader", 14);
        put(out, &x, 'x', extended.len);
        data(out, hr_buf_str(&extended));
    }
    if (at != 0) {
        memcpy(h.prefix, name.data, at);
        memcpy(h.name, name.data + at + 1, name.len - at - 1);
    } else {
        memcpy(h.name, name.data, HR_MIN(name.len, (size_t)NAME_N));
    }
    if (e->kind == HR_TAR_LINK)
        memcpy(h.target, e->target.p, HR_MIN(e->target.n, sizeof h.target));
    struct hr_str bytes = e->kind == HR_TAR_FILE ? e->data : (struct hr_str) { "", 0 };
    put(out, &h, e->kind == HR_TAR_LINK ? '2' : e->kind == HR_TAR_DIR ? '5' : '0', bytes.n);
    data(out, bytes);
    out->failed |= name.failed || extended.failed || name.len == 0;
    hr_buf_fini(&extended);
    hr_buf_fini(&name);
}

void hr_tar_finish(struct hr_buf *out)
{
    hr_buf_pad(out, 2 * HR_TAR_BLOCK, 0);
}

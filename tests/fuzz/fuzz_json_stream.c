/* A JSON stream cut into pieces: the first byte is the size of the pieces, the second the form.  Pieces laid end to end are
 * the input, each but the last ends behind a whole sample, and the split agrees with a plain count of brackets. */
#include "decimal.h"
#include "json_split.h"
#include "json_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends of values down to `floor`, with the plainest code there is. */
static uint64_t plainly(const char *p, size_t n, uint64_t floor, uint64_t *ret_depth)
{
    uint64_t depth = floor, hits = 0;
    bool string = false, escaped = false;
    for (size_t i = 0; i < n; i++) {
        if (string) {
            string = escaped || p[i] != '"';
            escaped = !escaped && p[i] == '\\';
            continue;
        }
        string = p[i] == '"';
        depth += p[i] == '[' || p[i] == '{';
        if (p[i] == ']' || p[i] == '}') {
            depth -= depth > 0;
            hits += depth <= floor;
        }
    }
    *ret_depth = depth;
    return hits;
}

static void split(const char *p, size_t n, size_t step)
{
    struct hr_split s = { .depth = 1 };
    uint64_t depth, hits = 0, want = plainly(p, n, 1, &depth);
    for (size_t at = 0, end; at < n; at = end) {
        end = HR_MIN(n, at + step);
        while (at < end) {
            bool hit;
            at += hr_split(&s, p + at, end - at, 1, &hit);
            hits += hit;
        }
    }
    if (hits != want || s.depth != depth)
        abort();
}

static void stream(const char *path, const char *text, size_t n, size_t step, enum hr_json_form form)
{
    struct hr_json_pool pool;
    struct hr_json_stream *s;
    struct hr_json_text *t;
    struct hr_json_piece piece;
    hr_json_pool_init(&pool);
    if (hr_json_stream_open(path, form, step, 1 << 20, &pool, &s, NULL) < 0)
        abort();
    size_t at = 0;
    bool last = false;
    while (hr_json_stream_next(s, &t, &piece, NULL) == 1) {
        if (last || piece.offset != at || piece.n > n - at || memcmp(piece.p, text + at, piece.n) != 0 || piece.first != (at == 0))
            abort();
        at += piece.n;
        last = piece.last;
        hr_json_text_put(&pool, t);
    }
    if (at != n)
        abort();
    hr_json_stream_close(s);
    hr_json_pool_fini(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    if (size < 2 || size > 60000)
        return 0;
    if (fd < 0) { /* in memory: a busy disk would look like a hang */
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    hr_decimal_init();
    const char *text = (const char *)data + 2;
    size_t n = size - 2, step = (size_t)data[0] + 1;
    split(text, n, step);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, text, n, 0) != (ssize_t)n)
        abort();
    stream(path, text, n, step, (enum hr_json_form)(data[1] & 3));
    return 0;
}

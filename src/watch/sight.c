#include "sight.h"

#include "file.h"
#include "mem.h"
#include "procfs.h"

#include <stdio.h>
#include <string.h>

/* A file of many records comes in pieces of about a page: less than this is the last piece. */
enum { LAST_PIECE = 3000 };

int hr_sight_open(const struct hr_root *root, struct hr_sight *ret, struct hr_error *err)
{
    struct hr_sight s = { .root = root, .live = hr_root_is_live(root), .proc = -1 };
    s.room = hr_malloc(HR_SIGHT_ROOM);
    s.captured = hr_malloc(sizeof *s.captured);
    if (s.room == NULL || s.captured == NULL) {
        hr_free(s.room);
        hr_free(s.captured);
        return hr_fail_nomem(err, HR_SIGHT_ROOM, "the watcher's buffer");
    }
    *s.captured = HR_BUF_INIT(HR_SIGHT_ROOM);
    if (s.live)
        s.proc = hr_proc_folder();
    *ret = s;
    return 0;
}

void hr_sight_close(struct hr_sight *s)
{
    hr_close(s->proc < 0 ? -1 : s->proc);
    if (s->captured != NULL)
        hr_buf_fini(s->captured);
    hr_free(s->captured);
    hr_free(s->room);
    *s = (struct hr_sight) { .proc = -1 };
}

void hr_kept_file_close(struct hr_kept_file *k)
{
    if (k->fd > 0)
        hr_close(k->fd - 1);
    k->fd = 0;
}

static struct hr_str captured(struct hr_sight *s, const char *path)
{
    hr_buf_reset(s->captured);
    if (hr_root_read(s->root, path, s->captured, NULL) < 0)
        return (struct hr_str) { NULL, 0 };
    return hr_buf_str(s->captured);
}

struct hr_str hr_sight_read(struct hr_sight *s, struct hr_kept_file *k)
{
    struct hr_str none = { NULL, 0 };
    char path[HR_WORD_MAX];
    if (s->given != NULL)
        return s->given(s->ctx, k->path);
    if (!s->live)
        return captured(s, k->path);
    if (k->fd == 0) {
        snprintf(path, sizeof path, "/%s", k->path);
        int fd = hr_kept_open(path);
        s->calls++;
        k->fd = fd < 0 ? fd : fd + 1;
    }
    if (k->fd < 0)
        return none;
    size_t have = 0;
    for (int64_t got = LAST_PIECE; got >= LAST_PIECE && have < HR_SIGHT_ROOM;) {
        got = hr_kept_read_at(k->fd - 1, s->room + have, HR_SIGHT_ROOM - have, have);
        s->calls++;
        if (got < 0 && have == 0)
            return none;
        have += (size_t)HR_MAX(got, (int64_t)0);
    }
    return (struct hr_str) { s->room, have };
}

int64_t hr_sight_proc(struct hr_sight *s, int pid, const char *file, char *p, size_t n)
{
    s->calls += 3;
    return hr_proc_read(s->proc, pid, file, p, n);
}

bool hr_line(struct hr_str *text, struct hr_str *line)
{
    if (text->n == 0)
        return false;
    const char *nl = memchr(text->p, '\n', text->n);
    line->p = text->p;
    line->n = nl == NULL ? text->n : (size_t)(nl - text->p);
    size_t past = nl == NULL ? text->n : line->n + 1;
    text->p += past;
    text->n -= past;
    return true;
}

static bool is_key(struct hr_str line, const char *key, size_t n)
{
    return line.n > n && memcmp(line.p, key, n) == 0 && (line.p[n] == ':' || line.p[n] == ' ');
}

void hr_keyed(struct hr_str text, const char *const *keys, size_t n, uint64_t *values, bool *found)
{
    struct hr_str line;
    size_t next = 0, left = n;
    for (size_t i = 0; i < n; i++)
        found[i] = false;
    while (left != 0 && hr_line(&text, &line)) {
        size_t k = next;
        for (size_t tried = 0; tried < n; tried++, k = k + 1 == n ? 0 : k + 1) {
            /* Letters first: most keys differ in the first two. */
            if (line.n < 2 || keys[k][0] != line.p[0] || keys[k][1] != line.p[1] || found[k])
                continue;
            size_t len = strlen(keys[k]);
            if (!is_key(line, keys[k], len))
                continue;
            const char *p = line.p + len, *end = line.p + line.n;
            hr_blanks(&p, end);
            if (p == end || (unsigned)(*p - '0') >= 10)
                break;
            values[k] = hr_digits(&p, end);
            if (end - p >= 3 && memcmp(p, " kB", 3) == 0)
                values[k] *= 1024;
            found[k] = true;
            left--;
            next = k + 1 == n ? 0 : k + 1;
            break;
        }
    }
}

void hr_unset(struct hr_figure *f, const char *why)
{
    f->known = false;
    f->v = 0;
    size_t n = strlen(why);
    n = HR_MIN(n, sizeof f->why - 1);
    memcpy(f->why, why, n);
    f->why[n] = 0;
}

void hr_unset_real(struct hr_real *f, const char *why)
{
    struct hr_figure same;
    hr_unset(&same, why);
    f->known = false;
    f->v = 0;
    memcpy(f->why, same.why, sizeof f->why);
}

bool hr_delta(struct hr_count *c, uint64_t now, uint64_t *ret)
{
    bool ok = c->have && now >= c->last;
    *ret = ok ? now - c->last : 0;
    *c = (struct hr_count) { now, true };
    return ok;
}

struct hr_reading hr_rate(struct hr_count *c, uint64_t now, uint64_t span)
{
    uint64_t d;
    if (!hr_delta(c, now, &d) || span == 0)
        return HR_UNREAD(HR_WHY_FIRST);
    double r = (double)d * 1e9 / (double)span + 0.5;
    return r < 1e18 ? HR_READ(r) : HR_UNREAD(HR_WHY_FIRST); /* no counter moves so: it began anew */
}

void hr_rate_figure(struct hr_figure *f, struct hr_count *c, bool there, uint64_t now, uint64_t span, const char *why_not,
                    bool stands)
{
    struct hr_reading r = there ? hr_rate(c, now, span) : HR_UNREAD(HR_WHY_KERNEL);
    if (!there)
        hr_unset(f, why_not);
    else if (r.why == HR_WHY_KNOWN)
        hr_set(f, r.v);
    else
        hr_unset(f, hr_why_text(stands ? HR_WHY_CAPTURED : r.why));
}

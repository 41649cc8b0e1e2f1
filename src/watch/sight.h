/* Reading a machine again and again: on this machine descriptors that stay open and one buffer, on a captured root its files.
 * Also the small arithmetic of counters that become rates. */
#ifndef HR_SIGHT_H
#define HR_SIGHT_H

#include "model.h"
#include "root.h"

enum { HR_SIGHT_ROOM = 256 << 10 };

struct hr_sight {
    const struct hr_root *root;
    bool live;
    int proc;       /* /proc of this machine, -1 */
    uint64_t calls; /* system calls since the last reset */
    char *room;     /* HR_SIGHT_ROOM bytes, of the latest text */
    struct hr_buf *captured;
    struct hr_str (*given)(void *ctx, const char *path); /* for tests: what a file holds, instead of the machine's */
    void *ctx;
};

/* One file of the machine, without the leading slash.  Zero but for the path at birth. */
struct hr_kept_file {
    const char *path;
    int fd; /* 0: not tried yet, negative: -errno, else the descriptor + 1 */
};

int hr_sight_open(const struct hr_root *root, struct hr_sight *ret, struct hr_error *err) HR_MUST_USE;
void hr_sight_close(struct hr_sight *s);
void hr_kept_file_close(struct hr_kept_file *k);
/* The whole text (cut at the room), valid until the next call; .p NULL: it cannot be read. */
struct hr_str hr_sight_read(struct hr_sight *s, struct hr_kept_file *k);
/* /proc/PID/<file> of this machine into `p`: its length, or -errno. */
int64_t hr_sight_proc(struct hr_sight *s, int pid, const char *file, char *p, size_t n);

/* --- texts --- */
/* Digits at *p, past which *p moves; 0 where there are none. */
static inline uint64_t hr_digits(const char **p, const char *end)
{
    uint64_t v = 0;
    while (*p < end && (unsigned)(**p - '0') < 10)
        v = v * 10 + (uint64_t)(*(*p)++ - '0');
    return v;
}
static inline void hr_blanks(const char **p, const char *end)
{
    while (*p < end && (**p == ' ' || **p == '\t' || **p == ':'))
        ++*p;
}
/* The next number behind blanks. */
static inline uint64_t hr_number(const char **p, const char *end)
{
    hr_blanks(p, end);
    return hr_digits(p, end);
}
/* Cuts the next line off; false at the end. */
bool hr_line(struct hr_str *text, struct hr_str *line);

/* One value per key, of a text of lines "Key: 123 kB" or "key 123".  `keys` in the order of the file is quickest; values of
 * keys that are not there keep what they hold.  Those in kB are bytes afterwards. */
void hr_keyed(struct hr_str text, const char *const *keys, size_t n, uint64_t *values, bool *found);

/* --- values --- */
static inline void hr_set(struct hr_figure *f, uint64_t v)
{
    f->known = true;
    f->v = v;
    f->why[0] = 0;
}
static inline void hr_set_real(struct hr_real *f, double v)
{
    f->known = true;
    f->v = v;
    f->why[0] = 0;
}
void hr_unset(struct hr_figure *f, const char *why);
void hr_unset_real(struct hr_real *f, const char *why);

/* A counter on its way to be a rate. */
struct hr_count {
    uint64_t last;
    bool have;
};
/* Per second over `span` ns; a counter that went back (wrap, new device) begins anew. */
struct hr_reading hr_rate(struct hr_count *c, uint64_t now, uint64_t span);
/* The difference alone. */
bool hr_delta(struct hr_count *c, uint64_t now, uint64_t *ret);
void hr_rate_figure(struct hr_figure *f, struct hr_count *c, bool there, uint64_t now, uint64_t span, const char *why_not,
                    bool captured);

#endif

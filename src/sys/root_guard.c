#include "root_guard.h"

#include "arena.h"
#include "clock.h"
#include "machine.h"
#include "mem.h"
#include "process.h"

#include <string.h>
#include <sys/vfs.h>

enum { MOUNTS_MAX = 4096, MEMORY_MAX = 4 << 20 };

enum state { UNASKED, ANSWERS, SILENT };

struct place {
    struct hr_str at; /* the mount point without its leading slash; "" is the root */
    bool foreign;
    enum state state;
};

struct hr_root_guard {
    struct hr_arena arena;
    struct place *place;
    size_t n;
    uint64_t wait;
    int (*ask)(void *at, struct hr_buf *out);
};

static int ask_statfs(void *at, struct hr_buf *out)
{
    struct statfs fs;
    (void)out;
    return statfs(at, &fs) == 0 ? 0 : 1; /* an error is an answer, too */
}

/* "\040" and the like stand for blanks in a table of mounts. */
static const char *unescaped(struct hr_root_guard *g, struct hr_str s)
{
    char *to = hr_arena_str(&g->arena, s.p, s.n);
    size_t k = 0;
    for (size_t i = 0; to != NULL && i < s.n; k++) {
        bool octal = s.p[i] == '\\' && i + 3 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '3';
        to[k] = octal ? (char)((s.p[i + 1] - '0') << 6 | (s.p[i + 2] - '0') << 3 | (s.p[i + 3] - '0')) : s.p[i];
        i += octal ? 4 : 1;
    }
    if (to != NULL)
        to[k] = 0;
    return to;
}

static int read_mounts(struct hr_root_guard *g, struct hr_str text, struct hr_error *err)
{
    struct hr_str line, source, at, type;
    while (g->n < MOUNTS_MAX && text.n != 0 && hr_str_cut(&text, '\n', &line)) {
        char name[64];
        if (!hr_str_cut(&line, ' ', &source) || !hr_str_cut(&line, ' ', &at) || !hr_str_cut(&line, ' ', &type) || type.n >= sizeof name ||
            at.n == 0 || at.p[0] != '/')
            continue;
        memcpy(name, type.p, type.n);
        name[type.n] = 0;
        const char *path = unescaped(g, (struct hr_str) { at.p + 1, at.n - 1 });
        struct place *more = path == NULL ? NULL : hr_reallocarray(g->place, g->n + 1, sizeof *more);
        if (more == NULL)
            return hr_fail_nomem(err, at.n, "the table of mounts");
        g->place = more;
        g->place[g->n++] = (struct place) { hr_str(path), hr_fs_is_foreign(name), UNASKED };
    }
    return 0;
}

int hr_root_guard_open(struct hr_str mounts, uint64_t wait, int (*ask)(void *, struct hr_buf *), struct hr_root_guard **ret,
                       struct hr_error *err)
{
    struct hr_root_guard *g = hr_calloc(1, sizeof *g);
    if (g == NULL)
        return hr_fail_nomem(err, sizeof *g, "the table of mounts");
    g->arena = HR_ARENA_INIT(MEMORY_MAX);
    g->wait = wait;
    g->ask = ask != NULL ? ask : ask_statfs;
    int r = read_mounts(g, mounts, err);
    if (r < 0)
        hr_root_guard_close(g);
    else
        *ret = g;
    return r;
}

void hr_root_guard_close(struct hr_root_guard *g)
{
    if (g == NULL)
        return;
    hr_free(g->place);
    hr_arena_fini(&g->arena);
    hr_free(g);
}

static bool holds(struct hr_str at, struct hr_str path)
{
    return at.n == 0 || (path.n >= at.n && memcmp(path.p, at.p, at.n) == 0 && (path.n == at.n || path.p[at.n] == '/'));
}

/* Where no child can be started nothing is known, and the path is touched as it would be without a guard. */
static enum state ask(const struct hr_root_guard *g, const struct place *p)
{
    struct hr_buf at = HR_BUF_INIT(1 << 16), out = HR_BUF_INIT(16);
    struct hr_ran ran = { HR_END_EXIT, 0 };
    hr_buf_printf(&at, "/%.*s", HR_STR_ARG(p->at));
    int r = at.failed ? HR_E_NOMEM : hr_run_call(g->ask, at.data, hr_now() + g->wait, &out, &ran, NULL);
    hr_buf_fini(&at);
    hr_buf_fini(&out);
    return r == 0 && ran.end == HR_END_TIMEOUT ? SILENT : ANSWERS;
}

bool hr_root_guard_lets(struct hr_root_guard *g, const char *path)
{
    struct place *best = NULL;
    while (*path == '/')
        path++;
    struct hr_str s = hr_str(path);
    for (size_t i = 0; i < g->n; i++) /* a later mount lies over an earlier one */
        if ((best == NULL || g->place[i].at.n >= best->at.n) && holds(g->place[i].at, s))
            best = &g->place[i];
    if (best == NULL || !best->foreign || best->at.n == 0)
        return true;
    if (best->state == UNASKED)
        best->state = ask(g, best);
    return best->state == ANSWERS;
}

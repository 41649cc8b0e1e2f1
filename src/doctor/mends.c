#include "mends.h"

#include "mem.h"

#include <string.h>

/* --- the plan --- */

static const struct hr_mend_step *planned(const struct hr_mend_plan *p, const char *path)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->step[i].path, path) == 0)
            return &p->step[i];
    return NULL;
}

static int plan_one(const struct hr_mend *m, struct hr_mend_plan *p, struct hr_error *err)
{
    enum { FILE_MOST = 1 << 20 };
    struct hr_spot spot;
    int r = hr_spot_open(m->path, &spot, err);
    if (r < 0)
        return r;
    struct hr_mend_step *more = hr_reallocarray(p->step, p->n + 1, sizeof *more);
    if (more != NULL) {
        p->step = more;
        more += p->n;
        *more = (struct hr_mend_step) {
            m->path, m->does, { m->text, m->n }, HR_BUF_INIT(FILE_MOST), { false, 0, 0, 0 }
        };
        r = hr_spot_read(&spot, &more->before, &more->was, err);
        if (r < 0 || (more->was.exists && hr_str_eq(hr_buf_str(&more->before), more->after)))
            hr_buf_fini(&more->before);
        else
            p->n++;
    } else {
        r = hr_fail_nomem(err, sizeof *more, "the plan of what to mend");
    }
    hr_spot_close(&spot);
    return r;
}

int hr_mends_plan(const struct hr_diagnosis *d, struct hr_mend_plan *ret, struct hr_error *err)
{
    struct hr_mend_plan p = { NULL, 0, 0 };
    int r = 0;
    for (size_t i = 0; r == 0 && i < d->n; i++)
        for (const struct hr_mend *m = d->result[i].finding.mend; r == 0 && m != NULL; m = m->next) {
            const struct hr_mend_step *before = planned(&p, m->path);
            if (before == NULL)
                r = plan_one(m, &p, err);
            else if (!hr_str_eq(before->after, (struct hr_str) { m->text, m->n }))
                p.later++;
        }
    if (r == 0)
        *ret = p;
    else
        hr_mends_plan_fini(&p);
    return r;
}

void hr_mends_plan_fini(struct hr_mend_plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        hr_buf_fini(&p->step[i].before);
    hr_free(p->step);
    *p = (struct hr_mend_plan) { NULL, 0, 0 };
}

/* One line off the front, without its end. */
static struct hr_str front(struct hr_str *rest)
{
    struct hr_str line = { NULL, 0 };
    hr_str_cut(rest, '\n', &line);
    return line;
}

/* One line off the back, without its end. */
static struct hr_str back(struct hr_str *rest)
{
    size_t n = rest->n, at;
    n -= n != 0 && rest->p[n - 1] == '\n';
    for (at = n; at != 0 && rest->p[at - 1] != '\n';)
        at--;
    struct hr_str line = { rest->p + at, n - at };
    rest->n = at;
    return line;
}

static void marked(struct hr_buf *out, char mark, struct hr_str lines)
{
    struct hr_str line;
    while (lines.n != 0 && hr_str_cut(&lines, '\n', &line))
        hr_buf_printf(out, "%c %.*s\n", mark, HR_STR_ARG(line));
}

void hr_mends_difference(const struct hr_mend_step *s, struct hr_buf *out)
{
    struct hr_str a = hr_buf_str(&s->before), b = s->after;
    for (;;) { /* what both begin with */
        struct hr_str x = a, y = b;
        if (a.n == 0 || b.n == 0 || !hr_str_eq(front(&x), front(&y)))
            break;
        a = x, b = y;
    }
    for (;;) { /* what both end with */
        struct hr_str x = a, y = b;
        if (a.n == 0 || b.n == 0 || !hr_str_eq(back(&x), back(&y)))
            break;
        a = x, b = y;
    }
    marked(out, '-', a);
    marked(out, '+', b);
}

int hr_mends_state(const struct hr_root *root, struct hr_buf *dir, struct hr_error *err)
{
    struct hr_buf home = HR_BUF_INIT(4096);
    int r = 0;
    if (hr_root_env(root, "XDG_STATE_HOME", &home) && home.len != 0 && home.data[0] == '/') {
        hr_buf_printf(dir, "%s/headrace", home.data);
    } else {
        hr_buf_reset(&home);
        if (hr_root_env(root, "HOME", &home) && home.len != 0 && home.data[0] == '/')
            hr_buf_printf(dir, "%s/.local/state/headrace", home.data);
        else
            r = hr_fail(err, HR_E_NOT_FOUND, "neither HOME nor XDG_STATE_HOME is set: there is nowhere to keep the way back");
    }
    hr_buf_fini(&home);
    return r == 0 && dir->failed ? hr_fail_nomem(err, 4096, "a folder's name") : r;
}

#include "told_paths.h"

#include "mem.h"

enum { TEXT_MAX = 1 << 20 };

struct named {
    const char *const *path;
    size_t n;
};

static int tell(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    const struct named *w = ctx;
    for (size_t i = 0; i < w->n; i++)
        hr_buf_printf(text, "%s\n", w->path[i]);
    return text->failed ? hr_fail_nomem(err, text->len, "the paths") : 0;
}

/* Cuts the lines of the text into strings. */
static int cut(struct hr_told_paths *p, struct hr_error *err)
{
    size_t lines = 0;
    for (size_t i = 0; i < p->text.len; i++)
        lines += p->text.data[i] == '\n';
    p->path = lines == 0 ? NULL : hr_calloc(lines, sizeof *p->path);
    if (lines != 0 && p->path == NULL)
        return hr_fail_nomem(err, lines * sizeof *p->path, "the paths");
    for (size_t i = 0, from = 0; i < p->text.len; i++)
        if (p->text.data[i] == '\n') {
            p->text.data[i] = 0;
            p->path[p->n++] = p->text.data + from;
            from = i + 1;
        }
    return 0;
}

int hr_told_paths(const struct hr_root *root, const char *const *path, size_t n, struct hr_told_paths *ret,
                  struct hr_error *err)
{
    struct named w = { path, n };
    struct hr_told_paths p = { HR_BUF_INIT(TEXT_MAX), NULL, 0 };
    bool live = hr_root_is_live(root);
    int r = 0;
    if (live == (n != 0)) {
        r = hr_root_answer(root, "paths", tell, &w, &p.text, err);
        r = !live && r == HR_E_NOT_FOUND ? 0 : r;
    }
    if (r == 0 && !live && n == 0)
        r = cut(&p, err);
    if (r < 0 || live)
        hr_told_paths_fini(&p);
    if (r == 0)
        *ret = p;
    return r;
}

void hr_told_paths_fini(struct hr_told_paths *p)
{
    hr_free(p->path);
    hr_buf_fini(&p->text);
    *p = (struct hr_told_paths) { HR_BUF_INIT(TEXT_MAX), NULL, 0 };
}

#include "finding.h"

#include "mem.h"

#include <stdarg.h>
#include <string.h>

enum { PART_MAX = 1 << 20, MEND_MAX = 1 << 20 };

const char *hr_verdict_name(enum hr_verdict v)
{
    static const char *const name[] = { "not here", "unknown", "ok", "note", "warn", "fail" };
    return name[v];
}

void hr_finding_init(struct hr_finding *f)
{
    *f = (struct hr_finding) {
        HR_UNKNOWN, HR_BUF_INIT(PART_MAX), HR_BUF_INIT(PART_MAX), HR_BUF_INIT(PART_MAX), HR_BUF_INIT(PART_MAX), NULL, HR_BUF_INIT(PART_MAX)
    };
}

void hr_finding_fini(struct hr_finding *f)
{
    hr_buf_fini(&f->say);
    hr_buf_fini(&f->seen);
    hr_buf_fini(&f->fix);
    hr_buf_fini(&f->undo);
    hr_buf_fini(&f->quoted);
    while (f->mend != NULL) {
        struct hr_mend *m = f->mend;
        f->mend = m->next;
        hr_free(m->path);
        hr_free(m->does);
        hr_free(m->text);
        hr_free(m);
    }
}

bool hr_finding_failed(const struct hr_finding *f)
{
    return f->say.failed || f->seen.failed || f->fix.failed || f->undo.failed || f->quoted.failed;
}

void hr_find(struct hr_finding *f, enum hr_verdict v, const char *say, ...)
{
    va_list ap;
    f->verdict = v;
    hr_buf_reset(&f->say);
    va_start(ap, say);
    hr_buf_vprintf(&f->say, say, ap);
    va_end(ap);
}

HR_PRINTF(2, 0) static void line(struct hr_buf *b, const char *fmt, va_list ap)
{
    hr_buf_vprintf(b, fmt, ap);
    if (b->len != 0 && b->data[b->len - 1] != '\n')
        hr_buf_addc(b, '\n');
}

void hr_seen(struct hr_finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line(&f->seen, fmt, ap);
    va_end(ap);
}

void hr_fix(struct hr_finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line(&f->fix, fmt, ap);
    va_end(ap);
}

void hr_undo(struct hr_finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line(&f->undo, fmt, ap);
    va_end(ap);
}

const char *hr_quoted(struct hr_finding *f, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@,=";
    hr_buf_reset(&f->quoted);
    if (path[0] != 0 && path[0] != '-' && path[strspn(path, plain)] == 0)
        return hr_buf_adds(&f->quoted, path), f->quoted.data;
    hr_buf_adds(&f->quoted, path[0] == '-' ? "./'" : "'");
    for (; *path != 0; path++)
        if (*path == '\'')
            hr_buf_adds(&f->quoted, "'\\''");
        else
            hr_buf_addc(&f->quoted, *path);
    hr_buf_addc(&f->quoted, '\'');
    return f->quoted.data;
}

void hr_mend_file(struct hr_finding *f, const char *path, struct hr_str text, const char *does, ...)
{
    struct hr_buf what = HR_BUF_INIT(4096);
    va_list ap;
    va_start(ap, does);
    hr_buf_vprintf(&what, does, ap);
    va_end(ap);
    struct hr_mend *m = text.n > MEND_MAX ? NULL : hr_calloc(1, sizeof *m);
    if (m != NULL) {
        m->path = hr_strdup(path);
        m->does = hr_strdup(what.data);
        m->text = hr_malloc(text.n + 1);
    }
    if (m == NULL || m->path == NULL || m->does == NULL || m->text == NULL) {
        f->say.failed = true;
        if (m != NULL) {
            hr_free(m->path);
            hr_free(m->does);
            hr_free(m->text);
            hr_free(m);
        }
    } else {
        memcpy(m->text, text.p, text.n);
        m->text[text.n] = 0;
        m->n = text.n;
        m->next = f->mend;
        f->mend = m;
    }
    hr_buf_fini(&what);
}

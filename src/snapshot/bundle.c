#include "bundle.h"

#include "root_field.h"
#include "tar.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LINES_MAX = 16 << 20, PATH_MAX_BYTES = 64 << 10, KINDS = HR_ROOT_ANSWER + 1, FAILED = HR_ROOT_ANSWER, PART_MAX = 255 };

void hr_bundle_init(struct hr_bundle *b, const char *folder, uint64_t when, struct hr_redact *redact)
{
    *b = (struct hr_bundle) { HR_BUF_INIT(HR_BUNDLE_MAX), folder, when, redact, 0, 0 };
}

void hr_bundle_fini(struct hr_bundle *b)
{
    hr_buf_fini(&b->tar);
}

static int no_room(const struct hr_bundle *b, struct hr_error *err)
{
    return hr_fail_nomem(err, b->tar.len, "the snapshot");
}

static void put(struct hr_bundle *b, enum hr_tar_kind kind, struct hr_str path, struct hr_str data)
{
    struct hr_buf name = HR_BUF_INIT(PATH_MAX_BYTES);
    hr_buf_printf(&name, "%s%s%.*s", b->folder, path.n != 0 ? "/" : "", HR_STR_ARG(path));
    struct hr_tar_entry e = { .kind = kind,
                              .name = hr_buf_str(&name),
                              .data = data,
                              .mode = kind == HR_TAR_DIR ? 0755 : 0644,
                              .changed = b->when };
    hr_tar_add(&b->tar, &e);
    b->tar.failed |= name.failed;
    hr_buf_fini(&name);
}

/* The folder that all of it stands in comes first. */
static void begin(struct hr_bundle *b)
{
    if (b->tar.len == 0)
        put(b, HR_TAR_DIR, (struct hr_str) { "", 0 }, (struct hr_str) { "", 0 });
}

int hr_bundle_file(struct hr_bundle *b, const char *path, struct hr_str text, struct hr_error *err)
{
    begin(b);
    put(b, HR_TAR_FILE, hr_str(path), text);
    return b->tar.failed ? no_room(b, err) : 0;
}

/* --- lines --- */

struct lines {
    struct hr_buf kind[KINDS]; /* the files below headrace/; the last is "failed" */
    struct hr_buf path, text;  /* redacted, of the one at hand */
};

static void line(struct hr_buf *to, struct hr_str first, struct hr_str rest)
{
    hr_field_add(to, first);
    hr_buf_addc(to, ' ');
    hr_buf_add(to, rest.p, rest.n);
    hr_buf_addc(to, '\n');
}

/* Every field is read, redacted, and written again. */
static bool fields(struct hr_bundle *b, struct hr_str text, struct hr_buf *out)
{
    struct hr_buf plain = HR_BUF_INIT(LINES_MAX), clean = HR_BUF_INIT(LINES_MAX);
    struct hr_str field;
    bool ok = true;
    for (size_t i = 0; ok && text.n != 0 && hr_str_cut(&text, ' ', &field); i++) {
        hr_buf_reset(&plain);
        hr_buf_reset(&clean);
        ok = (i == 0 || hr_buf_addc(out, ' ')) && hr_field_read(field, &plain) &&
             hr_redact_text(b->redact, hr_buf_str(&plain), &clean) && hr_field_add(out, hr_buf_str(&clean));
    }
    hr_buf_fini(&plain);
    hr_buf_fini(&clean);
    return ok;
}

/* The value of a variable that carries a secret is not kept whatever it is; only whether it is empty. */
static bool variable(struct hr_bundle *b, const struct hr_recorded *e, struct hr_buf *out)
{
    bool ok = fields(b, (struct hr_str) { e->text, e->n }, out);
    struct hr_str value = hr_buf_str(out);
    if (!ok || !hr_redact_is_secret_name(hr_str(e->path)) || hr_str_is(value, "%") || hr_str_starts(value, "redacted-"))
        return ok;
    hr_buf_reset(out);
    return hr_buf_adds(out, "redacted-0");
}

static bool add_line(struct hr_bundle *b, const struct hr_recorded *e, struct lines *l)
{
    struct hr_str text = { e->text != NULL ? e->text : "", e->n };
    hr_buf_reset(&l->text);
    bool ok = e->what == HR_ROOT_ENV                                                                   ? variable(b, e, &l->text)
              : e->what == HR_ROOT_STAT || e->what == HR_ROOT_LSTAT || e->what == HR_ROOT_STATFS || e->what == HR_ROOT_EXISTS
                  ? hr_buf_add(&l->text, text.p, text.n)
                  : fields(b, text, &l->text);
    if (ok)
        line(&l->kind[e->what], hr_buf_str(&l->path), hr_buf_str(&l->text));
    b->answers++;
    return ok && !l->kind[e->what].failed;
}

static bool add_failure(struct hr_bundle *b, const struct hr_recorded *e, struct lines *l)
{
    struct hr_buf first = HR_BUF_INIT(PATH_MAX_BYTES);
    if (e->what == HR_ROOT_ENV)
        return true; /* not set */
    hr_buf_reset(&l->text);
    hr_buf_printf(&first, "%s:%s", hr_root_what_name(e->what), l->path.data);
    hr_buf_printf(&l->text, "%d", e->failed);
    if (e->text != NULL && hr_buf_addc(&l->text, ' ') && !fields(b, (struct hr_str) { e->text, e->n }, &l->text))
        l->text.failed = true;
    line(&l->kind[FAILED], hr_buf_str(&first), hr_buf_str(&l->text));
    bool ok = !first.failed && !l->text.failed && !l->kind[FAILED].failed;
    hr_buf_fini(&first);
    b->answers++;
    return ok;
}

/* --- files --- */

/* It can stand in a folder under this name, and is none of the bundle's own files. */
static bool is_plain(struct hr_str path)
{
    struct hr_str part;
    if (path.n == 0 || path.n > HR_TAR_NAME_MAX - 256 || hr_str_starts(path, "headrace/"))
        return false;
    for (unsigned depth = 0; hr_str_cut(&path, '/', &part); depth++)
        if (part.n == 0 || part.n > PART_MAX || hr_str_is(part, ".") || hr_str_is(part, "..") || depth + 2 >= HR_TREE_DEPTH_MAX)
            return false;
    return true;
}

static bool add_file(struct hr_bundle *b, const struct hr_recorded *e, struct lines *l)
{
    hr_buf_reset(&l->text);
    if (!hr_redact_file(b->redact, e->path, (struct hr_str) { e->text != NULL ? e->text : "", e->n }, &l->text))
        return false;
    if (e->what == HR_ROOT_ANSWER || is_plain(hr_buf_str(&l->path))) {
        struct hr_buf name = HR_BUF_INIT(PATH_MAX_BYTES);
        hr_buf_printf(&name, "%s%s", e->what == HR_ROOT_ANSWER ? "headrace/answer/" : "", l->path.data);
        put(b, HR_TAR_FILE, hr_buf_str(&name), hr_buf_str(&l->text));
        hr_buf_fini(&name);
        b->files++;
        return !b->tar.failed;
    }
    hr_field_add(&l->kind[HR_ROOT_READ], hr_buf_str(&l->path));
    hr_buf_addc(&l->kind[HR_ROOT_READ], ' ');
    hr_field_add(&l->kind[HR_ROOT_READ], hr_buf_str(&l->text));
    hr_buf_addc(&l->kind[HR_ROOT_READ], '\n');
    b->answers++;
    return !l->kind[HR_ROOT_READ].failed;
}

static bool add_one(struct hr_bundle *b, const struct hr_recorded *e, struct lines *l)
{
    hr_buf_reset(&l->path);
    if (!hr_redact_text(b->redact, hr_str(e->path), &l->path))
        return false;
    if (e->failed != 0)
        return add_failure(b, e, l);
    if (e->what == HR_ROOT_READ || e->what == HR_ROOT_ANSWER)
        return add_file(b, e, l);
    return add_line(b, e, l);
}

int hr_bundle_add(struct hr_bundle *b, const struct hr_recording *r, struct hr_error *err)
{
    const struct hr_recorded *e;
    size_t n = hr_recording_list(r, &e);
    struct lines l = { .path = HR_BUF_INIT(PATH_MAX_BYTES), .text = HR_BUF_INIT(LINES_MAX) };
    bool ok = true;
    begin(b);
    for (int k = 0; k < KINDS; k++)
        l.kind[k] = HR_BUF_INIT(LINES_MAX);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_one(b, &e[i], &l);
    for (int k = 0; k < KINDS && ok; k++) {
        char path[64];
        snprintf(path, sizeof path, "headrace/%s", k == FAILED ? "failed" : hr_root_what_name((enum hr_root_what)k));
        if (l.kind[k].len != 0)
            ok = hr_bundle_file(b, path, hr_buf_str(&l.kind[k]), err) == 0;
    }
    for (int k = 0; k < KINDS; k++)
        hr_buf_fini(&l.kind[k]);
    hr_buf_fini(&l.path);
    hr_buf_fini(&l.text);
    return ok ? 0 : no_room(b, err);
}

/* --- the last look --- */

static int look(const struct hr_bundle *b, const char *what, struct hr_str text, const char *name, struct hr_error *err)
{
    enum hr_secret s = hr_redact_left(b->redact, text);
    if (s == HR_SECRETS)
        return 0;
    return hr_fail(err, HR_E_BUG, "one of the %s is still in the %s '%.200s': nothing was written, please report it", hr_secret_name(s),
                   what, s == HR_SECRET_PASS ? "(not shown)" : name);
}

int hr_bundle_finish(struct hr_bundle *b, struct hr_error *err)
{
    struct hr_tar t;
    struct hr_tar_entry e;
    struct hr_tree *tree = NULL;
    hr_tar_finish(&b->tar);
    if (b->tar.failed)
        return no_room(b, err);
    hr_tar_begin(&t, hr_buf_str(&b->tar), "the snapshot");
    int r;
    while ((r = hr_tar_next(&t, &e, err)) == 1) {
        r = look(b, "name", e.name, "of a file", err);
        if (r == 0)
            r = look(b, "file", e.data, e.name.p, err);
        if (r < 0)
            break;
    }
    hr_tar_end(&t);
    if (r == 0)
        r = hr_tree_of(hr_buf_str(&b->tar), "the snapshot", &tree, err);
    hr_tree_close(tree);
    return r;
}

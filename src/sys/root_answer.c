/* The lines below headrace/ of a captured root: one answer each (root.h tells their form).  They are read and indexed when the root
 * is opened, so that a question costs one look into a hash table and the handle stays immutable. */
#include "root_inside.h"

#include "mem.h"
#include "parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ANSWERS_MAX = 16 << 20, FAILED = HR_ROOT_ANSWER, KINDS }; /* answers have whole files; their place is that of "failed" */

struct slot {
    struct hr_str first, line; /* as they are written; first.p NULL: free */
    unsigned kind;
};

struct hr_root_answers {
    struct hr_buf text[KINDS];
    struct slot *slot; /* open addressing, never more than half full */
    size_t slots;
};

const char *hr_root_what_name(enum hr_root_what what)
{
    static const char *const name[] = { "read", "list",   "exists", "stat", "lstat", "link",
                                        "real", "statfs", "env",    "run",  "answer" };
    return name[what];
}

/* --- fields --- */

bool hr_field_add(struct hr_buf *b, struct hr_str s)
{
    static const char digit[] = "0123456789ABCDEF";
    if (s.n == 0)
        return hr_buf_addc(b, '%');
    for (size_t i = 0, from = 0; i <= s.n; i++) {
        unsigned char c = i < s.n ? (unsigned char)s.p[i] : 0;
        if (c > ' ' && c != '%' && c != 0x7f)
            continue;
        hr_buf_add(b, s.p + from, i - from);
        from = i + 1;
        if (i < s.n)
            hr_buf_add(b, (const char[]) { '%', digit[c >> 4], digit[c & 15] }, 3);
    }
    return !b->failed;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

bool hr_field_read(struct hr_str f, struct hr_buf *b)
{
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] == '%' && i + 2 < f.n && hex(f.p[i + 1]) >= 0 && hex(f.p[i + 2]) >= 0) {
            hr_buf_addc(b, (char)(hex(f.p[i + 1]) << 4 | hex(f.p[i + 2])));
            i += 2;
        } else if (f.p[i] != '%') {
            hr_buf_addc(b, f.p[i]);
        }
    }
    return !b->failed;
}

/* --- the index --- */

static size_t hash(unsigned kind, struct hr_str s)
{
    uint64_t h = 1469598103934665603u ^ kind; /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

/* The slot that holds it, or the free one where it belongs. */
static struct slot *slot_of(const struct hr_root_answers *a, unsigned kind, struct hr_str first)
{
    size_t i = hash(kind, first) & (a->slots - 1);
    while (a->slot[i].first.p != NULL && (a->slot[i].kind != kind || !hr_str_eq(a->slot[i].first, first)))
        i = (i + 1) & (a->slots - 1);
    return &a->slot[i];
}

static size_t lines_in(struct hr_str s)
{
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* The first line of a name counts. */
static void index_lines(struct hr_root_answers *a, unsigned kind)
{
    struct hr_str rest = hr_buf_str(&a->text[kind]), line, first;
    while (a->text[kind].len != 0 && hr_str_cut(&rest, '\n', &line)) {
        if (!hr_str_cut(&line, ' ', &first) || first.n == 0)
            continue;
        struct slot *s = slot_of(a, kind, first);
        if (s->first.p == NULL)
            *s = (struct slot) { first, { line.p != NULL ? line.p : "", line.n }, kind };
    }
}

int hr_root_answers_open(int (*read)(const struct hr_root *, const char *, struct hr_buf *, struct hr_error *),
                         const struct hr_root *root, struct hr_root_answers **ret, struct hr_error *err)
{
    struct hr_root_answers *a = hr_calloc(1, sizeof *a);
    if (a == NULL)
        return hr_fail_nomem(err, sizeof *a, "the answers of a captured root");
    size_t lines = 0;
    int r = 0;
    for (unsigned k = 0; k < KINDS; k++)
        a->text[k] = HR_BUF_INIT(ANSWERS_MAX);
    for (unsigned k = 0; k < KINDS && r == 0; k++) {
        char path[64];
        snprintf(path, sizeof path, "headrace/%s", k == FAILED ? "failed" : hr_root_what_name((enum hr_root_what)k));
        r = read(root, path, &a->text[k], err);
        if (r == HR_E_NOT_FOUND)
            r = 0;
        lines += lines_in(hr_buf_str(&a->text[k]));
    }
    for (a->slots = 64; a->slots < 2 * lines; a->slots *= 2)
        ;
    a->slot = r < 0 ? NULL : hr_calloc(a->slots, sizeof *a->slot);
    if (r == 0 && a->slot == NULL)
        r = hr_fail_nomem(err, a->slots * sizeof *a->slot, "the answers of a captured root");
    if (r < 0) {
        hr_root_answers_close(a);
        return r;
    }
    for (unsigned k = 0; k < KINDS; k++)
        index_lines(a, k);
    *ret = a;
    return 0;
}

void hr_root_answers_close(struct hr_root_answers *a)
{
    if (a == NULL)
        return;
    for (unsigned k = 0; k < KINDS; k++)
        hr_buf_fini(&a->text[k]);
    hr_free(a->slot);
    hr_free(a);
}

static int look(const struct hr_root *root, unsigned kind, struct hr_str first, struct hr_str *line)
{
    struct hr_buf want = HR_BUF_INIT(4 << 20);
    if (root->answers == NULL)
        return 0;
    const struct slot *s = hr_field_add(&want, first) ? slot_of(root->answers, kind, hr_buf_str(&want)) : NULL;
    int r = s == NULL ? HR_E_NOMEM : s->first.p != NULL ? 1 : 0;
    if (r == 1)
        *line = s->line;
    hr_buf_fini(&want);
    return r;
}

int hr_root_line(const struct hr_root *root, enum hr_root_what what, const char *first, struct hr_str *line)
{
    return look(root, what, hr_str(first), line);
}

/* The line of a failure: "read:proc/kmsg 13". */
static int failed_line(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str *line)
{
    struct hr_buf key = HR_BUF_INIT(1 << 20);
    int r = 0;
    if (root->answers != NULL) {
        bool ok = hr_buf_printf(&key, "%s:%s", hr_root_what_name(what), path);
        r = ok ? look(root, FAILED, hr_buf_str(&key), line) : HR_E_NOMEM;
    }
    hr_buf_fini(&key);
    return r;
}

int hr_root_failed(const struct hr_root *root, enum hr_root_what what, const char *path)
{
    struct hr_str line, number;
    uint64_t en = 0;
    int r = failed_line(root, what, path, &line);
    if (r < 0)
        return ENOMEM;
    if (r == 0 || !hr_str_cut(&line, ' ', &number) || hr_parse_u64(number, &en, NULL) < 0)
        return 0;
    return en < 4096 ? (int)en : 0;
}

int hr_root_failed_why(const struct hr_root *root, const char *answer, struct hr_buf *sentence)
{
    struct hr_str line, number, why;
    int64_t code = 0;
    int r = failed_line(root, HR_ROOT_ANSWER, answer, &line);
    if (r < 0)
        return r;
    if (r == 0 || !hr_str_cut(&line, ' ', &number) || hr_parse_i64(number, &code, NULL) < 0 || code >= 0 || code < -4096)
        return 0;
    if (hr_str_cut(&line, ' ', &why) && !hr_field_read(why, sentence))
        return HR_E_NOMEM;
    return (int)code;
}

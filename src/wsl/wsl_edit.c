#include "wsl_edit.h"

#include "mem.h"
#include "spelling.h"
#include "wsl_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ARENA_MAX = 16 << 20, OUT_MAX = 2 * HR_WSL_SIZE_MAX };

/* --- splices --- */

static int add(struct hr_wsl_edit *e, const struct hr_wsl_conf *c, size_t from, size_t to, const struct hr_buf *added, struct hr_error *err)
{
    struct hr_wsl_splice *more = hr_reallocarray(e->splice, e->n + 1, sizeof *more);
    if (more == NULL)
        return hr_fail_nomem(err, (e->n + 1) * sizeof *more, "an edit");
    e->splice = more;
    const char *removed = hr_arena_str(&e->arena, c->text.bytes.p + from, to - from);
    const char *text = added == NULL ? "" : added->failed ? NULL : hr_arena_str(&e->arena, added->data, added->len);
    if (removed == NULL || text == NULL)
        return hr_fail_nomem(err, to - from, "an edit");
    e->splice[e->n++] = (struct hr_wsl_splice){ from, { removed, to - from }, { text, added == NULL ? 0 : added->len } };
    return 0;
}

bool hr_wsl_edit_apply(const struct hr_wsl_edit *e, struct hr_str old, struct hr_buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < e->n; i++) {
        const struct hr_wsl_splice *s = &e->splice[i];
        hr_buf_add(out, old.p + at, s->at - at);
        hr_buf_add(out, s->added.p, s->added.n);
        at = s->at + s->removed.n;
    }
    return hr_buf_add(out, old.p + at, old.n - at) && !out->failed;
}

bool hr_wsl_edit_undo(const struct hr_wsl_edit *e, struct hr_str edited, struct hr_buf *out)
{
    size_t at = 0, was = 0; /* here, and there */
    for (size_t i = 0; i < e->n; i++) {
        const struct hr_wsl_splice *s = &e->splice[i];
        hr_buf_add(out, edited.p + at, s->at - was);
        hr_buf_add(out, s->removed.p, s->removed.n);
        at += s->at - was + s->added.n;
        was = s->at + s->removed.n;
    }
    return hr_buf_add(out, edited.p + at, edited.n - at) && !out->failed;
}

void hr_wsl_edit_fini(struct hr_wsl_edit *e)
{
    hr_free(e->splice);
    hr_arena_fini(&e->arena);
    *e = (struct hr_wsl_edit){ 0 };
}

/* --- what a file looks like --- */

static const char *line_end_of(const struct hr_wsl_conf *c)
{
    const struct hr_wsl_text *t = &c->text;
    unsigned width = t->encoding == HR_WSL_UTF16LE ? 2 : 1;
    for (size_t i = t->encoding == HR_WSL_UTF16LE ? 2 : 0; i + width <= t->bytes.n; i += width)
        if (t->bytes.p[i] == '\n' && (width == 1 || t->bytes.p[i + 1] == 0))
            return i >= width && t->bytes.p[i - width] == '\r' ? "\r\n" : "\n";
    return t->file == HR_WSL_WSLCONFIG ? "\r\n" : "\n";
}

static int editable(const struct hr_wsl_conf *c, struct hr_error *err)
{
    const struct hr_wsl_text *t = &c->text;
    if (t->encoding == HR_WSL_UTF16BE || t->looks_utf16)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is UTF-16 that WSL cannot read; save it as UTF-8 first", c->name);
    return 0;
}

/* A value as it is written: escaped, and in quotes where blanks or '#' would be lost. */
static int encode(const struct hr_wsl_conf *c, const char *value, struct hr_buf *out, struct hr_error *err)
{
    size_t n = strlen(value);
    bool quote = n != 0 && (value[0] == ' ' || value[0] == '\t' || value[n - 1] == ' ' || value[n - 1] == '\t' || strchr(value, '#') != NULL);
    if (quote)
        hr_buf_addc(out, '"');
    for (const char *s = value; *s != 0; s++) {
        static const char plain[] = "\\\"\b\n\t", written[] = "\\\"bnt";
        unsigned char ch = (unsigned char)*s;
        const char *at = strchr(plain, *s);
        if (*s == '\t' && quote)
            at = NULL;
        if (at == NULL && (ch < 0x20 || ch == 0x7F) && ch != '\t')
            return hr_fail(err, HR_E_INVALID, "the value holds a control character (0x%02x), which cannot be written in %s", ch,
                           hr_wsl_file_name(c->text.file));
        if (ch >= 0x80 && c->text.file == HR_WSL_WSLCONFIG)
            return hr_fail(err, HR_E_INVALID, "WSL keeps one byte of each letter of .wslconfig, so letters beyond ASCII do not survive; use "
                                              "ASCII letters only");
        if (at != NULL)
            hr_buf_addc(out, '\\');
        hr_buf_addc(out, at != NULL ? written[at - plain] : *s);
    }
    if (quote)
        hr_buf_addc(out, '"');
    return out->failed ? hr_fail_nomem(err, n, "a value") : 0;
}

/* --- removing an entry --- */

/* The characters of the lines that hold an entry.  A line may end with CR alone, and then others share its physical line. */
static void lines_of(const struct hr_wsl_text *t, const struct hr_wsl_entry *e, uint32_t *ret_from, uint32_t *ret_to)
{
    uint32_t from = e->key_at, to = e->value_end;
    while (from > t->line[e->line - 1] && t->unit[from - 1] != '\r')
        from--;
    while (to < t->n && (t->unit[to] == ' ' || t->unit[to] == '\t'))
        to++;
    bool comment = to < t->n && t->unit[to] == '#';
    while (to < t->n && t->unit[to] != '\n' && (comment || t->unit[to] != '\r'))
        to++;
    if (to < t->n && t->unit[to] == '\r' && to + 1 < t->n && t->unit[to + 1] == '\n')
        to++;
    if (to < t->n)
        to++;
    *ret_from = from;
    *ret_to = to;
}

static int remove_entry(struct hr_wsl_edit *e, const struct hr_wsl_conf *c, const struct hr_wsl_entry *entry, struct hr_error *err)
{
    uint32_t from, to;
    lines_of(&c->text, entry, &from, &to);
    return add(e, c, c->text.off[from], c->text.off[to], NULL, err);
}

/* --- is the result what was wanted? --- */

static bool is_of(const struct hr_wsl_entry *e, const struct hr_wsl_key *key, const char *name)
{
    if (key != NULL && e->key != NULL && hr_wsl_key_accepted(e->key))
        return hr_wsl_key_main(e->key) == key;
    return strcasecmp(e->name, name) == 0;
}

/* The settings of both, but for those of one key, are the same in the same order. */
static bool others_same(const struct hr_wsl_conf *a, const struct hr_wsl_conf *b, const struct hr_wsl_key *key, const char *name)
{
    uint32_t i = 0, j = 0;
    for (;; i++, j++) {
        while (i < a->entries && is_of(a->entry[i], key, name))
            i++;
        while (j < b->entries && is_of(b->entry[j], key, name))
            j++;
        if (i == a->entries || j == b->entries)
            return i == a->entries && j == b->entries;
        const struct hr_wsl_entry *x = a->entry[i], *y = b->entry[j];
        if (strcmp(x->name, y->name) != 0 || strcmp(x->value, y->value) != 0 || x->fate != y->fate)
            return false;
    }
}

/* value NULL: the key is gone. */
static bool proves(const struct hr_wsl_conf *c, const struct hr_wsl_edit *e, const struct hr_wsl_key *key, const char *name, const char *value,
                   bool *ret_nomem)
{
    struct hr_buf out = HR_BUF_INIT(OUT_MAX);
    struct hr_wsl_conf n;
    struct hr_error err = HR_ERROR_INIT;
    bool ok = false;
    if (!hr_wsl_edit_apply(e, c->text.bytes, &out)) {
        *ret_nomem = true;
    } else if (hr_wsl_conf_parse(&n, c->text.file, hr_buf_str(&out), c->name, &err) < 0) {
        *ret_nomem = err.code == HR_E_NOMEM;
    } else {
        const struct hr_wsl_entry *now = key != NULL ? hr_wsl_conf_of(&n, key) : NULL;
        ok = n.stopped == 0 || c->stopped != 0;
        ok = ok && (value == NULL ? now == NULL : now != NULL && strcmp(now->value, value) == 0);
        ok = ok && others_same(c, &n, key, name);
        for (uint32_t i = 0; value == NULL && i < n.entries; i++)
            ok = ok && !is_of(n.entry[i], key, name);
        hr_wsl_conf_fini(&n);
    }
    hr_buf_fini(&out);
    return ok;
}

/* --- set --- */

static const struct hr_wsl_entry *holder(const struct hr_wsl_conf *c, const struct hr_wsl_key *key)
{
    for (uint32_t i = 0; i < c->entries; i++) {
        const struct hr_wsl_entry *e = c->entry[i];
        if ((e->fate == HR_WSL_COUNTS || e->fate == HR_WSL_BAD_VALUE) && hr_wsl_key_main(e->key) == key)
            return e;
    }
    return NULL;
}

/* The line (from 1) behind which a new setting of the section stands; 0: the file does not have the section. */
static uint32_t place(const struct hr_wsl_conf *c, const char *section)
{
    uint32_t line = 0;
    for (uint32_t h = 0; h < c->headers; h++) {
        if (strcasecmp(c->header[h]->name, section) != 0)
            continue;
        uint32_t end = h + 1 < c->headers ? c->header[h + 1]->entries : c->entries, from = c->header[h]->entries;
        if (line == 0)
            line = c->header[h]->line;
        for (uint32_t i = from; i < end; i++)
            if (strncasecmp(c->entry[i]->name, section, strlen(section)) == 0)
                line = c->entry[i]->last_line;
        if (end > from)
            return line;
    }
    return line;
}

static int write_new(const struct hr_wsl_conf *c, const struct hr_wsl_key *key, const char *raw, uint32_t behind, struct hr_wsl_edit *e,
                     struct hr_error *err)
{
    const struct hr_wsl_text *t = &c->text;
    const char *eol = line_end_of(c);
    uint32_t i = behind != 0 ? t->line[behind] : t->n;
    bool open = i > 0 && t->unit[i - 1] != '\n'; /* the line before has no end */
    size_t at = t->off[i];
    struct hr_buf text = HR_BUF_INIT(OUT_MAX), bytes = HR_BUF_INIT(OUT_MAX);
    if (open)
        hr_buf_adds(&text, eol);
    if (behind == 0)
        hr_buf_printf(&text, "%s[%s]%s", t->n != 0 ? eol : "", key->section, eol);
    hr_buf_printf(&text, "%s=%s%s", key->name, raw, open && behind != 0 ? "" : eol);
    hr_wsl_text_encode(t, hr_buf_str(&text), &bytes);
    int r = text.failed ? hr_fail_nomem(err, strlen(raw), "a line") : add(e, c, at, at, &bytes, err);
    hr_buf_fini(&text);
    hr_buf_fini(&bytes);
    return r;
}

static int write_over(const struct hr_wsl_conf *c, const struct hr_wsl_entry *entry, const char *raw, struct hr_wsl_edit *e,
                      struct hr_error *err)
{
    struct hr_buf bytes = HR_BUF_INIT(OUT_MAX);
    hr_wsl_text_encode(&c->text, hr_str(raw), &bytes);
    int r = add(e, c, c->text.off[entry->value_at], c->text.off[entry->value_end], &bytes, err);
    hr_buf_fini(&bytes);
    return r;
}

static int no_key(enum hr_wsl_file file, const char *name, struct hr_error *err)
{
    const struct hr_wsl_key *k = hr_wsl_key_find(file, hr_str(name));
    if (k != NULL && k->instead != NULL)
        return hr_fail(err, HR_E_INVALID, "%s has no key '%s': %s", hr_wsl_file_name(file), name, k->note);
    if (k != NULL)
        return hr_fail(err, HR_E_INVALID, "%s no longer has the key '%s': %s", hr_wsl_file_name(file), name, k->note);
    enum hr_wsl_file other = file == HR_WSL_WSLCONF ? HR_WSL_WSLCONFIG : HR_WSL_WSLCONF;
    for (size_t i = 0; i < hr_wsl_keys_n; i++) {
        const struct hr_wsl_key *one = &hr_wsl_keys[i];
        if (one->file == file && hr_wsl_key_accepted(one) && strcasecmp(one->name, name) == 0)
            return hr_fail(err, HR_E_INVALID, "%s has more than one key '%s'; write it with its section, as %s.%s", hr_wsl_file_name(file), name,
                           one->section, one->name);
    }
    k = hr_wsl_key_named(other, hr_str(name));
    if (k != NULL)
        return hr_fail(err, HR_E_INVALID, "%s has no key '%s'; it is one of %s", hr_wsl_file_name(file), name,
                       other == HR_WSL_WSLCONF ? "/etc/wsl.conf (--distro)" : ".wslconfig (without --distro)");
    struct hr_suggest near = HR_SUGGEST_INIT(hr_str(name));
    for (size_t i = 0; i < hr_wsl_keys_n; i++)
        if (hr_wsl_keys[i].file == file && hr_wsl_key_accepted(&hr_wsl_keys[i]))
            hr_suggest_try(&near, hr_wsl_keys[i].name);
    const char *best = hr_suggest_best(&near);
    if (best != NULL)
        return hr_fail(err, HR_E_INVALID, "%s has no key '%s'; did you mean '%s'?", hr_wsl_file_name(file), name, best);
    return hr_fail(err, HR_E_INVALID, "%s has no key '%s'; 'headrace wslconfig explain' lists them all", hr_wsl_file_name(file), name);
}

static int try_set(const struct hr_wsl_conf *c, const struct hr_wsl_key *key, const char *value, const char *raw, struct hr_wsl_edit *ret,
                   struct hr_error *err)
{
    const struct hr_wsl_entry *held = holder(c, key);
    uint32_t behind = held == NULL ? place(c, key->section) : 0;
    bool nomem = false;
    for (int attempt = 0; attempt < 2; attempt++) {
        struct hr_wsl_edit e = { .arena = HR_ARENA_INIT(ARENA_MAX) };
        int r = held != NULL ? write_over(c, held, raw, &e, err) : write_new(c, key, raw, attempt == 0 ? behind : 0, &e, err);
        if (r == 0 && proves(c, &e, key, "", value, &nomem)) {
            *ret = e;
            return 0;
        }
        hr_wsl_edit_fini(&e);
        if (r < 0 || nomem)
            return r < 0 ? r : hr_fail(err, HR_E_NOMEM, "out of memory while editing '%s'", c->name);
        if (held != NULL || behind == 0)
            break;
    }
    if (c->stopped != 0)
        return hr_fail(err, HR_E_FORMAT, "%s:%u is a line at which WSL stops reading, so nothing below it would count; correct it first", c->name,
                       c->stopped);
    return hr_fail(err, HR_E_FORMAT, "'%s' cannot be changed without changing how WSL reads its other lines; correct what lint says first",
                   c->name);
}

int hr_wsl_edit_set(const struct hr_wsl_conf *c, const char *name, const char *value, struct hr_wsl_edit *ret, struct hr_error *err)
{
    const struct hr_wsl_key *key = hr_wsl_key_named(c->text.file, hr_str(name));
    int r = editable(c, err);
    if (r < 0)
        return r;
    if (key == NULL)
        return no_key(c->text.file, name, err);
    if (!hr_wsl_value_ok(key, value))
        return hr_fail(err, HR_E_INVALID, "'%s' is no value for %s.%s: %s is expected%s%s%s", value, key->section, key->name,
                       hr_wsl_type_name(key->type), key->type == HR_WSL_SIZE ? ", as 48GB (capitals, no blank)" : "",
                       key->words != NULL ? ": " : "", key->words != NULL ? key->words : "");
    struct hr_buf raw = HR_BUF_INIT(OUT_MAX);
    r = encode(c, value, &raw, err);
    if (r == 0)
        r = try_set(c, hr_wsl_key_main(key), value, raw.data, ret, err);
    hr_buf_fini(&raw);
    return r;
}

/* --- unset --- */

int hr_wsl_edit_unset(const struct hr_wsl_conf *c, const char *name, struct hr_wsl_edit *ret, struct hr_error *err)
{
    const struct hr_wsl_key *key = hr_wsl_key_named(c->text.file, hr_str(name));
    struct hr_wsl_edit e = { .arena = HR_ARENA_INIT(ARENA_MAX) };
    bool nomem = false;
    int r = editable(c, err);
    key = key != NULL ? hr_wsl_key_main(key) : NULL;
    for (uint32_t i = 0; i < c->entries && r == 0; i++)
        if (is_of(c->entry[i], key, name))
            r = remove_entry(&e, c, c->entry[i], err);
    if (r == 0 && e.n == 0)
        r = hr_fail(err, HR_E_NOT_FOUND, "'%s' does not set '%s'", c->name, name);
    if (r == 0 && !proves(c, &e, key, name, NULL, &nomem))
        r = nomem ? hr_fail(err, HR_E_NOMEM, "out of memory while editing '%s'", c->name)
                  : hr_fail(err, HR_E_FORMAT, "'%s' cannot be taken out without changing how WSL reads the other lines; correct what lint says "
                                              "first",
                            name);
    if (r < 0)
        hr_wsl_edit_fini(&e);
    else
        *ret = e;
    return r;
}

/* --- corrections --- */

int hr_wsl_edit_finding(const struct hr_wsl_conf *c, const struct hr_wsl_finding *f, struct hr_wsl_edit *ret, struct hr_error *err)
{
    const struct hr_wsl_text *t = &c->text;
    struct hr_wsl_edit e = { .arena = HR_ARENA_INIT(ARENA_MAX) };
    int r = editable(c, err);
    if (r == 0 && (f->action == HR_WSL_LOOK || f->line == 0))
        r = hr_fail(err, HR_E_INVALID, "line %u of '%s' has no correction that a program can make", f->line, c->name);
    else if (r == 0 && f->action != HR_WSL_REPLACE)
        r = remove_entry(&e, c, f->entry, err);
    else if (r == 0) {
        struct hr_buf bytes = HR_BUF_INIT(OUT_MAX);
        hr_wsl_text_encode(t, hr_str(f->fix), &bytes);
        r = add(&e, c, t->off[t->line[f->line - 1]], t->off[hr_wsl_text_line_end(t, f->last_line - 1)], &bytes, err);
        hr_buf_fini(&bytes);
    }
    if (r < 0)
        hr_wsl_edit_fini(&e);
    else
        *ret = e;
    return r;
}

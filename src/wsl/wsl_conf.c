/* I1: hr_wsl_conf_parse visits the characters in the order and with the state of Microsoft's parser; whatever is added for
 * pointing (spans, lines) never changes what is read. */
#include "wsl_conf.h"

#include "mem.h"
#include "utf8.h"
#include "wsl_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* I2: what is kept of one setting or bad line is bounded (SHOWN_MAX of each name and value in a message), and so is their
 * number, so that no file within HR_WSL_SIZE_MAX reaches the arena's ceiling. */
enum { END = -1, ARENA_MAX = 64 << 20, LIST_FIRST = 16, LIST_MAX = 10000, SHOWN_MAX = 200, NAME_MAX_SHOWN = 300 };

struct parser {
    struct hr_wsl_conf *c;
    uint32_t at;       /* of the next character */
    int ch;            /* the character last read, or END */
    uint32_t line;     /* WSL's count */
    bool trailing;     /* the line end that is still to come belongs to a comment behind something */
    struct hr_buf key; /* the section, and behind it the key; what a bad line leaves here stays */
    size_t section;    /* length of the section's name */
    struct hr_buf value;
    uint32_t key_at, key_end, value_at, value_end;
    bool wide, nomem, too_many;
};

/* A text of the file, cut where it is longer than anybody wants to read. */
struct shown {
    char z[SHOWN_MAX + 4];
};

static struct shown shown(const char *z)
{
    struct shown s;
    size_t n = strnlen(z, SHOWN_MAX + 1);
    bool cut = n > SHOWN_MAX;
    if (cut)
        for (n = SHOWN_MAX; n > 0 && ((unsigned char)z[n] & 0xC0) == 0x80; n--)
            ;
    memcpy(s.z, z, n);
    strcpy(s.z + n, cut ? "\xE2\x80\xA6" : "");
    return s;
}

static int next(struct parser *p)
{
    const struct hr_wsl_text *t = &p->c->text;
    p->ch = p->at < t->n ? t->unit[p->at++] : END;
    return p->ch;
}

/* The character last read stands here; END stands at the end. */
static uint32_t here(const struct parser *p)
{
    return p->ch == END ? p->at : p->at - 1;
}

static bool is_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(int c)
{
    return is_alpha(c) || (c >= '0' && c <= '9');
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t';
}

/* --- what is found --- */

static void *one_more(struct parser *p, void ***list, uint32_t *n, size_t size)
{
    if (*n == LIST_MAX) {
        p->too_many = true;
        return NULL;
    }
    if ((*n & (*n - 1)) == 0 && (*n == 0 || *n >= LIST_FIRST)) {
        void **more = hr_reallocarray(*list, *n == 0 ? LIST_FIRST : (size_t)*n * 2, sizeof *more);
        if (more == NULL) {
            p->nomem = true;
            return NULL;
        }
        *list = more;
    }
    void *made = hr_arena_alloc(&p->c->arena, size);
    if (made == NULL)
        p->nomem = true;
    else
        (*list)[(*n)++] = made;
    return made;
}

/* Values are bytes, texts are UTF-8: what is malformed is shown as U+FFFD, by Microsoft and here. */
static const char *keep(struct parser *p, const struct hr_buf *b)
{
    struct hr_buf clean = HR_BUF_INIT(4 * b->len + 1);
    struct hr_str rest = hr_buf_str(b);
    while (rest.n != 0) {
        struct hr_str was = rest;
        bool ok;
        hr_utf8_next(&rest, &ok);
        if (ok)
            hr_buf_add(&clean, was.p, was.n - rest.n);
        else
            hr_buf_adds(&clean, "\xEF\xBF\xBD");
    }
    const char *z = b->failed || clean.failed ? NULL : hr_arena_str(&p->c->arena, clean.data, clean.len);
    p->nomem |= z == NULL;
    hr_buf_fini(&clean);
    return z;
}

HR_PRINTF(4, 5)
static struct hr_wsl_warning *warn(struct parser *p, enum hr_wsl_warns kind, const struct hr_wsl_entry *e,
                                   const char *fmt, ...)
{
    struct hr_buf b = HR_BUF_INIT(8192);
    struct hr_wsl_warning *w = one_more(p, (void ***)&p->c->warning, &p->c->warnings, sizeof *w);
    va_list ap;
    va_start(ap, fmt);
    hr_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (w != NULL) {
        w->kind = kind;
        w->entry = e;
        w->told_line = p->line;
        w->at = e != NULL ? e->value_at : here(p);
        w->line = hr_wsl_text_line_of(&p->c->text, e != NULL ? e->key_at : here(p)) + 1;
        w->last_line = w->line;
        w->text = keep(p, &b);
    }
    hr_buf_fini(&b);
    return w;
}

static void bad_line(struct parser *p, enum hr_wsl_warns kind, const char *expected)
{
    struct hr_wsl_warning *w;
    const char *file = p->c->name;
    if (kind == HR_WSL_W_KEY_NAME)
        w = warn(p, kind, NULL, "Invalid key name in %s:%u", file, p->line);
    else if (kind == HR_WSL_W_SECTION_NAME)
        w = warn(p, kind, NULL, "Invalid section name in %s:%u", file, p->line);
    else
        w = warn(p, kind, NULL, "Expected %s in %s:%u", expected, file, p->line);
    if (w != NULL && kind >= HR_WSL_W_NO_EQUALS) {
        w->key_at = p->key_at;
        w->key_end = p->key_end;
        w->line = hr_wsl_text_line_of(&p->c->text, p->key_at) + 1;
    }
}

/* `at` is the character behind the backslash. */
static void bad_escape(struct parser *p, uint32_t at, int c)
{
    struct hr_buf shown = HR_BUF_INIT(64);
    if (c == END)
        hr_buf_adds(&shown, "\xEF\xBF\xBF"); /* WEOF, printed as the character it is not */
    else
        hr_wsl_text_show(&p->c->text, at, at + 1, &shown);
    struct hr_wsl_warning *w =
        warn(p, HR_WSL_W_ESCAPE, NULL, "Invalid escaped character: '%s' in %s:%u", shown.data, p->c->name, p->line);
    p->nomem |= shown.failed;
    hr_buf_fini(&shown);
    if (w == NULL)
        return;
    w->at = at - 1;
    w->key_at = p->key_at;
    w->key_end = p->key_end;
    w->line = hr_wsl_text_line_of(&p->c->text, p->key_at) + 1;
    w->last_line = hr_wsl_text_line_of(&p->c->text, w->at) + 1;
}

static void words_of(const struct hr_wsl_key *k, char *out, size_t room)
{
    size_t n = 0;
    for (const char *s = k->words; *s != 0 && n + 3 < room; s++) {
        out[n++] = *s == '|' ? ',' : *s;
        if (*s == '|')
            out[n++] = ' ';
    }
    out[n] = 0;
}

static void warn_value(struct parser *p, const struct hr_wsl_entry *e)
{
    const struct shown value = shown(e->value), name = shown(e->name);
    const char *v = value.z, *n = name.z, *f = p->c->name;
    char words[128];
    switch (e->key->type) {
    case HR_WSL_BOOL:
        warn(p, HR_WSL_W_BOOL, e, "Invalid boolean value '%s' for key '%s' in %s:%u", v, n, f, p->line);
        return;
    case HR_WSL_INT:
        warn(p, HR_WSL_W_INT, e, "Invalid integer value '%s' for key '%s' in %s:%u", v, n, f, p->line);
        return;
    case HR_WSL_SIZE:
        warn(p, HR_WSL_W_SIZE, e, "Invalid memory string '%s' for .wslconfig entry '%s' in %s:%u", v, n, f, p->line);
        return;
    case HR_WSL_ENUM:
        words_of(e->key, words, sizeof words);
        warn(p, HR_WSL_W_ENUM, e, "Invalid value '%s' for config key '%s' in %s:%u (Valid values: %s)", v, n, f,
             p->line, words);
        return;
    case HR_WSL_MAC:
        warn(p, HR_WSL_W_MAC, e, "Invalid mac address '%s' for key '%s' in %s:%u", v, n, f, p->line);
        return;
    case HR_WSL_IPV4:
        warn(p, HR_WSL_W_IP, e, "Invalid IP value '%s' for key '%s' in %s:%u", v, n, f, p->line);
        return;
    case HR_WSL_PORTS:
        for (unsigned i = hr_wsl_bad_ports(e->value); i > 0 && !p->nomem && !p->too_many; i--)
            warn(p, HR_WSL_W_INT, e, "Invalid integer value '%s' for key '%s' in %s:%u", v, n, f, p->line);
        return;
    case HR_WSL_STRING:
    case HR_WSL_PATH:
    case HR_WSL_NONE:
        return;
    }
}

static const struct hr_wsl_entry *seen_before(const struct hr_wsl_conf *c, const struct hr_wsl_key *key)
{
    for (uint32_t i = 0; i < c->entries; i++) {
        const struct hr_wsl_entry *e = c->entry[i];
        if ((e->fate == HR_WSL_COUNTS || e->fate == HR_WSL_BAD_VALUE) && hr_wsl_key_main(e->key) == key)
            return e;
    }
    return NULL;
}

/* A whole "key = value" was read. */
static void found(struct parser *p)
{
    struct hr_wsl_conf *c = p->c;
    const struct shown cut = shown(p->key.data);
    const char *name = hr_arena_str(&c->arena, cut.z, strlen(cut.z));
    const char *value = hr_arena_str(&c->arena, p->value.data, strlen(p->value.data));
    p->nomem |= name == NULL || value == NULL || p->key.failed || p->value.failed;
    if (p->nomem)
        return;
    const struct hr_wsl_key *key = hr_wsl_key_find(c->text.file, hr_str(name));
    bool accepted = key != NULL && hr_wsl_key_accepted(key);
    const struct hr_wsl_entry *first = accepted ? seen_before(c, hr_wsl_key_main(key)) : NULL;
    struct hr_wsl_entry *e = one_more(p, (void ***)&c->entry, &c->entries, sizeof *e);
    if (e == NULL)
        return;
    *e = (struct hr_wsl_entry) { name, value,   HR_WSL_COUNTS, key,        first,       p->wide,     0,
                                 0,    p->line, p->key_at,     p->key_end, p->value_at, p->value_end };
    e->line = hr_wsl_text_line_of(&c->text, e->key_at) + 1;
    e->last_line = hr_wsl_text_line_of(&c->text, e->value_end > e->value_at ? e->value_end - 1 : e->key_at) + 1;
    if (!accepted) {
        e->fate = HR_WSL_UNKNOWN;
        warn(p, HR_WSL_W_UNKNOWN_KEY, e, "Unknown key '%s' in %s:%u", name, c->name, p->line);
    } else if (first != NULL) {
        e->fate = HR_WSL_DUPLICATE;
        warn(p, HR_WSL_W_DUPLICATE, e, "Duplicated config key '%s' in %s:%u (Conflicting key: '%s' in %s:%u)", name,
             c->name, p->line, first->name, c->name, first->told_line);
    } else if (!hr_wsl_value_ok(key, value)) {
        /* of a list of ports, those that are ports count */
        e->fate = key->type == HR_WSL_PORTS ? HR_WSL_COUNTS : HR_WSL_BAD_VALUE;
        warn_value(p, e);
    }
}

/* --- the state machine --- */

enum step { STEP_LINE, STEP_SECTION, STEP_KEY, STEP_BAD, STEP_END };

static void skip_comment(struct parser *p)
{
    do {
        if (next(p) == '\r')
            next(p);
        if (p->ch == '\n')
            p->line++;
    } while (p->ch != '\n' && p->ch != END);
    p->trailing = false;
}

/* From the end of one thing to the begin of the next. */
static enum step between(struct parser *p)
{
    if (!p->trailing)
        p->line++;
    for (;;) {
        if (p->ch == '#')
            skip_comment(p);
        if (p->ch == END)
            return STEP_END;
        while (is_blank(next(p)))
            ;
        switch (p->ch) {
        case END:
        case '#':
            break;
        case '\r':
            if (p->at < p->c->text.n && p->c->text.unit[p->at] == '\n') {
                next(p);
                p->ch = '\r';
                p->line++;
            }
            break;
        case '\n':
            p->line++;
            break;
        case '[':
            return STEP_SECTION;
        default:
            if (is_alpha(p->ch))
                return STEP_KEY;
            bad_line(p, HR_WSL_W_KEY_NAME, NULL);
            return STEP_BAD;
        }
    }
}

static enum step section(struct parser *p)
{
    uint32_t at = here(p);
    if (!is_alpha(next(p))) {
        bad_line(p, HR_WSL_W_SECTION_NAME, NULL);
        return STEP_BAD;
    }
    hr_buf_reset(&p->key);
    do
        hr_buf_addc(&p->key, (char)p->ch);
    while (is_alnum(next(p)));
    if (p->ch != ']') {
        bad_line(p, HR_WSL_W_NO_BRACKET, "']'");
        return STEP_BAD;
    }
    while (is_blank(next(p)))
        ;
    if (p->ch == '#') {
        p->trailing = true;
    } else if (p->ch != END && p->ch != '\n' && p->ch != '\r') {
        bad_line(p, HR_WSL_W_AFTER_HEADER, "' ' or '\\n'");
        return STEP_BAD;
    }
    p->section = p->key.len;
    struct hr_wsl_header *h = one_more(p, (void ***)&p->c->header, &p->c->headers, sizeof *h);
    if (h != NULL) {
        *h = (struct hr_wsl_header) { hr_arena_str(&p->c->arena, p->key.data, p->key.len),
                                      hr_wsl_text_line_of(&p->c->text, at) + 1, at, p->c->entries };
        p->nomem |= h->name == NULL;
    }
    return STEP_LINE;
}

/* Cuts or pads what stands in the key to the section's length: this is what a broken header leaves behind. */
static void begin_key(struct parser *p)
{
    if (p->key.len > p->section) {
        p->key.len = p->section;
        p->key.data[p->key.len] = 0;
    } else if (p->key.len < p->section) {
        hr_buf_pad(&p->key, p->section - p->key.len, 0);
    }
    if (p->section > 0)
        hr_buf_addc(&p->key, '.');
}

/* What follows a backslash; false: the line is bad. */
static bool escape(struct parser *p)
{
    uint32_t at = p->at;
    int c = next(p);
    switch (c) {
    case '\\':
    case '"':
        hr_buf_addc(&p->value, (char)c);
        return true;
    case 'b':
        hr_buf_addc(&p->value, '\b');
        return true;
    case 'n':
        hr_buf_addc(&p->value, '\n');
        return true;
    case 't':
        hr_buf_addc(&p->value, '\t');
        return true;
    case '\r': /* only wsl.conf has one before a line end: the backslash is lost, and the line ends there */
        return true;
    case '\n':
        p->line++;
        return true;
    default:
        bad_escape(p, at, c);
        return false;
    }
}

static enum step value(struct parser *p)
{
    size_t kept = 0; /* of the value, without the blanks at its end */
    bool quoted = false;
    hr_buf_reset(&p->value);
    p->wide = false;
    p->value_at = p->value_end = here(p);
    for (; p->ch != END && p->ch != '\n' && p->ch != '\r'; next(p)) {
        bool blank = is_blank(p->ch);
        if (p->ch == '#' && !quoted) {
            p->trailing = true;
            break;
        }
        if (p->ch == '"') {
            quoted = !quoted;
        } else if (p->ch == '\\') {
            if (!escape(p)) {
                p->ch = p->ch == END ? END : '\\';
                return STEP_BAD;
            }
        } else {
            hr_buf_addc(&p->value, (char)p->ch);
            p->wide |= p->ch > 0x7F;
        }
        if (!blank) {
            kept = p->value.len;
            p->value_end = p->at;
        }
    }
    if (quoted) {
        bad_line(p, HR_WSL_W_QUOTE, "\"");
        return STEP_BAD;
    }
    if (kept < p->value.len) {
        p->value.len = kept;
        p->value.data[kept] = 0;
    }
    found(p);
    return STEP_LINE;
}

static enum step key(struct parser *p)
{
    begin_key(p);
    p->key_at = here(p);
    do
        hr_buf_addc(&p->key, (char)p->ch);
    while (is_alnum(next(p)));
    p->key_end = here(p);
    while (is_blank(p->ch))
        next(p);
    if (p->ch != '=') {
        bad_line(p, HR_WSL_W_NO_EQUALS, "'='");
        return STEP_BAD;
    }
    while (is_blank(next(p)))
        ;
    return value(p);
}

static enum step bad(struct parser *p)
{
    if (p->c->text.file == HR_WSL_WSLCONF) {
        p->c->stopped = p->c->warnings != 0 ? p->c->warning[p->c->warnings - 1]->last_line : 1;
        return STEP_END;
    }
    while (p->ch != END && p->ch != '\n')
        next(p);
    return STEP_LINE;
}

static int run(struct parser *p, struct hr_error *err)
{
    enum step s = STEP_LINE;
    while (s != STEP_END && !p->nomem && !p->too_many) {
        switch (s) {
        case STEP_LINE:
            s = between(p);
            break;
        case STEP_SECTION:
            s = section(p);
            break;
        case STEP_KEY:
            s = key(p);
            break;
        case STEP_BAD:
            s = bad(p);
            break;
        case STEP_END:
            break;
        }
        p->nomem |= p->key.failed || p->value.failed;
    }
    if (p->too_many)
        return hr_fail(err, HR_E_LIMIT, "'%s' has more than %d settings or bad lines: this is no configuration of WSL",
                       p->c->name, LIST_MAX);
    return p->nomem ? hr_fail(err, HR_E_NOMEM, "out of memory while reading '%s'", p->c->name) : 0;
}

int hr_wsl_conf_parse(struct hr_wsl_conf *c, enum hr_wsl_file file, struct hr_str bytes, const char *name,
                      struct hr_error *err)
{
    struct hr_wsl_conf made = { .arena = HR_ARENA_INIT(ARENA_MAX) };
    struct parser p = { .c = &made,
                        .key = HR_BUF_INIT(2 * HR_WSL_SIZE_MAX + 4),
                        .value = HR_BUF_INIT(HR_WSL_SIZE_MAX + 4) };
    int r = hr_wsl_text_init(&made.text, file, bytes, err);
    if (r == 0) {
        made.name = hr_arena_str(&made.arena, name, strnlen(name, NAME_MAX_SHOWN));
        r = made.name == NULL ? hr_fail_nomem(err, strlen(name), "a file's name") : run(&p, err);
    }
    hr_buf_fini(&p.key);
    hr_buf_fini(&p.value);
    if (r < 0)
        hr_wsl_conf_fini(&made);
    else
        *c = made;
    return r;
}

void hr_wsl_conf_fini(struct hr_wsl_conf *c)
{
    hr_wsl_text_fini(&c->text);
    hr_free(c->entry);
    hr_free(c->warning);
    hr_free(c->header);
    hr_arena_fini(&c->arena);
    *c = (struct hr_wsl_conf) { 0 };
}

const struct hr_wsl_entry *hr_wsl_conf_of(const struct hr_wsl_conf *c, const struct hr_wsl_key *key)
{
    const struct hr_wsl_entry *e = seen_before(c, hr_wsl_key_main(key));
    return e != NULL && e->fate == HR_WSL_COUNTS ? e : NULL;
}

const struct hr_wsl_entry *hr_wsl_conf_get(const struct hr_wsl_conf *c, const char *full_name)
{
    const struct hr_wsl_key *key = hr_wsl_key_find(c->text.file, hr_str(full_name));
    return key == NULL ? NULL : hr_wsl_conf_of(c, key);
}

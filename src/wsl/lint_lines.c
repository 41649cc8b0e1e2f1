/* The file as a whole, and lines that WSL cannot read. */
#include "lint_work.h"

#include <string.h>

void hr_lint_file(struct hr_lint *l)
{
    const struct hr_wsl_text *t = &l->c->text;
    struct hr_wsl_finding *f = NULL;
    if (t->encoding == HR_WSL_UTF16BE) {
        f = hr_lint_add(l, HR_WSL_R_UTF16_BE, 0, 0);
        if (f != NULL)
            f->why = "the file is UTF-16, big-endian, which WSL cannot open: every setting in it is lost";
    } else if (t->looks_utf16) {
        f = hr_lint_add(l, HR_WSL_R_UTF16_UNMARKED, 0, 0);
        if (f != NULL)
            f->why = "the file is UTF-16 but does not say so by a mark at its begin: WSL reads it as UTF-8 and finds "
                     "no setting";
    } else if (t->file == HR_WSL_WSLCONF && t->bytes.n >= 3 && memcmp(t->bytes.p, "\xEF\xBB\xBF", 3) == 0) {
        f = hr_lint_add(l, HR_WSL_R_MARK, 0, 0);
        if (f != NULL)
            f->why = "the file begins with a byte order mark, which wsl.conf may not: its first line is bad, so the "
                     "whole file is lost";
    } else if (t->ctrl_z) {
        uint32_t line = hr_wsl_text_line_of(t, t->n) + 1;
        f = hr_lint_add(l, HR_WSL_R_CTRL_Z, line, line);
        if (f != NULL)
            f->why = "a Ctrl-Z character ends the file for Windows: what stands behind it is not read";
    }
    if (f != NULL)
        f->advice = t->ctrl_z ? "remove the character" : "save the file as UTF-8 without a mark";
}

/* A single backslash is doubled, a doubled one stays: what the author meant, as WSL wants it. */
static const char *doubled(struct hr_lint *l, uint32_t from, uint32_t to)
{
    const char *s = hr_lint_slice(l, from, to);
    struct hr_buf b = HR_BUF_INIT(4 * HR_WSL_SIZE_MAX);
    for (; *s != 0; s++) {
        hr_buf_addc(&b, *s);
        if (*s == '\\') {
            bool pair = s[1] == '\\' || s[1] == '"';
            hr_buf_addc(&b, pair ? s[1] : '\\');
            s += pair;
        }
    }
    const char *z = hr_lint_text(l, "%s", b.data);
    l->nomem |= b.failed;
    hr_buf_fini(&b);
    return z;
}

/* Where a value would end: at the line's end, or before a comment, blanks left out. */
static uint32_t rest_end(const struct hr_wsl_text *t, uint32_t from, uint32_t line)
{
    uint32_t end = hr_wsl_text_line_end(t, line - 1), i = from;
    while (i < end && t->unit[i] != '#')
        i++;
    while (i > from && (t->unit[i - 1] == ' ' || t->unit[i - 1] == '\t'))
        i--;
    return i;
}

static uint32_t after_equals(const struct hr_wsl_text *t, const struct hr_wsl_warning *w)
{
    uint32_t i = w->key_end;
    while (i < t->n && t->unit[i] != '=')
        i++;
    return i < t->n ? i + 1 : i;
}

/* "[ wsl2 ]", "[wsl-2]", "[wsl2" and "[wsl2]x" are all taken for "[wsl2]". */
static const char *header_meant(struct hr_lint *l, const struct hr_wsl_warning *w)
{
    const struct hr_wsl_text *t = &l->c->text;
    uint32_t i = t->line[w->line - 1], end = hr_wsl_text_line_end(t, w->line - 1);
    char name[32];
    size_t n = 0;
    while (i < end && t->unit[i] != '[')
        i++;
    for (i++; i < end && t->unit[i] != ']' && t->unit[i] != '#' && n + 1 < sizeof name; i++) {
        uint32_t c = t->unit[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            name[n++] = (char)c;
    }
    name[n] = 0;
    return n != 0 && hr_wsl_section_known(t->file, hr_str(name)) ? hr_lint_text(l, "[%s]", name) : NULL;
}

static void header(struct hr_lint *l, struct hr_wsl_finding *f, const struct hr_wsl_warning *w)
{
    f->why = w->kind == HR_WSL_W_SECTION_NAME
                 ? "a section's name begins with a letter, directly behind '['; this header is passed over, and "
                   "what follows is read in the section before it"
             : w->kind == HR_WSL_W_NO_BRACKET
                 ? "a section's name has letters and digits only and ends with ']'; the header is lost, and "
                   "what follows is looked up under a name that is no section"
                 : "nothing but a comment may stand behind a header; it is lost, and what follows is read in "
                   "the wrong section";
    const char *meant = header_meant(l, w);
    if (meant == NULL) {
        f->advice = l->c->text.file == HR_WSL_WSLCONFIG
                        ? "write [wsl2], [experimental] or [general]"
                        : "write [boot], [automount], [network], [interop], [user] or another section of wsl.conf";
        return;
    }
    f->action = HR_WSL_REPLACE;
    f->fix = meant;
}

static void comment_out(struct hr_lint *l, struct hr_wsl_finding *f)
{
    const char *s = f->text + strspn(f->text, " \t;/");
    f->action = HR_WSL_REPLACE;
    f->fix = hr_lint_text(l, "# %s", s);
}

static void key_name(struct hr_lint *l, struct hr_wsl_finding *f, const struct hr_wsl_warning *w)
{
    const struct hr_wsl_text *t = &l->c->text;
    uint32_t c = w->at < t->n ? t->unit[w->at] : 0;
    if (c == ';') {
        f->rule = &hr_wsl_rules[HR_WSL_R_SEMICOLON];
        f->why = "a comment begins with '#' here; ';' is taken for a key with a bad name";
    } else {
        f->why = "a line begins with a key, with '[' or with '#'; a key begins with a letter";
    }
    comment_out(l, f);
}

static void no_equals(struct hr_lint *l, struct hr_wsl_finding *f, const struct hr_wsl_warning *w)
{
    const struct hr_wsl_text *t = &l->c->text;
    const char *name = hr_lint_slice(l, w->key_at, w->key_end);
    uint32_t from = w->key_end, end;
    while (from < t->n && (t->unit[from] == ' ' || t->unit[from] == '\t' || t->unit[from] == ':'))
        from++;
    end = rest_end(t, HR_MIN(from, hr_wsl_text_line_end(t, w->line - 1)), w->line);
    f->why = "a setting is a key of letters and digits, '=' and a value; without the '=' the line is passed over";
    if (hr_wsl_key_named(t->file, hr_str(name)) != NULL && end > from) {
        f->action = HR_WSL_REPLACE;
        f->fix = hr_lint_splice(l, w->line, w->line, w->key_end, from, "=");
    } else {
        comment_out(l, f);
    }
}

static void escape(struct hr_lint *l, struct hr_wsl_finding *f, const struct hr_wsl_warning *w)
{
    const struct hr_wsl_text *t = &l->c->text;
    uint32_t from = after_equals(t, w);
    while (from < t->n && (t->unit[from] == ' ' || t->unit[from] == '\t'))
        from++;
    f->why = "a backslash stands before another one, before a quote, before b, n or t, and nowhere else; the whole "
             "line is passed over";
    f->action = HR_WSL_REPLACE;
    uint32_t end = rest_end(t, from, w->last_line);
    f->fix = hr_lint_splice(l, w->line, w->last_line, from, end, doubled(l, from, end));
}

static void quote(struct hr_lint *l, struct hr_wsl_finding *f, const struct hr_wsl_warning *w)
{
    f->why = "the quote is not closed on its line, and the line is passed over";
    f->action = HR_WSL_REPLACE;
    f->fix = hr_lint_splice(l, w->line, w->last_line, w->at, w->at, "\"");
}

/* Settings that stand below the line at which a wsl.conf is left: what would be read if it were not. */
static uint32_t below(const struct hr_wsl_conf *c)
{
    const struct hr_wsl_text *t = &c->text;
    uint32_t n = 0;
    for (uint32_t line = c->stopped; line < t->lines; line++) {
        uint32_t i = t->line[line], end = hr_wsl_text_line_end(t, line);
        while (i < end && (t->unit[i] == ' ' || t->unit[i] == '\t'))
            i++;
        if (i == end || t->unit[i] == '#' || t->unit[i] == '[' || t->unit[i] == ';')
            continue;
        while (i < end && t->unit[i] != '=')
            i++;
        n += i < end;
    }
    return n;
}

static void one(struct hr_lint *l, const struct hr_wsl_warning *w)
{
    static const struct {
        enum hr_wsl_rule_name rule;
        void (*say)(struct hr_lint *l, struct hr_wsl_finding *f, const struct hr_wsl_warning *w);
    } of[] = {
        [HR_WSL_W_KEY_NAME] = { HR_WSL_R_KEY_NAME, key_name },
        [HR_WSL_W_SECTION_NAME] = { HR_WSL_R_HEADER, header },
        [HR_WSL_W_NO_BRACKET] = { HR_WSL_R_HEADER, header },
        [HR_WSL_W_AFTER_HEADER] = { HR_WSL_R_HEADER, header },
        [HR_WSL_W_NO_EQUALS] = { HR_WSL_R_NO_EQUALS, no_equals },
        [HR_WSL_W_ESCAPE] = { HR_WSL_R_BACKSLASH, escape },
        [HR_WSL_W_QUOTE] = { HR_WSL_R_QUOTE, quote },
    };
    struct hr_wsl_finding *f = hr_lint_add(l, of[w->kind].rule, w->line, w->last_line);
    if (f == NULL)
        return;
    f->microsoft = w->text;
    uint32_t start = l->c->text.line[w->last_line - 1];
    f->column = w->at >= start ? w->at - start + 1 : 1;
    of[w->kind].say(l, f, w);
    if (l->c->text.file == HR_WSL_WSLCONFIG)
        return;
    uint32_t lost = below(l->c);
    f->rule = &hr_wsl_rules[HR_WSL_R_STOPS];
    f->why = lost == 0 ? hr_lint_text(l, "%s; wsl.conf is left at such a line, and nothing below it is read", f->why)
                       : hr_lint_text(l, "%s; wsl.conf is left at such a line: the %u setting%s below it %s lost",
                                      f->why, lost, lost == 1 ? "" : "s", lost == 1 ? "is" : "are");
}

void hr_lint_bad_lines(struct hr_lint *l)
{
    for (uint32_t i = 0; i < l->c->warnings && !l->nomem; i++)
        if (l->c->warning[i]->entry == NULL)
            one(l, l->c->warning[i]);
}

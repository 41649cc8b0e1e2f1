#include "md_roff.h"

#include <ctype.h>
#include <string.h>

static void special(struct hr_buf *out, char c)
{
    switch (c) {
    case '\\':
        hr_buf_adds(out, "\\e");
        break;
    case '-':
        hr_buf_adds(out, "\\-");
        break;
    case '\'':
        hr_buf_adds(out, "\\(aq");
        break;
    case '`':
        hr_buf_adds(out, "\\(ga");
        break;
    case '^':
        hr_buf_adds(out, "\\(ha");
        break;
    case '~':
        hr_buf_adds(out, "\\(ti");
        break;
    case '"':
        hr_buf_adds(out, "\\(dq");
        break;
    default:
        hr_buf_addc(out, (unsigned char)c < 0x20 ? ' ' : c);
    }
}

void hr_roff_text(struct hr_buf *out, struct hr_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool line_start = out->len == 0 || out->data[out->len - 1] == '\n';
        if (line_start && (text.p[i] == '.' || text.p[i] == '\''))
            hr_buf_adds(out, "\\&");
        special(out, text.p[i]);
    }
}

/* Where `mark` closes again, or 0. */
static size_t closes(struct hr_str s, const char *mark)
{
    size_t n = strlen(mark);
    for (size_t i = n; i + n <= s.n; i++)
        if (memcmp(s.p + i, mark, n) == 0 && i > n)
            return i;
    return 0;
}

/* A marked stretch at the start of *s: writes it in its font and takes it off.  False when there is none. */
static bool marked(struct hr_buf *out, struct hr_str *s)
{
    static const struct {
        const char *mark, *font;
    } fonts[] = { { "`", "\\fB" }, { "**", "\\fB" }, { "*", "\\fI" } };
    for (size_t i = 0; i < HR_COUNT(fonts); i++) {
        size_t n = strlen(fonts[i].mark), end;
        if (!hr_str_starts(*s, fonts[i].mark) || s->n <= n || s->p[n] == ' ' || (end = closes(*s, fonts[i].mark)) == 0)
            continue;
        hr_buf_adds(out, fonts[i].font);
        hr_roff_text(out, (struct hr_str) { s->p + n, end - n });
        hr_buf_adds(out, "\\fR");
        s->p += end + n;
        s->n -= end + n;
        return true;
    }
    return false;
}

/* "[text](target)" at the start of *s becomes "text (target)". */
static bool linked(struct hr_buf *out, struct hr_str *s)
{
    const char *mid = s->n != 0 && s->p[0] == '[' ? memchr(s->p, ']', s->n) : NULL;
    if (mid == NULL || (size_t)(mid - s->p) + 2 >= s->n || mid[1] != '(')
        return false;
    size_t left = s->n - (size_t)(mid - s->p);
    const char *end = memchr(mid, ')', left);
    if (end == NULL)
        return false;
    hr_roff_text(out, (struct hr_str) { s->p + 1, (size_t)(mid - s->p) - 1 });
    hr_buf_adds(out, " (");
    hr_roff_text(out, (struct hr_str) { mid + 2, (size_t)(end - mid) - 2 });
    hr_buf_addc(out, ')');
    s->n -= (size_t)(end - s->p) + 1;
    s->p = end + 1;
    return true;
}

void hr_roff_inline(struct hr_buf *out, struct hr_str text)
{
    while (text.n != 0) {
        if (marked(out, &text) || linked(out, &text))
            continue;
        hr_roff_text(out, (struct hr_str) { text.p, 1 });
        text.p++;
        text.n--;
    }
}

static unsigned heading_level(struct hr_str line)
{
    unsigned n = 0;
    while (n < line.n && line.p[n] == '#')
        n++;
    return n >= 1 && n <= 6 && n < line.n && line.p[n] == ' ' ? n : 0;
}

static void heading(struct hr_buf *out, struct hr_str line, unsigned level)
{
    struct hr_str text = hr_str_trim((struct hr_str) { line.p + level, line.n - level });
    hr_buf_adds(out, level <= 2 ? ".SH \"" : ".SS \"");
    for (size_t i = 0; i < text.n; i++)
        special(out, level <= 2 ? (char)toupper((unsigned char)text.p[i]) : text.p[i]);
    hr_buf_adds(out, "\"\n");
}

static void code_line(struct hr_buf *out, struct hr_str line)
{
    hr_roff_text(out, line);
    hr_buf_addc(out, '\n');
}

void hr_md_roff(struct hr_buf *out, struct hr_str md)
{
    /* SECTION: right behind a heading, where a paragraph needs no request of its own. */
    enum { NOTHING, SECTION, TEXT, BULLET, CODE } in = SECTION;
    struct hr_str rest = md, line;
    rest.n -= hr_str_ends(md, "\n");
    while (hr_str_cut(&rest, '\n', &line)) {
        struct hr_str t = hr_str_trim(line);
        unsigned level = heading_level(line);
        if (hr_str_starts(t, "```")) {
            hr_buf_adds(out, in == CODE ? ".EE\n.RE\n" : in == SECTION ? ".RS 4\n.EX\n" : ".PP\n.RS 4\n.EX\n");
            in = in == CODE ? NOTHING : CODE;
        } else if (in == CODE) {
            code_line(out, line);
        } else if (t.n == 0) {
            in = in == SECTION ? SECTION : NOTHING;
        } else if (level != 0) {
            heading(out, line, level);
            in = SECTION;
        } else if (hr_str_starts(t, "- ")) {
            hr_buf_adds(out, ".IP \\(bu 2\n");
            hr_roff_inline(out, hr_str_trim((struct hr_str) { t.p + 2, t.n - 2 }));
            hr_buf_addc(out, '\n');
            in = BULLET;
        } else {
            if (in == NOTHING)
                hr_buf_adds(out, ".PP\n");
            hr_roff_inline(out, t);
            hr_buf_addc(out, '\n');
            in = in == BULLET ? BULLET : TEXT;
        }
    }
    if (in == CODE)
        hr_buf_adds(out, ".EE\n.RE\n");
}

void hr_md_split(struct hr_str md, struct hr_str *ret_intro, struct hr_str *ret_sections)
{
    struct hr_str rest = md, line;
    bool code = false;
    while (hr_str_cut(&rest, '\n', &line)) {
        if (hr_str_starts(line, "```"))
            code = !code;
        if (code || heading_level(line) == 0)
            continue;
        size_t at = (size_t)(line.p - md.p);
        *ret_intro = (struct hr_str) { md.p, at };
        *ret_sections = (struct hr_str) { md.p + at, md.n - at };
        return;
    }
    *ret_intro = md;
    *ret_sections = (struct hr_str) { md.p + md.n, 0 };
}

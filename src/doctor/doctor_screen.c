/* Nothing of the machine's own bytes reaches the screen but through `clean`. */
#include "doctor_report.h"

#include "human.h"
#include "utf8.h"
#include "wrap.h"

#include <string.h>

enum {
    ITEM_INDENT = 4,
    LABEL = 6, /* "seen  " */
    EVIDENCE_MOST = 6,
    PART_MAX = 4 << 20,
};

struct page {
    const struct hr_screen *s;
    struct hr_buf *out;
};

enum style { PLAIN, BOLD, DIM, RED, YELLOW, CYAN, GREEN };

static void style(const struct page *g, enum style to)
{
    static const char *const code[] = { "0", "1", "2", "1;31", "1;33", "1;36", "32" };
    if (g->s->color)
        hr_buf_printf(g->out, "\x1b[%sm", code[to]);
}

/* The bytes as they may be shown, tabs as blanks. */
static void clean(struct hr_buf *to, struct hr_str s)
{
    struct hr_str piece;
    bool first = true;
    while (s.p != NULL && hr_str_cut(&s, '\t', &piece)) {
        if (!first)
            hr_buf_addc(to, ' ');
        hr_utf8_show(to, piece);
        first = false;
    }
}

/* Words filled into lines. */
static void words(const struct page *g, struct hr_str text, size_t column, size_t indent)
{
    struct hr_buf b = HR_BUF_INIT(PART_MAX);
    clean(&b, text);
    hr_wrap(g->out, hr_buf_str(&b), column, indent, g->s->width);
    hr_buf_addc(g->out, '\n');
    hr_buf_fini(&b);
}

/* The length in bytes of what fits into `room` columns: up to the last blank or comma in its last third, if there is one. */
static size_t fits(struct hr_str s, size_t room)
{
    struct hr_str rest = s;
    size_t columns = 0, blank = 0, end = 0;
    while (rest.n != 0) {
        struct hr_str before = rest;
        columns += (size_t)hr_utf8_width(hr_utf8_next(&rest, NULL));
        if (columns > room && end != 0)
            return blank != 0 ? blank : end;
        end = s.n - rest.n;
        if (strchr(" ,;", before.p[0]) != NULL && columns * 3 > room * 2)
            blank = end;
    }
    return s.n;
}

/* A line as it was read: broken where the screen ends, its blanks kept. */
static void verbatim(const struct page *g, struct hr_str line, size_t indent)
{
    struct hr_buf b = HR_BUF_INIT(PART_MAX);
    clean(&b, line);
    struct hr_str rest = hr_buf_str(&b);
    size_t room = g->s->width > indent + 20 ? g->s->width - indent : 20;
    while (rest.n != 0 && rest.p[rest.n - 1] == ' ')
        rest.n--;
    do {
        size_t n = fits(rest, room), shown = n;
        while (shown != 0 && rest.p[shown - 1] == ' ')
            shown--;
        hr_buf_add(g->out, rest.p, shown);
        hr_buf_addc(g->out, '\n');
        rest.p += n;
        rest.n -= n;
        if (rest.n != 0)
            hr_buf_pad(g->out, indent, ' ');
    } while (rest.n != 0);
    hr_buf_fini(&b);
}

/* "    seen  " before the first line of a part, blanks before the others. */
static void label(const struct page *g, const char *word, bool first)
{
    hr_buf_pad(g->out, ITEM_INDENT, ' ');
    hr_buf_printf(g->out, "%-*s", LABEL, first ? word : "");
}

static void evidence(const struct page *g, const struct hr_buf *seen)
{
    struct hr_str rest = hr_buf_str(seen), line;
    size_t n = 0, left = 0;
    while (rest.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        if (!g->s->verbose && n >= EVIDENCE_MOST && rest.n != 0) {
            left++;
            continue;
        }
        if (left != 0)
            break;
        label(g, "seen", n++ == 0);
        style(g, DIM);
        verbatim(g, line, ITEM_INDENT + LABEL);
        style(g, PLAIN);
    }
    if (left != 0) {
        label(g, "", false);
        hr_buf_printf(g->out, "… and %zu more lines (--verbose)\n", left + 1);
    }
}

static void said(const struct page *g, struct hr_str text)
{
    style(g, DIM);
    hr_buf_adds(g->out, "# ");
    words(g, hr_str_trim(text), ITEM_INDENT + LABEL + 2, ITEM_INDENT + LABEL + 2);
    style(g, PLAIN);
}

/* Where the explanation behind a command begins ("command   # explanation"); the whole length when there is none. */
static size_t explained_at(struct hr_str line)
{
    static const char mark[] = "   # ";
    for (size_t i = 1; i + sizeof mark <= line.n; i++)
        if (memcmp(line.p + i, mark, sizeof mark - 1) == 0)
            return i;
    return line.n;
}

/* Commands stay on their line however long, so that they can be copied; explanations are filled, and stand before their
 * command where both do not fit on a line. */
static void commands(const struct page *g, const char *word, const struct hr_buf *text)
{
    struct hr_str rest = hr_buf_str(text), line;
    bool first = true;
    while (rest.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        label(g, word, first);
        first = false;
        if (line.n != 0 && line.p[0] == '#') {
            said(g, (struct hr_str) { line.p + 1, line.n - 1 });
            continue;
        }
        size_t at = explained_at(line);
        if (at < line.n && ITEM_INDENT + LABEL + hr_utf8_columns(line) > g->s->width) {
            said(g, (struct hr_str) { line.p + at + 5, line.n - at - 5 });
            label(g, "", false);
            line.n = at;
        }
        style(g, BOLD);
        clean(g->out, line);
        style(g, PLAIN);
        hr_buf_addc(g->out, '\n');
    }
}

static void why(const struct page *g, const struct hr_check *c)
{
    label(g, "why", true);
    words(g, hr_str(c->why), ITEM_INDENT + LABEL, ITEM_INDENT + LABEL);
}

/* --- one finding --- */

static const struct {
    const char *symbol, *word;
    enum style style;
} face[] = {
    [HR_NOT_HERE] = { "·", "-", DIM }, [HR_UNKNOWN] = { "?", "?", CYAN },   [HR_GOOD] = { "✓", "ok", GREEN },
    [HR_NOTE] = { "•", "note", CYAN },  [HR_WARN] = { "!", "warn", YELLOW }, [HR_BAD] = { "✗", "FAIL", RED },
};

/* The sentence with its id behind it, behind the verdict's sign. */
static void sentence(const struct page *g, const struct hr_result *r)
{
    enum hr_verdict v = r->finding.verdict;
    const char *sign = g->s->color ? face[v].symbol : face[v].word;
    size_t column = 2 + hr_utf8_columns(hr_str(sign)) + 1;
    struct hr_buf b = HR_BUF_INIT(PART_MAX);
    hr_buf_adds(g->out, "  ");
    style(g, face[v].style);
    hr_buf_adds(g->out, sign);
    style(g, PLAIN);
    hr_buf_addc(g->out, ' ');
    clean(&b, hr_buf_str(&r->finding.say));
    if (v >= HR_WARN)
        style(g, BOLD);
    column = hr_wrap(g->out, hr_buf_str(&b), column, ITEM_INDENT, g->s->width);
    style(g, PLAIN);
    hr_buf_fini(&b);
    if (column + 3 + strlen(r->check->id) > g->s->width) {
        hr_buf_addc(g->out, '\n');
        hr_buf_pad(g->out, ITEM_INDENT, ' ');
    } else {
        hr_buf_addc(g->out, ' ');
    }
    style(g, DIM);
    hr_buf_printf(g->out, "[%s]", r->check->id);
    style(g, PLAIN);
    hr_buf_addc(g->out, '\n');
}

static void finding(const struct page *g, const struct hr_result *r)
{
    const struct hr_finding *f = &r->finding;
    bool tell = f->verdict == HR_WARN || f->verdict == HR_BAD || f->verdict == HR_NOTE;
    sentence(g, r);
    if (tell || g->s->verbose)
        evidence(g, &f->seen);
    if (tell)
        why(g, r->check);
    commands(g, "do", &f->fix);
    commands(g, "undo", &f->undo);
    for (const struct hr_mend *m = f->mend; m != NULL; m = m->next) {
        label(g, "fix", m == f->mend);
        hr_buf_adds(g->out, "headrace doctor --fix: ");
        words(g, hr_str(m->does), ITEM_INDENT + LABEL + 23, ITEM_INDENT + LABEL);
    }
}

/* --- the page --- */

static void heading(const struct page *g, const char *text)
{
    hr_buf_addc(g->out, '\n');
    style(g, BOLD);
    hr_buf_adds(g->out, text);
    style(g, PLAIN);
    hr_buf_addc(g->out, '\n');
}

static void section(const struct page *g, const struct hr_diagnosis *d, enum hr_verdict v, const char *title,
                    bool apart)
{
    bool first = true;
    for (size_t i = 0; i < d->n; i++) {
        if (d->result[i].finding.verdict != v)
            continue;
        if (first)
            heading(g, title);
        else if (apart)
            hr_buf_addc(g->out, '\n');
        first = false;
        finding(g, &d->result[i]);
    }
}

/* What is fine, a line for each group: "  ✓ memory 9   swap, limits, ...", cut where the screen ends. */
static void fine(const struct page *g, const struct hr_diagnosis *d)
{
    if (d->count[HR_GOOD] != 0)
        heading(g, "Fine");
    for (int group = 0; group < HR_CHECK_GROUPS; group++) {
        struct hr_buf titles = HR_BUF_INIT(PART_MAX);
        size_t n = 0;
        const struct hr_check *last = NULL; /* the same check at several paths is named once */
        for (size_t i = 0; i < d->n; i++) {
            if (d->result[i].group != (enum hr_check_group)group || d->result[i].finding.verdict != HR_GOOD)
                continue;
            if (d->result[i].check != last)
                hr_buf_printf(&titles, "%s%s", n != 0 ? ", " : "", d->result[i].check->title);
            last = d->result[i].check;
            n++;
        }
        if (n != 0) {
            const char *sign = g->s->color ? face[HR_GOOD].symbol : face[HR_GOOD].word;
            struct hr_str t = hr_buf_str(&titles);
            size_t column = 2 + hr_utf8_columns(hr_str(sign)) + 1 + 8 + 4;
            size_t room = g->s->width - column, shown = hr_utf8_columns(t) <= room ? t.n : fits(t, room - 1);
            hr_buf_adds(g->out, "  ");
            style(g, GREEN);
            hr_buf_adds(g->out, sign);
            style(g, PLAIN);
            hr_buf_printf(g->out, " %-8s%3zu ", hr_check_group_name((enum hr_check_group)group), n);
            style(g, DIM);
            while (shown < t.n && shown != 0 && (t.p[shown - 1] == ' ' || t.p[shown - 1] == ','))
                shown--;
            hr_buf_printf(g->out, "%.*s%s", (int)shown, t.p, shown < t.n ? "…" : "");
            style(g, PLAIN);
            hr_buf_addc(g->out, '\n');
        }
        hr_buf_fini(&titles);
    }
}

static void clause(struct hr_buf *out, size_t n, const char *one, const char *many)
{
    if (n != 0)
        hr_buf_printf(out, "%s%zu %s", out->len != 0 ? ", " : "", n, n == 1 ? one : many);
}

void hr_doctor_summary(const struct hr_diagnosis *d, struct hr_buf *out)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    bool wrong = d->count[HR_BAD] + d->count[HR_WARN] != 0;
    clause(&b, d->count[HR_BAD], "thing will make training fail", "things will make training fail");
    clause(&b, d->count[HR_WARN], d->count[HR_BAD] != 0 ? "costs speed or memory" : "thing costs speed or memory",
           d->count[HR_BAD] != 0 ? "cost speed or memory" : "things cost speed or memory");
    clause(&b, d->count[HR_NOTE], "is worth knowing", "are worth knowing");
    clause(&b, d->count[HR_GOOD], "is fine", "are fine");
    clause(&b, d->count[HR_UNKNOWN], "could not be looked at", "could not be looked at");
    if (b.len == 0)
        hr_buf_adds(out, "Nothing was looked at: no check of those asked for has a subject here.");
    else
        hr_buf_printf(out, "%s%s.", wrong ? "" : "Nothing stands in the way of training: ", b.data);
    hr_buf_fini(&b);
}

static void portrait(const struct page *g, const struct hr_portrait *p)
{
    enum { WHAT = 10 };
    for (size_t i = 0; i < p->n; i++) {
        hr_buf_adds(g->out, "  ");
        style(g, DIM);
        hr_buf_printf(g->out, "%-*s", WHAT - 2, p->line[i].what);
        style(g, PLAIN);
        words(g, hr_buf_str(&p->line[i].text), WHAT, WHAT);
    }
}

void hr_doctor_screen(const struct hr_diagnosis *d, const struct hr_portrait *p, const struct hr_screen *s,
                      struct hr_buf *out)
{
    struct page g = { s, out };
    struct hr_buf verdict = HR_BUF_INIT(4096);
    enum hr_verdict v = hr_diagnosis_verdict(d);
    bool mends = false;
    hr_doctor_summary(d, &verdict);
    style(&g, v == HR_GOOD ? BOLD : face[v].style);
    hr_wrap(out, hr_buf_str(&verdict), 0, 0, s->width);
    style(&g, PLAIN);
    hr_buf_adds(out, "\n\n");
    hr_buf_fini(&verdict);
    portrait(&g, p);
    section(&g, d, HR_BAD, "Training will fail", true);
    section(&g, d, HR_WARN, "Costs speed or memory, or will bite later", true);
    section(&g, d, HR_NOTE, "Worth knowing", true);
    section(&g, d, HR_UNKNOWN, "Could not be looked at", false);
    if (s->verbose) {
        section(&g, d, HR_GOOD, "Fine", false);
        section(&g, d, HR_NOT_HERE, "Not about this machine", false);
    } else {
        fine(&g, d);
    }
    for (size_t i = 0; i < d->n; i++)
        mends |= d->result[i].finding.mend != NULL;
    hr_buf_addc(out, '\n');
    if (mends)
        words(&g, HR_STR("'headrace doctor --fix' does what is marked with fix, after asking; 'headrace doctor --undo' "
                         "takes it back."),
              0, 0);
    if (d->left_out != 0)
        hr_buf_printf(out, "%zu %s: --deep runs %s.\n", d->left_out,
                      d->left_out == 1 ? "check takes long and was left out" : "checks take long and were left out",
                      d->left_out == 1 ? "it" : "them");
    words(&g, HR_STR("'headrace doctor --explain ID' tells all about one check; --verbose also shows what is fine."), 0, 0);
}

void hr_doctor_findings(const struct hr_diagnosis *d, const struct hr_screen *s, const char *const title[HR_BAD + 1],
                        struct hr_buf *out)
{
    static const enum hr_verdict order[] = { HR_BAD, HR_WARN, HR_NOTE, HR_UNKNOWN };
    struct page g = { s, out };
    for (size_t i = 0; i < HR_COUNT(order); i++)
        if (title[order[i]] != NULL)
            section(&g, d, order[i], title[order[i]], order[i] != HR_UNKNOWN);
}

/* --- one check, and all of them --- */

static void told(const struct page *g, const char *what, const char *text)
{
    enum { WHAT = 10 };
    style(g, BOLD);
    hr_buf_printf(g->out, "%-*s", WHAT, what);
    style(g, PLAIN);
    words(g, hr_str(text), WHAT, WHAT);
}

void hr_doctor_explain(const struct hr_result *r, const struct hr_screen *s, struct hr_buf *out)
{
    struct page g = { s, out };
    told(&g, "check", r->check->id);
    told(&g, "looks at", r->check->title);
    told(&g, "why", r->check->why);
    told(&g, "source", r->check->source);
    heading(&g, "On this machine");
    const struct hr_finding *f = &r->finding;
    sentence(&g, r);
    evidence(&g, &f->seen);
    commands(&g, "do", &f->fix);
    commands(&g, "undo", &f->undo);
}

void hr_doctor_list(const struct hr_screen *s, struct hr_buf *out)
{
    struct page g = { s, out };
    for (int group = 0; group < HR_CHECK_GROUPS; group++) {
        const struct hr_check *c = hr_check_group_table((enum hr_check_group)group);
        if (c->id == NULL)
            continue;
        style(&g, BOLD);
        hr_buf_adds(out, hr_check_group_name((enum hr_check_group)group));
        style(&g, PLAIN);
        hr_buf_printf(out, "  %s\n", hr_check_group_subject((enum hr_check_group)group));
        for (; c->id != NULL; c++) {
            hr_buf_printf(out, "  %-28s ", c->id);
            hr_wrap(out, hr_str(c->title), 31, 31, s->width);
            hr_buf_adds(out, c->deep ? " (--deep)\n" : "\n");
        }
    }
}

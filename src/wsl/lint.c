#include "lint_work.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* A line longer than LINE_MAX_SHOWN is shown in part, and its correction left to a person: with that the report of any file that
 * can be read stays below the arena's ceiling. */
enum { ARENA_MAX = 256 << 20, LINE_MAX_SHOWN = 4096 };

const struct hr_wsl_rule hr_wsl_rules[HR_WSL_RULES] = {
#define R(name, id, severity, effect, title, source) \
    [HR_WSL_R_##name] = { id, HR_WSL_##severity, HR_WSL_##effect, title, source },
#include "lint_rules.def"
#undef R
};

void hr_wsl_host_init(struct hr_wsl_host *host, const char *why)
{
    struct hr_figure none = hr_figure_unknown("%s", why);
    *host = (struct hr_wsl_host) { none, none, none, none, hr_truth_unknown("%s", why), NULL, NULL };
}

struct hr_figure hr_wsl_version_of(struct hr_str text)
{
    uint32_t part[3] = { 0, 0, 0 };
    size_t i = 0;
    while (i < text.n && (text.p[i] < '0' || text.p[i] > '9'))
        i++;
    int k = 0;
    for (; k < 3 && i < text.n; k++) {
        size_t from = i;
        for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && i - from < 4; i++)
            part[k] = part[k] * 10 + (uint32_t)(text.p[i] - '0');
        if (i == from || part[k] > 1023)
            break;
        if (k < 2 && (i == text.n || text.p[i] != '.')) {
            k++;
            break;
        }
        i++;
    }
    return k < 2
               ? hr_figure_unknown("'%.*s' is no version of WSL", (int)HR_MIN(text.n, (size_t)32), text.n ? text.p : "")
               : hr_figure_of(HR_WSL_VERSION(part[0], part[1], part[2]));
}

/* --- texts --- */

static const char *keep(struct hr_lint *l, struct hr_buf *b)
{
    const char *z = b->failed ? NULL : hr_arena_str(&l->report->arena, b->data, b->len);
    hr_buf_fini(b);
    l->nomem |= z == NULL;
    return z != NULL ? z : "";
}

const char *hr_lint_text(struct hr_lint *l, const char *fmt, ...)
{
    struct hr_buf b = HR_BUF_INIT(4 * HR_WSL_SIZE_MAX);
    va_list ap;
    va_start(ap, fmt);
    hr_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    return keep(l, &b);
}

const char *hr_lint_slice(struct hr_lint *l, uint32_t from, uint32_t to)
{
    struct hr_buf b = HR_BUF_INIT(4 * HR_WSL_SIZE_MAX);
    bool cut = to > from + LINE_MAX_SHOWN;
    hr_wsl_text_show(&l->c->text, from, cut ? from + LINE_MAX_SHOWN : to, &b);
    if (cut)
        hr_buf_adds(&b, "\xE2\x80\xA6");
    return keep(l, &b);
}

const char *hr_lint_splice(struct hr_lint *l, uint32_t line, uint32_t last, uint32_t from, uint32_t to,
                           const char *with)
{
    const struct hr_wsl_text *t = &l->c->text;
    uint32_t end = hr_wsl_text_line_end(t, last - 1);
    if (end - t->line[line - 1] > LINE_MAX_SHOWN)
        return "";
    struct hr_buf b = HR_BUF_INIT(4 * HR_WSL_SIZE_MAX);
    hr_wsl_text_show(t, t->line[line - 1], from, &b);
    hr_buf_adds(&b, with);
    hr_wsl_text_show(t, to, HR_MAX(to, end), &b);
    return keep(l, &b);
}

/* --- findings --- */

struct hr_wsl_finding *hr_lint_add(struct hr_lint *l, enum hr_wsl_rule_name rule, uint32_t line, uint32_t last)
{
    struct hr_wsl_report *r = l->report;
    if (r->n % 64 == 0) {
        struct hr_wsl_finding **more = hr_reallocarray(r->finding, r->n + 64, sizeof *more);
        if (more == NULL) {
            l->nomem = true;
            return NULL;
        }
        r->finding = more;
    }
    struct hr_wsl_finding *f = HR_ARENA_NEW(&r->arena, struct hr_wsl_finding);
    if (f == NULL) {
        l->nomem = true;
        return NULL;
    }
    const struct hr_wsl_text *t = &l->c->text;
    *f = (struct hr_wsl_finding) {
        .rule = &hr_wsl_rules[rule], .line = line, .last_line = last, .column = line != 0, .why = "", .text = ""
    };
    if (line != 0)
        f->text = hr_lint_slice(l, t->line[line - 1], hr_wsl_text_line_end(t, last - 1));
    r->finding[r->n++] = f;
    return f;
}

static const char *told(const struct hr_wsl_conf *c, const struct hr_wsl_entry *e)
{
    for (uint32_t i = 0; i < c->warnings; i++)
        if (c->warning[i]->entry == e)
            return c->warning[i]->text;
    return NULL;
}

struct hr_wsl_finding *hr_lint_entry(struct hr_lint *l, enum hr_wsl_rule_name rule, const struct hr_wsl_entry *e)
{
    struct hr_wsl_finding *f = hr_lint_add(l, rule, e->line, e->last_line);
    if (f == NULL)
        return NULL;
    f->entry = e;
    f->column = e->key_at - l->c->text.line[e->line - 1] + 1;
    f->microsoft = told(l->c, e);
    return f;
}

void hr_lint_value(struct hr_lint *l, struct hr_wsl_finding *f, const char *with)
{
    f->action = HR_WSL_REPLACE;
    f->advice = NULL;
    f->fix = hr_lint_splice(l, f->line, f->last_line, f->entry->value_at, f->entry->value_end, with);
}

void hr_lint_remove(struct hr_wsl_finding *f)
{
    f->action = HR_WSL_REMOVE;
}

void hr_lint_move(struct hr_lint *l, struct hr_wsl_finding *f, const char *section, const char *name)
{
    f->action = HR_WSL_MOVE;
    f->section = section;
    f->fix = hr_lint_text(l, "%s=%s", name, hr_lint_slice(l, f->entry->value_at, f->entry->value_end));
}

static int by_line(const void *a, const void *b)
{
    const struct hr_wsl_finding *x = *(struct hr_wsl_finding *const *)a, *y = *(struct hr_wsl_finding *const *)b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static void count(struct hr_wsl_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct hr_wsl_finding *f = r->finding[i];
        if ((f->action == HR_WSL_REPLACE || f->action == HR_WSL_MOVE) &&
            (f->fix == NULL || strlen(f->text) >= LINE_MAX_SHOWN ||
                                                                                (f->action == HR_WSL_REPLACE && strcmp(f->fix, f->text) == 0))) {
            f->action = HR_WSL_LOOK;
            f->fix = f->section = NULL;
        }
        const struct hr_wsl_rule *rule = r->finding[i]->rule;
        r->errors += rule->severity == HR_WSL_ERROR;
        r->warnings += rule->severity == HR_WSL_WARNING;
        r->notes += rule->severity == HR_WSL_NOTE;
        r->idle += rule->effect == HR_WSL_IDLE;
        r->defaults += rule->effect == HR_WSL_DEFAULT;
    }
}

int hr_wsl_lint(const struct hr_wsl_conf *c, const struct hr_wsl_host *host, struct hr_wsl_report *ret,
                struct hr_error *err)
{
    struct hr_wsl_report made = { .arena = HR_ARENA_INIT(ARENA_MAX) };
    struct hr_lint l = { c, host, &made, false };
    hr_lint_file(&l);
    /* Of a file that is not text no line is worth a word. */
    bool garbage = made.n != 0 && made.finding[0]->rule->severity == HR_WSL_ERROR;
    if (!garbage)
        hr_lint_bad_lines(&l);
    for (uint32_t i = 0; i < c->entries && !l.nomem && !garbage; i++) {
        const struct hr_wsl_entry *e = c->entry[i];
        if (e->fate == HR_WSL_COUNTS)
            hr_lint_counts(&l, e);
        else if (e->fate == HR_WSL_BAD_VALUE)
            hr_lint_bad(&l, e);
        else
            hr_lint_key(&l, e);
    }
    if (l.nomem) {
        hr_wsl_report_fini(&made);
        return hr_fail(err, HR_E_NOMEM, "out of memory while looking at '%s'", c->name);
    }
    if (made.n > 1)
        qsort(made.finding, made.n, sizeof *made.finding, by_line);
    count(&made);
    *ret = made;
    return 0;
}

void hr_wsl_report_fini(struct hr_wsl_report *r)
{
    hr_free(r->finding);
    hr_arena_fini(&r->arena);
    *r = (struct hr_wsl_report) { 0 };
}

const char *hr_wsl_severity_name(enum hr_wsl_severity s)
{
    static const char *const name[] = { "note", "warning", "error" };
    return name[s];
}

const char *hr_wsl_effect_name(enum hr_wsl_effect e)
{
    static const char *const name[] = {
        "works", "default", "no effect", "other effect", "loses lines", "does not start"
    };
    return name[e];
}

const char *hr_wsl_action_name(enum hr_wsl_action a)
{
    static const char *const name[] = { "look", "remove", "replace", "move" };
    return name[a];
}

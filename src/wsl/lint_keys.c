/* Keys that WSL does not know, or knows already. */
#include "lint_work.h"

#include <string.h>
#include <strings.h>

enum { NEAR_MAX = 40 };

static size_t section_length(const char *full)
{
    const char *dot = strchr(full, '.');
    return dot == NULL ? 0 : (size_t)(dot - full);
}

static const char *bare(const char *full)
{
    const char *dot = strchr(full, '.');
    return dot == NULL ? full : dot + 1;
}

/* Edits between two words, any case, as far as it matters. */
static unsigned distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned row[NEAR_MAX + 1];
    if (n > NEAR_MAX || m > NEAR_MAX)
        return ~0u;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned was = row[j], change = diagonal + (strncasecmp(a + i - 1, b + j - 1, 1) != 0);
            row[j] = HR_MIN(HR_MIN(row[j] + 1, row[j - 1] + 1), change);
            diagonal = was;
        }
    }
    return row[m];
}

/* An accepted key of that file that is spelled almost so; one of the same section before the others. */
static const struct hr_wsl_key *near(enum hr_wsl_file file, const char *full)
{
    const struct hr_wsl_key *best = NULL;
    const char *name = bare(full);
    size_t n = strlen(name);
    unsigned least = (unsigned)HR_MIN(n / 4, (size_t)2) + 1;
    for (size_t i = 0; i < hr_wsl_keys_n; i++) {
        const struct hr_wsl_key *k = &hr_wsl_keys[i];
        if (k->file != file || !hr_wsl_key_accepted(k) || k->status == HR_WSL_ALIAS)
            continue;
        size_t m = strlen(k->name);
        if ((n > m ? n - m : m - n) >= least)
            continue;
        unsigned d = distance(name, k->name);
        if (d < least) {
            least = d;
            best = k;
        }
    }
    return best;
}

/* The bad header that the entry stands below, with no good one between; NULL: none. */
static const struct hr_wsl_warning *broken_above(const struct hr_wsl_conf *c, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_warning *bad = NULL;
    for (uint32_t i = 0; i < c->warnings; i++) {
        const struct hr_wsl_warning *w = c->warning[i];
        if ((w->kind == HR_WSL_W_NO_BRACKET || w->kind == HR_WSL_W_AFTER_HEADER || w->kind == HR_WSL_W_SECTION_NAME) &&
            w->at < e->key_at)
            bad = w;
    }
    for (uint32_t i = 0; i < c->headers && bad != NULL; i++)
        if (c->header[i]->at > bad->at && c->header[i]->at < e->key_at)
            bad = NULL;
    return bad;
}

static void not_accepted(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_key *k = e->key, *to = k->instead != NULL ? hr_wsl_key_find(k->file, hr_str(k->instead)) : NULL;
    enum hr_wsl_rule_name rule = k->status == HR_WSL_MISPLACED ? HR_WSL_R_SECTION
                                 : k->status == HR_WSL_REMOVED ? HR_WSL_R_REMOVED
                                                               : HR_WSL_R_NEVER;
    struct hr_wsl_finding *f = hr_lint_entry(l, rule, e);
    if (f == NULL)
        return;
    hr_lint_remove(f);
    if (k->status == HR_WSL_MISPLACED) {
        f->why = hr_lint_text(l, "%s is unknown in [%s]: %s", k->name, k->section, k->note);
        if (to->status != HR_WSL_IGNORED)
            hr_lint_move(l, f, to->section, to->name);
    } else if (k->status == HR_WSL_REMOVED) {
        f->why = hr_lint_text(l, "WSL has no key %s any more: %s", k->name, k->note);
    } else {
        f->why = hr_lint_text(l, "%s does nothing: %s", k->name,
                              strncmp(k->what, "nothing: ", 9) == 0 ? k->what + 9 : k->what);
        f->advice = k->note;
    }
}

static void unknown(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    enum hr_wsl_file file = l->c->text.file, other = file == HR_WSL_WSLCONFIG ? HR_WSL_WSLCONF : HR_WSL_WSLCONFIG;
    const char *name = bare(e->name);
    size_t section = section_length(e->name);
    const struct hr_wsl_warning *broken = broken_above(l->c, e);
    const struct hr_wsl_key *here = hr_wsl_key_named(file, hr_str(name)),
                            *there = hr_wsl_key_find(other, hr_str(e->name)), *close = near(file, e->name);
    if (there == NULL || !hr_wsl_key_accepted(there))
        there = hr_wsl_key_named(other, hr_str(name));
    struct hr_wsl_finding *f;
    if (broken != NULL) {
        f = hr_lint_entry(l, HR_WSL_R_BROKEN_SECTION, e);
        if (f == NULL)
            return;
        f->why = hr_lint_text(l, "the header in line %u is broken, so this is looked up as '%s', which is no key",
                              broken->line, e->name);
        f->advice = hr_lint_text(l, "correct line %u", broken->line);
    } else if (section == 0 && here != NULL) {
        f = hr_lint_entry(l, HR_WSL_R_NO_SECTION, e);
        if (f == NULL)
            return;
        f->why = hr_lint_text(l, "%s stands before the first header, where no key is known", name);
        hr_lint_move(l, f, here->section, here->name);
    } else if (here != NULL) {
        f = hr_lint_entry(l, HR_WSL_R_SECTION, e);
        if (f == NULL)
            return;
        f->why = hr_lint_text(l, "%s is unknown in [%.*s]: it belongs into [%s]", name, (int)section, e->name,
                              here->section);
        hr_lint_move(l, f, here->section, here->name);
    } else if (there != NULL) {
        f = hr_lint_entry(l, HR_WSL_R_FILE, e);
        if (f == NULL)
            return;
        f->why = hr_lint_text(l, "%s is a key of %s, not of %s", name,
                              file == HR_WSL_WSLCONFIG ? "/etc/wsl.conf" : ".wslconfig", hr_wsl_file_name(file));
        hr_lint_remove(f);
        f->advice = hr_lint_text(l, "put it into [%s] of %s%s", there->section,
                                 file == HR_WSL_WSLCONFIG ? "/etc/wsl.conf" : ".wslconfig",
                                 file == HR_WSL_WSLCONFIG ? " in the distribution" : " in the Windows profile");
    } else {
        f = hr_lint_entry(l, HR_WSL_R_UNKNOWN, e);
        if (f == NULL)
            return;
        f->why = hr_lint_text(l, "WSL has no key '%s'%s%s%s", e->name, close != NULL ? "; it has " : "",
                              close != NULL ? close->name : "", section == 0 ? ", and no section begins above it" : "");
        if (close != NULL && section == strlen(close->section) && strncasecmp(e->name, close->section, section) == 0) {
            f->action = HR_WSL_REPLACE;
            f->fix = hr_lint_splice(l, f->line, f->last_line, e->key_at, e->key_end, close->name);
        } else if (close != NULL) {
            hr_lint_move(l, f, close->section, close->name);
        } else {
            hr_lint_remove(f);
        }
    }
}

void hr_lint_key(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    if (e->fate == HR_WSL_UNKNOWN) {
        if (e->key != NULL)
            not_accepted(l, e);
        else
            unknown(l, e);
        return;
    }
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_DUPLICATE, e);
    if (f == NULL)
        return;
    bool alias = strcasecmp(e->name, e->first->name) != 0;
    f->why = hr_lint_text(l, "%s%s%s is set in line %u already, and the first setting counts%s", e->name,
                          alias ? " is another name of " : "", alias ? e->first->name : "", e->first->line,
                          e->first->fate == HR_WSL_BAD_VALUE ? ", also when it is invalid" : "");
    hr_lint_remove(f);
    if (e->first->fate == HR_WSL_BAD_VALUE)
        f->advice = hr_lint_text(l, "remove line %u instead, if this value is the one that is meant", e->first->line);
}

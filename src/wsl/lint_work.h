/* Between the files of the linter. */
#ifndef HR_LINT_WORK_H
#define HR_LINT_WORK_H

#include "lint.h"

struct hr_lint {
    const struct hr_wsl_conf *c;
    const struct hr_wsl_host *host;
    struct hr_wsl_report *report;
    bool nomem;
};

/* A new finding about lines [line, last] (0: the file); the caller fills in the rest.  NULL: out of memory, which is kept. */
struct hr_wsl_finding *hr_lint_add(struct hr_lint *l, enum hr_wsl_rule_name rule, uint32_t line, uint32_t last);
/* The same about an entry. */
struct hr_wsl_finding *hr_lint_entry(struct hr_lint *l, enum hr_wsl_rule_name rule, const struct hr_wsl_entry *e);
/* A text in the report's arena; "" when out of memory, which is kept. */
const char *hr_lint_text(struct hr_lint *l, const char *fmt, ...) HR_PRINTF(2, 3);
/* Characters [from, to) of the file. */
const char *hr_lint_slice(struct hr_lint *l, uint32_t from, uint32_t to);
/* The lines [line, last], with characters [from, to) replaced. */
const char *hr_lint_splice(struct hr_lint *l, uint32_t line, uint32_t last, uint32_t from, uint32_t to,
                           const char *with);
/* The action "replace the entry's value by `with`". */
void hr_lint_value(struct hr_lint *l, struct hr_wsl_finding *f, const char *with);
void hr_lint_remove(struct hr_wsl_finding *f);
/* The action "put it into [section]". */
void hr_lint_move(struct hr_lint *l, struct hr_wsl_finding *f, const char *section, const char *name);

void hr_lint_file(struct hr_lint *l);                                 /* encodings */
void hr_lint_bad_lines(struct hr_lint *l);                            /* lines that are no lines */
void hr_lint_key(struct hr_lint *l, const struct hr_wsl_entry *e);    /* UNKNOWN and DUPLICATE */
void hr_lint_bad(struct hr_lint *l, const struct hr_wsl_entry *e);    /* BAD_VALUE */
void hr_lint_counts(struct hr_lint *l, const struct hr_wsl_entry *e); /* COUNTS */
/* Why a setting has no effect in this file, or NULL. */
const char *hr_lint_no_effect(struct hr_lint *l, const struct hr_wsl_entry *e);
/* The networking mode that is in force: "nat" where none is set. */
const char *hr_lint_mode(const struct hr_wsl_conf *c);

#endif

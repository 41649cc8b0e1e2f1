/* What is wrong with a configuration file, line by line: why, and what the line should be.
 *
 *   struct hr_wsl_host host;
 *   hr_wsl_host_init(&host, "not asked");
 *   host.ram = hr_figure_of(64ull << 30);
 *   struct hr_wsl_report r;
 *   if (hr_wsl_lint(&conf, &host, &r, err) == 0)
 *       for (size_t i = 0; i < r.n; i++) ... r.finding[i]->why
 *   hr_wsl_report_fini(&r);
 *
 * Rules that need a fact of the PC stay silent where it is not known. */
#ifndef HR_LINT_H
#define HR_LINT_H

#include "known.h"
#include "wsl_conf.h"

/* What is known about the PC around the virtual machine. */
struct hr_wsl_host {
    struct hr_figure ram;     /* bytes */
    struct hr_figure cpus;    /* logical processors */
    struct hr_figure wsl;     /* HR_WSL_VERSION of the WSL that is installed */
    struct hr_figure windows; /* the build: 22631 */
    struct hr_truth arm64;
    /* Whether a file of Windows is there; NULL: not asked. */
    struct hr_truth (*there)(void *ctx, const char *windows_path);
    void *ctx;
};
/* Everything unknown, for that reason. */
void hr_wsl_host_init(struct hr_wsl_host *host, const char *why);
/* "2.7.14" or "WSL version: 2.7.14.0"; unknown when it holds no version. */
struct hr_figure hr_wsl_version_of(struct hr_str text);

enum hr_wsl_severity { HR_WSL_NOTE, HR_WSL_WARNING, HR_WSL_ERROR };
/* What becomes of the line. */
enum hr_wsl_effect {
    HR_WSL_FINE,    /* it works */
    HR_WSL_DEFAULT, /* it says what is so anyway */
    HR_WSL_IDLE,    /* it does nothing */
    HR_WSL_OTHER,   /* it does something else than it says */
    HR_WSL_LOST,    /* it takes other lines with it */
    HR_WSL_FATAL    /* no distribution starts */
};

enum hr_wsl_rule_name {
#define R(name, id, severity, effect, title, source) HR_WSL_R_##name,
#include "lint_rules.def"
#undef R
    HR_WSL_RULES
};
struct hr_wsl_rule {
    const char *id;
    enum hr_wsl_severity severity;
    enum hr_wsl_effect effect;
    const char *title, *source;
};
extern const struct hr_wsl_rule hr_wsl_rules[HR_WSL_RULES];

enum hr_wsl_action {
    HR_WSL_LOOK,    /* only a person can tell; `advice` says what */
    HR_WSL_REMOVE,  /* remove the line */
    HR_WSL_REPLACE, /* by `fix` */
    HR_WSL_MOVE     /* remove the line, and put `fix` into [section] */
};

/* All texts are UTF-8, the report's own, and may hold what the file holds: clean them for a terminal. */
struct hr_wsl_finding {
    const struct hr_wsl_rule *rule;
    const struct hr_wsl_entry *entry; /* of the conf; NULL: a bad line, or the file as a whole */
    uint32_t line, last_line, column; /* from 1, in characters; line 0: the file as a whole */
    const char *text;                 /* the line as it stands there, or the lines */
    const char *why;                  /* a sentence */
    enum hr_wsl_action action;
    const char *section, *fix; /* "experimental", "autoMemoryReclaim=gradual" */
    const char *advice;        /* what to do beyond that, or NULL */
    const char *microsoft;     /* the warning that WSL itself prints; NULL: it is silent */
};

struct hr_wsl_report {
    struct hr_arena arena;
    struct hr_wsl_finding **finding; /* by line */
    size_t n;
    size_t errors, warnings, notes;
    size_t idle, defaults; /* lines without effect, and lines that say what is so anyway */
};

/* The conf must outlive the report. */
int hr_wsl_lint(const struct hr_wsl_conf *c, const struct hr_wsl_host *host, struct hr_wsl_report *ret,
                struct hr_error *err) HR_MUST_USE;
void hr_wsl_report_fini(struct hr_wsl_report *r);
const char *hr_wsl_severity_name(enum hr_wsl_severity s); /* "warning" */
const char *hr_wsl_effect_name(enum hr_wsl_effect e);     /* "no effect" */
const char *hr_wsl_action_name(enum hr_wsl_action a);     /* "move" */

#endif

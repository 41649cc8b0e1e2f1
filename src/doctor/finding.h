/* What a check found: the verdict, one sentence, the evidence as it was seen, and what to do about it. */
#ifndef HR_FINDING_H
#define HR_FINDING_H

#include "buf.h"
#include "err.h"

/* From best to worst, but for the two that are no verdict on the machine. */
enum hr_verdict {
    HR_NOT_HERE, /* the check has no subject on this machine (no GPU, no WSL): shown only with --verbose */
    HR_UNKNOWN,  /* it could not be looked at; the sentence says why */
    HR_GOOD,
    HR_NOTE, /* worth knowing; nothing is wrong */
    HR_WARN, /* will cost time or memory, or bite later */
    HR_BAD,  /* training will fail, or fails already */
};
const char *hr_verdict_name(enum hr_verdict v); /* "warn" */

/* A whole file that can be replaced safely, and what it will hold: what --fix applies, after a backup. */
struct hr_mend {
    struct hr_mend *next;
    char *path, *does; /* does: "sets swap=16GB in C:\Users\me\.wslconfig" */
    char *text;
    size_t n;
};

struct hr_finding {
    enum hr_verdict verdict;
    struct hr_buf say;  /* one sentence with the figures in it; no full stop at the end */
    struct hr_buf seen; /* evidence: lines as they were read, each with where from */
    struct hr_buf fix;  /* commands to copy, one a line; a line that begins with # explains */
    struct hr_buf undo; /* how to take them back */
    struct hr_mend *mend;
    struct hr_buf quoted; /* of hr_quoted */
};

void hr_finding_init(struct hr_finding *f);
void hr_finding_fini(struct hr_finding *f);
/* Something could not be stored: out of memory or past a ceiling (1 MiB each). */
bool hr_finding_failed(const struct hr_finding *f);

/* For checks.  The last verdict counts; the others append one line each, cleaned of nothing: rendering does that. */
void hr_find(struct hr_finding *f, enum hr_verdict v, const char *say, ...) HR_PRINTF(3, 4);
void hr_seen(struct hr_finding *f, const char *line, ...) HR_PRINTF(2, 3);
void hr_fix(struct hr_finding *f, const char *line, ...) HR_PRINTF(2, 3);
void hr_undo(struct hr_finding *f, const char *line, ...) HR_PRINTF(2, 3);
/* A path as a shell takes it, whatever its name holds; valid until the next call. */
const char *hr_quoted(struct hr_finding *f, const char *path);
/* Offers to replace `path` by `text`.  Only files that are this user's or the machine's own configuration, never data. */
void hr_mend_file(struct hr_finding *f, const char *path, struct hr_str text, const char *does, ...) HR_PRINTF(4, 5);

#endif

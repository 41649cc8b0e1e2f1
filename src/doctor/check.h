/* A check: one row of a table, and a function that looks.
 *
 * How to add a check:
 *   1. Choose the file of its group (checks_memory.c ...) and write
 *          static void swap_none(struct hr_facts *facts, struct hr_finding *f);
 *      It asks the probes through facts.h (each is read once, when first asked for), calls hr_find once with the verdict and one
 *      sentence with the figures in it, and adds evidence (hr_seen), commands (hr_fix) and their undoing (hr_undo).  A value
 *      that is not known is HR_UNKNOWN with the value's own reason; a machine that the check is not about is HR_NOT_HERE.
 *   2. Add its row to the table at the end of that file: id, title, why, source.  Ids are never renamed.
 *   3. Let a root of tests/roots show it, once bad and once good; write the goldens again and read their difference. */
#ifndef HR_CHECK_H
#define HR_CHECK_H

#include "facts.h"
#include "finding.h"

enum hr_check_group {
    HR_CHECK_MACHINE,
    HR_CHECK_WSL,
    HR_CHECK_MEMORY,
    HR_CHECK_STORAGE,
    HR_CHECK_GPU,
    HR_CHECK_CUDA,
    HR_CHECK_PYTHON,
    HR_CHECK_DATA,
    HR_CHECK_GROUPS
};

struct hr_check {
    const char *id;     /* "memory-swap": lower case, the group's name first */
    const char *title;  /* what is looked at, a few words: "swap" */
    const char *why;    /* why it matters for training: one to three sentences */
    const char *source; /* a document, an issue, a kernel file: where the claim stands */
    bool deep;          /* takes long, or asks much: only with --deep */
    void (*run)(struct hr_facts *facts, struct hr_finding *f);
};

/* One table per group, each in its own file; ends with a row whose id is NULL. */
extern const struct hr_check hr_checks_machine[], hr_checks_wsl[], hr_checks_memory[], hr_checks_storage[],
    hr_checks_gpu[], hr_checks_cuda[], hr_checks_python[], hr_checks_data[];

#endif

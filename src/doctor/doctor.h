/* The doctor: runs the checks and gathers what they found. */
#ifndef HR_DOCTOR_H
#define HR_DOCTOR_H

#include "check.h"

/* What was found by one check; of a data check by one check at one path. */
struct hr_result {
    const struct hr_check *check;
    enum hr_check_group group;
    const char *path; /* data checks: the path as the user wrote it, the caller's; else NULL */
    struct hr_finding finding;
    uint64_t took; /* ns */
};

struct hr_diagnosis {
    struct hr_result *result; /* in the order of the tables */
    size_t n;
    size_t count[HR_BAD + 1]; /* of each verdict */
    size_t left_out;          /* checks that --deep would add */
};

struct hr_doctor_options {
    const char *const *only; /* ids and names of groups, hr_doctor_selects has proved them; n 0 = all */
    size_t only_n;
    bool deep; /* also the checks that take long; a check asked for by its id always runs */
};

/* How long a Windows drive or a file server may take to answer (hr_root_guard): it sleeps when nobody has used it for a while. */
#define HR_DOCTOR_PATIENCE (UINT64_C(3000000000))

/* Fails only when memory runs out: what cannot be looked at is a finding. */
int hr_doctor(struct hr_facts *facts, const struct hr_doctor_options *o, struct hr_diagnosis *ret,
              struct hr_error *err) HR_MUST_USE;
void hr_diagnosis_fini(struct hr_diagnosis *d); /* accepts an empty one */
/* HR_GOOD when nothing is wrong, HR_WARN, or HR_BAD. */
enum hr_verdict hr_diagnosis_verdict(const struct hr_diagnosis *d);

/* --- the registry --- */
const char *hr_check_group_name(enum hr_check_group g);    /* "memory" */
const char *hr_check_group_subject(enum hr_check_group g); /* "memory, swap and limits" */
/* The checks of a group, ending with a row whose id is NULL. */
const struct hr_check *hr_check_group_table(enum hr_check_group g);
const struct hr_check *hr_check_find(struct hr_str id, enum hr_check_group *ret_group); /* NULL: none */
/* Every word of `only` names a check or a group; else a sentence with the nearest ones. */
int hr_doctor_selects(const char *const *only, size_t n, struct hr_error *err) HR_MUST_USE;
/* The ids that a wrong one may have meant, ", " between them, at most five: those nearest in spelling, and those that
 * share a word with it. */
void hr_check_near(struct hr_str id, struct hr_buf *out);

#endif

/* A snapshot: the doctor's checks are run on this machine with the tape on, and what they asked becomes a bundle, redacted.  A
 * replay (--root FILE) gets the same answers, because the questions are the same. */
#ifndef HR_SNAPSHOT_H
#define HR_SNAPSHOT_H

#include "bundle.h"
#include "doctor.h"

struct hr_snapshot_options {
    const char *const *path; /* data that the doctor looks at, too; n may be 0 */
    size_t paths;
    bool deep;       /* also the checks that take long */
    bool keep_names; /* user and host names stay */
    /* Called after every question; NULL: nobody wants to know.  True stops with HR_E_CANCELLED. */
    bool (*progress)(size_t asked, void *arg);
    void *arg;
};

struct hr_snapshot {
    char folder[64];  /* "headrace-snapshot-2026-11-27": all of it stands in it */
    struct hr_buf tar; /* not compressed */
    struct hr_redact *redact;
    struct hr_recording *recording;
    struct hr_diagnosis diagnosis;
    size_t files, answers;
};

int hr_snapshot_take(const struct hr_snapshot_options *o, struct hr_snapshot *ret, struct hr_error *err) HR_MUST_USE;
void hr_snapshot_fini(struct hr_snapshot *s);

#endif

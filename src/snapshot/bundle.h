/* A recording as a captured root in a tar archive: every answer redacted, under the redacted path (sys/root.h has the form). */
#ifndef HR_BUNDLE_H
#define HR_BUNDLE_H

#include "recording.h"
#include "redact.h"

enum { HR_BUNDLE_MAX = 96 << 20 };

struct hr_bundle {
    struct hr_buf tar;   /* without its end: hr_bundle_finish */
    const char *folder;  /* that all of it stands in */
    uint64_t when;       /* seconds since 1970, of every entry */
    struct hr_redact *redact;
    size_t files, answers; /* what was put in so far */
};

/* The bundle keeps `redact` and `folder`, which must outlive it. */
void hr_bundle_init(struct hr_bundle *b, const char *folder, uint64_t when, struct hr_redact *redact);
void hr_bundle_fini(struct hr_bundle *b);
/* All that was recorded. */
int hr_bundle_add(struct hr_bundle *b, const struct hr_recording *r, struct hr_error *err) HR_MUST_USE;
/* One more file beside it, as it is. */
int hr_bundle_file(struct hr_bundle *b, const char *path, struct hr_str text, struct hr_error *err) HR_MUST_USE;
/* Ends the archive, opens it as --root would, and looks for every known secret in it: a bundle that holds one, or that cannot be
 * replayed, is HR_E_BUG and must not be written. */
int hr_bundle_finish(struct hr_bundle *b, struct hr_error *err) HR_MUST_USE;

#endif

/* What a tape heard: every question once, in the order in which they were first asked.  One thread.
 *
 * The first answer counts: probes are read once, so it is the one that the checks spoke of, while what is asked a second time on a
 * busy machine (the free space of a disk) has changed meanwhile. */
#ifndef HR_RECORDING_H
#define HR_RECORDING_H

#include "root.h"

enum { HR_RECORDED_FILE_MAX = 8 << 20, HR_RECORDED_BYTES_MAX = 64 << 20, HR_RECORDED_MAX = 1 << 15 };

struct hr_recorded {
    enum hr_root_what what;
    const char *path; /* as it was asked */
    char *text;       /* as the tape gave it; NULL: nothing */
    size_t n;
    int failed;    /* as the tape gave it */
    bool left_out; /* too large: failed is EFBIG, n the size that it had */
};

struct hr_recording;
int hr_recording_create(struct hr_recording **ret, struct hr_error *err) HR_MUST_USE;
void hr_recording_destroy(struct hr_recording *r); /* accepts NULL */
/* The tape to give to hr_root_record; the recording must outlive it. */
struct hr_root_tape hr_recording_tape(struct hr_recording *r);
/* Negative when something could not be kept: memory, or more questions than there is room for. */
int hr_recording_check(const struct hr_recording *r, struct hr_error *err) HR_MUST_USE;
size_t hr_recording_list(const struct hr_recording *r, const struct hr_recorded **ret);
/* The answer to one question; NULL: it was not asked. */
const struct hr_recorded *hr_recording_find(const struct hr_recording *r, enum hr_root_what what, const char *path);

#endif

/* Mending: files replaced by what the checks offer, with a way back.
 *
 * The way back is a folder <state>/undo/<time>/ with what the files held (0.before, 1.before, ...), what they were given
 * (0.after ...) and a journal with their paths, rights and owners.
 *
 * M1: the folder is complete and durable before the first file is touched; so from then on, whenever the power fails, each
 *     file holds its old or its new contents and hr_mends_undo brings all of them back.
 * M2: a file that holds neither what it held before nor what it was given was changed by somebody else: it is not touched.
 * M3: all files are mended or none. */
#ifndef HR_MENDS_H
#define HR_MENDS_H

#include "doctor.h"
#include "spot.h"

struct hr_mend_step {
    const char *path, *does; /* of the finding, which must outlive the plan */
    struct hr_str after;
    struct hr_buf before;
    struct hr_spot_is was;
};

struct hr_mend_plan {
    struct hr_mend_step *step;
    size_t n;
    size_t later; /* mends left for another run: two checks want to change one file */
};

/* Reads every file that is to be changed as it is now.  A mend that would change nothing is left out. */
int hr_mends_plan(const struct hr_diagnosis *d, struct hr_mend_plan *ret, struct hr_error *err) HR_MUST_USE;
void hr_mends_plan_fini(struct hr_mend_plan *p); /* accepts an empty one */
/* The lines that go and come, "- old" and "+ new", of one step. */
void hr_mends_difference(const struct hr_mend_step *s, struct hr_buf *out);

/* ${XDG_STATE_HOME:-$HOME/.local/state}/headrace */
int hr_mends_state(const struct hr_root *root, struct hr_buf *dir, struct hr_error *err) HR_MUST_USE;
/* Applies the plan; *ret_undo (appended) is the folder of the way back.  On failure nothing is changed, or the sentence
 * says what is. */
int hr_mends_apply(const char *state, const struct hr_mend_plan *p, uint64_t now, struct hr_buf *ret_undo,
                   struct hr_error *err) HR_MUST_USE;
/* Takes the last hr_mends_apply back.  1 and a line per file in `told`; 0: there is nothing to take back; negative:
 * refused or failed, and then no file was touched, or the sentence says so. */
int hr_mends_undo(const char *state, struct hr_buf *told, struct hr_error *err) HR_MUST_USE;

#endif

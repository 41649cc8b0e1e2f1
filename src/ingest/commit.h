/* Where a dataset is built and how it comes under its final name.
 *
 *   NAME.partial/        the work folder: parts, journal, lock; later the whole dataset
 *   NAME                 the dataset: a folder, or one file when NAME ends in .arrow
 *
 * The last step is one rename (RENAME_EXCHANGE where an old folder is replaced), so NAME is at any moment absent, the old
 * dataset, or the new one (I1).  Where the file system cannot exchange two names, the old folder is NAME.old for the moment
 * between two renames; the next packing puts it back if it finds no NAME (I2).
 *
 * Nothing is ever removed that is not a dataset of headrace's: a folder with any other name in it is refused. */
#ifndef HR_COMMIT_H
#define HR_COMMIT_H

#include "err.h"

struct hr_work {
    char *out, *dir, *raw; /* NAME, NAME.partial, NAME.partial/raw */
    bool single;
    int lock;              /* descriptor of dir/lock */
};

/* Checks NAME (HR_E_EXISTS without `force`), makes or takes over the work folder and locks it. */
int hr_work_open(const char *out, bool force, struct hr_work *ret, struct hr_error *err) HR_MUST_USE;
/* Removes everything in the work folder but the lock. */
int hr_work_clear(struct hr_work *w, struct hr_error *err) HR_MUST_USE;
/* The work folder holds the finished dataset, or `file` is the finished single file: puts it in place. */
int hr_work_commit(struct hr_work *w, const char *file, struct hr_error *err) HR_MUST_USE;
void hr_work_close(struct hr_work *w); /* the work folder stays */

#endif

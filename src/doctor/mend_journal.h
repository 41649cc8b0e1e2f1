/* The folder of one way back (mends.h): written whole or not at all. */
#ifndef HR_MEND_JOURNAL_H
#define HR_MEND_JOURNAL_H

#include "mends.h"

struct hr_journal_entry {
    char *path;
    struct hr_spot_is was;
    struct hr_buf before, after;
};
struct hr_journal {
    char *dir; /* <state>/undo/<time> */
    struct hr_journal_entry *entry;
    size_t n;
};

/* Takes the lock on <state>/undo until *ret_fd is closed, and clears away what killed runs left half written. */
int hr_journal_lock(const char *state, int *ret_fd, struct hr_error *err) HR_MUST_USE;
/* Appends the folder's name to `dir`. */
int hr_journal_write(const char *state, const struct hr_mend_plan *p, uint64_t now, struct hr_buf *dir,
                     struct hr_error *err) HR_MUST_USE;
/* The newest one.  0 when there is none: then ret->dir is NULL. */
int hr_journal_read_last(const char *state, struct hr_journal *ret, struct hr_error *err) HR_MUST_USE;
void hr_journal_fini(struct hr_journal *j); /* accepts an empty one */
/* The way back is gone: it was taken, or nothing was done. */
int hr_journal_remove(const char *dir, struct hr_error *err) HR_MUST_USE;

#endif

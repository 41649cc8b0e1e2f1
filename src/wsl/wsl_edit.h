/* Changing one setting of a file and nothing else: comments, order, line ends and encoding stay byte for byte.
 *
 *   struct hr_wsl_edit e;
 *   r = hr_wsl_edit_set(&conf, "wsl2.memory", "48GB", &e, err);
 *   hr_wsl_edit_apply(&e, conf.text.bytes, &out);
 *   hr_wsl_edit_fini(&e);
 *
 * An edit is a list of splices of the old bytes, so it can be taken back.  Before it is given, the result was read again: the
 * key has the value, and every other setting what it had; otherwise it is refused with the reason. */
#ifndef HR_WSL_EDIT_H
#define HR_WSL_EDIT_H

#include "lint.h"

struct hr_wsl_splice {
    size_t at; /* in the old bytes */
    struct hr_str removed, added;
};

struct hr_wsl_edit {
    struct hr_arena arena;
    struct hr_wsl_splice *splice; /* from the begin to the end of the file */
    size_t n;
};

/* Sets a key to a value, as its reader shall see it ("C:\Users\me\kernel").  A key that is set keeps its place (the first one, which is
 * the one that counts); a new one goes to the end of its section, which is made when there is none.  `name` is "wsl2.memory", or
 * "memory" alone.  HR_E_INVALID: no such key, a value that it does not take, or one that does not survive in this file. */
int hr_wsl_edit_set(const struct hr_wsl_conf *c, const char *name, const char *value, struct hr_wsl_edit *ret, struct hr_error *err)
    HR_MUST_USE;
/* Removes every setting of a key, also of one that WSL does not know.  HR_E_NOT_FOUND: there is none. */
int hr_wsl_edit_unset(const struct hr_wsl_conf *c, const char *name, struct hr_wsl_edit *ret, struct hr_error *err) HR_MUST_USE;
/* Removes or replaces the lines of a finding, as its action says; a MOVE only removes (hr_wsl_mend does both). */
int hr_wsl_edit_finding(const struct hr_wsl_conf *c, const struct hr_wsl_finding *f, struct hr_wsl_edit *ret, struct hr_error *err) HR_MUST_USE;

/* The new bytes, appended to `out`.  false: out of memory. */
bool hr_wsl_edit_apply(const struct hr_wsl_edit *e, struct hr_str old, struct hr_buf *out);
/* The old bytes again. */
bool hr_wsl_edit_undo(const struct hr_wsl_edit *e, struct hr_str edited, struct hr_buf *out);
void hr_wsl_edit_fini(struct hr_wsl_edit *e);

/* Corrects every warning and error that has a correction, one after the other, into `out`; *ret_n: how many. */
int hr_wsl_mend(enum hr_wsl_file file, struct hr_str bytes, const char *name, const struct hr_wsl_host *host, struct hr_buf *out,
                unsigned *ret_n, struct hr_error *err) HR_MUST_USE;

#endif

/* A command over values: where they are put, and whether one of them was too large for the memory. */
#ifndef HR_BATCH_SWEEP_H
#define HR_BATCH_SWEEP_H

#include "train.h"

/* A copy of argv with `value` for every "{}" in every argument; *ret_places: how many there were.  Freed as one block. */
int hr_sweep_words(const char *const *argv, size_t n, const char *value, const char ***ret, size_t *ret_places, struct hr_error *err) HR_MUST_USE;

enum hr_sweep_why {
    HR_SWEEP_FITS,
    HR_SWEEP_FAILED,   /* for another reason than memory */
    HR_SWEEP_SAYS,     /* its output tells of memory: CUDA out of memory */
    HR_SWEEP_MARK,     /* ended at a mark */
    HR_SWEEP_KILLED,   /* by SIGKILL, which nobody here sent: as the kernel does when memory is gone */
    HR_SWEEP_INTERRUPTED,
    HR_SWEEP_NOT_RUN,
};
const char *hr_sweep_why_name(enum hr_sweep_why w);
static inline bool hr_sweep_is_memory(enum hr_sweep_why w)
{
    return w == HR_SWEEP_SAYS || w == HR_SWEEP_MARK || w == HR_SWEEP_KILLED;
}

/* The words of a memory error in what a program printed; NULL: there are none.  `failed`: it ended with an error, and also weaker words
 * count. */
const char *hr_sweep_words_of_memory(struct hr_str output, bool failed);
enum hr_sweep_why hr_sweep_judge(const struct hr_train_report *r, struct hr_str output, const char **ret_words);

#endif

/* Why a project was built without its CUDA part, and what to do about it. */
#ifndef HR_CPU_ONLY_H
#define HR_CPU_ONLY_H

#include "cuda_signs.h"
#include "err.h"
#include "known.h"
#include "root.h"

enum { HR_SAID_WHEELS = 8 };

/* What the output of a build tells. */
struct hr_said {
    const struct hr_cuda_sign *sign; /* the first; NULL: none */
    char line[HR_WORD_MAX];          /* its line */
    char wheel[HR_SAID_WHEELS][HR_WORD_MAX]; /* names of wheels that were built, not fetched */
    size_t wheels;
};
/* One line of it. */
void hr_said_line(struct hr_said *s, struct hr_str line);
/* A whole file of it, as far as it is of use. */
int hr_said_read(const char *path, struct hr_said *ret, struct hr_error *err) HR_MUST_USE;

/* Appends to `why`, which says how it is known, what keeps nvcc from being used on this machine; `advice` is what to do. */
void hr_cpu_only_words(const struct hr_root *root, char why[512], char advice[512]);

#endif

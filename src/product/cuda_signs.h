/* Signs that a project has a part for CUDA, and that it was left out.  Nobody is told otherwise: a project whose CMake finds no nvcc
 * builds without its kernels and says so in one line of many, and the first call with a CUDA tensor fails weeks later. */
#ifndef HR_CUDA_SIGNS_H
#define HR_CUDA_SIGNS_H

#include "attr.h"
#include "str.h"

/* Words in what a build prints. */
struct hr_cuda_sign {
    const char *words;  /* as they stand in one line */
    const char *means;  /* "CMake found no CUDA compiler" */
    const char *source;
};
const struct hr_cuda_sign *hr_cuda_sign_table(size_t *ret_n);
/* The sign in a line; NULL: none. */
const struct hr_cuda_sign *hr_cuda_sign_of(struct hr_str line);

/* Projects that can tell of themselves whether their CUDA part is there. */
struct hr_cuda_recipe {
    const char *module; /* that is imported */
    const char *has;    /* an expression of Python, true where the part is there; `m` is the module */
    const char *lacks;  /* what it says where it is not there */
    const char *source;
};
const struct hr_cuda_recipe *hr_cuda_recipe_table(size_t *ret_n);
const struct hr_cuda_recipe *hr_cuda_recipe_of(const char *module);

/* "kernel.cu", "common.cuh" */
bool hr_cuda_source(const char *name);

#endif

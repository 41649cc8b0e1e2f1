/* Python environments, read from their files: no Python is started and nothing is imported.  For each the version of Python and
 * of the packages that matter for training, and for PyTorch which CUDA it was built with and for which GPUs. */
#ifndef HR_PYTHON_ENVS_H
#define HR_PYTHON_ENVS_H

#include "arch.h"
#include "arena.h"
#include "known.h"
#include "root.h"

enum hr_python_kind { HR_PYTHON_VENV, HR_PYTHON_CONDA, HR_PYTHON_PLAIN };

/* PyTorch as it lies in an environment. */
struct hr_torch {
    bool there;
    struct hr_word version; /* "2.7.0+cu128" */
    unsigned number;        /* 207 is 2.7; 0: not known */
    struct hr_word cuda;    /* "12.8"; unknown for a build without CUDA, with that as its reason */
    unsigned cuda_number;   /* 1208; 0: none, or not known */
    struct hr_truth cpu_only;
    struct hr_truth rocm;    /* built for AMD */
    struct hr_images images; /* n 0: not known, `images_why` tells */
    bool images_whole; /* nothing is missing in the list: all of the library was read, or the table has its wheel */
    char
        images_from[HR_WORD_MAX]; /* "the first 256 blocks of GPU code in libtorch_cuda.so", and the row of the table */
    char images_why[HR_WHY_MAX];
};

struct hr_python_env {
    const char *path;  /* "/home/me/project/.venv" */
    const char *found; /* how: "VIRTUAL_ENV", "CONDA_PREFIX", ".venv here", "PATH" */
    const char *site;  /* its site-packages; NULL: not found */
    enum hr_python_kind kind;
    bool active;           /* the one that "python" starts here */
    struct hr_word python; /* "3.11.7" or "3.11" */
    struct hr_word numpy, pyarrow, triton;
    struct hr_word wheel_nvcc, wheel_runtime; /* nvidia-cuda-nvcc..., nvidia-cuda-runtime... */
    struct hr_torch torch;
};

enum { HR_PYTHON_ENVS_MAX = 32 };
struct hr_python {
    struct hr_python_env env[HR_PYTHON_ENVS_MAX]; /* the active one first */
    size_t n;
    bool cut; /* there were more, or memory was short */
    struct hr_arena arena;
};

void hr_python_read(const struct hr_root *root, struct hr_python *ret);
void hr_python_fini(struct hr_python *p);
const struct hr_python_env *hr_python_active(const struct hr_python *p); /* NULL: none */

/* --- the parts, for tests and fuzzers --- */
/* A folder of PATH in which a program of Linux may lie.  The two dozen Windows folders that WSL adds are left out: each look there is
 * a question to the Windows side. */
bool hr_path_worth(struct hr_str dir);
/* "torch-2.7.0+cu128.dist-info" is version "2.7.0+cu128" of "torch"; names are compared without case, "_", "-" and "." alike. */
bool hr_dist_version(struct hr_str entry, const char *package, struct hr_str *ret_version);
/* The value of "name" in torch/version.py or pyvenv.cfg: `name: Optional[str] = '12.8'`, `version = 3.11.7`; None gives the word. */
bool hr_assigned(struct hr_str text, const char *name, struct hr_str *ret_value);
/* Which GPUs the libraries of a PyTorch have code for: the file of the wheel itself, else the table of wheels. */
void hr_torch_images(const struct hr_root *root, const char *site, struct hr_torch *t);
void hr_torch_parse(struct hr_str version_py, struct hr_torch *t);

#endif

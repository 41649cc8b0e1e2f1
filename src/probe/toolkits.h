/* CUDA toolkits: where one lies, which version it is, which of them "nvcc" is, and which driver library a program would
 * load.  Read from files; nvcc is not started. */
#ifndef HR_TOOLKITS_H
#define HR_TOOLKITS_H

#include "arena.h"
#include "dpkg.h"
#include "python_envs.h"

enum hr_toolkit_kind {
    HR_TOOLKIT_FOLDER, /* NVIDIA's own layout: /usr/local/cuda-12.8 */
    HR_TOOLKIT_DISTRO, /* the distribution's package, nvcc in /usr/bin */
    HR_TOOLKIT_CONDA,
    HR_TOOLKIT_WHEEL, /* nvidia-cuda-nvcc of pip */
};

struct hr_toolkit {
    const char *path; /* "/usr/local/cuda-12.8"; of a wheel the environment */
    enum hr_toolkit_kind kind;
    struct hr_word version; /* "12.8.93" */
    unsigned number;        /* 1208; 0: not known */
    const char *from;       /* what told the version: "version.json" */
    bool nvcc;              /* it has a compiler; otherwise only libraries */
    bool runtime;           /* it has libcudart */
};

enum { HR_TOOLKITS_MAX = 16, HR_LIBCUDA_MAX = 12 };

struct hr_libcuda {
    const char *path;
    const char *from; /* "LD_LIBRARY_PATH", "the loader's standard folders", "WSL" */
    bool stub;        /* a link stub: it loads, and cuInit fails with 34 */
    bool wsl;         /* the copy that Windows gives */
};

struct hr_toolkits {
    struct hr_toolkit kit[HR_TOOLKITS_MAX];
    size_t n;
    bool cut;
    struct hr_word nvcc;                       /* the first nvcc on PATH, as PATH has it */
    struct hr_word nvcc_real;                  /* the same without links */
    const struct hr_toolkit *nvcc_of;          /* the toolkit it belongs to; NULL: none of those above */
    struct hr_word home, path;                 /* CUDA_HOME, CUDA_PATH; unknown: not set */
    bool home_there, path_there;               /* with an nvcc in bin */
    struct hr_word library_path;               /* LD_LIBRARY_PATH; unknown: not set */
    struct hr_libcuda libcuda[HR_LIBCUDA_MAX]; /* in the order in which the loader looks, as far as files tell it */
    size_t libcudas;
    struct hr_arena arena;
};

void hr_toolkits_read(const struct hr_root *root, const struct hr_python *python, const struct hr_dpkg *dpkg,
                      struct hr_toolkits *ret);
void hr_toolkits_fini(struct hr_toolkits *t);
/* The newest with a compiler; NULL: none. */
const struct hr_toolkit *hr_toolkits_newest(const struct hr_toolkits *t);
const char *hr_toolkit_kind_name(enum hr_toolkit_kind k);

/* version.json's "cuda" member, or version.txt's "CUDA Version 10.2.89"; false: it tells none. */
bool hr_toolkit_version_json(struct hr_str text, struct hr_word *ret);
bool hr_toolkit_version_txt(struct hr_str text, struct hr_word *ret);

#endif

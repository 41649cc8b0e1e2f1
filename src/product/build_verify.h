/* Was built what was wanted?  After a command has succeeded: the files it made are whole, their GPU code runs on the cards that are here (or
 * that were asked for), they import, a kernel runs; and a project with a part for CUDA that was built without it is told.
 *
 * V1: nothing of this changes what was made, and what could not be looked at is said, never taken for good. */
#ifndef HR_BUILD_VERIFY_H
#define HR_BUILD_VERIFY_H

#include "import_test.h"
#include "launch.h"
#include "product.h"
#include "root.h"

enum { HR_VERIFY_FILES = 64, HR_VERIFY_IMPORTS = 16 };

struct hr_verify_ask {
    const char *const *argv;
    uint64_t since;     /* ns since 1970: when the command was started */
    const char *folder; /* of the log: a wheel is opened there */
    const char *output; /* the folder with output.log of the last try; NULL: `folder` */
    bool without_cuda;  /* the last try left CUDA out on purpose */
    const char *arches; /* what was asked for: TORCH_CUDA_ARCH_LIST or CUDAARCHS; NULL: nothing */
};

enum hr_verify_state {
    HR_VERIFY_NOTHING,  /* no product was found */
    HR_VERIFY_PLAIN,    /* products, and no sign of CUDA */
    HR_VERIFY_CUDA,     /* GPU code */
    HR_VERIFY_CPU_ONLY, /* a CUDA part that was left out: `why`, `advice` */
};
const char *hr_verify_state_name(enum hr_verify_state s);

struct hr_verify {
    enum hr_verify_state state;
    char why[512], advice[512]; /* of CPU_ONLY */
    struct hr_targets targets;
    struct hr_product file[HR_VERIFY_FILES]; /* those with GPU code or damage first */
    size_t n, files;                         /* kept here; looked at */
    size_t gpu, damaged;                     /* of those looked at */
    uint64_t objects;                        /* that nvcc made: of use only where nothing was linked of them */
    enum hr_runs runs;                       /* the worst of all with GPU code */
    bool cut;                                /* not all files could be looked at */
    char python[1024];                       /* "": none was needed */
    char python_why[160];                    /* why nothing could be imported; "" */
    struct hr_import import[HR_VERIFY_IMPORTS];
    size_t imports, imports_bad;
    bool launched;
    struct hr_launch launch;
    size_t beside;                           /* packages installed for others: not looked into */
    uint64_t took_ns;
};

/* Fails when memory does. */
int hr_verify_build(const struct hr_root *root, const struct hr_verify_ask *ask, struct hr_verify *ret, struct hr_error *err) HR_MUST_USE;

/* The verdict as a sentence, and what one file holds: "SASS 12.0: runs natively on 12.0". */
void hr_verify_say(const struct hr_verify *v, char say[1024]);
void hr_product_say(const struct hr_product *p, const struct hr_targets *t, char say[512]);

enum hr_expect { HR_EXPECT_ANY, HR_EXPECT_CUDA, HR_EXPECT_CPU };
/* Is it what was expected?  `say` is why not. */
bool hr_verify_meets(const struct hr_verify *v, enum hr_expect e, char say[512]);

#endif

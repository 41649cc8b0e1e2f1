/* Which of the toolkits here each kind of build takes.  Every tool has an order of its own; each row of the table says it in words, where
 * it stands, and what it comes to on this machine.  tests/py/test_cli_cuda.py holds CMake's and PyTorch's against themselves. */
#ifndef HR_PICKS_H
#define HR_PICKS_H

#include "facts.h"

enum hr_pick_state {
    HR_PICK_TAKES,
    HR_PICK_NOTHING, /* it finds none: the build goes without CUDA, or stops */
    HR_PICK_BROKEN,  /* it takes something that cannot work: `because` says what is missing */
    HR_PICK_UNKNOWN, /* something could not be looked at: `because` says what */
};

struct hr_pick {
    const char *who;             /* "nvcc, make" */
    const char *id;              /* "nvcc" */
    const char *rule, *source;   /* the order in words, and where it stands */
    enum hr_pick_state state;
    char takes[HR_WORD_MAX];     /* the compiler, or the folder; "" where it takes nothing */
    unsigned cuda;               /* of what it takes: 1208; 0: not known */
    char because[HR_WORD_MAX];   /* "the first on PATH" */
};

enum { HR_PICKS_MAX = 10, HR_PICKS_NVCCS = 6 };
struct hr_picks {
    struct hr_pick pick[HR_PICKS_MAX];
    size_t n;
    size_t builders;    /* those that compile, which come first */
    bool agree;         /* all that compile take one version, none is broken */
    struct hr_word nvcc[HR_PICKS_NVCCS]; /* on PATH, in its order */
    size_t nvccs;
    char cure[4 * HR_WORD_MAX]; /* the line of a shell that makes them agree; "": there is nothing to agree on */
    unsigned cure_cuda;
};
void hr_picks_of(struct hr_facts *facts, struct hr_picks *ret);

#endif

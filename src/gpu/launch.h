/* Does the GPU code of a library load on the cards that are here, and does a kernel run on them?  Loading is where the driver tells that
 * no code fits (error 209); the kernel is a small one of our own.  It wakes the cards, so only a command that was told to do
 * so asks; in a child with a deadline. */
#ifndef HR_LAUNCH_H
#define HR_LAUNCH_H

#include "known.h"
#include "root.h"

enum { HR_LAUNCH_IMAGES = 8 };

/* Blocks of GPU code, one after the other in `bytes` (hr_fatbin_each tells where each lies in a library). */
struct hr_launch_images {
    struct hr_str image[HR_LAUNCH_IMAGES];
    size_t n;
};

enum hr_launch_state {
    HR_LAUNCH_RAN,     /* on every card: one image was loaded (if there are any), and the kernel gave what it should */
    HR_LAUNCH_NO_CARD, /* no driver, or no card: nothing was tried */
    HR_LAUNCH_REFUSED, /* `error` of `call` */
    HR_LAUNCH_WRONG,   /* the kernel ran and its result is wrong */
    HR_LAUNCH_HANGS,
    HR_LAUNCH_CRASHED,
    HR_LAUNCH_UNHEARD, /* the child gave no answer */
};
const char *hr_launch_state_name(enum hr_launch_state s);

struct hr_launch {
    enum hr_launch_state state;
    int error;
    char call[32];    /* "cuModuleLoadData" */
    unsigned devices; /* tried, the failing one included */
    unsigned cc;      /* of the last one tried; 0: not known */
    unsigned loaded;  /* images that were loaded on the last one; one is enough */
    char say[256];    /* a sentence */
};

/* `deadline_ns` from now; 0 gives 30 s.  Only for a process of one thread. */
void hr_launch_try(const struct hr_root *root, const struct hr_launch_images *images, uint64_t deadline_ns,
                   struct hr_launch *ret);
/* The text of the answer. */
bool hr_launch_parse(struct hr_str text, struct hr_launch *ret);

#endif

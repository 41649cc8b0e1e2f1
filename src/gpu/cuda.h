/* The CUDA driver itself: which libcuda.so.1 the loader takes, and whether it starts.  cuInit may take seconds and wakes every
 * card, so only deep checks ask; in a child with a deadline, as the answer "cuda" of the root handle. */
#ifndef HR_CUDA_H
#define HR_CUDA_H

#include "known.h"
#include "root.h"

enum hr_cuda_state {
    HR_CUDA_READ,       /* cuInit succeeded */
    HR_CUDA_NO_LIBRARY, /* no libcuda.so.1 can be loaded */
    HR_CUDA_NO_SYMBOL,
    HR_CUDA_REFUSED, /* cuInit failed: `error` */
    HR_CUDA_HANGS,
    HR_CUDA_CRASHED,
    HR_CUDA_UNREADABLE,
};

struct hr_cuda {
    enum hr_cuda_state state;
    int error;
    char say[512];           /* where the state is not HR_CUDA_READ */
    struct hr_word library;  /* the file that the loader took */
    struct hr_figure driver; /* 1209 */
    struct hr_figure devices;
};

/* `deadline_ns` from now; 0 gives 20 s.  Fails only when memory does. */
int hr_cuda_read(const struct hr_root *root, uint64_t deadline_ns, struct hr_cuda *ret,
                 struct hr_error *err) HR_MUST_USE;
/* The text of the answer. */
int hr_cuda_parse(struct hr_str text, struct hr_cuda *ret, struct hr_error *err) HR_MUST_USE;
bool hr_cuda_write(const struct hr_cuda *c, struct hr_buf *text);

/* Where the driver's library is looked for: HEADRACE_CUDA alone, or the loader's own choice first, since that is what programs get. */
struct hr_cuda_places {
    char own[512]; /* "": not told */
};
void hr_cuda_places(const struct hr_root *root, struct hr_cuda_places *ret);
/* Loads it into this process, which should be a child: drivers hang and crash.  False: `say` tells why not. */
struct hr_dl;
bool hr_cuda_load(const struct hr_cuda_places *places, struct hr_dl *dl, struct hr_word *ret_library, char say[256]);

const char *hr_cuda_why(int code);    /* what an error of the driver means, a few words */
const char *hr_cuda_advice(int code); /* what to do; NULL: nothing known */

#endif

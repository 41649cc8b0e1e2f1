/* What the running virtual machine really got, against what its files ask for.  .wslconfig is read when the virtual machine is made:
 * a line that differs waits for `wsl --shutdown`. */
#ifndef HR_EFFECTIVE_H
#define HR_EFFECTIVE_H

#include "known.h"
#include "root.h"
#include "wsl_conf.h"

enum hr_effective_verdict {
    HR_EFFECTIVE_SAME,      /* it has what the file asks for */
    HR_EFFECTIVE_DIFFERENT, /* it has something else: wsl --shutdown, or the reason in `why` */
    HR_EFFECTIVE_DEFAULT,   /* the file asks for nothing; `is` tells what there is */
    HR_EFFECTIVE_UNKNOWN    /* it cannot be seen from inside; `why` */
};

enum { HR_EFFECTIVE_MAX = 64 };
struct hr_effective_row {
    char key[64];   /* "memory", or of kernelCommandLine "sysctl.vm.swappiness" */
    char asked[96]; /* "" when the file says nothing */
    struct hr_word is;
    enum hr_effective_verdict verdict;
    char why[200]; /* of a difference, or ""  */
};
struct hr_effective {
    struct hr_effective_row row[HR_EFFECTIVE_MAX];
    size_t n, different;
};

/* False: this is no WSL2, so there is nothing to compare. */
bool hr_effective_here(const struct hr_root *root);
/* `c`: the .wslconfig, or NULL when there is none. */
int hr_effective_read(const struct hr_root *root, const struct hr_wsl_conf *c, struct hr_effective *ret,
                      struct hr_error *err) HR_MUST_USE;
const char *hr_effective_name(enum hr_effective_verdict v); /* "same" */

#endif

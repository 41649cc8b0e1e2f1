/* How this library was built.  It stands in the highest storey of the library because it speaks for all of them. */
#ifndef HR_BUILD_INFO_H
#define HR_BUILD_INFO_H

#include "attr.h"

struct hr_built {
    const char *library;
    bool on;
    const char *why;     /* off: why it was not taken; else "" */
    const char *without; /* what is missing without it */
};

extern const struct hr_built hr_built[];
extern const size_t hr_built_n;
const char *hr_built_compiler(void); /* "gcc 12.2.0" */
const char *hr_built_type(void);     /* "Release" */

#endif

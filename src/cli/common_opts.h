/* The options that every command has. */
#ifndef HR_COMMON_OPTS_H
#define HR_COMMON_OPTS_H

#include "opt.h"

enum hr_color { HR_COLOR_AUTO, HR_COLOR_ALWAYS, HR_COLOR_NEVER };

struct hr_common {
    bool json;           /* results as JSON on standard output */
    enum hr_color color; /* as asked; struct hr_cli has the answer */
    const char *root;    /* for hr_root_open: a folder or a bundle; NULL = this machine */
    bool quiet, verbose;
    bool help;
};

extern const struct hr_opt hr_common_opts[];

#endif

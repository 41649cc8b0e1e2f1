/* A look through a tree of files that ends: after a number of names, a depth and a moment.  Links are not followed, so no file
 * is met outside of the tree and none twice but by its hard links. */
#ifndef HR_WALK_H
#define HR_WALK_H

#include "err.h"

struct hr_walk_file {
    const char *path, *name; /* the path begins with the one that was given */
    uint64_t size;
    uint64_t touched; /* ns since 1970: the last change of contents or name (ctime), which no program can set back */
    bool program;     /* somebody may execute it */
};

struct hr_walk {
    uint64_t names;    /* at most */
    unsigned depth;    /* 0: this folder alone */
    uint64_t deadline; /* of hr_now; 0: none */
    bool (*enter)(void *ctx, const char *path, const char *name); /* into this folder? */
    bool (*want)(void *ctx, const char *name);                    /* this file is to be looked at */
    bool (*file)(void *ctx, const struct hr_walk_file *f);        /* false: enough */
    void *ctx;
};

/* Folders that cannot be read are passed over, but for the first.  *ret_cut: a limit ended it. */
int hr_walk(const char *path, const struct hr_walk *w, bool *ret_cut, struct hr_error *err) HR_MUST_USE;
/* The same moment of one file; false: it cannot be looked at. */
bool hr_touched(const char *path, uint64_t *ret_touched);

#endif

/* Which programs of a build take the memory, and what names one piece of their work.  A leaf does the work itself and waits for
 * nobody, so that it may be held before it starts; its parents (make, ninja, the drivers gcc and nvcc) never are.
 *
 * The name of a piece of work is (tool, source, architecture, flags): the same name takes the same memory next time. */
#ifndef HR_LEAF_H
#define HR_LEAF_H

#include "str.h"

/* One row of the table of tools. */
struct hr_leaf_tool {
    const char *name;    /* of the program: "cc1plus"; clang's carries its version: "clang-14" */
    const char *only;    /* this argument must be there ("-cc1"), or NULL */
    bool version;        /* "-14" may follow the name */
    uint64_t peak;       /* bytes: what one is taken to need before anything is known of it */
    uint64_t preprocess; /* the same with -E; 0: it has none */
    const char *source;  /* where these figures come from */
};
const struct hr_leaf_tool *hr_leaf_tools(size_t *ret_n);
/* By the comm of a process (cut at 15 bytes), for when exec is not seen; NULL: none. */
const struct hr_leaf_tool *hr_leaf_tool_of_comm(const char *comm);
int hr_leaf_tool_index(const char *name); /* -1: none; several rows of one name give the first */

enum { HR_LEAF_SOURCE_MAX = 56, HR_LEAF_ARCH_MAX = 16 };
struct hr_leaf_key {
    const struct hr_leaf_tool *tool;
    char source[HR_LEAF_SOURCE_MAX]; /* base name; what the tool writes where it reads many files (a linker) */
    char arch[HR_LEAF_ARCH_MAX];     /* "sm_86"; "-": none is given */
    uint32_t flags;                  /* of what shapes the memory: -O, -g, -G, sanitizers, LTO; and the source's folder */
    bool preprocess;
};

/* The arguments of a program, gathered one after another, terminated, argv[0] first; `cut`: there were more. */
struct hr_args {
    const char *text;
    size_t n;
    bool cut;
};

/* Is the program at `path` with these arguments a leaf that does work?  Then its name; otherwise false: asking for a version is no
 * work, and what names neither a source nor an output is let through. */
bool hr_leaf_key_of(const char *path, struct hr_args args, struct hr_leaf_key *ret);
/* The table's figure for it. */
uint64_t hr_leaf_default(const struct hr_leaf_key *k);
bool hr_leaf_same(const struct hr_leaf_key *a, const struct hr_leaf_key *b);

#endif

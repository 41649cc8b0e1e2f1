/* Bump arena: many small objects, one lifetime, one free.  Has a ceiling from birth.  Not thread-safe. */
#ifndef HR_ARENA_H
#define HR_ARENA_H

#include "attr.h"

struct hr_arena {
    struct hr_arena_block *head; /* newest block first */
    size_t used, ceiling;        /* bytes handed out, and the most there may be */
};

#define HR_ARENA_INIT(limit) ((struct hr_arena){ NULL, 0, (limit) })

/* Zeroed bytes aligned to 16, valid until fini; NULL past the ceiling or out of memory. */
void *hr_arena_alloc(struct hr_arena *a, size_t n) HR_MUST_USE;
/* A terminated copy of s[0..n). */
char *hr_arena_str(struct hr_arena *a, const char *s, size_t n) HR_MUST_USE;
void hr_arena_fini(struct hr_arena *a);

#define HR_ARENA_NEW(a, type) ((type *)hr_arena_alloc((a), sizeof(type)))

#endif

#include "arena.h"

#include "mem.h"

#include <string.h>

enum { ARENA_BLOCK = 16 * 1024, ARENA_ALIGN = 16 };

struct hr_arena_block {
    struct hr_arena_block *next;
    size_t used, size;
    _Alignas(ARENA_ALIGN) char data[];
};

static struct hr_arena_block *block_new(size_t n)
{
    size_t size = HR_MAX(n, (size_t)ARENA_BLOCK);
    struct hr_arena_block *b = hr_calloc(1, sizeof *b + size);
    if (b != NULL)
        b->size = size;
    return b;
}

void *hr_arena_alloc(struct hr_arena *a, size_t n)
{
    if (n > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (n > a->ceiling - a->used)
        return NULL;
    if (a->head == NULL || n > a->head->size - a->head->used) {
        struct hr_arena_block *b = block_new(n);
        if (b == NULL)
            return NULL;
        b->next = a->head;
        a->head = b;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += n;
    a->used += n;
    return p;
}

char *hr_arena_str(struct hr_arena *a, const char *s, size_t n)
{
    char *p = n == SIZE_MAX ? NULL : hr_arena_alloc(a, n + 1);
    if (p != NULL && n != 0)
        memcpy(p, s, n);
    return p;
}

void hr_arena_fini(struct hr_arena *a)
{
    while (a->head != NULL) {
        struct hr_arena_block *next = a->head->next;
        hr_free(a->head);
        a->head = next;
    }
    a->used = 0;
}

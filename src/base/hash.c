#include "hash.h"

#include "mem.h"

#if HAVE_XXHASH
#include <xxhash.h>

struct hr_hasher {
    XXH3_state_t *state;
};

bool hr_hash_available(void)
{
    return true;
}

uint64_t hr_hash(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

struct hr_hash128 hr_hash128(const void *p, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(p, n);
    return (struct hr_hash128){ h.low64, h.high64 };
}

struct hr_hasher *hr_hasher_create(void)
{
    struct hr_hasher *h = hr_malloc(sizeof *h);
    if (h == NULL)
        return NULL;
    h->state = XXH3_createState();
    if (h->state == NULL) {
        hr_free(h);
        return NULL;
    }
    XXH3_64bits_reset(h->state);
    return h;
}

void hr_hasher_add(struct hr_hasher *h, const void *p, size_t n)
{
    XXH3_64bits_update(h->state, p, n);
}

uint64_t hr_hasher_value(const struct hr_hasher *h)
{
    return XXH3_64bits_digest(h->state);
}

void hr_hasher_destroy(struct hr_hasher *h)
{
    if (h == NULL)
        return;
    XXH3_freeState(h->state);
    hr_free(h);
}

#else

bool hr_hash_available(void)
{
    return false;
}

uint64_t hr_hash(const void *p, size_t n)
{
    (void)p, (void)n;
    return 0;
}

struct hr_hash128 hr_hash128(const void *p, size_t n)
{
    (void)p, (void)n;
    return (struct hr_hash128){ 0, 0 };
}

struct hr_hasher *hr_hasher_create(void)
{
    return NULL;
}

void hr_hasher_add(struct hr_hasher *h, const void *p, size_t n)
{
    (void)h, (void)p, (void)n;
}

uint64_t hr_hasher_value(const struct hr_hasher *h)
{
    (void)h;
    return 0;
}

void hr_hasher_destroy(struct hr_hasher *h)
{
    (void)h;
}

#endif

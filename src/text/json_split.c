#include "json_split.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { BLOCK = 64 };

/* Bit i of each mask is about byte i of a block. */
struct masks {
    uint64_t string; /* quotes and backslashes */
    uint64_t open, close;
};

#if defined(__SSE2__)

static inline struct masks look(const char *p)
{
    struct masks m = { 0, 0, 0 };
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), fold = _mm_set1_epi8(0x20);
    const __m128i open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
    for (int i = 0; i < BLOCK / 16; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i low = _mm_or_si128(v, fold); /* '[' becomes '{' and ']' becomes '}' */
        __m128i str = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        m.string |= (uint64_t)(uint32_t)_mm_movemask_epi8(str) << 16 * i;
        m.open |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, open)) << 16 * i;
        m.close |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, close)) << 16 * i;
    }
    return m;
}

#else

static inline struct masks look(const char *p)
{
    struct masks m = { 0, 0, 0 };
    for (int i = 0; i < BLOCK; i++) {
        m.string |= (uint64_t)(p[i] == '"' || p[i] == '\\') << i;
        m.open |= (uint64_t)((p[i] | 0x20) == '{') << i;
        m.close |= (uint64_t)((p[i] | 0x20) == '}') << i;
    }
    return m;
}

#endif

/* Byte by byte; true when the floor is reached at p[*at], which is then taken. */
static bool step(struct hr_split *s, const char *p, size_t n, uint64_t floor, size_t *at)
{
    for (size_t i = *at; i < n; i++) {
        char c = p[i];
        if (s->escaped) {
            s->escaped = false;
        } else if (s->in_string) {
            s->escaped = c == '\\';
            s->in_string = c != '"';
        } else if (c == '"') {
            s->in_string = true;
        } else if (c == '[' || c == '{') {
            s->depth++;
        } else if (c == ']' || c == '}') {
            if (s->depth > 0)
                s->depth--;
            if (s->depth <= floor) {
                *at = i + 1;
                return true;
            }
        }
    }
    *at = n;
    return false;
}

size_t hr_split(struct hr_split *s, const char *p, size_t n, uint64_t floor, bool *ret_hit)
{
    size_t at = 0;
    while (n - at >= BLOCK) {
        struct masks m = look(p + at);
        uint64_t opens = (uint64_t)__builtin_popcountll(m.open), closes = (uint64_t)__builtin_popcountll(m.close);
        bool calm = m.string == 0 && !s->escaped;
        if (calm && s->in_string) {
            at += BLOCK;
            continue;
        }
        /* Even if every closing bracket came first, the floor would not be reached: their order does not matter. */
        if (calm && s->depth > floor + closes) {
            s->depth += opens - closes;
            at += BLOCK;
            continue;
        }
        size_t end = at + BLOCK;
        *ret_hit = step(s, p, end, floor, &at);
        if (*ret_hit)
            return at;
    }
    *ret_hit = step(s, p, n, floor, &at);
    return at;
}

/* Compiler attributes and the few macros every file needs. */
#ifndef HR_ATTR_H
#define HR_ATTR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_MUST_USE __attribute__((warn_unused_result))
#define HR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define HR_CLEANUP(fn) __attribute__((cleanup(fn)))
#define HR_LIKELY(x) __builtin_expect(!!(x), 1)
#define HR_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define HR_EXPORT __attribute__((visibility("default")))

#define HR_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HR_MIN(a, b) ((a) < (b) ? (a) : (b))
#define HR_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Hands a pointer over: the variable is NULL afterwards, so its cleanup frees nothing. */
#define HR_TAKE(p)                \
    ({                            \
        __typeof__(p) _t = (p);   \
        (p) = NULL;               \
        _t;                       \
    })

#endif

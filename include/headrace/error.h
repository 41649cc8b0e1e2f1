/* Errors of libheadrace.
 *
 * A function that can fail returns a negative code (enum hr_code) and, when the caller passed a non-NULL
 * struct hr_error, one human sentence: what happened, to which file/line/key, what to do.  The sentence is built
 * where the facts are; the library never prints it.  Results go through ret_ pointers, untouched on failure.
 *
 * Thread-safety: a struct hr_error belongs to one thread at a time.  Filling it allocates nothing, so errors can
 * be told when memory is short. */
#ifndef HEADRACE_ERROR_H
#define HEADRACE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Codes are never renumbered. */
#define HR_CODES(X)                                                                     \
    X(NOMEM,       -1,  "out of memory")                                                \
    X(IO,          -2,  "input/output failed")                                          \
    X(NOT_FOUND,   -3,  "not found")                                                    \
    X(EXISTS,      -4,  "exists already")                                               \
    X(INVALID,     -5,  "invalid argument")                                             \
    X(FORMAT,      -6,  "malformed input")                                              \
    X(CORRUPT,     -7,  "damaged data")                                                 \
    X(LIMIT,       -8,  "a fixed limit is passed")                                      \
    X(BUDGET,      -9,  "the memory budget is too small")                               \
    X(UNSUPPORTED, -10, "not supported here")                                           \
    X(STATE,       -11, "called in the wrong state")                                    \
    X(CANCELLED,   -12, "cancelled")                                                    \
    X(BUG,         -13, "a defect of headrace")                                         \
    X(BAD_SAMPLE,  -14, "a sample cannot be used")

enum hr_code {
    HR_OK = 0,
#define HR_CODE_ENUM(name, value, text) HR_E_##name = value,
    HR_CODES(HR_CODE_ENUM)
#undef HR_CODE_ENUM
};

struct hr_error {
    int code;        /* 0 while nothing has failed */
    char text[1012]; /* one sentence, UTF-8, always terminated; "" while nothing has failed */
};

#define HR_ERROR_INIT { 0, "" }

/* The name of a code ("NOMEM"), or "UNKNOWN".  Static storage. */
const char *hr_code_name(int code);
/* What a code means, in a few words.  Static storage. */
const char *hr_code_text(int code);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

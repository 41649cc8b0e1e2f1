#include "known.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The reason of an unknown value, from the caller's format. */
#define WHY(value, why)                              \
    do {                                             \
        va_list ap;                                  \
        va_start(ap, why);                           \
        vsnprintf((value).why, HR_WHY_MAX, why, ap); \
        va_end(ap);                                  \
    } while (0)

struct hr_figure hr_figure_of(uint64_t v)
{
    return (struct hr_figure) { true, v, "" };
}

struct hr_figure hr_figure_unknown(const char *why, ...)
{
    struct hr_figure f = { false, 0, "" };
    WHY(f, why);
    return f;
}

struct hr_real hr_real_of(double v)
{
    return (struct hr_real) { true, v, "" };
}

struct hr_real hr_real_unknown(const char *why, ...)
{
    struct hr_real f = { false, 0, "" };
    WHY(f, why);
    return f;
}

struct hr_truth hr_truth_of(bool v)
{
    return (struct hr_truth) { true, v, "" };
}

struct hr_truth hr_truth_unknown(const char *why, ...)
{
    struct hr_truth f = { false, false, "" };
    WHY(f, why);
    return f;
}

struct hr_word hr_word_of(struct hr_str s)
{
    struct hr_word w = { true, "", "" };
    size_t n = HR_MIN(s.n, (size_t)HR_WORD_MAX - 1);
    if (n != 0)
        memcpy(w.v, s.p, n);
    return w;
}

struct hr_word hr_word_unknown(const char *why, ...)
{
    struct hr_word w = { false, "", "" };
    WHY(w, why);
    return w;
}

const char *hr_word_text(const struct hr_word *w)
{
    return w->known ? w->v : "–";
}

/* A value that may be unknown.  `known` false means that it cannot be had, and `why` says so in a few words that a person
 * can read ("no PSI: the kernel was built without it").  An unknown value is never 0 and never garbage: print "–" and the
 * reason.  Plain values, copied freely. */
#ifndef HR_KNOWN_H
#define HR_KNOWN_H

#include "attr.h"
#include "str.h"

enum { HR_WHY_MAX = 96, HR_WORD_MAX = 160 };

/* A count, or a size in bytes, or a time in nanoseconds; the member's comment says which. */
struct hr_figure {
    bool known;
    uint64_t v;
    char why[HR_WHY_MAX];
};

/* A ratio, a load, a temperature. */
struct hr_real {
    bool known;
    double v;
    char why[HR_WHY_MAX];
};

/* yes or no */
struct hr_truth {
    bool known;
    bool v;
    char why[HR_WHY_MAX];
};

/* A name or a version: one line, at most HR_WORD_MAX - 1 bytes, longer ones are cut. */
struct hr_word {
    bool known;
    char v[HR_WORD_MAX];
    char why[HR_WHY_MAX];
};

struct hr_figure hr_figure_of(uint64_t v);
struct hr_figure hr_figure_unknown(const char *why, ...) HR_PRINTF(1, 2);
struct hr_real hr_real_of(double v);
struct hr_real hr_real_unknown(const char *why, ...) HR_PRINTF(1, 2);
struct hr_truth hr_truth_of(bool v);
struct hr_truth hr_truth_unknown(const char *why, ...) HR_PRINTF(1, 2);
struct hr_word hr_word_of(struct hr_str s);
struct hr_word hr_word_unknown(const char *why, ...) HR_PRINTF(1, 2);

/* The word, or "–". */
const char *hr_word_text(const struct hr_word *w);

#endif

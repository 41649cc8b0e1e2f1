/* Marks on memory, of a job or of the machine: the levels at which something is said or done.
 *
 * M1: a mark is crossed once in an episode: it is over from the first figure that reaches it until one lies a twentieth below. */
#ifndef HR_MARK_H
#define HR_MARK_H

#include "err.h"
#include "str.h"

enum hr_mark_id { HR_MARK_WARN, HR_MARK_ACT, HR_MARK_MAX, HR_MARKS };
enum { HR_MARK_BACK = 20, /* M1: this part of the mark below it */
       HR_MARK_LEAST = 1 << 20 }; /* bytes; a size below it lacks its unit */
const char *hr_mark_name(enum hr_mark_id id); /* "warn" */

struct hr_mark {
    uint64_t at; /* bytes; 0: there is none */
    bool over;
    uint64_t times;    /* crossed so often */
    uint64_t first;    /* when it was crossed first, and with what figure */
    uint64_t first_at;
};

/* "12GiB", "80%" (of `whole`; 0: not known, and a percentage is refused), "none". */
int hr_mark_parse(struct hr_str text, uint64_t whole, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
/* The marks that the user has not given, from what was free at the start and what should stay free: warn at four fifths of the free,
 * act where only the reserve is left, max where half of that is gone.  0 stays where `given` says that it was meant. */
void hr_marks_default(struct hr_mark mark[HR_MARKS], const bool given[HR_MARKS], uint64_t free, uint64_t reserve);
/* The marks that are there must rise. */
int hr_marks_check(const struct hr_mark mark[HR_MARKS], const char *prefix, struct hr_error *err) HR_MUST_USE;

enum hr_mark_move { HR_MARK_STAYS, HR_MARK_CROSSED, HR_MARK_BELOW };
enum hr_mark_move hr_mark_see(struct hr_mark *m, uint64_t figure, uint64_t now);

#endif

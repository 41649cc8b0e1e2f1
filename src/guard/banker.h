/* Jobs that together want more than there is, begun all the same: Dijkstra's banker's algorithm (EWD 108, 1965) for one resource,
 * where each job's claim is what it took last time.  A compiler holds its peak only towards its end, so two of which one must stop
 * for a moment are sooner done than two in a row.
 *
 * B1: in an order of all who have begun, each can take what it still wants of what is free then, and give back all it holds when
 *     it ends.  Least wanted first is such an order wherever there is one.
 * B2: whoever comes later in that order is parked before its growth takes from what an earlier one still wants.  The first is
 *     never parked, so somebody always ends.
 * B3: only jobs whose own past is known take part.  Where one is there that is not, nobody is parked and nothing begins that does
 *     not fit whole. */
#ifndef HR_BANKER_H
#define HR_BANKER_H

#include "admit.h"

/* Do all that have begun take part (B3)? */
bool hr_banker_knows(const struct hr_job *job, size_t n);
/* May this held one begin beside what has begun?  It leaves B1 true, and not more than half of the largest of them is missing: one
 * that stands parked for most of its time only keeps its memory from others. */
bool hr_banker_may(const struct hr_job *job, size_t n, const struct hr_space *s, size_t at);
/* Whom of those held to begin with, where `at_once` jobs may run: the largest that may, of those that want more than their share of
 * all there is.  They have to follow each other, so that small ones before them only put that off, and small ones beside them cost
 * nothing.  -1: none, or all that are held fit at once. */
int hr_banker_begin(const struct hr_job *job, size_t n, const struct hr_space *s, unsigned at_once);
/* Who has to be parked now (B2), the one that wants most; -1: nobody. */
int hr_banker_park(const struct hr_job *job, size_t n, const struct hr_space *s);
/* Of those that run the one that wants most, never the one that wants least; -1: only one runs. */
int hr_banker_last(const struct hr_job *job, size_t n, const struct hr_space *s);
/* Of the paused the one that wants least; -1: none is.  May it go on, and nobody would have to be parked for it soon? */
int hr_banker_first_parked(const struct hr_job *job, size_t n, const struct hr_space *s);
bool hr_banker_goes_on(const struct hr_job *job, size_t n, const struct hr_space *s, int who);

#endif

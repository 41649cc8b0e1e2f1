/* The inside of the rare looks: what costs milliseconds, in turns and under a budget.
 *
 *   rare.c            the budget, and whose turn it is
 *   rare_pss.c        the proportional share of memory (PSS) of the processes that matter
 *   rare_files.c      which files fill the page cache
 *   rare_open.c       the files and segments that one process has open or mapped
 *   rare_segments.c   the segments in /dev/shm, and whose they are
 *   rare_libraries.c  Python programs that train, by the libraries in their memory
 *
 *  R1  These looks take one part in 1000 of a CPU (frugal: 4000), of which at most HR_RARE_BUDGET is saved up, beyond one look that was
 *      begun; except when a single report asked to look closely.  So whoever looks measures what it took, and spends it.
 *  R2  What was looked at and found as it was is looked at again after twice the time; at once when the machine's own figures
 *      of it move. */
#ifndef HR_RARE_INSIDE_H
#define HR_RARE_INSIDE_H

#include "pages.h"
#include "watch_inside.h"

#define HR_RARE_WINDOW (60 * HR_SECOND)
#define HR_RARE_BUDGET (HR_SECOND * 6 / 100)
#define HR_RARE_CLOSELY (HR_SECOND * 6 / 10)
#define HR_RARE_SLICE (HR_SECOND / 100) /* per tick */
#define HR_RARE_MIB (UINT64_C(1) << 20)

static inline bool hr_rare_apart(uint64_t a, uint64_t b, uint64_t by)
{
    return a > b ? a - b > by : b - a > by;
}

/* --- rare.c: R1 --- */
/* ns of CPU that may be taken now. */
uint64_t hr_rare_left(const struct hr_watch *w);
void hr_rare_spend(struct hr_watch *w, uint64_t ns);

/* --- rare_pss.c --- */
void hr_rare_pss(struct hr_watch *w);

/* --- rare_files.c --- */
/* Goes through the processes: the files that they hold, and who holds which segment. */
void hr_rare_files(struct hr_watch *w);
/* A file that the process of `row` holds, opened here (fd < 0: it could not be); it is closed. */
void hr_rare_file(struct hr_watch *w, int fd, const struct hr_file_id *id, const char *path, int row);

/* --- rare_open.c --- */
void hr_rare_open(struct hr_watch *w, int row);
/* The process's maps, in w->sight.room until that is used again; empty: they cannot be read. */
struct hr_str hr_rare_maps(struct hr_watch *w, int pid);

/* --- rare_segments.c: behind the files, from which it is known who holds them --- */
void hr_rare_segments(struct hr_watch *w);
void hr_rare_holds(struct hr_watch *w, const char *name, int pid);

/* --- rare_libraries.c --- */
void hr_rare_libraries(struct hr_watch *w);

#endif

/* What the leaves of one build did: when each came, began and ended, and how its memory grew.  From it the same build can be played
 * again under another budget (replay.h).
 *
 * While the guard watches, adding allocates nothing: the table is made before, and what does not fit is only counted. */
#ifndef HR_COURSE_H
#define HR_COURSE_H

#include "buf.h"
#include "err.h"

/* The growth of one leaf, in slots of equal time; when they are full, two become one and the time doubles. */
enum { HR_SHAPE_SLOTS = 16, HR_SHAPE_POINTS = 8 };
struct hr_shape {
    uint32_t step_ms, used;
    uint32_t kib[HR_SHAPE_SLOTS]; /* the most of each slot; 0: it was not looked at then */
};
/* Bytes that it holds so long after its start. */
void hr_shape_add(struct hr_shape *s, uint64_t since_start_ns, uint64_t bytes);

struct hr_course_leaf {
    uint32_t arrived, began, ended; /* ms since the start of the build; without the time that it was paused */
    uint32_t peak;                  /* KiB that were seen */
    uint32_t learnt;                /* KiB that the history keeps for it: more, where it was seen too seldom */
    uint8_t shape[HR_SHAPE_POINTS]; /* at 1/8, 2/8, ... of its time, in 1/255 of the peak */
};

enum { HR_COURSE_MAX = 4096 };
struct hr_course {
    struct hr_course_leaf *leaf; /* HR_COURSE_MAX of them */
    size_t n;
    uint64_t lost;   /* leaves that did not fit */
    uint32_t offset; /* ms: when the present rung began */
};
int hr_course_init(struct hr_course *c, struct hr_error *err) HR_MUST_USE;
void hr_course_fini(struct hr_course *c);

struct hr_course_times {
    uint64_t start, arrived, began, ended, stopped; /* ns; stopped: how long it was paused */
    uint64_t peak, learnt;                          /* bytes */
};
void hr_course_add(struct hr_course *c, const struct hr_course_times *t, const struct hr_shape *s);

/* One line per leaf: arrived began ended peak learnt shape (16 hex digits), parted by tabs. */
bool hr_course_write(const struct hr_course *c, struct hr_buf *out);
/* False: it is no such line, or the table is full. */
bool hr_course_read_line(struct hr_course *c, struct hr_str line);

#endif

/* When is it full: the past of one room as bytes that are left, and a forecast of when none are.  It must be right or silent:
 *
 *  F1  one line fits the stretch that it is told from (the rest is noise of less than a twelfth of the fall), and both halves and
 *      the latest quarter of it fall about as fast.  The shortest stretch that is precise enough is taken, so that what lies before it (a
 *      start, a jump) does not count.
 *  F2  it reaches HR_FILL_REACH times as far as what was seen, and no further.
 *  F3  where the room was as low before and came back (epochs, garbage collection), nothing is told until it is lower than then by
 *      half of what came back; or from the lowest points of four such returns and more.
 *  F4  no allocation, and a few microseconds: it runs behind every look of a recorder. */
#ifndef HR_FILL_H
#define HR_FILL_H

#include "attr.h"

enum { HR_FILL_FINE = 240, HR_FILL_COARSE = 120, HR_FILL_TEETH = 8, HR_FILL_REACH = 3 };

struct hr_fill_point {
    double at, left;    /* seconds; bytes: the means of some looks */
    double low, low_at; /* the least of them, and when */
    double begun, last; /* the first look and the last */
};
struct hr_fill_tooth {
    double at, low, came_back;
};
/* Zero at birth. */
struct hr_fill {
    struct hr_fill_point fine[HR_FILL_FINE], coarse[HR_FILL_COARSE]; /* rings */
    unsigned fine_n, coarse_n; /* ever */
    struct hr_fill_point second, half; /* that are being filled: sums */
    unsigned second_n, half_n;
    struct hr_fill_tooth tooth[HR_FILL_TEETH];
    unsigned teeth; /* ever */
    double high, low; /* of the fall that is under way */
    bool begun;
};

struct hr_fill_forecast {
    double likely, soon, late; /* seconds until nothing is left */
    double slope;              /* bytes a second less */
    double seen;               /* seconds of steady fall that it is told from */
};

/* `at`: monotonic, ns. */
void hr_fill_take(struct hr_fill *f, uint64_t at, uint64_t left);
/* False: no steady fall is seen. */
bool hr_fill_when(const struct hr_fill *f, struct hr_fill_forecast *ret);

#endif

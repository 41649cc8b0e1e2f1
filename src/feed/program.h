/* A compiled transform program: between transform.c, which makes it, apply.c, which runs it, and drop.c. */
#ifndef HR_PROGRAM_H
#define HR_PROGRAM_H

#include "transform.h"

enum { HR_TILE = 256 }; /* elements that are worked on at once, as double, in the first-level cache */

enum hr_stage_kind {
    HR_STAGE_AFFINE, /* (v - p[i]) * q[i] */
    HR_STAGE_DIVIDE, /* (v - p[i]) / q[i]: affine on float64 */
    HR_STAGE_CLAMP,  /* to [p[i], q[i]] */
    HR_STAGE_SINCOS,
    HR_STAGE_SHIFT,
    HR_STAGE_NOISE,
    HR_STAGE_JITTER,
    HR_STAGE_MASK,
};

/* One step over all lines of a field.  The first three have a coefficient pair per column, tiled `period` long so that a
 * vector never wraps; columns that are not meant have the neutral pair.  The others work on `column` or on all (-1). */
struct hr_stage {
    enum hr_stage_kind kind;
    int column;
    uint32_t index;  /* in the list: part of the key */
    uint32_t extra;  /* SINCOS: which appended column */
    double a, b;     /* as given */
    uint64_t below;  /* MASK: the value is replaced where the 53-bit number is below this */
    double *p, *q;   /* [period], owned */
    bool *set;       /* [width]: columns that the stage changes, owned */
};

struct hr_program {
    bool wide;      /* float64 */
    uint64_t width; /* elements per line */
    uint64_t period; /* a multiple of width: that of a whole tile, at least one line */
    int extra;
    int stages;
    struct hr_stage *stage; /* owned */
};

struct hr_dropper {
    uint32_t index;
    uint64_t below; /* left out where the 53-bit number is below this */
};

struct hr_transforms {
    int fields;
    struct hr_program *program; /* per schema field */
    bool random;
    int node_drops, edge_drops;
    struct hr_dropper node_drop[HR_TRANSFORMS_MAX], edge_drop[HR_TRANSFORMS_MAX];
};

#endif

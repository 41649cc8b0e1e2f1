/* Colours by what they mean.  A cell of the screen names an ink; the table says how that ink looks on a terminal of 16 million, 256,
 * 16 or no colours, on a dark and on a light ground.  Meaning never stands on colour alone: where it matters a letter or a
 * sign stands beside it. */
#ifndef HR_INK_H
#define HR_INK_H

#include "attr.h"

enum { HR_RAMP = 12 }; /* steps of a ramp */

enum hr_ink {
    HR_INK_TEXT, /* the terminal's own foreground, and as a ground its own background */
    HR_INK_DIM,
    HR_INK_BRIGHT,
    HR_INK_TITLE,
    HR_INK_FRAME,
    HR_INK_KEY,
    HR_INK_GOOD,
    HR_INK_WARN,
    HR_INK_BAD,
    HR_INK_TRACK,  /* the empty part of a bar */
    HR_INK_SELECT, /* the ground of the chosen row */
    HR_INK_HEAD,   /* the ground of headings */
    HR_INK_DOWN,   /* network and disk: in */
    HR_INK_UP,     /* and out */
    /* the parts of the memory account */
    HR_INK_PART,
    HR_INK_PART_LAST = HR_INK_PART + 9,
    /* ramps, from little to much */
    HR_INK_LOAD,
    HR_INK_LOAD_LAST = HR_INK_LOAD + HR_RAMP - 1,
    HR_INK_MEMORY,
    HR_INK_MEMORY_LAST = HR_INK_MEMORY + HR_RAMP - 1,
    HR_INK_GPU,
    HR_INK_GPU_LAST = HR_INK_GPU + HR_RAMP - 1,
    HR_INK_FLOW,
    HR_INK_FLOW_LAST = HR_INK_FLOW + HR_RAMP - 1,
    HR_INKS
};

enum { HR_BOLD = 1, HR_FAINT = 2, HR_UNDER = 4, HR_REVERSE = 8 };

enum hr_depth { HR_DEPTH_NONE, HR_DEPTH_16, HR_DEPTH_256, HR_DEPTH_TRUE };

/* "38;2;1;2;3" or "39" into `out`; returns its length; 0: this ink adds nothing at this depth. */
enum { HR_INK_CODE = 24 };
size_t hr_ink_code(enum hr_ink ink, bool ground, enum hr_depth depth, bool light, char out[HR_INK_CODE]);
/* What a terminal without colours is given in the ink's place: bits as above. */
unsigned hr_ink_mono(enum hr_ink ink, bool ground);
/* The step of a ramp for a share of 0 to 1. */
enum hr_ink hr_ink_ramp(enum hr_ink first, double share);
/* 0xRRGGBB, for pictures of the screen. */
uint32_t hr_ink_rgb(enum hr_ink ink, bool light);

#endif

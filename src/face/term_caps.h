/* What the terminal can do, judged from the environment: no database, so that an unknown TERM degrades instead of refusing. */
#ifndef HR_TERM_CAPS_H
#define HR_TERM_CAPS_H

#include "ink.h"

enum hr_glyphs {
    HR_GLYPHS_BRAILLE, /* lines of 2x4 dots a cell */
    HR_GLYPHS_BLOCKS,  /* eighths of a cell: fonts without braille (the Linux console, some of Windows) */
    HR_GLYPHS_ASCII,
};

struct hr_term_caps {
    bool able; /* a live view makes sense; false: TERM is dumb or not set */
    enum hr_depth depth;
    bool light; /* the ground is light, as far as anything tells */
    enum hr_glyphs glyphs;
};

/* `env` gives a variable's value or NULL.  NO_COLOR, TERM, COLORTERM, COLORFGBG, LC_ALL, LC_CTYPE, LANG. */
struct hr_term_caps hr_term_caps(const char *(*env)(const char *name));

#endif

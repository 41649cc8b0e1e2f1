/* A curve as a few lines of text. */
#ifndef HR_RUN_PLOT_H
#define HR_RUN_PLOT_H

#include "buf.h"
#include "job_curve.h"

struct hr_run_plot {
    uint64_t end;     /* ns: the right edge */
    unsigned width;   /* columns of the whole */
    unsigned rows;
    unsigned margin;  /* blanks before each line */
    bool ascii;       /* '#' and '.' instead of braille */
    const char *name[3]; /* of levels to be drawn as lines; NULL: none */
    uint64_t level[3];
};

/* Appends the plot, with its scale on the left and the time below. */
void hr_run_plot(const struct hr_job_curve *c, const struct hr_run_plot *p, struct hr_buf *out);
/* Does the terminal's locale take UTF-8?  By LC_ALL, LC_CTYPE and LANG, the first that is set. */
bool hr_run_utf8(void);

#endif

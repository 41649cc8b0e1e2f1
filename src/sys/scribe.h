/* What a command prints, shown and kept: a process of its own reads it, hands it on to this program's standard output and error, and
 * writes it to a file, so that a reader who is slow (a pager) or a disk that is full holds up nobody else.
 *
 * Where an output is a terminal the command gets a pseudo-terminal of the same size, so that it colours and draws as it
 * always does; otherwise a pipe.  Its bytes are not changed, nor the order of the two outputs where they lead to one place ("2>&1").
 * Standard input is not touched. */
#ifndef HR_SCRIBE_H
#define HR_SCRIBE_H

#include "err.h"

struct hr_scribe {
    int pid;
    int out, err; /* for the command; closed by hr_scribe_handed */
    int line;     /* for lines of the timeline */
    uint64_t dropped; /* lines that found the pipe full */
};

enum { HR_SCRIBE_LINE_MAX = 4000 }; /* below PIPE_BUF: a line is written whole or not at all */

/* Both files are made anew; each is cut off at `most` bytes.  `aside`: what the command prints on standard output is shown on
 * standard error, because standard output has a report to carry. */
int hr_scribe_start(const char *output_path, const char *timeline_path, uint64_t most, bool aside, struct hr_scribe *ret,
                    struct hr_error *err) HR_MUST_USE;
/* After the command has been started: this process keeps no end of its outputs. */
void hr_scribe_handed(struct hr_scribe *s);
/* Never waits. */
void hr_scribe_line(struct hr_scribe *s, const char *text, size_t n);
/* Waits until all that was printed is written, at most until `deadline`: a process that the command left behind may hold the
 * pipes for ever. */
void hr_scribe_finish(struct hr_scribe *s, uint64_t deadline);

#endif

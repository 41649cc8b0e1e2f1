/* Progress of long work: one line redrawn on a terminal, one plain line every few seconds elsewhere, nothing with --quiet.
 * Goes to standard error, so that a result can be piped on.
 *
 *   struct hr_progress p;
 *   hr_progress_begin(&p, cli, "packing", HR_PROGRESS_BYTES);
 *   ... hr_progress_step(&p, done, total, "12,345 samples") as often as one likes ...
 *   hr_progress_end(&p);                       clears the line
 *
 * hr_progress_step returns true when the user wants to stop (Ctrl-C): a callback of the library returns that on. */
#ifndef HR_PROGRESS_H
#define HR_PROGRESS_H

#include "cli.h"

enum hr_progress_unit { HR_PROGRESS_BYTES, HR_PROGRESS_COUNT };
enum { HR_PROGRESS_MARKS = 16 };

struct hr_progress {
    struct hr_cli *cli;
    const char *what;
    enum hr_progress_unit unit;
    uint64_t begun, shown; /* hr_now */
    struct {
        uint64_t at, done; /* about one per second: the rate is that of the last quarter of a minute */
    } mark[HR_PROGRESS_MARKS];
    unsigned marks, next;
    bool drawn; /* something stands on the terminal's line */
};

void hr_progress_begin(struct hr_progress *p, struct hr_cli *cli, const char *what, enum hr_progress_unit unit);
/* `total` 0: not known, then neither percent nor time left are shown.  `extra` may be NULL. */
bool hr_progress_step(struct hr_progress *p, uint64_t done, uint64_t total, const char *extra);
void hr_progress_end(struct hr_progress *p);

/* The line alone, at time `now`; what the two above show. */
void hr_progress_line(struct hr_progress *p, uint64_t now, uint64_t done, uint64_t total, const char *extra,
                      struct hr_buf *out);

#endif

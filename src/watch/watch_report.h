/* One moment of the model as a report: lines for people, and the JSON of `headrace top --json`, `/api/v1/now` and the
 * recorder's export. */
#ifndef HR_WATCH_REPORT_H
#define HR_WATCH_REPORT_H

#include "episodes.h"
#include "human.h"
#include "table.h"

struct hr_watch_screen {
    unsigned width;
    bool color, verbose;
    unsigned rows; /* processes, files and segments that are shown at most; 0: 10 */
};
/* Appends the report.  False: out of memory. */
bool hr_watch_text(const struct hr_model *m, const struct hr_watch_screen *s, struct hr_buf *out);
/* One line, without its time: CPU, memory, swap, disks, GPUs, jobs. */
bool hr_watch_line(const struct hr_model *m, struct hr_buf *out);
/* The whole model as one JSON object ("schema": "headrace-top/1"); with the alerts and marks, where somebody looks for them. */
void hr_watch_json(const struct hr_model *m, const struct hr_episodes *e, struct hr_jw *w);

/* "1.50 GiB", or "–". */
struct hr_human hr_reading_bytes(struct hr_reading r);

/* The rows of processes that matter most, by CPU and memory: at most `most`; how many. */
unsigned hr_watch_top_rows(const struct hr_model *m, unsigned *rows, unsigned most);

#endif

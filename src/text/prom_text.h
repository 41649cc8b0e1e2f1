/* The text that Prometheus scrapes: the classic format (0.0.4), or OpenMetrics 1.0 for those who ask for it.
 *
 *   struct hr_prom p = { &buf, false };
 *   hr_prom_family(&p, "headrace_memory_part_bytes", HR_PROM_GAUGE, "Memory by owner.");
 *   hr_prom_sample(&p, v, (const struct hr_prom_label[]) { { "part", "free" }, { NULL } });
 *   hr_prom_end(&p);
 *
 * What is not known has no sample: call nothing.  A family without a sample leaves its heading, which both formats
 * allow.  Help ends at a line's end; label values may hold anything. */
#ifndef HR_PROM_TEXT_H
#define HR_PROM_TEXT_H

#include "buf.h"

enum hr_prom_type { HR_PROM_GAUGE, HR_PROM_COUNTER, HR_PROM_UNTYPED };
struct hr_prom_label {
    const char *name, *value; /* name NULL: the end */
};
struct hr_prom {
    struct hr_buf *out;
    bool openmetrics;
    char name[96]; /* of the family, as its samples are called */
};

/* In OpenMetrics a counter's samples end in _total; one whose name does not is given as of unknown type. */
void hr_prom_family(struct hr_prom *p, const char *name, enum hr_prom_type type, const char *help);
void hr_prom_sample(struct hr_prom *p, double v, const struct hr_prom_label *label);
void hr_prom_end(struct hr_prom *p);

#endif

#include "job_curve.h"

static void halve(struct hr_job_curve *c)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < c->n; i += 2)
        c->point[n++] = c->point[i].bytes >= c->point[i + 1].bytes ? c->point[i] : c->point[i + 1];
    if (c->n % 2 != 0)
        c->point[n++] = c->point[c->n - 1];
    c->n = n;
    c->step = c->step == 0 ? UINT64_C(100000000) : c->step * 2;
}

void hr_job_curve_add(struct hr_job_curve *c, uint64_t at, uint64_t bytes)
{
    if (c->n != 0 && at - c->point[c->n - 1].at < c->step) {
        if (bytes > c->point[c->n - 1].bytes) { /* a peak is never lost */
            c->point[c->n - 1].bytes = bytes;
        }
        return;
    }
    if (c->n == HR_JOB_CURVE_MAX)
        halve(c);
    c->point[c->n].at = at;
    c->point[c->n++].bytes = bytes;
}

void hr_job_curve_columns(const struct hr_job_curve *c, uint64_t end, uint64_t *ret, size_t columns)
{
    uint64_t last = 0;
    size_t i = 0;
    for (size_t col = 0; col < columns; col++) {
        uint64_t until = end / columns * (col + 1), most = last;
        bool any = false;
        for (; i < c->n && (c->point[i].at <= until || col + 1 == columns); i++) {
            most = !any || c->point[i].bytes > most ? c->point[i].bytes : most;
            any = true;
            last = c->point[i].bytes;
        }
        ret[col] = most;
    }
}

#include "curve.h"

#include "buf.h"
#include "file.h"

void hr_curve_init(struct hr_curve *c, uint64_t now, uint64_t interval)
{
    c->start = now;
    c->interval = interval;
    c->n = 0;
}

bool hr_curve_due(const struct hr_curve *c, uint64_t now)
{
    return c->n == 0 || now - c->point[c->n - 1].at >= c->interval;
}

void hr_curve_add(struct hr_curve *c, const struct hr_curve_point *p)
{
    if (c->n == HR_CURVE_POINTS) {
        for (uint32_t i = 0; i < HR_CURVE_POINTS / 2; i++)
            c->point[i] = c->point[2 * i];
        c->n = HR_CURVE_POINTS / 2;
        c->interval *= 2;
    }
    c->point[c->n++] = *p;
}

int hr_curve_write(const struct hr_curve *c, const char *path, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT((size_t)(HR_CURVE_POINTS + 1) * 80);
    hr_buf_adds(&b, "seconds,ledger_bytes,anon_bytes\n");
    for (uint32_t i = 0; i < c->n; i++) {
        const struct hr_curve_point *p = &c->point[i];
        hr_buf_printf(&b, "%.3f,%llu,", (double)(p->at - c->start) * 1e-9, (unsigned long long)p->ledger);
        if (p->anon != UINT64_MAX)
            hr_buf_printf(&b, "%llu", (unsigned long long)p->anon);
        hr_buf_addc(&b, '\n');
    }
    int r = b.failed ? hr_fail_nomem(err, b.len, "the memory curve") : hr_replace(path, b.data, b.len, err);
    hr_buf_fini(&b);
    return r;
}

#include "say.h"

#include <math.h>
#include <stdio.h>

#define NONE ((struct hr_say) { "–" })

static struct hr_say three(double v, const char *unit)
{
    struct hr_say s;
    int digits = v >= 99.95 || v == 0 ? 0 : v >= 9.995 ? 1 : 2;
    snprintf(s.text, sizeof s.text, "%.*f %s", digits, v, unit);
    return s;
}

struct hr_say hr_say_bytes(double v)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    size_t u = 0;
    if (!(v >= 0))
        return NONE;
    for (; v >= 999.5 && u + 1 < HR_COUNT(units); u++)
        v /= 1024;
    struct hr_say s;
    if (u == 0) {
        snprintf(s.text, sizeof s.text, "%.0f B", v);
        return s;
    }
    return three(v, units[u]);
}

struct hr_say hr_say_rate(double v)
{
    struct hr_say s = hr_say_bytes(v), r;
    if (!(v >= 0))
        return NONE;
    snprintf(r.text, sizeof r.text, "%.20s/s", s.text);
    return r;
}

struct hr_say hr_say_time(double ns)
{
    if (!(ns >= 0))
        return NONE;
    return ns < 1e6 ? three(ns / 1e3, "µs") : ns < 1e9 ? three(ns / 1e6, "ms") : three(ns / 1e9, "s");
}

struct hr_say hr_say_age(uint64_t ns)
{
    uint64_t t = ns / 1000000000u;
    struct hr_say s;
    if (t < 60)
        snprintf(s.text, sizeof s.text, "%u s", (unsigned)t);
    else if (t >= 600 && t < 3600)
        snprintf(s.text, sizeof s.text, "%u m", (unsigned)(t / 60));
    else if (t < 3600)
        snprintf(s.text, sizeof s.text, "%u m %02u s", (unsigned)(t / 60), (unsigned)(t % 60));
    else if (t < 86400)
        snprintf(s.text, sizeof s.text, "%u h %02u m", (unsigned)(t / 3600), (unsigned)(t / 60 % 60));
    else
        snprintf(s.text, sizeof s.text, "%u d %02u h", (unsigned)HR_MIN(t / 86400, 99999u), (unsigned)(t / 3600 % 24));
    return s;
}

struct hr_say hr_say_percent(double v)
{
    struct hr_say s;
    if (!(v >= 0))
        return NONE;
    snprintf(s.text, sizeof s.text, "%.*f %%", v >= 9.95 || v < 0.05 ? 0 : 1, v);
    return s;
}

struct hr_say hr_say_unit(double v, enum hr_metric_unit unit)
{
    struct hr_say s;
    if (!(v >= 0))
        return NONE;
    switch (unit) {
    case HR_UNIT_BYTES:
        return hr_say_bytes(v);
    case HR_UNIT_BYTES_S:
        return hr_say_rate(v);
    case HR_UNIT_NS:
        return hr_say_time(v);
    case HR_UNIT_PERCENT:
        return hr_say_percent(v);
    case HR_UNIT_MILLIWATTS:
        snprintf(s.text, sizeof s.text, "%.0f W", v / 1000);
        return s;
    case HR_UNIT_CELSIUS:
        snprintf(s.text, sizeof s.text, "%.0f °C", v);
        return s;
    case HR_UNIT_MHZ:
        snprintf(s.text, sizeof s.text, "%.0f MHz", v);
        return s;
    case HR_UNIT_COUNT:
        snprintf(s.text, sizeof s.text, v < 100 && v != floor(v) ? "%.2f" : "%.0f", v);
        return s;
    case HR_UNIT_COUNT_S:
        snprintf(s.text, sizeof s.text, v < 100 && v != floor(v) ? "%.1f/s" : "%.0f/s", v);
        return s;
    }
    return NONE;
}

struct hr_say hr_say_figure(const struct hr_figure *f, enum hr_metric_unit unit)
{
    return f->known ? hr_say_unit((double)f->v, unit) : NONE;
}

struct hr_say hr_say_real(const struct hr_real *f, enum hr_metric_unit unit)
{
    return f->known ? hr_say_unit(f->v, unit) : NONE;
}

struct hr_say hr_say_reading(struct hr_reading r, enum hr_metric_unit unit)
{
    return r.why == HR_WHY_KNOWN ? hr_say_unit((double)r.v, unit) : NONE;
}

double hr_say_ceiling(double v, enum hr_metric_unit unit)
{
    if (unit == HR_UNIT_BYTES || unit == HR_UNIT_BYTES_S) {
        double c = 64 * 1024;
        while (c < v && c < 1e24)
            c *= 2;
        return c;
    }
    static const double steps[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500 };
    double c = 1;
    while (c * 1000 <= v && c < 1e24)
        c *= 1000;
    for (size_t i = 0; i < HR_COUNT(steps); i++)
        if (c * steps[i] >= v)
            return c * steps[i];
    return c * 1000;
}

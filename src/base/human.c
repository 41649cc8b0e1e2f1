#include "human.h"

#include <stdio.h>
#include <string.h>

struct hr_human hr_human_bytes(uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    struct hr_human h;
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 1023.995 && u + 1 < HR_COUNT(units)) {
        v /= 1024;
        u++;
    }
    int digits = u == 0 ? 0 : v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
    snprintf(h.text, sizeof h.text, "%.*f %s", digits, v, units[u]);
    return h;
}

struct hr_human hr_human_count(uint64_t n)
{
    char digits[24];
    struct hr_human h;
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), o = 0;
    for (size_t i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0)
            h.text[o++] = ',';
        h.text[o++] = digits[i];
    }
    h.text[o] = 0;
    return h;
}

struct hr_human hr_human_of(uint64_t n, const char *thing)
{
    struct hr_human h;
    size_t len = strlen(thing);
    bool hisses = len >= 3 && strcmp(thing + len - 3, "tch") == 0; /* a batch does, an epoch does not */
    snprintf(h.text, sizeof h.text, "%s %.16s%s", hr_human_count(n).text, thing, n == 1 ? "" : hisses ? "es" : "s");
    return h;
}

struct hr_human hr_human_duration(uint64_t ns)
{
    struct hr_human h;
    double v = (double)ns;
    if (ns < 1000)
        snprintf(h.text, sizeof h.text, "%llu ns", (unsigned long long)ns);
    else if (v < 999.5e3)
        snprintf(h.text, sizeof h.text, "%.3g µs", v / 1e3);
    else if (v < 999.5e6)
        snprintf(h.text, sizeof h.text, "%.3g ms", v / 1e6);
    else if (v < 99.95e9)
        snprintf(h.text, sizeof h.text, "%.3g s", v / 1e9);
    else if (v < 3600e9)
        snprintf(h.text, sizeof h.text, "%u min %02u s", (unsigned)(ns / 60000000000u), (unsigned)(ns / 1000000000u % 60));
    else
        snprintf(h.text, sizeof h.text, "%llu h %02u min", (unsigned long long)(ns / 3600000000000u),
                 (unsigned)(ns / 60000000000u % 60));
    return h;
}

struct hr_human hr_human_rate(double v)
{
    struct hr_human h;
    if (v < 999.5)
        snprintf(h.text, sizeof h.text, "%.3g/s", v);
    else if (v < 999.5e3)
        snprintf(h.text, sizeof h.text, "%.3g k/s", v / 1e3);
    else
        snprintf(h.text, sizeof h.text, "%.3g M/s", v / 1e6);
    return h;
}

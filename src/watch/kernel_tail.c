#include "kernel_tail.h"

#include "file.h"
#include "kernel_log.h"
#include "kmsg.h"
#include "sight.h"

#include <stdio.h>
#include <string.h>

#define MINUTE UINT64_C(60000000000)

/* What is written down.  Noise, heat and clocks end nothing. */
static bool tells(enum hr_log_kind kind)
{
    return kind != HR_LOG_DXG_NOISE && kind != HR_LOG_THROTTLED && kind != HR_LOG_CLOCK && kind != HR_LOG_NV_MISMATCH;
}

bool hr_kernel_tail_open(struct hr_kernel_tail *ret, char why[HR_WHY_MAX])
{
    *ret = (struct hr_kernel_tail) { .fd = hr_kmsg_open() };
    why[0] = 0;
    if (ret->fd >= 0)
        return true;
    snprintf(why, HR_WHY_MAX, "/dev/kmsg cannot be read: %.60s", strerror(-ret->fd)); /* one thread */
    ret->fd = -1;
    return false;
}

void hr_kernel_tail_close(struct hr_kernel_tail *t)
{
    hr_close(t->fd);
    t->fd = -1;
}

/* "6,339,5140900,-;text", and then lines of keys */
bool hr_kernel_tail_line(const char *record, size_t n, char ret[HR_TAIL_LINE])
{
    const char *p = record, *end = record + n, *text = n == 0 ? NULL : memchr(record, ';', n);
    char line[512];
    enum hr_log_kind kind;
    if (text == NULL || ++text == end)
        return false;
    hr_digits(&p, text);
    if (p >= text || *p++ != ',')
        return false;
    hr_digits(&p, text);
    if (p >= text || *p++ != ',')
        return false;
    uint64_t us = hr_digits(&p, text);
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    size_t len = HR_MIN((size_t)((stop != NULL ? stop : end) - text), sizeof line - 1);
    for (size_t i = 0; i < len; i++)
        line[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
    line[len] = 0;
    if (!hr_kernel_log_kind(line, &kind) || !tells(kind))
        return false;
    snprintf(ret, HR_TAIL_LINE, "[%5llu.%06llu] %.190s", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000), line);
    return true;
}

bool hr_kernel_tail_next(struct hr_kernel_tail *t, uint64_t now, char ret[HR_TAIL_LINE])
{
    char record[HR_KMSG_ROOM];
    if (t->fd < 0)
        return false;
    if (t->minute != now / MINUTE) {
        t->minute = now / MINUTE;
        t->told = 0;
    }
    for (unsigned i = 0; i < HR_TAIL_RECORDS; i++) {
        int64_t n = hr_kmsg_next(t->fd, record, sizeof record);
        if (n <= 0)
            return false;
        if (!hr_kernel_tail_line(record, (size_t)n, ret) || t->told >= HR_TAIL_A_MINUTE)
            continue;
        t->told++;
        return true;
    }
    return false;
}

#include "tape_place.h"

#include "build_place.h"
#include "parse.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)

int hr_tape_place(const struct hr_root *root, const char *given, struct hr_buf *ret, struct hr_error *err)
{
    if (given == NULL)
        return hr_build_place(root, "XDG_STATE_HOME", ".local/state", "record.ring", ret, err);
    return hr_buf_adds(ret, given) ? 0 : hr_fail_nomem(err, 0, "a path");
}

int hr_tape_open_at(const char *path, const char *given, struct hr_tape *ret, struct hr_error *err)
{
    int r = hr_tape_open(path, ret, err);
    if (r == HR_E_NOT_FOUND && given == NULL)
        r = hr_fail(err, HR_E_NOT_FOUND, "there is no recording yet at '%s': 'headrace record' makes one", path);
    return r;
}

/* Up to `n` numbers parted by `sep`, nothing else; how many. */
static unsigned numbers(struct hr_str text, char sep, uint64_t *v, unsigned n)
{
    struct hr_str one;
    unsigned got = 0;
    while (hr_str_cut(&text, sep, &one)) {
        if (got == n || one.n == 0 || one.n > 4 || hr_parse_u64(one, &v[got], NULL) < 0)
            return 0;
        got++;
    }
    return got;
}

/* "14:05" or "14:05:30" of the day of `tm`. */
static bool clock_of(struct hr_str text, struct tm *tm)
{
    uint64_t v[3] = { 0 };
    if (numbers(text, ':', v, 3) < 2 || v[0] > 23 || v[1] > 59 || v[2] > 60)
        return false;
    tm->tm_hour = (int)v[0];
    tm->tm_min = (int)v[1];
    tm->tm_sec = (int)v[2];
    tm->tm_isdst = -1;
    return true;
}

/* "2026-11-27 14:05", or with a T. */
static bool date_of(struct hr_str text, struct tm *tm)
{
    uint64_t v[3];
    if (text.n < 12 || (text.p[10] != ' ' && text.p[10] != 'T') || numbers((struct hr_str) { text.p, 10 }, '-', v, 3) != 3 || v[0] < 1970 || v[1] < 1 ||
        v[1] > 12 || v[2] < 1 || v[2] > 31 || !clock_of((struct hr_str) { text.p + 11, text.n - 11 }, tm))
        return false;
    tm->tm_year = (int)v[0] - 1900;
    tm->tm_mon = (int)v[1] - 1;
    tm->tm_mday = (int)v[2];
    return true;
}

int hr_tape_time(const char *text, uint64_t end, uint64_t *ret, struct hr_error *err)
{
    time_t s = (time_t)(end / SECOND);
    struct tm tm;
    uint64_t v;
    double f;
    if (strcmp(text, "end") == 0 || strcmp(text, "now") == 0) {
        *ret = end;
        return 0;
    }
    if (text[0] == '@' && hr_parse_f64(hr_str(text + 1), &f, NULL) == 0 && f >= 0 && f < 1.8e10) {
        *ret = (uint64_t)(f * 1e9);
        return 0;
    }
    localtime_r(&s, &tm);
    if (clock_of(hr_str(text), &tm)) {
        time_t at = mktime(&tm);
        *ret = (uint64_t)(at > s ? at - 86400 : at) * SECOND;
        return 0;
    }
    if (date_of(hr_str(text), &tm)) {
        time_t at = mktime(&tm);
        if (at >= 0) {
            *ret = (uint64_t)at * SECOND;
            return 0;
        }
    }
    if (hr_parse_duration(hr_str(text + (text[0] == '-')), &v, NULL) == 0) {
        *ret = v < end ? end - v : 0;
        return 0;
    }
    return hr_fail(err, HR_E_INVALID, "'%s' is no time: write 10m (before the end), 14:05:30, '2026-11-27 14:05' or @SECONDS", text);
}

const char *hr_tape_clock(uint64_t wall, char out[32])
{
    time_t s = (time_t)(wall / SECOND);
    struct tm tm;
    if (localtime_r(&s, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(out, 32, "@%llu", (unsigned long long)(wall / SECOND));
    return out;
}

void hr_tape_lost(const struct hr_tape *t, struct hr_buf *out)
{
    uint64_t leaning = t->leaning - t->older;
    if (t->newer)
        hr_buf_printf(out, "it is of a later version of headrace: what is not known is left out; ");
    if (!t->head_ok && t->bytes != 0)
        hr_buf_printf(out, "its first bytes are damaged; ");
    if (t->expected > t->bytes)
        hr_buf_printf(out, "%llu of its %llu bytes are missing; ", (unsigned long long)(t->expected - t->bytes), (unsigned long long)t->expected);
    if (t->gaps + leaning != 0)
        hr_buf_printf(out, "%llu frames in between are lost; ", (unsigned long long)(t->gaps + leaning));
    if (out->len >= 2) {
        out->len -= 2;
        out->data[out->len] = 0;
    }
}

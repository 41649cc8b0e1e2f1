#include "progress.h"

#include "clock.h"
#include "file.h"
#include "human.h"
#include "interrupt.h"
#include "tty.h"
#include "utf8.h"

#include <string.h>

enum { ERR_FD = 2, WIDTH = 80 };
static const uint64_t second = 1000000000, redraw = 200000000, line_every = UINT64_C(5000000000);

void hr_progress_begin(struct hr_progress *p, struct hr_cli *cli, const char *what, enum hr_progress_unit unit)
{
    memset(p, 0, sizeof *p);
    p->cli = cli;
    p->what = what;
    p->unit = unit;
    p->begun = p->shown = hr_now();
}

/* Units per second over the marks kept, or from the start while there are none. */
static double rate(struct hr_progress *p, uint64_t now, uint64_t done)
{
    uint64_t at = p->begun, was = 0;
    if (p->marks == HR_PROGRESS_MARKS) {
        at = p->mark[p->next].at;
        was = p->mark[p->next].done;
    }
    unsigned last = (p->next + HR_PROGRESS_MARKS - 1) % HR_PROGRESS_MARKS;
    if (p->marks == 0 || now - p->mark[last].at >= second) {
        p->mark[p->next].at = now;
        p->mark[p->next].done = done;
        p->next = (p->next + 1) % HR_PROGRESS_MARKS;
        p->marks = HR_MIN(p->marks + 1, (unsigned)HR_PROGRESS_MARKS);
    }
    return now > at && done >= was ? (double)(done - was) * 1e9 / (double)(now - at) : 0;
}

static struct hr_human amount(const struct hr_progress *p, uint64_t v)
{
    return p->unit == HR_PROGRESS_BYTES ? hr_human_bytes(v) : hr_human_count(v);
}

void hr_progress_line(struct hr_progress *p, uint64_t now, uint64_t done, uint64_t total, const char *extra,
                      struct hr_buf *out)
{
    double v = rate(p, now, done);
    hr_buf_adds(out, p->what);
    if (total != 0)
        hr_buf_printf(out, "  %3u %%  %s of %s", (unsigned)(100.0 * (double)HR_MIN(done, total) / (double)total),
                      amount(p, done).text, amount(p, total).text);
    else
        hr_buf_printf(out, "  %s", amount(p, done).text);
    if (v > 0 && p->unit == HR_PROGRESS_BYTES)
        hr_buf_printf(out, "  %s/s", hr_human_bytes((uint64_t)v).text);
    else if (v > 0)
        hr_buf_printf(out, "  %s", hr_human_rate(v).text);
    double left = v > 0 && total > done ? (double)(total - done) / v : -1;
    if (left >= 0 && left < 100 * 86400.0) {
        uint64_t s = (uint64_t)(left + 0.999);
        hr_buf_printf(out, "  %s left", hr_human_duration(s * second).text);
    }
    if (extra != NULL && extra[0] != 0)
        hr_buf_printf(out, "  %s", extra);
}

/* Cuts the line to what the terminal shows: a line that wraps could not be redrawn. */
static void cut(struct hr_buf *line, unsigned width)
{
    struct hr_str rest = hr_buf_str(line);
    size_t columns = 0;
    while (rest.n != 0) {
        struct hr_str next = rest;
        columns += (size_t)hr_utf8_width(hr_utf8_next(&next, NULL));
        if (columns >= width)
            break;
        rest = next;
    }
    line->len -= rest.n;
}

static void show(struct hr_progress *p, struct hr_buf *line)
{
    struct hr_buf out = HR_BUF_INIT(1 << 14);
    if (p->cli->terminal) {
        cut(line, hr_terminal_width(ERR_FD, WIDTH));
        hr_buf_printf(&out, "\r%.*s\x1b[K", (int)line->len, line->data);
    } else {
        hr_buf_printf(&out, "headrace: %s\n", line->data);
    }
    if (hr_write_all(ERR_FD, out.data, out.len, "standard error", NULL) == 0)
        p->drawn = p->cli->terminal;
    hr_buf_fini(&out);
}

bool hr_progress_step(struct hr_progress *p, uint64_t done, uint64_t total, const char *extra)
{
    bool stop = hr_interrupted() != 0;
    uint64_t now = hr_now();
    if (p->cli->common->quiet || now - p->shown < (p->cli->terminal ? redraw : line_every))
        return stop;
    p->shown = now;
    struct hr_buf line = HR_BUF_INIT(1 << 13), clean = HR_BUF_INIT(1 << 14);
    hr_progress_line(p, now, done, total, extra, &line);
    hr_utf8_show(&clean, hr_buf_str(&line));
    show(p, &clean);
    hr_buf_fini(&line);
    hr_buf_fini(&clean);
    return stop;
}

void hr_progress_end(struct hr_progress *p)
{
    static const char clear[] = "\r\x1b[K";
    if (p->drawn && hr_write_all(ERR_FD, clear, sizeof clear - 1, "standard error", NULL) == 0)
        p->drawn = false;
}

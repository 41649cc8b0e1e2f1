/* Disks, network and pressure: what flows, and who waits for it. */
#include "panels.h"

#include <stdio.h>

static double now_of(const struct hr_canvas *c, enum hr_metric metric)
{
    double v = 0;
    return hr_metric_of(c->scene->m, metric, 0, &v) ? v : -1;
}

/* One stands on the floor, the other hangs from the ceiling; their scales are in the lower edge of the frame. */
static void two_flows(struct hr_canvas *c, struct hr_area frame, struct hr_area in, enum hr_metric into, enum hr_metric out)
{
    struct hr_trace up = { into, 0, 0, HR_INK_FLOW, false, NULL }, down = { out, 0, 0, HR_INK_MEMORY, true, NULL };
    int h = (in.h + 1) / 2;
    struct hr_area upper = { in.x, in.y, in.w, h }, lower = { in.x, in.y + h, in.w, in.h - h };
    double a = hr_panel_curve(c, upper, &up), b = hr_panel_curve(c, lower, &down);
    char text[64] = "";
    if (a > 0 && b > 0 && !hr_panel_labelled(upper))
        snprintf(text, sizeof text, "to %s, %s", hr_say_rate(a).text, hr_say_rate(b).text);
    else if (a > 0 && !hr_panel_labelled(upper))
        snprintf(text, sizeof text, "to %s", hr_say_rate(a).text);
    hr_frame_foot(c->s, frame, text);
}

/* "read 99.0 MiB/s  written 6.00 MiB/s", in fewer letters where it is narrow. */
static void flow_words(struct hr_canvas *c, struct hr_area in, const char *const name[2], const char *const brief[2], double into,
                       double out)
{
    const char *const *words = in.w >= 38 ? name : brief;
    int x = hr_panel_pair(c, in.x, in.y, in.x + in.w, words[0], hr_say_rate(into).text, HR_INK_DOWN) - (in.w < 38);
    hr_panel_pair(c, x, in.y, in.x + in.w, words[1], hr_say_rate(out).text, HR_INK_UP);
}

void hr_panel_disks(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_model *m = c->scene->m;
    char right[80];
    double busy = now_of(c, HR_M_DISK_BUSY), wait = now_of(c, HR_M_DISK_WAIT);
    snprintf(right, sizeof right, "busiest %s, %s a request", hr_say_percent(busy).text, hr_say_time(wait).text);
    if (b.w < 50)
        snprintf(right, sizeof right, "busy %s", hr_say_percent(busy).text);
    hr_frame(c->s, b, "disks", right, c->g);
    struct hr_area in = hr_inside(b);
    if (in.h < 1)
        return;
    if (!m->disks_known.known) {
        hr_panel_prose(c, in, m->disks_known.why, HR_INK_DIM);
        return;
    }
    flow_words(c, in, (const char *const[]) { "read", "written" }, (const char *const[]) { "r", "w" }, now_of(c, HR_M_DISK_READ),
               now_of(c, HR_M_DISK_WRITE));
    int y = in.y + 1, end = in.y + in.h;
    unsigned spaces = in.h >= 12 ? 4 : in.h >= 6 ? 2 : in.h >= 4 ? 1 : 0;
    for (unsigned i = 0; i < HR_MIN(m->space_n, spaces); i++, y++) {
        const struct hr_space_load *s = &m->space[i];
        double used = s->total.why == HR_WHY_KNOWN && s->available.why == HR_WHY_KNOWN && s->total.v > 0
                          ? 1 - (double)s->available.v / (double)s->total.v
                          : -1;
        int name = in.w >= 44 ? 14 : 9, bar = HR_MAX(in.w - name - 15, 4);
        char text[40];
        snprintf(text, sizeof text, "%.20s free", hr_say_reading(s->available, HR_UNIT_BYTES).text);
        hr_cells_put(c->s, in.x, y, name - 1, HR_FG(HR_INK_DIM), s->at);
        hr_bar(c->s, in.x + name, y, bar, used, HR_INK_LOAD, c->g);
        hr_cells_right(c->s, in.x + in.w, y, 13, HR_FG(used > 0.95 ? HR_INK_BAD : HR_INK_TEXT), text);
    }
    two_flows(c, b, (struct hr_area) { in.x, y, in.w, end - y }, HR_M_DISK_READ, HR_M_DISK_WRITE);
}

void hr_panel_network(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_model *m = c->scene->m;
    const struct hr_link_load *most = NULL;
    for (unsigned i = 0; i < m->link_n; i++)
        if (most == NULL || m->link[i].received.v + m->link[i].sent.v > most->received.v + most->sent.v)
            most = &m->link[i];
    bool quiet = most == NULL || most->received.v + most->sent.v == 0;
    hr_frame(c->s, b, "network", !quiet && b.w >= 36 ? most->name : "", c->g);
    struct hr_area in = hr_inside(b);
    if (in.h < 1)
        return;
    if (!m->links_known.known) {
        hr_panel_prose(c, in, m->links_known.why, HR_INK_DIM);
        return;
    }
    flow_words(c, in, (const char *const[]) { "received", "sent" }, (const char *const[]) { "in", "out" }, now_of(c, HR_M_NET_RX),
               now_of(c, HR_M_NET_TX));
    two_flows(c, b, (struct hr_area) { in.x, in.y + 1, in.w, in.h - 1 }, HR_M_NET_RX, HR_M_NET_TX);
}

struct waiting {
    const char *name;
    const struct hr_stall *stall;
    enum hr_metric metric;
};

static void stall_row(struct hr_canvas *c, struct hr_area in, int y, const struct waiting *k)
{
    const struct hr_real *some = &k->stall->some;
    enum hr_ink ink = !some->known ? HR_INK_DIM : some->v >= 40 ? HR_INK_BAD : some->v >= 10 ? HR_INK_WARN : HR_INK_TEXT;
    hr_cells_put(c->s, in.x, y, 7, HR_FG(HR_INK_DIM), k->name);
    hr_bar(c->s, in.x + 8, y, in.w - 15, some->known ? some->v / 100 : -1, HR_INK_LOAD, c->g);
    hr_cells_right(c->s, in.x + in.w, y, 6, HR_FG(ink), hr_say_real(some, HR_UNIT_PERCENT).text);
}

void hr_panel_stalls(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_model *m = c->scene->m;
    const struct waiting rows[] = { { "CPU", &m->stall_cpu, HR_M_STALL_CPU },
                                    { "memory", &m->stall_memory, HR_M_STALL_MEMORY },
                                    { "disks", &m->stall_io, HR_M_STALL_IO } };
    hr_frame(c->s, b, "waiting for", b.w >= 44 ? "share of the time" : "", c->g);
    struct hr_area in = hr_inside(b);
    if (!m->stall_memory.some.known && m->stall_memory.some.why[0] != 0 && m->span > 0) {
        hr_panel_prose(c, in, m->stall_memory.some.why, HR_INK_DIM);
        return;
    }
    int each = HR_MAX(in.h / (int)HR_COUNT(rows), 1);
    for (int i = 0; i < (int)HR_COUNT(rows) && i * each < in.h; i++) {
        stall_row(c, in, in.y + i * each, &rows[i]);
        struct hr_trace k = { rows[i].metric, 0, 100, HR_INK_LOAD, false, NULL };
        if (each >= 2)
            hr_panel_curve(c, (struct hr_area) { in.x, in.y + i * each + 1, in.w, each - 1 }, &k);
    }
}

void hr_panel_strip(struct hr_canvas *c, int y)
{
    const struct hr_model *m = c->scene->m;
    int x = 2, end = c->s->w - 2;
    char text[64];
    x = hr_panel_pair(c, x, y, end, "disks read", hr_say_rate(now_of(c, HR_M_DISK_READ)).text, HR_INK_DOWN) - 1;
    x = hr_panel_pair(c, x, y, end, "written", hr_say_rate(now_of(c, HR_M_DISK_WRITE)).text, HR_INK_UP) - 1;
    x = hr_panel_pair(c, x, y, end, "net in", hr_say_rate(now_of(c, HR_M_NET_RX)).text, HR_INK_DOWN) - 1;
    x = hr_panel_pair(c, x, y, end, "out", hr_say_rate(now_of(c, HR_M_NET_TX)).text, HR_INK_UP) - 1;
    if (m->stall_memory.some.known) {
        snprintf(text, sizeof text, "%.8s mem %.8s", hr_say_real(&m->stall_io.some, HR_UNIT_PERCENT).text,
                 hr_say_real(&m->stall_memory.some, HR_UNIT_PERCENT).text);
        hr_panel_pair(c, x, y, end, "wait disk", text, HR_INK_TEXT);
    }
}

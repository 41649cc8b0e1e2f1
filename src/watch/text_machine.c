/* The machine as lines: its name, processors, stalls, memory, disks and network. */
#include "text_page.h"

#include <stdio.h>
#include <string.h>

enum { BAR = 24 };
#define DAY UINT64_C(86400000000000)

static void bold(const struct hr_text_page *g, const char *text)
{
    hr_buf_printf(g->out, g->s->color ? "\x1b[1m%s\x1b[0m" : "%s", text);
}

static void head(struct hr_text_page *g)
{
    const struct hr_model *m = g->m;
    bold(g, "headrace top");
    hr_buf_printf(g->out, "  %s", hr_word_text(&m->host));
    if (m->machine.known)
        hr_buf_printf(g->out, "  %s", m->machine.v);
    hr_buf_printf(g->out, "  Linux %s", hr_word_text(&m->kernel));
    uint64_t days = m->uptime.known ? m->uptime.v / DAY : 0;
    if (days >= 2) /* hours are counted no further than people do */
        hr_buf_printf(g->out, "  up %llu d %llu h", (unsigned long long)days, (unsigned long long)(m->uptime.v % DAY / (DAY / 24)));
    else if (m->uptime.known)
        hr_buf_printf(g->out, "  up %s", hr_human_duration(m->uptime.v).text);
    hr_buf_adds(g->out, m->captured ? "  (captured)\n" : "\n");
}

static void cpu(struct hr_text_page *g)
{
    const struct hr_cpu_load *c = &g->m->cpu;
    char busy[16], wait[16], l[16];
    hr_buf_adds(g->out, "CPU      ");
    hr_buf_printf(g->out, "%s busy", hr_text_percent(g, "CPU", &c->busy, busy));
    if (c->iowait.known && c->iowait.v >= 0.5)
        hr_buf_printf(g->out, ", %s waiting for disks", hr_text_percent(g, "CPU", &c->iowait, wait));
    if (c->n != 0)
        hr_buf_printf(g->out, " of %u CPU%s", c->n, c->n == 1 ? "" : "s");
    else if (c->allowed.known)
        hr_buf_printf(g->out, " of %llu CPUs", (unsigned long long)c->allowed.v);
    if (c->n != 0 && c->allowed.known && c->allowed.v != c->n)
        hr_buf_printf(g->out, " (%llu for you)", (unsigned long long)c->allowed.v);
    snprintf(l, sizeof l, "%.2f", c->load1.v);
    hr_buf_printf(g->out, "; load %s", c->load1.known ? l : "–");
    if (!c->load1.known)
        hr_text_missing(g, "load", c->load1.why);
    if (c->blocked.known && c->blocked.v != 0)
        hr_buf_printf(g->out, "; %llu %s for storage", (unsigned long long)c->blocked.v, c->blocked.v == 1 ? "task waits" : "tasks wait");
    hr_buf_addc(g->out, '\n');
}

static void pressure(struct hr_text_page *g)
{
    static const char *const names[] = { "CPU", "memory", "disks" };
    const struct hr_stall *s[] = { &g->m->stall_cpu, &g->m->stall_memory, &g->m->stall_io };
    char text[16];
    hr_buf_adds(g->out, "stalls   ");
    for (size_t i = 0; i < 3; i++) {
        const struct hr_real *r = s[i]->some.known ? &s[i]->some : &s[i]->some10;
        hr_buf_printf(g->out, "%s%s %s", i == 0 ? "" : ", ", names[i], hr_text_percent(g, "stalls", r, text));
    }
    hr_buf_adds(g->out, " of the time\n");
}

static void bar(const struct hr_text_page *g, uint64_t v, uint64_t total)
{
    unsigned n = total == 0 ? 0 : (unsigned)((double)v * BAR / (double)total + 0.5);
    hr_buf_addc(g->out, '[');
    hr_buf_pad(g->out, HR_MIN(n, (unsigned)BAR), '#');
    hr_buf_pad(g->out, BAR - HR_MIN(n, (unsigned)BAR), '.');
    hr_buf_addc(g->out, ']');
}

static void parts(struct hr_text_page *g)
{
    static const struct hr_table_column cols[] = { { .title = NULL, .right = true }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL } };
    const struct hr_account *a = &g->m->memory;
    struct hr_table t = HR_TABLE_INIT(cols);
    for (unsigned p = 0; p < HR_PARTS; p++) {
        const struct hr_part_word *word = hr_part_word((enum hr_part)p);
        struct hr_reading r = a->part[p];
        bool small = r.why == HR_WHY_KNOWN && a->total.known && r.v < a->total.v / 500;
        if (small && !g->s->verbose && p != HR_PART_OTHER && p != HR_PART_SHMEM)
            continue;
        if (r.why != HR_WHY_KNOWN) {
            if (!g->s->verbose && p > HR_PART_CACHE && p != HR_PART_FREE)
                continue; /* it stands in what is not attributed */
            hr_text_missing(g, word->name, hr_why_text(r.why));
        }
        hr_table_cell(&t, "%s", hr_reading_bytes(r).text);
        if (r.why == HR_WHY_KNOWN && a->total.known && a->total.v != 0)
            hr_table_cell(&t, "%.1f %%", (double)r.v * 100 / (double)a->total.v);
        else
            hr_table_skip(&t);
        hr_table_cell(&t, "%s", word->name);
        hr_table_cell(&t, "%s", word->note);
    }
    hr_table_write(&t, g->out, 9);
    hr_table_fini(&t);
}

static void memory(struct hr_text_page *g)
{
    const struct hr_account *a = &g->m->memory;
    struct hr_human h, h2;
    hr_buf_printf(g->out, "memory   %s", hr_text_bytes(g, "memory", &a->total, &h));
    if (a->total.known && a->available.known) {
        uint64_t used = a->total.v - HR_MIN(a->available.v, a->total.v);
        hr_buf_addc(g->out, ' ');
        bar(g, used, a->total.v);
        hr_buf_printf(g->out, " %s used, %s available", hr_human_bytes(used).text, hr_human_bytes(a->available.v).text);
    } else if (!a->available.known) {
        hr_text_missing(g, "memory available", a->available.why);
    }
    hr_buf_addc(g->out, '\n');
    if (a->total.known)
        parts(g);
    if (a->overlap != 0)
        hr_buf_printf(g->out, "         the kernel counts %s of it twice\n", hr_human_bytes(a->overlap).text);
    if (a->limit.known)
        hr_buf_printf(g->out, "         this program's group may take %s, and holds %s\n", hr_human_bytes(a->limit.v).text,
                      hr_text_bytes(g, "the group's memory", &a->limit_used, &h2));
    if ((a->locked.known && a->locked.v > a->total.v / 100) || (a->pinned.known && a->pinned.v > a->total.v / 100))
        hr_buf_printf(g->out, "         of it %s locked, %s pinned for devices\n", hr_text_bytes(g, "locked", &a->locked, &h), hr_text_bytes(g, "pinned", &a->pinned, &h2));
    if (a->swap_total.known && a->swap_total.v == 0)
        hr_buf_adds(g->out, "swap     none\n");
    else
        hr_buf_printf(g->out, "swap     %s of %s\n", hr_text_bytes(g, "swap", &a->swap_used, &h), hr_text_bytes(g, "swap", &a->swap_total, &h2));
    if (strcmp(g->m->machine.v, "WSL 2") == 0 && !a->windows_held.known)
        hr_text_missing(g, "what Windows sees held", a->windows_held.why);
}

static const char *rate(struct hr_text_page *g, const char *what, struct hr_reading r, char out[40])
{
    if (r.why == HR_WHY_KNOWN) {
        snprintf(out, 40, "%s/s", hr_human_bytes(r.v).text);
    } else {
        snprintf(out, 40, "–");
        if (r.why != HR_WHY_IDLE)
            hr_text_missing(g, what, hr_why_text(r.why));
    }
    return out;
}

static const char *each(struct hr_reading r, char out[40])
{
    snprintf(out, 40, "%s", r.why == HR_WHY_KNOWN ? hr_human_duration(r.v).text : "–");
    return out;
}

static void disks(struct hr_text_page *g)
{
    static const struct hr_table_column cols[] = { { .title = NULL }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL, .right = true } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols);
    char a[40], b[40];
    if (!m->disks_known.known)
        hr_text_missing(g, "disks", m->disks_known.why);
    for (unsigned i = 0; i < m->disk_n; i++) {
        const struct hr_disk_load *d = &m->disk[i];
        bool still = d->busy.why == HR_WHY_KNOWN && d->busy.v == 0 && d->read.v + d->written.v == 0;
        if (still && !g->s->verbose && m->disk_n > 1)
            continue;
        hr_table_cell(&t, "%s", d->name);
        hr_table_cell(&t, "read %s", rate(g, "disks", d->read, a));
        hr_table_cell(&t, "%s each", each(d->read_ns, a));
        hr_table_cell(&t, "write %s", rate(g, "disks", d->written, b));
        hr_table_cell(&t, "%s each", each(d->write_ns, b));
        if (d->busy.why == HR_WHY_KNOWN)
            hr_table_cell(&t, "busy %.1f %%", (double)d->busy.v / 10);
        else
            hr_table_skip(&t);
    }
    if (t.cells != 0)
        hr_buf_adds(g->out, "disks\n");
    hr_table_write(&t, g->out, 9);
    hr_table_fini(&t);
}

static void spaces(struct hr_text_page *g)
{
    const struct hr_model *m = g->m;
    for (unsigned i = 0; i < m->space_n; i++) {
        const struct hr_space_load *s = &m->space[i];
        if (s->total.why != HR_WHY_KNOWN) {
            hr_text_missing(g, s->at, hr_why_text(s->total.why));
            continue;
        }
        if (s->ram && s->available.v > s->total.v / 2 && !g->s->verbose)
            continue;
        hr_buf_printf(g->out, "space    %s free of %s in %s\n", hr_human_bytes(s->available.v).text, hr_human_bytes(s->total.v).text, s->at);
    }
}

static void links(struct hr_text_page *g)
{
    const struct hr_model *m = g->m;
    char a[40], b[40];
    if (!m->links_known.known)
        hr_text_missing(g, "network", m->links_known.why);
    for (unsigned i = 0; i < m->link_n; i++) {
        const struct hr_link_load *l = &m->link[i];
        if (l->received.why == HR_WHY_KNOWN && l->received.v + l->sent.v == 0 && !g->s->verbose)
            continue;
        hr_buf_printf(g->out, "network  %s received, %s sent on %s\n", rate(g, "network", l->received, a), rate(g, "network", l->sent, b), l->name);
    }
}

void hr_text_machine(struct hr_text_page *g)
{
    head(g);
    cpu(g);
    pressure(g);
    memory(g);
    disks(g);
    spaces(g);
    links(g);
}

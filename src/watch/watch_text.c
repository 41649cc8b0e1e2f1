#include "watch_report.h"

#include "gpus.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 10, BAR = 24, REASONS = 24 };

struct page {
    const struct hr_model *m;
    const struct hr_watch_screen *s;
    struct hr_buf *out;
    /* what is not known, each reason once */
    struct {
        char what[64], why[256];
    } reason[REASONS];
    unsigned reasons;
};

static void missing(struct page *g, const char *what, const char *why)
{
    for (unsigned i = 0; i < g->reasons; i++)
        if (strcmp(g->reason[i].why, why) == 0 || strcmp(g->reason[i].what, what) == 0)
            return;
    if (g->reasons == REASONS || why[0] == 0)
        return;
    snprintf(g->reason[g->reasons].what, sizeof g->reason[0].what, "%s", what);
    snprintf(g->reason[g->reasons++].why, sizeof g->reason[0].why, "%s", why);
}

struct hr_human hr_reading_bytes(struct hr_reading r)
{
    return r.why == HR_WHY_KNOWN ? hr_human_bytes(r.v) : (struct hr_human) { "–" };
}

static const char *bytes(struct page *g, const char *what, const struct hr_figure *f, struct hr_human *h)
{
    if (!f->known)
        missing(g, what, f->why);
    *h = f->known ? hr_human_bytes(f->v) : (struct hr_human) { "–" };
    return h->text;
}

static const char *percent(struct page *g, const char *what, const struct hr_real *f, char out[16])
{
    if (!f->known)
        missing(g, what, f->why);
    snprintf(out, 16, f->known ? "%.1f %%" : "–", f->v);
    return out;
}

static void bold(const struct page *g, const char *text)
{
    hr_buf_printf(g->out, g->s->color ? "\x1b[1m%s\x1b[0m" : "%s", text);
}

/* --- the parts --- */

static void head(struct page *g)
{
    const struct hr_model *m = g->m;
    bold(g, "headrace top");
    hr_buf_printf(g->out, "  %s", hr_word_text(&m->host));
    if (m->machine.known)
        hr_buf_printf(g->out, "  %s", m->machine.v);
    hr_buf_printf(g->out, "  Linux %s", hr_word_text(&m->kernel));
    if (m->uptime.known)
        hr_buf_printf(g->out, "  up %s", hr_human_duration(m->uptime.v).text);
    hr_buf_adds(g->out, m->captured ? "  (captured)\n" : "\n");
}

static void cpu(struct page *g)
{
    const struct hr_cpu_load *c = &g->m->cpu;
    char busy[16], wait[16], l[16];
    hr_buf_adds(g->out, "CPU      ");
    hr_buf_printf(g->out, "%s busy", percent(g, "CPU", &c->busy, busy));
    if (c->iowait.known && c->iowait.v >= 0.5)
        hr_buf_printf(g->out, ", %s waiting for disks", percent(g, "CPU", &c->iowait, wait));
    if (c->n != 0)
        hr_buf_printf(g->out, " of %u CPU%s", c->n, c->n == 1 ? "" : "s");
    if (c->allowed.known && c->allowed.v != c->n)
        hr_buf_printf(g->out, " (%llu for you)", (unsigned long long)c->allowed.v);
    snprintf(l, sizeof l, "%.2f", c->load1.v);
    hr_buf_printf(g->out, "; load %s", c->load1.known ? l : "–");
    if (!c->load1.known)
        missing(g, "load", c->load1.why);
    if (c->blocked.known && c->blocked.v != 0)
        hr_buf_printf(g->out, "; %llu %s for storage", (unsigned long long)c->blocked.v, c->blocked.v == 1 ? "task waits" : "tasks wait");
    hr_buf_addc(g->out, '\n');
}

static void pressure(struct page *g)
{
    static const char *const names[] = { "CPU", "memory", "disks" };
    const struct hr_stall *s[] = { &g->m->stall_cpu, &g->m->stall_memory, &g->m->stall_io };
    char text[16];
    hr_buf_adds(g->out, "stalls   ");
    for (size_t i = 0; i < 3; i++) {
        const struct hr_real *r = s[i]->some.known ? &s[i]->some : &s[i]->some10;
        hr_buf_printf(g->out, "%s%s %s", i == 0 ? "" : ", ", names[i], percent(g, "stalls", r, text));
    }
    hr_buf_adds(g->out, " of the time\n");
}

static void bar(const struct page *g, uint64_t v, uint64_t total)
{
    unsigned n = total == 0 ? 0 : (unsigned)((double)v * BAR / (double)total + 0.5);
    hr_buf_addc(g->out, '[');
    hr_buf_pad(g->out, HR_MIN(n, (unsigned)BAR), '#');
    hr_buf_pad(g->out, BAR - HR_MIN(n, (unsigned)BAR), '.');
    hr_buf_addc(g->out, ']');
}

static void parts(struct page *g)
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
            missing(g, word->name, hr_why_text(r.why));
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

static void memory(struct page *g)
{
    const struct hr_account *a = &g->m->memory;
    struct hr_human h, h2;
    hr_buf_printf(g->out, "memory   %s", bytes(g, "memory", &a->total, &h));
    if (a->total.known && a->available.known) {
        uint64_t used = a->total.v - HR_MIN(a->available.v, a->total.v);
        hr_buf_addc(g->out, ' ');
        bar(g, used, a->total.v);
        hr_buf_printf(g->out, " %s used, %s available", hr_human_bytes(used).text, hr_human_bytes(a->available.v).text);
    } else if (!a->available.known) {
        missing(g, "memory available", a->available.why);
    }
    hr_buf_addc(g->out, '\n');
    if (a->total.known)
        parts(g);
    if (a->overlap != 0)
        hr_buf_printf(g->out, "         the kernel counts %s of it twice\n", hr_human_bytes(a->overlap).text);
    if (a->limit.known)
        hr_buf_printf(g->out, "         this program's group may take %s, and holds %s\n", hr_human_bytes(a->limit.v).text,
                      bytes(g, "the group's memory", &a->limit_used, &h2));
    if ((a->locked.known && a->locked.v > a->total.v / 100) || (a->pinned.known && a->pinned.v > a->total.v / 100))
        hr_buf_printf(g->out, "         of it %s locked, %s pinned for devices\n", bytes(g, "locked", &a->locked, &h), bytes(g, "pinned", &a->pinned, &h2));
    if (a->swap_total.known && a->swap_total.v == 0)
        hr_buf_adds(g->out, "swap     none\n");
    else
        hr_buf_printf(g->out, "swap     %s of %s\n", bytes(g, "swap", &a->swap_used, &h), bytes(g, "swap", &a->swap_total, &h2));
    if (strcmp(g->m->machine.v, "WSL 2") == 0 && !a->windows_held.known)
        missing(g, "what Windows sees held", a->windows_held.why);
}

static const char *rate(struct page *g, const char *what, struct hr_reading r, char out[40])
{
    if (r.why == HR_WHY_KNOWN) {
        snprintf(out, 40, "%s/s", hr_human_bytes(r.v).text);
    } else {
        snprintf(out, 40, "–");
        if (r.why != HR_WHY_IDLE)
            missing(g, what, hr_why_text(r.why));
    }
    return out;
}

static const char *each(struct hr_reading r, char out[40])
{
    snprintf(out, 40, "%s", r.why == HR_WHY_KNOWN ? hr_human_duration(r.v).text : "–");
    return out;
}

static void disks(struct page *g)
{
    static const struct hr_table_column cols[] = { { .title = NULL }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL, .right = true } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols);
    char a[40], b[40];
    if (!m->disks_known.known)
        missing(g, "disks", m->disks_known.why);
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

static void spaces(struct page *g)
{
    const struct hr_model *m = g->m;
    for (unsigned i = 0; i < m->space_n; i++) {
        const struct hr_space_load *s = &m->space[i];
        if (s->total.why != HR_WHY_KNOWN) {
            missing(g, s->at, hr_why_text(s->total.why));
            continue;
        }
        if (s->ram && s->available.v > s->total.v / 2 && !g->s->verbose)
            continue;
        hr_buf_printf(g->out, "space    %s free of %s in %s\n", hr_human_bytes(s->available.v).text, hr_human_bytes(s->total.v).text, s->at);
    }
}

static void links(struct page *g)
{
    const struct hr_model *m = g->m;
    char a[40], b[40];
    if (!m->links_known.known)
        missing(g, "network", m->links_known.why);
    for (unsigned i = 0; i < m->link_n; i++) {
        const struct hr_link_load *l = &m->link[i];
        if (l->received.why == HR_WHY_KNOWN && l->received.v + l->sent.v == 0 && !g->s->verbose)
            continue;
        hr_buf_printf(g->out, "network  %s received, %s sent on %s\n", rate(g, "network", l->received, a), rate(g, "network", l->sent, b), l->name);
    }
}

/* --- GPUs --- */

static void number(struct page *g, struct hr_table *t, const char *what, const struct hr_figure *f, const char *unit, double scale)
{
    if (f->known)
        hr_table_cell(t, "%.0f%s", (double)f->v / scale, unit);
    else
        hr_table_cell(t, "–");
    if (!f->known)
        missing(g, what, f->why);
}

static void gpus(struct page *g)
{
    static const struct hr_table_column cols[] = { { .title = "GPU" },  { .title = "busy", .right = true }, { .title = "VRAM", .right = true }, { .title = "of" },
                                                   { .title = "power", .right = true }, { .title = "of" }, { .title = "heat", .right = true }, { .title = "clock", .right = true }, { .title = "slowed by" } };
    const struct hr_gpus_load *l = &g->m->gpus;
    struct hr_table t = HR_TABLE_INIT(cols);
    struct hr_human h;
    if (l->say[0] != 0)
        missing(g, "GPU", l->say);
    for (unsigned i = 0; i < l->n; i++) {
        const struct hr_gpu_load *u = &l->gpu[i];
        char slow[HR_WORD_MAX] = "";
        hr_table_cell(&t, "%u %s", i, hr_word_text(&u->name));
        number(g, &t, "GPU load", &u->busy, " %", 1);
        hr_table_cell(&t, "%s", bytes(g, "VRAM", &u->used, &h));
        hr_table_cell(&t, "%s", bytes(g, "VRAM", &u->memory, &h));
        number(g, &t, "GPU power", &u->milliwatts, " W", 1000);
        number(g, &t, "GPU power limit", &u->milliwatts_limit, " W", 1000);
        number(g, &t, "GPU temperature", &u->celsius, " °C", 1);
        number(g, &t, "GPU clock", &u->sm_mhz, " MHz", 1);
        if (!u->throttle.known)
            missing(g, "GPU throttling", u->throttle.why);
        else
            hr_gpu_throttle_text(u->throttle.v, true, slow);
        hr_table_cell(&t, "%s", u->throttle.known ? (slow[0] != 0 ? slow : "nothing") : "");
    }
    if (l->n != 0)
        hr_table_write(&t, g->out, 0);
    hr_table_fini(&t);
    if (l->n != 0 && l->stale)
        hr_buf_printf(g->out, "         the GPU's figures are %s old: %s\n", hr_human_duration(l->age).text, l->say);
    if (l->cut != 0)
        hr_buf_printf(g->out, "         and %u more GPUs\n", l->cut);
}

/* --- jobs and processes --- */

static void cpu_cell(struct hr_table *t, float cpu)
{
    if (cpu < 0)
        hr_table_cell(t, "–");
    else
        hr_table_cell(t, "%.0f %%", (double)cpu);
}

static void jobs(struct page *g)
{
    static const struct hr_table_column cols[] = { { .title = "job" }, { .title = "lead", .right = true }, { .title = "ranks", .right = true }, { .title = "workers", .right = true },
                                                   { .title = "CPU", .right = true }, { .title = "memory", .right = true }, { .title = "cache", .right = true }, { .title = "GPUs" }, { .title = "VRAM", .right = true }, { .title = "state" } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols);
    for (unsigned i = 0; i < m->job_n; i++) {
        const struct hr_job_load *j = &m->job[i];
        char gpus_text[40] = "", state[80] = "";
        size_t n = 0;
        for (unsigned k = 0; k < 64 && n < 30; k++)
            if ((j->gpus >> k & 1) != 0)
                n += (size_t)snprintf(gpus_text + n, sizeof gpus_text - n, "%s%u", n == 0 ? "" : ",", k);
        if (j->orphans != 0)
            snprintf(state, sizeof state, "%u orphaned", j->orphans);
        else if (j->stopped != 0)
            snprintf(state, sizeof state, "%u stopped", j->stopped);
        else if (j->blocked != 0)
            snprintf(state, sizeof state, "%u run, %u wait for storage", j->running, j->blocked);
        else
            snprintf(state, sizeof state, j->running == 0 ? "all wait" : "%u run", j->running);
        hr_table_cell(&t, "%s", j->name);
        hr_table_cell(&t, "%d", j->lead);
        hr_table_cell(&t, "%u", j->ranks);
        hr_table_cell(&t, "%u", j->workers);
        cpu_cell(&t, j->cpu);
        hr_table_cell(&t, "%s%s", j->memory_how == HR_JOB_ESTIMATE && j->memory.why == HR_WHY_KNOWN ? "≤ " : "", hr_reading_bytes(j->memory).text);
        hr_table_cell(&t, "%s", hr_reading_bytes(j->cache).text);
        hr_table_cell(&t, "%s", gpus_text);
        hr_table_cell(&t, "%s", hr_reading_bytes(j->vram).text);
        hr_table_cell(&t, "%s", state);
    }
    if (m->job_n != 0)
        hr_table_write(&t, g->out, 0);
    hr_table_fini(&t);
}

static double weight(const struct hr_model *m, const struct hr_proc_load *p)
{
    double total = m->memory.total.known && m->memory.total.v != 0 ? (double)m->memory.total.v : 1e12;
    uint64_t held = p->pss.why == HR_WHY_KNOWN ? p->pss.v : p->own.why == HR_WHY_KNOWN ? p->own.v : p->resident.v;
    return (p->cpu > 0 ? (double)p->cpu : 0) + (double)held * 200 / total + (p->state == 'D' ? 0.5 : 0);
}

unsigned hr_watch_top_rows(const struct hr_model *m, unsigned *rows, unsigned most)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->proc_n; i++) {
        unsigned at = n;
        while (at > 0 && weight(m, &m->proc[i]) > weight(m, &m->proc[rows[at - 1]]))
            at--;
        if (at >= most)
            continue;
        if (n < most)
            n++;
        memmove(rows + at + 1, rows + at, (n - at - 1) * sizeof *rows);
        rows[at] = i;
    }
    return n;
}

static void processes(struct page *g)
{
    enum { MOST = 64 };
    static const struct hr_table_column cols[] = { { .title = "pid", .right = true }, { .title = "CPU", .right = true }, { .title = "memory", .right = true }, { .title = "" }, { .title = "read", .right = true },
                                                   { .title = "written", .right = true }, { .title = "state" }, { .title = "process" } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols);
    unsigned rows[MOST], n = hr_watch_top_rows(m, rows, HR_MIN(g->s->rows != 0 ? g->s->rows : ROWS, (unsigned)MOST));
    char a[40], b[40];
    if (!m->procs_known.known)
        missing(g, "processes", m->procs_known.why);
    for (unsigned i = 0; i < n; i++) {
        const struct hr_proc_load *p = &m->proc[rows[i]];
        bool pss = p->pss.why == HR_WHY_KNOWN;
        hr_table_cell(&t, "%d", p->pid);
        cpu_cell(&t, p->cpu);
        hr_table_cell(&t, "%s", hr_reading_bytes(pss ? p->pss : p->own.why == HR_WHY_KNOWN ? p->own : p->resident).text);
        hr_table_cell(&t, "%s", pss ? "PSS" : p->own.why == HR_WHY_KNOWN ? "own" : "RSS");
        snprintf(a, sizeof a, "%s", p->read.why == HR_WHY_KNOWN ? hr_human_bytes(p->read.v).text : "–");
        snprintf(b, sizeof b, "%s", p->written.why == HR_WHY_KNOWN ? hr_human_bytes(p->written.v).text : "–");
        hr_table_cell(&t, "%s/s", a);
        hr_table_cell(&t, "%s/s", b);
        hr_table_cell(&t, "%c", p->state);
        hr_table_cell(&t, "%s%s%s", p->command[0] != 0 ? p->command : p->comm, p->duty != HR_DUTY_NONE ? "  " : "", hr_duty_name((enum hr_duty)p->duty));
    }
    if (n != 0)
        hr_table_write(&t, g->out, 0);
    hr_table_fini(&t);
    if (m->zombies != 0 || m->stopped != 0)
        hr_buf_printf(g->out, "         %llu ended and not reaped by their parents, %llu stopped\n", (unsigned long long)m->zombies, (unsigned long long)m->stopped);
}

static const char *owner(const struct hr_model *m, int pid, char out[128])
{
    out[0] = 0;
    for (unsigned i = 0; pid != 0 && i < m->proc_n; i++)
        if (m->proc[i].pid == pid)
            snprintf(out, 128, "%d %s", pid, m->proc[i].command[0] != 0 ? m->proc[i].command : m->proc[i].comm);
    return out;
}

static void files(struct page *g)
{
    static const struct hr_table_column cols[] = { { .title = NULL, .right = true }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols), shm = HR_TABLE_INIT(cols);
    char who[128];
    unsigned most = g->s->rows != 0 ? g->s->rows : 5;
    if (!m->files_known.known)
        missing(g, "page cache by file", m->files_known.why);
    for (unsigned i = 0; i < HR_MIN(m->file_n, most) && m->file[i].cached >= 8 << 20; i++) {
        const struct hr_file_load *f = &m->file[i];
        hr_table_cell(&t, "%s", hr_human_bytes(f->cached).text);
        hr_table_cell(&t, "of %s", hr_human_bytes(f->size).text);
        hr_table_cell(&t, "%s", f->path);
        hr_table_cell(&t, "%s", owner(m, f->pid, who));
    }
    for (unsigned i = 0; i < HR_MIN(m->segment_n, most); i++) {
        const struct hr_segment *s = &m->segment[i];
        hr_table_cell(&shm, "%s", hr_human_bytes(s->bytes).text);
        hr_table_cell(&shm, "in");
        hr_table_cell(&shm, "/dev/shm/%s", s->name);
        hr_table_cell(&shm, "%s", s->pid != 0 ? owner(m, s->pid, who) : "nobody has it open");
    }
    if (t.cells != 0)
        hr_buf_adds(g->out, "open files in the page cache\n");
    hr_table_write(&t, g->out, 9);
    if (shm.cells != 0)
        hr_buf_adds(g->out, "segments of shared memory\n");
    hr_table_write(&shm, g->out, 9);
    hr_table_fini(&t);
    hr_table_fini(&shm);
}

bool hr_watch_text(const struct hr_model *m, const struct hr_watch_screen *s, struct hr_buf *out)
{
    struct page g = { .m = m, .s = s, .out = out };
    head(&g);
    cpu(&g);
    pressure(&g);
    memory(&g);
    disks(&g);
    spaces(&g);
    links(&g);
    if (m->gpus.n != 0)
        hr_buf_addc(out, '\n');
    gpus(&g);
    if (m->job_n != 0)
        hr_buf_addc(out, '\n');
    jobs(&g);
    if (m->proc_n != 0)
        hr_buf_addc(out, '\n');
    processes(&g);
    files(&g);
    for (unsigned i = 0; i < g.reasons; i++)
        hr_buf_printf(out, "%s  – %s: %s\n", i == 0 ? "\nnot known\n" : "", g.reason[i].what, g.reason[i].why);
    return !out->failed;
}

bool hr_watch_line(const struct hr_model *m, struct hr_buf *out)
{
    char c[16];
    double v;
    snprintf(c, sizeof c, m->cpu.busy.known ? "%.0f %%" : "–", m->cpu.busy.v);
    hr_buf_printf(out, "CPU %s  memory %s available  swap %s", c,
                  m->memory.available.known ? hr_human_bytes(m->memory.available.v).text : "–",
                  m->memory.swap_used.known ? hr_human_bytes(m->memory.swap_used.v).text : "–");
    v = 0;
    for (unsigned i = 0; i < m->disk_n; i++)
        v = HR_MAX(v, m->disk[i].busy.why == HR_WHY_KNOWN ? (double)m->disk[i].busy.v / 10 : 0);
    hr_buf_printf(out, "  disk %.0f %%", v);
    for (unsigned i = 0; i < m->gpus.n; i++) {
        const struct hr_gpu_load *u = &m->gpus.gpu[i];
        if (u->busy.known && !m->gpus.stale)
            hr_buf_printf(out, "  GPU%u %llu %%", i, (unsigned long long)u->busy.v);
        else
            hr_buf_printf(out, "  GPU%u –", i);
    }
    for (unsigned i = 0; i < m->job_n; i++)
        hr_buf_printf(out, "  %s %s", m->job[i].name, hr_reading_bytes(m->job[i].memory).text);
    return hr_buf_addc(out, '\n');
}

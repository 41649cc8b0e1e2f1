/* Jobs, processes, and what they hold in memory, as lines. */
#include "text_page.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 10 };

static void cpu_cell(struct hr_table *t, float cpu)
{
    if (cpu < 0)
        hr_table_cell(t, "–");
    else
        hr_table_cell(t, "%.0f %%", (double)cpu);
}

static void jobs(struct hr_text_page *g)
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
    float heavy[HR_MODEL_PROCS];
    unsigned n = 0;
    for (unsigned i = 0; i < m->proc_n; i++) {
        unsigned at = n;
        heavy[i] = (float)weight(m, &m->proc[i]);
        while (at > 0 && heavy[i] > heavy[rows[at - 1]])
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

static void flow_cell(struct hr_text_page *g, struct hr_table *t, struct hr_reading r)
{
    if (r.why == HR_WHY_KNOWN)
        hr_table_cell(t, "%s/s", hr_human_bytes(r.v).text);
    else
        hr_table_cell(t, "–");
    if (r.why != HR_WHY_KNOWN && r.why != HR_WHY_FIRST)
        hr_text_missing(g, "what processes read and write", hr_why_text(r.why));
}

static void processes(struct hr_text_page *g)
{
    enum { MOST = 64 };
    static const struct hr_table_column cols[] = { { .title = "pid", .right = true }, { .title = "CPU", .right = true }, { .title = "memory", .right = true }, { .title = "" }, { .title = "read", .right = true },
                                                   { .title = "written", .right = true }, { .title = "state" }, { .title = "process" } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols);
    unsigned rows[MOST], n = hr_watch_top_rows(m, rows, HR_MIN(g->s->rows != 0 ? g->s->rows : ROWS, (unsigned)MOST));
    if (!m->procs_known.known)
        hr_text_missing(g, "processes", m->procs_known.why);
    for (unsigned i = 0; i < n; i++) {
        const struct hr_proc_load *p = &m->proc[rows[i]];
        bool pss = p->pss.why == HR_WHY_KNOWN;
        hr_table_cell(&t, "%d", p->pid);
        cpu_cell(&t, p->cpu);
        hr_table_cell(&t, "%s", hr_reading_bytes(pss ? p->pss : p->own.why == HR_WHY_KNOWN ? p->own : p->resident).text);
        hr_table_cell(&t, "%s", pss ? "PSS" : p->own.why == HR_WHY_KNOWN ? "own" : "RSS");
        flow_cell(g, &t, p->read);
        flow_cell(g, &t, p->written);
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

static void files(struct hr_text_page *g)
{
    static const struct hr_table_column cols[] = { { .title = NULL, .right = true }, { .title = NULL, .right = true }, { .title = NULL }, { .title = NULL } };
    const struct hr_model *m = g->m;
    struct hr_table t = HR_TABLE_INIT(cols), shm = HR_TABLE_INIT(cols);
    char who[128];
    unsigned most = g->s->rows != 0 ? g->s->rows : 5;
    if (!m->files_known.known)
        hr_text_missing(g, "page cache by file", m->files_known.why);
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

void hr_text_jobs(struct hr_text_page *g)
{
    if (g->m->job_n != 0)
        hr_buf_addc(g->out, '\n');
    jobs(g);
    if (g->m->proc_n != 0)
        hr_buf_addc(g->out, '\n');
    processes(g);
    files(g);
}

/* Jobs, each one row, and below them the processes that belong to none.  A job that is opened shows its members. */
#include "panels.h"

#include "utf8.h"
#include "why_slow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
    short job;      /* a job's own row; -1: a process */
    short depth;    /* below which it stands */
    int proc;       /* index into the model's processes; -1: a job */
    double key;     /* what is sorted by; names are compared */
};
struct list {
    const struct hr_model *m;
    const struct hr_top_view *v;
    struct line line[HR_MODEL_PROCS + HR_MODEL_JOBS];
    int n;
};
static __thread struct list list; /* of one drawing thread; as large as a model's ceilings */

static bool is_open(const struct hr_top_view *v, int lead)
{
    for (unsigned i = 0; i < v->open_n; i++)
        if (v->open[i] == lead)
            return !v->all_open;
    return v->all_open;
}

static double known_or(struct hr_reading r, double otherwise)
{
    return r.why == HR_WHY_KNOWN ? (double)r.v : otherwise;
}

/* What a process takes: its own memory where it is told, else what is resident. */
static struct hr_reading memory_of(const struct hr_proc_load *p)
{
    if (p->pss.why == HR_WHY_KNOWN)
        return p->pss;
    return p->own.why == HR_WHY_KNOWN ? p->own : p->resident;
}

/* What is sorted by and shown is a mean over the last looks: the table is in order as it stands, and idle processes that wake for a moment
 * do not throw it about.  Of a moment that does not follow on the last one, its own figures. */
static void smooth(struct hr_top_view *v, const struct hr_model *m)
{
    if (v->lazy_seq == m->seq)
        return;
    bool follows = m->seq == v->lazy_seq + 1;
    v->lazy_seq = m->seq;
    for (unsigned i = 0; i < m->proc_n; i++) {
        struct hr_top_lazy *l = &v->lazy[(unsigned)m->proc[i].pid % HR_TOP_LAZY];
        bool same = follows && l->pid == m->proc[i].pid && l->cpu >= 0;
        l->pid = m->proc[i].pid;
        l->cpu = same && m->proc[i].cpu >= 0 ? (l->cpu + m->proc[i].cpu) / 2 : m->proc[i].cpu;
        if (same && l->cpu < 0.1f)
            l->cpu = 0;
    }
}

static float lazy_cpu(const struct hr_proc_load *p)
{
    const struct hr_top_lazy *l = &list.v->lazy[(unsigned)p->pid % HR_TOP_LAZY];
    return l->pid == p->pid ? l->cpu : p->cpu;
}

/* Of a job: its members' together, so that the rows below it add up to it. */
static float job_cpu(int job)
{
    const struct hr_job_load *j = &list.m->job[job];
    float sum = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < list.m->proc_n; i++)
        if (list.m->proc[i].job == job && list.m->proc[i].cpu >= 0) {
            sum += lazy_cpu(&list.m->proc[i]);
            n++;
        }
    return j->cpu >= 0 && n == j->procs ? sum : j->cpu;
}

static double proc_key(const struct hr_proc_load *p, enum hr_sort sort)
{
    switch (sort) {
    case HR_SORT_MEMORY:
        return known_or(memory_of(p), -1);
    case HR_SORT_IO:
        return known_or(p->read, 0) + known_or(p->written, 0);
    case HR_SORT_PID:
        return -(double)p->pid;
    default:
        return (double)lazy_cpu(p);
    }
}

static double job_key(int job, enum hr_sort sort)
{
    const struct hr_job_load *j = &list.m->job[job];
    switch (sort) {
    case HR_SORT_MEMORY:
        return known_or(j->memory, -1);
    case HR_SORT_IO:
        return known_or(j->read, 0) + known_or(j->written, 0);
    case HR_SORT_PID:
        return -(double)j->lead;
    default:
        return (double)job_cpu(job);
    }
}

static const char *name_of(const struct line *l)
{
    return l->proc >= 0 ? list.m->proc[l->proc].comm : list.m->job[l->job].name;
}

/* Ties are broken by pid, so that idle processes stay where they are. */
static int by_key(const void *pa, const void *pb)
{
    const struct line *a = pa, *b = pb;
    int r = 0;
    if (list.v->sort == HR_SORT_NAME)
        r = strcmp(name_of(a), name_of(b));
    else if (a->key != b->key)
        r = a->key < b->key ? 1 : -1;
    if (r == 0 && a->proc >= 0 && b->proc >= 0)
        return list.m->proc[a->proc].pid < list.m->proc[b->proc].pid ? -1 : 1;
    return list.v->reverse ? -r : r;
}

static bool matches(const struct hr_top_view *v, const char *name, const char *command, int pid)
{
    char number[16];
    snprintf(number, sizeof number, "%d", pid);
    return v->filter[0] == 0 || strcasestr(name, v->filter) != NULL || strcasestr(command, v->filter) != NULL ||
           strstr(number, v->filter) != NULL;
}

static bool listed(const struct hr_top_view *v, const struct hr_proc_load *p)
{
    return matches(v, p->comm, p->command, p->pid);
}

static void add(int job, int proc, int depth, double key)
{
    if (list.n < (int)HR_COUNT(list.line))
        list.line[list.n++] = (struct line) { (short)job, (short)depth, proc, key };
}

/* Members of a job, or (job -1) the processes of no job. */
static void add_procs(int job, int depth)
{
    int begun = list.n;
    for (unsigned i = 0; i < list.m->proc_n; i++)
        if (list.m->proc[i].job == job && listed(list.v, &list.m->proc[i]))
            add(-1, (int)i, depth, proc_key(&list.m->proc[i], list.v->sort));
    qsort(list.line + begun, (size_t)(list.n - begun), sizeof *list.line, by_key);
}

struct place {
    int pid, at;
};

static int by_pid(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

/* The order of a tree: each process followed by its children; a child comes below its parent when that is in the same stretch. */
static void as_tree(int from)
{
    static __thread struct line sorted[HR_MODEL_PROCS + HR_MODEL_JOBS];
    static __thread short child[HR_MODEL_PROCS + HR_MODEL_JOBS], next[HR_MODEL_PROCS + HR_MODEL_JOBS];
    int n = list.n - from, out = 0, root = -1, last_root = -1, base = n > 0 ? list.line[from].depth : 0;
    memcpy(sorted, list.line + from, (size_t)n * sizeof *sorted);
    memset(child, 0xff, (size_t)n * sizeof *child);
    memset(next, 0xff, (size_t)n * sizeof *next);
    static __thread struct place place[HR_MODEL_PROCS + HR_MODEL_JOBS];
    for (int i = 0; i < n; i++)
        place[i] = (struct place) { list.m->proc[sorted[i].proc].pid, i };
    qsort(place, (size_t)n, sizeof *place, by_pid);
    static __thread short last[HR_MODEL_PROCS + HR_MODEL_JOBS];
    memset(last, 0xff, (size_t)n * sizeof *last);
    for (int i = 0; i < n; i++) {
        struct place want = { list.m->proc[sorted[i].proc].parent, 0 };
        const struct place *found = bsearch(&want, place, (size_t)n, sizeof *place, by_pid);
        int up = found != NULL ? found->at : -1;
        short *head = up >= 0 && up != i ? &child[up] : NULL;
        if (head == NULL) {
            if (last_root >= 0)
                next[last_root] = (short)i;
            else
                root = i;
            last_root = i;
        } else {
            if (*head < 0)
                *head = (short)i;
            else
                next[last[up]] = (short)i;
            last[up] = (short)i;
        }
    }
    static __thread short stack[HR_MODEL_PROCS + HR_MODEL_JOBS];
    int depth = 0, at = root;
    while (out < n && (at >= 0 || depth > 0)) {
        if (at < 0) {
            at = next[stack[--depth]];
            continue;
        }
        list.line[from + out] = sorted[at];
        list.line[from + out++].depth = (short)(base + HR_MIN(depth, 12));
        if (child[at] >= 0) {
            stack[depth++] = (short)at;
            at = child[at];
        } else {
            at = next[at];
        }
    }
    list.n = from + out;
}

static void collect(const struct hr_model *m, const struct hr_top_view *v)
{
    list.m = m;
    list.v = v;
    list.n = 0;
    for (unsigned j = 0; j < m->job_n; j++) {
        bool any = matches(v, m->job[j].name, m->job[j].user, m->job[j].lead);
        for (unsigned i = 0; i < m->proc_n && !any; i++)
            any = m->proc[i].job == (int)j && listed(v, &m->proc[i]);
        if (any)
            add((int)j, -1, 0, job_key((int)j, v->sort));
    }
    int jobs = list.n;
    qsort(list.line, (size_t)jobs, sizeof *list.line, by_key);
    static __thread struct line head[HR_MODEL_JOBS];
    memcpy(head, list.line, (size_t)jobs * sizeof *head);
    list.n = 0;
    for (int j = 0; j < jobs; j++) {
        add(head[j].job, -1, 0, 0);
        int from = list.n;
        if (is_open(v, m->job[head[j].job].lead)) {
            add_procs(head[j].job, 1);
            as_tree(from);
        }
    }
    int from = list.n;
    add_procs(-1, 0);
    if (v->tree)
        as_tree(from);
}

/* --- drawing --- */
struct columns {
    int pid, name, state, cpu, memory, swap, gpu, io, age, end;
};

/* Without a card nothing is told of VRAM. */
static struct columns columns_of(struct hr_area in, bool cards)
{
    struct columns k = { .pid = in.x, .name = in.x + 8, .end = in.x + in.w };
    int x = k.end;
    k.age = in.w >= 112 ? (x -= 11) : -1;
    k.io = in.w >= 92 ? (x -= 12) : -1;
    k.gpu = cards && in.w >= 72 ? (x -= 11) : -1;
    k.swap = in.w >= 124 ? (x -= 10) : -1;
    k.memory = x -= 10;
    k.cpu = x -= 8;
    k.state = x - 2;
    return k;
}

static void heading(struct hr_canvas *c, struct hr_area in, const struct columns *k)
{
    struct hr_top_view *v = c->view;
    struct hr_style st = { HR_INK_DIM, HR_INK_TEXT, HR_BOLD }, on = { HR_INK_KEY, HR_INK_TEXT, HR_BOLD };
    const struct {
        const char *text;
        int end;
        enum hr_sort sort;
    } heads[] = {
        { "PID", k->pid + 7, HR_SORT_PID },          { "CPU", k->cpu + 7, HR_SORT_CPU },
        { "MEMORY", k->memory + 9, HR_SORT_MEMORY }, { "SWAP", k->swap + 9, HR_SORTS },
        { "VRAM", k->gpu + 10, HR_SORTS },           { "DISK", k->io + 11, HR_SORT_IO },
        { "AGE", k->age + 10, HR_SORTS },
    };
    const int at[] = { k->pid, k->cpu, k->memory, k->swap, k->gpu, k->io, k->age };
    memset(v->head_w, 0, sizeof v->head_w);
    hr_cells_put(c->s, k->name, in.y, HR_MIN(k->state - 1 - k->name, 20), v->sort == HR_SORT_NAME ? on : st, "JOB, PROCESS");
    v->head_x[HR_SORT_NAME] = k->name;
    v->head_w[HR_SORT_NAME] = 14;
    hr_cells_put(c->s, k->state, in.y, 1, st, "S");
    for (size_t i = 0; i < HR_COUNT(heads); i++) {
        if (at[i] < 0)
            continue;
        bool chosen = heads[i].sort == v->sort;
        hr_cells_right(c->s, heads[i].end, in.y, 9, chosen ? on : st, heads[i].text);
        if (chosen)
            hr_cells_set(c->s, heads[i].end, in.y, c->g == HR_GLYPHS_ASCII ? (v->reverse ? '^' : 'v') : (v->reverse ? 0x25b4 : 0x25be), on);
        if (heads[i].sort < HR_SORTS) {
            v->head_x[heads[i].sort] = at[i];
            v->head_w[heads[i].sort] = heads[i].end - at[i] + 1;
        }
    }
}

static void cell(struct hr_canvas *c, int x, int y, int w, enum hr_ink ink, const char *text)
{
    if (x >= 0)
        hr_cells_right(c->s, x + w, y, w, HR_FG(ink), text);
}

static void cpu_cell(struct hr_canvas *c, const struct columns *k, int y, float cpu)
{
    char text[16] = "–";
    if (cpu >= 0)
        snprintf(text, sizeof text, cpu < 99.95f ? "%.1f" : "%.0f", (double)cpu);
    enum hr_ink ink = cpu < 0 || cpu < 0.05f ? HR_INK_DIM : hr_ink_ramp(HR_INK_LOAD, (double)cpu / 100);
    cell(c, k->cpu, y, 7, ink, text);
}

static void flow_cell(struct hr_canvas *c, const struct columns *k, int y, struct hr_reading in, struct hr_reading out)
{
    bool known = in.why == HR_WHY_KNOWN || out.why == HR_WHY_KNOWN;
    double v = known_or(in, 0) + known_or(out, 0);
    cell(c, k->io, y, 11, v > 0 ? HR_INK_DOWN : HR_INK_DIM, known ? (v > 0 ? hr_say_rate(v).text : "0") : "–");
}

static void swap_cell(struct hr_canvas *c, const struct columns *k, int y, struct hr_reading swap)
{
    bool none = swap.why == HR_WHY_KNOWN && swap.v == 0;
    cell(c, k->swap, y, 9, swap.v > 0 ? HR_INK_WARN : HR_INK_DIM, none ? "0" : hr_say_reading(swap, HR_UNIT_BYTES).text);
}

static const char *job_words(const struct hr_job_load *j, char *out, size_t n)
{
    int at = 0;
    const struct {
        unsigned n;
        const char *one, *many;
    } parts[] = { { j->ranks, "rank", "ranks" }, { j->workers, "worker", "workers" }, { j->compilers, "compiler", "compilers" },
                  { j->orphans, "orphan", "orphans" }, { j->zombies, "zombie", "zombies" } };
    out[0] = 0;
    for (size_t i = 0; i < HR_COUNT(parts) && at >= 0 && (size_t)at < n; i++)
        if (parts[i].n > 0)
            at += snprintf(out + at, n - (size_t)at, "%s%u %s", at > 0 ? ", " : "", parts[i].n, parts[i].n == 1 ? parts[i].one : parts[i].many);
    if (j->gpus != 0 && at >= 0 && (size_t)at < n) {
        at += snprintf(out + at, n - (size_t)at, "%sGPU", at > 0 ? ", " : "");
        for (unsigned g = 0; g < 64 && at >= 0 && (size_t)at < n; g++)
            if ((j->gpus >> g & 1) != 0)
                at += snprintf(out + at, n - (size_t)at, " %u", g);
    }
    return out;
}

static void job_row(struct hr_canvas *c, const struct columns *k, int y, int index)
{
    const struct hr_job_load *j = &c->scene->m->job[index];
    char words[128], pid[16], memory[40];
    bool open = is_open(c->view, j->lead);
    snprintf(pid, sizeof pid, "%d", j->lead);
    cell(c, k->pid, y, 7, HR_INK_DIM, pid);
    uint32_t sign = c->g == HR_GLYPHS_ASCII ? (open ? '-' : '+') : (open ? 0x25be : 0x25b8);
    hr_cells_set(c->s, k->name, y, sign, HR_FG_BOLD(HR_INK_KEY));
    int x = k->name + 2, end = k->state - 1;
    x += hr_cells_put(c->s, x, y, end - x, HR_FG_BOLD(HR_INK_BRIGHT), j->name) + 2;
    hr_cells_put(c->s, x, y, end - x, HR_FG(j->orphans > 0 || j->zombies > 0 ? HR_INK_WARN : HR_INK_TITLE), job_words(j, words, sizeof words));
    if (j->lead_state != 0)
        hr_cells_set(c->s, k->state, y, (uint32_t)(unsigned char)j->lead_state, HR_FG(HR_INK_DIM));
    cpu_cell(c, k, y, job_cpu(index));
    snprintf(memory, sizeof memory, "%s%s", j->memory_how == HR_JOB_ESTIMATE && j->memory.why == HR_WHY_KNOWN ? "~" : "",
             hr_say_reading(j->memory, HR_UNIT_BYTES).text);
    cell(c, k->memory, y, 9, HR_INK_TEXT, memory);
    swap_cell(c, k, y, j->swap);
    snprintf(memory, sizeof memory, "%s%s", j->vram_estimated && j->vram.why == HR_WHY_KNOWN ? "~" : "",
             hr_say_reading(j->vram, HR_UNIT_BYTES).text);
    cell(c, k->gpu, y, 10, HR_INK_TEXT, memory);
    flow_cell(c, k, y, j->read, j->written);
    cell(c, k->age, y, 10, HR_INK_DIM, hr_say_age(j->age).text);
}

static struct hr_reading vram_of(const struct hr_model *m, int pid)
{
    struct hr_reading sum = HR_UNREAD(HR_WHY_NO_GPU);
    for (unsigned g = 0; g < m->gpus.n; g++)
        for (unsigned i = 0; i < m->gpus.gpu[g].process_n; i++) {
            const struct hr_gpu_process_load *p = &m->gpus.gpu[g].process[i];
            if (p->pid != pid)
                continue;
            if (sum.why != HR_WHY_KNOWN)
                sum = p->vram;
            else if (p->vram.why == HR_WHY_KNOWN)
                sum.v += p->vram.v;
        }
    return sum;
}

static void process_row(struct hr_canvas *c, const struct columns *k, int y, const struct line *l)
{
    const struct hr_proc_load *p = &c->scene->m->proc[l->proc];
    char pid[16];
    snprintf(pid, sizeof pid, "%d", p->pid);
    cell(c, k->pid, y, 7, HR_INK_DIM, pid);
    int x = k->name + 2 * l->depth, end = k->state - 1;
    enum hr_ink ink = p->state == 'Z' ? HR_INK_BAD : p->state == 'T' ? HR_INK_WARN : p->cpu >= 5 ? HR_INK_BRIGHT : HR_INK_TEXT;
    if (p->duty != HR_DUTY_NONE) {
        x += hr_cells_put(c->s, x, y, end - x, HR_FG(HR_INK_TITLE), hr_duty_name((enum hr_duty)p->duty)) + 1;
        if (p->rank >= 0)
            x += hr_cells_printf(c->s, x, y, end - x, HR_FG(HR_INK_TITLE), "%d", p->rank) + 1;
    }
    x += hr_cells_put(c->s, x, y, end - x, HR_FG(ink), p->comm) + 2;
    size_t named = strlen(p->comm); /* "python  train.py": what the name has said is not said again */
    bool again = strncmp(p->command, p->comm, named) == 0 && (p->command[named] == ' ' || p->command[named] == 0);
    hr_cells_put(c->s, x, y, end - x, HR_FG(HR_INK_DIM), p->command + (again ? named + (p->command[named] == ' ') : 0));
    enum hr_ink state = p->state == 'D' || p->state == 'Z' ? HR_INK_BAD : p->state == 'R' ? HR_INK_GOOD : HR_INK_DIM;
    hr_cells_set(c->s, k->state, y, (uint32_t)(unsigned char)p->state, HR_FG(state));
    cpu_cell(c, k, y, lazy_cpu(p));
    struct hr_reading memory = memory_of(p);
    bool none = memory.why == HR_WHY_KNOWN && memory.v == 0;
    cell(c, k->memory, y, 9, none ? HR_INK_DIM : HR_INK_TEXT, none ? "0" : hr_say_reading(memory, HR_UNIT_BYTES).text);
    swap_cell(c, k, y, p->swap);
    struct hr_reading vram = vram_of(c->scene->m, p->pid);
    if (vram.why != HR_WHY_NO_GPU)
        cell(c, k->gpu, y, 10, HR_INK_TEXT, hr_say_reading(vram, HR_UNIT_BYTES).text);
    flow_cell(c, k, y, p->read, p->written);
    if (k->age >= 0 && c->scene->m->uptime.known) {
        double born = (double)p->born * 1e7, up = (double)c->scene->m->uptime.v; /* ticks of a hundredth of a second */
        cell(c, k->age, y, 10, HR_INK_DIM, up > born ? hr_say_age((uint64_t)(up - born)).text : "0 s");
    }
}

/* In the lower edge: what holds the busiest job up, seen from outside. */
static void verdict(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_model *m = c->scene->m;
    int job = m->job_n > 0 && c->scene->s != NULL && c->view->moment == 0 ? hr_slow_job(m, NULL) : -1;
    if (job < 0)
        return;
    struct hr_slow why;
    char text[HR_MODEL_NAME + 160];
    hr_why_slow(m, c->scene->s, job, UINT64_C(60000000000), &why);
    if (why.kind != HR_SLOW_CANNOT)
        snprintf(text, sizeof text, "%s: %s", why.job, hr_slow_word(why.kind)->title);
    else
        return;
    hr_frame_foot(c->s, b, text);
}

/* Keeps the chosen row in sight and the first row in bounds. */
static void scroll(struct hr_top_view *v, int rows)
{
    v->rows = rows;
    v->total = list.n;
    v->first = HR_MAX(HR_MIN(v->first, list.n - rows), 0);
}

void hr_panel_table(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_model *m = c->scene->m;
    struct hr_top_view *v = c->view;
    char right[128];
    char zombies[32] = "";
    if (m->zombies > 0)
        snprintf(zombies, sizeof zombies, ", %u zombie%s", (unsigned)HR_MIN(m->zombies, 99999u), m->zombies == 1 ? "" : "s");
    char kept[32] = "";
    if (v->moment != 0 && m->proc_cut > 0) /* a look that was kept has the largest */
        snprintf(kept, sizeof kept, ", the %u largest", m->proc_n);
    snprintf(right, sizeof right, "%u processes%s%s%s%s", m->proc_n + m->proc_cut, kept, zombies, v->filter[0] != 0 ? ", filter " : "", v->filter);
    hr_frame(c->s, b, m->job_n > 0 ? "jobs and processes" : "processes", right, c->g);
    struct hr_area in = hr_inside(b);
    v->table = (struct hr_area) { in.x, in.y + 1, in.w, HR_MAX(in.h - 1, 0) };
    if (in.h < 2)
        return;
    if (!m->procs_known.known && m->proc_n == 0) {
        hr_panel_prose(c, in, m->procs_known.why[0] != 0 ? m->procs_known.why : "no processes", HR_INK_DIM);
        v->rows = v->total = 0;
        return;
    }
    smooth(v, m);
    verdict(c, b);
    collect(m, v);
    scroll(v, HR_MIN(in.h - 1, (int)HR_TOP_ROWS));
    struct columns k = columns_of(in, m->gpus.n > 0);
    heading(c, in, &k);
    for (int i = 0; i < v->rows; i++) {
        if (v->first + i >= list.n) {
            v->row[i] = (struct hr_top_row) { -1, 0 };
            continue;
        }
        const struct line *l = &list.line[v->first + i];
        int y = in.y + 1 + i;
        if (l->proc < 0)
            job_row(c, &k, y, l->job);
        else
            process_row(c, &k, y, l);
        v->row[i] = (struct hr_top_row) { l->proc < 0 ? l->job : -1, l->proc < 0 ? m->job[l->job].lead : m->proc[l->proc].pid };
        if ((v->edge > 0 && i == v->rows - 1) || (v->edge < 0 && i == 0)) {
            v->chosen = v->row[i].pid;
            v->chosen_job = l->proc < 0;
        }
        if (v->chosen != 0 && v->row[i].pid == v->chosen && (v->chosen_job == (l->proc < 0)))
            hr_cells_ground(c->s, in.x, y, in.w, HR_INK_SELECT);
    }
    v->edge = 0;
}

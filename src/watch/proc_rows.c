/* Which processes have a row.  Invariants:
 *  P1  model->proc, more and turn [0..proc_n) belong together row by row; the hash finds a row by its pid.
 *  P2  (pid, born) names a process for good: a row whose birth changed is another process and begins anew.
 *  P3  kernel threads have no row; their pids are remembered and looked at again now and then, since a pid is used again.
 *  P4  `sum` is what all rows count together, whenever no function of this folder is between hr_row_count(-1) and (1). */
#include "watch_inside.h"

#include <string.h>

static unsigned place(int pid)
{
    return (unsigned)pid * 2654435761u % HR_HASH;
}

int hr_look_row(const struct hr_watch *w, int pid)
{
    const struct hr_look_procs *l = &w->procs;
    for (unsigned h = place(pid); l->hash != NULL && l->hash[h] != 0; h = (h + 1) % HR_HASH)
        if (l->turn[l->hash[h] - 1].pid == pid)
            return l->hash[h] - 1;
    return -1;
}

static void enter(struct hr_look_procs *l, unsigned row)
{
    unsigned h = place(l->turn[row].pid);
    while (l->hash[h] != 0)
        h = (h + 1) % HR_HASH;
    l->hash[h] = (uint16_t)(row + 1);
}

static void begin(struct hr_watch *w, unsigned row, const struct hr_stat_line *s)
{
    struct hr_proc_load *p = &w->model->proc[row];
    memset(p, 0, sizeof *p);
    memset(&w->procs.more[row], 0, sizeof w->procs.more[row]);
    p->pid = s->pid;
    p->born = s->born;
    p->parent = s->parent;
    p->job = p->rank = -1;
    p->cpu = -1;
    memcpy(p->comm, s->comm, sizeof p->comm);
    p->own = p->pss = p->swap = HR_UNREAD(HR_WHY_LATER);
    p->read = p->written = HR_UNREAD(HR_WHY_COSTLY);
    w->procs.turn[row].due = 0;
    w->procs.changed = w->procs.unnamed = w->procs.states_moved = true;
}

unsigned hr_row_add(struct hr_watch *w, const struct hr_stat_line *s)
{
    unsigned row = w->model->proc_n++;
    w->procs.turn[row] = (struct hr_proc_turn) { .pid = s->pid, .listed = w->procs.listing };
    begin(w, row, s);
    enter(&w->procs, row);
    return row;
}

void hr_row_anew(struct hr_watch *w, unsigned row, const struct hr_stat_line *s)
{
    hr_row_count(w, row, -1);
    begin(w, row, s);
}

void hr_row_count(struct hr_watch *w, unsigned row, int sign)
{
    const struct hr_proc_load *p = &w->model->proc[row];
    struct hr_proc_sum *sum = &w->procs.sum;
    if (p->own.why == HR_WHY_KNOWN)
        sum->own += sign * (int64_t)p->own.v;
    if (p->cpu > 0)
        sum->cpu += sign * (int64_t)(p->cpu * 1000);
    if (p->read.why == HR_WHY_KNOWN)
        sum->moved += sign * (int64_t)p->read.v;
    if (p->written.why == HR_WHY_KNOWN)
        sum->moved += sign * (int64_t)p->written.v;
}

void hr_rows_drop(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_look_procs *l = &w->procs;
    if (!l->gone)
        return;
    for (unsigned i = m->proc_n; i-- > 0;) {
        if (l->turn[i].listed != 0)
            continue;
        hr_row_count(w, i, -1);
        unsigned last = --m->proc_n;
        if (i != last) {
            m->proc[i] = m->proc[last];
            l->more[i] = l->more[last];
            l->turn[i] = l->turn[last];
        }
    }
    memset(l->hash, 0, HR_HASH * sizeof *l->hash);
    for (unsigned i = 0; i < m->proc_n; i++)
        enter(l, i);
    l->gone = false;
    l->changed = l->states_moved = true;
}

/* --- kernel threads --- */

bool hr_kernel_thread(const struct hr_look_procs *l, int pid)
{
    for (unsigned h = place(pid); l->kernel[h] != 0; h = (h + 1) % HR_HASH)
        if (l->kernel[h] == pid)
            return true;
    return false;
}

void hr_kernel_thread_add(struct hr_look_procs *l, int pid)
{
    unsigned h = place(pid);
    if (l->kernel_n >= HR_MODEL_PROCS) /* more than these are read at every listing */
        return;
    while (l->kernel[h] != 0)
        h = (h + 1) % HR_HASH;
    l->kernel[h] = pid;
    l->kernel_n++;
}

void hr_kernel_threads_forget(struct hr_look_procs *l)
{
    memset(l->kernel, 0, HR_HASH * sizeof *l->kernel);
    l->kernel_n = 0;
}

#include "kin.h"

#include "clock.h"
#include "file.h"

#include <string.h>

#define WHOLE_NS UINT64_C(30000000000) /* numbers are used again: everybody is looked at anew so often */
#define SCAN_REST 500                  /* times what a look took: a fifth of a percent of a CPU */
#define REST_MOST UINT64_C(1000000000)
#define AGAIN_NS UINT64_C(1000000000)  /* so often it is seen who has become another program */

int hr_kin_open(struct hr_kin_tree *t, int root, int self)
{
    t->root = root;
    t->self = self;
    t->loadavg = hr_kept_open("/proc/loadavg");
    t->forks = UINT64_MAX;
    return 0;
}

static void drop(struct hr_kin_tree *t, size_t at)
{
    struct hr_kin *k = t->kin[at];
    hr_close(k->statm);
    t->used[k - t->room] = false;
    t->kin[at] = t->kin[--t->n];
    t->changed = true;
}

void hr_kin_close(struct hr_kin_tree *t)
{
    while (t->n != 0)
        drop(t, t->n - 1);
    hr_close(t->loadavg);
    t->loadavg = -1;
}

struct hr_kin *hr_kin_find(struct hr_kin_tree *t, int pid)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->kin[i]->pid == pid)
            return t->kin[i];
    return NULL;
}

static unsigned copies_of(const struct hr_kin_tree *t, const struct hr_kin *one)
{
    unsigned n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->kin[i] != one && one->part.group != 0 && t->kin[i]->part.group == one->part.group;
    return n;
}

static void classify(struct hr_kin_tree *t, struct hr_kin *k)
{
    bool forked = k->pid != t->root && copies_of(t, k) != 0;
    k->part.kind = k->pid == t->root ? HR_KIN_MAIN : forked ? HR_KIN_WORKER : HR_KIN_PROGRAM;
    hr_footprint_born(&k->part, forked);
    t->changed = true;
}

static void add(struct hr_kin_tree *t, const struct hr_proc_stat *s)
{
    size_t at = 0;
    while (at < HR_KIN_MAX && t->used[at])
        at++;
    if (at == HR_KIN_MAX) {
        t->lost++;
        return;
    }
    struct hr_kin *k = &t->room[at];
    *k = (struct hr_kin) { .pid = s->pid, .parent = s->parent, .statm = hr_proc_open_statm(s->pid), .born = s->born };
    memcpy(k->comm, s->comm, sizeof k->comm);
    if (k->statm < 0 || hr_proc_anon(k->statm, &k->part.anon) < 0) {
        hr_close(k->statm < 0 ? -1 : k->statm);
        return; /* it has gone already */
    }
    k->part.group = s->stack;
    t->used[at] = true;
    t->kin[t->n++] = k;
    classify(t, k);
}

/* --- looking for new ones --- */

static bool note(void *ctx, int pid)
{
    struct hr_kin_tree *t = ctx;
    if (t->listed_n < HR_KIN_SEEN_MAX)
        t->listed[t->listed_n++] = pid;
    return true;
}

/* The last number given out, and how many threads there are: it moves with each fork. */
static bool somebody_forked(struct hr_kin_tree *t)
{
    char text[128];
    int64_t n = t->loadavg < 0 ? -1 : hr_kept_read(t->loadavg, text, sizeof text);
    uint64_t v = 0;
    if (n <= 0)
        return true;
    for (int64_t i = 0; i < n; i++) /* "0.00 0.01 0.05 3/107 17242": the digits behind the slash */
        if (text[i] == '/')
            v = 1;
        else if (v != 0 && text[i] >= '0' && text[i] <= '9')
            v = v * 10 + (uint64_t)(text[i] - '0');
    bool moved = v != t->forks;
    t->forks = v;
    return moved;
}

/* One that has started another program keeps its number and begins anew. */
static void look_again(struct hr_kin_tree *t, struct hr_footprint *f)
{
    for (size_t i = 0; i < t->n; i++) {
        struct hr_kin *k = t->kin[i];
        struct hr_proc_stat s;
        if (hr_proc_stat(k->pid, &s) < 0 || s.born != k->born)
            continue; /* hr_kin_sample lets it go */
        memcpy(k->comm, s.comm, sizeof k->comm);
        k->parent = s.parent;
        if (s.stack == k->part.group || s.stack == 0)
            continue;
        hr_footprint_gone(f, &k->part, copies_of(t, k));
        k->part.group = s.stack;
        classify(t, k);
    }
}

static bool belongs(struct hr_kin_tree *t, const struct hr_proc_stat *s)
{
    return s->pid == t->root || hr_kin_find(t, s->parent) != NULL;
}

/* A child may be listed before its parent: as often as somebody is found. */
static void find_new(struct hr_kin_tree *t, int *fresh, size_t n)
{
    bool found = true;
    for (int round = 0; found && round < 16; round++) {
        found = false;
        for (size_t i = 0; i < n; i++) {
            struct hr_proc_stat s;
            if (fresh[i] == 0 || fresh[i] == t->self || hr_kin_find(t, fresh[i]) != NULL)
                continue;
            if (hr_proc_stat(fresh[i], &s) < 0 || s.state == 'Z') {
                fresh[i] = 0;
                continue;
            }
            if (!belongs(t, &s))
                continue;
            add(t, &s);
            fresh[i] = 0;
            found = true;
        }
    }
}

void hr_kin_scan(struct hr_kin_tree *t, struct hr_footprint *f, uint64_t now)
{
    static int fresh[HR_KIN_SEEN_MAX]; /* one watcher in a process */
    bool whole = t->whole_at == 0 || now - t->whole_at >= WHOLE_NS;
    size_t n = 0;
    bool again = now - t->again_at >= AGAIN_NS;
    if (again) {
        t->again_at = now;
        look_again(t, f);
    }
    if (now < t->rest_until || (!somebody_forked(t) && !whole))
        return;
    uint64_t begin = hr_cpu_thread();
    if (!again)
        look_again(t, f);
    t->listed_n = 0;
    hr_proc_each(note, t);
    for (size_t i = 0, old = 0; i < t->listed_n; i++) {
        while (old < t->seen_n && t->seen[old] < t->listed[i])
            old++;
        if (whole || old == t->seen_n || t->seen[old] != t->listed[i])
            fresh[n++] = t->listed[i];
    }
    if (whole)
        t->whole_at = now;
    find_new(t, fresh, n);
    memcpy(t->seen, t->listed, t->listed_n * sizeof t->seen[0]);
    t->seen_n = t->listed_n;
    t->rest_until = whole ? 0 : now + HR_MIN((hr_cpu_thread() - begin) * SCAN_REST, REST_MOST);
    unsigned count[HR_KIN_KINDS] = { 0 };
    for (size_t i = 0; i < t->n; i++)
        count[t->kin[i]->part.kind]++;
    for (int i = 0; i < HR_KIN_KINDS; i++)
        t->most[i] = HR_MAX(t->most[i], count[i]);
}

/* --- their memory --- */

/* An ended one that nobody has reaped reads 0, and so does one in the middle of an exec. */
static bool lives(const struct hr_kin *k)
{
    struct hr_proc_stat s;
    return hr_proc_stat(k->pid, &s) == 0 && s.born == k->born && s.state != 'Z' && s.state != 'X';
}

void hr_kin_sample(struct hr_kin_tree *t, struct hr_footprint *f)
{
    for (size_t i = t->n; i-- > 0;) {
        struct hr_kin *k = t->kin[i];
        uint64_t before = k->part.anon;
        int r = hr_proc_anon(k->statm, &k->part.anon);
        if (r == 0 && (k->part.anon != 0 || lives(k)))
            continue;
        k->part.anon = before;
        hr_footprint_gone(f, &k->part, copies_of(t, k));
        drop(t, i);
    }
    if (t->n == 0)
        f->rest = 0;
}

void hr_kin_faults(struct hr_kin_tree *t)
{
    for (size_t i = 0; i < t->n; i++) {
        struct hr_kin *k = t->kin[i];
        struct hr_proc_stat s;
        if (k->part.measured && copies_of(t, k) != 0 && hr_proc_stat(k->pid, &s) == 0 && s.born == k->born)
            k->part.faults = s.faults;
    }
}

size_t hr_kin_parts(const struct hr_kin_tree *t, const struct hr_part *ret[HR_KIN_MAX])
{
    for (size_t i = 0; i < t->n; i++)
        ret[i] = &t->kin[i]->part;
    return t->n;
}

size_t hr_kin_programs(const struct hr_kin_tree *t, int pids[HR_KIN_MAX])
{
    size_t n = 0;
    for (int main = 1; main >= 0; main--)
        for (size_t i = 0; i < t->n; i++)
            if ((t->kin[i]->part.kind == HR_KIN_MAIN) == (main != 0) && t->kin[i]->part.kind != HR_KIN_WORKER)
                pids[n++] = t->kin[i]->pid;
    return n;
}

/* The segments of shared memory in /dev/shm, the largest of them, and which process and job holds each. */
#include "rare_inside.h"

#include <stdio.h>
#include <string.h>

/* --- who holds them: known by a hash of the name, from the look at the files before --- */

static uint32_t name_hash(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s != 0; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

void hr_rare_holds(struct hr_watch *w, const char *name, int pid)
{
    struct hr_look_rare *r = &w->rare;
    if (r->shm_n < HR_COUNT(r->shm_pid)) {
        r->shm_name[r->shm_n] = name_hash(name);
        r->shm_pid[r->shm_n++] = pid;
    }
}

/* Its pid; 0: nobody was seen to. */
static int holder(const struct hr_look_rare *r, const char *name)
{
    uint32_t h = name_hash(name);
    for (unsigned i = 0; i < r->shm_n; i++)
        if (r->shm_name[i] == h)
            return r->shm_pid[i];
    return 0;
}

/* --- the segments --- */

/* Where it goes; HR_MODEL_FILES: there are only larger ones. */
static unsigned place(struct hr_model *m, uint64_t bytes)
{
    if (m->segment_n < HR_MODEL_FILES)
        return m->segment_n++;
    unsigned least = 0;
    for (unsigned i = 1; i < m->segment_n; i++)
        least = m->segment[i].bytes < m->segment[least].bytes ? i : least;
    m->segment_cut++;
    m->segment_cut_bytes += HR_MIN(bytes, m->segment[least].bytes);
    return m->segment[least].bytes >= bytes ? HR_MODEL_FILES : least;
}

static void add(struct hr_watch *w, const char *name, uint64_t bytes)
{
    struct hr_model *m = w->model;
    unsigned at = place(m, bytes);
    if (at == HR_MODEL_FILES)
        return;
    struct hr_segment *s = &m->segment[at];
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "%.47s", name);
    s->bytes = bytes;
    s->pid = holder(&w->rare, name);
    int row = s->pid == 0 ? -1 : hr_look_row(w, s->pid);
    s->job = row < 0 ? -1 : m->proc[row].job;
}

static void sum_of_jobs(struct hr_model *m)
{
    for (unsigned j = 0; j < m->job_n; j++)
        m->job[j].shmem = HR_READ(0);
    for (unsigned i = 0; i < m->segment_n; i++)
        if (m->segment[i].job >= 0)
            m->job[m->segment[i].job].shmem.v += m->segment[i].bytes;
}

void hr_rare_segments(struct hr_watch *w)
{
    enum { NAMES = 512 };
    struct hr_model *m = w->model;
    struct hr_names names;
    bool cut = false;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_root_list_some(w->sight.root, "dev/shm", NAMES, &names, &cut, &err) < 0) {
        m->segments_known = hr_truth_unknown("%.90s", err.text);
        return;
    }
    m->segments_known = hr_truth_of(true);
    m->segment_n = m->segment_cut = 0;
    m->segment_cut_bytes = 0;
    for (size_t i = 0; i < names.n; i++) {
        char path[300];
        struct hr_root_stat st;
        snprintf(path, sizeof path, "dev/shm/%.255s", names.name[i]);
        w->sight.calls++;
        if (hr_root_stat(w->sight.root, path, false, &st, NULL) == 0 && st.kind == HR_KIND_FILE)
            add(w, names.name[i], st.size);
    }
    sum_of_jobs(m);
    hr_names_fini(&names);
}

/* Which files fill the page cache.  The kernel tells it of an open file (cachestat, Linux 6.5), and not which files there are: those
 * that processes hold are asked, and the largest are kept. */
#include "rare_inside.h"

#include "clock.h"
#include "file.h"

#include <errno.h>
#include <string.h>

#define MIB HR_RARE_MIB

/* --- the table of the largest --- */

static bool counted(const struct hr_look_rare *r, const struct hr_file_id *id)
{
    for (unsigned i = 0; i < r->file_n; i++)
        if (r->file[i].dev == id->dev && r->file[i].ino == id->ino)
            return true;
    return false;
}

/* Where it goes; HR_RARE_FILES: there are only larger ones. */
static unsigned place(struct hr_look_rare *r, uint64_t cached)
{
    if (r->file_n < HR_RARE_FILES)
        return r->file_n++;
    unsigned least = 0;
    for (unsigned i = 1; i < r->file_n; i++)
        least = r->file[i].load.cached < r->file[least].load.cached ? i : least;
    return r->file[least].load.cached >= cached ? HR_RARE_FILES : least;
}

static void add(struct hr_watch *w, int fd, const struct hr_file_id *id, const char *path, int row)
{
    struct hr_look_rare *r = &w->rare;
    struct hr_cached c;
    if (counted(r, id)) /* of several that have it open the first is named */
        return;
    w->sight.calls++;
    r->cachestat = hr_cachestat(fd, &c);
    if (r->cachestat < 0)
        return;
    struct hr_file_load f = { .size = id->size, .cached = c.cached * w->memory.page, .dirty = c.dirty * w->memory.page };
    size_t n = strlen(path), skip = n >= sizeof f.path ? n - sizeof f.path + 1 : 0; /* the end of a path tells most */
    memcpy(f.path, path + skip, n - skip);
    f.pid = w->model->proc[row].pid;
    f.job = w->model->proc[row].job;
    unsigned at = place(r, f.cached);
    if (at < HR_RARE_FILES)
        r->file[at] = (struct hr_rare_file) { id->dev, id->ino, f };
}

void hr_rare_file(struct hr_watch *w, int fd, const struct hr_file_id *id, const char *path, int row)
{
    w->sight.calls += 3;
    if (fd >= 0)
        add(w, fd, id, path, row);
    hr_close(fd);
}

/* --- going through the processes --- */

/* Members of jobs, then who reads much, then the large. */
static bool worth(const struct hr_proc_load *p, unsigned round)
{
    if (p->state == 'Z')
        return false;
    bool reads = p->read.why == HR_WHY_KNOWN && p->read.v + p->written.v > MIB;
    if (round == 0)
        return p->job >= 0;
    if (round == 1)
        return p->job < 0 && (reads || p->cpu >= 2);
    return p->job < 0 && !reads && p->cpu < 2 && p->resident.v >= MIB;
}

static void sum_of_jobs(struct hr_watch *w)
{
    const struct hr_look_rare *r = &w->rare;
    struct hr_model *m = w->model;
    for (unsigned j = 0; j < m->job_n; j++)
        m->job[j].cache = HR_READ(0);
    for (unsigned i = 0; i < r->file_n; i++)
        if (r->file[i].load.job >= 0)
            m->job[r->file[i].load.job].cache.v += r->file[i].load.cached;
}

/* The largest first. */
static void publish(struct hr_watch *w)
{
    const struct hr_look_rare *r = &w->rare;
    struct hr_model *m = w->model;
    bool taken[HR_RARE_FILES] = { false };
    for (m->file_n = 0; m->file_n < HR_MIN(r->file_n, (unsigned)HR_MODEL_FILES); m->file_n++) {
        unsigned best = HR_RARE_FILES;
        for (unsigned i = 0; i < r->file_n; i++)
            if (!taken[i] && (best == HR_RARE_FILES || r->file[i].load.cached > r->file[best].load.cached))
                best = i;
        taken[best] = true;
        m->file[m->file_n] = r->file[best].load;
    }
    if (r->cachestat == 0 || r->file_n != 0)
        m->files_known = hr_truth_of(true);
    else if (r->cachestat == -ENOSYS)
        m->files_known = hr_truth_unknown("this kernel has no cachestat (Linux 6.5)");
    else
        m->files_known = hr_truth_unknown("the kernel tells it to the owners of the files and root only");
}

void hr_rare_files(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_look_rare *r = &w->rare;
    uint64_t begun = hr_cpu_thread(), turn = r->closely ? HR_RARE_CLOSELY / 2 : w->options.frugal ? HR_RARE_SLICE : 2 * HR_RARE_SLICE;
    uint64_t most = HR_MIN(hr_rare_left(w), turn);
    r->file_n = r->shm_n = 0;
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < m->proc_n; i++) {
            if (!worth(&m->proc[i], round))
                continue;
            if (hr_cpu_thread() - begun >= most)
                break;
            hr_rare_open(w, (int)i);
        }
    hr_rare_spend(w, hr_cpu_thread() - begun);
    sum_of_jobs(w);
    publish(w);
}

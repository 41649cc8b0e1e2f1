/* What costs milliseconds, in turns and under a budget: the proportional share of memory (PSS), which files fill the page cache,
 * whose segments lie in /dev/shm.  Invariants:
 *  R1  These looks take one part in 1000 of a CPU (frugal: 4000), of which at most BUDGET is saved up, beyond one look that was
 *      begun; except when a single report asked to look closely.
 *  R2  What was looked at and found as it was is looked at again after twice the time; at once when the machine's own figures
 *      of it move. */
#include "watch_inside.h"

#include "clock.h"
#include "file.h"
#include "pages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DESCRIPTORS = 64, MAPS_ROOM = 192 << 10, SHARE = 1000, FRUGAL_EVERY = 4, AT_START = 6 };
#define WINDOW (60 * HR_SECOND)
#define BUDGET (HR_SECOND * 6 / 100)
#define CLOSELY (HR_SECOND * 6 / 10)
#define SLICE (HR_SECOND / 100)         /* per tick */
#define PSS_WAIT_MOST (10 * WINDOW)
#define MIB (UINT64_C(1) << 20)
#define PSS_FROM (64 * MIB)
#define SETTLED (30 * HR_SECOND)
#define FILE_FROM (8 * MIB)
#define LIBRARIES_FROM (100 * MIB)
#define NS_PER_MIB 17000u               /* 4 KiB pages, measured: 70 ms for 4 GiB */

static uint64_t left(const struct hr_watch *w)
{
    const struct hr_look_rare *r = &w->rare;
    if (r->closely)
        return r->spent < CLOSELY ? CLOSELY - r->spent : 0;
    return r->credit > 0 ? (uint64_t)r->credit : 0;
}

static void spend(struct hr_watch *w, uint64_t ns)
{
    struct hr_look_rare *r = &w->rare;
    r->spent += ns;
    r->credit = HR_MAX(r->credit - (int64_t)ns, -(int64_t)BUDGET); /* a close look does not end all others for long */
}

static void earn(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    unsigned share = w->options.frugal ? 4 * SHARE : SHARE;
    uint64_t more = w->model->seq == 1 ? WINDOW / share : w->model->span / share;
    r->credit = HR_MIN(r->credit + (int64_t)more, (int64_t)BUDGET);
    r->spent = 0;
}

/* --- PSS --- */

static uint64_t price(const struct hr_watch *w, uint64_t resident)
{
    const struct hr_look_rare *r = &w->rare;
    double per_byte = r->pss_bytes < 256 * MIB ? (double)NS_PER_MIB / (double)MIB : (double)r->pss_ns / (double)r->pss_bytes;
    return (uint64_t)(per_byte * (double)resident) + 20000;
}

static bool apart(uint64_t a, uint64_t b, uint64_t by)
{
    return a > b ? a - b > by : b - a > by;
}

static void measure(struct hr_watch *w, unsigned row)
{
    static const char *const keys[] = { "Pss", "Pss_Anon", "Pss_Shmem", "Swap", "SwapPss", "Locked" };
    struct hr_proc_load *p = &w->model->proc[row];
    struct hr_proc_more *more = &w->procs.more[row];
    char text[2048];
    uint64_t v[6] = { 0 };
    bool f[6];
    int64_t n = hr_sight_proc(&w->sight, p->pid, "smaps_rollup", text, sizeof text);
    more->pss_at = w->model->at;
    struct hr_reading was = p->pss;
    if (n <= 0) {
        p->pss = HR_UNREAD(n == -EACCES || n == -EPERM ? HR_WHY_FORBIDDEN : n == -ENOENT ? HR_WHY_KERNEL : HR_WHY_GONE);
        return;
    }
    hr_keyed((struct hr_str) { text, (size_t)n }, keys, 6, v, f);
    if (!f[0]) {
        p->pss = HR_UNREAD(HR_WHY_GONE);
        return;
    }
    p->pss = HR_READ(f[1] && f[2] ? v[1] + v[2] : v[0]);
    p->swap = f[4] ? HR_READ(v[4]) : f[3] ? HR_READ(v[3]) : p->swap;
    more->locked = v[5];
    more->pss_own = p->own.why == HR_WHY_KNOWN ? p->own.v : 0;
    bool stands = was.why == HR_WHY_KNOWN && !apart(was.v, p->pss.v, was.v / 16 + 4 * MIB);
    more->pss_wait = stands ? HR_MIN(2 * more->pss_wait, PSS_WAIT_MOST) : WINDOW;
}

/* Compilers and the like are gone before their share is of use to anybody, and cost as much as all others together. */
static bool has_settled(const struct hr_watch *w, const struct hr_proc_load *p)
{
    uint64_t born = p->born * w->procs.tick_ns;
    const struct hr_figure *up = &w->model->uptime;
    return w->rare.closely || w->model->seq == 1 || !up->known || up->v >= born + SETTLED;
}

static bool wants_pss(const struct hr_watch *w, unsigned row)
{
    const struct hr_proc_load *p = &w->model->proc[row];
    const struct hr_proc_more *more = &w->procs.more[row];
    bool worth = p->state != 'Z' && (p->job >= 0 || (p->resident.v >= PSS_FROM && has_settled(w, p)));
    if (!worth || p->own.why != HR_WHY_KNOWN)
        return false;
    uint64_t was = more->pss_own, age = w->model->at - more->pss_at;
    return more->pss_at == 0 || age >= HR_MAX(more->pss_wait, WINDOW) || (age >= 5 * HR_SECOND && apart(p->own.v, was, was / 4 + 32 * MIB));
}

/* The row that has waited longest; members of jobs before others. */
static int next_pss(const struct hr_watch *w)
{
    const struct hr_model *m = w->model;
    int best = -1;
    for (unsigned i = 0; i < m->proc_n; i++) {
        if (!wants_pss(w, i))
            continue;
        bool member = m->proc[i].job >= 0, best_member = best >= 0 && m->proc[best].job >= 0;
        if (best < 0 || (member && !best_member) ||
            (member == best_member && w->procs.more[i].pss_at < w->procs.more[best].pss_at))
            best = (int)i;
    }
    return best;
}

static void look_pss(struct hr_watch *w)
{
    uint64_t begun = hr_cpu_thread(), most = w->rare.closely ? CLOSELY / 2 : SLICE;
    for (int row; (row = next_pss(w)) >= 0 && hr_cpu_thread() - begun < most;) {
        struct hr_proc_load *p = &w->model->proc[row];
        uint64_t t = hr_cpu_thread();
        if (price(w, p->resident.v) > (w->rare.closely ? CLOSELY : BUDGET)) {
            p->pss = HR_UNREAD(HR_WHY_COSTLY);
            w->procs.more[row].pss_at = w->model->at;
            continue;
        }
        if (price(w, p->resident.v) > left(w))
            break;
        measure(w, (unsigned)row);
        uint64_t took = hr_cpu_thread() - t;
        spend(w, took);
        w->rare.pss_ns += took;
        w->rare.pss_bytes += p->resident.v;
    }
}

/* --- the page cache by file --- */

static uint32_t name_hash(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s != 0; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static void add_file(struct hr_watch *w, int fd, const struct hr_file_id *id, const char *path, int row)
{
    struct hr_look_rare *r = &w->rare;
    struct hr_cached c;
    unsigned at = 0;
    for (; at < r->file_n; at++)
        if (r->file[at].dev == id->dev && r->file[at].ino == id->ino)
            return; /* counted already: of several that have it open the first is named */
    w->sight.calls++;
    int e = hr_cachestat(fd, &c);
    if (e < 0) {
        r->cachestat = e;
        return;
    }
    r->cachestat = 0;
    struct hr_file_load f = { .size = id->size, .cached = c.cached * w->memory.page, .dirty = c.dirty * w->memory.page };
    size_t n = strlen(path), skip = n >= sizeof f.path ? n - sizeof f.path + 1 : 0; /* the end of a path tells most */
    memcpy(f.path, path + skip, n - skip);
    f.pid = w->model->proc[row].pid;
    f.job = w->model->proc[row].job;
    if (r->file_n == HR_RARE_FILES) { /* full: it takes the place of the least, if it is more */
        at = 0;
        for (unsigned i = 1; i < r->file_n; i++)
            at = r->file[i].load.cached < r->file[at].load.cached ? i : at;
        if (r->file[at].load.cached >= f.cached)
            return;
    } else {
        r->file_n++;
    }
    r->file[at] = (struct hr_rare_file) { id->dev, id->ino, f };
}

static void holds_segment(struct hr_watch *w, const char *name, int pid)
{
    struct hr_look_rare *r = &w->rare;
    if (r->shm_n < HR_COUNT(r->shm_pid)) {
        r->shm_name[r->shm_n] = name_hash(name);
        r->shm_pid[r->shm_n++] = pid;
    }
}

/* The job of a row works on a drive of Windows. */
static void on_windows(struct hr_watch *w, int row)
{
    int8_t j = w->model->proc[row].job;
    if (j >= 0)
        w->model->job[j].windows_drive = true;
}

static bool descriptor(void *ctx, int number, const char *path)
{
    struct hr_watch *w = ctx;
    struct hr_file_id id;
    bool windows;
    int row = hr_look_row(w, w->rare.pid);
    w->sight.calls++;
    if (row < 0 || path[0] != '/')
        return row >= 0;
    if (hr_look_foreign(w, path, &windows)) {
        if (windows)
            on_windows(w, row);
        return true;
    }
    if (strncmp(path, "/dev/", 5) == 0) {
        if (strncmp(path, "/dev/shm/", 9) == 0)
            holds_segment(w, path + 9, w->rare.pid);
        return true;
    }
    if (strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0)
        return true;
    int fd = hr_proc_open_descriptor(w->sight.proc, w->rare.pid, number, FILE_FROM, &id);
    w->sight.calls += 3;
    if (fd >= 0)
        add_file(w, fd, &id, path, row);
    hr_close(fd < 0 ? -1 : fd);
    return true;
}

/* Data files and segments that are mapped without a descriptor; libraries are many and small, and left out.  Not of a container:
 * its paths are other files here. */
static void maps(struct hr_watch *w, int row)
{
    char *room = w->sight.room + HR_SIGHT_ROOM - MAPS_ROOM;
    int64_t n = hr_sight_proc(&w->sight, w->model->proc[row].pid, "maps", room, MAPS_ROOM);
    struct hr_str text = { room, (size_t)HR_MAX(n, (int64_t)0) }, line;
    char last[HR_PATH_SHOWN] = "";
    while (hr_line(&text, &line)) {
        const char *slash = memchr(line.p, '/', line.n);
        size_t len = slash == NULL ? 0 : line.n - (size_t)(slash - line.p);
        struct hr_file_id id;
        bool windows;
        char path[HR_PATH_SHOWN];
        if (slash == NULL || len >= sizeof path)
            continue;
        memcpy(path, slash, len);
        path[len] = 0;
        if (strcmp(path, last) == 0 || strstr(path, ".so") != NULL || hr_look_foreign(w, path, &windows))
            continue;
        memcpy(last, path, len + 1);
        if (strncmp(path, "/dev/shm/", 9) == 0) {
            holds_segment(w, path + 9, w->model->proc[row].pid);
        } else if (strncmp(path, "/dev/", 5) != 0) {
            int fd = hr_open_regular(path, FILE_FROM, &id);
            w->sight.calls += 3;
            if (fd >= 0)
                add_file(w, fd, &id, path, row);
            hr_close(fd < 0 ? -1 : fd);
        }
    }
}

/* A Python program that nothing else gives away trains when it has the libraries for it in its memory.  Looked at once, when it has
 * grown to what these take. */
static void libraries(struct hr_watch *w, unsigned row)
{
    static const char *const signs[] = { "/libcuda.so", "/libtorch_cuda", "/libtorch_cpu", "/xla_extension", "/libtensorflow", "/libcudart" };
    struct hr_proc_more *more = &w->procs.more[row];
    char *room = w->sight.room + HR_SIGHT_ROOM - MAPS_ROOM;
    int64_t n = hr_sight_proc(&w->sight, w->model->proc[row].pid, "maps", room, MAPS_ROOM);
    more->flags |= HR_FLAG_MAPPED;
    for (size_t i = 0; n > 0 && i < HR_COUNT(signs); i++)
        if (memmem(room, (size_t)n, signs[i], strlen(signs[i])) != NULL) {
            more->duty = HR_DUTY_RANK;
            w->procs.changed = true;
            return;
        }
}

static void look_libraries(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    for (unsigned i = 0; i < m->proc_n && left(w) != 0; i++) {
        const struct hr_proc_more *more = &w->procs.more[i];
        bool asks = (more->flags & (HR_FLAG_PYTHON | HR_FLAG_MAPPED | HR_FLAG_WORKER)) == HR_FLAG_PYTHON && more->duty == HR_DUTY_NONE &&
                    m->proc[i].job < 0 && m->proc[i].resident.v >= LIBRARIES_FROM;
        if (!asks)
            continue;
        uint64_t begun = hr_cpu_thread();
        libraries(w, i);
        spend(w, hr_cpu_thread() - begun);
    }
}

static void one_process(struct hr_watch *w, int row)
{
    char path[HR_PATH_SHOWN];
    bool windows;
    w->rare.pid = w->model->proc[row].pid;
    hr_proc_descriptors(w->sight.proc, w->rare.pid, DESCRIPTORS, descriptor, w);
    w->sight.calls += 3;
    if (w->model->proc[row].job >= 0 && hr_proc_same_mounts(w->sight.proc, w->rare.pid))
        maps(w, row);
    if (w->model->proc[row].job >= 0 && hr_proc_folder_of(w->sight.proc, w->rare.pid, path) == 0 && hr_look_foreign(w, path, &windows) && windows)
        on_windows(w, row);
}

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

static void publish(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    struct hr_model *m = w->model;
    bool taken[HR_RARE_FILES] = { false };
    for (unsigned j = 0; j < m->job_n; j++)
        m->job[j].cache = HR_READ(0);
    for (unsigned i = 0; i < r->file_n; i++)
        if (r->file[i].load.job >= 0)
            m->job[r->file[i].load.job].cache.v += r->file[i].load.cached;
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

static void look_files(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_look_rare *r = &w->rare;
    uint64_t begun = hr_cpu_thread(), most = HR_MIN(left(w), r->closely ? CLOSELY / 2 : w->options.frugal ? SLICE : 2 * SLICE);
    r->file_n = r->shm_n = 0;
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < m->proc_n; i++) {
            if (!worth(&m->proc[i], round))
                continue;
            if (hr_cpu_thread() - begun >= most)
                break;
            one_process(w, (int)i);
        }
    spend(w, hr_cpu_thread() - begun);
    publish(w);
}

/* --- /dev/shm --- */

static int holder(const struct hr_look_rare *r, const char *name)
{
    uint32_t h = name_hash(name);
    for (unsigned i = 0; i < r->shm_n; i++)
        if (r->shm_name[i] == h)
            return r->shm_pid[i];
    return 0;
}

static void segment(struct hr_watch *w, const char *name, uint64_t bytes)
{
    struct hr_model *m = w->model;
    unsigned at = m->segment_n;
    if (m->segment_n == HR_MODEL_FILES) {
        at = 0;
        for (unsigned i = 1; i < m->segment_n; i++)
            at = m->segment[i].bytes < m->segment[at].bytes ? i : at;
        m->segment_cut++;
        m->segment_cut_bytes += HR_MIN(bytes, m->segment[at].bytes);
        if (m->segment[at].bytes >= bytes)
            return;
    } else {
        m->segment_n++;
    }
    struct hr_segment *s = &m->segment[at];
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "%.47s", name);
    s->bytes = bytes;
    s->pid = holder(&w->rare, name);
    int row = s->pid == 0 ? -1 : hr_look_row(w, s->pid);
    s->job = row < 0 ? -1 : m->proc[row].job;
}

static void look_segments(struct hr_watch *w)
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
    for (unsigned j = 0; j < m->job_n; j++)
        m->job[j].shmem = HR_READ(0);
    for (size_t i = 0; i < names.n; i++) {
        char path[300];
        struct hr_root_stat st;
        snprintf(path, sizeof path, "dev/shm/%.255s", names.name[i]);
        w->sight.calls++;
        if (hr_root_stat(w->sight.root, path, false, &st, NULL) == 0 && st.kind == HR_KIND_FILE)
            segment(w, names.name[i], st.size);
    }
    for (unsigned i = 0; i < m->segment_n; i++)
        if (m->segment[i].job >= 0)
            m->job[m->segment[i].job].shmem.v += m->segment[i].bytes;
    hr_names_fini(&names);
}

/* --- turns --- */

static bool moved(uint64_t *was, struct hr_reading is, uint64_t by)
{
    if (is.why != HR_WHY_KNOWN)
        return false;
    bool far = apart(is.v, *was, by);
    if (far)
        *was = is.v;
    return far;
}

/* R2.  Files and segments are looked at for what they do to the page cache, to shared memory and to jobs. */
static bool files_due(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    const struct hr_model *m = w->model;
    uint64_t since = m->at - r->files_at, most = WINDOW * (w->options.frugal ? 8 : 2);
    bool cache = moved(&r->cache_was, m->memory.part[HR_PART_CACHE], 256 * MIB), shmem = moved(&r->shmem_was, m->memory.part[HR_PART_SHMEM], 64 * MIB);
    r->stirred = r->stirred || cache || shmem;
    if (m->job_n != r->jobs_was)
        r->files_wait = WINDOW;
    r->jobs_was = m->job_n;
    uint64_t wait = r->stirred ? 5 * HR_SECOND : HR_MAX(r->files_wait, WINDOW);
    if (left(w) == 0 || !(r->closely || r->files_at == 0 || since >= wait))
        return false;
    r->files_wait = r->stirred ? WINDOW : HR_MIN(2 * HR_MAX(r->files_wait, WINDOW), most);
    r->stirred = false;
    r->files_at = m->at;
    return true;
}

void hr_look_rare(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    struct hr_model *m = w->model;
    if (m->seq == 1) {
        m->files_known = hr_truth_unknown(w->sight.live ? "not looked at" : "a captured machine holds no page cache");
        m->segments_known = hr_truth_unknown("not looked at");
    }
    if (w->options.no_files || w->options.no_processes || !w->sight.live)
        return;
    earn(w);
    bool turn = !w->options.frugal || m->seq <= AT_START || m->seq % FRUGAL_EVERY == 0;
    if (turn)
        look_libraries(w);
    if (w->procs.changed)
        hr_look_jobs(w);
    if (files_due(w)) {
        look_files(w);
        look_segments(w);
    } else if (turn) {
        look_pss(w);
    }
    if (r->closely)
        look_pss(w);
}

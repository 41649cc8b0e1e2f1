/* Disks, network links, and how full file systems are. */
#include "watch_inside.h"

#include "mounts.h"

#include <stdio.h>
#include <string.h>

enum { DISK_FIELDS = 11, LINK_FIELDS = 16, SECTOR = 512 };
#define SPACES_EVERY (60 * HR_SECOND)
#define SPACES_AGAIN (5 * HR_SECOND)

static bool starts(struct hr_str s, const char *with)
{
    size_t n = strlen(with);
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

static struct hr_str name_at(const char **p, const char *end)
{
    hr_blanks(p, end);
    const char *from = *p;
    while (*p < end && **p != ' ' && **p != ':')
        ++*p;
    return (struct hr_str) { from, (size_t)(*p - from) };
}

/* The row of that name; a new one where there is room. */
static struct hr_look_disk *disk_row(struct hr_watch *w, struct hr_str name)
{
    struct hr_look_io *l = &w->io;
    char path[64];
    if (name.n == 0 || name.n >= sizeof l->disk[0].name || starts(name, "loop") || starts(name, "ram"))
        return NULL;
    for (unsigned i = 0; i < l->disk_n; i++)
        if (strncmp(l->disk[i].name, name.p, name.n) == 0 && l->disk[i].name[name.n] == 0)
            return &l->disk[i];
    snprintf(path, sizeof path, "sys/block/%.*s", (int)name.n, name.p);
    for (char *c = path + strlen("sys/block/"); *c != 0; c++)
        *c = (char)(*c == '/' ? '!' : *c);
    w->sight.calls++;
    if (!hr_root_exists(w->sight.root, path))
        return NULL; /* a partition */
    if (l->disk_n == HR_MODEL_DISKS) {
        w->model->disk_cut++;
        return NULL;
    }
    struct hr_look_disk *d = &l->disk[l->disk_n++];
    memset(d, 0, sizeof *d);
    memcpy(d->name, name.p, name.n);
    return d;
}

/* Mean time of a request since the last look, in ns. */
static struct hr_reading each(struct hr_count *ms, uint64_t now_ms, uint64_t requests, bool counted)
{
    uint64_t d;
    if (!hr_delta(ms, now_ms, &d) || !counted)
        return HR_UNREAD(HR_WHY_FIRST);
    return requests == 0 ? HR_UNREAD(HR_WHY_IDLE) : HR_READ(d * 1000000 / requests);
}

static void disk_load(struct hr_watch *w, struct hr_look_disk *d, const uint64_t *v)
{
    struct hr_model *m = w->model;
    uint64_t span = m->span, ms, reads = 0, writes = 0;
    if (m->disk_n == HR_MODEL_DISKS)
        return;
    struct hr_disk_load *to = &m->disk[m->disk_n++];
    memcpy(to->name, d->name, sizeof to->name);
    to->stacked = starts(hr_str(d->name), "dm-") || starts(hr_str(d->name), "md");
    struct hr_count before_reads = d->reads, before_writes = d->writes;
    bool r = hr_delta(&before_reads, v[0], &reads), wr = hr_delta(&before_writes, v[4], &writes);
    to->reads = hr_rate(&d->reads, v[0], span);
    to->writes = hr_rate(&d->writes, v[4], span);
    to->read = hr_rate(&d->read_sectors, v[2] * SECTOR, span);
    to->written = hr_rate(&d->write_sectors, v[6] * SECTOR, span);
    to->read_ns = each(&d->read_ms, v[3], reads, r);
    to->write_ns = each(&d->write_ms, v[7], writes, wr);
    bool had = hr_delta(&d->busy_ms, v[9], &ms) && span != 0;
    to->busy = had ? HR_READ(HR_MIN((double)ms * 1e9 / (double)span, 1000.0)) : HR_UNREAD(HR_WHY_FIRST);
    had = hr_delta(&d->queue_ms, v[10], &ms) && span != 0;
    to->queue = had ? HR_READ((double)ms * 1e9 / (double)span) : HR_UNREAD(HR_WHY_FIRST);
    struct hr_reading *all[] = { &to->reads, &to->writes, &to->read, &to->written, &to->read_ns, &to->write_ns, &to->busy, &to->queue };
    for (size_t i = 0; m->captured && i < HR_COUNT(all); i++)
        if (all[i]->why == HR_WHY_FIRST)
            all[i]->why = HR_WHY_CAPTURED;
}

static void disks(struct hr_watch *w)
{
    struct hr_str text = hr_sight_read(&w->sight, &w->io.diskstats), line;
    struct hr_model *m = w->model;
    m->disk_n = m->disk_cut = 0;
    if (text.p == NULL) {
        m->disks_known = hr_truth_unknown("/proc/diskstats cannot be read");
        return;
    }
    m->disks_known.known = m->disks_known.v = true;
    for (unsigned i = 0; i < w->io.disk_n; i++)
        w->io.disk[i].seen = false;
    while (hr_line(&text, &line)) {
        const char *p = line.p, *end = line.p + line.n;
        uint64_t v[DISK_FIELDS];
        hr_number(&p, end); /* major and minor */
        hr_number(&p, end);
        struct hr_look_disk *d = disk_row(w, name_at(&p, end));
        if (d == NULL)
            continue;
        for (unsigned i = 0; i < DISK_FIELDS; i++)
            v[i] = hr_number(&p, end);
        d->seen = true;
        disk_load(w, d, v);
    }
    for (unsigned i = 0; i < w->io.disk_n;)
        if (w->io.disk[i].seen)
            i++;
        else
            w->io.disk[i] = w->io.disk[--w->io.disk_n];
}

/* --- links --- */

static struct hr_look_link *link_row(struct hr_watch *w, struct hr_str name)
{
    struct hr_look_io *l = &w->io;
    if (name.n == 0 || name.n >= sizeof l->link[0].name || (name.n == 2 && starts(name, "lo")))
        return NULL;
    for (unsigned i = 0; i < l->link_n; i++)
        if (strncmp(l->link[i].name, name.p, name.n) == 0 && l->link[i].name[name.n] == 0)
            return &l->link[i];
    if (l->link_n == HR_MODEL_LINKS) {
        w->model->link_cut++;
        return NULL;
    }
    struct hr_look_link *k = &l->link[l->link_n++];
    memset(k, 0, sizeof *k);
    memcpy(k->name, name.p, name.n);
    return k;
}

static void links(struct hr_watch *w)
{
    struct hr_str text = hr_sight_read(&w->sight, &w->io.netdev), line;
    struct hr_model *m = w->model;
    m->link_n = m->link_cut = 0;
    if (text.p == NULL) {
        m->links_known = hr_truth_unknown("/proc/net/dev cannot be read");
        return;
    }
    m->links_known.known = m->links_known.v = true;
    for (unsigned i = 0; i < w->io.link_n; i++)
        w->io.link[i].seen = false;
    while (hr_line(&text, &line)) {
        const char *p = line.p, *end = line.p + line.n;
        uint64_t v[LINK_FIELDS];
        if (memchr(line.p, '|', line.n) != NULL)
            continue; /* the headings */
        struct hr_look_link *k = link_row(w, name_at(&p, end));
        if (k == NULL || m->link_n == HR_MODEL_LINKS)
            continue;
        for (unsigned i = 0; i < LINK_FIELDS; i++)
            v[i] = hr_number(&p, end);
        struct hr_link_load *to = &m->link[m->link_n++];
        k->seen = true;
        memcpy(to->name, k->name, sizeof to->name);
        to->received = hr_rate(&k->received, v[0], m->span);
        to->sent = hr_rate(&k->sent, v[8], m->span);
        to->bad = hr_rate(&k->bad, v[2] + v[3] + v[10] + v[11], m->span);
        if (m->captured)
            to->received.why = to->sent.why = to->bad.why = HR_WHY_CAPTURED;
    }
    for (unsigned i = 0; i < w->io.link_n;)
        if (w->io.link[i].seen)
            i++;
        else
            w->io.link[i] = w->io.link[--w->io.link_n];
}

/* --- file systems --- */

static bool wanted(const struct hr_mount *m)
{
    if (m->read_only && strcmp(m->at, "/") != 0) /* an image (snap, squashfs, a CD) is full by nature */
        return false;
    if (m->place == HR_PLACE_RAM)
        return strcmp(m->at, "/dev/shm") == 0 || strcmp(m->at, "/tmp") == 0;
    return m->place == HR_PLACE_NATIVE || m->place == HR_PLACE_WINDOWS || m->place == HR_PLACE_NETWORK ||
           (m->place == HR_PLACE_OVERLAY && strcmp(m->at, "/") == 0);
}

/* Binds and subvolumes show one file system many times: the first place counts. */
static bool shown(const struct hr_mounts *all, size_t i)
{
    const struct hr_mount *m = &all->mount[i];
    for (size_t k = 0; k < i; k++) {
        const struct hr_mount *o = &all->mount[k];
        if (wanted(o) && o->major == m->major && o->minor == m->minor && strcmp(o->source, m->source) == 0)
            return true;
    }
    return false;
}

static void space(struct hr_watch *w, const struct hr_mount *mount)
{
    struct hr_model *m = w->model;
    struct hr_root_fs fs;
    if (m->space_n == HR_MODEL_SPACES) {
        m->space_cut++;
        return;
    }
    struct hr_space_load *s = &m->space[m->space_n++];
    memset(s, 0, sizeof *s);
    snprintf(s->at, sizeof s->at, "%s", mount->at);
    snprintf(s->type, sizeof s->type, "%s", mount->type);
    s->ram = mount->place == HR_PLACE_RAM;
    if (w->sight.live && (mount->place == HR_PLACE_WINDOWS || mount->place == HR_PLACE_NETWORK)) {
        s->total = s->available = HR_UNREAD(HR_WHY_FOREIGN);
    } else if (hr_root_statfs(w->sight.root, mount->at, &fs, NULL) < 0) {
        s->total = s->available = HR_UNREAD(HR_WHY_UNREAD);
    } else {
        s->total = HR_READ(fs.total);
        s->available = HR_READ(fs.available);
    }
    w->sight.calls++;
}

static void foreign(struct hr_watch *w, const struct hr_mount *m)
{
    struct hr_look_io *l = &w->io;
    bool is = m->place == HR_PLACE_WINDOWS || m->place == HR_PLACE_NETWORK || m->place == HR_PLACE_FUSE || m->place == HR_PLACE_SHARED;
    if (!is || l->foreign_n == HR_MODEL_FOREIGN || strlen(m->at) >= sizeof l->foreign[0])
        return;
    l->windows[l->foreign_n] = m->place == HR_PLACE_WINDOWS;
    snprintf(l->foreign[l->foreign_n++], sizeof l->foreign[0], "%s", m->at);
}

bool hr_look_foreign(const struct hr_watch *w, const char *path, bool *ret_windows)
{
    const struct hr_look_io *l = &w->io;
    *ret_windows = false;
    for (unsigned i = 0; i < l->foreign_n; i++) {
        size_t n = strlen(l->foreign[i]);
        if (strncmp(path, l->foreign[i], n) == 0 && (path[n] == '/' || path[n] == 0)) {
            *ret_windows = l->windows[i];
            return true;
        }
    }
    return false;
}

/* A file system fills within seconds: between two looks at what is mounted, what is left on those that are of this machine. */
static void spaces_again(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_root_fs fs;
    if (m->captured || m->at - w->io.spaces_again_at < SPACES_AGAIN)
        return;
    w->io.spaces_again_at = m->at;
    for (unsigned i = 0; i < m->space_n; i++) {
        struct hr_space_load *s = &m->space[i];
        if (s->total.why != HR_WHY_KNOWN || strncmp(s->type, "fuse", 4) == 0)
            continue;
        w->sight.calls++;
        if (hr_root_statfs(w->sight.root, s->at, &fs, NULL) == 0) {
            s->total = HR_READ(fs.total);
            s->available = HR_READ(fs.available);
        }
    }
}

void hr_look_spaces(struct hr_watch *w)
{
    struct hr_mounts all;
    if (w->io.spaces_at != 0 && (w->model->captured || w->model->at - w->io.spaces_at < SPACES_EVERY)) {
        spaces_again(w);
        return;
    }
    w->io.spaces_again_at = w->model->at;
    w->io.spaces_at = w->model->at;
    hr_mounts_read(w->sight.root, strcmp(w->model->machine.v, "WSL 2") == 0, &all);
    w->model->space_n = w->model->space_cut = w->io.foreign_n = 0;
    for (size_t i = 0; i < all.n; i++)
        foreign(w, &all.mount[i]);
    for (size_t i = 0; i < all.n; i++)
        if (wanted(&all.mount[i]) && !shown(&all, i))
            space(w, &all.mount[i]);
    hr_mounts_fini(&all);
}

void hr_look_io(struct hr_watch *w)
{
    w->io.diskstats.path = "proc/diskstats";
    w->io.netdev.path = "proc/net/dev";
    disks(w);
    links(w);
}

void hr_look_io_close(struct hr_watch *w)
{
    hr_kept_file_close(&w->io.diskstats);
    hr_kept_file_close(&w->io.netdev);
}

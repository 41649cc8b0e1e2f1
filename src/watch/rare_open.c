/* What one process has open or mapped: files of the page cache, segments of /dev/shm, and whether it works on a drive of Windows.  A path
 * on a file system that somebody else serves is never opened: that may wait for ever. */
#include "rare_inside.h"

#include <string.h>

enum { DESCRIPTORS = 64, MAPS_ROOM = 192 << 10 };
#define FILE_FROM (8 * HR_RARE_MIB)

static bool below(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* The job of a row works on a drive of Windows. */
static void on_windows(struct hr_watch *w, int row)
{
    int8_t j = w->model->proc[row].job;
    if (j >= 0)
        w->model->job[j].windows_drive = true;
}

/* False: that was the last to be looked at. */
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
    } else if (below(path, "/dev/shm/")) {
        hr_rare_holds(w, path + strlen("/dev/shm/"), w->rare.pid);
    } else if (!below(path, "/dev/") && !below(path, "/proc/") && !below(path, "/sys/")) {
        int fd = hr_proc_open_descriptor(w->sight.proc, w->rare.pid, number, FILE_FROM, &id);
        hr_rare_file(w, fd, &id, path, row);
    }
    return true;
}

struct hr_str hr_rare_maps(struct hr_watch *w, int pid)
{
    char *room = w->sight.room + HR_SIGHT_ROOM - MAPS_ROOM;
    int64_t n = hr_sight_proc(&w->sight, pid, "maps", room, MAPS_ROOM);
    return (struct hr_str) { room, (size_t)HR_MAX(n, (int64_t)0) };
}

/* The path at the end of a line of maps.  False: it has none, or one that is too long. */
static bool path_of(struct hr_str line, char ret[HR_PATH_SHOWN])
{
    const char *slash = memchr(line.p, '/', line.n);
    size_t n = slash == NULL ? 0 : line.n - (size_t)(slash - line.p);
    if (slash == NULL || n >= HR_PATH_SHOWN)
        return false;
    memcpy(ret, slash, n);
    ret[n] = 0;
    return true;
}

/* Data files and segments that are mapped without a descriptor; libraries are many and small, and left out. */
static void mapped(struct hr_watch *w, int row)
{
    int pid = w->model->proc[row].pid;
    struct hr_str text = hr_rare_maps(w, pid), line;
    char path[HR_PATH_SHOWN], last[HR_PATH_SHOWN] = ""; /* a file stands there once a part, one line behind another */
    while (hr_line(&text, &line)) {
        struct hr_file_id id;
        bool windows;
        if (!path_of(line, path) || strcmp(path, last) == 0 || strstr(path, ".so") != NULL || hr_look_foreign(w, path, &windows))
            continue;
        memcpy(last, path, strlen(path) + 1);
        if (below(path, "/dev/shm/"))
            hr_rare_holds(w, path + strlen("/dev/shm/"), pid);
        else if (!below(path, "/dev/"))
            hr_rare_file(w, hr_open_regular(path, FILE_FROM, &id), &id, path, row);
    }
}

void hr_rare_open(struct hr_watch *w, int row)
{
    char path[HR_PATH_SHOWN];
    bool windows;
    w->rare.pid = w->model->proc[row].pid;
    hr_proc_descriptors(w->sight.proc, w->rare.pid, DESCRIPTORS, descriptor, w);
    w->sight.calls += 3;
    if (w->model->proc[row].job < 0)
        return;
    if (hr_proc_same_mounts(w->sight.proc, w->rare.pid)) /* a container's paths are other files here */
        mapped(w, row);
    if (hr_proc_folder_of(w->sight.proc, w->rare.pid, path) == 0 && hr_look_foreign(w, path, &windows) && windows)
        on_windows(w, row);
}

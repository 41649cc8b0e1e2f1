/* Limits of this process and of the kernel that training runs into: locked memory, open files, processes, inotify. */
#ifndef HR_RLIMITS_H
#define HR_RLIMITS_H

#include "known.h"
#include "root.h"

#define HR_UNLIMITED UINT64_MAX

struct hr_rlimit {
    struct hr_figure soft, hard; /* HR_UNLIMITED: none */
};

struct hr_limits {
    struct hr_rlimit memlock, nofile, nproc, stack, core; /* bytes; files; processes; bytes; bytes */
    struct hr_figure inotify_watches, inotify_instances;
    struct hr_figure pid_max, threads_max, file_max, nr_open;
    struct hr_word core_pattern;
};

void hr_limits_read(const struct hr_root *root, struct hr_limits *ret);
/* A line of /proc/self/limits: "Max locked memory         8388608              unlimited            bytes" */
struct hr_rlimit hr_limits_parse(struct hr_str text, const char *name);

#endif

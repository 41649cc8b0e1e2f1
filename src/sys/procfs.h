/* /proc as a watcher reads it many times a second: descriptors kept open, fixed buffers, nothing allocated.
 * Every call passes the fault counter; negative results are -errno. */
#ifndef HR_PROCFS_H
#define HR_PROCFS_H

#include "attr.h"

enum { HR_COMM_MAX = 16 };

struct hr_proc_stat {
    int pid, parent;
    char state;               /* 'R', 'S', 'T' stopped, 'Z' ended and not yet reaped */
    char comm[HR_COMM_MAX];   /* the program's name, cut */
    uint64_t born;            /* start time in the kernel's ticks: with the pid it names one process for good */
    uint64_t resident;        /* bytes */
    uint64_t cpu;             /* user and system time in the kernel's ticks */
    uint64_t faults;          /* pages that it got without reading a disk */
    uint64_t stack;           /* where its stack begins: the same in a process and its forked copies; 0: not told */
};
/* Of the bytes of /proc/PID/stat; the name in it may hold blanks and brackets.  False: they are no such line. */
bool hr_proc_parse_stat(const char *text, size_t n, struct hr_proc_stat *ret);
int hr_proc_stat(int pid, struct hr_proc_stat *ret) HR_MUST_USE;

/* /proc/PID/statm held open: it stays with that process, and reads -ESRCH when it has gone. */
int hr_proc_open_statm(int pid);
/* Resident bytes that no file backs: what the process really takes. */
int hr_proc_anon(int statm_fd, uint64_t *ret_bytes) HR_MUST_USE;

/* Calls `each` with every process, in no order, until it returns false. */
int hr_proc_each(bool (*each)(void *ctx, int pid), void *ctx);

/* Has it a handler for the signal?  False also when that cannot be told. */
bool hr_proc_catches(int pid, int sig);
/* Takes the clean pages of the files that it has open for reading alone, or mapped so, out of the page cache; what others have mapped
 * stays.  At most `most` files; how many there were. */
unsigned hr_proc_drop_files(int pid, unsigned most);

/* A small file held open (meminfo, memory.current, memory.stat): its first n bytes from the beginning. */
int hr_kept_open(const char *path);
int64_t hr_kept_read(int fd, char *p, size_t n);
int64_t hr_kept_read_at(int fd, char *p, size_t n, uint64_t off);

/* /proc held open, below which a process's files are found without a walk from the root. */
int hr_proc_folder(void);
/* /proc/PID/<file>: up to n bytes. */
int64_t hr_proc_read(int folder, int pid, const char *file, char *p, size_t n);
/* As hr_proc_each through a folder that is held open: *ret_calls counts its system calls. */
int hr_proc_each_of(int folder, bool (*each)(void *ctx, int pid), void *ctx, uint64_t *ret_calls);

int hr_proc_self(void);
bool hr_proc_root(void); /* this one is root's: it may look into the others */
/* Is it the parent of this process, or the parent's parent, and so on? */
bool hr_proc_above(int pid);
/* Where a link of /proc (PID/exe) points, terminated and cut at n - 1 bytes: its length. */
int64_t hr_link_read(const char *path, char *to, size_t n);

/* A descriptor of the process that poll() tells the end of; and signals through it, which can reach nobody else. */
int hr_pidfd_open(int pid);
int hr_pidfd_signal(int pidfd, int sig);
int hr_signal(int pid, int sig);

struct pollfd;
/* poll(), which a signal ends early: how many descriptors have news, 0 also then. */
int hr_poll(struct pollfd *p, size_t n, int ms);

/* This process before others for the CPU, where it may, and as it was again; a child inherits what is then. */
void hr_go_first(bool on);
/* Orphans of this process's descendants come to it. */
int hr_subreaper(void);

#endif

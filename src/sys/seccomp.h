/* Being asked before a program of ours starts another one: seccomp user notification on execve and execveat, without root.
 * It is scheduling, not security: what is read from the caller's memory may change behind our back, and then a program runs
 * a little too early.
 *
 * Every call passes the fault counter.  Negative results are -errno: the callers tell them apart and have no sentence to make. */
#ifndef HR_SECCOMP_H
#define HR_SECCOMP_H

#include "attr.h"

/* What the kernel tells of a program that is about to be started; the addresses are the caller's. */
struct hr_exec_note {
    uint64_t id;
    int pid;      /* the thread that calls */
    uint64_t path, argv;
};

/* In the child that will become the command, before its exec: gives up new privileges for good and asks for notifications
 * of every exec from here on, in it and in all its descendants; other system calls and other ABIs (32-bit, x32) pass.
 * Returns the listener's descriptor.  Safe between fork and exec. */
int hr_seccomp_listen(void);

/* The next waiting caller; -ENOENT when it has gone in the meantime.  Only after poll() has said that there is one. */
int hr_seccomp_next(int fd, struct hr_exec_note *ret) HR_MUST_USE;
/* Is the caller of this note still waiting?  Until then nothing that was read of its memory may be believed. */
bool hr_seccomp_waits(int fd, uint64_t id);
/* Lets the caller go on; -ENOENT when it has gone, which is no trouble. */
int hr_seccomp_let(int fd, uint64_t id);

/* Reads another process's memory: up to n bytes at `address`, fewer where the mapping ends.  Bytes read, or -errno. */
int hr_peek_open(int pid);
int64_t hr_peek(int mem_fd, uint64_t address, void *p, size_t n);

/* A descriptor handed over a socket of a socketpair; `word` goes with it.  The receiver waits until `deadline` of hr_now. */
int hr_fd_send(int socket, int fd, int word);
int hr_fd_take(int socket, uint64_t deadline, int *ret_fd, int *ret_word) HR_MUST_USE; /* *ret_fd -1: a word alone */

#endif

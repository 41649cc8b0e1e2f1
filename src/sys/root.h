/* The root handle: everything that describes the machine is asked through it, so that another machine can stand in for
 * this one.  A root is
 *   live       this machine: files of /proc, /sys, /etc, /mnt/c, and system calls;
 *   captured   a folder, or a bundle of one (a tar archive, plain or gzip: tree.h), that holds such files, and below headrace/
 *              what no file tells: the answers that stat, statfs, readlink, the environment and other programs gave there.  A
 *              captured root is never left and nothing of this machine is asked: what it does not hold is "not there".
 *              Answers are read when it is opened and come before its files.
 *
 * Paths are written without the leading slash ("proc/meminfo"); one is ignored.  Sentences name the path as it is called on
 * that machine, so that a report reads the same on both.  The opened handle is immutable and may be used by many threads,
 * unless a tape is on: then by one.
 *
 * Answers of a captured root, one file each below headrace/, a line per answer, fields parted by one blank, blanks and
 * control bytes in a field written as %XX; the first field is the path (or the name):
 *   stat lstat   KIND SIZE MODE UID GID CHANGED     kind f d o, mode octal, changed in ns since 1970
 *   link real    TARGET
 *   statfs       TYPE TOTAL FREE AVAILABLE FILES FILES_FREE     type in hex, then bytes
 *   list         NAME...
 *   exists       yes|no
 *   env          VALUE
 *   run          exit|signal|timeout|refused NUMBER OUTPUT
 *   read         CONTENTS   of a file that cannot stand in the folder under its own name
 *   failed       ERRNO      the first field is then the kind and the path: read:proc/kmsg
 *                CODE SENTENCE   for a file of answer/, with a code of headrace/error.h: answer:kernel-log -2 it%20is%20...
 * and whole files below headrace/answer/ (hr_root_answer). */
#ifndef HR_ROOT_H
#define HR_ROOT_H

#include "buf.h"
#include "err.h"
#include "file.h"
#include "process.h"

struct hr_root;

/* NULL or "/" = this machine; otherwise a folder or a bundle. */
int hr_root_open(const char *path, struct hr_root **ret, struct hr_error *err) HR_MUST_USE;
void hr_root_close(struct hr_root *root); /* accepts NULL */
bool hr_root_is_live(const struct hr_root *root);

/* From here on a file system that another machine serves (9p and drvfs of Windows, NFS, FUSE) is touched only when it answers a
 * child within `wait` ns, asked once per mount; else every question about it fails at once with ETIMEDOUT.  Does nothing on a captured
 * root.  For processes of one thread (it forks); the handle then belongs to that thread. */
int hr_root_guard(struct hr_root *root, uint64_t wait, struct hr_error *err) HR_MUST_USE;

/* --- files --- */
/* Appends a small file ("proc/meminfo") to `b`; its ceiling bounds what is read, and a failure leaves it as it was.  Links that lead out of the root are not
 * followed. */
int hr_root_read(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err) HR_MUST_USE;
int hr_root_list(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err) HR_MUST_USE;
/* Some of the names, at most `most`, for folders that may hold millions; *ret_cut: there are more. */
int hr_root_list_some(const struct hr_root *root, const char *path, size_t most, struct hr_names *ret, bool *ret_cut,
                      struct hr_error *err) HR_MUST_USE;
bool hr_root_exists(const struct hr_root *root, const char *path);

struct hr_root_stat {
    enum hr_kind kind;
    bool link;               /* only without `follow`: it is a symbolic link */
    uint64_t size, changed;  /* bytes; ns since 1970 */
    unsigned mode, uid, gid; /* mode: permission bits */
};
int hr_root_stat(const struct hr_root *root, const char *path, bool follow, struct hr_root_stat *ret,
                 struct hr_error *err) HR_MUST_USE;
/* Where a symbolic link points, as written in it. */
int hr_root_readlink(const struct hr_root *root, const char *path, struct hr_buf *target,
                     struct hr_error *err) HR_MUST_USE;
/* The absolute path without links, "." and ".."; relative to the working directory on this machine.  On a captured root that
 * has no answer the path stays as it is. */
int hr_root_real(const struct hr_root *root, const char *path, struct hr_buf *real, struct hr_error *err) HR_MUST_USE;

struct hr_root_fs {
    uint64_t type;                   /* f_type of statfs(2): 0xEF53 is ext4, 0x01021997 9p */
    uint64_t total, free, available; /* bytes; available to everybody */
    uint64_t files, files_free;      /* inodes; 0 and 0 where the file system does not count them */
};
int hr_root_statfs(const struct hr_root *root, const char *path, struct hr_root_fs *ret,
                   struct hr_error *err) HR_MUST_USE;

/* --- what is no file --- */
/* Appends the value of an environment variable of this process (or of the one that was captured); false: it is not set. */
bool hr_root_env(const struct hr_root *root, const char *name, struct hr_buf *value);
/* Runs a program (hr_run) that asks about the machine; on a captured root what it said there. */
int hr_root_run(const struct hr_root *root, const char *const argv[], const char *cwd, uint64_t deadline,
                struct hr_buf *out, struct hr_ran *ret, struct hr_error *err) HR_MUST_USE;
/* Anything else that can be put into text: on this machine `ask` appends it to `text`; on a captured root it is the file
 * headrace/answer/<name>.  The names in use: "kernel-log", "machine", "now", "nvml", "paths", "cuda" and
 * "fatbin-<version of a PyTorch>". */
int hr_root_answer(const struct hr_root *root, const char *name,
                   int (*ask)(void *ctx, struct hr_buf *text, struct hr_error *err), void *ctx, struct hr_buf *text,
                   struct hr_error *err) HR_MUST_USE;
/* Nanoseconds since 1970; on a captured root the moment of the capture, if it is told. */
uint64_t hr_root_now(const struct hr_root *root);
/* "x86_64", "aarch64": uname's machine. */
int hr_root_machine(const struct hr_root *root, struct hr_buf *name, struct hr_error *err) HR_MUST_USE;
/* The kernel's message buffer as dmesg prints it raw ("<6>[    1.234567] text").  Often forbidden to users. */
int hr_root_kernel_log(const struct hr_root *root, struct hr_buf *text, struct hr_error *err) HR_MUST_USE;

/* --- trouble --- */
/* How often something could not be looked at although it may well be there: the disk or the connection failed, memory or
 * descriptors ran out.  What is not there, or is forbidden, is no trouble.  With a new trouble since the last call, `last`
 * (may be NULL) says the latest of them: "/proc/stat: Input/output error".  Any thread. */
enum { HR_TROUBLE_MAX = 160 };
uint64_t hr_root_troubles(const struct hr_root *root, char last[HR_TROUBLE_MAX]);

/* --- recording --- */
/* Everything that a live root is asked from here on is told to the tape, with the answer in the form in which a captured
 * root holds it: a bundle of these is a captured root on which the same questions get the same answers. */
enum hr_root_what {
    HR_ROOT_READ, /* text: the contents of the file; the others: the line behind the first field */
    HR_ROOT_LIST,
    HR_ROOT_EXISTS,
    HR_ROOT_STAT,
    HR_ROOT_LSTAT,
    HR_ROOT_LINK,
    HR_ROOT_REAL,
    HR_ROOT_STATFS,
    HR_ROOT_ENV,
    HR_ROOT_RUN,
    HR_ROOT_ANSWER, /* text: the contents of the answer's file */
};
const char *hr_root_what_name(enum hr_root_what what); /* "stat": the file below headrace/ */
struct hr_root_tape {
    void *ctx;
    /* `path` as it was asked, without leading slashes, not escaped; `failed` 0, or the errno it failed with and no text; of an
     * answer the negative code, and the sentence as a field. */
    void (*add)(void *ctx, enum hr_root_what what, const char *path, struct hr_str text, int failed);
};
void hr_root_record(struct hr_root *root, const struct hr_root_tape *tape); /* NULL: stop */

#endif

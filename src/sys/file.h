/* Files.  Every call passes the fault counter; every error names the path. */
#ifndef HR_FILE_H
#define HR_FILE_H

#include "buf.h"
#include "err.h"

#include <sys/types.h>

/* O_CLOEXEC is always added.  The descriptor goes to *ret_fd. */
int hr_open(const char *path, int flags, unsigned mode, int *ret_fd, struct hr_error *err) HR_MUST_USE;
void hr_close(int fd); /* accepts -1 */
static inline void hr_closep(int *fd)
{
    hr_close(*fd);
}
#define HR_FD HR_CLEANUP(hr_closep) int

/* All n bytes or an error; a file that ends early is HR_E_FORMAT.  `path` is for the sentence only. */
int hr_pread_all(int fd, void *p, size_t n, uint64_t off, const char *path, struct hr_error *err) HR_MUST_USE;
/* Reads until at least `need` of the n bytes are there; what follows the end of the file is not read.  For O_DIRECT, whose
 * offsets and lengths are whole blocks while the file's length is not. */
int hr_pread_least(int fd, void *p, size_t n, size_t need, uint64_t off, const char *path, struct hr_error *err) HR_MUST_USE;
/* Tells the kernel that exactly these bytes will be read soon: it begins now and does not wait.  A hint: no error. */
void hr_read_soon(int fd, uint64_t off, uint64_t n);
/* Tells the kernel that these bytes will not be used again, so that they leave the page cache.  A hint: no error. */
void hr_drop_behind(int fd, uint64_t off, uint64_t n);
int hr_pwrite_all(int fd, const void *p, size_t n, uint64_t off, const char *path, struct hr_error *err) HR_MUST_USE;
/* 0..n bytes at the current position; 0 is the end of the file. */
int64_t hr_read_some(int fd, void *p, size_t n, const char *path, struct hr_error *err) HR_MUST_USE;
int hr_write_all(int fd, const void *p, size_t n, const char *path, struct hr_error *err) HR_MUST_USE;
int hr_fsync(int fd, const char *path, struct hr_error *err) HR_MUST_USE;
/* The bytes and what is needed to find them again, without times. */
int hr_datasync(int fd, const char *path, struct hr_error *err) HR_MUST_USE;
int hr_truncate(int fd, uint64_t size, const char *path, struct hr_error *err) HR_MUST_USE;
int hr_file_size(int fd, const char *path, uint64_t *ret_size, struct hr_error *err) HR_MUST_USE;

/* Reads a whole file into `b` (appended); past the buffer's ceiling it is HR_E_LIMIT. */
int hr_slurp(const char *path, struct hr_buf *b, struct hr_error *err) HR_MUST_USE;
/* Replaces `path` with the bytes: a temporary file beside it, fsync, rename, fsync of the folder.  Either the old or the
 * new contents are there at any moment. */
int hr_replace(const char *path, const void *p, size_t n, struct hr_error *err) HR_MUST_USE;
/* Renames and makes it durable. With `exchange` two existing names swap places (falls back to HR_E_UNSUPPORTED). */
int hr_rename(const char *from, const char *to, bool exchange, struct hr_error *err) HR_MUST_USE;
int hr_fsync_parent(const char *path, struct hr_error *err) HR_MUST_USE;

/* Takes the file for this process until the descriptor is closed, also by a crash.  false: another process has it. */
int hr_lock(int fd, const char *path, bool *ret_mine, struct hr_error *err) HR_MUST_USE;
/* Size and time of the last change (ns since 1970) of a file: together they tell whether it is still the same. */
int hr_file_stamp(const char *path, uint64_t *ret_size, uint64_t *ret_changed, struct hr_error *err) HR_MUST_USE;

enum hr_kind { HR_KIND_NONE, HR_KIND_FILE, HR_KIND_DIR, HR_KIND_OTHER };
enum hr_kind hr_path_kind(const char *path); /* follows links; NONE when it is not there or cannot be looked at */
int hr_mkdir(const char *path, bool parents, struct hr_error *err) HR_MUST_USE;
int hr_unlink(const char *path, struct hr_error *err) HR_MUST_USE;
/* Removes a folder and what is in it (no links followed).  A folder that is not there is no error. */
int hr_remove_tree(const char *path, struct hr_error *err) HR_MUST_USE;

/* The folder that this process is in; false: it cannot be told. */
bool hr_cwd(char *to, size_t n);

/* The names in a folder, sorted bytewise, without "." and "..". */
struct hr_names {
    char **name;
    size_t n;
};
int hr_list(const char *path, struct hr_names *ret, struct hr_error *err) HR_MUST_USE;
/* The first `most` of them as the file system gives them; *ret_cut: there are more.  Costs no more than these. */
int hr_list_some(const char *path, size_t most, struct hr_names *ret, bool *ret_cut,
                 struct hr_error *err) HR_MUST_USE;
void hr_names_fini(struct hr_names *n);

/* dir + "/" + name into a fresh string (hr_free); NULL: out of memory. */
char *hr_join(const char *dir, const char *name) HR_MUST_USE;

#endif

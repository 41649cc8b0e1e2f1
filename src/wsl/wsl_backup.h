/* Writing a configuration file so that it can be taken back: the old bytes go into a numbered backup beside it
 * (".wslconfig.headrace-1.bak"), then the new ones replace the file in one step.  Restoring takes the backup of the highest
 * number, so several changes are taken back one by one. */
#ifndef HR_WSL_BACKUP_H
#define HR_WSL_BACKUP_H

#include "buf.h"
#include "err.h"

enum { HR_WSL_BACKUPS_MAX = 999 };

/* `old` is what the file holds, NULL when there is none (restoring then removes the file).  `ret_backup`, of `room` bytes, gets the
 * backup's path.  When it fails, the file holds either the
 * old bytes or the new ones, whole, and a backup that was made stays. */
int hr_wsl_write(const char *path, const struct hr_str *old, struct hr_str text, char *ret_backup, size_t room, struct hr_error *err)
    HR_MUST_USE;
/* The newest backup of a file; HR_E_NOT_FOUND: none.  *ret_absent: the backup says that there was no file; `old` gets its bytes. */
int hr_wsl_backup_find(const char *path, char *ret_backup, size_t room, bool *ret_absent, struct hr_buf *old, struct hr_error *err)
    HR_MUST_USE;
/* Puts the newest backup back in place and takes it off the pile. */
int hr_wsl_restore(const char *path, char *ret_backup, size_t room, struct hr_error *err) HR_MUST_USE;

#endif

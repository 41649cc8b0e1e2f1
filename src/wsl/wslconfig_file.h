/* Where the files are: the Windows drives, the profiles on them, and which .wslconfig is this user's.  Everything is asked
 * through the root handle; nothing is walked but <drive>/Users. */
#ifndef HR_WSLCONFIG_FILE_H
#define HR_WSLCONFIG_FILE_H

#include "known.h"
#include "root.h"
#include "wsl_text.h"

enum { HR_WSL_DRIVES_MAX = 26, HR_WSL_PROFILES_MAX = 64 };

struct hr_wsl_drive {
    char letter;      /* 'C' */
    char mount[128];  /* "mnt/c": without the leading slash, as the root handle wants it */
    char type[16];    /* "9p", "virtiofs", "drvfs" */
};
struct hr_wsl_drives {
    struct hr_wsl_drive drive[HR_WSL_DRIVES_MAX];
    size_t n;
};
/* The Windows drives that are mounted.  None: n is 0. */
int hr_wsl_drives_read(const struct hr_root *root, struct hr_wsl_drives *ret, struct hr_error *err) HR_MUST_USE;
/* "C:\Users\me\x" -> "mnt/c/Users/me/x"; false: no such drive is mounted, or it is no such path, or too long. */
bool hr_wsl_path_here(const struct hr_wsl_drives *d, const char *windows_path, char *ret, size_t room);

struct hr_wsl_profile {
    char user[128];
    char path[400];         /* of its .wslconfig: "mnt/c/Users/me/.wslconfig" */
    char windows_path[400]; /* "C:\Users\me\.wslconfig" */
    bool exists;            /* the file is there */
    bool mine;              /* this session's PATH names the profile */
};
struct hr_wsl_profiles {
    struct hr_wsl_profile profile[HR_WSL_PROFILES_MAX];
    size_t n;
};
int hr_wsl_profiles_read(const struct hr_root *root, struct hr_wsl_profiles *ret, struct hr_error *err) HR_MUST_USE;

/* The .wslconfig of the user who runs this.  In this order: the profile `user` (NULL: not given); the one that PATH names; the
 * only one that has a .wslconfig; the only one.  Otherwise HR_E_NOT_FOUND with a sentence that lists the candidates: it
 * is never guessed. */
int hr_wslconfig_find(const struct hr_root *root, const char *user, struct hr_wsl_profile *ret, struct hr_error *err) HR_MUST_USE;

#endif

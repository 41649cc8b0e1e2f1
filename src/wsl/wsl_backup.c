#include "wsl_backup.h"

#include "file.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_READ = 4 << 20 };

/* The number of a backup of `base`, 0 for any other name; *ret_absent for the sign that there was no file. */
static unsigned number_of(const char *name, const char *base, bool *ret_absent)
{
    size_t n = strlen(base);
    static const char between[] = ".headrace-";
    if (strncmp(name, base, n) != 0 || strncmp(name + n, between, sizeof between - 1) != 0)
        return 0;
    const char *digits = name + n + sizeof between - 1;
    size_t k = strspn(digits, "0123456789");
    bool bak = strcmp(digits + k, ".bak") == 0, absent = strcmp(digits + k, ".absent") == 0;
    if (k == 0 || k > 3 || (!bak && !absent))
        return 0;
    *ret_absent = absent;
    return (unsigned)strtoul(digits, NULL, 10);
}

/* The highest number there is, 0: none. */
static int newest(const char *path, unsigned *ret_n, bool *ret_absent, struct hr_error *err)
{
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    HR_CLEANUP(hr_freep) char *dir = hr_malloc(n + 2);
    struct hr_names names;
    if (dir == NULL)
        return hr_fail_nomem(err, n + 2, "a folder's name");
    memcpy(dir, path, n);
    strcpy(dir + n, slash == NULL ? "." : n == 0 ? "/" : "");
    int r = hr_list(dir, &names, err);
    if (r < 0)
        return r;
    *ret_n = 0;
    for (size_t i = 0; i < names.n; i++) {
        bool absent = false;
        unsigned k = number_of(names.name[i], base, &absent);
        if (k > *ret_n) {
            *ret_n = k;
            *ret_absent = absent;
        }
    }
    hr_names_fini(&names);
    return 0;
}

static int backup_path(const char *path, unsigned n, bool absent, char *ret, size_t room, struct hr_error *err)
{
    int k = snprintf(ret, room, "%s.headrace-%u.%s", path, n, absent ? "absent" : "bak");
    return k < 0 || (size_t)k >= room ? hr_fail(err, HR_E_LIMIT, "the path '%s' is too long", path) : 0;
}

int hr_wsl_write(const char *path, const struct hr_str *old, struct hr_str text, char *ret_backup, size_t room, struct hr_error *err)
{
    unsigned n = 0;
    bool absent = false;
    int r = newest(path, &n, &absent, err);
    if (r == 0 && n >= HR_WSL_BACKUPS_MAX)
        r = hr_fail(err, HR_E_LIMIT, "there are %d backups of '%s'; remove some", HR_WSL_BACKUPS_MAX, path);
    if (r == 0)
        r = backup_path(path, n + 1, old == NULL, ret_backup, room, err);
    if (r < 0)
        return r;
    r = hr_replace(ret_backup, old != NULL ? old->p : "", old != NULL ? old->n : 0, err);
    if (r < 0)
        return r;
    return hr_replace(path, text.p, text.n, err);
}

int hr_wsl_backup_find(const char *path, char *ret_backup, size_t room, bool *ret_absent, struct hr_buf *old, struct hr_error *err)
{
    unsigned n = 0;
    bool absent = false;
    int r = newest(path, &n, &absent, err);
    if (r == 0 && n == 0)
        r = hr_fail(err, HR_E_NOT_FOUND, "there is no backup of '%s' by headrace", path);
    if (r == 0)
        r = backup_path(path, n, absent, ret_backup, room, err);
    if (r == 0)
        r = hr_slurp(ret_backup, old, err);
    if (r == 0)
        *ret_absent = absent;
    return r;
}

int hr_wsl_restore(const char *path, char *ret_backup, size_t room, struct hr_error *err)
{
    bool absent = false;
    struct hr_buf old = HR_BUF_INIT(SIZE_MAX_READ);
    int r = hr_wsl_backup_find(path, ret_backup, room, &absent, &old, err);
    if (r == 0)
        r = absent ? hr_unlink(path, err) : hr_replace(path, old.data, old.len, err);
    if (r == 0)
        r = hr_unlink(ret_backup, err);
    hr_buf_fini(&old);
    return r;
}

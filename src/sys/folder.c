#include "file.h"

#include "fault.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DEPTH_MAX = 64 };

char *hr_join(const char *dir, const char *name)
{
    size_t a = strlen(dir), b = strlen(name);
    while (a > 1 && dir[a - 1] == '/')
        a--;
    char *p = hr_malloc(a + b + 2);
    if (p == NULL)
        return NULL;
    memcpy(p, dir, a);
    p[a] = '/';
    memcpy(p + a + 1, name, b + 1);
    return p;
}

bool hr_cwd(char *to, size_t n)
{
    return !hr_fault_sys() && getcwd(to, n) != NULL;
}

enum hr_kind hr_path_kind(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return HR_KIND_NONE;
    return S_ISREG(st.st_mode) ? HR_KIND_FILE : S_ISDIR(st.st_mode) ? HR_KIND_DIR : HR_KIND_OTHER;
}

int hr_mkdir(const char *path, bool parents, struct hr_error *err)
{
    if (parents) {
        HR_CLEANUP(hr_freep) char *up = hr_strdup(path);
        if (up == NULL)
            return hr_fail_nomem(err, strlen(path) + 1, "a folder's name");
        for (char *s = up + 1; (s = strchr(s, '/')) != NULL; s++) {
            *s = 0;
            if (mkdir(up, 0777) != 0 && errno != EEXIST)
                return hr_fail_errno(err, errno, "the folder '%s' cannot be made", up);
            *s = '/';
        }
    }
    if (hr_fault_sys() || mkdir(path, 0777) != 0) {
        if (parents && errno == EEXIST && hr_path_kind(path) == HR_KIND_DIR)
            return 0;
        return hr_fail_errno(err, errno, "the folder '%s' cannot be made", path);
    }
    return 0;
}

int hr_unlink(const char *path, struct hr_error *err)
{
    if (hr_fault_sys() || unlink(path) != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be removed", path);
    return 0;
}

static int remove_at(int dirfd, const char *name, const char *shown, int depth, struct hr_error *err)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return hr_fail_errno(err, errno, "'%s' in '%s' cannot be removed", name, shown);
    if (depth == 0)
        return hr_fail(err, HR_E_LIMIT, "'%s' nests folders deeper than %d", shown, TREE_DEPTH_MAX);
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        int en = errno;
        hr_close(fd);
        return hr_fail_errno(err, en, "the folder '%s' in '%s' cannot be opened", name, shown);
    }
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = remove_at(fd, e->d_name, shown, depth - 1, err);
    closedir(d);
    if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) != 0)
        r = hr_fail_errno(err, errno, "the folder '%s' in '%s' cannot be removed", name, shown);
    return r;
}

int hr_remove_tree(const char *path, struct hr_error *err)
{
    return hr_fault_sys() ? hr_fail_errno(err, errno, "'%s' cannot be removed", path)
                          : remove_at(AT_FDCWD, path, path, TREE_DEPTH_MAX, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int hr_list_some(const char *path, size_t most, struct hr_names *ret, bool *ret_cut, struct hr_error *err)
{
    DIR *d = hr_fault_sys() ? NULL : opendir(path);
    if (d == NULL)
        return hr_fail_errno(err, errno, "the folder '%s' cannot be read", path);
    struct hr_names n = { NULL, 0 };
    size_t cap = 0;
    int r = 0;
    bool cut = false;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (n.n == most) {
            cut = true;
            break;
        }
        if (n.n == cap) {
            cap = cap != 0 ? cap * 2 : 32;
            char **more = hr_reallocarray(n.name, cap, sizeof *more);
            if (more == NULL) {
                r = hr_fail_nomem(err, cap * sizeof *more, path);
                break;
            }
            n.name = more;
        }
        if ((n.name[n.n] = hr_strdup(e->d_name)) == NULL) {
            r = hr_fail_nomem(err, strlen(e->d_name) + 1, path);
            break;
        }
        n.n++;
    }
    closedir(d);
    if (r < 0) {
        hr_names_fini(&n);
        return r;
    }
    if (n.n != 0)
        qsort(n.name, n.n, sizeof *n.name, by_name);
    *ret = n;
    *ret_cut = cut;
    return 0;
}

int hr_list(const char *path, struct hr_names *ret, struct hr_error *err)
{
    bool cut;
    return hr_list_some(path, SIZE_MAX, ret, &cut, err);
}

void hr_names_fini(struct hr_names *n)
{
    for (size_t i = 0; i < n->n; i++)
        hr_free(n->name[i]);
    hr_free(n->name);
    *n = (struct hr_names){ NULL, 0 };
}

#include "wslconfig_file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- drives --- */

/* The next field of a line of mountinfo, its \ooo escapes undone. */
static void field(struct hr_str *rest, char *out, size_t room)
{
    struct hr_str f = { NULL, 0 };
    size_t n = 0;
    hr_str_cut(rest, ' ', &f);
    for (size_t i = 0; i < f.n && n + 1 < room; i++) {
        const char *p = f.p + i;
        if (*p == '\\' && i + 3 < f.n && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
            out[n++] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            i += 3;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char upper(char c)
{
    return (char)(c & ~0x20);
}

/* The letter of a mount that is a Windows drive, or 0.  A folder of Windows that is mounted by itself (the GPU's drivers, Docker's)
 * is none. */
static char drive_letter(const char *mount, const char *type, const char *source, const char *options)
{
    const char *path = strstr(options, "path="), *last = strrchr(mount, '/');
    bool ninep = strcmp(type, "9p") == 0 && strstr(options, "aname=drvfs") != NULL;
    if (!ninep && strcmp(type, "virtiofs") != 0 && strcmp(type, "drvfs") != 0)
        return 0;
    if (is_letter(source[0]) && source[1] == ':' && (source[2] == 0 || (source[2] == '\\' && source[3] == 0)))
        return upper(source[0]);
    if (ninep && path != NULL && is_letter(path[5]) && path[6] == ':' && (path[7] == ';' || path[7] == ',' || (path[7] == '\\' && !is_letter(path[8]))))
        return upper(path[5]);
    return !ninep && last != NULL && is_letter(last[1]) && last[2] == 0 ? upper(last[1]) : 0;
}

static void one_mount(struct hr_str line, struct hr_wsl_drives *d)
{
    char skip[64], mount[400], type[64], source[400], options[600];
    for (int i = 0; i < 4; i++)
        field(&line, skip, sizeof skip);
    field(&line, mount, sizeof mount);
    do
        field(&line, skip, sizeof skip);
    while (line.p != NULL && strcmp(skip, "-") != 0);
    if (line.p == NULL)
        return;
    field(&line, type, sizeof type);
    field(&line, source, sizeof source);
    field(&line, options, sizeof options);
    struct hr_wsl_drive *to = &d->drive[d->n];
    char letter = drive_letter(mount, type, source, options);
    const char *m = mount + strspn(mount, "/");
    if (letter == 0 || d->n == HR_WSL_DRIVES_MAX || *m == 0 || strlen(m) >= sizeof to->mount || strlen(type) >= sizeof to->type)
        return;
    for (size_t i = 0; i < d->n; i++)
        if (d->drive[i].letter == letter)
            return;
    to->letter = letter;
    strcpy(to->mount, m);
    strcpy(to->type, type);
    d->n++;
}

int hr_wsl_drives_read(const struct hr_root *root, struct hr_wsl_drives *ret, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT((size_t)4 << 20);
    struct hr_wsl_drives made = { .n = 0 };
    int r = hr_root_read(root, "proc/self/mountinfo", &b, err);
    struct hr_str rest = hr_buf_str(&b), line;
    while (r == 0 && hr_str_cut(&rest, '\n', &line))
        one_mount(line, &made);
    hr_buf_fini(&b);
    if (r == 0)
        *ret = made;
    return r;
}

bool hr_wsl_path_here(const struct hr_wsl_drives *d, const char *windows_path, char *ret, size_t room)
{
    const char *w = windows_path;
    if (!is_letter(w[0]) || w[1] != ':' || (w[2] != '\\' && w[2] != '/'))
        return false;
    for (size_t i = 0; i < d->n; i++) {
        if (d->drive[i].letter != upper(w[0]))
            continue;
        int n = snprintf(ret, room, "%s%s", d->drive[i].mount, w + 2);
        if (n < 0 || (size_t)n >= room)
            return false;
        for (char *p = ret; *p != 0; p++)
            if (*p == '\\')
                *p = '/';
        return true;
    }
    return false;
}

/* --- profiles --- */

static bool nobody(const char *name)
{
    static const char *const skip[] = { "Public", "Default", "Default User", "All Users", "WDAGUtilityAccount", "defaultuser0" };
    for (size_t i = 0; i < HR_COUNT(skip); i++)
        if (strcasecmp(name, skip[i]) == 0)
            return true;
    return name[0] == '.';
}

/* PATH holds <drive>/Users/<name>/AppData/... of the Windows user, when Windows' PATH is appended. */
static bool path_names(const struct hr_buf *path, const char *drive, const char *user)
{
    char want[300];
    int n = snprintf(want, sizeof want, "/%s/Users/%s/AppData/", drive, user);
    struct hr_str rest = hr_buf_str(path), one;
    if (n < 0 || (size_t)n >= sizeof want)
        return false;
    while (hr_str_cut(&rest, ':', &one))
        if (one.n >= (size_t)n && strncasecmp(one.p, want, (size_t)n) == 0)
            return true;
    return false;
}

static int on_drive(const struct hr_root *root, const struct hr_wsl_drive *d, const struct hr_buf *path, struct hr_wsl_profiles *p,
                    struct hr_error *err)
{
    char users[160];
    struct hr_names names;
    struct hr_error why = HR_ERROR_INIT;
    snprintf(users, sizeof users, "%s/Users", d->mount);
    int r = hr_root_list(root, users, &names, &why);
    if (r < 0) /* most drives have no Users; one that cannot be listed has no profile to offer */
        return r == HR_E_NOMEM ? hr_fail(err, r, "%s", why.text) : 0;
    for (size_t i = 0; i < names.n && p->n < HR_WSL_PROFILES_MAX; i++) {
        struct hr_wsl_profile *to = &p->profile[p->n];
        struct hr_root_stat st;
        char folder[320];
        const char *user = names.name[i];
        if (nobody(user) || strlen(user) >= sizeof to->user)
            continue;
        snprintf(folder, sizeof folder, "%s/%s", users, user);
        if (hr_root_stat(root, folder, true, &st, NULL) < 0 || st.kind != HR_KIND_DIR)
            continue;
        *to = (struct hr_wsl_profile){ .mine = path_names(path, d->mount, user) };
        strcpy(to->user, user);
        snprintf(to->path, sizeof to->path, "%s/.wslconfig", folder);
        snprintf(to->windows_path, sizeof to->windows_path, "%c:\\Users\\%s\\.wslconfig", d->letter, user);
        to->exists = hr_root_stat(root, to->path, true, &st, NULL) == 0 && st.kind == HR_KIND_FILE;
        p->n++;
    }
    hr_names_fini(&names);
    return 0;
}

int hr_wsl_profiles_read(const struct hr_root *root, struct hr_wsl_profiles *ret, struct hr_error *err)
{
    struct hr_wsl_drives d;
    struct hr_buf path = HR_BUF_INIT((size_t)1 << 20);
    int r = hr_wsl_drives_read(root, &d, err);
    if (r < 0)
        return r;
    ret->n = 0;
    hr_root_env(root, "PATH", &path);
    for (size_t i = 0; i < d.n && r == 0; i++)
        r = on_drive(root, &d.drive[i], &path, ret, err);
    hr_buf_fini(&path);
    return r;
}

/* --- which one --- */

static int refuse(const struct hr_wsl_profiles *p, const char *user, struct hr_error *err)
{
    char list[600] = "";
    size_t n = 0;
    for (size_t i = 0; i < p->n && n + 1 < sizeof list; i++) {
        int k = snprintf(list + n, sizeof list - n, "%s%s%s", i == 0 ? "" : ", ", p->profile[i].user, p->profile[i].exists ? " (has one)" : "");
        if (k < 0)
            break;
        n += (size_t)k;
    }
    if (p->n == 0)
        return hr_fail(err, HR_E_NOT_FOUND, "no Windows profile was found: no Windows drive with a folder Users is mounted here; name the file "
                                            "with --file");
    if (user != NULL)
        return hr_fail(err, HR_E_NOT_FOUND, "there is no Windows profile '%s'; there are: %s", user, list);
    return hr_fail(err, HR_E_NOT_FOUND, "several Windows profiles could be yours: %s; choose with --user NAME", list);
}

int hr_wslconfig_find(const struct hr_root *root, const char *user, struct hr_wsl_profile *ret, struct hr_error *err)
{
    struct hr_wsl_profiles p;
    int r = hr_wsl_profiles_read(root, &p, err);
    if (r < 0)
        return r;
    size_t mine = 0, existing = 0, chosen = 0;
    for (size_t i = 0; i < p.n; i++) {
        if (user != NULL && strcasecmp(p.profile[i].user, user) == 0) {
            *ret = p.profile[i];
            return 0;
        }
        mine += p.profile[i].mine;
        existing += p.profile[i].exists;
    }
    if (user != NULL || (mine != 1 && existing != 1 && p.n != 1))
        return refuse(&p, user, err);
    while (mine == 1 ? !p.profile[chosen].mine : existing == 1 ? !p.profile[chosen].exists : false)
        chosen++;
    *ret = p.profile[chosen];
    return 0;
}

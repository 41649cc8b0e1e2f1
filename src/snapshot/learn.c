#include "learn.h"

#include "env.h"
#include "parse.h"
#include "root_field.h"

#include <string.h>

enum { PASSWD_MAX = 4 << 20, FIRST_PERSON = 1000, NOBODY = 65534, SECRET_LEAST = 6 };

static struct hr_str last_part(struct hr_str path)
{
    while (path.n != 0 && (path.p[path.n - 1] == '/' || path.p[path.n - 1] == '\\'))
        path.n--;
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/' || path.p[i - 1] == '\\')
            return (struct hr_str) { path.p + i, path.n - i };
    return path;
}

static bool among(struct hr_str s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (hr_str_is(s, list[i]))
            return true;
    return false;
}

/* "/mnt/c/Users/Tricia McMillan/AppData/...:" of a PATH that Windows gave. */
static int profiles(struct hr_redact *r, struct hr_str path, struct hr_error *err)
{
    static const char folder[] = "/Users/";
    int k = 0;
    for (const char *p; k == 0 && (p = memmem(path.p, path.n, folder, sizeof folder - 1)) != NULL;) {
        path.n -= (size_t)(p + sizeof folder - 1 - path.p);
        path.p = p + sizeof folder - 1;
        struct hr_str name = { path.p, 0 };
        while (name.n < path.n && path.p[name.n] != '/' && path.p[name.n] != ':')
            name.n++;
        k = hr_redact_know(r, HR_SECRET_USER, name, err);
    }
    return k;
}

static int variable(struct hr_redact *r, struct hr_str name, struct hr_str value, struct hr_error *err)
{
    static const char *const users[] = { "USER", "LOGNAME", "SUDO_USER", "USERNAME", "LC_USER" };
    static const char *const homes[] = { "HOME", "USERPROFILE" };
    static const char *const hosts[] = { "HOSTNAME", "COMPUTERNAME", "HOST", "NAME", "USERDOMAIN" };
    if (among(name, users, HR_COUNT(users)))
        return hr_redact_know(r, HR_SECRET_USER, value, err);
    if (among(name, homes, HR_COUNT(homes)))
        return hr_redact_know(r, HR_SECRET_USER, last_part(value), err);
    if (hr_str_is(name, "PATH"))
        return profiles(r, value, err);
    if (among(name, hosts, HR_COUNT(hosts)))
        return hr_redact_know(r, HR_SECRET_HOST, value, err);
    /* a path is the place of a secret, not one */
    if (hr_redact_is_secret_name(name) && value.n >= SECRET_LEAST && value.p[0] != '/')
        return hr_redact_know(r, HR_SECRET_PASS, value, err);
    return 0;
}

static int environment(struct hr_redact *r, struct hr_error *err)
{
    const char *one;
    int k = 0;
    for (size_t i = 0; k == 0 && (one = hr_env_at(i)) != NULL; i++) {
        struct hr_str value = hr_str(one), name;
        if (hr_str_cut(&value, '=', &name) && value.p != NULL)
            k = variable(r, name, value, err);
    }
    return k;
}

/* Accounts of people: the name, and the name written out ("Zaphod Beeblebrox,,,"). */
static int accounts(struct hr_redact *r, struct hr_str text, struct hr_error *err)
{
    struct hr_str line, f[6], full;
    int k = 0;
    while (k == 0 && text.n != 0 && hr_str_cut(&text, '\n', &line)) {
        uint64_t uid = 0;
        size_t n = 0;
        while (n < HR_COUNT(f) && hr_str_cut(&line, ':', &f[n]))
            n++;
        if (n < HR_COUNT(f) || hr_parse_u64(f[2], &uid, NULL) < 0 || uid < FIRST_PERSON || uid >= NOBODY)
            continue;
        k = hr_redact_know(r, HR_SECRET_USER, f[0], err);
        if (k == 0 && hr_str_cut(&f[4], ',', &full) && memchr(full.n != 0 ? full.p : "", ' ', full.n) != NULL)
            k = hr_redact_know(r, HR_SECRET_USER, full, err);
    }
    return k;
}

static int host(struct hr_redact *r, struct hr_str name, struct hr_error *err)
{
    name = hr_str_trim(name);
    struct hr_str domain = name, first;
    int k = hr_redact_know(r, HR_SECRET_HOST, name, err);
    if (k == 0 && hr_str_cut(&domain, '.', &first) && domain.p != NULL)
        k = hr_redact_know(r, HR_SECRET_HOST, first, err);
    return k;
}

int hr_learn_machine(struct hr_redact *r, const struct hr_root *root, struct hr_error *err)
{
    static const char *const names[] = { "proc/sys/kernel/hostname", "etc/hostname", "proc/sys/kernel/domainname" };
    struct hr_buf text = HR_BUF_INIT(PASSWD_MAX);
    int k = environment(r, err);
    if (k == 0 && hr_root_read(root, "etc/passwd", &text, NULL) == 0)
        k = accounts(r, hr_buf_str(&text), err);
    for (size_t i = 0; k == 0 && i < HR_COUNT(names); i++) {
        hr_buf_reset(&text);
        if (hr_root_read(root, names[i], &text, NULL) == 0)
            k = host(r, hr_buf_str(&text), err);
    }
    hr_buf_fini(&text);
    return k;
}

/* --- from the recording --- */

/* Folders that hold one folder per person. */
static bool holds_people(struct hr_str path)
{
    return hr_str_is(path, "home") || hr_str_ends(path, "/home") || hr_str_ends(path, "/Users");
}

static int people(struct hr_redact *r, struct hr_str text, struct hr_error *err)
{
    struct hr_buf name = HR_BUF_INIT(4096);
    struct hr_str field;
    int k = 0;
    while (k == 0 && text.n != 0 && hr_str_cut(&text, ' ', &field)) {
        hr_buf_reset(&name);
        if (hr_field_read(field, &name))
            k = hr_redact_know(r, HR_SECRET_USER, hr_buf_str(&name), err);
    }
    hr_buf_fini(&name);
    return k;
}

/* "search corp.example.org lab.example.org" of resolv.conf. */
static int domains(struct hr_redact *r, struct hr_str text, struct hr_error *err)
{
    struct hr_str line, word;
    int k = 0;
    while (k == 0 && text.n != 0 && hr_str_cut(&text, '\n', &line)) {
        if (!hr_str_cut(&line, ' ', &word) || (!hr_str_is(word, "search") && !hr_str_is(word, "domain")))
            continue;
        while (k == 0 && hr_str_cut(&line, ' ', &word))
            if (memchr(word.n != 0 ? word.p : "", '.', word.n) != NULL && word.n > 3)
                k = hr_redact_know(r, HR_SECRET_HOST, word, err);
    }
    return k;
}

/* The server of "server:/export" and "//server/share" in a table of mounts. */
static int servers(struct hr_redact *r, struct hr_str text, struct hr_error *err)
{
    int k = 0;
    for (size_t i = 1; k == 0 && i + 3 < text.n; i++) {
        struct hr_str name = { NULL, 0 };
        bool word = text.p[i - 1] == ' ' || text.p[i - 1] == '\n';
        if (word && text.p[i] == '/' && text.p[i + 1] == '/') {
            name.p = text.p + i + 2;
            while (i + 2 + name.n < text.n && name.p[name.n] != '/' && (unsigned char)name.p[name.n] > ' ')
                name.n++;
        } else if (text.p[i] == ':' && text.p[i + 1] == '/' && text.p[i + 2] != '/') {
            size_t from = i;
            while (from > 0 && (unsigned char)text.p[from - 1] > ' ' && strchr(",=:\"/", text.p[from - 1]) == NULL)
                from--;
            name = (struct hr_str) { text.p + from, i - from };
        }
        if (name.n > 2)
            k = hr_redact_know(r, HR_SECRET_HOST, name, err);
    }
    return k;
}

int hr_learn_recording(struct hr_redact *r, const struct hr_recording *rec, struct hr_error *err)
{
    const struct hr_recorded *e;
    size_t n = hr_recording_list(rec, &e);
    int k = 0;
    for (size_t i = 0; k == 0 && i < n; i++) {
        struct hr_str path = hr_str(e[i].path), text = { e[i].text, e[i].n };
        if (e[i].text == NULL)
            continue;
        if (e[i].what == HR_ROOT_LIST && holds_people(path))
            k = people(r, text, err);
        else if (e[i].what == HR_ROOT_READ && hr_str_is(path, "etc/passwd"))
            k = accounts(r, text, err);
        else if (e[i].what == HR_ROOT_READ && hr_str_is(path, "etc/resolv.conf"))
            k = domains(r, text, err);
        else if (e[i].what == HR_ROOT_READ && (hr_str_ends(path, "/mounts") || hr_str_ends(path, "/mountinfo")))
            k = servers(r, text, err);
    }
    return k;
}

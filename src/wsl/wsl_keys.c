#include "wsl_keys.h"

#include <string.h>
#include <strings.h>

#define V(a, b, c) HR_WSL_VERSION(a, b, c)
#define K(f, sec, nm, ty, words_, def_, deft, unit_, since_, ver, st, inst, what_, note_) \
    { HR_WSL_WSL##f, sec, nm, HR_WSL_##ty, words_, def_, deft, unit_, since_, ver, HR_WSL_##st, inst, what_, note_ },
const struct hr_wsl_key hr_wsl_keys[] = {
#include "wsl_keys.def"
};
#undef K
#undef V
const size_t hr_wsl_keys_n = HR_COUNT(hr_wsl_keys);

bool hr_wsl_same_word(struct hr_str a, struct hr_str b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static bool names(const struct hr_wsl_key *k, struct hr_str full)
{
    if (((full.p[0] ^ k->section[0]) & ~0x20) != 0)
        return false;
    size_t s = strlen(k->section), n = strlen(k->name);
    return full.n == s + 1 + n && full.p[s] == '.' && strncasecmp(full.p, k->section, s) == 0 &&
           strncasecmp(full.p + s + 1, k->name, n) == 0;
}

const struct hr_wsl_key *hr_wsl_key_find(enum hr_wsl_file file, struct hr_str full)
{
    for (size_t i = 0; i < hr_wsl_keys_n && full.n != 0; i++)
        if (hr_wsl_keys[i].file == file && names(&hr_wsl_keys[i], full))
            return &hr_wsl_keys[i];
    return NULL;
}

const struct hr_wsl_key *hr_wsl_key_main(const struct hr_wsl_key *k)
{
    return k->status == HR_WSL_ALIAS ? hr_wsl_key_find(k->file, hr_str(k->instead)) : k;
}

const struct hr_wsl_key *hr_wsl_key_named(enum hr_wsl_file file, struct hr_str name)
{
    if (name.n != 0 && memchr(name.p, '.', name.n) != NULL) {
        const struct hr_wsl_key *k = hr_wsl_key_find(file, name);
        return k != NULL && hr_wsl_key_accepted(k) ? k : NULL;
    }
    const struct hr_wsl_key *found = NULL;
    for (size_t i = 0; i < hr_wsl_keys_n; i++) {
        const struct hr_wsl_key *k = &hr_wsl_keys[i];
        if (k->file != file || !hr_wsl_key_accepted(k) || k->status == HR_WSL_ALIAS || !hr_wsl_same_word(name, hr_str(k->name)))
            continue;
        if (found != NULL)
            return NULL;
        found = k;
    }
    return found;
}

bool hr_wsl_section_known(enum hr_wsl_file file, struct hr_str section)
{
    for (size_t i = 0; i < hr_wsl_keys_n; i++)
        if (hr_wsl_keys[i].file == file && hr_wsl_same_word(section, hr_str(hr_wsl_keys[i].section)))
            return true;
    return false;
}

const char *hr_wsl_file_name(enum hr_wsl_file file)
{
    return file == HR_WSL_WSLCONFIG ? ".wslconfig" : "wsl.conf";
}

const char *hr_wsl_type_name(enum hr_wsl_type type)
{
    static const char *const name[] = { "true or false",
                                        "a whole number",
                                        "a size",
                                        "one of a few words",
                                        "a text",
                                        "a Windows path",
                                        "a network card's address",
                                        "an IPv4 address",
                                        "ports",
                                        "nothing" };
    return name[type];
}

const char *hr_wsl_status_name(enum hr_wsl_status s)
{
    static const char *const name[] = { "works",   "works, not documented", "ignored",      "old name",
                                        "removed", "wrong section",         "never existed" };
    return name[s];
}

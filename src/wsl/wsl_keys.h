/* The keys of .wslconfig and /etc/wsl.conf: one table (wsl_keys.def) for the parser, the linter and `explain`. */
#ifndef HR_WSL_KEYS_H
#define HR_WSL_KEYS_H

#include "wsl_text.h"

enum hr_wsl_type {
    HR_WSL_BOOL,
    HR_WSL_INT,
    HR_WSL_SIZE,
    HR_WSL_ENUM,
    HR_WSL_STRING,
    HR_WSL_PATH, /* a Windows path */
    HR_WSL_MAC,
    HR_WSL_IPV4,
    HR_WSL_PORTS, /* 1..65535, separated by commas */
    HR_WSL_NONE   /* of a key that is not accepted */
};

enum hr_wsl_status {
    HR_WSL_ACTIVE,
    HR_WSL_HIDDEN,  /* works, but is not documented by Microsoft */
    HR_WSL_IGNORED, /* accepted, and without effect */
    HR_WSL_ALIAS,   /* works, under an old name of the key `instead` */
    HR_WSL_REMOVED, /* from here on: unknown to today's WSL */
    HR_WSL_MISPLACED,
    HR_WSL_NEVER
};

struct hr_wsl_key {
    enum hr_wsl_file file;
    const char *section, *name;
    enum hr_wsl_type type;
    const char *words; /* ENUM: "v1|v2" */
    const char *def;   /* the default as a value, or NULL: it depends */
    const char *def_text;
    const char *unit; /* NULL: none */
    const char *since;
    uint32_t version; /* HR_WSL_VERSION(2, 0, 0), or 0: not known */
    enum hr_wsl_status status;
    const char *instead; /* "experimental.autoMemoryReclaim", or NULL */
    const char *what, *note;
};

#define HR_WSL_VERSION(major, minor, patch) ((uint32_t)(major) << 20 | (uint32_t)(minor) << 10 | (uint32_t)(patch))

extern const struct hr_wsl_key hr_wsl_keys[];
extern const size_t hr_wsl_keys_n;

static inline bool hr_wsl_key_accepted(const struct hr_wsl_key *k)
{
    return k->status < HR_WSL_REMOVED;
}
/* The row of "section.name" whatever the letters' case; accepted or not.  NULL: no row. */
const struct hr_wsl_key *hr_wsl_key_find(enum hr_wsl_file file, struct hr_str full);
/* The row that holds the value: that of `instead` for an alias, else the row itself. */
const struct hr_wsl_key *hr_wsl_key_main(const struct hr_wsl_key *k);
/* An accepted row by "section.name", or by its bare name where only one section has it ("memory", but not "enabled").  NULL:
 * none, or more than one. */
const struct hr_wsl_key *hr_wsl_key_named(enum hr_wsl_file file, struct hr_str name);
/* The section exists in that file. */
bool hr_wsl_section_known(enum hr_wsl_file file, struct hr_str section);
const char *hr_wsl_file_name(enum hr_wsl_file file);  /* ".wslconfig" */
const char *hr_wsl_type_name(enum hr_wsl_type type);  /* "a size" */
const char *hr_wsl_status_name(enum hr_wsl_status s); /* "removed" */
/* a equals b but for the case of ASCII letters. */
bool hr_wsl_same_word(struct hr_str a, struct hr_str b);

#endif

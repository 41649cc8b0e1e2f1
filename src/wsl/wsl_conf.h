/* One of WSL's two configuration files, read exactly as WSL reads it: the same keys are found, the same values, the same
 * lines are lost, and the same warnings are given, in Microsoft's words.  Nothing of the file is lost here: every entry knows
 * the characters it came from, so that lint.h can point and wsl_edit.h can change it.
 *
 *   struct hr_wsl_conf c;
 *   if (hr_wsl_conf_parse(&c, HR_WSL_WSLCONFIG, bytes, "C:\\Users\\me\\.wslconfig", err) < 0) ...
 *   const struct hr_wsl_entry *e = hr_wsl_conf_get(&c, "wsl2.memory");
 *   hr_wsl_conf_fini(&c);
 *
 * The grammar (microsoft/WSL, src/shared/configfile):
 * - '#' outside quotes begins a comment; ';' does not.
 * - A header is '[' letter (letter|digit)* ']' and then only blanks or a comment.  A bad one whose name had begun leaves its
 *   letters, cut or padded with zeros to the length of the section before, as the section of the keys that follow.
 * - A key is letter (letter|digit)*, blanks, '='.
 * - A value runs to the end of the line; '"' toggles quoting; backslash goes before \ " b n t and the line end, and before
 *   nothing else.
 * - The first of two settings of one key counts, also when its value is invalid.
 * - After a bad line .wslconfig goes on with the next one; wsl.conf is left there, and what follows is lost. */
#ifndef HR_WSL_CONF_H
#define HR_WSL_CONF_H

#include "arena.h"
#include "wsl_keys.h"

enum hr_wsl_fate {
    HR_WSL_COUNTS,    /* it is in force */
    HR_WSL_UNKNOWN,   /* no such key: a warning */
    HR_WSL_DUPLICATE, /* `first` was there before */
    HR_WSL_BAD_VALUE  /* the default stays in force, and later settings of the key count as duplicates */
};

struct hr_wsl_entry {
    const char *name;  /* "wsl2.memory", as the file spells it; what WSL looks up */
    const char *value; /* decoded; ends at a zero character, as it does for WSL */
    enum hr_wsl_fate fate;
    const struct hr_wsl_key *key;     /* the row, also of keys that are not accepted; NULL: none */
    const struct hr_wsl_entry *first; /* of a DUPLICATE */
    bool wide;                        /* the value holds characters beyond ASCII */
    uint32_t line, last_line;         /* from 1, as an editor counts; a value may be continued */
    uint32_t told_line;               /* as WSL counts: it runs ahead in a wsl.conf with CR LF */
    /* characters of hr_wsl_text: the key's name, and the value as written, without blanks around it */
    uint32_t key_at, key_end, value_at, value_end;
};

enum hr_wsl_warns {
    HR_WSL_W_UNKNOWN_KEY,
    HR_WSL_W_INT,
    HR_WSL_W_BOOL,
    HR_WSL_W_SIZE,
    HR_WSL_W_ENUM,
    HR_WSL_W_MAC, /* not a warning: the virtual machine does not start */
    HR_WSL_W_IP,
    HR_WSL_W_DUPLICATE,
    HR_WSL_W_KEY_NAME, /* from here on: the whole line is bad */
    HR_WSL_W_SECTION_NAME,
    HR_WSL_W_NO_BRACKET,
    HR_WSL_W_AFTER_HEADER,
    HR_WSL_W_NO_EQUALS,
    HR_WSL_W_ESCAPE,
    HR_WSL_W_QUOTE
};

struct hr_wsl_warning {
    enum hr_wsl_warns kind;
    const char *text;         /* Microsoft's, without "wsl: " */
    uint32_t line, last_line; /* the last one is the one that is bad */
    uint32_t told_line;
    uint32_t at;                      /* the character that was not expected */
    uint32_t key_at, key_end;         /* of a bad line, once a key's name was read; else equal */
    const struct hr_wsl_entry *entry; /* NULL: of a line that is bad as a whole */
};

/* A header that was read well; for the editor. */
struct hr_wsl_header {
    const char *name;
    uint32_t line, at; /* at: the '[' */
    uint32_t entries;  /* how many entries stood before it */
};

struct hr_wsl_conf {
    struct hr_wsl_text text;
    const char *name; /* the file, for messages; copied */
    struct hr_arena arena;
    struct hr_wsl_entry **entry;
    struct hr_wsl_warning **warning;
    struct hr_wsl_header **header;
    uint32_t entries, warnings, headers;
    uint32_t stopped; /* wsl.conf: the line (from 1) at which reading ended; 0: it was read to the end */
};

/* `bytes` must outlive the result.  HR_E_LIMIT: longer than HR_WSL_SIZE_MAX, or more than
 * 10,000 settings or bad lines.  Nothing else that the file says makes it fail. */
int hr_wsl_conf_parse(struct hr_wsl_conf *c, enum hr_wsl_file file, struct hr_str bytes, const char *name,
                      struct hr_error *err) HR_MUST_USE;
void hr_wsl_conf_fini(struct hr_wsl_conf *c);

/* The setting that is in force for a key (or for the key that it is an alias of); NULL: the default is. */
const struct hr_wsl_entry *hr_wsl_conf_get(const struct hr_wsl_conf *c, const char *full_name);
/* The same by row. */
const struct hr_wsl_entry *hr_wsl_conf_of(const struct hr_wsl_conf *c, const struct hr_wsl_key *key);

#endif

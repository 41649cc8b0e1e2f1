/* The option engine.  An option is one row of a table; the parser, --help, the manual page, the completions and the JSON
 * description all read that row.
 *
 *   struct args {
 *       const char *dataset;
 *       uint64_t chunk;
 *       enum color color;
 *       struct hr_strings field;
 *   };
 *   static const struct hr_opt opts[] = {
 *       HR_ARG_STRING(struct args, dataset, "DATASET", "the dataset to look at"),
 *       HR_OPT_HEADING("What to show"),
 *       HR_OPT_SIZE(struct args, chunk, 'c', "chunk-size", "SIZE", "256KiB", 4096, 1 << 30, "target size of a chunk"),
 *       HR_OPT_CHOICE(struct args, color, 0, "color", "WHEN", "auto", colors, "use colours"),
 *       HR_OPT_LIST(struct args, field, 'f', "field", "NAME", "show only this field"),
 *       HR_OPT_END,
 *   };
 *
 * A member of the wrong type does not compile.  What a row says, in its columns:
 *   letter   the short form, or 0
 *   name     the long form without its dashes; of a positional, the word shown for it
 *   arg      the word shown for the value.  FILE, DATASET, SOURCE and ROOT complete to files, DIR to folders
 *   def      the default.  Written as a user would write it and parsed as such, so help and value are one; or words in
 *            parentheses, "(all CPUs)", which are shown only: the member keeps what the command's init put there; or NULL
 *   lo, hi   the range, in the member's unit (bytes for sizes, nanoseconds for durations)
 *   help     begins in lower case, no full stop at the end
 * More columns are set by name behind the help: `.required = true`, `.split = ','`, `.hidden = true`.
 *
 * What is understood: --name value, --name=value, -n value, -nvalue, flags grouped as -qv, --no-name for every flag,
 * options before and after positionals, "--" before positionals that begin with a dash, "-" as a positional.  Of a command
 * to be run (`.rest`) the first word ends them, as with nice and env: "headrace build make -j6" is make's -j.  Long names
 * are written in full: an abbreviation that is clear today would break a script tomorrow.  The last value wins; a list
 * gathers them all. */
#ifndef HR_OPT_H
#define HR_OPT_H

#include "buf.h"
#include "err.h"
#include "json_write.h"
#include "spelling.h"
#include "str.h"

enum hr_opt_type {
    HR_OPT_T_END,
    HR_OPT_T_HEADING,  /* name is the heading of the rows that follow */
    HR_OPT_T_HELP,     /* bool; stops the parser, so that nothing is missing when help is asked for */
    HR_OPT_T_FLAG,     /* bool; def "on" or NULL */
    HR_OPT_T_INT,      /* int */
    HR_OPT_T_U64,      /* uint64_t */
    HR_OPT_T_SIZE,     /* uint64_t, bytes: "4096", "512KiB", "1.5G" */
    HR_OPT_T_DURATION, /* uint64_t, nanoseconds: "250ms", "10s", "2h" */
    HR_OPT_T_FLOAT,    /* double, never NaN */
    HR_OPT_T_STRING,   /* const char *, into argv or the table; NULL when there is no default */
    HR_OPT_T_CHOICE,   /* an enum (or int): the value of one of `choices` */
    HR_OPT_T_LIST,     /* struct hr_strings, owned by it: freed by hr_opt_fini */
};

/* One legal value of a CHOICE; a table of them ends with a NULL name. */
struct hr_choice {
    const char *name;
    int value;
    const char *help; /* a few words, or NULL */
};

/* A growing list of strings; item[n] is NULL, also when empty lists have an array at all. */
struct hr_strings {
    const char **item;
    size_t n;
};

union hr_opt_bound {
    int i;
    uint64_t u;
    double f;
};

struct hr_opt {
    enum hr_opt_type type;
    char letter;
    bool positional;
    bool required;
    bool hidden; /* works, but is shown nowhere */
    bool rest;   /* a positional LIST: from its first word on everything is its own, dashes and all */
    char split;  /* LIST: a value is also cut at this character */
    const char *name, *arg, *def, *help;
    size_t offset;
    union hr_opt_bound lo, hi;
    const struct hr_choice *choices;
};

/* The member's offset, and a compile error when its type is none of the wanted (an array of negative size). */
#define HR_OPT_AT(T, member, want) \
    (offsetof(T, member) + 0 * sizeof(char[_Generic(((T *)0)->member, want : 1, default : -1)]))
#define HR_OPT_AT_ENUM(T, member) \
    (offsetof(T, member) + 0 * sizeof(char[_Generic(((T *)0)->member, int : 1, unsigned : 1, default : -1)]))

#define HR_OPT_HEADING(text)                     \
    {                                            \
        .type = HR_OPT_T_HEADING, .name = (text) \
    }
#define HR_OPT_END           \
    {                        \
        .type = HR_OPT_T_END \
    }
#define HR_OPT_HELP(T, m, l, n, h)                                                                      \
    {                                                                                                   \
        .type = HR_OPT_T_HELP, .letter = (l), .name = (n), .help = (h), .offset = HR_OPT_AT(T, m, bool) \
    }
#define HR_OPT_FLAG(T, m, l, n, d, h, ...)                                                                           \
    {                                                                                                                \
        .type = HR_OPT_T_FLAG, .letter = (l), .name = (n), .def = (d), .help = (h), .offset = HR_OPT_AT(T, m, bool), \
        __VA_ARGS__                                                                                                  \
    }
#define HR_OPT_INT(T, m, l, n, a, d, least, most, h, ...)                                                          \
    {                                                                                                              \
        .type = HR_OPT_T_INT, .letter = (l), .name = (n), .arg = (a), .def = (d), .lo.i = (least), .hi.i = (most), \
        .help = (h), .offset = HR_OPT_AT(T, m, int), __VA_ARGS__                                                   \
    }
#define HR_OPT_U64(T, m, l, n, a, d, least, most, h, ...)                                                          \
    {                                                                                                              \
        .type = HR_OPT_T_U64, .letter = (l), .name = (n), .arg = (a), .def = (d), .lo.u = (least), .hi.u = (most), \
        .help = (h), .offset = HR_OPT_AT(T, m, uint64_t), __VA_ARGS__                                              \
    }
#define HR_OPT_SIZE(T, m, l, n, a, d, least, most, h, ...)                                                          \
    {                                                                                                               \
        .type = HR_OPT_T_SIZE, .letter = (l), .name = (n), .arg = (a), .def = (d), .lo.u = (least), .hi.u = (most), \
        .help = (h), .offset = HR_OPT_AT(T, m, uint64_t), __VA_ARGS__                                               \
    }
#define HR_OPT_DURATION(T, m, l, n, a, d, least, most, h, ...)                                          \
    {                                                                                                   \
        .type = HR_OPT_T_DURATION, .letter = (l), .name = (n), .arg = (a), .def = (d), .lo.u = (least), \
        .hi.u = (most), .help = (h), .offset = HR_OPT_AT(T, m, uint64_t), __VA_ARGS__                   \
    }
#define HR_OPT_FLOAT(T, m, l, n, a, d, least, most, h, ...)                                                          \
    {                                                                                                                \
        .type = HR_OPT_T_FLOAT, .letter = (l), .name = (n), .arg = (a), .def = (d), .lo.f = (least), .hi.f = (most), \
        .help = (h), .offset = HR_OPT_AT(T, m, double), __VA_ARGS__                                                  \
    }
#define HR_OPT_STRING(T, m, l, n, a, d, h, ...)                                                   \
    {                                                                                             \
        .type = HR_OPT_T_STRING, .letter = (l), .name = (n), .arg = (a), .def = (d), .help = (h), \
        .offset = HR_OPT_AT(T, m, const char *), __VA_ARGS__                                      \
    }
#define HR_OPT_CHOICE(T, m, l, n, a, d, legal, h, ...)                                                                \
    {                                                                                                                 \
        .type = HR_OPT_T_CHOICE, .letter = (l), .name = (n), .arg = (a), .def = (d), .choices = (legal), .help = (h), \
        .offset = HR_OPT_AT_ENUM(T, m), __VA_ARGS__                                                                   \
    }
#define HR_OPT_LIST(T, m, l, n, a, h, ...)                                          \
    {                                                                               \
        .type = HR_OPT_T_LIST, .letter = (l), .name = (n), .arg = (a), .help = (h), \
        .offset = HR_OPT_AT(T, m, struct hr_strings), __VA_ARGS__                   \
    }

/* Positionals, in their order; a list takes all that are left and stands last.  Required unless `.required = false`
 * follows; any other row becomes a positional by `.positional = true`. */
#define HR_ARG_STRING(T, m, n, h, ...)                                                                       \
    {                                                                                                        \
        .type = HR_OPT_T_STRING, .positional = true, .required = true, .name = (n), .arg = (n), .help = (h), \
        .offset = HR_OPT_AT(T, m, const char *), __VA_ARGS__                                                 \
    }
#define HR_ARG_LIST(T, m, n, h, ...)                                                                       \
    {                                                                                                      \
        .type = HR_OPT_T_LIST, .positional = true, .required = true, .name = (n), .arg = (n), .help = (h), \
        .offset = HR_OPT_AT(T, m, struct hr_strings), __VA_ARGS__                                          \
    }

enum { HR_OPT_ROWS_MAX = 128 };

/* A table and the struct it fills.  A command is parsed with two parts: its own and the common options. */
struct hr_opt_part {
    const struct hr_opt *opts;
    void *into;
    bool given[HR_OPT_ROWS_MAX]; /* by row: the user wrote it */
};

/* Puts every default into the struct; lists become empty.  Fails only on a default that the row itself would refuse. */
int hr_opt_defaults(const struct hr_opt *opts, void *into, struct hr_error *err) HR_MUST_USE;
/* Frees the lists. */
void hr_opt_fini(const struct hr_opt *opts, void *into);

enum { HR_OPT_ASKED_HELP = 1 };
/* Reads argv[0..argc) (without the program's name).  0, HR_OPT_ASKED_HELP, or negative with a sentence about the first
 * argument that is wrong.  With `ret_first` not NULL the parser stops at the first positional and gives its index (argc
 * when there is none), and required rows are not asked for: so that "headrace --json pack" finds its command. */
int hr_opt_parse(struct hr_opt_part *parts, size_t n, int argc, char *const *argv, int *ret_first,
                 struct hr_error *err) HR_MUST_USE;
bool hr_opt_given(const struct hr_opt_part *part, const char *name);

/* Checks a table for defects of the programmer: names twice, a default out of range, a list before another positional,
 * help missing or badly shaped.  The tests call it for every command. */
int hr_opt_check(const struct hr_opt *opts, struct hr_error *err) HR_MUST_USE;

/* --- values --- */
/* Parses one value into the member of the row; lists grow by it. */
int hr_opt_set(const struct hr_opt *o, void *into, struct hr_str text, struct hr_error *err) HR_MUST_USE;
/* Appends the range of a row in words, "1 to 64" or "at least 4 KiB"; nothing when there is none. */
void hr_opt_range(const struct hr_opt *o, struct hr_buf *out);
static inline bool hr_opt_takes_value(const struct hr_opt *o)
{
    return o->type >= HR_OPT_T_INT;
}
static inline bool hr_opt_is_shown(const struct hr_opt *o)
{
    return o->type >= HR_OPT_T_HELP && !o->hidden;
}

/* --- what is generated from the tables --- */
struct hr_example {
    const char *does, *line; /* "pack a folder of JSON chunks", "headrace pack raw/ -o traffic" */
};
/* Everything there is to tell about a command, for the writers below. */
struct hr_opt_page {
    const char *program, *command; /* "headrace", "pack"; command NULL for the program itself */
    const char *summary;           /* one line, begins in lower case, no full stop */
    const struct hr_opt *opts, *common;
    const struct hr_example *examples; /* ends with a NULL line; NULL = none */
};

void hr_opt_usage(const struct hr_opt_page *page,
                  struct hr_buf *out); /* "headrace pack [OPTION]... SOURCE... -o DATASET" */
void hr_opt_help(const struct hr_opt_page *page, unsigned width, bool color, struct hr_buf *out);
void hr_opt_json(const struct hr_opt *opts, struct hr_jw *w); /* an array with one object per row */
/* The help of one row with everything the table adds: "target size (4 KiB to 1 GiB; default: 256KiB)". */
void hr_opt_describe(const struct hr_opt *o, struct hr_buf *out);
/* The manual page in roff.  `prose` is Markdown (md_roff.h): what stands before its first heading becomes the description,
 * its sections follow the options.  `see_also`: "headrace(1), headrace-verify(1)"; may be NULL. */
void hr_opt_man(const struct hr_opt_page *page, const char *version, struct hr_str prose, const char *see_also,
                struct hr_buf *out);
/* The same for the web: a section of docs/reference/cli.md. */
void hr_opt_md(const struct hr_opt_page *page, struct hr_str prose, struct hr_buf *out);
/* Completions of the whole program. */
void hr_opt_bash(const struct hr_opt_page *pages, size_t n, struct hr_buf *out);
void hr_opt_zsh(const struct hr_opt_page *pages, size_t n, struct hr_buf *out);
void hr_opt_fish(const struct hr_opt_page *pages, size_t n, struct hr_buf *out);
/* What the value of a row is completed to, told by its word `arg`. */
enum hr_completes { HR_COMPLETES_NOTHING, HR_COMPLETES_FILE, HR_COMPLETES_DIR, HR_COMPLETES_CHOICE };
enum hr_completes hr_opt_completes(const struct hr_opt *o);

#endif

/* What a subcommand is made of.  A command is one file and holds no logic: it turns options into a call of the library
 * and prints what comes back.
 *
 * How to add a command:
 *   1. Write src/cli/cmd_<name>.c: a struct for the arguments, the table of options (opt.h), examples, and
 *          static int run(struct hr_cli *cli, void *args, struct hr_error *err);
 *          const struct hr_command hr_cmd_<name> = { opts, sizeof(struct args), init, run, examples };
 *   2. List the file in src/cli/CMakeLists.txt, one per line.
 *   3. Add one row to commands.def: group, name, one line of purpose.
 *   4. Write docs/man/<name>.md: what it does, its files, what to watch for.  Options and examples are not repeated there.
 *   5. Add a test of what it does to tests/py/test_cli_<name>.py; that its help, errors, completions and manual page are in
 *      order is tested for every row of commands.def already.
 *   6. `ninja -C build docs` writes docs/reference/cli.md again; commit it.
 *
 * Output: results go to hr_print (standard output), notes and progress to standard error.  Nothing else prints.
 * Exit status: run returns 0 (done), negative with a sentence in *err (failed: printed once, status 1; status 2 when it
 * went through hr_cli_usage; HR_E_CANCELLED without a sentence: the report says it), or HR_CLI_FAILED when the result itself, already printed, says that something is wrong;
 * HR_CLI_BAD, where a command tells two degrees of it apart, is the worse one.  A command that runs another program returns
 * HR_CLI_STATUS and leaves that program's exit status in cli->status. */
#ifndef HR_CLI_H
#define HR_CLI_H

#include "common_opts.h"
#include "err.h"
#include "json_write.h"
#include "opt.h"
#include "table.h"

enum { HR_CLI_FAILED = 1, HR_CLI_BAD = 2, HR_CLI_STATUS = 3 };
enum hr_exit { HR_EXIT_OK = 0, HR_EXIT_FAILED = 1, HR_EXIT_USAGE = 2, HR_EXIT_BAD = 2 };

struct hr_cli {
    const struct hr_common *common;
    const char *command;
    const struct hr_opt_part *given; /* the command's own part, for hr_opt_given */
    bool color;                      /* standard output takes colours */
    bool terminal;                   /* standard error is a terminal: progress may be drawn */
    unsigned width;                  /* columns for text on standard output, 60 to 80; 80 when it is no terminal */
    unsigned wide;                   /* the same up to 200, for reports that gain by it */
    unsigned err_width;              /* columns for sentences on standard error; 0: it is no terminal, and they stay in one line */
    struct hr_buf out;               /* standard output, not written yet */
    struct hr_error out_err;         /* why it could not be written; code 0 while all is well */
    bool out_closed;                 /* the reader went away, as `head` does: to be left in silence */
    bool usage;                      /* the failure is one of usage */
    int status;                      /* the exit status after HR_CLI_STATUS */
};

struct hr_command {
    const struct hr_opt *opts; /* ends with HR_OPT_END */
    size_t size;               /* of the struct that they fill */
    void (*init)(void *args);  /* values that no default text can say, before the defaults; may be NULL */
    int (*run)(struct hr_cli *cli, void *args, struct hr_error *err);
    const struct hr_example *examples; /* ends with a NULL line; may be NULL */
};

/* --- results: standard output, gathered and written in large pieces --- */
/* Negative when standard output cannot be written: a command that prints much stops then and returns it. */
int hr_print(struct hr_cli *cli, const char *fmt, ...) HR_PRINTF(2, 3);
int hr_print_bytes(struct hr_cli *cli, const void *p, size_t n);
int hr_print_table(struct hr_cli *cli, const struct hr_table *t, unsigned margin);
/* Writes what is gathered, now.  The program does it at the end by itself. */
int hr_print_flush(struct hr_cli *cli);
/* For --json: an indented writer into standard output.  Give the finished document to hr_print_json_end, which checks
 * it and ends the line. */
struct hr_jw hr_print_json(struct hr_cli *cli);
int hr_print_json_end(struct hr_cli *cli, const struct hr_jw *w, struct hr_error *err);

/* --- standard error --- */
/* "headrace: ..."; cleaned for the terminal, and filled to its width.  Nothing with --quiet. */
void hr_note(struct hr_cli *cli, const char *fmt, ...) HR_PRINTF(2, 3);
/* The same, only with --verbose. */
void hr_detail(struct hr_cli *cli, const char *fmt, ...) HR_PRINTF(2, 3);
/* A wrong use that the table cannot tell (two options that exclude each other): `return hr_cli_usage(...)`. */
int hr_cli_usage(struct hr_cli *cli, struct hr_error *err, const char *fmt, ...) HR_PRINTF(3, 4);
/* A line on standard error as it is, whatever --quiet says; for the program's own face. */
void hr_complain(const char *line);
/* The same, filled to the terminal's width: sentences, and tables of names and sentences. */
void hr_complain_in(const struct hr_cli *cli, const char *text);

/* --- the commands --- */
enum hr_group {
    HR_GROUP_SEE,
    HR_GROUP_SIZE,
    HR_GROUP_GUARD,
    HR_GROUP_FEED,
    HR_GROUP_GATHER,
    HR_GROUP_PROVE,
    HR_GROUP_HIDDEN
};
struct hr_listed {
    enum hr_group group;
    const char *name, *purpose;
    const struct hr_command *command;
};
extern const struct hr_listed hr_commands[];
extern const size_t hr_commands_n;
const struct hr_listed *hr_command_find(const char *name); /* NULL: none of that name */
const char *hr_group_name(enum hr_group g);                /* "feed" */
const char *hr_group_purpose(enum hr_group g);             /* "datasets packed once, fed at memory speed" */
struct hr_opt_page hr_command_page(const struct hr_listed *c);
extern const struct hr_example hr_first_steps[]; /* for somebody who has never used it */
struct hr_opt_page hr_program_page(void);        /* of the program itself: the options before a command */
/* The overview: "headrace --help". */
void hr_overview(unsigned width, bool color, struct hr_buf *out);

/* The whole program: reads argv[1..], runs, prints, and gives the exit status.  main() only returns it. */
int hr_cli_main(int argc, char *const *argv);

#endif

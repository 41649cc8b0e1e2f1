/* Between the files of `headrace wslconfig`: what was asked, the file it is about, and what is known of the PC. */
#ifndef HR_WSLCONFIG_JOB_H
#define HR_WSLCONFIG_JOB_H

#include "cli.h"
#include "lint.h"
#include "preset.h"
#include "windows.h"
#include "wslconfig_file.h"

enum wslconfig_action {
    WSLCONFIG_LINT,
    WSLCONFIG_SUGGEST,
    WSLCONFIG_SET,
    WSLCONFIG_UNSET,
    WSLCONFIG_DIFF,
    WSLCONFIG_APPLY,
    WSLCONFIG_RESTORE,
    WSLCONFIG_EFFECTIVE,
    WSLCONFIG_EXPLAIN
};
enum { WSLCONFIG_NO_PRESET = -1 };

struct wslconfig_args {
    enum wslconfig_action action;
    struct hr_strings words;
    const char *file, *user;
    int preset; /* enum hr_preset, or WSLCONFIG_NO_PRESET */
    bool distro, fix, yes;
    uint64_t ram, cores; /* 0: ask the PC */
};

struct wslconfig_job {
    struct hr_cli *cli;
    const struct wslconfig_args *a;
    struct hr_root *root;
    enum hr_wsl_file kind;
    char path[600];  /* on this machine: where it is read and written */
    char shown[420]; /* as its owner calls it: "C:\Users\me\.wslconfig" */
    bool exists;
    struct hr_buf text;
    struct hr_wsl_conf conf; /* of `text`; empty when there is no file */
    /* the PC */
    struct hr_wsl_host host;
    bool is_wsl;
    struct hr_wsl_drives drives;
};

/* Opens the root, finds the file and reads it; a file that is not there is empty, and an error where `must_exist`. */
int wslconfig_open(struct wslconfig_job *j, struct hr_cli *cli, const struct wslconfig_args *a, bool must_exist,
                   struct hr_error *err);
void wslconfig_close(struct wslconfig_job *j);
/* Fills in j->host: from --ram and --cores, else by asking Windows. */
void wslconfig_ask_pc(struct wslconfig_job *j);

/* What a further command needs to be about the same file: " --distro", " --file NAME", or "". */
const char *wslconfig_same(const struct wslconfig_job *j, char to[640]);

int wslconfig_lint(struct wslconfig_job *j, struct hr_error *err);
int wslconfig_suggest(struct wslconfig_job *j, struct hr_error *err);
int wslconfig_effective(struct wslconfig_job *j, struct hr_error *err);
int wslconfig_explain(struct wslconfig_job *j, struct hr_error *err);
/* set, unset, diff, apply */
int wslconfig_change(struct wslconfig_job *j, struct hr_error *err);
int wslconfig_restore(struct wslconfig_job *j, struct hr_error *err);

/* Prints "  label  text" with the text filled into lines below itself. */
void wslconfig_labelled(struct hr_cli *cli, const char *label, const char *text);
void wslconfig_labelled_at(struct hr_cli *cli, unsigned column, const char *label, const char *text); /* text begins there */
/* A sentence, filled into lines. */
void wslconfig_filled(struct hr_cli *cli, const char *text);
/* A line of a file: cleaned, and with its begin in place. */
void wslconfig_verbatim(struct hr_cli *cli, const char *before, const char *text);

#endif

/* What the files of the root handle share; for them alone. */
#ifndef HR_ROOT_INSIDE_H
#define HR_ROOT_INSIDE_H

#include "root.h"
#include "root_field.h"
#include "root_guard.h"
#include "tree.h"

#include <pthread.h>

struct hr_root_trouble {
    pthread_mutex_t lock;
    uint64_t n;
    char last[HR_TROUBLE_MAX];
};

struct hr_root {
    int fd; /* of the folder; -1: a bundle, which is `tree` */
    bool live;
    struct hr_tree *tree;
    struct hr_root_answers *answers; /* of a captured root; read once, when it is opened */
    struct hr_root_tape tape;
    struct hr_root_guard *guard; /* NULL: every path is touched */
    struct hr_root_trouble *trouble; /* what a handle that is otherwise immutable has to say of its own */
};

/* A descriptor of `path` inside the root (not of a bundle), or -1 with errno. */
int hr_root_fd(const struct hr_root *root, const char *path, int flags);
/* Tells the tape, if one is on. */
void hr_root_tell(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str text, int failed);
/* Counts a trouble when `failed` is one.  hr_root_tell does it for what it is told. */
void hr_root_troubled(const struct hr_root *root, const char *path, int failed);
/* The same for a failure: keeps errno. */
void hr_root_tell_failed(const struct hr_root *root, enum hr_root_what what, const char *path);

/* --- answers of a captured root (root_answer.c) --- */
/* Reads the lines of all kinds; `read` appends a file below headrace/ (HR_E_NOT_FOUND: there is none). */
int hr_root_answers_open(int (*read)(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err),
                         const struct hr_root *root, struct hr_root_answers **ret, struct hr_error *err) HR_MUST_USE;
void hr_root_answers_close(struct hr_root_answers *a); /* accepts NULL */
/* 1: the answer's line behind its first field, which lives as long as the root.  0: there is none, or the root is live.  Negative:
 * out of memory. */
int hr_root_line(const struct hr_root *root, enum hr_root_what what, const char *first, struct hr_str *line);
/* The errno with which `what` of `path` failed where the root was captured; 0: nothing is told of it.  ENOMEM also when
 * it could not be looked up. */
int hr_root_failed(const struct hr_root *root, enum hr_root_what what, const char *path);
/* The code with which an answer failed there, and its sentence; 0: nothing is told of it. */
int hr_root_failed_why(const struct hr_root *root, const char *answer, struct hr_buf *sentence);

#endif

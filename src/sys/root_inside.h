/* What the files of the root handle share; for them alone. */
#ifndef HR_ROOT_INSIDE_H
#define HR_ROOT_INSIDE_H

#include "root.h"

struct hr_root {
    int fd; /* of the folder */
    bool live;
    struct hr_root_tape tape;
};

/* A descriptor of `path` inside the root, or -1 with errno. */
int hr_root_fd(const struct hr_root *root, const char *path, int flags);
/* Tells the tape, if one is on. */
void hr_root_tell(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str text, int failed);
/* The same for a failure: keeps errno. */
void hr_root_tell_failed(const struct hr_root *root, enum hr_root_what what, const char *path);

/* --- answers of a captured root (root_answer.c) --- */
/* Appends `s` as one field: blanks, control bytes and % as %XX.  An empty field is "%". */
bool hr_field_add(struct hr_buf *b, struct hr_str s);
/* Appends what the field stands for. */
bool hr_field_read(struct hr_str field, struct hr_buf *b);
/* 1: the answer's line behind its first field is appended to `line`. 0: there is none.  Negative: out of memory. */
int hr_root_line(const struct hr_root *root, const char *file, const char *first, struct hr_buf *line);
/* The errno with which `what` of `path` failed where the root was captured; 0: nothing is told of it. */
int hr_root_failed(const struct hr_root *root, enum hr_root_what what, const char *path);

#endif

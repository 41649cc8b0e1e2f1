/* Lines for files, written by a thread of their own: a disk that is slow or full holds up nobody. */
#ifndef HR_PEN_H
#define HR_PEN_H

#include "thread.h"

enum { HR_PEN_FILES = 4, HR_PEN_ROOM = 1 << 15 };

struct hr_pen {
    struct hr_thread thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    int fd[HR_PEN_FILES]; /* -1: none */
    struct {
        char text[HR_PEN_ROOM];
        size_t n;
    } page[HR_PEN_FILES]; /* waiting to be written */
    char out[HR_PEN_ROOM]; /* being written */
    uint64_t dropped;      /* lines that found the page full, or a file that cannot be written */
    bool over;
};

/* Makes each file anew.  A path that is NULL has no file. */
int hr_pen_start(struct hr_pen *p, const char *const paths[HR_PEN_FILES], struct hr_error *err) HR_MUST_USE;
/* Never waits for a disk.  A line is kept whole or not at all. */
void hr_pen_line(struct hr_pen *p, unsigned file, const char *text, size_t n);
/* Writes what is left and ends. */
void hr_pen_end(struct hr_pen *p);

#endif

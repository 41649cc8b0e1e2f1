/* Figures of small kernel files that are held open: opened once, read many times, nothing allocated. */
#ifndef HR_HELD_H
#define HR_HELD_H

#include "attr.h"

enum { HR_HELD_TEXT = 16384 }; /* bytes of such a file that are looked at */

/* A file of a folder of a machine laid out at `at` ("": this one); -1: not there. */
int hr_held_open(const char *at, const char *dir, const char *name);
/* The value of `key` in it; where `key` is NULL, the number that the file is, UINT64_MAX for "max".  False: it is not there. */
bool hr_held_value(int fd, const char *key, uint64_t *ret);
/* A line of meminfo, memory.stat or the like in a text: "MemAvailable:   123 kB", "inactive_file 4096".  False: not there. */
bool hr_held_line(const char *text, size_t n, const char *key, uint64_t *ret);

#endif

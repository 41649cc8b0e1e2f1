/* Which files a format takes: those that the user named himself, and below folders those with the right ending. */
#ifndef HR_GIVEN_H
#define HR_GIVEN_H

#include "source.h"

struct hr_given {
    const char *const *path; /* as the user gave them */
    int n;
    const char *const *end;  /* ended by NULL */
};

/* For hr_source_files, with a struct hr_given as arg. */
bool hr_given_wants(const char *path, void *arg);
/* The sum of the files' sizes. */
int hr_given_bytes(const struct hr_names *files, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
/* Files and their sizes in one. */
int hr_given_files(const struct hr_given *g, struct hr_names *ret, uint64_t *ret_bytes, struct hr_error *err) HR_MUST_USE;

#endif

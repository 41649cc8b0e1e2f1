/* What `head` and `cat` share: samples of a dataset as JSON Lines on standard output. */
#ifndef HR_PRINT_SAMPLES_H
#define HR_PRINT_SAMPLES_H

#include "cli.h"

/* Samples first .. first + count - 1, or as many of them as there are. */
int hr_print_samples(struct hr_cli *cli, const char *dataset, const struct hr_strings *fields, uint64_t first, uint64_t count,
                     struct hr_error *err);

#endif

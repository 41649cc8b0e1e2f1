/* headrace doctor --fix and --undo: says what will be done, asks, does it. */
#ifndef HR_DOCTOR_FIX_H
#define HR_DOCTOR_FIX_H

#include "cli.h"
#include "doctor.h"

int hr_doctor_fix(struct hr_cli *cli, const struct hr_root *root, const struct hr_diagnosis *d, bool yes,
                  struct hr_error *err) HR_MUST_USE;
int hr_doctor_undo(struct hr_cli *cli, const struct hr_root *root, struct hr_error *err) HR_MUST_USE;

#endif

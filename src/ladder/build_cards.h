/* The cards that a build is for, when the user names them: they stand in for those that are here. */
#ifndef HR_BUILD_CARDS_H
#define HR_BUILD_CARDS_H

#include "gpus.h"

/* "8.6;12.0+PTX", "120", "sm_90a".  Freed with hr_gpus_free.  HR_E_INVALID: a word of it is no architecture. */
int hr_build_cards(const char *list, struct hr_gpus **ret, struct hr_error *err) HR_MUST_USE;
/* Is PTX asked for this one as well? */
bool hr_build_cards_ptx(const char *list, unsigned cc);

#endif

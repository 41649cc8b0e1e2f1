/* A wheel laid open in a folder, by the interpreter for which it was built: a wheel is a zip archive, and every Python reads those. */
#ifndef HR_WHEEL_OPEN_H
#define HR_WHEEL_OPEN_H

#include "attr.h"

/* The folder must not be there.  At most 2 GiB are laid out, and nothing outside of the folder.  False: it could not be opened. */
bool hr_wheel_open(const char *python, const char *wheel, const char *folder, uint64_t deadline);

#endif

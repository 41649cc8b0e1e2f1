/* Why a command of the user's could not be started, and what to do. */
#ifndef HR_NOT_STARTED_H
#define HR_NOT_STARTED_H

#include "buf.h"

/* Appends the sentence: `number` is the errno of the exec.  */
void hr_not_started(struct hr_buf *b, const char *command, int number);

#endif

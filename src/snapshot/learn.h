/* Whom to look for: the names of this machine's users and of the machine, and the secrets in the environment. */
#ifndef HR_LEARN_H
#define HR_LEARN_H

#include "recording.h"
#include "redact.h"

/* From the process's environment, /etc/passwd and the host's name.  `root` is asked while no tape is on. */
int hr_learn_machine(struct hr_redact *r, const struct hr_root *root, struct hr_error *err) HR_MUST_USE;
/* From what was recorded: folders of homes, the domain, file servers. */
int hr_learn_recording(struct hr_redact *r, const struct hr_recording *rec, struct hr_error *err) HR_MUST_USE;

#endif

/* The kernel's messages as they come (/dev/kmsg), from the moment of the opening on. */
#ifndef HR_KMSG_H
#define HR_KMSG_H

#include "attr.h"

enum { HR_KMSG_ROOM = 8192 }; /* no record is longer */

/* The descriptor, to be closed with hr_close; -errno: it may not or cannot be read here. */
int hr_kmsg_open(void);
/* One record, "6,339,5140900,-;text": its length; 0: there is none by now; -errno.  Never waits.  Records that were overwritten
 * before they were read are passed over. */
int64_t hr_kmsg_next(int fd, char *to, size_t n);

#endif

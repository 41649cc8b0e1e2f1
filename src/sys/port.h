/* A TCP port of this machine that nobody listens at. */
#ifndef HR_PORT_H
#define HR_PORT_H

#include "attr.h"

/* Free at this moment on 127.0.0.1; 0: none can be had. */
unsigned hr_free_port(void);

#endif

/* The CACHED path: chunks read into slots of our own.  (Declared in chunks.h: hr_cache_load.) */
#ifndef HR_CACHE_H
#define HR_CACHE_H

#include "chunks.h"

void hr_cache_close(struct hr_cache *c); /* accepts NULL */

#endif

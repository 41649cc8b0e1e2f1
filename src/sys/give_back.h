/* Programs that run for days give back what only their start needed: the pages of libraries that were touched while they
 * were loaded.  Only mappings of files that are not writable and hold no page of their own (smaps: Anonymous 0) are dropped, so
 * nothing is lost: what is used again comes back from the page cache.  Best effort; how many bytes were dropped. */
#ifndef HR_GIVE_BACK_H
#define HR_GIVE_BACK_H

#include "attr.h"

uint64_t hr_give_back_code(void);

#endif

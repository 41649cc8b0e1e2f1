/* Memory from mmap: files mapped read-only, and anonymous regions for batches and caches. */
#ifndef HR_MAPPING_H
#define HR_MAPPING_H

#include "err.h"

struct hr_mapping {
    void *p;
    size_t n;
};

/* The whole file read-only; an empty file gives p == NULL, n == 0. */
int hr_map_file(int fd, const char *path, struct hr_mapping *ret, struct hr_error *err) HR_MUST_USE;
enum hr_advice { HR_ADVISE_RANDOM, HR_ADVISE_SEQUENTIAL, HR_ADVISE_WILLNEED, HR_ADVISE_POPULATE, HR_ADVISE_DONTNEED };
/* Advice is never an error: false = the kernel did not take it.  [off, off+n) is widened to whole pages. */
bool hr_map_advise(const struct hr_mapping *m, size_t off, size_t n, enum hr_advice advice);

/* Asks that the file's pages come as huge ones (2 MiB), where the kernel reads files so (5.18 and later, a file system with
 * large folios): random access then misses the TLB 512 times less often per byte.  A fault reads 2 MiB
 * or more.  False = not here: nothing has changed. */
bool hr_map_huge(const struct hr_mapping *m);

/* Zeroed pages; regions of 2 MiB and more ask for huge pages.  The size is rounded up to whole pages. */
int hr_map_anon(size_t n, struct hr_mapping *ret, struct hr_error *err) HR_MUST_USE;
/* Zeroed pages that children of a fork share. */
int hr_map_shared(size_t n, struct hr_mapping *ret, struct hr_error *err) HR_MUST_USE;
void hr_unmap(struct hr_mapping *m); /* accepts an empty one, leaves it empty */

#endif

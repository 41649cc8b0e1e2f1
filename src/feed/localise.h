/* Datasets on foreign file systems (a Windows drive seen from WSL2, a network share) are copied to local disk first: there a
 * read costs a round trip, and neither mapping nor O_DIRECT works as it should.
 *
 * The copy is named after the dataset's fingerprint, so it is found again by every later run, from whatever path, and never
 * mistaken for another version.  It is put in place by a rename: a killed copy leaves only a folder "*.partial-PID".  When
 * the copies would pass the limit, others are removed first; a dataset larger than the limit is not copied. */
#ifndef HR_LOCALISE_H
#define HR_LOCALISE_H

#include "store.h"

enum { HR_LOCALISE_LIMIT_GIB = 64 }; /* unless $HEADRACE_CACHE_LIMIT says otherwise */

/* $HEADRACE_CACHE, $XDG_CACHE_HOME/headrace or ~/.cache/headrace; freed with hr_free.  HR_E_NOT_FOUND: none of them is set. */
int hr_localise_folder(char **ret, struct hr_error *err) HR_MUST_USE;
/* The local copy of the opened dataset at `path` under `folder`, made if it is not there; freed with hr_free. */
int hr_localise(const char *path, const struct hr_store *s, const char *folder, uint64_t limit, char **ret, struct hr_error *err) HR_MUST_USE;
/* Replaces *s, opened from `path`, by its local copy where the path is on a foreign file system; `say` (n bytes) gets a sentence, also when
 * it could not be copied and is read from where it is.  Else nothing happens. */
void hr_localise_store(const char *path, struct hr_store **s, char *say, size_t n);

#endif

/* MANIFEST.json of a snapshot: what was recorded, what was redacted and how often, what was left out. Never a secret itself. */
#ifndef HR_MANIFEST_TEXT_H
#define HR_MANIFEST_TEXT_H

#include "snapshot.h"

bool hr_manifest_text(const struct hr_snapshot *s, const struct hr_snapshot_options *o, uint64_t when, struct hr_buf *out);
/* "2026-11-27T00:55:03Z" */
void hr_manifest_time(uint64_t when, char out[32]);

#endif

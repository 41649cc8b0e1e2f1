/* The journal of a packing: how far it has come, so that the same command goes on after a kill.
 *
 * A text file in the work folder: a JSON line that says what is packed and how, then one line per chunk, written before the
 * chunk itself (I1): so the journal always knows of at least as many chunks as a part holds, and the part tells how many
 * there really are. */
#ifndef HR_JOURNAL_H
#define HR_JOURNAL_H

#include "schema.h"

/* The state right after a chunk. */
struct hr_mark {
    uint64_t samples;    /* in all parts so far, this chunk's included */
    uint32_t part;       /* that the chunk went into */
    uint32_t file;       /* of the sources, that its last sample is from */
    uint64_t next;       /* number in that file of the first sample that is not settled yet */
    uint64_t bad, duplicates; /* among the samples settled */
    uint64_t reject;     /* bytes of the reject file */
};

/* What was decided from the first samples. */
struct hr_journal_head {
    struct hr_schema schema;
    uint32_t chunk_samples, part_chunks;
};

struct hr_journal;

/* A new journal in `dir`.  `key` names sources and options: a journal with another key is another packing's. */
int hr_journal_create(const char *dir, uint64_t key, const struct hr_journal_head *head, struct hr_journal **ret,
                      struct hr_error *err) HR_MUST_USE;
/* The one that lies in `dir`.  1 = it is this packing's (ret_head->schema is then the caller's to free), 0 = there is none, or
 * it is another's, or of no use. */
int hr_journal_open(const char *dir, uint64_t key, struct hr_journal_head *ret_head, struct hr_journal **ret,
                    struct hr_error *err) HR_MUST_USE;
/* The mark of the last chunk that went into `part`, or of the chunk with which there were `samples`; false: no such line. */
bool hr_journal_last_of_part(const struct hr_journal *j, uint32_t part, struct hr_mark *ret);
bool hr_journal_find(const struct hr_journal *j, uint64_t samples, struct hr_mark *ret);
/* Forgets every line behind that of `samples` chunks (all of them with 0). */
int hr_journal_rewind(struct hr_journal *j, uint64_t samples, struct hr_error *err) HR_MUST_USE;
int hr_journal_add(struct hr_journal *j, const struct hr_mark *m, struct hr_error *err) HR_MUST_USE;
int hr_journal_sync(struct hr_journal *j, struct hr_error *err) HR_MUST_USE;
void hr_journal_close(struct hr_journal *j); /* accepts NULL */

#define HR_JOURNAL_NAME "journal"

#endif

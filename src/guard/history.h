/* What each piece of work has taken before: the peak of every leaf by its name (leaf.h), kept between builds in one small text file.
 *
 * The file:  a first line "headrace guard-history 1", then one line per name, fields parted by a tab:
 *   tool  source  architecture  flags (8 hex digits)  peak in bytes  times seen  last day (since 1970)
 * At most HR_HISTORY_MAX lines; the least recently seen go first.  A file that breaks this form is set aside, never
 * believed.  A peak is the largest seen; a smaller one takes it down by a quarter of the difference. */
#ifndef HR_HISTORY_H
#define HR_HISTORY_H

#include "buf.h"
#include "err.h"
#include "leaf.h"

enum { HR_HISTORY_MAX = 4096, HR_HISTORY_BYTES_MAX = 1 << 20 };

struct hr_past {
    struct hr_leaf_key key;
    uint64_t peak;
    uint32_t times, day;
    bool now; /* learnt in this run */
};
struct hr_history {
    struct hr_past *past; /* HR_HISTORY_MAX of them, made at the start */
    uint16_t *slot;       /* open addressing: index + 1 */
    size_t n;
    uint32_t day;
    struct {
        uint64_t most;
        unsigned n;
    } tool[32]; /* in this run, by the tool's index */
};

int hr_history_init(struct hr_history *h, uint64_t wall_ns, struct hr_error *err) HR_MUST_USE;
void hr_history_fini(struct hr_history *h);
/* Adds the lines of a file; HR_E_FORMAT with the line: it is not to be trusted, and nothing of it has been taken. */
int hr_history_parse(struct hr_history *h, struct hr_str text, struct hr_error *err) HR_MUST_USE;
bool hr_history_write(const struct hr_history *h, struct hr_buf *out);
/* Reads `path`; one that is malformed is renamed to PATH.bad, which *ret_aside tells. */
int hr_history_load(struct hr_history *h, const char *path, bool *ret_aside, struct hr_error *err) HR_MUST_USE;
/* Reads the file again, in case another build has written meanwhile, adds what this run has learnt, and replaces it. */
int hr_history_save(const struct hr_history *h, const char *path, struct hr_error *err) HR_MUST_USE;

/* These two allocate nothing. */
void hr_history_learn(struct hr_history *h, const struct hr_leaf_key *key, uint64_t peak);
/* Bytes that are expected of what took `peak` last time. */
uint64_t hr_history_margin(uint64_t peak);
/* What a leaf will take, in bytes. */
struct hr_expected {
    uint64_t careful; /* its own past with its margin; else, from the largest of that tool in this run, twice, one and a
                       * half or one and a quarter times as much after one, two or three of them; else the table */
    uint64_t likely;  /* the same where it is known; else as much as the largest of that tool in this run, or half of the table */
    bool known;       /* its own past */
};
struct hr_expected hr_history_predict(const struct hr_history *h, const struct hr_leaf_key *key);

#endif

/* Whole builds that went well before: what the tree of each held at most, how long it took, and its course.  One text file per build,
 * named after a hash of its identity.
 *
 * The file:  "headrace build-course 1", then "identity<TAB>TEXT", then "sum<TAB>" and twelve figures parted by tabs
 *   peak  wall in ms  CPUs  jobs at once  base  lost leaves  times  day  foreseen peak  largest peak  its tool  its source
 * then the lines of the course (course.h).  Everything that breaks this form is set aside, never believed. */
#ifndef HR_PAST_H
#define HR_PAST_H

#include "course.h"
#include "leaf.h"

enum { HR_PAST_IDENTITY_MAX = 2048, HR_PAST_BYTES_MAX = 1 << 20, HR_PAST_FILES_MAX = 64 };

struct hr_build_past {
    char identity[HR_PAST_IDENTITY_MAX];
    uint64_t peak, wall_ms; /* bytes of the whole tree */
    uint64_t foreseen;      /* bytes that were forecast for it; 0: nothing was known */
    unsigned cpus, at_once;
    int64_t base; /* replay.h */
    uint32_t times, day;
    uint64_t largest;
    char largest_tool[20], largest_source[HR_LEAF_SOURCE_MAX];
    struct hr_course course;
};

/* What makes two builds the same: where, which command (without its number of jobs), which project, which architectures, which flags.
 * One line without tabs.  `project` may be NULL. */
void hr_past_identity(const char *cwd, const char *const *argv, const char *const *envp, const char *project,
                      char ret[HR_PAST_IDENTITY_MAX]);

int hr_past_init(struct hr_build_past *p, struct hr_error *err) HR_MUST_USE;
void hr_past_fini(struct hr_build_past *p);
/* HR_E_FORMAT: it is not to be trusted; *p is then unusable. */
int hr_past_parse(struct hr_build_past *p, struct hr_str text, struct hr_error *err) HR_MUST_USE;
bool hr_past_write(const struct hr_build_past *p, struct hr_buf *out);
/* Looks for the build of this identity in the folder.  *ret_found; *ret_aside: its file was malformed and is now NAME.bad. */
int hr_past_load(struct hr_build_past *p, const char *folder, const char *identity, bool *ret_found, bool *ret_aside,
                 struct hr_error *err) HR_MUST_USE;
/* The oldest files go when there are more than HR_PAST_FILES_MAX. */
int hr_past_save(const struct hr_build_past *p, const char *folder, struct hr_error *err) HR_MUST_USE;

#endif

/* Marks on the memory that is used: at the first something is said, at the second what the user has said beforehand is done.  Of the machine's
 * memory, or of this cgroup's where that has a limit below it: then the end comes there first. */
#ifndef HR_MEMORY_MARKS_H
#define HR_MEMORY_MARKS_H

#include "err.h"
#include "json_write.h"
#include "mark.h"
#include "model.h"

enum { HR_MEMORY_MARKS = HR_MARK_ACT + 1 };
struct hr_memory_marks {
    uint64_t at[HR_MEMORY_MARKS]; /* of HR_MARK_WARN, HR_MARK_ACT; bytes, 0: there is none */
    char deed[96];                /* what act does, behind "act": "runs ./free.sh"; "": it is only said */
};

/* What they are marks of, at this moment. */
struct hr_marked {
    bool group;                /* the cgroup's, not the machine's */
    struct hr_figure used, whole;
};
struct hr_marked hr_marked(const struct hr_account *a);

static inline bool hr_memory_marks_any(const struct hr_memory_marks *m)
{
    return m != NULL && (m->at[HR_MARK_WARN] != 0 || m->at[HR_MARK_ACT] != 0);
}

/* "12GiB", "80%" of `whole`, or NULL and "none" for none.  Refused where warn does not lie below act. */
int hr_memory_marks_parse(const char *const text[HR_MEMORY_MARKS], const struct hr_figure *whole, struct hr_memory_marks *ret,
                          struct hr_error *err) HR_MUST_USE;
/* What is said before anything happens: "warn at 12.0 GiB, act at 14.0 GiB of 31.3 GiB (now 5.12 GiB used): act runs ./free.sh". */
void hr_memory_marks_brief(const struct hr_memory_marks *m, char *ret, size_t n); /* "warn 12.0 GiB, act 14.0 GiB: runs ./free.sh" */
void hr_memory_marks_say(const struct hr_memory_marks *m, const struct hr_account *a, char *ret, size_t n);

#endif

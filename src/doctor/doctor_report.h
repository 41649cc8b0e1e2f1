/* A diagnosis as a screen for people and as JSON for programs. */
#ifndef HR_DOCTOR_REPORT_H
#define HR_DOCTOR_REPORT_H

#include "doctor.h"
#include "json_write.h"
#include "portrait.h"

struct hr_screen {
    unsigned width; /* columns */
    bool color;     /* also: symbols beyond the letters */
    bool verbose;   /* also what is fine and what is not here, each with its evidence */
};

/* "2 things will make training fail, 5 cost speed or memory, ..." */
void hr_doctor_summary(const struct hr_diagnosis *d, struct hr_buf *out);
/* The whole report.  Whatever bytes the machine's files hold, the text is safe to show on a terminal. */
void hr_doctor_screen(const struct hr_diagnosis *d, const struct hr_portrait *p, const struct hr_screen *s,
                      struct hr_buf *out);
/* Only what was found, worst first: a section with its title for each verdict from "fail" to "unknown"; NULL leaves it out. */
void hr_doctor_findings(const struct hr_diagnosis *d, const struct hr_screen *s, const char *const title[HR_BAD + 1],
                        struct hr_buf *out);
/* One check with all there is to tell: what it looks at, why, where that stands, and what it found here. */
void hr_doctor_explain(const struct hr_result *r, const struct hr_screen *s, struct hr_buf *out);
/* Every check there is, a line each, by group. */
void hr_doctor_list(const struct hr_screen *s, struct hr_buf *out);

struct hr_doctor_about {
    const char *version; /* of headrace */
    bool captured;       /* another machine's root was looked at */
    uint64_t took;       /* ns in all; 0 = leave times out, so that equal machines give equal texts */
};
void hr_doctor_json(const struct hr_diagnosis *d, const struct hr_portrait *p, const struct hr_doctor_about *a,
                    struct hr_jw *w);
/* One result as an object; without its time. */
void hr_result_json(const struct hr_result *r, struct hr_jw *w);
/* An array with every check there is: id, group, title, why, source. */
void hr_doctor_json_list(struct hr_jw *w);
/* The same for people, as a page of Markdown. */
void hr_doctor_markdown(struct hr_buf *out);

#endif

/* All there is to tell of CUDA on a machine: what is here, what each build takes, what is wrong, how to install it anew. */
#ifndef HR_CUDA_REPORT_H
#define HR_CUDA_REPORT_H

#include "cuda_plan.h"
#include "doctor_report.h"
#include "picks.h"

struct hr_cuda_report {
    struct hr_facts *facts;
    struct hr_picks picks;
    struct hr_diagnosis diagnosis; /* of the doctor's checks that are about CUDA */
    struct hr_cuda_plan plan;
    bool plan_asked; /* shown in full; otherwise only where something is wrong, as one line */
};

/* `deep`: also starts the driver. */
int hr_cuda_report_of(struct hr_facts *facts, const char *want, bool deep, struct hr_cuda_report *ret,
                      struct hr_error *err) HR_MUST_USE;
/* Asks the machine all that the report asks beyond the doctor's checks, so that a recording has it. */
int hr_cuda_ask(struct hr_facts *facts, struct hr_error *err) HR_MUST_USE;
void hr_cuda_report_fini(struct hr_cuda_report *r);
/* HR_GOOD, HR_WARN or HR_BAD */
enum hr_verdict hr_cuda_report_verdict(const struct hr_cuda_report *r);
/* The first line: "nvcc, CMake and PyTorch extensions build with CUDA 12.8." */
void hr_cuda_report_say(const struct hr_cuda_report *r, struct hr_buf *out);

void hr_cuda_report_screen(const struct hr_cuda_report *r, const struct hr_screen *s, struct hr_buf *out);
void hr_cuda_report_json(const struct hr_cuda_report *r, const char *version, bool captured, struct hr_jw *w);

#endif

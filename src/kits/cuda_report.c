#include "cuda_report.h"

#include "arch.h"
#include "gpu_words.h"
#include "mem.h"

#include <string.h>

/* The doctor's checks that are about CUDA: groups, and single ones of others. */
static const char *const checks[] = {
    "gpu-found", "gpu-driver-mismatch", "gpu-linux-driver", "gpu-driver-library", "cuda",
    "python-torch", "python-torch-arch", "python-torch-driver", "python-torch-nvcc",
};

int hr_cuda_report_of(struct hr_facts *facts, const char *want, bool deep, struct hr_cuda_report *ret,
                      struct hr_error *err)
{
    const char *only[HR_COUNT(checks) + 1];
    size_t n = 0;
    for (; n < HR_COUNT(checks); n++)
        only[n] = checks[n];
    if (deep)
        only[n++] = "gpu-cuda";
    struct hr_doctor_options o = { only, n, deep };
    memset(ret, 0, sizeof *ret);
    ret->facts = facts;
    int r = hr_cuda_plan_of(facts, want, &ret->plan, err);
    if (r == 0)
        r = hr_doctor(facts, &o, &ret->diagnosis, err);
    if (r == 0)
        hr_picks_of(facts, &ret->picks);
    return r;
}

int hr_cuda_ask(struct hr_facts *facts, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_cuda_report *r = hr_calloc(1, sizeof *r);
    if (r == NULL)
        return hr_fail_nomem(err, sizeof *r, "the report about CUDA");
    hr_picks_of(facts, &r->picks);
    return hr_cuda_plan_of(facts, NULL, &r->plan, err);
}

void hr_cuda_report_fini(struct hr_cuda_report *r)
{
    hr_diagnosis_fini(&r->diagnosis);
}

static bool some_pick(const struct hr_cuda_report *r, enum hr_pick_state state)
{
    for (size_t i = 0; i < r->picks.builders; i++)
        if (r->picks.pick[i].state == state)
            return true;
    return false;
}

/* Builders that disagree are worth a warning of their own; what each check found is in the diagnosis. */
enum hr_verdict hr_cuda_report_verdict(const struct hr_cuda_report *r)
{
    enum hr_verdict v = hr_diagnosis_verdict(&r->diagnosis);
    return v == HR_GOOD && !r->picks.agree ? HR_WARN : v;
}

static const struct hr_pick *pick(const struct hr_cuda_report *r, const char *id)
{
    for (size_t i = 0; i < r->picks.n; i++)
        if (strcmp(r->picks.pick[i].id, id) == 0)
            return &r->picks.pick[i];
    return NULL;
}

static void what(const struct hr_cuda_report *r, const char *id, const char *name, const char *sep, struct hr_buf *out)
{
    const struct hr_pick *p = pick(r, id);
    hr_buf_printf(out, "%s%s ", sep, name);
    if (p == NULL || p->state == HR_PICK_NOTHING)
        hr_buf_adds(out, "finds none");
    else if (p->state == HR_PICK_UNKNOWN)
        hr_buf_adds(out, "could not be looked at");
    else if (p->state == HR_PICK_BROKEN)
        hr_buf_adds(out, "takes one that cannot work");
    else
        hr_buf_printf(out, "takes %s", p->cuda != 0 ? hr_cuda_text(p->cuda).text : "one of unknown version");
}

void hr_cuda_report_say(const struct hr_cuda_report *r, struct hr_buf *out)
{
    const struct hr_toolkits *t = hr_facts_toolkits(r->facts);
    const struct hr_pick *nvcc = pick(r, "nvcc"), *torch = pick(r, "torch");
    bool kits = false;
    for (size_t i = 0; i < t->n; i++)
        kits |= t->kit[i].nvcc;
    if (!kits && !some_pick(r, HR_PICK_BROKEN) && !some_pick(r, HR_PICK_UNKNOWN))
        hr_buf_adds(out, hr_facts_gpus(r->facts)->n != 0 || t->libcudas != 0
                             ? "No CUDA toolkit is here: PyTorch's wheels do not need one, building CUDA code does."
                             : "No CUDA is here: neither a toolkit nor a driver.");
    else if (r->picks.agree && nvcc->state == HR_PICK_TAKES && torch->state == HR_PICK_TAKES)
        hr_buf_printf(out, "nvcc, CMake and PyTorch extensions build with CUDA %s.",
                      nvcc->cuda != 0 ? hr_cuda_text(nvcc->cuda).text : "of unknown version");
    else {
        hr_buf_adds(out, some_pick(r, HR_PICK_UNKNOWN) ? "Not all could be looked at: " : "Builds do not take the same CUDA: ");
        what(r, "nvcc", "nvcc", "", out);
        what(r, "cmake-language", "CMake", ", ", out);
        what(r, "torch", "PyTorch", ", ", out);
        hr_buf_adds(out, ".");
    }
}

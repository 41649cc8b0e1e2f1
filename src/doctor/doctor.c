#include "doctor.h"

#include "clock.h"
#include "mem.h"

#include <string.h>

/* --- the registry --- */

static const struct {
    const char *name, *subject;
    const struct hr_check *table;
} groups[HR_CHECK_GROUPS] = {
    [HR_CHECK_MACHINE] = { "machine", "processor, virtual machine, container", hr_checks_machine },
    [HR_CHECK_WSL] = { "wsl", "WSL and its settings", hr_checks_wsl },
    [HR_CHECK_MEMORY] = { "memory", "memory, swap and limits", hr_checks_memory },
    [HR_CHECK_STORAGE] = { "storage", "disks and file systems", hr_checks_storage },
    [HR_CHECK_GPU] = { "gpu", "graphics cards and their driver", hr_checks_gpu },
    [HR_CHECK_CUDA] = { "cuda", "CUDA toolkits", hr_checks_cuda },
    [HR_CHECK_PYTHON] = { "python", "Python environments", hr_checks_python },
    [HR_CHECK_DATA] = { "data", "training data and checkpoints", hr_checks_data },
};

const char *hr_check_group_name(enum hr_check_group g)
{
    return groups[g].name;
}

const char *hr_check_group_subject(enum hr_check_group g)
{
    return groups[g].subject;
}

const struct hr_check *hr_check_group_table(enum hr_check_group g)
{
    return groups[g].table;
}

const struct hr_check *hr_check_find(struct hr_str id, enum hr_check_group *ret_group)
{
    for (int g = 0; g < HR_CHECK_GROUPS; g++)
        for (const struct hr_check *c = groups[g].table; c->id != NULL; c++)
            if (hr_str_is(id, c->id)) {
                if (ret_group != NULL)
                    *ret_group = (enum hr_check_group)g;
                return c;
            }
    return NULL;
}

static bool is_group(struct hr_str word, enum hr_check_group *ret)
{
    for (int g = 0; g < HR_CHECK_GROUPS; g++)
        if (hr_str_is(word, groups[g].name)) {
            *ret = (enum hr_check_group)g;
            return true;
        }
    return false;
}

int hr_doctor_selects(const char *const *only, size_t n, struct hr_error *err)
{
    enum hr_check_group g;
    for (size_t i = 0; i < n; i++) {
        if (is_group(hr_str(only[i]), &g) || hr_check_find(hr_str(only[i]), NULL) != NULL)
            continue;
        struct hr_buf near = HR_BUF_INIT(4096);
        hr_check_near(hr_str(only[i]), &near);
        int r = near.len != 0
                    ? hr_fail(err, HR_E_INVALID, "there is no check or group '%s'; near it: %s", only[i], near.data)
                    : hr_fail(err, HR_E_INVALID, "there is no check or group '%s' (--list shows them)", only[i]);
        hr_buf_fini(&near);
        return r;
    }
    return 0;
}

/* --- running --- */

static bool selected(const struct hr_doctor_options *o, const struct hr_check *c, enum hr_check_group g, bool *ret_named)
{
    bool yes = o->only_n == 0;
    *ret_named = false;
    for (size_t i = 0; i < o->only_n; i++) {
        bool named = strcmp(o->only[i], c->id) == 0;
        *ret_named |= named;
        yes |= named || strcmp(o->only[i], groups[g].name) == 0;
    }
    return yes;
}

/* What was found may rest on something that could not be looked at: then nothing was found. */
static void doubt(const char *torn, struct hr_finding *f)
{
    if (torn == NULL || f->verdict == HR_UNKNOWN || hr_finding_failed(f))
        return;
    hr_finding_fini(f);
    hr_finding_init(f);
    hr_find(f, HR_UNKNOWN, "it could not be looked at: %s", torn);
}

static int one(struct hr_facts *facts, const struct hr_check *c, enum hr_check_group g, const char *path,
               struct hr_diagnosis *d, struct hr_error *err)
{
    struct hr_result *more = hr_reallocarray(d->result, d->n + 1, sizeof *more);
    if (more == NULL)
        return hr_fail_nomem(err, (d->n + 1) * sizeof *more, "what the checks found");
    d->result = more;
    struct hr_result *r = &more[d->n++];
    *r = (struct hr_result) { .check = c, .group = g, .path = path };
    hr_finding_init(&r->finding);
    uint64_t begun = hr_now();
    hr_facts_watch(facts);
    c->run(facts, &r->finding);
    doubt(hr_facts_torn(facts), &r->finding);
    r->took = hr_now() - begun;
    if (hr_finding_failed(&r->finding))
        return hr_fail_nomem(err, 0, c->id);
    d->count[r->finding.verdict]++;
    return 0;
}

/* A data check runs once for each path, all others once. */
static int check(struct hr_facts *facts, const struct hr_check *c, enum hr_check_group g, struct hr_diagnosis *d,
                 struct hr_error *err)
{
    const char *const *path;
    size_t n = hr_facts_paths(facts, &path);
    int r = 0;
    if (g != HR_CHECK_DATA)
        return one(facts, c, g, NULL, d, err);
    for (size_t i = 0; r == 0 && i < HR_MAX(n, (size_t)1); i++) {
        hr_facts_look_at(facts, n != 0 ? path[i] : NULL);
        r = one(facts, c, g, n != 0 ? path[i] : NULL, d, err);
    }
    return r;
}

int hr_doctor(struct hr_facts *facts, const struct hr_doctor_options *o, struct hr_diagnosis *ret, struct hr_error *err)
{
    struct hr_diagnosis d = { NULL, 0, { 0 }, 0 };
    int r = 0;
    for (int g = 0; r == 0 && g < HR_CHECK_GROUPS; g++)
        for (const struct hr_check *c = groups[g].table; r == 0 && c->id != NULL; c++) {
            bool named;
            if (!selected(o, c, (enum hr_check_group)g, &named))
                continue;
            if (c->deep && !o->deep && !named)
                d.left_out++;
            else
                r = check(facts, c, (enum hr_check_group)g, &d, err);
        }
    if (r < 0)
        hr_diagnosis_fini(&d);
    else
        *ret = d;
    return r;
}

void hr_diagnosis_fini(struct hr_diagnosis *d)
{
    for (size_t i = 0; i < d->n; i++)
        hr_finding_fini(&d->result[i].finding);
    hr_free(d->result);
    *d = (struct hr_diagnosis) { NULL, 0, { 0 }, 0 };
}

enum hr_verdict hr_diagnosis_verdict(const struct hr_diagnosis *d)
{
    return d->count[HR_BAD] != 0 ? HR_BAD : d->count[HR_WARN] != 0 ? HR_WARN : HR_GOOD;
}

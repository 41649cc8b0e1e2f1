#include "rungs.h"

#include "clock.h"
#include "clues.h"
#include "file.h"
#include "interrupt.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

/* --- the environment of a rung --- */

static struct hr_build_set *set_of(struct hr_build_env *e, struct hr_str name)
{
    for (size_t i = 0; i < e->n; i++)
        if (hr_str_is(name, e->set[i].name))
            return &e->set[i];
    if (e->n == HR_BUILD_SETS_MAX || name.n >= sizeof e->set[0].name)
        return NULL;
    struct hr_build_set *s = &e->set[e->n++];
    memset(s, 0, sizeof *s);
    memcpy(s->name, name.p, name.n);
    return s;
}

static void put(struct hr_build_env *e, const char *name, const char *value, const char *why)
{
    struct hr_build_set *s = set_of(e, hr_str(name));
    if (s == NULL)
        return;
    s->kept = s->unset = false;
    snprintf(s->value, sizeof s->value, "%s", value);
    snprintf(s->why, sizeof s->why, "%s", why);
}

static void jobs_to(struct hr_build_env *e, unsigned jobs, const struct hr_project *project)
{
    static const char *const names[] = { "MAX_JOBS", "CMAKE_BUILD_PARALLEL_LEVEL", "CARGO_BUILD_JOBS" };
    char number[16];
    snprintf(number, sizeof number, "%u", jobs);
    for (size_t i = 0; i < HR_COUNT(names); i++)
        put(e, names[i], number, "fewer jobs, since memory was not enough");
    if (project != NULL && project->jobs != NULL)
        put(e, project->jobs, number, "fewer jobs, since memory was not enough");
    e->jobs = jobs;
}

/* Only lists that this program chose are cut: what the user named is what the user gets. */
static void one_arch(struct hr_build_env *e, const struct hr_project *project)
{
    static const char *const names[] = { "TORCH_CUDA_ARCH_LIST", "CUDAARCHS", "CMAKE_CUDA_ARCHITECTURES" };
    const char *own = project == NULL ? NULL : project->archs;
    for (size_t i = 0; i < e->n; i++) {
        struct hr_build_set *s = &e->set[i];
        for (size_t k = 0; k < HR_COUNT(names); k++)
            if (!s->kept && strcmp(s->name, names[k]) == 0)
                s->value[strcspn(s->value, ";")] = 0;
        if (!s->kept && own != NULL && strcmp(s->name, own) == 0)
            s->value[strcspn(s->value, project->form == HR_ARCHS_COMMA ? "," : ";")] = 0;
    }
}

/* The PATH without the folders that have an nvcc. */
static void path_without_nvcc(struct hr_build_env *e, const char *path)
{
    struct hr_str rest = hr_str(path), one;
    char kept[sizeof e->path] = "";
    size_t at = 0;
    while (hr_str_cut(&rest, ':', &one)) {
        char nvcc[1024];
        int n = snprintf(nvcc, sizeof nvcc, "%.*s/nvcc", HR_STR_ARG(one));
        if (n >= (int)sizeof nvcc || one.n == 0 || hr_path_kind(nvcc) == HR_KIND_FILE || at + one.n + 2 > sizeof kept)
            continue;
        at += (size_t)snprintf(kept + at, sizeof kept - at, "%s%.*s", at == 0 ? "" : ":", HR_STR_ARG(one));
    }
    memcpy(e->path, kept, sizeof kept);
}

static void changes(struct hr_build_env *e, const char *const *list, size_t most, const char *path, const char *why)
{
    for (size_t i = 0; i < most && list[i] != NULL; i++) {
        const char *eq = strchr(list[i], '=');
        if (strcmp(list[i], "-nvcc") == 0) {
            path_without_nvcc(e, path);
            continue;
        }
        struct hr_str rest = hr_str(list[i]), name;
        hr_str_cut(&rest, '=', &name);
        struct hr_build_set *s = set_of(e, name);
        if (s == NULL)
            continue;
        s->kept = false;
        s->unset = eq == NULL;
        snprintf(s->value, sizeof s->value, "%s", eq == NULL ? "" : eq + 1);
        snprintf(s->why, sizeof s->why, "%s", why);
    }
}

void hr_rung_env(const struct hr_build_env *e, const struct hr_rung *rung, const struct hr_project *project,
                 const char *const *cpu, const char *path, struct hr_build_env *ret)
{
    *ret = *e;
    if (rung->jobs != 0)
        jobs_to(ret, rung->jobs, project);
    if (rung->one_arch)
        one_arch(ret, project);
    if (rung->lean && project != NULL)
        changes(ret, project->lean, HR_PROJECT_SETS, path, "less memory for each job");
    if (rung->cpu && cpu != NULL)
        changes(ret, cpu, SIZE_MAX, path, "the CPU-only variant that you gave");
    else if (rung->cpu && project != NULL)
        changes(ret, project->cpu, HR_PROJECT_SETS, path, "its CPU-only variant");
}

/* --- the run --- */

static struct hr_ladder ladder_of(const struct hr_rungs_ask *a)
{
    struct hr_ladder l = { .retries = a->retries, .asked = a->guard.jobs };
    for (size_t i = 0; i < a->env->n; i++)
        l.archs |= !a->env->set[i].kept && strcmp(a->env->set[i].name, "TORCH_CUDA_ARCH_LIST") == 0 &&
                   strchr(a->env->set[i].value, ';') != NULL;
    l.lean = a->project != NULL && a->project->lean[0] != NULL;
    l.cpu = a->cpu != NULL ? a->cpu[0] != NULL : a->project != NULL && a->project->cpu[0] != NULL;
    l.cpu_lacks = a->cpu == NULL && a->project != NULL ? a->project->cpu_lacks : NULL;
    return l;
}

static const char *path_in(const char *const *env)
{
    for (; *env != NULL; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return "";
}

/* One rung, in a folder of its own below the first one's. */
static int rung(const struct hr_root *root, const struct hr_rungs_ask *a, struct hr_rungs *r, uint64_t start, const struct hr_rung *what,
                struct hr_error *err)
{
    struct hr_rung_done *d = &r->done[r->n];
    struct hr_guard_options o = a->guard;
    HR_CLEANUP(hr_freep) struct hr_build_env *env = hr_calloc(1, sizeof *env);
    if (env == NULL)
        return hr_fail_nomem(err, sizeof *env, "the environment");
    memset(d, 0, sizeof *d);
    d->rung = *what;
    d->began = hr_now() - start;
    snprintf(d->folder, sizeof d->folder, "%s", a->guard.folder);
    if (r->n != 0) {
        snprintf(d->folder, sizeof d->folder, "%s/try-%zu", a->guard.folder, r->n + 1);
        int e = hr_mkdir(d->folder, false, err);
        if (e < 0)
            return e;
    }
    hr_rung_env(a->env, what, a->project, a->cpu, path_in(a->environment), env);
    HR_CLEANUP(hr_freep) const char **envp = hr_build_env_merge(env, a->environment);
    if (envp == NULL)
        return hr_fail_nomem(err, sizeof *env, "the environment");
    o.envp = envp;
    o.folder = d->folder;
    o.jobs = what->jobs != 0 ? what->jobs : o.jobs;
    o.course = &r->course;
    r->course.offset = (uint32_t)(d->began / 1000000);
    if (o.timeout_ns != 0)
        o.timeout_ns = o.timeout_ns > d->began ? o.timeout_ns - d->began : 1;
    int e = hr_guard_run(root, &o, &d->report, err);
    r->n += e == 0;
    return e;
}

int hr_rungs_run(const struct hr_root *root, const struct hr_rungs_ask *ask, struct hr_rungs *ret, struct hr_error *err)
{
    struct hr_rung what = { .kind = HR_RUNG_FIRST };
    struct hr_ladder l = ladder_of(ask);
    uint64_t start = hr_now();
    memset(ret, 0, sizeof *ret);
    int e = hr_course_init(&ret->course, err);
    while (e == 0) {
        struct hr_error why = HR_ERROR_INIT;
        e = rung(root, ask, ret, start, &what, ret->n == 0 ? err : &why);
        if (e < 0 && ret->n != 0) { /* a further rung that cannot start ends the ladder, not the report */
            snprintf(ret->why, sizeof ret->why, "the next try could not be started: %.150s", why.text);
            e = 0;
            break;
        }
        if (e < 0)
            break;
        struct hr_rung_done *d = &ret->done[ret->n - 1];
        struct hr_clue clue = { 0 };
        char output[600];
        snprintf(output, sizeof output, "%s/output.log", d->folder);
        if (d->report.verdict == HR_GUARD_DONE && d->report.status != 0)
            hr_clue_find(output, &clue);
        memcpy(d->clue, clue.line, sizeof d->clue);
        ret->wall_ns = hr_now() - start;
        if (ask->after != NULL)
            ask->after(ask->ctx, ret);
        const struct hr_guard_report *g = &d->report;
        struct hr_rung_end end = { .verdict = g->verdict, .status = g->status, .ended = g->ended, .stalled = g->stalled, .shot = g->oom_kills,
                                   .at_once = g->at_once, .gate = g->gate, .clue = clue.means, .clue_killed = clue.killed,
                                   .oom_ruled_out = g->oom_ruled_out, .worst_level = g->worst_level, .least_room = g->least_room,
                                   .ceiling = g->ceiling };
        bool more = hr_ladder_next(&l, ret->n, &what, &end, &what, ret->why);
        if (more && ask->guard.timeout_ns != 0 && ret->wall_ns >= ask->guard.timeout_ns) {
            snprintf(ret->why, sizeof ret->why, "the time limit over all tries is used up");
            more = false;
        }
        if (!more || hr_interrupted() != 0)
            break;
        if (ask->next != NULL)
            ask->next(ask->ctx, &what);
    }
    ret->wall_ns = hr_now() - start;
    if (e < 0)
        hr_rungs_fini(ret);
    return e;
}

void hr_rungs_fini(struct hr_rungs *r)
{
    hr_course_fini(&r->course);
}

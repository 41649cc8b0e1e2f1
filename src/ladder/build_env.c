#include "build_env.h"

#include "arch.h"
#include "build_cards.h"
#include "dpkg.h"
#include "kit_tables.h"
#include "mem.h"
#include "outside.h"
#include "port.h"
#include "python_envs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)

/* Appends to a fixed text what fits. */
static void join(char *to, size_t n, const char *sep, const char *more)
{
    size_t at = strlen(to);
    snprintf(to + at, n - at, "%s%s", at == 0 ? "" : sep, more);
}

/* The variables that name the cards: what was asked for on the command line comes before what is in the environment. */
static bool about_cards(const char *name)
{
    return strcmp(name, "TORCH_CUDA_ARCH_LIST") == 0 || strcmp(name, "CUDAARCHS") == 0 || strcmp(name, "CMAKE_CUDA_ARCHITECTURES") == 0;
}

void hr_build_env_set(const struct hr_root *root, struct hr_build_env *e, const char *name, const char *value, const char *why)
{
    struct hr_buf old = HR_BUF_INIT(65536);
    struct hr_build_set *s = &e->set[e->n];
    if (e->n == HR_BUILD_SETS_MAX)
        return;
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->set[i].name, name) == 0)
            return;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->kept = hr_root_env(root, name, &old) && old.len != 0 && !(e->asked != NULL && about_cards(name));
    snprintf(s->value, sizeof s->value, "%s", s->kept ? old.data : value);
    snprintf(s->why, sizeof s->why, "%s", s->kept ? "set by you, and kept" : why);
    e->n++;
    hr_buf_fini(&old);
}

/* --- architectures --- */

struct arches {
    char torch[HR_WORD_MAX], cmake[HR_WORD_MAX], left_out[HR_WORD_MAX];
    struct hr_verdict_build worst; /* of the last that is left out */
    unsigned built, cards;
};

static unsigned cc_of(const struct hr_gpus *g, size_t i)
{
    unsigned cc = hr_gpu_cc(&g->gpu[i]);
    for (size_t k = 0; k < i; k++) /* each capability once */
        if (hr_gpu_cc(&g->gpu[k]) == cc)
            return 0;
    return cc;
}

static struct arches arches_of(const struct hr_gpus *g, unsigned toolkit, const char *asked)
{
    struct arches a = { .built = 0 };
    for (size_t i = 0; i < g->n; i++) {
        unsigned cc = cc_of(g, i);
        if (cc == 0)
            continue;
        a.cards++;
        struct hr_verdict_build v = hr_arch_builds(toolkit, cc);
        if (v.builds == HR_BUILDS_EXACT || v.builds == HR_BUILDS_FAMILY) {
            char number[16];
            snprintf(number, sizeof number, "%u", v.with);
            if (strstr(a.torch, hr_cc_text(v.with).text) == NULL) {
                char torch[32];
                bool ptx = asked != NULL && hr_build_cards_ptx(asked, cc);
                snprintf(torch, sizeof torch, "%s%s", hr_cc_text(v.with).text, ptx ? "+PTX" : "");
                join(a.torch, sizeof a.torch, ";", torch);
                join(a.cmake, sizeof a.cmake, ";", number);
            }
            a.built++;
        } else {
            join(a.left_out, sizeof a.left_out, ", ", hr_cc_text(cc).text);
            a.worst = v;
        }
    }
    return a;
}

static bool user_has(const struct hr_root *root, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    bool has = hr_root_env(root, name, &b) && b.len != 0;
    hr_buf_fini(&b);
    return has;
}

/* The toolkit with a compiler that builds for most of the cards, the newest of equals. */
static const struct hr_toolkit *best_of(const struct hr_gpus *g, const struct hr_toolkits *kits)
{
    const struct hr_toolkit *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < kits->n; i++) {
        const struct hr_toolkit *k = &kits->kit[i];
        unsigned built = k->nvcc && k->number != 0 ? arches_of(g, k->number, NULL).built : 0;
        if (built > most || (built == most && built != 0 && k->number > best->number)) {
            most = built;
            best = k;
        }
    }
    return best;
}

static void take_toolkit(const struct hr_root *root, const struct hr_toolkit *k, const char *why, struct hr_build_env *e)
{
    char nvcc[HR_WORD_MAX];
    snprintf(nvcc, sizeof nvcc, "%.140s/bin/nvcc", k->path);
    hr_build_env_set(root, e, "CUDACXX", nvcc, why);
    hr_build_env_set(root, e, "CUDA_HOME", k->path, "the same toolkit, for PyTorch's builder");
    hr_build_env_set(root, e, "CUDA_PATH", k->path, "the same toolkit, for CMake");
}

HR_PRINTF(2, 3) static void mend(struct hr_build_env *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->mend[e->mends], sizeof e->mend[0], fmt, ap);
    va_end(ap);
    e->mends++;
}

/* The CUDA to install for a card that `toolkit` does not build for: the first that does, or the newest that still did; 0: none is known. */
static unsigned wanted(unsigned toolkit, const struct hr_verdict_build *v)
{
    if (v->last == 0 || toolkit <= v->last)
        return v->first > toolkit ? v->first : 0;
    const struct hr_kit_row *row = hr_kit_newest(v->last);
    return row == NULL ? 0 : row->cuda;
}

/* The newest card that it does build for. */
static unsigned newest_of(unsigned toolkit)
{
    struct hr_images all = { .n = 0 };
    unsigned cc = 0;
    hr_arch_of_toolkit(toolkit, &all);
    for (size_t i = 0; i < all.n; i++)
        cc = hr_arch_is_tegra(all.image[i].cc) ? cc : all.image[i].cc;
    return cc;
}

static void refuse(const struct hr_toolkits *kits, const struct hr_toolkit *kit, const struct arches *a, struct hr_build_env *e)
{
    unsigned want = wanted(kit->number, &a->worst), other = newest_of(kit->number);
    struct hr_cc_text v = hr_cuda_text(want);
    e->refused = true;
    snprintf(e->refuse_why, sizeof e->refuse_why, "the CUDA toolkit in %.100s cannot build for the card%s: %.120s", kit->path,
             e->asked != NULL ? "" : " here", a->worst.why);
    snprintf(e->refuse_toolkit[0], sizeof e->refuse_toolkit[0], "%.150s/", kit->path);
    struct hr_str nvcc = hr_str(kits->nvcc.known ? kits->nvcc.v : "");
    if (kit == kits->nvcc_of && hr_str_ends(nvcc, "/bin/nvcc") && nvcc.n > 9)
        snprintf(e->refuse_toolkit[1], sizeof e->refuse_toolkit[1], "%.*s", (int)(nvcc.n - 8), nvcc.p);
    e->mends = 0;
    if (want != 0) {
        mend(e, "sudo apt-get install cuda-toolkit-%u-%u    # from NVIDIA's repository; on WSL2 never the packages 'cuda' or 'cuda-drivers'",
             want / 100, want % 100);
        mend(e, "headrace cuda --want %s    # every step for this very system, also as a script", v.text);
        mend(e, "export CUDACXX=/usr/local/cuda-%s/bin/nvcc CUDA_HOME=/usr/local/cuda-%s", v.text, v.text);
    } else {
        mend(e, "%s/bin/nvcc --list-gpu-code    # the cards that it builds for; no toolkit that is known here builds for this one", kit->path);
    }
    if (other != 0)
        mend(e, e->asked != NULL ? "# or, to build for other cards on purpose: --arch '%s+PTX'" : "# or, to build for other cards on purpose: export TORCH_CUDA_ARCH_LIST='%s+PTX'",
             hr_cc_text(other).text);
}

void hr_build_env_arch(const struct hr_root *root, const struct hr_gpus *gpus, const struct hr_toolkits *kits,
                       struct hr_build_env *e)
{
    const struct hr_toolkit *own = kits->nvcc_of, *best = gpus->n != 0 ? best_of(gpus, kits) : NULL, *use = own;
    char why[HR_WORD_MAX];
    if (best == NULL && own == NULL)
        best = hr_toolkits_newest(kits);
    bool own_does = own != NULL && (gpus->n == 0 || arches_of(gpus, own->number, NULL).built != 0);
    if (!own_does && best != NULL && best != own && !user_has(root, "CUDACXX")) {
        snprintf(why, sizeof why, "%s",
                 own == NULL ? "no nvcc is on the PATH: CMake would build without CUDA and hardly say so" :
                               "the nvcc on the PATH cannot build for the cards here; this one can");
        take_toolkit(root, best, why, e);
        use = best;
    }
    if (gpus->n == 0) {
        snprintf(e->say[0], sizeof e->say[0], "no NVIDIA card is seen here: the architectures are left to the project");
        return;
    }
    if (use == NULL || use->number == 0) {
        snprintf(e->say[0], sizeof e->say[0], "no CUDA toolkit with a known version is here: a build of CUDA code would be CPU-only or fail");
        return;
    }
    struct arches a = arches_of(gpus, use->number, e->asked);
    bool named = user_has(root, "TORCH_CUDA_ARCH_LIST") || user_has(root, "CMAKE_CUDA_ARCHITECTURES") || user_has(root, "CUDAARCHS");
    if (a.built == 0 && a.cards != 0 && (e->asked != NULL || !named)) {
        refuse(kits, use, &a, e);
        return;
    }
    if (a.left_out[0] != 0)
        snprintf(e->say[1], sizeof e->say[1], "left out: compute capability %.60s, which CUDA %s cannot build for", a.left_out,
                 hr_cuda_text(use->number).text);
    if (a.built == 0)
        return;
    snprintf(why, sizeof why, "the cards that %s, as CUDA %s builds for them", e->asked != NULL ? "you named" : "are here",
             hr_cuda_text(use->number).text);
    hr_build_env_set(root, e, "TORCH_CUDA_ARCH_LIST", a.torch, why);
    hr_build_env_set(root, e, "CUDAARCHS", a.cmake, "the same, as CMake reads it");
    hr_build_env_set(root, e, "CMAKE_CUDA_ARCHITECTURES", a.cmake, "the same, as some projects' setup.py reads it");
}

/* --- jobs --- */

/* How many jobs fit: 0, with `say`, where the CPUs or, without a gate, the memory are not known.  Tools then take what they find. */
static unsigned jobs_that_fit(const struct hr_build_ask *ask, char say[HR_WORD_MAX])
{
    const struct hr_figure *lacks = !ask->cpus.known ? &ask->cpus : !ask->gate && !ask->ceiling.known ? &ask->ceiling : NULL;
    if (ask->jobs != 0)
        return ask->jobs;
    if (lacks != NULL) {
        snprintf(say, HR_WORD_MAX, "MAX_JOBS and its like are not set: the %s not known (%s)",
                 lacks == &ask->cpus ? "number of CPUs is" : "memory is", lacks->why);
        return 0;
    }
    uint64_t fit = ask->ceiling.v * 2 / (3 * GIB);
    return (unsigned)(ask->gate ? ask->cpus.v : HR_MAX(HR_MIN(ask->cpus.v, fit), UINT64_C(1)));
}

static void set_jobs(const struct hr_root *root, const struct hr_build_ask *ask, struct hr_build_env *e)
{
    char number[16];
    const char *why = ask->jobs != 0 ? "as you asked" :
                      ask->gate      ? "one per CPU: the gate holds back what does not fit" :
                                       "one per CPU and 1.5 GiB, since there is no gate";
    snprintf(number, sizeof number, "%u", e->jobs);
    hr_build_env_set(root, e, "MAX_JOBS", number, why);
    hr_build_env_set(root, e, "CMAKE_BUILD_PARALLEL_LEVEL", number, "the same for cmake --build");
    hr_build_env_set(root, e, "CARGO_BUILD_JOBS", number, "the same for cargo");
}

static void jobs_of(const struct hr_root *root, const struct hr_build_ask *ask, struct hr_build_env *e)
{
    e->jobs = jobs_that_fit(ask, e->say[2]);
    if (e->jobs != 0)
        set_jobs(root, ask, e);
    hr_build_env_set(root, e, "NVCC_THREADS", "1", "each further thread of nvcc takes a compiler's memory once more");
    struct hr_buf flags = HR_BUF_INIT(4096);
    if (hr_root_env(root, "NVCC_APPEND_FLAGS", &flags) && flags.len != 0)
        hr_buf_addc(&flags, ' ');
    hr_buf_adds(&flags, "-t 1");
    if (!flags.failed && flags.len < sizeof e->set[0].value && e->n < HR_BUILD_SETS_MAX) {
        struct hr_build_set *s = &e->set[e->n++];
        snprintf(s->name, sizeof s->name, "NVCC_APPEND_FLAGS"); /* appended to the user's, which does not replace them */
        snprintf(s->value, sizeof s->value, "%s", flags.data);
        snprintf(s->why, sizeof s->why, "the last -t counts, also where a project has --threads in its files");
    }
    hr_buf_fini(&flags);
}

/* A cache's server that runs already would compile for the build outside of it, where nobody can hold it.  At a port of its own sccache
 * starts another one inside, on the same cache. */
static void cache_server(const struct hr_root *root, struct hr_build_env *e)
{
    char number[16];
    if (!hr_root_is_live(root) || user_has(root, "SCCACHE_SERVER_UDS") || !hr_outside_runs("sccache"))
        return;
    unsigned port = hr_free_port();
    snprintf(number, sizeof number, "%u", port);
    if (port == 0)
        return;
    hr_build_env_set(root, e, "SCCACHE_SERVER_PORT", number,
                     "the sccache server that runs here compiles outside the build; at this port one starts inside, on the same cache");
    hr_build_env_set(root, e, "SCCACHE_IDLE_TIMEOUT", "60", "and ends soon after the build");
}

int hr_build_env_read(const struct hr_root *root, const struct hr_build_ask *ask, struct hr_build_env *ret,
                      struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_python *python = hr_calloc(1, sizeof *python);
    HR_CLEANUP(hr_freep) struct hr_dpkg *dpkg = hr_calloc(1, sizeof *dpkg);
    HR_CLEANUP(hr_freep) struct hr_toolkits *kits = hr_calloc(1, sizeof *kits);
    struct hr_gpus *gpus;
    memset(ret, 0, sizeof *ret);
    if (python == NULL || dpkg == NULL || kits == NULL)
        return hr_fail_nomem(err, sizeof *python + sizeof *dpkg + sizeof *kits, "the toolkits");
    ret->asked = ask->arch;
    int r = ask->arch != NULL ? hr_build_cards(ask->arch, &gpus, err) : hr_gpus_read(root, 0, &gpus, err);
    if (r < 0)
        return r;
    jobs_of(root, ask, ret);
    cache_server(root, ret);
    hr_python_read(root, python);
    hr_dpkg_read(root, dpkg);
    hr_toolkits_read(root, python, dpkg, kits);
    hr_build_env_arch(root, gpus, kits, ret);
    hr_toolkits_fini(kits);
    hr_python_fini(python);
    hr_gpus_free(gpus);
    return 0;
}

const char *hr_build_env_arches(const struct hr_build_env *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (about_cards(e->set[i].name))
            return e->set[i].value;
    return e->asked; /* where no toolkit is: a wheel that was installed shall run on them all the same */
}

static bool replaced(const struct hr_build_env *e, const char *line)
{
    for (size_t i = 0; i < e->n; i++) {
        size_t n = strlen(e->set[i].name);
        if (!e->set[i].kept && strncmp(line, e->set[i].name, n) == 0 && line[n] == '=')
            return true;
    }
    return e->path[0] != 0 && strncmp(line, "PATH=", 5) == 0;
}

const char **hr_build_env_merge(const struct hr_build_env *e, const char *const *now)
{
    size_t n = 0, bytes = sizeof e->path + 8;
    while (now[n] != NULL)
        n++;
    for (size_t i = 0; i < e->n; i++)
        bytes += strlen(e->set[i].name) + strlen(e->set[i].value) + 2;
    const char **env = hr_malloc((n + e->n + 2) * sizeof *env + bytes);
    if (env == NULL)
        return NULL;
    char *text = (char *)(env + n + e->n + 2);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!replaced(e, now[i]))
            env[k++] = now[i];
    for (size_t i = 0; i < e->n; i++) {
        if (e->set[i].kept || e->set[i].unset)
            continue;
        env[k++] = text;
        int len = snprintf(text, bytes, "%s=%s", e->set[i].name, e->set[i].value) + 1;
        text += len;
        bytes -= (size_t)len;
    }
    if (e->path[0] != 0) {
        env[k++] = text;
        snprintf(text, bytes, "PATH=%s", e->path);
    }
    env[k] = NULL;
    return env;
}

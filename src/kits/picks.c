#include "picks.h"

#include "arch.h"
#include "finding.h"
#include "gpu_words.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

struct look {
    struct hr_facts *facts;
    const struct hr_root *root;
    const struct hr_toolkits *kits;
    struct hr_pick *to;
    bool *cut; /* a path was longer than a word: what was looked at is not what is meant */
};

/* --- helpers --- */

static bool below(const struct look *l, const char *folder, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    hr_buf_printf(&b, "%s/%s", folder, name);
    bool there = !b.failed && hr_root_exists(l->root, b.data);
    hr_buf_fini(&b);
    return there;
}

/* The folder without its last two parts: /usr/local/cuda of /usr/local/cuda/bin/nvcc. */
static bool home_of(const char *nvcc, char home[HR_WORD_MAX])
{
    struct hr_str s = hr_str(nvcc);
    for (int parts = 0; parts < 2; parts++) {
        while (s.n != 0 && s.p[s.n - 1] != '/')
            s.n--;
        while (s.n > 1 && s.p[s.n - 1] == '/')
            s.n--;
    }
    if (s.n == 0 || s.n >= HR_WORD_MAX)
        return false;
    snprintf(home, HR_WORD_MAX, "%.*s", HR_STR_ARG(s));
    return true;
}

/* The toolkit of a folder, by its own name or behind one link. */
static unsigned version_at(const struct look *l, const char *folder)
{
    struct hr_buf link = HR_BUF_INIT(4096), real = HR_BUF_INIT(4096);
    unsigned found = 0;
    if (hr_root_readlink(l->root, folder, &link, NULL) == 0 && link.len != 0) {
        const char *slash = strrchr(folder, '/');
        if (link.data[0] != '/' && slash != NULL)
            hr_buf_add(&real, folder, (size_t)(slash + 1 - folder));
        hr_buf_add(&real, link.data, link.len);
    }
    for (size_t i = 0; i < l->kits->n; i++)
        if (strcmp(l->kits->kit[i].path, folder) == 0 || (real.len != 0 && strcmp(l->kits->kit[i].path, real.data) == 0))
            found = l->kits->kit[i].number;
    hr_buf_fini(&real);
    hr_buf_fini(&link);
    return found;
}

static unsigned version_of_nvcc(const struct look *l, const char *nvcc)
{
    char home[HR_WORD_MAX];
    if (l->kits->nvcc.known && strcmp(nvcc, l->kits->nvcc.v) == 0)
        return l->kits->nvcc_of != NULL ? l->kits->nvcc_of->number : 0;
    return home_of(nvcc, home) ? version_at(l, home) : 0;
}

static void take(const struct look *l, enum hr_pick_state state, const char *path, unsigned cuda, const char *because)
{
    l->to->state = state;
    l->to->cuda = cuda;
    snprintf(l->to->takes, sizeof l->to->takes, "%s", path);
    snprintf(l->to->because, sizeof l->to->because, "%s", because);
}

static void take_nvcc(const struct look *l, const char *nvcc, const char *because)
{
    take(l, HR_PICK_TAKES, nvcc, version_of_nvcc(l, nvcc), because);
}

/* It fills a word, so it may have been longer. */
static bool full(const struct hr_word *w)
{
    return w->known && strlen(w->v) >= HR_WORD_MAX - 1;
}

static struct hr_word variable(const struct look *l, const char *name)
{
    struct hr_word w = hr_env_word(l->facts, name);
    *l->cut |= full(&w);
    return w.known && w.v[0] == 0 ? hr_word_unknown("%s is empty", name) : w;
}

/* The first nvcc on PATH; NULL: none. */
static const char *on_path(const struct look *l)
{
    *l->cut |= full(&l->kits->nvcc);
    return l->kits->nvcc.known ? l->kits->nvcc.v : NULL;
}

/* --- each tool --- */

static void shell(const struct look *l)
{
    if (on_path(l) != NULL)
        take_nvcc(l, on_path(l), "the first on PATH");
    else
        take(l, HR_PICK_NOTHING, "", 0, "no folder of PATH has nvcc");
}

/* CMake's find_program looks along PATH and then into the system's own folders. */
static bool program(const struct look *l)
{
    static const char *const system[] = { "/usr/local/bin", "/usr/bin" };
    char path[HR_WORD_MAX];
    if (on_path(l) != NULL) {
        take_nvcc(l, on_path(l), "the first on PATH");
        return true;
    }
    for (size_t i = 0; i < HR_COUNT(system); i++) {
        snprintf(path, sizeof path, "%s/nvcc", system[i]);
        if (hr_root_exists(l->root, path)) {
            take_nvcc(l, path, "in a system folder, though not on PATH");
            return true;
        }
    }
    return false;
}

static bool in_variable(const struct look *l, const char *name)
{
    struct hr_word w = variable(l, name);
    char nvcc[2 * HR_WORD_MAX], why[HR_WORD_MAX];
    if (!w.known || !below(l, w.v, "bin/nvcc"))
        return false;
    snprintf(nvcc, sizeof nvcc, "%s/bin/nvcc", w.v);
    snprintf(why, sizeof why, "%s names it", name);
    take(l, HR_PICK_TAKES, nvcc, version_at(l, w.v), why);
    return true;
}

static void cmake_language(const struct look *l)
{
    struct hr_word w = variable(l, "CUDACXX");
    if (w.known && w.v[0] == '/' && hr_root_exists(l->root, w.v)) {
        take_nvcc(l, w.v, "CUDACXX names it");
    } else if (w.known && strchr(w.v, '/') == NULL && on_path(l) != NULL && strcmp(w.v, "nvcc") == 0) {
        take_nvcc(l, on_path(l), "CUDACXX says nvcc, the first on PATH");
    } else if (w.known) {
        take(l, HR_PICK_BROKEN, w.v, 0, "CUDACXX names it and it is not there: CMake stops");
    } else if (!program(l) && !in_variable(l, "CUDA_PATH")) {
        take(l, HR_PICK_NOTHING, "", 0,
             l->kits->home_there ? "nothing on PATH; CUDA_HOME is set, and CMake does not look at it"
                                 : "nothing on PATH; check_language(CUDA) builds without CUDA and hardly says so");
    }
}

static bool newest_folder(const struct look *l)
{
    const struct hr_toolkit *best = NULL;
    char nvcc[2 * HR_WORD_MAX];
    for (size_t i = 0; i < l->kits->n; i++) {
        const struct hr_toolkit *k = &l->kits->kit[i];
        if (k->kind == HR_TOOLKIT_FOLDER && k->nvcc && strncmp(k->path, "/usr/local/cuda-", 16) == 0 &&
            (best == NULL || k->number > best->number))
            best = k;
    }
    if (best == NULL)
        return false;
    snprintf(nvcc, sizeof nvcc, "%s/bin/nvcc", best->path);
    take(l, HR_PICK_TAKES, nvcc, best->number, "the newest /usr/local/cuda-X.Y");
    return true;
}

static void cmake_find(const struct look *l)
{
    struct hr_word w = variable(l, "CUDAToolkit_ROOT");
    if (w.known && !below(l, w.v, "bin/nvcc") && !below(l, w.v, "nvcc")) {
        take(l, HR_PICK_BROKEN, w.v, 0, "CUDAToolkit_ROOT names it, and there is no nvcc in it: not found");
        return;
    }
    if (in_variable(l, "CUDAToolkit_ROOT") || program(l) || in_variable(l, "CUDA_PATH"))
        return;
    if (below(l, "/usr/local/cuda", "bin/nvcc"))
        take(l, HR_PICK_TAKES, "/usr/local/cuda/bin/nvcc", version_at(l, "/usr/local/cuda"), "where NVIDIA's link leads");
    else if (!newest_folder(l))
        take(l, HR_PICK_NOTHING, "", 0, "none is found");
}

/* Builds with the nvcc in a folder whose headers it hands to gcc as well. */
static void with_home(const struct look *l, const char *home, const char *because)
{
    char nvcc[2 * HR_WORD_MAX], why[HR_WORD_MAX];
    snprintf(nvcc, sizeof nvcc, "%s/bin/nvcc", home);
    unsigned cuda = version_of_nvcc(l, nvcc);
    if (cuda == 0)
        cuda = version_at(l, home);
    if (!below(l, home, "bin/nvcc")) {
        snprintf(why, sizeof why, "%s, and there is no bin/nvcc in it", because);
        take(l, HR_PICK_BROKEN, home, cuda, why);
    } else if (!below(l, home, "include/cuda_runtime.h")) {
        snprintf(why, sizeof why, "%s, and it has no include/cuda_runtime.h", because);
        take(l, HR_PICK_BROKEN, nvcc, cuda, why);
    } else {
        take(l, HR_PICK_TAKES, nvcc, cuda, because);
    }
}

static void torch(const struct look *l)
{
    static const char *const names[] = { "CUDA_HOME", "CUDA_PATH" };
    char home[HR_WORD_MAX], why[HR_WORD_MAX];
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        struct hr_word w = variable(l, names[i]);
        if (w.known) {
            snprintf(why, sizeof why, "%s names it", names[i]);
            with_home(l, w.v, why);
            return;
        }
    }
    if (on_path(l) != NULL && home_of(on_path(l), home))
        with_home(l, home, "the folder above the first nvcc on PATH");
    else if (hr_root_exists(l->root, "usr/local/cuda"))
        with_home(l, "/usr/local/cuda", "where NVIDIA's link leads");
    else
        take(l, HR_PICK_NOTHING, "", 0, "none is found: \"CUDA_HOME environment variable is not set\"");
}

static void cupy(const struct look *l)
{
    struct hr_word w = variable(l, "CUDA_PATH");
    char home[HR_WORD_MAX];
    if (w.known && hr_root_exists(l->root, w.v))
        take(l, HR_PICK_TAKES, w.v, version_at(l, w.v), "CUDA_PATH names it");
    else if (on_path(l) != NULL && home_of(on_path(l), home))
        take(l, HR_PICK_TAKES, home, version_of_nvcc(l, on_path(l)), "the folder above the first nvcc on PATH");
    else if (hr_root_exists(l->root, "usr/local/cuda"))
        take(l, HR_PICK_TAKES, "/usr/local/cuda", version_at(l, "/usr/local/cuda"), "where NVIDIA's link leads");
    else
        take(l, HR_PICK_NOTHING, "", 0, "none is found");
}

static void rust(const struct look *l)
{
    static const char *const names[] = { "CUDA_PATH", "CUDA_ROOT", "CUDA_TOOLKIT_ROOT_DIR" };
    static const char *const places[] = { "/usr/lib/cuda", "/usr/local/cuda", "/opt/cuda" };
    char why[HR_WORD_MAX];
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        struct hr_word w = variable(l, names[i]);
        if (w.known && below(l, w.v, "include/cuda.h")) {
            snprintf(why, sizeof why, "%s names it", names[i]);
            take(l, HR_PICK_TAKES, w.v, version_at(l, w.v), why);
            return;
        }
    }
    for (size_t i = 0; i < HR_COUNT(places); i++)
        if (below(l, places[i], "include/cuda.h")) {
            take(l, HR_PICK_TAKES, places[i], version_at(l, places[i]), "the first usual place that has cuda.h");
            return;
        }
    take(l, HR_PICK_NOTHING, "", 0, "no usual place has include/cuda.h; it does not look along PATH");
}

/* --- at run time --- */

static void run_torch(const struct look *l)
{
    const struct hr_python *p = hr_facts_python(l->facts);
    const struct hr_python_env *e = NULL;
    for (size_t i = 0; i < p->n && e == NULL; i++)
        if (p->env[i].torch.there)
            e = &p->env[i];
    if (e == NULL)
        take(l, HR_PICK_NOTHING, "", 0, "no environment here has PyTorch");
    else if (e->torch.cuda_number == 0)
        take(l, HR_PICK_NOTHING, e->path, 0, e->torch.cuda.known ? "its CUDA is not known" : e->torch.cuda.why);
    else if (e->wheel_runtime.known)
        take(l, HR_PICK_TAKES, e->path, e->torch.cuda_number, "the nvidia-* wheels beside it, whatever toolkit is installed");
    else
        take(l, HR_PICK_TAKES, e->path, e->torch.cuda_number, "the libraries that came with it, whatever toolkit is installed");
}

static void run_driver(const struct look *l)
{
    const struct hr_gpus *g = hr_facts_gpus(l->facts);
    if (l->kits->libcudas == 0) {
        take(l, HR_PICK_NOTHING, "", 0, "no libcuda.so.1 is in the folders that the loader looks into");
        return;
    }
    const struct hr_libcuda *c = &l->kits->libcuda[0];
    bool foreign = hr_on_wsl2(l->facts) && !hr_in_container(l->facts) && !c->wsl, bad = c->stub || foreign;
    char why[HR_WORD_MAX];
    snprintf(why, sizeof why, "%s%s", c->from,
             c->stub   ? "; a link stub: every call fails"
             : foreign ? "; not the driver that Windows gives"
             : c->wsl  ? "; the driver of Windows"
                       : "");
    take(l, bad ? HR_PICK_BROKEN : HR_PICK_TAKES, c->path, g->cuda.known && !bad ? (unsigned)g->cuda.v : 0, why);
}

static const struct {
    const char *id, *who;
    bool builds;
    void (*look)(const struct look *l);
    const char *rule, *source;
} tools[] = {
    { "nvcc", "nvcc, make", true, shell, "the first nvcc of PATH", "execvp(3)" },
    { "cmake-language", "CMake, project(CUDA)", true, cmake_language,
      "CUDACXX; nvcc on PATH; /usr/local/bin, /usr/bin; CUDA_PATH. Never CUDA_HOME, never /usr/local/cuda",
      "CMake: CMakeDetermineCUDACompiler.cmake, tried with 3.25 and 4.4" },
    { "cmake-find", "CMake, CUDAToolkit", true, cmake_find,
      "the language's own; CUDAToolkit_ROOT; nvcc on PATH; CUDA_PATH (behind PATH, other than its manual says); "
      "/usr/local/cuda; the newest /usr/local/cuda-X.Y. Newer ones also CUDACXX",
      "CMake: FindCUDAToolkit.cmake, tried with 3.25 and 4.4" },
    { "torch", "PyTorch extensions", true, torch,
      "CUDA_HOME; CUDA_PATH; the folder above the first nvcc on PATH; /usr/local/cuda. The same for flash-attention, xformers, "
      "vLLM, whose setup.py asks it",
      "torch.utils.cpp_extension: _find_cuda_home" },
    { "cupy", "CuPy", true, cupy, "CUDA_PATH; the folder above the first nvcc on PATH; /usr/local/cuda",
      "cupy._environment: _get_cuda_path" },
    { "rust", "Rust crates", true, rust,
      "the first of CUDA_PATH, CUDA_ROOT, CUDA_TOOLKIT_ROOT_DIR, /usr/lib/cuda, /usr/local/cuda, /opt/cuda with include/cuda.h",
      "build scripts of find_cuda_helper, cudarc" },
    { "run-torch", "PyTorch, running", false, run_torch, "its own copies, by RPATH, which goes before LD_LIBRARY_PATH",
      "PyTorch's wheel build script: CUDA_RPATHS, --force-rpath" },
    { "run-driver", "any program, running", false, run_driver,
      "the first libcuda.so.1 of LD_LIBRARY_PATH, then of the loader's list", "ld.so(8)" },
};

/* It has a compiler, and builds for every card that is here. */
static bool fit(const struct look *l, const struct hr_toolkit *k)
{
    unsigned cc[HR_GPUS_MAX];
    size_t n = hr_gpu_kinds(hr_facts_gpus(l->facts), cc);
    for (size_t i = 0; i < n; i++) {
        enum hr_builds b = hr_arch_builds(k->number, cc[i]).builds;
        if (b == HR_BUILDS_PTX || b == HR_BUILDS_NOT)
            return false;
    }
    return k->kind == HR_TOOLKIT_FOLDER && k->nvcc;
}

/* Of those that fit the one that PyTorch here was built with, else that of nvcc, else the newest; NULL: none fits. */
static const struct hr_toolkit *best(const struct look *l)
{
    const struct hr_python *p = hr_facts_python(l->facts);
    const struct hr_toolkit *newest = NULL;
    for (size_t e = 0; e < p->n; e++)
        for (size_t i = 0; p->env[e].torch.cuda_number != 0 && i < l->kits->n; i++)
            if (l->kits->kit[i].number == p->env[e].torch.cuda_number && fit(l, &l->kits->kit[i]))
                return &l->kits->kit[i];
    if (l->kits->nvcc_of != NULL && fit(l, l->kits->nvcc_of))
        return l->kits->nvcc_of;
    for (size_t i = 0; i < l->kits->n; i++)
        if (fit(l, &l->kits->kit[i]) && (newest == NULL || l->kits->kit[i].number > newest->number))
            newest = &l->kits->kit[i];
    return newest;
}

static void cure(const struct look *l, struct hr_picks *ret)
{
    const struct hr_toolkit *k = best(l);
    if (k == NULL)
        return;
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_finding quoting;
    hr_finding_init(&quoting);
    const char *path = hr_quoted(&quoting, k->path);
    hr_buf_printf(&b, "export CUDA_HOME=%s CUDA_PATH=%s CUDACXX=%s/bin/nvcc PATH=%s/bin:$PATH", path, path, path, path);
    if (!b.failed && b.len < sizeof ret->cure) {
        snprintf(ret->cure, sizeof ret->cure, "%s", b.data);
        ret->cure_cuda = k->number;
    }
    hr_finding_fini(&quoting);
    hr_buf_fini(&b);
}

/* Every nvcc on PATH, in its order; a folder that stands in it twice is looked at once. */
static void list_nvccs(const struct hr_root *root, struct hr_picks *ret)
{
    struct hr_buf path = HR_BUF_INIT(65536), at = HR_BUF_INIT(4096);
    struct hr_str rest, dir;
    hr_root_env(root, "PATH", &path);
    rest = hr_buf_str(&path);
    while (path.len != 0 && ret->nvccs < HR_PICKS_NVCCS && hr_str_cut(&rest, ':', &dir)) {
        bool known = false;
        hr_buf_reset(&at);
        hr_buf_printf(&at, "%.*s/nvcc", HR_STR_ARG(dir));
        struct hr_word w = hr_word_clean(hr_buf_str(&at));
        for (size_t i = 0; i < ret->nvccs; i++)
            known |= strcmp(ret->nvcc[i].v, w.v) == 0;
        if (!known && hr_path_worth(dir) && !at.failed && hr_root_exists(root, at.data))
            ret->nvcc[ret->nvccs++] = w;
    }
    hr_buf_fini(&at);
    hr_buf_fini(&path);
}

void hr_picks_of(struct hr_facts *facts, struct hr_picks *ret)
{
    bool cut = false;
    struct look l = { facts, hr_facts_root(facts), NULL, NULL, &cut };
    unsigned cuda = 0;
    char why[HR_WORD_MAX];
    memset(ret, 0, sizeof *ret);
    ret->agree = true;
    for (size_t i = 0; i < HR_COUNT(tools) && ret->n < HR_PICKS_MAX; i++) {
        l.to = &ret->pick[ret->n++];
        l.to->id = tools[i].id;
        l.to->who = tools[i].who;
        l.to->rule = tools[i].rule;
        l.to->source = tools[i].source;
        cut = false;
        hr_facts_watch(facts);
        l.kits = hr_facts_toolkits(facts);
        tools[i].look(&l);
        const char *torn = hr_facts_torn(facts);
        if (torn != NULL) { /* what it did not find may be there */
            snprintf(why, sizeof why, "it could not be looked at: %.120s", torn);
            take(&l, HR_PICK_UNKNOWN, "", 0, why);
        } else if (cut) {
            take(&l, HR_PICK_UNKNOWN, "", 0, "a path on its way is longer than is looked at here");
        }
        ret->builders += tools[i].builds;
        if (!tools[i].builds || l.to->state == HR_PICK_NOTHING || l.to->state == HR_PICK_UNKNOWN)
            continue;
        ret->agree = ret->agree && l.to->state == HR_PICK_TAKES && (cuda == 0 || l.to->cuda == 0 || cuda == l.to->cuda);
        cuda = l.to->cuda != 0 ? l.to->cuda : cuda;
    }
    if (!ret->agree)
        cure(&l, ret);
    list_nvccs(l.root, ret);
}

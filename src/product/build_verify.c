#include "build_verify.h"

#include "clock.h"
#include "cpu_only.h"
#include "file.h"
#include "gpus.h"
#include "interpreter.h"
#include "interrupt.h"
#include "made.h"
#include "mem.h"
#include "wheel_open.h"

#include <stdio.h>
#include <string.h>

#define IMPORT_NS UINT64_C(120000000000)
#define ASK_NS UINT64_C(30000000000)
#define LOOK_LEAST_NS UINT64_C(500000000)
#define LOOK_MOST_NS UINT64_C(5000000000)
enum { FOLDERS_MOST = 8, IMAGE_MOST = 64 << 20, IMAGES_MOST = 128 << 20 };

const char *hr_verify_state_name(enum hr_verify_state s)
{
    static const char *const name[] = { "nothing", "plain", "cuda", "cpu only" };
    return name[s];
}

struct work {
    const struct hr_root *root;
    const struct hr_verify_ask *ask;
    struct hr_verify *v;
    struct hr_made made;
    struct hr_interpreter who;
    struct hr_said said;
    char *unpacked; /* where a wheel was opened; NULL: none */
};

/* --- for which cards --- */

static void targets_of_environment(const struct hr_root *root, struct hr_targets *t)
{
    static const char *const name[] = { "TORCH_CUDA_ARCH_LIST", "CUDAARCHS", "CMAKE_CUDA_ARCHITECTURES" };
    for (size_t i = 0; i < HR_COUNT(name) && t->n == 0; i++) {
        struct hr_buf value = HR_BUF_INIT(4096);
        if (hr_root_env(root, name[i], &value))
            hr_targets_of_list(value.data, t);
        hr_buf_fini(&value);
    }
}

static int targets(struct work *w, struct hr_error *err)
{
    struct hr_gpus *g;
    struct hr_targets *t = &w->v->targets;
    int r = hr_gpus_read(w->root, 0, &g, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < g->n; i++) {
        unsigned cc = hr_gpu_cc(&g->gpu[i]);
        bool have = cc == 0;
        for (size_t k = 0; k < t->n; k++)
            have |= t->cc[k] == cc;
        if (!have && t->n < HR_TARGETS_MAX)
            t->cc[t->n++] = cc;
    }
    t->cards = t->n != 0;
    t->driver = g->cuda.known ? (unsigned)g->cuda.v : 0;
    hr_gpus_free(g);
    if (t->n == 0 && w->ask->arches != NULL)
        hr_targets_of_list(w->ask->arches, t);
    else if (t->n == 0)
        targets_of_environment(w->root, t);
    return 0;
}

/* --- where to look --- */

static bool same_or_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == 0 || path[n] == '/' || n == 1);
}

struct folders {
    char *path[FOLDERS_MOST];
    size_t n;
};

static void folder_add(const struct work *w, struct folders *f, const char *path)
{
    struct hr_buf real = HR_BUF_INIT(8192);
    if (f->n < FOLDERS_MOST && hr_path_kind(path) == HR_KIND_DIR && hr_root_real(w->root, path, &real, NULL) == 0 && real.len > 1) {
        bool have = false;
        for (size_t i = 0; i < f->n; i++)
            have |= same_or_below(real.data, f->path[i]);
        if (!have && (f->path[f->n] = hr_strdup(real.data)) != NULL)
            f->n++;
    }
    hr_buf_fini(&real);
}

/* pip writes only where it is told to; everything else writes into the folder where it is started. */
static int folders(struct work *w, struct hr_error *err)
{
    struct folders f = { .n = 0 };
    int r = 0;
    if (!w->who.pip)
        folder_add(w, &f, ".");
    for (size_t i = 1; w->ask->argv[0] != NULL && w->ask->argv[i] != NULL; i++) {
        const char *word = w->ask->argv[i];
        if (hr_str_ends(hr_str(word), ".tar.gz") && hr_path_kind(word) == HR_KIND_FILE)
            hr_made_archive(&w->made, word);
        else
            folder_add(w, &f, word);
    }
    for (size_t i = 0; i < f.n && r == 0; i++) {
        r = hr_made_look(&w->made, f.path[i], true, err);
        if (r < 0 && r != HR_E_NOMEM)
            r = 0;
    }
    for (size_t i = 0; i < f.n; i++)
        hr_free(f.path[i]);
    return r;
}

static int installed(struct work *w, struct hr_error *err)
{
    struct hr_sites sites = { .n = 0 };
    struct hr_error why = HR_ERROR_INIT;
    int r = 0;
    if (w->who.program[0] == 0)
        return 0;
    if (w->who.target[0] != 0) {
        snprintf(sites.path[0], sizeof sites.path[0], "%s", w->who.target);
        sites.n = 1;
    } else if (hr_interpreter_sites(w->who.program, hr_now() + ASK_NS, &sites, &why) < 0) {
        snprintf(w->v->python_why, sizeof w->v->python_why, "%.159s", why.text);
    }
    for (size_t i = 0; i < sites.n && r == 0; i++)
        r = hr_made_installed(&w->made, sites.path[i], err);
    return r;
}

/* Wheels that were built here, opened beside the log. */
static int wheels(struct work *w, struct hr_error *err)
{
    int r = 0;
    for (size_t i = 0; i < w->made.n && r == 0 && w->unpacked == NULL; i++) {
        const char *path = w->made.file[i].path, *slash = strrchr(path, '/');
        bool built = w->said.wheels == 0;
        for (size_t k = 0; k < w->said.wheels; k++)
            built |= strcmp(w->said.wheel[k], slash != NULL ? slash + 1 : path) == 0;
        if (!w->made.file[i].wheel || !built || w->made.dists != 0)
            continue;
        if (w->who.program[0] == 0 && !hr_interpreter_usual(w->root, w->who.program))
            continue;
        w->unpacked = hr_join(w->ask->folder, "wheel");
        if (w->unpacked == NULL)
            return hr_fail_nomem(err, 4096, "a path");
        if (hr_wheel_open(w->who.program, path, w->unpacked, hr_now() + IMPORT_NS))
            r = hr_made_installed(&w->made, w->unpacked, err);
    }
    return r;
}

/* --- what was found --- */

/* What matters is kept: GPU code and damage push out what has neither. */
static void keep(struct hr_verify *v, const struct hr_product *p)
{
    bool matters = hr_product_gpu(p) || p->elf.state == HR_ELF_CUT;
    size_t at = v->n;
    if (v->n == HR_VERIFY_FILES) {
        for (at = 0; at < v->n && (hr_product_gpu(&v->file[at]) || v->file[at].elf.state == HR_ELF_CUT); at++)
            ;
        if (!matters || at == v->n)
            return;
    } else {
        v->n++;
    }
    v->file[at] = *p;
}

static int by_weight(const struct hr_product *p)
{
    return p->elf.state == HR_ELF_CUT ? 0 : hr_product_gpu(p) ? 1 : 2;
}

static void sort(struct hr_verify *v)
{
    for (size_t i = 1; i < v->n; i++) /* in place, and equals stay in order */
        for (size_t k = i; k > 0 && by_weight(&v->file[k]) < by_weight(&v->file[k - 1]); k--) {
            struct hr_product t = v->file[k];
            v->file[k] = v->file[k - 1];
            v->file[k - 1] = t;
        }
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The same library in a build folder and where it was installed is looked at once. */
static bool again(const struct hr_made *m, size_t i)
{
    for (size_t k = 0; k < m->n && !m->file[i].installed; k++)
        if (m->file[k].installed && strcmp(name_of(m->file[k].path), name_of(m->file[i].path)) == 0)
            return true;
    return false;
}

static int products(struct work *w, struct hr_error *err)
{
    static const unsigned rank[] = { [HR_RUNS_NATIVE] = 0, [HR_RUNS_JIT] = 1, [HR_RUNS_NEWER] = 2, [HR_RUNS_NOT] = 3 };
    struct hr_verify *v = w->v;
    HR_CLEANUP(hr_freep) struct hr_product *p = hr_malloc(sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "a product");
    v->runs = HR_RUNS_NATIVE;
    for (size_t i = 0; i < w->made.n; i++) {
        if (w->made.file[i].wheel || again(&w->made, i) || !hr_product_read(w->made.file[i].path, &v->targets, p))
            continue;
        if (p->elf.state == HR_ELF_NOT || p->elf.type == HR_ELF_OBJECT)
            continue;
        v->files++;
        v->damaged += p->elf.state == HR_ELF_CUT;
        if (hr_product_gpu(p)) {
            enum hr_runs runs = hr_product_runs(p, &v->targets);
            v->gpu++;
            v->runs = rank[runs] > rank[v->runs] ? runs : v->runs;
        }
        keep(v, p);
    }
    sort(v);
    v->cut = w->made.cut;
    v->beside = w->made.beside;
    return 0;
}

static int imports(struct work *w, struct hr_error *err)
{
    struct hr_verify *v = w->v;
    struct hr_made *m = &w->made;
    const char *before = w->unpacked != NULL ? w->unpacked : w->who.target[0] != 0 ? w->who.target : NULL;
    hr_made_loose_modules(m);
    if (m->modules == 0)
        return 0;
    if (w->who.program[0] == 0 && !hr_interpreter_usual(w->root, w->who.program)) {
        snprintf(v->python_why, sizeof v->python_why, "no Python is on the PATH");
        return 0;
    }
    snprintf(v->python, sizeof v->python, "%s", w->who.program);
    struct hr_error why = HR_ERROR_INIT;
    int r = hr_import_try(w->who.program, before, w->ask->folder, IMPORT_NS, m->module, m->modules, &why);
    if (r == HR_E_NOMEM)
        return hr_fail(err, r, "%s", why.text);
    if (r < 0)
        snprintf(v->python_why, sizeof v->python_why, "%.159s", why.text);
    for (size_t i = 0; i < m->modules; i++) {
        if (m->module[i].state == HR_IMPORT_NONE)
            continue;
        v->imports_bad += m->module[i].state != HR_IMPORT_WORKS && m->module[i].state != HR_IMPORT_UNTRIED;
        v->import[v->imports++] = m->module[i];
    }
    return 0;
}

/* The first library that the cards can take; its own blocks are loaded, and a kernel is run. */
static int launch(struct work *w, struct hr_error *err)
{
    struct hr_verify *v = w->v;
    struct hr_buf bytes = HR_BUF_INIT(IMAGES_MOST);
    struct hr_launch_images images = { .n = 0 };
    int r = 0;
    for (size_t i = 0; i < v->n && images.n == 0 && r == 0; i++)
        if (hr_product_gpu(&v->file[i]) && v->file[i].elf.state == HR_ELF_WHOLE) {
            r = hr_product_images(v->file[i].path, IMAGE_MOST, &bytes, &images, err);
            if (r < 0 && r != HR_E_NOMEM)
                r = 0;
        }
    if (r == 0 && images.n != 0) {
        hr_launch_try(w->root, &images, 0, &v->launch);
        v->launched = true;
    }
    hr_buf_fini(&bytes);
    return r;
}

/* --- the verdict --- */

static void verdict(struct work *w)
{
    struct hr_verify *v = w->v;
    const char *asked = NULL;
    for (size_t i = 0; i < v->imports; i++)
        if (v->import[i].yes.known && !v->import[i].yes.v && asked == NULL)
            asked = v->import[i].module;
    v->objects = w->made.objects;
    if (v->files == 0 && v->imports == 0 && v->objects == 0) {
        v->state = HR_VERIFY_NOTHING;
    } else if (asked == NULL && v->gpu != 0) {
        v->state = HR_VERIFY_CUDA;
    } else if (asked == NULL && w->said.sign == NULL && (w->made.sources == 0 || v->files == 0 || v->objects != 0)) {
        v->state = HR_VERIFY_PLAIN;
    } else {
        v->state = HR_VERIFY_CPU_ONLY;
        if (asked != NULL)
            snprintf(v->why, sizeof v->why, "%s", hr_cuda_recipe_of(asked)->lacks);
        else if (w->said.sign != NULL)
            snprintf(v->why, sizeof v->why, "%s", w->said.sign->means);
        else
            snprintf(v->why, sizeof v->why, "the project has CUDA files (%llu, %.100s) and nothing that was built holds GPU code",
                     (unsigned long long)w->made.sources, name_of(w->made.source));
        if (!w->ask->without_cuda) {
            hr_cpu_only_words(w->root, v->why, v->advice);
            return;
        }
        size_t at = strlen(v->why);
        snprintf(v->why + at, sizeof v->why - at, "; the last try left CUDA out on purpose");
        snprintf(v->advice, sizeof v->advice, "for the CUDA part give the build more memory, and run it again with --expect cuda");
    }
}

static int all(struct work *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *output = hr_join(w->ask->output != NULL ? w->ask->output : w->ask->folder, "output.log");
    if (output == NULL)
        return hr_fail_nomem(err, 4096, "a path");
    int r = hr_said_read(output, &w->said, err);
    if (r != HR_E_NOMEM)
        r = targets(w, err);
    if (r == 0)
        r = folders(w, err);
    if (r == 0)
        r = installed(w, err);
    if (r == 0)
        r = wheels(w, err);
    if (r == 0)
        r = products(w, err);
    if (r == 0 && hr_interrupted() == 0)
        r = imports(w, err);
    if (r == 0 && hr_interrupted() == 0)
        r = launch(w, err);
    if (r == 0)
        verdict(w);
    return r;
}

/* Later it is used in another folder.  Links stay: the interpreter of a virtual environment is one. */
static void absolute(const struct hr_root *root, char path[HR_PLACE_MAX])
{
    struct hr_buf here = HR_BUF_INIT(HR_PLACE_MAX - 1);
    if (path[0] != 0 && path[0] != '/' && hr_root_real(root, ".", &here, NULL) == 0 && hr_buf_addc(&here, '/') &&
        hr_buf_adds(&here, path))
        memcpy(path, here.data, here.len + 1);
    hr_buf_fini(&here);
}

int hr_verify_build(const struct hr_root *root, const struct hr_verify_ask *ask, struct hr_verify *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct work *w = hr_calloc(1, sizeof *w);
    uint64_t begin = hr_now();
    memset(ret, 0, sizeof *ret);
    if (w == NULL)
        return hr_fail_nomem(err, sizeof *w, "what was built");
    w->root = root;
    w->ask = ask;
    w->v = ret;
    w->made.since = ask->since;
    /* A fiftieth of what the build took. */
    uint64_t wall = hr_wall(), took = wall > ask->since ? wall - ask->since : 0;
    w->made.look_ns = HR_MAX(LOOK_LEAST_NS, HR_MIN(LOOK_MOST_NS, took / 50));
    hr_interpreter_of(root, ask->argv, &w->who);
    absolute(root, w->who.program);
    absolute(root, w->who.target);
    int r = all(w, err);
    if (w->unpacked != NULL) {
        (void)!hr_remove_tree(w->unpacked, NULL);
        hr_free(w->unpacked);
    }
    hr_made_fini(&w->made);
    ret->took_ns = hr_now() - begin;
    return r;
}

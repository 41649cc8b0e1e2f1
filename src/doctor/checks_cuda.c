/* CUDA toolkits: which one builds, for which cards, and whether the driver takes what it builds. */
#include "cuda_checks.h"

#include "arch.h"
#include "gpu_words.h"
#include "kit_tables.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

static void tell_toolkits(const struct hr_toolkits *t, struct hr_finding *f)
{
    for (size_t i = 0; i < t->n; i++)
        hr_seen(f, "%s: CUDA %s (%s)%s%s%s", t->kit[i].path, hr_word_text(&t->kit[i].version),
                hr_toolkit_kind_name(t->kit[i].kind), t->kit[i].from[0] != 0 ? ", from " : "", t->kit[i].from,
                t->kit[i].nvcc ? "" : ", without nvcc");
}

static void nvcc(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    const struct hr_toolkit *newest = hr_toolkits_newest(t);
    tell_toolkits(t, f);
    if (t->nvcc.known && t->nvcc_of != NULL) {
        hr_find(f, HR_GOOD, "nvcc on PATH is %s, CUDA %s", t->nvcc.v, hr_word_text(&t->nvcc_of->version));
        if (strcmp(t->nvcc.v, t->nvcc_real.v) != 0)
            hr_seen(f, "%s leads to %s", t->nvcc.v, t->nvcc_real.v);
    } else if (t->nvcc.known) {
        hr_find(f, HR_NOTE, "nvcc on PATH is %s, and nothing there tells its version", t->nvcc.v);
        hr_fix(f, "nvcc --version");
    } else if (newest != NULL && newest->kind == HR_TOOLKIT_FOLDER) {
        hr_find(f, HR_WARN, "CUDA %s is installed, but no folder of PATH has its nvcc", hr_word_text(&newest->version));
        hr_fix(f, "export PATH=%s/bin:$PATH", newest->path);
        hr_fix(f, "# to keep it, add that line to ~/.bashrc");
        hr_undo(f, "# open a new shell without the line");
    } else {
        hr_find(f, HR_NOT_HERE, "no CUDA toolkit is installed; PyTorch's wheels do not need one");
    }
}

static void home(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    bool home_bad = t->home.known && !t->home_there, path_bad = t->path.known && !t->path_there;
    if (!t->home.known && !t->path.known) {
        hr_find(f, HR_NOT_HERE, "neither CUDA_HOME nor CUDA_PATH is set");
        return;
    }
    if (t->home.known)
        hr_seen(f, "CUDA_HOME=%s", t->home.v);
    if (t->path.known)
        hr_seen(f, "CUDA_PATH=%s", t->path.v);
    if (home_bad || path_bad) {
        const struct hr_toolkit *newest = hr_toolkits_newest(t);
        const char *name = home_bad ? "CUDA_HOME" : "CUDA_PATH";
        hr_find(f, HR_WARN, "%s is %s, and there is no bin/nvcc in it", name, home_bad ? t->home.v : t->path.v);
        if (newest != NULL && newest->kind == HR_TOOLKIT_FOLDER)
            hr_fix(f, "export %s=%s", name, newest->path);
        else
            hr_fix(f, "unset %s", name);
        hr_undo(f, "export %s='%s'", name, home_bad ? t->home.v : t->path.v);
    } else {
        hr_find(f, HR_GOOD, "%s names a toolkit that is there", t->home.known ? "CUDA_HOME" : "CUDA_PATH");
    }
}

/* The toolkit that CUDA_HOME names; NULL: none of the known ones. */
static const struct hr_toolkit *of_home(struct hr_facts *facts, const struct hr_toolkits *t)
{
    struct hr_buf real = HR_BUF_INIT(4096);
    const struct hr_toolkit *found = NULL;
    if (t->home.known && hr_root_real(hr_facts_root(facts), t->home.v, &real, NULL) == 0)
        for (size_t i = 0; i < t->n; i++)
            if (strcmp(t->kit[i].path, real.data) == 0)
                found = &t->kit[i];
    hr_buf_fini(&real);
    return found;
}

static void home_and_path(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    const struct hr_toolkit *named = of_home(facts, t);
    if (named == NULL || t->nvcc_of == NULL) {
        if (t->home_there && !t->nvcc.known) {
            hr_find(f, HR_NOTE, "CUDA_HOME is set, but nvcc is not on PATH: PyTorch finds it, CMake does not");
            hr_fix(f, "export PATH=%s/bin:$PATH CUDACXX=%s/bin/nvcc", t->home.v, t->home.v);
            hr_undo(f, "unset CUDACXX");
        } else {
            hr_find(f, HR_NOT_HERE, "there are not both a CUDA_HOME and an nvcc on PATH");
        }
    } else if (named == t->nvcc_of || named->number == t->nvcc_of->number) {
        hr_find(f, HR_GOOD, "CUDA_HOME and nvcc on PATH are of the same CUDA %s", hr_word_text(&named->version));
    } else {
        hr_find(f, HR_WARN,
                "CUDA_HOME is CUDA %s, nvcc on PATH is CUDA %s: PyTorch builds with the one, CMake with the other",
                hr_word_text(&named->version), hr_word_text(&t->nvcc_of->version));
        hr_seen(f, "CUDA_HOME=%s", t->home.v);
        hr_seen(f, "nvcc: %s", t->nvcc_real.v);
        hr_fix(f, "export PATH=%s/bin:$PATH", named->path);
        hr_undo(f, "# open a new shell without the line");
    }
}

static void several(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    size_t with = 0;
    for (size_t i = 0; i < t->n; i++)
        with += t->kit[i].nvcc;
    if (with == 0) {
        hr_find(f, HR_NOT_HERE, "no CUDA toolkit is installed");
    } else if (with == 1) {
        hr_find(f, HR_GOOD, "one CUDA toolkit");
    } else {
        hr_find(f, HR_NOTE,
                "%zu CUDA toolkits: which one builds depends on PATH, CUDA_HOME, CUDACXX and the environment", with);
        tell_toolkits(t, f);
    }
}

/* --- does it build for the cards --- */

static void worst_build(const struct hr_gpus *g, const struct hr_toolkit *k, struct hr_verdict_build *ret,
                        unsigned *ret_cc)
{
    unsigned cc[HR_GPUS_MAX];
    size_t n = hr_gpu_kinds(g, cc);
    for (size_t i = 0; i < n; i++) {
        struct hr_verdict_build v = hr_arch_builds(k->number, cc[i]);
        if (i == 0 || v.builds > ret->builds) {
            *ret = v;
            *ret_cc = cc[i];
        }
    }
}

static void builds(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    const struct hr_toolkit *k = hr_cuda_builder(t);
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    struct hr_verdict_build v = { .builds = HR_BUILDS_UNKNOWN };
    unsigned cc = 0;
    if (g == NULL)
        return;
    if (k == NULL) {
        hr_find(f, HR_NOT_HERE, "no CUDA toolkit is installed");
        return;
    }
    worst_build(g, k, &v, &cc);
    hr_seen(f, "%s: CUDA %s; the card is %s", k->path, hr_word_text(&k->version), cc != 0 ? hr_cc_text(cc).text : "–");
    if (v.builds == HR_BUILDS_EXACT) {
        hr_find(f, HR_GOOD, "%s", v.why);
    } else if (v.builds == HR_BUILDS_FAMILY) {
        hr_find(f, HR_NOTE, "%s", v.why);
        hr_fix(f, "export TORCH_CUDA_ARCH_LIST=%s", hr_cc_text(v.with).text);
        hr_undo(f, "unset TORCH_CUDA_ARCH_LIST");
    } else if (v.builds == HR_BUILDS_PTX || v.builds == HR_BUILDS_NOT) {
        hr_find(f, HR_BAD, "%s", v.why);
        const struct hr_kit_row *last = v.last != 0 ? hr_kit_newest(v.last) : NULL;
        if (last != NULL)
            hr_fix(f, "headrace cuda --want %s   # how to install the last that builds for it", hr_cuda_text(last->cuda).text);
        else if (v.first != 0)
            hr_fix(f, "headrace cuda --want %s   # how to install the first that builds for it", hr_cuda_text(v.first).text);
    } else {
        hr_find(f, HR_UNKNOWN, "%s", v.why[0] != 0 ? v.why : "the card's compute capability is not known");
    }
}

static void driver(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    const struct hr_toolkit *k = hr_cuda_builder(t);
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    if (g == NULL)
        return;
    if (k == NULL) {
        hr_find(f, HR_NOT_HERE, "no CUDA toolkit is installed");
        return;
    }
    hr_seen(f, "driver %s: CUDA %s", hr_word_text(&g->driver),
            g->cuda.known ? hr_cuda_text((unsigned)g->cuda.v).text : "–");
    switch (hr_driver_fits(g, k->number)) {
    case HR_DRIVER_FITS:
        hr_find(f, HR_GOOD, "the driver (CUDA %s) takes what CUDA %s builds", hr_cuda_text((unsigned)g->cuda.v).text,
                hr_cuda_text(k->number).text);
        break;
    case HR_DRIVER_OLDER_MINOR:
        hr_find(
            f, HR_NOTE,
            "the driver (CUDA %s) is older than the toolkit (CUDA %s): machine code runs, its PTX does not (error 222)",
            hr_cuda_text((unsigned)g->cuda.v).text, hr_cuda_text(k->number).text);
        hr_fix(f, "# build for the card itself, without +PTX, or:");
        hr_fix_driver(facts, f, k->number);
        break;
    case HR_DRIVER_OLDER_MAJOR:
        hr_find(f, HR_BAD, "the driver (CUDA %s) is too old for the toolkit (CUDA %s): programs fail with error 35",
                hr_cuda_text((unsigned)g->cuda.v).text, hr_cuda_text(k->number).text);
        hr_fix_driver(facts, f, k->number);
        break;
    default:
        hr_find(f, HR_UNKNOWN, "%s", !g->cuda.known ? g->cuda.why : "the toolkit's version is not known");
    }
}

/* --- lists of architectures that somebody set --- */

struct setting {
    char from[HR_WORD_MAX];  /* "the environment", "~/.bashrc" */
    char value[HR_WORD_MAX]; /* "8.9" */
};

/* The last line of a shell's file that sets the variable. */
static bool set_in(struct hr_facts *facts, const char *folder_variable, const char *name, struct setting *ret)
{
    struct hr_buf path = HR_BUF_INIT(4096), text = HR_BUF_INIT(1 << 20);
    bool found = false;
    if (hr_root_env(hr_facts_root(facts), folder_variable, &path) && path.len != 0) {
        hr_buf_printf(&path, "/%s", name);
        if (!path.failed && hr_root_read(hr_facts_root(facts), path.data, &text, NULL) == 0) {
            struct hr_str rest = hr_buf_str(&text), line;
            while (text.len != 0 && hr_str_cut(&rest, '\n', &line)) {
                struct hr_str s = hr_str_trim(line);
                static const char key[] = "TORCH_CUDA_ARCH_LIST=", export[] = "export ";
                if (hr_str_starts(s, export))
                    s = hr_str_trim((struct hr_str) { s.p + sizeof export - 1, s.n - (sizeof export - 1) });
                if (!hr_str_starts(s, key))
                    continue;
                s = (struct hr_str) { s.p + sizeof key - 1, s.n - (sizeof key - 1) };
                struct hr_str value = s, quoted = s;
                if (s.n != 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
                    quoted = (struct hr_str) { s.p + 1, s.n - 1 };
                    hr_str_cut(&quoted, s.p[0], &value);
                } else {
                    hr_str_cut(&quoted, ' ', &value);
                }
                struct hr_word w = hr_word_clean(value);
                snprintf(ret->value, sizeof ret->value, "%s", w.v);
                snprintf(ret->from, sizeof ret->from, "%s%s", strcmp(folder_variable, "HOME") == 0 ? "~/" : "", name);
                found = true;
            }
        }
    }
    hr_buf_fini(&text);
    hr_buf_fini(&path);
    return found;
}

static size_t settings(struct hr_facts *facts, struct setting ret[4])
{
    static const char *const files[][2] = { { "HOME", ".bashrc" }, { "PWD", ".env" }, { "PWD", ".envrc" } };
    size_t n = 0;
    struct hr_word v = hr_env_word(facts, "TORCH_CUDA_ARCH_LIST");
    if (v.known) {
        snprintf(ret[0].from, sizeof ret[0].from, "the environment");
        snprintf(ret[0].value, sizeof ret[0].value, "%s", v.v);
        n = 1;
    }
    for (size_t i = 0; i < HR_COUNT(files); i++)
        n += set_in(facts, files[i][0], files[i][1], &ret[n]);
    return n;
}

/* A list that takes an RTX 50 card for an 8.9, and so has nothing for it. */
static bool claims_89(const struct hr_images *images)
{
    bool claims = false;
    for (size_t k = 0; k < images->n; k++)
        claims |= images->image[k].cc == 89 && !images->image[k].ptx;
    return claims && hr_arch_runs(images, 120, 0, 0).runs == HR_RUNS_NOT;
}

static void arch_list(struct hr_facts *facts, struct hr_finding *f)
{
    struct setting set[4];
    size_t n = settings(facts, set), wrong = 0, unread = 0;
    bool claimed = false;
    const struct hr_gpus *g = n == 0 ? NULL : hr_gpus_or(facts, f);
    unsigned cc[HR_GPUS_MAX];
    if (n == 0)
        hr_find(f, HR_GOOD, "TORCH_CUDA_ARCH_LIST is not set: PyTorch builds for the cards it sees");
    if (g == NULL)
        return;
    size_t kinds = hr_gpu_kinds(g, cc);
    for (size_t i = 0; i < n; i++) {
        struct hr_images images;
        hr_seen(f, "%s: TORCH_CUDA_ARCH_LIST=%s", set[i].from, set[i].value);
        bool read = hr_images_parse(hr_str(set[i].value), &images);
        unread += !read;
        for (size_t k = 0; read && k < kinds; k++)
            if (cc[k] == 120 && claims_89(&images))
                claimed = true;
            else if (hr_arch_runs(&images, cc[k], 0, 0).runs == HR_RUNS_NOT && wrong++ == 0)
                hr_find(f, HR_BAD,
                        "what is built with TORCH_CUDA_ARCH_LIST=%s (%s) has no code for this card, which is %s",
                        set[i].value, set[i].from, hr_cc_text(cc[k]).text);
    }
    if (wrong != 0) {
        hr_fix(f, "unset TORCH_CUDA_ARCH_LIST");
        hr_fix(f, "# or, with the cards of this machine: export TORCH_CUDA_ARCH_LIST=%s", hr_cc_text(cc[0]).text);
        hr_fix(f, "# then build again: pip install --no-cache-dir --no-build-isolation --force-reinstall <package>");
        hr_undo(f, "export TORCH_CUDA_ARCH_LIST='%s'", set[0].value);
    } else if (claimed) {
        hr_find(f, HR_NOT_HERE, "the list takes an RTX 50 card for an 8.9: see cuda-sm120");
    } else if (unread == n) {
        hr_find(f, HR_NOTE,
                "TORCH_CUDA_ARCH_LIST names architectures by words, which differ between versions of PyTorch");
    } else {
        hr_find(f, HR_GOOD, "TORCH_CUDA_ARCH_LIST covers this machine's cards");
    }
}

/* The claim that RTX 50 cards are 8.9, which guides repeat. */
static void not_89(struct hr_facts *facts, struct hr_finding *f)
{
    struct setting set[4];
    size_t n = settings(facts, set);
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    if (g == NULL)
        return;
    if (hr_gpus_cc(g, true) != 120) {
        hr_find(f, HR_NOT_HERE, "no card here is of the RTX 50 series");
        return;
    }
    hr_find(f, HR_GOOD, "nothing here takes this card (12.0) for an 8.9");
    for (size_t i = 0; i < n; i++) {
        struct hr_images images;
        if (!hr_images_parse(hr_str(set[i].value), &images))
            continue;
        if (!claims_89(&images))
            continue;
        hr_find(f, HR_BAD, "%s takes this card for an 8.9 (Ada); it is 12.0 (Blackwell, sm_120)", set[i].from);
        hr_seen(f, "%s: TORCH_CUDA_ARCH_LIST=%s", set[i].from, set[i].value);
        hr_fix(f, "export TORCH_CUDA_ARCH_LIST=12.0");
        hr_fix(f, "# it takes CUDA 12.8 or newer, and a PyTorch with sm_120: 2.7 or newer with +cu128");
        hr_undo(f, "export TORCH_CUDA_ARCH_LIST='%s'", set[i].value);
    }
}

/* --- leftovers and switches --- */

static void leftovers(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_dpkg *d = hr_facts_dpkg(facts);
    const struct hr_root *root = hr_facts_root(facts);
    struct hr_root_stat st;
    char first_config[HR_WORD_MAX] = "";
    const struct hr_dpkg_package *worst = NULL;
    size_t broken = 0, configs = 0;
    for (size_t i = 0; i < d->n; i++) {
        const char *state = d->package[i].state;
        if (strcmp(state, "config-files") == 0 && configs++ == 0)
            snprintf(first_config, sizeof first_config, "%s", d->package[i].name);
        if (strcmp(state, "installed") != 0 && strcmp(state, "config-files") != 0 &&
            strcmp(state, "not-installed") != 0) {
            hr_seen(f, "/var/lib/dpkg/status: %s %s: %s", d->package[i].name, d->package[i].version, state);
            if (broken++ == 0 || worst == NULL || strcmp(state, "half-installed") == 0)
                worst = &d->package[i];
        }
    }
    bool dangling = hr_root_stat(root, "usr/local/cuda", false, &st, NULL) == 0 && st.link &&
                    !hr_root_exists(root, "usr/local/cuda/");
    if (broken != 0) {
        hr_find(f, HR_WARN, "%zu package%s of NVIDIA stopped half way: neither installed nor removed", broken,
                broken == 1 ? "" : "s");
        hr_fix(f, "sudo dpkg --configure -a");
        hr_fix(f, "sudo apt-get -f install");
        if (strcmp(worst->state, "half-installed") == 0) { /* these two leave such a one as it is */
            hr_fix(f, "sudo apt-get install --reinstall %s", worst->name);
            hr_fix(f, "# or, to take it off instead:");
            hr_fix(f, "sudo dpkg --purge --force-remove-reinstreq %s", worst->name);
        }
    } else if (dangling) {
        struct hr_buf to = HR_BUF_INIT(4096);
        if (hr_root_readlink(root, "usr/local/cuda", &to, NULL) == 0)
            hr_seen(f, "/usr/local/cuda -> %s", to.data);
        hr_buf_fini(&to);
        hr_find(f, HR_WARN, "/usr/local/cuda points to a toolkit that is gone");
        hr_fix(f, "sudo rm /usr/local/cuda && sudo ln -s cuda-<version that is there> /usr/local/cuda");
    } else if (!d->known && hr_facts_toolkits(facts)->n == 0) {
        hr_find(f, HR_NOT_HERE, "no packages and no toolkit to look at");
    } else if (configs != 0) {
        hr_find(f, HR_GOOD, "nothing half removed, only settings of %zu package%s that %s gone (%s%s)", configs,
                configs == 1 ? "" : "s", configs == 1 ? "is" : "are", first_config, configs == 1 ? "" : " and more");
    } else {
        hr_find(f, HR_GOOD, "nothing half removed");
    }
}

static void stubs(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    const struct hr_libcuda *stub = NULL;
    for (size_t i = 0; i < t->libcudas && stub == NULL; i++)
        if (t->libcuda[i].stub)
            stub = &t->libcuda[i];
    char file[HR_WORD_MAX];
    if (t->library_path.known)
        hr_seen(f, "LD_LIBRARY_PATH=%s", t->library_path.v);
    if (stub == NULL && hr_cuda_stub_in_loader(hr_facts_root(facts), file, f)) {
        hr_find(f, HR_BAD, "the loader's own list leads to a folder of link stubs: %s", file);
        hr_fix(f, "sudo sed -i '\\|/stubs|s|^|#|' %s && sudo ldconfig", hr_quoted(f, file));
        hr_undo(f, "sudo sed -i '\\|/stubs|s|^#||' %s && sudo ldconfig", hr_quoted(f, file));
        return;
    }
    if (stub == NULL) {
        hr_find(f, HR_GOOD, t->library_path.known ? "LD_LIBRARY_PATH has no folder of link stubs"
                                                  : "LD_LIBRARY_PATH is not set");
        return;
    }
    hr_find(f, HR_BAD, "LD_LIBRARY_PATH leads to a link stub of the driver: %s", stub->path);
    hr_fix(f, "export LD_LIBRARY_PATH=$(echo \"$LD_LIBRARY_PATH\" | tr ':' '\\n' | grep -v /stubs | paste -sd:)");
    hr_undo(f, "export LD_LIBRARY_PATH='%s'", t->library_path.v);
}

static const struct {
    const char *name, *value; /* NULL: any */
    const char *say;
} switches[] = {
    { "CUDA_LAUNCH_BLOCKING", "1", "every kernel is waited for, for debugging: the GPU idles between kernels" },
    { "CUDA_FORCE_PTX_JIT", "1",
      "machine code is ignored and PTX compiled instead, for tests: libraries without PTX fail" },
    { "CUDA_DISABLE_PTX_JIT", "1", "PTX is not compiled, for tests: code that is only PTX for this card fails" },
    { "CUDA_CACHE_DISABLE", "1", "compiled PTX is not kept: every start compiles it again" },
};

static void debug_switches(struct hr_facts *facts, struct hr_finding *f)
{
    size_t n = 0;
    for (size_t i = 0; i < HR_COUNT(switches); i++) {
        struct hr_word v = hr_env_word(facts, switches[i].name);
        if (!v.known || strcmp(v.v, switches[i].value) != 0)
            continue;
        hr_seen(f, "%s=%s", switches[i].name, v.v);
        hr_fix(f, "unset %s", switches[i].name);
        hr_undo(f, "export %s=%s", switches[i].name, v.v);
        if (n++ == 0)
            hr_find(f, HR_WARN, "%s=%s: %s", switches[i].name, v.v, switches[i].say);
    }
    if (n == 0)
        hr_find(f, HR_GOOD, "none of CUDA's switches for debugging is on");
}

static const char nvcc_why[] = "Packages that build CUDA code (flash-attention, torchmcubes, xformers from source) "
                               "take the nvcc on PATH; without one many "
                               "build a version for the processor alone and say so only when it is used.";
static const char home_why[] =
    "PyTorch's extension builder looks into CUDA_HOME first. A folder without nvcc ends the build, or makes it go on "
    "without CUDA.";
static const char both_why[] =
    "CMake does not look at CUDA_HOME: it takes CUDACXX, CUDA_PATH or the nvcc on PATH. PyTorch takes CUDA_HOME. "
    "Two different ones give extensions that do not fit each other.";
static const char several_why[] =
    "With several toolkits the one that builds is found in an order that each tool has for itself.";
static const char builds_why[] =
    "A toolkit that does not know the card builds code that ends in \"no kernel image is available for execution on "
    "the device\", after the whole build.";
static const char driver_why[] =
    "A driver runs programs of its own CUDA version and older ones; of a newer minor only machine code, of a newer "
    "major nothing.";
static const char list_why[] =
    "TORCH_CUDA_ARCH_LIST decides for which cards an extension is built. If the card of this machine is not among them "
    "the build "
    "succeeds, and the first kernel fails with \"no kernel image is available\" (error 209).";
static const char not_89_why[] = "RTX 50 cards have compute capability 12.0 (sm_120), not 8.9. Code for 8.9 does not "
                                 "run on them; it takes CUDA 12.8 "
                                 "or newer and a PyTorch that holds sm_120.";
static const char leftovers_why[] =
    "A toolkit that was removed by half leaves libraries and links behind that are found before the right ones.";
static const char stubs_why[] =
    "The folder stubs of a toolkit holds a libcuda.so for linking without a driver. At run time it loads, and every "
    "call fails with CUDA_ERROR_STUB_LIBRARY (34).";
static const char headers_why[] = "nvcc compiles, and then cuda_runtime.h or libcudart is missing: the packages of the "
                                  "compiler and of the runtime's development files were installed apart.";
static const char gcc_why[] = "nvcc hands the host's part of every file to gcc and refuses one that is newer than it "
                              "knows: \"unsupported GNU version\".";
static const char mixed_why[] = "What nvcc links against its own runtime loads the libraries that LD_LIBRARY_PATH names "
                                "first; those of another toolkit lack symbols or crash.";
static const char switches_why[] =
    "Switches that were set once to find a fault stay in a shell's settings and cost speed from then on.";

const struct hr_check hr_checks_cuda[] = {
    { "cuda-nvcc", "nvcc", nvcc_why, "TripoSR issues 66, 108; CMake: CUDACXX", false, nvcc },
    { "cuda-home", "CUDA_HOME and CUDA_PATH", home_why, "torch.utils.cpp_extension", false, home },
    { "cuda-home-path", "CUDA_HOME against nvcc on PATH", both_why,
      "torch.utils.cpp_extension; CMake: CUDACXX, FindCUDAToolkit", false, home_and_path },
    { "cuda-several", "how many toolkits", several_why, "CMake: FindCUDAToolkit; torch.utils.cpp_extension", false,
      several },
    { "cuda-builds", "the toolkit and the card", builds_why,
      "CMake's CUDA architectures table; nvcc 13.0 --list-gpu-arch", false, builds },
    { "cuda-driver", "the toolkit and the driver", driver_why, "NVIDIA CUDA Compatibility: minor version compatibility",
      false, driver },
    { "cuda-arch-list", "TORCH_CUDA_ARCH_LIST", list_why,
      "torch.utils.cpp_extension; CUDA C++ programming guide: compute capability", false, arch_list },
    { "cuda-sm120", "RTX 50 is sm_120, not 8.9", not_89_why, "developer.nvidia.com/cuda-gpus; pytorch issue 167244",
      false, not_89 },
    { "cuda-leftovers", "half removed packages", leftovers_why, "dpkg(1): package states", false, leftovers },
    { "cuda-headers", "headers and runtime beside nvcc", headers_why,
      "CUDA installation guide: meta packages; CMake: FindCUDAToolkit", false, hr_check_cuda_headers },
    { "cuda-gcc", "nvcc and the host's compiler", gcc_why,
      "crt/host_config.h of each toolkit; CUDA installation guide: host compiler support policy", false,
      hr_check_cuda_gcc },
    { "cuda-mixed", "libraries of another toolkit", mixed_why, "ld.so(8): LD_LIBRARY_PATH", false,
      hr_check_cuda_mixed },
    { "cuda-stubs", "link stubs that the loader finds", stubs_why, "CUDA driver API: CUDA_ERROR_STUB_LIBRARY", false,
      stubs },
    { "cuda-switches", "CUDA's debugging switches", switches_why, "CUDA C++ programming guide: environment variables",
      false, debug_switches },
    { NULL, NULL, NULL, NULL, false, NULL },
};

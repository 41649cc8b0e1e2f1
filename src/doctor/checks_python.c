/* Python environments: which one is active, where it lies, and whether its PyTorch runs on the cards of this machine. */
#include "check.h"

#include "arch.h"
#include "gpu_words.h"

#include <string.h>

/* The environment that the checks of PyTorch are about: the active one if it has PyTorch, else the first that has. */
static const struct hr_python_env *with_torch(const struct hr_python *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->env[i].torch.there)
            return &p->env[i];
    return NULL;
}

static const struct hr_python_env *torch_or(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python_env *e = with_torch(hr_facts_python(facts));
    if (e == NULL)
        hr_find(f, HR_NOT_HERE, "no environment here has PyTorch");
    return e;
}

static void tell(const struct hr_python_env *e, struct hr_finding *f)
{
    hr_seen(f, "%s (%s): Python %s, PyTorch %s, CUDA %s", e->path, e->found, hr_word_text(&e->python),
            hr_word_text(&e->torch.version), e->torch.there ? hr_word_text(&e->torch.cuda) : "–");
}

static void environment(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python *p = hr_facts_python(facts);
    const struct hr_python_env *e = hr_python_active(p);
    static const char *const kinds[] = { "virtual environment", "conda environment", "Python" };
    for (size_t i = 0; i < p->n; i++)
        tell(&p->env[i], f);
    if (e != NULL)
        hr_find(f, HR_GOOD, "the active %s is %s with Python %s", kinds[e->kind], e->path, hr_word_text(&e->python));
    else if (p->n != 0)
        hr_find(f, HR_NOTE, "no Python environment is active; %zu lie%s here", p->n, p->n == 1 ? "s" : "");
    else
        hr_find(f, HR_NOT_HERE, "no Python was found on PATH or in the usual places");
}

static void on_windows(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python *p = hr_facts_python(facts);
    const struct hr_mounts *m = hr_facts_mounts(facts);
    const struct hr_python_env *worst = NULL;
    bool active = false; /* those are storage-environment's */
    if (!hr_on_wsl2(facts) && hr_facts_vm(facts)->kind != HR_VM_WSL1) {
        hr_find(f, HR_NOT_HERE, "this is not WSL");
        return;
    }
    if (!m->known) {
        hr_find(f, HR_UNKNOWN, "%s", m->why);
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct hr_mount *on = hr_mounts_holding(m, p->env[i].path);
        if (on == NULL || on->place != HR_PLACE_WINDOWS)
            continue;
        active |= p->env[i].active;
        if (p->env[i].active)
            continue;
        hr_seen(f, "%s lies on %s (%s)", p->env[i].path, on->at, on->type);
        worst = worst == NULL ? &p->env[i] : worst;
    }
    if (worst != NULL) {
        hr_find(f, HR_NOTE, "the Python environment %s lies on a Windows drive", worst->path);
        hr_fix(f, "python3 -m venv ~/venvs/%s && . ~/venvs/%s/bin/activate", "ml", "ml");
        hr_fix(f, "pip install -r requirements.txt");
        hr_undo(f, "rm -r ~/venvs/ml");
    } else if (active) {
        hr_find(f, HR_NOT_HERE, "the active environment lies on a Windows drive: see storage-environment");
    } else if (p->n == 0) {
        hr_find(f, HR_NOT_HERE, "no Python environment was found");
    } else {
        hr_find(f, HR_GOOD, "no Python environment lies on a Windows drive");
    }
}

static void cpu_only(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python_env *e = torch_or(facts, f);
    if (e == NULL)
        return;
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    if (g == NULL)
        return;
    tell(e, f);
    if (!e->torch.cpu_only.known) {
        hr_find(f, HR_UNKNOWN, "%s", e->torch.cpu_only.why);
    } else if (e->torch.rocm.known && e->torch.rocm.v) {
        hr_find(f, HR_BAD, "PyTorch %s is built for AMD cards; this machine has NVIDIA's",
                hr_word_text(&e->torch.version));
        hr_fix(f, "pip install --force-reinstall torch  # choose the CUDA build at pytorch.org/get-started/locally");
    } else if (e->torch.cpu_only.v) {
        hr_find(f, HR_BAD, "PyTorch %s is built without CUDA: training runs on the processor",
                hr_word_text(&e->torch.version));
        hr_fix(f, "pip install --force-reinstall torch  # choose the CUDA build at pytorch.org/get-started/locally");
        hr_undo(f, "pip install --force-reinstall torch==%s", hr_word_text(&e->torch.version));
    } else {
        hr_find(f, HR_GOOD, "PyTorch %s is built with CUDA %s", hr_word_text(&e->torch.version),
                hr_word_text(&e->torch.cuda));
    }
}

/* --- does its code run on the cards --- */

/* The newest that has code for the card and whose CUDA this driver starts. */
static void advise_torch(struct hr_facts *facts, unsigned cc, struct hr_finding *f)
{
    const struct hr_arch *a = hr_arch_of(cc);
    const struct hr_figure *driver = &hr_facts_gpus(facts)->cuda;
    size_t n;
    const struct hr_wheel *w = hr_wheel_table(&n), *best = NULL;
    for (size_t i = 0; i < n; i++) {
        struct hr_images images;
        hr_wheel_images(&w[i], &images);
        if (driver->known && w[i].cuda / 10u > driver->v / 100)
            continue;
        if (hr_arch_runs(&images, cc, 0, 0).runs == HR_RUNS_NATIVE)
            best = best == NULL || w[i].torch_last >= best->torch_last ? &w[i] : best;
    }
    if (best != NULL)
        hr_fix(f, "pip install --force-reinstall torch  # a build with code for %s: %u.%u with +cu%u is one",
               hr_cc_text(cc).text, best->torch_last / 100, best->torch_last % 100, best->cuda);
    else if (a != NULL)
        hr_fix(f, "# build PyTorch from source with TORCH_CUDA_ARCH_LIST=%s", hr_cc_text(cc).text);
}

static void architectures(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python_env *e = torch_or(facts, f);
    const struct hr_gpus *g = e == NULL ? NULL : hr_gpus_or(facts, f);
    unsigned cc[HR_GPUS_MAX];
    char list[HR_WORD_MAX];
    if (g == NULL)
        return;
    if (e->torch.images.n == 0) {
        hr_find(f, e->torch.cuda_number == 0 ? HR_NOT_HERE : HR_UNKNOWN,
                "for which GPUs PyTorch %s was built cannot be told: %s", hr_word_text(&e->torch.version),
                e->torch.images_why);
        return;
    }
    size_t kinds = hr_gpu_kinds(g, cc);
    enum hr_runs worst = HR_RUNS_NATIVE;
    hr_images_text(&e->torch.images, list);
    hr_seen(f, "%s: PyTorch %s has code for %s", e->path, hr_word_text(&e->torch.version), list);
    hr_seen(f, "from %s", e->torch.images_from);
    for (size_t i = 0; i < kinds; i++) {
        struct hr_verdict_arch v =
            hr_arch_runs(&e->torch.images, cc[i], e->torch.cuda_number, g->cuda.known ? (unsigned)g->cuda.v : 0);
        if (i == 0 || v.runs > worst) {
            worst = v.runs;
            hr_find(f,
                    v.runs == HR_RUNS_NATIVE ? HR_GOOD
                    : v.runs == HR_RUNS_JIT  ? HR_NOTE
                    : e->torch.images_whole  ? HR_BAD
                                             : HR_WARN,
                    "PyTorch %s: %s", hr_word_text(&e->torch.version), v.why);
        }
        if (v.runs == HR_RUNS_NOT || v.runs == HR_RUNS_NEWER)
            advise_torch(facts, cc[i], f);
    }
    if (kinds == 0)
        hr_find(f, HR_UNKNOWN, "the compute capability of the GPU is not known");
    else if (worst >= HR_RUNS_NOT)
        hr_undo(f, "pip install --force-reinstall torch==%s", hr_word_text(&e->torch.version));
}

static void driver(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python_env *e = torch_or(facts, f);
    const struct hr_gpus *g = e == NULL ? NULL : hr_gpus_or(facts, f);
    if (g == NULL)
        return;
    if (e->torch.cuda_number == 0) {
        hr_find(f, HR_NOT_HERE, "%s", e->torch.cuda.known ? "its CUDA version is not known" : e->torch.cuda.why);
        return;
    }
    struct hr_cc_text has = hr_cuda_text((unsigned)g->cuda.v), wants = hr_cuda_text(e->torch.cuda_number);
    switch (hr_driver_fits(g, e->torch.cuda_number)) {
    case HR_DRIVER_FITS:
        hr_find(f, HR_GOOD, "the driver (CUDA %s) serves PyTorch's CUDA %s", has.text, wants.text);
        break;
    case HR_DRIVER_OLDER_MINOR:
        hr_find(f, HR_GOOD, "the driver (CUDA %s) serves PyTorch's CUDA %s, a newer minor of the same major", has.text,
                wants.text);
        break;
    case HR_DRIVER_OLDER_MAJOR:
        hr_find(f, HR_BAD, "the driver (CUDA %s) is too old for PyTorch's CUDA %s: torch.cuda.is_available() is false",
                has.text, wants.text);
        hr_seen(f, "driver %s", hr_word_text(&g->driver));
        hr_fix_driver(facts, f, e->torch.cuda_number);
        hr_fix(f, "# or take a PyTorch built with CUDA %s or older", has.text);
        break;
    default:
        hr_find(f, HR_UNKNOWN, "%s", g->cuda.why);
    }
}

static void toolkit(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python_env *e = torch_or(facts, f);
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    const struct hr_toolkit *k = t->nvcc_of;
    if (e == NULL)
        return;
    if (k == NULL || k->number == 0 || e->torch.cuda_number == 0) {
        hr_find(f, HR_NOT_HERE, "there are not both an nvcc of known version and a PyTorch with CUDA");
        return;
    }
    struct hr_cc_text kit = hr_cuda_text(k->number), torch = hr_cuda_text(e->torch.cuda_number);
    hr_seen(f, "nvcc: %s, CUDA %s", t->nvcc.v, kit.text);
    tell(e, f);
    if (k->number / 100 != e->torch.cuda_number / 100) {
        hr_find(f, HR_WARN, "nvcc is CUDA %s and PyTorch is built with CUDA %s: PyTorch refuses to build extensions",
                kit.text, torch.text);
        hr_fix(f, "headrace cuda --want %s   # how to install the toolkit of PyTorch's version", torch.text);
        hr_fix(f, "# with it beside the other, put it first:");
        hr_fix(f, "export CUDA_HOME=/usr/local/cuda-%s PATH=/usr/local/cuda-%s/bin:$PATH", torch.text, torch.text);
        hr_undo(f, "# open a new shell without the line");
    } else if (k->number != e->torch.cuda_number) {
        hr_find(f, HR_NOTE, "nvcc is CUDA %s, PyTorch CUDA %s: of the same major, extensions build with a warning",
                kit.text, torch.text);
    } else {
        hr_find(f, HR_GOOD, "nvcc and PyTorch are of the same CUDA %s", kit.text);
    }
}

static void numpy2(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python_env *e = torch_or(facts, f);
    if (e == NULL)
        return;
    if (!e->numpy.known || e->torch.number == 0) {
        hr_find(f, HR_NOT_HERE, "%s", !e->numpy.known ? e->numpy.why : "PyTorch's version is not known");
    } else if (e->torch.number < 203 && hr_cuda_of(hr_str(e->numpy.v)) >= 200) {
        hr_find(f, HR_BAD, "PyTorch %s was built for NumPy 1 and NumPy is %s: \"Numpy is not available\"",
                hr_word_text(&e->torch.version), e->numpy.v);
        hr_fix(f, "pip install 'numpy<2'");
        hr_undo(f, "pip install numpy==%s", e->numpy.v);
    } else {
        hr_find(f, HR_GOOD, "PyTorch %s and NumPy %s fit each other", hr_word_text(&e->torch.version), e->numpy.v);
    }
}

static void several(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_python *p = hr_facts_python(facts);
    const struct hr_python_env *active = hr_python_active(p);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->env[i].torch.there) {
            tell(&p->env[i], f);
            n++;
        }
    if (n == 0) {
        hr_find(f, HR_NOT_HERE, "no environment here has PyTorch");
    } else if (active != NULL && !active->torch.there) {
        hr_find(f, HR_NOTE, "the active environment has no PyTorch, another one here has");
    } else {
        hr_find(f, HR_GOOD, "%zu environment%s PyTorch", n, n == 1 ? " has" : "s have");
    }
}

static const char environment_why[] = "What \"python\" starts decides which PyTorch trains. Most reports of a missing "
                                      "GPU are about another environment than "
                                      "the one that was set up.";
static const char windows_why[] = "Every import opens hundreds of small files; on a Windows drive each of them goes "
                                  "through a file server, and a start "
                                  "that takes seconds takes minutes.";
static const char cpu_why[] =
    "A PyTorch without CUDA runs everything on the processor and gives no error until a tensor is sent to \"cuda\".";
static const char arch_why[] = "A wheel holds machine code for a list of cards. For a card that is not served the "
                               "first kernel fails with \"no kernel "
                               "image is available for execution on the device\".";
static const char driver_why[] =
    "A driver runs programs of its own CUDA major and of older ones; a PyTorch of a newer major finds no GPU.";
static const char toolkit_why[] = "Extensions are compiled by nvcc and loaded into PyTorch. Its builder compares the "
                                  "two CUDA versions and stops when their "
                                  "majors differ.";
static const char numpy_why[] =
    "PyTorch before 2.3 was compiled against NumPy 1; with NumPy 2 every exchange between the two fails.";
static const char several_why[] = "With PyTorch in several environments it is easily the wrong one that is active.";

const struct hr_check hr_checks_python[] = {
    { "python-environment", "Python environments", environment_why, "Python documentation: venv; conda documentation",
      false, environment },
    { "python-torch", "PyTorch with or without CUDA", cpu_why, "torch/version.py; pytorch.org/get-started/locally",
      false, cpu_only },
    { "python-torch-arch", "PyTorch's code and the card", arch_why,
      "CUDA C++ programming guide: binary compatibility; pytorch issue 167244", false, architectures },
    { "python-torch-driver", "PyTorch and the driver", driver_why,
      "NVIDIA CUDA Compatibility: minor version compatibility", false, driver },
    { "python-torch-nvcc", "PyTorch and nvcc", toolkit_why,
      "torch.utils.cpp_extension: _check_cuda_version; pytorch issue 73047", false, toolkit },
    { "python-numpy", "PyTorch and NumPy", numpy_why, "openfederatedlearning issue 999; torchio pull request 1183",
      false, numpy2 },
    { "python-several", "where PyTorch is", several_why, "Python documentation: venv", false, several },
    { "python-windows-drive", "other environments on Windows drives", windows_why, "microsoft/WSL issue 4197", false,
      on_windows },
    { NULL, NULL, NULL, NULL, false, NULL },
};

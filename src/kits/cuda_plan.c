#include "cuda_plan.h"

#include "arch.h"
#include "gpu_words.h"
#include "host_gcc.h"
#include "kit_tables.h"
#include "root_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HOST "https://developer.download.nvidia.com/compute/cuda/repos"
#define TORCH_HOST "https://download.pytorch.org/whl"
#define GUIDE "docs.nvidia.com/cuda/cuda-installation-guide-linux"
#define WSL_GUIDE "docs.nvidia.com/cuda/wsl-user-guide"

/* --- the system --- */

/* NVIDIA's repositories of packages for apt, as its guide lists them. */
static const struct {
    const char *id, *version, *repository;
    uint16_t last; /* toolkits that it got; 0: it still gets them */
    const char *source;
} repositories[] = {
    { "ubuntu", "20.04", "ubuntu2004", 1299, "CUDA 13.0 release notes: Ubuntu 20.04 dropped" },
    { "ubuntu", "22.04", "ubuntu2204", 0, GUIDE },
    { "ubuntu", "24.04", "ubuntu2404", 0, GUIDE },
    { "ubuntu", "26.04", "ubuntu2604", 0, GUIDE },
    { "debian", "11", "debian11", 1299, GUIDE " lists Debian 12 and 13 alone" },
    { "debian", "12", "debian12", 0, GUIDE },
    { "debian", "13", "debian13", 0, GUIDE },
};

static void unquote(struct hr_str *s)
{
    if (s->n >= 2 && (s->p[0] == '"' || s->p[0] == '\'') && s->p[s->n - 1] == s->p[0])
        *s = (struct hr_str) { s->p + 1, s->n - 2 };
}

/* A word of it that is made of plain letters, so that it may stand in a command. */
static bool release(const struct hr_root *root, const char *key, char out[32])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_str v;
    bool found = hr_root_read(root, "etc/os-release", &b, NULL) == 0 && hr_text_line(hr_buf_str(&b), '=', key, &v);
    if (found) {
        unquote(&v);
        found = v.n != 0 && v.n < 32;
        for (size_t i = 0; found && i < v.n; i++)
            found = v.p[i] != 0 && strchr(plain, v.p[i]) != NULL;
        snprintf(out, 32, "%.*s", found ? (int)v.n : 0, v.p);
    }
    hr_buf_fini(&b);
    return found;
}

static void not_for(struct hr_cuda_plan *p, const char *why, ...) HR_PRINTF(2, 3);
static void not_for(struct hr_cuda_plan *p, const char *why, ...)
{
    va_list ap;
    va_start(ap, why);
    vsnprintf(p->why, sizeof p->why, why, ap);
    va_end(ap);
    p->known = false;
}

static bool find_system(struct hr_facts *facts, struct hr_cuda_plan *p)
{
    const struct hr_root *root = hr_facts_root(facts);
    const struct hr_vm *vm = hr_facts_vm(facts);
    struct hr_buf machine = HR_BUF_INIT(256);
    p->wsl = hr_on_wsl2(facts) && !hr_in_container(facts);
    p->container = hr_in_container(facts);
    snprintf(p->system, sizeof p->system, "%.100s%s", hr_word_text(&vm->os),
             p->wsl ? " in WSL 2" : p->container ? ", in a container" : "");
    bool arm = hr_root_machine(root, &machine, NULL) == 0 && hr_str_is(hr_buf_str(&machine), "aarch64");
    bool other = !arm && machine.len != 0 && !hr_str_is(hr_buf_str(&machine), "x86_64");
    hr_buf_fini(&machine);
    snprintf(p->arch, sizeof p->arch, arm ? "sbsa" : "x86_64");
    if (vm->kind == HR_VM_WSL1)
        return not_for(p, "WSL 1 gives programs no GPU: wsl --set-version <distribution> 2 comes first"), false;
    if (other || (arm && hr_arch_is_tegra(hr_gpus_cc(hr_facts_gpus(facts), true))))
        return not_for(p, "toolkits of this kind of machine come with its own system (JetPack on Jetson), not from NVIDIA's apt repository"), false;
    if (!release(root, "ID", p->id) || !hr_facts_dpkg(facts)->known)
        return not_for(p, "this system has no apt, or does not tell its name: see " GUIDE " for its package manager"), false;
    bool versioned = release(root, "VERSION_ID", p->release);
    if (p->wsl && strcmp(p->id, "ubuntu") == 0 && versioned && !arm)
        return snprintf(p->repository, sizeof p->repository, "wsl-ubuntu"), true;
    for (size_t i = 0; i < HR_COUNT(repositories); i++) {
        if (strcmp(p->id, repositories[i].id) != 0 || !versioned || strcmp(p->release, repositories[i].version) != 0)
            continue;
        snprintf(p->repository, sizeof p->repository, "%s", repositories[i].repository);
        if (repositories[i].last != 0 && p->want > repositories[i].last)
            return not_for(p, "NVIDIA has no CUDA %s for %s (%s): upgrade the system, or --want %u.x",
                           hr_cuda_text(p->want).text, hr_word_text(&vm->os), repositories[i].source,
                           repositories[i].last / 100u),
                   false;
        return true;
    }
    if (!versioned)
        return not_for(p, "/etc/os-release does not tell the version of the system (VERSION_ID)"), false;
    return not_for(p, "NVIDIA has no apt repository for %.60s: see " GUIDE, hr_word_text(&vm->os)), false;
}

/* --- the version --- */

static bool builds_all(const struct hr_gpus *g, unsigned cuda)
{
    unsigned cc[HR_GPUS_MAX];
    size_t n = hr_gpu_kinds(g, cc);
    for (size_t i = 0; i < n; i++)
        if (hr_arch_builds(cuda, cc[i]).builds != HR_BUILDS_EXACT)
            return false;
    return true;
}

static const struct hr_python_env *torch_here(struct hr_facts *facts)
{
    const struct hr_python *p = hr_facts_python(facts);
    for (size_t i = 0; i < p->n; i++)
        if (p->env[i].torch.there && p->env[i].torch.cuda_number != 0)
            return &p->env[i];
    return NULL;
}

static bool driver_starts(const struct hr_gpus *g, unsigned cuda)
{
    return !g->cuda.known || g->cuda.v / 100 >= cuda / 100;
}

static void choose(struct hr_facts *facts, struct hr_cuda_plan *p)
{
    const struct hr_gpus *g = hr_facts_gpus(facts);
    const struct hr_python_env *e = torch_here(facts);
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    size_t n;
    const struct hr_kit_row *row = hr_kit_table(&n);
    if (e != NULL && hr_kit_row_of(e->torch.cuda_number) != NULL && builds_all(g, e->torch.cuda_number) &&
        driver_starts(g, e->torch.cuda_number)) {
        p->want = e->torch.cuda_number;
        snprintf(p->want_why, sizeof p->want_why, "what PyTorch %.40s here was built with", hr_word_text(&e->torch.version));
        return;
    }
    if (g->n != 0 || g->cuda.known) {
        for (size_t i = n; i > 0; i--)
            if (builds_all(g, row[i - 1].cuda) && (!g->cuda.known || row[i - 1].cuda <= g->cuda.v)) {
                p->want = row[i - 1].cuda;
                snprintf(p->want_why, sizeof p->want_why, "the newest that this driver takes and that builds for the card");
                return;
            }
        for (size_t i = n; i > 0 && p->want == 0; i--) /* no driver is new enough: the card decides */
            if (builds_all(g, row[i - 1].cuda))
                p->want = row[i - 1].cuda;
        snprintf(p->want_why, sizeof p->want_why, "the newest that builds for the card");
    } else if (t->nvcc_of != NULL && hr_kit_row_of(t->nvcc_of->number) != NULL) {
        p->want = t->nvcc_of->number;
        snprintf(p->want_why, sizeof p->want_why, "what nvcc on PATH is now");
    }
    if (p->want == 0) {
        p->want = 1208;
        snprintf(p->want_why, sizeof p->want_why, "it builds for every card from Maxwell to RTX 50");
    }
}

/* "1", "0.93": what stands behind 12.8 where a patch release is named. */
static bool is_patch(struct hr_str s)
{
    bool digit = false;
    for (size_t i = 0; i < s.n; i++) {
        bool dot = s.p[i] == '.';
        if (dot ? !digit : s.p[i] < '0' || s.p[i] > '9')
            return false;
        digit = !dot;
    }
    return digit;
}

static int read_want(const char *want, struct hr_cuda_plan *p, struct hr_error *err)
{
    size_t n;
    const struct hr_kit_row *row = hr_kit_table(&n);
    struct hr_str rest = hr_str(want), part, minor;
    bool whole = hr_str_cut(&rest, '.', &part) && rest.p != NULL && hr_str_cut(&rest, '.', &minor) && (rest.p == NULL || is_patch(rest));
    p->want = whole ? hr_cuda_of(hr_str(want)) : 0;
    snprintf(p->want_why, sizeof p->want_why, "as asked");
    if (p->want == 0)
        return hr_fail(err, HR_E_INVALID, "'%.40s' is no version of CUDA: write it as 12.8", want);
    struct hr_cc_text text = hr_cuda_text(p->want);
    if (rest.p != NULL)
        snprintf(p->want_why, sizeof p->want_why, "as asked, but for the patch release of %.40s, which plays no part: apt installs the newest %s",
                 want, text.text);
    if (hr_kit_row_of(p->want) != NULL)
        return 0;
    const struct hr_kit_row *below = NULL, *above = NULL;
    for (size_t i = 0; i < n; i++) {
        below = row[i].cuda < p->want ? &row[i] : below;
        above = row[i].cuda > p->want && above == NULL ? &row[i] : above;
    }
    if (below == NULL)
        return hr_fail(err, HR_E_INVALID, "CUDA %s is older than what is supported here: %s is the oldest", text.text,
                       hr_cuda_text(row[0].cuda).text);
    /* Not planned with a warning: what it builds for, which driver and which gcc it takes would all be guesses. */
    return above == NULL ? hr_fail(err, HR_E_INVALID, "CUDA %s is not known to this headrace, whose tables go from %s to %s: take one of these, or a newer headrace",
                                   text.text, hr_cuda_text(row[0].cuda).text, hr_cuda_text(below->cuda).text) :
                           hr_fail(err, HR_E_INVALID, "there is no CUDA %s; near it are %s and %s", text.text, hr_cuda_text(below->cuda).text,
                                   hr_cuda_text(above->cuda).text);
}

/* --- what it cannot do here --- */

static void note(struct hr_cuda_plan *p, const char *text, ...) HR_PRINTF(2, 3);
static void note(struct hr_cuda_plan *p, const char *text, ...)
{
    va_list ap;
    if (p->notes == HR_PLAN_NOTES_MAX)
        return;
    va_start(ap, text);
    vsnprintf(p->note[p->notes++], sizeof p->note[0], text, ap);
    va_end(ap);
}

static void look_ahead(struct hr_facts *facts, struct hr_cuda_plan *p)
{
    const struct hr_gpus *g = hr_facts_gpus(facts);
    const struct hr_kit_row *row = hr_kit_row_of(p->want);
    const struct hr_python_env *e = torch_here(facts);
    struct hr_host_gcc gcc;
    unsigned cc[HR_GPUS_MAX];
    size_t kinds = hr_gpu_kinds(g, cc);
    for (size_t i = 0; i < kinds; i++) {
        struct hr_verdict_build v = hr_arch_builds(p->want, cc[i]);
        if (v.builds != HR_BUILDS_EXACT)
            note(p, "%s", v.why);
    }
    if (!driver_starts(g, p->want))
        note(p, "the driver (CUDA %s) is too old for it: one of %s or newer is needed first",
             hr_cuda_text((unsigned)g->cuda.v).text, hr_kit_oldest_driver(p->want));
    else if (g->cuda.known && g->cuda.v < p->want)
        note(p, "the driver (CUDA %s) runs its machine code, not its PTX; driver %s or newer takes both",
             hr_cuda_text((unsigned)g->cuda.v).text,
             p->wsl && row->windows != NULL ? row->windows : row->driver);
    if (e != NULL && e->torch.cuda_number / 100 != p->want / 100)
        note(p, "PyTorch %.40s here was built with CUDA %s: it refuses to build extensions with %s",
             hr_word_text(&e->torch.version), hr_cuda_text(e->torch.cuda_number).text, hr_cuda_text(p->want).text);
    hr_host_gcc_read(hr_facts_root(facts), &gcc);
    if (gcc.major > row->gcc) {
        note(p, "gcc %u here is too new for it: g++-%u goes beside it", gcc.major, row->gcc);
        p->gxx = row->gcc;
    }
}

/* --- the steps --- */

static struct hr_plan_step *step(struct hr_cuda_plan *p, const char *title, const char *source, bool system_wide)
{
    struct hr_plan_step *s = &p->step[p->steps++];
    s->title = title;
    s->source = source;
    s->system_wide = system_wide;
    return s;
}

static void command(struct hr_plan_step *s, const char *text, ...) HR_PRINTF(2, 3);
static void command(struct hr_plan_step *s, const char *text, ...)
{
    va_list ap;
    size_t i = 0;
    while (i < HR_COUNT(s->command) - 1 && s->command[i][0] != 0)
        i++;
    va_start(ap, text);
    vsnprintf(s->command[i], sizeof s->command[i], text, ap);
    va_end(ap);
}

/* Of a toolkit that goes: not the keyring, nor the container toolkit, nor a driver where it belongs to the machine. */
static bool goes(const struct hr_dpkg_package *d, bool wsl)
{
    static const char *const stay[] = { "cuda-keyring", "nvidia-container-toolkit", "libnvidia-container", "libcudnn", "libnccl", "cuda-drivers" };
    if (strcmp(d->state, "config-files") == 0 || strcmp(d->state, "not-installed") == 0 || (d->driver && !wsl))
        return false;
    if (d->driver)
        return true;
    for (size_t i = 0; i < HR_COUNT(stay); i++)
        if (strncmp(d->name, stay[i], strlen(stay[i])) == 0)
            return false;
    return true;
}

/* Toolkits of NVIDIA's .run installer bring their own way out. */
static void take_off_runfiles(struct hr_facts *facts, struct hr_cuda_plan *p)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    struct hr_plan_step *s = NULL;
    for (size_t i = 0; i < t->n; i++) {
        struct hr_buf at = HR_BUF_INIT(4096);
        hr_buf_printf(&at, "%s/bin/cuda-uninstaller", t->kit[i].path);
        if (t->kit[i].kind == HR_TOOLKIT_FOLDER && !at.failed && hr_root_exists(hr_facts_root(facts), at.data) &&
            strncmp(at.data, "/usr/local/cuda-", 16) == 0 && at.data[16 + strspn(at.data + 16, "0123456789.")] == '/') {
            if (s == NULL)
                s = step(p, "take off what NVIDIA's .run installer laid down", GUIDE ": Handle Conflicting Installation Methods",
                         true);
            command(s, "sudo %s", at.data);
        }
        hr_buf_fini(&at);
    }
}

static void take_off(struct hr_facts *facts, struct hr_cuda_plan *p)
{
    const struct hr_dpkg *d = hr_facts_dpkg(facts);
    for (size_t i = 0; i < d->n; i++) {
        if (!goes(&d->package[i], p->wsl))
            continue;
        if (p->olds < HR_PLAN_OLD_MAX)
            p->old[p->olds++] = d->package[i].name;
        else
            p->more_old++;
    }
    take_off_runfiles(facts, p);
    if (p->olds == 0)
        return;
    struct hr_plan_step *s = step(p, p->wsl ? "take off the old toolkits, and the Linux driver that must not be in WSL" : "take off the old toolkits; the driver stays",
                                  GUIDE ": Removing CUDA Toolkit", true);
    struct hr_buf names = HR_BUF_INIT(3 * HR_WORD_MAX - 40);
    size_t told = 0;
    for (; told < p->olds && names.len + strlen(p->old[told]) + 2 < names.ceiling; told++)
        hr_buf_printf(&names, " %s", p->old[told]);
    command(s, "sudo dpkg --configure -a");
    command(s, "sudo apt-get purge%s", names.data);
    command(s, "sudo apt-get autoremove --purge");
    if (told < p->olds || p->more_old != 0)
        note(p, "%zu more packages of a toolkit are here: the script of --write-script finds all of them", p->olds - told + p->more_old);
    hr_buf_fini(&names);
}

static void make_steps(struct hr_facts *facts, struct hr_cuda_plan *p)
{
    const struct hr_python_env *e = torch_here(facts);
    unsigned major = p->want / 100, minor = p->want % 100;
    size_t wheels;
    const struct hr_wheel *w = hr_wheel_table(&wheels);
    take_off(facts, p);
    struct hr_plan_step *s = step(p, "know NVIDIA's repository and its key", p->wsl ? WSL_GUIDE ", " GUIDE ": network repository" : GUIDE ": network repository", true);
    command(s, "wget " HOST "/%s/%s/cuda-keyring_1.1-1_all.deb", p->repository, p->arch);
    command(s, "sudo dpkg -i cuda-keyring_1.1-1_all.deb && sudo apt-get update");
    s = step(p, p->wsl ? "install the toolkit alone: 'cuda' and 'cuda-drivers' would bring a Linux driver"
                       : "install the toolkit alone; the driver stays as it is",
             p->wsl ? WSL_GUIDE ": use cuda-toolkit-12-x" : GUIDE ": meta packages", true);
    command(s, "sudo apt-get install cuda-toolkit-%u-%u", major, minor);
    if (p->gxx != 0)
        command(s, "sudo apt-get install g++-%u   # the newest that its nvcc takes", p->gxx);
    s = step(p, "let /usr/local/cuda lead to it", "update-alternatives(1); the packages register it as 'cuda'", true);
    command(s, "sudo update-alternatives --set cuda /usr/local/cuda-%u.%u", major, minor);
    if (p->wsl) {
        s = step(p, "give the loader the driver of Windows again", WSL_GUIDE, true);
        command(s, "sudo ldconfig");
    }
    s = step(p, "tell your shell (add the line to ~/.bashrc to keep it)", "CMake, torch.utils.cpp_extension", false);
    command(s, "export CUDA_HOME=/usr/local/cuda-%u.%u PATH=/usr/local/cuda-%u.%u/bin:$PATH", major, minor, major, minor);
    if (p->gxx != 0)
        command(s, "export CC=gcc-%u CXX=g++-%u NVCC_CCBIN=g++-%u CUDAHOSTCXX=g++-%u", p->gxx, p->gxx, p->gxx, p->gxx);
    for (size_t i = 0; i < wheels; i++)
        if (w[i].cuda == major * 10 + minor)
            snprintf(p->torch_index, sizeof p->torch_index, "cu%u", w[i].cuda);
    if (p->torch_index[0] != 0 && (e == NULL || e->torch.cuda_number != p->want)) {
        s = step(p, "a PyTorch of the same CUDA, in your environment", "pytorch.org/get-started/locally", false);
        command(s, "pip install --force-reinstall torch --index-url " TORCH_HOST "/%s", p->torch_index);
    }
    s = step(p, "look", "nvcc --help", false);
    command(s, "nvcc --version && nvcc --list-gpu-code");
    command(s, "headrace cuda");
}

int hr_cuda_plan_of(struct hr_facts *facts, const char *want, struct hr_cuda_plan *ret, struct hr_error *err)
{
    struct hr_cuda_plan *p = ret;
    struct hr_cuda_plan fresh;
    memset(&fresh, 0, sizeof fresh);
    hr_facts_watch(facts);
    if (want != NULL) {
        int r = read_want(want, &fresh, err);
        if (r < 0)
            return r;
    } else {
        choose(facts, &fresh);
    }
    *p = fresh;
    p->known = true;
    if (find_system(facts, p)) {
        look_ahead(facts, p);
        make_steps(facts, p);
    }
    const char *torn = hr_facts_torn(facts);
    if (torn != NULL) { /* a list of packages with holes is worse than none */
        not_for(p, "the machine could not be looked at: %.200s", torn);
        p->steps = p->notes = p->olds = 0;
    }
    return 0;
}

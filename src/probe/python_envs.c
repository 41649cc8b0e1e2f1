#include "python_envs.h"

#include "root_value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 4 << 20, SMALL = 65536, ENVS_LISTED = 64 };

/* --- names of packages --- */

static char folded(char c)
{
    return c == '-' || c == '.' ? '_' : (char)tolower((unsigned char)c);
}

bool hr_dist_version(struct hr_str entry, const char *package, struct hr_str *ret_version)
{
    size_t n = strlen(package), tail = strlen(".dist-info");
    if (!hr_str_ends(entry, ".dist-info") || entry.n < n + 2 + tail || entry.p[n] != '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (folded(entry.p[i]) != folded(package[i]))
            return false;
    struct hr_str v = { entry.p + n + 1, entry.n - n - 1 - tail };
    if (!isdigit((unsigned char)v.p[0]))
        return false;
    *ret_version = v;
    return true;
}

static struct hr_word package(const struct hr_names *names, const char *const *alias)
{
    struct hr_str v;
    for (size_t i = 0; i < names->n; i++)
        for (size_t k = 0; alias[k] != NULL; k++)
            if (hr_dist_version(hr_str(names->name[i]), alias[k], &v))
                return hr_word_clean(v);
    return hr_word_unknown("%s is not installed in it", alias[0]);
}

static void read_torch(const struct hr_root *root, const char *site, const struct hr_names *names, struct hr_torch *t)
{
    struct hr_buf path = HR_BUF_INIT(4096), text = HR_BUF_INIT(SMALL);
    t->version = package(names, (const char *const[]) { "torch", NULL });
    t->cuda = hr_word_unknown("PyTorch is not installed in it");
    t->cpu_only = t->rocm = hr_truth_unknown("PyTorch is not installed in it");
    hr_buf_printf(&path, "%s/torch/version.py", site);
    t->there = t->version.known;
    t->number = t->there ? hr_cuda_of(hr_str(t->version.v)) : 0;
    if (hr_root_read(root, path.data, &text, NULL) == 0) {
        t->there = true;
        hr_torch_parse(hr_buf_str(&text), t);
    } else if (t->there) {
        t->cuda = hr_word_unknown("its torch/version.py cannot be read");
        t->cpu_only = t->rocm = hr_truth_unknown("its torch/version.py cannot be read");
    }
    if (t->there && t->cuda_number != 0)
        hr_torch_images(root, site, t);
    else
        snprintf(t->images_why, sizeof t->images_why, "%s", t->there ? "it has no CUDA" : "there is no PyTorch");
    hr_buf_fini(&text);
    hr_buf_fini(&path);
}

static void read_site(const struct hr_root *root, struct hr_python_env *e)
{
    struct hr_names names = { NULL, 0 };
    if (e->site != NULL && hr_root_list(root, e->site, &names, NULL) < 0)
        names = (struct hr_names) { NULL, 0 };
    e->numpy = package(&names, (const char *const[]) { "numpy", NULL });
    e->pyarrow = package(&names, (const char *const[]) { "pyarrow", NULL });
    e->triton = package(&names, (const char *const[]) { "triton", NULL });
    e->wheel_nvcc = package(
        &names, (const char *const[]) { "nvidia-cuda-nvcc", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-nvcc-cu11", NULL });
    e->wheel_runtime = package(&names, (const char *const[]) { "nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12",
                                                               "nvidia-cuda-runtime-cu11", NULL });
    read_torch(root, e->site != NULL ? e->site : "", &names, &e->torch);
    hr_names_fini(&names);
}

/* --- one environment --- */

static const char *keep(struct hr_python *p, struct hr_str s)
{
    const char *copy = hr_arena_str(&p->arena, s.p, s.n);
    p->cut |= copy == NULL;
    return copy;
}

static bool exists_below(const struct hr_root *root, const char *env, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    hr_buf_printf(&b, "%s/%s", env, name);
    bool yes = !b.failed && hr_root_exists(root, b.data);
    hr_buf_fini(&b);
    return yes;
}

/* Takes `dir` for the folder of packages if it is there; one with PyTorch in it goes before one without. */
static void try_site(const struct hr_root *root, struct hr_python *p, struct hr_python_env *e, const struct hr_buf *dir)
{
    if (dir->failed || !hr_root_exists(root, dir->data))
        return;
    if (e->site == NULL || (!exists_below(root, e->site, "torch") && exists_below(root, dir->data, "torch")))
        e->site = keep(p, hr_buf_str(dir));
}

/* Debian's own Python keeps packages in three other places. */
static void debian_sites(const struct hr_root *root, struct hr_python *p, struct hr_python_env *e, const char *version,
                         struct hr_buf *b)
{
    hr_buf_reset(b);
    if (hr_root_env(root, "HOME", b)) {
        hr_buf_printf(b, "/.local/lib/%s/site-packages", version);
        try_site(root, p, e, b);
    }
    hr_buf_reset(b);
    hr_buf_printf(b, "/usr/local/lib/%s/dist-packages", version);
    try_site(root, p, e, b);
    hr_buf_reset(b);
    hr_buf_adds(b, "/usr/lib/python3/dist-packages");
    try_site(root, p, e, b);
}

/* lib/python3.11 below the prefix gives the version and the folder of packages; the newest where there are several. */
static void find_site(const struct hr_root *root, struct hr_python *p, struct hr_python_env *e)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_names names = { NULL, 0 };
    hr_buf_printf(&b, "%s/lib", e->path);
    int r = hr_root_list(root, b.data, &names, NULL);
    unsigned best = 0;
    const char *version = NULL;
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        struct hr_str name = hr_str(names.name[i]);
        unsigned v = hr_str_starts(name, "python3.") ? hr_cuda_of((struct hr_str) { name.p + 6, name.n - 6 }) : 0;
        if (v > best) {
            best = v;
            version = names.name[i];
        }
    }
    if (version != NULL) {
        hr_buf_reset(&b);
        hr_buf_printf(&b, "%s/lib/%s/site-packages", e->path, version);
        try_site(root, p, e, &b);
        if (strcmp(e->path, "/usr") == 0)
            debian_sites(root, p, e, version, &b);
        if (!e->python.known)
            e->python = hr_word_clean(hr_str(version + strlen("python")));
    }
    if (r == 0)
        hr_names_fini(&names);
    hr_buf_fini(&b);
}

static bool config(const struct hr_root *root, const char *env, struct hr_buf *text)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    hr_buf_printf(&b, "%s/pyvenv.cfg", env);
    bool yes = !b.failed && hr_root_read(root, b.data, text, NULL) == 0;
    hr_buf_fini(&b);
    return yes;
}

/* Adds the environment at `path`, unless it is there already or is none. */
static void add(const struct hr_root *root, struct hr_python *p, const char *path, const char *found, bool active)
{
    struct hr_buf text = HR_BUF_INIT(SMALL);
    struct hr_str at = hr_str(path), v;
    while (at.n > 1 && at.p[at.n - 1] == '/')
        at.n--;
    for (size_t i = 0; i < p->n; i++)
        if (hr_str_is(at, p->env[i].path))
            return;
    if (p->n == HR_PYTHON_ENVS_MAX) {
        p->cut = true;
        return;
    }
    struct hr_python_env e;
    memset(&e, 0, sizeof e);
    e.path = keep(p, at);
    e.found = found;
    e.active = active;
    e.python = hr_word_unknown("nothing in it tells the version");
    if (e.path == NULL)
        return;
    bool venv = config(root, e.path, &text), conda = !venv && exists_below(root, e.path, "conda-meta");
    e.kind = venv ? HR_PYTHON_VENV : conda ? HR_PYTHON_CONDA : HR_PYTHON_PLAIN;
    if (venv && (hr_assigned(hr_buf_str(&text), "version", &v) || hr_assigned(hr_buf_str(&text), "version_info", &v)))
        e.python = hr_word_clean(v);
    find_site(root, p, &e);
    if (venv || conda || e.site != NULL) {
        read_site(root, &e);
        p->env[p->n++] = e;
    }
    hr_buf_fini(&text);
}

/* --- where they are --- */

static bool variable(const struct hr_root *root, const char *name, struct hr_buf *b)
{
    hr_buf_reset(b);
    return hr_root_env(root, name, b) && b->len != 0 && b->data[0] == '/';
}

static void add_named(const struct hr_root *root, struct hr_python *p, const char *name, struct hr_buf *b)
{
    if (variable(root, name, b))
        add(root, p, b->data, name, p->n == 0);
}

static void add_below(const struct hr_root *root, struct hr_python *p, const char *base_variable, const char *name,
                      const char *found, struct hr_buf *b)
{
    if (!variable(root, base_variable, b))
        return;
    hr_buf_printf(b, "/%s", name);
    if (!b->failed && hr_root_exists(root, b->data))
        add(root, p, b->data, found, false);
}

/* ~/miniconda3 itself and every environment below its envs. */
static void add_conda(const struct hr_root *root, struct hr_python *p, const char *name, struct hr_buf *b)
{
    struct hr_names names = { NULL, 0 };
    if (!variable(root, "HOME", b))
        return;
    hr_buf_printf(b, "/%s", name);
    if (b->failed || !hr_root_exists(root, b->data))
        return;
    add(root, p, b->data, "conda in the home folder", false);
    size_t base = b->len;
    hr_buf_adds(b, "/envs");
    if (hr_root_list(root, b->data, &names, NULL) < 0)
        return;
    for (size_t i = 0; i < names.n && i < ENVS_LISTED; i++) {
        b->len = base;
        hr_buf_printf(b, "/envs/%s", names.name[i]);
        if (!b->failed && exists_below(root, b->data, "conda-meta"))
            add(root, p, b->data, "conda in the home folder", false);
    }
    hr_names_fini(&names);
}

bool hr_path_worth(struct hr_str dir)
{
    bool windows = hr_str_starts(dir, "/mnt/") && dir.n > 6 && isalpha((unsigned char)dir.p[5]) && dir.p[6] == '/';
    return dir.n != 0 && dir.p[0] == '/' && (!windows || hr_str_ends(dir, "/bin"));
}

/* The prefix of the first python3 on PATH. */
static void add_path(const struct hr_root *root, struct hr_python *p, struct hr_buf *b)
{
    struct hr_buf path = HR_BUF_INIT(SMALL);
    hr_root_env(root, "PATH", &path);
    struct hr_str rest = hr_buf_str(&path), dir;
    bool done = path.len == 0;
    while (!done && hr_str_cut(&rest, ':', &dir)) {
        hr_buf_reset(b);
        hr_buf_printf(b, "%.*s/python3", HR_STR_ARG(dir));
        if (!hr_path_worth(dir) || b->failed || !hr_root_exists(root, b->data))
            continue;
        done = true;
        b->len -= strlen("/python3"); /* a venv is the folder of the link, not of what it points to */
        b->data[b->len] = 0;
        char *slash = strrchr(b->data, '/');
        *slash = 0;
        if (hr_str_is(hr_str(slash + 1), "bin"))
            add(root, p, b->data[0] != 0 ? b->data : "/", "PATH", p->n == 0);
    }
    hr_buf_fini(&path);
}

void hr_python_read(const struct hr_root *root, struct hr_python *ret)
{
    struct hr_buf b = HR_BUF_INIT(SMALL);
    memset(ret, 0, sizeof *ret);
    ret->arena = HR_ARENA_INIT(ARENA_MAX);
    add_named(root, ret, "VIRTUAL_ENV", &b);
    add_named(root, ret, "CONDA_PREFIX", &b);
    add_path(root, ret, &b);
    add_below(root, ret, "PWD", ".venv", ".venv here", &b);
    add_below(root, ret, "PWD", "venv", "venv here", &b);
    add_below(root, ret, "HOME", ".venv", ".venv in the home folder", &b);
    add_below(root, ret, "HOME", "venv", "venv in the home folder", &b);
    add_conda(root, ret, "miniconda3", &b);
    add_conda(root, ret, "miniforge3", &b);
    add_conda(root, ret, "anaconda3", &b);
    hr_buf_fini(&b);
}

void hr_python_fini(struct hr_python *p)
{
    hr_arena_fini(&p->arena);
    p->n = 0;
}

const struct hr_python_env *hr_python_active(const struct hr_python *p)
{
    return p->n != 0 && p->env[0].active ? &p->env[0] : NULL;
}

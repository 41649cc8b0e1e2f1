#include "toolkits.h"

#include "json_small.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 1 << 20, SMALL = 65536 };

/* --- the version files --- */

bool hr_toolkit_version_json(struct hr_str text, struct hr_word *ret)
{
    struct hr_arena a = HR_ARENA_INIT(4 << 20);
    const struct hr_js *top = NULL;
    bool yes = false;
    if (text.n <= SMALL && hr_js_parse(text, "version.json", &a, &top, NULL) == 0) {
        const struct hr_js *v = hr_js_get(hr_js_get(top, "cuda"), "version");
        yes = v != NULL && v->type == HR_JS_STRING && hr_cuda_of(v->text) != 0;
        if (yes)
            *ret = hr_word_clean(v->text);
    }
    hr_arena_fini(&a);
    return yes;
}

bool hr_toolkit_version_txt(struct hr_str text, struct hr_word *ret)
{
    struct hr_str line, rest = hr_str_trim(text);
    static const char begins[] = "CUDA Version ";
    if (!hr_str_cut(&rest, '\n', &line) || !hr_str_starts(line, begins))
        return false;
    line = hr_str_trim((struct hr_str) { line.p + sizeof begins - 1, line.n - (sizeof begins - 1) });
    if (hr_cuda_of(line) == 0)
        return false;
    *ret = hr_word_clean(line);
    return true;
}

/* --- one toolkit --- */

static bool below(const struct hr_root *root, const char *dir, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    hr_buf_printf(&b, "%s/%s", dir, name);
    bool yes = !b.failed && hr_root_exists(root, b.data);
    hr_buf_fini(&b);
    return yes;
}

static bool read_below(const struct hr_root *root, const char *dir, const char *name, struct hr_buf *text)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    hr_buf_printf(&b, "%s/%s", dir, name);
    hr_buf_reset(text);
    bool yes = !b.failed && hr_root_read(root, b.data, text, NULL) == 0;
    hr_buf_fini(&b);
    return yes;
}

static void version_of(const struct hr_root *root, struct hr_toolkit *k)
{
    struct hr_buf text = HR_BUF_INIT(SMALL);
    const char *name = strrchr(k->path, '/');
    if (read_below(root, k->path, "version.json", &text) && hr_toolkit_version_json(hr_buf_str(&text), &k->version)) {
        k->from = "version.json";
    } else if (read_below(root, k->path, "version.txt", &text) &&
               hr_toolkit_version_txt(hr_buf_str(&text), &k->version)) {
        k->from = "version.txt";
    } else if (name != NULL && strncmp(name, "/cuda-", 6) == 0 && hr_cuda_of(hr_str(name + 6)) != 0) {
        k->version = hr_word_clean(hr_str(name + 6));
        k->from = "the folder's name";
    } else {
        k->version = hr_word_unknown("neither version.json nor its name tells the version");
        k->from = "";
    }
    hr_buf_fini(&text);
}

static struct hr_toolkit *add(struct hr_toolkits *t, struct hr_str path, enum hr_toolkit_kind kind)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = 0; i < t->n; i++)
        if (hr_str_is(path, t->kit[i].path) && t->kit[i].kind == kind)
            return &t->kit[i];
    const char *copy = t->n < HR_TOOLKITS_MAX ? hr_arena_str(&t->arena, path.p, path.n) : NULL;
    t->cut |= copy == NULL;
    if (copy == NULL)
        return NULL;
    struct hr_toolkit *k = &t->kit[t->n++];
    *k = (struct hr_toolkit) { .path = copy, .kind = kind, .from = "" };
    k->version = hr_word_unknown("nothing tells the version");
    return k;
}

/* The folder behind "cuda" and "cuda-12"; a captured root that does not tell whole paths still has the links. */
static const char *without_links(const struct hr_root *root, const char *dir, struct hr_buf *real)
{
    struct hr_buf link = HR_BUF_INIT(4096);
    const char *at = hr_root_real(root, dir, real, NULL) == 0 && real->len != 0 ? real->data : dir,
               *slash = strrchr(at, '/');
    for (unsigned hops = 0; hops < 4 && slash != NULL && hr_root_readlink(root, at, &link, NULL) == 0 && link.len != 0;
         hops++) {
        struct hr_buf next = HR_BUF_INIT(4096);
        if (link.data[0] == '/')
            hr_buf_adds(&next, link.data);
        else
            hr_buf_printf(&next, "%.*s/%s", (int)(slash - at), at, link.data);
        hr_buf_fini(real);
        *real = next;
        at = real->failed ? dir : real->data;
        slash = strrchr(at, '/');
        hr_buf_reset(&link);
    }
    hr_buf_fini(&link);
    return at;
}

static void add_folder(const struct hr_root *root, struct hr_toolkits *t, const char *dir)
{
    struct hr_buf real = HR_BUF_INIT(4096);
    const char *at = without_links(root, dir, &real);
    bool nvcc = below(root, at, "bin/nvcc"),
         runtime = below(root, at, "lib64/libcudart.so") || below(root, at, "lib/libcudart.so");
    if (nvcc || runtime || below(root, at, "version.json") || below(root, at, "version.txt")) {
        size_t before = t->n;
        struct hr_toolkit *k = add(t, hr_str(at), HR_TOOLKIT_FOLDER);
        if (k != NULL && t->n != before) {
            k->nvcc = nvcc;
            k->runtime = runtime;
            version_of(root, k);
            k->number = k->version.known ? hr_cuda_of(hr_str(k->version.v)) : 0;
        }
    }
    hr_buf_fini(&real);
}

static void add_usr_local(const struct hr_root *root, struct hr_toolkits *t)
{
    struct hr_names names = { NULL, 0 };
    struct hr_buf b = HR_BUF_INIT(4096);
    int r = hr_root_list(root, "usr/local", &names, NULL);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        if (strncmp(names.name[i], "cuda", 4) != 0)
            continue;
        hr_buf_reset(&b);
        hr_buf_printf(&b, "/usr/local/%s", names.name[i]);
        if (!b.failed)
            add_folder(root, t, b.data);
    }
    if (r == 0)
        hr_names_fini(&names);
    hr_buf_fini(&b);
}

static void add_versioned(struct hr_toolkits *t, const char *path, enum hr_toolkit_kind kind,
                          const struct hr_word *version, const char *from, bool nvcc)
{
    struct hr_toolkit *k = add(t, hr_str(path), kind);
    if (k == NULL)
        return;
    k->version = *version;
    k->number = version->known ? hr_cuda_of(hr_str(version->v)) : 0;
    k->from = from;
    k->nvcc = nvcc;
}

/* "cuda-nvcc-12.4.131-0.json" of conda-meta. */
static struct hr_word conda_version(const struct hr_root *root, const char *env)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_names names = { NULL, 0 };
    struct hr_word v = hr_word_unknown("conda-meta does not tell it");
    hr_buf_printf(&b, "%s/conda-meta", env);
    if (!b.failed && hr_root_list(root, b.data, &names, NULL) == 0) {
        static const char *const begins[] = { "cuda-nvcc-", "cuda-compiler-", "cudatoolkit-" };
        for (size_t i = 0; i < names.n; i++)
            for (size_t k = 0; k < HR_COUNT(begins); k++) {
                struct hr_str rest = hr_str(names.name[i]), one;
                size_t n = strlen(begins[k]);
                if (v.known || !hr_str_starts(rest, begins[k]))
                    continue;
                rest = (struct hr_str) { rest.p + n, rest.n - n };
                hr_str_cut(&rest, '-', &one);
                if (hr_cuda_of(one) != 0)
                    v = hr_word_clean(one);
            }
        hr_names_fini(&names);
    }
    hr_buf_fini(&b);
    return v;
}

static void add_from_python(const struct hr_root *root, const struct hr_python *python, struct hr_toolkits *t)
{
    for (size_t i = 0; i < python->n; i++) {
        const struct hr_python_env *e = &python->env[i];
        if (e->wheel_nvcc.known)
            add_versioned(t, e->path, HR_TOOLKIT_WHEEL, &e->wheel_nvcc, "the wheel nvidia-cuda-nvcc", true);
        if (e->kind == HR_PYTHON_CONDA && below(root, e->path, "bin/nvcc")) {
            struct hr_word v = conda_version(root, e->path);
            add_versioned(t, e->path, HR_TOOLKIT_CONDA, &v, "conda-meta", true);
        }
    }
}

/* --- nvcc on PATH --- */

static bool find_nvcc(const struct hr_root *root, struct hr_toolkits *t, struct hr_buf *at)
{
    struct hr_buf path = HR_BUF_INIT(SMALL);
    bool found = false;
    struct hr_str dir, rest;
    hr_root_env(root, "PATH", &path);
    rest = hr_buf_str(&path);
    while (!found && path.len != 0 && hr_str_cut(&rest, ':', &dir)) {
        hr_buf_reset(at);
        hr_buf_printf(at, "%.*s/nvcc", HR_STR_ARG(dir));
        found = hr_path_worth(dir) && !at->failed && hr_root_exists(root, at->data);
    }
    t->nvcc = found ? hr_word_clean(hr_buf_str(at)) : hr_word_unknown("no folder of PATH has it");
    hr_buf_fini(&path);
    return found;
}

static const struct hr_toolkit *kit_at(const struct hr_toolkits *t, const char *path)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->kit[i].kind != HR_TOOLKIT_DISTRO && strcmp(t->kit[i].path, path) == 0)
            return &t->kit[i];
    return NULL;
}

static const struct hr_toolkit *owner(const struct hr_toolkits *t, const char *real)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t n = strlen(t->kit[i].path);
        if (t->kit[i].kind != HR_TOOLKIT_DISTRO && strncmp(real, t->kit[i].path, n) == 0 &&
            strcmp(real + n, "/bin/nvcc") == 0)
            return &t->kit[i];
    }
    return NULL;
}

/* A script of a few lines that starts another nvcc ("exec /usr/local/cuda-13.0/bin/nvcc "$@"") belongs to that one. */
static void follow_script(const struct hr_root *root, struct hr_buf *real)
{
    struct hr_buf text = HR_BUF_INIT(4096);
    if (hr_root_read(root, real->data, &text, NULL) == 0 && text.len > 2 && memcmp(text.data, "#!", 2) == 0) {
        char *at = strstr(text.data, "/bin/nvcc"), *from = at;
        while (from != NULL && from > text.data && strchr(" \t\n\"'=", from[-1]) == NULL)
            from--;
        if (from != NULL && *from == '/') {
            hr_buf_reset(real);
            hr_buf_add(real, from, (size_t)(at - from) + strlen("/bin/nvcc"));
        }
    }
    hr_buf_fini(&text);
}

static void nvcc_on_path(const struct hr_root *root, const struct hr_dpkg *dpkg, struct hr_toolkits *t)
{
    struct hr_buf at = HR_BUF_INIT(SMALL), real = HR_BUF_INIT(SMALL);
    t->nvcc_real = hr_word_unknown("no folder of PATH has it");
    if (find_nvcc(root, t, &at)) {
        if (hr_root_real(root, at.data, &real, NULL) < 0 || real.len == 0)
            hr_buf_adds(&real, at.data);
        t->nvcc_of = owner(t, real.data);
        if (t->nvcc_of == NULL) {
            follow_script(root, &real);
            t->nvcc_of = owner(t, real.data);
        }
        t->nvcc_real = hr_word_clean(hr_buf_str(&real));
        const struct hr_dpkg_package *p = hr_dpkg_installed(dpkg, "nvidia-cuda-toolkit");
        if (t->nvcc_of == NULL && p != NULL) {
            struct hr_word v = hr_word_clean(hr_str(p->version));
            size_t before = t->n;
            add_versioned(t, "/usr", HR_TOOLKIT_DISTRO, &v, "the package nvidia-cuda-toolkit", true);
            t->nvcc_of = t->n != before ? &t->kit[before] : NULL;
        } else if (t->nvcc_of == NULL && hr_str_ends(hr_buf_str(&real), "/bin/nvcc")) {
            struct hr_buf folder = HR_BUF_INIT(SMALL);
            real.len -= strlen("/bin/nvcc");
            real.data[real.len] = 0;
            const char *kit = without_links(root, real.data, &folder);
            add_folder(root, t, kit);
            t->nvcc_of = kit_at(t, kit);
            hr_buf_fini(&folder);
        }
    }
    hr_buf_fini(&at);
    hr_buf_fini(&real);
}

/* --- CUDA_HOME, CUDA_PATH --- */

static struct hr_word home(const struct hr_root *root, const char *name, struct hr_toolkits *t, bool *ret_there)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_word v = hr_word_unknown("%s is not set", name);
    *ret_there = false;
    if (hr_root_env(root, name, &b) && b.len != 0) {
        v = hr_word_clean(hr_buf_str(&b));
        *ret_there = b.data[0] == '/' && below(root, b.data, "bin/nvcc");
        if (b.data[0] == '/')
            add_folder(root, t, b.data);
    }
    hr_buf_fini(&b);
    return v;
}

/* --- the driver's library --- */

static void try_libcuda(const struct hr_root *root, struct hr_toolkits *t, struct hr_str dir, const char *from)
{
    static const char *const names[] = { "libcuda.so.1", "libcuda.so" };
    struct hr_buf b = HR_BUF_INIT(4096);
    for (size_t i = 0; i < HR_COUNT(names) && t->libcudas < HR_LIBCUDA_MAX; i++) {
        hr_buf_reset(&b);
        hr_buf_printf(&b, "%.*s/%s", HR_STR_ARG(dir), names[i]);
        bool stub = strstr(b.data, "/stubs/") != NULL;
        if (b.failed || (i == 1 && !stub) || !hr_root_exists(root, b.data))
            continue;
        bool known = false;
        for (size_t k = 0; k < t->libcudas; k++)
            known |= strcmp(t->libcuda[k].path, b.data) == 0;
        const char *copy = known ? NULL : hr_arena_str(&t->arena, b.data, b.len);
        if (copy != NULL)
            t->libcuda[t->libcudas++] = (struct hr_libcuda) { copy, from, stub, hr_str_starts(dir, "/usr/lib/wsl/") };
        break;
    }
    hr_buf_fini(&b);
}

static void find_libcuda(const struct hr_root *root, struct hr_toolkits *t)
{
    static const char *const standard[] = { "/usr/lib/wsl/lib",           "/usr/lib/x86_64-linux-gnu",
                                            "/usr/lib/aarch64-linux-gnu", "/usr/lib64",
                                            "/run/opengl-driver/lib",     "/usr/local/nvidia/lib64" };
    struct hr_buf path = HR_BUF_INIT(SMALL);
    t->library_path = hr_word_unknown("LD_LIBRARY_PATH is not set");
    if (hr_root_env(root, "LD_LIBRARY_PATH", &path) && path.len != 0) {
        struct hr_str rest = hr_buf_str(&path), dir;
        t->library_path = hr_word_clean(rest);
        while (hr_str_cut(&rest, ':', &dir))
            if (dir.n != 0 && dir.p[0] == '/')
                try_libcuda(root, t, dir, "LD_LIBRARY_PATH");
    }
    for (size_t i = 0; i < HR_COUNT(standard); i++)
        try_libcuda(root, t, hr_str(standard[i]), i == 0 ? "WSL" : "the loader's standard folders");
    hr_buf_fini(&path);
}

void hr_toolkits_read(const struct hr_root *root, const struct hr_python *python, const struct hr_dpkg *dpkg,
                      struct hr_toolkits *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->arena = HR_ARENA_INIT(ARENA_MAX);
    add_usr_local(root, ret);
    ret->home = home(root, "CUDA_HOME", ret, &ret->home_there);
    ret->path = home(root, "CUDA_PATH", ret, &ret->path_there);
    add_from_python(root, python, ret);
    nvcc_on_path(root, dpkg, ret);
    find_libcuda(root, ret);
}

void hr_toolkits_fini(struct hr_toolkits *t)
{
    hr_arena_fini(&t->arena);
    t->n = t->libcudas = 0;
}

const struct hr_toolkit *hr_toolkits_newest(const struct hr_toolkits *t)
{
    const struct hr_toolkit *best = NULL;
    for (size_t i = 0; i < t->n; i++)
        if (t->kit[i].nvcc && (best == NULL || t->kit[i].number > best->number))
            best = &t->kit[i];
    return best;
}

const char *hr_toolkit_kind_name(enum hr_toolkit_kind k)
{
    static const char *const names[] = { "toolkit", "package of the distribution", "conda", "pip wheel" };
    return names[k];
}

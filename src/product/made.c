#include "made.h"

#include "clock.h"
#include "cuda_signs.h"
#include "file.h"
#include "gzip.h"
#include "mem.h"
#include "tar.h"
#include "walk.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MOST = 300000, DEPTH_MOST = 24, SITE_MOST = 20000, RECORD_MOST = 16 << 20, ARCHIVE_MOST = 256 << 20 };

static bool add(struct hr_made *m, const char *path, bool installed, bool wheel)
{
    if (m->n == HR_MADE_FILES) {
        m->cut = true;
        return true;
    }
    char *own = hr_strdup(path);
    if (own == NULL)
        return false;
    m->file[m->n++] = (struct hr_made_file) { own, installed, wheel };
    return true;
}

static bool source(struct hr_made *m, const char *path)
{
    m->sources++;
    return m->source != NULL || (m->source = hr_strdup(path)) != NULL;
}

/* --- a project's folder --- */

struct looking {
    struct hr_made *m;
    bool sources, short_of_memory;
};

static bool is_library(const char *name)
{
    const char *so = strstr(name, ".so");
    return so != NULL && (so[3] == 0 || so[3] == '.');
}

static bool enter(void *ctx, const char *path, const char *name)
{
    /* What lies there is no product: version control, packages of others, CMake's own attempts. */
    static const char *const not[] = { ".git", ".hg", "node_modules", "__pycache__", "site-packages", "dist-packages", "CMakeScratch",
                                       "CMakeTmp", ".tox", ".cache" };
    (void)ctx;
    (void)path;
    for (size_t i = 0; i < HR_COUNT(not); i++)
        if (strcmp(name, not[i]) == 0)
            return false;
    return strncmp(name, "CompilerId", 10) != 0 && strncmp(name, "_CMakeLTOTest", 13) != 0;
}

/* As CMake and as PyTorch's builder name it. */
static bool is_object(const char *name)
{
    return hr_str_ends(hr_str(name), ".cu.o") || hr_str_ends(hr_str(name), ".cuda.o");
}

static bool want(void *ctx, const char *name)
{
    const struct looking *l = ctx;
    return is_library(name) || strchr(name, '.') == NULL || hr_str_ends(hr_str(name), ".whl") || is_object(name) || (l->sources && hr_cuda_source(name));
}

static bool look_at(void *ctx, const struct hr_walk_file *f)
{
    struct looking *l = ctx;
    bool wheel = hr_str_ends(hr_str(f->name), ".whl");
    bool ok = true;
    if (hr_cuda_source(f->name))
        ok = source(l->m, f->path);
    else if (is_object(f->name))
        l->m->objects += f->touched >= l->m->since && f->size != 0;
    else if (f->touched >= l->m->since && f->size != 0 && (wheel || is_library(f->name) || f->program))
        ok = add(l->m, f->path, false, wheel);
    l->short_of_memory = !ok;
    return ok;
}

int hr_made_look(struct hr_made *m, const char *folder, bool count_sources, struct hr_error *err)
{
    struct looking l = { m, count_sources, false };
    struct hr_walk w = { .names = NAMES_MOST, .depth = DEPTH_MOST, .deadline = hr_now() + m->look_ns, .enter = enter, .want = want,
                         .file = look_at, .ctx = &l };
    bool cut = false;
    int r = hr_walk(folder, &w, &cut, err);
    m->cut |= cut;
    return r == 0 && l.short_of_memory ? hr_fail_nomem(err, 4096, "the list of files") : r;
}

/* --- packages --- */

struct package {
    struct hr_made *m;
    const char *site;
    bool short_of_memory, any;
};

static void module(struct hr_made *m, const char *name, bool guessed)
{
    for (size_t i = 0; i < m->modules; i++)
        if (strcmp(m->module[i].module, name) == 0)
            return;
    if (m->modules == HR_MADE_MODULES)
        return;
    struct hr_import *one = &m->module[m->modules++];
    memset(one, 0, sizeof *one);
    snprintf(one->module, sizeof one->module, "%s", name);
    one->guessed = guessed;
    const struct hr_cuda_recipe *recipe = hr_cuda_recipe_of(name);
    one->ask = recipe != NULL ? recipe->has : NULL;
}

static bool listed(void *ctx, struct hr_str path)
{
    struct package *p = ctx;
    char name[HR_MODULE_MAX], file[HR_RECORD_PATH + 1];
    uint64_t touched;
    if (!hr_record_inside(path))
        return true;
    snprintf(file, sizeof file, "%.*s", HR_STR_ARG(path));
    if (is_library(hr_base_name(file))) {
        HR_CLEANUP(hr_freep) char *whole = hr_join(p->site, file);
        if (whole == NULL || (hr_touched(whole, &touched) && touched >= p->m->since && !add(p->m, whole, true, false)))
            p->short_of_memory = true;
    }
    if (hr_module_of_record(path, name) && strncmp(name, "__", 2) != 0) {
        module(p->m, name, false);
        p->any = true;
    }
    return !p->short_of_memory;
}

/* The name of a package as it would be imported: "my-package-1.0.dist-info" is my_package. */
static void guess(struct hr_made *m, const char *entry)
{
    char name[HR_MODULE_MAX];
    size_t n = strcspn(entry, "-");
    if (n == 0 || n >= sizeof name)
        return;
    memcpy(name, entry, n);
    name[n] = 0;
    module(m, name, true);
}

static int package(struct hr_made *m, const char *site, const char *entry, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(RECORD_MOST), path = HR_BUF_INIT(8192);
    struct package p = { m, site, false, false };
    hr_buf_printf(&path, "%s/%s/RECORD", site, entry);
    int r = path.failed ? hr_fail_nomem(err, path.len, "a path") : 0;
    if (r == 0 && hr_slurp(path.data, &text, NULL) == 0 && !hr_record_each(hr_buf_str(&text), listed, &p))
        m->cut = true;
    if (r == 0 && p.short_of_memory)
        r = hr_fail_nomem(err, 4096, "the list of files");
    if (r == 0) {
        if (m->dists++ == 0)
            snprintf(m->dist, sizeof m->dist, "%.*s", (int)strcspn(entry, "-"), entry);
        if (!p.any)
            guess(m, entry);
    }
    hr_buf_fini(&text);
    hr_buf_fini(&path);
    return r;
}

struct fresh {
    const char *entry;
    bool requested;
};

/* Packages whose list is new; pip and uv mark those that were asked for. */
static size_t fresh_ones(const struct hr_made *m, const char *site, const struct hr_names *names, struct fresh *list)
{
    size_t n = 0;
    for (size_t i = 0; i < names->n && n < HR_MADE_DISTS; i++) {
        struct hr_buf path = HR_BUF_INIT(8192);
        uint64_t touched;
        if (hr_str_ends(hr_str(names->name[i]), ".dist-info")) {
            hr_buf_printf(&path, "%s/%s/RECORD", site, names->name[i]);
            if (!path.failed && hr_touched(path.data, &touched) && touched >= m->since) {
                hr_buf_reset(&path);
                hr_buf_printf(&path, "%s/%s/REQUESTED", site, names->name[i]);
                list[n++] = (struct fresh) { names->name[i], hr_path_kind(path.data) == HR_KIND_FILE };
            }
        }
        hr_buf_fini(&path);
    }
    return n;
}

int hr_made_installed(struct hr_made *m, const char *site, struct hr_error *err)
{
    struct hr_names names;
    struct fresh list[HR_MADE_DISTS];
    bool cut, any = false;
    if (hr_path_kind(site) != HR_KIND_DIR)
        return 0;
    int r = hr_list_some(site, SITE_MOST, &names, &cut, err);
    if (r < 0)
        return r == HR_E_NOMEM ? r : 0;
    size_t n = fresh_ones(m, site, &names, list);
    for (size_t i = 0; i < n; i++)
        any |= list[i].requested;
    for (size_t i = 0; i < n && r == 0; i++) {
        if (any && !list[i].requested)
            m->beside++;
        else
            r = package(m, site, list[i].entry, err);
    }
    hr_names_fini(&names);
    return r;
}

/* --- the rest --- */

void hr_made_archive(struct hr_made *m, const char *path)
{
    struct hr_buf packed = HR_BUF_INIT(ARCHIVE_MOST), plain = HR_BUF_INIT(ARCHIVE_MOST);
    struct hr_tar t;
    struct hr_tar_entry e;
    if (hr_slurp(path, &packed, NULL) == 0 && hr_gzip_is(hr_buf_str(&packed)) &&
        hr_gunzip(hr_buf_str(&packed), path, &plain, NULL) == 0) {
        hr_tar_begin(&t, hr_buf_str(&plain), path);
        while (hr_tar_next(&t, &e, NULL) == 1) {
            const char *slash = strrchr(e.name.p, '/');
            if (e.kind == HR_TAR_FILE && hr_cuda_source(slash != NULL ? slash + 1 : e.name.p))
                (void)!source(m, e.name.p);
        }
        hr_tar_end(&t);
    }
    hr_buf_fini(&packed);
    hr_buf_fini(&plain);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void hr_made_loose_modules(struct hr_made *m)
{
    for (size_t i = 0; i < m->n; i++) {
        char name[HR_MODULE_MAX];
        bool twice = m->file[i].wheel || m->file[i].installed || !hr_module_for_sure(hr_str(m->file[i].path));
        for (size_t k = 0; k < m->n && !twice; k++)
            twice = m->file[k].installed && strcmp(name_of(m->file[k].path), name_of(m->file[i].path)) == 0;
        if (twice || !hr_module_of_library(hr_str(m->file[i].path), name) || strlen(m->file[i].path) >= sizeof m->module[0].file)
            continue;
        size_t before = m->modules;
        module(m, name, false);
        if (m->modules != before)
            snprintf(m->module[before].file, sizeof m->module[before].file, "%s", m->file[i].path);
    }
}

void hr_made_fini(struct hr_made *m)
{
    for (size_t i = 0; i < m->n; i++)
        hr_free(m->file[i].path);
    hr_free(m->source);
    m->n = 0;
    m->source = NULL;
}

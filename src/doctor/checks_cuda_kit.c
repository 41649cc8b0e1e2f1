/* One toolkit's parts, and what it needs beside it: headers, the host's compiler, its own libraries at run time. */
#include "cuda_checks.h"

#include "host_gcc.h"
#include "kit_tables.h"

#include <stdio.h>
#include <string.h>

const struct hr_toolkit *hr_cuda_builder(const struct hr_toolkits *t)
{
    return t->nvcc_of != NULL ? t->nvcc_of : hr_toolkits_newest(t);
}

static bool has_one(const struct hr_root *root, const char *folder, const char *const *names)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    bool found = false;
    for (; !found && *names != NULL; names++) {
        hr_buf_reset(&b);
        hr_buf_printf(&b, "%s/%s", folder, *names);
        found = !b.failed && hr_root_exists(root, b.data);
    }
    hr_buf_fini(&b);
    return found;
}

void hr_check_cuda_headers(struct hr_facts *facts, struct hr_finding *f)
{
    static const char *const header[] = { "include/cuda_runtime.h", "targets/x86_64-linux/include/cuda_runtime.h",
                                          "targets/sbsa-linux/include/cuda_runtime.h",
                                          "targets/aarch64-linux/include/cuda_runtime.h", NULL };
    static const char *const library[] = { "lib64/libcudart.so", "lib/libcudart.so", "targets/x86_64-linux/lib/libcudart.so",
                                           "targets/sbsa-linux/lib/libcudart.so", "targets/aarch64-linux/lib/libcudart.so",
                                           NULL };
    const struct hr_toolkit *k = hr_cuda_builder(hr_facts_toolkits(facts));
    const struct hr_root *root = hr_facts_root(facts);
    if (k == NULL || k->kind != HR_TOOLKIT_FOLDER || !k->nvcc) {
        hr_find(f, HR_NOT_HERE, "no toolkit of NVIDIA's own layout builds here");
        return;
    }
    bool headers = has_one(root, k->path, header), runtime = has_one(root, k->path, library);
    hr_seen(f, "%s/bin/nvcc: there", k->path);
    hr_seen(f, "%s/include/cuda_runtime.h: %s", k->path, headers ? "there" : "missing");
    hr_seen(f, "%s/lib64/libcudart.so: %s", k->path, runtime ? "there" : "missing");
    if (headers && runtime) {
        hr_find(f, HR_GOOD, "%s has the headers and the runtime beside its nvcc", k->path);
        return;
    }
    hr_find(f, HR_WARN, "%s has nvcc, but %s", k->path,
            headers   ? "not the library to link with (libcudart.so)"
            : runtime ? "not its headers (cuda_runtime.h)"
                      : "neither its headers nor the library to link with");
    if (k->number == 0) {
        hr_fix(f, "# install the development files of its runtime (cuda-cudart-dev-...)");
        return;
    }
    hr_fix(f, "sudo apt-get install cuda-cudart-dev-%u-%u", k->number / 100, k->number % 100);
    hr_fix(f, "# or the whole of it: cuda-toolkit-%u-%u", k->number / 100, k->number % 100);
    hr_undo(f, "sudo apt-get remove cuda-cudart-dev-%u-%u", k->number / 100, k->number % 100);
}

/* --- the host's compiler --- */

/* The newest gcc that this toolkit takes, and what says so; 0: not known. */
static unsigned newest_gcc(const struct hr_root *root, const struct hr_toolkit *k, const char **ret_source)
{
    static const char *const places[] = { "include", "targets/x86_64-linux/include", "targets/sbsa-linux/include" };
    const struct hr_kit_row *row = hr_kit_row_of(k->number);
    struct hr_buf path = HR_BUF_INIT(4096), text = HR_BUF_INIT(1 << 18);
    unsigned most = 0;
    for (size_t i = 0; i < HR_COUNT(places) && most == 0; i++) {
        hr_buf_reset(&path);
        hr_buf_reset(&text);
        hr_buf_printf(&path, "%s/%s/crt/host_config.h", k->path, places[i]);
        if (!path.failed && hr_root_read(root, path.data, &text, NULL) == 0)
            most = hr_kit_gcc_of_header(hr_buf_str(&text));
    }
    *ret_source = most != 0 ? "its crt/host_config.h" : row != NULL ? row->gcc_source : "";
    hr_buf_fini(&text);
    hr_buf_fini(&path);
    return most != 0 ? most : row != NULL ? row->gcc : 0;
}

static void fix_gcc(const struct hr_root *root, unsigned most, struct hr_finding *f)
{
    unsigned there = hr_host_gcc_at_most(root, most);
    if (there == 0)
        hr_fix(f, "sudo apt-get install g++-%u", most);
    if (there == 0)
        there = most;
    hr_fix(f, "export CC=gcc-%u CXX=g++-%u NVCC_CCBIN=g++-%u CUDAHOSTCXX=g++-%u", there, there, there, there);
    hr_undo(f, "unset CC CXX NVCC_CCBIN CUDAHOSTCXX");
}

void hr_check_cuda_gcc(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_root *root = hr_facts_root(facts);
    const struct hr_toolkit *k = hr_cuda_builder(hr_facts_toolkits(facts));
    struct hr_host_gcc gcc;
    const char *source;
    if (k == NULL || !k->nvcc) {
        hr_find(f, HR_NOT_HERE, "no CUDA toolkit is installed");
        return;
    }
    unsigned most = newest_gcc(root, k, &source);
    hr_host_gcc_read(root, &gcc);
    if (!gcc.path.known) {
        hr_find(f, HR_WARN, "nvcc needs a host compiler, and no folder of PATH has gcc");
        hr_fix(f, "sudo apt-get install build-essential");
        hr_undo(f, "sudo apt-get remove build-essential");
        return;
    }
    hr_seen(f, "host compiler: %s (%s)%s%s", gcc.path.v, gcc.from, gcc.major != 0 ? ", version from " : "",
            gcc.major != 0 ? gcc.told_by : "");
    if (most != 0)
        hr_seen(f, "CUDA %s takes gcc up to %u: %s", hr_word_text(&k->version), most, source);
    if (gcc.major == 0 || most == 0) {
        hr_find(f, HR_UNKNOWN, gcc.major == 0 ? "the version of the host compiler %s is not known: %s"
                                              : "which gcc CUDA %s takes is not known%s",
                gcc.major == 0 ? gcc.path.v : hr_word_text(&k->version), gcc.major == 0 ? gcc.why : "");
    } else if (gcc.major > most) {
        hr_find(f, HR_WARN, "gcc %u is too new for the nvcc of CUDA %s, which takes up to %u", gcc.major,
                hr_word_text(&k->version), most);
        fix_gcc(root, most, f);
    } else {
        hr_find(f, HR_GOOD, "CUDA %s takes gcc %u", hr_word_text(&k->version), gcc.major);
    }
}

/* --- libraries of another toolkit --- */

/* The toolkit whose libraries a folder of LD_LIBRARY_PATH holds. */
static const struct hr_toolkit *kit_of_folder(struct hr_facts *facts, struct hr_str dir)
{
    static const char *const ends[] = { "/lib64", "/lib" };
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    struct hr_buf at = HR_BUF_INIT(4096), link = HR_BUF_INIT(4096);
    const struct hr_toolkit *found = NULL;
    while (dir.n > 1 && dir.p[dir.n - 1] == '/')
        dir.n--;
    for (size_t i = 0; i < HR_COUNT(ends); i++)
        if (hr_str_ends(dir, ends[i]) && at.len == 0)
            hr_buf_add(&at, dir.p, dir.n - strlen(ends[i]));
    if (at.len != 0 && hr_root_readlink(hr_facts_root(facts), at.data, &link, NULL) == 0 && link.len != 0) {
        const char *slash = strrchr(at.data, '/');
        at.len = link.data[0] == '/' || slash == NULL ? 0 : (size_t)(slash + 1 - at.data);
        hr_buf_add(&at, link.data, link.len);
    }
    for (size_t i = 0; at.len != 0 && i < t->n; i++)
        if (t->kit[i].kind == HR_TOOLKIT_FOLDER && strcmp(t->kit[i].path, at.data) == 0)
            found = &t->kit[i];
    hr_buf_fini(&link);
    hr_buf_fini(&at);
    return found;
}

void hr_check_cuda_mixed(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkit *k = hr_cuda_builder(hr_facts_toolkits(facts)), *first = NULL;
    struct hr_buf path = HR_BUF_INIT(65536);
    struct hr_str rest, dir, of_first = { "", 0 };
    hr_root_env(hr_facts_root(facts), "LD_LIBRARY_PATH", &path);
    rest = hr_buf_str(&path);
    while (path.len != 0 && first == NULL && hr_str_cut(&rest, ':', &dir)) {
        first = kit_of_folder(facts, dir);
        of_first = dir;
    }
    if (k == NULL || first == NULL) {
        hr_find(f, HR_GOOD, "LD_LIBRARY_PATH has no toolkit's libraries");
        if (k == NULL)
            hr_find(f, HR_NOT_HERE, "no CUDA toolkit is installed");
    } else if (first == k || first->number == k->number || first->number == 0 || k->number == 0) {
        hr_find(f, HR_GOOD, "LD_LIBRARY_PATH and nvcc are of the same toolkit");
    } else {
        hr_seen(f, "LD_LIBRARY_PATH: %.*s is CUDA %s", HR_STR_ARG(of_first), hr_word_text(&first->version));
        hr_seen(f, "nvcc: %s is CUDA %s", k->path, hr_word_text(&k->version));
        hr_find(f, HR_WARN, "nvcc builds with CUDA %s, and LD_LIBRARY_PATH makes programs load the libraries of CUDA %s",
                hr_cuda_text(k->number).text, hr_cuda_text(first->number).text);
        hr_fix(f, "export LD_LIBRARY_PATH=%s/lib64:$LD_LIBRARY_PATH", k->path);
        hr_undo(f, "# open a new shell without the line");
    }
    hr_buf_fini(&path);
}

bool hr_cuda_stub_in_loader(const struct hr_root *root, char ret_file[HR_WORD_MAX], struct hr_finding *f)
{
    struct hr_names names = { NULL, 0 };
    struct hr_buf path = HR_BUF_INIT(4096), text = HR_BUF_INIT(1 << 16);
    bool found = false;
    if (hr_root_list(root, "etc/ld.so.conf.d", &names, NULL) < 0)
        return false;
    for (size_t i = 0; i < names.n && i < 256 && !found; i++) {
        struct hr_str rest, line;
        hr_buf_reset(&path);
        hr_buf_reset(&text);
        hr_buf_printf(&path, "/etc/ld.so.conf.d/%s", names.name[i]);
        if (!hr_str_ends(hr_buf_str(&path), ".conf") || path.failed || path.len >= HR_WORD_MAX ||
            hr_root_read(root, path.data, &text, NULL) < 0)
            continue;
        rest = hr_buf_str(&text);
        while (!found && text.len != 0 && hr_str_cut(&rest, '\n', &line)) {
            line = hr_str_trim(line);
            found = hr_str_starts(line, "/") && (hr_str_ends(line, "/stubs") || hr_str_ends(line, "/stubs/"));
            if (found) {
                snprintf(ret_file, HR_WORD_MAX, "%s", path.data);
                hr_seen(f, "%s: %.*s", path.data, HR_STR_ARG(line));
            }
        }
    }
    hr_names_fini(&names);
    hr_buf_fini(&text);
    hr_buf_fini(&path);
    return found;
}

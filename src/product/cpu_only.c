#include "cpu_only.h"

#include "dpkg.h"
#include "file.h"
#include "mem.h"
#include "toolkits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MOST = 8192, PIECE = 65536 };
#define OUTPUT_MOST (UINT64_C(256) << 20)

/* --- the output --- */

/* "Created wheel for a: filename=a-1.0-cp311-cp311-linux_x86_64.whl size=..." */
static bool wheel_of(struct hr_str line, struct hr_str *ret)
{
    static const char before[] = "Created wheel for ", mark[] = "filename=";
    const char *p = line.n == 0 ? NULL : memmem(line.p, line.n, before, sizeof before - 1);
    p = p == NULL ? NULL : memmem(p, (size_t)(line.p + line.n - p), mark, sizeof mark - 1);
    if (p == NULL)
        return false;
    p += sizeof mark - 1;
    struct hr_str rest = { p, (size_t)(line.p + line.n - p) };
    return hr_str_cut(&rest, ' ', ret) && hr_str_ends(*ret, ".whl");
}

void hr_said_line(struct hr_said *s, struct hr_str line)
{
    struct hr_str wheel;
    line = hr_str_trim(line);
    if (s->sign == NULL && (s->sign = hr_cuda_sign_of(line)) != NULL)
        snprintf(s->line, sizeof s->line, "%.*s", HR_STR_ARG(line));
    if (s->wheels < HR_SAID_WHEELS && wheel_of(line, &wheel) && wheel.n < HR_WORD_MAX) {
        snprintf(s->wheel[s->wheels], HR_WORD_MAX, "%.*s", HR_STR_ARG(wheel));
        s->wheels++;
    }
}

struct lines {
    struct hr_said *s;
    char line[LINE_MOST];
    size_t n;
};

/* A terminal's progress bar is many lines that end with a carriage return. */
static void feed(struct lines *l, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == '\r') {
            hr_said_line(l->s, (struct hr_str) { l->line, l->n });
            l->n = 0;
        } else if (l->n < LINE_MOST) {
            l->line[l->n++] = p[i];
        }
    }
}

int hr_said_read(const char *path, struct hr_said *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *piece = hr_malloc(PIECE);
    HR_CLEANUP(hr_freep) struct lines *l = hr_calloc(1, sizeof *l);
    int fd;
    memset(ret, 0, sizeof *ret);
    if (piece == NULL || l == NULL)
        return hr_fail_nomem(err, PIECE, "the output of the build");
    int r = hr_open(path, O_RDONLY, 0, &fd, err);
    if (r < 0)
        return r;
    int64_t n = 0;
    l->s = ret;
    for (uint64_t at = 0; at < OUTPUT_MOST && (n = hr_read_some(fd, piece, PIECE, path, err)) > 0; at += (uint64_t)n)
        feed(l, piece, (size_t)n);
    feed(l, "\n", 1);
    hr_close(fd);
    return n < 0 ? (int)n : 0;
}

/* --- the words --- */

static bool set_by_user(const struct hr_root *root, const char *name, char out[HR_WORD_MAX])
{
    struct hr_buf b = HR_BUF_INIT(65536);
    bool has = hr_root_env(root, name, &b) && b.len != 0;
    snprintf(out, HR_WORD_MAX, "%.150s", has ? b.data : "");
    hr_buf_fini(&b);
    return has;
}

static void words_of(const struct hr_root *root, const struct hr_toolkits *kits, char why[512], char advice[512])
{
    char named[HR_WORD_MAX];
    const struct hr_toolkit *newest = hr_toolkits_newest(kits);
    size_t at = strlen(why);
    bool own = set_by_user(root, "CUDACXX", named);
    if (own && !hr_root_exists(root, named)) {
        snprintf(why + at, 512 - at, "; CUDACXX names '%.150s', which is not there", named);
        snprintf(advice, 512, "correct CUDACXX or take it out of the environment, and build again from a clean build folder");
    } else if (newest == NULL && !own) {
        snprintf(why + at, 512 - at, "%s%.150s%s", kits->nvcc.known ? "; the nvcc on the PATH (" : "; no CUDA toolkit with an nvcc is found here",
                 kits->nvcc.known ? kits->nvcc.v : "", kits->nvcc.known ? ") belongs to no toolkit that is here" : "");
        snprintf(advice, 512, "install a CUDA toolkit (headrace cuda tells which), or name one: export CUDACXX=FOLDER/bin/nvcc CUDA_PATH=FOLDER; "
                              "then build again from a clean build folder");
    } else if (!kits->nvcc.known && !own) {
        snprintf(why + at, 512 - at, "; nvcc is in %.150s and not on the PATH%s", newest->path,
                 kits->home.known ? ", and CUDA_HOME alone does not tell CMake" : "");
        snprintf(advice, 512, "export CUDACXX=%.150s/bin/nvcc CUDA_PATH=%.150s, and build again from a clean build folder", newest->path,
                 newest->path);
    } else {
        snprintf(why + at, 512 - at, "; nvcc is here (%.150s) and was not used", own ? named : hr_word_text(&kits->nvcc));
        snprintf(advice, 512, "switch its CUDA option on (-DGGML_CUDA=ON, FORCE_CUDA=1 and the like; its README names it), and build again "
                              "from a clean build folder");
    }
}

void hr_cpu_only_words(const struct hr_root *root, char why[512], char advice[512])
{
    HR_CLEANUP(hr_freep) struct hr_python *python = hr_calloc(1, sizeof *python);
    HR_CLEANUP(hr_freep) struct hr_dpkg *dpkg = hr_calloc(1, sizeof *dpkg);
    HR_CLEANUP(hr_freep) struct hr_toolkits *kits = hr_calloc(1, sizeof *kits);
    snprintf(advice, 512, "build again where nvcc is found");
    if (python == NULL || dpkg == NULL || kits == NULL)
        return;
    hr_python_read(root, python);
    hr_dpkg_read(root, dpkg);
    hr_toolkits_read(root, python, dpkg, kits);
    words_of(root, kits, why, advice);
    hr_toolkits_fini(kits);
    hr_python_fini(python);
}

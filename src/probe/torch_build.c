/* For which GPUs a PyTorch was built.  The library itself tells it: its GPU code is a row of blocks, one per source file, each with
 * the same list of architectures but for those that need newer cards.  The first few hundred are read; a wheel that is in
 * the table of arch.h has at least what stands there. */
#include "python_envs.h"

#include "fatbin.h"
#include "file.h"
#include "parse.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BLOCKS = 256, PIECE = 4096 };

static struct hr_str unquoted(struct hr_str s)
{
    s = hr_str_trim(s);
    if (s.n >= 2 && (s.p[0] == '\'' || s.p[0] == '"') && s.p[s.n - 1] == s.p[0])
        s = (struct hr_str) { s.p + 1, s.n - 2 };
    return s;
}

bool hr_assigned(struct hr_str text, const char *name, struct hr_str *ret_value)
{
    struct hr_str rest = text, line, key, type;
    while (text.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        struct hr_str value = line;
        if (!hr_str_cut(&value, '=', &key) || value.p == NULL)
            continue;
        type = key;
        hr_str_cut(&type, ':', &key);
        if (hr_str_is(hr_str_trim(key), name)) {
            *ret_value = unquoted(value);
            return true;
        }
    }
    return false;
}

void hr_torch_parse(struct hr_str text, struct hr_torch *t)
{
    struct hr_str v;
    if (hr_assigned(text, "__version__", &v)) {
        t->version = hr_word_of(v);
        t->number = hr_cuda_of(v);
    }
    if (!hr_assigned(text, "cuda", &v)) {
        t->cuda = hr_word_unknown("torch/version.py does not tell it");
        t->cpu_only = hr_truth_unknown("torch/version.py does not tell it");
    } else if (hr_str_is(v, "None")) {
        t->cuda = hr_word_unknown("this PyTorch was built without CUDA");
        t->cpu_only = hr_truth_of(true);
    } else {
        t->cuda = hr_word_of(v);
        t->cuda_number = hr_cuda_of(v);
        t->cpu_only = hr_truth_of(false);
    }
    t->rocm = hr_truth_of(hr_assigned(text, "hip", &v) && !hr_str_is(v, "None"));
    if (t->rocm.v)
        t->cpu_only = hr_truth_of(false);
}

/* --- the library --- */

/* Reads in pieces of a page, since headers of the code lie far apart and their parts close together. */
struct window {
    int fd;
    const char *path;
    uint64_t at, size;
    size_t n;
    char piece[PIECE];
};

static int window_read(void *ctx, uint64_t at, void *p, size_t n, struct hr_error *err)
{
    struct window *w = ctx;
    if (at < w->at || at + n > w->at + w->n) {
        w->at = at;
        w->n = (size_t)HR_MIN(w->size - at, (uint64_t)PIECE);
        int r = hr_pread_all(w->fd, w->piece, w->n, at, w->path, err);
        if (r < 0) {
            w->n = 0;
            return r;
        }
    }
    memcpy(p, w->piece + (at - w->at), n);
    return 0;
}

static int ask(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    struct window w = { .fd = -1, .path = ctx };
    struct hr_fatbin f;
    char list[HR_WORD_MAX];
    int r = hr_open(ctx, O_RDONLY, 0, &w.fd, err);
    HR_FD fd = w.fd;
    (void)fd;
    if (r == 0)
        r = hr_file_size(w.fd, w.path, &w.size, err);
    if (r == 0)
        r = hr_fatbin_read(&(struct hr_bytes_at) { window_read, &w, w.size }, BLOCKS, &f, err);
    if (r < 0)
        return r;
    hr_buf_printf(text, "blocks %" PRIu64 " %s\n", f.blocks, f.all ? "all" : "first");
    for (size_t i = 0; i < f.images.n; i++) {
        struct hr_images one = { .image = { f.images.image[i] }, .n = 1 };
        one.image[0].ptx = false;
        hr_images_text(&one, list);
        hr_buf_printf(text, "%s %s\n", f.images.image[i].ptx ? "ptx" : "sass", list);
    }
    return text->failed ? hr_fail_nomem(err, 64, "the list of architectures") : 0;
}

/* "blocks 64 first", then lines "sass 8.0", "ptx 12.0". */
static void read_answer(struct hr_str text, struct hr_torch *t)
{
    struct hr_str rest = text, line, word;
    uint64_t blocks = 0;
    while (text.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        struct hr_str value = line;
        struct hr_images one;
        if (!hr_str_cut(&value, ' ', &word) || value.p == NULL)
            continue;
        if (hr_str_is(word, "blocks")) {
            struct hr_str n;
            t->images_whole = hr_str_cut(&value, ' ', &n) && hr_str_is(value, "all");
            if (hr_parse_u64(n, &blocks, NULL) < 0)
                blocks = 0;
        } else if (hr_images_parse(value, &one) && one.n == 1) {
            one.image[0].ptx = hr_str_is(word, "ptx");
            hr_images_add(&t->images, one.image[0]);
        }
    }
    t->images_whole &= t->images.n != 0;
    if (t->images.n != 0)
        snprintf(t->images_from, sizeof t->images_from, "%s%" PRIu64 " block%s of GPU code in libtorch_cuda.so",
                 t->images_whole ? "all " : "the first ", blocks, blocks == 1 ? "" : "s");
}

/* The answer is named after the version and not after the path, which a snapshot may change: one build, one list. */
static void answer_name(const struct hr_torch *t, char out[HR_WORD_MAX])
{
    snprintf(out, HR_WORD_MAX, "fatbin-%s", t->version.known ? t->version.v : "unknown");
    out[96] = 0;
    for (char *c = out; *c != 0; c++)
        if (!isalnum((unsigned char)*c) && strchr("-+._", *c) == NULL)
            *c = '_';
}

static const struct hr_wheel *row_of(const struct hr_torch *t)
{
    struct hr_str version = hr_str(t->version.v), plain;
    uint64_t cuda = 0;
    hr_str_cut(&version, '+', &plain);
    if (version.p == NULL || !hr_str_starts(version, "cu") ||
        hr_parse_u64((struct hr_str) { version.p + 2, version.n - 2 }, &cuda, NULL) < 0)
        cuda = t->cuda_number / 100 * 10 + t->cuda_number % 100;
    return hr_wheel_of(t->number, (unsigned)HR_MIN(cuda, (uint64_t)9999));
}

/* The table is about wheels for x86-64; those for arm64 have other lists. */
static bool other_machine(const struct hr_root *root)
{
    struct hr_buf name = HR_BUF_INIT(256);
    bool other = hr_root_machine(root, &name, NULL) == 0 && !hr_str_is(hr_buf_str(&name), "x86_64");
    hr_buf_fini(&name);
    return other;
}

/* What stands in the table; beside a library of which only a part was read, what is missing there. */
static void from_table(const struct hr_root *root, struct hr_torch *t)
{
    const struct hr_wheel *w = t->images_whole || other_machine(root) ? NULL : row_of(t);
    struct hr_images images;
    size_t at = strlen(t->images_from);
    if (w == NULL)
        return;
    hr_wheel_images(w, &images);
    for (size_t i = 0; i < images.n; i++)
        hr_images_add(&t->images, images.image[i]);
    t->images_whole = true;
    snprintf(t->images_from + at, sizeof t->images_from - at, "%sthe list of PyTorch's wheels (%s)",
             at != 0 ? ", and " : "", w->source);
}

void hr_torch_images(const struct hr_root *root, const char *site, struct hr_torch *t)
{
    struct hr_buf path = HR_BUF_INIT(4096), text = HR_BUF_INIT(65536);
    char name[HR_WORD_MAX];
    t->images.n = 0;
    t->images_whole = false;
    t->images_from[0] = t->images_why[0] = 0;
    hr_buf_printf(&path, "%s/torch/lib/libtorch_cuda.so", site);
    answer_name(t, name);
    if (!path.failed && hr_root_answer(root, name, ask, path.data, &text, NULL) == 0)
        read_answer(hr_buf_str(&text), t);
    from_table(root, t);
    if (t->images.n == 0)
        snprintf(t->images_why, sizeof t->images_why, "neither its library nor the list of wheels tells it");
    hr_buf_fini(&text);
    hr_buf_fini(&path);
}

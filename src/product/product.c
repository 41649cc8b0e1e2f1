#include "product.h"

#include "file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 4096, BLOCKS_MOST = 16384, ALIGN = 16 };

void hr_targets_of_list(const char *list, struct hr_targets *ret)
{
    struct hr_str rest = hr_str(list), word;
    struct hr_images one;
    while (list[0] != 0 && hr_str_cut(&rest, ';', &word)) {
        struct hr_str blanks = word;
        while (hr_str_cut(&blanks, ' ', &word)) {
            if (word.n == 0 || !hr_images_parse(word, &one) || one.n == 0)
                continue;
            bool have = false;
            for (size_t i = 0; i < ret->n; i++)
                have |= ret->cc[i] == one.image[0].cc;
            if (!have && ret->n < HR_TARGETS_MAX)
                ret->cc[ret->n++] = one.image[0].cc;
        }
    }
}

/* Headers of the code lie far apart, and their parts close together. */
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
    if (n > PIECE)
        return hr_pread_all(w->fd, p, n, at, w->path, err);
    if (at < w->at || at + n > w->at + w->n) {
        w->at = at;
        w->n = (size_t)HR_MIN(w->size - at, (uint64_t)PIECE);
        int r = w->n < n ? hr_fail(err, HR_E_FORMAT, "'%s' ends too early", w->path) :
                           hr_pread_all(w->fd, w->piece, w->n, at, w->path, err);
        if (r < 0) {
            w->n = 0;
            return r;
        }
    }
    memcpy(p, w->piece + (at - w->at), n);
    return 0;
}

static int window_open(const char *path, struct window *w, struct hr_error *err)
{
    w->path = path;
    w->at = w->n = 0;
    int r = hr_open(path, O_RDONLY, 0, &w->fd, err);
    if (r == 0 && (r = hr_file_size(w->fd, path, &w->size, err)) < 0)
        hr_close(w->fd);
    return r;
}

/* --- the verdict --- */

struct counting {
    struct hr_product *p;
    const struct hr_targets *t;
};

/* Code that is linked once more has its result in a block of its own. */
static void count(void *ctx, const struct hr_fatbin_block *b)
{
    struct counting *c = ctx;
    for (size_t i = 0; i < c->t->n && b->images.n != 0 && !b->links; i++) {
        struct hr_verdict_arch v = hr_arch_runs(&b->images, c->t->cc[i], c->t->toolkit, c->t->driver);
        c->p->without[i] += v.runs == HR_RUNS_NOT || v.runs == HR_RUNS_NEWER;
    }
}

bool hr_product_read(const char *path, const struct hr_targets *t, struct hr_product *ret)
{
    struct window w;
    struct hr_error why = HR_ERROR_INIT;
    memset(ret, 0, sizeof *ret);
    ret->fatbin.all = true;
    snprintf(ret->path, sizeof ret->path, "%s", path);
    int r = window_open(path, &w, &why);
    if (r < 0) {
        snprintf(ret->elf.why, sizeof ret->elf.why, "%.95s", why.text);
        return false;
    }
    struct hr_bytes_at from = { window_read, &w, w.size };
    struct counting c = { ret, t };
    ret->size = w.size;
    r = hr_elf_read(&from, &ret->elf, &why);
    if (r < 0)
        snprintf(ret->elf.why, sizeof ret->elf.why, "%.95s", why.text);
    else if (ret->elf.state == HR_ELF_WHOLE && hr_fatbin_each(&from, BLOCKS_MOST, count, &c, &ret->fatbin, &why) < 0)
        snprintf(ret->unreadable, sizeof ret->unreadable, "%.127s", why.text);
    for (size_t i = 0; i < t->n; i++)
        ret->on[i] = hr_arch_runs(&ret->fatbin.images, t->cc[i], t->toolkit, t->driver);
    hr_close(w.fd);
    return r == 0;
}

bool hr_product_gpu(const struct hr_product *p)
{
    return p->fatbin.images.n != 0;
}

enum hr_runs hr_product_runs(const struct hr_product *p, const struct hr_targets *t)
{
    /* from good to bad */
    static const unsigned rank[] = { [HR_RUNS_NATIVE] = 0, [HR_RUNS_JIT] = 1, [HR_RUNS_NEWER] = 2, [HR_RUNS_NOT] = 3 };
    enum hr_runs worst = HR_RUNS_NATIVE;
    for (size_t i = 0; i < t->n; i++)
        if (rank[p->on[i].runs] > rank[worst])
            worst = p->on[i].runs;
    return worst;
}

/* --- blocks to load --- */

struct picking {
    struct hr_fatbin_block block[HR_LAUNCH_IMAGES];
    size_t n, most;
};

static void pick(void *ctx, const struct hr_fatbin_block *b)
{
    struct picking *p = ctx;
    if (p->n < HR_LAUNCH_IMAGES && b->size <= p->most && b->images.n != 0 && !b->links)
        p->block[p->n++] = *b;
}

int hr_product_images(const char *path, size_t most, struct hr_buf *bytes, struct hr_launch_images *ret, struct hr_error *err)
{
    struct window w;
    struct picking p = { .n = 0, .most = most };
    struct hr_fatbin f;
    size_t at[HR_LAUNCH_IMAGES];
    int r = window_open(path, &w, err);
    if (r < 0)
        return r;
    struct hr_bytes_at from = { window_read, &w, w.size };
    r = hr_fatbin_each(&from, BLOCKS_MOST, pick, &p, &f, err);
    size_t n = 0;
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        hr_buf_pad(bytes, (ALIGN - bytes->len % ALIGN) % ALIGN, 0);
        char *to = hr_buf_reserve(bytes, (size_t)p.block[i].size);
        if (to == NULL)
            break; /* the ceiling: a few are enough */
        r = hr_pread_all(w.fd, to, (size_t)p.block[i].size, p.block[i].at, path, err);
        at[n] = bytes->len;
        if (r == 0)
            hr_buf_commit(bytes, (size_t)p.block[n++].size);
    }
    hr_close(w.fd);
    if (r < 0)
        return r;
    ret->n = n;
    for (size_t i = 0; i < n; i++)
        ret->image[i] = (struct hr_str) { bytes->data + at[i], (size_t)p.block[i].size };
    return 0;
}

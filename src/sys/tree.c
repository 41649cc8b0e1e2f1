#include "tree.h"

#include "arena.h"
#include "gzip.h"
#include "mem.h"
#include "tar.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { HOPS_MAX = 40, NAMES_MAX = 64 << 20, PART_MAX = 255 };

struct hr_tree {
    struct hr_buf bytes; /* the archive, when it is ours */
    struct hr_arena arena;
    struct hr_tree_node *root;
    struct hr_tree_node **slot; /* by folder and name; open addressing, never more than half full */
    size_t slots, n;
};

static size_t hash(const struct hr_tree_node *up, struct hr_str name)
{
    uint64_t h = 1469598103934665603u ^ (uint64_t)(uintptr_t)up; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static struct hr_tree_node **slot_of(const struct hr_tree *t, const struct hr_tree_node *up, struct hr_str name)
{
    size_t i = hash(up, name) & (t->slots - 1);
    while (t->slot[i] != NULL && (t->slot[i]->up != up || !hr_str_eq(t->slot[i]->name, name)))
        i = (i + 1) & (t->slots - 1);
    return &t->slot[i];
}

/* --- looking --- */

/* The path left to walk, in `text` from `at` on. */
struct walk {
    char text[2 * PATH_MAX];
    size_t at, n;
    unsigned hops;
};

/* Puts a link's target before what is left. */
static int turn(struct walk *w, struct hr_str target)
{
    size_t left = w->n - w->at;
    if (++w->hops > HOPS_MAX)
        return ELOOP;
    if (target.n == 0)
        return ENOENT;
    if (target.n + 1 + left >= sizeof w->text)
        return ENAMETOOLONG;
    memmove(w->text + target.n + 1, w->text + w->at, left);
    memcpy(w->text, target.p, target.n);
    w->text[target.n] = '/';
    w->at = 0;
    w->n = target.n + 1 + left;
    return 0;
}

static struct hr_str next_part(struct walk *w)
{
    while (w->at < w->n && w->text[w->at] == '/')
        w->at++;
    size_t from = w->at;
    while (w->at < w->n && w->text[w->at] != '/')
        w->at++;
    return (struct hr_str) { w->text + from, w->at - from };
}

static bool more_parts(const struct walk *w)
{
    for (size_t i = w->at; i < w->n; i++)
        if (w->text[i] != '/')
            return true;
    return false;
}

int hr_tree_find(const struct hr_tree *t, const char *path, bool follow, const struct hr_tree_node **ret)
{
    struct walk w = { .n = strlen(path) };
    const struct hr_tree_node *at = t->root;
    if (w.n >= PATH_MAX)
        return ENAMETOOLONG;
    memcpy(w.text, path, w.n);
    for (;;) {
        struct hr_str part = next_part(&w);
        if (part.n == 0)
            break;
        if (!at->folder)
            return ENOTDIR;
        if (hr_str_is(part, "."))
            continue;
        if (hr_str_is(part, "..")) {
            at = at->up != NULL ? at->up : at;
            continue;
        }
        const struct hr_tree_node *found = *slot_of(t, at, part);
        if (found == NULL)
            return ENOENT;
        if (!found->link || (!follow && !more_parts(&w))) {
            at = found;
            continue;
        }
        int r = turn(&w, found->target);
        if (r != 0)
            return r;
        at = found->target.p[0] == '/' ? t->root : at;
    }
    *ret = at;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int hr_tree_list(const struct hr_tree_node *folder, struct hr_names *ret, struct hr_error *err)
{
    struct hr_names names = { hr_calloc(folder->children + 1, sizeof(char *)), 0 };
    if (names.name == NULL)
        return hr_fail_nomem(err, folder->children * sizeof(char *), "the names in a folder");
    for (const struct hr_tree_node *c = folder->child; c != NULL; c = c->next) {
        names.name[names.n] = hr_malloc(c->name.n + 1);
        if (names.name[names.n] == NULL) {
            hr_names_fini(&names);
            return hr_fail_nomem(err, c->name.n + 1, "the names in a folder");
        }
        memcpy(names.name[names.n], c->name.p, c->name.n);
        names.name[names.n++][c->name.n] = 0;
    }
    qsort(names.name, names.n, sizeof(char *), by_name);
    *ret = names;
    return 0;
}

/* --- building --- */

static int no_memory(struct hr_error *err)
{
    return hr_fail_nomem(err, NAMES_MAX, "the names in an archive");
}

/* Twice as many slots; the nodes stay. */
static int grow(struct hr_tree *t, struct hr_error *err)
{
    size_t before = t->slots;
    struct hr_tree_node **old = t->slot;
    t->slots = HR_MAX(2 * before, (size_t)1024);
    t->slot = hr_calloc(t->slots, sizeof(struct hr_tree_node *));
    if (t->slot == NULL) {
        t->slot = old;
        t->slots = before;
        return hr_fail_nomem(err, 2 * before * sizeof(struct hr_tree_node *), "the names in an archive");
    }
    for (size_t i = 0; i < before; i++)
        if (old[i] != NULL)
            *slot_of(t, old[i]->up, old[i]->name) = old[i];
    hr_free(old);
    return 0;
}

/* A new node below `up`, which must not have the name yet. */
static int add(struct hr_tree *t, struct hr_tree_node *up, struct hr_str name, const char *path, struct hr_tree_node **ret,
               struct hr_error *err)
{
    if (t->n >= HR_TREE_ENTRIES_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' holds more than %d files and folders", path, HR_TREE_ENTRIES_MAX);
    if (name.n > PART_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' holds a name of %zu bytes; %d are the most", path, name.n, PART_MAX);
    if (2 * (t->n + 1) > t->slots) {
        int r = grow(t, err);
        if (r < 0)
            return r;
    }
    struct hr_tree_node *node = HR_ARENA_NEW(&t->arena, struct hr_tree_node);
    const char *text = node == NULL ? NULL : hr_arena_str(&t->arena, name.p, name.n);
    if (text == NULL)
        return no_memory(err);
    *node = (struct hr_tree_node) { .up = up, .name = { text, name.n }, .folder = true, .mode = 0755 };
    if (up != NULL) {
        node->next = up->child;
        up->child = node;
        up->children++;
        *slot_of(t, up, node->name) = node;
    }
    t->n++;
    *ret = node;
    return 0;
}

/* The node of that name, made with its folders when it is not there yet. */
static int node_of(struct hr_tree *t, struct hr_str name, const char *path, struct hr_tree_node **ret, struct hr_error *err)
{
    struct hr_tree_node *at = t->root;
    struct hr_str rest = name, part;
    for (unsigned depth = 0; hr_str_cut(&rest, '/', &part); depth++) {
        struct hr_tree_node *found = *slot_of(t, at, part);
        if (depth >= HR_TREE_DEPTH_MAX)
            return hr_fail(err, HR_E_LIMIT, "'%s' holds folders nested deeper than %d", path, HR_TREE_DEPTH_MAX);
        if (found == NULL) {
            int r = add(t, at, part, path, &found, err);
            if (r < 0)
                return r;
        } else if (rest.p != NULL && !found->folder) {
            return hr_fail(err, HR_E_FORMAT, "'%s': '%.200s' is something else than the folder it has been", path, name.p);
        }
        at = found;
    }
    *ret = at;
    return 0;
}

/* A name that comes twice is the later one, as when an archive is unpacked; a folder stays one when it holds something. */
static int put(struct hr_tree *t, const struct hr_tar_entry *e, const char *path, struct hr_error *err)
{
    struct hr_tree_node *node = NULL;
    const struct hr_tree_node *same = NULL;
    int r = node_of(t, e->name, path, &node, err);
    if (r < 0)
        return r;
    bool folder = e->kind == HR_TAR_DIR;
    if (!folder && node->child != NULL)
        return hr_fail(err, HR_E_FORMAT, "'%s': '%.200s' is something else than the folder it has been", path, e->name.p);
    if (e->kind == HR_TAR_HARD && (hr_tree_find(t, e->target.p, false, &same) != 0 || same->folder || same->link))
        return hr_fail(err, HR_E_FORMAT, "'%s': '%.200s' is a link to a file that it does not hold", path, e->name.p);
    node->folder = folder;
    node->link = e->kind == HR_TAR_LINK;
    node->data = e->kind == HR_TAR_HARD ? same->data : folder ? (struct hr_str) { "", 0 } : e->data;
    node->mode = e->mode;
    node->uid = e->uid;
    node->gid = e->gid;
    node->changed = e->changed;
    if (!node->link)
        return 0;
    const char *target = hr_arena_str(&t->arena, e->target.p, e->target.n);
    node->target = (struct hr_str) { target, e->target.n };
    return target == NULL ? no_memory(err) : 0;
}

/* "tar -cf x.tar root" stands in one folder more. */
static void strip(struct hr_tree *t)
{
    static const char *const top[] = { "proc", "sys", "etc", "headrace" };
    struct hr_tree_node *one = t->root->child;
    if (one == NULL || one->next != NULL || !one->folder)
        return;
    bool own = false, inner = false;
    for (size_t i = 0; i < HR_COUNT(top); i++) {
        own |= hr_str_is(one->name, top[i]);
        inner |= *slot_of(t, one, hr_str(top[i])) != NULL;
    }
    if (!inner || own)
        return;
    t->root = one;
    one->up = NULL;
}

static int read_all(struct hr_tree *t, struct hr_str bytes, const char *path, struct hr_error *err)
{
    struct hr_tar tar;
    struct hr_tar_entry e;
    int r = add(t, NULL, HR_STR(""), path, &t->root, err);
    hr_tar_begin(&tar, bytes, path);
    while (r >= 0 && (r = hr_tar_next(&tar, &e, err)) == 1)
        if (e.name.n != 0)
            r = put(t, &e, path, err);
    hr_tar_end(&tar);
    if (r == 0)
        strip(t);
    return r;
}

static int create(struct hr_tree **ret, struct hr_error *err)
{
    struct hr_tree *t = hr_calloc(1, sizeof *t);
    if (t == NULL)
        return hr_fail_nomem(err, sizeof *t, "an archive");
    t->bytes = HR_BUF_INIT(HR_TREE_BYTES_MAX);
    t->arena = HR_ARENA_INIT(NAMES_MAX);
    *ret = t;
    return 0;
}

int hr_tree_of(struct hr_str tar, const char *path, struct hr_tree **ret, struct hr_error *err)
{
    struct hr_tree *t = NULL;
    int r = create(&t, err);
    if (r < 0)
        return r;
    r = read_all(t, tar, path, err);
    if (r < 0)
        hr_tree_close(t);
    else
        *ret = t;
    return r;
}

/* The bytes of the archive, unpacked. */
static int load(struct hr_tree *t, const char *path, struct hr_error *err)
{
    struct hr_buf packed = HR_BUF_INIT(HR_TREE_PACKED_MAX);
    int r = hr_slurp(path, &packed, err);
    if (r == 0 && hr_gzip_is(hr_buf_str(&packed)))
        r = hr_gunzip(hr_buf_str(&packed), path, &t->bytes, err);
    else if (r == 0)
        t->bytes = packed, packed = HR_BUF_INIT(0);
    hr_buf_fini(&packed);
    if (r == 0 && !hr_tar_is(hr_buf_str(&t->bytes)))
        r = hr_fail(err, HR_E_FORMAT, "'%s' is neither a folder nor a tar archive (plain or gzip)", path);
    return r;
}

int hr_tree_open(const char *path, struct hr_tree **ret, struct hr_error *err)
{
    struct hr_tree *t = NULL;
    int r = create(&t, err);
    if (r < 0)
        return r;
    r = load(t, path, err);
    if (r == 0)
        r = read_all(t, hr_buf_str(&t->bytes), path, err);
    if (r < 0)
        hr_tree_close(t);
    else
        *ret = t;
    return r;
}

void hr_tree_close(struct hr_tree *t)
{
    if (t == NULL)
        return;
    hr_free(t->slot);
    hr_arena_fini(&t->arena);
    hr_buf_fini(&t->bytes);
    hr_free(t);
}

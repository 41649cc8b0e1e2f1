/* Tar archives as a root opens them: what is read lies inside the input, what is written again reads back the same, and every name
 * in the tree is found. */
#include "mem.h"
#include "tar.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The header checksums of the input are made right, or the fuzzer would hardly pass the first. */
static void repair(char *p, size_t n)
{
    for (size_t at = 0; at + HR_TAR_BLOCK <= n; at += HR_TAR_BLOCK) {
        char *h = p + at;
        unsigned sum = 0;
        if (memcmp(h + 257, "ustar", 5) != 0)
            continue;
        memset(h + 148, ' ', 8);
        for (int i = 0; i < HR_TAR_BLOCK; i++)
            sum += (unsigned char)h[i];
        for (int i = 5; i >= 0; i--, sum >>= 3)
            h[148 + i] = (char)('0' + (sum & 7));
        h[154] = 0;
    }
}

static void walk(const struct hr_tree *t, const struct hr_tree_node *folder, unsigned depth)
{
    struct hr_names names;
    if (depth > HR_TREE_DEPTH_MAX)
        abort();
    if (hr_tree_list(folder, &names, NULL) < 0)
        return;
    if (names.n != folder->children)
        abort();
    hr_names_fini(&names);
    for (const struct hr_tree_node *c = folder->child; c != NULL; c = c->next)
        if (c->folder)
            walk(t, c, depth + 1);
}

static void again(struct hr_str in)
{
    struct hr_tar t, u;
    struct hr_tar_entry e, f;
    struct hr_buf out = HR_BUF_INIT(8 << 20);
    hr_tar_begin(&t, in, "fuzz");
    while (hr_tar_next(&t, &e, NULL) == 1) {
        if (e.data.n != 0 && (e.data.p < in.p || e.data.p + e.data.n > in.p + in.n))
            abort();
        if (e.kind == HR_TAR_HARD || e.name.n == 0 || e.name.n >= HR_TAR_NAME_MAX)
            continue;
        hr_buf_reset(&out);
        hr_tar_add(&out, &e);
        hr_tar_finish(&out);
        if (out.failed)
            continue;
        hr_tar_begin(&u, hr_buf_str(&out), "again");
        if (hr_tar_next(&u, &f, NULL) != 1 || f.kind != e.kind || !hr_str_eq(f.name, e.name) ||
            (e.kind == HR_TAR_FILE && !hr_str_eq(f.data, e.data)) ||
            (e.kind == HR_TAR_LINK && !hr_str_eq(f.target, e.target)))
            abort();
        hr_tar_end(&u);
    }
    hr_tar_end(&t);
    hr_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = hr_memdup(data, size);
    if (copy == NULL)
        return 0;
    repair(copy, size);
    struct hr_str in = { copy, size };
    struct hr_tree *t = NULL;
    const struct hr_tree_node *top;
    again(in);
    if (hr_tree_of(in, "fuzz", &t, NULL) == 0 && hr_tree_find(t, "", true, &top) == 0)
        walk(t, top, 0);
    hr_tree_close(t);
    hr_free(copy);
    return 0;
}

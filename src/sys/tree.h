/* A folder in memory, made of a tar archive: what a root handle reads when it is given a bundle instead of a folder.  Nothing is
 * unpacked to a disk.  Built once, then immutable: any number of threads may look.
 *
 * Links are followed as a kernel would inside a root of its own (chroot): an absolute target begins at the tree's root, ".." stops
 * there, and after 40 links it is a loop. */
#ifndef HR_TREE_H
#define HR_TREE_H

#include "buf.h"
#include "err.h"
#include "file.h"
#include "str.h"

enum {
    HR_TREE_ENTRIES_MAX = 1 << 16,
    HR_TREE_BYTES_MAX = 128 << 20, /* unpacked */
    HR_TREE_PACKED_MAX = 64 << 20,
    HR_TREE_DEPTH_MAX = 64
};

struct hr_tree;
struct hr_tree_node {
    struct hr_tree_node *up, *child, *next; /* child: the first; next: of the same folder, in no order */
    struct hr_str name;
    bool folder, link;
    struct hr_str data;   /* of a file */
    struct hr_str target; /* of a link, terminated */
    uint32_t mode, uid, gid;
    uint64_t changed; /* seconds since 1970 */
    size_t children;
};

/* Reads the archive at `path` (ustar, pax or GNU tar, plain or gzip).  When all of it stands in one folder that itself holds
 * proc, sys, etc or headrace, that folder is the root. */
int hr_tree_open(const char *path, struct hr_tree **ret, struct hr_error *err) HR_MUST_USE;
/* The same of bytes in memory, which must outlive the tree. */
int hr_tree_of(struct hr_str tar, const char *path, struct hr_tree **ret, struct hr_error *err) HR_MUST_USE;
void hr_tree_close(struct hr_tree *tree); /* accepts NULL */
/* 0, or the errno that a kernel would give. */
int hr_tree_find(const struct hr_tree *tree, const char *path, bool follow, const struct hr_tree_node **ret) HR_MUST_USE;
/* The names in a folder, sorted bytewise. */
int hr_tree_list(const struct hr_tree_node *folder, struct hr_names *ret, struct hr_error *err) HR_MUST_USE;

#endif

/* A captured root made by a test: files from texts. */
#ifndef HR_ROOT_MAKE_H
#define HR_ROOT_MAKE_H

#include "file.h"
#include "root.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root_dir[] = "/tmp/headrace-probe-XXXXXX";

static void put_bytes(const char *path, const void *text, size_t n)
{
    char full[512], *slash;
    snprintf(full, sizeof full, "%s/%s", root_dir, path);
    slash = strrchr(full, '/');
    *slash = 0;
    assert_int_equal(hr_mkdir(full, true, NULL), 0);
    *slash = '/';
    FILE *f = fopen(full, "wb"); /* without the fsync of hr_replace: a test makes thousands of these */
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

/* Begins an empty root. */
static void fresh(void)
{
    assert_int_equal(hr_remove_tree(root_dir, NULL), 0);
    assert_int_equal(hr_mkdir(root_dir, true, NULL), 0);
}

static struct hr_root *opened(void)
{
    struct hr_root *root = NULL;
    assert_int_equal(hr_root_open(root_dir, &root, NULL), 0);
    return root;
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(root_dir) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    return hr_remove_tree(root_dir, NULL);
}

#endif

#include "host_gcc.h"

#include "clock.h"
#include "parse.h"
#include "python_envs.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

enum { HOPS = 8, WAIT_MS = 1500, NEWEST = 30, OLDEST = 5 };

unsigned hr_gcc_of_name(struct hr_str name)
{
    size_t digits = 0;
    uint64_t major = 0;
    while (digits < name.n && name.p[name.n - 1 - digits] >= '0' && name.p[name.n - 1 - digits] <= '9')
        digits++;
    struct hr_str head = { name.p, name.n - digits }, number = { name.p + name.n - digits, digits };
    if (digits == 0 || (!hr_str_ends(head, "gcc-") && !hr_str_ends(head, "g++-")) ||
        hr_parse_u64(number, &major, NULL) < 0 || major < 3 || major > 99)
        return 0;
    return (unsigned)major;
}

static unsigned of_path(struct hr_str path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return hr_gcc_of_name((struct hr_str) { path.p + i, path.n - i });
    return hr_gcc_of_name(path);
}

/* Along the links: /usr/bin/gcc -> gcc-13 -> x86_64-linux-gnu-gcc-13. */
static unsigned by_links(const struct hr_root *root, const char *path)
{
    struct hr_buf at = HR_BUF_INIT(4096), to = HR_BUF_INIT(4096);
    hr_buf_adds(&at, path);
    unsigned major = of_path(hr_buf_str(&at));
    for (unsigned i = 0; i < HOPS && major == 0; i++) {
        hr_buf_reset(&to);
        if (at.failed || hr_root_readlink(root, at.data, &to, NULL) < 0 || to.len == 0)
            break;
        const char *slash = strrchr(at.data, '/');
        if (to.data[0] == '/' || slash == NULL)
            at.len = 0;
        else
            at.len = (size_t)(slash + 1 - at.data);
        hr_buf_add(&at, to.data, to.len);
        major = of_path(hr_buf_str(&at));
    }
    hr_buf_fini(&to);
    hr_buf_fini(&at);
    return major;
}

static unsigned by_asking(const struct hr_root *root, const char *path, char why[HR_WHY_MAX])
{
    const char *const argv[] = { path, "-dumpversion", NULL };
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_ran ran;
    uint64_t major = 0;
    snprintf(why, HR_WHY_MAX, "neither its name nor itself tells its version");
    if (hr_root_run(root, argv, NULL, hr_now() + (uint64_t)WAIT_MS * 1000000u, &out, &ran, NULL) == 0 &&
        ran.end == HR_END_EXIT && ran.number == 0) {
        struct hr_str rest = hr_str_trim(hr_buf_str(&out)), first;
        if (hr_str_cut(&rest, '.', &first) && hr_parse_u64(first, &major, NULL) == 0 && (major < 3 || major > 99))
            major = 0;
    }
    hr_buf_fini(&out);
    return (unsigned)major;
}

static struct hr_word on_path(const struct hr_root *root)
{
    struct hr_buf path = HR_BUF_INIT(65536), at = HR_BUF_INIT(4096);
    struct hr_word w = hr_word_unknown("no folder of PATH has gcc");
    struct hr_str rest, dir;
    hr_root_env(root, "PATH", &path);
    rest = hr_buf_str(&path);
    while (path.len != 0 && !w.known && hr_str_cut(&rest, ':', &dir)) {
        hr_buf_reset(&at);
        hr_buf_printf(&at, "%.*s/gcc", HR_STR_ARG(dir));
        if (hr_path_worth(dir) && !at.failed && hr_root_exists(root, at.data))
            w = hr_word_clean(hr_buf_str(&at));
    }
    hr_buf_fini(&at);
    hr_buf_fini(&path);
    return w;
}

void hr_host_gcc_read(const struct hr_root *root, struct hr_host_gcc *ret)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    memset(ret, 0, sizeof *ret);
    ret->from = "PATH";
    ret->told_by = "";
    if (hr_root_env(root, "NVCC_CCBIN", &b) && b.len != 0) {
        ret->path = hr_word_clean(hr_buf_str(&b));
        ret->from = "NVCC_CCBIN";
    } else {
        ret->path = on_path(root);
    }
    hr_buf_fini(&b);
    if (!ret->path.known) {
        snprintf(ret->why, sizeof ret->why, "%s", ret->path.why);
        return;
    }
    ret->told_by = "the name of its link";
    ret->major = by_links(root, ret->path.v);
    if (ret->major == 0 && strstr(ret->path.v, "clang") != NULL) {
        snprintf(ret->why, sizeof ret->why, "it is clang, whose limits are others");
    } else if (ret->major == 0) {
        ret->told_by = "its own -dumpversion";
        ret->major = by_asking(root, ret->path.v, ret->why);
    }
}

unsigned hr_host_gcc_at_most(const struct hr_root *root, unsigned most)
{
    char path[64];
    for (unsigned n = HR_MIN(most, (unsigned)NEWEST); n >= OLDEST; n--) {
        snprintf(path, sizeof path, "usr/bin/g++-%u", n);
        if (hr_root_exists(root, path))
            return n;
    }
    return 0;
}

/* Tar archives in memory, gzip, and the folder that a root makes of them: against the real tar, against hostile bytes, and while
 * memory and system calls fail. */
#include "unit.h"

#include "fault.h"
#include "file.h"
#include "gzip.h"
#include "mem.h"
#include "root.h"
#include "tar.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/headrace-tar-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static int shell(const char *line)
{
    char full[1024];
    snprintf(full, sizeof full, "cd %s && { %s; } >/dev/null 2>&1", dir, line);
    return system(full);
}

static bool have_tar(void)
{
    return system("tar --version >/dev/null 2>&1") == 0;
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

/* --- building archives by hand --- */

static void add(struct hr_buf *b, enum hr_tar_kind kind, const char *name, const char *text)
{
    struct hr_tar_entry e = { .kind = kind, .name = hr_str(name), .mode = 0644, .changed = 1700000000 };
    e.data = kind == HR_TAR_FILE ? hr_str(text) : (struct hr_str) { "", 0 };
    e.target = kind == HR_TAR_LINK ? hr_str(text) : (struct hr_str) { "", 0 };
    hr_tar_add(b, &e);
}

/* Writes `n` bytes into the header at `at` and sets its checksum right again. */
static void patch(struct hr_buf *b, size_t at, size_t offset, const void *p, size_t n)
{
    char *h = b->data + at;
    unsigned sum = 0;
    memcpy(h + offset, p, n);
    memset(h + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

/* The code with which reading ends: 0, or what is wrong. */
static int read_code(const struct hr_buf *b, struct hr_error *err)
{
    struct hr_tar t;
    struct hr_tar_entry e;
    int r;
    hr_tar_begin(&t, hr_buf_str(b), "test.tar");
    while ((r = hr_tar_next(&t, &e, err)) == 1)
        ;
    hr_tar_end(&t);
    return r;
}

static void written_is_read_back(void **state)
{
    (void)state;
    char longest[300], target[200];
    memset(longest, 'n', sizeof longest - 1);
    memset(target, 't', sizeof target - 1);
    longest[sizeof longest - 1] = target[sizeof target - 1] = 0;
    for (size_t i = 60; i < sizeof longest - 1; i += 60)
        longest[i] = '/';
    struct hr_buf b = HR_BUF_INIT(1 << 20), big = HR_BUF_INIT(1 << 20);
    hr_buf_pad(&big, 5000, 'x');
    const struct {
        enum hr_tar_kind kind;
        const char *name, *text;
    } want[] = {
        { HR_TAR_DIR, "proc", "" },      { HR_TAR_FILE, "proc/meminfo", "MemTotal: 1 kB\n" },
        { HR_TAR_FILE, "empty", "" },    { HR_TAR_FILE, "a b/ü%\n", big.data },
        { HR_TAR_FILE, longest, "1" },   { HR_TAR_LINK, "link", "../away" },
        { HR_TAR_LINK, "long", target }, { HR_TAR_FILE, target, "2" },
    };
    for (size_t i = 0; i < HR_COUNT(want); i++)
        add(&b, want[i].kind, want[i].name, want[i].text);
    hr_tar_finish(&b);
    assert_false(b.failed);
    assert_true(hr_tar_is(hr_buf_str(&b)));
    struct hr_tar t;
    struct hr_tar_entry e;
    hr_tar_begin(&t, hr_buf_str(&b), "test.tar");
    for (size_t i = 0; i < HR_COUNT(want); i++) {
        struct hr_error err = HR_ERROR_INIT;
        int r = hr_tar_next(&t, &e, &err);
        if (r != 1)
            fail_msg("entry %zu: %s", i, err.text);
        assert_int_equal(e.kind, want[i].kind);
        assert_string_equal(e.name.p, want[i].name);
        assert_true(hr_str_is(e.kind == HR_TAR_LINK ? e.target : e.data, want[i].text));
        assert_int_equal(e.changed, 1700000000);
    }
    assert_int_equal(hr_tar_next(&t, &e, NULL), 0);
    hr_tar_end(&t);
    hr_buf_fini(&big);
    hr_buf_fini(&b);
}

/* --- hostile bytes: one file "name" with "text", and what is done to its header --- */

static const struct {
    const char *what;
    size_t offset, n;
    const char *bytes;
    int code;
} hostile[] = {
    { "as it was", 0, 0, "", 0 },
    { "a name with ..", 0, 10, "a/../../b", HR_E_FORMAT },
    { "a name that is ..", 0, 3, "..", HR_E_FORMAT },
    { "an absolute name is taken below the root", 0, 5, "/etc", 0 },
    { "dots and slashes", 0, 12, ".//a/././b/", 0 },
    { "a size above the archive", 124, 12, "00000100000", HR_E_FORMAT },
    { "the largest octal size", 124, 12, "777777777777", HR_E_FORMAT },
    { "a size that is no number", 124, 12, "0000000004z", HR_E_FORMAT },
    { "a negative size", 124, 12, "-0000000004", HR_E_FORMAT },
    { "a size in base 256", 124, 12, "\200\0\0\0\0\0\0\0\0\0\0\4", 0 },
    { "a huge size in base 256", 124, 12, "\200\0\0\0\377\377\377\377\377\377\377\377", HR_E_FORMAT },
    { "a size past 64 bits in base 256", 124, 12, "\200\1\0\0\0\0\0\0\0\0\0\4", HR_E_FORMAT },
    { "a negative size in base 256", 124, 12, "\377\377\377\377\377\377\377\377\377\377\377\374", HR_E_FORMAT },
    { "size with blanks", 124, 12, "          4 ", 0 },
    { "a device", 156, 1, "3", 0 },
    { "a sparse file", 156, 1, "S", HR_E_UNSUPPORTED },
    { "an unknown type", 156, 1, "Z", 0 },
    { "a pax header of nonsense", 156, 1, "x", HR_E_FORMAT },
    { "a long name of GNU and nothing after it", 156, 1, "L", 0 },
    { "a time that is no number", 136, 12, "zzzzzzzzzzz", 0 },
};

static void hostile_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(hostile); i++) {
        struct hr_error err = HR_ERROR_INIT;
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        add(&b, HR_TAR_FILE, "name", "text");
        patch(&b, 0, hostile[i].offset, hostile[i].bytes, hostile[i].n);
        hr_tar_finish(&b);
        int r = read_code(&b, &err);
        if (r != hostile[i].code)
            fail_msg("%s: %d, not %d: %s", hostile[i].what, r, hostile[i].code, err.text);
        assert_true(r == 0 || strlen(err.text) > 20);
        hr_buf_fini(&b);
    }
}

static const struct {
    const char *record;
    int code;
} pax[] = {
    { "20 path=a/long/name\n", 0 },
    { "20 path=a/../../name\n", HR_E_FORMAT },
    { "16 path=../name\n", HR_E_FORMAT },
    { "99 path=a\n", HR_E_FORMAT },
    { "0 path=a\n", HR_E_FORMAT },
    { "3 a\n", HR_E_FORMAT },
    { "18446744073709551616 a=b\n", HR_E_FORMAT },
    { "9 size=4\n", 0 },
    { "28 size=18446744073709551615\n", HR_E_FORMAT },
    { "9 size=x\n", HR_E_FORMAT },
    { "22 GNU.sparse.major=1\n", HR_E_UNSUPPORTED },
    { "30 mtime=1700000000.123456789\n", 0 },
};

static void pax_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(pax); i++) {
        struct hr_error err = HR_ERROR_INIT;
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        add(&b, HR_TAR_FILE, "header", pax[i].record);
        patch(&b, 0, 156, "x", 1);
        add(&b, HR_TAR_FILE, "name", "text");
        hr_tar_finish(&b);
        int r = read_code(&b, &err);
        if (r != pax[i].code)
            fail_msg("%s: %d, not %d: %s", pax[i].record, r, pax[i].code, err.text);
        hr_buf_fini(&b);
    }
}

static void damaged(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20), part = HR_BUF_INIT(1 << 20);
    add(&b, HR_TAR_FILE, "name", "text");
    add(&b, HR_TAR_FILE, "other", "more");
    hr_tar_finish(&b);
    for (size_t n = 0; n < b.len - HR_TAR_BLOCK; n += 64) { /* one block of zeros is an end */
        hr_buf_reset(&part);
        hr_buf_add(&part, b.data, n);
        if (n < b.len - 2 * HR_TAR_BLOCK)
            assert_int_equal(read_code(&part, NULL), HR_E_FORMAT);
    }
    for (size_t i = 0; i < HR_TAR_BLOCK; i++) { /* every byte of a header counts */
        b.data[i] ^= 1;
        int r = read_code(&b, NULL);
        if (r != HR_E_FORMAT)
            fail_msg("a flipped bit in byte %zu is not seen", i);
        b.data[i] ^= 1;
    }
    hr_buf_fini(&part);
    hr_buf_fini(&b);
}

/* --- the tree --- */

static struct hr_tree *tree_of(struct hr_buf *b, int code)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_tree *t = NULL;
    hr_tar_finish(b);
    int r = hr_tree_of(hr_buf_str(b), "test.tar", &t, &err);
    if (r != code)
        fail_msg("%d, not %d: %s", r, code, err.text);
    return t;
}

static void links_stay_inside(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    add(&b, HR_TAR_FILE, "etc/passwd", "root");
    add(&b, HR_TAR_FILE, "sys/devices/a/value", "7");
    add(&b, HR_TAR_LINK, "sys/class/a", "../../sys/devices/a");
    add(&b, HR_TAR_LINK, "abs", "/etc/passwd");
    add(&b, HR_TAR_LINK, "up", "../../../../etc/passwd");
    add(&b, HR_TAR_LINK, "loop", "loop");
    add(&b, HR_TAR_LINK, "ping", "pong");
    add(&b, HR_TAR_LINK, "pong", "ping/x");
    add(&b, HR_TAR_LINK, "nowhere", "no/such");
    add(&b, HR_TAR_LINK, "nothing", "");
    struct hr_tree *t = tree_of(&b, 0);
    static const struct {
        const char *path;
        bool follow;
        int code;
        const char *data;
    } want[] = {
        { "etc/passwd", true, 0, "root" },
        { "//etc/./passwd", true, 0, "root" },
        { "etc/../../../etc/passwd", true, 0, "root" },
        { "abs", true, 0, "root" },
        { "up", true, 0, "root" },
        { "sys/class/a/value", true, 0, "7" },
        { "sys/class/a/value", false, 0, "7" },
        { "sys/class/a/../a/value", true, 0, "7" },
        { "loop", true, ELOOP, NULL },
        { "loop", false, 0, NULL },
        { "ping", true, ELOOP, NULL },
        { "nowhere", true, ENOENT, NULL },
        { "nothing", true, ENOENT, NULL },
        { "etc/passwd/x", true, ENOTDIR, NULL },
        { "etc/shadow", true, ENOENT, NULL },
    };
    for (size_t i = 0; i < HR_COUNT(want); i++) {
        const struct hr_tree_node *n = NULL;
        int r = hr_tree_find(t, want[i].path, want[i].follow, &n);
        if (r != want[i].code || (want[i].data != NULL && !hr_str_is(n->data, want[i].data)))
            fail_msg("%s: %d, not %d", want[i].path, r, want[i].code);
    }
    hr_tree_close(t);
    hr_buf_fini(&b);
}

static void names_that_come_twice(void **state)
{
    (void)state;
    const struct hr_tree_node *n;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    add(&b, HR_TAR_FILE, "etc/a", "old");
    add(&b, HR_TAR_FILE, "./etc//a", "new");
    add(&b, HR_TAR_DIR, "etc", "");
    struct hr_tree *t = tree_of(&b, 0);
    assert_int_equal(hr_tree_find(t, "etc/a", true, &n), 0);
    assert_true(hr_str_is(n->data, "new"));
    hr_tree_close(t);
    hr_buf_reset(&b);
    add(&b, HR_TAR_FILE, "etc/a", "x");
    add(&b, HR_TAR_FILE, "etc/a/b", "x");
    assert_null(tree_of(&b, HR_E_FORMAT));
    hr_buf_reset(&b);
    add(&b, HR_TAR_FILE, "etc/a/b", "x");
    add(&b, HR_TAR_FILE, "etc/a", "x");
    assert_null(tree_of(&b, HR_E_FORMAT));
    hr_buf_fini(&b);
}

static void ceilings(void **state)
{
    (void)state;
    char name[400] = "";
    struct hr_buf b = HR_BUF_INIT((size_t)128 << 20);
    memset(name, 'n', 256);
    add(&b, HR_TAR_FILE, name, "x");
    assert_null(tree_of(&b, HR_E_LIMIT));
    hr_buf_reset(&b);
    for (size_t i = 0; i < 2 * HR_TREE_DEPTH_MAX + 2; i++)
        name[i] = i % 2 == 0 ? 'd' : '/';
    name[2 * HR_TREE_DEPTH_MAX + 1] = 0;
    add(&b, HR_TAR_FILE, name, "x");
    assert_null(tree_of(&b, HR_E_LIMIT));
    hr_buf_reset(&b);
    for (int i = 0; i <= HR_TREE_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        add(&b, HR_TAR_DIR, name, "");
    }
    assert_null(tree_of(&b, HR_E_LIMIT));
    hr_buf_fini(&b);
}

static void a_bomb_is_refused(void **state)
{
    (void)state;
    if (!hr_gzip_available())
        skip();
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf zero = HR_BUF_INIT((size_t)256 << 20), packed = HR_BUF_INIT((size_t)1 << 20);
    struct hr_root *root = NULL;
    hr_buf_pad(&zero, (size_t)HR_TREE_BYTES_MAX + 1, 0);
    assert_int_equal(hr_gzip(hr_buf_str(&zero), &packed, &err), 0);
    assert_true(packed.len < 1 << 20);
    assert_int_equal(hr_replace(in_dir("bomb.tar.gz"), packed.data, packed.len, &err), 0);
    assert_int_equal(hr_root_open(in_dir("bomb.tar.gz"), &root, &err), HR_E_LIMIT);
    hr_buf_fini(&packed);
    hr_buf_fini(&zero);
}

static void gzip_and_back(void **state)
{
    (void)state;
    if (!hr_gzip_available())
        skip();
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf plain = HR_BUF_INIT(1 << 20), packed = HR_BUF_INIT(1 << 20), again = HR_BUF_INIT(1 << 20);
    for (int i = 0; i < 20000; i++)
        hr_buf_printf(&plain, "%d ", i * i);
    assert_int_equal(hr_gzip(hr_buf_str(&plain), &packed, &err), 0);
    assert_int_equal(hr_gzip(HR_STR("and more"), &packed, &err), 0);
    hr_buf_adds(&plain, "and more");
    assert_int_equal(hr_gunzip(hr_buf_str(&packed), "x.gz", &again, &err), 0);
    assert_true(hr_str_eq(hr_buf_str(&plain), hr_buf_str(&again)));
    for (size_t n = 2; n < packed.len - 40; n += 997) {
        hr_buf_reset(&again);
        assert_int_equal(hr_gunzip((struct hr_str) { packed.data, n }, "x.gz", &again, &err), HR_E_FORMAT);
    }
    packed.data[packed.len / 2] ^= 0x55;
    hr_buf_reset(&again);
    assert_int_equal(hr_gunzip(hr_buf_str(&packed), "x.gz", &again, &err), HR_E_FORMAT);
    hr_buf_fini(&plain);
    hr_buf_fini(&packed);
    hr_buf_fini(&again);
}

/* --- beside the real tar --- */

static void make_root(void)
{
    assert_int_equal(shell("rm -rf root && mkdir -p root/proc/self root/sys/devices/a root/headrace/answer root/etc && "
                           "cd root && printf 'MemTotal: 7 kB\\n' > proc/meminfo && printf 7 > sys/devices/a/value && "
                           "ln -s devices sys/class && ln proc/meminfo etc/hard && ln -s /proc/meminfo etc/abs && "
                           "n=$(printf 'n%.0s' $(seq 200)) && mkdir -p etc/$n && printf deep > etc/$n/$n && "
                           "printf 'proc/meminfo f 99 444 0 0 5\\n' > headrace/stat && "
                           "printf 'read:proc/kmsg 13\\nread:etc/big 27\\nanswer:kernel-log -2 no%%20way\\nlist:proc 13\\n' > headrace/failed && "
                           "printf 'a/../b text%%0A\\n' > headrace/read && printf 'x86_64\\n' > headrace/answer/machine"),
                     0);
}

/* Everything the root says, as text. */
static void tell_all(const char *path, struct hr_buf *out)
{
    static const char *const file[] = { "proc/meminfo", "/etc/hard", "etc/abs", "sys/class/a/value", "a/../b", "proc/kmsg",
                                        "etc/big", "no/such", "proc", "etc/hard/x" };
    struct hr_error err = HR_ERROR_INIT;
    struct hr_root *root;
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_names names;
    if (hr_root_open(path, &root, &err) != 0)
        fail_msg("%s: %s", path, err.text);
    for (size_t i = 0; i < HR_COUNT(file); i++) {
        struct hr_root_stat st = { 0 };
        hr_buf_reset(&b);
        int r = hr_root_read(root, file[i], &b, &err);
        hr_buf_printf(out, "%s: %d %s\n", file[i], r, r == 0 ? b.data : err.text);
        r = hr_root_stat(root, file[i], true, &st, &err);
        hr_buf_printf(out, "  %d %d %llu %s %d\n", r, st.kind, st.kind == HR_KIND_FILE ? (unsigned long long)st.size : 0,
                      r < 0 ? err.text : "", hr_root_exists(root, file[i]));
        hr_buf_reset(&b);
        r = hr_root_readlink(root, file[i], &b, &err);
        hr_buf_printf(out, "  %d %s\n", r, r == 0 ? b.data : err.text);
        if (hr_root_list(root, file[i], &names, &err) == 0) {
            for (size_t k = 0; k < names.n; k++)
                hr_buf_printf(out, "  %s", names.name[k]);
            hr_names_fini(&names);
        } else {
            hr_buf_printf(out, "  %s\n", err.text);
        }
    }
    assert_int_equal(hr_root_list(root, "etc", &names, &err), 0);
    for (size_t k = 0; k < names.n; k++)
        hr_buf_printf(out, "%s\n", names.name[k]);
    hr_names_fini(&names);
    int r = hr_root_kernel_log(root, &b, &err);
    hr_buf_printf(out, "%d %s\n", r, err.text);
    hr_buf_fini(&b);
    hr_root_close(root);
}

static void a_bundle_says_what_its_folder_says(void **state)
{
    (void)state;
    static const char *const made[] = {
        "tar -cf x.tar -C root .", "tar -cf x.tar root", "tar -czf x.tar root", "tar -cf x.tar --format=pax root",
    };
    if (!have_tar())
        skip();
    struct hr_buf folder = HR_BUF_INIT(1 << 20), bundle = HR_BUF_INIT(1 << 20);
    make_root();
    tell_all(in_dir("root"), &folder);
    assert_non_null(strstr(folder.data, "proc/meminfo: 0 MemTotal: 7 kB"));
    assert_non_null(strstr(folder.data, "proc/kmsg: -2 '/proc/kmsg' cannot be read: Permission denied"));
    assert_non_null(strstr(folder.data, "-2 no way"));
    for (size_t i = 0; i < HR_COUNT(made); i++) {
        bool gzip = strstr(made[i], "-czf") != NULL;
        if ((gzip && !hr_gzip_available()) || shell(made[i]) != 0)
            continue; /* this tar does not know the format */
        hr_buf_reset(&bundle);
        tell_all(in_dir("x.tar"), &bundle);
        assert_string_equal(bundle.data, folder.data);
    }
    hr_buf_fini(&bundle);
    hr_buf_fini(&folder);
}

static void the_real_tar_reads_ours(void **state)
{
    (void)state;
    if (!have_tar())
        skip();
    char longest[400];
    memset(longest, 'n', sizeof longest);
    longest[0] = 'd', longest[200] = '/', longest[399] = 0;
    struct hr_buf b = HR_BUF_INIT(1 << 20), line = HR_BUF_INIT(4096);
    add(&b, HR_TAR_DIR, "top", "");
    add(&b, HR_TAR_FILE, "top/a b", "text\n");
    add(&b, HR_TAR_FILE, longest, "deep\n");
    add(&b, HR_TAR_LINK, "top/link", longest);
    hr_tar_finish(&b);
    assert_int_equal(hr_replace(in_dir("ours.tar"), b.data, b.len, NULL), 0);
    hr_buf_printf(&line, "rm -rf un && mkdir un && tar -xf ours.tar -C un && grep -qx text 'un/top/a b' && "
                         "grep -qx deep un/%s && test \"$(readlink un/top/link)\" = %s", longest, longest);
    char full[2048];
    snprintf(full, sizeof full, "cd %s && { %s; } >/dev/null", dir, line.data);
    assert_int_equal(system(full), 0);
    hr_buf_fini(&line);
    hr_buf_fini(&b);
}

static void wrong_files(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_root *root = NULL;
    assert_int_equal(hr_replace(in_dir("text"), "hello", 5, NULL), 0);
    assert_int_equal(hr_root_open(in_dir("text"), &root, &err), HR_E_FORMAT);
    assert_non_null(strstr(err.text, "neither a folder nor a tar archive"));
    assert_int_equal(hr_replace(in_dir("empty"), "", 0, NULL), 0);
    assert_int_equal(hr_root_open(in_dir("empty"), &root, &err), HR_E_FORMAT);
    assert_int_equal(hr_root_open(in_dir("no-such"), &root, &err), HR_E_NOT_FOUND);
}

static void every_failure_is_a_sentence(void **state)
{
    (void)state;
    if (!have_tar() || !hr_gzip_available())
        skip();
    make_root();
    assert_int_equal(shell("tar -czf x.tar root"), 0);
    for (int kind = 0; kind < 2; kind++)
        for (uint64_t n = 1;; n++) {
            struct hr_error err = HR_ERROR_INIT;
            struct hr_root *root = NULL;
            struct hr_buf b = HR_BUF_INIT(4096);
            struct hr_names names = { NULL, 0 };
            uint64_t from = kind == 0 ? hr_mem_count() : hr_fault_sys_count();
            assert_true(n < 1000);
            if (kind == 0)
                hr_mem_fail_at(n, false);
            else
                hr_fault_sys_at(n, false);
            int r = hr_root_open(in_dir("x.tar"), &root, &err);
            if (r == 0)
                r = hr_root_read(root, "etc/hard", &b, &err);
            if (r == 0)
                r = hr_root_list(root, "etc", &names, &err);
            uint64_t used = (kind == 0 ? hr_mem_count() : hr_fault_sys_count()) - from;
            hr_mem_fail_at(0, false);
            hr_fault_sys_at(0, false);
            assert_true(r == 0 || strlen(err.text) > 10);
            hr_names_fini(&names);
            hr_buf_fini(&b);
            hr_root_close(root);
            if (used < n)
                break;
            if (r == 0)
                fail_msg("fault %llu of kind %d is not told", (unsigned long long)n, kind);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read_back),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(pax_headers),
        cmocka_unit_test(damaged),
        cmocka_unit_test(links_stay_inside),
        cmocka_unit_test(names_that_come_twice),
        cmocka_unit_test(ceilings),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(gzip_and_back),
        cmocka_unit_test(a_bundle_says_what_its_folder_says),
        cmocka_unit_test(the_real_tar_reads_ours),
        cmocka_unit_test(wrong_files),
        cmocka_unit_test(every_failure_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

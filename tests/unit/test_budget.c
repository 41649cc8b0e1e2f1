/* The budget as a contract: a dataset three times larger than a memory cgroup, fed inside it.  Needs the right to make
 * a cgroup; without it the process's own figures are still held against the budget. */
#include "unit.h"

#include "graph_store.h"
#include "resident.h"
#include "sanitized.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 8000, CHUNK = 33, MIB = 1 << 20, BUDGET = 10 * MIB, LIMIT = 24 * MIB };
static char dir[] = "/tmp/headrace-test-budget-XXXXXX";
static char store[64], group[128];

static bool put(const char *dir_of, const char *file, unsigned long long v)
{
    char path[192];
    snprintf(path, sizeof path, "%s/%s", dir_of, file);
    FILE *f = fopen(path, "w");
    bool ok = f != NULL && fprintf(f, "%llu\n", v) > 0;
    if (f != NULL)
        ok &= fclose(f) == 0;
    return ok;
}

/* A cgroup of our own with the limit, or NULL. */
static const char *make_group(void)
{
    static const char *const roots[] = { "/sys/fs/cgroup/memory", "/sys/fs/cgroup" };
    static const char *const limits[] = { "memory.limit_in_bytes", "memory.max" };
    for (int i = 0; i < 2; i++) {
        snprintf(group, sizeof group, "%s/headrace-test-%ld", roots[i], (long)getpid());
        if (mkdir(group, 0755) != 0)
            continue;
        if (put(group, limits[i], LIMIT))
            return group;
        rmdir(group);
    }
    return NULL;
}

/* Two epochs; 0 when every batch is right and the memory stayed within the budget. */
static int feed(void)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_loader_options o;
    hr_loader *l;
    hr_batch *b;
    hr_loader_options_init(&o);
    o.rank = 0;
    o.world = 1;
    o.budget = BUDGET;
    o.threads = 2;
    uint64_t before = anonymous_now(), most = 0;
    if (hr_loader_open(store, &o, &l, &err) < 0)
        return 10;
    for (int e = 0; e < 2; e++) {
        uint64_t n = 0;
        int r;
        while ((r = hr_loader_next(l, &b, &err)) == 1) {
            if (n % 1600 == 0 && g_check(b, false) != 0)
                return 11;
            n += b->samples;
            hr_batch_release(b);
        }
        if (r < 0 || n != N)
            return 12;
        uint64_t now = anonymous_now();
        most = now > most ? now : most;
    }
    char text[8192];
    hr_loader_report(l, true, text, sizeof text);
    const char *high = strstr(text, "\"high_water\":");
    if (high == NULL || strtoull(high + 13, NULL, 10) > BUDGET)
        return 13;
    hr_loader_close(l);
    return most > before + BUDGET + 8 * MIB ? 14 : 0;
}

enum { NO_ENTRY = 20 };

/* The status of a process that feeds, in this group if there is one. */
static int fed_in(const char *g)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (g != NULL && !put(g, "cgroup.procs", (unsigned long long)getpid()))
            _exit(NO_ENTRY);
        _exit(feed());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void within(void **state)
{
    (void)state;
    const char *g = make_group();
    int status = g == NULL ? 0 : fed_in(g);
    bool entered = g != NULL && !(WIFEXITED(status) && WEXITSTATUS(status) == NO_ENTRY);
    if (g != NULL) {
        char path[192];
        snprintf(path, sizeof path, "%s/memory.max_usage_in_bytes", g);
        uint64_t peak = kept_in(path, "") >> 10; /* bytes, not KiB */
        rmdir(g);
        if (entered && peak != 0)
            print_message("peak of the cgroup: %llu of %d KiB\n", (unsigned long long)peak >> 10, LIMIT >> 10);
    }
    if (!entered) {
        print_message("no cgroup can be %s here: held against the budget only\n", g == NULL ? "made" : "entered");
        status = fed_in(NULL);
    }
    assert_true(WIFEXITED(status)); /* not killed for memory */
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    struct hr_error err = HR_ERROR_INIT;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    puts("skipped: a sanitizer's own memory is far beyond the budget");
    return 77;
#endif
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(store, sizeof store, "%s/store.arrow", dir);
    int r = g_write(store, N, CHUNK, HR_I64, HR_CODEC_NONE, &err);
    const struct CMUnitTest tests[] = { cmocka_unit_test(within) };
    r = r < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
    r |= hr_remove_tree(dir, NULL);
    return r;
}

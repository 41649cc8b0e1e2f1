/* The cgroup of a process that grows, on this machine: a child in a group of its own with a limit, where one may be made. */
#include "unit.h"

#include "file.h"
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define MIB (UINT64_C(1) << 20)

static uint64_t told = 1000 * SECOND;
static uint64_t clock_of(void *ctx)
{
    (void)ctx;
    return told;
}

/* --- a group --- */

static char group[128];
static bool v2;

static bool write_in(const char *name, uint64_t v)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", group, name);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    bool ok = fprintf(f, "%llu", (unsigned long long)v) > 0;
    return fclose(f) == 0 && ok;
}

static bool limit(uint64_t bytes)
{
    return write_in(v2 ? "memory.max" : "memory.limit_in_bytes", bytes);
}

static bool make_group(void)
{
    v2 = access("/sys/fs/cgroup/memory", F_OK) != 0;
    snprintf(group, sizeof group, "/sys/fs/cgroup/%sheadrace-unit-%d", v2 ? "" : "memory/", (int)getpid());
    if (mkdir(group, 0755) != 0)
        return false;
    if (limit(256 * MIB))
        return true;
    rmdir(group);
    return false;
}

/* --- a child that takes `mib` more at each byte that it is sent --- */

struct child {
    pid_t pid;
    int ask, done;
};

static char *volatile kept;

static struct child child_of(size_t mib)
{
    int ask[2], done[2];
    assert_int_equal(pipe(ask), 0);
    assert_int_equal(pipe(done), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        close(ask[1]);
        while (read(ask[0], &c, 1) == 1) {
            char *p = malloc(mib * MIB);
            if (p == NULL)
                _exit(1);
            memset(p, 1, mib * MIB);
            kept = p; /* or a compiler may leave out what nobody reads */
            if (write(done[1], &c, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    assert_true(pid > 0);
    close(ask[0]);
    close(done[1]);
    return (struct child) { pid, ask[1], done[0] };
}

static void grow(const struct child *c)
{
    char b = 1;
    assert_int_equal(write(c->ask, &b, 1), 1);
    assert_int_equal(read(c->done, &b, 1), 1);
}

static void end(struct child *c)
{
    if (c->pid == 0)
        return;
    kill(c->pid, SIGKILL);
    close(c->ask);
    close(c->done);
    assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
    c->pid = 0;
}

static void look(struct hr_watch *w)
{
    told += 11 * SECOND;
    hr_watch_tick(w);
}

/* Other tests may run at this time in groups of theirs. */
static bool followed(const struct hr_watch *w, const struct child *c)
{
    const struct hr_other_group *g = &hr_watch_model(w)->memory.other;
    if (g->limit.known && g->pid != c->pid)
        print_message("process %d grows in another group at this time\n", g->pid);
    return g->limit.known && g->pid == c->pid;
}

static void remove_group(void)
{
    for (int i = 0; i < 100 && rmdir(group) != 0 && errno == EBUSY; i++)
        usleep(10000);
}

static void follows(struct hr_watch *w, struct child *inside, struct child *outside)
{
    const struct hr_other_group *g = &hr_watch_model(w)->memory.other;
    assert_true(g->used.known);
    assert_int_equal(g->limit.v, 256 * MIB);
    assert_in_range(g->used.v, 15 * MIB, 30 * MIB);
    unsigned turn = g->turn;
    assert_true(limit(128 * MIB)); /* G1 */
    grow(inside);
    look(w);
    assert_int_equal(g->limit.v, 128 * MIB);
    assert_in_range(g->used.v, 31 * MIB, 46 * MIB);
    look(w); /* G2: it stays for a while, whether or not its last growth has been seen */
    assert_true(followed(w, inside));
    assert_int_equal(g->turn, turn);
    for (int i = 0; i < 10 && followed(w, inside); i++) { /* rows are read in turns: its last growth may be seen late */
        grow(outside);
        look(w);
    }
    assert_false(followed(w, inside));
    assert_true(g->turn != turn);
    grow(inside);
    look(w);
    if (!followed(w, inside))
        return;
    end(inside);
    remove_group();
    told += SECOND; /* a group that is gone is not waited for */
    hr_watch_tick(w);
    assert_false(followed(w, inside));
}

static void the_group_of_who_grows_is_followed(void **state)
{
    (void)state;
    if (!make_group()) {
        print_message("no memory cgroup can be made here\n");
        skip();
    }
    struct hr_root *root;
    struct hr_watch *w;
    struct hr_watch_options o = { .now = clock_of, .no_gpus = true, .no_files = true };
    struct child inside = child_of(16), outside = child_of(24); /* who grows most is in no other group */
    assert_true(write_in("cgroup.procs", (uint64_t)inside.pid));
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    assert_int_equal(hr_watch_open(root, &o, &w, NULL), 0);
    look(w);
    look(w);
    grow(&inside);
    grow(&outside);
    for (int i = 0; i < 12 && !followed(w, &inside); i++) /* rows are read in turns: its growth may be seen late */
        look(w);
    bool others = !followed(w, &inside) && hr_watch_model(w)->memory.other.limit.known;
    if (!others) {
        assert_true(followed(w, &inside));
        follows(w, &inside, &outside);
    }
    hr_watch_close(w);
    hr_root_close(root);
    end(&inside);
    end(&outside);
    remove_group();
    if (others)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_group_of_who_grows_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The cgroups of processes that grow, on this machine: children in groups of their own with a limit, where those may be made. */
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

enum { GROUPS = 2, LIMIT = 512, LESS = 400 }; /* MiB */
static char group[GROUPS][128];
static bool v2;

static bool write_in(unsigned i, const char *name, uint64_t v)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", group[i], name);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    bool ok = fprintf(f, "%llu", (unsigned long long)v) > 0;
    return fclose(f) == 0 && ok;
}

static bool limit(unsigned i, uint64_t bytes)
{
    return write_in(i, v2 ? "memory.max" : "memory.limit_in_bytes", bytes);
}

static bool make_group(unsigned i)
{
    v2 = access("/sys/fs/cgroup/memory", F_OK) != 0;
    snprintf(group[i], sizeof group[i], "/sys/fs/cgroup/%sheadrace-unit-%d-%u", v2 ? "" : "memory/", (int)getpid(), i);
    if (mkdir(group[i], 0755) != 0)
        return false;
    if (limit(i, LIMIT * MIB))
        return true;
    rmdir(group[i]);
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

/* The one that is followed because of this child; NULL: none is.  Other tests may run at this time in groups of theirs. */
static const struct hr_other_group *followed(const struct hr_watch *w, const struct child *c)
{
    const struct hr_other_group *found = NULL;
    for (unsigned i = 0; i < HR_OTHER_GROUPS; i++) {
        const struct hr_other_group *g = &hr_watch_model(w)->memory.other[i];
        if (!g->limit.known)
            continue;
        if (g->pid == c->pid)
            found = g;
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(g->turn, hr_watch_model(w)->memory.other[k].turn);
    }
    return found;
}

/* At some look no room was left for both of ours. */
static bool crowded;
static void see_others(const struct hr_watch *w, const struct child *a, const struct child *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < HR_OTHER_GROUPS; i++) {
        const struct hr_other_group *g = &hr_watch_model(w)->memory.other[i];
        n += g->limit.known && g->pid != a->pid && g->pid != b->pid;
    }
    if (n >= HR_OTHER_GROUPS - 1)
        print_message("processes grow in %u other groups at this time\n", n);
    crowded |= n >= HR_OTHER_GROUPS - 1;
}

/* What its group uses when the child has grown so many times by so much; a sanitizer's shadow of it counts, too. */
static void takes(const struct hr_other_group *g, unsigned times, unsigned mib)
{
    assert_true(g->used.known);
    assert_in_range(g->used.v, (times * mib - 1) * MIB, (times * (mib + mib / 8) + 12) * MIB);
}

static void remove_group(unsigned i)
{
    for (int k = 0; k < 3000 && rmdir(group[i]) != 0 && errno == EBUSY; k++)
        usleep(10000);
}

/* `times`: how often it has grown, by `mib`. */
static void follows(struct hr_watch *w, struct child *inside, struct child *outside, unsigned times, unsigned mib)
{
    const struct hr_other_group *g = followed(w, inside);
    assert_int_equal(g->limit.v, LIMIT * MIB);
    takes(g, times, mib);
    unsigned turn = g->turn;
    assert_true(limit(0, LESS * MIB)); /* G1 */
    for (int i = 0; i < 12 && g->limit.v != LESS * MIB; i++) { /* its growth may be seen late, or be that of one of many */
        if (i % 4 == 0) {
            grow(inside);
            times++;
        }
        look(w);
    }
    assert_int_equal(g->limit.v, LESS * MIB);
    takes(g, times, mib);
    look(w); /* G2: it stays for a while, whether or not its last growth has been seen */
    assert_ptr_equal(followed(w, inside), g);
    assert_int_equal(g->turn, turn);
    for (int i = 0; i < 10 && followed(w, inside) != NULL; i++) {
        grow(outside);
        look(w);
    }
    assert_null(followed(w, inside));
    assert_true(g->turn != turn);
    grow(inside);
    look(w);
    if (followed(w, inside) == NULL)
        return;
    end(inside);
    remove_group(0);
    told += SECOND; /* a group that is gone is not waited for */
    hr_watch_tick(w);
    assert_null(followed(w, inside));
}

struct on_this_machine {
    struct hr_root *root;
    struct hr_watch *w;
    struct child a, b;
};

static void begin(struct on_this_machine *o, size_t mib_a, size_t mib_b, unsigned groups)
{
    struct hr_watch_options options = { .now = clock_of, .no_gpus = true, .no_files = true };
    for (unsigned i = 0; i < groups; i++)
        if (!make_group(i)) {
            print_message("no memory cgroup can be made here\n");
            for (unsigned k = 0; k < i; k++)
                rmdir(group[k]);
            skip();
        }
    crowded = false;
    o->a = child_of(mib_a);
    o->b = child_of(mib_b);
    if (!write_in(0, "cgroup.procs", (uint64_t)o->a.pid) || (groups > 1 && !write_in(1, "cgroup.procs", (uint64_t)o->b.pid))) {
        print_message("no memory cgroup can be entered here\n");
        end(&o->a);
        end(&o->b);
        for (unsigned i = 0; i < groups; i++)
            remove_group(i);
        skip();
    }
    assert_int_equal(hr_root_open(NULL, &o->root, NULL), 0);
    assert_int_equal(hr_watch_open(o->root, &options, &o->w, NULL), 0);
    look(o->w);
    look(o->w);
}

static void finish(struct on_this_machine *o, unsigned groups, bool found)
{
    hr_watch_close(o->w);
    hr_root_close(o->root);
    end(&o->a);
    end(&o->b);
    for (unsigned i = 0; i < groups; i++)
        remove_group(i);
    assert_true(found || crowded);
    if (!found)
        skip();
}

static void the_group_of_who_grows_is_followed(void **state)
{
    (void)state;
    struct on_this_machine o;
    begin(&o, 16, 24, 1); /* who grows most is in no other group */
    unsigned times = 0;
    for (int i = 0; i < 36 && followed(o.w, &o.a) == NULL; i++) { /* rows are read in turns: its growth may be seen late, or be that of one of many */
        if (i % 3 == 0) {
            grow(&o.a);
            grow(&o.b);
            times++;
        }
        look(o.w);
        see_others(o.w, &o.a, &o.b);
    }
    bool found = followed(o.w, &o.a) != NULL;
    if (found)
        follows(o.w, &o.a, &o.b, times, 16);
    finish(&o, 1, found);
}

/* G2: a build in one container, which grows all the time and more, does not hide a leak in another. */
static void two_groups_at_once_are_followed(void **state)
{
    (void)state;
    struct on_this_machine o;
    begin(&o, 2, 12, 2);
    bool found = false;
    for (int i = 0; i < 30 && !found; i++) {
        grow(&o.b);
        if (i > 2)
            grow(&o.a);
        look(o.w);
        see_others(o.w, &o.a, &o.b);
        found = followed(o.w, &o.a) != NULL && followed(o.w, &o.b) != NULL;
    }
    assert_true(!found || followed(o.w, &o.a) != followed(o.w, &o.b));
    finish(&o, 2, found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_group_of_who_grows_is_followed),
        cmocka_unit_test(two_groups_at_once_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

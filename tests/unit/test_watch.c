/* The sampler on this machine and on made ones: constant memory, rates, a clock of our own, and every fault. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "mem.h"
#include "root_make.h"
#include "watch.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static uint64_t told;
static uint64_t simulated(void *ctx)
{
    (void)ctx;
    return told += SECOND;
}

static struct hr_watch *watch_of(struct hr_root *root, const struct hr_watch_options *o)
{
    struct hr_watch *w = NULL;
    assert_int_equal(hr_watch_open(root, o, &w, NULL), 0);
    return w;
}

static uint64_t descriptors(void)
{
    struct hr_names n;
    assert_int_equal(hr_list("/proc/self/fd", &n, NULL), 0);
    uint64_t count = n.n;
    hr_names_fini(&n);
    return count;
}

/* An hour and a half of ticks here, by a clock that runs ahead: what the look at file systems takes it gives back. */
static void ticks_take_no_memory_and_no_descriptors(void **state)
{
    (void)state;
    struct hr_root *root;
    struct hr_watch_options o = { .now = simulated, .no_gpus = true, .no_files = true, .no_processes = true };
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    struct hr_watch *w = watch_of(root, &o);
    for (int i = 0; i < 70; i++)
        hr_watch_tick(w);
    uint64_t fds = descriptors(), count = hr_mem_count();
    for (int i = 0; i < 50; i++) /* between two looks at the file systems nothing is allocated */
        hr_watch_tick(w);
    assert_true(hr_mem_count() - count < 4000); /* one such look, at most */
    for (int i = 0; i < 3600; i++)
        hr_watch_tick(w);
    assert_int_equal(descriptors(), fds);
    assert_int_equal(hr_series_length(hr_watch_series(w), HR_TIER_SECOND), 3600);
    hr_watch_close(w);
    hr_root_close(root);
}

static void the_walk_finds_this_process_and_its_children(void **state)
{
    (void)state;
    struct hr_root *root;
    struct hr_watch_options o = { .no_gpus = true };
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    struct hr_watch *w = watch_of(root, &o);
    hr_watch_tick(w);
    const struct hr_model *m = hr_watch_model(w);
    const struct hr_proc_load *me = NULL;
    for (unsigned i = 0; i < m->proc_n; i++)
        if (m->proc[i].pid == getpid())
            me = &m->proc[i];
    assert_non_null(me);
    assert_int_equal(me->parent, getppid());
    assert_true(me->resident.why == HR_WHY_KNOWN && me->resident.v > 100000);
    assert_int_equal(me->uid, getuid());
    assert_true(me->cpu < 0); /* a rate needs two looks */
    assert_true(m->memory.total.known && m->cpu.n != 0);
    hr_watch_close(w);
    hr_root_close(root);
}

static void put_moment(unsigned k)
{
    char text[512];
    snprintf(text, sizeof text, "cpu  %u 0 %u %u %u 0 0 0\ncpu0 %u 0 %u %u %u 0 0 0\nctxt %u\nprocesses 5\nprocs_running 2\nprocs_blocked 1\n", k * 50, k * 20,
             k * 20, k * 10, k * 50, k * 20, k * 20, k * 10, k * 1000);
    put("proc/stat", text);
    snprintf(text, sizeof text, " 8 0 sda %u 0 %u %u %u 0 %u %u 0 %u %u\n 8 1 sda1 1 1 1 1 1 1 1 1 1 1 1\n", k * 10, k * 2000, k * 50, k * 5, k * 1000, k * 100,
             k * 400, k * 700);
    put("proc/diskstats", text);
    put("sys/block/sda/size", "1000\n");
    snprintf(text, sizeof text, "Inter-| Receive\n face |bytes\n  eth0: %u 1 2 0 0 0 0 0 %u 1 0 0 0 0 0 0\n    lo: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", k * 3000, k * 5000);
    put("proc/net/dev", text);
}

/* A captured root does not move, so it is told to be the live machine's: the arithmetic of rates on made counters. */
static void rates_of_made_counters(void **state)
{
    (void)state;
    struct hr_watch_options o = { .now = simulated, .no_gpus = true, .no_files = true, .no_processes = true };
    fresh();
    put("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 400 kB\n");
    put_moment(1);
    struct hr_root *root = opened();
    struct hr_watch *w = watch_of(root, &o);
    hr_watch_tick(w);
    const struct hr_model *m = hr_watch_model(w);
    assert_false(m->cpu.busy.known);
    assert_int_equal(m->disk[0].read.why, HR_WHY_CAPTURED);
    assert_int_equal(m->disk_n, 1); /* sda1 is a partition */
    assert_int_equal(m->link_n, 1); /* the loopback is none */
    ((struct hr_model *)(uintptr_t)m)->captured = false;
    put_moment(2);
    hr_watch_tick(w);
    assert_true(m->cpu.busy.known && m->cpu.busy.v > 69.9 && m->cpu.busy.v < 70.1);
    assert_true(m->cpu.iowait.v > 9.9 && m->cpu.iowait.v < 10.1);
    assert_int_equal(m->disk[0].read.v, 2000 * 512);
    assert_int_equal(m->disk[0].written.v, 1000 * 512);
    assert_int_equal(m->disk[0].read_ns.v, 5000000);  /* 50 ms over 10 requests */
    assert_int_equal(m->disk[0].write_ns.v, 20000000);
    assert_int_equal(m->disk[0].busy.v, 400);
    assert_int_equal(m->disk[0].queue.v, 700);
    assert_int_equal(m->link[0].received.v, 3000);
    assert_int_equal(m->link[0].sent.v, 5000);
    assert_int_equal(m->cpu.switches.v, 1000);
    put_moment(1); /* counters that went back: another device under the same name */
    hr_watch_tick(w);
    assert_int_equal(m->disk[0].read.why, HR_WHY_FIRST);
    assert_false(m->cpu.busy.known);
    hr_watch_close(w);
    hr_root_close(root);
}

static void one_fault(struct hr_root *root, const struct hr_watch_options *o, bool memory, uint64_t n)
{
    struct hr_watch *w = NULL;
    if (memory)
        hr_mem_fail_at(n, false);
    else
        hr_fault_sys_at(n, false);
    if (hr_watch_open(root, o, &w, NULL) == 0) {
        hr_watch_tick(w);
        hr_watch_tick(w);
        const struct hr_model *m = hr_watch_model(w);
        assert_true(m->memory.total.known || m->memory.total.why[0] != 0);
        assert_true(m->cpu.busy.known || m->cpu.busy.why[0] != 0);
        hr_watch_close(w);
    }
    hr_mem_fail_at(0, false);
    hr_fault_sys_at(0, false);
}

/* A call of the first ticks fails: what could not be had is unknown, nothing crashes, nothing is left open.  Every one of the
 * machine's own files, and some of the thousands that the processes take. */
static void every_fault(void **state)
{
    (void)state;
    enum { SOME = 40 };
    struct hr_root *root;
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    uint64_t fds = descriptors();
    for (int pass = 0; pass < 4; pass++) {
        bool memory = pass % 2 == 0, processes = pass >= 2;
        struct hr_watch_options o = { .now = simulated, .no_gpus = true, .no_processes = !processes };
        uint64_t before = memory ? hr_mem_count() : hr_fault_sys_count();
        one_fault(root, &o, memory, 0);
        uint64_t most = (memory ? hr_mem_count() : hr_fault_sys_count()) - before;
        for (uint64_t n = 1; n <= most; n += processes ? most / SOME + 1 : 1)
            one_fault(root, &o, memory, n);
        assert_int_equal(descriptors(), fds);
    }
    hr_root_close(root);
}

static const char *command_of(struct hr_watch *w, int pid)
{
    hr_watch_look_closely(w);
    hr_watch_tick(w);
    const struct hr_model *m = hr_watch_model(w);
    for (unsigned i = 0; i < m->proc_n; i++)
        if (m->proc[i].pid == pid)
            return m->proc[i].command;
    return "";
}

/* A child that was seen, and named, before its exec; the program that it becomes has the same name for the kernel. */
static void who_has_become_another_program_is_named_again(void **state)
{
    (void)state;
    struct hr_root *root;
    struct hr_watch_options o = { .now = simulated, .no_gpus = true, .no_files = true };
    char self[4096] = "", byte = 0;
    int go[2];
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(120); /* over its exec: a test that fails leaves nobody behind */
        if (read(go[0], &byte, 1) == 1)
            execl(self, "train_anew", "asleep", NULL);
        _exit(1);
    }
    assert_true(pid > 0);
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    struct hr_watch *w = watch_of(root, &o);
    for (int i = 0; i < 3; i++)
        assert_non_null(strstr(command_of(w, pid), "test_watch"));
    assert_int_equal(write(go[1], &byte, 1), 1);
    bool anew = false;
    for (int i = 0; i < 3000 && !anew; i++) {
        anew = strstr(command_of(w, pid), "train_anew") != NULL;
        hr_sleep(10000000);
    }
    assert_true(anew);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(go[0]);
    close(go[1]);
    hr_watch_close(w);
    hr_root_close(root);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "asleep") == 0)
        pause();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_take_no_memory_and_no_descriptors),
        cmocka_unit_test(the_walk_finds_this_process_and_its_children),
        cmocka_unit_test(who_has_become_another_program_is_named_again),
        cmocka_unit_test(rates_of_made_counters),
        cmocka_unit_test(every_fault),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

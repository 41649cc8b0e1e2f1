/* Training runs as one row each, on made process tables: launchers, ranks, workers, compilers, orphans, ranks started by hand. */
#include "unit.h"

#include "mem.h"
#include "root_make.h"
#include "watch_inside.h"

/* A process of a captured machine.  What is not said of one: it leads a group of its own, and is `python train.py` with nothing in its
 * environment. */
struct made {
    int pid, parent, group;
    const char *comm;
    const char *command, *env; /* words parted by blanks */
};

static void put_words(int pid, const char *file, const char *words)
{
    char path[64], text[512];
    size_t n = strlen(words);
    memcpy(text, words, n + 1);
    for (size_t k = 0; k < n; k++)
        text[k] = text[k] == ' ' ? 0 : text[k];
    snprintf(path, sizeof path, "proc/%d/%s", pid, file);
    put_bytes(path, text, n + 1);
}

static void make(const struct made *p)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "proc/%d/stat", p->pid);
    snprintf(text, sizeof text, "%d (%s) S %d %d 1 0 -1 4194304 1 0 0 0 5 5 0 0 20 0 1 0 %d 100000 2560 0\n", p->pid, p->comm != NULL ? p->comm : "python",
             p->parent, p->group != 0 ? p->group : p->pid, 100 + p->pid);
    put(path, text);
    put_words(p->pid, "cmdline", p->command != NULL ? p->command : "python train.py");
    put_words(p->pid, "environ", p->env != NULL ? p->env : "");
    snprintf(path, sizeof path, "proc/%d/status", p->pid);
    put(path, "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n");
}
#define process(number, above, ...) make(&(struct made) { .pid = (number), .parent = (above), __VA_ARGS__ })

static struct hr_watch *watch;
static struct hr_root *root;

/* Before and after each test: an empty machine. */
static int before(void **state)
{
    (void)state;
    fresh();
    put("proc/meminfo", "MemTotal: 1000 kB\n");
    put("proc/uptime", "5000.00 1.00\n");
    return 0;
}

static int after(void **state)
{
    (void)state;
    hr_watch_close(watch);
    hr_root_close(root);
    watch = NULL;
    root = NULL;
    return 0;
}

static const struct hr_model *looked(void)
{
    struct hr_watch_options o = { .no_gpus = true };
    root = opened();
    assert_int_equal(hr_watch_open(root, &o, &watch, NULL), 0);
    hr_watch_tick(watch);
    return hr_watch_model(watch);
}

static const struct hr_proc_load *row(const struct hr_model *m, int pid)
{
    for (unsigned i = 0; i < m->proc_n; i++)
        if (m->proc[i].pid == pid)
            return &m->proc[i];
    fail_msg("no process %d", pid);
    return NULL;
}

static void is(const struct hr_model *m, int pid, int job, enum hr_duty duty)
{
    const struct hr_proc_load *p = row(m, pid);
    if (p->job != job || (job >= 0 && p->duty != duty))
        fail_msg("process %d: job %d, %s", pid, p->job, hr_duty_name((enum hr_duty)p->duty));
}

static void a_launcher_with_ranks_workers_and_compilers(void **state)
{
    (void)state;
    process(1, 0, .comm = "systemd", .command = "/sbin/init");
    process(50, 1, .comm = "bash", .command = "-bash");
    process(60, 50, .comm = "torchrun", .command = "/venv/bin/python /venv/bin/torchrun --nproc-per-node 2 --token s3cret /home/u/net.py");
    for (int r = 0; r < 2; r++) {
        char env[96];
        int rank = 100 + 100 * r;
        snprintf(env, sizeof env, "HOME=/home/u RANK=%d LOCAL_RANK=%d WORLD_SIZE=2 MASTER_PORT=29500 API_KEY=hidden", r, r);
        process(rank, 60, .group = 60, .comm = "pt_main_thread", .command = "/venv/bin/python -u /home/u/net.py", .env = env);
        for (int k = 1; k <= 3; k++)
            process(rank + k, rank, .group = 60, .comm = "pt_data_worker", .command = "/venv/bin/python -u /home/u/net.py", .env = env);
        process(rank + 10, rank, .group = 60, .command = "/venv/bin/python /venv/lib/torch/_inductor/compile_worker/__main__.py --pickler=x", .env = env);
        process(rank + 11, rank + 10, .group = 60, .comm = "cc1plus", .command = "/usr/lib/gcc/cc1plus -quiet a.cpp", .env = env);
        process(rank + 12, rank, .group = 60, .comm = "wandb-service", .command = "wandb-service", .env = env);
    }
    process(900, 50, .command = "python notes.py");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 1);
    const struct hr_job_load *j = &m->job[0];
    assert_string_equal(j->name, "net.py");
    assert_int_equal(j->lead, 60);
    assert_int_equal(j->ranks, 2);
    assert_int_equal(j->workers, 6);
    assert_int_equal(j->compilers, 4);
    assert_int_equal(j->procs, 15);
    assert_int_equal(j->orphans, 0);
    assert_int_equal(j->world.v, 2);
    is(m, 60, 0, HR_DUTY_LAUNCHER);
    is(m, 200, 0, HR_DUTY_RANK);
    assert_int_equal(row(m, 200)->rank, 1);
    is(m, 103, 0, HR_DUTY_WORKER);
    is(m, 212, 0, HR_DUTY_HELPER);
    is(m, 900, -1, HR_DUTY_NONE);
    is(m, 50, -1, HR_DUTY_NONE);
    for (unsigned i = 0; i < m->proc_n; i++) /* neither arguments nor the environment are kept */
        assert_true(strstr(m->proc[i].command, "s3cret") == NULL && strstr(m->proc[i].command, "hidden") == NULL);
}

static void ranks_started_one_by_one_are_one_job(void **state)
{
    (void)state;
    process(10, 1, .comm = "bash", .command = "bash");
    process(20, 10, .env = "RANK=0 WORLD_SIZE=2 MASTER_PORT=1234");
    process(30, 10, .env = "RANK=1 WORLD_SIZE=2 MASTER_PORT=1234");
    process(40, 10, .env = "RANK=0 WORLD_SIZE=1 MASTER_PORT=1235");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 2);
    assert_int_equal(row(m, 20)->job, row(m, 30)->job);
    assert_true(row(m, 40)->job != row(m, 20)->job);
    assert_int_equal(m->job[row(m, 20)->job].ranks, 2);
}

/* A script that starts itself once a rank: the same command line, but an environment of their own. */
static void ranks_that_their_like_started(void **state)
{
    (void)state;
    process(10, 1);
    process(20, 10, .group = 10, .env = "RANK=0 WORLD_SIZE=2 MASTER_PORT=1234");
    process(21, 10, .group = 10, .env = "RANK=1 WORLD_SIZE=2 MASTER_PORT=1234");
    process(30, 20, .group = 10, .env = "RANK=0 WORLD_SIZE=2 MASTER_PORT=1234");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 1);
    is(m, 20, 0, HR_DUTY_RANK);
    is(m, 21, 0, HR_DUTY_RANK);
    is(m, 30, 0, HR_DUTY_WORKER);
}

static void forked_workers_without_names(void **state)
{
    (void)state;
    process(20, 1, .comm = "python3", .command = "python3 feed_model.py");
    for (int k = 1; k <= 4; k++)
        process(20 + k, 20, .group = 20, .comm = "python3", .command = "python3 feed_model.py");
    process(30, 20, .group = 20, .comm = "python3", .command = "python3 -c from_multiprocessing.resource_tracker_import_main");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 1);
    assert_int_equal(m->job[0].ranks, 1);
    assert_int_equal(m->job[0].workers, 4);
    is(m, 30, 0, HR_DUTY_HELPER);
}

static void workers_whose_parent_has_gone(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++)
        process(70 + k, 1, .group = 66, .comm = "pt_data_worker");
    process(80, 1, .comm = "pt_data_worker", .command = "python other.py");
    process(90, 1);
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 3);
    int j = row(m, 70)->job;
    assert_true(j >= 0 && row(m, 71)->job == j && row(m, 72)->job == j);
    assert_int_equal(m->job[j].orphans, 3);
    assert_int_equal(m->job[row(m, 80)->job].orphans, 1);
    assert_int_equal(m->job[row(m, 90)->job].orphans, 0); /* a run that was sent to the background is none */
}

static void what_is_no_training_is_no_job(void **state)
{
    (void)state;
    process(20, 1, .command = "python -m http.server");
    process(21, 1, .comm = "vim", .command = "vim train.py");
    process(22, 1, .comm = "bash", .command = "bash train.sh");
    process(23, 22, .group = 22, .comm = "ninja", .command = "ninja -j8");
    process(24, 23, .group = 22, .comm = "cc1plus", .command = "cc1plus a.cpp");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 0);
}

/* A parent that is its own child, and loops: a table that no kernel gives must still end. */
static void loops_end(void **state)
{
    (void)state;
    process(20, 21);
    process(21, 20, .group = 20);
    process(22, 22, .group = 20);
    const struct hr_model *m = looked();
    assert_true(m->job_n <= 3);
}

static void more_jobs_than_there_is_room_for(void **state)
{
    (void)state;
    for (int k = 0; k < HR_MODEL_JOBS + 5; k++)
        process(100 + k, 1);
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, HR_MODEL_JOBS);
    assert_int_equal(m->job_cut, 5);
}

/* Under WDDM no process's VRAM is told: what the only job added to what was there before it is its own, by estimate. */
static void vram_of_the_only_job(void **state)
{
    (void)state;
    process(20, 1);
    looked();
    struct hr_model *m = watch->model;
    m->gpus.n = 1;
    m->gpus.gpu[0].used = hr_figure_of(UINT64_C(1500) << 20);
    hr_sum_jobs(watch); /* it ran already when we began to look: there is no baseline */
    assert_int_equal(m->job[0].vram.why, HR_WHY_WDDM);
    m->job_n = 0;
    hr_sum_jobs(watch);
    m->job_n = 1;
    m->gpus.gpu[0].used = hr_figure_of(UINT64_C(9500) << 20);
    hr_sum_jobs(watch);
    assert_int_equal(m->job[0].vram.v, UINT64_C(8000) << 20);
    assert_true(m->job[0].vram_estimated);
    m->gpus.gpu[0].process_n = 1; /* where the driver tells, it is what the driver tells */
    m->gpus.gpu[0].process[0] = (struct hr_gpu_process_load) { 20, false, HR_READ(7000) };
    hr_sum_jobs(watch);
    assert_int_equal(m->job[0].vram.v, 7000);
    assert_false(m->job[0].vram_estimated);
    m->gpus.gpu[0].process_n = 0;
    m->job[1] = m->job[0];
    m->job_n = 2; /* two share it: it cannot be told whose it is */
    hr_sum_jobs(watch);
    assert_int_equal(m->job[0].vram.why, HR_WHY_WDDM);
}

#define in_a_machine(test) cmocka_unit_test_setup_teardown(test, before, after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_machine(a_launcher_with_ranks_workers_and_compilers),
        in_a_machine(ranks_started_one_by_one_are_one_job),
        in_a_machine(ranks_that_their_like_started),
        in_a_machine(forked_workers_without_names),
        in_a_machine(workers_whose_parent_has_gone),
        in_a_machine(what_is_no_training_is_no_job),
        in_a_machine(loops_end),
        in_a_machine(more_jobs_than_there_is_room_for),
        in_a_machine(vram_of_the_only_job),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

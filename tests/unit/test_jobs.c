/* Training runs as one row each, on made process tables: launchers, ranks, workers, compilers, orphans, ranks started by hand. */
#include "unit.h"

#include "mem.h"
#include "root_make.h"
#include "watch_inside.h"

/* A process of a captured machine.  `command`: words parted by blanks; `env`: the same. */
static void process(int pid, int parent, int group, const char *comm, const char *command, const char *env)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "proc/%d/stat", pid);
    snprintf(text, sizeof text, "%d (%s) S %d %d 1 0 -1 4194304 1 0 0 0 5 5 0 0 20 0 1 0 %d 100000 2560 0\n", pid, comm, parent, group, 100 + pid);
    put(path, text);
    const char *const parts[] = { command, env };
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "proc/%d/%s", pid, i == 0 ? "cmdline" : "environ");
        size_t n = strlen(parts[i]);
        memcpy(text, parts[i], n + 1);
        for (size_t k = 0; k < n; k++)
            text[k] = text[k] == ' ' ? 0 : text[k];
        put_bytes(path, text, n + 1);
    }
    snprintf(path, sizeof path, "proc/%d/status", pid);
    put(path, "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n");
}

static struct hr_watch *watch;
static struct hr_root *root;

static const struct hr_model *looked(void)
{
    struct hr_watch_options o = { .no_gpus = true };
    put("proc/meminfo", "MemTotal: 1000 kB\n");
    put("proc/uptime", "5000.00 1.00\n");
    root = opened();
    assert_int_equal(hr_watch_open(root, &o, &watch, NULL), 0);
    hr_watch_tick(watch);
    return hr_watch_model(watch);
}

static void done(void)
{
    hr_watch_close(watch);
    hr_root_close(root);
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
    fresh();
    process(1, 0, 1, "systemd", "/sbin/init", "");
    process(50, 1, 50, "bash", "-bash", "");
    process(60, 50, 60, "torchrun", "/venv/bin/python /venv/bin/torchrun --nproc-per-node 2 --token s3cret /home/u/net.py", "");
    for (int r = 0; r < 2; r++) {
        char env[96];
        int rank = 100 + 100 * r;
        snprintf(env, sizeof env, "HOME=/home/u RANK=%d LOCAL_RANK=%d WORLD_SIZE=2 MASTER_PORT=29500 API_KEY=hidden", r, r);
        process(rank, 60, 60, "pt_main_thread", "/venv/bin/python -u /home/u/net.py", env);
        for (int k = 1; k <= 3; k++)
            process(rank + k, rank, 60, "pt_data_worker", "/venv/bin/python -u /home/u/net.py", env);
        process(rank + 10, rank, 60, "python", "/venv/bin/python /venv/lib/torch/_inductor/compile_worker/__main__.py --pickler=x", env);
        process(rank + 11, rank + 10, 60, "cc1plus", "/usr/lib/gcc/cc1plus -quiet a.cpp", env);
        process(rank + 12, rank, 60, "wandb-service", "wandb-service", env);
    }
    process(900, 50, 900, "python", "python notes.py", "");
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
    done();
}

static void ranks_started_one_by_one_are_one_job(void **state)
{
    (void)state;
    fresh();
    process(10, 1, 10, "bash", "bash", "");
    process(20, 10, 20, "python", "python train.py", "RANK=0 WORLD_SIZE=2 MASTER_PORT=1234");
    process(30, 10, 30, "python", "python train.py", "RANK=1 WORLD_SIZE=2 MASTER_PORT=1234");
    process(40, 10, 40, "python", "python train.py", "RANK=0 WORLD_SIZE=1 MASTER_PORT=1235");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 2);
    assert_int_equal(row(m, 20)->job, row(m, 30)->job);
    assert_true(row(m, 40)->job != row(m, 20)->job);
    assert_int_equal(m->job[row(m, 20)->job].ranks, 2);
    done();
}

/* A script that starts itself once a rank: the same command line, but an environment of their own. */
static void ranks_that_their_like_started(void **state)
{
    (void)state;
    fresh();
    process(10, 1, 10, "python", "python train.py", "");
    process(20, 10, 10, "python", "python train.py", "RANK=0 WORLD_SIZE=2 MASTER_PORT=1234");
    process(21, 10, 10, "python", "python train.py", "RANK=1 WORLD_SIZE=2 MASTER_PORT=1234");
    process(30, 20, 10, "python", "python train.py", "RANK=0 WORLD_SIZE=2 MASTER_PORT=1234");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 1);
    is(m, 20, 0, HR_DUTY_RANK);
    is(m, 21, 0, HR_DUTY_RANK);
    is(m, 30, 0, HR_DUTY_WORKER);
    done();
}

static void forked_workers_without_names(void **state)
{
    (void)state;
    fresh();
    process(20, 1, 20, "python3", "python3 feed_model.py", "");
    for (int k = 1; k <= 4; k++)
        process(20 + k, 20, 20, "python3", "python3 feed_model.py", "");
    process(30, 20, 20, "python3", "python3 -c from_multiprocessing.resource_tracker_import_main", "");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 1);
    assert_int_equal(m->job[0].ranks, 1);
    assert_int_equal(m->job[0].workers, 4);
    is(m, 30, 0, HR_DUTY_HELPER);
    done();
}

static void workers_whose_parent_has_gone(void **state)
{
    (void)state;
    fresh();
    for (int k = 0; k < 3; k++)
        process(70 + k, 1, 66, "pt_data_worker", "python train.py", "");
    process(80, 1, 80, "pt_data_worker", "python other.py", "");
    process(90, 1, 90, "python", "python train.py", "");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 3);
    int j = row(m, 70)->job;
    assert_true(j >= 0 && row(m, 71)->job == j && row(m, 72)->job == j);
    assert_int_equal(m->job[j].orphans, 3);
    assert_int_equal(m->job[row(m, 80)->job].orphans, 1);
    assert_int_equal(m->job[row(m, 90)->job].orphans, 0); /* a run that was sent to the background is none */
    done();
}

static void what_is_no_training_is_no_job(void **state)
{
    (void)state;
    fresh();
    process(20, 1, 20, "python", "python -m http.server", "");
    process(21, 1, 21, "vim", "vim train.py", "");
    process(22, 1, 22, "bash", "bash train.sh", "");
    process(23, 22, 22, "ninja", "ninja -j8", "");
    process(24, 23, 22, "cc1plus", "cc1plus a.cpp", "");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, 0);
    done();
}

/* A parent that is its own child, and loops: a table that no kernel gives must still end. */
static void loops_end(void **state)
{
    (void)state;
    fresh();
    process(20, 21, 20, "python", "python train.py", "");
    process(21, 20, 20, "python", "python train.py", "");
    process(22, 22, 20, "python", "python train.py", "");
    const struct hr_model *m = looked();
    assert_true(m->job_n <= 3);
    done();
}

static void more_jobs_than_there_is_room_for(void **state)
{
    (void)state;
    fresh();
    for (int k = 0; k < HR_MODEL_JOBS + 5; k++)
        process(100 + k, 1, 100 + k, "python", "python train.py", "");
    const struct hr_model *m = looked();
    assert_int_equal(m->job_n, HR_MODEL_JOBS);
    assert_int_equal(m->job_cut, 5);
    done();
}

/* Under WDDM no process's VRAM is told: what the only job added to what was there before it is its own, by estimate. */
static void vram_of_the_only_job(void **state)
{
    (void)state;
    fresh();
    process(20, 1, 20, "python", "python train.py", "");
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
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_launcher_with_ranks_workers_and_compilers),
        cmocka_unit_test(ranks_started_one_by_one_are_one_job),
        cmocka_unit_test(ranks_that_their_like_started),
        cmocka_unit_test(forked_workers_without_names),
        cmocka_unit_test(workers_whose_parent_has_gone),
        cmocka_unit_test(what_is_no_training_is_no_job),
        cmocka_unit_test(loops_end),
        cmocka_unit_test(more_jobs_than_there_is_room_for),
        cmocka_unit_test(vram_of_the_only_job),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

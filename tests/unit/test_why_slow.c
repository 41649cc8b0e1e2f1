/* The verdict over planted histories: each cause by itself, causes that hide others, and what cannot be told. */
#include "unit.h"

#include "mem.h"
#include "why_slow.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

struct plant {
    const char *name;
    double gpu;      /* percent; negative: no GPU is told of */
    double watts;    /* of 300 */
    unsigned bits;   /* throttle reasons */
    unsigned mhz;    /* of 3000 */
    double swap, stall_memory, stall_io, iowait, disk;
    unsigned workers;
    double blocked, running, worker_cpu; /* workers that wait, that run, CPU of all of them */
    double lead_cpu, lead_blocked;
    unsigned stopped;
    bool windows;
    enum hr_slow_kind is;
};

static const struct plant plants[] = {
    { "busy", .gpu = 97, .watts = 290, .mhz = 2900, .workers = 8, .worker_cpu = 100, .lead_cpu = 60, .is = HR_SLOW_COMPUTE },
    { "busy, with loaders that wait for disks", .gpu = 95, .watts = 250, .mhz = 2900, .workers = 8, .blocked = 6, .iowait = 30, .disk = 99,
      .is = HR_SLOW_COMPUTE },
    { "at the power limit, clock as it should be", .gpu = 98, .watts = 299, .bits = 4, .mhz = 2900, .workers = 8, .is = HR_SLOW_COMPUTE },
    { "power", .gpu = 98, .watts = 299, .bits = 4, .mhz = 1500, .workers = 8, .is = HR_SLOW_POWER },
    { "heat", .gpu = 98, .watts = 200, .bits = 0x40, .mhz = 1500, .workers = 8, .is = HR_SLOW_HEAT },
    { "heat, though power too", .gpu = 98, .watts = 299, .bits = 0x24, .mhz = 1500, .is = HR_SLOW_HEAT },
    { "idle says nothing", .gpu = 1, .watts = 20, .bits = 1, .mhz = 300, .workers = 4, .blocked = 4, .stall_io = 60, .is = HR_SLOW_DISK },
    { "swap", .gpu = 20, .mhz = 2000, .swap = 50e6, .stall_memory = 40, .workers = 4, .blocked = 3, .iowait = 50, .is = HR_SLOW_MEMORY },
    { "stalls for memory", .gpu = 20, .mhz = 2000, .stall_memory = 25, .workers = 4, .is = HR_SLOW_MEMORY },
    { "disk", .gpu = 15, .mhz = 2000, .workers = 8, .blocked = 6.5, .stall_io = 80, .disk = 100, .iowait = 40, .worker_cpu = 60, .is = HR_SLOW_DISK },
    { "disk, a few of many workers", .gpu = 15, .mhz = 2000, .workers = 8, .blocked = 1.2, .disk = 95, .iowait = 40, .worker_cpu = 60, .is = HR_SLOW_DISK },
    { "disk, read by the process itself", .gpu = 30, .mhz = 2000, .lead_blocked = 0.7, .lead_cpu = 20, .is = HR_SLOW_DISK },
    { "Windows drive", .gpu = 15, .mhz = 2000, .workers = 8, .blocked = 7, .windows = true, .is = HR_SLOW_WINDOWS },
    { "CPU of the workers", .gpu = 40, .mhz = 2000, .workers = 4, .running = 3.9, .worker_cpu = 390, .is = HR_SLOW_CPU },
    { "CPU, all of the machine taken", .gpu = 40, .mhz = 2000, .workers = 16, .running = 15, .worker_cpu = 400, .is = HR_SLOW_CPU },
    { "one process does all", .gpu = 35, .mhz = 2000, .lead_cpu = 99, .is = HR_SLOW_MAIN },
    { "loaders sleep", .gpu = 12, .mhz = 2000, .workers = 4, .worker_cpu = 8, .is = HR_SLOW_WAIT },
    { "everything is still", .gpu = 0, .mhz = 300, .workers = 4, .is = HR_SLOW_CANNOT },
    { "small kernels", .gpu = 60, .mhz = 2000, .workers = 4, .worker_cpu = 40, .lead_cpu = 50, .is = HR_SLOW_CANNOT },
    { "no GPU, CPUs at work", .gpu = -1, .lead_cpu = 780, .is = HR_SLOW_COMPUTE },
    { "no GPU, disk", .gpu = -1, .workers = 2, .blocked = 1.8, .is = HR_SLOW_DISK },
    { "no GPU, nothing", .gpu = -1, .workers = 2, .lead_cpu = 10, .is = HR_SLOW_CANNOT },
    { "stopped", .gpu = 0, .workers = 4, .stopped = 5, .is = HR_SLOW_STOPPED },
};

static struct hr_model *model;
static struct hr_series *series;

static void machine(const struct plant *p)
{
    struct hr_model *m = model;
    m->procs_known = hr_truth_of(true);
    m->cpu.allowed = hr_figure_of(8);
    m->cpu.busy = hr_real_of(50);
    m->cpu.iowait = hr_real_of(p->iowait);
    m->memory.swap_in = hr_figure_of((uint64_t)p->swap);
    m->memory.swap_out = hr_figure_of(0);
    m->memory.available = hr_figure_of(UINT64_C(4) << 30);
    m->stall_memory.some = hr_real_of(p->stall_memory);
    m->stall_io.some = hr_real_of(p->stall_io);
    m->disk_n = 1;
    m->disk[0].busy = HR_READ(p->disk * 10);
    m->disk[0].read_ns = HR_READ(5000000);
    m->gpus.n = p->gpu < 0 ? 0 : 1;
    struct hr_gpu_load *g = &m->gpus.gpu[0];
    g->busy = hr_figure_of((uint64_t)HR_MAX(p->gpu, 0));
    g->milliwatts = hr_figure_of((uint64_t)(p->watts * 1000));
    g->milliwatts_limit = hr_figure_of(300000);
    g->throttle = hr_figure_of(p->bits);
    g->sm_mhz = hr_figure_of(p->mhz);
    g->sm_mhz_max = hr_figure_of(3000);
}

static void job(const struct plant *p)
{
    struct hr_job_load *j = &model->job[0];
    memset(j, 0, sizeof *j);
    model->job_n = 1;
    snprintf(j->name, sizeof j->name, "train.py");
    j->lead = 42;
    j->age = 3600 * SECOND;
    j->procs = 1 + p->workers;
    j->workers = p->workers;
    j->stopped = p->stopped;
    j->windows_drive = p->windows;
    j->mean = (struct hr_job_means) { 20, (float)(p->lead_cpu + p->worker_cpu), (float)p->lead_cpu, (float)p->worker_cpu,
                                      (float)p->blocked, (float)p->running, (float)p->lead_blocked };
}

static struct hr_slow verdict(const struct plant *p, unsigned ticks)
{
    struct hr_slow v;
    hr_series_close(series);
    memset(model, 0, sizeof *model);
    assert_int_equal(hr_series_open(&series, NULL), 0);
    machine(p);
    job(p);
    for (unsigned i = 0; i < ticks; i++) {
        model->at = (1000 + i) * SECOND;
        hr_series_take(series, model);
    }
    hr_why_slow(model, series, hr_slow_job(model, NULL), 60 * SECOND, &v);
    return v;
}

static void every_plant_gets_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(plants); i++) {
        struct hr_slow v = verdict(&plants[i], 20);
        if (v.kind != plants[i].is)
            fail_msg("%s: %s (%s)", plants[i].name, hr_slow_word(v.kind)->key, v.because);
        assert_true(v.kind != HR_SLOW_CANNOT || v.because[0] != 0);
        assert_true(v.kind == HR_SLOW_CANNOT || v.evidence_n != 0); /* no verdict without evidence */
        assert_true(v.kind == HR_SLOW_CANNOT || hr_slow_word(v.kind)->advice[0] != 0);
    }
}

static void what_was_not_seen_long_enough_is_not_judged(void **state)
{
    (void)state;
    struct hr_slow v;
    verdict(&plants[0], 20);
    model->job[0].mean.n = 2;
    hr_why_slow(model, series, 0, 60 * SECOND, &v);
    assert_int_equal(v.kind, HR_SLOW_CANNOT);
    assert_non_null(strstr(v.because, "too short"));
    model->job_n = 0;
    hr_why_slow(model, series, hr_slow_job(model, NULL), 60 * SECOND, &v);
    assert_int_equal(v.kind, HR_SLOW_CANNOT);
    assert_non_null(strstr(v.because, "no training job"));
    model->procs_known = hr_truth_unknown("forbidden");
    hr_why_slow(model, series, -1, 60 * SECOND, &v);
    assert_non_null(strstr(v.because, "cannot be seen"));
}

static void figures_that_are_stale_are_no_load(void **state)
{
    (void)state;
    struct hr_slow v;
    struct plant p = plants[0];
    verdict(&p, 20);
    model->gpus.stale = true;
    snprintf(model->gpus.say, sizeof model->gpus.say, "the driver has not answered for 70 s");
    for (unsigned i = 0; i < 70; i++) {
        model->at += SECOND;
        hr_series_take(series, model);
    }
    hr_why_slow(model, series, 0, 60 * SECOND, &v);
    assert_int_equal(v.kind, HR_SLOW_CANNOT);
    assert_non_null(strstr(v.evidence[v.evidence_n - 1], "has not answered"));
}

static void the_job_is_found_by_name_and_pid(void **state)
{
    (void)state;
    verdict(&plants[0], 5);
    model->job[1] = model->job[0];
    model->job_n = 2;
    snprintf(model->job[1].name, sizeof model->job[1].name, "other.py");
    model->job[1].lead = 77;
    model->job[1].gpus = 3;
    assert_int_equal(hr_slow_job(model, NULL), 1);
    assert_int_equal(hr_slow_job(model, "train.py"), 0);
    assert_int_equal(hr_slow_job(model, "77"), 1);
    assert_int_equal(hr_slow_job(model, "nobody"), -1);
}

static int begin(void **state)
{
    (void)state;
    model = hr_calloc(1, sizeof *model);
    return model == NULL;
}

static int end(void **state)
{
    (void)state;
    hr_series_close(series);
    hr_free(model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plant_gets_its_verdict),
        cmocka_unit_test(what_was_not_seen_long_enough_is_not_judged),
        cmocka_unit_test(figures_that_are_stale_are_no_load),
        cmocka_unit_test(the_job_is_found_by_name_and_pid),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

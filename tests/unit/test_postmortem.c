/* Every end that a recording can have, planted: who is named, with which evidence, and what cannot be told. */
#include "unit.h"

#include "mem.h"
#include "model_make.h"
#include "postmortem.h"
#include "root_make.h"

#include <stdlib.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define SAID(s) (500000 + (s)) /* seconds since boot of second s of the model */

static struct hr_model *model;
static struct hr_postmortem *post;
static char path[64];
static struct hr_ring *ring;

static int begin(void **state)
{
    snprintf(path, sizeof path, "post-%d.test", (int)getpid());
    model = hr_calloc(1, sizeof *model);
    post = hr_calloc(1, sizeof *post);
    return model == NULL || post == NULL || setup(state);
}

static int end(void **state)
{
    hr_free(model);
    hr_free(post);
    unlink(path);
    return teardown(state);
}

static void record(const char *boot)
{
    assert_int_equal(hr_ring_open(path, 1 << 20, boot, &ring, NULL), 0);
}

static struct hr_proc_load *process(int pid)
{
    for (unsigned i = 0; i < model->proc_n; i++)
        if (model->proc[i].pid == pid)
            return &model->proc[i];
    fail_msg("no process %d", pid);
    return NULL;
}

/* Second t, where `own` bytes of the first rank's and `left` of the machine's are set. */
static void moment(unsigned t, uint64_t own, uint64_t left)
{
    make_model(model, t, 1);
    process(4711)->own = HR_READ(own);
    model->memory.available = hr_figure_of(left);
    model->memory.swap_total = model->memory.swap_used = hr_figure_of(0);
}

static void put_moment(void)
{
    assert_int_equal(hr_ring_put(ring, model, NULL), 0);
}

/* A leak of 40 MiB a second from 2.1 GiB on, over `n` seconds; `left` at the end. */
static void leak(unsigned n, uint64_t left)
{
    for (unsigned t = 1; t <= n; t++) {
        moment(t, 2150 * MIB + (uint64_t)t * 40 * MIB, left + (uint64_t)(n - t) * 40 * MIB);
        put_moment();
    }
}

static void quiet(unsigned from, unsigned n)
{
    for (unsigned t = from; t < from + n; t++) {
        moment(t, 2 * GIB, 20 * GIB);
        put_moment();
    }
}

static void cut(void)
{
    hr_ring_close(ring);
}

static void kernel(const char *said)
{
    put("headrace/answer/kernel-log", said);
}

/* The machine as it is when it is asked: of the boot `boot`. */
static void machine(const char *boot)
{
    char text[64];
    unlink(path);
    fresh();
    snprintf(text, sizeof text, "%s\n", boot);
    put("proc/sys/kernel/random/boot_id", text);
}

static void ask_back(unsigned back, bool busy)
{
    struct hr_tape t;
    struct hr_root *root = opened();
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_tape_open(path, &t, &err), 0);
    if (hr_postmortem(&t, root, &(struct hr_post_ask) { 600 * SECOND, back, busy }, post, &err) < 0)
        fail_msg("%s", err.text);
    hr_tape_close(&t);
    hr_root_close(root);
}

static void ask(void)
{
    ask_back(0, false);
}

static bool evident(const char *words)
{
    for (unsigned i = 0; i < post->evidence_n; i++)
        if (strstr(post->evidence[i], words) != NULL)
            return true;
    return false;
}

static void must(const char *words)
{
    if (evident(words))
        return;
    for (unsigned i = 0; i < post->evidence_n; i++)
        print_message("  - %s\n", post->evidence[i]);
    fail_msg("no evidence says '%s'", words);
}

static void is(enum hr_post_end e, enum hr_cause c)
{
    if (post->end != e || post->cause != c)
        for (unsigned i = 0; i < post->evidence_n; i++)
            print_message("  - %s\n", post->evidence[i]);
    assert_string_equal(hr_post_end_text(post->end, false), hr_post_end_text(e, false));
    assert_string_equal(hr_cause_text(post->cause), hr_cause_text(c));
}

static void says(const char *words)
{
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    hr_postmortem_text(post, "14:00:00", "14:04:00", true, &b);
    if (strstr(b.data, words) == NULL)
        fail_msg("'%s' is not in:\n%s", words, b.data);
    hr_buf_fini(&b);
}

/* --- the kernel killed --- */

static void the_kernel_killed_machine_wide(void **state)
{
    (void)state;
    char said[1024];
    machine("b007");
    record("b007");
    leak(240, 300 * MIB);
    cut();
    snprintf(said, sizeof said,
             "<6>[    0.000000] Linux version 6.6.87.1-microsoft-standard-WSL2\n"
             "<4>[%d.100244] python invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0\n"
             "<6>[%d.100311] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=python,pid=4711,uid=1000\n"
             "<3>[%d.100420] Out of memory: Killed process 4711 (python) total-vm:58201224kB, anon-rss:12031424kB, file-rss:1200kB, shmem-rss:0kB, UID:1000 "
             "pgtables:41200kB oom_score_adj:0\n",
             SAID(240), SAID(240), SAID(240));
    kernel(said);
    ask();
    is(HR_POST_RECORDER, HR_CAUSE_OOM);
    must("the kernel killed python (pid 4711), which held 11.5 GiB, 100 ms after the last moment: python train.py (pid 4711) grew from 2.14 GiB to 11.5 GiB");
    assert_int_equal(post->growers, 1);
    assert_int_equal(post->grower[0].is - post->grower[0].was, 239 * 40 * MIB);
    assert_true(post->grower[0].took > 230 * SECOND && post->grower[0].took < 240 * SECOND);
    assert_non_null(strstr(post->culprit, "python train.py (pid 4711) grew from 2.14 GiB to 11.5 GiB in 3 min 5"));
    says("the kernel killed a program because memory was used up\npython train.py (pid 4711) grew");
    says("headrace run -- COMMAND");
}

/* It died between two looks at it: what it held is then what the kernel says. */
static void a_fast_death(void **state)
{
    (void)state;
    char said[256];
    machine("b007");
    record("b007");
    quiet(1, 30);
    cut();
    snprintf(said, sizeof said, "[%d.500000] Memory cgroup out of memory: Killed process 4711 (python) total-vm:9000000kB, anon-rss:8388608kB, file-rss:0kB\n", SAID(30));
    kernel(said);
    ask();
    is(HR_POST_RECORDER, HR_CAUSE_OOM);
    must("(pid 4711) because of a cgroup's limit, which held 8.00 GiB, 500 ms after the last moment: python train.py (pid 4711) grew from 2.00 GiB to 8.00 GiB in 29.5 s");
    assert_non_null(strstr(post->culprit, "python train.py (pid 4711) grew from 2.00 GiB to 8.00 GiB"));
}

/* A message of long before, or of long after, is none of these minutes. */
static void what_the_kernel_said_at_other_times_does_not_count(void **state)
{
    (void)state;
    char said[512];
    machine("b007");
    record("b007");
    quiet(1, 60);
    cut();
    snprintf(said, sizeof said,
             "[%d.0] Out of memory: Killed process 99 (x) total-vm:1kB, anon-rss:1kB\n[%d.0] NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.\n"
             "Out of memory: Killed process 98 (x) total-vm:1kB\n",
             SAID(-100), SAID(200));
    kernel(said);
    ask();
    is(HR_POST_RECORDER, HR_CAUSE_UNTOLD);
    must("the kernel said nothing");
    must("there was memory left: a signal from outside");
    assert_string_equal(post->culprit, "");
}

static void by_the_count_alone_where_the_log_is_forbidden(void **state)
{
    (void)state;
    machine("b007");
    record("b007");
    for (unsigned t = 1; t < 100; t++) {
        moment(t, 2 * GIB, 20 * GIB);
        model->memory.oom_kills = hr_figure_of(t < 80 ? 3 : 5);
        put_moment();
    }
    cut();
    ask();
    is(HR_POST_RECORDER, HR_CAUSE_OOM);
    must("rose by 2 in these minutes");
    must("the kernel's messages cannot be read: the capture does not hold the kernel's log");
    assert_non_null(strstr(post->culprit, "cannot be told"));
}

/* --- the machine went away --- */

static void the_vm_is_gone_with_memory_used_up(void **state)
{
    (void)state;
    machine("b008");
    put("headrace/answer/now", "1790500300000000000\n"); /* 60 s behind second 240 */
    put("proc/uptime", "18.00 30.00\n");
    record("b007");
    assert_int_equal(hr_ring_note(ring, HR_RING_FOLLOWED, NULL), 0);
    leak(240, 500 * MIB);
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_MEMORY);
    must("the kernel said nothing about memory, graphics, storage or a crash as long as the recorder listened");
    must("at the last moment 500 MiB of 31.3 GiB (2 %) were available, without swap");
    must("the machine was started again 42 s after the last moment");
    assert_non_null(strstr(post->culprit, "python train.py (pid 4711) grew from"));
    says("the WSL VM went away and was started anew since");
    says("memory was used up: most likely that was the end");
}

static void the_vm_is_gone_and_nothing_tells_why(void **state)
{
    (void)state;
    machine("b008");
    record("b007");
    assert_int_equal(hr_ring_note(ring, HR_RING_KERNEL "/dev/kmsg cannot be read: Operation not permitted", NULL), 0);
    quiet(1, 100);
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_UNTOLD);
    must("are gone with it, and the recorder could not listen: /dev/kmsg cannot be read: Operation not permitted");
    must("there was memory left: wsl --shutdown, the idle time-out of WSL");
    says("what ended it cannot be told");
}

/* What the recorder wrote down outlives the kernel that said it. */
static void dxg_messages_of_a_vm_that_is_gone(void **state)
{
    (void)state;
    static const struct {
        const char *line, *means;
        enum hr_cause cause;
    } cases[] = {
        { "misc dxg: dxgk: dxgkio_make_resident: Ioctl failed: -12", "Windows had no room left in VRAM", HR_CAUSE_GPU },
        { "memcpy: detected field-spanning write (size 16) of single field \"&command.args\" at drivers/hv/dxgkrnl/dxgvmbus.c:3095 (size 0)",
          "6.18.26 to 6.18.35", HR_CAUSE_GPU },
        { "RIP: 0010:hmgrtable_free_handle+0x2c/0x110", "a known crash as a program leaves the GPU", HR_CAUSE_GPU },
        { "misc dxg: dxgk: dxgkio_is_feature_enabled: Ioctl failed: -22", NULL, HR_CAUSE_UNTOLD }, /* noise of every start */
        { "misc dxg: dxgk: dxgkio_query_adapter_info: Ioctl failed: -2", NULL, HR_CAUSE_UNTOLD },
        { "NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.", "NVIDIA's table of Xid errors", HR_CAUSE_GPU },
        { "BUG: kernel NULL pointer dereference, address: 0000000000000008", NULL, HR_CAUSE_KERNEL },
        { "watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [python:4711]", NULL, HR_CAUSE_KERNEL },
        { "EXT4-fs (sdc): Remounting filesystem read-only", NULL, HR_CAUSE_STORAGE },
        { "I/O error, dev sdc, sector 1024 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 2", NULL, HR_CAUSE_STORAGE },
        { "INFO: task python:4711 blocked for more than 122 seconds.", NULL, HR_CAUSE_HUNG },
        { "Out of memory: Killed process 4711 (python) total-vm:58201224kB, anon-rss:2097152kB, file-rss:1200kB", NULL, HR_CAUSE_OOM },
    };
    for (size_t i = 0; i < HR_COUNT(cases); i++)
        for (int alive = 0; alive < 2; alive++) { /* written down by the recorder, or in the log of the kernel that goes on */
            char note[HR_RING_TEXT], said[512];
            machine(alive ? "b007" : "b008");
            record("b007");
            assert_int_equal(hr_ring_note(ring, HR_RING_FOLLOWED, NULL), 0);
            quiet(1, 90);
            snprintf(said, sizeof said, "[%d.500000] %s", SAID(88), cases[i].line);
            snprintf(note, sizeof note, HR_RING_KERNEL "%.200s", said);
            if (!alive)
                assert_int_equal(hr_ring_note(ring, note, NULL), 0);
            quiet(91, 10);
            cut();
            if (alive)
                kernel(said);
            ask();
            is(alive ? HR_POST_RECORDER : HR_POST_MACHINE, cases[i].cause);
            if (cases[i].means != NULL)
                must(cases[i].means);
            if (cases[i].cause != HR_CAUSE_UNTOLD && cases[i].cause != HR_CAUSE_OOM) {
                snprintf(said, sizeof said, "the kernel said, 11.5 s before the last moment: %.100s", cases[i].line);
                must(said);
            }
        }
}

/* J2: told, but not blamed. */
static void an_old_message_is_no_cause(void **state)
{
    (void)state;
    char note[HR_RING_TEXT];
    machine("b008");
    record("b007");
    quiet(1, 5);
    snprintf(note, sizeof note, HR_RING_KERNEL "[%d.000000] misc dxg: dxgk: dxgkio_make_resident: Ioctl failed: -12", SAID(4));
    assert_int_equal(hr_ring_note(ring, note, NULL), 0);
    quiet(6, 300);
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_UNTOLD);
    must("dxgkio_make_resident");
}

static void the_machine_stood_still_more_and_more(void **state)
{
    (void)state;
    machine("b008");
    record("b007");
    uint64_t late = 0;
    for (unsigned t = 1; t <= 130; t++) {
        moment(t, 2 * GIB, 20 * GIB);
        late += t > 122 ? (t - 122) * 2 * SECOND : 0;
        model->at += late;
        model->wall += late;
        model->stall_memory.full = model->stall_io.full = hr_real_of(t > 122 ? 12 : 0);
        put_moment();
    }
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_HUNG);
    must("the recorder itself came late");
    must("was 17 s instead of 1 s");
    machine("b008"); /* the same, but for want of memory */
    record("b007");
    for (unsigned t = 1; t <= 60; t++) {
        moment(t, 2 * GIB + t * 400 * MIB, t > 40 ? 3 * GIB : 20 * GIB);
        model->memory.swap_total = hr_figure_of(8 * GIB);
        model->stall_memory.full = model->stall_io.full = hr_real_of(t > 40 ? 91 : 0);
        put_moment();
    }
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_MEMORY);
    must("all programs stood still for want of memory 59 % of the last half minute");
    assert_non_null(strstr(post->culprit, "python train.py (pid 4711) grew"));
}

/* --- ends that are none of the machine's --- */

static void a_clean_end(void **state)
{
    (void)state;
    machine("b007");
    record("b007");
    quiet(1, 30);
    assert_int_equal(hr_ring_finish(ring, "by Ctrl-C (SIGINT)", NULL), 0);
    hr_ring_close(ring);
    ask();
    is(HR_POST_CLEAN, HR_CAUSE_NONE);
    says("the recorder ended in order: by Ctrl-C (SIGINT); last moment 14:04:00");
    says("nobody by 16 MiB or more");
}

static void a_job_that_ended_before(void **state)
{
    (void)state;
    machine("b007");
    record("b007");
    for (unsigned t = 1; t <= 60; t++) {
        moment(t, 2 * GIB, 20 * GIB);
        model->job_n = t <= 40;
        put_moment();
    }
    ask_back(0, true);
    is(HR_POST_GOES_ON, HR_CAUSE_NONE);
    must("the job train.py (pid 4700) was seen last 20 s before the last moment; it held 9.00 GiB");
    cut();
}

static void what_became_full(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++)
        for (int all_the_time = 0; all_the_time < 2; all_the_time++) {
            machine("b007");
            record("b007");
            for (unsigned t = 1; t <= 60; t++) {
                moment(t, 2 * GIB, 20 * GIB);
                model->space[which].available = HR_READ(t > 30 || all_the_time ? 0 : which == 0 ? 100 * GIB : GIB);
                model->segment_n = 1;
                model->segments_known = hr_truth_of(true);
                model->segment[0] = (struct hr_segment) { .name = "torch_4711_1", .bytes = 5 * GIB, .pid = 4711, .job = 0 };
                put_moment();
            }
            cut();
            kernel("[    0.000000] Linux version 6.6.87.1-microsoft-standard-WSL2\n");
            ask();
            is(HR_POST_RECORDER, all_the_time ? HR_CAUSE_UNTOLD : which == 0 ? HR_CAUSE_DISK : HR_CAUSE_SHM);
            must(which == 0 ? "/ was full: 0 B left of 1006 GiB" : "/dev/shm was full: 0 B left of 8.00 GiB");
            assert_int_equal(evident(", all the time"), all_the_time);
            assert_int_equal(evident("the largest segment of /dev/shm is torch_4711_1 with 5.00 GiB, held by pid 4711"), which == 1 && !all_the_time);
        }
}

static void who_took_it_cannot_be_told(void **state)
{
    (void)state;
    machine("b008");
    record("b007");
    for (unsigned t = 1; t <= 100; t++) {
        moment(t, 2 * GIB, 20 * GIB - (uint64_t)t * 200 * MIB);
        model->memory.part[HR_PART_SHMEM] = HR_READ(GIB + (uint64_t)t * 190 * MIB);
        put_moment();
    }
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_MEMORY);
    assert_non_null(strstr(post->culprit, "who took the memory cannot be told"));
    must("grew from 1.19 GiB to 19.6 GiB");
}

static void the_limit_of_a_cgroup_comes_first(void **state)
{
    (void)state;
    machine("b008");
    record("b007");
    for (unsigned t = 1; t <= 100; t++) {
        moment(t, GIB + (uint64_t)t * 30 * MIB, 20 * GIB);
        model->memory.limit = hr_figure_of(4 * GIB);
        model->memory.limit_used = hr_figure_of(GIB + (uint64_t)t * 30 * MIB);
        put_moment();
    }
    cut();
    ask();
    is(HR_POST_MACHINE, HR_CAUSE_MEMORY);
    must("of 4.00 GiB, the limit of the recorder's cgroup,");
}

/* --- more than one recording in the file --- */

static void the_recording_before(void **state)
{
    (void)state;
    machine("b008");
    record("b007");
    leak(100, 400 * MIB);
    cut();
    record("b008");
    quiet(1000, 20);
    ask_back(0, true);
    is(HR_POST_GOES_ON, HR_CAUSE_NONE);
    must("an earlier recording in this file was cut off");
    must("--back 1 tells of it");
    ask_back(1, true);
    is(HR_POST_MACHINE, HR_CAUSE_MEMORY);
    assert_int_equal(post->moments, 100);
    struct hr_tape t;
    struct hr_root *root = opened();
    struct hr_error err;
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    assert_int_equal(hr_postmortem(&t, root, &(struct hr_post_ask) { 600 * SECOND, 2, false }, post, &err), HR_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "does not hold 2 recordings before"));
    hr_tape_close(&t);
    hr_root_close(root);
    cut();
}

/* What told of the kernel's run is overwritten in a long recording, and told again. */
static void a_long_recording_still_knows_its_run(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        machine(same ? "b007" : "b008");
        record("b007");
        for (unsigned t = 1; t < 9000; t++) {
            moment(t, 2 * GIB, 20 * GIB);
            for (unsigned i = 0; i < 10; i++) /* so that a look needs room */
                model->proc[i].cpu = (float)(t * 7919 % (100 + i));
            put_moment();
        }
        cut();
        struct hr_tape tape;
        assert_int_equal(hr_tape_open(path, &tape, NULL), 0);
        assert_int_equal(hr_tape_last(&tape, tape.n, HR_FRAME_BEGIN), SIZE_MAX); /* it is gone */
        hr_tape_close(&tape);
        ask();
        is(same ? HR_POST_RECORDER : HR_POST_MACHINE, HR_CAUSE_UNTOLD);
    }
}

static void nothing_is_known_of_it(void **state)
{
    (void)state;
    unlink(path);
    fresh();
    record("");
    for (unsigned t = 1; t < 10; t++) {
        moment(t, 2 * GIB, 20 * GIB);
        model->memory.total = model->memory.available = hr_figure_unknown("gone");
        put_moment();
    }
    cut();
    ask();
    is(HR_POST_CUT, HR_CAUSE_UNTOLD);
    must("memory was not recorded");
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    struct hr_jw w = HR_JW_INIT(&b, 2);
    hr_postmortem_json(post, &w);
    assert_true(hr_jw_done(&w));
    assert_non_null(strstr(b.data, "\"available\": null"));
    assert_non_null(strstr(b.data, "\"end\": \"cut-off\""));
    assert_non_null(strstr(b.data, "\"culprit\": null"));
    hr_buf_fini(&b);
}

/* One that is seen in a single look grew in less than the time between two, and not in 0 ns. */
static void a_grower_of_one_look(void **state)
{
    (void)state;
    struct hr_grower g = { .pid = 7, .name = "train.py", .is = 40 * MIB };
    char text[256];
    hr_grower_text(&g, text, sizeof text);
    assert_string_equal(text, "train.py (pid 7) was started and took 40.0 MiB from one look to the next");
    g.took = 3 * SECOND;
    hr_grower_text(&g, text, sizeof text);
    assert_string_equal(text, "train.py (pid 7) was started and took 40.0 MiB in 3 s");
    g.was = 20 * MIB;
    g.took = 0;
    hr_grower_text(&g, text, sizeof text);
    assert_string_equal(text, "train.py (pid 7) grew from 20.0 MiB to 40.0 MiB from one look to the next");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grower_of_one_look),
        cmocka_unit_test(the_kernel_killed_machine_wide),
        cmocka_unit_test(a_fast_death),
        cmocka_unit_test(what_the_kernel_said_at_other_times_does_not_count),
        cmocka_unit_test(by_the_count_alone_where_the_log_is_forbidden),
        cmocka_unit_test(the_vm_is_gone_with_memory_used_up),
        cmocka_unit_test(the_vm_is_gone_and_nothing_tells_why),
        cmocka_unit_test(dxg_messages_of_a_vm_that_is_gone),
        cmocka_unit_test(an_old_message_is_no_cause),
        cmocka_unit_test(the_machine_stood_still_more_and_more),
        cmocka_unit_test(a_clean_end),
        cmocka_unit_test(a_job_that_ended_before),
        cmocka_unit_test(what_became_full),
        cmocka_unit_test(who_took_it_cannot_be_told),
        cmocka_unit_test(the_limit_of_a_cgroup_comes_first),
        cmocka_unit_test(the_recording_before),
        cmocka_unit_test(a_long_recording_still_knows_its_run),
        cmocka_unit_test(nothing_is_known_of_it),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

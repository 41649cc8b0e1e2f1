/* Processes read in turns (look_procs.c, L1 to L5; proc_alarm.c, A1 to A3; proc_rows.c, P1 to P4; rare_inside.h, R1 and R2): children of this
 * test do what it says, the machine's totals say what it likes, and time is its own.  The other processes of the machine come, go and grow
 * as they like, and what reading them costs is the CPU's to say: where that may decide, the test looks what happened, or has credit given. */
#include "unit.h"

#include "resident.h"
#include "watch_inside.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLEEPERS = 30, GROWTH = 96, MOST = GROWTH + GROWTH / 8 + 8, MUCH = 8192 }; /* MiB; MOST: with a sanitizer's shadow of it;
 * MUCH: no other process hides it */
#define MIB (UINT64_C(1) << 20)

/* --- the machine as it is told --- */

static uint64_t at = 1000 * HR_SECOND, anon, forks, tasks;
static bool blind; /* anonymous memory is not told: nothing is a reason to read all */
static char text[256];

static uint64_t now(void *ctx)
{
    (void)ctx;
    return at;
}

static struct hr_str given(void *ctx, const char *path)
{
    (void)ctx;
    text[0] = 0;
    if (strcmp(path, "proc/meminfo") == 0 && blind)
        snprintf(text, sizeof text, "MemTotal: 4194304 kB\n");
    else if (strcmp(path, "proc/meminfo") == 0)
        snprintf(text, sizeof text, "MemTotal: 4194304 kB\nAnonPages: %llu kB\n", (unsigned long long)(anon >> 10));
    else if (strcmp(path, "proc/stat") == 0 && forks != 0)
        snprintf(text, sizeof text, "cpu  0 0 0 1 0 0 0 0\nprocesses %llu\n", (unsigned long long)forks);
    else if (strcmp(path, "proc/loadavg") == 0 && tasks != 0)
        snprintf(text, sizeof text, "0.00 0.00 0.00 1/%llu 77\n", (unsigned long long)tasks);
    else if (strcmp(path, "proc/uptime") == 0)
        snprintf(text, sizeof text, "900000000.00 1.00\n"); /* everybody is old, and has been quiet for nearly all of it */
    return text[0] == 0 ? (struct hr_str) { NULL, 0 } : hr_str(text);
}

static struct hr_root *root;
static struct hr_watch *w;

static void begin(bool frugal, bool files, bool told)
{
    struct hr_watch_options o = { .now = now, .no_gpus = true, .no_files = !files, .frugal = frugal };
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    assert_int_equal(hr_watch_open(root, &o, &w, NULL), 0);
    anon = 1024 * MIB;
    forks = tasks = 100;
    blind = false;
    if (told)
        w->sight.given = given;
}

static void end(void)
{
    hr_watch_close(w);
    hr_root_close(root);
}

static void tick(unsigned n)
{
    while (n-- > 0) {
        at += HR_SECOND;
        hr_watch_tick(w);
    }
}

/* An alarm may read all rows in the next tick, whatever the alarms before it cost. */
static void afford(void)
{
    w->procs.gauge[HR_GAUGE_MEMORY].credit = (int64_t)HR_SECOND;
}

/* A tick with all the time in the world for rare looks, at the price of the table. */
static void unhurried_tick(void)
{
    w->rare.credit = (int64_t)HR_SECOND;
    w->rare.pss_ns = w->rare.pss_bytes = 0;
    tick(1);
}

static bool all_were_read(void)
{
    for (unsigned i = 0; i < w->model->proc_n; i++)
        if (w->procs.more[i].seq != w->model->seq)
            return false;
    return true;
}

/* --- its children --- */

struct child {
    int pid, tell, hear;
};

static _Noreturn void obey(int from, int to)
{
    char c;
    while (read(from, &c, 1) == 1) {
        void *p = c == 'g' ? mmap(NULL, GROWTH * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
        if (c == 'x' || p == MAP_FAILED)
            break;
        if (p != NULL)
            memset(p, 1, GROWTH * MIB);
        if (write(to, &c, 1) != 1)
            break;
    }
    _exit(0);
}

static struct child child(void)
{
    int there[2], back[2];
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    struct child c = { .pid = fork(), .tell = there[1], .hear = back[0] };
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        close(there[1]);
        close(back[0]);
        obey(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    return c;
}

static void tell(const struct child *c, char what)
{
    char said = 0;
    assert_int_equal(write(c->tell, &what, 1), 1);
    assert_int_equal(read(c->hear, &said, 1), 1);
    assert_int_equal(said, what);
}

static void finish(struct child *c)
{
    kill(c->pid, SIGKILL);
    assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
    close(c->tell);
    close(c->hear);
}

static int row(const struct child *c)
{
    return hr_look_row(w, c->pid);
}

static uint64_t own(const struct child *c)
{
    int i = row(c);
    assert_true(i >= 0);
    return w->model->proc[i].own.why == HR_WHY_KNOWN ? w->model->proc[i].own.v : 0;
}

/* What a child may have of its parent from its beginning, in bytes. */
static uint64_t of_its_parent(void)
{
    return anonymous_now() + 8 * MIB;
}

/* P1 and P4 */
static void table_is_sound(void)
{
    const struct hr_look_procs *l = &w->procs;
    struct hr_proc_sum sum = { 0, 0, 0 };
    for (unsigned i = 0; i < w->model->proc_n; i++) {
        const struct hr_proc_load *p = &w->model->proc[i];
        assert_int_equal(hr_look_row(w, p->pid), i);
        assert_int_equal(l->turn[i].pid, p->pid);
        assert_true(l->turn[i].listed != 0);
        sum.own += p->own.why == HR_WHY_KNOWN ? (int64_t)p->own.v : 0;
        sum.cpu += p->cpu > 0 ? (int64_t)(p->cpu * 1000) : 0;
        sum.moved += p->read.why == HR_WHY_KNOWN ? (int64_t)p->read.v : 0;
        sum.moved += p->written.why == HR_WHY_KNOWN ? (int64_t)p->written.v : 0;
    }
    assert_true(sum.own == l->sum.own && sum.cpu == l->sum.cpu && sum.moved == l->sum.moved);
}

/* --- turns --- */

/* L2 and L3 */
static void quiet_ones_are_read_seldom_and_never_forgotten(void **state)
{
    (void)state;
    static const struct {
        bool frugal;
        unsigned most, least; /* seconds between two readings, at most and (at its longest wait) at least */
    } rows[] = { { true, 90, 15 }, { false, 15, 2 } };
    struct child c[SLEEPERS];
    for (unsigned i = 0; i < SLEEPERS; i++)
        c[i] = child();
    for (unsigned k = 0; k < HR_COUNT(rows); k++) {
        unsigned settle = 2 * rows[k].most, watched = 2 * rows[k].most, reads[SLEEPERS] = { 0 }, sweeps = 0;
        begin(rows[k].frugal, false, true);
        tick(settle);
        for (unsigned t = 0; t < watched; t++) {
            tick(1);
            for (unsigned i = 0; i < SLEEPERS; i++) {
                uint64_t seq = w->procs.more[row(&c[i])].seq;
                reads[i] += seq == w->model->seq;
                assert_true(w->model->seq - seq <= rows[k].most + 2);
            }
            sweeps += all_were_read(); /* another process of the machine gave a reason */
        }
        assert_true(sweeps < watched / 2);
        for (unsigned i = 0; i < SLEEPERS; i++)
            assert_in_range(reads[i], 1, watched / rows[k].least + 1 + sweeps);
        table_is_sound();
        end();
    }
    for (unsigned i = 0; i < SLEEPERS; i++)
        finish(&c[i]);
}

/* To the tick in which it is read next. */
static void to_its_turn(const struct child *c)
{
    uint64_t seq = w->procs.more[row(c)].seq;
    while (w->procs.more[row(c)].seq == seq)
        tick(1);
}

/* To one in which it is read, and will not be in the next: who was seen to grow is hot for a while. */
static void to_a_far_turn(const struct child *c)
{
    unsigned tries = 0;
    do {
        to_its_turn(c);
        assert_true(tries++ < 1000);
    } while (w->procs.turn[row(c)].due < at + 2 * HR_SECOND);
}

/* It grows, and the machine does not show it: nobody looks.  Unless another process of the machine, which these tests do not hold still,
 * gave a reason: then once more. */
static void grows_unseen(struct child *c)
{
    for (unsigned tries = 0; tries < 20; tries++) {
        to_a_far_turn(c);
        uint64_t before = own(c);
        tell(c, 'g');
        tick(1);
        if (own(c) == before)
            return;
    }
    fail_msg("it was seen although nothing told of it");
}

/* L4, and L2's other half: it is hot from then on */
static void who_begins_to_grow_is_seen_in_the_same_tick(void **state)
{
    (void)state;
    for (unsigned frugal = 0; frugal < 2; frugal++) {
        struct child c = child(), other = child();
        begin(frugal != 0, false, true);
        tick(200);
        grows_unseen(&c);
        uint64_t before = own(&c);
        anon += MUCH * MIB;
        afford();
        tick(1);
        assert_in_range(own(&c), before + GROWTH * MIB, before + MOST * MIB);
        assert_int_equal(w->procs.more[row(&other)].seq, w->model->seq); /* all were read */
        bool calm = false;
        for (unsigned tries = 0; tries < 10 && !calm; tries++) {
            before = own(&c);
            tick(1);
            tell(&c, 'g');
            anon += GROWTH * MIB;
            int64_t credit = w->procs.gauge[HR_GAUGE_MEMORY].credit;
            tick(1);
            assert_in_range(own(&c), before + GROWTH * MIB, before + MOST * MIB);
            calm = w->procs.gauge[HR_GAUGE_MEMORY].credit >= credit; /* a row explains it: no reason to read all */
        }
        assert_true(calm);
        table_is_sound();
        end();
        finish(&c);
        finish(&other);
    }
}

/* A new process that grows has no row yet: the alarm lists, too. */
static void a_new_one_that_grows_is_found_before_its_listing(void **state)
{
    (void)state;
    begin(true, false, true);
    tick(100);
    w->procs.listed_at = at;
    struct child c = child();
    tell(&c, 'g');
    anon += MUCH * MIB;
    afford();
    tick(1);
    assert_in_range(own(&c), GROWTH * MIB, GROWTH * MIB + of_its_parent());
    end();
    finish(&c);
}

/* A2 */
static void what_nothing_explains_costs_no_more_than_its_share(void **state)
{
    (void)state;
    enum { TICKS = 200, PATIENCE = 200 * TICKS };
    uint64_t sum = 0, worst = 0, sweeps = 0, t = 0;
    struct child quiet = child();
    begin(true, false, true);
    tick(2);
    /* Longer where a sweep is dear: a slow machine, thousands of processes. */
    for (; t < TICKS || (sweeps < 3 && t < PATIENCE); t++) {
        anon += 200 * MIB;
        tick(1);
        if (!all_were_read())
            continue;
        sweeps++;
        sum += w->procs.sweep_cost;
        worst = HR_MAX(worst, w->procs.sweep_cost);
    }
    assert_true(sweeps >= 3); /* it goes on trying */
    assert_true(sum <= t * HR_SECOND / 4000 + HR_SECOND / 500 + 4 * worst);
    assert_true(w->procs.gauge[HR_GAUGE_CPU].credit > 0); /* A3 */
    end();
    finish(&quiet);
}

/* A1: memory that is given back and taken again is counted from its lowest point. */
static void growth_is_counted_from_the_lowest_point(void **state)
{
    (void)state;
    struct child c = child();
    begin(true, false, true);
    anon = 3 * MUCH * MIB;
    tick(100);
    anon = MUCH * MIB;
    tick(20);
    grows_unseen(&c);
    uint64_t before = own(&c);
    anon += MUCH * MIB;
    afford();
    tick(1);
    assert_in_range(own(&c), before + GROWTH * MIB, before + MOST * MIB);
    end();
    finish(&c);
}

/* --- the table --- */

static unsigned ticks_until(const struct child *c, bool there, unsigned most)
{
    for (unsigned t = 0; t <= most; t++) {
        if ((row(c) >= 0) == there)
            return t;
        tick(1);
    }
    return most + 1;
}

/* L1 */
static void the_kernels_counts_say_when_to_list(void **state)
{
    (void)state;
    begin(true, false, true);
    blind = true;
    tick(2);
    uint32_t listing = w->procs.listing;
    struct child a = child();
    tick(30);
    assert_int_equal(w->procs.listing, listing); /* no task came or went, it is said */
    forks++;
    tasks++;
    assert_in_range(ticks_until(&a, true, 23), 1, 23);
    finish(&a);
    tasks--;
    assert_in_range(ticks_until(&a, false, 23), 0, 23);
    tick(23);
    a = child();
    assert_in_range(ticks_until(&a, true, 62), 20, 62); /* and without a word */
    finish(&a);
    forks = 0; /* not told: as if it always moved */
    a = child();
    assert_in_range(ticks_until(&a, true, 23), 0, 23);
    finish(&a);
    end();
}

/* 2,000 short lives, of which some are still there as zombies when they are looked at, and one in fifty stays. */
static void a_changing_table_stays_right(void **state)
{
    (void)state;
    enum { TICKS = 40, EACH = 50 };
    struct child stays[TICKS];
    for (unsigned told = 0; told < 2; told++) {
        begin(true, false, told != 0);
        for (unsigned t = 0; t < TICKS; t++) {
            int pid[EACH];
            for (unsigned i = 0; i < EACH; i++) {
                pid[i] = fork();
                assert_true(pid[i] >= 0);
                if (pid[i] == 0)
                    _exit(0);
            }
            stays[t] = child();
            if (t % 2 == 0)
                tick(1);
            forks += EACH + 1;
            tasks++;
            for (unsigned i = 0; i < EACH; i++)
                assert_int_equal(waitpid(pid[i], NULL, 0), pid[i]);
            if (t % 2 != 0)
                tick(1);
            table_is_sound();
        }
        tick(25);
        table_is_sound();
        unsigned mine = 0;
        for (unsigned i = 0; i < w->model->proc_n; i++)
            mine += w->model->proc[i].parent == getpid();
        for (unsigned t = 0; t < TICKS; t++)
            assert_true(row(&stays[t]) >= 0);
        assert_int_equal(mine, TICKS);
        for (unsigned t = 0; t < TICKS; t++)
            finish(&stays[t]);
        tasks -= TICKS;
        tick(21);
        for (unsigned i = 0; i < w->model->proc_n; i++)
            assert_true(w->model->proc[i].parent != getpid());
        table_is_sound();
        end();
    }
}

/* P2 */
static void a_pid_that_is_used_again_is_another_process(void **state)
{
    (void)state;
    struct child c = child();
    begin(true, false, true);
    tick(100);
    int i = row(&c);
    assert_true(i >= 0 && (w->procs.more[i].flags & HR_FLAG_SEEN_TWICE) != 0);
    uint64_t born = w->model->proc[i].born;
    w->model->proc[i].born--;
    w->model->proc[i].rank = 3;
    w->procs.turn[i].due = 0;
    to_its_turn(&c); /* at once, unless more are due than a tick takes */
    i = row(&c);
    assert_int_equal(w->model->proc[i].born, born);
    assert_int_equal(w->model->proc[i].rank, -1);
    assert_true(w->model->proc[i].cpu < 0 && (w->procs.more[i].flags & HR_FLAG_SEEN_TWICE) == 0);
    table_is_sound();
    end();
    finish(&c);
}

/* --- rare looks --- */

/* R2 */
static void pss_that_stands_is_measured_ever_more_rarely(void **state)
{
    (void)state;
    struct child c = child();
    uint64_t last = 0;
    unsigned measured = 0;
    tell(&c, 'g');
    begin(false, true, true);
    for (unsigned t = 0; t < 450; t++) {
        unhurried_tick();
        const struct hr_proc_more *more = &w->procs.more[row(&c)];
        measured += more->pss_at != last;
        last = more->pss_at;
        assert_true(w->rare.credit >= -(int64_t)(HR_SECOND * 6 / 100));
    }
    assert_in_range(measured, 1, 5); /* about 0, 60, 180, 420 s, or later where there are many others */
    assert_in_range(w->model->proc[row(&c)].pss.v, GROWTH * MIB, GROWTH * MIB + of_its_parent());
    tell(&c, 'g');
    anon += GROWTH * MIB;
    for (unsigned t = 0; t < 60 && w->model->proc[row(&c)].pss.v < 2 * GROWTH * MIB; t++)
        unhurried_tick(); /* what moves is measured again soon */
    assert_in_range(w->model->proc[row(&c)].pss.v, 2 * GROWTH * MIB, 2 * GROWTH * MIB + of_its_parent());
    end();
    finish(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_ones_are_read_seldom_and_never_forgotten),
        cmocka_unit_test(who_begins_to_grow_is_seen_in_the_same_tick),
        cmocka_unit_test(a_new_one_that_grows_is_found_before_its_listing),
        cmocka_unit_test(what_nothing_explains_costs_no_more_than_its_share),
        cmocka_unit_test(growth_is_counted_from_the_lowest_point),
        cmocka_unit_test(the_kernels_counts_say_when_to_list),
        cmocka_unit_test(a_changing_table_stays_right),
        cmocka_unit_test(a_pid_that_is_used_again_is_another_process),
        cmocka_unit_test(pss_that_stands_is_measured_ever_more_rarely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

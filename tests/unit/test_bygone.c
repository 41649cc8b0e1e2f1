/* Walking about in the past: the ring in memory of a live view, and a recorder's file with its coarse tiers; damage; failing calls. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "mem.h"
#define BYTES_MOST ((size_t)8 << 20)
#include "ring_fixture.h"
#include "bygone.h"
#include "ring_alerts.h"
#include "rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static uint64_t wall_of(unsigned t) /* as make_model has it */
{
    return UINT64_C(1790000000000000000) + SECOND * (t + 500000);
}

/* Looks `from` to `to`, a hog among the processes of every look whose number is told by its memory. */
static void put(struct hr_ring *r, struct hr_series *s, unsigned from, unsigned to)
{
    for (unsigned t = from; t <= to; t++) {
        make_model(model, t, 1);
        make_proc(model, 777, 1, -1, HR_DUTY_NONE, "hog", "python hog.py", 50, GIB + (uint64_t)t * 4096);
        assert_int_equal(hr_ring_put(r, model, NULL), 0);
        if (s != NULL)
            hr_series_take(s, model);
    }
}

static uint64_t hog_of(const struct hr_model *m)
{
    for (unsigned i = 0; i < m->proc_n; i++)
        if (m->proc[i].pid == 777)
            return (m->proc[i].resident.v - GIB) / 4096;
    return 0;
}

static struct hr_bygone_moment at(struct hr_bygone *p, uint64_t wall)
{
    struct hr_bygone_moment m = { 0 };
    struct hr_error err;
    assert_int_equal(hr_bygone_at(p, wall, &m, &err), 0);
    return m;
}

static void a_view_keeps_hours_in_little_memory(void **state)
{
    (void)state;
    struct hr_ring *r = NULL;
    struct hr_bygone *p = NULL;
    struct hr_series *s = NULL;
    uint64_t from, to;
    assert_int_equal(hr_series_open(&s, NULL), 0);
    assert_int_equal(hr_ring_open_memory(17 * HR_RING_BLOCK, &r, NULL), 0);
    put(r, s, 1, 100);
    uint64_t allocations = hr_mem_count(), begun = hr_cpu_thread();
    put(r, s, 101, 28800);
    print_message("a look costs %u ns, made up included\n", (unsigned)((hr_cpu_thread() - begun) / 28700));
    assert_int_equal(hr_mem_count(), allocations);
    assert_int_equal(hr_bygone_open_ring(r, s, &p, NULL), 0);
    assert_true(hr_bygone_reach(p, &from, &to));
    assert_int_equal(to, wall_of(28800));
    assert_true(from <= wall_of(60)); /* means go back to the beginning */
    /* minutes ago to the second, hours ago to the minute: each look is what was put, with who held memory */
    struct hr_bygone_moment m;
    unsigned fine = 0, ten = 0, minute = 0, means = 0;
    for (unsigned t = 28800; t > 60; t -= 7) {
        m = at(p, wall_of(t));
        assert_true(m.wall <= wall_of(t));
        uint64_t late = (wall_of(t) - m.wall) / SECOND;
        if (m.seconds == 0) {
            assert_int_equal(hog_of(m.m), m.m->seq);
            assert_int_equal(m.m->wall, m.wall);
            assert_string_equal(m.m->job[0].name, "train.py");
        }
        fine += m.seconds == 0 && late == 0;
        ten += m.seconds == 0 && late > 0 && late < 10;
        minute += m.seconds == 0 && late >= 10;
        means += m.seconds != 0;
        assert_true(late <= 60);
    }
    print_message("steps of 7 s over 8 h: %u to the second, %u within 10 s, %u within a minute, %u means\n", fine, ten, minute, means);
    assert_true(fine > 60 && ten > 100 && minute > 300 && minute + ten + fine > 1000);
    hr_bygone_close(p);
    hr_ring_close(r);
    hr_series_close(s);
}

/* What keeping costs a live view of 1,100 processes: little of a thousandth of a CPU. */
static void a_look_of_many_processes_is_cheap(void **state)
{
    (void)state;
    struct hr_ring *r = NULL;
    assert_int_equal(hr_ring_open_memory(17 * HR_RING_BLOCK, &r, NULL), 0);
    uint64_t cost = 0;
    unsigned dear = 0; /* counted one by one: what a virtual machine's host takes from it may stand in some of them */
    for (unsigned t = 1; t <= 200; t++) {
        make_model(model, t, 2);
        for (unsigned i = 0; model->proc_n < 1100; i++)
            make_proc(model, 10000 + (int)i, 1, -1, HR_DUTY_NONE, "sleep", "sleep infinity", (double)(hr_rng_u64(i, t / 5) % 40) / 10,
                      MIB + hr_rng_u64(i, 3) % MIB);
        uint64_t begun = hr_cpu_thread();
        assert_int_equal(hr_ring_put(r, model, NULL), 0);
        uint64_t took = hr_cpu_thread() - begun;
        cost += took;
        dear += took >= 5000000; /* generous: sanitizers run it too */
    }
    print_message("a look of 1,100 processes is kept in %u µs, %u bytes\n", (unsigned)(cost / 200000), (unsigned)(hr_ring_written(r) / 200));
    assert_true(dear < 100);
    hr_ring_close(r);
}

static void a_fast_view_keeps_one_look_a_second(void **state)
{
    (void)state;
    struct hr_ring *r = NULL;
    struct hr_bygone *p = NULL;
    assert_int_equal(hr_ring_open_memory(6 * HR_RING_BLOCK, &r, NULL), 0);
    make_model(model, 1, 0);
    for (unsigned i = 0; i < 50; i++) {
        model->seq = i;
        assert_int_equal(hr_ring_put(r, model, NULL), 0);
        model->at += SECOND / 10;
        model->wall += SECOND / 10;
    }
    assert_int_equal(hr_bygone_open_ring(r, NULL, &p, NULL), 0);
    unsigned n = 1;
    uint64_t from, to;
    assert_true(hr_bygone_reach(p, &from, &to));
    for (uint64_t w = to; (w = hr_bygone_beside(p, w, -1)) != 0;)
        n++;
    assert_in_range(n, 5, 6);
    hr_bygone_close(p);
    hr_ring_close(r);
    assert_int_equal(hr_ring_open_memory(HR_RING_BLOCK, &r, NULL), HR_E_INVALID);
}

static struct hr_ring *recorded(unsigned n)
{
    struct hr_ring *r = NULL;
    struct hr_error err;
    unlink(path);
    assert_int_equal(hr_ring_open(path, 1 << 20, "b007", &r, &err), 0);
    put(r, NULL, 1, n);
    return r;
}

/* From its end to its beginning and back: looks, then means of 10 s, then of minutes, no step stands still. */
static void a_file_is_walked_through(void **state)
{
    (void)state;
    struct hr_ring *r = recorded(8000);
    struct hr_bygone *p = NULL;
    uint64_t from, to;
    assert_int_equal(hr_bygone_open(path, &p, NULL), 0);
    assert_true(hr_bygone_reach(p, &from, &to));
    assert_int_equal(to, wall_of(8000));
    assert_true(hr_bygone_fresh(p, to + 2 * SECOND));
    assert_false(hr_bygone_fresh(p, to + 60 * SECOND));
    unsigned n[3] = { 0 }, back = 0, forth = 0, finest = 0;
    uint64_t w = to, last = to + 1;
    while (w != 0) {
        struct hr_bygone_moment m = at(p, w);
        unsigned k = m.seconds == 0 ? 0 : m.seconds == 10 ? 1 : 2;
        assert_int_equal(m.wall, w);
        assert_true(w < last && k >= finest);
        finest = k;
        n[k]++;
        if (k == 0)
            assert_int_equal(hog_of(m.m), m.m->seq);
        last = w;
        w = hr_bygone_beside(p, w, -1);
        back++;
    }
    print_message("%u looks, %u means of 10 s, %u of minutes\n", n[0], n[1], n[2]);
    assert_true(n[0] > 100 && n[1] > 50 && n[2] > 10);
    assert_true(last <= wall_of(120)); /* minutes reach the beginning */
    for (w = last; w != 0; w = hr_bygone_beside(p, w, 1), forth++)
        assert_true(forth < 2 * back);
    assert_true(forth + 20 >= back);
    /* a recorder goes on */
    put(r, NULL, 8001, 8030);
    assert_int_equal(hr_bygone_refresh(p, NULL), 0);
    assert_true(hr_bygone_reach(p, &from, &to));
    assert_int_equal(to, wall_of(8030));
    assert_int_equal(hog_of(at(p, to).m), 8030);
    hr_bygone_close(p);
    hr_ring_close(r);
}

/* A text that begins a block stands before looks of the round before (B1): the end stays the last look's, and its distance the last two's. */
static void a_note_moves_no_end(void **state)
{
    (void)state;
    struct hr_ring *r = recorded(8000);
    struct hr_bygone *p = NULL;
    uint64_t from, to;
    assert_int_equal(hr_bygone_open(path, &p, NULL), 0);
    for (unsigned n = 0; n < 700; n++) { /* more than a block of them */
        assert_int_equal(hr_ring_note(r, "memory-low: little is left for all those programs; end one of them, or wait for it to end", NULL), 0);
        assert_int_equal(hr_bygone_refresh(p, NULL), 0);
        assert_true(hr_bygone_reach(p, &from, &to));
        assert_int_equal(to, wall_of(8000));
        assert_true(hr_bygone_fresh(p, to + 2 * SECOND));
        assert_false(hr_bygone_fresh(p, to + 60 * SECOND));
    }
    hr_bygone_close(p);
    hr_ring_close(r);
}

/* The first 10 s have a mean that begins before the first look: the beginning is the look. */
static void a_young_file_begins_with_its_first_look(void **state)
{
    (void)state;
    struct hr_ring *r = NULL;
    struct hr_bygone *p = NULL;
    uint64_t from, to;
    unlink(path);
    assert_int_equal(hr_ring_open(path, 1 << 20, "b007", &r, NULL), 0);
    put(r, NULL, 13, 200);
    assert_int_equal(hr_bygone_open(path, &p, NULL), 0);
    assert_true(hr_bygone_reach(p, &from, &to));
    struct hr_bygone_moment m = at(p, 0);
    assert_int_equal(m.seconds, 0);
    assert_int_equal(hog_of(m.m), 13);
    struct hr_bucket b[60];
    uint64_t end = wall_of(40);
    const struct hr_series *s = hr_bygone_series(p, end, SECOND, HR_COUNT(b));
    assert_non_null(s);
    hr_series_columns(s, HR_M_MEM_AVAILABLE, 0, SECOND, end / SECOND, b, HR_COUNT(b));
    for (size_t i = 0; i < HR_COUNT(b); i++)
        assert_int_equal(b[i].known, end / SECOND - (HR_COUNT(b) - 1 - i) >= wall_of(13) / SECOND);
    hr_bygone_close(p);
    hr_ring_close(r);
}

static void means_are_told_as_means(void **state)
{
    (void)state;
    struct hr_ring *r = recorded(8000);
    struct hr_bygone *p = NULL;
    assert_int_equal(hr_bygone_open(path, &p, NULL), 0);
    struct hr_bygone_moment m = at(p, wall_of(1200));
    assert_true(m.seconds == 10 || m.seconds == 60);
    assert_int_equal(m.m->means, m.seconds);
    uint64_t sum = 0;
    for (unsigned k = 0; k < HR_PARTS; k++)
        sum += m.m->memory.part[k].why == HR_WHY_KNOWN ? m.m->memory.part[k].v : 0;
    assert_int_equal(sum, m.m->memory.total.v);
    assert_int_equal(m.m->memory.part[HR_PART_SLAB].why, HR_WHY_MEANS);
    uint64_t total = m.m->memory.total.v;
    double busy = 0;
    unsigned n = 0, first = 0;
    while (wall_of(first) < m.wall)
        first++;
    for (unsigned t = first; t < first + m.seconds; t++, n++) {
        make_model(model, t, 1);
        busy += model->cpu.busy.v;
    }
    assert_true(m.m->cpu.busy.known && fabs(m.m->cpu.busy.v - busy / n) < 0.01);
    assert_true(llabs((long long)(total - model->memory.total.v)) < 1 << 16);
    assert_false(m.m->procs_known.known);
    assert_non_null(strstr(m.m->procs_known.why, "means of"));
    assert_non_null(strstr(m.m->procs_known.why, "9.00 GiB"));
    assert_int_equal(m.m->proc_n, 0);
    assert_int_equal(m.m->gpus.n, 1);
    assert_true(m.m->gpus.gpu[0].used.known && !m.m->gpus.gpu[0].memory.known);
    hr_bygone_close(p);
    hr_ring_close(r);
}

/* The curves of a file are those that a live view had. */
static void curves_are_those_of_the_time(void **state)
{
    (void)state;
    struct hr_ring *r = recorded(2000);
    struct hr_bygone *p = NULL;
    assert_int_equal(hr_bygone_open(path, &p, NULL), 0);
    static const uint64_t steps[] = { 1, 10, 60 };
    static double busy[1981];
    for (unsigned t = 1; t <= 1980; t++) {
        make_model(model, t, 0);
        assert_int_equal(model->wall, wall_of(t));
        busy[t] = model->cpu.busy.v;
    }
    for (size_t k = 0; k < HR_COUNT(steps); k++) {
        struct hr_bucket b[30];
        uint64_t step = steps[k] * SECOND, stop = wall_of(1980);
        const struct hr_series *s = hr_bygone_series(p, stop, step, 30);
        assert_non_null(s);
        hr_series_columns(s, HR_M_CPU, 0, step, stop / step, b, 30);
        for (unsigned c = 0; c < 30; c++) {
            uint64_t begins = (stop / step - 29 + c) * step;
            double most = 0;
            for (unsigned t = 1; t <= 1980; t++)
                if (wall_of(t) >= begins && wall_of(t) < begins + step)
                    most = HR_MAX(most, busy[t]);
            if (most > 0 && c < 29) {
                assert_true(b[c].known);
                assert_true(fabs(b[c].max - most) < 0.1);
            }
        }
    }
    /* a second look at the same place reads nothing again */
    assert_ptr_equal(hr_bygone_series(p, wall_of(1980), 60 * SECOND, 30), hr_bygone_series(p, wall_of(1900), 60 * SECOND, 30));
    hr_bygone_close(p);
    hr_ring_close(r);
}

static void alerts_stand_in_it(void **state)
{
    (void)state;
    struct hr_ring *r = NULL;
    struct hr_bygone *p = NULL;
    struct hr_episodes *e = NULL;
    struct hr_ring_alerts told = { 0 };
    size_t n;
    assert_int_equal(hr_episodes_open(NULL, &e, NULL), 0);
    assert_int_equal(hr_ring_open_memory(6 * HR_RING_BLOCK, &r, NULL), 0);
    for (unsigned t = 1; t < 120; t++) {
        make_model(model, t, 0);
        if (t >= 20 && t < 60)
            model->memory.available = hr_figure_of(GIB / 4);
        hr_episodes_take(e, model, NULL);
        assert_int_equal(hr_ring_put(r, model, NULL), 0);
        assert_int_equal(hr_ring_alerts_put(&told, r, e, NULL), 0);
    }
    assert_int_equal(hr_bygone_open_ring(r, NULL, &p, NULL), 0);
    const struct hr_bygone_note *note = hr_bygone_notes(p, &n);
    assert_int_equal(n, 2);
    assert_int_equal(hr_bygone_note_key(note[0].text), strlen("memory-low"));
    assert_false(hr_bygone_note_over(note[0].text));
    assert_memory_equal(note[1].text, "memory-low is over, after ", 26);
    assert_true(hr_bygone_note_over(note[1].text));
    assert_int_equal(hr_bygone_note_key("a word without one"), 0);
    assert_int_equal(hr_bygone_note_key("kernel: out of memory"), 0);
    assert_int_equal(hr_bygone_note_key("boot=1234"), 0);
    assert_true(hr_bygone_note_tells("kernel: [  412.1] Out of memory: Killed process 12 (python)"));
    assert_true(hr_bygone_note_tells(note[0].text));
    assert_false(hr_bygone_note_tells(note[1].text));
    assert_false(hr_bygone_note_tells("kernel: its messages are followed"));
    hr_bygone_close(p);
    hr_ring_close(r);
    hr_episodes_close(e);
}

/* Flipped bits anywhere: it opens, what is shown is no later than asked for, and nearly all of it is still there. */
static void damage_costs_what_it_hits(void **state)
{
    (void)state;
    hr_ring_close(recorded(3000));
    hr_buf_reset(&bytes);
    assert_int_equal(hr_slurp(path, &bytes, NULL), 0);
    uint8_t *p = (uint8_t *)bytes.data;
    for (unsigned round = 0; round < 30; round++) {
        size_t where[8];
        for (unsigned i = 0; i < 8; i++) {
            where[i] = (size_t)(hr_rng_u64(round, i) % (bytes.len * 8));
            p[where[i] / 8] ^= (uint8_t)(1 << where[i] % 8);
        }
        size_t cut = round % 3 == 0 ? (size_t)(hr_rng_u64(round, 99) % bytes.len) : bytes.len;
        struct hr_bygone *past = NULL;
        assert_int_equal(hr_bygone_open_bytes(p, cut, &past, NULL), 0);
        uint64_t from, to;
        if (hr_bygone_reach(past, &from, &to))
            for (unsigned t = 1; t <= 3000; t += 201) {
                struct hr_bygone_moment m;
                if (hr_bygone_at(past, wall_of(t), &m, NULL) == 0 && m.seconds == 0)
                    assert_int_equal(hog_of(m.m), m.m->seq);
                hr_bygone_beside(past, wall_of(t), t % 2 == 0 ? 1 : -1);
            }
        hr_bygone_close(past);
        for (unsigned i = 0; i < 8; i++)
            p[where[i] / 8] ^= (uint8_t)(1 << where[i] % 8);
    }
}

static void every_call_may_fail(void **state)
{
    (void)state;
    hr_ring_close(recorded(300));
    for (unsigned kind = 0; kind < 2; kind++) {
        bool clean = false;
        for (uint64_t n = 1; n < 600 && !clean; n++) {
            struct hr_bygone *p = NULL;
            struct hr_ring *r = NULL;
            struct hr_bygone_moment m;
            uint64_t calls = hr_fault_sys_count(), allocations = hr_mem_count();
            if (kind == 0)
                hr_fault_sys_at(n, false);
            else
                hr_mem_fail_at(n, false);
            if (hr_bygone_open(path, &p, NULL) == 0) {
                (void)!hr_bygone_at(p, UINT64_MAX, &m, NULL);
                hr_bygone_series(p, wall_of(280), SECOND, 20);
                (void)!hr_bygone_refresh(p, NULL);
                hr_bygone_beside(p, wall_of(200), 1);
                hr_bygone_close(p);
            }
            if (hr_ring_open_memory(6 * HR_RING_BLOCK, &r, NULL) == 0) {
                make_model(model, 9, 1);
                (void)!hr_ring_put(r, model, NULL);
                if (hr_bygone_open_ring(r, NULL, &p, NULL) == 0)
                    hr_bygone_close(p);
                hr_ring_close(r);
            }
            clean = kind == 0 ? hr_fault_sys_count() - calls < n : hr_mem_count() - allocations < n;
            hr_fault_sys_at(0, false);
            hr_mem_fail_at(0, false);
        }
        assert_true(clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_keeps_hours_in_little_memory),
        cmocka_unit_test(a_look_of_many_processes_is_cheap),
        cmocka_unit_test(a_fast_view_keeps_one_look_a_second),
        cmocka_unit_test(a_file_is_walked_through),
        cmocka_unit_test(a_note_moves_no_end),
        cmocka_unit_test(a_young_file_begins_with_its_first_look),
        cmocka_unit_test(means_are_told_as_means),
        cmocka_unit_test(curves_are_those_of_the_time),
        cmocka_unit_test(alerts_stand_in_it),
        cmocka_unit_test(damage_costs_what_it_hits),
        cmocka_unit_test(every_call_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

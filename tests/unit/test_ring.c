/* The recorder's file: every moment comes back; wrap-around, cuts at every length, flipped bits, failing calls, a day. */
#include "unit.h"

#include "fault.h"
#include "file.h"
#include "mem.h"
#define BYTES_MOST ((size_t)256 << 20)
#include "ring_fixture.h"
#include "ring_read.h"
#include "sanitized.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static struct hr_ring *opened(uint64_t size)
{
    struct hr_ring *r = NULL;
    struct hr_error err;
    assert_int_equal(hr_ring_open(path, size, "b007", &r, &err), 0);
    return r;
}

static void put(struct hr_ring *r, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++) {
        make_model(model, i, 2);
        assert_int_equal(hr_ring_put(r, model, NULL), 0);
    }
}

static void slurp(void)
{
    hr_buf_reset(&bytes);
    assert_int_equal(hr_slurp(path, &bytes, NULL), 0);
}

/* Every moment that the tape tells is the one that was put. */
static size_t all_true(struct hr_tape *t)
{
    size_t n = 0;
    static uint8_t want[1 << 17], have[1 << 17];
    struct hr_image_rows *rows = hr_calloc(2, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < t->n; i++) {
        const struct hr_model *m;
        if (!hr_frame_moment(&t->frame[i]))
            continue;
        assert_int_equal(hr_tape_model(t, i, &m, NULL), 0);
        make_model(model, (unsigned)m->seq, 2);
        memset(rows, 0, 2 * sizeof *rows);
        hr_image_write(model, &rows[0], want);
        hr_image_write(m, &rows[1], have);
        assert_int_equal(m->wall, model->wall);
        assert_int_equal(m->memory.available.v, model->memory.available.v);
        assert_string_equal(m->stall_cpu.some.why, model->stall_cpu.some.why);
        assert_int_equal(m->job_n, 1);
        assert_string_equal(m->job[0].name, "train.py");
        assert_int_equal(m->gpus.gpu[1].used.v, model->gpus.gpu[1].used.v);
        assert_int_equal(m->proc_n + m->proc_cut, model->proc_n);
        n++;
    }
    hr_free(rows);
    return n;
}

static void every_moment_comes_back(void **state)
{
    (void)state;
    unlink(path);
    struct hr_ring *r = opened(1 << 20);
    put(r, 1, 300);
    assert_int_equal(hr_ring_note(r, "a word", NULL), 0);
    assert_int_equal(hr_ring_finish(r, "it was time", NULL), 0);
    hr_ring_close(r);
    struct hr_tape t;
    char text[HR_RING_TEXT];
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    assert_true(t.head_ok);
    assert_int_equal(t.gaps, 0);
    assert_int_equal(t.leaning, 0);
    assert_int_equal(all_true(&t), 300);
    assert_int_equal(hr_tape_text(&t, t.n - 1, text, NULL), 0);
    assert_int_equal(t.frame[t.n - 1].kind, HR_FRAME_END);
    assert_string_equal(text, "it was time");
    assert_int_equal(hr_tape_text(&t, 0, text, NULL), 0);
    assert_string_equal(text, "boot=b007");
    /* the means are those of what was put */
    size_t i = hr_tape_last(&t, t.n, HR_FRAME_MINUTE);
    struct hr_bucket b[HR_RING_SLOTS];
    uint64_t at, first = 0;
    i = hr_tape_last(&t, i, HR_FRAME_MINUTE); /* the one before the last is whole */
    assert_int_equal(hr_tape_values(&t, i, b, &at, NULL), 0);
    double sum = 0, least = 1e9, most = 0;
    unsigned n = 0;
    for (unsigned k = 1; k <= 300; k++) {
        make_model(model, k, 2);
        if (model->wall / (60 * SECOND) != at / (60 * SECOND))
            continue;
        first += first == 0 ? model->wall : 0;
        sum += model->cpu.busy.v;
        least = HR_MIN(least, model->cpu.busy.v);
        most = HR_MAX(most, model->cpu.busy.v);
        n++;
    }
    assert_int_equal(n, 60);
    assert_true(b[HR_M_CPU].known && fabs(b[HR_M_CPU].avg - sum / n) < 1e-4 && fabs(b[HR_M_CPU].min - least) < 1e-4 &&
                fabs(b[HR_M_CPU].max - most) < 1e-4);
    assert_false(b[HR_M_STALL_CPU].known);
    hr_tape_close(&t);
}

static void a_second_writer_is_refused_and_a_new_one_goes_on(void **state)
{
    (void)state;
    unlink(path);
    struct hr_ring *r = opened(1 << 20), *other = NULL;
    struct hr_tape t;
    put(r, 1, 50);
    assert_int_equal(hr_ring_open(path, 0, "b007", &other, NULL), HR_E_STATE);
    hr_ring_close(r); /* without an end: cut off */
    assert_int_equal(hr_ring_open(path, 2 << 20, "b007", &other, NULL), HR_E_INVALID);
    r = opened(0);
    put(r, 51, 50);
    hr_ring_close(r);
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    assert_int_equal(all_true(&t), 100);
    assert_int_equal(t.gaps, 0);
    assert_int_equal(hr_tape_last(&t, t.n, HR_FRAME_END), SIZE_MAX);
    hr_tape_close(&t);
}

static void the_file_keeps_its_size_and_the_newest(void **state)
{
    (void)state;
    unlink(path);
    struct hr_ring *r = opened(1 << 20);
    put(r, 1, 20000);
    uint64_t size = 0;
    struct hr_tape t;
    assert_true(hr_ring_written(r) > 3 << 20);
    hr_ring_close(r);
    slurp();
    size = bytes.len;
    assert_int_equal(size, 1 << 20);
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    size_t n = all_true(&t);
    assert_true(n > 200);
    assert_int_equal(t.gaps, 0);
    const struct hr_model *m;
    size_t last = hr_tape_find(&t, UINT64_MAX);
    assert_int_equal(hr_tape_model(&t, last, &m, NULL), 0);
    assert_int_equal(m->seq, 20000);
    hr_tape_close(&t);
}

/* Opens the bytes; what comes out is true.  How many moments. */
static size_t of_bytes(const char *p, size_t n)
{
    struct hr_tape t;
    uint8_t *copy = hr_memdup(p, HR_MAX(n, (size_t)1)); /* so that a read beyond is seen */
    size_t moments = 0;
    assert_non_null(copy);
    if (hr_tape_open_bytes(copy, n, &t, NULL) == 0) {
        for (size_t i = 0; i < t.n; i++)
            moments += hr_frame_moment(&t.frame[i]);
        const struct hr_model *m;
        size_t last = hr_tape_find(&t, UINT64_MAX);
        if (last != SIZE_MAX)
            assert_int_equal(hr_tape_model(&t, last, &m, NULL), 0);
        hr_tape_close(&t);
    }
    hr_free(copy);
    return moments;
}

/* Of a file of one block's worth of frames: the end of the last whole frame before the cut decides. */
static void cut_anywhere_it_opens(void **state)
{
    (void)state;
    unlink(path);
    struct hr_ring *r = opened(1 << 20);
    put(r, 1, 12);
    hr_ring_close(r);
    slurp();
    struct hr_tape t;
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    size_t ends[16], n = 0;
    for (size_t i = 0; i < t.n; i++)
        if (hr_frame_moment(&t.frame[i]))
            ends[n++] = (size_t)t.frame[i].off + HR_RING_HEAD + t.frame[i].len;
    assert_int_equal(n, 12);
    hr_tape_close(&t);
    size_t last = ends[n - 1];
    for (size_t cut = 0; cut <= last + 16; cut += cut < HR_RING_BLOCK - 64 && cut > 128 ? 499 : 1) {
        size_t want = 0;
        for (size_t i = 0; i < n; i++)
            want += ends[i] <= cut;
        assert_int_equal(of_bytes(bytes.data, cut), want);
    }
}

/* Each bit of the first frames, and one of every further byte: at most what leans on the place is lost. */
static void flipped_bits_cost_what_they_hit(void **state)
{
    (void)state;
    slurp();
    size_t from = HR_RING_BLOCK, to = from;
    for (size_t at = from; at < from + HR_RING_BLOCK; at++)
        if (bytes.data[at] != 0)
            to = at + 1;
    to += 16; /* a frame may end in zeros */
    size_t lost_all = 0, step = HR_MAX((to - from) / 4000, (size_t)1);
    for (size_t at = from; at < to; at += at < from + 96 ? 1 : step) {
        char was = bytes.data[at];
        bytes.data[at] = (char)(was ^ (1 << (at % 8)));
        size_t n = of_bytes(bytes.data + from, to - from);
        assert_true(n == 12 || n == 11 || n == 0);
        lost_all += n == 0; /* the whole frame that the others lean on */
        bytes.data[at] = was;
    }
    assert_true(lost_all > 0);
    /* the file's head is not needed */
    memset(bytes.data, 0xff, 64);
    assert_int_equal(of_bytes(bytes.data, bytes.len), 12);
}

static void a_damaged_file_is_gone_on_with(void **state)
{
    (void)state;
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 20), 8);
    assert_int_equal(ftruncate(fd, (1 << 20) - 70000), 0);
    close(fd);
    struct hr_ring *r = opened(0);
    put(r, 13, 5);
    hr_ring_close(r);
    struct hr_tape t;
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    assert_true(t.head_ok);
    assert_int_equal(all_true(&t), 17);
    hr_tape_close(&t);
    fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "#!/bin/sh\necho a file of somebody else\n", 39), 39);
    close(fd);
    assert_int_equal(hr_tape_open(path, &t, NULL), HR_E_FORMAT);
    struct hr_ring *none = NULL;
    assert_int_equal(hr_ring_open(path, 0, "", &none, NULL), HR_E_FORMAT);
    slurp();
    assert_int_equal(bytes.len, 39); /* and is left as it was */
}

static void every_call_may_fail(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        bool clean = false;
        for (uint64_t n = 1; n < 400 && !clean; n++) {
            struct hr_ring *r = NULL;
            struct hr_tape t;
            unlink(path);
            uint64_t calls = hr_fault_sys_count(), allocations = hr_mem_count();
            if (kind == 0)
                hr_fault_sys_at(n, false);
            else
                hr_mem_fail_at(n, false);
            int e = hr_ring_open(path, 1 << 20, "b007", &r, NULL);
            for (unsigned i = 1; e == 0 && i < 4; i++) {
                make_model(model, i, 1);
                (void)!hr_ring_put(r, model, NULL);
            }
            if (e == 0)
                (void)!hr_ring_finish(r, "end", NULL);
            hr_ring_close(e == 0 ? r : NULL);
            if (hr_tape_open(path, &t, NULL) == 0) {
                const struct hr_model *m;
                for (size_t i = 0; i < t.n; i++)
                    if (hr_frame_moment(&t.frame[i]))
                        (void)!hr_tape_model(&t, i, &m, NULL);
                hr_tape_close(&t);
            }
            clean = kind == 0 ? hr_fault_sys_count() - calls < n : hr_mem_count() - allocations < n;
            hr_fault_sys_at(0, false);
            hr_mem_fail_at(0, false);
            if (access(path, F_OK) == 0) { /* and the next one goes on */
                r = opened(0);
                make_model(model, 9, 1);
                assert_int_equal(hr_ring_put(r, model, NULL), 0);
                hr_ring_close(r);
                assert_int_equal(hr_tape_open(path, &t, NULL), 0);
                assert_int_not_equal(hr_tape_find(&t, UINT64_MAX), SIZE_MAX);
                hr_tape_close(&t);
            }
        }
        assert_true(clean);
    }
}

/* A day; with a sanitizer, which makes it ten times as long, a sixth of one. */
#ifdef __SANITIZE_ADDRESS__
enum { SPAN = 86400 / 6 };
#else
enum { SPAN = 86400 };
#endif

/* 24 hours at a second, on a simulated clock: not one more allocation, a file of its size, and how far back it reaches. */
static void a_day_takes_constant_memory_and_a_bounded_file(void **state)
{
    (void)state;
    unlink(path);
    struct hr_ring *r = opened(0);
    put(r, 1, 200);
    uint64_t allocations = hr_mem_count();
    for (unsigned i = 201; i <= SPAN; i++) {
        make_model(model, i, 1);
        assert_int_equal(hr_ring_put(r, model, NULL), 0);
    }
    assert_int_equal(hr_mem_count(), allocations);
    hr_ring_close(r);
    uint64_t size = 0;
    struct hr_tape t;
    int fd;
    assert_int_equal(hr_open(path, O_RDONLY, 0, &fd, NULL), 0);
    assert_int_equal(hr_file_size(fd, path, &size, NULL), 0);
    hr_close(fd);
    assert_int_equal(size, HR_RING_SIZE);
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    size_t moments = 0, tens = 0, minutes = 0;
    for (size_t i = 0; i < t.n; i++) {
        moments += hr_frame_moment(&t.frame[i]);
        tens += t.frame[i].kind == HR_FRAME_TEN;
        minutes += t.frame[i].kind == HR_FRAME_MINUTE;
    }
    print_message("of %d moments %zu are whole, %zu of 10 s, %zu minutes\n", SPAN, moments, tens, minutes);
    assert_true(moments > HR_MIN(20000, SPAN / 2));
    assert_in_range(tens, SPAN / 10 - 2, SPAN / 10 + 1);
    assert_in_range(minutes, SPAN / 60 - 2, SPAN / 60 + 1);
    hr_tape_close(&t);
}

static void an_image_is_bounded(void **state)
{
    (void)state;
    size_t n = hr_image_size();
    print_message("an image has %zu bytes\n", n);
    assert_true(n < HR_RING_BLOCK - 4096);
    uint8_t *junk = hr_malloc(n);
    assert_non_null(junk);
    for (unsigned round = 0; round < 64; round++) {
        for (size_t i = 0; i < n; i++)
            junk[i] = (uint8_t)(i * 2654435761u >> (round % 24));
        assert_true(hr_image_read(junk, n, model));
        assert_true(model->proc_n <= HR_IMAGE_PROCS && model->job_n <= HR_IMAGE_JOBS && model->gpus.n <= HR_IMAGE_GPUS);
        for (unsigned i = 0; i < model->proc_n; i++)
            assert_true(model->proc[i].job < (int)model->job_n && model->proc[i].duty < HR_DUTIES);
    }
    assert_false(hr_image_read(junk, n - 1, model));
    hr_free(junk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_moment_comes_back),
        cmocka_unit_test(a_second_writer_is_refused_and_a_new_one_goes_on),
        cmocka_unit_test(the_file_keeps_its_size_and_the_newest),
        cmocka_unit_test(cut_anywhere_it_opens),
        cmocka_unit_test(flipped_bits_cost_what_they_hit),
        cmocka_unit_test(a_damaged_file_is_gone_on_with),
        cmocka_unit_test(every_call_may_fail),
        cmocka_unit_test(a_day_takes_constant_memory_and_a_bounded_file),
        cmocka_unit_test(an_image_is_bounded),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

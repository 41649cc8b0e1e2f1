/* How a loader lives: misuse, forks, faults, damage, builders, what it reports, memory marks. */
#include "hash.h"
#include "loader_fixture.h"
#include "resident.h"
#include "sanitized.h"

#include "clock.h"
#include "fault.h"
#include "mem.h"

#include <sys/wait.h>

/* Builders change nothing: epochs, seeks in the middle, errors at their place, leaving early. */
static void builders(void **state)
{
    (void)state;
    static const int counts[] = { 1, 2, 8 };
    struct hr_loader_options o = usual();
    o.builders = 0;
    hr_loader *l = open_with(narrow, &o);
    uint64_t want0 = epoch_of(l, N, true), want1 = epoch_of(l, N, true);
    hr_loader_close(l);
    for (int k = 0; k < 3; k++) {
        o.builders = counts[k];
        o.prefetch = 1 + 3 * k;
        o.slots = 2 + 4 * k;
        l = open_with(narrow, &o);
        assert_true(epoch_of(l, N, true) == want0);
        assert_true(epoch_of(l, N, false) == want1);
        hr_batch *b;
        struct hr_state s;
        for (int i = 0; i < 20; i++) {
            assert_int_equal(hr_loader_next(l, &b, NULL), 1);
            assert_int_equal(b->epoch, 2);
            hr_batch_release(b);
        }
        hr_loader_state(l, &s);
        assert_int_equal(s.position, 20 * 16);
        assert_int_equal(hr_loader_batch_at(l, 2, 20, 0, 1, &b, NULL), 0);
        uint64_t next = g_digest(b, 0);
        hr_batch_release(b);
        assert_int_equal(hr_loader_set_epoch(l, 1, NULL), 0);
        assert_true(epoch_of(l, N, false) == want1);
        assert_int_equal(hr_loader_seek(l, &s, NULL), 0);
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        assert_true(g_digest(b, 0) == next);
        hr_batch *held[64];
        int n = 0, r;
        struct hr_error err = HR_ERROR_INIT;
        while ((r = hr_loader_next(l, &held[n], &err)) == 1)
            n++;
        assert_int_equal(r, HR_E_BUDGET); /* all slots are held */
        while (n > 0)
            hr_batch_release(held[--n]);
        assert_int_equal(hr_loader_next(l, &held[0], &err), 1); /* and it goes on */
        hr_batch_release(held[0]);
        hr_loader_close(l);
        hr_batch_release(b);
    }
}

/* A store damaged behind the reader's back: the chunk is named, the loader lives. */
static void damaged(void **state)
{
    (void)state;
    if (!hr_hash_available())
        skip(); /* without checksums nobody notices */
    char path[64];
    snprintf(path, sizeof path, "%s/damaged.arrow", dir);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(g_write(path, N, CHUNK, HR_U8, HR_CODEC_NONE, NULL), 0);
        FILE *f = fopen(path, "r+b");
        assert_non_null(f);
        fseek(f, 1 << 20, SEEK_SET);
        int c = fgetc(f);
        fseek(f, 1 << 20, SEEK_SET);
        fputc(c ^ 4, f);
        fclose(f);
        struct hr_loader_options o = k & 1 ? tight() : usual();
        o.builders = k / 2;
        if (k & 1)
            o.budget = 3000 << 10;
        hr_loader *l = open_with(path, &o);
        struct hr_error err = HR_ERROR_INIT;
        hr_batch *b;
        int r;
        while ((r = hr_loader_next(l, &b, &err)) == 1)
            hr_batch_release(b);
        assert_int_equal(r, HR_E_CORRUPT);
        assert_non_null(strstr(err.text, "damaged.arrow"));
        assert_int_equal(hr_loader_next(l, &b, &err), HR_E_CORRUPT);
        hr_loader_close(l);
    }
}

static void says(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        struct hr_loader_options o = k & 1 ? tight() : usual();
        o.builders = k / 2;
        hr_loader *l = open_with(k & 1 ? packed : plain, &o);
        char text[8192], short_text[16];
        for (int e = 0; e < 2; e++) {
            int n = hr_loader_report(l, e, text, sizeof text);
            assert_true(n > 200 && n < (int)sizeof text);
            assert_int_equal(hr_loader_report(l, e, short_text, sizeof short_text) > 200, 1);
            assert_int_equal(strlen(short_text), 15);
            epoch_of(l, N, false);
        }
        hr_loader_report(l, true, text, sizeof text);
        assert_non_null(strstr(text, "\"bound_by\":\""));
        char path[64];
        snprintf(path, sizeof path, "%s/curve.csv", dir);
        assert_int_equal(hr_loader_write_curve(l, path, NULL), 0);
        struct hr_buf b = HR_BUF_INIT(100000);
        assert_int_equal(hr_slurp(path, &b, NULL), 0);
        assert_true(hr_str_starts(hr_buf_str(&b), "seconds,ledger_bytes,anon_bytes\n"));
        hr_buf_fini(&b);
        hr_loader_close(l);
    }
}

/* Beyond the act mark the loader gives memory back and goes on; the batches stay right. */
static void act_mark(void **state)
{
    (void)state;
    struct hr_loader_options o = tight();
    o.window_chunks = 4;
    o.act = 1;
    o.warn = 1;
    hr_loader *l = open_with(plain, &o);
    struct hr_state s;
    uint64_t start = hr_now(), epoch = 0;
    do {
        epoch_of(l, N, true);
        hr_loader_state(l, &s);
        epoch++;
    } while (s.window == 4 && hr_now() - start < UINT64_C(100000000000));
    assert_true(s.window < 4);
    epoch_of(l, N, true);
    char text[8192];
    hr_loader_report(l, false, text, sizeof text);
    assert_non_null(strstr(text, "act "));
    hr_loader_close(l);
}

static void misuse(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_loader_options o = usual();
    hr_loader *l = NULL;
    o.batch_size = 0;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_INVALID);
    o = usual();
    o.size = 3;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_INVALID);
    o = usual();
    o.rank = 2;
    o.world = 2;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_INVALID);
    o = usual();
    assert_int_equal(hr_loader_open("/nowhere/at/all", &o, &l, &err), HR_E_NOT_FOUND);
    o.budget = 100000;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_BUDGET);
    assert_non_null(strstr(err.text, "budget"));
    o = tight();
    o.window_chunks = 21;
    assert_int_equal(hr_loader_open(plain, &o, &l, &err), HR_E_BUDGET);
    assert_null(l);
    o = usual();
    o.slots = 2;
    l = open_with(plain, &o);
    hr_batch *b[3];
    assert_int_equal(hr_loader_next(l, &b[0], &err), 1);
    assert_int_equal(hr_loader_next(l, &b[1], &err), 1);
    assert_int_equal(hr_loader_next(l, &b[2], &err), HR_E_BUDGET);
    assert_non_null(strstr(err.text, "held"));
    hr_batch_release(b[0]);
    assert_int_equal(hr_loader_next(l, &b[0], &err), 1); /* nothing was lost */
    assert_int_equal(b[0]->step, 2);
    struct hr_state s;
    hr_loader_state(l, &s);
    s.dataset ^= 1;
    assert_int_equal(hr_loader_seek(l, &s, &err), HR_E_INVALID);
    s.dataset ^= 1;
    s.seed++;
    assert_int_equal(hr_loader_seek(l, &s, &err), HR_E_INVALID);
    /* batches outlive the loader */
    hr_loader_close(l);
    assert_int_equal(g_check(b[0], false), 0);
    assert_int_equal(g_check(b[1], false), 0);
    hr_batch_release(b[0]);
    hr_batch_release(b[1]);
}

static void forked(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        hr_loader *l = open_with(plain, &o);
        hr_batch *b, *c;
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        pid_t pid = fork();
        if (pid == 0) {
            struct hr_error err = HR_ERROR_INIT;
            int bad = hr_loader_next(l, &c, &err) != HR_E_STATE || strstr(err.text, "forked") == NULL;
            bad |= hr_loader_batch_at(l, 0, 0, 0, 1, &c, NULL) != HR_E_STATE || hr_loader_set_epoch(l, 1, NULL) != HR_E_STATE;
            hr_batch_release(b);
            hr_loader_close(l);
            /* a loader of its own works */
            hr_loader *own;
            o.threads = 0; /* ThreadSanitizer allows no new threads here */
            bad |= hr_loader_open(plain, &o, &own, NULL) < 0 || hr_loader_next(own, &c, NULL) != 1 || g_check(c, false) != 0;
            _exit(bad);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_int_equal(g_check(b, false), 0);
        hr_batch_release(b);
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        hr_batch_release(b);
        hr_loader_close(l);
    }
}

/* Leaving in the middle, two loaders at once, an epoch after that. */
static void early_and_two(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct hr_loader_options o = k % 2 ? tight() : usual();
        hr_loader *l = open_with(plain, &o), *m = open_with(packed, &o);
        hr_batch *b;
        for (int i = 0; i < k; i++) {
            assert_int_equal(hr_loader_next(l, &b, NULL), 1);
            hr_batch_release(b);
            assert_int_equal(hr_loader_next(m, &b, NULL), 1);
            assert_int_equal(g_check(b, false), 0);
            hr_batch_release(b);
        }
        hr_loader_close(l);
        hr_loader_close(m);
    }
}

static void thousand_epochs(void **state)
{
    (void)state;
    char small[64];
    snprintf(small, sizeof small, "%s/small.arrow", dir);
    assert_int_equal(g_write(small, 64, 8, HR_U8, HR_CODEC_NONE, NULL), 0);
    struct hr_loader_options o = usual();
    hr_loader *l = open_with(small, &o);
    uint64_t before = 0, allocs = 0;
    for (int e = 0; e < 1000; e++) {
        epoch_of(l, 64, false);
        if (e == 100) {
            before = anonymous_now();
            allocs = hr_mem_count();
        }
    }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    before = UINT64_MAX / 2; /* a sanitizer keeps what is freed, and notes of its own */
#endif
    assert_true(anonymous_now() <= before + (256 << 10));
    assert_true(hr_mem_count() - allocs <= 900 * 2); /* a fresh epoch may allocate, a batch does not */
    hr_loader_close(l);
}

/* Whatever allocation or system call fails: an error or the right batches, no leak (under ASan), no hang. */
static void faults(void **state)
{
    (void)state;
    for (int k = 0; k < 6; k++) {
        for (uint64_t n = 1; n < 600; n++) {
            struct hr_loader_options o = k & 1 ? tight() : usual();
            hr_loader *l = NULL;
            hr_batch *b;
            struct hr_error err = HR_ERROR_INIT;
            o.threads = 0;
            uint64_t count = k < 4 ? hr_mem_count() : hr_fault_sys_count();
            if (k < 4)
                hr_mem_fail_at(n, k & 2);
            else
                hr_fault_sys_at(n, false);
            int r = hr_loader_open(plain, &o, &l, &err);
            for (int i = 0; r >= 0 && i < 3; i++) {
                r = hr_loader_next(l, &b, &err);
                if (r == 1) {
                    assert_int_equal(g_check(b, false), 0);
                    hr_batch_release(b);
                }
            }
            hr_mem_fail_at(0, false);
            hr_fault_sys_at(0, false);
            hr_loader_close(l);
            if (r < 0)
                assert_true(err.text[0] != 0);
            if ((k < 4 ? hr_mem_count() : hr_fault_sys_count()) - count < n)
                break;
            assert_true(n < 599);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builders),
        cmocka_unit_test(damaged),
        cmocka_unit_test(says),
        cmocka_unit_test(act_mark),
        cmocka_unit_test(misuse),
        cmocka_unit_test(forked),
        cmocka_unit_test(early_and_two),
        cmocka_unit_test(thousand_epochs),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Warming a mapped dataset: when the helper starts, that it reads everything, and that it can be stopped at once. */
#include "unit.h"

#include "graph_store.h"
#include "fault.h"
#include "file.h"
#include "warm.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static char dir[] = "/tmp/headrace-test-warm-XXXXXX", path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/graphs.arrow", dir);
    return g_write(path, 2000, 32, HR_I64, HR_CODEC_NONE, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

static size_t resident(const struct hr_mapping *m)
{
    static unsigned char in[1 << 16];
    size_t n = 0, pages = (m->n + 4095) / 4096;
    assert_true(pages <= sizeof in);
    assert_int_equal(mincore(m->p, m->n, in), 0);
    for (size_t i = 0; i < pages; i++)
        n += in[i] & 1;
    return n;
}

static void slow_touches_start_it(void **state)
{
    (void)state;
    struct hr_store *s = NULL;
    struct hr_warmer w;
    assert_int_equal(hr_store_open(path, &s, NULL), 0);
    hr_warmer_init(&w, s, true);
    hr_warmer_note(&w, 256 << 10, 60000); /* what the page cache takes */
    hr_warmer_note(&w, 256 << 10, 900000);
    assert_false(w.thread.running);
    hr_warmer_note(&w, 256 << 10, 900000);
    assert_true(w.thread.running);
    hr_thread_join(&w.thread); /* it ends by itself, and everything is in */
    assert_int_equal(resident(&s->part[0].map), (s->part[0].map.n + 4095) / 4096);
    hr_warmer_note(&w, 256 << 10, 900000); /* never twice */
    assert_false(w.thread.running);
    hr_warmer_close(&w);
    hr_store_close(s);
}

static void may_be_forbidden_stopped_and_refused(void **state)
{
    (void)state;
    struct hr_store *s = NULL;
    struct hr_warmer w;
    assert_int_equal(hr_store_open(path, &s, NULL), 0);
    hr_warmer_init(&w, s, false);
    hr_warmer_note(&w, 1, 900000000);
    hr_warmer_note(&w, 1, 900000000);
    assert_false(w.thread.running);
    hr_warmer_close(&w);
    hr_warmer_init(&w, s, true);
    hr_warmer_note(&w, 1, 900000000);
    hr_warmer_note(&w, 1, 900000000);
    hr_warmer_close(&w);
    hr_warmer_init(&w, s, true);
    hr_fault_sys_at(1, false);
    hr_warmer_note(&w, 1, 900000000);
    hr_warmer_note(&w, 1, 900000000); /* no thread can be had: nothing is lost but speed */
    hr_fault_sys_at(0, false);
    assert_false(w.thread.running);
    hr_warmer_close(&w);
    hr_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(slow_touches_start_it), cmocka_unit_test(may_be_forbidden_stopped_and_refused) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Alerts of a recording: those that had begun and not ended, whatever else its notes say, each with the curve of its figure. */
#include "unit.h"

#include "model_make.h"
#include "postmortem.h"

#include <unistd.h>

static void note(struct hr_ring *r, const char *text)
{
    assert_int_equal(hr_ring_note(r, text, NULL), 0);
}

static const struct hr_post_alert *find(const struct hr_postmortem *p, const char *key)
{
    for (unsigned i = 0; i < p->alerts; i++)
        if (strcmp(p->alert[i].key, key) == 0)
            return &p->alert[i];
    return NULL;
}

static void what_was_on_at_the_end(void **state)
{
    (void)state;
    char path[64];
    struct hr_ring *r = NULL;
    struct hr_tape t;
    struct hr_model *m = hr_calloc(1, sizeof *m);
    struct hr_postmortem *p = hr_calloc(1, sizeof *p);
    struct hr_buf out = HR_BUF_INIT(1 << 20);
    snprintf(path, sizeof path, "post-alerts-%d.test", (int)getpid());
    assert_true(m != NULL && p != NULL);
    assert_int_equal(hr_ring_open(path, 1 << 20, "b007", &r, NULL), 0);
    for (unsigned i = 1; i <= 100; i++) {
        make_model(m, i, 2);
        m->span = UINT64_C(1000000000);
        m->memory.available = hr_figure_of(20 * GIB - i * 100 * MIB);
        m->gpus.gpu[1].celsius = hr_figure_of(40 + i / 2);
        assert_int_equal(hr_ring_put(r, m, NULL), 0);
        p->first = i == 21 ? m->wall : p->first;
        p->last = m->wall;
        if (i == 1)
            note(r, HR_MARKS_NOTE "warn at 12.0 GiB, act at 14.0 GiB of 64.0 GiB (now 1.00 GiB used): act runs ./make-room");
        if (i == 10)
            note(r, "memory-warn: memory is over the warn mark of 12.0 GiB: 12.1 GiB used. At 14.0 GiB act runs ./make-room");
        if (i == 20)
            note(r, "swapping: the machine swaps");
        if (i == 30)
            note(r, "gpu-slowed: GPU 1 is slowed down (heat) at 93 °C");
        if (i == 40)
            note(r, "swapping" HR_EPISODE_OVER ", after 20 s");
        if (i == 50)
            note(r, "kernel: [   12.3] Out of memory: Killed process 4711");
        if (i == 60)
            note(r, "shm-full: /dev/shm has 10.0 MiB left of 8.00 GiB: loaders that find it full die");
    }
    hr_ring_close(r);
    assert_int_equal(hr_tape_open(path, &t, NULL), 0);
    hr_post_alerts(&t, 0, t.n, p);
    assert_int_equal(p->alerts, 3);
    const struct hr_post_alert *a = find(p, "memory-warn");
    assert_non_null(a);
    assert_string_equal(a->curve.what->key, "memory-used");
    double v[16], low, high, total = (double)m->memory.total.v;
    assert_true(hr_episode_curve_columns(&a->curve, v, 16, &low, &high));
    assert_true(fabs(low - (total - 20.0 * (double)GIB + 2100.0 * (double)MIB)) < 120.0 * (double)MIB); /* the window begins with the 21st look */
    assert_true(fabs(high - (total - 20.0 * (double)GIB + 10000.0 * (double)MIB)) < 20.0 * (double)MIB);
    a = find(p, "gpu-slowed");
    assert_non_null(a);
    assert_true(hr_episode_curve_columns(&a->curve, v, 16, &low, &high)); /* of the card that the text names */
    assert_true(high == 90);
    a = find(p, "shm-full");
    assert_true(a != NULL && strcmp(a->curve.what->key, "space-left") == 0);
    assert_true(hr_episode_curve_columns(&a->curve, v, 16, &low, &high));
    assert_true(high == (double)(6 * GIB));
    hr_post_alerts_text(p, true, &out);
    assert_non_null(strstr(out.data, "alerts that were on at the end\n  memory-warn, for "));
    assert_non_null(strstr(out.data, "@  memory used "));
    hr_buf_fini(&out);
    hr_tape_close(&t);
    unlink(path);
    hr_free(p);
    hr_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_on_at_the_end) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

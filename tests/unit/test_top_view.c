/* The live view: any size, any state, any events; and the figures on it. */
#include "unit.h"

#include <stdlib.h>

#include "clock.h"
#include "model_make.h"
#include "rng.h"
#include "say.h"
#include "top_view.h"
#include "utf8.h"

static struct hr_model *m;
static struct hr_series *series;
static struct hr_cells s;
static struct hr_painter p;
static struct hr_top_view v;
static uint64_t past_from; /* when the past begins; 0: none is told */
static const uint64_t alert_at[] = { UINT64_C(1790500000000000000) + UINT64_C(100000000000) };
static const struct hr_top_alert alert = { HR_TOP_BAD, "shm-full", 0, "/dev/shm is full: \033[31mtrain.py", { .n = 0 } };

static void setup(unsigned gpus, unsigned seconds)
{
    m = hr_calloc(1, sizeof *m);
    assert_non_null(m);
    assert_int_equal(hr_series_open(&series, NULL), 0);
    for (unsigned t = 0; t < seconds; t++) {
        make_model(m, t, gpus);
        hr_series_take(series, m);
    }
    p = (struct hr_painter) { .caps = { true, HR_DEPTH_TRUE, false, HR_GLYPHS_BRAILLE } };
    hr_top_init(&v);
}

static void teardown(void)
{
    hr_painter_fini(&p);
    hr_cells_fini(&s);
    hr_series_close(series);
    hr_free(m);
}

static struct hr_top_scene scene(void)
{
    return (struct hr_top_scene) { .m = m, .s = series, .alert = &alert, .alerts = 1, .time = { past_from, m->wall, "kept by this view", alert_at, 1 } };
}

static void draw(int w, int h)
{
    struct hr_top_scene sc = scene();
    assert_true(s.w == w && s.h == h ? true : hr_cells_resize(&s, w, h));
    hr_top_draw(&v, &sc, &s, &p);
}

/* A row in ASCII: a dash for the sign of unknown, a star for anything else. */
static const char *row(int y)
{
    static char text[4 * HR_CELLS_MAX_W + 1];
    size_t n = 0;
    for (int x = 0; x < s.w; x++) {
        uint32_t c = hr_cells_at(&s, x, y)->c;
        if (c == 0)
            continue;
        text[n++] = c < 0x80 ? (char)c : c == 0x2013 ? '-' : '*';
    }
    text[n] = 0;
    return text;
}

static bool shows(const char *what)
{
    for (int y = 0; y < s.h; y++)
        if (strstr(row(y), what) != NULL)
            return true;
    return false;
}

static struct hr_event key(uint32_t k)
{
    return (struct hr_event) { .key = k, .button = HR_MOUSE_NONE };
}

static enum hr_top_wish press(uint32_t k)
{
    struct hr_event e = key(k);
    struct hr_top_scene sc = scene();
    return hr_top_event(&v, &e, &sc);
}

/* V3, and nothing of a hostile name reaches a cell. */
static void any_size(void **state)
{
    (void)state;
    setup(2, 50);
    for (int w = 1; w <= 310; w += w < 30 ? 1 : 7)
        for (int h = 1; h <= 105; h += h < 30 ? 1 : 9) {
            draw(w, h);
            for (size_t i = 0; i < (size_t)w * (size_t)h; i++)
                assert_true(s.cell[i].c == 0 || (s.cell[i].c >= 0x20 && s.cell[i].c != 0x7f && s.cell[i].c != 27));
        }
    teardown();
}

static double number_after(const char *text, const char *name, const char **ret_unit)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        return -1;
    char *end;
    double x = strtod(at + strlen(name), &end);
    *ret_unit = end + 1;
    return x;
}

/* V1: the figures of the legend, read off the screen, add up to the total within their rounding. */
static void the_account_adds_up(void **state)
{
    (void)state;
    setup(0, 3);
    static const int sizes[][2] = { { 80, 24 }, { 100, 30 }, { 120, 40 }, { 160, 45 }, { 200, 50 }, { 300, 100 } };
    static const char *const names[] = { "programs", "shared", "kernel", "huge pages", "zswap", "other", "dirty", "caches", "page cache", "free", "the rest" };
    for (size_t i = 0; i < HR_COUNT(sizes); i++) {
        draw(sizes[i][0], sizes[i][1]);
        double sum = 0;
        for (int y = 3; y < 12; y++)
            for (size_t k = 0; k < HR_COUNT(names); k++) {
                const char *unit, *text = row(y);
                char marked[24];
                snprintf(marked, sizeof marked, "* %s", names[k]);
                double x = number_after(text, marked, &unit);
                if (x >= 0)
                    sum += x * (unit[0] == 'G' ? (double)GIB : unit[0] == 'M' ? (double)MIB : 1024);
            }
        assert_true(fabs(sum - (double)m->memory.total.v) < 0.005 * (double)m->memory.total.v);
    }
    teardown();
}

static void jobs_open_and_rows_move(void **state)
{
    (void)state;
    setup(1, 5);
    draw(120, 40);
    assert_true(shows("train.py"));
    assert_false(shows("pt_data_worker"));
    assert_int_equal(press(HR_KEY_DOWN), HR_TOP_REDRAW); /* the first row is the job */
    assert_int_equal(press(HR_KEY_ENTER), HR_TOP_REDRAW);
    draw(120, 40);
    assert_true(shows("worker pt_data_worker"));
    assert_true(shows("rank 0 python"));
    for (int i = 0; i < 30; i++) {
        press(HR_KEY_DOWN);
        draw(120, 40);
    }
    assert_true(v.first > 0);
    assert_true(v.chosen != 0 && v.chosen != 4700);
    press('/');
    for (const char *c = "dock"; *c != 0; c++)
        press((uint32_t)*c);
    draw(120, 40);
    assert_true(shows("dockerd"));
    assert_false(shows("systemd"));
    press(HR_KEY_ESC);
    press('t');
    draw(120, 40);
    assert_true(shows("systemd"));
    teardown();
}

/* The CPU of the table's row, as it is read off the screen. */
static double cpu_of(int y)
{
    char text[16] = "";
    for (int x = v.head_x[HR_SORT_CPU], n = 0; n < 7; x++, n++)
        text[n] = (char)HR_MIN(hr_cells_at(&s, x, y)->c, 0x7fu);
    return strtod(text, NULL);
}

/* Whatever wakes for a moment: the rows stand in the order of the figures beside them, and the open job's members add up to it. */
static void the_order_is_that_of_the_figures(void **state)
{
    (void)state;
    setup(1, 2);
    v.all_open = true;
    for (unsigned t = 2; t < 60; t++) {
        make_model(m, t, 1);
        m->job[0].cpu = 0;
        for (unsigned i = 0; i < m->proc_n; i++) {
            uint64_t r = hr_rng_u64(t, i);
            m->proc[i].cpu = r % 3 == 0 ? (float)(r >> 8 & 63) : m->proc[i].cpu;
            m->job[0].cpu += m->proc[i].job == 0 ? m->proc[i].cpu : 0;
        }
        hr_series_take(series, m);
        draw(120, 90);
        double before = 1e9, job = 0, members = 0;
        for (int i = 0; i < v.rows && v.row[i].pid != 0; i++) {
            double cpu = cpu_of(v.table.y + i);
            bool member = i > 0 && i <= 11;
            if (i == 0)
                job = cpu;
            members += member ? cpu : 0;
            if (i > 0 && !member) {
                if (cpu > before)
                    fail_msg("tick %u, row %d: %.1f stands below %.1f", t, i, cpu, before);
                before = cpu;
            }
        }
        assert_true(fabs(job - members) < 1.2);
    }
    /* A moment that does not follow tells its own figures. */
    make_model(m, 200, 1);
    draw(120, 90);
    assert_true(fabs(cpu_of(v.table.y + 12) - 3.1) < 0.05); /* code-server */
    assert_true(shows("code-server  node"));
    assert_true(shows("dockerd  /usr/bin/dockerd"));
    assert_true(shows("python  train.py"));
    teardown();
}

static void clicks(void **state)
{
    (void)state;
    setup(1, 5);
    draw(120, 40);
    struct hr_top_scene sc = scene();
    struct hr_event e = { .key = HR_KEY_MOUSE, .button = HR_MOUSE_LEFT, .pressed = true, .x = v.head_x[HR_SORT_MEMORY] + 4, .y = v.table.y - 1 };
    assert_int_equal(hr_top_event(&v, &e, &sc), HR_TOP_REDRAW);
    assert_int_equal(v.sort, HR_SORT_MEMORY);
    assert_false(v.reverse);
    hr_top_event(&v, &e, &sc);
    assert_true(v.reverse);
    hr_top_event(&v, &e, &sc);
    draw(120, 40);
    e.x = v.table.x + 10;
    e.y = v.table.y;
    hr_top_event(&v, &e, &sc);
    draw(120, 40);
    assert_true(shows("pt_data_worker"));
    e.button = HR_MOUSE_WHEEL_DOWN;
    hr_top_event(&v, &e, &sc);
    assert_int_equal(v.first, 3);
    teardown();
}

/* The marks stand in the plot and below it, with what act does; alerts have a page of their own, with the curve of each. */
static void marks_and_curves(void **state)
{
    (void)state;
    setup(1, 400);
    static struct hr_top_alert two[2];
    struct hr_memory_marks marks = { { m->memory.total.v / 2, m->memory.total.v / 10 * 9 }, "runs ./make-room" };
    struct hr_top_scene sc = scene();
    struct hr_episode_curve_time now = { m->at, m->wall, 0 };
    for (int i = 0; i < 2; i++) {
        two[i] = alert;
        two[i].level = i == 0 ? HR_TOP_WARN : HR_TOP_BAD;
        hr_episode_curve_past(&two[i].curve, series, now, 0, i == 0 ? HR_M_MEM_USED : HR_M_CPU, 0);
        assert_true(two[i].curve.n > 50);
    }
    sc.alert = two;
    sc.alerts = 2;
    sc.marks = &marks;
    assert_true(hr_cells_resize(&s, 200, 50));
    hr_top_draw(&v, &sc, &s, &p);
    unsigned dashes = 0;
    for (size_t i = 0; i < 200u * 50u; i++)
        dashes += s.cell[i].c == 0x254c;
    assert_true(dashes > 20);
    assert_true(shows("act "));
    assert_true(shows(": runs ./make-room"));
    assert_true(shows("1 more: a"));
    marks.at[1] = m->memory.total.v / 100 * 52; /* in the same row on a lower screen: the graver one stands there */
    assert_true(hr_cells_resize(&s, 120, 40));
    hr_top_draw(&v, &sc, &s, &p);
    assert_true(shows("act *") && !shows("wact"));
    marks.at[1] = m->memory.total.v / 10 * 9;
    assert_true(hr_cells_resize(&s, 200, 50));
    assert_int_equal(press('a'), HR_TOP_REDRAW);
    hr_top_draw(&v, &sc, &s, &p);
    assert_true(shows("memory used "));
    assert_true(shows("act runs ./make-room"));
    for (int w = 1; w <= 250; w += w < 30 ? 1 : 13)
        for (int h = 1; h <= 60; h += h < 30 ? 1 : 7) {
            assert_true(hr_cells_resize(&s, w, h));
            hr_top_draw(&v, &sc, &s, &p);
        }
    assert_int_equal(press('q'), HR_TOP_REDRAW); /* any key closes */
    assert_false(v.alerts);
    sc.alerts = 0;
    press('a');
    assert_true(hr_cells_resize(&s, 80, 24));
    hr_top_draw(&v, &sc, &s, &p);
    assert_true(shows("no alert is on"));
    teardown();
}

#define S INT64_C(1000000000)

static void time_and_pause(void **state)
{
    (void)state;
    setup(1, 400);
    draw(200, 50);
    const struct {
        uint32_t key;
        unsigned mods;
        enum hr_hop_kind kind;
        int64_t by;
    } hops[] = {
        { HR_KEY_LEFT, 0, HR_HOP_BY, -10 * S }, { HR_KEY_RIGHT, 0, HR_HOP_BY, 10 * S }, { HR_KEY_LEFT, HR_MOD_SHIFT, HR_HOP_BY, -60 * S },
        { HR_KEY_RIGHT, HR_MOD_CTRL, HR_HOP_BY, 600 * S }, { HR_KEY_LEFT, HR_MOD_ALT, HR_HOP_BY, -3600 * S }, { ',', 0, HR_HOP_BY, -60 * S },
        { '>', 0, HR_HOP_BY, 600 * S }, { '{', 0, HR_HOP_BY, -3600 * S }, { 'w', 0, HR_HOP_ALERT, -1 }, { 'W', 0, HR_HOP_ALERT, 1 },
        { 'b', 0, HR_HOP_LOOK, -1 }, { 'n', 0, HR_HOP_LOOK, 1 }, { HR_KEY_HOME, 0, HR_HOP_BEGIN, 0 }, { HR_KEY_END, 0, HR_HOP_END, 0 },
        { 'g', 0, HR_HOP_BEGIN, 0 }, { 'G', 0, HR_HOP_END, 0 }, { ' ', 0, HR_HOP_STOP, 0 },
    };
    for (size_t i = 0; i < HR_COUNT(hops); i++) {
        struct hr_event e = key(hops[i].key);
        struct hr_top_scene sc = scene();
        e.mods = hops[i].mods;
        assert_int_equal(hr_top_event(&v, &e, &sc), HR_TOP_REDRAW);
        assert_int_equal(v.hop.kind, hops[i].kind);
        assert_int_equal(v.hop.by, hops[i].by);
    }
    v.hop.kind = HR_HOP_NONE;
    assert_false(shows("kept by this view"));
    past_from = m->wall - 399 * S;
    v.moment = m->wall - 20 * S;
    draw(200, 50);
    assert_true(shows("20 s ago"));
    assert_true(shows("kept by this view"));
    assert_non_null(strstr(row(1), "!"));
    assert_true(v.line.w > 100);
    struct hr_event e = { .key = HR_KEY_MOUSE, .button = HR_MOUSE_LEFT, .pressed = true, .x = v.line.x + v.line.w / 2, .y = 1 };
    struct hr_top_scene sc = scene();
    hr_top_event(&v, &e, &sc);
    assert_int_equal(v.hop.kind, HR_HOP_TO);
    assert_in_range(v.hop.by, past_from + 195 * S, past_from + 205 * S);
    m->means = 60;
    draw(100, 30);
    assert_true(shows("means of 60 s, kept by this view"));
    snprintf(v.said, sizeof v.said, "no alert is kept from before");
    draw(80, 24);
    assert_true(shows("no alert is kept from before"));
    v.moment = 0;
    draw(80, 24);
    assert_true(shows("no alert is kept from before"));
    press('s');
    draw(80, 24);
    assert_false(shows("no alert is kept from before"));
    v.moment = m->wall - 20 * S;
    draw(80, 24);
    assert_true(shows("1 h"));
    past_from = 0;
    press('-');
    assert_int_equal(v.span, UINT64_C(2000000000));
    assert_int_equal(press('q'), HR_TOP_QUIT);
    teardown();
}

/* What is unknown is a dash with its reason, never a 0. */
static void unknown_is_said(void **state)
{
    (void)state;
    setup(0, 3);
    m->memory.total = hr_figure_unknown("/proc/meminfo: Permission denied");
    m->cpu.busy = hr_real_unknown("x");
    m->procs_known = hr_truth_unknown("/proc: not mounted");
    m->proc_n = 0;
    m->job_n = 0;
    draw(120, 40);
    assert_true(shows("/proc/meminfo: Permission denied"));
    assert_true(shows("cpu -"));
    assert_true(shows("/proc: not mounted"));
    assert_true(shows("no PSI"));
    assert_true(shows("libnvidia-ml.so.1"));
    teardown();
}

/* However small the screen, it tells the figures that matter, and of cards that do not fit how many. */
static void little_room(void **state)
{
    (void)state;
    setup(8, 5);
    draw(80, 24);
    for (unsigned i = 0; i < 8; i++) {
        char busy[32];
        snprintf(busy, sizeof busy, "%u %3u %%", i, (unsigned)m->gpus.gpu[i].busy.v);
        if (!shows(busy))
            fail_msg("card %u is not shown", i);
    }
    m->gpus.n = 40;
    for (unsigned i = 8; i < 40; i++)
        m->gpus.gpu[i] = m->gpus.gpu[7];
    draw(80, 24);
    assert_true(shows("and 3") && shows(" more"));
    teardown();
    setup(2, 5);
    draw(20, 5);
    assert_true(shows("mem ") && shows("GiB left") && shows("cpu"));
    draw(20, 8);
    assert_true(shows("gpu 1"));
    draw(40, 14);
    assert_true(shows("GiB of 31.3 GiB") && shows("available"));
    assert_false(shows("PROSESS"));
    draw(80, 24);
    assert_true(shows("VRAM"));
    teardown();
    setup(1, 5);
    m->gpus.gpu[0].milliwatts = hr_figure_of(251000);
    draw(80, 24);
    assert_true(shows("0  RTX 5070 Ti 7")); /* up to its heat */
    teardown();
    setup(0, 5);
    draw(80, 24);
    assert_false(shows("VRAM"));
    teardown();
}

/* Every key, and what a dash means, without a word cut on the smallest usual screen. */
static void the_help_fits(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 80, 24 }, { 120, 40 } };
    setup(1, 5);
    for (size_t i = 0; i < HR_COUNT(sizes); i++) {
        v.help = true;
        draw(sizes[i][0], sizes[i][1]);
        assert_true(shows("Ctrl-C") && shows("Ctrl-Z") && shows("cannot be had here"));
        int x = s.w - 1, y = s.h / 2;
        while (x > 0 && hr_cells_at(&s, x, y)->c != 0x2502)
            x--;
        if (x == s.w - 1) /* of a panel behind it */
            for (x--; hr_cells_at(&s, x, y)->c != 0x2502; x--)
                ;
        for (y = 0; y < s.h; y++)
            if (hr_cells_at(&s, x, y)->c == 0x2502 && hr_cells_at(&s, x - 2, y)->c != ' ')
                fail_msg("%dx%d, row %d is cut: %s", s.w, s.h, y, row(y));
    }
    draw(120, 45);
    assert_true(shows("memory into the cache"));
    teardown();
}

/* Where there are only letters, a dash is a dash, and nothing else that is drawn comes out as a question. */
static void letters_only(void **state)
{
    (void)state;
    setup(1, 5);
    m->proc_n = 3;
    p.caps.glyphs = HR_GLYPHS_ASCII;
    p.caps.depth = HR_DEPTH_NONE;
    m->cpu.busy = hr_real_unknown("x");
    static const int sizes[][2] = { { 80, 24 }, { 120, 40 }, { 200, 50 } };
    for (size_t i = 0; i < HR_COUNT(sizes); i++) {
        struct hr_buf out = HR_BUF_INIT(1 << 20);
        draw(sizes[i][0], sizes[i][1]);
        hr_paint_forget(&p);
        assert_true(hr_paint(&p, &s, &out));
        assert_non_null(strstr(out.data, "cpu -"));
        assert_non_null(strstr(out.data, "desk"));
        assert_non_null(strstr(out.data, "- WSL 2"));
        hr_buf_fini(&out);
    }
    teardown();
}

static void any_events(void **state)
{
    (void)state;
    setup(8, 40);
    static const uint32_t keys[] = { 'q', '?', ' ', '+', '-', 's', 'r', '/', 't', 'e', 'j', 'k', 'l', 'x', 'w', 'b', ',', '}', 'g', HR_KEY_UP, HR_KEY_DOWN, HR_KEY_LEFT, HR_KEY_RIGHT,
                                     HR_KEY_HOME, HR_KEY_PAGE_UP, HR_KEY_PAGE_DOWN, HR_KEY_ENTER, HR_KEY_TAB, HR_KEY_ESC, HR_KEY_BACKSPACE, HR_KEY_MOUSE };
    for (unsigned i = 0; i < 4000; i++) {
        uint64_t r = hr_rng_u64(11, i);
        struct hr_event e = { .key = keys[r % HR_COUNT(keys)], .button = (enum hr_mouse)(r >> 8 & 7) % 6, .pressed = true, .x = (int)(r >> 16 & 255) - 20,
                              .y = (int)(r >> 24 & 63) - 5 };
        struct hr_top_scene sc = scene();
        hr_top_event(&v, &e, &sc);
        v.moment = v.hop.kind == HR_HOP_NONE ? v.moment : m->wall - (r >> 50); /* whoever has the past does something like it */
        v.hop.kind = HR_HOP_NONE;
        if (i % 5 == 0) {
            m->proc_n = 1 + (unsigned)(r >> 32) % 70;
            draw(20 + (int)(r >> 40 & 127), 6 + (int)(r >> 48 & 63));
        }
    }
    teardown();
}

/* The budget: drawing and painting a frame of 1,100 processes takes little of a second. */
static void a_frame_is_cheap(void **state)
{
    (void)state;
    setup(2, 100);
    while (m->proc_n < 1100)
        make_proc(m, 10000 + (int)m->proc_n, 1, -1, HR_DUTY_NONE, "sleep", "sleep infinity", 0, MIB);
    draw(200, 50);
    uint64_t sum = 0;
    unsigned dear = 0; /* counted one by one: what a virtual machine's host takes from it may stand in some of them */
    for (unsigned i = 0; i < 100; i++) {
        uint64_t begun = hr_cpu_thread();
        m->seq++;
        draw(200, 50);
        uint64_t took = hr_cpu_thread() - begun;
        sum += took;
        dear += took >= 20000000; /* generous: sanitizers run it too */
    }
    print_message("a frame: %u µs\n", (unsigned)(sum / 100000));
    assert_true(dear < 50);
    teardown();
}

/* The bar of issue and manual: a machine on which nothing but the time goes on costs at most 1 KB a second on 200x50. */
static void an_unchanged_machine_costs_little(void **state)
{
    (void)state;
    setup(1, 0);
    struct hr_buf out = HR_BUF_INIT(8 << 20);
    size_t sum = 0, most = 0, frames = 120;
    for (unsigned t = 0; t < 400 + frames; t++) {
        make_model(m, 7, 1);
        m->seq = t;
        m->at += UINT64_C(1000000000) * t;
        m->wall += UINT64_C(1000000000) * t;
        m->uptime = hr_figure_of(m->uptime.v + UINT64_C(1000000000) * t);
        hr_series_take(series, m);
        if (t < 400)
            continue;
        draw(200, 50);
        hr_buf_reset(&out);
        assert_true(hr_paint(&p, &s, &out));
        if (t > 402) {
            sum += out.len;
            most = HR_MAX(most, out.len);
        }
    }
    print_message("%zu bytes a frame, at most %zu\n", sum / (frames - 3), most);
    assert_in_range(sum / (frames - 3), 1, 1024);
    hr_buf_fini(&out);
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size),        cmocka_unit_test(the_account_adds_up), cmocka_unit_test(jobs_open_and_rows_move),
        cmocka_unit_test(the_order_is_that_of_the_figures),
        cmocka_unit_test(clicks),          cmocka_unit_test(time_and_pause),      cmocka_unit_test(unknown_is_said),
        cmocka_unit_test(marks_and_curves),
        cmocka_unit_test(little_room), cmocka_unit_test(letters_only), cmocka_unit_test(the_help_fits), cmocka_unit_test(any_events),      cmocka_unit_test(a_frame_is_cheap),  cmocka_unit_test(an_unchanged_machine_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

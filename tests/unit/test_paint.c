/* The painter against a small terminal: whatever was drawn, the bytes make the terminal show it. */
#include "unit.h"

#include "mem.h"
#include "paint.h"
#include "rng.h"
#include "vt.h"

static struct vt vt;

/* P1: every cell, its colours and attributes. */
static void assert_shows(const struct vt *t, const struct hr_cells *s, const struct hr_painter *p)
{
    assert_null(t->bad);
    assert_false(t->frame);
    for (int y = 0; y < s->h; y++)
        for (int x = 0; x < s->w; x++) {
            const struct hr_cell *c = hr_cells_at(s, x, y);
            const struct vt_cell *v = &t->cell[y][x];
            if (v->c != c->c)
                fail_msg("row %d column %d shows U+%04X instead of U+%04X", y, x, v->c, c->c);
            if (c->c == 0)
                continue;
            char fg[HR_INK_CODE] = "39", bg[HR_INK_CODE] = "49";
            hr_ink_code((enum hr_ink)c->fg, false, p->caps.depth, p->caps.light, fg);
            hr_ink_code((enum hr_ink)c->bg, true, p->caps.depth, p->caps.light, bg);
            assert_string_equal(v->bg, bg);
            unsigned attr = c->attr;
            if (p->caps.depth == HR_DEPTH_NONE)
                attr |= hr_ink_mono((enum hr_ink)c->fg, false) | hr_ink_mono((enum hr_ink)c->bg, true);
            if (c->c != ' ') { /* of a blank the foreground is not seen */
                assert_string_equal(v->fg, fg);
                assert_int_equal(v->attr, attr);
            } else {
                assert_int_equal(v->attr & 12, attr & 12);
            }
        }
}

static size_t paint(struct hr_painter *p, const struct hr_cells *s)
{
    struct hr_buf out = HR_BUF_INIT(4 << 20);
    assert_true(hr_paint(p, s, &out));
    vt_feed(&vt, hr_buf_str(&out));
    assert_shows(&vt, s, p);
    size_t n = out.len;
    hr_buf_fini(&out);
    return n;
}

static uint64_t draws;
static unsigned any(unsigned n)
{
    return (unsigned)(hr_rng_u64(7, draws++) % n);
}

static void scribble(struct hr_cells *s)
{
    static const char *const words[] = { "memory", "12.3 GiB", "▇▆▅▄", "⣿⣷⣦", "日本語のジョブ", "–", "e\xcc\x81té", "\033[31mevil", "a\tb", "🚀go", "\xff\xfe" };
    struct hr_style st = { (uint8_t)any(HR_INKS), (uint8_t)(any(3) ? HR_INK_TEXT : any(HR_INKS)), (uint8_t)(any(4) ? 0 : any(16)) };
    int x = (int)any((unsigned)s->w + 8) - 4, y = (int)any((unsigned)s->h + 4) - 2;
    switch (any(4)) {
    case 0:
        hr_cells_fill(s, x, y, (int)any(40), any(2) ? ' ' : 0x2588, st);
        break;
    case 1:
        hr_cells_ground(s, x, y, (int)any(30), (enum hr_ink)any(HR_INKS));
        break;
    default:
        hr_cells_put(s, x, y, (int)any(30), st, words[any(HR_COUNT(words))]);
    }
}

static void any_two_screens(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 80, 24 }, { 1, 1 }, { 7, 3 }, { 300, 100 }, { 200, 50 } };
    for (unsigned i = 0; i < 60; i++) {
        struct hr_painter p = { .caps = { true, (enum hr_depth)(i % 4), i % 3 == 0, HR_GLYPHS_BRAILLE } };
        struct hr_cells s = { 0 };
        const int *size = sizes[i % HR_COUNT(sizes)];
        assert_true(hr_cells_resize(&s, size[0], size[1]));
        vt_init(&vt, size[0], size[1]);
        for (unsigned frame = 0; frame < 30; frame++) {
            if (any(9) == 0)
                hr_cells_clear(&s);
            for (unsigned k = any(12); k > 0; k--)
                scribble(&s);
            /* Hints may be wrong: they change the bytes, never the picture. */
            for (unsigned k = any(3); k > 0; k--)
                hr_paint_shift(&p, (int)any((unsigned)s.w), (int)any((unsigned)s.h), (int)any((unsigned)s.w) + 1, (int)any(5) + 1, 1 + (int)any(3));
            paint(&p, &s);
            assert_int_equal(paint(&p, &s), 0); /* P2 */
        }
        hr_cells_fini(&s);
        hr_painter_fini(&p);
    }
}

static void a_moving_plot_costs_little(void **state)
{
    (void)state;
    struct hr_painter p = { .caps = { true, HR_DEPTH_TRUE, false, HR_GLYPHS_BRAILLE } };
    struct hr_cells s = { 0 };
    assert_true(hr_cells_resize(&s, 200, 50));
    vt_init(&vt, 200, 50);
    size_t bytes[2] = { 0, 0 };
    for (unsigned hint = 0; hint < 2; hint++)
        for (unsigned t = 0; t < 50; t++) {
            for (int y = 0; y < 5; y++)
                for (int x = 0; x < 90; x++)
                    hr_cells_set(&s, 5 + x, 10 + y, 0x2800 + (uint32_t)hr_rng_u64(3, (t + (unsigned)x) * 7 + (unsigned)y) % 255, HR_FG(HR_INK_LOAD + y));
            hr_cells_put(&s, 100, 11, 20, HR_FG(HR_INK_TEXT), "right of the plot");
            if (hint)
                hr_paint_shift(&p, 5, 10, 90, 5, 1);
            size_t n = paint(&p, &s);
            if (t > 1)
                bytes[hint] += n / 48;
        }
    assert_in_range(bytes[1], 1, 420); /* of five rows of 90 cells, new at every place */
    assert_true(bytes[1] * 3 < bytes[0]);
    hr_cells_fini(&s);
    hr_painter_fini(&p);
}

static void without_colours_and_letters(void **state)
{
    (void)state;
    struct hr_painter p = { .caps = { true, HR_DEPTH_NONE, false, HR_GLYPHS_ASCII } };
    struct hr_cells s = { 0 };
    assert_true(hr_cells_resize(&s, 20, 2));
    hr_cells_put(&s, 0, 0, 20, HR_FG(HR_INK_BAD), "\xe6\x97\xa5 full \xe2\x96\x88");
    struct hr_buf out = HR_BUF_INIT(1 << 16);
    assert_true(hr_paint(&p, &s, &out));
    for (size_t i = 0; i < out.len; i++)
        assert_true((unsigned char)out.data[i] < 0x80);
    assert_null(strstr(out.data, "38;"));
    assert_non_null(strstr(out.data, "\033[1m"));
    hr_buf_fini(&out);
    hr_cells_fini(&s);
    hr_painter_fini(&p);
}

static void out_of_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 12; n++) {
        struct hr_painter p = { .caps = { true, HR_DEPTH_TRUE, false, HR_GLYPHS_BRAILLE } };
        struct hr_cells s = { 0 };
        assert_true(hr_cells_resize(&s, 200, 50));
        for (unsigned k = 0; k < 400; k++)
            scribble(&s);
        struct hr_buf out = HR_BUF_INIT(1 << 20);
        hr_mem_fail_at(n, false);
        bool done = hr_paint(&p, &s, &out);
        hr_mem_fail_at(0, false);
        if (!done) { /* the next frame makes it good */
            hr_buf_reset(&out);
            assert_true(hr_paint(&p, &s, &out));
            vt_init(&vt, 200, 50);
            vt_feed(&vt, hr_buf_str(&out));
            assert_shows(&vt, &s, &p);
        }
        hr_buf_fini(&out);
        hr_cells_fini(&s);
        hr_painter_fini(&p);
    }
}

static const char *environment[8][2];
static const char *look_up(const char *name)
{
    for (size_t i = 0; i < HR_COUNT(environment); i++)
        if (environment[i][0] != NULL && strcmp(environment[i][0], name) == 0)
            return environment[i][1];
    return NULL;
}

static void capabilities(void **state)
{
    (void)state;
    static const struct {
        const char *env[8][2];
        struct hr_term_caps want;
    } cases[] = {
        { { { "TERM", "xterm-256color" }, { "LANG", "C.UTF-8" } }, { true, HR_DEPTH_256, false, HR_GLYPHS_BRAILLE } },
        { { { "TERM", "xterm-256color" }, { "COLORTERM", "truecolor" }, { "LANG", "en_US.utf8" } }, { true, HR_DEPTH_TRUE, false, HR_GLYPHS_BRAILLE } },
        { { { "TERM", "xterm-ghostty" }, { "LC_ALL", "C" }, { "LANG", "C.UTF-8" } }, { true, HR_DEPTH_TRUE, false, HR_GLYPHS_ASCII } },
        { { { "TERM", "linux" }, { "LC_CTYPE", "de_DE.UTF-8" } }, { true, HR_DEPTH_16, false, HR_GLYPHS_BLOCKS } },
        { { { "TERM", "xterm-256color" }, { "NO_COLOR", "1" }, { "COLORTERM", "truecolor" }, { "LANG", "C.UTF-8" } }, { true, HR_DEPTH_NONE, false, HR_GLYPHS_BRAILLE } },
        { { { "TERM", "rxvt" }, { "COLORFGBG", "0;default;15" }, { "LANG", "C.UTF-8" } }, { true, HR_DEPTH_16, true, HR_GLYPHS_BRAILLE } },
        { { { "TERM", "dumb" }, { "LANG", "C.UTF-8" } }, { false, HR_DEPTH_NONE, false, HR_GLYPHS_BRAILLE } },
        { { { "LANG", "C.UTF-8" } }, { false, HR_DEPTH_NONE, false, HR_GLYPHS_BRAILLE } },
        { { { "TERM", "vt220" } }, { true, HR_DEPTH_NONE, false, HR_GLYPHS_ASCII } },
    };
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        memcpy(environment, cases[i].env, sizeof environment);
        struct hr_term_caps c = hr_term_caps(look_up);
        assert_int_equal(c.able, cases[i].want.able);
        assert_int_equal(c.depth, cases[i].want.depth);
        assert_int_equal(c.light, cases[i].want.light);
        assert_int_equal(c.glyphs, cases[i].want.glyphs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_screens),          cmocka_unit_test(a_moving_plot_costs_little),
        cmocka_unit_test(without_colours_and_letters), cmocka_unit_test(out_of_memory),
        cmocka_unit_test(capabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

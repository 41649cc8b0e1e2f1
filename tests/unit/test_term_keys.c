/* The decoder of what a terminal sends. */
#include "unit.h"

#include "term_keys.h"

#include <string.h>

static struct hr_keys k;

/* Feeds a text; the events one after the other. */
static size_t feed(const char *text, size_t n, struct hr_event *ret, size_t most)
{
    size_t got = 0;
    for (size_t i = 0; i < n; i++)
        if (hr_keys_take(&k, (unsigned char)text[i], &ret[got]))
            assert_in_range(++got, 1, most - 1);
    return got;
}
#define FEED(text) feed((text), sizeof(text) - 1, e, HR_COUNT(e))

static void every_key(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t key;
        unsigned mods;
    } cases[] = {
        { "q", 'q', 0 },
        { "\xc3\xa9", 0xe9, 0 },
        { "\xf0\x9f\x9a\x80", 0x1f680, 0 },
        { "\r", HR_KEY_ENTER, 0 },
        { "\t", HR_KEY_TAB, 0 },
        { "\x7f", HR_KEY_BACKSPACE, 0 },
        { "\x03", 'c', HR_MOD_CTRL },
        { "\x1a", 'z', HR_MOD_CTRL },
        { "\x0c", 'l', HR_MOD_CTRL },
        { "\033x", 'x', HR_MOD_ALT },
        { "\033[A", HR_KEY_UP, 0 },
        { "\033OB", HR_KEY_DOWN, 0 },
        { "\033[1;5C", HR_KEY_RIGHT, HR_MOD_CTRL },
        { "\033[1;2D", HR_KEY_LEFT, HR_MOD_SHIFT },
        { "\033[H", HR_KEY_HOME, 0 },
        { "\033[4~", HR_KEY_END, 0 },
        { "\033[5~", HR_KEY_PAGE_UP, 0 },
        { "\033[6;3~", HR_KEY_PAGE_DOWN, HR_MOD_ALT },
        { "\033[3~", HR_KEY_DELETE, 0 },
        { "\033[Z", HR_KEY_BACK_TAB, 0 },
        { "\033OP", HR_KEY_F1, 0 },
        { "\033[24~", HR_KEY_F12, 0 },
        { "\033[I", HR_KEY_FOCUS, 0 },
    };
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        struct hr_event e[4];
        assert_int_equal(feed(cases[i].text, strlen(cases[i].text), e, 4), 1);
        assert_int_equal(e[0].key, cases[i].key);
        assert_int_equal(e[0].mods, cases[i].mods);
        assert_false(hr_keys_waiting(&k));
    }
}

static void the_mouse(void **state)
{
    (void)state;
    struct hr_event e[8];
    assert_int_equal(FEED("\033[<0;12;5M\033[<0;12;5m\033[<64;1;1M\033[<65;300;100M\033[<32;3;4M"), 5);
    assert_int_equal(e[0].key, HR_KEY_MOUSE);
    assert_true(e[0].pressed && e[0].button == HR_MOUSE_LEFT && e[0].x == 11 && e[0].y == 4);
    assert_true(!e[1].pressed && e[1].button == HR_MOUSE_LEFT);
    assert_int_equal(e[2].button, HR_MOUSE_WHEEL_UP);
    assert_true(e[3].button == HR_MOUSE_WHEEL_DOWN && e[3].x == 299 && e[3].y == 99);
    assert_true(e[4].moved);
    assert_int_equal(FEED("\033[<0;0;5M\033[<0;5M\033[<;;M\033[<1;1;1;1M"), 0); /* no such place */
}

static void a_lone_escape(void **state)
{
    (void)state;
    struct hr_event e[8];
    assert_int_equal(FEED("\033"), 0);
    assert_true(hr_keys_waiting(&k));
    assert_true(hr_keys_settle(&k, e));
    assert_int_equal(e[0].key, HR_KEY_ESC);
    assert_int_equal(FEED("\033\033[A"), 2);
    assert_int_equal(e[0].key, HR_KEY_ESC);
    assert_int_equal(e[1].key, HR_KEY_UP);
    assert_int_equal(FEED("\033["), 0);
    assert_true(hr_keys_settle(&k, e));
    assert_int_equal(e[0].key, '[');
    assert_int_equal(FEED("\033[1;"), 0);
    assert_false(hr_keys_settle(&k, e)); /* cut short: nothing that was typed */
    assert_int_equal(FEED("a"), 1);
}

static void pasted_text_is_no_command(void **state)
{
    (void)state;
    struct hr_event e[8];
    assert_int_equal(FEED("\033[200~q\033[A\033[201q\033\033[201~x"), 1);
    assert_int_equal(e[0].key, 'x');
}

static void unknown_sequences_are_silent(void **state)
{
    (void)state;
    struct hr_event e[8];
    assert_int_equal(FEED("\033[?62;1;2c\033[99~\033[1;2;3;4;5X\033Oz\xff\xc3(\xed\xa0\x80\x80"), 1);
    assert_int_equal(e[0].key, '(');
    char hostile[3000];
    memset(hostile, '1', sizeof hostile);
    memcpy(hostile, "\033[", 2);
    assert_int_equal(feed(hostile, sizeof hostile, e, HR_COUNT(e)), 0);
    assert_int_equal(FEED("~q"), 1);
    assert_int_equal(e[0].key, 'q');
}

static void any_pieces_any_bytes(void **state)
{
    (void)state;
    uint32_t x = 1;
    struct hr_event e;
    for (unsigned i = 0; i < 2000000; i++) {
        x = x * 1664525u + 1013904223u;
        static const char likely[] = "\033\033[O<;0123456789Mm~ABCDZq\x01\x7f\xc3\xa9\xf0";
        unsigned char b = x >> 30 == 0 ? (unsigned char)(x >> 8) : (unsigned char)likely[(x >> 8) % (sizeof likely - 1)];
        if (hr_keys_take(&k, b, &e) || ((x >> 20) % 64 == 0 && hr_keys_settle(&k, &e))) {
            assert_true(e.key < 0x110000 || (e.key > HR_KEY_NONE && e.key <= HR_KEY_MOUSE));
            assert_true(e.key != HR_KEY_MOUSE || (e.x >= 0 && e.y >= 0));
        }
        assert_true(k.n < HR_KEYS_HELD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key),
        cmocka_unit_test(the_mouse),
        cmocka_unit_test(a_lone_escape),
        cmocka_unit_test(pasted_text_is_no_command),
        cmocka_unit_test(unknown_sequences_are_silent),
        cmocka_unit_test(any_pieces_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "term_keys.h"

#include "utf8.h"

#include <string.h>

static bool emit(struct hr_keys *k, struct hr_event *ret, uint32_t key, unsigned mods)
{
    k->n = 0;
    *ret = (struct hr_event) { .key = key, .mods = mods, .button = HR_MOUSE_NONE };
    return true;
}

static bool drop(struct hr_keys *k)
{
    k->n = 0;
    return false;
}

/* A byte below 0x20, or 0x7f. */
static bool control(struct hr_keys *k, unsigned char b, unsigned mods, struct hr_event *ret)
{
    switch (b) {
    case '\r':
    case '\n':
        return emit(k, ret, HR_KEY_ENTER, mods);
    case '\t':
        return emit(k, ret, HR_KEY_TAB, mods);
    case 0x7f:
    case 0x08:
        return emit(k, ret, HR_KEY_BACKSPACE, mods);
    case 0:
        return emit(k, ret, ' ', mods | HR_MOD_CTRL);
    default:
        return emit(k, ret, b < 27 ? (uint32_t)('a' + b - 1) : (uint32_t)(b + 0x40), mods | HR_MOD_CTRL);
    }
}

/* Up to four decimal fields parted by ';' of held[from..to). */
static unsigned fields(const struct hr_keys *k, size_t from, size_t to, unsigned v[4])
{
    unsigned n = 0;
    memset(v, 0, 4 * sizeof *v);
    for (size_t i = from; i < to; i++) {
        unsigned char c = k->held[i];
        if (c == ';') {
            if (++n == 4)
                return 4;
        } else if (c >= '0' && c <= '9') {
            v[n] = HR_MIN(v[n] * 10 + (c - '0'), 100000u);
        } else {
            return 0;
        }
    }
    return to > from ? n + 1 : 0;
}

static unsigned mods_of(unsigned field)
{
    unsigned m = field > 0 ? field - 1 : 0;
    return (m & 1 ? HR_MOD_SHIFT : 0u) | (m & 2 ? HR_MOD_ALT : 0u) | (m & 4 ? HR_MOD_CTRL : 0u);
}

static bool mouse(struct hr_keys *k, bool pressed, struct hr_event *ret)
{
    unsigned v[4];
    if (fields(k, 3, k->n - 1, v) != 3 || v[1] == 0 || v[2] == 0)
        return drop(k);
    emit(k, ret, HR_KEY_MOUSE, (v[0] & 4 ? HR_MOD_SHIFT : 0u) | (v[0] & 8 ? HR_MOD_ALT : 0u) | (v[0] & 16 ? HR_MOD_CTRL : 0u));
    unsigned button = v[0] & 3;
    if ((v[0] & 64) != 0)
        ret->button = button == 0 ? HR_MOUSE_WHEEL_UP : button == 1 ? HR_MOUSE_WHEEL_DOWN : HR_MOUSE_NONE;
    else
        ret->button = (enum hr_mouse)button;
    ret->pressed = pressed;
    ret->moved = (v[0] & 32) != 0;
    ret->x = (int)v[1] - 1;
    ret->y = (int)v[2] - 1;
    return true;
}

static const struct {
    unsigned number;
    uint32_t key;
} tildes[] = {
    { 1, HR_KEY_HOME },      { 2, HR_KEY_INSERT },    { 3, HR_KEY_DELETE },   { 4, HR_KEY_END },       { 5, HR_KEY_PAGE_UP },
    { 6, HR_KEY_PAGE_DOWN }, { 7, HR_KEY_HOME },      { 8, HR_KEY_END },      { 11, HR_KEY_F1 },       { 12, HR_KEY_F1 + 1 },
    { 13, HR_KEY_F1 + 2 },   { 14, HR_KEY_F1 + 3 },   { 15, HR_KEY_F1 + 4 },  { 17, HR_KEY_F1 + 5 },   { 18, HR_KEY_F1 + 6 },
    { 19, HR_KEY_F1 + 7 },   { 20, HR_KEY_F1 + 8 },   { 21, HR_KEY_F1 + 9 },  { 23, HR_KEY_F1 + 10 },  { 24, HR_KEY_F1 + 11 },
};

static uint32_t letter_key(unsigned char last)
{
    static const char letters[] = "ABCDHFPQRS";
    static const uint32_t keys[] = { HR_KEY_UP,  HR_KEY_DOWN, HR_KEY_RIGHT,  HR_KEY_LEFT,   HR_KEY_HOME,
                                     HR_KEY_END, HR_KEY_F1,   HR_KEY_F1 + 1, HR_KEY_F1 + 2, HR_KEY_F1 + 3 };
    const char *at = memchr(letters, last, sizeof letters - 1);
    return at != NULL ? keys[at - letters] : HR_KEY_NONE;
}

/* ESC [ ... LAST is complete. */
static bool sequence(struct hr_keys *k, struct hr_event *ret)
{
    unsigned char last = k->held[k->n - 1];
    unsigned v[4];
    if (k->held[2] == '<')
        return last == 'M' || last == 'm' ? mouse(k, last == 'M', ret) : drop(k);
    unsigned n = fields(k, 2, k->n - 1, v);
    if (last == '~') {
        if (n >= 1 && v[0] == 200) {
            k->pasting = true;
            k->end = 0;
            return drop(k);
        }
        for (size_t i = 0; n >= 1 && i < HR_COUNT(tildes); i++)
            if (tildes[i].number == v[0])
                return emit(k, ret, tildes[i].key, n >= 2 ? mods_of(v[1]) : 0);
        return drop(k);
    }
    if (k->n > 3 && n == 0)
        return drop(k);
    if (last == 'Z')
        return emit(k, ret, HR_KEY_BACK_TAB, 0);
    if (last == 'I' || last == 'O')
        return emit(k, ret, last == 'I' ? HR_KEY_FOCUS : HR_KEY_BLUR, 0);
    uint32_t key = letter_key(last);
    return key != HR_KEY_NONE ? emit(k, ret, key, n >= 2 ? mods_of(v[1]) : 0) : drop(k);
}

static bool escape(struct hr_keys *k, unsigned char b, struct hr_event *ret)
{
    if (k->n == 2 && b != '[' && b != 'O') { /* ESC and one more byte: Alt */
        if (b == 27) {                       /* ESC ESC: the first was the key, the second may begin something */
            emit(k, ret, HR_KEY_ESC, 0);
            k->held[0] = 27;
            k->n = 1;
            return true;
        }
        if (b >= 0x80)
            return drop(k);
        return b < 0x20 || b == 0x7f ? control(k, b, HR_MOD_ALT, ret) : emit(k, ret, b, HR_MOD_ALT);
    }
    if (k->n == 2)
        return false;
    if (b == 27) { /* a sequence was cut short */
        k->held[0] = 27;
        k->n = 1;
        return false;
    }
    if (k->held[1] == 'O') {
        uint32_t key = letter_key(b);
        return key != HR_KEY_NONE ? emit(k, ret, key, 0) : drop(k);
    }
    if (b >= 0x40 && b <= 0x7e && !(k->n == 3 && b == '['))
        return sequence(k, ret);
    if (b < 0x20 || b >= 0x7f)
        return drop(k);
    if (k->n == HR_KEYS_HELD) /* longer than any that is known: its end is still waited for */
        k->n--;
    return false;
}

/* Inside of pasted text only its end is looked for. */
static void paste(struct hr_keys *k, unsigned char b)
{
    static const char mark[] = "\033[201~";
    if (b == (unsigned char)mark[k->end])
        k->end++;
    else
        k->end = b == 27;
    if (mark[k->end] == 0)
        k->pasting = false;
}

static bool character(struct hr_keys *k, struct hr_event *ret)
{
    unsigned char first = k->held[0];
    size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
    if (k->n < need)
        return false;
    struct hr_str s = { (const char *)k->held, k->n };
    bool ok;
    uint32_t c = hr_utf8_next(&s, &ok);
    return ok ? emit(k, ret, c, 0) : drop(k);
}

bool hr_keys_take(struct hr_keys *k, unsigned char byte, struct hr_event *ret)
{
    if (k->pasting) {
        paste(k, byte);
        return false;
    }
    if (k->n > 0 && k->held[0] != 27 && (byte & 0xc0) != 0x80)
        k->n = 0; /* a character was cut short */
    k->held[k->n++] = byte;
    if (k->held[0] == 27)
        return k->n > 1 && escape(k, byte, ret);
    if (k->n == 1 && (byte < 0x20 || byte == 0x7f))
        return control(k, byte, 0, ret);
    return character(k, ret);
}

bool hr_keys_settle(struct hr_keys *k, struct hr_event *ret)
{
    if (k->n == 1 && k->held[0] == 27)
        return emit(k, ret, HR_KEY_ESC, 0);
    if (k->n == 2 && k->held[0] == 27) /* Alt and [ or O */
        return emit(k, ret, k->held[1], HR_MOD_ALT);
    return drop(k);
}

/* What a person does at the terminal, out of the bytes that it sends: keys, the mouse (SGR), pasted text (which is dropped).
 * Takes any bytes in pieces of any size; what is no sequence it knows is dropped, never shown as keys. */
#ifndef HR_TERM_KEYS_H
#define HR_TERM_KEYS_H

#include "attr.h"

enum hr_key { /* above every code point */
    HR_KEY_NONE = 0x110000,
    HR_KEY_UP,
    HR_KEY_DOWN,
    HR_KEY_LEFT,
    HR_KEY_RIGHT,
    HR_KEY_HOME,
    HR_KEY_END,
    HR_KEY_PAGE_UP,
    HR_KEY_PAGE_DOWN,
    HR_KEY_INSERT,
    HR_KEY_DELETE,
    HR_KEY_BACKSPACE,
    HR_KEY_ENTER,
    HR_KEY_TAB,
    HR_KEY_BACK_TAB,
    HR_KEY_ESC,
    HR_KEY_F1, /* to F12 */
    HR_KEY_F12 = HR_KEY_F1 + 11,
    HR_KEY_FOCUS,
    HR_KEY_BLUR,
    HR_KEY_MOUSE,
};
enum { HR_MOD_SHIFT = 1, HR_MOD_ALT = 2, HR_MOD_CTRL = 4 };
enum hr_mouse { HR_MOUSE_LEFT, HR_MOUSE_MIDDLE, HR_MOUSE_RIGHT, HR_MOUSE_NONE, HR_MOUSE_WHEEL_UP, HR_MOUSE_WHEEL_DOWN };

struct hr_event {
    uint32_t key; /* a code point, or of hr_key; Ctrl and a letter is the letter with HR_MOD_CTRL */
    unsigned mods;
    enum hr_mouse button;
    bool pressed, moved; /* of the mouse; moved: a drag */
    int x, y;            /* cells from 0 */
};

enum { HR_KEYS_HELD = 64 };
struct hr_keys {
    unsigned char held[HR_KEYS_HELD]; /* the beginning of a sequence whose end has not come */
    size_t n;
    bool pasting;
    unsigned end; /* bytes of the paste's end mark seen */
};

/* Takes one byte; true: *ret holds an event. */
bool hr_keys_take(struct hr_keys *k, unsigned char byte, struct hr_event *ret);
/* No more bytes came for some 30 ms: a lone ESC is the key.  True: *ret holds an event. */
bool hr_keys_settle(struct hr_keys *k, struct hr_event *ret);
static inline bool hr_keys_waiting(const struct hr_keys *k)
{
    return k->n > 0;
}

#endif

#include "utf8.h"

/* Bytes that follow a leading byte, the bits it carries, and the smallest code point of that length; -1 = no lead. */
static int lead(unsigned char c, uint32_t *ret_bits, uint32_t *ret_least)
{
    if (c < 0x80) {
        *ret_bits = c;
        *ret_least = 0;
        return 0;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        *ret_bits = c & 0x1Fu;
        *ret_least = 0x80;
        return 1;
    }
    if ((c & 0xF0) == 0xE0) {
        *ret_bits = c & 0x0Fu;
        *ret_least = 0x800;
        return 2;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        *ret_bits = c & 0x07u;
        *ret_least = 0x10000;
        return 3;
    }
    return -1;
}

uint32_t hr_utf8_next(struct hr_str *rest, bool *ret_ok)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    uint32_t c, least;
    int more = lead(p[0], &c, &least);
    bool ok = more >= 0 && (size_t)more < rest->n;
    for (int i = 1; ok && i <= more; i++) {
        ok = (p[i] & 0xC0) == 0x80;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    ok = ok && c >= least && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    size_t used = ok ? (size_t)more + 1 : 1;
    rest->p += used;
    rest->n -= used;
    if (ret_ok != NULL)
        *ret_ok = ok;
    return ok ? c : HR_UTF8_BAD;
}

struct range {
    uint32_t first, last;
};

/* Sorted.  Combining marks, joiners and variation selectors of the scripts in use; rarer ones count as one column. */
static const struct range zero[] = {
    { 0x0000, 0x001F }, { 0x007F, 0x009F }, { 0x00AD, 0x00AD },   { 0x0300, 0x036F }, { 0x0483, 0x0489 },
    { 0x0591, 0x05BD }, { 0x0610, 0x061A }, { 0x064B, 0x065F },   { 0x06D6, 0x06DC }, { 0x0900, 0x0902 },
    { 0x093C, 0x093C }, { 0x0941, 0x0948 }, { 0x0E31, 0x0E31 },   { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E },
    { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x200B, 0x200F },   { 0x202A, 0x202E }, { 0x2060, 0x2064 },
    { 0x2066, 0x206F }, { 0x20D0, 0x20F0 }, { 0x302A, 0x302D },   { 0x3099, 0x309A }, { 0xFE00, 0xFE0F },
    { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF }, { 0xE0100, 0xE01EF },
};

static const struct range wide[] = {
    { 0x1100, 0x115F },   { 0x231A, 0x231B },   { 0x2329, 0x232A },   { 0x23E9, 0x23EC },   { 0x23F0, 0x23F0 },
    { 0x23F3, 0x23F3 },   { 0x25FD, 0x25FE },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },   { 0x267F, 0x267F },
    { 0x2693, 0x2693 },   { 0x26A1, 0x26A1 },   { 0x26AA, 0x26AB },   { 0x26BD, 0x26BE },   { 0x26C4, 0x26C5 },
    { 0x26CE, 0x26CE },   { 0x26D4, 0x26D4 },   { 0x26EA, 0x26EA },   { 0x26F2, 0x26F3 },   { 0x26F5, 0x26F5 },
    { 0x26FA, 0x26FA },   { 0x26FD, 0x26FD },   { 0x2705, 0x2705 },   { 0x270A, 0x270B },   { 0x2728, 0x2728 },
    { 0x274C, 0x274C },   { 0x274E, 0x274E },   { 0x2753, 0x2755 },   { 0x2757, 0x2757 },   { 0x2795, 0x2797 },
    { 0x27B0, 0x27B0 },   { 0x27BF, 0x27BF },   { 0x2B1B, 0x2B1C },   { 0x2B50, 0x2B50 },   { 0x2B55, 0x2B55 },
    { 0x2E80, 0x303E },   { 0x3041, 0x33FF },   { 0x3400, 0x4DBF },   { 0x4E00, 0x9FFF },   { 0xA000, 0xA4CF },
    { 0xA960, 0xA97F },   { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE10, 0xFE19 },   { 0xFE30, 0xFE6F },
    { 0xFF00, 0xFF60 },   { 0xFFE0, 0xFFE6 },   { 0x16FE0, 0x18AFF }, { 0x1B000, 0x1B2FF }, { 0x1F004, 0x1F004 },
    { 0x1F0CF, 0x1F0CF }, { 0x1F18E, 0x1F18E }, { 0x1F191, 0x1F19A }, { 0x1F200, 0x1F320 }, { 0x1F32D, 0x1F335 },
    { 0x1F337, 0x1F37C }, { 0x1F37E, 0x1F393 }, { 0x1F3A0, 0x1F3CA }, { 0x1F3CF, 0x1F3D3 }, { 0x1F3E0, 0x1F3F0 },
    { 0x1F3F4, 0x1F3F4 }, { 0x1F3F8, 0x1F43E }, { 0x1F440, 0x1F440 }, { 0x1F442, 0x1F4FC }, { 0x1F4FF, 0x1F53D },
    { 0x1F54B, 0x1F54E }, { 0x1F550, 0x1F567 }, { 0x1F57A, 0x1F57A }, { 0x1F595, 0x1F596 }, { 0x1F5A4, 0x1F5A4 },
    { 0x1F5FB, 0x1F64F }, { 0x1F680, 0x1F6C5 }, { 0x1F6CC, 0x1F6CC }, { 0x1F6D0, 0x1F6D2 }, { 0x1F6D5, 0x1F6D7 },
    { 0x1F6DC, 0x1F6DF }, { 0x1F6EB, 0x1F6EC }, { 0x1F6F4, 0x1F6FC }, { 0x1F7E0, 0x1F7EB }, { 0x1F7F0, 0x1F7F0 },
    { 0x1F90C, 0x1F93A }, { 0x1F93C, 0x1F945 }, { 0x1F947, 0x1F9FF }, { 0x1FA70, 0x1FAFF }, { 0x20000, 0x3FFFD },
};

static bool within(const struct range *r, size_t n, uint32_t c)
{
    size_t lo = 0;
    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;
        if (c > r[mid].last)
            lo = mid + 1;
        else if (c < r[mid].first)
            n = mid;
        else
            return true;
    }
    return false;
}

int hr_utf8_width(uint32_t c)
{
    if (c >= 0x20 && c < 0x7F)
        return 1;
    if (within(zero, HR_COUNT(zero), c))
        return 0;
    return within(wide, HR_COUNT(wide), c) ? 2 : 1;
}

size_t hr_utf8_columns(struct hr_str s)
{
    size_t n = 0;
    while (s.n != 0)
        n += (size_t)hr_utf8_width(hr_utf8_next(&s, NULL));
    return n;
}

bool hr_utf8_show(struct hr_buf *b, struct hr_str s)
{
    while (s.n != 0) {
        const char *at = s.p;
        bool ok;
        uint32_t c = hr_utf8_next(&s, &ok);
        /* The bidirectional overrides can turn a line around as well as a control can. */
        bool control =
            c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        if (!ok)
            hr_buf_adds(b, "\xEF\xBF\xBD");
        else if (control)
            hr_buf_printf(b, c < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)c);
        else
            hr_buf_add(b, at, (size_t)(s.p - at));
    }
    return !b->failed;
}

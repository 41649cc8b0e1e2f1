#include "term_caps.h"

#include <string.h>
#include <strings.h>

static bool set(const char *v)
{
    return v != NULL && v[0] != 0;
}

static bool utf8(const char *(*env)(const char *name))
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        const char *v = env(names[i]);
        if (set(v)) /* the first that is set decides, as in libc */
            return strcasestr(v, "utf-8") != NULL || strcasestr(v, "utf8") != NULL;
    }
    return false;
}

static enum hr_depth depth(const char *(*env)(const char *name), const char *term)
{
    const char *color = env("COLORTERM");
    if (set(env("NO_COLOR")))
        return HR_DEPTH_NONE;
    if (set(color) && (strstr(color, "truecolor") != NULL || strstr(color, "24bit") != NULL))
        return HR_DEPTH_TRUE;
    if (strstr(term, "direct") != NULL || set(env("WT_SESSION")) || strstr(term, "kitty") != NULL || strstr(term, "ghostty") != NULL ||
        strstr(term, "alacritty") != NULL || strstr(term, "wezterm") != NULL)
        return HR_DEPTH_TRUE;
    if (strstr(term, "256color") != NULL)
        return HR_DEPTH_256;
    if (strncmp(term, "vt1", 3) == 0 || strncmp(term, "vt2", 3) == 0 || strstr(term, "mono") != NULL)
        return HR_DEPTH_NONE;
    return HR_DEPTH_16;
}

/* "15;0": the last field is the ground; 7 and 9 to 15 are light. */
static bool light(const char *v)
{
    if (!set(v))
        return false;
    const char *last = strrchr(v, ';');
    last = last != NULL ? last + 1 : v;
    return strcmp(last, "7") == 0 || strcmp(last, "9") == 0 || (last[0] == '1' && last[1] >= '0' && last[1] <= '5' && last[2] == 0);
}

struct hr_term_caps hr_term_caps(const char *(*env)(const char *name))
{
    const char *term = env("TERM");
    struct hr_term_caps c = { 0 };
    c.able = set(term) && strcmp(term, "dumb") != 0;
    if (!c.able)
        term = "";
    c.depth = c.able ? depth(env, term) : HR_DEPTH_NONE;
    c.light = light(env("COLORFGBG"));
    if (!utf8(env))
        c.glyphs = HR_GLYPHS_ASCII;
    else
        c.glyphs = strcmp(term, "linux") == 0 ? HR_GLYPHS_BLOCKS : HR_GLYPHS_BRAILLE;
    return c;
}

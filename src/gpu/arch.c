/* The rule by which a driver picks code for a card (CUDA C++ programming guide, "Compatibility"):
 *   1  SASS for X.y runs on X.z with z >= y: never on another major, never on a lower minor.
 *   2  PTX for X.y is compiled for any card >= X.y, if the driver is at least as new as the toolkit that wrote it.
 *   3  "a" code runs on exactly its chip, PTX of it too; "f" code on later members of the same major only.
 *   4  Rule 1 holds among cards and not between a card and a chip of Jetson or Drive; 10.1 is the old name of 11.0.
 *   5  The best SASS is taken, else PTX; if neither fits the answer is error 209. */
#include "arch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool before(const struct hr_image *a, const struct hr_image *b)
{
    return a->cc != b->cc ? a->cc < b->cc : a->only < b->only;
}

void hr_images_add(struct hr_images *list, struct hr_image code)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->image[i].cc == code.cc && list->image[i].ptx == code.ptx && list->image[i].only == code.only)
            return;
    if (list->n == HR_IMAGES_MAX)
        return;
    size_t at = list->n++;
    for (; at > 0 && before(&code, &list->image[at - 1]); at--)
        list->image[at] = list->image[at - 1];
    list->image[at] = code;
}

struct hr_cc_text hr_cc_text(unsigned cc)
{
    struct hr_cc_text t;
    snprintf(t.text, sizeof t.text, "%u.%u", cc / 10 % 1000, cc % 10);
    return t;
}

struct hr_cc_text hr_cuda_text(unsigned version)
{
    struct hr_cc_text t;
    snprintf(t.text, sizeof t.text, "%u.%u", version / 100 % 1000, version % 100);
    return t;
}

/* --- reading lists --- */

static bool number(struct hr_str *s, unsigned *ret)
{
    unsigned v = 0;
    size_t i = 0;
    for (; i < s->n && i < 4 && isdigit((unsigned char)s->p[i]); i++)
        v = v * 10 + (unsigned)(s->p[i] - '0');
    *s = (struct hr_str) { s->p + i, s->n - i };
    *ret = v;
    return i != 0;
}

static bool skip(struct hr_str *s, const char *z)
{
    size_t n = strlen(z);
    if (!hr_str_starts(*s, z))
        return false;
    *s = (struct hr_str) { s->p + n, s->n - n };
    return true;
}

/* "12.0a+PTX", "sm_90a", "compute_120", "86-real": one or two pieces of code. */
static bool word(struct hr_str s, struct hr_images *list)
{
    struct hr_image c = { 0, false, 0 };
    unsigned major, minor;
    bool both = false;
    c.ptx = skip(&s, "compute_");
    bool sm = c.ptx || skip(&s, "sm_");
    if (!number(&s, &major))
        return false;
    if (!sm && skip(&s, ".")) {
        if (!number(&s, &minor) || minor > 9)
            return false;
        major = major * 10 + minor;
    }
    if (s.n != 0 && (s.p[0] == 'a' || s.p[0] == 'f')) {
        c.only = s.p[0];
        s = (struct hr_str) { s.p + 1, s.n - 1 };
    }
    if (skip(&s, "+PTX"))
        both = true;
    else if (skip(&s, "-virtual"))
        c.ptx = true;
    else
        skip(&s, "-real");
    if (s.n != 0 || major < 20 || major > 999)
        return false;
    c.cc = (uint16_t)major;
    hr_images_add(list, c);
    if (both) {
        c.ptx = true;
        hr_images_add(list, c);
    }
    return true;
}

bool hr_images_parse(struct hr_str text, struct hr_images *ret)
{
    struct hr_images list = { .n = 0 };
    size_t i = 0;
    while (i < text.n) {
        size_t from = i;
        while (i < text.n && strchr(" \t\r\n;,", text.p[i]) == NULL && text.p[i] != 0)
            i++;
        if (i != from && !word((struct hr_str) { text.p + from, i - from }, &list))
            return false;
        i++;
    }
    *ret = list;
    return true;
}

static size_t put(char out[HR_WORD_MAX], size_t at, const char *sep, const struct hr_image *c)
{
    char only[2] = { c->only, 0 };
    int n = snprintf(out + at, HR_WORD_MAX - at, "%s%s%s", sep, hr_cc_text(c->cc).text, only);
    return HR_MIN(at + (size_t)HR_MAX(n, 0), (size_t)HR_WORD_MAX - 1);
}

void hr_images_text(const struct hr_images *list, char out[HR_WORD_MAX])
{
    size_t at = 0;
    bool ptx = false;
    out[0] = 0;
    for (size_t i = 0; i < list->n; i++)
        if (!list->image[i].ptx)
            at = put(out, at, at == 0 ? "" : " ", &list->image[i]);
    for (size_t i = 0; i < list->n; i++)
        if (list->image[i].ptx) {
            at = put(out, at, ptx ? " " : at == 0 ? "PTX " : ", PTX ", &list->image[i]);
            ptx = true;
        }
    if (list->n == 0)
        snprintf(out, HR_WORD_MAX, "none");
}

unsigned hr_cuda_of(struct hr_str text)
{
    unsigned major, minor = 0;
    if (!number(&text, &major) || major == 0 || major > 99)
        return 0;
    if (skip(&text, ".") && (!number(&text, &minor) || minor > 99))
        return 0;
    return major * 100 + minor;
}

/* --- the rule --- */

bool hr_arch_is_tegra(unsigned cc)
{
    static const uint8_t tegra[] = { 32, 53, 62, 72, 87, 101, 110 };
    for (size_t i = 0; i < HR_COUNT(tegra); i++)
        if (tegra[i] == cc)
            return true;
    return false;
}

static bool takes(const struct hr_image *c, unsigned cc)
{
    bool same = c->cc == cc || (c->cc == 101 && cc == 110);
    if (c->only == 'a' || (!c->ptx && (hr_arch_is_tegra(c->cc) || hr_arch_is_tegra(cc))))
        return same;
    if (c->only == 'f' || !c->ptx)
        return c->cc / 10 == cc / 10 && c->cc <= cc;
    return c->cc <= cc;
}

struct hr_verdict_arch hr_arch_runs(const struct hr_images *images, unsigned cc, unsigned toolkit, unsigned driver)
{
    struct hr_verdict_arch v = { HR_RUNS_NOT, { 0, false, 0 }, "" };
    const struct hr_image *sass = NULL, *ptx = NULL;
    for (size_t i = 0; i < images->n; i++) {
        const struct hr_image *c = &images->image[i], **best = c->ptx ? &ptx : &sass;
        if (takes(c, cc) && (*best == NULL || c->cc > (*best)->cc))
            *best = c;
    }
    if (sass != NULL) {
        v.runs = HR_RUNS_NATIVE;
        v.by = *sass;
        snprintf(v.why, sizeof v.why, "its code for %s runs on a card of %s", hr_cc_text(sass->cc).text,
                 hr_cc_text(cc).text);
    } else if (ptx != NULL && toolkit != 0 && driver != 0 && toolkit > driver) {
        v.runs = HR_RUNS_NEWER;
        snprintf(v.why, sizeof v.why,
                 "only PTX fits, and that of CUDA %s is newer than the driver (CUDA %s): error 222",
                 hr_cuda_text(toolkit).text, hr_cuda_text(driver).text);
    } else if (ptx != NULL) {
        v.runs = HR_RUNS_JIT;
        v.by = *ptx;
        snprintf(v.why, sizeof v.why, "only its PTX %s fits: the driver compiles it at the first start",
                 hr_cc_text(ptx->cc).text);
    } else {
        snprintf(v.why, sizeof v.why, "nothing in it fits a card of %s: \"no kernel image is available\" (error 209)",
                 hr_cc_text(cc).text);
    }
    return v;
}

const struct hr_arch *hr_arch_of(unsigned cc)
{
    size_t n;
    const struct hr_arch *a = hr_arch_table(&n);
    for (size_t i = 0; i < n; i++)
        if (a[i].cc == cc)
            return &a[i];
    return NULL;
}

static bool knows(const struct hr_arch *a, unsigned toolkit)
{
    return toolkit >= a->first && (a->last == 0 || toolkit <= a->last);
}

void hr_arch_of_toolkit(unsigned toolkit, struct hr_images *ret)
{
    size_t n;
    const struct hr_arch *a = hr_arch_table(&n);
    ret->n = 0;
    for (size_t i = 0; i < n; i++)
        if (knows(&a[i], toolkit))
            hr_images_add(ret, (struct hr_image) { a[i].cc, false, 0 });
}

/* The newest that this toolkit knows, not newer than the card, and of its major or not; a card's code for a card. */
static const struct hr_arch *nearest(unsigned toolkit, unsigned cc, bool same_major)
{
    size_t n;
    const struct hr_arch *a = hr_arch_table(&n), *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (knows(&a[i], toolkit) && a[i].cc <= cc && (!same_major || a[i].cc / 10u == cc / 10) &&
            hr_arch_is_tegra(a[i].cc) == (same_major && hr_arch_is_tegra(cc)) && (best == NULL || a[i].cc > best->cc))
            best = &a[i];
    return best;
}

/* Thor is 10.1 to the toolkits of CUDA 12 and 11.0 to those of 13. */
static unsigned as_named_by(unsigned toolkit, unsigned cc)
{
    if (cc == 110 && toolkit != 0 && toolkit < 1300)
        return 101;
    return cc == 101 && toolkit >= 1300 ? 110 : cc;
}

struct hr_verdict_build hr_arch_builds(unsigned toolkit, unsigned card_cc)
{
    unsigned cc = as_named_by(toolkit, card_cc);
    struct hr_verdict_build v = { HR_BUILDS_UNKNOWN, 0, 0, 0, "" };
    const struct hr_arch *a = hr_arch_of(cc), *same = nearest(toolkit, cc, true), *any = nearest(toolkit, cc, false);
    struct hr_cc_text kit_text = hr_cuda_text(toolkit), card_text = hr_cc_text(cc);
    const char *kit = kit_text.text, *card = card_text.text;
    if (a != NULL) {
        v.first = a->first;
        v.last = a->last;
    }
    if (toolkit == 0 || cc == 0) {
        snprintf(v.why, sizeof v.why, "the toolkit's version or the card's capability is not known");
    } else if (a != NULL && knows(a, toolkit)) {
        v = (struct hr_verdict_build) { HR_BUILDS_EXACT, cc, a->first, a->last, "" };
        snprintf(v.why, sizeof v.why, "CUDA %s builds for %s", kit, card);
    } else if (a != NULL && a->last != 0 && toolkit > a->last) {
        v.builds = HR_BUILDS_NOT;
        snprintf(v.why, sizeof v.why, "CUDA %s no longer builds for %s; the last that does is %u.x", kit, card,
                 a->last / 100u);
    } else if (same != NULL) {
        v.builds = HR_BUILDS_FAMILY;
        v.with = same->cc;
        snprintf(v.why, sizeof v.why, "CUDA %s does not know %s; code for %s runs on it", kit, card,
                 hr_cc_text(same->cc).text);
    } else if (any != NULL) {
        v.builds = HR_BUILDS_PTX;
        v.with = any->cc;
        snprintf(v.why, sizeof v.why, "CUDA %s does not know %s; only PTX %s can reach it, compiled at the first start",
                 kit, card, hr_cc_text(any->cc).text);
    } else {
        v.builds = HR_BUILDS_NOT;
        snprintf(v.why, sizeof v.why, "CUDA %s builds for no card as old as %s", kit, card);
    }
    return v;
}

/* --- names --- */

static bool fits_one(char pattern, char c)
{
    if (pattern == '#')
        return c >= '0' && c <= '9';
    return tolower((unsigned char)pattern) == tolower((unsigned char)c);
}

static bool fits(const char *pattern, const char *name)
{
    for (; *pattern != 0 && *name != 0; pattern++, name++)
        if (!fits_one(*pattern, *name))
            return false;
    return *pattern == 0 && !isalnum((unsigned char)*name);
}

unsigned hr_card_cc(const char *name, const struct hr_card **ret_row)
{
    size_t n;
    const struct hr_card *c = hr_card_table(&n);
    for (size_t i = 0; i < n; i++)
        for (const char *at = name; *at != 0; at++)
            if ((at == name || !isalnum((unsigned char)at[-1])) && fits(c[i].name, at)) {
                if (ret_row != NULL)
                    *ret_row = &c[i];
                return c[i].cc;
            }
    if (ret_row != NULL)
        *ret_row = NULL;
    return 0;
}

const struct hr_wheel *hr_wheel_of(unsigned torch, unsigned cuda)
{
    size_t n;
    const struct hr_wheel *w = hr_wheel_table(&n);
    for (size_t i = 0; i < n; i++)
        if (torch >= w[i].torch_first && torch <= w[i].torch_last && w[i].cuda == cuda)
            return &w[i];
    return NULL;
}

void hr_wheel_images(const struct hr_wheel *w, struct hr_images *ret)
{
    struct hr_images ptx = { .n = 0 };
    if (!hr_images_parse(hr_str(w->sass), ret) || !hr_images_parse(hr_str(w->ptx), &ptx))
        ret->n = 0;
    for (size_t i = 0; i < ptx.n; i++)
        hr_images_add(ret, (struct hr_image) { ptx.image[i].cc, true, ptx.image[i].only });
}

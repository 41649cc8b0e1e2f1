#include "ink.h"

#include <stdio.h>
#include <stdlib.h>

struct look {
    uint32_t dark, light; /* 0xRRGGBB */
    uint8_t basic;        /* of 16 colours: 0-15; 255: the terminal's own */
    uint8_t mono;         /* HR_BOLD ... */
};

static const struct look looks[HR_INK_PART_LAST + 1] = {
    [HR_INK_TEXT] = { 0xd4d9e0, 0x24292f, 255, 0 },
    [HR_INK_DIM] = { 0x7f8a99, 0x6a737d, 8, HR_FAINT },
    [HR_INK_BRIGHT] = { 0xffffff, 0x000000, 15, HR_BOLD },
    [HR_INK_TITLE] = { 0x8ec8ff, 0x0b57b0, 14, HR_BOLD },
    [HR_INK_FRAME] = { 0x414b5a, 0xb6bec9, 8, 0 },
    [HR_INK_KEY] = { 0xffb454, 0xa85b00, 11, HR_BOLD },
    [HR_INK_GOOD] = { 0x6bd98a, 0x16803c, 10, 0 },
    [HR_INK_WARN] = { 0xf5c451, 0x9a6700, 11, HR_BOLD },
    [HR_INK_BAD] = { 0xff6b6b, 0xc5221f, 9, HR_BOLD | HR_REVERSE },
    [HR_INK_TRACK] = { 0x2c3440, 0xdfe4ea, 8, HR_FAINT },
    [HR_INK_SELECT] = { 0x2a3a55, 0xcfe0fa, 4, HR_REVERSE },
    [HR_INK_HEAD] = { 0x1f2733, 0xe8ecf1, 0, HR_REVERSE },
    [HR_INK_DOWN] = { 0x5cc8ff, 0x0969b5, 14, 0 },
    [HR_INK_UP] = { 0xd59bff, 0x7a3ec8, 13, 0 },
    [HR_INK_PART + 0] = { 0xff8f70, 0xd1502c, 9, 0 },
    [HR_INK_PART + 1] = { 0xf7c65b, 0xb07d00, 11, 0 },
    [HR_INK_PART + 2] = { 0xc792ea, 0x7d3cb5, 13, 0 },
    [HR_INK_PART + 3] = { 0x5ea8f2, 0x1d66c2, 12, 0 },
    [HR_INK_PART + 4] = { 0x53d1c5, 0x0b8277, 14, 0 },
    [HR_INK_PART + 5] = { 0xe27bb1, 0xb0317a, 5, 0 },
    [HR_INK_PART + 6] = { 0xa3be8c, 0x52803a, 10, 0 },
    [HR_INK_PART + 7] = { 0xb8a28f, 0x7c614a, 3, 0 },
    [HR_INK_PART + 8] = { 0x8c96a8, 0x5d6775, 7, 0 },
    [HR_INK_PART + 9] = { 0x3d4756, 0xccd3db, 8, 0 },
};

/* A ramp goes through three colours. */
struct ramp {
    uint32_t dark[3], light[3];
    uint8_t basic[3];
};
static const struct ramp ramps[] = {
    { { 0x52d69a, 0xf0cf5a, 0xff5f6d }, { 0x1a8f57, 0xb58900, 0xc5221f }, { 10, 11, 9 } },  /* LOAD */
    { { 0x5aa9f5, 0xa78bfa, 0xff5fa2 }, { 0x1967c9, 0x6d4bd1, 0xc2186b }, { 12, 13, 9 } },  /* MEMORY */
    { { 0x46c7b8, 0x7fd34f, 0xf2e35c }, { 0x0a8577, 0x4d8a12, 0x9c7a00 }, { 14, 10, 11 } }, /* GPU */
    { { 0x3f8fd6, 0x58c7f2, 0xc9f0ff }, { 0x5a94cf, 0x1f6fbf, 0x0a3f80 }, { 4, 12, 14 } },  /* FLOW */
};

static uint32_t mix(uint32_t a, uint32_t b, unsigned part, unsigned whole)
{
    uint32_t out = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        uint32_t x = a >> shift & 255, y = b >> shift & 255;
        out |= (x * (whole - part) + y * part) / whole << shift;
    }
    return out;
}

uint32_t hr_ink_rgb(enum hr_ink ink, bool light)
{
    if (ink <= HR_INK_PART_LAST)
        return light ? looks[ink].light : looks[ink].dark;
    unsigned step = (unsigned)(ink - HR_INK_LOAD) % HR_RAMP;
    const struct ramp *r = &ramps[(unsigned)(ink - HR_INK_LOAD) / HR_RAMP % HR_COUNT(ramps)];
    const uint32_t *c = light ? r->light : r->dark;
    unsigned half = HR_RAMP / 2;
    return step < half ? mix(c[0], c[1], step, half) : mix(c[1], c[2], step - half, HR_RAMP - 1 - half);
}

static unsigned basic_of(enum hr_ink ink)
{
    if (ink <= HR_INK_PART_LAST)
        return looks[ink].basic;
    unsigned step = (unsigned)(ink - HR_INK_LOAD) % HR_RAMP;
    return ramps[(unsigned)(ink - HR_INK_LOAD) / HR_RAMP % HR_COUNT(ramps)].basic[step * 3 / HR_RAMP];
}

/* The nearest of the 6x6x6 cube and the 24 greys. */
static unsigned cube_of(uint32_t rgb)
{
    static const int level[6] = { 0, 95, 135, 175, 215, 255 };
    int part[3] = { (int)(rgb >> 16 & 255), (int)(rgb >> 8 & 255), (int)(rgb & 255) }, at[3];
    int far = 0;
    for (unsigned i = 0; i < 3; i++) {
        at[i] = 0;
        for (int k = 1; k < 6; k++)
            if (abs(level[k] - part[i]) < abs(level[at[i]] - part[i]))
                at[i] = k;
        far += (level[at[i]] - part[i]) * (level[at[i]] - part[i]);
    }
    int mean = (part[0] + part[1] + part[2]) / 3, grey = HR_MIN(HR_MAX((mean - 3) / 10, 0), 23), off = 0;
    for (unsigned i = 0; i < 3; i++)
        off += (8 + 10 * grey - part[i]) * (8 + 10 * grey - part[i]);
    return off < far ? 232u + (unsigned)grey : 16u + (unsigned)(36 * at[0] + 6 * at[1] + at[2]);
}

size_t hr_ink_code(enum hr_ink ink, bool ground, enum hr_depth depth, bool light, char out[HR_INK_CODE])
{
    if (depth == HR_DEPTH_NONE)
        return 0;
    int n;
    uint32_t c = hr_ink_rgb(ink, light);
    unsigned basic = basic_of(ink);
    if (ink == HR_INK_TEXT)
        n = snprintf(out, HR_INK_CODE, "%d", ground ? 49 : 39);
    else if (depth == HR_DEPTH_TRUE)
        n = snprintf(out, HR_INK_CODE, "%d;2;%u;%u;%u", ground ? 48 : 38, c >> 16 & 255u, c >> 8 & 255u, c & 255u);
    else if (depth == HR_DEPTH_256)
        n = snprintf(out, HR_INK_CODE, "%d;5;%u", ground ? 48 : 38, cube_of(c));
    else
        n = snprintf(out, HR_INK_CODE, "%u", (basic < 8 ? 30u + basic : 82u + basic) + (ground ? 10u : 0u));
    return (size_t)n;
}

unsigned hr_ink_mono(enum hr_ink ink, bool ground)
{
    if (ink > HR_INK_PART_LAST)
        return 0;
    unsigned m = looks[ink].mono;
    return ground ? m & HR_REVERSE : m & ~(unsigned)HR_REVERSE;
}

enum hr_ink hr_ink_ramp(enum hr_ink first, double share)
{
    int step = share > 0 ? (int)(share * HR_RAMP) : 0; /* a NaN is no share: the first step */
    return (enum hr_ink)((int)first + HR_MIN(step, HR_RAMP - 1));
}

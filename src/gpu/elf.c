#include "elf.h"

#include "num.h"

#include <stdio.h>
#include <string.h>

enum { HEADER = 64, SEGMENT = 56, SECTION = 64, INTERPRETER = 3, NO_BITS = 8, SECTIONS_MOST = 65535, SEGMENTS_MOST = 4096 };

static uint64_t little(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static int cut(struct hr_elf *e, const char *what)
{
    e->state = HR_ELF_CUT;
    snprintf(e->why, sizeof e->why, "%s lies behind the end of the file", what);
    return 0;
}

static int segments(const struct hr_bytes_at *from, uint64_t at, uint64_t n, struct hr_elf *e, struct hr_error *err)
{
    if (n > SEGMENTS_MOST || !hr_range_ok(at, n * SEGMENT, from->size))
        return cut(e, "the table of its segments");
    for (uint64_t i = 0; i < n; i++) {
        unsigned char p[SEGMENT];
        int r = from->read(from->ctx, at + i * SEGMENT, p, sizeof p, err);
        if (r < 0)
            return r;
        if (!hr_range_ok(little(p + 8, 8), little(p + 32, 8), from->size))
            return cut(e, "a segment");
        e->starts |= little(p, 4) == INTERPRETER;
    }
    return 0;
}

static int sections(const struct hr_bytes_at *from, uint64_t at, uint64_t n, struct hr_elf *e, struct hr_error *err)
{
    if (n > SECTIONS_MOST || !hr_range_ok(at, n * SECTION, from->size))
        return cut(e, "the table of its sections");
    for (uint64_t i = 0; i < n; i++) {
        unsigned char p[SECTION];
        int r = from->read(from->ctx, at + i * SECTION, p, sizeof p, err);
        if (r < 0)
            return r;
        if (little(p + 4, 4) != NO_BITS && !hr_range_ok(little(p + 24, 8), little(p + 32, 8), from->size))
            return cut(e, "a section");
    }
    return 0;
}

int hr_elf_read(const struct hr_bytes_at *from, struct hr_elf *ret, struct hr_error *err)
{
    unsigned char h[HEADER];
    struct hr_elf e = { .state = HR_ELF_NOT };
    int r = from->size < 4 ? 0 : from->read(from->ctx, 0, h, (size_t)HR_MIN(from->size, (uint64_t)HEADER), err);
    if (r < 0)
        return r;
    if (from->size >= 4 && memcmp(h, "\177ELF", 4) == 0) {
        e.state = HR_ELF_WHOLE;
        if (from->size < HEADER) {
            cut(&e, "its header");
        } else if (h[4] != 2 || h[5] != 1) {
            e.state = HR_ELF_OTHER;
        } else {
            uint64_t segment_n = little(h + 56, 2), section_n = little(h + 60, 2);
            e.type = (unsigned)little(h + 16, 2);
            e.machine = (unsigned)little(h + 18, 2);
            e.starts = e.type == HR_ELF_PROGRAM;
            if ((segment_n != 0 && little(h + 54, 2) != SEGMENT) || (section_n != 0 && little(h + 58, 2) != SECTION))
                e.state = HR_ELF_NOT;
            if (e.state == HR_ELF_WHOLE)
                r = segments(from, little(h + 32, 8), segment_n, &e, err);
            if (r == 0 && e.state == HR_ELF_WHOLE)
                r = sections(from, little(h + 40, 8), section_n, &e, err);
        }
    }
    if (r == 0)
        *ret = e;
    return r;
}

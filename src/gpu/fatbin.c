#include "fatbin.h"

#include "num.h"

#include <string.h>

enum {
    SECTIONS_MAX = 4096,
    ENTRIES_MAX = 256, /* of one block */
    PADDING_MAX = 64,  /* bytes between two blocks */
    ELF_HEADER = 64,
    SECTION_HEADER = 64,
    BLOCK_HEADER = 16,
    ENTRY_HEADER = 64,
};
#define BLOCK_MAGIC 0xBA55ED50u
/* Bits of the word at byte 40 of an entry: code for exactly this chip, and for its family (seen with nvcc 13.0: sm_90a, sm_100f). */
#define ONLY_CHIP 0x100000u
#define ONLY_FAMILY 0x200000u

static uint64_t little(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static int take(const struct hr_bytes_at *from, uint64_t at, void *p, size_t n, struct hr_error *err)
{
    if (!hr_range_ok(at, n, from->size))
        return hr_fail(err, HR_E_FORMAT, "the file ends inside a table of it");
    return from->read(from->ctx, at, p, n, err);
}

/* --- the ELF file --- */

struct section {
    uint64_t at, size;
    uint32_t name;
};

static void section_of(const unsigned char *p, struct section *ret)
{
    *ret = (struct section) { little(p + 24, 8), little(p + 32, 8), (uint32_t)little(p, 4) };
}

static int header(const struct hr_bytes_at *from, unsigned char h[ELF_HEADER], struct hr_error *err)
{
    static const unsigned char want[] = { 0x7f, 'E', 'L', 'F', 2, 1 };
    int r = take(from, 0, h, ELF_HEADER, err);
    if (r < 0)
        return r;
    if (memcmp(h, want, sizeof want) != 0 || little(h + 58, 2) != SECTION_HEADER || little(h + 60, 2) > SECTIONS_MAX ||
        little(h + 62, 2) >= HR_MAX(little(h + 60, 2), UINT64_C(1)))
        return hr_fail(err, HR_E_FORMAT, "it is no 64-bit ELF file with a usable section table");
    return 0;
}

/* --- .nv_fatbin --- */

struct reading {
    const struct hr_bytes_at *from;
    struct hr_fatbin f;
    void (*each)(void *ctx, const struct hr_fatbin_block *b);
    void *ctx;
    bool links; /* the section is of parts to be linked */
};

static int entry(const struct hr_bytes_at *from, uint64_t at, uint64_t end, struct hr_images *images, uint64_t *ret_next,
                 struct hr_error *err)
{
    unsigned char e[ENTRY_HEADER];
    if (!hr_range_ok(at, ENTRY_HEADER, end))
        return hr_fail(err, HR_E_FORMAT, "a block of GPU code ends inside an entry");
    int r = take(from, at, e, sizeof e, err);
    if (r < 0)
        return r;
    uint64_t head = little(e + 4, 4), size = little(e + 8, 8), next;
    unsigned kind = (unsigned)little(e, 2), cc = (unsigned)little(e + 28, 4);
    uint32_t flags = (uint32_t)little(e + 40, 4);
    if (head < ENTRY_HEADER || hr_ckd_add(&next, at, head) || hr_ckd_add(&next, next, size) || next > end)
        return hr_fail(err, HR_E_FORMAT, "an entry of GPU code leads outside of its block");
    if ((kind == 1 || kind == 2) && cc >= 20 && cc <= 999)
        hr_images_add(images, (struct hr_image) { (uint16_t)cc, kind == 1,
                                                      (flags & ONLY_CHIP) != 0     ? 'a'
                                                      : (flags & ONLY_FAMILY) != 0 ? 'f'
                                                                                   : 0 });
    *ret_next = next;
    return 0;
}

/* 1: a block was read and *at stands behind it; 0: no more blocks. */
static int block(struct reading *g, uint64_t *at, uint64_t end, struct hr_error *err)
{
    const struct hr_bytes_at *from = g->from;
    struct hr_fatbin_block told = { .links = g->links };
    unsigned char b[BLOCK_HEADER];
    uint64_t here = *at, stop;
    for (;; here += 8) {
        if (!hr_range_ok(here, sizeof b, end) || here - *at > PADDING_MAX)
            return 0;
        int r = take(from, here, b, sizeof b, err);
        if (r < 0)
            return r;
        if (little(b, 4) == BLOCK_MAGIC)
            break;
    }
    uint64_t head = little(b + 6, 2), size = little(b + 8, 8);
    if (head < BLOCK_HEADER || hr_ckd_add(&stop, here, head) || hr_ckd_add(&stop, stop, size) || stop > end)
        return hr_fail(err, HR_E_FORMAT, "a block of GPU code leads outside of its section");
    uint64_t next = here + head;
    for (unsigned k = 0; k < ENTRIES_MAX && next < stop; k++) {
        int r = entry(from, next, stop, &told.images, &next, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < told.images.n; i++)
        hr_images_add(&g->f.images, told.images.image[i]);
    told.at = here;
    told.size = stop - here;
    if (g->each != NULL)
        g->each(g->ctx, &told);
    g->f.blocks++;
    *at = (stop + 7) & ~UINT64_C(7);
    return 1;
}

static int section(struct reading *g, const struct section *s, uint64_t most, struct hr_error *err)
{
    uint64_t at = s->at, end;
    if (hr_ckd_add(&end, s->at, s->size) || end > g->from->size)
        return hr_fail(err, HR_E_FORMAT, "the section of GPU code leads outside of the file");
    int r = 1;
    while (r == 1 && g->f.blocks < most)
        r = block(g, &at, end, err);
    if (r == 1)
        g->f.all = false;
    return HR_MIN(r, 0);
}

int hr_fatbin_read(const struct hr_bytes_at *from, uint64_t most, struct hr_fatbin *ret, struct hr_error *err)
{
    return hr_fatbin_each(from, most, NULL, NULL, ret, err);
}

int hr_fatbin_each(const struct hr_bytes_at *from, uint64_t most, void (*each)(void *ctx, const struct hr_fatbin_block *b),
                   void *ctx, struct hr_fatbin *ret, struct hr_error *err)
{
    unsigned char h[ELF_HEADER], one[SECTION_HEADER];
    struct reading g = { from, { .images = { .n = 0 }, .blocks = 0, .all = true }, each, ctx, false };
    struct section names, s;
    int r = header(from, h, err);
    if (r < 0)
        return r;
    uint64_t table = little(h + 40, 8), n = little(h + 60, 2);
    if (!hr_range_ok(table, n * SECTION_HEADER, from->size))
        return hr_fail(err, HR_E_FORMAT, "the section table leads outside of the file");
    if (n == 0)
        goto out;
    r = take(from, table + little(h + 62, 2) * SECTION_HEADER, one, sizeof one, err);
    if (r < 0)
        return r;
    section_of(one, &names);
    for (uint64_t i = 0; r == 0 && i < n; i++) {
        char name[16] = "";
        r = take(from, table + i * SECTION_HEADER, one, sizeof one, err);
        section_of(one, &s);
        uint64_t at;
        if (r < 0 || s.name > names.size || hr_ckd_add(&at, names.at, (uint64_t)s.name) ||
            !hr_range_ok(at, sizeof name, from->size))
            continue;
        r = take(from, at, name, sizeof name, err);
        g.links = r == 0 && strncmp(name, "__nv_relfatbin", sizeof name) == 0;
        if (r == 0 && (g.links || strncmp(name, ".nv_fatbin", sizeof name) == 0))
            r = section(&g, &s, most, err);
    }
out:
    if (r == 0)
        *ret = g.f;
    return r;
}

#include "course.h"

#include "mem.h"
#include "parse.h"

#include <inttypes.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define KIB UINT64_C(1024)
enum { FIRST_STEP_MS = 50 };

void hr_shape_add(struct hr_shape *s, uint64_t since_start_ns, uint64_t bytes)
{
    uint64_t ms = since_start_ns / MS;
    if (s->step_ms == 0)
        s->step_ms = FIRST_STEP_MS;
    while (ms / s->step_ms >= HR_SHAPE_SLOTS && s->step_ms < UINT32_MAX / 2) {
        for (unsigned i = 0; i < HR_SHAPE_SLOTS; i++)
            s->kib[i] = i < HR_SHAPE_SLOTS / 2 ? HR_MAX(s->kib[2 * i], s->kib[2 * i + 1]) : 0;
        s->step_ms *= 2;
        s->used = (s->used + 1) / 2;
    }
    uint64_t at = HR_MIN(ms / s->step_ms, (uint64_t)HR_SHAPE_SLOTS - 1);
    s->kib[at] = (uint32_t)HR_MAX((uint64_t)s->kib[at], HR_MIN(bytes / KIB, (uint64_t)UINT32_MAX));
    s->used = HR_MAX(s->used, (uint32_t)at + 1);
}

/* Eight points over the life of a leaf of so many ms. */
static void points(const struct hr_shape *s, uint32_t ms, uint32_t peak, uint8_t *to)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < HR_SHAPE_POINTS; i++) {
        /* The slots that this eighth of the life covers; one that was not looked at is as the one before. */
        uint64_t from = s->step_ms == 0 ? 0 : (uint64_t)ms * i / HR_SHAPE_POINTS / s->step_ms;
        uint64_t end = s->step_ms == 0 ? 0 : ((uint64_t)ms * (i + 1) / HR_SHAPE_POINTS + s->step_ms - 1) / s->step_ms;
        uint32_t most = 0;
        for (uint64_t k = from; k < HR_MIN(end, (uint64_t)s->used); k++)
            most = HR_MAX(most, s->kib[k]);
        last = most != 0 ? most : last;
        to[i] = peak == 0 ? 0 : (uint8_t)HR_MIN((uint64_t)last * 255 / peak, (uint64_t)255);
    }
}

int hr_course_init(struct hr_course *c, struct hr_error *err)
{
    memset(c, 0, sizeof *c);
    c->leaf = hr_calloc(HR_COURSE_MAX, sizeof *c->leaf);
    return c->leaf == NULL ? hr_fail_nomem(err, HR_COURSE_MAX * sizeof *c->leaf, "the course of the build") : 0;
}

void hr_course_fini(struct hr_course *c)
{
    hr_free(c->leaf);
    c->leaf = NULL;
    c->n = 0;
}

void hr_course_add(struct hr_course *c, const struct hr_course_times *t, const struct hr_shape *s)
{
    if (c->n == HR_COURSE_MAX) {
        c->lost++;
        return;
    }
    struct hr_course_leaf *l = &c->leaf[c->n++];
    uint32_t ms = (uint32_t)((t->ended - t->began - HR_MIN(t->stopped, t->ended - t->began)) / MS);
    l->arrived = c->offset + (uint32_t)((t->arrived - t->start) / MS);
    l->began = c->offset + (uint32_t)((t->began - t->start) / MS);
    l->ended = l->began + ms;
    l->peak = (uint32_t)HR_MIN(t->peak / KIB, (uint64_t)UINT32_MAX);
    l->learnt = (uint32_t)HR_MIN(t->learnt / KIB, (uint64_t)UINT32_MAX);
    points(s, ms, l->peak, l->shape);
}

bool hr_course_write(const struct hr_course *c, struct hr_buf *out)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct hr_course_leaf *l = &c->leaf[i];
        hr_buf_printf(out, "%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t", l->arrived, l->began, l->ended,
                      l->peak, l->learnt);
        for (unsigned k = 0; k < HR_SHAPE_POINTS; k++)
            hr_buf_printf(out, "%02x", l->shape[k]);
        hr_buf_addc(out, '\n');
    }
    return !out->failed;
}

static bool hex_byte(const char *p, uint8_t *ret)
{
    static const char digit[] = "0123456789abcdef";
    const char *a = memchr(digit, p[0], 16), *b = memchr(digit, p[1], 16);
    if (a == NULL || b == NULL)
        return false;
    *ret = (uint8_t)((a - digit) * 16 + (b - digit));
    return true;
}

bool hr_course_read_line(struct hr_course *c, struct hr_str line)
{
    struct hr_course_leaf l;
    uint32_t *const to[] = { &l.arrived, &l.began, &l.ended, &l.peak, &l.learnt };
    struct hr_str rest = line, f;
    if (c->n == HR_COURSE_MAX)
        return false;
    for (size_t i = 0; i < HR_COUNT(to); i++) {
        uint64_t v;
        if (!hr_str_cut(&rest, '\t', &f) || hr_parse_u64(f, &v, NULL) < 0 || v > UINT32_MAX / 2)
            return false;
        *to[i] = (uint32_t)v;
    }
    if (rest.p == NULL || rest.n != 2 * HR_SHAPE_POINTS || l.arrived > l.began || l.began > l.ended)
        return false;
    for (size_t k = 0; k < HR_SHAPE_POINTS; k++)
        if (!hex_byte(rest.p + 2 * k, &l.shape[k]))
            return false;
    c->leaf[c->n++] = l;
    return true;
}

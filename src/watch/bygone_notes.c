/* Notes: alerts that began and ended, lines of the kernel.  What their texts tell, and the newest of them. */
#include "bygone_inside.h"

#include "episodes.h"

#include <string.h>

/* --- what a text tells --- */

size_t hr_bygone_note_key(const char *text)
{
    static const char *const others[] = { "kernel", "marks" }; /* notes of the same form that are no alerts */
    size_t n = strcspn(text, ": ");
    bool begins = text[n] == ':' && text[n + 1] == ' ', over = strncmp(text + n, HR_EPISODE_OVER, strlen(HR_EPISODE_OVER)) == 0;
    for (size_t i = 0; i < HR_COUNT(others); i++)
        begins &= strlen(others[i]) != n || memcmp(text, others[i], n) != 0;
    return n > 0 && (begins || over) ? n : 0;
}

bool hr_bygone_note_over(const char *text)
{
    size_t n = hr_bygone_note_key(text);
    return n > 0 && text[n] != ':';
}

bool hr_bygone_note_tells(const char *text)
{
    bool kernel = strncmp(text, HR_RING_KERNEL "[", strlen(HR_RING_KERNEL) + 1) == 0;
    return kernel || (hr_bygone_note_key(text) > 0 && !hr_bygone_note_over(text));
}

/* --- the newest of them --- */

static void take(struct hr_bygone *p, const struct hr_frame *f, const uint8_t *payload)
{
    if (p->notes == HR_BYGONE_NOTES)
        memmove(p->note, p->note + 1, --p->notes * sizeof *p->note);
    struct hr_bygone_note *to = &p->note[p->notes++];
    to->wall = f->wall;
    to->seq = f->seq;
    hr_frame_text(payload, f->len, to->text);
}

/* From head to head, so that what is no note is not summed up. */
static void take_of_block(struct hr_bygone *p, uint64_t off)
{
    size_t n = hr_bygone_load(p, off);
    for (size_t at = 0; at + HR_RING_HEAD <= n;) {
        const uint8_t *h = p->room + at;
        struct hr_frame f;
        bool head = hr_frame_head(h, &f) && f.len <= n - at - HR_RING_HEAD;
        if (head && f.kind == HR_FRAME_NOTE && f.seq > p->noted && hr_frame_at(h, n - at, off + at, &f)) {
            take(p, &f, h + HR_RING_HEAD);
            p->noted = f.seq;
        }
        at += head ? hr_frame_span(&f) : HR_FRAME_STEP;
    }
}

void hr_bygone_find_notes(struct hr_bygone *p)
{
    const struct hr_strip *s = &p->strip[p->lanes ? HR_STRIP_LOOKS_MINUTE : HR_STRIP_LOOKS];
    size_t i = s->n;
    while (i > 0 && (i == s->n || s->mark[i].seq > p->noted)) /* back to the block in which the last one may have stood */
        i--;
    for (; i < s->n; i++)
        take_of_block(p, s->mark[i].off);
}

const struct hr_bygone_note *hr_bygone_notes(const struct hr_bygone *p, size_t *ret_n)
{
    *ret_n = p->notes;
    return p->note;
}

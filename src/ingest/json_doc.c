#include "json_doc.h"

#include "json_row.h"
#include "json_split.h"

#include <string.h>

static const char *after_mark(const char *p)
{
    return strncmp(p, "\xEF\xBB\xBF", 3) == 0 ? p + 3 : p;
}

enum hr_json_form hr_json_form_of(const char *p)
{
    return *hr_json_blanks(after_mark(p)) == '[' ? HR_JSON_FORM_LIST : HR_JSON_FORM_SEQUENCE;
}

static const char behind[] = "is not expected: the list of samples has ended before it";

struct doc {
    const struct hr_json_reader *r;
    struct hr_json_scratch *s;
    const struct hr_json_piece *piece;
    const char *end;
    uint64_t number;
    struct hr_block *b;
    struct hr_error *err;
};

static uint64_t offset_of(const struct doc *d, const char *p)
{
    return d->piece->offset + (uint64_t)(p - d->piece->p);
}

/* Trouble between samples: told as a bad sample of the next number. */
static int bad_between(struct doc *d, const char *p, const char *why)
{
    hr_block_begin(d->b, d->number, offset_of(d, p));
    d->number++;
    return hr_block_bad(d->b, "", offset_of(d, p), d->err, "%s", why);
}

/* Where the bad sample at p ends: at its closing bracket, or a scalar's last byte; NULL when that cannot be told. */
static const char *past_bad(const struct doc *d, const char *p)
{
    struct hr_json_trouble t;
    bool hit = false;
    if (*p != '{' && *p != '[')
        return hr_json_skip(p, &t);
    struct hr_split s = { 0, false, false };
    size_t n = hr_split(&s, p, (size_t)(d->end - p), 0, &hit);
    return hit ? p + n : NULL;
}

/* One sample at p.  1 and *ret_p behind it; 0 when the rest of the piece cannot be made sense of; negative for memory. */
static int one(struct doc *d, const char *p, const char **ret_p)
{
    const char *end;
    int e = hr_json_sample(d->r, d->s, p, d->number, offset_of(d, p), d->b, &end, d->err);
    d->number++;
    if (e < 0)
        return e;
    if (end == NULL)
        end = past_bad(d, p);
    *ret_p = end;
    return end != NULL;
}

/* `p` is behind the opening bracket, or behind a sample when the piece is not the first. */
static int parse_list(struct doc *d, const char *p)
{
    bool comma = !d->piece->first; /* one must come before the next sample */
    for (;;) {
        p = hr_json_blanks(p);
        if (p == d->end && !d->piece->last)
            return 0;
        if (*p == ']') {
            p = hr_json_blanks(p + 1);
            return p == d->end ? 0 : bad_between(d, p, behind);
        }
        if (p == d->end)
            return bad_between(d, p, "is missing: the file ends inside the list of samples");
        if (comma) {
            if (*p != ',')
                return bad_between(d, p, "is malformed: a comma or a closing bracket is expected before it");
            p = hr_json_blanks(p + 1);
            if (*p == ']')
                return bad_between(d, p, "is missing behind a comma");
        }
        int e = one(d, p, &p);
        if (e <= 0)
            return e;
        comma = true;
    }
}

static int parse_sequence(struct doc *d, const char *p)
{
    p = hr_json_blanks(p);
    if (p == d->end && d->piece->first && d->piece->last)
        return bad_between(d, p, "is missing: the file is empty");
    for (; p != d->end; p = hr_json_blanks(p)) {
        int e = one(d, p, &p);
        if (e <= 0)
            return e;
    }
    return 0;
}

static int parse_lines(struct doc *d, const char *p)
{
    while (p < d->end) {
        const char *line = memchr(p, '\n', (size_t)(d->end - p)), *end;
        const char *next = line != NULL ? line + 1 : d->end;
        line = line != NULL ? line : d->end;
        while (p < line && (*p == ' ' || *p == '\t' || *p == '\r'))
            p++;
        if (p == line) {
            p = next;
            continue;
        }
        uint32_t before = d->b->n;
        int e = hr_json_sample(d->r, d->s, p, d->number, offset_of(d, p), d->b, &end, d->err);
        if (e < 0)
            return e;
        if (e == 1 && hr_json_blanks(end) < line) {
            hr_block_drop_last(d->b, before);
            hr_block_begin(d->b, d->number, offset_of(d, p));
            e = hr_block_bad(d->b, "", offset_of(d, hr_json_blanks(end)), d->err, "has something behind it on its line");
        } else if (e == 1 && end > line) {
            hr_block_drop_last(d->b, before);
            hr_block_begin(d->b, d->number, offset_of(d, p));
            e = hr_block_bad(d->b, "", offset_of(d, line), d->err, "is spread over several lines, and this is JSON Lines");
        }
        if (e < 0)
            return e;
        d->number++;
        p = next;
    }
    return 0;
}

int hr_json_piece_parse(const struct hr_json_reader *r, struct hr_json_scratch *s, const struct hr_json_piece *piece,
                        struct hr_block *b, struct hr_error *err)
{
    struct doc d = { r, s, piece, piece->p + piece->n, piece->number, b, err };
    const char *p = piece->first ? after_mark(piece->p) : piece->p;
    enum hr_json_form form = piece->form == HR_JSON_FORM_AUTO ? hr_json_form_of(p) : piece->form;
    if (piece->tail) {
        p = hr_json_blanks(p);
        return p == d.end ? 0 : bad_between(&d, p, behind);
    }
    if (form == HR_JSON_FORM_LINES)
        return parse_lines(&d, p);
    if (form == HR_JSON_FORM_SEQUENCE)
        return parse_sequence(&d, p);
    if (!piece->first)
        return parse_list(&d, p);
    p = hr_json_blanks(p);
    return *p == '[' ? parse_list(&d, p + 1) : bad_between(&d, p, "is expected to be in a list, and none begins here");
}

int hr_json_piece_walk(const struct hr_json_piece *piece, int (*each)(const char *p, void *arg, struct hr_error *err),
                       void *arg, struct hr_error *err)
{
    const char *end = piece->p + piece->n, *p = piece->first ? after_mark(piece->p) : piece->p;
    enum hr_json_form form = piece->form == HR_JSON_FORM_AUTO ? hr_json_form_of(p) : piece->form;
    p = hr_json_blanks(p);
    if (form == HR_JSON_FORM_LIST && piece->first && *p == '[')
        p++;
    while (p < end) {
        p = hr_json_blanks(p);
        if (*p == ',')
            p = hr_json_blanks(p + 1);
        struct hr_split s = { 0, false, false };
        bool hit = false;
        size_t n = *p == '{' ? hr_split(&s, p, (size_t)(end - p), 0, &hit) : 0;
        if (form == HR_JSON_FORM_LINES && !hit) { /* a bad line: the next may be a good one */
            const char *line = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
            if (line == NULL)
                return 0;
            p = line + 1;
            continue;
        }
        if (!hit && *p == '{' && !piece->last)
            return 0; /* cut off, not malformed */
        int e = p < end && *p != ']' ? each(p, arg, err) : 1;
        if (e != 0 || !hit)
            return HR_MIN(e, 0);
        p += n;
    }
    return 0;
}

/* A piece of a JSON document into a block: the samples between two places of an array, of a sequence of objects, or of JSON
 * Lines.  Knows the grammar between samples, and finds the way again behind a bad one. */
#ifndef HR_JSON_DOC_H
#define HR_JSON_DOC_H

#include "json_sample.h"

enum hr_json_form {
    HR_JSON_FORM_AUTO,     /* by the first byte: an array or a sequence */
    HR_JSON_FORM_LIST,     /* [sample, sample, ...] */
    HR_JSON_FORM_SEQUENCE, /* sample sample ...: one object per file is a sequence of one */
    HR_JSON_FORM_LINES,    /* one sample per line, and empty lines */
};

struct hr_json_piece {
    const char *p;       /* HR_DECIMAL_PAD bytes behind it are readable, the first of them 0 */
    size_t n;
    uint64_t offset;     /* of p in the file */
    uint64_t number;     /* of the first sample in it */
    enum hr_json_form form;
    bool first, last;    /* the file begins, ends with this piece */
    bool tail;           /* the list has ended before: only blanks may be in it */
};

/* Negative only when memory is short. */
int hr_json_piece_parse(const struct hr_json_reader *r, struct hr_json_scratch *s, const struct hr_json_piece *piece,
                        struct hr_block *b, struct hr_error *err) HR_MUST_USE;

/* Calls `each` for every sample text that begins in the piece, as inference wants them: no checks, no recovery.  Ends early
 * when `each` returns other than 0, and returns that. */
int hr_json_piece_walk(const struct hr_json_piece *piece, int (*each)(const char *p, void *arg, struct hr_error *err),
                       void *arg, struct hr_error *err) HR_MUST_USE;

/* The form of a document that begins with this text; a byte order mark is passed over. */
enum hr_json_form hr_json_form_of(const char *p);

#endif

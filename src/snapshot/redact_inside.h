/* What the files of the redactor share; for them alone. */
#ifndef HR_REDACT_INSIDE_H
#define HR_REDACT_INSIDE_H

#include "redact.h"

/* A part of a text that is to be replaced. */
struct hr_span {
    size_t from, to;
    enum hr_secret kind;
};

/* A shape: true when one begins at `at`; the span begins there or later. */
typedef bool hr_shape(struct hr_str text, size_t at, struct hr_span *ret);

hr_shape hr_shape_private_key, hr_shape_userinfo, hr_shape_assignment, hr_shape_bearer, hr_shape_token, hr_shape_jwt,
    hr_shape_email, hr_shape_uuid, hr_shape_mac, hr_shape_ip4, hr_shape_ip6, hr_shape_id, hr_shape_home, hr_shape_serial;

/* The placeholder of a name, the same for the same name; NULL: out of memory or past the ceiling.  Ends with a 0. */
const char *hr_redact_placeholder(struct hr_redact *r, enum hr_secret kind, struct hr_str name);
/* It is a placeholder already, or something that everybody has (127.0.0.1, "Public"). */
bool hr_redact_is_harmless(enum hr_secret kind, struct hr_str name);
bool hr_redact_keeps_names(const struct hr_redact *r);
/* hr_redact_text of bytes that are not UTF-16. */
bool hr_redact_bytes(struct hr_redact *r, struct hr_str text, struct hr_buf *out);
/* Puts the placeholder. */
bool hr_redact_put(struct hr_redact *r, enum hr_secret kind, struct hr_str name, struct hr_buf *out);

static inline bool hr_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool hr_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool hr_is_alnum(char c)
{
    return hr_is_digit(c) || hr_is_letter(c);
}
static inline bool hr_is_hex(char c)
{
    return hr_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
static inline char hr_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
/* The character before or after, or a blank at the ends. */
static inline char hr_char_at(struct hr_str s, size_t i)
{
    return i < s.n ? s.p[i] : ' ';
}
static inline char hr_char_before(struct hr_str s, size_t i)
{
    return i > 0 ? s.p[i - 1] : ' ';
}

#endif

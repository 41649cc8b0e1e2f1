/* Takes out of a text what tells who and where: names of users and hosts, addresses, serial numbers, passwords, tokens and keys.
 *
 * The same name always becomes the same placeholder, whatever file or path it stands in, so that a captured machine still fits
 * together and its checks find the same.  What is redacted once is left alone when it is redacted again.  A text is scanned for
 * shapes (docs/man/snapshot.md lists them) and for the names that hr_redact_know was told; names that are also words of the field
 * ("data", "ubuntu", "gpu") are replaced only where a user's name stands, as in /home/data.
 *
 * One thread at a time. */
#ifndef HR_REDACT_H
#define HR_REDACT_H

#include "buf.h"
#include "err.h"
#include "str.h"

enum hr_secret {
    HR_SECRET_USER,
    HR_SECRET_HOST,
    HR_SECRET_PASS,   /* passwords, tokens, keys */
    HR_SECRET_EMAIL,
    HR_SECRET_ADDRESS,/* IPv4 and IPv6; 127.0.0.1, ::1 and the like stay */
    HR_SECRET_MAC,    /* also GUIDs of InfiniBand */
    HR_SECRET_UUID,
    HR_SECRET_ID,     /* 32 hex digits: machine ids */
    HR_SECRET_SERIAL,
    HR_SECRETS
};
const char *hr_secret_name(enum hr_secret s); /* "user names" */

struct hr_redact;
/* With `keep_names` names of users and hosts stay; everything else goes all the same. */
int hr_redact_open(bool keep_names, struct hr_redact **ret, struct hr_error *err) HR_MUST_USE;
void hr_redact_close(struct hr_redact *r); /* accepts NULL */

/* A name (HR_SECRET_USER or _HOST, found in any case) or a secret (any other kind, as it is) to be replaced wherever it stands.
 * Blank ones and placeholders are passed over. */
int hr_redact_know(struct hr_redact *r, enum hr_secret kind, struct hr_str name, struct hr_error *err) HR_MUST_USE;
/* Appends the text, redacted.  UTF-16 (as Windows programs write) stays UTF-16.  False: out of memory or past the ceiling. */
bool hr_redact_text(struct hr_redact *r, struct hr_str text, struct hr_buf *out);
/* The same for the contents of a file, whose path tells what some of it is: /etc/passwd, a serial number, a routing table. */
bool hr_redact_file(struct hr_redact *r, const char *path, struct hr_str text, struct hr_buf *out);

/* How often something of the kind was replaced, and how many different ones there were. */
size_t hr_redact_count(const struct hr_redact *r, enum hr_secret kind, size_t *ret_different);
/* A secret that was told (not a word of the field) stands in the text: its kind; else HR_SECRETS. */
enum hr_secret hr_redact_left(const struct hr_redact *r, struct hr_str text);

/* An assignment to a variable of this name carries a secret: HF_TOKEN, AWS_SECRET_ACCESS_KEY, db.password. */
bool hr_redact_is_secret_name(struct hr_str name);

#endif

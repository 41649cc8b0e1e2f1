/* The page on localhost, its interfaces and /metrics: a collector, a web server, and what lies between them. */
#ifndef HR_SERVE_H
#define HR_SERVE_H

#include "top.h"

struct hr_serve_options {
    const char *address;     /* NULL: 127.0.0.1 and ::1 */
    uint16_t port;           /* 0: any that is free */
    const char *const *host; /* more names that a browser may ask for; ends with NULL; may be NULL */
    const char *token;       /* NULL or "": none; needed beyond the loopback addresses */
    unsigned compat;         /* of HR_PROM_NODE ... */
    bool commands;           /* tell command lines too */
    uint64_t period;         /* ns between looks; 0: 1 s */
    const struct hr_alarm_options *alarms; /* marks, and what is done at alerts; NULL: neither */
    void (*after)(void *ctx, const struct hr_model *m);
    void *ctx;
};

struct hr_serve;
/* Nobody else may use `watch` and `root` while it runs. */
int hr_serve_start(struct hr_watch *watch, const struct hr_root *root, const struct hr_serve_options *options, struct hr_serve **ret,
                   struct hr_error *err) HR_MUST_USE;
void hr_serve_stop(struct hr_serve *s); /* accepts NULL */
uint16_t hr_serve_port(const struct hr_serve *s);
bool hr_serve_loopback(const char *address); /* only this machine reaches it */

#endif

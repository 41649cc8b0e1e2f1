/* A small web server around libmicrohttpd, which is loaded when it is started (it brings a TLS library with it that no other command
 * should have to carry).
 *
 * H1: every answer carries the headers that keep a page from doing anything but showing itself (SECURITY of http.c).
 * H2: a request whose head has not come after HR_HTTP_SECONDS is cut, however slowly its bytes drip.
 * H3: at most HR_HTTP_CONNECTIONS are open per address; more are refused. */
#ifndef HR_HTTP_H
#define HR_HTTP_H

#include "buf.h"
#include "err.h"
#include "http_rules.h"

struct hr_http_request {
    const char *path;  /* "/api/v1/now" */
    uint64_t last_event; /* Last-Event-ID of a stream that comes back; 0: none */
    bool openmetrics;  /* Accept asks for it */
    void *from;        /* for hr_http_arg */
};
/* A value of the query, decoded; NULL: not given. */
const char *hr_http_arg(const struct hr_http_request *r, const char *key);

struct hr_http_reply {
    int status;          /* 200 */
    const char *type;    /* of the body */
    struct hr_buf body;
    struct hr_str fixed; /* instead of the body: bytes that live as long as the program */
    const char *etag;    /* of a fixed one; NULL: never kept by the browser */
    bool set_cookie;     /* the token, for the browser to keep */
    bool stream;         /* server-sent events from `next` */
    uint64_t cursor;     /* where the stream begins */
};

struct hr_http_app {
    void *ctx;
    struct hr_http_rules rules;
    /* Whether a path is told without the token (the page's own files). */
    bool (*open_to_all)(void *ctx, const char *path);
    /* Fills the reply, whose status is 404 before. */
    void (*answer)(void *ctx, const struct hr_http_request *r, struct hr_http_reply *reply);
    /* Appends what a stream has not had yet and moves its cursor; nothing new: appends nothing. */
    void (*next)(void *ctx, uint64_t *cursor, struct hr_buf *out);
};

struct hr_http;
bool hr_http_built(void);
/* Takes the sockets (one or two). */
int hr_http_start(const struct hr_http_app *app, const int *socket, size_t sockets, struct hr_http **ret, struct hr_error *err) HR_MUST_USE;
/* Once a second or more often: streams look for news, and whoever is too slow is cut. */
void hr_http_pulse(struct hr_http *h);
void hr_http_stop(struct hr_http *h); /* accepts NULL */

#endif

#include "http.h"

#include "clock.h"
#include "dl.h"
#include "file.h"
#include "mem.h"
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if HAVE_MICROHTTPD
#include <microhttpd.h>
#include <pthread.h>

enum { DAEMONS = 2, STREAM_MAX = 256 << 10, BODY_MAX = 32 << 20 };

/* H1.  No header that opens anything to other origins is ever sent. */
static const char *const security[][2] = {
    { "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                 "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
};

/* The library's functions, by the types of its own header. */
#define FUNCTIONS(X)                                                                                              \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_suspend_connection) X(MHD_resume_connection)                     \
    X(MHD_create_response_from_buffer) X(MHD_create_response_from_callback) X(MHD_add_response_header)            \
    X(MHD_queue_response) X(MHD_destroy_response) X(MHD_get_connection_values) X(MHD_get_connection_info)         \
    X(MHD_lookup_connection_value)

struct mhd {
    struct hr_dl dl;
#define MEMBER(f) __typeof__(&f) f;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

struct peer { /* a connection */
    struct peer *next, *before;
    int fd;
    uint64_t since; /* when it was opened, or its last answer ended */
    bool busy;      /* a request is being answered */
};

struct stream {
    struct stream *next, *before;
    struct hr_http *h;
    struct MHD_Connection *connection;
    uint64_t cursor;
    struct hr_buf out;
    size_t sent;
    bool suspended;
};

struct hr_http {
    struct mhd mhd;
    struct hr_http_app app;
    struct MHD_Daemon *daemon[DAEMONS];
    size_t daemons;
    pthread_mutex_t lock; /* of what follows */
    struct peer *peers;
    struct stream *streams;
    bool stopping;
};

static int load(struct mhd *m, struct hr_error *err)
{
    int r = hr_dl_open("libmicrohttpd.so.12", &m->dl, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "the page needs libmicrohttpd (Debian and Ubuntu: apt install libmicrohttpd12)");
    bool all = true;
#define FIND(f)                                            \
    {                                                      \
        void *at = hr_dl_symbol(&m->dl, #f);               \
        memcpy(&m->f, &at, sizeof at);                     \
        all = all && at != NULL;                           \
    }
    FUNCTIONS(FIND)
#undef FIND
    return all ? 0 : hr_fail(err, HR_E_UNSUPPORTED, "libmicrohttpd.so.12 has not all that is needed: is it one of 2021 or later?");
}

/* --- connections (H2) --- */
static void watch_peer(void *ctx, struct MHD_Connection *c, void **own, enum MHD_ConnectionNotificationCode what)
{
    struct hr_http *h = ctx;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = h->mhd.MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct peer *p = hr_calloc(1, sizeof *p);
        *own = p;
        if (p == NULL)
            return; /* it stays without a deadline of ours; the library's own holds */
        p->fd = info != NULL ? info->connect_fd : -1;
        p->since = hr_now();
        pthread_mutex_lock(&h->lock);
        p->next = h->peers;
        if (p->next != NULL)
            p->next->before = p;
        h->peers = p;
        pthread_mutex_unlock(&h->lock);
    } else if (*own != NULL) {
        struct peer *p = *own;
        pthread_mutex_lock(&h->lock);
        *(p->before != NULL ? &p->before->next : &h->peers) = p->next;
        if (p->next != NULL)
            p->next->before = p->before;
        pthread_mutex_unlock(&h->lock);
        hr_free(p);
        *own = NULL;
    }
}

static struct peer *peer_of(struct hr_http *h, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = h->mhd.MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void set_busy(struct hr_http *h, struct MHD_Connection *c, bool busy)
{
    struct peer *p = peer_of(h, c);
    if (p == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    p->busy = busy;
    p->since = hr_now();
    pthread_mutex_unlock(&h->lock);
}

static void completed(void *ctx, struct MHD_Connection *c, void **own, enum MHD_RequestTerminationCode why)
{
    (void)own;
    (void)why;
    set_busy(ctx, c, false);
}

/* --- streams --- */
static ssize_t stream_read(void *ctx, uint64_t pos, char *to, size_t most)
{
    (void)pos;
    struct stream *s = ctx;
    if (s->sent == s->out.len) {
        hr_buf_reset(&s->out);
        s->sent = 0;
        s->h->app.next(s->h->app.ctx, &s->cursor, &s->out);
    }
    size_t n = HR_MIN(most, s->out.len - s->sent);
    memcpy(to, s->out.data + s->sent, n);
    s->sent += n;
    if (n > 0)
        return (ssize_t)n;
    pthread_mutex_lock(&s->h->lock);
    bool stopping = s->h->stopping;
    if (!stopping) {
        s->h->mhd.MHD_suspend_connection(s->connection);
        s->suspended = true;
    }
    pthread_mutex_unlock(&s->h->lock);
    return stopping ? MHD_CONTENT_READER_END_OF_STREAM : 0;
}

static void stream_free(void *ctx)
{
    struct stream *s = ctx;
    struct hr_http *h = s->h;
    pthread_mutex_lock(&h->lock);
    *(s->before != NULL ? &s->before->next : &h->streams) = s->next;
    if (s->next != NULL)
        s->next->before = s->before;
    pthread_mutex_unlock(&h->lock);
    hr_buf_fini(&s->out);
    hr_free(s);
}

static struct MHD_Response *stream_response(struct hr_http *h, struct MHD_Connection *c, uint64_t cursor)
{
    struct stream *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct stream) { .h = h, .connection = c, .cursor = cursor, .out = HR_BUF_INIT(STREAM_MAX) };
    pthread_mutex_lock(&h->lock);
    s->next = h->streams;
    if (s->next != NULL)
        s->next->before = s;
    h->streams = s;
    pthread_mutex_unlock(&h->lock);
    struct MHD_Response *r = h->mhd.MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, s, stream_free);
    if (r == NULL)
        stream_free(s);
    return r;
}

/* --- requests --- */
struct seen {
    struct hr_http_head head;
    uint64_t last_event;
    bool openmetrics;
    struct hr_str none_match;
};

static enum MHD_Result see_header(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    (void)kind;
    struct seen *s = ctx;
    struct hr_str v = hr_str(value != NULL ? value : "");
    if (strcasecmp(key, "Host") == 0) {
        s->head.host = v;
        s->head.hosts++;
    } else if (strcasecmp(key, "Origin") == 0) {
        s->head.origin = v;
    } else if (strcasecmp(key, "Sec-Fetch-Site") == 0) {
        s->head.fetch_site = v;
    } else if (strcasecmp(key, "Authorization") == 0) {
        s->head.authorization = v;
    } else if (strcasecmp(key, "Cookie") == 0) {
        s->head.cookie = v;
    } else if (strcasecmp(key, "If-None-Match") == 0) {
        s->none_match = v;
    } else if (strcasecmp(key, "Last-Event-ID") == 0) {
        s->last_event = strtoull(v.p, NULL, 10);
    } else if (strcasecmp(key, "Accept") == 0) {
        s->openmetrics = memmem(v.p, v.n, "application/openmetrics-text", 28) != NULL;
    }
    return MHD_YES;
}

const char *hr_http_arg(const struct hr_http_request *r, const char *key)
{
    void *const *from = r->from;
    const struct hr_http *h = from[0];
    return h->mhd.MHD_lookup_connection_value(from[1], MHD_GET_ARGUMENT_KIND, key);
}

static void add_headers(struct hr_http *h, struct MHD_Response *r, const struct hr_http_reply *reply)
{
    char text[256], name[40];
    for (size_t i = 0; i < HR_COUNT(security); i++)
        h->mhd.MHD_add_response_header(r, security[i][0], security[i][1]);
    h->mhd.MHD_add_response_header(r, "Content-Type", reply->type != NULL ? reply->type : "text/plain; charset=utf-8");
    h->mhd.MHD_add_response_header(r, "Cache-Control", reply->etag != NULL ? "no-cache" : "no-store");
    if (reply->etag != NULL)
        h->mhd.MHD_add_response_header(r, "ETag", reply->etag);
    if (reply->status == 405)
        h->mhd.MHD_add_response_header(r, "Allow", "GET, HEAD");
    if (reply->status >= 400) /* who is refused is not to stay */
        h->mhd.MHD_add_response_header(r, "Connection", "close");
    if (reply->set_cookie) {
        hr_http_cookie_name(&h->app.rules, name);
        snprintf(text, sizeof text, "%s=%s; HttpOnly; SameSite=Strict; Path=/", name, h->app.rules.token);
        h->mhd.MHD_add_response_header(r, "Set-Cookie", text);
    }
}

static enum MHD_Result send_reply(struct hr_http *h, struct MHD_Connection *c, struct hr_http_reply *reply)
{
    struct MHD_Response *r;
    if (reply->stream) {
        r = stream_response(h, c, reply->cursor);
    } else if (reply->fixed.p != NULL) {
        void *bytes = (void *)(uintptr_t)reply->fixed.p; /* the library reads them only */
        r = h->mhd.MHD_create_response_from_buffer(reply->fixed.n, bytes, MHD_RESPMEM_PERSISTENT);
    } else {
        r = h->mhd.MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
    }
    hr_buf_fini(&reply->body);
    if (r == NULL)
        return MHD_NO;
    add_headers(h, r, reply);
    enum MHD_Result done = h->mhd.MHD_queue_response(c, (unsigned)reply->status, r);
    h->mhd.MHD_destroy_response(r);
    return done;
}

static void refuse(struct hr_http_reply *reply, int status, const char *why)
{
    hr_buf_reset(&reply->body);
    hr_buf_printf(&reply->body, "%s\n", why);
    reply->status = status;
    reply->type = "text/plain; charset=utf-8";
    reply->fixed = (struct hr_str) { NULL, 0 };
    reply->stream = false;
    reply->etag = NULL;
}

static void answer(struct hr_http *h, struct MHD_Connection *c, const struct seen *s, struct hr_http_reply *reply)
{
    void *from[2] = { h, c };
    struct hr_http_request q = { s->head.path.p, s->last_event, s->openmetrics, from };
    h->app.answer(h->app.ctx, &q, reply);
    if (reply->body.failed)
        refuse(reply, 500, "out of memory");
    else if (reply->status == 404)
        refuse(reply, 404, "there is nothing of this name here");
    else if (reply->etag != NULL && hr_str_is(s->none_match, reply->etag)) {
        reply->fixed = HR_STR("");
        reply->status = 304;
    }
    if (reply->stream && hr_str_is(s->head.method, "HEAD"))
        reply->stream = false;
}

static char begun, hidden; /* what a request's own pointer may point to */

/* Before the library decodes it: a zero byte would end the path early. */
static void *see_uri(void *ctx, const char *uri, struct MHD_Connection *c)
{
    (void)ctx;
    (void)c;
    return strstr(uri, "%00") != NULL ? &hidden : NULL;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *data,
                              size_t *data_n, void **own)
{
    (void)version;
    (void)data;
    struct hr_http *h = ctx;
    bool asks = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (asks && *own == NULL) { /* the head has come; answered now the library would not keep the connection */
        *own = &begun;
        set_busy(h, c, true);
        return MHD_YES;
    }
    if (asks && *data_n > 0) { /* a body, which nothing here wants */
        *data_n = 0;
        return MHD_YES;
    }
    struct seen s = { .head = { .method = hr_str(method), .path = hr_str(url) } };
    struct hr_http_reply reply = { .status = 404, .body = HR_BUF_INIT(BODY_MAX) };
    const char *why = "";
    set_busy(h, c, true);
    h->mhd.MHD_get_connection_values(c, MHD_HEADER_KIND, see_header, &s);
    if (*own == &hidden)
        s.head.path = HR_STR("");
    int verdict = hr_http_judge(&h->app.rules, &s.head, &why);
    if (verdict == 0 && !h->app.open_to_all(h->app.ctx, url))
        verdict = hr_http_judge_token(&h->app.rules, &s.head, &why);
    if (verdict != 0)
        refuse(&reply, verdict, why);
    else
        answer(h, c, &s, &reply);
    return send_reply(h, c, &reply);
}

/* --- life --- */
bool hr_http_built(void)
{
    return true;
}

static struct MHD_Daemon *start(struct hr_http *h, int socket)
{
    return h->mhd.MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, h,
                                   MHD_OPTION_LISTEN_SOCKET, (MHD_socket)socket,                             /* */
                                   MHD_OPTION_CONNECTION_LIMIT, (unsigned)HR_HTTP_CONNECTIONS,               /* H3 */
                                   MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HR_HTTP_SECONDS,                 /* */
                                   MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HR_HTTP_HEADER_MAX + 2048,    /* and what an answer's head takes */
                                   MHD_OPTION_NOTIFY_CONNECTION, watch_peer, h,                              /* */
                                   MHD_OPTION_NOTIFY_COMPLETED, completed, h,                                /* */
                                   MHD_OPTION_URI_LOG_CALLBACK, see_uri, NULL,                               /* */
                                   MHD_OPTION_STRICT_FOR_CLIENT, 1,                                          /* */
                                   MHD_OPTION_END);
}

int hr_http_start(const struct hr_http_app *app, const int *socket, size_t sockets, struct hr_http **ret, struct hr_error *err)
{
    struct hr_http *h = hr_calloc(1, sizeof *h);
    if (h == NULL)
        return hr_fail_nomem(err, sizeof *h, "the page's server");
    h->app = *app;
    int r = load(&h->mhd, err);
    if (r < 0) {
        hr_dl_close(&h->mhd.dl);
        hr_free(h);
        return r;
    }
    pthread_mutex_init(&h->lock, NULL);
    for (size_t i = 0; i < HR_MIN(sockets, (size_t)DAEMONS); i++) {
        h->daemon[i] = start(h, socket[i]);
        if (h->daemon[i] == NULL) {
            hr_http_stop(h);
            return hr_fail(err, HR_E_IO, "the page's server cannot be started: no threads, descriptors or memory are left");
        }
        h->daemons++;
    }
    *ret = h;
    return 0;
}

static void resume_all(struct hr_http *h)
{
    for (struct stream *s = h->streams; s != NULL; s = s->next)
        if (s->suspended) {
            s->suspended = false;
            h->mhd.MHD_resume_connection(s->connection);
        }
}

void hr_http_pulse(struct hr_http *h)
{
    uint64_t now = hr_now();
    pthread_mutex_lock(&h->lock);
    resume_all(h);
    for (struct peer *p = h->peers; p != NULL; p = p->next)
        if (!p->busy && p->fd >= 0 && now - p->since > UINT64_C(1000000000) * HR_HTTP_SECONDS) /* H2 */
            hr_socket_cut(p->fd);
    pthread_mutex_unlock(&h->lock);
}

void hr_http_stop(struct hr_http *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    resume_all(h);
    pthread_mutex_unlock(&h->lock);
    for (size_t i = 0; i < h->daemons; i++)
        h->mhd.MHD_stop_daemon(h->daemon[i]);
    hr_dl_close(&h->mhd.dl);
    pthread_mutex_destroy(&h->lock);
    hr_free(h);
}

#else

bool hr_http_built(void)
{
    return false;
}

const char *hr_http_arg(const struct hr_http_request *r, const char *key)
{
    (void)r;
    (void)key;
    return NULL;
}

int hr_http_start(const struct hr_http_app *app, const int *socket, size_t sockets, struct hr_http **ret, struct hr_error *err)
{
    (void)app;
    (void)socket;
    (void)sockets;
    (void)ret;
    return hr_fail(err, HR_E_UNSUPPORTED, "this headrace was built without libmicrohttpd (headrace version tells): build it again where "
                                          "libmicrohttpd-dev is installed");
}

void hr_http_pulse(struct hr_http *h)
{
    (void)h;
}

void hr_http_stop(struct hr_http *h)
{
    (void)h;
}
#endif

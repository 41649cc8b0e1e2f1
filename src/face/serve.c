#include "serve.h"

#include "api.h"
#include "clock.h"
#include "collector.h"
#include "file.h"
#include "http.h"
#include "mem.h"
#include "page.h"
#include "parse.h"
#include "prom.h"
#include "socket.h"
#include "watch_report.h"

#include "headrace/headrace.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define WAIT (2 * SECOND)
enum { EVENTS = 64, EVENT_MAX = 256 << 10 };

struct event {
    uint64_t seq;
    struct hr_buf text; /* "id: 7\ndata: {...}\n\n" */
};

struct hr_serve {
    struct hr_collector collector;
    struct hr_serve_options o;
    const struct hr_root *root;
    struct hr_http *http;
    uint16_t port;
    struct hr_top_alert alert[HR_TOP_ALERTS];
    size_t alerts;
    struct hr_model *model; /* a copy without command lines, for those who are not to see them */
    pthread_mutex_t lock;   /* of the events */
    struct event event[EVENTS];
    uint64_t events; /* how many there have been; the newest is (events - 1) % EVENTS */
    struct hr_buf scratch;
};

/* --- behind every tick, under the collector's lock --- */
static void make_event(struct hr_serve *s, const struct hr_model *m)
{
    struct hr_api_tick t = { m, hr_watch_series(s->collector.watch), s->alert, s->alerts, &s->collector.alarm, s->o.commands };
    hr_buf_reset(&s->scratch);
    hr_buf_printf(&s->scratch, "id: %llu\ndata: ", (unsigned long long)m->seq);
    struct hr_jw w = HR_JW_INIT(&s->scratch, 0);
    hr_api_tick(&w, &t);
    hr_buf_adds(&s->scratch, "\n\n");
    if (!hr_jw_done(&w) || s->scratch.failed)
        return; /* out of memory: this tick is not told */
    pthread_mutex_lock(&s->lock);
    struct event *e = &s->event[s->events % EVENTS];
    struct hr_buf old = e->text;
    e->text = s->scratch;
    s->scratch = old;
    e->seq = m->seq;
    s->events++;
    pthread_mutex_unlock(&s->lock);
}

static void after_tick(void *ctx, const struct hr_model *m)
{
    struct hr_serve *s = ctx;
    if (s->o.after != NULL)
        s->o.after(s->o.ctx, m);
    s->alerts = hr_top_alerts(s->collector.alarm.episodes, s->alert, HR_TOP_ALERTS);
    make_event(s, m);
}

static void told(void *ctx)
{
    struct hr_serve *s = ctx;
    struct hr_http *http = __atomic_load_n(&s->http, __ATOMIC_ACQUIRE);
    if (http != NULL)
        hr_http_pulse(http);
}

/* What a stream has not had.  Its cursor is the number of events it has had of all that have been; one that has missed some is told so and
 * gets the newest. */
static void next_events(void *ctx, uint64_t *cursor, struct hr_buf *out)
{
    struct hr_serve *s = ctx;
    pthread_mutex_lock(&s->lock);
    if (*cursor > s->events)
        *cursor = s->events > 0 ? s->events - 1 : 0;
    if (s->events - *cursor > EVENTS) {
        hr_buf_adds(out, "event: gap\ndata: {}\n\n");
        *cursor = s->events - 1;
    }
    while (*cursor < s->events && out->len < EVENT_MAX / 2) {
        const struct event *e = &s->event[*cursor % EVENTS];
        hr_buf_add(out, e->text.data, e->text.len);
        ++*cursor;
    }
    pthread_mutex_unlock(&s->lock);
}

/* A stream that comes back goes on behind the event it had last; a new one begins with the newest. */
static uint64_t cursor_for(struct hr_serve *s, uint64_t last)
{
    uint64_t at = s->events > 0 ? s->events - 1 : 0;
    pthread_mutex_lock(&s->lock);
    uint64_t oldest = s->events > EVENTS ? s->events - EVENTS : 0;
    for (uint64_t i = oldest; last != 0 && i < s->events; i++)
        if (s->event[i % EVENTS].seq == last)
            at = i + 1;
    if (last != 0 && s->events > 0 && last < s->event[oldest % EVENTS].seq)
        at = UINT64_MAX; /* too old: next_events takes the newest, and the page asks for the history anyway */
    pthread_mutex_unlock(&s->lock);
    return at;
}

/* --- answers --- */
static void json_begin(struct hr_http_reply *r, struct hr_jw *w)
{
    *w = HR_JW_INIT(&r->body, 0);
    r->status = 200;
    r->type = "application/json";
}

static void json_end(struct hr_http_reply *r, const struct hr_jw *w)
{
    hr_buf_addc(&r->body, '\n');
    if (!hr_jw_done(w))
        r->body.failed = true;
}

static void say(struct hr_http_reply *r, int status, const char *text)
{
    hr_buf_reset(&r->body);
    hr_buf_printf(&r->body, "%s\n", text);
    r->status = status;
    r->type = "text/plain; charset=utf-8";
}

static void now(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    (void)q;
    const struct hr_model *m = hr_watch_model(s->collector.watch);
    struct hr_jw w;
    if (!s->o.commands) {
        memcpy(s->model, m, hr_model_bytes(m));
        for (unsigned i = 0; i < s->model->proc_n; i++)
            s->model->proc[i].command[0] = 0;
        m = s->model;
    }
    json_begin(r, &w);
    hr_watch_json(m, s->collector.alarm.episodes, &w);
    json_end(r, &w);
}

static void tick(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    (void)q;
    struct hr_api_tick t = { hr_watch_model(s->collector.watch), hr_watch_series(s->collector.watch), s->alert, s->alerts, &s->collector.alarm,
                             s->o.commands };
    struct hr_jw w;
    json_begin(r, &w);
    hr_api_tick(&w, &t);
    json_end(r, &w);
}

/* ?span=SECONDS&width=COLUMNS&metric=KEY */
static void history(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    const char *span = hr_http_arg(q, "span"), *width = hr_http_arg(q, "width");
    uint64_t seconds = 600, columns = 300;
    if ((span != NULL && hr_parse_u64(hr_str(span), &seconds, NULL) < 0) || (width != NULL && hr_parse_u64(hr_str(width), &columns, NULL) < 0) ||
        seconds == 0 || seconds > 31 * 86400 || columns == 0 || columns > HR_API_COLUMNS) {
        say(r, 400, "span is 1 to 2678400 seconds, width 1 to 2000 columns");
        return;
    }
    struct hr_api_history h = { hr_watch_series(s->collector.watch), hr_watch_model(s->collector.watch), seconds * SECOND, (size_t)columns,
                                hr_http_arg(q, "metric") };
    struct hr_jw w;
    json_begin(r, &w);
    bool known = hr_api_history(&w, &h);
    json_end(r, &w);
    if (!known)
        say(r, 404, "no metric is called so; without metric= all of them are told");
}

static void jobs(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    (void)q;
    struct hr_jw w;
    json_begin(r, &w);
    hr_api_jobs(&w, hr_watch_model(s->collector.watch));
    json_end(r, &w);
}

static void alerts(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    (void)q;
    struct hr_jw w;
    json_begin(r, &w);
    hr_api_alerts(&w, &s->collector.alarm, hr_watch_model(s->collector.watch));
    json_end(r, &w);
}

static void events(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    r->status = 200;
    r->type = "text/event-stream";
    r->stream = true;
    r->cursor = cursor_for(s, q->last_event);
}

static void metrics(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    const struct hr_model *m = hr_watch_model(s->collector.watch);
    struct hr_prom p = { .out = &r->body, .openmetrics = q->openmetrics };
    r->status = 200;
    r->type = q->openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
    hr_prom_own(&p, m, hr_version());
    hr_prom_alerts(&p, s->alert, s->alerts);
    hr_prom_marks(&p, &s->collector.alarm, m);
    if ((s->o.compat & HR_PROM_NODE) != 0)
        hr_prom_node(&p, m, s->root);
    if ((s->o.compat & HR_PROM_DCGM) != 0)
        hr_prom_cards(&p, m, HR_PROM_DCGM);
    if ((s->o.compat & HR_PROM_NVIDIA_SMI) != 0)
        hr_prom_nvidia_smi(&p, m);
    hr_prom_end(&p);
}

/* A token that came in the address becomes a cookie, which scripts cannot read and other sites do not send. */
static void session(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    (void)q;
    say(r, 200, "ok");
    r->set_cookie = s->o.token != NULL && s->o.token[0] != 0;
}

static void health(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r)
{
    (void)q;
    uint64_t age = hr_now() - hr_watch_model(s->collector.watch)->at;
    say(r, age < 10 * SECOND + 2 * s->collector.period ? 200 : 503, age < 10 * SECOND + 2 * s->collector.period ? "ok" : "the last look is old");
}

/* Every path there is; nothing is looked up in a file system. */
static const struct {
    const char *path;
    void (*answer)(struct hr_serve *s, const struct hr_http_request *q, struct hr_http_reply *r);
    bool locked; /* looks at the model */
} routes[] = {
    { "/api/v1/now", now, true },         { "/api/v1/tick", tick, true },       { "/api/v1/history", history, true }, { "/api/v1/jobs", jobs, true },
    { "/api/v1/alerts", alerts, true },   { "/api/v1/events", events, false },  { "/api/v1/session", session, false }, { "/metrics", metrics, true },
    { "/health", health, true },
};

static void answer(void *ctx, const struct hr_http_request *q, struct hr_http_reply *r)
{
    struct hr_serve *s = ctx;
    const struct hr_page_file *f = hr_page_find(q->path);
    if (f != NULL) {
        r->status = 200;
        r->type = f->type;
        r->fixed = f->bytes;
        r->etag = f->etag;
        return;
    }
    for (size_t i = 0; i < HR_COUNT(routes); i++) {
        if (strcmp(routes[i].path, q->path) != 0)
            continue;
        if (routes[i].locked && !hr_collector_lock(&s->collector, WAIT)) {
            say(r, 503, "the sampler is waiting for the machine");
            return;
        }
        routes[i].answer(s, q, r);
        if (routes[i].locked)
            hr_collector_unlock(&s->collector);
        return;
    }
}

static bool open_to_all(void *ctx, const char *path)
{
    (void)ctx;
    return hr_page_find(path) != NULL;
}

/* --- life --- */
bool hr_serve_loopback(const char *address)
{
    return address == NULL || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static int listen_on(struct hr_serve *s, int socket[2], size_t *ret_n, struct hr_error *err)
{
    *ret_n = 0;
    int r = hr_socket_listen(s->o.address != NULL ? s->o.address : "127.0.0.1", s->o.port, &socket[0], &s->port, err);
    if (r < 0)
        return r;
    *ret_n = 1;
    uint16_t port;
    if (s->o.address == NULL && hr_socket_listen("::1", s->port, &socket[1], &port, NULL) == 0)
        *ret_n = 2; /* without IPv6 there is one address less */
    return 0;
}

static int rules_of(const struct hr_serve *s, struct hr_http_rules *ret, struct hr_error *err)
{
    hr_http_rules_init(ret, s->port);
    char six[80];
    if (s->o.address != NULL) {
        snprintf(six, sizeof six, strchr(s->o.address, ':') != NULL ? "[%.70s]" : "%.70s", s->o.address);
        hr_http_rules_host(ret, six);
    }
    for (size_t i = 0; s->o.host != NULL && s->o.host[i] != NULL; i++)
        if (!hr_http_rules_host(ret, s->o.host[i]))
            return hr_fail(err, HR_E_LIMIT, "too many names, or one too long: %s", s->o.host[i]);
    if (s->o.token != NULL && strlen(s->o.token) >= sizeof ret->token)
        return hr_fail(err, HR_E_LIMIT, "the token is longer than %zu characters", sizeof ret->token - 1);
    snprintf(ret->token, sizeof ret->token, "%s", s->o.token != NULL ? s->o.token : "");
    if (!hr_serve_loopback(s->o.address) && ret->token[0] == 0)
        return hr_fail(err, HR_E_INVALID, "%s can be reached from other machines: that needs a token", s->o.address);
    return 0;
}

static void free_all(struct hr_serve *s)
{
    for (size_t i = 0; i < EVENTS; i++)
        hr_buf_fini(&s->event[i].text);
    hr_buf_fini(&s->scratch);
    pthread_mutex_destroy(&s->lock);
    hr_free(s->model);
    hr_free(s);
}

int hr_serve_start(struct hr_watch *watch, const struct hr_root *root, const struct hr_serve_options *o, struct hr_serve **ret, struct hr_error *err)
{
    struct hr_serve *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "the page");
    s->o = *o;
    s->root = root;
    s->scratch = HR_BUF_INIT(EVENT_MAX);
    for (size_t i = 0; i < EVENTS; i++)
        s->event[i].text = HR_BUF_INIT(EVENT_MAX);
    pthread_mutex_init(&s->lock, NULL);
    s->collector = (struct hr_collector) { .watch = watch, .period = o->period > 0 ? o->period : SECOND, .alarms = o->alarms, .after = after_tick, .told = told, .ctx = s };
    struct hr_http_app app = { .ctx = s, .open_to_all = open_to_all, .answer = answer, .next = next_events };
    int socket[2] = { -1, -1 };
    size_t sockets = 0;
    s->model = hr_malloc(sizeof *s->model);
    int r = s->model == NULL ? hr_fail_nomem(err, sizeof *s->model, "the page") : listen_on(s, socket, &sockets, err);
    if (r == 0)
        r = rules_of(s, &app.rules, err);
    bool collecting = false;
    struct hr_http *http = NULL;
    if (r == 0 && (r = hr_collector_start(&s->collector, err)) == 0)
        collecting = true;
    if (r == 0)
        r = hr_http_start(&app, socket, sockets, &http, err);
    if (r < 0) {
        if (collecting)
            hr_collector_stop(&s->collector);
        hr_close(socket[0]);
        hr_close(socket[1]);
        free_all(s);
        return r;
    }
    __atomic_store_n(&s->http, http, __ATOMIC_RELEASE);
    *ret = s;
    return 0;
}

void hr_serve_stop(struct hr_serve *s)
{
    if (s == NULL)
        return;
    hr_collector_halt(&s->collector);
    hr_http_stop(s->http);
    hr_collector_fini(&s->collector);
    free_all(s);
}

uint16_t hr_serve_port(const struct hr_serve *s)
{
    return s->port;
}

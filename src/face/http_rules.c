#include "http_rules.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void hr_http_rules_init(struct hr_http_rules *r, uint16_t port)
{
    *r = (struct hr_http_rules) { .port = port };
    hr_http_rules_host(r, "localhost");
    hr_http_rules_host(r, "127.0.0.1");
    hr_http_rules_host(r, "[::1]");
}

bool hr_http_rules_host(struct hr_http_rules *r, const char *host)
{
    if (r->hosts == HR_HTTP_HOSTS || strlen(host) >= sizeof r->host[0] || host[0] == 0)
        return false;
    snprintf(r->host[r->hosts++], sizeof r->host[0], "%s", host);
    return true;
}

bool hr_http_is_host(const char *s)
{
    size_t n = strlen(s), letters = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
    if (s[0] == '[') /* an IPv6 address, as it stands in an address line */
        return n > 3 && s[n - 1] == ']' && strspn(s + 1, "0123456789abcdefABCDEF:.") == n - 2;
    return n != 0 && letters == n && s[0] != '-' && s[0] != '.';
}

static bool same(struct hr_str a, const char *z)
{
    return a.n == strlen(z) && strncasecmp(a.p, z, a.n) == 0;
}

/* "localhost:9475", whole; without a port it is port 80's. */
static bool ours(const struct hr_http_rules *r, struct hr_str host)
{
    for (unsigned i = 0; i < r->hosts; i++) {
        char full[96];
        snprintf(full, sizeof full, "%s:%u", r->host[i], r->port);
        if (same(host, full) || (r->port == 80 && same(host, r->host[i])))
            return true;
    }
    return false;
}

int hr_http_judge(const struct hr_http_rules *r, const struct hr_http_head *h, const char **ret_why)
{
    if (!hr_str_is(h->method, "GET") && !hr_str_is(h->method, "HEAD")) {
        *ret_why = "only GET and HEAD are answered: nothing here can be changed";
        return 405;
    }
    if (h->hosts != 1 || h->host.p == NULL || !ours(r, h->host)) {
        *ret_why = "this is not a name of this server: ask for localhost";
        return 421;
    }
    if (h->origin.p != NULL) {
        struct hr_str o = h->origin;
        bool http = hr_str_starts(o, "http://");
        if (!http || !ours(r, (struct hr_str) { o.p + 7, o.n - 7 })) {
            *ret_why = "a page of another origin asked";
            return 403;
        }
    }
    if (h->fetch_site.p != NULL && !hr_str_is(h->fetch_site, "same-origin") && !hr_str_is(h->fetch_site, "none")) {
        *ret_why = "a page of another site asked";
        return 403;
    }
    if (h->path.n == 0 || h->path.p[0] != '/' || h->path.n > 1024) {
        *ret_why = "no such path";
        return 400;
    }
    return 0;
}

/* W4 */
static bool equal_always(struct hr_str given, const char *token)
{
    size_t n = strlen(token);
    unsigned differ = given.n != n;
    for (size_t i = 0; i < n; i++)
        differ |= (unsigned)(unsigned char)token[i] ^ (unsigned)(unsigned char)(given.n > 0 ? given.p[i % given.n] : 0);
    return differ == 0;
}

void hr_http_cookie_name(const struct hr_http_rules *r, char out[40])
{
    snprintf(out, 40, "headrace_token_%u", r->port);
}

int hr_http_judge_token(const struct hr_http_rules *r, const struct hr_http_head *h, const char **ret_why)
{
    char name[40];
    hr_http_cookie_name(r, name);
    if (r->token[0] == 0)
        return 0;
    if (h->authorization.p != NULL && h->authorization.n > 7 && strncasecmp(h->authorization.p, "Bearer ", 7) == 0 &&
        equal_always((struct hr_str) { h->authorization.p + 7, h->authorization.n - 7 }, r->token))
        return 0;
    struct hr_str rest = h->cookie, part, key;
    while (hr_str_cut(&rest, ';', &part)) {
        part = hr_str_trim(part);
        if (hr_str_cut(&part, '=', &key) && hr_str_is(key, name) && part.p != NULL && equal_always(part, r->token))
            return 0;
    }
    *ret_why = "the token is missing or wrong: open the address that headrace serve printed";
    return 401;
}

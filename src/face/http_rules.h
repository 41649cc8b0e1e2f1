/* Who may ask the page and the interfaces behind it.  Pure: a request's head in, a verdict out.
 *
 * W1: only GET and HEAD; nothing that can be asked changes anything.
 * W2: Host is one of ours, compared whole, with our port: a name that a stranger pointed at 127.0.0.1 (DNS rebinding) is refused.
 * W3: a request that a page of another origin made is refused (Origin, Sec-Fetch-Site), and no answer ever carries a header that would
 *     let such a page read it.
 * W4: beyond the loopback addresses, data is told to who has the token; its comparison takes the same time wherever it differs. */
#ifndef HR_HTTP_RULES_H
#define HR_HTTP_RULES_H

#include "str.h"

enum { HR_HTTP_HOSTS = 8, HR_HTTP_TOKEN = 64, HR_HTTP_HEADER_MAX = 8 << 10, HR_HTTP_CONNECTIONS = 16, HR_HTTP_SECONDS = 5 };

struct hr_http_rules {
    char host[HR_HTTP_HOSTS][80]; /* without port: "localhost", "127.0.0.1", "[::1]" */
    unsigned hosts;
    uint16_t port;
    char token[HR_HTTP_TOKEN]; /* "": none is needed */
};

struct hr_http_head {
    struct hr_str method, path;
    struct hr_str host; /* p NULL: no such header */
    unsigned hosts;     /* how many Host headers there were */
    struct hr_str origin, fetch_site, authorization, cookie;
};

/* A name or address as a browser puts it into Host, without the port: "trainer.example", "10.0.0.7", "[fd00::1]".  What is none ("a/b",
 * "http://a", "a:9475") would be compared with every request and never be equal. */
bool hr_http_is_host(const char *s);
/* The three names of this machine for itself. */
void hr_http_rules_init(struct hr_http_rules *r, uint16_t port);
/* One more; false: there is no room, or it is too long. */
bool hr_http_rules_host(struct hr_http_rules *r, const char *host);

/* 0: may go on; otherwise the status to answer with, and a sentence in *ret_why. */
int hr_http_judge(const struct hr_http_rules *r, const struct hr_http_head *h, const char **ret_why);
/* Whether it may have data (W4): 0 or 401. */
int hr_http_judge_token(const struct hr_http_rules *r, const struct hr_http_head *h, const char **ret_why);
/* The name of the cookie that holds the token; it has the port in it, since cookies do not tell ports apart. */
void hr_http_cookie_name(const struct hr_http_rules *r, char out[40]);

#endif

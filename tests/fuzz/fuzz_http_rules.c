/* Heads of requests: whatever they hold, who is let in named us whole. */
#include "http_rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct hr_http_rules r;
    hr_http_rules_init(&r, 9475);
    strcpy(r.token, "token");
    struct hr_str rest = { (const char *)p, n }, f[7] = { { NULL, 0 } };
    for (size_t i = 0; i < 7 && hr_str_cut(&rest, '\n', &f[i]); i++)
        ;
    struct hr_http_head h = { f[0], f[1], f[2], f[2].p != NULL, f[3], f[4], f[5], f[6] };
    if (f[3].n == 0)
        h.origin.p = NULL;
    if (f[4].n == 0)
        h.fetch_site.p = NULL;
    const char *why = NULL;
    int v = hr_http_judge(&r, &h, &why);
    if ((v == 0) != (why == NULL) || (v == 0 && (h.host.n < 10 || memcmp(h.host.p + h.host.n - 5, ":9475", 5) != 0 || h.host.n > 14)))
        abort();
    int t = hr_http_judge_token(&r, &h, &why);
    bool named = (h.authorization.p != NULL && memmem(h.authorization.p, h.authorization.n, "token", 5) != NULL) ||
                 (h.cookie.p != NULL && memmem(h.cookie.p, h.cookie.n, "=token", 6) != NULL);
    if (t == 0 && !named)
        abort();
    return 0;
}

/* Who may ask: every name, origin and token that is nearly right. */
#include "unit.h"

#include "http_rules.h"
#include "prom_text.h"

#include <math.h>
#include <string.h>

static struct hr_http_rules rules;

static int judge(const char *method, const char *host, const char *origin, const char *site, const char *path)
{
    const char *why = NULL;
    struct hr_http_head h = { .method = hr_str(method), .path = hr_str(path), .host = hr_str(host), .hosts = host != NULL, .origin = hr_str(origin), .fetch_site = hr_str(site) };
    int r = hr_http_judge(&rules, &h, &why);
    assert_true((r == 0) == (why == NULL));
    return r;
}

static void hosts(void **state)
{
    (void)state;
    hr_http_rules_init(&rules, 9475);
    static const char *const good[] = { "localhost:9475", "LocalHost:9475", "127.0.0.1:9475", "[::1]:9475" };
    static const char *const bad[] = { "localhost", "localhost:947", "localhost:94750", "localhost:09475", "evil:9475", "localhost.evil:9475", "xlocalhost:9475",
                                       "localhost:9475.evil", "localhost:9475@evil", "::1:9475", "[::1]", "127.0.0.1", "127.0.0.2:9475", "127.1:9475", "0:9475", "",
                                       " localhost:9475", "localhost:9475 ", "localhost:9475\t" };
    for (size_t i = 0; i < HR_COUNT(good); i++)
        assert_int_equal(judge("GET", good[i], NULL, NULL, "/"), 0);
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_int_equal(judge("GET", bad[i], NULL, NULL, "/"), 421);
    assert_int_equal(judge("GET", NULL, NULL, NULL, "/"), 421);
    assert_true(hr_http_rules_host(&rules, "box.lan"));
    assert_int_equal(judge("GET", "box.lan:9475", NULL, NULL, "/"), 0);
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_false(hr_http_rules_host(&rules, longest));
    hr_http_rules_init(&rules, 80);
    assert_int_equal(judge("GET", "localhost", NULL, NULL, "/"), 0);
}

static void names_that_can_be_asked_for(void **state)
{
    (void)state;
    static const char *const good[] = { "trainer", "box.lan", "10.0.0.7", "[fd00::1]", "[::ffff:10.0.0.7]", "a_b-c.example" };
    static const char *const bad[] = { "", "bad/host", "http://box.lan", "box.lan:9475", "fd00::1", "[fd00::1", "[]", "[g::1]", "-x", ".lan", "a b", "box\r\nX: y", "b\xc3\xbc", "a@b", "*" };
    for (size_t i = 0; i < HR_COUNT(good); i++)
        assert_true(hr_http_is_host(good[i]));
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_false(hr_http_is_host(bad[i]));
}

static void methods_and_origins(void **state)
{
    (void)state;
    hr_http_rules_init(&rules, 9475);
    const char *us = "localhost:9475";
    static const char *const bad[] = { "POST", "PUT", "DELETE", "get", "GETX", "", "OPTIONS" };
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_int_equal(judge(bad[i], us, NULL, NULL, "/"), 405);
    assert_int_equal(judge("HEAD", us, NULL, NULL, "/"), 0);
    static const char *const origins[] = { "http://evil", "null", "", "https://localhost:9475", "http://localhost", "http://localhost:9475.evil", "localhost:9475",
                                           "http://localhost:9475/", "HTTP://localhost:9475" };
    for (size_t i = 0; i < HR_COUNT(origins); i++)
        assert_int_equal(judge("GET", us, origins[i], NULL, "/"), 403);
    assert_int_equal(judge("GET", us, "http://127.0.0.1:9475", NULL, "/"), 0);
    assert_int_equal(judge("GET", us, NULL, "cross-site", "/"), 403);
    assert_int_equal(judge("GET", us, NULL, "same-site", "/"), 403);
    assert_int_equal(judge("GET", us, NULL, "Same-Origin", "/"), 403);
    assert_int_equal(judge("GET", us, NULL, "same-origin", "/"), 0);
    assert_int_equal(judge("GET", us, NULL, NULL, "x"), 400);
    assert_int_equal(judge("GET", us, NULL, NULL, ""), 400);
}

static int judge_token(const char *authorization, const char *cookie)
{
    const char *why = NULL;
    struct hr_http_head h = { .authorization = hr_str(authorization), .cookie = hr_str(cookie) };
    return hr_http_judge_token(&rules, &h, &why);
}

static void tokens(void **state)
{
    (void)state;
    hr_http_rules_init(&rules, 9475);
    assert_int_equal(judge_token(NULL, NULL), 0);
    strcpy(rules.token, "s3cret");
    static const char *const bad[] = { "", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets3cret", "Bearer  s3cret", "s3cret", "Basic s3cret", "Bearer S3cret" };
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_int_equal(judge_token(bad[i], NULL), 401);
    assert_int_equal(judge_token(NULL, NULL), 401);
    assert_int_equal(judge_token("bearer s3cret", NULL), 0);
    static const char *const cookies[] = { "headrace_token_9475=", "headrace_token_9475=s3cre", "headrace_token_9476=s3cret", "xheadrace_token_9475=s3cret", "s3cret", ";;;=", "headrace_token_9475" };
    for (size_t i = 0; i < HR_COUNT(cookies); i++)
        assert_int_equal(judge_token(NULL, cookies[i]), 401);
    assert_int_equal(judge_token(NULL, "headrace_token_9475=s3cret"), 0);
    assert_int_equal(judge_token(NULL, "a=b;  headrace_token_9475=s3cret ; c"), 0);
}

/* --- the text that Prometheus reads --- */
static void prometheus_text(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    for (unsigned open = 0; open < 2; open++) {
        struct hr_prom p = { .out = &b, .openmetrics = open };
        hr_buf_reset(&b);
        hr_prom_family(&p, "x_total", HR_PROM_COUNTER, "Help.");
        hr_prom_sample(&p, 3, NULL);
        hr_prom_family(&p, "DCGM_ENERGY", HR_PROM_COUNTER, "A counter without the ending.");
        hr_prom_sample(&p, 0.1, (const struct hr_prom_label[]) { { "a", "q\"b\\s\nn" }, { "bad", "\xff!" }, { NULL, NULL } });
        hr_prom_sample(&p, NAN, NULL);
        hr_prom_sample(&p, -INFINITY, NULL);
        hr_prom_end(&p);
        assert_string_equal(b.data, open ? "# HELP x Help.\n# TYPE x counter\nx_total 3\n# HELP DCGM_ENERGY A counter without the ending.\n# TYPE DCGM_ENERGY unknown\n"
                                           "DCGM_ENERGY{a=\"q\\\"b\\\\s\\nn\",bad=\"\xef\xbf\xbd!\"} 0.1\nDCGM_ENERGY NaN\nDCGM_ENERGY -Inf\n# EOF\n"
                                         : "# HELP x_total Help.\n# TYPE x_total counter\nx_total 3\n# HELP DCGM_ENERGY A counter without the ending.\n# TYPE DCGM_ENERGY counter\n"
                                           "DCGM_ENERGY{a=\"q\\\"b\\\\s\\nn\",bad=\"\xef\xbf\xbd!\"} 0.1\nDCGM_ENERGY NaN\nDCGM_ENERGY -Inf\n");
    }
    hr_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts),
        cmocka_unit_test(names_that_can_be_asked_for),
        cmocka_unit_test(methods_and_origins),
        cmocka_unit_test(tokens),
        cmocka_unit_test(prometheus_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

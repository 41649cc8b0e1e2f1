#include "cli.h"

#include "clock.h"
#include "http_rules.h"
#include "interrupt.h"
#include "mark_opts.h"
#include "prom.h"
#include "random.h"
#include "serve.h"

#include <stdio.h>
#include <string.h>

struct args {
    uint64_t port, every, lasting;
    const char *listen, *token, *on_alert;
    struct hr_strings host, compat;
    bool commands;
    struct hr_mark_args mark;
};

static const struct hr_opt opts[] = {
    HR_OPT_U64(struct args, port, 'p', "port", "N", "9475", 0, 65535, "the port; 0: any that is free"),
    HR_OPT_DURATION(struct args, every, 'i', "interval", "TIME", "1s", UINT64_C(100000000), UINT64_C(3600000000000), "time between two looks"),
    HR_OPT_DURATION(struct args, lasting, 'f', "for", "TIME", NULL, UINT64_C(1000000), UINT64_C(31536000000000000), "end after this long"),
    HR_OPT_LIST(struct args, compat, 0, "compat", "NAME", "also tell the metrics of node, dcgm, nvidia_gpu exporters under their names", .split = ','),
    HR_OPT_FLAG(struct args, commands, 0, "commands", NULL, "show command lines too: they may hold what others should not see"),
    HR_OPT_STRING(struct args, on_alert, 0, "on-alert", "PROGRAM", NULL, "run it when an alert begins or ends, with begin|end, its key, level and text"),
    HR_MARK_OPTS(struct args, mark),
    HR_OPT_HEADING("Beyond this machine"),
    HR_OPT_STRING(struct args, listen, 0, "listen", "ADDRESS", NULL, "listen there instead of 127.0.0.1 and ::1; needs a token"),
    HR_OPT_STRING(struct args, token, 0, "token", "TEXT", NULL, "who asks for data must know this; 'auto' makes one"),
    HR_OPT_LIST(struct args, host, 0, "host", "NAME", "a further name by which a browser may ask"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "the page, at the address that it prints", "headrace serve" },
    { "metrics under the names that existing Grafana dashboards ask for", "headrace serve --compat node,dcgm,nvidia_gpu" },
    { "from another machine, through ssh and without opening anything", "ssh -L 9475:localhost:9475 trainer headrace serve" },
    { NULL, NULL },
};

static int compat_of(struct hr_cli *cli, const struct args *a, unsigned *ret, struct hr_error *err)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = { { "node", HR_PROM_NODE }, { "dcgm", HR_PROM_DCGM }, { "nvidia_gpu", HR_PROM_NVIDIA_SMI }, { "nvidia_smi", HR_PROM_NVIDIA_SMI } };
    *ret = 0;
    for (size_t i = 0; i < a->compat.n; i++) {
        bool known = false;
        for (size_t k = 0; k < HR_COUNT(names); k++)
            if (strcmp(names[k].name, a->compat.item[i]) == 0) {
                *ret |= names[k].bit;
                known = true;
            }
        if (!known)
            return hr_cli_usage(cli, err, "--compat knows node, dcgm and nvidia_gpu, not '%s'", a->compat.item[i]);
    }
    return 0;
}

static void tell(struct hr_cli *cli, const struct hr_serve *s, const struct hr_serve_options *o)
{
    const char *host = o->address == NULL || hr_serve_loopback(o->address) ? "localhost" : o->address;
    bool token = o->token != NULL && o->token[0] != 0;
    hr_print(cli, strchr(host, ':') != NULL ? "http://[%s]:%u/%s%s\n" : "http://%s:%u/%s%s\n", host, hr_serve_port(s), token ? "#token=" : "",
             token ? o->token : "");
    hr_print_flush(cli);
    if (o->address == NULL || hr_serve_loopback(o->address))
        hr_note(cli, "only this machine reaches it; from another one: ssh -L %u:localhost:%u THIS-MACHINE", hr_serve_port(s), hr_serve_port(s));
    else
        hr_note(cli, "everybody who reaches %s and has the token sees memory, GPUs, jobs and processes of this machine; the line is not encrypted",
                o->address);
    hr_note(cli, "Ctrl-C ends it");
}

static int serve(struct hr_cli *cli, const struct hr_root *root, const struct args *a, struct hr_serve_options *o, struct hr_error *err)
{
    struct hr_watch_options w = { .period = a->every };
    struct hr_watch *watch;
    struct hr_serve *s;
    struct hr_alarm_options alarms = { .on_alert = a->on_alert };
    int r = hr_watch_open(root, &w, &watch, err);
    if (r < 0)
        return r;
    o->alarms = &alarms;
    r = hr_mark_options(cli, &a->mark, hr_watch_model(watch), &alarms, err);
    if (r == 0) {
        hr_mark_note(cli, &alarms.marks, hr_watch_model(watch));
        r = hr_serve_start(watch, root, o, &s, err);
    }
    if (r == 0) {
        hr_interrupt_install();
        tell(cli, s, o);
        hr_interrupted_until(a->lasting == 0 ? UINT64_MAX : hr_now() + a->lasting);
        hr_serve_stop(s);
    }
    hr_watch_close(watch);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    char token[40];
    struct hr_serve_options o = { .address = a->listen, .port = (uint16_t)a->port, .token = a->token, .commands = a->commands, .period = a->every };
    const char *hosts[8] = { NULL };
    int r = compat_of(cli, a, &o.compat, err);
    if (r < 0)
        return r;
    if (a->host.n >= HR_COUNT(hosts))
        return hr_cli_usage(cli, err, "at most %zu further names", HR_COUNT(hosts) - 1);
    for (size_t i = 0; i < a->host.n; i++) {
        hosts[i] = a->host.item[i];
        if (!hr_http_is_host(hosts[i]))
            return hr_cli_usage(cli, err, "--host: '%s' is no name that a browser can ask for: write it alone, as in trainer.example or [fd00::1], "
                                          "without http://, port and path", hosts[i]);
    }
    o.host = hosts;
    if (a->token != NULL && strcmp(a->token, "auto") == 0) {
        r = hr_random_text(token, sizeof token, err);
        o.token = token;
    }
    struct hr_root *root;
    if (r == 0)
        r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = serve(cli, root, a, &o, err);
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_serve = { opts, sizeof(struct args), NULL, run, examples };

/* What a command prints, and where it goes. */
#include "cli.h"

#include "file.h"
#include "utf8.h"

#include <errno.h>
#include <string.h>

enum { OUT_FD = 1, ERR_FD = 2, FLUSH_AT = 64 << 10 };

/* I1: after the first failure nothing more is written and every call returns the same code; the sentence is told once, by
 * hr_cli_main. */
int hr_print_flush(struct hr_cli *cli)
{
    if (cli->out_err.code == 0 && cli->out.failed)
        hr_fail(&cli->out_err, HR_E_NOMEM, "out of memory: the result could not be gathered for standard output");
    if (cli->out_err.code == 0 && cli->out.len != 0) {
        errno = 0;
        if (hr_write_all(OUT_FD, cli->out.data, cli->out.len, "standard output", &cli->out_err) < 0)
            cli->out_closed = errno == EPIPE;
    }
    hr_buf_reset(&cli->out);
    return cli->out_err.code;
}

static int more(struct hr_cli *cli)
{
    if (cli->out_err.code != 0 || cli->out.failed || cli->out.len >= FLUSH_AT)
        return hr_print_flush(cli);
    return 0;
}

int hr_print(struct hr_cli *cli, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    hr_buf_vprintf(&cli->out, fmt, ap);
    va_end(ap);
    return more(cli);
}

int hr_print_bytes(struct hr_cli *cli, const void *p, size_t n)
{
    hr_buf_add(&cli->out, p, n);
    return more(cli);
}

int hr_print_table(struct hr_cli *cli, const struct hr_table *t, unsigned margin)
{
    if (!hr_table_write(t, &cli->out, margin))
        cli->out.failed = true;
    return more(cli);
}

struct hr_jw hr_print_json(struct hr_cli *cli)
{
    return HR_JW_INIT(&cli->out, 2);
}

int hr_print_json_end(struct hr_cli *cli, const struct hr_jw *w, struct hr_error *err)
{
    if (!cli->out.failed && !hr_jw_done(w))
        return hr_fail(err, HR_E_BUG, "the JSON of '%s' was not put together well", cli->command);
    hr_buf_addc(&cli->out, '\n');
    return more(cli);
}

/* Standard error that cannot be written has nobody to be told to. */
static void say(const char *before, const char *text)
{
    struct hr_buf line = HR_BUF_INIT(1 << 16);
    hr_buf_adds(&line, before);
    struct hr_str rest = hr_str(text), one;
    while (hr_str_cut(&rest, '\n', &one)) {
        hr_utf8_show(&line, one);
        hr_buf_addc(&line, '\n');
    }
    if (hr_write_all(ERR_FD, line.data, line.len, "standard error", NULL) < 0)
        errno = 0;
    hr_buf_fini(&line);
}

void hr_complain(const char *text)
{
    say("", text);
}

HR_PRINTF(1, 0) static void vsay(const char *fmt, va_list ap)
{
    struct hr_buf text = HR_BUF_INIT(1 << 15);
    hr_buf_vprintf(&text, fmt, ap);
    say("headrace: ", text.data);
    hr_buf_fini(&text);
}

void hr_note(struct hr_cli *cli, const char *fmt, ...)
{
    if (cli->common->quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsay(fmt, ap);
    va_end(ap);
}

void hr_detail(struct hr_cli *cli, const char *fmt, ...)
{
    if (cli->common->quiet || !cli->common->verbose)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsay(fmt, ap);
    va_end(ap);
}

int hr_cli_usage(struct hr_cli *cli, struct hr_error *err, const char *fmt, ...)
{
    struct hr_buf text = HR_BUF_INIT(4096);
    va_list ap;
    va_start(ap, fmt);
    hr_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    cli->usage = true;
    int r = hr_fail(err, HR_E_INVALID, "%s", text.data);
    hr_buf_fini(&text);
    return r;
}

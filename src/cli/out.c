/* What a command prints, and where it goes. */
#include "cli.h"

#include "file.h"
#include "utf8.h"
#include "wrap.h"

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
        if (hr_write_all(OUT_FD, cli->out.data, cli->out.len, "", NULL) < 0) {
            cli->out_closed = errno == EPIPE;
            hr_fail_errno(&cli->out_err, errno, "standard output cannot be written");
        }
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

/* Where the second cell of a table's row begins ("  held   3 of 8 waited"); 0: it is none. */
static size_t second_cell(struct hr_str line)
{
    size_t i = 0;
    while (i < line.n && line.p[i] == ' ')
        i++;
    if (i == 0)
        return 0;
    while (i + 1 < line.n && !(line.p[i] == ' ' && line.p[i + 1] == ' '))
        i++;
    while (i < line.n && line.p[i] == ' ')
        i++;
    return i + 1 < line.n ? i : 0;
}

/* A row of more than two columns: filled into lines it would lose them, and the terminal's own wrap leaves them at their places. */
static bool has_columns(struct hr_str cells)
{
    unsigned gaps = 0;
    for (size_t i = 1; i + 1 < cells.n; i++)
        gaps += cells.p[i] == ' ' && cells.p[i + 1] == ' ' && cells.p[i - 1] != ' ';
    return gaps > 1;
}

/* Appends a line; one that is longer than `width` is filled into several, of a table below its cell. */
static void add_line(struct hr_buf *out, struct hr_str line, size_t width)
{
    struct hr_buf clean = HR_BUF_INIT(1 << 16);
    hr_utf8_show(&clean, line);
    struct hr_str text = hr_buf_str(&clean);
    size_t cell = second_cell(text);
    if (width == 0 || hr_utf8_columns(text) <= width || (cell != 0 && has_columns((struct hr_str) { text.p + cell, text.n - cell }))) {
        hr_buf_add(out, text.p, text.n);
    } else {
        size_t column = hr_utf8_columns((struct hr_str) { text.p, cell });
        if (column > width / 2)
            cell = column = 0;
        hr_buf_add(out, text.p, cell);
        hr_wrap(out, (struct hr_str) { text.p + cell, text.n - cell }, column, cell == 0 ? 2 : column, width);
    }
    hr_buf_addc(out, '\n');
    hr_buf_fini(&clean);
}

/* Standard error that cannot be written has nobody to be told to. */
static void say(const char *text, size_t width)
{
    struct hr_buf out = HR_BUF_INIT(1 << 16);
    struct hr_str rest = hr_str(text), one;
    while (hr_str_cut(&rest, '\n', &one))
        add_line(&out, one, width);
    if (hr_write_all(ERR_FD, out.data, out.len, "standard error", NULL) < 0)
        errno = 0;
    hr_buf_fini(&out);
}

void hr_complain(const char *text)
{
    say(text, 0);
}

void hr_complain_in(const struct hr_cli *cli, const char *text)
{
    say(text, cli->err_width);
}

HR_PRINTF(2, 0) static void vsay(const struct hr_cli *cli, const char *fmt, va_list ap)
{
    struct hr_buf text = HR_BUF_INIT(1 << 15);
    hr_buf_adds(&text, "headrace: ");
    hr_buf_vprintf(&text, fmt, ap);
    say(text.data, cli->err_width);
    hr_buf_fini(&text);
}

void hr_note(struct hr_cli *cli, const char *fmt, ...)
{
    if (cli->common->quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsay(cli, fmt, ap);
    va_end(ap);
}

void hr_detail(struct hr_cli *cli, const char *fmt, ...)
{
    if (cli->common->quiet || !cli->common->verbose)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsay(cli, fmt, ap);
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

/* From argv to an exit status. */
#include "cli.h"

#include "env.h"
#include "fault.h"
#include "interrupt.h"
#include "mem.h"
#include "tty.h"

#include "headrace/headrace.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_FD = 1, ERR_FD = 2, WIDTH_LEAST = 60, WIDTH_MOST = 80, WIDTH_REPORT = 200, WIDTH_SENTENCE = 100 };

/* Options of the program itself, before a command. */
struct program_args {
    bool version;
};

static const struct hr_opt program_opts[] = {
    HR_OPT_FLAG(struct program_args, version, 'V', "version", NULL, "show the version and how this program was built"),
    HR_OPT_END,
};

struct hr_opt_page hr_program_page(void)
{
    return (struct hr_opt_page) { "headrace",   NULL,           "keep a training machine fed with data",
                                  program_opts, hr_common_opts, hr_first_steps };
}

static void colors(struct hr_cli *cli, enum hr_color asked)
{
    const char *no = hr_env("NO_COLOR"), *term = hr_env("TERM");
    bool wanted = hr_is_terminal(OUT_FD) && (no == NULL || no[0] == 0) && term != NULL && strcmp(term, "dumb") != 0;
    cli->color = asked == HR_COLOR_ALWAYS || (asked == HR_COLOR_AUTO && wanted);
    cli->terminal = hr_is_terminal(ERR_FD) && term != NULL && strcmp(term, "dumb") != 0;
    unsigned columns = HR_MAX(hr_terminal_width(OUT_FD, WIDTH_MOST), (unsigned)WIDTH_LEAST);
    cli->width = HR_MIN(columns, (unsigned)WIDTH_MOST);
    cli->wide = HR_MIN(columns, (unsigned)WIDTH_REPORT);
    cli->err_width = cli->terminal ? HR_MIN(HR_MAX(hr_terminal_width(ERR_FD, WIDTH_MOST), 20u), (unsigned)WIDTH_SENTENCE) : 0;
}

static void show_overview(struct hr_cli *cli)
{
    hr_overview(cli->width, cli->color, &cli->out);
}

static void show_help(struct hr_cli *cli, const struct hr_listed *c)
{
    struct hr_opt_page page = hr_command_page(c);
    hr_opt_help(&page, cli->width, cli->color, &cli->out);
}

/* "headrace: sentence", and where to read on after a wrong use. */
static int complain(const struct hr_cli *cli, const struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(1 << 14);
    hr_buf_printf(&text, "headrace%s%s: %s", cli->usage && cli->command != NULL ? " " : "",
                  cli->usage && cli->command != NULL ? cli->command : "",
                  err->text[0] != 0 ? err->text : hr_code_text(err->code));
    if (cli->usage)
        hr_buf_printf(&text, "\n'headrace%s%s --help' shows what is understood.", cli->command != NULL ? " " : "",
                      cli->command != NULL ? cli->command : "");
    hr_complain_in(cli, text.data);
    hr_buf_fini(&text);
    return cli->usage ? HR_EXIT_USAGE : HR_EXIT_FAILED;
}

static const struct hr_listed *find(struct hr_cli *cli, const char *name, struct hr_error *err)
{
    const struct hr_listed *c = hr_command_find(name);
    if (c != NULL)
        return c;
    struct hr_suggest near = HR_SUGGEST_INIT(hr_str(name));
    for (size_t i = 0; i < hr_commands_n; i++)
        if (hr_commands[i].group != HR_GROUP_HIDDEN)
            hr_suggest_try(&near, hr_commands[i].name);
    const char *best = hr_suggest_best(&near);
    if (best != NULL)
        hr_cli_usage(cli, err, "there is no command '%s'; did you mean '%s'?", name, best);
    else
        hr_cli_usage(cli, err, "there is no command '%s'", name);
    return NULL;
}

static int parse_failed(struct hr_cli *cli, struct hr_common *common, int r, struct hr_error *err)
{
    colors(cli, common->color);
    cli->usage = err->code == HR_E_INVALID;
    return r;
}

/* Runs one command on argv[0..argc), the arguments behind its name. */
static int run(struct hr_cli *cli, struct hr_common *common, const struct hr_listed *c, int argc, char *const *argv,
               struct hr_error *err)
{
    const struct hr_command *cmd = c->command;
    HR_CLEANUP(hr_freep) void *args = hr_calloc(1, cmd->size + 1);
    if (args == NULL)
        return hr_fail_nomem(err, cmd->size, "the arguments");
    if (cmd->init != NULL)
        cmd->init(args);
    struct hr_opt_part parts[] = { { .opts = cmd->opts, .into = args }, { .opts = hr_common_opts, .into = common } };
    cli->command = c->name;
    cli->given = parts;
    int r = hr_opt_defaults(cmd->opts, args, err);
    if (r == 0)
        r = hr_opt_parse(parts, HR_COUNT(parts), argc, argv, NULL, err);
    colors(cli, common->color);
    if (r < 0)
        r = parse_failed(cli, common, r, err);
    else if (r == HR_OPT_ASKED_HELP)
        show_help(cli, c), r = 0;
    else
        r = cmd->run(cli, args, err);
    hr_opt_fini(cmd->opts, args);
    return r;
}

/* "headrace help [COMMAND]" */
static int help(struct hr_cli *cli, int argc, char *const *argv, struct hr_error *err)
{
    if (argc == 0) {
        show_overview(cli);
        return 0;
    }
    const struct hr_listed *c = find(cli, argv[0], err);
    if (c == NULL)
        return err->code;
    show_help(cli, c);
    return 0;
}

/* Typed alone, the name gets the overview: on standard error, since nothing was asked that has a result. */
static int no_command(struct hr_cli *cli, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(1 << 16);
    hr_overview(cli->width, false, &text);
    hr_complain(text.data);
    hr_buf_fini(&text);
    return hr_cli_usage(cli, err, "a command is missing");
}

static int dispatch(struct hr_cli *cli, struct hr_common *common, int argc, char *const *argv, struct hr_error *err)
{
    struct program_args program = { 0 };
    struct hr_opt_part parts[] = { { .opts = program_opts, .into = &program },
                                   { .opts = hr_common_opts, .into = common } };
    int at = 0, r = hr_opt_defaults(hr_common_opts, common, err);
    if (r == 0)
        r = hr_opt_parse(parts, HR_COUNT(parts), argc, argv, &at, err);
    colors(cli, common->color);
    if (r < 0)
        return parse_failed(cli, common, r, err);
    if (r == HR_OPT_ASKED_HELP) {
        show_overview(cli);
        return 0;
    }
    if (program.version)
        return run(cli, common, hr_command_find("version"), 0, argv, err);
    if (at == argc)
        return no_command(cli, err);
    if (strcmp(argv[at], "help") == 0)
        return help(cli, argc - at - 1, argv + at + 1, err);
    const struct hr_listed *c = find(cli, argv[at], err);
    return c == NULL ? err->code : run(cli, common, c, argc - at - 1, argv + at + 1, err);
}

int hr_cli_main(int argc, char *const *argv)
{
    struct hr_common common = { 0 };
    struct hr_cli cli = { .common = &common, .out = HR_BUF_INIT((size_t)256 << 20) };
    struct hr_error err = HR_ERROR_INIT;
    hr_fill_standard_fds();
    hr_fault_init();
    hr_interrupt_install();
    int n = HR_MAX(argc - 1, 0);
    int r = dispatch(&cli, &common, n, argv + (argc > 0), &err);
    int status = r == 0 ? HR_EXIT_OK : r == HR_CLI_BAD ? HR_EXIT_BAD : r == HR_CLI_STATUS ? cli.status : HR_EXIT_FAILED;
    /* What was gathered before a failure is shown before the failure is told. */
    hr_print_flush(&cli);
    hr_buf_fini(&cli.out);
    if (cli.out_closed)
        return 128 +
               13; /* as if SIGPIPE had ended it: a pipeline's reader that has seen enough is no error to tell about */
    bool told = r == HR_E_CANCELLED && err.text[0] == 0; /* a report has said already that it was interrupted */
    if (r < 0 && r != cli.out_err.code && !told)
        status = complain(&cli, &err);
    else if (cli.out_err.code != 0)
        status = complain(&cli, &cli.out_err);
    if (r == HR_E_CANCELLED)
        hr_interrupt_die();
    return status;
}

/* Writes what is made of the tables: manual pages, completions, the reference.  Called by the build. */
#include "cli.h"

#include "doctor_report.h"
#include "file.h"
#include "md_roff.h"
#include "mem.h"

#include "headrace/headrace.h"

#include <string.h>

struct args {
    const char *out, *prose;
};

static const struct hr_opt opts[] = {
    HR_OPT_STRING(struct args, prose, 0, "prose", "DIR", NULL, "where <command>.md are", .required = true),
    HR_ARG_STRING(struct args, out, "DIR", "where share/ and reference/ are written"),
    HR_OPT_END,
};

enum { TEXT_MAX = 1 << 20, PAGES_MAX = 64 };

/* OUT/sub/name, its folder made when it is not there. */
static int write_to(const char *out, const char *sub, const char *name, const struct hr_buf *text, struct hr_error *err)
{
    if (text->failed)
        return hr_fail(err, HR_E_NOMEM, "out of memory while '%s' was written", name);
    HR_CLEANUP(hr_freep) char *dir = hr_join(out, sub);
    HR_CLEANUP(hr_freep) char *path = dir != NULL ? hr_join(dir, name) : NULL;
    if (path == NULL)
        return hr_fail_nomem(err, strlen(out) + strlen(sub) + strlen(name), "a path");
    int r = hr_mkdir(dir, true, err);
    return r < 0 ? r : hr_replace(path, text->data, text->len, err);
}

/* PROSE/<command>.md.  Every command has its page of prose: one that is missing stops the build. */
static int prose_of(const char *dir, const char *command, struct hr_buf *ret, struct hr_error *err)
{
    struct hr_buf name = HR_BUF_INIT(400);
    hr_buf_printf(&name, "%s.md", command);
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, name.data);
    hr_buf_fini(&name);
    return path == NULL ? hr_fail_nomem(err, strlen(dir), "a path") : hr_slurp(path, ret, err);
}

/* The program's own page tells which commands there are, between what it is and how it is used. */
static void with_commands(struct hr_str prose, struct hr_buf *out)
{
    struct hr_str intro, sections;
    hr_md_split(prose, &intro, &sections);
    hr_buf_add(out, intro.p, intro.n);
    hr_buf_adds(out, "\n## Commands\n\n");
    for (size_t i = 0; i < hr_commands_n; i++)
        if (hr_commands[i].group != HR_GROUP_HIDDEN)
            hr_buf_printf(out, "- `headrace-%s`(1): %s\n", hr_commands[i].name, hr_commands[i].purpose);
    hr_buf_addc(out, '\n');
    hr_buf_add(out, sections.p, sections.n);
}

static int one_page(const struct args *a, const struct hr_opt_page *page, struct hr_buf *reference,
                    struct hr_error *err)
{
    const char *command = page->command != NULL ? page->command : "headrace";
    struct hr_buf prose = HR_BUF_INIT(TEXT_MAX), more = HR_BUF_INIT(TEXT_MAX), roff = HR_BUF_INIT(TEXT_MAX),
                  name = HR_BUF_INIT(400);
    int r = prose_of(a->prose, command, &prose, err);
    if (r == 0) {
        if (page->command == NULL)
            with_commands(hr_buf_str(&prose), &more);
        hr_opt_man(page, hr_version(), hr_buf_str(page->command == NULL ? &more : &prose),
                   page->command != NULL ? "headrace(1)" : NULL, &roff);
        hr_opt_md(page, hr_buf_str(&prose), reference);
        hr_buf_addc(reference, '\n');
        hr_buf_printf(&name, "headrace%s%s.1", page->command != NULL ? "-" : "",
                      page->command != NULL ? page->command : "");
        r = write_to(a->out, "share/man/man1", name.data, &roff, err);
    }
    hr_buf_fini(&prose);
    hr_buf_fini(&more);
    hr_buf_fini(&roff);
    hr_buf_fini(&name);
    return r;
}

static int completions(const struct args *a, const struct hr_opt_page *pages, size_t n, struct hr_error *err)
{
    static const struct {
        void (*write)(const struct hr_opt_page *pages, size_t n, struct hr_buf *out);
        const char *dir, *name;
    } shells[] = {
        { hr_opt_bash, "share/bash-completion/completions", "headrace" },
        { hr_opt_zsh, "share/zsh/site-functions", "_headrace" },
        { hr_opt_fish, "share/fish/vendor_completions.d", "headrace.fish" },
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < HR_COUNT(shells); i++) {
        struct hr_buf text = HR_BUF_INIT(TEXT_MAX);
        shells[i].write(pages, n, &text);
        r = write_to(a->out, shells[i].dir, shells[i].name, &text, err);
        hr_buf_fini(&text);
    }
    return r;
}

static void reference_head(const struct hr_opt_page *pages, size_t n, struct hr_buf *out)
{
    hr_buf_adds(
        out,
        "# The command line\n\nWritten by the program from its own tables and docs/man; `ninja -C build docs` writes "
        "it again.\n\n| command | what it does |\n|---|---|\n");
    for (size_t i = 0; i < n; i++)
        hr_buf_printf(out, "| [`%s`](#headrace-%s) | %s |\n", pages[i].command, pages[i].command, pages[i].summary);
    hr_buf_addc(out, '\n');
}

static int checks(const struct args *a, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(TEXT_MAX);
    hr_doctor_markdown(&text);
    int r = write_to(a->out, "reference", "doctor.md", &text, err);
    hr_buf_fini(&text);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_opt_page pages[PAGES_MAX];
    size_t n = 0;
    (void)cli;
    for (size_t i = 0; i < hr_commands_n && n < PAGES_MAX; i++)
        if (hr_commands[i].group != HR_GROUP_HIDDEN)
            pages[n++] = hr_command_page(&hr_commands[i]);
    struct hr_opt_page program = hr_program_page();
    struct hr_buf reference = HR_BUF_INIT(TEXT_MAX);
    reference_head(pages, n, &reference);
    int r = one_page(a, &program, &reference, err);
    /* The common options are told once, with the program; a page of the manual stands alone and has them all. */
    for (size_t i = 0; r == 0 && i < n; i++)
        r = one_page(a, &pages[i], &reference, err);
    while (reference.len > 1 && reference.data[reference.len - 2] == '\n')
        reference.data[--reference.len] = 0;
    if (r == 0)
        r = write_to(a->out, "reference", "cli.md", &reference, err);
    if (r == 0)
        r = checks(a, err);
    if (r == 0)
        r = completions(a, pages, n, err);
    hr_buf_fini(&reference);
    return r;
}

const struct hr_command hr_cmd_generate = { opts, sizeof(struct args), NULL, run, NULL };

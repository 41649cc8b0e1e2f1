/* The manual page (roff) and the section of the reference (Markdown) of one command. */
#include "opt.h"

#include "md_roff.h"

#include <ctype.h>
#include <string.h>

static void term(const struct hr_opt *o, struct hr_buf *out)
{
    if (o->positional) {
        hr_buf_printf(out, "\\fI%s\\fR%s", o->name, o->type == HR_OPT_T_LIST ? "..." : "");
        return;
    }
    if (o->letter != 0)
        hr_buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
    hr_buf_printf(out, "\\fB\\-\\-%s", o->type == HR_OPT_T_FLAG && o->def != NULL ? "[no\\-]" : "");
    hr_roff_text(out, hr_str(o->name));
    hr_buf_adds(out, "\\fR");
    if (hr_opt_takes_value(o)) {
        hr_buf_adds(out, " \\fI");
        hr_roff_text(out, hr_str(o->arg));
        hr_buf_adds(out, "\\fR");
    }
}

/* Help texts begin in lower case and end without a stop; as sentences they do neither. */
static void sentence(const struct hr_opt *o, struct hr_buf *out)
{
    hr_opt_describe(o, out);
    if (out->len != 0 && !out->failed)
        out->data[0] = (char)toupper((unsigned char)out->data[0]);
    hr_buf_addc(out, '.');
}

static void man_row(const struct hr_opt *o, struct hr_buf *out)
{
    struct hr_buf text = HR_BUF_INIT(4096);
    hr_buf_adds(out, ".TP\n");
    term(o, out);
    hr_buf_addc(out, '\n');
    sentence(o, &text);
    hr_roff_text(out, hr_buf_str(&text));
    hr_buf_addc(out, '\n');
    hr_buf_fini(&text);
    if (o->type != HR_OPT_T_CHOICE)
        return;
    hr_buf_adds(out, ".RS\n");
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++) {
        hr_buf_printf(out, ".TP 10\n\\fB");
        hr_roff_text(out, hr_str(c->name));
        hr_buf_adds(out, "\\fR\n");
        hr_roff_text(out, hr_str(c->help != NULL ? c->help : ""));
        hr_buf_addc(out, '\n');
    }
    hr_buf_adds(out, ".RE\n");
}

static void man_table(const struct hr_opt *opts, const char *first, struct hr_buf *out)
{
    const char *pending = first;
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (o->type == HR_OPT_T_HEADING)
            pending = o->name;
        if (!hr_opt_is_shown(o))
            continue;
        if (pending != NULL) {
            hr_buf_adds(out, ".SS \"");
            hr_roff_text(out, hr_str(pending));
            hr_buf_adds(out, "\"\n");
        }
        pending = NULL;
        man_row(o, out);
    }
}

static void man_examples(const struct hr_example *e, struct hr_buf *out)
{
    if (e == NULL || e->line == NULL)
        return;
    hr_buf_adds(out, ".SH EXAMPLES\n");
    for (const struct hr_example *first = e; e->line != NULL; e++) {
        hr_buf_adds(out, e == first ? "" : ".PP\n");
        hr_buf_addc(out, (char)toupper((unsigned char)e->does[0]));
        hr_roff_text(out, hr_str(e->does + 1));
        hr_buf_adds(out, ":\n.PP\n.RS 4\n.EX\n");
        hr_roff_text(out, hr_str(e->line));
        hr_buf_adds(out, "\n.EE\n.RE\n");
    }
}

static void man_head(const struct hr_opt_page *page, const char *version, struct hr_buf *out)
{
    bool sub = page->command != NULL;
    hr_buf_adds(out, ".\\\" Written by the program from its own tables.\n.TH \"");
    for (const char *p = page->program; *p != 0; p++)
        hr_buf_addc(out, (char)toupper((unsigned char)*p));
    if (sub)
        hr_buf_adds(out, "\\-");
    for (const char *p = sub ? page->command : ""; *p != 0; p++)
        hr_buf_addc(out, (char)toupper((unsigned char)*p));
    hr_buf_printf(out, "\" 1 \"\" \"headrace %s\" \"headrace manual\"\n.nh\n.ad l\n.SH NAME\n%s%s", version,
                  page->program, sub ? "\\-" : "");
    hr_roff_text(out, hr_str(sub ? page->command : ""));
    hr_buf_adds(out, " \\- ");
    hr_roff_text(out, hr_str(page->summary));
    hr_buf_adds(out, "\n.SH SYNOPSIS\n");
    struct hr_buf usage = HR_BUF_INIT(4096);
    hr_opt_usage(page, &usage);
    hr_roff_text(out, hr_buf_str(&usage));
    hr_buf_addc(out, '\n');
    hr_buf_fini(&usage);
}

void hr_opt_man(const struct hr_opt_page *page, const char *version, struct hr_str prose, const char *see_also,
                struct hr_buf *out)
{
    struct hr_str intro, sections;
    hr_md_split(prose, &intro, &sections);
    man_head(page, version, out);
    if (hr_str_trim(intro).n != 0) {
        hr_buf_adds(out, ".SH DESCRIPTION\n");
        hr_md_roff(out, hr_str_trim(intro));
    }
    hr_buf_adds(out, ".SH OPTIONS\n");
    man_table(page->opts, NULL, out);
    if (page->common != NULL)
        man_table(page->common, "Common options", out);
    hr_md_roff(out, sections);
    man_examples(page->examples, out);
    hr_buf_adds(
        out,
        ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nFailed; one sentence on standard error says why.\n.TP\n2\nWrong use: "
        "an option or argument was not understood.\n");
    if (see_also != NULL) {
        hr_buf_adds(out, ".SH SEE ALSO\n");
        hr_roff_text(out, hr_str(see_also));
        hr_buf_addc(out, '\n');
    }
}

/* --- the reference --- */

static void md_row(const struct hr_opt *o, struct hr_buf *out)
{
    struct hr_buf text = HR_BUF_INIT(4096);
    hr_buf_adds(out, "- `");
    if (o->letter != 0)
        hr_buf_printf(out, "-%c`, `", o->letter);
    hr_buf_printf(out, "%s%s%s", o->positional ? "" : "--", o->type == HR_OPT_T_FLAG && o->def != NULL ? "[no-]" : "",
                  o->name);
    if (o->positional && o->type == HR_OPT_T_LIST)
        hr_buf_adds(out, "...");
    if (!o->positional && hr_opt_takes_value(o))
        hr_buf_printf(out, " %s", o->arg);
    sentence(o, &text);
    hr_buf_printf(out, "`: %s\n", text.data);
    hr_buf_fini(&text);
    if (o->type != HR_OPT_T_CHOICE)
        return;
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++)
        hr_buf_printf(out, "  - `%s`%s%s\n", c->name, c->help != NULL ? ": " : "", c->help != NULL ? c->help : "");
}

static void md_table(const struct hr_opt *opts, struct hr_buf *out)
{
    const char *pending = "Options";
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (o->type == HR_OPT_T_HEADING)
            pending = o->name;
        if (!hr_opt_is_shown(o))
            continue;
        if (pending != NULL)
            hr_buf_printf(out, "\n**%s**\n\n", pending);
        pending = NULL;
        md_row(o, out);
    }
}

/* The prose with every heading one level deeper: it stands below the command's own. */
static void md_prose(struct hr_str prose, struct hr_buf *out)
{
    struct hr_str rest = hr_str_trim(prose), line;
    bool code = false;
    while (rest.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        if (hr_str_starts(line, "```"))
            code = !code;
        if (!code && hr_str_starts(line, "#"))
            hr_buf_addc(out, '#');
        hr_buf_printf(out, "%.*s\n", HR_STR_ARG(line));
    }
}

void hr_opt_md(const struct hr_opt_page *page, struct hr_str prose, struct hr_buf *out)
{
    struct hr_str intro, sections;
    hr_md_split(prose, &intro, &sections);
    hr_buf_printf(out, "## %s%s%s\n\n%c%s.\n\n```\n", page->program, page->command != NULL ? " " : "",
                  page->command != NULL ? page->command : "", toupper((unsigned char)page->summary[0]),
                  page->summary + 1);
    hr_opt_usage(page, out);
    hr_buf_adds(out, "\n```\n\n");
    md_prose(intro, out);
    md_table(page->opts, out);
    if (hr_str_trim(sections).n != 0) {
        hr_buf_addc(out, '\n');
        md_prose(sections, out);
    }
    if (page->command == NULL && page->common != NULL)
        md_table(page->common, out); /* told once, with the program */
    if (page->examples != NULL && page->examples->line != NULL) {
        hr_buf_adds(out, "\n**Examples**\n\n```sh\n");
        for (const struct hr_example *e = page->examples; e->line != NULL; e++)
            hr_buf_printf(out, "# %s\n%s\n", e->does, e->line);
        hr_buf_adds(out, "```\n");
    }
}

/* The checks as a page of documentation: docs/doctor.md, written by the build. */
#include "doctor_report.h"

/* Text of the tables as Markdown reads it. */
static void plain(struct hr_buf *out, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '<' || *text == '*' || *text == '_' || *text == '[' || *text == '\\')
            hr_buf_addc(out, '\\');
        hr_buf_addc(out, *text);
    }
}

void hr_doctor_markdown(struct hr_buf *out)
{
    size_t n = 0;
    for (int g = 0; g < HR_CHECK_GROUPS; g++)
        for (const struct hr_check *c = hr_check_group_table((enum hr_check_group)g); c->id != NULL; c++)
            n++;
    hr_buf_printf(out,
                  "# What the doctor looks at\n\nThe %zu checks of `headrace doctor`, written by the program from its own "
                  "tables; `ninja -C build docs` writes them again.\n`headrace doctor --explain ID` tells the same with what was "
                  "found on your machine and what to do about it.\n",
                  n);
    for (int g = 0; g < HR_CHECK_GROUPS; g++) {
        const struct hr_check *c = hr_check_group_table((enum hr_check_group)g);
        hr_buf_printf(out, "\n## %s: %s\n", hr_check_group_name((enum hr_check_group)g),
                      hr_check_group_subject((enum hr_check_group)g));
        for (; c->id != NULL; c++) {
            hr_buf_printf(out, "\n### %s\n\n", c->id);
            plain(out, c->title);
            hr_buf_adds(out, c->deep ? " (only with `--deep`)\n\n" : "\n\n");
            plain(out, c->why);
            hr_buf_adds(out, "\n\nSource: ");
            plain(out, c->source);
            hr_buf_addc(out, '\n');
        }
    }
}

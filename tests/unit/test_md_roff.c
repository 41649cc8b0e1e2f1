#include "unit.h"

#include "md_roff.h"
#include "wrap.h"

#include <string.h>

static void becomes(const char *md, const char *roff)
{
    struct hr_buf out = HR_BUF_INIT(1 << 20);
    hr_md_roff(&out, hr_str(md));
    assert_string_equal(out.data, roff);
    hr_buf_fini(&out);
}

static void texts(void **state)
{
    (void)state;
    becomes("one\ntwo\n\nthree\n", "one\ntwo\n.PP\nthree\n");
    becomes("## Files\n\nThe file `a-b` is **bold** and *light*.\n",
            ".SH \"FILES\"\nThe file \\fBa\\-b\\fR is \\fBbold\\fR and \\fIlight\\fR.\n");
    becomes("- one\n- two\n  goes on\n", ".IP \\(bu 2\none\n.IP \\(bu 2\ntwo\ngoes on\n");
    becomes("x\n\n```sh\n.SH no 'request'\n```\n", "x\n.PP\n.RS 4\n.EX\n\\&.SH no \\(aqrequest\\(aq\n.EE\n.RE\n");
    becomes("see [the page](a.md)\n", "see the page (a.md)\n");
    becomes("2 * 3 * 4 and a lone ` and **\n", "2 * 3 * 4 and a lone \\(ga and **\n");
    becomes("```\nleft open\n", ".RS 4\n.EX\nleft open\n.EE\n.RE\n");
}

/* No input gives a line that roff would take as a request of its own, nor an escape that it did not write. */
static void nothing_gets_through(void **state)
{
    (void)state;
    static const char *const piece[] = { ".so /etc/passwd",
                                         "'",
                                         "\\",
                                         "`",
                                         "*",
                                         "**",
                                         "[",
                                         "](",
                                         ")",
                                         "#",
                                         " ",
                                         "\n",
                                         "\n.",
                                         "- ",
                                         "```",
                                         "\t",
                                         "\r",
                                         "x" };
    uint32_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        char md[300];
        size_t n = 0;
        for (int i = 0; i < 15; i++) {
            seed = seed * 1664525 + 1013904223;
            const char *p = piece[(seed >> 8) % (sizeof piece / sizeof *piece)];
            memcpy(md + n, p, strlen(p));
            n += strlen(p);
        }
        struct hr_buf out = HR_BUF_INIT(1 << 20);
        hr_md_roff(&out, (struct hr_str) { md, n });
        assert_false(out.failed);
        struct hr_str rest = hr_buf_str(&out), line;
        while (hr_str_cut(&rest, '\n', &line)) {
            assert_false(hr_str_starts(line, "'"));
            static const char *const own[] = { ".PP", ".RS 4", ".RE", ".EX", ".EE", ".IP \\(bu 2", ".SH \"", ".SS \"" };
            bool known = !hr_str_starts(line, ".");
            for (size_t i = 0; i < sizeof own / sizeof *own; i++)
                known |= hr_str_starts(line, own[i]);
            assert_true(known);
        }
        hr_buf_fini(&out);
    }
}

static void splits(void **state)
{
    (void)state;
    struct hr_str intro, sections;
    hr_md_split(HR_STR("a\n```\n# not one\n```\n# one\nb"), &intro, &sections);
    assert_true(hr_str_is(intro, "a\n```\n# not one\n```\n"));
    assert_true(hr_str_is(sections, "# one\nb"));
    hr_md_split(HR_STR("no heading"), &intro, &sections);
    assert_true(hr_str_is(intro, "no heading") && sections.n == 0);
    hr_md_split(HR_STR(""), &intro, &sections);
    assert_true(intro.n == 0 && sections.n == 0);
}

static void wraps(void **state)
{
    (void)state;
    struct hr_buf out = HR_BUF_INIT(1 << 20);
    hr_buf_adds(&out, "ab: ");
    size_t end = hr_wrap(&out, HR_STR("one  two\nthree 引水渠 averyverylongword x"), 4, 2, 14);
    assert_string_equal(out.data, "ab: one two\n  three 引水渠\n  averyverylongword\n  x");
    assert_int_equal(end, 3);
    hr_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(texts), cmocka_unit_test(nothing_gets_through),
                                        cmocka_unit_test(splits), cmocka_unit_test(wraps) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "cli.h"
#include "mem.h"
#include "opt.h"

#include <float.h>
#include <string.h>

enum how { HOW_NONE = 3, HOW_LZ4, HOW_ZSTD };

struct args {
    bool dedup, shuffle;
    int jobs;
    uint64_t seed, chunk, wait;
    double quality;
    const char *out;
    enum how how;
    struct hr_strings field, split, source;
    bool help;
};

static const struct hr_choice hows[] = {
    { "none", HOW_NONE, "as it is" }, { "lz4", HOW_LZ4, NULL }, { "zstd", HOW_ZSTD, NULL }, { NULL, 0, NULL }
};

static const struct hr_opt opts[] = {
    HR_ARG_LIST(struct args, source, "SOURCE", "files or folders"),
    HR_OPT_STRING(struct args, out, 'o', "out", "DATASET", NULL, "where the dataset goes", .required = true),
    HR_OPT_HEADING("More"),
    HR_OPT_FLAG(struct args, dedup, 'd', "dedup", NULL, "leave out equal samples"),
    HR_OPT_FLAG(struct args, shuffle, 0, "shuffle", "on", "mix the samples"),
    HR_OPT_INT(struct args, jobs, 'j', "jobs", "N", "(all CPUs)", 1, 64, "threads that pack"),
    HR_OPT_U64(struct args, seed, 0, "seed", "N", "7", 0, UINT64_MAX, "seed of the order"),
    HR_OPT_SIZE(struct args, chunk, 'c', "chunk-size", "SIZE", "256KiB", 4096, 1 << 30, "size of a chunk"),
    HR_OPT_DURATION(struct args, wait, 0, "wait", "TIME", "10s", 0, UINT64_MAX, "how long to wait"),
    HR_OPT_FLOAT(struct args, quality, 0, "quality", "X", "1.1", 1, DBL_MAX, "variance ratio"),
    HR_OPT_CHOICE(struct args, how, 0, "compress", "HOW", "none", hows, "how blocks are stored"),
    HR_OPT_LIST(struct args, field, 'f', "field", "NAME", "only these fields"),
    HR_OPT_LIST(struct args, split, 0, "names", "NAME", "names with commas", .split = ','),
    HR_OPT_HELP(struct args, help, 'h', "help", "show this"),
    HR_OPT_END,
};

static struct args got;
static struct hr_opt_part part;
static struct hr_error err;

/* argv from one line cut at blanks; "\1" stands for an empty argument. */
static int parse(const char *line)
{
    static char text[1000];
    static char *argv[64];
    int n = 0;
    hr_opt_fini(opts, &got);
    memset(&got, 0, sizeof got);
    memset(&err, 0, sizeof err);
    part = (struct hr_opt_part) { .opts = opts, .into = &got };
    assert_true(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *p = text; *p != 0;) {
        argv[n++] = *p == '\1' ? p + 1 : p;
        while (*p != 0 && *p != ' ')
            p++;
        if (*p != 0)
            *p++ = 0;
    }
    assert_int_equal(hr_opt_defaults(opts, &got, &err), 0);
    return hr_opt_parse(&part, 1, n, argv, NULL, &err);
}

static void defaults_are_what_the_table_shows(void **state)
{
    (void)state;
    assert_int_equal(parse("-o d a"), 0);
    assert_false(got.dedup);
    assert_true(got.shuffle);
    assert_int_equal(got.jobs, 0); /* words in parentheses: the member is left alone */
    assert_int_equal(got.seed, 7);
    assert_int_equal(got.chunk, 256 << 10);
    assert_int_equal(got.wait, UINT64_C(10000000000));
    assert_true(got.quality == 1.1);
    assert_int_equal(got.how, HOW_NONE);
    assert_null(got.field.item);
    assert_true(hr_opt_given(&part, "out"));
    assert_false(hr_opt_given(&part, "seed"));
}

static void every_spelling_is_understood(void **state)
{
    (void)state;
    assert_int_equal(parse("a --out=d -dj4 -c 1MiB b --no-shuffle --seed 18446744073709551615 --compress zstd -fx "
                           "--field y --names p,q "
                           "--wait=250ms -- --c -"),
                     0);
    assert_string_equal(got.out, "d");
    assert_true(got.dedup && !got.shuffle);
    assert_int_equal(got.jobs, 4);
    assert_int_equal(got.chunk, 1 << 20);
    assert_true(got.seed == UINT64_MAX);
    assert_int_equal(got.how, HOW_ZSTD);
    assert_int_equal(got.wait, 250000000);
    assert_int_equal(got.field.n, 2);
    assert_string_equal(got.field.item[1], "y");
    assert_null(got.field.item[2]);
    assert_int_equal(got.split.n, 2);
    assert_string_equal(got.split.item[0], "p");
    assert_int_equal(got.source.n, 4);
    assert_string_equal(got.source.item[2], "--c");
    assert_string_equal(got.source.item[3], "-");
    assert_int_equal(parse("a -o d --seed 1 --seed 2 --dedup --no-dedup"), 0);
    assert_int_equal(got.seed, 2);
    assert_false(got.dedup);
    assert_int_equal(parse("a --out= --names x"), 0);
    assert_string_equal(got.out, "");
}

static void wrong_use_is_told_in_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } cases[] = {
        { "a", "--out DATASET is missing" },
        { "-o d", "SOURCE is missing" },
        { "a -o d --sede 3", "there is no option '--sede'; did you mean '--seed'?" },
        { "a -o d --comp zstd", "did you mean '--compress'?" },
        { "a -o d --cmpre zstd", "did you mean '--compress'?" },
        { "a -o d --comprass zstd", "did you mean '--compress'?" },
        { "a -o d --no-shufle", "did you mean '--no-shuffle'?" },
        { "a -o d --no-seed", "there is no option '--no-seed'" },
        { "a -o d --xylophone", "there is no option '--xylophone'" },
        { "a -o d -x", "there is no option '-x'" },
        { "a -o d -d\xC3\xA9", "there is no option '-\xC3\xA9'" },
        { "a -o d --jobs 65", "--jobs: 65 is out of range: 1 to 64" },
        { "a -o d --jobs 99999999999999999999", "too large" },
        { "a -o d --wait -1s", "does not begin with a number" },
        { "a -o d --jobs 0", "0 is out of range: 1 to 64" },
        { "a -o d --jobs four", "--jobs: 'four' is not a whole number" },
        { "a -o d --chunk-size 1KiB", "4 KiB to 1 GiB" },
        { "a -o d --quality nan", "not a number" },
        { "a -o d --quality 0.5", "at least 1" },
        { "a -o d --compress zsdt", "'zsdt' is not none, lz4 or zstd; did you mean 'zstd'?" },
        { "a -o d --dedup=yes", "--dedup takes no value" },
        { "a -o d --seed", "--seed needs a value (N)" },
        { "a -o --dedup", "write --out=--dedup if it is meant" },
        { "a -o d --names p,,q", "empty name" },
        { "a -o d --=3", "there is no option '--'" },
        { "a -o d -j \1", "whole number" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].line), HR_E_INVALID);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s' gives '%s', which does not say '%s'", cases[i].line, err.text, cases[i].says);
    }
}

static void help_is_given_before_anything_is_missed(void **state)
{
    (void)state;
    assert_int_equal(parse("--help"), HR_OPT_ASKED_HELP);
    assert_int_equal(parse("-dh"), HR_OPT_ASKED_HELP);
    assert_int_equal(parse("-o d a -- --help"), 0);
}

static void stops_at_the_command(void **state)
{
    (void)state;
    char a0[] = "--seed", a1[] = "3", a2[] = "pack", a3[] = "--whatever";
    char *argv[] = { a0, a1, a2, a3 };
    int at = -1;
    hr_opt_fini(opts, &got);
    memset(&got, 0, sizeof got);
    part = (struct hr_opt_part) { .opts = opts, .into = &got };
    assert_int_equal(hr_opt_parse(&part, 1, 4, argv, &at, NULL), 0);
    assert_int_equal(at, 2);
    assert_int_equal(got.seed, 3);
    hr_opt_fini(opts, &got);
}

static void distance(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned d;
    } cases[] = { { "", "", 0 },         { "abc", "abc", 0 },        { "abc", "", 3 },
                  { "abcd", "acbd", 1 }, { "kitten", "sitting", 3 }, { "ab", "ba", 1 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(hr_spelling_distance(hr_str(cases[i].a), hr_str(cases[i].b)), cases[i].d);
        assert_int_equal(hr_spelling_distance(hr_str(cases[i].b), hr_str(cases[i].a)), cases[i].d);
    }
    char lengthy[5000];
    memset(lengthy, 'x', sizeof lengthy);
    assert_true(hr_spelling_distance((struct hr_str) { lengthy, sizeof lengthy }, HR_STR("x")) > 63);
    struct hr_suggest s = HR_SUGGEST_INIT(HR_STR("verison"));
    hr_suggest_try(&s, "verify");
    hr_suggest_try(&s, "version");
    assert_string_equal(hr_suggest_best(&s), "version");
    s = HR_SUGGEST_INIT(HR_STR("zzz"));
    hr_suggest_try(&s, "verify");
    assert_null(hr_suggest_best(&s));
}

static void help_shows_every_row(void **state)
{
    (void)state;
    struct hr_opt_page page = { "headrace", "pack", "turn raw samples into a dataset", opts, NULL, NULL };
    struct hr_buf out = HR_BUF_INIT(1 << 20);
    hr_opt_help(&page, 80, false, &out);
    static const char *const parts[] = {
        "Usage: headrace pack [OPTION]... SOURCE... -o DATASET\n\nTurn raw samples into a dataset.\n",
        "\nArguments:\n  SOURCE...",
        "\nMore:\n",
        "  -o, --out DATASET      where the dataset goes (required)\n",
        "      --[no-]shuffle     mix the samples (default: on)\n",
        "  -j, --jobs N           threads that pack (1 to 64; default: all CPUs)\n",
        "  -c, --chunk-size SIZE  size of a chunk (4 KiB to 1 GiB; default: 256KiB)\n",
        "                           none  as it is\n                           lz4\n",
        "  -f, --field NAME       only these fields (may be repeated)\n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(out.data, parts[i]) == NULL)
            fail_msg("'%s' is not in:\n%s", parts[i], out.data);
    hr_buf_fini(&out);
}

static void tables_are_checked(void **state)
{
    (void)state;
    assert_int_equal(hr_opt_check(opts, &err), 0);
    static const struct hr_opt twice[] = { HR_OPT_FLAG(struct args, dedup, 'd', "dedup", NULL, "leave out"),
                                           HR_OPT_FLAG(struct args, shuffle, 'd', "shuffle", NULL, "mix them"),
                                           HR_OPT_END };
    static const struct hr_opt range[] = { HR_OPT_INT(struct args, jobs, 0, "jobs", "N", "65", 1, 64, "threads"),
                                           HR_OPT_END };
    static const struct hr_opt behind[] = { HR_ARG_LIST(struct args, source, "SOURCE", "files"),
                                            HR_ARG_STRING(struct args, out, "OUT", "where to"), HR_OPT_END };
    static const struct hr_opt shout[] = { HR_OPT_FLAG(struct args, dedup, 0, "dedup", NULL, "Leave out."),
                                           HR_OPT_END };
    static const struct hr_opt *const bad[] = { twice, range, behind, shout };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(hr_opt_check(bad[i], &err) < 0);
}

static void every_command_is_in_order(void **state)
{
    (void)state;
    assert_int_equal(hr_opt_check(hr_common_opts, &err), 0);
    for (size_t i = 0; i < hr_commands_n; i++) {
        const struct hr_listed *c = &hr_commands[i];
        if (hr_opt_check(c->command->opts, &err) < 0)
            fail_msg("%s: %s", c->name, err.text);
        for (const struct hr_opt *o = c->command->opts; o->type != HR_OPT_T_END; o++) {
            assert_true(o->type == HR_OPT_T_HEADING || o->offset < c->command->size);
            for (const struct hr_opt *k = hr_common_opts; k->type != HR_OPT_T_END; k++)
                if (o->type != HR_OPT_T_HEADING && k->type != HR_OPT_T_HEADING &&
                    (strcmp(o->name, k->name) == 0 || (o->letter != 0 && o->letter == k->letter)))
                    fail_msg("%s: --%s hides the common option --%s", c->name, o->name, k->name);
        }
        assert_ptr_equal(hr_command_find(c->name), c);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        hr_mem_fail_at(n, false);
        int r = parse("a b c -o d --names p,q,r -f x");
        hr_mem_fail_at(0, false);
        if (r == 0) {
            assert_true(n > 10);
            break;
        }
        assert_int_equal(r, HR_E_NOMEM);
    }
    hr_opt_fini(opts, &got);
}

/* Random lines of the pieces that matter: always an answer, never a wild read (the sanitizers watch). */
static void hostile_lines(void **state)
{
    (void)state;
    static const char *const piece[] = { "--",    "-",       "=",      "o",        "out",
                                         "seed",  "no-",     "\xFF",   "\xE4\xB8", "%n",
                                         "%s",    "\x1b[2J", "--help", "-j",       "9999999999999999999999",
                                         "1e400", "nan",     ",",      "names",    "\1",
                                         "dedup", "-9" };
    uint32_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char line[400] = "";
        size_t n = 0;
        for (int i = 0; i < 12; i++) {
            seed = seed * 1664525 + 1013904223;
            const char *p = piece[(seed >> 8) % (sizeof piece / sizeof *piece)];
            memcpy(line + n, p, strlen(p));
            n += strlen(p);
            if ((seed & 0x80) != 0)
                line[n++] = ' ';
        }
        line[n] = 0;
        int r = parse(line);
        assert_true(r == 0 || r == HR_OPT_ASKED_HELP || r == HR_E_INVALID);
        assert_true(r >= 0 || err.text[0] != 0);
    }
    hr_opt_fini(opts, &got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_what_the_table_shows),
        cmocka_unit_test(every_spelling_is_understood),
        cmocka_unit_test(wrong_use_is_told_in_a_sentence),
        cmocka_unit_test(help_is_given_before_anything_is_missed),
        cmocka_unit_test(stops_at_the_command),
        cmocka_unit_test(distance),
        cmocka_unit_test(help_shows_every_row),
        cmocka_unit_test(tables_are_checked),
        cmocka_unit_test(every_command_is_in_order),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(hostile_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

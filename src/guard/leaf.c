#include "leaf.h"

#include <stdio.h>
#include <string.h>

/* --- arguments --- */

/* The next argument; false at the end. */
static bool next(struct hr_args *rest, struct hr_str *ret)
{
    if (rest->n == 0)
        return false;
    size_t n = strnlen(rest->text, rest->n);
    *ret = (struct hr_str) { rest->text, n };
    size_t step = HR_MIN(n + 1, rest->n);
    rest->text += step;
    rest->n -= step;
    return true;
}

static bool has(struct hr_args args, const char *word)
{
    struct hr_str a;
    while (next(&args, &a))
        if (hr_str_is(a, word))
            return true;
    return false;
}

static struct hr_str base(struct hr_str path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return (struct hr_str) { path.p + i + 1, path.n - i - 1 };
    return path;
}

static bool digits(struct hr_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.')
            return false;
    return s.n != 0;
}

static bool named(struct hr_str program, const struct hr_leaf_tool *t)
{
    if (hr_str_is(program, t->name))
        return true;
    size_t n = strlen(t->name);
    return t->version && program.n > n + 1 && memcmp(program.p, t->name, n) == 0 && program.p[n] == '-' &&
           digits((struct hr_str) { program.p + n + 1, program.n - n - 1 });
}

static const struct hr_leaf_tool *tool_of(struct hr_str program, struct hr_args args)
{
    size_t n;
    const struct hr_leaf_tool *t = hr_leaf_tools(&n);
    for (size_t i = 0; i < n; i++)
        if (named(program, &t[i]) && (t[i].only == NULL || has(args, t[i].only)))
            return &t[i];
    return NULL;
}

/* --- the name of the work --- */

static uint32_t mix(uint32_t h, struct hr_str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return (h ^ 0xFFu) * 16777619u;
}

/* nvcc's temporary names: "tmpxft_00004971_00000000-7_a.cpp1.ii" is "a.cpp1.ii" every time. */
static struct hr_str lasting(struct hr_str name)
{
    if (!hr_str_starts(name, "tmpxft_"))
        return name;
    for (size_t i = 7; i + 1 < name.n; i++)
        if (name.p[i] == '-')
            for (size_t k = i + 1; k + 1 < name.n; k++)
                if (name.p[k] == '_')
                    return (struct hr_str) { name.p + k + 1, name.n - k - 1 };
    return HR_STR("tmpxft"); /* nvcc tries its host compiler with a file of no name */
}

static bool is_source(struct hr_str a)
{
    static const char *const ends[] = { ".c",   ".cc", ".cpp", ".cxx", ".C",   ".c++", ".cu", ".ii", ".i",
                                        ".ptx", ".m",  ".mm",  ".rs",  ".hip", ".S",   ".f90", ".cp", ".gpu" };
    if (a.n == 0 || a.p[0] == '-' || a.p[0] == '.')
        return hr_str_starts(a, "./") || hr_str_starts(a, "../") ? is_source((struct hr_str) { a.p + 2, a.n - 2 }) : false;
    for (size_t i = 0; i < HR_COUNT(ends); i++)
        if (a.n > strlen(ends[i]) && hr_str_ends(a, ends[i]))
            return true;
    return false;
}

/* What changes the memory of the same source by much. */
static bool weighs(struct hr_str a)
{
    static const char *const begins[] = { "-O",      "-g",           "-G",      "--device-debug", "-flto", "-fsanitize",
                                          "-opt",    "-lineinfo",    "-ffat",   "-fwhole-program", "-E",   "--opt-level",
                                          "-Copt-l", "-Cdebuginfo", "-C opt-l", "-r",             "-debug", "--split-compile" };
    for (size_t i = 0; i < HR_COUNT(begins); i++)
        if (hr_str_starts(a, begins[i]))
            return true;
    return false;
}

static bool is_arch(struct hr_str s)
{
    return hr_str_starts(s, "sm_") || hr_str_starts(s, "compute_") || hr_str_starts(s, "lto_");
}

/* What is found on the way through the arguments. */
struct found {
    struct hr_str source, origin, output, arch, crate;
    bool asks; /* for a version, or what would be done: no work */
    uint32_t flags;
};

static void look(struct found *f, struct hr_str before, struct hr_str a)
{
    static const char *const asks[] = { "--version", "-version", "-vV", "-V", "--help", "--print", "--print-file-name",
                                        "-###" };
    struct hr_str value = a;
    struct hr_str name;
    for (size_t i = 0; i < HR_COUNT(asks); i++)
        f->asks |= hr_str_is(a, asks[i]);
    f->asks |= hr_str_starts(a, "--print=");
    if (hr_str_is(before, "-o"))
        f->output = a;
    else if (hr_str_is(before, "--orig_src_path_name") || (hr_str_is(before, "--orig_src_file_name") && f->origin.n == 0))
        f->origin = a;
    else if (hr_str_is(before, "--crate-name"))
        f->crate = a;
    else if (hr_str_is(before, "-arch") && is_arch(a))
        f->arch = a;
    else if (is_source(a) && !hr_str_is(before, "-dumpbase") &&
             !hr_str_is(before, "-dumpbase-ext") && !hr_str_ends(before, "_name") &&
             !hr_str_is(before, "-include") && !hr_str_is(before, "-main-file-name"))
        f->source = a;
    if (hr_str_cut(&value, '=', &name) && value.p != NULL && is_arch(value))
        f->arch = value;
    if (weighs(a))
        f->flags = mix(f->flags, a);
}

bool hr_leaf_key_of(const char *path, struct hr_args args, struct hr_leaf_key *ret)
{
    const struct hr_leaf_tool *t = tool_of(base(hr_str(path)), args);
    if (t == NULL)
        return false;
    struct found f = { .flags = 2166136261u };
    struct hr_str a, before = { "", 0 };
    struct hr_args rest = args;
    if (next(&rest, &a))
        for (; next(&rest, &a); before = a)
            look(&f, before, a);
    struct hr_str whole = f.origin.n != 0  ? f.origin :
                          f.crate.n != 0   ? f.crate :
                          f.source.n != 0  ? f.source :
                                             f.output;
    if (f.asks || whole.n == 0 || hr_str_is(f.crate, "___"))
        return false;
    struct hr_str name = lasting(base(whole));
    struct hr_leaf_key k = { .tool = t, .preprocess = t->preprocess != 0 && has(args, "-E") };
    /* The folder is part of the name (two files may be called utils.cpp), unless it is a temporary one. */
    bool passing = hr_str_starts(whole, "/tmp/") || name.p != base(whole).p;
    k.flags = mix(f.flags, passing ? HR_STR("") : (struct hr_str) { whole.p, whole.n - base(whole).n });
    snprintf(k.source, sizeof k.source, "%.*s", HR_STR_ARG(name));
    snprintf(k.arch, sizeof k.arch, "%.*s", HR_STR_ARG(f.arch.n != 0 ? f.arch : HR_STR("-")));
    for (char *p = k.source; *p != 0; p++) /* it becomes a field of a text file */
        if ((unsigned char)*p <= ' ' || *p == 127)
            *p = '_';
    for (char *p = k.arch; *p != 0; p++)
        if ((unsigned char)*p <= ' ' || *p == 127)
            *p = '_';
    if (k.source[0] == 0)
        return false;
    *ret = k;
    return true;
}

uint64_t hr_leaf_default(const struct hr_leaf_key *k)
{
    return k->preprocess ? k->tool->preprocess : k->tool->peak;
}

bool hr_leaf_same(const struct hr_leaf_key *a, const struct hr_leaf_key *b)
{
    return strcmp(a->tool->name, b->tool->name) == 0 && a->flags == b->flags && strcmp(a->source, b->source) == 0 &&
           strcmp(a->arch, b->arch) == 0;
}

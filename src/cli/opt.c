/* The parser: argv against one or more tables. */
#include "opt.h"

#include "utf8.h"

#include <string.h>

struct parser {
    struct hr_opt_part *parts;
    size_t parts_n;
    int argc, at; /* argv[at] is the next to be read */
    char *const *argv;
    size_t positionals; /* read so far */
    bool rest;          /* the words of a command have begun: no option of ours is among them */
    struct hr_error *err;
};

/* A row and where it stands. */
struct hit {
    const struct hr_opt *o;
    struct hr_opt_part *part;
    bool negated;
};

static bool is_option(const struct hr_opt *o)
{
    return o->type >= HR_OPT_T_HELP && !o->positional;
}

static void mark(const struct hit *h)
{
    h->part->given[h->o - h->part->opts] = true;
}

static bool find_name(const struct parser *p, struct hr_str name, struct hit *ret)
{
    for (size_t i = 0; i < p->parts_n; i++) {
        for (const struct hr_opt *o = p->parts[i].opts; o->type != HR_OPT_T_END; o++) {
            if (is_option(o) && hr_str_is(name, o->name)) {
                *ret = (struct hit) { o, &p->parts[i], false };
                return true;
            }
        }
    }
    return false;
}

static bool find_long(const struct parser *p, struct hr_str name, struct hit *ret)
{
    if (find_name(p, name, ret))
        return true;
    if (!hr_str_starts(name, "no-"))
        return false;
    if (!find_name(p, (struct hr_str) { name.p + 3, name.n - 3 }, ret) || ret->o->type != HR_OPT_T_FLAG)
        return false;
    ret->negated = true;
    return true;
}

static bool find_letter(const struct parser *p, char letter, struct hit *ret)
{
    for (size_t i = 0; i < p->parts_n; i++) {
        for (const struct hr_opt *o = p->parts[i].opts; o->type != HR_OPT_T_END; o++) {
            if (is_option(o) && o->letter != 0 && o->letter == letter) {
                *ret = (struct hit) { o, &p->parts[i], false };
                return true;
            }
        }
    }
    return false;
}

static int unknown_long(const struct parser *p, struct hr_str name)
{
    struct hr_suggest near = HR_SUGGEST_INIT(name), near_no = HR_SUGGEST_INIT(name);
    if (hr_str_starts(name, "no-"))
        near_no.typed = (struct hr_str) { name.p + 3, name.n - 3 };
    for (size_t i = 0; i < p->parts_n; i++) {
        for (const struct hr_opt *o = p->parts[i].opts; o->type != HR_OPT_T_END; o++) {
            if (!is_option(o) || o->hidden)
                continue;
            hr_suggest_try(&near, o->name);
            if (o->type == HR_OPT_T_FLAG && near_no.typed.p != name.p)
                hr_suggest_try(&near_no, o->name);
        }
    }
    const char *best = hr_suggest_best(&near), *best_no = hr_suggest_best(&near_no);
    if (best != NULL)
        return hr_fail(p->err, HR_E_INVALID, "there is no option '--%.*s'; did you mean '--%s'?", HR_STR_ARG(name),
                       best);
    if (best_no != NULL && near_no.typed.p != name.p)
        return hr_fail(p->err, HR_E_INVALID, "there is no option '--%.*s'; did you mean '--no-%s'?", HR_STR_ARG(name),
                       best_no);
    return hr_fail(p->err, HR_E_INVALID, "there is no option '--%.*s'", HR_STR_ARG(name));
}

static int set_value(const struct parser *p, const struct hit *h, struct hr_str text)
{
    int r = hr_opt_set(h->o, h->part->into, text, p->err);
    if (r < 0)
        return hr_fail_prefix(p->err, r, "%s%s", h->o->positional ? "" : "--", h->o->name);
    mark(h);
    return 0;
}

static void set_bool(const struct hit *h)
{
    *(bool *)((char *)h->part->into + h->o->offset) = !h->negated;
    mark(h);
}

/* The value in the next argument.  One that is itself an option was most likely forgotten, so it is asked about. */
static int value_follows(struct parser *p, const struct hit *h)
{
    struct hit other;
    if (p->at == p->argc)
        return hr_fail(p->err, HR_E_INVALID, "--%s needs a value (%s)", h->o->name, h->o->arg);
    struct hr_str value = hr_str(p->argv[p->at]), name = value, cut;
    if (hr_str_starts(value, "--") && value.n > 2) {
        name.p += 2;
        name.n -= 2;
        hr_str_cut(&name, '=', &cut);
        if (find_long(p, cut, &other))
            return hr_fail(p->err, HR_E_INVALID,
                           "--%s needs a value (%s), and '%.*s' is an option; write --%s=%.*s if it is meant",
                           h->o->name, h->o->arg, HR_STR_ARG(value), h->o->name, HR_STR_ARG(value));
    }
    p->at++;
    return set_value(p, h, value);
}

static int long_option(struct parser *p, struct hr_str text)
{
    struct hr_str rest = text, name;
    struct hit h;
    hr_str_cut(&rest, '=', &name);
    if (!find_long(p, name, &h))
        return unknown_long(p, name);
    if (!hr_opt_takes_value(h.o)) {
        if (rest.p != NULL)
            return hr_fail(p->err, HR_E_INVALID, "--%.*s takes no value, but '%.*s' is given", HR_STR_ARG(name),
                           HR_STR_ARG(rest));
        set_bool(&h);
        return h.o->type == HR_OPT_T_HELP ? HR_OPT_ASKED_HELP : 0;
    }
    return rest.p != NULL ? set_value(p, &h, rest) : value_follows(p, &h);
}

static int letters(struct parser *p, struct hr_str text)
{
    while (text.n != 0) {
        struct hit h;
        struct hr_str one = text;
        bool known = find_letter(p, text.p[0], &h);
        hr_utf8_next(&text, NULL);
        one.n -= text.n;
        if (!known)
            return hr_fail(p->err, HR_E_INVALID, "there is no option '-%.*s'", HR_STR_ARG(one));
        if (hr_opt_takes_value(h.o))
            return text.n != 0 ? set_value(p, &h, text) : value_follows(p, &h);
        set_bool(&h);
        if (h.o->type == HR_OPT_T_HELP)
            return HR_OPT_ASKED_HELP;
    }
    return 0;
}

static int positional(struct parser *p, struct hr_str text)
{
    size_t i = 0;
    struct hit last = { NULL, NULL, false };
    for (size_t k = 0; k < p->parts_n; k++) {
        for (const struct hr_opt *o = p->parts[k].opts; o->type != HR_OPT_T_END; o++) {
            if (!o->positional)
                continue;
            last = (struct hit) { o, &p->parts[k], false };
            if (i++ == p->positionals || o->type == HR_OPT_T_LIST) {
                p->positionals++;
                p->rest = o->rest;
                return set_value(p, &last, text);
            }
        }
    }
    if (last.o == NULL)
        return hr_fail(p->err, HR_E_INVALID, "no arguments are taken, but '%.*s' is given", HR_STR_ARG(text));
    return hr_fail(p->err, HR_E_INVALID, "'%.*s' is one argument too many: %s is the last that is taken",
                   HR_STR_ARG(text), last.o->name);
}

static int missing(const struct parser *p)
{
    for (size_t k = 0; k < p->parts_n; k++) {
        const struct hr_opt *opts = p->parts[k].opts;
        for (size_t i = 0; opts[i].type != HR_OPT_T_END; i++) {
            if (!opts[i].required || p->parts[k].given[i])
                continue;
            if (opts[i].positional)
                return hr_fail(p->err, HR_E_INVALID, "%s is missing: %s", opts[i].name, opts[i].help);
            return hr_fail(p->err, HR_E_INVALID, "--%s %s is missing: %s", opts[i].name, opts[i].arg, opts[i].help);
        }
    }
    return 0;
}

int hr_opt_parse(struct hr_opt_part *parts, size_t n, int argc, char *const *argv, int *ret_first, struct hr_error *err)
{
    struct parser p = { .parts = parts, .parts_n = n, .argc = argc, .argv = argv, .err = err };
    bool dashes = true;
    while (p.at < argc) {
        dashes = dashes && !p.rest;
        struct hr_str a = hr_str(argv[p.at]);
        bool option = dashes && a.n >= 2 && a.p[0] == '-';
        if (!option && ret_first != NULL)
            break;
        p.at++;
        if (dashes && hr_str_is(a, "--")) {
            dashes = false;
            continue;
        }
        int r = !option         ? positional(&p, a)
                : a.p[1] == '-' ? long_option(&p, (struct hr_str) { a.p + 2, a.n - 2 })
                                : letters(&p, (struct hr_str) { a.p + 1, a.n - 1 });
        if (r != 0)
            return r;
    }
    if (ret_first == NULL)
        return missing(&p);
    *ret_first = p.at;
    return 0;
}

bool hr_opt_given(const struct hr_opt_part *part, const char *name)
{
    for (size_t i = 0; part->opts[i].type != HR_OPT_T_END; i++)
        if (part->opts[i].type != HR_OPT_T_HEADING && strcmp(part->opts[i].name, name) == 0)
            return part->given[i];
    return false;
}

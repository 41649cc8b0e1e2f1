/* A table looked over for mistakes that the compiler cannot see. */
#include "opt.h"

#include "mem.h"

#include <ctype.h>
#include <string.h>

static bool good_name(const char *s)
{
    if (!islower((unsigned char)s[0]))
        return false;
    for (; *s != 0; s++)
        if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-')
            return false;
    return true;
}

static int check_text(const struct hr_opt *o, struct hr_error *err)
{
    size_t n = o->help != NULL ? strlen(o->help) : 0;
    bool capital = n >= 2 && isupper((unsigned char)o->help[0]) && !isupper((unsigned char)o->help[1]); /* "JSON" may */
    if (n < 5 || capital || o->help[n - 1] == '.')
        return hr_fail(err, HR_E_BUG, "the help of %s is missing, begins with a capital or ends with a full stop",
                       o->name);
    if (!o->positional && !good_name(o->name))
        return hr_fail(err, HR_E_BUG, "the name '%s' is not made of a-z, 0-9 and '-'", o->name);
    if (hr_opt_takes_value(o) && (o->arg == NULL || o->arg[0] == 0))
        return hr_fail(err, HR_E_BUG, "the value of %s has no word in `arg`", o->name);
    if (o->type == HR_OPT_T_CHOICE && (o->choices == NULL || o->choices[0].name == NULL))
        return hr_fail(err, HR_E_BUG, "%s has no legal values", o->name);
    if (o->type == HR_OPT_T_FLAG && o->def != NULL && strcmp(o->def, "on") != 0)
        return hr_fail(err, HR_E_BUG, "the default of the flag %s is neither NULL nor \"on\"", o->name);
    return 0;
}

static int check_twice(const struct hr_opt *opts, const struct hr_opt *o, struct hr_error *err)
{
    for (const struct hr_opt *a = opts; a < o; a++) {
        if (a->type == HR_OPT_T_HEADING)
            continue;
        if (strcmp(a->name, o->name) == 0 || (a->letter != 0 && a->letter == o->letter))
            return hr_fail(err, HR_E_BUG, "%s and %s have the same name or letter", a->name, o->name);
        if (a->positional && o->positional && (a->type == HR_OPT_T_LIST || (o->required && !a->required)))
            return hr_fail(err, HR_E_BUG, "the positional %s can never be reached behind %s", o->name, a->name);
    }
    return 0;
}

int hr_opt_check(const struct hr_opt *opts, struct hr_error *err)
{
    size_t rows = 0, size = 0;
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        rows++;
        size = HR_MAX(size, o->offset + sizeof(struct hr_strings));
        if (o->type == HR_OPT_T_HEADING)
            continue;
        int r = check_text(o, err);
        if (r == 0)
            r = check_twice(opts, o, err);
        if (r < 0)
            return r;
    }
    if (rows > HR_OPT_ROWS_MAX)
        return hr_fail(err, HR_E_BUG, "%zu rows are more than HR_OPT_ROWS_MAX", rows);
    HR_CLEANUP(hr_freep) void *scratch = hr_calloc(1, size + 1);
    if (scratch == NULL)
        return hr_fail_nomem(err, size + 1, "checking a table of options");
    return hr_opt_defaults(opts, scratch, err);
}

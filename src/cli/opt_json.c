/* The tables as JSON, for tools and for the checks that nothing generated has drifted. */
#include "opt.h"

static const char *type_name(const struct hr_opt *o)
{
    static const char *const names[] = {
        [HR_OPT_T_HELP] = "help",   [HR_OPT_T_FLAG] = "flag",     [HR_OPT_T_INT] = "int",
        [HR_OPT_T_U64] = "u64",     [HR_OPT_T_SIZE] = "size",     [HR_OPT_T_DURATION] = "duration",
        [HR_OPT_T_FLOAT] = "float", [HR_OPT_T_STRING] = "string", [HR_OPT_T_CHOICE] = "choice",
        [HR_OPT_T_LIST] = "list",
    };
    return names[o->type];
}

/* Bounds in the member's own unit (bytes, nanoseconds); null where the type has none. */
static void bounds(const struct hr_opt *o, struct hr_jw *w)
{
    switch (o->type) {
    case HR_OPT_T_INT:
        hr_jw_ki64(w, "min", o->lo.i);
        hr_jw_ki64(w, "max", o->hi.i);
        break;
    case HR_OPT_T_U64:
    case HR_OPT_T_SIZE:
    case HR_OPT_T_DURATION:
        hr_jw_ku64(w, "min", o->lo.u);
        hr_jw_ku64(w, "max", o->hi.u);
        break;
    case HR_OPT_T_FLOAT:
        hr_jw_kf64(w, "min", o->lo.f);
        hr_jw_kf64(w, "max", o->hi.f);
        break;
    default:
        break;
    }
}

static void one(const struct hr_opt *o, const char *heading, struct hr_jw *w)
{
    char letter[2] = { o->letter, 0 };
    hr_jw_object(w);
    hr_jw_kstr(w, "name", o->name);
    hr_jw_kstr(w, "letter", o->letter != 0 ? letter : NULL);
    hr_jw_kstr(w, "type", type_name(o));
    hr_jw_kstr(w, "heading", heading);
    hr_jw_kbool(w, "positional", o->positional);
    hr_jw_kbool(w, "required", o->required);
    hr_jw_kbool(w, "repeats", o->type == HR_OPT_T_LIST);
    hr_jw_kstr(w, "value", o->arg);
    hr_jw_kstr(w, "default", o->def);
    bounds(o, w);
    if (o->type == HR_OPT_T_CHOICE) {
        hr_jw_key(w, "choices");
        hr_jw_array(w);
        for (const struct hr_choice *c = o->choices; c->name != NULL; c++) {
            hr_jw_object_flat(w);
            hr_jw_kstr(w, "name", c->name);
            hr_jw_kstr(w, "help", c->help);
            hr_jw_end(w);
        }
        hr_jw_end(w);
    }
    hr_jw_kstr(w, "help", o->help);
    hr_jw_end(w);
}

void hr_opt_json(const struct hr_opt *opts, struct hr_jw *w)
{
    const char *heading = NULL;
    hr_jw_array(w);
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (o->type == HR_OPT_T_HEADING)
            heading = o->name;
        else if (hr_opt_is_shown(o))
            one(o, heading, w);
    }
    hr_jw_end(w);
}

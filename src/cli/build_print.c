/* What is known before a build starts, for --print-env and as JSON. */
#include "build_report.h"

/* For a shell: in single quotes. */
static void quote(struct hr_buf *b, const char *s)
{
    hr_buf_addc(b, '\'');
    for (; *s != 0; s++) {
        if (*s == '\'')
            hr_buf_adds(b, "'\\''");
        else
            hr_buf_addc(b, *s);
    }
    hr_buf_addc(b, '\'');
}

void hr_build_env_json(struct hr_jw *w, const struct hr_build_env *e)
{
    hr_jw_key(w, "environment");
    hr_jw_array(w);
    for (size_t i = 0; i < e->n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "name", e->set[i].name);
        hr_jw_kstr(w, "value", e->set[i].value);
        hr_jw_kbool(w, "kept", e->set[i].kept);
        hr_jw_kstr(w, "why", e->set[i].why);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_key(w, "notes");
    hr_jw_array(w);
    for (size_t i = 0; i < HR_COUNT(e->say); i++)
        if (e->say[i][0] != 0)
            hr_jw_str(w, e->say[i]);
    hr_jw_end(w);
    hr_jw_kstr(w, "refused", e->refused ? e->refuse_why : NULL);
    hr_jw_key(w, "mend");
    hr_jw_array(w);
    for (size_t i = 0; i < e->mends; i++)
        hr_jw_str(w, e->mend[i]);
    hr_jw_end(w);
}

void hr_build_outlook_json(struct hr_jw *w, const struct hr_outlook *o, const char *compare)
{
    static const char *const from[] = { "nothing", "table", "past" };
    bool past = o->from == HR_OUTLOOK_PAST;
    hr_jw_key(w, "forecast");
    hr_jw_object(w);
    hr_jw_kstr(w, "say", o->say);
    hr_jw_kstr(w, "from", from[o->from]);
    hr_jw_kstr(w, "project", o->project == NULL ? NULL : o->project->name);
    hr_jw_key(w, "have_bytes");
    if (o->have.known)
        hr_jw_u64(w, o->have.v);
    else
        hr_jw_null(w);
    const struct hr_replay *const r[] = { &o->whole, &o->here };
    static const char *const name[] = { "unlimited", "here" };
    for (size_t i = 0; i < HR_COUNT(r); i++) {
        hr_jw_key(w, name[i]);
        if (!past) {
            hr_jw_null(w);
            continue;
        }
        hr_jw_object_flat(w);
        hr_jw_ku64(w, "peak_bytes", r[i]->peak);
        hr_jw_ku64(w, "wall_ns", r[i]->wall_ns);
        hr_jw_ku64(w, "at_once", r[i]->at_once);
        hr_jw_ku64(w, "held", r[i]->held);
        hr_jw_ku64(w, "held_ns", r[i]->held_ns);
        hr_jw_end(w);
    }
    hr_jw_kstr(w, "compared", compare != NULL && compare[0] != 0 ? compare : NULL);
    hr_jw_kstr(w, "history", o->aside ? "damaged, set aside" : o->why[0] != 0 ? o->why : NULL);
    hr_jw_end(w);
}

int hr_build_print_env(struct hr_cli *cli, const struct hr_build_env *e, const struct hr_outlook *o, struct hr_error *err)
{
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_jw_object(&w);
        hr_build_env_json(&w, e);
        if (o != NULL)
            hr_build_outlook_json(&w, o, NULL);
        hr_jw_end(&w);
        int r = hr_print_json_end(cli, &w, err);
        return r < 0 ? r : e->refused ? HR_CLI_FAILED : 0;
    }
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    for (size_t i = 0; i < e->n; i++) {
        hr_buf_printf(&b, "%sexport %s=", e->set[i].kept ? "# " : "", e->set[i].name);
        quote(&b, e->set[i].value);
        hr_buf_printf(&b, "  # %s\n", e->set[i].why);
    }
    for (size_t i = 0; i < HR_COUNT(e->say); i++)
        if (e->say[i][0] != 0)
            hr_buf_printf(&b, "# %s\n", e->say[i]);
    if (o != NULL)
        hr_buf_printf(&b, "# forecast: %s\n", o->say);
    if (e->refused) {
        hr_buf_printf(&b, "# refused: %s\n# what mends it:\n", e->refuse_why);
        for (size_t i = 0; i < e->mends; i++)
            hr_buf_printf(&b, "#   %s\n", e->mend[i]);
    }
    int r = hr_print_bytes(cli, b.data, b.len);
    hr_buf_fini(&b);
    return r < 0 ? r : e->refused ? HR_CLI_FAILED : 0;
}

void hr_build_plan_json(struct hr_jw *w, const struct hr_build_told *t)
{
    hr_jw_object(w);
    hr_build_env_json(w, t->env);
    hr_build_outlook_json(w, t->outlook, NULL);
    hr_jw_ku64(w, "timeout_ns", t->timeout_ns);
    hr_jw_end(w);
}

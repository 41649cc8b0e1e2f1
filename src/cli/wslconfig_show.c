/* headrace wslconfig lint, suggest, effective and explain. */
#include "wslconfig_job.h"

#include "effective.h"
#include "human.h"
#include "wrap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *color_of(const struct hr_cli *cli, enum hr_wsl_severity s)
{
    if (!cli->color)
        return "";
    return s == HR_WSL_ERROR ? "\x1b[31m" : s == HR_WSL_WARNING ? "\x1b[33m" : "\x1b[2m";
}

static const char *plain(const struct hr_cli *cli)
{
    return cli->color ? "\x1b[0m" : "";
}

static const char *bold(const struct hr_cli *cli)
{
    return cli->color ? "\x1b[1m" : "";
}

/* --- lint --- */

static void plural(struct hr_buf *b, size_t n, const char *one, const char *more)
{
    if (n == 0)
        return;
    hr_buf_printf(b, "%s%s %s", b->len != 0 ? ", " : "", hr_human_count(n).text, n == 1 ? one : more);
}

/* "4 lines without effect, 3 that say what is so anyway" */
static void verdict(const struct hr_wsl_report *r, struct hr_buf *b)
{
    size_t of[HR_WSL_FATAL + 1] = { 0 };
    for (size_t i = 0; i < r->n; i++)
        of[r->finding[i]->rule->effect]++;
    plural(b, of[HR_WSL_FATAL], "line that keeps WSL from starting", "lines that keep WSL from starting");
    plural(b, of[HR_WSL_LOST], "line that takes others with it", "lines that take others with them");
    plural(b, of[HR_WSL_OTHER], "line that does not do what it says", "lines that do not do what they say");
    plural(b, of[HR_WSL_IDLE], "line without effect", "lines without effect");
    plural(b, of[HR_WSL_DEFAULT], "that says what is so anyway", "that say what is so anyway");
    plural(b, of[HR_WSL_FINE], "remark", "remarks");
    if (b->len == 0)
        hr_buf_adds(b, "nothing to correct");
}

static void print_finding(struct hr_cli *cli, const struct hr_wsl_finding *f)
{
    char where[48];
    if (f->line == 0)
        snprintf(where, sizeof where, "the file");
    else if (f->last_line != f->line)
        snprintf(where, sizeof where, "lines %" PRIu32 "-%" PRIu32, f->line, f->last_line);
    else
        snprintf(where, sizeof where, "line %" PRIu32, f->line);
    hr_print(cli, "\n%s%s%s: %s%s%s [%s]\n", bold(cli), where, plain(cli), color_of(cli, f->rule->severity),
             f->rule->title, plain(cli), f->rule->id);
    if (f->text[0] != 0)
        wslconfig_verbatim(cli, "    ", f->text);
    wslconfig_labelled(cli, "why", f->why);
    switch (f->action) {
    case HR_WSL_REMOVE:
        wslconfig_labelled(cli, "do", f->last_line != f->line ? "remove the lines" : "remove the line");
        break;
    case HR_WSL_REPLACE:
        wslconfig_verbatim(cli, "  do    ", f->fix);
        break;
    case HR_WSL_MOVE:
        hr_print(cli, "  do    move it into [%s]:\n", f->section);
        wslconfig_verbatim(cli, "        ", f->fix);
        break;
    case HR_WSL_LOOK:
        break;
    }
    if (f->advice != NULL)
        wslconfig_labelled(cli, f->action == HR_WSL_LOOK ? "do" : "", f->advice);
    if (cli->common->verbose && f->microsoft != NULL)
        wslconfig_labelled(cli, "WSL", f->microsoft);
    if (cli->common->verbose)
        wslconfig_labelled(cli, "source", f->rule->source);
}

static void json_finding(struct hr_jw *w, const struct hr_wsl_finding *f)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "rule", f->rule->id);
    hr_jw_kstr(w, "severity", hr_wsl_severity_name(f->rule->severity));
    hr_jw_kstr(w, "effect", hr_wsl_effect_name(f->rule->effect));
    hr_jw_kstr(w, "title", f->rule->title);
    if (f->line != 0) {
        hr_jw_ku64(w, "line", f->line);
        hr_jw_ku64(w, "last_line", f->last_line);
        hr_jw_ku64(w, "column", f->column);
    }
    hr_jw_kstr(w, "text", f->text);
    hr_jw_kstr(w, "key", f->entry != NULL ? f->entry->name : NULL);
    hr_jw_kstr(w, "why", f->why);
    hr_jw_kstr(w, "action", hr_wsl_action_name(f->action));
    hr_jw_kstr(w, "section", f->section);
    hr_jw_kstr(w, "correct", f->fix);
    hr_jw_kstr(w, "advice", f->advice);
    hr_jw_kstr(w, "wsl_says", f->microsoft);
    hr_jw_kstr(w, "source", f->rule->source);
    hr_jw_end(w);
}

static void json_settings(struct hr_jw *w, const struct hr_wsl_conf *c)
{
    hr_jw_key(w, "settings");
    hr_jw_array(w);
    for (uint32_t i = 0; i < c->entries; i++) {
        const struct hr_wsl_entry *e = c->entry[i];
        if (e->fate != HR_WSL_COUNTS)
            continue;
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "key", e->name);
        hr_jw_kstr(w, "value", e->value);
        hr_jw_ku64(w, "line", e->line);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static int lint_json(struct wslconfig_job *j, const struct hr_wsl_report *r, const char *said, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(j->cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "file", j->shown);
    hr_jw_kstr(&w, "kind", hr_wsl_file_name(j->kind));
    hr_jw_kstr(&w, "encoding", hr_wsl_encoding_name(j->conf.text.encoding));
    hr_jw_kstr(&w, "verdict", said);
    hr_jw_ku64(&w, "errors", r->errors);
    hr_jw_ku64(&w, "warnings", r->warnings);
    hr_jw_ku64(&w, "notes", r->notes);
    hr_jw_key(&w, "findings");
    hr_jw_array(&w);
    for (size_t i = 0; i < r->n; i++)
        json_finding(&w, r->finding[i]);
    hr_jw_end(&w);
    json_settings(&w, &j->conf);
    hr_jw_end(&w);
    return hr_print_json_end(j->cli, &w, err);
}

static size_t can_be_corrected(const struct hr_wsl_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->finding[i]->action != HR_WSL_LOOK && r->finding[i]->rule->severity != HR_WSL_NOTE;
    return n;
}

int wslconfig_lint(struct wslconfig_job *j, struct hr_error *err)
{
    struct hr_wsl_report report;
    struct hr_buf said = HR_BUF_INIT(1024);
    wslconfig_ask_pc(j);
    int r = hr_wsl_lint(&j->conf, &j->host, &report, err);
    if (r < 0)
        return r;
    verdict(&report, &said);
    if (said.failed)
        j->cli->out.failed = true;
    if (j->cli->common->json) {
        r = lint_json(j, &report, said.data, err);
    } else {
        char first[1600];
        snprintf(first, sizeof first, "%s: %s", j->shown, said.data);
        wslconfig_filled(j->cli, first);
        for (size_t i = 0; i < report.n; i++)
            print_finding(j->cli, report.finding[i]);
        size_t n = can_be_corrected(&report);
        char same[640];
        if (n != 0)
            hr_print(j->cli, "\n'headrace wslconfig apply --fix%s' corrects %s and keeps a backup.\n", wslconfig_same(j, same),
                     n < report.n ? hr_human_count(n).text
                     : n == 1     ? "it"
                                  : "them");
        if (j->kind == HR_WSL_WSLCONFIG && (!j->host.ram.known || !j->host.cpus.known))
            hr_note(j->cli,
                    "the PC's memory and processors are not known (%s), so no value was held against them; --ram and "
                    "--cores tell",
                    !j->host.ram.known ? j->host.ram.why : j->host.cpus.why);
        r = j->cli->out_err.code;
    }
    bool bad = report.errors + report.warnings != 0;
    hr_buf_fini(&said);
    hr_wsl_report_fini(&report);
    return r < 0 ? r : bad ? HR_CLI_FAILED : 0;
}

/* --- suggest --- */

/* A text as a comment of the file, filled into lines. */
static void comment(struct hr_cli *cli, const char *text)
{
    struct hr_buf line = HR_BUF_INIT(8192);
    struct hr_str rest, one;
    hr_wrap(&line, hr_str(text), 2, 0, cli->width - 2);
    if (line.failed)
        cli->out.failed = true;
    rest = hr_buf_str(&line);
    while (hr_str_cut(&rest, '\n', &one))
        hr_print(cli, "# %.*s\n", HR_STR_ARG(one));
    hr_buf_fini(&line);
}

static void suggest_text(struct wslconfig_job *j, const struct hr_suggestion *s)
{
    struct hr_cli *cli = j->cli;
    const char *section = "";
    hr_print(cli, "# for a PC with %s and %s logical processors\n", hr_human_bytes(j->host.ram.v).text,
             hr_human_count(j->host.cpus.v).text);
    for (size_t i = 0; i < s->n; i++) {
        const struct hr_preset_line *l = &s->line[i];
        if (strcmp(section, l->section) != 0)
            hr_print(cli, "\n%s[%s]%s\n", bold(cli), l->section, plain(cli));
        section = l->section;
        comment(cli, l->why);
        hr_print(cli, "%s=%s\n", l->name, l->value);
    }
}

static int suggest_json(struct wslconfig_job *j, const struct hr_suggestion *s, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(j->cli);
    hr_jw_object(&w);
    hr_jw_ku64(&w, "ram", j->host.ram.v);
    hr_jw_ku64(&w, "cores", j->host.cpus.v);
    hr_jw_key(&w, "settings");
    hr_jw_array(&w);
    for (size_t i = 0; i < s->n; i++) {
        hr_jw_object(&w);
        hr_jw_kstr(&w, "section", s->line[i].section);
        hr_jw_kstr(&w, "key", s->line[i].name);
        hr_jw_kstr(&w, "value", s->line[i].value);
        hr_jw_kstr(&w, "why", s->line[i].why);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_key(&w, "left_out");
    hr_jw_array(&w);
    for (const struct hr_left_out *o = hr_preset_left_out; o->line != NULL; o++) {
        hr_jw_object_flat(&w);
        hr_jw_kstr(&w, "key", o->line);
        hr_jw_kstr(&w, "why", o->why);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_end(&w);
    return hr_print_json_end(j->cli, &w, err);
}

int wslconfig_suggest(struct wslconfig_job *j, struct hr_error *err)
{
    struct hr_suggestion s;
    wslconfig_ask_pc(j);
    if (!j->host.ram.known || !j->host.cpus.known)
        return hr_fail(err, HR_E_NOT_FOUND,
                       "the memory and processors of the PC are not known (%s); say them: --ram 64GiB --cores 32",
                       !j->is_wsl           ? "this is no WSL2"
                       : !j->host.ram.known ? j->host.ram.why
                                            : j->host.cpus.why);
    int r = hr_suggest((enum hr_preset)j->a->preset, j->host.ram.v, j->host.cpus.v, &s, err);
    if (r < 0)
        return r;
    if (j->cli->common->json)
        return suggest_json(j, &s, err);
    suggest_text(j, &s);
    hr_print(j->cli, "\n# left out on purpose:\n");
    for (const struct hr_left_out *o = hr_preset_left_out; o->line != NULL; o++) {
        struct hr_buf line = HR_BUF_INIT(1024);
        hr_buf_printf(&line, "%s: %s", o->line, o->why);
        comment(j->cli, line.data);
        hr_buf_fini(&line);
    }
    return j->cli->out_err.code;
}

/* --- effective --- */

static int effective_json(struct wslconfig_job *j, const struct hr_effective *e, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(j->cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "file", j->exists ? j->shown : NULL);
    hr_jw_ku64(&w, "different", e->different);
    hr_jw_key(&w, "settings");
    hr_jw_array(&w);
    for (size_t i = 0; i < e->n; i++) {
        const struct hr_effective_row *r = &e->row[i];
        hr_jw_object_flat(&w);
        hr_jw_kstr(&w, "key", r->key);
        hr_jw_kstr(&w, "asked", r->asked[0] != 0 ? r->asked : NULL);
        hr_jw_kstr(&w, "is", r->is.known ? r->is.v : NULL);
        hr_jw_kstr(&w, "verdict", hr_effective_name(r->verdict));
        hr_jw_kstr(&w, "why", r->why[0] != 0 ? r->why : NULL);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_end(&w);
    return hr_print_json_end(j->cli, &w, err);
}

static void effective_text(struct wslconfig_job *j, const struct hr_effective *e)
{
    static const struct hr_table_column cols[] = {
        { .title = "key", .max = 30 }, { .title = "asked", .max = 16 }, { .title = "is", .max = 20 }, { .title = "" }
    };
    struct hr_table t = HR_TABLE_INIT(cols);
    for (size_t i = 0; i < e->n; i++) {
        const struct hr_effective_row *r = &e->row[i];
        hr_table_cell(&t, "%s", r->key);
        hr_table_cell(&t, "%s", r->asked);
        hr_table_cell(&t, "%s", hr_word_text(&r->is));
        if (r->verdict == HR_EFFECTIVE_DIFFERENT)
            hr_table_cell(&t, "differs");
        else
            hr_table_skip(&t);
    }
    if (e->different == 0)
        hr_print(j->cli, "%s\n\n",
                 j->exists ? "The running virtual machine has what the file asks for."
                           : "There is no .wslconfig: these are WSL's defaults.");
    else
        hr_print(j->cli, "%zu of the file's settings %s not what the running virtual machine has.\n\n", e->different,
                 e->different == 1 ? "is" : "are");
    hr_print_table(j->cli, &t, 2);
    hr_table_fini(&t);
    for (size_t i = 0; i < e->n; i++) {
        const struct hr_effective_row *r = &e->row[i];
        char line[300];
        if (r->verdict != HR_EFFECTIVE_DIFFERENT && r->verdict != HR_EFFECTIVE_UNKNOWN)
            continue;
        snprintf(line, sizeof line, "%s: %s", r->key, r->why);
        wslconfig_labelled(j->cli, "", line);
    }
    if (e->different != 0)
        hr_print(j->cli, "\n'wsl --shutdown' in Windows ends every distribution; the next start reads the file.\n");
}

int wslconfig_effective(struct wslconfig_job *j, struct hr_error *err)
{
    static struct hr_effective e;
    if (j->kind == HR_WSL_WSLCONF)
        return hr_cli_usage(j->cli, err, "effective is about .wslconfig: what the virtual machine got");
    if (!j->is_wsl)
        return hr_fail(err, HR_E_UNSUPPORTED,
                       "this is no WSL2 virtual machine, so there is nothing to hold '%s' against", j->shown);
    int r = hr_effective_read(j->root, j->exists ? &j->conf : NULL, &e, err);
    if (r < 0)
        return r;
    if (j->cli->common->json)
        r = effective_json(j, &e, err);
    else
        effective_text(j, &e);
    return r < 0 ? r : j->cli->out_err.code < 0 ? j->cli->out_err.code : e.different != 0 ? HR_CLI_FAILED : 0;
}

/* --- explain --- */

static void json_key(struct hr_jw *w, const struct hr_wsl_key *k)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "file", hr_wsl_file_name(k->file));
    hr_jw_kstr(w, "section", k->section);
    hr_jw_kstr(w, "key", k->name);
    hr_jw_kstr(w, "status", hr_wsl_status_name(k->status));
    hr_jw_kstr(w, "type", k->type == HR_WSL_NONE ? NULL : hr_wsl_type_name(k->type));
    hr_jw_kstr(w, "words", k->words);
    hr_jw_kstr(w, "default", k->def_text);
    hr_jw_kstr(w, "unit", k->unit);
    hr_jw_kstr(w, "since", k->since);
    hr_jw_kstr(w, "instead", k->instead);
    hr_jw_kstr(w, "what", k->what);
    hr_jw_kstr(w, "note", k->note);
    hr_jw_end(w);
}

enum { KEY_LABEL = 11 }; /* behind "default" */

static void text_key(struct hr_cli *cli, const struct hr_wsl_key *k, bool first)
{
    char type[160];
    hr_print(cli, "%s%s%s.%s%s  (%s)\n", first ? "" : "\n", bold(cli), k->section, k->name, plain(cli),
             hr_wsl_file_name(k->file));
    wslconfig_labelled_at(cli, KEY_LABEL, "does", k->what);
    if (k->type != HR_WSL_NONE) {
        snprintf(type, sizeof type, "%s%s%s%s%s", hr_wsl_type_name(k->type), k->words != NULL ? ": " : "",
                 k->words != NULL ? k->words : "", k->unit != NULL ? ", in " : "", k->unit != NULL ? k->unit : "");
        wslconfig_labelled_at(cli, KEY_LABEL, "value", type);
        wslconfig_labelled_at(cli, KEY_LABEL, "default", k->def_text);
    }
    wslconfig_labelled_at(cli, KEY_LABEL, "since", k->since);
    wslconfig_labelled_at(cli, KEY_LABEL, "status", hr_wsl_status_name(k->status));
    if (k->note != NULL)
        wslconfig_labelled_at(cli, KEY_LABEL, "note", k->note);
    if (k->instead != NULL)
        wslconfig_labelled_at(cli, KEY_LABEL, "write", k->instead);
}

static bool asked_for(const struct hr_wsl_key *k, const char *word)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", k->section, k->name);
    return hr_wsl_same_word(hr_str(word), hr_str(full)) || hr_wsl_same_word(hr_str(word), hr_str(k->name));
}

static void list_keys(struct wslconfig_job *j)
{
    static const struct hr_table_column cols[] = { { .title = "key", .max = 36 }, { .title = "does", .max = 42 } };
    struct hr_table t = HR_TABLE_INIT(cols);
    for (size_t i = 0; i < hr_wsl_keys_n; i++) {
        const struct hr_wsl_key *k = &hr_wsl_keys[i];
        if (k->file != j->kind || !hr_wsl_key_accepted(k) || k->status == HR_WSL_ALIAS)
            continue;
        hr_table_cell(&t, "%s.%s", k->section, k->name);
        hr_table_cell(&t, "%s", k->what);
    }
    hr_print_table(j->cli, &t, 0);
    hr_table_fini(&t);
}

int wslconfig_explain(struct wslconfig_job *j, struct hr_error *err)
{
    const char *word = j->a->words.n != 0 ? j->a->words.item[0] : NULL;
    struct hr_jw w;
    bool json = j->cli->common->json, any = false;
    if (word == NULL && !json) {
        list_keys(j);
        return j->cli->out_err.code;
    }
    if (json) {
        w = hr_print_json(j->cli);
        hr_jw_array(&w);
    }
    for (size_t i = 0; i < hr_wsl_keys_n; i++) {
        const struct hr_wsl_key *k = &hr_wsl_keys[i];
        if (word != NULL ? !asked_for(k, word) : k->file != j->kind)
            continue;
        if (json)
            json_key(&w, k);
        else
            text_key(j->cli, k, !any);
        any = true;
    }
    if (!any) {
        struct hr_suggest near = HR_SUGGEST_INIT(hr_str(word));
        for (size_t i = 0; i < hr_wsl_keys_n; i++)
            hr_suggest_try(&near, hr_wsl_keys[i].name);
        const char *best = hr_suggest_best(&near);
        hr_buf_reset(&j->cli->out);
        return hr_fail(err, HR_E_NOT_FOUND, "neither .wslconfig nor wsl.conf has a key '%s'%s%s%s", word,
                       best != NULL ? "; did you mean '" : "", best != NULL ? best : "", best != NULL ? "'?" : "");
    }
    if (json) {
        hr_jw_end(&w);
        return hr_print_json_end(j->cli, &w, err);
    }
    return j->cli->out_err.code;
}

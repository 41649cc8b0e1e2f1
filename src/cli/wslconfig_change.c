/* headrace wslconfig set, unset, diff, apply and restore: the new text is made whole in memory, shown, and put in place in one step. */
#include "wslconfig_job.h"

#include "line_diff.h"
#include "wsl_backup.h"
#include "wsl_edit.h"

#include <stdio.h>
#include <string.h>

enum { IN_FD = 0, TEXT_MAX = 2 * HR_WSL_SIZE_MAX };

/* Reads `now` again, edits it, and leaves the result in it. */
static int edit(struct wslconfig_job *j, struct hr_buf *now, const char *key, const char *value, struct hr_error *err)
{
    struct hr_wsl_conf c;
    struct hr_wsl_edit e;
    struct hr_buf out = HR_BUF_INIT(TEXT_MAX);
    int r = hr_wsl_conf_parse(&c, j->kind, hr_buf_str(now), j->shown, err);
    if (r < 0)
        return r;
    const struct hr_wsl_entry *held = value != NULL ? hr_wsl_conf_get(&c, key) : NULL;
    if (held != NULL && strcmp(held->value, value) == 0) { /* it has that value */
        hr_wsl_conf_fini(&c);
        return 0;
    }
    r = value != NULL ? hr_wsl_edit_set(&c, key, value, &e, err) : hr_wsl_edit_unset(&c, key, &e, err);
    if (r == 0) {
        if (!hr_wsl_edit_apply(&e, hr_buf_str(now), &out))
            r = hr_fail(err, HR_E_NOMEM, "out of memory while editing '%s'", j->shown);
        hr_wsl_edit_fini(&e);
    }
    hr_wsl_conf_fini(&c);
    if (r == 0) {
        struct hr_buf t = *now;
        *now = out;
        out = t;
    }
    hr_buf_fini(&out);
    return r;
}

static int set_words(struct wslconfig_job *j, struct hr_buf *now, struct hr_error *err)
{
    int r = 0;
    for (size_t i = 0; i < j->a->words.n && r == 0; i++) {
        const char *word = j->a->words.item[i], *eq = strchr(word, '=');
        char key[96];
        if (j->a->action == WSLCONFIG_UNSET) {
            r = edit(j, now, word, NULL, err);
            continue;
        }
        if (eq == NULL || eq == word || (size_t)(eq - word) >= sizeof key)
            return hr_cli_usage(j->cli, err, "'%s' is no KEY=VALUE, as memory=48GB", word);
        snprintf(key, sizeof key, "%.*s", (int)(eq - word), word);
        r = edit(j, now, key, eq + 1, err);
    }
    return r;
}

/* The settings of another file, those that count. */
static int take_file(struct wslconfig_job *j, struct hr_buf *now, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT((size_t)HR_WSL_SIZE_MAX + 1);
    struct hr_wsl_conf c;
    const char *name = j->a->words.item[0];
    int r = hr_slurp(name, &text, err);
    if (r == 0)
        r = hr_wsl_conf_parse(&c, j->kind, hr_buf_str(&text), name, err);
    if (r == 0) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < c.entries && r == 0; i++)
            if (c.entry[i]->fate == HR_WSL_COUNTS) {
                r = edit(j, now, c.entry[i]->name, c.entry[i]->value, err);
                n++;
            }
        if (r == 0 && n == 0)
            r = hr_fail(err, HR_E_INVALID, "'%s' has no setting that counts", name);
        hr_wsl_conf_fini(&c);
    }
    hr_buf_fini(&text);
    return r;
}

static int take_preset(struct wslconfig_job *j, struct hr_buf *now, struct hr_error *err)
{
    struct hr_suggestion s;
    if (!j->host.ram.known || !j->host.cpus.known)
        return hr_fail(err, HR_E_NOT_FOUND,
                       "the memory and processors of the PC are not known (%s); say them: --ram 64GiB --cores 32",
                       !j->host.ram.known ? j->host.ram.why : j->host.cpus.why);
    int r = hr_suggest((enum hr_preset)j->a->preset, j->host.ram.v, j->host.cpus.v, &s, err);
    for (size_t i = 0; i < s.n && r == 0; i++) {
        char key[96];
        snprintf(key, sizeof key, "%s.%s", s.line[i].section, s.line[i].name);
        r = edit(j, now, key, s.line[i].value, err);
    }
    return r;
}

static int take_corrections(struct wslconfig_job *j, struct hr_buf *now, struct hr_error *err)
{
    struct hr_buf out = HR_BUF_INIT(TEXT_MAX);
    unsigned n = 0;
    int r = hr_wsl_mend(j->kind, hr_buf_str(now), j->shown, &j->host, &out, &n, err);
    if (r == 0) {
        struct hr_buf t = *now;
        *now = out;
        out = t;
    }
    hr_buf_fini(&out);
    return r;
}

/* The text that the file shall have. */
static int make(struct wslconfig_job *j, struct hr_buf *now, struct hr_error *err)
{
    bool apply = j->a->action == WSLCONFIG_APPLY || j->a->action == WSLCONFIG_DIFF;
    if (!hr_buf_add(now, j->text.data, j->text.len))
        return hr_fail_nomem(err, j->text.len, j->shown);
    if (!apply)
        return set_words(j, now, err);
    wslconfig_ask_pc(j);
    int r = j->a->fix ? take_corrections(j, now, err) : 0;
    if (r == 0 && j->a->words.n != 0)
        r = take_file(j, now, err);
    if (r == 0 && j->a->preset != WSLCONFIG_NO_PRESET)
        r = take_preset(j, now, err);
    return r;
}

/* A file of any encoding as UTF-8. */
static int as_utf8(struct wslconfig_job *j, struct hr_str bytes, struct hr_buf *out, struct hr_error *err)
{
    struct hr_wsl_text t;
    int r = hr_wsl_text_init(&t, j->kind, bytes, err);
    if (r < 0)
        return r;
    if (t.encoding == HR_WSL_UTF16LE)
        hr_wsl_text_show(&t, 0, t.n, out);
    else
        hr_buf_add(out, bytes.p, bytes.n);
    hr_wsl_text_fini(&t);
    return out->failed ? hr_fail_nomem(err, bytes.n, j->shown) : 0;
}

static int show_diff(struct wslconfig_job *j, struct hr_str from, struct hr_str to, struct hr_buf *diff,
                     size_t *ret_changed, struct hr_error *err)
{
    struct hr_buf a = HR_BUF_INIT(2 * TEXT_MAX), b = HR_BUF_INIT(2 * TEXT_MAX);
    int r = as_utf8(j, from, &a, err);
    if (r == 0)
        r = as_utf8(j, to, &b, err);
    if (r == 0 && !hr_line_diff(hr_buf_str(&a), hr_buf_str(&b), 2, diff, ret_changed))
        r = hr_fail_nomem(err, a.len + b.len, "a comparison");
    hr_buf_fini(&a);
    hr_buf_fini(&b);
    return r;
}

static void print_diff(struct hr_cli *cli, const struct hr_buf *diff)
{
    struct hr_str rest = hr_buf_str(diff), line;
    while (hr_str_cut(&rest, '\n', &line) && rest.p != NULL) {
        bool color = cli->color && line.n != 0 && (line.p[0] == '-' || line.p[0] == '+' || line.p[0] == '@');
        char one[4096];
        snprintf(one, sizeof one, "%.*s", HR_STR_ARG(line));
        if (color)
            hr_print(cli, "\x1b[%sm", line.p[0] == '-' ? "31" : line.p[0] == '+' ? "32" : "2");
        wslconfig_verbatim(cli, "  ", one);
        if (color)
            hr_print(cli, "\x1b[0m");
    }
}

static int answer_json(struct wslconfig_job *j, size_t changed, const struct hr_buf *diff, const char *backup,
                       struct hr_error *err)
{
    struct hr_jw w = hr_print_json(j->cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "file", j->shown);
    hr_jw_kbool(&w, "changed", changed != 0);
    hr_jw_kbool(&w, "written", backup != NULL);
    hr_jw_kstr(&w, "backup", backup);
    hr_jw_key(&w, "diff");
    hr_jw_str_n(&w, hr_buf_str(diff));
    hr_jw_end(&w);
    return hr_print_json_end(j->cli, &w, err);
}

/* "y" or "yes" on standard input. */
static bool agreed(struct wslconfig_job *j)
{
    char answer[64];
    size_t n = 0;
    hr_print(j->cli, "\nWrite this to %s? [y/N] ", j->shown);
    if (hr_print_flush(j->cli) < 0)
        return false;
    while (n + 1 < sizeof answer) {
        int64_t k = hr_read_some(IN_FD, answer + n, 1, "standard input", NULL);
        if (k <= 0 || answer[n] == '\n')
            break;
        n++;
    }
    struct hr_str s = hr_str_trim((struct hr_str) { answer, n });
    return hr_wsl_same_word(s, HR_STR("y")) || hr_wsl_same_word(s, HR_STR("yes"));
}

static const char *when_it_counts(const struct wslconfig_job *j)
{
    return j->kind == HR_WSL_WSLCONFIG
               ? "It counts from the next start: 'wsl --shutdown' in Windows ends every distribution."
               : "It counts from the distribution's next start: 'wsl --terminate NAME' in Windows.";
}

static int put_in_place(struct wslconfig_job *j, const struct hr_buf *now, size_t changed, const struct hr_buf *diff,
                        struct hr_error *err)
{
    char backup[700];
    struct hr_str old = hr_buf_str(&j->text);
    bool json = j->cli->common->json;
    int r = hr_wsl_write(j->path, j->exists ? &old : NULL, hr_buf_str(now), backup, sizeof backup, err);
    if (r < 0)
        return r;
    if (json)
        return answer_json(j, changed, diff, backup, err);
    char same[640];
    hr_print(j->cli, "\n%s is written; 'headrace wslconfig restore%s' takes it back.\n%s\n", j->shown, wslconfig_same(j, same), when_it_counts(j));
    hr_detail(j->cli, "the backup is '%s'", backup);
    return j->cli->out_err.code;
}

int wslconfig_change(struct wslconfig_job *j, struct hr_error *err)
{
    struct hr_buf now = HR_BUF_INIT(TEXT_MAX), diff = HR_BUF_INIT(4 * TEXT_MAX);
    size_t changed = 0;
    bool json = j->cli->common->json, asks = j->a->action == WSLCONFIG_APPLY && !j->a->yes,
         writes = j->a->action != WSLCONFIG_DIFF;
    int r = asks && json ? hr_cli_usage(j->cli, err, "apply --json cannot ask; add --yes, or look with diff --json")
                         : make(j, &now, err);
    if (r == 0)
        r = show_diff(j, hr_buf_str(&j->text), hr_buf_str(&now), &diff, &changed, err);
    if (r == 0 && !json) {
        wslconfig_verbatim(j->cli, "", j->shown);
        print_diff(j->cli, &diff);
        if (changed == 0)
            hr_print(j->cli, "  nothing changes: it says so already\n");
    }
    if (r == 0 && changed != 0 && writes && asks && !agreed(j)) {
        hr_print(j->cli, "\nNothing was written.\n");
        r = HR_CLI_FAILED;
    } else if (r == 0 && changed != 0 && writes) {
        r = put_in_place(j, &now, changed, &diff, err);
    } else if (r == 0 && json) {
        r = answer_json(j, changed, &diff, NULL, err);
    }
    hr_buf_fini(&now);
    hr_buf_fini(&diff);
    return r;
}

int wslconfig_restore(struct wslconfig_job *j, struct hr_error *err)
{
    struct hr_buf old = HR_BUF_INIT(TEXT_MAX), diff = HR_BUF_INIT(4 * TEXT_MAX);
    char backup[700];
    bool absent = false;
    size_t changed = 0;
    int r = hr_wsl_backup_find(j->path, backup, sizeof backup, &absent, &old, err);
    if (r == 0)
        r = show_diff(j, hr_buf_str(&j->text), hr_buf_str(&old), &diff, &changed, err);
    if (r == 0)
        r = hr_wsl_restore(j->path, backup, sizeof backup, err);
    if (r == 0 && j->cli->common->json) {
        r = answer_json(j, changed, &diff, backup, err);
    } else if (r == 0) {
        wslconfig_verbatim(j->cli, "", j->shown);
        print_diff(j->cli, &diff);
        hr_print(j->cli, "\n%s\n%s\n",
                 absent ? "There was no file before; it is removed again." : "It is as it was before the last change.",
                 when_it_counts(j));
    }
    hr_buf_fini(&old);
    hr_buf_fini(&diff);
    return r;
}

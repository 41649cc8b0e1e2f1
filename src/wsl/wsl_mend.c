/* Correcting a file: the corrections of lint, one after the other. */
#include "wsl_edit.h"

#include <stdio.h>

enum { ROUNDS_MAX = 200 };

/* One finding of `c` into `out`; what cannot be corrected leaves *ret_done false. */
static int mend_one(const struct hr_wsl_conf *c, const struct hr_wsl_finding *f, struct hr_buf *out, bool *ret_done,
                    struct hr_error *err)
{
    struct hr_wsl_edit e, put;
    struct hr_wsl_conf between;
    struct hr_error why = HR_ERROR_INIT;
    int r = hr_wsl_edit_finding(c, f, &e, &why);
    if (r < 0)
        return r == HR_E_NOMEM ? hr_fail(err, r, "%s", why.text) : 0;
    struct hr_buf half = HR_BUF_INIT(2 * HR_WSL_SIZE_MAX);
    bool ok = hr_wsl_edit_apply(&e, c->text.bytes, &half);
    hr_wsl_edit_fini(&e);
    if (!ok) {
        r = hr_fail(err, HR_E_NOMEM, "out of memory while correcting '%s'", c->name);
    } else if (f->action != HR_WSL_MOVE) {
        *ret_done = true;
        ok = hr_buf_add(out, half.data, half.len);
    } else {
        r = hr_wsl_conf_parse(&between, c->text.file, hr_buf_str(&half), c->name, err);
        if (r == 0) {
            char full[96];
            const struct hr_wsl_key *to = hr_wsl_key_find(
                c->text.file, f->entry->key != NULL && f->entry->key->instead != NULL ? hr_str(f->entry->key->instead)
                                                                                      : (struct hr_str) { 0 });
            size_t n = 0;
            while (f->fix[n] != 0 && f->fix[n] != '=')
                n++;
            snprintf(full, sizeof full, "%s.%.*s", f->section, (int)HR_MIN(n, (size_t)60), f->fix);
            if (to == NULL)
                to = hr_wsl_key_find(c->text.file, hr_str(full));
            if (to != NULL && hr_wsl_conf_of(&between, to) != NULL) {
                ok = *ret_done = hr_buf_add(out, half.data, half.len); /* it is set there already */
            } else if (hr_wsl_edit_set(&between, full, f->entry->value, &put, &why) == 0) {
                ok = *ret_done = hr_wsl_edit_apply(&put, between.text.bytes, out);
                hr_wsl_edit_fini(&put);
            } else if (why.code == HR_E_NOMEM) {
                r = hr_fail(err, why.code, "%s", why.text);
            }
            hr_wsl_conf_fini(&between);
        }
    }
    hr_buf_fini(&half);
    return r == 0 && !ok ? hr_fail(err, HR_E_NOMEM, "out of memory while correcting '%s'", c->name) : r;
}

/* A correction that leaves its own finding at its own line is none. */
static int still_there(enum hr_wsl_file file, const struct hr_buf *text, const char *name,
                       const struct hr_wsl_host *host, const struct hr_wsl_finding *f, bool *ret_still,
                       struct hr_error *err)
{
    struct hr_wsl_conf c;
    struct hr_wsl_report report;
    int r = hr_wsl_conf_parse(&c, file, hr_buf_str(text), name, err);
    if (r < 0)
        return r;
    r = hr_wsl_lint(&c, host, &report, err);
    if (r == 0) {
        for (size_t i = 0; i < report.n && f->action == HR_WSL_REPLACE; i++)
            *ret_still |= report.finding[i]->rule == f->rule && report.finding[i]->line == f->line;
        hr_wsl_report_fini(&report);
    }
    hr_wsl_conf_fini(&c);
    return r;
}

/* The first `skip` findings with a correction were found not to have one after all. */
static int round_of(enum hr_wsl_file file, struct hr_str bytes, const char *name, const struct hr_wsl_host *host,
                    size_t *skip, struct hr_buf *out, bool *ret_done, struct hr_error *err)
{
    struct hr_wsl_conf c;
    struct hr_wsl_report report;
    int r = hr_wsl_conf_parse(&c, file, bytes, name, err);
    if (r < 0)
        return r;
    r = hr_wsl_lint(&c, host, &report, err);
    if (r == 0) {
        for (size_t i = *skip; i < report.n && r == 0 && !*ret_done; i++) {
            const struct hr_wsl_finding *f = report.finding[i];
            hr_buf_reset(out);
            if (f->action != HR_WSL_LOOK && f->rule->severity != HR_WSL_NOTE)
                r = mend_one(&c, f, out, ret_done, err);
            bool still = false;
            if (r == 0 && *ret_done)
                r = still_there(file, out, name, host, f, &still, err);
            *ret_done = *ret_done && !still;
            if (!*ret_done)
                *skip = i + 1;
        }
        hr_wsl_report_fini(&report);
    }
    hr_wsl_conf_fini(&c);
    return r;
}

int hr_wsl_mend(enum hr_wsl_file file, struct hr_str bytes, const char *name, const struct hr_wsl_host *host,
                struct hr_buf *out, unsigned *ret_n, struct hr_error *err)
{
    struct hr_buf now = HR_BUF_INIT(2 * HR_WSL_SIZE_MAX), next = HR_BUF_INIT(2 * HR_WSL_SIZE_MAX);
    unsigned n = 0;
    size_t skip = 0;
    bool done = hr_buf_add(&now, bytes.p, bytes.n);
    int r = done ? 0 : hr_fail_nomem(err, bytes.n, name);
    for (unsigned i = 0; i < ROUNDS_MAX && r == 0 && done; i++) {
        done = false;
        r = round_of(file, hr_buf_str(&now), name, host, &skip, &next, &done, err);
        if (r == 0 && done) {
            struct hr_buf t = now;
            now = next;
            next = t;
            n++;
        }
    }
    if (r == 0 && !hr_buf_add(out, now.data, now.len))
        r = hr_fail_nomem(err, now.len, name);
    if (r == 0)
        *ret_n = n;
    hr_buf_fini(&now);
    hr_buf_fini(&next);
    return r;
}

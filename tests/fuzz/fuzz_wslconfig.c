/* Any bytes as .wslconfig or wsl.conf: read, linted, edited and mended.  An edit must do what it says, must leave the other settings
 * alone, and must be taken back byte for byte; a mended file must have nothing left that can be mended.  The first byte picks the
 * file, the key and what happens to it. */
#include "wsl_edit.h"
#include "wsl_value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 12, OUT = 4 << 20 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

static const char *value_for(const struct hr_wsl_key *k, uint8_t pick)
{
    switch (k->type) {
    case HR_WSL_BOOL:
        return pick & 1 ? "true" : "0";
    case HR_WSL_INT:
        return pick & 1 ? "-1" : "24";
    case HR_WSL_SIZE:
        return pick & 1 ? "48GB" : "0";
    case HR_WSL_ENUM:
        return k->words[0] == 'v' ? "v1" : k->words[0] == 'D' ? "gradual" : "mirrored";
    case HR_WSL_MAC:
        return "5c:bb:f6:9e:ee:fa";
    case HR_WSL_IPV4:
        return "10.255.255.1";
    case HR_WSL_PORTS:
        return "80,443";
    default:
        return pick & 1 ? "C:\\a b\\new #1" : " \"x\" ";
    }
}

static void spans(const struct hr_wsl_conf *c)
{
    for (uint32_t i = 0; i < c->entries; i++) {
        const struct hr_wsl_entry *e = c->entry[i];
        must(e->key_at < e->key_end && e->key_end <= e->value_at && e->value_at <= e->value_end &&
             e->value_end <= c->text.n);
        must(e->line >= 1 && e->line <= e->last_line && e->last_line <= c->text.lines);
        must((e->fate == HR_WSL_UNKNOWN) == (e->key == NULL || !hr_wsl_key_accepted(e->key)));
        must((e->fate == HR_WSL_DUPLICATE) == (e->first != NULL));
    }
    must(c->stopped <= c->text.lines && (c->stopped == 0 || c->text.file == HR_WSL_WSLCONF));
}

static void findings(const struct hr_wsl_conf *c, const struct hr_wsl_report *r)
{
    must(r->errors + r->warnings + r->notes == r->n);
    for (size_t i = 0; i < r->n; i++) {
        const struct hr_wsl_finding *f = r->finding[i];
        must(f->line <= f->last_line && f->last_line <= c->text.lines && f->why[0] != 0);
        must((f->action == HR_WSL_REPLACE || f->action == HR_WSL_MOVE) == (f->fix != NULL));
        must(i == 0 || r->finding[i - 1]->line <= f->line);
    }
}

static void edited(const struct hr_wsl_conf *c, struct hr_wsl_edit *e, const struct hr_wsl_key *k, const char *value)
{
    struct hr_buf out = HR_BUF_INIT(OUT), back = HR_BUF_INIT(OUT);
    struct hr_wsl_conf n;
    must(hr_wsl_edit_apply(e, c->text.bytes, &out) && hr_wsl_edit_undo(e, hr_buf_str(&out), &back));
    must(hr_str_eq(hr_buf_str(&back), c->text.bytes));
    must(hr_wsl_conf_parse(&n, c->text.file, hr_buf_str(&out), "F", NULL) == 0);
    const struct hr_wsl_entry *now = hr_wsl_conf_of(&n, k);
    must(value == NULL ? now == NULL : now != NULL && strcmp(now->value, value) == 0);
    hr_wsl_conf_fini(&n);
    hr_buf_fini(&out);
    hr_buf_fini(&back);
    hr_wsl_edit_fini(e);
}

static void mended(const struct hr_wsl_conf *c, const struct hr_wsl_host *host)
{
    struct hr_buf out = HR_BUF_INIT(OUT), again = HR_BUF_INIT(OUT);
    unsigned n = 0, more = 0;
    must(hr_wsl_mend(c->text.file, c->text.bytes, "F", host, &out, &n, NULL) == 0);
    must(hr_wsl_mend(c->text.file, hr_buf_str(&out), "F", host, &again, &more, NULL) == 0);
    hr_buf_fini(&out);
    hr_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_wsl_conf c;
    struct hr_wsl_report r;
    struct hr_wsl_edit e;
    struct hr_wsl_host host;
    if (size < 2)
        return 0;
    hr_wsl_host_init(&host, "not asked");
    if (data[0] & 2) {
        host.ram = hr_figure_of((uint64_t)64 << 30);
        host.cpus = hr_figure_of(32);
        host.wsl = hr_figure_of(HR_WSL_VERSION(2, 3, 0));
        host.windows = hr_figure_of(19045);
    }
    const struct hr_wsl_key *k = &hr_wsl_keys[data[1] % hr_wsl_keys_n];
    enum hr_wsl_file file = k->file;
    if (hr_wsl_conf_parse(&c, file, (struct hr_str) { (const char *)data + 2, size - 2 }, "F", NULL) < 0)
        return 0;
    spans(&c);
    must(hr_wsl_lint(&c, &host, &r, NULL) == 0);
    findings(&c, &r);
    size_t n = r.n;
    hr_wsl_report_fini(&r);
    if (hr_wsl_key_accepted(k)) {
        char full[96] = "";
        strcat(strcat(strcat(full, k->section), "."), k->name);
        const char *value = value_for(k, data[0] >> 4);
        if (hr_wsl_edit_set(&c, full, value, &e, NULL) == 0)
            edited(&c, &e, k, value);
        if (hr_wsl_edit_unset(&c, full, &e, NULL) == 0)
            edited(&c, &e, k, NULL);
    }
    if (n <= SMALL && (data[0] & 12) == 12)
        mended(&c, &host);
    hr_wsl_conf_fini(&c);
    return 0;
}

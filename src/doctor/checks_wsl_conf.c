/* WSL's configuration files: what the linter says of them, and the lines that are passed around and do not do what is said. */
#include "checks_wsl.h"

#include "check_parts.h"
#include "effective.h"
#include "mem.h"
#include "wsl_edit.h"
#include "wsl_files.h"

#include <inttypes.h>
#include <string.h>

/* A file of WSL that is there and could be read; otherwise the finding says what is. */
static const struct hr_wsl_read *file_of(struct hr_facts *facts, struct hr_finding *f, enum hr_wsl_file file)
{
    if (!(file == HR_WSL_WSLCONFIG ? hr_check_wsl2(facts, f) : hr_check_wsl(facts, f)))
        return NULL;
    const struct hr_wsl_read *r = hr_facts_wsl_file(facts, file);
    if (!hr_check_known(f, r->there.known, r->there.why))
        return NULL;
    if (!r->there.v) {
        hr_find(f, HR_GOOD, "there is no %s: everything is as WSL has it by default", r->name);
        return NULL;
    }
    return r;
}

static enum hr_verdict verdict_of(const struct hr_wsl_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->finding[i]->rule->severity == HR_WSL_ERROR)
            return HR_BAD;
    return r->warnings != 0 ? HR_WARN : HR_GOOD;
}

static void show_finding(struct hr_finding *f, const char *file, const struct hr_wsl_finding *w)
{
    hr_seen(f, "%s:%" PRIu32 ": %s", file, w->line, w->text != NULL ? w->text : "");
    hr_fix(f, "# line %" PRIu32 ": %s", w->line, w->why);
    if (w->action == HR_WSL_REMOVE)
        hr_fix(f, "#   remove it");
    else if (w->action == HR_WSL_REPLACE && w->fix != NULL)
        hr_fix(f, "#   instead: %s", w->fix);
    else if (w->action == HR_WSL_MOVE && w->fix != NULL)
        hr_fix(f, "#   into [%s]: %s", w->section != NULL ? w->section : "?", w->fix);
    if (w->advice != NULL)
        hr_fix(f, "#   %s", w->advice);
}

/* The whole file with all that can be corrected corrected, for --fix. */
static void offer(const struct hr_wsl_read *r, enum hr_wsl_file file, struct hr_finding *f)
{
    struct hr_buf out = HR_BUF_INIT(2 * HR_WSL_SIZE_MAX);
    unsigned n = 0;
    if (hr_wsl_mend(file, hr_buf_str(&r->bytes), r->name, &r->host, &out, &n, NULL) == 0 && n != 0)
        hr_mend_file(f, r->path, hr_buf_str(&out), "corrects %u line%s of %s; 'wsl --shutdown' puts it into force", n,
                     n == 1 ? "" : "s", r->name);
    hr_buf_fini(&out);
}

enum { SHOWN_MAX = 12 };

static void lint(struct hr_facts *facts, struct hr_finding *f, enum hr_wsl_file file)
{
    const struct hr_wsl_read *r = file_of(facts, f, file);
    if (r == NULL)
        return;
    const struct hr_wsl_report *w = &r->report;
    enum hr_verdict v = verdict_of(w);
    if (v == HR_GOOD) {
        hr_find(f, v, "%s: every line does what it says%s", r->name,
                w->defaults != 0 ? ", though some only say the default" : "");
        return;
    }
    size_t bad = w->errors + w->warnings, idle = HR_MIN(w->idle, bad);
    if (idle == bad)
        hr_find(f, v, "%s: %zu line%s nothing", r->name, bad, bad == 1 ? " does" : "s do");
    else
        hr_find(f, v, "%s: %zu line%s not do what %s says", r->name, bad, bad == 1 ? " does" : "s do",
                bad == 1 ? "it" : "each");
    size_t shown = 0;
    for (size_t i = 0; i < w->n && shown < SHOWN_MAX; i++)
        if (w->finding[i]->rule->severity != HR_WSL_NOTE) {
            show_finding(f, r->name, w->finding[i]);
            shown++;
        }
    hr_fix(f, file == HR_WSL_WSLCONFIG ? "headrace wslconfig lint   # all of them, with the corrected file"
                                       : "headrace wslconfig lint /etc/wsl.conf");
    offer(r, file, f);
}

void hr_check_wsl_config(struct hr_facts *facts, struct hr_finding *f)
{
    lint(facts, f, HR_WSL_WSLCONFIG);
}

void hr_check_wsl_conf(struct hr_facts *facts, struct hr_finding *f)
{
    lint(facts, f, HR_WSL_WSLCONF);
}

/* The file is read when the virtual machine is made: what was changed since waits for the next start. */
void hr_check_wsl_applied(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_wsl_read *r = file_of(facts, f, HR_WSL_WSLCONFIG);
    struct hr_error err = HR_ERROR_INIT;
    if (r == NULL)
        return;
    struct hr_effective *e = hr_calloc(1, sizeof *e);
    if (!hr_check_known(f, e != NULL, "memory was short") ||
        hr_effective_read(hr_facts_root(facts), &r->conf, e, &err) < 0) {
        if (e != NULL)
            hr_find(f, HR_UNKNOWN, "%s", err.text);
        hr_free(e);
        return;
    }
    hr_find(f, HR_GOOD, "the virtual machine has what %s asks for, as far as it can be seen from here", r->name);
    if (e->different != 0) {
        hr_find(f, HR_WARN, "%zu setting%s of %s not in force", e->different, e->different == 1 ? "" : "s", r->name);
        hr_fix(f, "wsl --shutdown   # in PowerShell: it ends everything that runs in WSL, and reads the file again");
        hr_fix(f, "headrace wslconfig effective   # each setting against what there is");
    }
    for (size_t i = 0; i < e->n; i++)
        if (e->row[i].verdict == HR_EFFECTIVE_DIFFERENT)
            hr_seen(f, "%s: asked %s, is %s%s%s", e->row[i].key, e->row[i].asked, hr_word_text(&e->row[i].is),
                    e->row[i].why[0] != 0 ? ": " : "", e->row[i].why);
    hr_free(e);
}

/* A line of .wslconfig that people copy from each other.  wsl-config has warned of it already: here it is a note. */
static const struct hr_wsl_entry *claim(struct hr_facts *facts, struct hr_finding *f, const char *name)
{
    const struct hr_wsl_read *r = file_of(facts, f, HR_WSL_WSLCONFIG);
    if (r == NULL)
        return NULL;
    const struct hr_wsl_entry *e = hr_wsl_file_line(r, name);
    if (e == NULL)
        hr_find(f, HR_GOOD, "%s has no line %s", r->name, strchr(name, '.') + 1);
    else
        hr_seen(f, "%s:%" PRIu32 ": %s=%s", r->name, e->line, e->name, e->value);
    return e;
}

void hr_check_claim_reclaim(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_wsl_entry *e = claim(facts, f, "wsl2.autoMemoryReclaim");
    if (e == NULL)
        return;
    hr_find(f, HR_NOTE,
            "autoMemoryReclaim under [wsl2] does nothing: WSL knows it in [experimental] only, and dropCache stays");
    hr_fix(f, "# remove the line; dropCache is the default since 2.1.3. If another way is wanted:");
    hr_check_wslconfig(f, "experimental", "autoMemoryReclaim=dropCache");
}

void hr_check_claim_gradual(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_wsl_entry *e = claim(facts, f, "experimental.autoMemoryReclaim");
    if (e == NULL || e->fate != HR_WSL_COUNTS)
        return;
    if (!hr_wsl_same_word(hr_str(e->value), HR_STR("gradual"))) {
        hr_find(f, HR_GOOD, "autoMemoryReclaim is %s", e->value);
        return;
    }
    const struct hr_ram *m = hr_facts_memory(facts);
    hr_find(f, HR_NOTE,
            m->reclaim.known && !m->reclaim.v
                ? "autoMemoryReclaim=gradual falls back to dropCache: this kernel's root group has no memory.reclaim"
                : "autoMemoryReclaim=gradual was reported to make systemd lag, and it may swap out programs");
    hr_check_wslconfig(f, "experimental", "autoMemoryReclaim=dropCache");
}

void hr_check_claim_vhd_size(struct hr_facts *facts, struct hr_finding *f)
{
    if (claim(facts, f, "wsl2.guessVhdSize") == NULL)
        return;
    hr_find(f, HR_NOTE, "guessVhdSize does nothing: it has never existed");
    hr_fix(f, "# remove the line; the size of new disks is set by defaultVhdSize in [wsl2]");
}

void hr_check_claim_reporting(struct hr_facts *facts, struct hr_finding *f)
{
    if (claim(facts, f, "wsl2.pageReporting") == NULL)
        return;
    hr_find(f, HR_NOTE, "pageReporting does nothing: WSL removed it in 1.1.7, and reporting is always on");
    hr_fix(f, "# remove the line");
}

void hr_check_claim_idle(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_wsl_entry *e = claim(facts, f, "wsl2.vmIdleTimeout");
    if (e == NULL || e->fate != HR_WSL_COUNTS)
        return;
    if (strcmp(e->value, "60000") == 0)
        hr_find(f, HR_NOTE,
                "vmIdleTimeout=60000 is the default, and it frees no memory: it ends the virtual machine a minute "
                "after the "
                "last distribution has stopped");
    else if (e->value[0] == '-')
        hr_find(
            f, HR_NOTE,
            "vmIdleTimeout=%s keeps the virtual machine, not the distribution: runs are kept by instanceIdleTimeout",
            e->value);
    else
        hr_find(
            f, HR_NOTE,
            "vmIdleTimeout=%s counts milliseconds from the stop of the last distribution; it frees no memory before",
            e->value);
    hr_fix(f, "# to keep runs alive without a terminal, in %%USERPROFILE%%\\.wslconfig:");
    hr_fix(f, "# [general]  instanceIdleTimeout=-1");
    hr_fix(f, "# [wsl2]     vmIdleTimeout=-1");
    hr_undo(f, "# take both lines out again, then: wsl --shutdown");
}

void hr_check_claim_sparse(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_wsl_entry *e = claim(facts, f, "wsl2.sparseVhd");
    if (e == NULL)
        e = claim(facts, f, "experimental.sparseVhd");
    if (e == NULL)
        return;
    hr_find(f, HR_NOTE, "sparseVhd does nothing: WSL ignores it since disks were damaged by it");
    hr_fix(f, "# remove the line; a disk is made smaller by hand: wsl --shutdown, then Optimize-VHD or diskpart's "
              "compact vdisk");
}

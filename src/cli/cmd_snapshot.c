#include "cli.h"

#include "clock.h"
#include "file.h"
#include "gzip.h"
#include "human.h"
#include "progress.h"
#include "snapshot.h"
#include "tar.h"

#include <stdio.h>
#include <string.h>

struct args {
    struct hr_strings path;
    const char *out;
    bool list, deep, keep_names, force;
};

static const struct hr_opt opts[] = {
    HR_OPT_LIST(struct args, path, 0, "PATH", "PATH", "training data, checkpoints or a project to look at too", .positional = true),
    HR_OPT_STRING(struct args, out, 'o', "out", "FILE", "(headrace-snapshot-DATE.tar.gz)",
                  "where to write it; - is standard output, a name without .gz is not compressed"),
    HR_OPT_FLAG(struct args, list, 0, "list", NULL, "only show what it would hold"),
    HR_OPT_FLAG(struct args, deep, 0, "deep", NULL, "also run the checks that take long"),
    HR_OPT_FLAG(struct args, keep_names, 0, "keep-names", NULL, "leave the names of users and hosts as they are"),
    HR_OPT_FLAG(struct args, force, 0, "force", NULL, "replace the file if it is there"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "capture this machine", "headrace snapshot" },
    { "look at what would be captured, first", "headrace snapshot --list" },
    { "examine somebody's machine", "headrace doctor --root headrace-snapshot-2026-11-27.tar.gz" },
    { NULL, NULL },
};

static bool on_progress(size_t asked, void *arg)
{
    return hr_progress_step(arg, asked, 0, NULL);
}

/* --- what is in it --- */

static int list_text(struct hr_cli *cli, const struct hr_snapshot *s, struct hr_error *err)
{
    static const struct hr_table_column cols[] = { { .title = "bytes", .right = true }, { .title = "file" } };
    struct hr_table t = HR_TABLE_INIT(cols);
    struct hr_tar tar;
    struct hr_tar_entry e;
    int r;
    hr_tar_begin(&tar, hr_buf_str(&s->tar), "the snapshot");
    while ((r = hr_tar_next(&tar, &e, err)) == 1) {
        if (e.kind != HR_TAR_FILE)
            continue;
        hr_table_cell(&t, "%s", hr_human_count(e.data.n).text);
        hr_table_text(&t, (struct hr_str) { e.name.p + strlen(s->folder) + 1, e.name.n - strlen(s->folder) - 1 });
    }
    hr_tar_end(&tar);
    if (r == 0)
        r = hr_print_table(cli, &t, 0);
    hr_table_fini(&t);
    return r;
}

static void json_files(struct hr_jw *w, const struct hr_snapshot *s)
{
    struct hr_tar tar;
    struct hr_tar_entry e;
    hr_jw_key(w, "files");
    hr_jw_array(w);
    hr_tar_begin(&tar, hr_buf_str(&s->tar), "the snapshot");
    while (hr_tar_next(&tar, &e, NULL) == 1) {
        if (e.kind != HR_TAR_FILE)
            continue;
        hr_jw_object_flat(w);
        hr_jw_key(w, "path");
        hr_jw_str_n(w, (struct hr_str) { e.name.p + strlen(s->folder) + 1, e.name.n - strlen(s->folder) - 1 });
        hr_jw_ku64(w, "bytes", e.data.n);
        hr_jw_end(w);
    }
    hr_tar_end(&tar);
    hr_jw_end(w);
}

static size_t left_out(const struct hr_snapshot *s)
{
    const struct hr_recorded *e;
    size_t n = hr_recording_list(s->recording, &e), k = 0;
    for (size_t i = 0; i < n; i++)
        k += e[i].left_out;
    return k;
}

/* `out` NULL: it was only listed. */
static int as_json(struct hr_cli *cli, const struct hr_snapshot *s, const char *out, size_t bytes, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "out", out);
    hr_jw_ku64(&w, "bytes", bytes);
    hr_jw_ku64(&w, "bytes_unpacked", s->tar.len);
    hr_jw_kstr(&w, "verdict", hr_verdict_name(hr_diagnosis_verdict(&s->diagnosis)));
    hr_jw_ku64(&w, "left_out", left_out(s));
    hr_jw_key(&w, "redacted");
    hr_jw_array(&w);
    for (int k = 0; k < HR_SECRETS; k++) {
        size_t different, times = hr_redact_count(s->redact, (enum hr_secret)k, &different);
        hr_jw_object_flat(&w);
        hr_jw_kstr(&w, "what", hr_secret_name((enum hr_secret)k));
        hr_jw_ku64(&w, "times", times);
        hr_jw_ku64(&w, "different", different);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    json_files(&w, s);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

static void redacted_text(const struct hr_snapshot *s, struct hr_buf *out)
{
    const char *sep = "";
    for (int k = 0; k < HR_SECRETS; k++) {
        size_t different;
        if (hr_redact_count(s->redact, (enum hr_secret)k, &different) == 0)
            continue;
        hr_buf_printf(out, "%s%s: %zu", sep, hr_secret_name((enum hr_secret)k), different);
        sep = ", ";
    }
}

static int as_text(struct hr_cli *cli, const struct hr_snapshot *s, const struct args *a, const char *out, size_t bytes)
{
    struct hr_buf what = HR_BUF_INIT(4096);
    redacted_text(s, &what);
    hr_print(cli, "%s: %s, %s answers about this machine\n", out, hr_human_bytes(bytes).text,
             hr_human_count(s->files + s->answers).text);
    hr_print(cli, "  replaced by placeholders (%s)\n", what.len != 0 ? what.data : "nothing had to be");
    if (a->keep_names)
        hr_print(cli, "  the names of users and hosts are in it, as asked\n");
    if (left_out(s) != 0)
        hr_print(cli, "  left out, too large: %s (MANIFEST.json names them)\n", hr_human_count(left_out(s)).text);
    hr_print(cli, "\nLook into it before you send it:  tar -xOf %s | less -R\n", out);
    int r = hr_print(cli, "Whoever gets it examines it with:  headrace doctor --root %s\n", out);
    hr_buf_fini(&what);
    return r;
}

/* --- where it goes --- */

static bool is_gzip(const char *out)
{
    struct hr_str s = hr_str(out);
    return hr_str_is(s, "-") ? hr_gzip_available() : hr_str_ends(s, ".gz") || hr_str_ends(s, ".tgz");
}

static int write_out(struct hr_cli *cli, const struct args *a, const struct hr_snapshot *s, const char *out, size_t *ret_bytes,
                     struct hr_error *err)
{
    struct hr_buf packed = HR_BUF_INIT(s->tar.len + (1 << 20));
    struct hr_str bytes = hr_buf_str(&s->tar);
    int r = 0;
    if (is_gzip(out)) {
        r = hr_gzip(bytes, &packed, err);
        bytes = hr_buf_str(&packed);
    }
    if (r == 0 && strcmp(out, "-") == 0)
        r = hr_print_bytes(cli, bytes.p, bytes.n);
    else if (r == 0 && !a->force && hr_path_kind(out) != HR_KIND_NONE)
        r = hr_fail(err, HR_E_EXISTS, "'%s' is there already; --force replaces it, -o FILE writes another", out);
    else if (r == 0)
        r = hr_replace(out, bytes.p, bytes.n, err);
    *ret_bytes = bytes.n;
    hr_buf_fini(&packed);
    return r;
}

static int deliver(struct hr_cli *cli, const struct args *a, const struct hr_snapshot *s, struct hr_error *err)
{
    char name[96];
    size_t bytes;
    const char *out = a->out;
    snprintf(name, sizeof name, "%s.tar%s", s->folder, hr_gzip_available() ? ".gz" : "");
    if (out == NULL)
        out = name;
    if (a->list)
        return cli->common->json ? as_json(cli, s, NULL, s->tar.len, err) : list_text(cli, s, err);
    int r = write_out(cli, a, s, out, &bytes, err);
    if (r < 0 || strcmp(out, "-") == 0)
        return r;
    return cli->common->json ? as_json(cli, s, out, bytes, err) : as_text(cli, s, a, out, bytes);
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_progress p;
    struct hr_snapshot_options o = { a->path.item, a->path.n, a->deep, a->keep_names, on_progress, &p };
    struct hr_snapshot s;
    if (cli->common->root != NULL)
        return hr_cli_usage(cli, err, "a snapshot is taken of this machine; --root names another one, which is one already");
    if (a->out != NULL && strcmp(a->out, "-") == 0 && cli->common->json)
        return hr_cli_usage(cli, err, "standard output takes the snapshot (-o -) or the JSON about it (--json), not both");
    if (a->out != NULL && strcmp(a->out, "-") != 0 && is_gzip(a->out) && !hr_gzip_available())
        return hr_cli_usage(cli, err, "this headrace was built without zlib: name a FILE that ends in .tar");
    hr_progress_begin(&p, cli, "asking this machine", HR_PROGRESS_COUNT);
    int r = hr_snapshot_take(&o, &s, err);
    hr_progress_end(&p);
    if (r < 0)
        return r;
    r = deliver(cli, a, &s, err);
    hr_snapshot_fini(&s);
    return r;
}

const struct hr_command hr_cmd_snapshot = { opts, sizeof(struct args), NULL, run, examples };

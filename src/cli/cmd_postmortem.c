#include "cli.h"

#include "file.h"
#include "mem.h"
#include "postmortem.h"
#include "run_plot.h"
#include "tape_place.h"

#include <fcntl.h>
#include <stdio.h>

struct args {
    const char *file;
    uint64_t last, back;
};

static const struct hr_opt opts[] = {
    HR_OPT_STRING(struct args, file, 0, "FILE", "FILE", NULL, "the recording; without it record.ring in headrace's folder of state", .positional = true),
    HR_OPT_DURATION(struct args, last, 'l', "last", "TIME", "10m", UINT64_C(1000000000), UINT64_C(86400000000000), "how much before the end is looked at"),
    HR_OPT_U64(struct args, back, 'b', "back", "N", "0", 0, 1000, "the N-th recording before the last one in the file"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "the machine or the training is gone: why", "headrace postmortem" },
    { "the hour before it, for a program", "headrace postmortem --last 1h --json" },
    { "a recorder runs again already: the recording before it", "headrace postmortem --back 1" },
    { NULL, NULL },
};

static bool recorded_now(const char *path)
{
    HR_FD fd = -1;
    bool mine = true;
    return hr_open(path, O_RDONLY, 0, &fd, NULL) == 0 && hr_lock(fd, path, &mine, NULL) == 0 && !mine;
}

static int tell(struct hr_cli *cli, const struct hr_root *root, struct hr_tape *t, const struct args *a, struct hr_error *err)
{
    struct hr_buf lost = HR_BUF_INIT(1024);
    struct hr_postmortem *p = hr_calloc(1, sizeof *p);
    const struct hr_post_ask ask = { a->last, (unsigned)a->back, recorded_now(t->path) };
    char from[32], at[32];
    int r = p == NULL ? hr_fail_nomem(err, sizeof *p, "the report") : hr_postmortem(t, root, &ask, p, err);
    hr_tape_lost(t, &lost);
    if (r == 0 && lost.len != 0)
        hr_note(cli, "'%s': %s", t->path, lost.data);
    if (r == 0 && cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_postmortem_json(p, &w);
        r = hr_print_json_end(cli, &w, err);
    } else if (r == 0) {
        hr_postmortem_text(p, hr_tape_clock(p->first, from), hr_tape_clock(p->last, at), !hr_run_utf8(), &cli->out);
        r = cli->out.failed ? hr_fail_nomem(err, 0, "the report") : 0;
    }
    hr_buf_fini(&lost);
    hr_free(p);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_buf path = HR_BUF_INIT(4096);
    struct hr_tape tape;
    struct hr_root *root;
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = hr_tape_place(root, a->file, &path, err);
    if (r == 0)
        r = hr_tape_open_at(path.data, a->file, &tape, err);
    if (r == 0) {
        r = tell(cli, root, &tape, a, err);
        hr_tape_close(&tape);
    }
    hr_buf_fini(&path);
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_postmortem = { opts, sizeof(struct args), NULL, run, examples };

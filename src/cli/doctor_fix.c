#include "doctor_fix.h"

#include "clock.h"
#include "file.h"
#include "mends.h"
#include "tty.h"
#include "utf8.h"

enum { IN_FD = 0, STATE_MOST = 8192 };

static void show_plan(struct hr_cli *cli, const struct hr_mend_plan *p, struct hr_buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        struct hr_buf lines = HR_BUF_INIT(4 << 20);
        hr_buf_printf(out, "%zu. ", i + 1);
        hr_utf8_show(out, hr_str(p->step[i].does));
        hr_buf_adds(out, "\n   in ");
        hr_utf8_show(out, hr_str(p->step[i].path));
        hr_buf_adds(out, p->step[i].was.exists ? "\n" : " (a new file)\n");
        hr_mends_difference(&p->step[i], &lines);
        struct hr_str rest = hr_buf_str(&lines), line;
        while (rest.n != 0 && hr_str_cut(&rest, '\n', &line)) {
            hr_buf_adds(out, cli->color ? line.p[0] == '-' ? "   \x1b[31m" : "   \x1b[32m" : "   ");
            hr_utf8_show(out, line);
            hr_buf_adds(out, cli->color ? "\x1b[0m\n" : "\n");
        }
        hr_buf_fini(&lines);
    }
    if (p->later != 0)
        hr_buf_printf(out, "%zu more for a second run: two checks want to change one file.\n", p->later);
}

/* 1: yes; 0: no. */
static int asked(struct hr_cli *cli, bool yes, struct hr_error *err)
{
    char answer[16];
    if (yes)
        return 1;
    if (!hr_is_terminal(IN_FD))
        return hr_fail(err, HR_E_STATE, "nothing was changed: there is no terminal to ask on, and --yes was not given");
    hr_print(cli, "Do this? [y/N] ");
    if (hr_print_flush(cli) < 0)
        return cli->out_err.code;
    int64_t n = hr_read_some(IN_FD, answer, sizeof answer, "standard input", err);
    return n < 0 ? (int)n : n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

static int as_json(struct hr_cli *cli, const struct hr_mend_plan *p, const char *undo, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_key(&w, "mended");
    hr_jw_array(&w);
    for (size_t i = 0; i < p->n; i++) {
        hr_jw_object_flat(&w);
        hr_jw_kstr(&w, "path", p->step[i].path);
        hr_jw_kstr(&w, "does", p->step[i].does);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_ku64(&w, "later", p->later);
    hr_jw_kstr(&w, "undo", undo);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

static int go(struct hr_cli *cli, const struct hr_root *root, const struct hr_mend_plan *p, struct hr_error *err)
{
    struct hr_buf state = HR_BUF_INIT(STATE_MOST), undo = HR_BUF_INIT(STATE_MOST);
    int r = hr_mends_state(root, &state, err);
    if (r == 0)
        r = hr_mends_apply(state.data, p, hr_wall(), &undo, err);
    if (r == 0 && cli->common->json)
        r = as_json(cli, p, undo.data, err);
    else if (r == 0)
        r = hr_print(cli, "Done. 'headrace doctor --undo' takes it back; what was there before is in %s.\n", undo.data);
    hr_buf_fini(&state);
    hr_buf_fini(&undo);
    return r;
}

int hr_doctor_fix(struct hr_cli *cli, const struct hr_root *root, const struct hr_diagnosis *d, bool yes,
                  struct hr_error *err)
{
    struct hr_mend_plan p = { NULL, 0, 0 };
    if (!hr_root_is_live(root))
        return hr_fail(err, HR_E_UNSUPPORTED, "--root shows another machine: only this one can be mended");
    int r = hr_mends_plan(d, &p, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "nothing was changed");
    if (p.n == 0 && cli->common->json) {
        r = as_json(cli, &p, NULL, err);
    } else if (p.n == 0) {
        r = hr_print(cli, "There is nothing that can be mended safely by itself: 'headrace doctor' shows what to do by hand.\n");
    } else {
        if (!cli->common->json)
            show_plan(cli, &p, &cli->out);
        r = asked(cli, yes, err);
        if (r == 0)
            r = hr_print(cli, "Nothing was changed.\n");
        else if (r > 0)
            r = go(cli, root, &p, err);
    }
    hr_mends_plan_fini(&p);
    return r;
}

int hr_doctor_undo(struct hr_cli *cli, const struct hr_root *root, struct hr_error *err)
{
    struct hr_buf state = HR_BUF_INIT(STATE_MOST), told = HR_BUF_INIT(1 << 20);
    int r = hr_root_is_live(root) ? hr_mends_state(root, &state, err)
                                  : hr_fail(err, HR_E_UNSUPPORTED, "--root shows another machine: only this one can be mended");
    if (r == 0)
        r = hr_mends_undo(state.data, &told, err);
    if (r >= 0) {
        bool done = r > 0;
        r = 0;
        if (cli->common->json) {
            struct hr_jw w = hr_print_json(cli);
            hr_jw_object(&w);
            hr_jw_kbool(&w, "undone", done);
            hr_jw_kstr(&w, "told", told.data);
            hr_jw_end(&w);
            r = hr_print_json_end(cli, &w, err);
        } else if (!done) {
            hr_print(cli, "There is nothing to take back.\n");
        }
        struct hr_str rest = hr_buf_str(&told), line;
        while (!cli->common->json && rest.n != 0 && hr_str_cut(&rest, '\n', &line)) {
            hr_utf8_show(&cli->out, line);
            hr_buf_addc(&cli->out, '\n');
        }
    }
    hr_buf_fini(&state);
    hr_buf_fini(&told);
    return r;
}

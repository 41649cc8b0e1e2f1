#include "run_job.h"

#include "attend.h"
#include "clock.h"
#include "mem.h"
#include "run_report.h"
#include "scribe.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OUTPUT_MAX = 256 << 20, ERR_FD = 2 };

struct speech {
    int beside;    /* standard error, without waiting */
    bool terminal; /* a progress bar may stand in the line */
    bool quiet;
    struct hr_scribe scribe;
};

/* "headrace run: 14:03:22 ...": whole, at once, on a line of its own; nothing is allocated. */
static void say(void *ctx, const char *text)
{
    const struct speech *s = ctx;
    char line[640];
    time_t now = (time_t)(hr_wall() / 1000000000);
    struct tm tm;
    if (s->quiet)
        return;
    localtime_r(&now, &tm);
    int n = snprintf(line, sizeof line, "%sheadrace run: %02d:%02d:%02d %s%s\n", s->terminal ? "\r\033[K" : "", tm.tm_hour, tm.tm_min,
                     tm.tm_sec, text, s->terminal ? "\r" : "");
    hr_beside(s->beside, line, HR_MIN((size_t)n, sizeof line - 1));
}

static void handed(void *ctx)
{
    struct speech *s = ctx;
    if (s->scribe.pid != 0)
        hr_scribe_handed(&s->scribe);
}

static int listen(struct hr_run_job *j, const char *folder, struct speech *s, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *output = hr_join(folder, "output.log");
    if (output == NULL)
        return hr_fail_nomem(err, strlen(folder) + 16, "a path");
    int r = hr_scribe_start(output, "/dev/null", OUTPUT_MAX, j->cli->common->json, &s->scribe, err);
    if (r == 0) {
        j->o.out = s->scribe.out;
        j->o.err = s->scribe.err;
    }
    return r;
}

static void write_report(struct hr_run_job *j, const struct hr_train_report *r, const char *folder, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw w = HR_JW_INIT(&b, 2);
    struct hr_error why = HR_ERROR_INIT;
    hr_run_json(&w, r, j->o.argv[0], folder);
    hr_buf_addc(&b, '\n');
    if (path == NULL || !hr_jw_done(&w) || hr_replace(path, b.data, b.len, &why) < 0)
        hr_note(j->cli, "the report could not be written: %s", why.text);
    hr_buf_fini(&b);
}

int hr_run_job(struct hr_run_job *j, const char *folder, struct hr_train_report *ret, struct hr_error *err)
{
    struct speech s = { .beside = hr_beside_open(ERR_FD), .terminal = j->cli->terminal, .quiet = j->cli->common->quiet };
    HR_CLEANUP(hr_freep) char *path = hr_join(folder, "report.json");
    int r = 0;
    tzset();
    j->o.folder = folder;
    j->o.say = say;
    j->o.handed = handed;
    j->o.ctx = &s;
    j->o.out = j->cli->common->json ? ERR_FD : -1; /* standard output has the report to carry */
    j->o.err = -1;
    if (j->keep_output)
        r = listen(j, folder, &s, err);
    if (r == 0)
        r = hr_train_run(j->root, &j->o, ret, err);
    if (s.scribe.pid != 0)
        hr_scribe_finish(&s.scribe, hr_now() + UINT64_C(2000000000));
    hr_close(s.beside);
    if (r < 0)
        return r;
    write_report(j, ret, folder, path);
    if (j->report_path != NULL)
        write_report(j, ret, folder, j->report_path);
    return 0;
}

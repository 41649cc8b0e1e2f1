#include "tokens.h"

#include "clock.h"
#include "env.h"
#include "fifo.h"
#include "file.h"
#include "keeper.h"
#include "mem.h"
#include "process.h"
#include "procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define LOOK_EVERY (100 * MS)
#define GROW_EVERY (500 * MS)
#define COUNT_EVERY (500 * MS)
#define USUAL (UINT64_C(700) << 20) /* bytes of a compiler before one has been seen */
enum { TREE_MAX = 4096, FIFO_SINCE = 404 };

/* --- its size --- */

/* Tokens that the processes of the build can hold. */
static unsigned holders(int top, unsigned jobs)
{
    static int pids[TREE_MAX];
    static struct hr_proc_stat stat[TREE_MAX];
    static struct hr_pool_process p[TREE_MAX];
    size_t n = hr_descendants(top, pids, TREE_MAX), k = 0;
    for (size_t i = 0; i < n; i++)
        if (hr_proc_stat(pids[i], &stat[k]) == 0 && stat[k].state != 'Z') {
            p[k] = (struct hr_pool_process) { stat[k].pid, stat[k].parent, stat[k].comm };
            k++;
        }
    return n == TREE_MAX ? UINT32_MAX / 2 : hr_pool_holders(p, k, jobs);
}

void hr_tokens_look(struct hr_tokens *t, int top, const struct hr_job *job, size_t n, int64_t room, uint64_t now)
{
    uint64_t each = 0;
    unsigned running = 0;
    if (t->server.fd < 0 || (t->looked != 0 && now - t->looked < LOOK_EVERY))
        return;
    t->looked = now;
    for (size_t i = 0; i < n; i++) {
        each = HR_MAX(each, HR_MAX(job[i].predicted, job[i].peak));
        running += job[i].state != HR_JOB_HELD;
        room -= (int64_t)HR_MIN(hr_job_to_come(&job[i]), (uint64_t)INT64_MAX / 1024);
    }
    unsigned wanted = hr_pool_size(room, each != 0 ? each : USUAL, running, t->jobs), has = t->server.pool.wanted;
    if (wanted > has && t->grown != 0 && now - t->grown < GROW_EVERY)
        wanted = has;
    else if (wanted > has + 1 && t->grown != 0)
        wanted = has + 1; /* down at once, up by one: what has just started has not taken its memory yet */
    if (wanted > has)
        t->grown = now;
    if (t->counted == 0 || now - t->counted >= COUNT_EVERY) {
        t->counted = now;
        t->held = holders(top, t->jobs);
    }
    hr_jobserver_step(&t->server, wanted, t->held, now);
    t->most = HR_MAX(t->most, t->server.pool.made);
}

/* --- the address --- */

/* Does the command itself say how many jobs? */
static bool has_jobs(const char *const *argv)
{
    for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
        if (strncmp(argv[i], "-j", 2) == 0 || strncmp(argv[i], "--jobs", 6) == 0)
            return true;
    return false;
}

enum hr_pool_address hr_tokens_address(const char *const *argv, struct hr_str makeflags, unsigned make, char *why, size_t n)
{
    struct hr_makeflags own = hr_makeflags_parse(makeflags);
    struct hr_str program = argv[0] == NULL ? HR_STR("") : hr_str(hr_base_name(argv[0]));
    bool is_make = hr_str_is(program, "make") || hr_str_is(program, "gmake");
    if (own.address != HR_POOL_NONE || own.jobs) {
        snprintf(why, n, "MAKEFLAGS has a number of jobs or a pool of its own");
    } else if ((is_make || hr_str_is(program, "ninja")) && has_jobs(argv)) {
        snprintf(why, n, "the command's own -j switches every other pool off");
    } else if (make == 0 || make >= FIFO_SINCE) {
        return HR_POOL_FIFO;
    } else if (is_make) {
        return HR_POOL_PIPE;
    } else {
        snprintf(why, n, "make %u.%u is here, which ends at the only address that other tools take", make / 100, make % 100);
    }
    return HR_POOL_NONE;
}

static unsigned version_of_make(void)
{
    static const char *const ask[] = { "make", "--version", NULL };
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_ran ran = { .end = HR_END_REFUSED };
    unsigned v = 0;
    if (hr_run(ask, NULL, hr_now() + 2000 * MS, &out, &ran, NULL) == 0 && ran.end == HR_END_EXIT) {
        v = hr_make_version(hr_buf_str(&out));
        v = v == 0 ? 1 : v; /* one that does not tell is an old one */
    }
    hr_buf_fini(&out);
    return v;
}

static const char *makeflags_of(const char *const *envp)
{
    for (; *envp != NULL; envp++)
        if (strncmp(*envp, "MAKEFLAGS=", 10) == 0)
            return *envp + 10;
    return "";
}

static bool hand(struct hr_tokens *t, const struct hr_tokens_ask *ask, struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT(HR_MAKEFLAGS_MAX);
    struct hr_str old = hr_str(makeflags_of(ask->envp));
    bool fits = true;
    hr_buf_adds(&line, "MAKEFLAGS=");
    if (t->address == HR_POOL_FIFO) {
        fits = hr_makeflags_fifo(old, t->server.path, &line);
    } else if (hr_open(t->server.path, O_RDWR, 0, &t->handed, err) == 0) { /* one that waits, as make's children expect */
        fits = hr_fd_inherit(t->handed, true) == 0 && hr_makeflags_pipe(old, t->handed, t->handed, &line);
    } else {
        fits = false;
    }
    const char *const lines[] = { line.data, NULL };
    t->envp = fits ? hr_env_with(ask->envp, lines) : NULL;
    hr_buf_fini(&line);
    return t->envp != NULL;
}

void hr_tokens_start(struct hr_tokens *t, const struct hr_tokens_ask *ask)
{
    struct hr_error err = HR_ERROR_INIT;
    *t = (struct hr_tokens) { .server.fd = -1, .handed = -1, .jobs = ask->jobs };
    if (ask->wish == HR_TOKENS_OFF)
        snprintf(t->why, sizeof t->why, "it was not wanted");
    else if (ask->wish == HR_TOKENS_AUTO && ask->held)
        snprintf(t->why, sizeof t->why, "jobs are held before they start: it would hold them twice");
    else
        t->address = hr_tokens_address(ask->argv, hr_str(makeflags_of(ask->envp)), version_of_make(), t->why, sizeof t->why);
    if (t->address == HR_POOL_NONE)
        return;
    if (hr_jobserver_open(ask->folder, &t->server, &err) == 0 && hand(t, ask, &err)) {
        hr_tokens_look(t, hr_proc_self(), NULL, 0, ask->room, hr_now());
        return;
    }
    snprintf(t->why, sizeof t->why, "%.150s", err.text[0] != 0 ? err.text : "it could not be made");
    hr_tokens_stop(t);
}

void hr_tokens_handed(struct hr_tokens *t)
{
    if (t->handed >= 0)
        hr_close(t->handed);
    t->handed = -1;
}

void hr_tokens_stop(struct hr_tokens *t)
{
    hr_tokens_handed(t);
    hr_jobserver_close(&t->server);
    hr_free(t->envp);
    t->envp = NULL;
    t->address = HR_POOL_NONE;
}

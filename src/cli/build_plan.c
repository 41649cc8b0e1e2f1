#include "build_plan.h"

#include "build_place.h"
#include "clock.h"
#include "cpu.h"
#include "file.h"
#include "keeper.h"
#include "machine.h"
#include "mem.h"
#include "parse.h"
#include "project_env.h"
#include "room.h"
#include "thread.h"

#include <string.h>

/* What the build may have: of this machine; of a captured one its CPUs, and its memory as far as it tells it. */
static int bounds(const struct hr_build_wish *wish, const struct hr_root *root, struct hr_build_ask *ask, struct hr_figure *ret_now, struct hr_error *err)
{
    struct hr_room room;
    if (hr_root_is_live(root)) {
        int r = hr_room_open(root, wish->memory, &room, err);
        if (r < 0)
            return r;
        struct hr_space now = hr_room_now(&room, 0, 0, hr_now());
        ask->cpus = hr_figure_of(hr_cpus());
        ask->ceiling = hr_figure_of(hr_room_ceiling(&room));
        *ret_now = hr_figure_of(now.room > 0 ? (uint64_t)now.room : 0);
        hr_room_close(&room);
        return 0;
    }
    struct hr_cpu cpu;
    struct hr_memory m;
    hr_cpu_read(root, &cpu);
    hr_memory_read(root, &m);
    ask->cpus = cpu.allowed.known && !cpu.online.known ? cpu.online : cpu.allowed; /* a mask alone names CPUs that may not be there */
    ask->ceiling = m.limit.known ? m.limit : m.total;
    *ret_now = wish->memory != 0 ? hr_figure_of(wish->memory) : hr_figure_unknown("another machine");
    return 0;
}

static int time_limit(struct hr_cli *cli, const struct hr_build_wish *wish, struct hr_build_plan *p, struct hr_error *err)
{
    struct hr_error why = HR_ERROR_INIT;
    const struct hr_outlook *o = &p->outlook;
    if (strcmp(wish->timeout, "none") == 0) {
        p->timeout_ns = 0;
        return 0;
    }
    if (hr_parse_duration(hr_str(wish->timeout), &p->timeout_ns, &why) < 0 || p->timeout_ns < UINT64_C(1000000000))
        return hr_cli_usage(cli, err, "--timeout '%s' is no time of at least a second ('30m', '2h', 'none')", wish->timeout);
    /* A limit that nobody chose must not end a build that is known to take longer, nor one on a machine that is busier now. */
    uint64_t known = o->from == HR_OUTLOOK_PAST ? o->here.wall_ns : o->project != NULL ? o->project->long_ns : 0;
    if (!hr_opt_given(cli->given, "timeout") && known > p->timeout_ns / 4)
        p->timeout_ns = 4 * known;
    return 0;
}

int hr_build_plan_make(struct hr_cli *cli, const struct hr_root *root, const struct hr_build_wish *wish, struct hr_build_plan *p,
                       struct hr_error *err)
{
    struct hr_build_ask ask = { .jobs = wish->jobs, .gate = wish->gate, .arch = wish->arch };
    struct hr_figure now;
    char cwd[4096];
    memset(p, 0, sizeof *p);
    p->history = HR_BUF_INIT(4096);
    p->past = HR_BUF_INIT(4096);
    int r = bounds(wish, root, &ask, &now, err);
    if (r == 0)
        r = hr_build_env_read(root, &ask, &p->env, err);
    if (r < 0 || wish->argv == NULL)
        return r;
    p->cpus = ask.cpus.known ? (unsigned)ask.cpus.v : 0;
    struct hr_outlook_ask o = { .cwd = hr_cwd(cwd, sizeof cwd) ? cwd : "", .argv = wish->argv, .have = now,
                                .jobs = wish->jobs, .cpus = p->cpus };
    hr_project_env(root, hr_project_of(o.argv, o.cwd), &p->env);
    HR_CLEANUP(hr_freep) const char **env = hr_build_env_merge(&p->env, hr_environment());
    r = env == NULL ? hr_fail_nomem(err, 4096, "the environment") : 0;
    if (r == 0)
        r = hr_build_place(root, "XDG_CACHE_HOME", ".cache", "guard-history", &p->history, err);
    if (r == 0)
        r = hr_build_place(root, "XDG_CACHE_HOME", ".cache", "builds", &p->past, err);
    if (r < 0)
        return r;
    o.folder = p->past.data;
    o.envp = env;
    r = hr_outlook_make(&o, &p->outlook, err);
    return r < 0 ? r : time_limit(cli, wish, p, err);
}

void hr_build_plan_fini(struct hr_build_plan *p)
{
    hr_buf_fini(&p->history);
    hr_buf_fini(&p->past);
}

#include "outside.h"

#include "file.h"
#include "leaf.h"
#include "procfs.h"

#include <string.h>

#define SERVERS_EVERY UINT64_C(5000000000)
enum { CLIMB_MAX = 24 };

bool hr_outside_is_server(const char *comm)
{
    static const char *const name[] = { "sccache", "sccache-dist", "distccd", "iceccd" };
    for (size_t i = 0; i < HR_COUNT(name); i++)
        if (strcmp(comm, name[i]) == 0)
            return true;
    return false;
}

/* Is `top` above this process? */
static bool below(int pid, int top)
{
    struct hr_proc_stat s;
    for (int i = 0; i < CLIMB_MAX && pid > 1 && hr_proc_stat(pid, &s) == 0; i++)
        if ((pid = s.parent) == top)
            return true;
    return false;
}

struct look {
    struct hr_outside *o;
    int top;
};

static bool is_server(void *ctx, int pid)
{
    struct look *l = ctx;
    struct hr_proc_stat s;
    if (hr_proc_stat(pid, &s) == 0 && s.state != 'Z' && hr_outside_is_server(s.comm) && pid != l->top && !below(pid, l->top)) {
        if (l->o->n == 0)
            memcpy(l->o->name, s.comm, sizeof l->o->name);
        l->o->server[l->o->n++] = pid;
    }
    return l->o->n < HR_OUTSIDE_SERVERS;
}

static bool is_compiler(void *ctx, int pid)
{
    struct look *l = ctx;
    struct hr_proc_stat s;
    if (hr_proc_stat(pid, &s) < 0 || s.state == 'Z' || hr_leaf_tool_of_comm(s.comm) == NULL)
        return true;
    for (size_t i = 0; i < l->o->n; i++)
        if (below(pid, l->o->server[i])) {
            l->o->now++;
            l->o->bytes += s.resident;
            break;
        }
    return true;
}

void hr_outside_look(struct hr_outside *o, int top, uint64_t now)
{
    struct look l = { o, top };
    if (o->looked == 0 || now - o->looked >= SERVERS_EVERY) {
        o->looked = now;
        o->n = 0;
        hr_proc_each(is_server, &l);
    }
    o->now = 0;
    o->bytes = 0;
    if (o->n != 0)
        hr_proc_each(is_compiler, &l);
    o->most = HR_MAX(o->most, o->now);
    o->peak = HR_MAX(o->peak, o->bytes);
}

struct sought {
    const char *comm;
    bool found;
};

static bool is_sought(void *ctx, int pid)
{
    struct sought *l = ctx;
    struct hr_proc_stat s;
    l->found = hr_proc_stat(pid, &s) == 0 && s.state != 'Z' && strcmp(s.comm, l->comm) == 0;
    return !l->found;
}

bool hr_outside_runs(const char *comm)
{
    struct sought l = { comm, false };
    hr_proc_each(is_sought, &l);
    return l.found;
}

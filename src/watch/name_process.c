/* Who a process is, read once: program and script (never its arguments, which may hold secrets), owner, and of the environment
 * the few variables that launchers of training set; nothing else of it is looked at, kept or shown. */
#include "watch_inside.h"

#include "procs.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_ROOM = 16384 };

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* One argument of a command line parted by zeros; false at the end. */
static bool argument(struct hr_str *rest, struct hr_str *ret)
{
    if (rest->n == 0)
        return false;
    const char *zero = memchr(rest->p, 0, rest->n);
    size_t n = zero == NULL ? rest->n : (size_t)(zero - rest->p);
    *ret = (struct hr_str) { rest->p, n };
    rest->p += HR_MIN(n + 1, rest->n);
    rest->n -= HR_MIN(n + 1, rest->n);
    return true;
}

static struct hr_str base(struct hr_str s)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == '/')
            return (struct hr_str) { s.p + i, s.n - i };
    return s;
}

static void add(char *to, struct hr_str s)
{
    size_t n = strlen(to);
    if (n != 0 && n + 1 < HR_MODEL_COMMAND)
        to[n++] = ' ';
    for (size_t i = 0; i < s.n && n + 1 < HR_MODEL_COMMAND; i++)
        to[n++] = (char)((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i]);
    to[n] = 0;
}

static bool is_launcher(struct hr_str name)
{
    static const char *const names[] = { "torchrun", "accelerate", "deepspeed", "horovodrun", "mpirun", "mpiexec", "orterun",
                                         "srun", "torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch" };
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (hr_str_is(name, names[i]))
            return true;
    return false;
}

static bool is_compiler(const char *name)
{
    static const char *const names[] = { "nvcc", "cicc", "ptxas", "cudafe++", "fatbinary", "cc1plus", "cc1", "ninja", "cmake", "c++",
                                         "g++", "gcc", "ld", "as", "clang" };
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* "python -u -X dev -m pkg.train ..." is "python pkg.train"; "python /a/b/train.py ..." is "python train.py". */
static struct hr_str script_of(struct hr_str rest, bool *ret_module)
{
    struct hr_str a;
    *ret_module = false;
    while (argument(&rest, &a)) {
        if (a.n == 0 || a.p[0] != '-')
            return base(a);
        if (hr_str_is(a, "-m")) {
            *ret_module = true;
            return argument(&rest, &a) ? a : (struct hr_str) { "", 0 };
        }
        if (hr_str_is(a, "-c"))
            return a;
        if (hr_str_is(a, "-X") || hr_str_is(a, "-W"))
            argument(&rest, &a);
    }
    return (struct hr_str) { "", 0 };
}

/* The script that a launcher starts: the first word behind it that ends in .py, or that follows -m. */
static struct hr_str launched(struct hr_str rest)
{
    struct hr_str a;
    while (argument(&rest, &a)) {
        if (hr_str_is(a, "-m") || hr_str_is(a, "--module"))
            return argument(&rest, &a) ? base(a) : (struct hr_str) { "", 0 };
        if (hr_str_ends(a, ".py"))
            return base(a);
    }
    return (struct hr_str) { "", 0 };
}

static void of_python(struct hr_proc_load *p, struct hr_proc_more *more, struct hr_str args, struct hr_str whole)
{
    bool module;
    struct hr_str script = script_of(args, &module);
    char text[HR_MODEL_COMMAND];
    more->flags |= HR_FLAG_PYTHON;
    add(p->command, script);
    snprintf(text, sizeof text, "%.*s", HR_STR_ARG(script));
    if (is_launcher(script)) {
        more->duty = HR_DUTY_LAUNCHER;
        add(p->command, launched(args));
    } else if (memmem(whole.p, whole.n, "/compile_worker", 15) != NULL || hr_str_ends(script, ".compile_worker")) {
        more->duty = HR_DUTY_COMPILER;
    } else if (memmem(whole.p, whole.n, "multiprocessing.spawn", 21) != NULL || memmem(whole.p, whole.n, "multiprocessing.forkserver", 26) != NULL) {
        more->duty = HR_DUTY_WORKER;
        more->flags |= HR_FLAG_WORKER;
    } else if (memmem(whole.p, whole.n, "multiprocessing.resource_tracker", 32) != NULL) {
        more->duty = HR_DUTY_HELPER;
    } else if (hr_procs_trains(text)) {
        more->duty = HR_DUTY_RANK;
    }
}

static void of_command(struct hr_proc_load *p, struct hr_proc_more *more, struct hr_str text)
{
    struct hr_str rest = text, first;
    p->command[0] = 0;
    if (!argument(&rest, &first))
        return;
    struct hr_str name = base(first);
    if (name.n != 0 && name.p[0] == '-') /* a login shell */
        name = (struct hr_str) { name.p + 1, name.n - 1 };
    if (memchr(name.p, ' ', name.n) != NULL) /* a program that wrote its own title */
        name.n = (size_t)((const char *)memchr(name.p, ' ', name.n) - name.p);
    add(p->command, name);
    if (hr_str_starts(name, "python") || begins(p->comm, "pt_main")) {
        of_python(p, more, rest, text);
    } else if (is_launcher(name)) {
        more->duty = HR_DUTY_LAUNCHER;
        add(p->command, launched(rest));
    } else if (hr_str_is(name, "sh") || hr_str_is(name, "bash") || hr_str_is(name, "dash") || hr_str_is(name, "zsh")) {
        bool module;
        struct hr_str script = script_of(rest, &module);
        add(p->command, script);
    }
    if (begins(p->comm, "pt_data_worker")) {
        more->duty = HR_DUTY_WORKER;
        more->flags |= HR_FLAG_WORKER | HR_FLAG_PYTHON;
    } else if (begins(p->comm, "pt_main_thread")) {
        more->duty = more->duty == HR_DUTY_NONE ? HR_DUTY_RANK : more->duty;
        more->flags |= HR_FLAG_PYTHON;
    } else if (is_compiler(p->comm)) {
        more->duty = HR_DUTY_COMPILER;
    }
}

/* "RANK=3" of an environment; -1: it is not set, or is no number. */
static int64_t variable(struct hr_str env, const char *name)
{
    size_t n = strlen(name);
    struct hr_str one;
    while (argument(&env, &one)) {
        if (one.n <= n + 1 || memcmp(one.p, name, n) != 0 || one.p[n] != '=' || one.n > n + 8)
            continue;
        const char *p = one.p + n + 1, *end = one.p + one.n;
        uint64_t v = hr_digits(&p, end);
        return p == end ? (int64_t)v : -1;
    }
    return -1;
}

static void of_environment(struct hr_proc_load *p, struct hr_proc_more *more, struct hr_str env)
{
    int64_t rank = variable(env, "RANK"), local = variable(env, "LOCAL_RANK"), world = variable(env, "WORLD_SIZE");
    int64_t port = variable(env, "MASTER_PORT");
    local = local < 0 ? variable(env, "OMPI_COMM_WORLD_LOCAL_RANK") : local;
    local = local < 0 ? variable(env, "SLURM_LOCALID") : local;
    local = local < 0 ? rank : local;
    more->world = world > 0 && world < 1000000 ? (int)world : 0;
    more->port = port > 0 && port < 65536 ? (int)port : 0;
    p->rank = (int8_t)(local >= 0 && local <= INT8_MAX ? local : -1);
    /* Helpers inherit the variables, so they make a rank only of what else nothing is known of. */
    if (rank >= 0 && world > 0 && more->duty == HR_DUTY_NONE)
        more->duty = HR_DUTY_RANK;
}

static struct hr_str text_of(struct hr_watch *w, int pid, const char *file, char *room)
{
    struct hr_kept_file f = { NULL, 0 };
    char path[64];
    if (w->sight.live) {
        int64_t n = hr_sight_proc(&w->sight, pid, file, room, TEXT_ROOM);
        return (struct hr_str) { room, (size_t)HR_MAX(n, (int64_t)0) };
    }
    snprintf(path, sizeof path, "proc/%d/%s", pid, file);
    f.path = path;
    struct hr_str s = hr_sight_read(&w->sight, &f);
    size_t n = HR_MIN(s.n, (size_t)TEXT_ROOM);
    if (n != 0)
        memcpy(room, s.p, n);
    return (struct hr_str) { room, n };
}

void hr_name_process(struct hr_watch *w, unsigned row)
{
    static const char *const keys[] = { "Uid", "VmSwap" };
    struct hr_proc_load *p = &w->model->proc[row];
    struct hr_proc_more *more = &w->procs.more[row];
    char room[TEXT_ROOM];
    uint64_t v[2] = { 0, 0 };
    bool f[2];
    more->duty = HR_DUTY_NONE;
    more->flags &= (uint16_t)~(HR_FLAG_PYTHON | HR_FLAG_WORKER | HR_FLAG_MAPPED);
    of_command(p, more, text_of(w, p->pid, "cmdline", room));
    hr_keyed(text_of(w, p->pid, "status", room), keys, 2, v, f);
    if (f[0])
        p->uid = (uint32_t)v[0];
    if (f[1])
        p->swap = HR_READ(v[1]);
    if ((more->flags & HR_FLAG_PYTHON) != 0 || more->duty == HR_DUTY_LAUNCHER)
        of_environment(p, more, text_of(w, p->pid, "environ", room));
}

#include "preload.h"

#include "buf.h"
#include "clock.h"
#include "door.h"
#include "env.h"
#include "file.h"
#include "keeper.h"
#include "leaf.h"
#include "mem.h"
#include "procfs.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define TRIAL_NS UINT64_C(20000000000) /* on a machine that has no memory left, too */

/* --- the file --- */

static uint64_t sum_of(struct hr_str s)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h;
}

/* Its name is its contents: another version of this program has another one, and running builds keep theirs. */
static int place(const char *folder, struct hr_buf *ret_path, struct hr_error *err)
{
    struct hr_str lib = hr_preload_bytes();
    struct hr_buf old = HR_BUF_INIT(lib.n + 1);
    if (lib.n == 0)
        return hr_fail(err, HR_E_UNSUPPORTED, "the preloaded library is not made for this processor");
    int r = hr_mkdir(folder, true, err);
    if (r < 0)
        return r;
    hr_buf_printf(ret_path, "%s/preload-%016" PRIx64 ".so", folder, sum_of(lib));
    if (ret_path->failed)
        return hr_fail_nomem(err, ret_path->len, "a path");
    if (ret_path->data[0] != '/' || strpbrk(ret_path->data, " :$\t\n") != NULL) /* the dynamic linker parts a list there */
        return hr_fail(err, HR_E_UNSUPPORTED, "the path %s cannot stand in LD_PRELOAD", ret_path->data);
    bool there = hr_slurp(ret_path->data, &old, NULL) == 0 && hr_str_eq(hr_buf_str(&old), lib);
    hr_buf_fini(&old);
    return there ? 0 : hr_replace(ret_path->data, lib.p, lib.n, err);
}

/* --- the environment --- */

static const char *value_of(const char *const *envp, const char *name)
{
    size_t n = strlen(name);
    for (; *envp != NULL; envp++)
        if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
            return *envp + n + 1;
    return "";
}

static void leaf_names(struct hr_buf *b)
{
    size_t n;
    const struct hr_leaf_tool *t = hr_leaf_tools(&n);
    for (size_t i = 0; i < n; i++)
        hr_buf_printf(b, ":%s", t[i].name);
}

/* `names`: of the programs that knock, each behind a ':'. */
static const char **environment(const char *path, const char *door, const char *names, const char *const *envp)
{
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    const char *preload = value_of(envp, "LD_PRELOAD"), *asan = value_of(envp, "ASAN_OPTIONS");
    const char *line[4] = { NULL };
    size_t at[3];
    hr_buf_printf(&b, "LD_PRELOAD=%s%s%s", preload, preload[0] == 0 ? "" : ":", path);
    hr_buf_addc(&b, 0);
    at[0] = 0, at[1] = b.len;
    hr_buf_printf(&b, "HEADRACE_GATE=%s%s", door, names);
    hr_buf_addc(&b, 0);
    at[2] = b.len;
    /* A program of the build that is instrumented refuses to run behind another library otherwise. */
    hr_buf_printf(&b, "ASAN_OPTIONS=%s%sverify_asan_link_order=0", asan, asan[0] == 0 ? "" : ":");
    for (size_t i = 0; i < HR_COUNT(at); i++)
        line[i] = b.data + at[i];
    const char **made = b.failed ? NULL : hr_env_with(envp, line);
    hr_buf_fini(&b);
    return made;
}

/* --- the trial --- */

/* Somebody knocks and is let in, and the program ends as it would. */
static bool answers(const struct hr_keeper *k, int door)
{
    bool knocked = false;
    for (uint64_t end = hr_now() + TRIAL_NS; hr_now() < end;) {
        struct pollfd p[2] = { { k->socket, POLLIN, 0 }, { door, POLLIN, 0 } };
        int pid, status = 0;
        if (hr_poll(p, 2, 50) <= 0)
            continue;
        int visitor = p[1].revents != 0 ? hr_door_next(door, &pid) : -1;
        if (visitor >= 0) {
            knocked |= pid == k->command;
            hr_door_let(visitor);
        }
        enum hr_kept news = p[0].revents != 0 ? hr_keeper_news(k, &status) : HR_KEPT_NOTHING;
        if (news != HR_KEPT_NOTHING)
            return knocked && news == HR_KEPT_ENDED && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return false;
}

static int trial(const char *path, int door, const char *name, const char *const *envp, struct hr_error *err)
{
    static const char *const argv[] = { "true", NULL };
    HR_CLEANUP(hr_freep) const char **env = environment(path, name, ":true", envp);
    struct hr_keep keep = { .argv = argv, .envp = env, .out = -1, .err = -1 };
    struct hr_keeper k;
    if (env == NULL)
        return hr_fail_nomem(err, 4096, "the environment");
    int r = hr_keeper_start(&keep, &k, err);
    if (r < 0)
        return r;
    bool works = answers(&k, door);
    hr_keeper_abandon(&k);
    return works ? 0 : hr_fail(err, HR_E_UNSUPPORTED, "a preloaded library has no effect here");
}

int hr_preload_start(const char *folder, const char *const *envp, struct hr_preload *ret, struct hr_error *err)
{
    struct hr_buf path = HR_BUF_INIT(4096), names = HR_BUF_INIT(4096);
    char name[HR_DOOR_NAME_MAX];
    struct hr_preload made = { -1, NULL };
    int r = place(folder, &path, err);
    if (r == 0) {
        made.door = hr_door_open(name);
        if (made.door < 0)
            r = hr_fail_errno(err, -made.door, "no socket can be made");
    }
    if (r == 0)
        r = trial(path.data, made.door, name, envp, err);
    if (r == 0) {
        leaf_names(&names);
        made.envp = names.failed ? NULL : environment(path.data, name, names.data, envp);
        if (made.envp == NULL)
            r = hr_fail_nomem(err, 4096, "the environment");
    }
    hr_buf_fini(&path);
    hr_buf_fini(&names);
    if (r < 0)
        hr_preload_stop(&made);
    else
        *ret = made;
    return r;
}

void hr_preload_stop(struct hr_preload *p)
{
    hr_close(p->door < 0 ? -1 : p->door);
    hr_free(p->envp);
    *p = (struct hr_preload) { -1, NULL };
}

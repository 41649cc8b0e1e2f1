#include "build_place.h"

#include "clock.h"
#include "file.h"
#include "mem.h"

#include <stdio.h>
#include <time.h>

enum { LOGS_KEPT = 32 };

int hr_build_place(const struct hr_root *root, const char *variable, const char *below_home, const char *name, struct hr_buf *ret,
                 struct hr_error *err)
{
    if (hr_root_env(root, variable, ret) && ret->len != 0 && ret->data[0] == '/') {
        hr_buf_adds(ret, "/headrace/");
    } else {
        hr_buf_reset(ret);
        if (!hr_root_env(root, "HOME", ret) || ret->len == 0)
            return hr_fail(err, HR_E_NOT_FOUND, "neither HOME nor %s is set: there is nowhere to keep the log", variable);
        hr_buf_printf(ret, "/%s/headrace/", below_home);
    }
    hr_buf_adds(ret, name);
    return ret->failed ? hr_fail_nomem(err, ret->len, "a path") : 0;
}

/* The oldest logs go; their names sort by time. */
static void prune(const char *folder)
{
    struct hr_names names;
    if (hr_list(folder, &names, NULL) < 0)
        return;
    for (size_t i = 0; names.n > LOGS_KEPT && i < names.n - LOGS_KEPT; i++) {
        char *one = hr_join(folder, names.name[i]);
        if (one != NULL && hr_remove_tree(one, NULL) < 0)
            i = names.n; /* the next one tries again */
        hr_free(one);
    }
    hr_names_fini(&names);
}

int hr_new_log(const struct hr_root *root, const char *of, struct hr_buf *ret, struct hr_error *err)
{
    char name[48];
    struct tm tm;
    uint64_t wall = hr_wall();
    time_t s = (time_t)(wall / 1000000000);
    int r = hr_build_place(root, "XDG_STATE_HOME", ".local/state", of, ret, err);
    if (r < 0)
        return r;
    r = hr_mkdir(ret->data, true, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "no log can be kept (XDG_STATE_HOME may name another place)");
    prune(ret->data);
    gmtime_r(&s, &tm);
    snprintf(name, sizeof name, "/%04d%02d%02d-%02d%02d%02d-%06u", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, (unsigned)(wall / 1000 % 1000000));
    hr_buf_adds(ret, name);
    return ret->failed ? hr_fail_nomem(err, ret->len, "a path") : hr_mkdir(ret->data, false, err);
}

int hr_build_new_log(const struct hr_root *root, struct hr_buf *ret, struct hr_error *err)
{
    return hr_new_log(root, "build", ret, err);
}

#include "rlimits.h"

#include "parse.h"
#include "root_value.h"

#include <string.h>

static struct hr_figure limit(struct hr_str *line)
{
    struct hr_str word;
    uint64_t v;
    *line = hr_str_trim(*line);
    if (line->n != 0 && hr_str_cut(line, ' ', &word)) {
        if (hr_str_is(word, "unlimited"))
            return hr_figure_of(HR_UNLIMITED);
        if (hr_parse_u64(word, &v, NULL) == 0)
            return hr_figure_of(v);
    }
    return hr_figure_unknown("/proc/self/limits has another form than expected");
}

struct hr_rlimit hr_limits_parse(struct hr_str text, const char *name)
{
    struct hr_str line;
    while (hr_str_cut(&text, '\n', &line)) {
        if (!hr_str_starts(line, name))
            continue;
        struct hr_str rest = { line.p + strlen(name), line.n - strlen(name) };
        struct hr_rlimit r;
        r.soft = limit(&rest);
        r.hard = r.soft.known ? limit(&rest) : r.soft;
        return r;
    }
    struct hr_figure none = hr_figure_unknown("no \"%.40s\" in /proc/self/limits", name);
    return (struct hr_rlimit) { none, none };
}

void hr_limits_read(const struct hr_root *root, struct hr_limits *ret)
{
    struct {
        const char *name;
        struct hr_rlimit *to;
    } const rows[] = {
        { "Max locked memory", &ret->memlock }, { "Max open files", &ret->nofile },   { "Max processes", &ret->nproc },
        { "Max stack size", &ret->stack },      { "Max core file size", &ret->core },
    };
    struct {
        const char *path;
        struct hr_figure *to;
    } const files[] = {
        { "proc/sys/fs/inotify/max_user_watches", &ret->inotify_watches },
        { "proc/sys/fs/inotify/max_user_instances", &ret->inotify_instances },
        { "proc/sys/kernel/pid_max", &ret->pid_max },
        { "proc/sys/kernel/threads-max", &ret->threads_max },
        { "proc/sys/fs/file-max", &ret->file_max },
        { "proc/sys/fs/nr_open", &ret->nr_open },
    };
    struct hr_buf b = HR_BUF_INIT(65536);
    char why[HR_WHY_MAX];
    bool there = hr_root_text(root, "proc/self/limits", &b, why);
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        struct hr_figure none = hr_figure_unknown("%s", why);
        *rows[i].to = there ? hr_limits_parse(hr_buf_str(&b), rows[i].name) : (struct hr_rlimit) { none, none };
    }
    for (size_t i = 0; i < HR_COUNT(files); i++)
        *files[i].to = hr_root_figure(root, files[i].path);
    ret->core_pattern = hr_root_word(root, "proc/sys/kernel/core_pattern");
    hr_buf_fini(&b);
}

#include "procs.h"

#include "parse.h"
#include "root_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A command line that is larger than this is not looked at. */
enum { TEXT_MAX = 4 << 20 };

/* A whole word of a command line: "-l" in "nvidia-smi -l 1". */
static bool word(const char *command, const char *w)
{
    size_t n = strlen(w);
    for (const char *p = strstr(command, w); p != NULL; p = strstr(p + 1, w))
        if ((p == command || p[-1] == ' ') && (p[n] == 0 || p[n] == ' ' || p[n] == '='))
            return true;
    return false;
}

/* nvidia-smi as the program that runs, not as a word in an editor's arguments. */
bool hr_procs_polls(const char *command)
{
    const char *smi = strstr(command, "nvidia-smi");
    if (smi == NULL)
        return false;
    size_t first = strcspn(command, " ");
    const char *base = command + first;
    while (base > command && base[-1] != '/')
        base--;
    size_t n = (size_t)(command + first - base);
    if (n == 5 && strncmp(base, "watch", 5) == 0)
        return true;
    if (n == 10 && strncmp(base, "nvidia-smi", 10) == 0)
        return word(command, "-l") || word(command, "-lms") || word(command, "--loop") || word(command, "--loop-ms") ||
               word(command, "dmon") || word(command, "pmon") || strstr(command, " -l") != NULL;
    bool shell = (n == 2 && strncmp(base, "sh", 2) == 0) || (n == 4 && strncmp(base, "bash", 4) == 0) ||
                 (n == 3 && strncmp(base, "zsh", 3) == 0) || (n == 4 && strncmp(base, "dash", 4) == 0);
    return shell && strstr(command, "while ") != NULL;
}

bool hr_procs_trains(const char *command)
{
    static const char *const signs[] = { "torchrun", "torch.distributed", "accelerate launch", "deepspeed",
                                         "train",    "finetune",          "fine_tune",         "pretrain" };
    for (size_t i = 0; i < HR_COUNT(signs); i++)
        if (strstr(command, signs[i]) != NULL)
            return true;
    return false;
}

/* PyTorch names its workers from 2.5 on; started by spawn or forkserver they carry multiprocessing's own command line. */
bool hr_procs_loads(const char *name, const char *command)
{
    return strncmp(name, "pt_data_worker", 14) == 0 || strstr(command, "multiprocessing.spawn") != NULL ||
           strstr(command, "multiprocessing-fork") != NULL;
}

/* "123 (python3 (x)) S 45 …": the name is all between the first and the last bracket. */
static bool parse_stat(char *text, struct hr_proc *p)
{
    char *from = strchr(text, '('), *to = strrchr(text, ')');
    if (from == NULL || to == NULL || to < from || to[1] != ' ')
        return false;
    size_t n = HR_MIN((size_t)(to - from) - 1, sizeof p->name - 1);
    for (size_t i = 0; i < n; i++)
        p->name[i] = (unsigned char)from[1 + i] < ' ' || from[1 + i] == 0x7f ? '?' : from[1 + i];
    struct hr_str rest = hr_str(to + 2), one;
    int64_t tty = 0;
    for (int i = 3; i <= 7; i++) {
        if (!hr_str_cut(&rest, ' ', &one))
            return false;
        if ((i == 4 && hr_parse_u64(one, &p->parent, NULL) < 0) || (i == 7 && hr_parse_i64(one, &tty, NULL) < 0))
            return false;
    }
    p->terminal = tty != 0;
    return true;
}

static bool read_command(const struct hr_root *root, const char *pid, struct hr_buf *b)
{
    char path[64];
    hr_buf_reset(b);
    snprintf(path, sizeof path, "proc/%s/cmdline", pid);
    if (hr_root_read(root, path, b, NULL) < 0)
        return false;
    for (size_t i = 0; i < b->len; i++)
        if ((unsigned char)b->data[i] < ' ' || b->data[i] == 0x7f)
            b->data[i] = ' ';
    while (b->len != 0 && b->data[b->len - 1] == ' ')
        b->data[--b->len] = 0;
    return b->len != 0;
}

static bool worth_asking(const char *name)
{
    static const char *const names[] = { "python", "pt_",  "watch",    "nvidia-smi", "sh",       "bash",
                                         "zsh",    "dash", "torchrun", "accelerate", "deepspeed" };
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static struct hr_figure resident(const struct hr_root *root, uint64_t pid)
{
    char path[64];
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_figure f = { false, 0, "" };
    snprintf(path, sizeof path, "proc/%" PRIu64 "/status", pid);
    if (hr_root_text(root, path, &b, f.why))
        f = hr_text_figure(hr_buf_str(&b), ':', "VmRSS", path);
    hr_buf_fini(&b);
    return f;
}

static void show(const struct hr_root *root, struct hr_proc *list, uint64_t *n, const struct hr_proc *p,
                 const char *command)
{
    if (*n < HR_PROCS_SHOWN) {
        list[*n] = *p;
        list[*n].resident = resident(root, p->pid);
        snprintf(list[*n].command, sizeof list[*n].command, "%s", command);
    }
    ++*n;
}

/* Forked workers carry the trainer's own command line and are its children: they are loaders, not trainers. */
static bool is_child_of_trainer(const struct hr_procs *ps, const struct hr_proc *p, const char *command)
{
    for (uint64_t i = 0; i < HR_MIN(ps->trainers, (uint64_t)HR_PROCS_SHOWN); i++)
        if (ps->trainer[i].pid == p->parent &&
            strncmp(ps->trainer[i].command, command, sizeof ps->trainer[i].command - 1) == 0)
            return true;
    return false;
}

static void take(const struct hr_root *root, const char *pid, struct hr_buf *b, struct hr_procs *ps)
{
    struct hr_proc p = { 0 };
    char path[64];
    if (strlen(pid) > 10 || hr_parse_u64(hr_str(pid), &p.pid, NULL) < 0)
        return;
    hr_buf_reset(b);
    snprintf(path, sizeof path, "proc/%s/stat", pid);
    if (hr_root_read(root, path, b, NULL) < 0 || b->len == 0 || !parse_stat(b->data, &p))
        return;
    ps->seen++;
    ps->dockerd |= strcmp(p.name, "dockerd") == 0;
    if (!worth_asking(p.name) || !read_command(root, pid, b))
        return;
    bool python = strncmp(p.name, "python", 6) == 0 || strncmp(p.name, "pt_", 3) == 0;
    if (hr_procs_polls(b->data))
        show(root, ps->poller, &ps->pollers, &p, b->data);
    else if (hr_procs_loads(p.name, b->data) || (python && is_child_of_trainer(ps, &p, b->data)))
        ps->loaders++;
    else if (python && hr_procs_trains(b->data))
        show(root, ps->trainer, &ps->trainers, &p, b->data);
}

static int by_number(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t m = strlen(x), n = strlen(y);
    return m != n ? (m < n ? -1 : 1) : strcmp(x, y);
}

void hr_procs_read(const struct hr_root *root, struct hr_procs *ret)
{
    struct hr_names names;
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    size_t n = 0;
    memset(ret, 0, sizeof *ret);
    if (hr_root_list(root, "proc", &names, NULL) < 0) {
        ret->known = hr_truth_unknown("/proc cannot be listed");
        return;
    }
    ret->known = hr_truth_of(true);
    for (size_t i = 0; i < names.n; i++) /* the numbers to the front; a number's string has only digits */
        if (names.name[i][0] >= '0' && names.name[i][0] <= '9') {
            char *t = names.name[n];
            names.name[n++] = names.name[i];
            names.name[i] = t;
        }
    qsort(names.name, n, sizeof *names.name, by_number);
    ret->cut = n > HR_PROCS_MAX;
    for (size_t i = 0; i < HR_MIN(n, (size_t)HR_PROCS_MAX); i++)
        take(root, names.name[i], &b, ret);
    hr_names_fini(&names);
    hr_buf_fini(&b);
}

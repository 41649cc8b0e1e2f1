/* Which file, what stands in it, and what is known of the PC. */
#include "wslconfig_job.h"

#include "cpu.h"
#include "effective.h"
#include "utf8.h"
#include "wrap.h"
#include "wslinfo.h"

#include <stdio.h>
#include <string.h>

enum { LABEL = 8 };

/* A text that could not be gathered whole fails the output: half a sentence is no answer. */
static void print_whole(struct hr_cli *cli, const struct hr_buf *text, bool failed)
{
    if (text->failed || failed)
        cli->out.failed = true;
    hr_print_bytes(cli, text->data, text->len);
}

void wslconfig_labelled_at(struct hr_cli *cli, unsigned column, const char *label, const char *text)
{
    struct hr_buf line = HR_BUF_INIT(1 << 20), clean = HR_BUF_INIT(1 << 20);
    hr_utf8_show(&clean, hr_str(text));
    hr_buf_printf(&line, "  %-*s", (int)column - 2, label);
    hr_wrap(&line, hr_buf_str(&clean), column, column, cli->width);
    hr_buf_addc(&line, '\n');
    print_whole(cli, &line, clean.failed);
    hr_buf_fini(&line);
    hr_buf_fini(&clean);
}

void wslconfig_labelled(struct hr_cli *cli, const char *label, const char *text)
{
    wslconfig_labelled_at(cli, LABEL, label, text);
}

void wslconfig_filled(struct hr_cli *cli, const char *text)
{
    struct hr_buf line = HR_BUF_INIT(1 << 20), clean = HR_BUF_INIT(1 << 20);
    hr_utf8_show(&clean, hr_str(text));
    hr_wrap(&line, hr_buf_str(&clean), 0, 2, cli->width);
    hr_buf_addc(&line, '\n');
    print_whole(cli, &line, clean.failed);
    hr_buf_fini(&line);
    hr_buf_fini(&clean);
}

void wslconfig_verbatim(struct hr_cli *cli, const char *before, const char *text)
{
    struct hr_str rest = hr_str(text), line;
    while (hr_str_cut(&rest, '\n', &line)) {
        struct hr_buf clean = HR_BUF_INIT(1 << 20), out = HR_BUF_INIT(1 << 20);
        struct hr_str all, c;
        size_t columns = strlen(before);
        while (line.n != 0 && line.p[line.n - 1] == '\r')
            line.n--;
        hr_utf8_show(&clean, line);
        hr_buf_adds(&out, before);
        for (all = hr_buf_str(&clean); all.n != 0;) {
            c = all;
            columns += (size_t)hr_utf8_width(hr_utf8_next(&all, NULL));
            if (columns >= cli->width && all.n != 0) {
                hr_buf_adds(&out, "\xE2\x80\xA6");
                break;
            }
            hr_buf_add(&out, c.p, c.n - all.n);
        }
        hr_buf_addc(&out, '\n');
        print_whole(cli, &out, clean.failed);
        hr_buf_fini(&clean);
        hr_buf_fini(&out);
    }
}

/* --- the file --- */

static bool named_conf(const char *path)
{
    return strcmp(hr_base_name(path), "wsl.conf") == 0;
}

/* The place below --root, on this machine.  A link is followed, so that it stays a link. */
static int place(struct wslconfig_job *j, const char *inside, struct hr_error *err)
{
    const char *top = j->cli->common->root;
    struct hr_buf real = HR_BUF_INIT(4096);
    struct hr_root_stat st;
    int n = snprintf(j->path, sizeof j->path, "%s/%s", top != NULL && !hr_root_is_live(j->root) ? top : "", inside);
    if (hr_root_is_live(j->root) && hr_root_stat(j->root, inside, false, &st, NULL) == 0 && st.link &&
        hr_root_real(j->root, inside, &real, NULL) == 0)
        n = snprintf(j->path, sizeof j->path, "%s", real.data);
    hr_buf_fini(&real);
    if (n < 0 || (size_t)n >= sizeof j->path)
        return hr_fail(err, HR_E_LIMIT, "the path of '%s' is too long", inside);
    return 0;
}

/* The profile that Windows itself names, where it answers. */
static bool ask_windows_user(const struct wslconfig_job *j, char *user, size_t room)
{
    struct hr_cpu cpu;
    struct hr_vm vm;
    struct hr_mounts mounts;
    struct hr_windows w;
    hr_cpu_read(j->root, &cpu);
    hr_vm_read(j->root, &cpu.hypervisor, &vm);
    if (!hr_vm_is_wsl(&vm))
        return false;
    hr_mounts_read(j->root, true, &mounts);
    hr_windows_read(j->root, &vm, &mounts, &w);
    hr_mounts_fini(&mounts);
    const char *last = w.profile.known ? strrchr(w.profile.v, '\\') : NULL;
    if (last == NULL)
        return false;
    snprintf(user, room, "%s", last + 1);
    return true;
}

static int find(struct wslconfig_job *j, struct hr_error *err)
{
    const struct wslconfig_args *a = j->a;
    struct hr_wsl_profile p;
    char user[128];
    const char *named = a->file != NULL                                  ? a->file
                        : a->action == WSLCONFIG_LINT && a->words.n == 1 ? a->words.item[0]
                                                                         : NULL;
    if (named != NULL) {
        j->kind = a->distro || named_conf(named) ? HR_WSL_WSLCONF : HR_WSL_WSLCONFIG;
        snprintf(j->shown, sizeof j->shown, "%s", named);
        int n = snprintf(j->path, sizeof j->path, "%s", named);
        return n < 0 || (size_t)n >= sizeof j->path ? hr_fail(err, HR_E_LIMIT, "the path '%s' is too long", named) : 0;
    }
    if (a->distro) {
        j->kind = HR_WSL_WSLCONF;
        snprintf(j->shown, sizeof j->shown, "/etc/wsl.conf");
        return place(j, "etc/wsl.conf", err);
    }
    int r = hr_wslconfig_find(j->root, a->user, &p, err);
    if (r == HR_E_NOT_FOUND && a->user == NULL && ask_windows_user(j, user, sizeof user) &&
        hr_wslconfig_find(j->root, user, &p, NULL) == 0)
        r = 0;
    if (r < 0)
        return r;
    snprintf(j->shown, sizeof j->shown, "%s", p.windows_path);
    return place(j, p.path, err);
}

int wslconfig_open(struct wslconfig_job *j, struct hr_cli *cli, const struct wslconfig_args *a, bool must_exist,
                   struct hr_error *err)
{
    j->cli = cli;
    j->a = a;
    j->text = HR_BUF_INIT((size_t)HR_WSL_SIZE_MAX + 1);
    j->kind = a->distro ? HR_WSL_WSLCONF : HR_WSL_WSLCONFIG;
    hr_wsl_host_init(&j->host, "not asked");
    int r = hr_root_open(cli->common->root, &j->root, err);
    if (r < 0)
        return r;
    j->is_wsl = hr_effective_here(j->root);
    if (hr_wsl_drives_read(j->root, &j->drives, NULL) < 0)
        j->drives.n = 0;
    if (a->action == WSLCONFIG_EXPLAIN || a->action == WSLCONFIG_SUGGEST)
        return 0;
    r = find(j, err);
    if (r < 0)
        return r;
    j->exists = hr_path_kind(j->path) != HR_KIND_NONE;
    if (j->exists)
        r = hr_slurp(j->path, &j->text, err);
    else if (must_exist)
        r = hr_fail(err, HR_E_NOT_FOUND,
                    "there is no '%s': WSL uses its defaults; 'headrace wslconfig suggest' has better ones", j->shown);
    if (r == 0)
        r = hr_wsl_conf_parse(&j->conf, j->kind, hr_buf_str(&j->text), j->shown, err);
    return r;
}

void wslconfig_close(struct wslconfig_job *j)
{
    hr_wsl_conf_fini(&j->conf);
    hr_buf_fini(&j->text);
    hr_root_close(j->root);
}

/* --- the PC --- */

static struct hr_truth file_there(void *ctx, const char *windows_path)
{
    const struct wslconfig_job *j = ctx;
    char here[600];
    if (!hr_wsl_path_here(&j->drives, windows_path, here, sizeof here))
        return hr_truth_unknown("its drive is not mounted here");
    return hr_truth_of(hr_root_exists(j->root, here));
}

static void ask_windows(struct wslconfig_job *j)
{
    struct hr_cpu cpu;
    struct hr_vm vm;
    struct hr_mounts mounts;
    struct hr_windows w;
    struct hr_wslinfo info;
    hr_cpu_read(j->root, &cpu);
    hr_vm_read(j->root, &cpu.hypervisor, &vm);
    hr_mounts_read(j->root, hr_vm_is_wsl(&vm), &mounts);
    hr_wslinfo_read(j->root, &vm, &info);
    hr_windows_read(j->root, &vm, &mounts, &w);
    hr_mounts_fini(&mounts);
    j->host.ram = w.memory;
    j->host.cpus = w.cpus;
    if (info.version.known)
        j->host.wsl = hr_wsl_version_of(hr_str(info.version.v));
    if (w.version.known && w.numbers.n >= 3)
        j->host.windows = hr_figure_of(w.numbers.part[2]);
}

void wslconfig_ask_pc(struct wslconfig_job *j)
{
    struct hr_buf machine = HR_BUF_INIT(256);
    if (j->is_wsl && j->kind == HR_WSL_WSLCONFIG) {
        ask_windows(j);
        j->host.there = file_there;
        j->host.ctx = j;
        if (hr_root_machine(j->root, &machine, NULL) == 0)
            j->host.arm64 = hr_truth_of(strcmp(machine.data, "aarch64") == 0);
    }
    if (j->a->ram != 0)
        j->host.ram = hr_figure_of(j->a->ram);
    if (j->a->cores != 0)
        j->host.cpus = hr_figure_of(j->a->cores);
    hr_buf_fini(&machine);
}

const char *wslconfig_same(const struct wslconfig_job *j, char to[640])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    const char *file = j->a->file, *distro = j->kind == HR_WSL_WSLCONF ? " --distro" : "";
    if (file == NULL)
        snprintf(to, 640, "%s", distro);
    else /* a name that a shell would take apart is left to its owner */
        snprintf(to, 640, "%s --file %.600s", distro, file[strspn(file, plain)] == 0 ? file : "FILE");
    return to;
}

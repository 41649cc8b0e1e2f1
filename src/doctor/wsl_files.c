#include "wsl_files.h"

#include "wslconfig_file.h"

#include <stdio.h>
#include <string.h>

static struct hr_truth parse(enum hr_wsl_file file, const struct hr_vm *vm, const struct hr_wslinfo *info,
                             struct hr_wsl_read *r)
{
    struct hr_error err = HR_ERROR_INIT;
    hr_wsl_host_init(&r->host, "the doctor does not ask Windows for it");
    if (info->version.known)
        r->host.wsl = hr_wsl_version_of(hr_str(info->version.v));
    (void)vm;
    if (hr_wsl_conf_parse(&r->conf, file, hr_buf_str(&r->bytes), r->name, &err) < 0)
        return hr_truth_unknown("%.90s", err.text);
    if (hr_wsl_lint(&r->conf, &r->host, &r->report, &err) < 0) {
        hr_wsl_conf_fini(&r->conf);
        return hr_truth_unknown("%.90s", err.text);
    }
    return hr_truth_of(true);
}

/* Where the file is; true: it is known, and `path` is for the root handle. */
static bool find(const struct hr_root *root, enum hr_wsl_file file, struct hr_wsl_read *r, char *path, size_t room)
{
    struct hr_wsl_profile p;
    struct hr_error err = HR_ERROR_INIT;
    if (file == HR_WSL_WSLCONF) {
        snprintf(path, room, "etc/wsl.conf");
        snprintf(r->name, sizeof r->name, "/etc/wsl.conf");
        r->there = hr_truth_of(hr_root_exists(root, path));
        return true;
    }
    if (hr_wslconfig_find(root, NULL, &p, &err) < 0) {
        r->there = hr_truth_unknown("%.90s", err.text);
        return false;
    }
    snprintf(path, room, "%s", p.path);
    snprintf(r->name, sizeof r->name, "%s", p.windows_path);
    r->there = hr_truth_of(p.exists);
    return true;
}

void hr_wsl_file_read(const struct hr_root *root, enum hr_wsl_file file, const struct hr_vm *vm,
                      const struct hr_wslinfo *info, struct hr_wsl_read *ret)
{
    char path[400];
    struct hr_error err = HR_ERROR_INIT;
    memset(ret, 0, sizeof *ret);
    ret->bytes = HR_BUF_INIT(HR_WSL_SIZE_MAX);
    if (!hr_vm_is_wsl(vm) || !vm->distribution.known || !vm->distribution.v) {
        ret->there = hr_truth_unknown(hr_vm_is_wsl(vm) ? "a container inside WSL does not see it" : "this is not WSL");
        return;
    }
    if (!find(root, file, ret, path, sizeof path) || !ret->there.v)
        return;
    snprintf(ret->path, sizeof ret->path, "/%s", path);
    if (hr_root_read(root, path, &ret->bytes, &err) < 0)
        ret->there = hr_truth_unknown("%.90s", err.text);
    else
        ret->there = parse(file, vm, info, ret);
}

void hr_wsl_file_fini(struct hr_wsl_read *r)
{
    if (r->there.known && r->there.v) {
        hr_wsl_report_fini(&r->report);
        hr_wsl_conf_fini(&r->conf);
    }
    hr_buf_fini(&r->bytes);
}

const struct hr_wsl_entry *hr_wsl_file_line(const struct hr_wsl_read *r, const char *name)
{
    if (!r->there.known || !r->there.v)
        return NULL;
    for (uint32_t i = 0; i < r->conf.entries; i++)
        if (hr_wsl_same_word(hr_str(r->conf.entry[i]->name), hr_str(name)))
            return r->conf.entry[i];
    return NULL;
}

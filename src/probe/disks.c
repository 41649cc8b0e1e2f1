#include "disks.h"

#include "memory.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

const char *hr_disk_kind_name(enum hr_disk_kind k)
{
    static const char *const name[] = { "NVMe", "SSD", "rotating disk", "virtual disk", "stacked volume", "disk" };
    return name[k];
}

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static enum hr_disk_kind kind_of(const struct hr_disk *d, bool virtual_machine)
{
    if (starts(d->name, "dm-") || starts(d->name, "md"))
        return HR_DISK_STACKED;
    if (starts(d->name, "vd") || starts(d->name, "xvd") || starts(d->name, "pmem") ||
        (d->model.known && (strstr(d->model.v, "Virtual") != NULL || strstr(d->model.v, "QEMU") != NULL)) ||
        (virtual_machine && !starts(d->name, "nvme")))
        return HR_DISK_VIRTUAL;
    if (starts(d->name, "nvme"))
        return HR_DISK_NVME;
    return !d->rotational.known ? HR_DISK_OTHER : d->rotational.v ? HR_DISK_ROTATING : HR_DISK_SSD;
}

static struct hr_figure times(struct hr_figure f, uint64_t unit)
{
    return !f.known                  ? f
           : f.v > UINT64_MAX / unit ? hr_figure_unknown("the kernel's figure is too large")
                                     : hr_figure_of(f.v * unit);
}

static void read_disk(const struct hr_root *root, const char *name, bool virtual_machine, struct hr_disk *d)
{
    char path[128];
    struct hr_buf b = HR_BUF_INIT(4096);
    memset(d, 0, sizeof *d);
    snprintf(d->name, sizeof d->name, "%s", name);
    snprintf(path, sizeof path, "sys/block/%s/size", d->name);
    d->size = times(hr_root_figure(root, path), 512);
    snprintf(path, sizeof path, "sys/block/%s/queue/rotational", d->name);
    struct hr_figure f = hr_root_figure(root, path);
    d->rotational = f.known ? hr_truth_of(f.v != 0) : hr_truth_unknown("%s", f.why);
    snprintf(path, sizeof path, "sys/block/%s/queue/read_ahead_kb", d->name);
    d->read_ahead = times(hr_root_figure(root, path), 1024);
    snprintf(path, sizeof path, "sys/block/%s/queue/nr_requests", d->name);
    d->requests = hr_root_figure(root, path);
    snprintf(path, sizeof path, "sys/block/%s/device/model", d->name);
    d->model = hr_root_word(root, path);
    snprintf(path, sizeof path, "sys/block/%s/queue/scheduler", d->name);
    d->scheduler = hr_word_unknown("/%.80s cannot be read", path);
    if (hr_root_read(root, path, &b, NULL) == 0)
        d->scheduler = hr_ram_chosen(hr_buf_str(&b));
    d->kind = kind_of(d, virtual_machine);
    hr_buf_fini(&b);
}

static void read_errors(const struct hr_root *root, struct hr_disks *d)
{
    struct hr_names names;
    char path[320];
    d->ext4_errors = hr_figure_unknown("there is no /sys/fs/ext4");
    d->ext4_device = hr_word_unknown("no ext4 file system tells errors");
    if (hr_root_list(root, "sys/fs/ext4", &names, NULL) < 0)
        return;
    for (size_t i = 0; i < names.n && i < 256; i++) {
        if (strcmp(names.name[i], "features") == 0 || strlen(names.name[i]) > 255)
            continue;
        snprintf(path, sizeof path, "sys/fs/ext4/%s/errors_count", names.name[i]);
        struct hr_figure f = hr_root_figure(root, path);
        if (!f.known)
            continue;
        if (f.v != 0 && !d->ext4_device.known)
            d->ext4_device = hr_word_clean(hr_str(names.name[i]));
        d->ext4_errors =
            hr_figure_of((d->ext4_errors.known ? d->ext4_errors.v : 0) + HR_MIN(f.v, (uint64_t)UINT32_MAX));
    }
    hr_names_fini(&names);
}

void hr_disks_read(const struct hr_root *root, bool virtual_machine, struct hr_disks *ret)
{
    static const char *const skipped[] = { "loop", "ram", "zram", "sr", "fd", "nbd" };
    struct hr_names names = { NULL, 0 };
    memset(ret, 0, sizeof *ret);
    read_errors(root, ret);
    if (hr_root_list(root, "sys/block", &names, NULL) < 0) {
        ret->known = hr_truth_unknown("/sys/block cannot be read");
        return;
    }
    ret->known = hr_truth_of(true);
    for (size_t i = 0; i < names.n; i++) {
        bool skip = strlen(names.name[i]) >= sizeof ret->disk[0].name;
        for (size_t k = 0; k < HR_COUNT(skipped); k++)
            skip |= starts(names.name[i], skipped[k]);
        if (skip)
            continue;
        if (ret->n == HR_DISKS_MAX) {
            ret->cut = true;
            break;
        }
        read_disk(root, names.name[i], virtual_machine, &ret->disk[ret->n++]);
    }
    hr_names_fini(&names);
}

/* /sys/dev/block/259:2 links to ../../devices/pci0000:00/…/nvme0n1/nvme0n1p2: a partition's folder lies in its disk's. */
const struct hr_disk *hr_disks_below(const struct hr_root *root, const struct hr_disks *d, const struct hr_mount *m)
{
    char path[64];
    const struct hr_disk *best = NULL;
    struct hr_buf b = HR_BUF_INIT(4096);
    if (m == NULL || m->major == 0)
        return NULL;
    snprintf(path, sizeof path, "sys/dev/block/%u:%u", m->major, m->minor);
    if (hr_root_readlink(root, path, &b, NULL) == 0) {
        struct hr_str rest = hr_buf_str(&b), one;
        while (best == NULL && hr_str_cut(&rest, '/', &one))
            for (size_t i = 0; i < d->n && best == NULL; i++)
                best = hr_str_is(one, d->disk[i].name) ? &d->disk[i] : NULL;
    }
    hr_buf_fini(&b);
    return best;
}

void hr_space_read(const struct hr_root *root, const char *path, struct hr_space *ret)
{
    struct hr_root_fs fs;
    int r = hr_root_statfs(root, path, &fs, NULL);
    if (r < 0 || fs.total == 0) {
        struct hr_figure none = r < 0 ? hr_figure_unknown("the free space at %.60s cannot be had", path)
                                      : hr_figure_unknown("%.60s tells no size", path);
        *ret = (struct hr_space) { none, none, none, none };
        return;
    }
    struct hr_figure none = hr_figure_unknown("this file system does not count inodes");
    *ret = (struct hr_space) { hr_figure_of(fs.total), hr_figure_of(fs.available),
                               fs.files != 0 ? hr_figure_of(fs.files) : none,
                               fs.files != 0 ? hr_figure_of(fs.files_free) : none };
}

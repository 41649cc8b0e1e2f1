/* Block devices, and how full and how healthy the file systems are that training writes to. */
#ifndef HR_DISKS_H
#define HR_DISKS_H

#include "known.h"
#include "mounts.h"
#include "root.h"

enum { HR_DISKS_MAX = 64 };

enum hr_disk_kind {
    HR_DISK_NVME,
    HR_DISK_SSD,
    HR_DISK_ROTATING,
    HR_DISK_VIRTUAL, /* a file or a volume of a host: what is below it cannot be seen, and "rotational" means nothing */
    HR_DISK_STACKED, /* device mapper, md: made of others */
    HR_DISK_OTHER,
};
const char *hr_disk_kind_name(enum hr_disk_kind k);

struct hr_disk {
    char name[32]; /* "nvme0n1" */
    enum hr_disk_kind kind;
    struct hr_figure size;       /* bytes */
    struct hr_figure read_ahead; /* bytes */
    struct hr_figure requests;   /* queue/nr_requests */
    struct hr_truth rotational;
    struct hr_word model, scheduler;
};

/* A file system's room. */
struct hr_space {
    struct hr_figure total, available, files, files_free;
};

struct hr_disks {
    struct hr_truth known;
    struct hr_disk disk[HR_DISKS_MAX];
    size_t n;
    bool cut;
    struct hr_figure ext4_errors; /* summed over all ext4 file systems of this kernel */
    struct hr_word ext4_device;   /* the first that has any */
};

/* `virtual_machine`: every disk without another name is virtual. */
void hr_disks_read(const struct hr_root *root, bool virtual_machine, struct hr_disks *ret);
/* The whole disk below a mount; NULL where it is on none, or none that is known. */
const struct hr_disk *hr_disks_below(const struct hr_root *root, const struct hr_disks *d, const struct hr_mount *m);
/* One statfs. */
void hr_space_read(const struct hr_root *root, const char *path, struct hr_space *ret);

#endif

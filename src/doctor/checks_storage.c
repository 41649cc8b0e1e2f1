/* Disks and file systems: room, health, and whether what training reads lies on a Windows drive or a network. */
#include "check_parts.h"
#include "human.h"
#include "json_small.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)

static void room(struct hr_finding *f, const char *what, const struct hr_space *s, uint64_t warn, uint64_t bad)
{
    if (!hr_check_known(f, s->available.known, s->available.why))
        return;
    struct hr_human left = hr_human_bytes(s->available.v), total = hr_human_bytes(s->total.v);
    hr_find(f,
            s->available.v < bad    ? HR_BAD
            : s->available.v < warn ? HR_WARN
                                    : HR_GOOD,
            "%s has %s free of %s", what, left.text, total.text);
}

static void root_room(struct hr_facts *facts, struct hr_finding *f)
{
    struct hr_space s;
    hr_facts_space(facts, "/", &s);
    bool container = hr_facts_container(facts)->kind != HR_CONTAINER_NONE; /* what it writes should go to a volume */
    room(f, "/", &s, container ? 5 * GIB : 20 * GIB, container ? 0 : 2 * GIB);
    if (f->verdict >= HR_WARN) {
        hr_fix(f, "du -xh --max-depth=2 ~ /var 2>/dev/null | sort -h | tail -n 15   # what is large");
        hr_fix(f, "huggingface-cli delete-cache; pip cache purge; conda clean -a   # what can be downloaded again");
    }
    if (f->verdict >= HR_GOOD && hr_facts_vm(facts)->kind == HR_VM_WSL2)
        hr_seen(f, "/ is a file on a Windows drive: the room there is the real limit (storage-windows-room)");
}

/* The drive that holds the virtual disks unless they were moved: the one that Windows' own folder is on. */
static const struct hr_mount *windows_drive(struct hr_facts *facts)
{
    const struct hr_mounts *m = hr_facts_mounts(facts);
    const struct hr_mount *first = NULL;
    for (size_t i = 0; i < m->n; i++) {
        const struct hr_mount *on = &m->mount[i];
        if (on->place != HR_PLACE_WINDOWS)
            continue;
        if (on->windows != NULL && (on->windows[0] == 'C' || on->windows[0] == 'c'))
            return on;
        first = first == NULL ? on : first;
    }
    return first;
}

static void windows_room(struct hr_facts *facts, struct hr_finding *f)
{
    struct hr_space s;
    char what[HR_WORD_MAX];
    if (!hr_check_wsl2(facts, f))
        return;
    const struct hr_mount *on = windows_drive(facts);
    if (on == NULL) {
        hr_find(f, HR_UNKNOWN, "no Windows drive is mounted here, so the room for the virtual disk cannot be seen");
        return;
    }
    hr_facts_space(facts, on->at, &s);
    snprintf(what, sizeof what, "the Windows drive %.20s", on->windows != NULL ? on->windows : on->at);
    room(f, what, &s, 30 * GIB, 5 * GIB);
    struct hr_space root;
    hr_facts_space(facts, "/", &root);
    if (s.available.known && root.available.known && root.available.v > s.available.v) {
        struct hr_human shown = hr_human_bytes(root.available.v), real = hr_human_bytes(s.available.v);
        hr_seen(f, "df / shows %s free; %s of them have room on the drive", shown.text, real.text);
    }
    if (f->verdict >= HR_WARN) {
        hr_fix(f, "# files removed in WSL do not shrink its disk file; after removing them, in PowerShell:");
        hr_fix(f, "wsl --shutdown");
        hr_fix(f, "Optimize-VHD -Path <folder of the distribution>\\ext4.vhdx -Mode Full   # needs Hyper-V's tools; "
                  "else diskpart, compact vdisk");
    }
}

static void inodes(struct hr_facts *facts, struct hr_finding *f)
{
    struct hr_space s;
    hr_facts_space(facts, "/", &s);
    if (!hr_check_known(f, s.available.known, s.available.why))
        return;
    if (!s.files.known) {
        hr_find(f, HR_NOT_HERE, "%s", s.files.why);
        return;
    }
    struct hr_human left = hr_human_count(s.files_free.v), total = hr_human_count(s.files.v);
    hr_find(f, s.files_free.v < s.files.v / 20 ? HR_WARN : HR_GOOD, "/ has room for %s more files (of %s)", left.text,
            total.text);
    if (f->verdict == HR_WARN)
        hr_fix(f, "# pack datasets of many small files:  headrace pack …");
}

static void read_only(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_mounts *m = hr_facts_mounts(facts);
    const struct hr_mount *on = hr_mounts_holding(m, "/");
    if (!hr_check_known(f, m->known, m->why) || !hr_check_known(f, on != NULL, "no mount of / is listed"))
        return;
    if (!on->read_only) {
        hr_find(f, HR_GOOD, "/ can be written to");
        return;
    }
    hr_seen(f, "/proc/self/mountinfo: %s on %s %s %s", on->source, on->at, on->type, on->options);
    if (hr_facts_container(facts)->kind != HR_CONTAINER_NONE) {
        hr_find(f, HR_NOTE, "this container's / is read-only: caches and checkpoints need a volume");
        return;
    }
    hr_check_log(facts, f, HR_LOG_FS_READ_ONLY);
    hr_find(f, HR_BAD, "/ is mounted read-only: after an error the kernel has stopped writing to it");
    hr_fix(f, hr_facts_vm(facts)->kind == HR_VM_WSL2 ? "wsl --shutdown   # in PowerShell; then, from another "
                                                       "distribution: e2fsck -f /dev/sdX (wsl --mount --vhd … --bare)"
                                                     : "# boot a rescue system and run: e2fsck -f <device>");
}

static void fs_errors(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_disks *d = hr_facts_disks(facts);
    bool logged = hr_check_log(facts, f, HR_LOG_FS_ERROR), io = hr_check_log(facts, f, HR_LOG_IO_ERROR);
    if (d->ext4_errors.known && d->ext4_errors.v != 0) {
        hr_seen(f, "/sys/fs/ext4/%s/errors_count: %" PRIu64, d->ext4_device.v, d->ext4_errors.v);
        hr_find(f, HR_BAD, "the file system on %s has recorded %" PRIu64 " errors", d->ext4_device.v, d->ext4_errors.v);
        hr_fix(f, "# save what matters, then check it while it is not mounted: e2fsck -f /dev/%s", d->ext4_device.v);
    } else if (io) {
        hr_find(f, HR_BAD, "a disk could not be read or written");
        hr_fix(f, "sudo smartctl -a /dev/DISK   # is it failing?");
    } else if (logged) {
        hr_find(f, HR_WARN, "the kernel's log tells of an error in a file system");
    } else if (hr_check_known(f, d->ext4_errors.known || hr_facts_kernel_log(facts)->known.known, d->ext4_errors.why)) {
        hr_find(f, HR_GOOD, "no file system or disk has recorded errors");
    }
}

static void rotating(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_disks *d = hr_facts_disks(facts);
    struct hr_word home = hr_check_env(facts, "HOME");
    const char *at = home.known && home.v[0] == '/' ? home.v : "/";
    const struct hr_mount *on = hr_mounts_holding(hr_facts_mounts(facts), at);
    const struct hr_disk *below = hr_disks_below(hr_facts_root(facts), d, on);
    if (below == NULL || below->kind == HR_DISK_VIRTUAL || below->kind == HR_DISK_STACKED) {
        hr_find(f, HR_NOT_HERE,
                below == NULL ? "the disk below the home folder cannot be told"
                              : "the disk below is a host's or made of others");
        return;
    }
    hr_seen(f, "%s lies on %s (%s)", at, below->name, hr_disk_kind_name(below->kind));
    if (below->kind == HR_DISK_ROTATING) {
        hr_find(f, HR_WARN, "the home folder lies on a rotating disk: random reads of samples take milliseconds each");
        hr_fix(f, "# keep packed datasets and read them in order:  headrace pack …, headrace order …; or move them to "
                  "an SSD");
    } else {
        hr_find(f, HR_GOOD, "the home folder lies on %s %s", hr_disk_kind_name(below->kind), below->name);
    }
}

static void read_ahead(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_disks *d = hr_facts_disks(facts);
    const struct hr_disk *worst = NULL;
    if (!hr_check_known(f, d->known.known, d->known.why))
        return;
    for (size_t i = 0; i < d->n; i++)
        if (d->disk[i].read_ahead.known && d->disk[i].size.known && d->disk[i].size.v != 0 &&
            (worst == NULL || d->disk[i].read_ahead.v > worst->read_ahead.v))
            worst = &d->disk[i];
    if (worst == NULL || worst->read_ahead.v <= UINT64_C(1) << 20) {
        hr_find(f, HR_GOOD, "no disk reads more than 1 MiB ahead");
        return;
    }
    hr_seen(f, "/sys/block/%s/queue/read_ahead_kb: %" PRIu64, worst->name, worst->read_ahead.v / 1024);
    hr_find(f, HR_NOTE, "%s reads %s ahead: files that are mapped and read at random are read many times over",
            worst->name, hr_human_bytes(worst->read_ahead.v).text);
    hr_fix(f, "echo 128 | sudo tee /sys/block/%s/queue/read_ahead_kb   # until the next start", worst->name);
    hr_undo(f, "echo %" PRIu64 " | sudo tee /sys/block/%s/queue/read_ahead_kb", worst->read_ahead.v / 1024,
            worst->name);
}

/* --- where things lie --- */

/* An absolute path without links; the path itself where that cannot be had (it may not be there yet). */
static struct hr_word real_path(struct hr_facts *facts, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_word w =
        hr_root_real(hr_facts_root(facts), path, &b, NULL) == 0 ? hr_word_of(hr_buf_str(&b)) : hr_word_of(hr_str(path));
    hr_buf_fini(&b);
    return w;
}

/* One variable and the folder that it names. */
static enum hr_verdict judge_place(struct hr_facts *facts, struct hr_finding *f, const char *what, const char *path)
{
    struct hr_word real = real_path(facts, path);
    const struct hr_mount *on = hr_mounts_holding(hr_facts_mounts(facts), real.v);
    if (on == NULL)
        return HR_UNKNOWN;
    if (on->place != HR_PLACE_WINDOWS && on->place != HR_PLACE_NETWORK && on->place != HR_PLACE_FUSE)
        return HR_GOOD;
    struct hr_word windows = hr_mounts_windows_path(hr_facts_mounts(facts), real.v);
    hr_seen(f, "%s: %s lies on %s (%s%s%s)", what, real.v, on->type, hr_place_name(on->place),
            windows.known ? ", " : "", windows.known ? windows.v : "");
    return on->place == HR_PLACE_WINDOWS ? HR_WARN : HR_NOTE;
}

static enum hr_verdict worse(enum hr_verdict a, enum hr_verdict b)
{
    return a > b ? a : b;
}

static void model_caches(struct hr_facts *facts, struct hr_finding *f)
{
    static const char *const names[] = { "HF_HOME",    "HF_HUB_CACHE",   "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE",
                                         "TORCH_HOME", "XDG_CACHE_HOME", "TRITON_CACHE_DIR" };
    enum hr_verdict worst = HR_UNKNOWN;
    char path[HR_WORD_MAX + 32];
    struct hr_word home = hr_check_env(facts, "HOME");
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        struct hr_word v = hr_check_env(facts, names[i]);
        if (v.known)
            worst = worse(worst, judge_place(facts, f, names[i], v.v));
    }
    if (home.known) {
        snprintf(path, sizeof path, "%s/.cache/huggingface", home.v);
        worst = worse(worst, judge_place(facts, f, "the default", path));
    }
    if (worst == HR_WARN) {
        hr_find(f, HR_WARN, "models or datasets are cached on a Windows drive");
        hr_fix(f, "mkdir -p ~/.cache/huggingface && export HF_HOME=~/.cache/huggingface   # in ~/.bashrc; then move "
                  "the files");
        hr_undo(f, "# take the line out of ~/.bashrc");
    } else if (worst == HR_NOTE) {
        hr_find(f, HR_NOTE,
                "models or datasets are cached on a network or FUSE file system: mapping weights from there is slow");
    } else if (worst == HR_GOOD) {
        hr_find(f, HR_GOOD, "the caches of models and datasets lie on no Windows drive and no network");
    } else {
        hr_find(f, HR_UNKNOWN, "HOME is not set, or its file system cannot be told");
    }
}

static void temporary(struct hr_facts *facts, struct hr_finding *f)
{
    struct hr_word v = hr_check_env(facts, "TMPDIR"), real = real_path(facts, v.known ? v.v : "/tmp");
    const struct hr_mount *on = hr_mounts_holding(hr_facts_mounts(facts), real.v);
    struct hr_space s;
    if (!hr_check_known(f, on != NULL, "the file system of the temporary folder cannot be told"))
        return;
    hr_seen(f, "%s: %s lies on %s (%s)", v.known ? "TMPDIR" : "the default", real.v, on->type,
            hr_place_name(on->place));
    if (on->place == HR_PLACE_WINDOWS || on->place == HR_PLACE_NETWORK || on->place == HR_PLACE_FUSE) {
        hr_find(f, HR_WARN, "temporary files go to a %s", hr_place_name(on->place));
        hr_fix(f, "unset TMPDIR   # and take it out of ~/.bashrc");
        hr_undo(f, "export TMPDIR=%s", real.v);
    } else if (on->place == HR_PLACE_RAM) {
        hr_facts_space(facts, real.v, &s);
        hr_find(
            f, HR_NOTE,
            "temporary files are kept in memory (tmpfs%s%s): builds of CUDA extensions and unpacked wheels count there",
            s.total.known ? ", at most " : "", s.total.known ? hr_human_bytes(s.total.v).text : "");
        hr_fix(f, "export TMPDIR=/var/tmp   # for large builds");
        hr_undo(f, "unset TMPDIR");
    } else {
        hr_find(f, HR_GOOD, "temporary files go to %s", on->type);
    }
}

/* The folder that Docker keeps its images in; dockerd's default unless daemon.json says otherwise. */
static void docker_place(struct hr_facts *facts, struct hr_finding *f)
{
    static const char file[] = "etc/docker/daemon.json";
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_arena a = HR_ARENA_INIT(8 << 20);
    const struct hr_js *v;
    char path[HR_WORD_MAX] = "/var/lib/docker";
    if (hr_root_read(hr_facts_root(facts), file, &b, NULL) == 0 &&
        hr_js_parse(hr_buf_str(&b), file, &a, &v, NULL) == 0 && (v = hr_js_get(v, "data-root")) != NULL &&
        v->type == HR_JS_STRING)
        snprintf(path, sizeof path, "%.*s", (int)HR_MIN(v->text.n, sizeof path - 1), v->text.p);
    else if (!hr_facts_procs(facts)->dockerd)
        path[0] = 0;
    enum hr_verdict at = path[0] == '/' ? judge_place(facts, f, "Docker's data-root", path) : HR_NOT_HERE;
    if (at == HR_WARN || at == HR_NOTE) {
        hr_find(f, HR_WARN, "Docker keeps its images on a Windows drive or a network");
        hr_fix(
            f,
            "# in /etc/docker/daemon.json:  \"data-root\": \"/var/lib/docker\"   then: sudo systemctl restart docker");
        hr_undo(f, "# set data-root back to %s and restart docker", path);
    } else if (at == HR_NOT_HERE) {
        hr_find(f, HR_NOT_HERE, "no Docker runs here");
    } else {
        hr_find(f, at,
                at == HR_GOOD ? "Docker keeps its images on a local file system"
                              : "where Docker keeps its images cannot be told");
    }
    hr_arena_fini(&a);
    hr_buf_fini(&b);
}

static void home_place(struct hr_facts *facts, struct hr_finding *f)
{
    struct hr_word home = hr_check_env(facts, "HOME");
    if (!hr_check_known(f, home.known, home.why))
        return;
    enum hr_verdict v = judge_place(facts, f, "HOME", home.v);
    if (v == HR_WARN)
        hr_find(f, v, "the home folder itself lies on a Windows drive: caches, environments and checkpoints with it");
    else if (v == HR_NOTE)
        hr_find(f, v, "the home folder lies on a network or FUSE file system");
    else
        hr_find(f, v,
                v == HR_GOOD ? "the home folder lies on a local file system"
                             : "the home folder's file system cannot be told");
    if (v == HR_WARN)
        hr_fix(f, "sudo usermod -d /home/$USER -m $USER   # back to the Linux side; log in again");
}

#define ROW(id, title, why, source, run)   \
    {                                      \
        id, title, why, source, false, run \
    }
const struct hr_check hr_checks_storage[] = {
    ROW("storage-room", "room on /",
        "A checkpoint that does not fit is lost, often with the one before it half overwritten.", "statfs(2)",
        root_room),
    ROW("storage-windows-room", "room for the virtual disk",
        "WSL's disk is a file that grows on a Windows drive and does not shrink by itself. df shows the virtual size; "
        "when the drive "
        "is full, writes fail and the file system can be damaged.",
        "microsoft/WSL#4699, #8226, #11849", windows_room),
    ROW("storage-inodes", "room for files",
        "Datasets of millions of small files use up a file system's inodes before its bytes.", "statfs(2) (f_ffree)",
        inodes),
    ROW("storage-read-only", "writing to /", "Nothing can be saved: neither checkpoints nor logs nor caches.",
        "microsoft/WSL#5895; ext4(5), errors=remount-ro", read_only),
    ROW("storage-errors", "errors of file systems and disks",
        "Damaged datasets give wrong samples or stop a run in the middle of an epoch.",
        "kernel Documentation/ABI/testing/sysfs-fs-ext4 (errors_count); microsoft/WSL#5895", fs_errors),
    ROW("storage-rotating", "disk below the home folder",
        "A shuffled epoch is random reads; a rotating disk answers about a hundred of them in a second.",
        "kernel Documentation/ABI/stable/sysfs-block (rotational)", rotating),
    ROW("storage-read-ahead", "read-ahead",
        "A mapped file read at random pulls in whole read-ahead windows. Measured here with cold 50 KB reads: 5 bytes "
        "read per byte "
        "asked at 128 KiB, 34 at 2 MiB, 78 at 8 MiB.",
        "kernel Documentation/ABI/stable/sysfs-block (read_ahead_kb); own measurement", read_ahead),
    ROW("storage-model-cache", "caches of models and datasets",
        "Weights are mapped, and a mapping of a Windows drive or a network is read page by page: minutes instead of "
        "seconds. A symbolic link from the Linux side changes nothing: what counts is where it points.",
        "huggingface/safetensors#562; microsoft/WSL#4197; turboderp/exllamav2#171", model_caches),
    ROW("storage-temporary", "temporary files", "Compilers, pip and torch.compile write gigabytes of temporary files.",
        "tmpfs(5); microsoft/WSL#4197", temporary),
    ROW("storage-home", "home folder", "Caches, environments and checkpoints go there unless told otherwise.",
        "microsoft/WSL#4197", home_place),
    ROW("storage-docker", "Docker's images",
        "A container's layers on a Windows drive or a network make every file it opens slow.",
        "Docker documentation, dockerd (data-root); microsoft/WSL#4197", docker_place),
    { NULL, NULL, NULL, NULL, false, NULL },
};

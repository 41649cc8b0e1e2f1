/* Limits, disks, network, container, WSL's and Windows' own answers, the kernel's log and the processes. */
#include "unit.h"

#include "container.h"
#include "cpu.h"
#include "disks.h"
#include "fault.h"
#include "kernel_log.h"
#include "mem.h"
#include "memory.h"
#include "net.h"
#include "procs.h"
#include "rlimits.h"
#include "root_make.h"
#include "windows.h"
#include "wslinfo.h"

static const struct hr_truth yes = { true, true, "" };

static void limits(void **state)
{
    (void)state;
    fresh();
    put("proc/self/limits", "Limit                     Soft Limit           Hard Limit           Units     \n"
                            "Max stack size            8388608              unlimited            bytes     \n"
                            "Max core file size        0                    unlimited            bytes     \n"
                            "Max processes             192118               192118               processes \n"
                            "Max open files            1024                 1048576              files     \n"
                            "Max locked memory         67108864             unlimited            bytes     \n");
    put("proc/sys/fs/inotify/max_user_watches", "524288\n");
    struct hr_root *root = opened();
    struct hr_limits l;
    hr_limits_read(root, &l);
    hr_root_close(root);
    assert_int_equal(l.memlock.soft.v, 67108864);
    assert_true(l.memlock.hard.v == HR_UNLIMITED);
    assert_int_equal(l.nofile.soft.v, 1024);
    assert_int_equal(l.inotify_watches.v, 524288);
    assert_false(l.pid_max.known);
    static const char *const bad[] = { "", "Max open files", "Max open files   x  y", "Max open files            -1" };
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_false(hr_limits_parse(hr_str(bad[i]), "Max open files").soft.known);
}

static void disks(void **state)
{
    (void)state;
    fresh();
    put("sys/block/nvme0n1/size", "1000\n");
    put("sys/block/nvme0n1/queue/rotational", "0\n");
    put("sys/block/nvme0n1/queue/scheduler", "[none] mq-deadline\n");
    put("sys/block/nvme0n1/queue/read_ahead_kb", "128\n");
    put("sys/block/sda/size", "2000\n");
    put("sys/block/sda/queue/rotational", "1\n");
    put("sys/block/sdb/size", "18446744073709551615\n");
    put("sys/block/sdb/queue/rotational", "1\n");
    put("sys/block/sdb/device/model", "Virtual Disk    \n");
    put("sys/block/loop0/size", "8\n");
    put("sys/fs/ext4/features/x", "");
    put("sys/fs/ext4/sda1/errors_count", "0\n");
    put("sys/fs/ext4/sdb/errors_count", "3\n");
    put("headrace/link", "sys/dev/block/259:2 ../../devices/pci0000:00/0000:00:1d.0/nvme/nvme0/nvme0n1/nvme0n1p2\n");
    put("headrace/statfs", "/ ef53 1000 500 400 10 5\nmnt/c 1021997 1000 500 400 0 0\nempty 1 0 0 0 0 0\n");
    struct hr_root *root = opened();
    struct hr_disks *d = hr_calloc(1, sizeof *d);
    assert_non_null(d);
    hr_disks_read(root, false, d);
    assert_int_equal(d->n, 3);
    assert_int_equal(d->disk[0].kind, HR_DISK_NVME);
    assert_int_equal(d->disk[0].size.v, 512000);
    assert_int_equal(d->disk[0].read_ahead.v, 131072);
    assert_string_equal(d->disk[0].scheduler.v, "none");
    assert_int_equal(d->disk[1].kind, HR_DISK_ROTATING);
    assert_int_equal(d->disk[2].kind, HR_DISK_VIRTUAL);
    assert_false(d->disk[2].size.known); /* it does not fit */
    assert_int_equal(d->ext4_errors.v, 3);
    assert_string_equal(d->ext4_device.v, "sdb");
    struct hr_mount m = { .major = 259, .minor = 2 };
    assert_ptr_equal(hr_disks_below(root, d, &m), &d->disk[0]);
    m.minor = 3;
    assert_null(hr_disks_below(root, d, &m));
    hr_disks_read(root, true, d);
    assert_int_equal(d->disk[1].kind, HR_DISK_VIRTUAL); /* in a virtual machine "rotational" means nothing */
    struct hr_space s;
    hr_space_read(root, "mnt/c", &s);
    assert_int_equal(s.available.v, 400);
    assert_false(s.files.known);
    hr_space_read(root, "empty", &s);
    assert_false(s.total.known);
    hr_space_read(root, "no/such", &s);
    assert_false(s.total.known);
    hr_free(d);
    hr_root_close(root);
}

static void network(void **state)
{
    (void)state;
    fresh();
    put("sys/class/net/lo/mtu", "65536\n");
    put("sys/class/net/eth0/operstate", "up\n");
    put("sys/class/net/eth0/device/x", "");
    put("sys/class/net/eth0/speed", "10000\n");
    put("sys/class/net/eth0/mtu", "1500\n");
    put("sys/class/net/eth1/operstate", "up\n");
    put("sys/class/net/eth1/device/x", "");
    put("sys/class/net/eth1/speed", "-1\n");
    put("proc/net/route", "Iface\tDestination\tGateway\nibp0\t0000000A\t0\neth0\t00000000\t0101A8C0\n");
    put("etc/resolv.conf", "# made by WSL\nnameserver 10.255.255.254\n");
    put("headrace/env", "https_proxy http://me:secret@proxy:3128\n");
    struct hr_root *root = opened();
    struct hr_net n;
    hr_net_read(root, &n);
    hr_root_close(root);
    assert_int_equal(n.n, 2);
    assert_int_equal(n.link[0].speed.v, 10000);
    assert_false(n.link[1].speed.known);
    assert_string_equal(n.default_link.v, "eth0");
    assert_string_equal(n.nameserver.v, "10.255.255.254");
    assert_string_equal(n.proxy.v, "proxy:3128"); /* the password is not shown */
    assert_false(n.infiniband.known);
}

static enum hr_container_kind container_of(bool wsl, bool distribution)
{
    struct hr_root *root = opened();
    struct hr_vm vm = { .kind = wsl ? HR_VM_WSL2 : HR_VM_NONE, .distribution = hr_truth_of(distribution) };
    struct hr_mounts m;
    struct hr_container c;
    hr_mounts_read(root, wsl, &m);
    hr_container_read(root, &vm, &m, &c);
    hr_mounts_fini(&m);
    hr_root_close(root);
    return c.kind;
}

static void containers(void **state)
{
    (void)state;
    fresh();
    assert_int_equal(container_of(false, false), HR_CONTAINER_NONE);
    assert_int_equal(container_of(true, true), HR_CONTAINER_NONE);
    assert_int_equal(container_of(true, false), HR_CONTAINER_OTHER); /* WSL2's kernel, no distribution */
    put(".dockerenv", "");
    assert_int_equal(container_of(true, false), HR_CONTAINER_DOCKER);
    assert_int_equal(container_of(true, true), HR_CONTAINER_NONE); /* a distribution imported from a Docker image */
    put("headrace/env", "KUBERNETES_SERVICE_HOST 10.0.0.1\n");
    assert_int_equal(container_of(false, false), HR_CONTAINER_KUBERNETES);
    fresh();
    put("proc/self/cgroup", "12:memory:/lxc/box\n");
    assert_int_equal(container_of(false, false), HR_CONTAINER_LXC);
    fresh();
    put("run/.containerenv", "");
    assert_int_equal(container_of(false, false), HR_CONTAINER_PODMAN);
}

static void windows(void **state)
{
    (void)state;
    fresh();
    put("proc/self/mountinfo",
        "1 0 0:1 / / rw - ext4 /dev/sdc rw\n2 1 0:2 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\134\n");
    put("headrace/run",
        "wslinfo%20--wsl-version exit 0 2.6.3%0A\nwslinfo%20--networking-mode exit 0 mirrored%0A\n"
        "mnt/c/Windows/System32/cmd.exe%20/d%20/c%20ver%20&%20echo%20%25USERPROFILE%25 exit 0 "
        "%0D%0AMicrosoft%20Windows%20[Version%2010.0.26200.6899]%0D%0AC:\\Users\\me%0D%0A\n"
        "mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe%20-NoProfile%20-NonInteractive%20-Command%20"
        "$c=Get-CimInstance%20Win32_ComputerSystem;%20$c.TotalPhysicalMemory;%20$c.NumberOfLogicalProcessors;%20"
        "(Get-CimInstance%20Win32_OperatingSystem).FreePhysicalMemory exit 0 68501463040%0D%0A32%0D%0A1024%0D%0A\n");
    struct hr_root *root = opened();
    struct hr_mounts m;
    struct hr_vm vm = { .kind = HR_VM_WSL2, .distribution = yes, .interop = yes };
    struct hr_wslinfo info;
    struct hr_windows w;
    hr_mounts_read(root, true, &m);
    hr_wslinfo_read(root, &vm, &info);
    assert_string_equal(info.version.v, "2.6.3");
    assert_string_equal(info.networking.v, "mirrored");
    assert_true(hr_version_against(info.numbers, "2.6") > 0);
    hr_windows_read(root, &vm, &m, &w);
    assert_string_equal(w.version.v, "10.0.26200.6899");
    assert_string_equal(w.profile.v, "C:\\Users\\me");
    assert_int_equal(w.memory.v, 68501463040ull);
    assert_int_equal(w.cpus.v, 32);
    assert_int_equal(w.available.v, 1024 * 1024);
    vm.interop.v = false;
    hr_windows_read(root, &vm, &m, &w);
    assert_false(w.memory.known);
    assert_non_null(strstr(w.memory.why, "interop is off"));
    put("headrace/run", "mnt/c/Windows/System32/cmd.exe%20/d%20/c%20ver%20&%20echo%20%25USERPROFILE%25 timeout 0 %\n"
                        "wslinfo%20--wsl-version refused 2 %\n");
    hr_root_close(root);
    root = opened();
    vm.interop.v = true;
    hr_windows_read(root, &vm, &m, &w);
    assert_non_null(strstr(w.version.why, "no answer"));
    assert_false(w.cpus.known);
    hr_wslinfo_read(root, &vm, &info);
    assert_non_null(strstr(info.version.why, "2.2.3"));
    hr_mounts_fini(&m);
    hr_root_close(root);
}

static void kernel_log(void **state)
{
    (void)state;
    static const char text[] = "<5>[    0.000000] Linux version 6.18.35.2-microsoft-standard-WSL2\n"
                               "<3>[    1.100000] misc dxg: dxgk: dxgkio_is_feature_enabled: Ioctl failed: -22\n"
                               "<3>[    1.200000] misc dxg: dxgk: dxgkio_query_adapter_info: Ioctl failed: -2\n"
                               "<4>[   90.000000] memcpy: detected field-spanning write (size 8) of single field "
                               "\"args\" at drivers/hv/dxgkrnl/dxgvmbus.c:3095 (size 0)\n"
                               "<3>[  100.500000] misc dxg: dxgk: dxgkio_make_resident: Ioctl failed: -12\n"
                               "<3>[  200.000000] Out of memory: Killed process 1234 (python3 (a) b) total-vm:9000kB, "
                               "anon-rss:4096kB, file-rss:1kB\n"
                               "<3>[  201.000000] Memory cgroup out of memory: Killed process 99 (x) total-vm:1kB\n"
                               "[  202.0] EXT4-fs error (device sdc): ext4_find_entry:1455\n"
                               "[  203.0] traps: python[3] general protection fault ip:0\n"
                               "\n";
    struct hr_kernel_log k;
    hr_kernel_log_parse(hr_str(text), &k);
    assert_true(k.from_boot);
    assert_int_equal(k.lines, 9);
    assert_int_equal(k.hit[HR_LOG_DXG_NOISE].count, 2);
    assert_int_equal(k.hit[HR_LOG_DXG_SPAN].count, 1);
    assert_int_equal(k.hit[HR_LOG_DXG_RESIDENT].last, 100500000000u);
    assert_int_equal(k.hit[HR_LOG_OOM].count, 1);
    assert_int_equal(k.hit[HR_LOG_OOM_CGROUP].count, 1);
    assert_int_equal(k.hit[HR_LOG_FS_ERROR].count, 1);
    assert_int_equal(k.hit[HR_LOG_PANIC].count, 0); /* a program's fault is not the kernel's */
    assert_int_equal(k.victims, 2);
    assert_int_equal(k.victim[0].pid, 1234);
    assert_string_equal(k.victim[0].name, "python3 (a) b");
    assert_int_equal(k.victim[0].anon, 4096 * 1024);
    assert_true(k.victim[1].cgroup);
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    for (int i = 0; i < 50; i++)
        hr_buf_printf(&b, "[ %d.0] Out of memory: Killed process %d (p) anon-rss:1kB\n", 1000 + i, i);
    hr_buf_adds(&b, "Out of memory: Killed process");
    hr_kernel_log_parse(hr_buf_str(&b), &k);
    assert_false(k.from_boot);
    assert_int_equal(k.hit[HR_LOG_OOM].count, 51);
    assert_int_equal(k.victims, HR_VICTIMS_MAX);
    assert_int_equal(k.victim[HR_VICTIMS_MAX - 1].pid, 49);
    hr_buf_fini(&b);
    fresh();
    struct hr_root *root = opened();
    hr_kernel_log_read(root, &k);
    assert_false(k.known.known);
    hr_root_close(root);
}

static void put_process(int pid, const char *name, int parent, int tty, const char *command, size_t n)
{
    char path[64], stat[256];
    snprintf(path, sizeof path, "proc/%d/stat", pid);
    snprintf(stat, sizeof stat, "%d (%s) S %d 1 1 %d 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 100\n", pid, name, parent, tty);
    put(path, stat);
    snprintf(path, sizeof path, "proc/%d/cmdline", pid);
    put_bytes(path, command, n);
}

static void processes(void **state)
{
    (void)state;
    fresh();
    static const char train[] = "python\0train.py\0--lr\0001", poll[] = "watch\0-n\0001\0nvidia-smi";
    put_process(1, "systemd", 0, 0, "/sbin/init", 10);
    put_process(20, "python", 1, 34816, train, sizeof train);
    put_process(21, "python", 20, 34816, train, sizeof train); /* a forked worker */
    put_process(22, "pt_data_worker", 20, 0, train, sizeof train);
    put_process(30, "watch", 1, 34817, poll, sizeof poll);
    put_process(31, "dockerd", 1, 0, "dockerd", 7);
    put("proc/20/status", "Name:\tpython\nVmRSS:\t  2048 kB\n");
    put("proc/999/stat", "no stat at all");
    put("proc/meminfo", "");
    put("proc/12345678901234/stat", "1 (x) S 1");
    struct hr_root *root = opened();
    struct hr_procs p;
    hr_procs_read(root, &p);
    hr_root_close(root);
    assert_int_equal(p.seen, 6);
    assert_int_equal(p.trainers, 1);
    assert_int_equal(p.loaders, 2);
    assert_int_equal(p.pollers, 1);
    assert_true(p.dockerd);
    assert_string_equal(p.poller[0].command, "watch -n 1 nvidia-smi");
    assert_true(p.trainer[0].terminal);
    assert_int_equal(p.trainer[0].resident.v, 2048 * 1024);
    assert_false(p.poller[0].resident.known);
    assert_true(hr_procs_polls("/usr/lib/wsl/lib/nvidia-smi -l 1"));
    assert_true(hr_procs_polls("nvidia-smi dmon"));
    assert_true(hr_procs_polls("bash -c while true; do nvidia-smi; sleep 1; done"));
    assert_false(hr_procs_polls("nvidia-smi"));
    assert_false(hr_procs_polls("vim nvidia-smi.txt"));
    assert_false(hr_procs_polls("nvidia-smi --query-gpu=name --format=csv"));
}

/* With the k-th system call failing, every probe ends, and what it could not read is unknown with a reason. */
static void every_call_can_fail(void **state)
{
    (void)state;
    static const char train[] = "python\0train.py";
    fresh();
    put("proc/meminfo", "MemTotal: 5 kB\n");
    put("proc/cpuinfo", "processor : 0\nmodel name : x\n");
    put("proc/self/mountinfo", "1 0 0:1 / / rw - ext4 /dev/sdc rw\n");
    put("proc/self/cgroup", "0::/\n");
    put("sys/block/sda/size", "5\n");
    put("sys/class/net/eth0/mtu", "5\n");
    put("headrace/answer/kernel-log", "[ 1.0] Out of memory: Killed process 5 (x)\n");
    put_process(20, "python", 1, 0, train, sizeof train);
    for (uint64_t n = 1; n < 3000; n++) {
        struct hr_root *root = opened();
        uint64_t before = hr_fault_sys_count();
        hr_fault_sys_at(n, false);
        struct hr_cpu cpu;
        struct hr_ram ram;
        struct hr_vm vm;
        struct hr_mounts m;
        struct hr_container c;
        struct hr_limits l;
        struct hr_disks *d = hr_calloc(1, sizeof *d);
        struct hr_net net;
        struct hr_kernel_log *log = hr_calloc(1, sizeof *log);
        struct hr_procs *p = hr_calloc(1, sizeof *p);
        assert_true(d != NULL && log != NULL && p != NULL);
        hr_cpu_read(root, &cpu);
        hr_ram_read(root, &ram);
        hr_vm_read(root, &cpu.hypervisor, &vm);
        hr_mounts_read(root, false, &m);
        hr_container_read(root, &vm, &m, &c);
        hr_limits_read(root, &l);
        hr_disks_read(root, false, d);
        hr_net_read(root, &net);
        hr_kernel_log_read(root, log);
        hr_procs_read(root, p);
        uint64_t made = hr_fault_sys_count() - before;
        hr_fault_sys_at(0, false);
        assert_true(ram.total.known ? ram.total.v == 5120 : ram.total.why[0] != 0);
        assert_true(cpu.model.known || cpu.model.why[0] != 0);
        assert_true(m.known || m.why[0] != 0);
        assert_true(log->known.known ? log->victims == 1 : log->known.why[0] != 0);
        hr_mounts_fini(&m);
        hr_free(p);
        hr_free(log);
        hr_free(d);
        hr_root_close(root);
        if (made < n)
            return;
    }
    fail_msg("the loop of faults did not come to its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),    cmocka_unit_test(disks),
        cmocka_unit_test(network),   cmocka_unit_test(containers),
        cmocka_unit_test(windows),   cmocka_unit_test(kernel_log),
        cmocka_unit_test(processes), cmocka_unit_test(every_call_can_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

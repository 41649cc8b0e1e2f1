/* What kind of machine it is, its processors and its mounts, on roots made from texts of real machines. */
#include "unit.h"

#include "cpu.h"
#include "mounts.h"
#include "root_make.h"
#include "version.h"
#include "vm.h"

static const struct hr_truth yes = { true, true, "" }, no = { true, false, "" };

static struct hr_vm vm_of(const struct hr_truth *hypervisor)
{
    struct hr_root *root = opened();
    struct hr_vm v;
    hr_vm_read(root, hypervisor, &v);
    hr_root_close(root);
    return v;
}

static void kinds_of_machines(void **state)
{
    (void)state;
    static const struct {
        const char *release, *cmdline, *vendor, *product;
        bool hypervisor;
        enum hr_vm_kind want;
    } table[] = {
        { "4.4.0-19041-Microsoft", "BOOT_IMAGE=/kernel init=/init", "", "", false, HR_VM_WSL1 },
        { "5.15.90.1-microsoft-standard-WSL2", "initrd=\\initrd.img panic=-1 nr_cpus=8", "", "", true, HR_VM_WSL2 },
        { "6.18.35.2-microsoft-standard-WSL2", "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=24", "", "", true,
          HR_VM_WSL2 },
        { "6.12.1-xanmod", "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=24", "", "", true, HR_VM_WSL2 },
        { "6.8.0-1021-azure", "root=/dev/sda1", "Microsoft Corporation", "Virtual Machine", true, HR_VM_HYPERV },
        { "6.8.0-45-generic", "root=/dev/sda1", "QEMU", "Standard PC (Q35 + ICH9, 2009)", true, HR_VM_KVM },
        { "6.8.0-45-generic", "root=/dev/sda1", "Supermicro", "SYS-821GE-TNHR", false, HR_VM_NONE },
        { "6.8.0-1021-aws", "root=/dev/sda1", "Amazon EC2", "p5.48xlarge", true, HR_VM_KVM },
        { "6.8.0-1021-aws", "root=/dev/sda1", "Amazon EC2", "c5.metal", false, HR_VM_NONE },
        { "6.8.0-45-generic", "root=/dev/sda1", "VMware, Inc.", "VMware Virtual Platform", true, HR_VM_VMWARE },
        { "6.8.0-45-generic", "root=/dev/sda1", "", "", true, HR_VM_OTHER },
    };
    for (size_t i = 0; i < HR_COUNT(table); i++) {
        fresh();
        put("proc/sys/kernel/osrelease", table[i].release);
        put("proc/cmdline", table[i].cmdline);
        if (table[i].vendor[0] != 0) {
            put("sys/class/dmi/id/sys_vendor", table[i].vendor);
            put("sys/class/dmi/id/product_name", table[i].product);
        }
        struct hr_vm v = vm_of(table[i].hypervisor ? &yes : &no);
        if (v.kind != table[i].want)
            fail_msg("row %zu: %s, not %s", i, hr_vm_name(v.kind), hr_vm_name(table[i].want));
        assert_true(v.why[0] != 0);
    }
    fresh();
    struct hr_truth unknown = hr_truth_unknown("x");
    assert_int_equal(vm_of(&unknown).kind, HR_VM_UNKNOWN); /* nothing was there to read */
}

static void wsl_tells_its_state(void **state)
{
    (void)state;
    fresh();
    put("proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n");
    put("proc/cmdline", "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=24 hv_utils.timesync_implicit=1 "
                        "console=hvc0 sysctl.vm.swappiness=10 psi=0 psi=1\n");
    put("headrace/link", "usr/bin/wslpath /init\n");
    put("headrace/env", "WSL_DISTRO_NAME Ubuntu-24.04\nWSL_INTEROP /run/WSL/11_interop\n");
    put("proc/sys/fs/binfmt_misc/WSLInterop", "enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n");
    put("proc/1/comm", "systemd\n");
    put("proc/uptime", "1234.50 9999.00\n");
    put("dev/dxg", "");
    struct hr_vm v = vm_of(&yes);
    assert_int_equal(v.kind, HR_VM_WSL2);
    assert_true(v.distribution.v && v.interop.v && v.session.v && v.systemd.v && v.dxg.v);
    assert_true(v.psi.v && v.root_init.v && v.timesync.v);
    assert_false(v.wslg.v);
    assert_int_equal(v.nr_cpus.v, 24);
    assert_string_equal(v.distro.v, "Ubuntu-24.04");
    assert_int_equal(v.uptime.v, 1234500000000u);
    assert_int_equal(v.kernel.n, 4);
    assert_int_equal(v.kernel.part[2], 87);
    put("proc/sys/fs/binfmt_misc/WSLInterop", "disabled\n");
    put("headrace/link", "\n");
    v = vm_of(&yes);
    assert_true(v.interop.known && !v.interop.v);
    assert_false(v.distribution.v); /* a container inside */
    put("proc/sys/kernel/osrelease", "6.8.0-generic\n");
    put("proc/cmdline", "root=/dev/sda1\n");
    v = vm_of(&no);
    assert_false(v.interop.known);
    assert_string_equal(v.interop.why, "this is not WSL");
}

static void versions(void **state)
{
    (void)state;
    struct hr_version v = hr_version_of(HR_STR("6.18.26.1-microsoft"));
    assert_int_equal(v.n, 4);
    assert_true(hr_version_against(v, "6.18.26") > 0);
    assert_true(hr_version_against(v, "6.18.35") < 0);
    assert_true(hr_version_against(v, "6.18.26.1") == 0);
    assert_true(hr_version_against(hr_version_of(HR_STR("6.6")), "6.18") < 0); /* not as text */
    assert_int_equal(hr_version_of(HR_STR("next-2026")).n, 0);
    assert_int_equal(hr_version_of(HR_STR("99999999999999999999999.1")).n, 2);
    assert_int_equal(hr_version_of(HR_STR("5.")).n, 1);
}

static void cpu_lists(void **state)
{
    (void)state;
    uint64_t n = 77;
    assert_true(hr_cpu_list_count(HR_STR("0-7,16\n"), &n) && n == 9);
    assert_true(hr_cpu_list_count(HR_STR("3"), &n) && n == 1);
    static const char *const bad[] = {
        "", "a", "3-1", "1-", "-3", "0-99999999999", "1,,2", "0-1048575,0-1048575,0-1048575"
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_false(hr_cpu_list_count(hr_str(bad[i]), &n));
}

static void processors(void **state)
{
    (void)state;
    fresh();
    put("proc/cpuinfo",
        "processor\t: 0\nmodel name\t: 13th Gen Intel(R) Core(TM) i9-13900KF\nphysical id\t: 0\n"
        "cpu cores\t: 12\nflags\t\t: fpu vme hypervisor lahf_lm\n\nprocessor\t: 1\n"
        "model name\t: other\nphysical id\t: 0\ncpu cores\t: 12\n\nprocessor\t: 2\nphysical id\t: 1\ncpu cores\t: 4\n");
    put("sys/devices/system/cpu/online", "0-23\n");
    put("proc/self/status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n");
    put("sys/devices/cpu_core/cpus", "0-15\n");
    put("sys/devices/cpu_atom/cpus", "16-23\n");
    put("proc/loadavg", "0.50 1.25 2.00 1/234 5678\n");
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put("proc/pressure/cpu", "some avg10=12.50 avg60=3.00 avg300=1.00 total=5000\n");
    struct hr_root *root = opened();
    struct hr_cpu c;
    hr_cpu_read(root, &c);
    assert_string_equal(c.model.v, "13th Gen Intel(R) Core(TM) i9-13900KF");
    assert_int_equal(c.online.v, 24);
    assert_int_equal(c.allowed.v, 8);
    assert_int_equal(c.cores.v, 16);
    assert_int_equal(c.sockets.v, 2);
    assert_int_equal(c.fast.v, 16);
    assert_int_equal(c.slow.v, 8);
    assert_true(c.hypervisor.known && c.hypervisor.v);
    assert_true(c.load5.v > 1.24 && c.load5.v < 1.26);
    assert_true(c.quota.known && c.quota.v > 2.49 && c.quota.v < 2.51);
    assert_true(c.pressure.some10.v == 12.5);
    assert_int_equal(c.pressure.some_total.v, 5000000);
    assert_false(c.pressure.full10.known);
    assert_false(c.governor.known);
    assert_true(c.governor.why[0] != 0);
    hr_root_close(root);
    fresh();
    put("proc/cpuinfo",
        "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n");
    put("sys/devices/system/cpu/online", "0-3\n");
    put("sys/devices/system/cpu/cpu0/cpu_capacity", "1024\n");
    put("sys/devices/system/cpu/cpu1/cpu_capacity", "1024\n");
    put("sys/devices/system/cpu/cpu2/cpu_capacity", "446\n");
    put("sys/devices/system/cpu/cpu3/cpu_capacity", "446\n");
    root = opened();
    hr_cpu_read(root, &c);
    assert_string_equal(c.model.v, "ARM implementer 0x41 part 0xd40");
    assert_int_equal(c.slow.v, 2);
    assert_false(c.hypervisor.known);
    assert_false(c.load1.known);
    assert_false(c.cores.known);
    hr_root_close(root);
}

static const char mountinfo[] = "22 1 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard,errors=remount-ro,data=ordered\n"
                                "30 22 0:20 / /mnt/c rw,noatime - 9p C:\\134 "
                                "rw,dirsync,aname=drvfs;path=C:\\134;uid=1000;gid=1000;symlinkroot=/mnt/,"
                                "mmap,access=client,msize=65536,trans=fd,rfd=5,wfd=5\n"
                                "31 22 0:21 / /usr/lib/wsl/drivers ro,nosuid,nodev,noatime - 9p drivers "
                                "ro,dirsync,aname=drivers;fmask=222;dmask=222,"
                                "mmap,access=client,msize=65536,trans=fd,rfd=7,wfd=7\n"
                                "32 22 0:22 / /mnt/my\\040data rw master:1 shared:2 - virtiofs drvfs rw\n"
                                "33 22 0:23 / /dev/shm rw,nosuid - tmpfs none rw\n"
                                "garbage\n"
                                "34 22 0:24 / /mnt/nfs rw - nfs4 server:/x rw,vers=4.2\n"
                                "35 22 0:25 / /mnt/c/inner rw - fuse.sshfs me@host: rw\n"
                                "36 22 x:25 / /bad rw - ext4 /dev/sdx rw\n"
                                "37 22 0:26 / /mnt/nfs ro - ext4 /dev/sdy ro\n";

static void mounts(void **state)
{
    (void)state;
    fresh();
    put("proc/self/mountinfo", mountinfo);
    struct hr_root *root = opened();
    struct hr_mounts m;
    hr_mounts_read(root, true, &m);
    hr_root_close(root);
    assert_true(m.known);
    assert_int_equal(m.n, 8);
    static const struct {
        const char *path;
        enum hr_place place;
    } table[] = {
        { "/home/me/data", HR_PLACE_NATIVE },
        { "/mnt/c/Users/me", HR_PLACE_WINDOWS },
        { "/mnt/c", HR_PLACE_WINDOWS },
        { "/mnt/cc", HR_PLACE_NATIVE },
        { "/usr/lib/wsl/drivers/x", HR_PLACE_SHARED },
        { "/mnt/my data/x", HR_PLACE_WINDOWS },
        { "/dev/shm/a", HR_PLACE_RAM },
        { "/mnt/c/inner/a", HR_PLACE_FUSE },
        { "/mnt/nfs/x", HR_PLACE_NATIVE }, /* the later mount lies over the earlier */
    };
    for (size_t i = 0; i < HR_COUNT(table); i++) {
        const struct hr_mount *on = hr_mounts_holding(&m, table[i].path);
        assert_non_null(on);
        if (on->place != table[i].place)
            fail_msg("%s: %s", table[i].path, hr_place_name(on->place));
    }
    assert_true(hr_mounts_holding(&m, "/mnt/nfs/x")->read_only);
    assert_string_equal(hr_mounts_automount(&m).v, "/mnt/");
    assert_string_equal(hr_mounts_windows_path(&m, "/mnt/c/Users/me/x.bin").v, "C:\\Users\\me\\x.bin");
    assert_string_equal(hr_mounts_windows_path(&m, "/mnt/c").v, "C:\\");
    assert_false(hr_mounts_windows_path(&m, "/home").known);
    assert_false(hr_mounts_windows_path(&m, "/mnt/my data/x").known);
    struct hr_str v;
    assert_true(hr_mount_option(m.mount[1].super, "msize", &v) && hr_str_is(v, "65536"));
    assert_true(hr_mount_option(m.mount[1].super, "uid", &v) && hr_str_is(v, "1000"));
    assert_false(hr_mount_option(m.mount[1].super, "size", &v));
    hr_mounts_fini(&m);
    hr_mounts_parse(hr_str(mountinfo), false, &m);
    assert_int_equal(hr_mounts_holding(&m, "/mnt/my data/x")->place, HR_PLACE_SHARED); /* any VM's virtiofs */
    hr_mounts_fini(&m);
    fresh();
    root = opened();
    hr_mounts_read(root, true, &m);
    hr_root_close(root);
    assert_false(m.known);
    assert_non_null(strstr(m.why, "mountinfo"));
    assert_null(hr_mounts_holding(&m, "/"));
    hr_mounts_fini(&m);
}

static void many_mounts_are_cut(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(8 << 20);
    for (int i = 0; i < 5000; i++)
        hr_buf_printf(&b, "%d 1 0:%d / /m/%d rw - tmpfs t rw\n", i, i, i);
    struct hr_mounts m;
    hr_mounts_parse(hr_buf_str(&b), false, &m);
    assert_true(m.cut);
    assert_int_equal(m.n, HR_MOUNTS_MAX);
    hr_mounts_fini(&m);
    hr_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_machines),   cmocka_unit_test(wsl_tells_its_state), cmocka_unit_test(versions),
        cmocka_unit_test(cpu_lists),           cmocka_unit_test(processors),          cmocka_unit_test(mounts),
        cmocka_unit_test(many_mounts_are_cut),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

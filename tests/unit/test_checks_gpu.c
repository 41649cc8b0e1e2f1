/* The checks of the groups GPU, CUDA and Python: each on a machine that shows it, and on one that does not. */
#include "unit.h"

#include "check.h"
#include "doctor.h"
#include "fault.h"
#include "mem.h"
#include "nvml.h"
#include "root_make.h"

#include <unistd.h>

static const char wsl_mounts[] =
    "77 82 8:48 / / rw,relatime - ext4 /dev/sdd rw\n"
    "92 77 0:52 / /mnt/c rw,noatime - 9p C:\\134 rw,aname=drvfs;path=C:\\;symlinkroot=/mnt/\n";

/* An empty machine: WSL2 with a GPU's device, or plain Linux. */
static void machine(bool wsl)
{
    fresh();
    put("proc/sys/kernel/osrelease", wsl ? "6.18.33.2-microsoft-standard-WSL2\n" : "6.8.0-60-generic\n");
    put("proc/self/mountinfo", wsl ? wsl_mounts : "24 1 9:0 / / rw - ext4 /dev/md0 rw\n");
    put("proc/meminfo", "MemTotal: 50331648 kB\nMemAvailable: 40000000 kB\n");
    put("headrace/answer/kernel-log", "<6>[    0.000000] Linux version\n");
    put("var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nVersion: 5\n");
    if (wsl) {
        put("dev/dxg", "");
        put("headrace/link", "bin/wslpath /init\n");
        put("usr/lib/wsl/lib/libcuda.so.1", "elf");
    }
}

/* The reading of the stand-in library, set by FAKE_NVML and its kin, becomes this machine's. */
static void gpus(const char *mode)
{
    const char *place[] = { FAKE_NVML_SO, NULL };
    struct hr_gpus *g = hr_calloc(1, sizeof *g);
    struct hr_buf text = HR_BUF_INIT(4 << 20);
    setenv("FAKE_NVML", mode, 1);
    assert_int_equal(hr_nvml_read(place, g, NULL), 0);
    assert_true(hr_gpus_write(g, &text));
    put("headrace/answer/nvml", text.data);
    hr_buf_fini(&text);
    hr_gpus_free(g);
}

static void finds(const char *id, enum hr_verdict verdict, const char *part)
{
    struct hr_root *root = opened();
    struct hr_facts *facts;
    struct hr_finding f;
    const struct hr_check *c = hr_check_find(hr_str(id), NULL);
    if (c == NULL)
        fail_msg("there is no check '%s'", id);
    assert_int_equal(hr_facts_open(root, NULL, 0, &facts, NULL), 0);
    hr_finding_init(&f);
    c->run(facts, &f);
    if (f.verdict != verdict || strstr(f.say.data, part) == NULL)
        fail_msg("%s says '%s' (%s), and not '%s' (%s)", id, f.say.data, hr_verdict_name(f.verdict), part,
                 hr_verdict_name(verdict));
    assert_false(hr_finding_failed(&f));
    if (verdict >= HR_WARN)
        assert_true(f.fix.len != 0 || f.seen.len != 0);
    hr_finding_fini(&f);
    hr_facts_close(facts);
    hr_root_close(root);
}

static void no_gpu(void **state)
{
    (void)state;
    machine(false);
    finds("gpu-found", HR_NOT_HERE, "no NVIDIA GPU");
    finds("gpu-vram", HR_NOT_HERE, "no NVIDIA GPU answers");
    finds("gpu-driver-library", HR_NOT_HERE, "");
    put("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
    put("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n");
    finds("gpu-found", HR_WARN, "no driver for it is loaded");
    put("proc/driver/nvidia/version", "NVRM version: 570.133\n");
    finds("gpu-found", HR_UNKNOWN, "when this machine was captured");
    put("headrace/answer/nvml", "{\"state\":\"no library\",\"say\":\"none\"}");
    finds("gpu-found", HR_BAD, "libnvidia-ml.so.1 is missing");
    machine(true);
    put("headrace/answer/nvml", "{\"state\":\"no library\",\"say\":\"none\"}");
    finds("gpu-found", HR_WARN, "NVML cannot be loaded");
    put("headrace/exists", "dev/dxg no\n");
    finds("gpu-found", HR_WARN, "/dev/dxg is missing");
    put("headrace/answer/nvml", "{");
    finds("gpu-found", HR_UNKNOWN, "reading of the GPUs");
    machine(false);
    put("proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
    finds("gpu-found", HR_NOTE, "WSL 1 gives programs no GPU");
}

static void drivers(void **state)
{
    (void)state;
    machine(false);
    gpus("init:18");
    finds("gpu-found", HR_BAD, "different driver versions");
    finds("gpu-driver-mismatch", HR_BAD, "error 18");
    finds("cuda-driver", HR_UNKNOWN, "different driver versions");
    gpus("init:9");
    finds("gpu-found", HR_BAD, "driver is not loaded");
    gpus("native");
    put("proc/driver/nvidia/version", "NVRM version: 576\n");
    finds("gpu-found", HR_GOOD, "1 GPU: NVIDIA GeForce RTX 5070 Ti, driver 576.88, CUDA 12.9");
    finds("gpu-driver-mismatch", HR_GOOD, "576.88");
    put("headrace/answer/kernel-log", "<4>[    1.0] NVRM: API mismatch: the client has the version 570\n");
    finds("gpu-driver-mismatch", HR_WARN, "do not match");
    put("headrace/answer/nvml", "{\"state\":\"hangs\",\"say\":\"NVML did not answer within 2.0 s\"}");
    finds("gpu-found", HR_BAD, "did not answer");
    finds("gpu-linux-driver", HR_NOT_HERE, "no distribution of WSL2");
}

static void start_of_cuda(void **state)
{
    (void)state;
    machine(false);
    gpus("native");
    finds("gpu-cuda-start", HR_UNKNOWN, "when this machine was captured");
    put("headrace/answer/cuda", "{\"state\":\"no library\",\"say\":\"none\"}");
    finds("gpu-cuda-start", HR_NOT_HERE, "no CUDA driver");
    put("headrace/answer/cuda", "{\"state\":\"refused\",\"error\":34,\"say\":\"a stub (error 34)\"}");
    finds("gpu-cuda-start", HR_BAD, "error 34");
    put("headrace/answer/cuda",
        "{\"state\":\"read\",\"error\":0,\"say\":\"\",\"library\":\"/x\",\"driver\":1209,\"devices\":1}");
    finds("gpu-cuda-start", HR_GOOD, "sees 1 GPU");
    put("headrace/answer/cuda",
        "{\"state\":\"read\",\"error\":0,\"say\":\"\",\"library\":\"/x\",\"driver\":1209,\"devices\":0}");
    finds("gpu-cuda-start", HR_WARN, "sees 0 of 1");
}

static void wsl_only(void **state)
{
    (void)state;
    machine(true);
    gpus("wsl");
    finds("gpu-linux-driver", HR_GOOD, "no Linux NVIDIA driver");
    finds("gpu-driver-library", HR_GOOD, "/usr/lib/wsl/lib/libcuda.so.1");
    finds("gpu-process-vram", HR_NOTE, "WDDM");
    finds("gpu-wsl-ram", HR_GOOD, "48.0 GiB");
    finds("gpu-persistence", HR_NOT_HERE, "Windows");
    put("proc/meminfo", "MemTotal: 8388608 kB\n");
    finds("gpu-wsl-ram", HR_NOTE, "8.00 GiB");
    put("var/lib/dpkg/status", "Package: cuda-drivers\nStatus: install ok installed\nVersion: 570\n");
    finds("gpu-linux-driver", HR_BAD, "cuda-drivers 570");
    put("usr/lib/x86_64-linux-gnu/libcuda.so.1", "elf");
    finds("gpu-driver-library", HR_WARN, "second libcuda");
    put("headrace/env", "LD_LIBRARY_PATH /usr/lib/x86_64-linux-gnu\n");
    finds("gpu-driver-library", HR_BAD, "/usr/lib/x86_64-linux-gnu/libcuda.so.1");
    put("headrace/link", "bin/wslpath /opt/other\n"); /* a container: its libcuda was laid in from WSL's */
    finds("gpu-driver-library", HR_GOOD, "/usr/lib/x86_64-linux-gnu/libcuda.so.1");
    finds("gpu-linux-driver", HR_NOT_HERE, "no distribution");
    gpus("ones");
    finds("gpu-wsl-ram", HR_UNKNOWN, "not available");
    finds("gpu-vram", HR_UNKNOWN, "not available");
    finds("gpu-throttle", HR_UNKNOWN, "not available");
    finds("gpu-pcie", HR_UNKNOWN, "not available");
}

/* The card as the environment of the stand-in makes it. */
static void with(const char *name, const char *value, const char *id, enum hr_verdict verdict, const char *part)
{
    setenv(name, value, 1);
    gpus("native");
    unsetenv(name);
    finds(id, verdict, part);
}

static void the_state_of_a_card(void **state)
{
    (void)state;
    machine(false);
    gpus("native");
    finds("gpu-vram", HR_GOOD, "1.75 GiB of 15.9 GiB");
    finds("gpu-throttle", HR_GOOD, "nothing holds");
    finds("gpu-pcie", HR_GOOD, "all its lanes");
    finds("gpu-persistence", HR_GOOD, "stays loaded");
    finds("gpu-ecc", HR_GOOD, "no error");
    finds("gpu-compute-mode", HR_GOOD, "any number");
    finds("gpu-mig", HR_NOT_HERE, "");
    finds("gpu-mixed", HR_NOT_HERE, "one GPU");
    finds("gpu-process-vram", HR_GOOD, "each process");
    with("FAKE_NVML_USED", "16000", "gpu-vram", HR_WARN, "before you start");
    with("FAKE_NVML_USED", "8000", "gpu-vram", HR_NOTE, "7.81 GiB");
    with("FAKE_NVML_THROTTLE", "64", "gpu-throttle", HR_WARN, "heat (hardware)");
    with("FAKE_NVML_THROTTLE", "4", "gpu-throttle", HR_NOTE, "power cap");
    with("FAKE_NVML_WIDTH", "4", "gpu-pcie", HR_WARN, "4 of its 16");
    with("FAKE_NVML_WIDTH", "8", "gpu-pcie", HR_NOTE, "8 of its 16");
    with("FAKE_NVML_GEN", "1", "gpu-pcie", HR_GOOD, "");
    setenv("FAKE_NVML_BUSY", "99", 1);
    with("FAKE_NVML_GEN", "1", "gpu-pcie", HR_WARN, "generation 1 of 4 under load");
    unsetenv("FAKE_NVML_BUSY");
    with("FAKE_NVML_ECC", "3", "gpu-ecc", HR_WARN, "3 errors");
    with("FAKE_NVML_COMPUTE_MODE", "3", "gpu-compute-mode", HR_NOTE, "exclusive");
    with("FAKE_NVML_COMPUTE_MODE", "2", "gpu-compute-mode", HR_BAD, "forbids");
    with("FAKE_NVML_MIG", "1", "gpu-mig", HR_NOTE, "1 GPU is cut");
}

static void visible_devices(void **state)
{
    (void)state;
    machine(false);
    gpus("native");
    finds("gpu-visible", HR_GOOD, "not set");
    put("headrace/env", "CUDA_VISIBLE_DEVICES %\n");
    finds("gpu-visible", HR_BAD, "hides");
    put("headrace/env", "CUDA_VISIBLE_DEVICES -1\n");
    finds("gpu-visible", HR_BAD, "hides");
    put("headrace/env", "CUDA_VISIBLE_DEVICES 0,1\n");
    finds("gpu-visible", HR_BAD, "hides");
    put("headrace/env", "CUDA_VISIBLE_DEVICES 0\n");
    finds("gpu-visible", HR_NOTE, "\"0\"");
    put("headrace/env", "CUDA_VISIBLE_DEVICES MIG-77,GPU-1234\n");
    finds("gpu-visible", HR_NOTE, "MIG-77");
}

static void toolkit(const char *version)
{
    char path[128], text[128];
    snprintf(path, sizeof path, "usr/local/cuda-%s/bin/nvcc", version);
    put(path, "elf");
    snprintf(path, sizeof path, "usr/local/cuda-%s/version.json", version);
    snprintf(text, sizeof text, "{\"cuda\":{\"version\":\"%s.1\"}}", version);
    put(path, text);
}

static void toolkits(void **state)
{
    (void)state;
    machine(false);
    gpus("native");
    finds("cuda-nvcc", HR_NOT_HERE, "no CUDA toolkit");
    finds("cuda-builds", HR_NOT_HERE, "no CUDA toolkit");
    finds("cuda-home", HR_NOT_HERE, "neither");
    toolkit("12.6");
    finds("cuda-nvcc", HR_WARN, "no folder of PATH");
    finds("cuda-builds", HR_BAD, "CUDA 12.6 does not know 12.0");
    finds("cuda-driver", HR_GOOD, "takes what CUDA 12.6 builds");
    finds("cuda-several", HR_GOOD, "one");
    toolkit("13.0");
    put("headrace/env", "PATH /usr/local/cuda-13.0/bin\nCUDA_HOME /usr/local/cuda-12.6\n");
    finds("cuda-nvcc", HR_GOOD, "CUDA 13.0.1");
    finds("cuda-several", HR_NOTE, "2 CUDA toolkits");
    finds("cuda-builds", HR_GOOD, "CUDA 13.0 builds for 12.0");
    finds("cuda-driver", HR_BAD, "too old for the toolkit");
    finds("cuda-home", HR_GOOD, "CUDA_HOME");
    finds("cuda-home-path", HR_WARN, "CUDA_HOME is CUDA 12.6.1, nvcc on PATH is CUDA 13.0.1");
    with("FAKE_NVML_CUDA", "13.1", "cuda-driver", HR_GOOD, "13.1");
    with("FAKE_NVML_CC", "6.1", "cuda-builds", HR_BAD, "no longer builds for 6.1; the last that does is 12.x");
    with("FAKE_NVML_CC", "7.0", "cuda-builds", HR_BAD, "no longer builds for 7.0");
    toolkit("12.8");
    put("headrace/env", "PATH /usr/local/cuda-12.8/bin\nCUDA_HOME /opt/none\n");
    with("FAKE_NVML_CC", "12.1", "cuda-builds", HR_NOTE, "code for 12.0 runs on it");
    with("FAKE_NVML_CUDA", "12.4", "cuda-driver", HR_NOTE, "error 222");
    finds("cuda-home", HR_WARN, "/opt/none");
}

static void lists_of_architectures(void **state)
{
    (void)state;
    machine(true);
    gpus("wsl");
    finds("cuda-sm120", HR_GOOD, "12.0");
    finds("cuda-arch-list", HR_GOOD, "not set");
    put("headrace/env", "TORCH_CUDA_ARCH_LIST 8.9\n");
    finds("cuda-sm120", HR_BAD, "takes this card for an 8.9");
    finds("cuda-arch-list", HR_NOT_HERE, "cuda-sm120");
    put("headrace/env", "TORCH_CUDA_ARCH_LIST 7.0;7.5;8.0;8.6;8.9;9.0;10.0;12.0\n"); /* what mended it */
    finds("cuda-sm120", HR_GOOD, "12.0");
    finds("cuda-arch-list", HR_GOOD, "covers");
    put("headrace/env", "TORCH_CUDA_ARCH_LIST 8.9+PTX\n");
    finds("cuda-sm120", HR_GOOD, "12.0");
    put("headrace/env", "TORCH_CUDA_ARCH_LIST 8.0\n");
    finds("cuda-arch-list", HR_BAD, "no code for this card, which is 12.0");
    put("headrace/env", "TORCH_CUDA_ARCH_LIST Ampere\n");
    finds("cuda-arch-list", HR_NOTE, "by words");
    put("headrace/env", "HOME /home/me\nPWD /home/me/p\n");
    put("home/me/.bashrc", "# export TORCH_CUDA_ARCH_LIST=8.9\nexport TORCH_CUDA_ARCH_LIST=\"8.9\"  # RTX 5070 Ti\n");
    finds("cuda-sm120", HR_BAD, "~/.bashrc");
    put("home/me/.bashrc", "# export TORCH_CUDA_ARCH_LIST=8.9\n");
    finds("cuda-sm120", HR_GOOD, "12.0");
    put("home/me/p/.env", "TORCH_CUDA_ARCH_LIST=8.9\n");
    finds("cuda-sm120", HR_BAD, ".env");
    with("FAKE_NVML_CC", "8.9", "cuda-sm120", HR_NOT_HERE, "RTX 50");
    finds("cuda-arch-list", HR_GOOD, "covers");
}

static void leftovers_and_switches(void **state)
{
    (void)state;
    machine(false);
    finds("cuda-leftovers", HR_GOOD, "nothing half removed");
    put("var/lib/dpkg/status", "Package: cuda-toolkit-12-4\nStatus: install ok half-configured\nVersion: 12.4\n");
    finds("cuda-leftovers", HR_WARN, "1 package");
    put("var/lib/dpkg/status", "Package: cuda-toolkit-11-8\nStatus: deinstall ok config-files\nVersion: 11.8\n");
    finds("cuda-leftovers", HR_GOOD, "only settings of 1 package that is gone (cuda-toolkit-11-8)");
    put("var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nVersion: 5\n");
    finds("cuda-stubs", HR_GOOD, "not set");
    put("usr/local/cuda-12.8/lib64/stubs/libcuda.so", "elf");
    put("headrace/env", "LD_LIBRARY_PATH /usr/local/cuda-12.8/lib64/stubs\nCUDA_LAUNCH_BLOCKING 1\n");
    finds("cuda-stubs", HR_BAD, "link stub");
    finds("cuda-switches", HR_WARN, "CUDA_LAUNCH_BLOCKING=1");
    put("headrace/env", "CUDA_LAUNCH_BLOCKING 0\nLD_LIBRARY_PATH /opt/lib\n");
    finds("cuda-switches", HR_GOOD, "none");
    finds("cuda-stubs", HR_GOOD, "no folder");
}

/* A second name of something on the machine. */
static void link_to(const char *target, const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", root_dir, path);
    assert_int_equal(symlink(target, full), 0);
}

static void parts_of_a_toolkit(void **state)
{
    (void)state;
    machine(false);
    finds("cuda-headers", HR_NOT_HERE, "no toolkit");
    finds("cuda-gcc", HR_NOT_HERE, "no CUDA toolkit");
    finds("cuda-mixed", HR_NOT_HERE, "no CUDA toolkit");
    put("usr/local/cuda-12.4/bin/nvcc", "elf");
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin:/usr/bin\n");
    finds("cuda-headers", HR_WARN, "neither its headers nor the library");
    put("usr/local/cuda-12.4/lib64/libcudart.so", "elf");
    finds("cuda-headers", HR_WARN, "not its headers");
    put("usr/local/cuda-12.4/targets/x86_64-linux/include/cuda_runtime.h", "");
    finds("cuda-headers", HR_GOOD, "beside its nvcc");
    /* the host's compiler */
    finds("cuda-gcc", HR_WARN, "no folder of PATH has gcc");
    put("usr/bin/gcc", "elf");
    finds("cuda-gcc", HR_UNKNOWN, "neither its name nor itself");
    put("headrace/run", "usr/bin/gcc%20-dumpversion exit 0 13.3.0%0A\n");
    finds("cuda-gcc", HR_GOOD, "CUDA 12.4 takes gcc 13");
    put("headrace/run", "usr/bin/gcc%20-dumpversion exit 0 14%0A\n");
    finds("cuda-gcc", HR_WARN, "gcc 14 is too new for the nvcc of CUDA 12.4, which takes up to 13");
    put("usr/local/cuda-12.4/include/crt/host_config.h", "#if __GNUC__ > 14\n#error\n"); /* its own word goes before the table */
    finds("cuda-gcc", HR_GOOD, "takes gcc 14");
    put("usr/local/cuda-12.4/include/crt/host_config.h", "\0\xff#if __GNUC__ > >\n");
    finds("cuda-gcc", HR_WARN, "takes up to 13");
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin:/usr/bin\nNVCC_CCBIN /usr/bin/g++-12\n");
    finds("cuda-gcc", HR_GOOD, "takes gcc 12");
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin:/usr/bin\nNVCC_CCBIN clang++\n");
    finds("cuda-gcc", HR_UNKNOWN, "clang");
    /* whose libraries */
    finds("cuda-mixed", HR_GOOD, "no toolkit's libraries");
    put("usr/local/cuda-13.0/bin/nvcc", "elf");
    link_to("cuda-13.0", "usr/local/cuda");
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin\nLD_LIBRARY_PATH /opt/x:/usr/local/cuda-12.4/lib64\n");
    finds("cuda-mixed", HR_GOOD, "same toolkit");
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin\nLD_LIBRARY_PATH /usr/local/cuda/lib64/:/usr/local/cuda-12.4/lib64\n");
    finds("cuda-mixed", HR_WARN, "nvcc builds with CUDA 12.4, and LD_LIBRARY_PATH makes programs load the libraries of CUDA 13.0");
    /* stubs in the loader's own list */
    put("etc/ld.so.conf.d/cuda.conf", "# /x/stubs\n/usr/local/cuda/lib64\n");
    finds("cuda-stubs", HR_GOOD, "");
    put("etc/ld.so.conf.d/a b.conf", "/usr/local/cuda/lib64/stubs/\n");
    finds("cuda-stubs", HR_BAD, "loader's own list leads to a folder of link stubs: /etc/ld.so.conf.d/a b.conf");
}

static void torch_of(const char *version, const char *cuda, const char *numpy)
{
    char text[256];
    put("home/me/v/pyvenv.cfg", "version = 3.11.7\n");
    snprintf(text, sizeof text, "__version__ = '%s'\ncuda: Optional[str] = %s\nhip: Optional[str] = None\n", version,
             cuda);
    put("home/me/v/lib/python3.11/site-packages/torch/version.py", text);
    snprintf(text, sizeof text, "home/me/v/lib/python3.11/site-packages/numpy-%s.dist-info/METADATA", numpy);
    put(text, "");
    put("headrace/env", "HOME /home/me\nVIRTUAL_ENV /home/me/v\n");
}

static void torches(void **state)
{
    (void)state;
    machine(false);
    gpus("native");
    finds("python-environment", HR_NOT_HERE, "no Python");
    finds("python-torch", HR_NOT_HERE, "no environment");
    torch_of("2.7.1+cu126", "'12.6'", "2.2.0");
    finds("python-environment", HR_GOOD, "/home/me/v");
    finds("python-torch", HR_GOOD, "built with CUDA 12.6");
    finds("python-torch-arch", HR_BAD, "nothing in it fits a card of 12.0");
    finds("python-torch-driver", HR_GOOD, "serves");
    finds("python-numpy", HR_GOOD, "fit");
    finds("python-several", HR_GOOD, "1 environment");
    with("FAKE_NVML_CC", "8.6", "python-torch-arch", HR_GOOD, "its code for 8.6 runs");
    torch_of("2.9.0+cu130", "'13.0'", "2.2.0");
    with("FAKE_NVML_CC", "12.0", "python-torch-arch", HR_GOOD, "its code for 12.0 runs");
    finds("python-torch-driver", HR_BAD, "too old for PyTorch's CUDA 13.0");
    with("FAKE_NVML_CC", "7.0", "python-torch-arch", HR_BAD, "nothing in it fits a card of 7.0");
    torch_of("2.99.0+cu130", "'13.0'", "2.2.0");
    finds("python-torch-arch", HR_UNKNOWN, "cannot be told");
    put("headrace/answer/fatbin-2.99.0+cu130", "blocks 256 first\nsass 9.0\n");
    with("FAKE_NVML_CC", "12.0", "python-torch-arch", HR_WARN, "nothing in it fits");
    put("headrace/answer/fatbin-2.99.0+cu130", "blocks 900 all\nsass 9.0\nptx 9.0\n");
    finds("python-torch-arch", HR_BAD, "error 222");
    with("FAKE_NVML_CUDA", "13.0", "python-torch-arch", HR_NOTE, "compiles it at the first start");
    torch_of("2.7.0+cpu", "None", "1.26.0");
    finds("python-torch", HR_BAD, "built without CUDA");
    finds("python-torch-driver", HR_NOT_HERE, "without CUDA");
    machine(false);
    gpus("native");
    torch_of("2.2.2+cu121", "'12.1'", "2.0.1");
    finds("python-numpy", HR_BAD, "was built for NumPy 1");
    toolkit("11.8");
    put("headrace/env", "HOME /home/me\nVIRTUAL_ENV /home/me/v\nPATH /usr/local/cuda-11.8/bin\n");
    finds("python-torch-nvcc", HR_WARN, "refuses to build");
}

static void places(void **state)
{
    (void)state;
    machine(true);
    put("mnt/c/p/.venv/pyvenv.cfg", "version = 3.12.1\n");
    put("headrace/env", "PWD /mnt/c/p\n");
    finds("python-windows-drive", HR_NOTE, "/mnt/c/p/.venv lies on a Windows drive");
    finds("python-environment", HR_NOTE, "1 lies here");
    put("headrace/env", "VIRTUAL_ENV /mnt/c/p/.venv\n");
    finds("python-windows-drive", HR_NOT_HERE, "storage-environment");
    machine(true);
    put("home/me/.venv/pyvenv.cfg", "version = 3.12.1\n");
    put("headrace/env", "HOME /home/me\n");
    finds("python-windows-drive", HR_GOOD, "no Python environment lies on");
    machine(false);
    finds("python-windows-drive", HR_NOT_HERE, "not WSL");
}

/* Everything these checks ask, on one machine that has something of everything. */
static void look_at_all(const struct hr_root *root)
{
    static const char *const groups[] = { "gpu-", "cuda-", "python-" };
    struct hr_facts *facts;
    if (hr_facts_open(root, NULL, 0, &facts, NULL) < 0)
        return;
    for (int g = HR_CHECK_GPU; g <= HR_CHECK_PYTHON; g++)
        for (const struct hr_check *c = hr_check_group_table((enum hr_check_group)g); c->id != NULL; c++) {
            struct hr_finding f;
            assert_int_equal(strncmp(c->id, groups[g - HR_CHECK_GPU], strlen(groups[g - HR_CHECK_GPU])), 0);
            hr_finding_init(&f);
            c->run(facts, &f);
            assert_true(f.say.len != 0 || hr_finding_failed(&f));
            hr_finding_fini(&f);
        }
    hr_facts_close(facts);
}

static void rich_machine(void)
{
    machine(true);
    setenv("FAKE_NVML_GPUS", "2", 1);
    gpus("wsl");
    unsetenv("FAKE_NVML_GPUS");
    toolkit("12.8");
    put("var/lib/dpkg/status", "Package: cuda-drivers\nStatus: install ok half-installed\nVersion: 570\n");
    torch_of("2.9.0+cu130", "'13.0'", "2.2.0");
    put("headrace/answer/fatbin-2.9.0+cu130", "blocks 256 first\nsass 9.0\nptx 9.0\n");
    put("headrace/answer/cuda", "{\"state\":\"read\",\"error\":0,\"say\":\"\",\"driver\":1209,\"devices\":1}");
    put("headrace/env", "HOME /home/me\nVIRTUAL_ENV /home/me/v\nPATH /usr/local/cuda-12.8/bin:/home/me/v/bin\n"
                        "CUDA_HOME /opt/gone\nTORCH_CUDA_ARCH_LIST 8.9\nLD_LIBRARY_PATH /usr/lib/wsl/lib\n");
}

/* Whatever allocation or system call fails: a sentence, no crash, nothing lost. */
static void every_call_can_fail(void **state)
{
    (void)state;
    rich_machine();
    struct hr_root *root = opened();
    for (int memory = 0; memory < 2; memory++) {
        uint64_t before = memory ? hr_mem_count() : hr_fault_sys_count();
        look_at_all(root);
        uint64_t all = (memory ? hr_mem_count() : hr_fault_sys_count()) - before;
        assert_true(all > 50);
        for (uint64_t n = 1; n <= all; n += 1 + n / 64) {
            if (memory)
                hr_mem_fail_at(n, false);
            else
                hr_fault_sys_at(n, false);
            look_at_all(root);
            hr_mem_fail_at(0, false);
            hr_fault_sys_at(0, false);
        }
    }
    hr_root_close(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_gpu),
        cmocka_unit_test(drivers),
        cmocka_unit_test(start_of_cuda),
        cmocka_unit_test(wsl_only),
        cmocka_unit_test(the_state_of_a_card),
        cmocka_unit_test(visible_devices),
        cmocka_unit_test(toolkits),
        cmocka_unit_test(lists_of_architectures),
        cmocka_unit_test(leftovers_and_switches),
        cmocka_unit_test(parts_of_a_toolkit),
        cmocka_unit_test(torches),
        cmocka_unit_test(places),
        cmocka_unit_test(every_call_can_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

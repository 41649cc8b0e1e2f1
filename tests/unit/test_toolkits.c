/* CUDA toolkits, driver libraries and packages, read from the files of captured machines. */
#include "unit.h"

#include "host_gcc.h"
#include "root_make.h"
#include "toolkits.h"

#include <unistd.h>

static struct hr_toolkits kits;
static struct hr_python python;
static struct hr_dpkg dpkg;

static void read_all(void)
{
    struct hr_root *root = opened();
    hr_python_read(root, &python);
    hr_dpkg_read(root, &dpkg);
    hr_toolkits_read(root, &python, &dpkg, &kits);
    hr_root_close(root);
}

static void done(void)
{
    hr_toolkits_fini(&kits);
    hr_python_fini(&python);
}

static void link_to(const char *target, const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", root_dir, path);
    assert_int_equal(symlink(target, full), 0);
}

static const struct hr_toolkit *at(const char *path)
{
    for (size_t i = 0; i < kits.n; i++)
        if (strcmp(kits.kit[i].path, path) == 0)
            return &kits.kit[i];
    return NULL;
}

static void two_toolkits_and_a_link(void **state)
{
    (void)state;
    fresh();
    put("usr/local/cuda-12.8/bin/nvcc", "elf");
    put("usr/local/cuda-12.8/lib64/libcudart.so", "elf");
    put("usr/local/cuda-12.8/version.json", "{\"cuda\": {\"name\": \"CUDA SDK\", \"version\": \"12.8.1\"}}");
    put("usr/local/cuda-11.3/bin/nvcc", "elf");
    put("usr/local/cuda-11.3/version.txt", "CUDA Version 11.3.109\n");
    put("usr/local/cuda-9.0/readme", "what a removal left behind");
    link_to("cuda-12.8", "usr/local/cuda");
    put("headrace/env", "PATH /usr/local/cuda-11.3/bin:/usr/bin\nCUDA_HOME /usr/local/cuda\nCUDA_PATH /opt/gone\n");
    read_all();
    assert_int_equal(kits.n, 2);
    const struct hr_toolkit *new = at("/usr/local/cuda-12.8"), *old = at("/usr/local/cuda-11.3");
    assert_non_null(new);
    assert_string_equal(new->version.v, "12.8.1");
    assert_int_equal(new->number, 1208);
    assert_string_equal(new->from, "version.json");
    assert_true(new->nvcc &&new->runtime);
    assert_non_null(old);
    assert_int_equal(old->number, 1103);
    assert_string_equal(old->from, "version.txt");
    assert_ptr_equal(kits.nvcc_of, old);
    assert_string_equal(kits.nvcc.v, "/usr/local/cuda-11.3/bin/nvcc");
    assert_string_equal(kits.home.v, "/usr/local/cuda");
    assert_true(kits.home_there);
    assert_true(kits.path.known);
    assert_false(kits.path_there);
    assert_ptr_equal(hr_toolkits_newest(&kits), new);
    assert_false(kits.library_path.known);
    done();
    put("headrace/env", "PATH /usr/local/cuda/bin\n"); /* through the link */
    read_all();
    assert_ptr_equal(kits.nvcc_of, at("/usr/local/cuda-12.8"));
    done();
}

static void nvcc_behind_a_script(void **state)
{
    (void)state;
    fresh();
    put("usr/local/cuda-13.0/bin/nvcc", "elf");
    put("usr/local/bin/nvcc", "#!/bin/sh\nexec /usr/local/cuda-13.0/bin/nvcc \"$@\"\n");
    put("headrace/env", "PATH relative:/usr/local/bin\n");
    read_all();
    assert_int_equal(kits.n, 1);
    assert_string_equal(kits.kit[0].from, "the folder's name");
    assert_ptr_equal(kits.nvcc_of, &kits.kit[0]);
    assert_int_equal(kits.kit[0].number, 1300);
    done();
}

static const char status[] = "Package: nvidia-cuda-toolkit\nStatus: install ok installed\nVersion: 11.5.1-1ubuntu1\n"
                             "Description: x\n Version: 99\n\n"
                             "Package: libnvidia-compute-535\nStatus: install ok installed\nVersion: 535.183.01-0\n\n"
                             "Package: cuda-toolkit-12-4\nStatus: deinstall ok config-files\nVersion: 12.4.1-1\n\n"
                             "Package: bash\nStatus: install ok installed\nVersion: 5\n\n"
                             "Package: nvidia-driver-550\nStatus: install ok half-installed\nVersion: 550";

static void packages(void **state)
{
    (void)state;
    fresh();
    put("var/lib/dpkg/status", status);
    put("usr/bin/nvcc", "elf");
    put("headrace/env", "PATH /usr/bin\n");
    read_all();
    assert_true(dpkg.known);
    assert_int_equal(dpkg.n, 4);
    assert_string_equal(dpkg.package[0].version, "11.5.1-1ubuntu1");
    assert_string_equal(dpkg.package[2].state, "config-files");
    assert_false(dpkg.package[2].driver);
    assert_string_equal(dpkg.package[3].name, "nvidia-driver-550");
    assert_string_equal(dpkg.package[3].version, "550");
    assert_true(dpkg.package[3].driver);
    assert_non_null(hr_dpkg_installed(&dpkg, "libnvidia-compute*"));
    assert_null(hr_dpkg_installed(&dpkg, "nvidia-driver*"));
    assert_null(hr_dpkg_installed(&dpkg, "cuda-toolkit-12-4"));
    assert_int_equal(kits.n, 1);
    assert_int_equal(kits.kit[0].kind, HR_TOOLKIT_DISTRO);
    assert_int_equal(kits.kit[0].number, 1105);
    assert_ptr_equal(kits.nvcc_of, &kits.kit[0]);
    done();
    fresh();
    read_all();
    assert_false(dpkg.known);
    assert_int_not_equal(dpkg.why[0], 0);
    assert_int_equal(kits.n, 0);
    assert_false(kits.nvcc.known);
    done();
    hr_dpkg_parse(HR_STR("Package: libcups2\nStatus: install ok installed\n\nPackage: libcublas-12-8\nStatus: install ok "
                         "installed\nVersion: 12.8.4\n\nPackage: cuda-drivers-570\nStatus: install ok installed\n"),
                  &dpkg);
    assert_int_equal(dpkg.n, 2); /* CUPS is nobody's GPU library */
    assert_string_equal(dpkg.package[0].name, "libcublas-12-8");
    assert_false(dpkg.package[0].driver);
    assert_true(dpkg.package[1].driver);
    struct hr_buf many = HR_BUF_INIT(1 << 20);
    for (int i = 0; i < 2 * HR_DPKG_MAX; i++)
        hr_buf_printf(&many, "Package: cuda-nvcc-%d\nVersion: 1\n\n", i);
    hr_dpkg_parse(hr_buf_str(&many), &dpkg);
    assert_int_equal(dpkg.n, HR_DPKG_MAX);
    assert_true(dpkg.cut);
    hr_buf_fini(&many);
}

static void host_compilers(void **state)
{
    (void)state;
    struct hr_host_gcc g;
    static const struct {
        const char *name;
        unsigned major;
    } named[] = { { "gcc-13", 13 }, { "x86_64-linux-gnu-g++-9", 9 }, { "gcc", 0 }, { "gcc-", 0 }, { "gcc-999999999999", 0 },
                  { "clang-14", 0 }, { "", 0 }, { "13", 0 }, { "gcc-ar-13", 0 } };
    for (size_t i = 0; i < HR_COUNT(named); i++)
        assert_int_equal(hr_gcc_of_name(hr_str(named[i].name)), named[i].major);
    fresh();
    put("usr/bin/x86_64-linux-gnu-gcc-13", "elf");
    put("usr/bin/g++-12", "elf");
    link_to("gcc-13", "usr/bin/gcc");
    link_to("x86_64-linux-gnu-gcc-13", "usr/bin/gcc-13");
    put("headrace/env", "PATH /usr/local/bin:/usr/bin\n");
    struct hr_root *root = opened();
    hr_host_gcc_read(root, &g);
    assert_string_equal(g.path.v, "/usr/bin/gcc");
    assert_int_equal(g.major, 13);
    assert_int_equal(hr_host_gcc_at_most(root, 14), 12);
    assert_int_equal(hr_host_gcc_at_most(root, 11), 0);
    hr_root_close(root);
    put("opt/cc/gcc", "elf");
    put("headrace/env", "PATH /usr/bin\nNVCC_CCBIN /opt/cc/gcc\n");
    put("headrace/run", "/opt/cc/gcc%20-dumpversion exit 0 11%0A\n");
    root = opened();
    hr_host_gcc_read(root, &g);
    assert_string_equal(g.from, "NVCC_CCBIN");
    hr_root_close(root);
    put("headrace/env", "PATH /nowhere\n");
    root = opened();
    hr_host_gcc_read(root, &g);
    assert_false(g.path.known);
    assert_int_equal(g.major, 0);
    assert_true(g.why[0] != 0);
    hr_root_close(root);
    fresh();
    put("usr/bin/ld", "elf"); /* links that lead in a circle */
    link_to("cc", "usr/bin/gcc");
    link_to("gcc", "usr/bin/cc");
    put("headrace/env", "PATH /usr/bin\n");
    root = opened();
    hr_host_gcc_read(root, &g);
    assert_int_equal(g.major, 0);
    hr_root_close(root);
}

static void driver_libraries(void **state)
{
    (void)state;
    fresh();
    put("usr/local/cuda-12.8/lib64/stubs/libcuda.so", "elf");
    put("usr/local/cuda-12.8/lib64/libcudart.so", "elf");
    put("usr/lib/wsl/lib/libcuda.so.1", "elf");
    put("usr/lib/x86_64-linux-gnu/libcuda.so.1", "elf");
    put("headrace/env", "LD_LIBRARY_PATH :/usr/local/cuda-12.8/lib64/stubs:/nowhere:/usr/lib/x86_64-linux-gnu\n");
    read_all();
    assert_int_equal(kits.libcudas, 3);
    assert_true(kits.libcuda[0].stub);
    assert_string_equal(kits.libcuda[0].from, "LD_LIBRARY_PATH");
    assert_string_equal(kits.libcuda[1].path, "/usr/lib/x86_64-linux-gnu/libcuda.so.1");
    assert_false(kits.libcuda[1].wsl);
    assert_true(kits.libcuda[2].wsl);
    assert_string_equal(kits.libcuda[2].from, "WSL");
    assert_int_equal(kits.n, 1);
    assert_false(kits.kit[0].nvcc);
    assert_null(hr_toolkits_newest(&kits));
    done();
}

static void conda_and_wheels(void **state)
{
    (void)state;
    fresh();
    put("home/me/miniconda3/envs/ml/conda-meta/cuda-nvcc-12.4.131-0.json", "{}");
    put("home/me/miniconda3/envs/ml/bin/nvcc", "elf");
    put("home/me/miniconda3/conda-meta/history", "");
    put("home/me/.venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.3\n");
    put("home/me/.venv/lib/python3.12/site-packages/nvidia_cuda_nvcc_cu12-12.8.93.dist-info/METADATA", "");
    put("headrace/env", "HOME /home/me\n");
    read_all();
    assert_int_equal(kits.n, 2);
    const struct hr_toolkit *conda = at("/home/me/miniconda3/envs/ml"), *wheel = at("/home/me/.venv");
    assert_non_null(conda);
    assert_int_equal(conda->kind, HR_TOOLKIT_CONDA);
    assert_int_equal(conda->number, 1204);
    assert_non_null(wheel);
    assert_int_equal(wheel->kind, HR_TOOLKIT_WHEEL);
    assert_int_equal(wheel->number, 1208);
    done();
}

static void version_files(void **state)
{
    (void)state;
    struct hr_word w;
    assert_true(hr_toolkit_version_txt(HR_STR("CUDA Version 10.2.89\r\n"), &w));
    assert_string_equal(w.v, "10.2.89");
    static const char *const bad_txt[] = { "", "CUDA Version", "CUDA Version x", "version 10", "\n\nCUDA" };
    for (size_t i = 0; i < HR_COUNT(bad_txt); i++)
        assert_false(hr_toolkit_version_txt(hr_str(bad_txt[i]), &w));
    static const char *const bad_json[] = { "",
                                            "{}",
                                            "[]",
                                            "{\"cuda\":\"12.8\"}",
                                            "{\"cuda\":{\"version\":12.8}}",
                                            "{\"cuda\":{\"version\":\"new\"}}",
                                            "{\"cuda\":{\"version\":\"12.8\"}" };
    for (size_t i = 0; i < HR_COUNT(bad_json); i++)
        assert_false(hr_toolkit_version_json(hr_str(bad_json[i]), &w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_toolkits_and_a_link),
        cmocka_unit_test(nvcc_behind_a_script),
        cmocka_unit_test(packages),
        cmocka_unit_test(driver_libraries),
        cmocka_unit_test(host_compilers),
        cmocka_unit_test(conda_and_wheels),
        cmocka_unit_test(version_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

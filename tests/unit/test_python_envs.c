/* Python environments of captured machines, and the GPU code inside libraries. */
#include "unit.h"

#include "root_make.h"
#include "fatbin.h"
#include "python_envs.h"

static struct hr_python python;

static void read_all(void)
{
    struct hr_root *root = opened();
    hr_python_read(root, &python);
    hr_root_close(root);
}

static void a_venv_with_a_wheel(void **state)
{
    (void)state;
    fresh();
    put("home/me/p/.venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.7\n");
#define SITE "home/me/p/.venv/lib/python3.11/site-packages/"
    put(SITE "torch-2.6.0+cu126.dist-info/METADATA", "");
    put(SITE "torch/version.py",
        "from typing import Optional\n__version__ = '2.7.0+cu126'\ndebug = False\ncuda: Optional[str] = '12.6'\n"
        "git_version = 'x'\nhip: Optional[str] = None\n");
    put(SITE "numpy-2.1.0.dist-info/METADATA", "");
    put(SITE "numpy_quaternion-3.0.dist-info/METADATA", "");
    put("headrace/env", "HOME /home/me\nVIRTUAL_ENV /home/me/p/.venv/\nPWD /home/me/p\nPATH /home/me/p/.venv/bin\n");
    put("home/me/p/.venv/bin/python3", "elf");
    read_all();
    assert_int_equal(python.n, 1); /* found four ways, told once */
    const struct hr_python_env *e = hr_python_active(&python);
    assert_non_null(e);
    assert_string_equal(e->path, "/home/me/p/.venv");
    assert_string_equal(e->found, "VIRTUAL_ENV");
    assert_string_equal(e->python.v, "3.11.7");
    assert_string_equal(e->numpy.v, "2.1.0");
    assert_false(e->pyarrow.known);
    assert_string_equal(e->pyarrow.why, "pyarrow is not installed in it");
    assert_true(e->torch.there);
    assert_string_equal(e->torch.version.v, "2.7.0+cu126");
    assert_int_equal(e->torch.number, 207);
    assert_int_equal(e->torch.cuda_number, 1206);
    assert_true(e->torch.cpu_only.known && !e->torch.cpu_only.v);
    assert_int_equal(e->torch.images.n, 7);
    assert_true(e->torch.images_whole);
    assert_non_null(strstr(e->torch.images_from, "the list of PyTorch's wheels"));
    assert_int_equal(hr_arch_runs(&e->torch.images, 120, 0, 0).runs, HR_RUNS_NOT);
    hr_python_fini(&python);
    put("headrace/answer/machine", "aarch64\n"); /* the list of wheels is not about this machine */
    read_all();
    assert_int_equal(python.env[0].torch.images.n, 0);
    assert_int_not_equal(python.env[0].torch.images_why[0], 0);
    hr_python_fini(&python);
}

static void cpu_only_rocm_and_none(void **state)
{
    (void)state;
    fresh();
    put("home/me/miniconda3/conda-meta/history", "");
    put("home/me/miniconda3/lib/python3.10/site-packages/torch/version.py",
        "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n");
    put("home/me/miniconda3/envs/a/conda-meta/history", "");
    put("home/me/miniconda3/envs/a/lib/python3.9/site-packages/torch/version.py",
        "__version__ = '2.5.0+rocm6.2'\ncuda = None\nhip = '6.2.41133'\n");
    put("home/me/miniconda3/envs/b/conda-meta/history", "");
    put("home/me/miniconda3/envs/b/lib/python3.13/site-packages/x", "");
    put("home/me/miniconda3/envs/c/readme", "no environment");
    put("headrace/env", "HOME /home/me\n");
    read_all();
    assert_int_equal(python.n, 3);
    assert_null(hr_python_active(&python));
    assert_int_equal(python.env[0].kind, HR_PYTHON_CONDA);
    assert_true(python.env[0].torch.cpu_only.v);
    assert_string_equal(python.env[0].torch.cuda.why, "this PyTorch was built without CUDA");
    assert_string_equal(python.env[0].python.v, "3.10");
    assert_true(python.env[1].torch.rocm.v);
    assert_false(python.env[1].torch.cpu_only.v);
    assert_false(python.env[2].torch.there);
    assert_false(python.env[2].torch.cpu_only.known);
    hr_python_fini(&python);
}

static void debian_has_its_own_places(void **state)
{
    (void)state;
    fresh();
    put("usr/bin/python3", "elf");
    put("usr/lib/python3.12/os.py", "");
    put("usr/lib/python3/dist-packages/numpy-1.26.4.dist-info/METADATA", "");
    put("home/me/.local/lib/python3.12/site-packages/torch/version.py",
        "__version__ = \"2.9.0+cu130\"\ncuda = \"13.0\"\n");
    put("headrace/env", "HOME /home/me\nPATH /usr/local/bin:/usr/bin\n");
    put("headrace/answer/fatbin-2.9.0_cu130", "not this one\n");
    put("headrace/answer/fatbin-2.9.0+cu130", "blocks 256 first\nsass 7.5\nsass 9.0a\nptx 12.0\n");
    read_all();
    assert_int_equal(python.n, 1);
    const struct hr_python_env *e = hr_python_active(&python);
    assert_string_equal(e->site, "/home/me/.local/lib/python3.12/site-packages");
    assert_int_equal(e->torch.number, 209);
    assert_int_equal(e->torch.cuda_number, 1300);
    char list[HR_WORD_MAX];
    hr_images_text(&e->torch.images, list); /* what was read, and what the table adds */
    assert_string_equal(list, "7.5 8.0 8.6 9.0 9.0a 10.0 12.0, PTX 12.0");
    assert_non_null(strstr(e->torch.images_from, "the first 256 blocks of GPU code in libtorch_cuda.so, and"));
    hr_python_fini(&python);
}

static void names_of_packages(void **state)
{
    (void)state;
    struct hr_str v;
    assert_true(hr_dist_version(HR_STR("torch-2.7.0+cu128.dist-info"), "torch", &v));
    assert_true(hr_str_is(v, "2.7.0+cu128"));
    assert_true(hr_dist_version(HR_STR("Nvidia_CUDA.nvcc-13.0.88.dist-info"), "nvidia-cuda-nvcc", &v));
    assert_false(hr_dist_version(HR_STR("torch_geometric-2.6.dist-info"), "torch", &v));
    assert_false(hr_dist_version(HR_STR("torch-.dist-info"), "torch", &v));
    assert_false(hr_dist_version(HR_STR("torch-x.dist-info"), "torch", &v));
    assert_false(hr_dist_version(HR_STR("torch"), "torch", &v));
    assert_true(hr_assigned(HR_STR("a = 1\nversion_info = 3.11.7.final.0\n"), "version_info", &v));
    assert_true(hr_str_is(v, "3.11.7.final.0"));
    assert_false(hr_assigned(HR_STR("cuda12 = 'x'\n# cuda: '12'\n"), "cuda", &v));
}

static void folders_of_path(void **state)
{
    (void)state;
    assert_true(hr_path_worth(HR_STR("/usr/bin")));
    assert_true(hr_path_worth(HR_STR("/mnt/data/conda/bin")));
    assert_true(hr_path_worth(HR_STR("/mnt/c/project/.venv/bin")));
    assert_false(hr_path_worth(HR_STR("/mnt/c/Windows/system32")));
    assert_false(hr_path_worth(HR_STR("/mnt/d/Program Files/Git/cmd")));
    assert_false(hr_path_worth(HR_STR("bin")));
    assert_false(hr_path_worth(HR_STR("")));
}

/* --- GPU code --- */

struct bytes {
    unsigned char *p;
    size_t n;
};

static int bytes_at(void *ctx, uint64_t at, void *p, size_t n, struct hr_error *err)
{
    const struct bytes *b = ctx;
    (void)err;
    assert_true(at <= b->n && n <= b->n - at);
    memcpy(p, b->p + at, n);
    return 0;
}

static void load(const char *name, struct bytes *b)
{
    static unsigned char room[65536];
    char path[512];
    snprintf(path, sizeof path, "%s/../fuzz/seeds/fatbin/%s", HEADRACE_TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    *b = (struct bytes) { room, fread(room, 1, sizeof room, f) };
    fclose(f);
    assert_true(b->n > 64);
}

static void what_a_library_holds(void **state)
{
    (void)state;
    struct bytes b;
    struct hr_fatbin f;
    char list[HR_WORD_MAX];
    load("four", &b); /* made by nvcc 13.0 for sm_75, sm_90a, sm_120 with PTX, sm_100f; its code cut short */
    assert_int_equal(hr_fatbin_read(&(struct hr_bytes_at) { bytes_at, &b, b.n }, 100, &f, NULL), 0);
    hr_images_text(&f.images, list);
    assert_string_equal(list, "7.5 9.0a 10.0f 12.0, PTX 12.0");
    assert_int_equal(f.blocks, 2);
    assert_true(f.all);
    assert_int_equal(hr_fatbin_read(&(struct hr_bytes_at) { bytes_at, &b, b.n }, 1, &f, NULL), 0);
    assert_int_equal(f.blocks, 1);
    assert_false(f.all);
    load("plain", &b);
    assert_int_equal(hr_fatbin_read(&(struct hr_bytes_at) { bytes_at, &b, b.n }, 100, &f, NULL), 0);
    assert_int_equal(f.blocks, 0);
    assert_int_equal(f.images.n, 0);
}

/* Cut anywhere, and with each byte changed: an error or a shorter answer, never a read outside. */
static void damaged_libraries(void **state)
{
    (void)state;
    struct bytes b;
    struct hr_fatbin f;
    load("four", &b);
    for (size_t n = 0; n < b.n; n++) {
        struct hr_error err = HR_ERROR_INIT;
        struct bytes cut = { b.p, n };
        int r = hr_fatbin_read(&(struct hr_bytes_at) { bytes_at, &cut, n }, 100, &f, &err);
        assert_int_equal(r, HR_E_FORMAT);
        assert_int_not_equal(err.text[0], 0);
    }
    for (size_t i = 0; i < b.n; i++) {
        static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
        unsigned char was = b.p[i];
        for (size_t k = 0; k < sizeof values; k++) {
            b.p[i] = values[k];
            if (hr_fatbin_read(&(struct hr_bytes_at) { bytes_at, &b, b.n }, 100, &f, NULL) == 0)
                assert_true(f.images.n <= HR_IMAGES_MAX);
        }
        b.p[i] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_venv_with_a_wheel),       cmocka_unit_test(cpu_only_rocm_and_none),
        cmocka_unit_test(debian_has_its_own_places), cmocka_unit_test(names_of_packages),
        cmocka_unit_test(folders_of_path),           cmocka_unit_test(what_a_library_holds),
        cmocka_unit_test(damaged_libraries),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

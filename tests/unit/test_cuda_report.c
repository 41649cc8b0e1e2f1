/* What each build takes, the plan of a reinstall and its script, on machines made for it; and all of it with the n-th system call
 * failing on the machines of tests/roots. */
#include "unit.h"

#include "cuda_report.h"
#include "fault.h"
#include "mem.h"
#include "root_make.h"
#include "root_text.h"

#include <unistd.h>

enum { STRIDE = 7 };
static struct hr_cuda_report rep;
static struct hr_root *root;
static struct hr_facts *facts;

static void machine(const char *env)
{
    char text[2048];
    fresh();
    put("proc/sys/kernel/osrelease", "6.8.0-60-generic\n");
    put("proc/self/mountinfo", "24 1 9:0 / / rw - ext4 /dev/md0 rw\n");
    put("etc/os-release", "PRETTY_NAME=\"Ubuntu 24.04.3 LTS\"\nID=ubuntu\nVERSION_ID=\"24.04\"\n");
    put("var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nVersion: 5\n");
    put("headrace/answer/machine", "x86_64\n");
    put("headrace/answer/nvml", "{\"state\":\"no library\",\"say\":\"none\"}");
    snprintf(text, sizeof text, "HOME /home/me\n%s", env);
    put("headrace/env", text);
}

static void kit(const char *version)
{
    static const char *const parts[] = { "bin/nvcc", "include/cuda_runtime.h", "include/cuda.h", "lib64/libcudart.so" };
    char path[256];
    for (size_t i = 0; i < HR_COUNT(parts); i++) {
        snprintf(path, sizeof path, "usr/local/cuda-%s/%s", version, parts[i]);
        put(path, "x");
    }
}

static void look(const char *want)
{
    struct hr_error err = HR_ERROR_INIT;
    root = opened();
    assert_int_equal(hr_facts_open(root, NULL, 0, &facts, NULL), 0);
    if (hr_cuda_report_of(facts, want, false, &rep, &err) < 0)
        fail_msg("%s", err.text);
}

static void leave(void)
{
    hr_cuda_report_fini(&rep);
    hr_facts_close(facts);
    hr_root_close(root);
}

static void takes(const char *id, enum hr_pick_state state, const char *path, unsigned cuda, const char *because)
{
    for (size_t i = 0; i < rep.picks.n; i++) {
        const struct hr_pick *p = &rep.picks.pick[i];
        if (strcmp(p->id, id) != 0)
            continue;
        if (p->state != state || strcmp(p->takes, path) != 0 || p->cuda != cuda || strstr(p->because, because) == NULL)
            fail_msg("%s: state %d, takes '%s', CUDA %u, because '%s'", id, p->state, p->takes, p->cuda, p->because);
        assert_true(p->rule[0] != 0 && p->source[0] != 0);
        return;
    }
    fail_msg("no pick '%s'", id);
}

static void link_to(const char *target, const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", root_dir, path);
    assert_int_equal(symlink(target, full), 0);
}

static void nothing_here(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(4096);
    machine("PATH /usr/bin\n");
    look(NULL);
    takes("nvcc", HR_PICK_NOTHING, "", 0, "no folder of PATH");
    takes("cmake-language", HR_PICK_NOTHING, "", 0, "hardly says so");
    takes("torch", HR_PICK_NOTHING, "", 0, "CUDA_HOME environment variable");
    takes("run-driver", HR_PICK_NOTHING, "", 0, "libcuda.so.1");
    assert_true(rep.picks.agree);
    assert_int_equal(hr_cuda_report_verdict(&rep), HR_GOOD);
    hr_cuda_report_say(&rep, &b);
    assert_string_equal(b.data, "No CUDA is here: neither a toolkit nor a driver.");
    assert_int_equal(rep.plan.want, 1208);
    hr_buf_fini(&b);
    leave();
}

/* The order of each tool, one variable after the other. */
static void orders(void **state)
{
    (void)state;
    machine("PATH /usr/local/cuda-12.4/bin:/usr/bin\n");
    kit("12.4");
    kit("12.8");
    link_to("cuda-12.8", "usr/local/cuda");
    look(NULL);
    takes("nvcc", HR_PICK_TAKES, "/usr/local/cuda-12.4/bin/nvcc", 1204, "PATH");
    takes("cmake-find", HR_PICK_TAKES, "/usr/local/cuda-12.4/bin/nvcc", 1204, "PATH");
    takes("torch", HR_PICK_TAKES, "/usr/local/cuda-12.4/bin/nvcc", 1204, "above the first nvcc");
    takes("cupy", HR_PICK_TAKES, "/usr/local/cuda-12.4", 1204, "above");
    takes("rust", HR_PICK_TAKES, "/usr/local/cuda", 1208, "usual place"); /* it does not look along PATH */
    assert_false(rep.picks.agree);
    assert_non_null(strstr(rep.picks.cure, "CUDA_HOME=/usr/local/cuda-12.4 CUDA_PATH=/usr/local/cuda-12.4 CUDACXX=/usr/local/cuda-12.4/bin/nvcc PATH=/usr/local/cuda-12.4/bin:$PATH"));
    leave();
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin:/usr/bin\nCUDA_HOME /usr/local/cuda\n");
    look(NULL);
    takes("torch", HR_PICK_TAKES, "/usr/local/cuda/bin/nvcc", 1208, "CUDA_HOME");
    takes("cmake-language", HR_PICK_TAKES, "/usr/local/cuda-12.4/bin/nvcc", 1204, "PATH");
    leave();
    put("headrace/env", "PATH /usr/local/cuda-12.4/bin:/usr/bin\nCUDA_PATH /usr/local/cuda-12.8\nCUDACXX /usr/local/cuda/bin/nvcc\n");
    look(NULL);
    takes("cmake-language", HR_PICK_TAKES, "/usr/local/cuda/bin/nvcc", 1208, "CUDACXX");
    takes("cmake-find", HR_PICK_TAKES, "/usr/local/cuda-12.4/bin/nvcc", 1204, "PATH"); /* behind PATH, whatever the manual says */
    takes("torch", HR_PICK_TAKES, "/usr/local/cuda-12.8/bin/nvcc", 1208, "CUDA_PATH");
    takes("cupy", HR_PICK_TAKES, "/usr/local/cuda-12.8", 1208, "CUDA_PATH");
    takes("rust", HR_PICK_TAKES, "/usr/local/cuda-12.8", 1208, "CUDA_PATH");
    leave();
    put("headrace/env", "PATH /usr/bin\nCUDA_PATH /usr/local/cuda-12.4\nCUDAToolkit_ROOT /usr/local/cuda-12.8\n");
    look(NULL);
    takes("nvcc", HR_PICK_NOTHING, "", 0, "no folder");
    takes("cmake-language", HR_PICK_TAKES, "/usr/local/cuda-12.4/bin/nvcc", 1204, "CUDA_PATH");
    takes("cmake-find", HR_PICK_TAKES, "/usr/local/cuda-12.8/bin/nvcc", 1208, "CUDAToolkit_ROOT");
    leave();
    put("headrace/env", "PATH /usr/bin\nCUDACXX /gone/nvcc\nCUDA_HOME /gone\nCUDAToolkit_ROOT /gone\n");
    look(NULL);
    takes("cmake-language", HR_PICK_BROKEN, "/gone/nvcc", 0, "CMake stops");
    takes("cmake-find", HR_PICK_BROKEN, "/gone", 0, "no nvcc in it");
    takes("torch", HR_PICK_BROKEN, "/gone", 0, "no bin/nvcc");
    leave();
    put("headrace/env", "PATH /usr/bin\n");
    look(NULL);
    takes("cmake-find", HR_PICK_TAKES, "/usr/local/cuda/bin/nvcc", 1208, "link");
    takes("torch", HR_PICK_TAKES, "/usr/local/cuda/bin/nvcc", 1208, "link");
    leave();
    put("usr/local/bin/nvcc", "#!/bin/sh\nexec /usr/local/cuda-12.4/bin/nvcc \"$@\"\n");
    put("headrace/env", "PATH /usr/local/bin:/usr/bin\n");
    look(NULL); /* a wrapper: nvcc works, and PyTorch looks for headers beside it */
    takes("nvcc", HR_PICK_TAKES, "/usr/local/bin/nvcc", 1204, "PATH");
    takes("torch", HR_PICK_BROKEN, "/usr/local/bin/nvcc", 1204, "no include/cuda_runtime.h");
    leave();
}

static void long_paths_and_several(void **state)
{
    (void)state;
    char home[400], env[1200];
    memset(home, 'x', sizeof home);
    for (size_t i = 50; i < 300; i += 50)
        home[i] = '/';
    memcpy(home, "/opt/", 5);
    home[300] = 0;
    machine("PATH /usr/local/cuda-12.8/bin:/usr/local/cuda-12.4/bin:/usr/local/cuda-12.8/bin:/usr/bin\n");
    kit("12.4");
    kit("12.8");
    look(NULL);
    assert_int_equal(rep.picks.nvccs, 2);
    assert_string_equal(rep.picks.nvcc[0].v, "/usr/local/cuda-12.8/bin/nvcc");
    assert_string_equal(rep.picks.nvcc[1].v, "/usr/local/cuda-12.4/bin/nvcc");
    leave();
    snprintf(env, sizeof env, "PATH /usr/bin\nCUDA_HOME %s\nCUDACXX %s/bin/nvcc\n", home, home);
    put("headrace/env", env);
    look(NULL); /* what is cut is not what was meant: it is not said to be missing */
    takes("torch", HR_PICK_UNKNOWN, "", 0, "longer than is looked at");
    takes("cmake-language", HR_PICK_UNKNOWN, "", 0, "longer than is looked at");
    takes("cmake-find", HR_PICK_TAKES, "/usr/local/cuda-12.8/bin/nvcc", 1208, "newest");
    leave();
    snprintf(env, sizeof env, "%s/bin/nvcc", home + 1);
    put(env, "x");
    snprintf(env, sizeof env, "PATH %s/bin:/usr/bin\n", home);
    put("headrace/env", env);
    look(NULL);
    takes("nvcc", HR_PICK_UNKNOWN, "", 0, "longer than is looked at");
    takes("torch", HR_PICK_UNKNOWN, "", 0, "longer than is looked at");
    leave();
}

static bool step_has(const char *part)
{
    for (size_t i = 0; i < rep.plan.steps; i++)
        for (size_t k = 0; k < HR_COUNT(rep.plan.step[i].command); k++)
            if (strstr(rep.plan.step[i].command[k], part) != NULL)
                return true;
    return false;
}

static bool note_has(const char *part)
{
    for (size_t i = 0; i < rep.plan.notes; i++)
        if (strstr(rep.plan.note[i], part) != NULL)
            return true;
    return false;
}

static void wsl(void)
{
    put("proc/sys/kernel/osrelease", "6.18.33.2-microsoft-standard-WSL2\n");
    put("proc/self/mountinfo", "77 82 8:48 / / rw,relatime - ext4 /dev/sdd rw\n"
                               "92 77 0:52 / /mnt/c rw,noatime - 9p C:\\134 rw,aname=drvfs;path=C:\\;symlinkroot=/mnt/\n");
    put("headrace/link", "bin/wslpath /init\n");
    put("dev/dxg", "");
}

static const char packages[] =
    "Package: cuda-keyring\nStatus: install ok installed\nVersion: 1\n\n"
    "Package: cuda-toolkit-12-4\nStatus: install reinstreq half-installed\nVersion: 1\n\n"
    "Package: libcublas-12-4\nStatus: install ok installed\nVersion: 1\n\n"
    "Package: libcudnn9-cuda-12\nStatus: install ok installed\nVersion: 1\n\n"
    "Package: nvidia-container-toolkit\nStatus: install ok installed\nVersion: 1\n\n"
    "Package: cuda-toolkit-11-8\nStatus: deinstall ok config-files\nVersion: 1\n\n"
    "Package: nvidia-driver-570\nStatus: install ok installed\nVersion: 1\n";

static void plans(void **state)
{
    (void)state;
    machine("PATH /usr/bin\n");
    put("var/lib/dpkg/status", packages);
    look("12.8");
    assert_true(rep.plan.known);
    assert_string_equal(rep.plan.repository, "ubuntu2404");
    assert_true(step_has("apt-get purge cuda-toolkit-12-4 libcublas-12-4")); /* and nothing else: the driver is the machine's */
    assert_false(step_has("nvidia-driver") || step_has("keyring ") || step_has("libcudnn") || step_has("container"));
    assert_true(step_has("repos/ubuntu2404/x86_64/cuda-keyring_1.1-1_all.deb"));
    assert_true(step_has("apt-get install cuda-toolkit-12-8"));
    assert_true(step_has("whl/cu128"));
    for (size_t i = 0; i < rep.plan.steps; i++)
        assert_true(rep.plan.step[i].title[0] != 0 && rep.plan.step[i].source[0] != 0 && rep.plan.step[i].command[0][0] != 0);
    leave();
    wsl(); /* the same in WSL2: the driver goes, and comes from Windows */
    look("12.8");
    assert_string_equal(rep.plan.repository, "wsl-ubuntu");
    assert_true(step_has("apt-get purge cuda-toolkit-12-4 libcublas-12-4 nvidia-driver-570"));
    assert_true(step_has("sudo ldconfig"));
    assert_false(step_has("install cuda ") || step_has("install cuda-drivers"));
    leave();
    put("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n");
    look("13.0");
    assert_string_equal(rep.plan.repository, "debian12");
    leave();
    put("etc/os-release", "PRETTY_NAME=\"Ubuntu 20.04.6 LTS\"\nID=ubuntu\nVERSION_ID=\"20.04\"\n");
    put("proc/sys/kernel/osrelease", "6.8.0-60-generic\n");
    look("13.0");
    assert_false(rep.plan.known);
    assert_non_null(strstr(rep.plan.why, "no CUDA 13.0 for Ubuntu 20.04.6 LTS"));
    leave();
    look("12.6");
    assert_string_equal(rep.plan.repository, "ubuntu2004");
    leave();
    put("headrace/answer/machine", "aarch64\n");
    put("etc/os-release", "ID=ubuntu\nVERSION_ID=24.04\n");
    look("12.8");
    assert_string_equal(rep.plan.arch, "sbsa");
    leave();
    put("headrace/answer/machine", "riscv64\n");
    look("12.8");
    assert_false(rep.plan.known);
    leave();
}

static void what_a_version_cannot(void **state)
{
    (void)state;
    machine("PATH /usr/bin\n");
    put("usr/bin/gcc-14", "elf");
    link_to("gcc-14", "usr/bin/gcc");
    put("headrace/answer/nvml", "{\"state\":\"read\",\"driver\":\"550.54.14\",\"cuda\":1204,\"count\":1,\"gpu\":[{\"name\":\"NVIDIA GeForce "
                                "RTX 5070 Ti\",\"cc\":120}]}");
    look("12.6");
    if (hr_facts_gpus(facts)->n != 1)
        fail_msg("the stand-in for NVML is not read: %s", hr_facts_gpus(facts)->say);
    assert_true(note_has("CUDA 12.6 does not know 12.0"));
    assert_true(note_has("runs its machine code, not its PTX"));
    assert_true(note_has("gcc 14 here is too new"));
    assert_true(step_has("apt-get install g++-13"));
    leave();
    look("13.0");
    assert_true(note_has("too old for it"));
    leave();
    look(NULL); /* no driver is new enough for what the card needs: the card decides */
    assert_int_equal(rep.plan.want >= 1208, 1);
    leave();
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *want, *says;
    } bad[] = { { "12.7", "near it are 12.6 and 12.8" }, { "9.0", "older than what is supported" }, { "12", "write it as 12.8" },
                { "", "write it as" }, { "x", "write it as" }, { "12.8.", "write it as" }, { "12.8.x", "write it as" }, { "12.8.1..2", "write it as" },
                { "-1.0", "write it as" }, { "99999.1", "write it as" }, { "99.9", "go from 10.2 to " }, { "13.99", "go from 10.2 to " } };
    machine("PATH /usr/bin\n");
    root = opened();
    assert_int_equal(hr_facts_open(root, NULL, 0, &facts, NULL), 0);
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        struct hr_error err = HR_ERROR_INIT;
        struct hr_cuda_plan plan = { .want = 7 };
        assert_int_equal(hr_cuda_plan_of(facts, bad[i].want, &plan, &err), HR_E_INVALID);
        assert_int_equal(plan.want, 7);
        if (strstr(err.text, bad[i].says) == NULL)
            fail_msg("'%s': %s", bad[i].want, err.text);
    }
    static const char *const patches[] = { "12.8.1", "12.8.93", "12.8.0.1" }; /* no harm, and no part either: the plan says so */
    for (size_t i = 0; i < HR_COUNT(patches); i++) {
        struct hr_cuda_plan plan;
        assert_int_equal(hr_cuda_plan_of(facts, patches[i], &plan, NULL), 0);
        assert_int_equal(plan.want, 1208);
        assert_non_null(strstr(plan.want_why, patches[i]));
        assert_non_null(strstr(plan.want_why, "plays no part"));
    }
    struct hr_cuda_plan plain;
    assert_int_equal(hr_cuda_plan_of(facts, "12.8", &plain, NULL), 0);
    assert_string_equal(plain.want_why, "as asked");
    hr_facts_close(facts);
    hr_root_close(root);
}

/* What a system calls itself goes into commands and a script. */
static void hostile_names(void **state)
{
    (void)state;
    static const char *const releases[] = {
        "ID=\"$(touch /tmp/x)\"\nVERSION_ID=24.04\n", "ID=ubuntu\nVERSION_ID=\"24.04'; rm -rf /\"\n", "ID=ubuntu\nVERSION_ID=\"24.04\\n\"\n",
        "ID=\nVERSION_ID=\n",                          "ID=ubuntu\nVERSION_ID=`id`\n",
    };
    for (size_t i = 0; i < HR_COUNT(releases); i++)
        for (int in_wsl = 0; in_wsl < 2; in_wsl++) {
            machine("PATH /usr/bin\n");
            if (in_wsl)
                wsl();
            put("etc/os-release", releases[i]);
            look("12.8");
            if (rep.plan.known)
                fail_msg("a plan for %s", releases[i]);
            assert_true(rep.plan.why[0] != 0);
            leave();
        }
    machine("PATH /usr/bin\nCUDA_HOME /tmp/\x1b[31m'$(id)\nLD_LIBRARY_PATH /x\x07\n");
    put("etc/os-release", "PRETTY_NAME=\"Ubuntu\x1b[2J\\n$(id)\"\nID=ubuntu\nVERSION_ID=24.04\n");
    look("12.8");
    struct hr_buf text = HR_BUF_INIT(1 << 20), script = HR_BUF_INIT(1 << 20);
    static const struct hr_screen screen = { 80, false, true };
    rep.plan_asked = true;
    hr_cuda_report_screen(&rep, &screen, &text);
    assert_true(hr_cuda_plan_script(&rep.plan, "test", &script));
    assert_null(strchr(text.data, '\x1b'));
    assert_null(strchr(script.data, '\x1b'));
    assert_null(strchr(text.data, '\x07'));
    hr_buf_fini(&text);
    hr_buf_fini(&script);
    leave();
}

/* --- every call can fail --- */

struct told {
    struct hr_picks picks;
    enum hr_verdict verdict;
    bool plan;
    size_t olds;
};

static int visit(const char *at, struct told *ret, struct hr_error *err)
{
    static const struct hr_screen screen = { 80, false, true };
    struct hr_root *where;
    struct hr_facts *them;
    struct hr_buf text = HR_BUF_INIT(16 << 20), json = HR_BUF_INIT(16 << 20);
    int r = hr_root_open(at, &where, err);
    if (r < 0)
        return r;
    r = hr_facts_open(where, NULL, 0, &them, err);
    if (r == 0) {
        r = hr_cuda_report_of(them, NULL, true, &rep, err);
        if (r == 0) {
            struct hr_jw w = HR_JW_INIT(&json, 1);
            rep.plan_asked = true;
            hr_cuda_report_screen(&rep, &screen, &text);
            hr_cuda_report_json(&rep, "test", true, &w);
            assert_true(hr_jw_done(&w));
            *ret = (struct told) { rep.picks, hr_cuda_report_verdict(&rep), rep.plan.known, rep.plan.olds };
        }
        hr_cuda_report_fini(&rep);
        hr_facts_close(them);
    }
    hr_root_close(where);
    hr_buf_fini(&text);
    hr_buf_fini(&json);
    return r;
}

static unsigned lies(const struct told *clean, const struct told *v, const char *name, uint64_t n)
{
    unsigned bad = 0;
    for (size_t i = 0; i < v->picks.n; i++) {
        const struct hr_pick *a = &clean->picks.pick[i], *b = &v->picks.pick[i];
        if (b->state != HR_PICK_UNKNOWN && (a->state != b->state || strcmp(a->takes, b->takes) != 0)) {
            print_message("%s, call %llu: %s took '%s' (%d) and takes '%s' (%d)\n", name, (unsigned long long)n, a->id, a->takes,
                          a->state, b->takes, b->state);
            bad++;
        }
    }
    if (v->plan && (!clean->plan || v->olds != clean->olds)) {
        print_message("%s, call %llu: the plan takes %zu packages off, not %zu\n", name, (unsigned long long)n, v->olds, clean->olds);
        bad++;
    }
    return bad;
}

static void every_root(void **state)
{
    (void)state;
    struct hr_names names;
    unsigned bad = 0, roots = 0;
    uint64_t visits = 0;
    bool slow = getenv("HEADRACE_SLOW") != NULL;
    assert_int_equal(hr_list(HEADRACE_TEST_DATA "/../roots", &names, NULL), 0);
    for (size_t i = 0; i < names.n; i++) {
        struct told clean, v;
        struct hr_error err = HR_ERROR_INIT;
        char file[512], at[512];
        if (!hr_str_ends(hr_str(names.name[i]), ".root"))
            continue;
        roots++;
        snprintf(file, sizeof file, "%s/../roots/%s", HEADRACE_TEST_DATA, names.name[i]);
        snprintf(at, sizeof at, "%s/%s", root_dir, names.name[i]);
        assert_int_equal(root_text_expand(file, at, 0, NULL), 0);
        uint64_t before = hr_fault_sys_count();
        assert_int_equal(visit(at, &clean, &err), 0);
        uint64_t calls = hr_fault_sys_count() - before;
        for (uint64_t n = 1; n <= calls; n += slow ? 1 : STRIDE, visits++) {
            hr_fault_sys_at(n, false);
            int r = visit(at, &v, &err);
            hr_fault_sys_at(0, false);
            if (r < 0)
                assert_true(err.text[0] != 0);
            else
                bad += lies(&clean, &v, names.name[i], n);
        }
    }
    hr_names_fini(&names);
    print_message("%u machines, %llu visits with a failing call, %u lies\n", roots, (unsigned long long)visits, bad);
    assert_true(roots >= 10);
    assert_int_equal(bad, 0);
}

static void memory_runs_out(void **state)
{
    (void)state;
    struct told v;
    char file[512], at[512];
    snprintf(file, sizeof file, "%s/../roots/wsl2-everything-wrong.root", HEADRACE_TEST_DATA);
    snprintf(at, sizeof at, "%s/memory", root_dir);
    assert_int_equal(root_text_expand(file, at, 0, NULL), 0);
    for (uint64_t n = 1; n < 4000; n += 97) {
        struct hr_error err = HR_ERROR_INIT;
        hr_mem_fail_at(n, false);
        int r = visit(at, &v, &err);
        hr_mem_fail_at(0, false);
        assert_true(r == 0 || err.text[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_here),  cmocka_unit_test(orders),          cmocka_unit_test(long_paths_and_several), cmocka_unit_test(plans),
        cmocka_unit_test(words),         cmocka_unit_test(hostile_names),   cmocka_unit_test(what_a_version_cannot),
        cmocka_unit_test(every_root),    cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

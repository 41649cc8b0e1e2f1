#include "unit.h"

#include "clues.h"
#include "file.h"
#include "ladder.h"
#include "mem.h"
#include "project_env.h"
#include "projects.h"
#include "rungs.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define EXIT(n) ((n) << 8)

static struct hr_rung_end lost(unsigned at_once)
{
    return (struct hr_rung_end) { .verdict = HR_GUARD_DONE, .status = EXIT(2), .ended = 1, .at_once = at_once, .gate = true };
}

/* What is tried, one after the other, when every try fails in this way with as many at once as it may have. */
static size_t climb(const struct hr_ladder *l, unsigned at_once, enum hr_rung_kind *kinds, unsigned *jobs, char *why)
{
    struct hr_rung r = { .kind = HR_RUNG_FIRST };
    size_t n = 1;
    for (; n <= HR_RUNGS_MAX; n++) {
        struct hr_rung_end e = lost(r.jobs != 0 && r.jobs < at_once ? r.jobs : at_once);
        if (!hr_ladder_next(l, n, &r, &e, &r, why))
            return n - 1;
        assert_non_null(strstr(r.say, "memory"));
        kinds[n - 1] = r.kind;
        jobs[n - 1] = r.jobs;
    }
    return n;
}

static void the_rungs_come_in_their_order(void **state)
{
    (void)state;
    enum hr_rung_kind k[HR_RUNGS_MAX];
    unsigned jobs[HR_RUNGS_MAX];
    char why[200];
    struct hr_ladder l = { .retries = 4, .archs = true, .cpu = true };
    assert_int_equal(climb(&l, 8, k, jobs, why), 4);
    assert_int_equal(k[0], HR_RUNG_AGAIN);
    assert_int_equal(jobs[0], 0);
    assert_int_equal(k[1], HR_RUNG_HALF);
    assert_int_equal(jobs[1], 4);
    assert_int_equal(k[2], HR_RUNG_ONE);
    assert_int_equal(jobs[2], 1);
    assert_int_equal(k[3], HR_RUNG_CPU);
    assert_non_null(strstr(why, "memory"));
    /* Two at once: half of them is one, and one job a second time would be the same (L2). */
    l = (struct hr_ladder) { .retries = 4 };
    assert_int_equal(climb(&l, 2, k, jobs, why), 2);
    assert_int_equal(k[1], HR_RUNG_HALF);
    assert_int_equal(jobs[1], 1);
    assert_non_null(strstr(why, "not even for one job"));
    /* One at once: nothing of it helps, except fewer architectures or no CUDA. */
    assert_int_equal(climb(&l, 1, k, jobs, why), 0);
    l = (struct hr_ladder) { .retries = 4, .archs = true, .cpu = true };
    assert_int_equal(climb(&l, 1, k, jobs, why), 2);
    assert_int_equal(k[0], HR_RUNG_HALF);
    assert_int_equal(k[1], HR_RUNG_CPU);
    /* As many as are allowed. */
    l.retries = 1;
    assert_int_equal(climb(&l, 8, k, jobs, why), 1);
    assert_non_null(strstr(why, "1 more try was allowed"));
    l.retries = 0;
    assert_int_equal(climb(&l, 8, k, jobs, why), 0);
    assert_string_equal(why, "");
}

/* What follows a first try that ended so. */
static bool next(const struct hr_rung_end *e, struct hr_rung *ret, char why[200])
{
    static const struct hr_ladder l = { .retries = 4, .cpu = true };
    static const struct hr_rung first = { .kind = HR_RUNG_FIRST };
    return hr_ladder_next(&l, 1, &first, e, ret, why);
}

static void only_memory_is_tried_again(void **state)
{
    (void)state;
    char why[200];
    struct hr_rung to;
    static const struct {
        struct hr_rung_end end;
        bool again;
    } cases[] = {
        { { .verdict = HR_GUARD_DONE, .status = EXIT(2) }, false },
        { { .verdict = HR_GUARD_DONE, .status = 0, .ended = 1 }, false }, /* it finished all the same */
        { { .verdict = HR_GUARD_DONE, .status = EXIT(1), .ended = 1 }, true },
        { { .verdict = HR_GUARD_DONE, .status = EXIT(1), .stalled = 1 }, true },
        { { .verdict = HR_GUARD_DONE, .status = EXIT(1), .shot = 1 }, true },
        { { .verdict = HR_GUARD_DONE, .status = 9 }, true },
        { { .verdict = HR_GUARD_DONE, .status = 11 }, false },
        { { .verdict = HR_GUARD_DONE, .status = EXIT(137) }, true },
        { { .verdict = HR_GUARD_DONE, .status = EXIT(1), .clue = "a job was killed" }, true },
        { { .verdict = HR_GUARD_MEMORY }, true },
        { { .verdict = HR_GUARD_TIMEOUT, .ended = 1 }, false },
        { { .verdict = HR_GUARD_INTERRUPTED, .ended = 1 }, false },
        { { .verdict = HR_GUARD_REFUSED, .ended = 1 }, false },
        { { .verdict = HR_GUARD_NOT_STARTED, .ended = 1 }, false },
        { { .verdict = HR_GUARD_LOST, .ended = 1 }, false },
    };
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        struct hr_rung_end e = cases[i].end;
        e.at_once = 4;
        e.gate = true;
        assert_int_equal(next(&e, &to, why), cases[i].again);
        assert_int_equal(hr_rung_of_memory(&e) != NULL, cases[i].again);
    }
}

/* L1 */
static const struct hr_rung_end foreign = { .verdict = HR_GUARD_DONE, .status = EXIT(2), .at_once = 4, .gate = true, .clue = "a job was killed",
                                            .clue_killed = true, .oom_ruled_out = true, .worst_level = HR_LEVEL_GREEN,
                                            .least_room = 300, .ceiling = 1000 };

static void a_kill_with_memory_to_spare_is_somebody_elses(void **state)
{
    (void)state;
    char why[200];
    struct hr_rung to;
    assert_true(hr_rung_foreign_kill(&foreign));
    assert_null(hr_rung_of_memory(&foreign));
    assert_false(next(&foreign, &to, why));
    assert_non_null(strstr(why, "killed by somebody else: 300 B of 1000 B stayed free"));
    static const int kills[] = { SIGKILL, EXIT(137) };
    for (size_t i = 0; i < HR_COUNT(kills); i++) {
        struct hr_rung_end e = foreign;
        e.status = kills[i];
        e.clue = NULL;
        e.clue_killed = false;
        assert_true(hr_rung_foreign_kill(&e));
        e.status = 0;
        assert_false(hr_rung_foreign_kill(&e));
    }
}

/* Each of these alone makes it sure that it was not somebody else. */
static void any_sign_of_memory_makes_a_kill_its_own(void **state)
{
    (void)state;
    char why[200];
    struct hr_rung to;
    struct hr_rung_end sure[12];
    size_t n = 0;
#define UNLESS(member, value) (sure[n] = foreign, sure[n++].member = (value))
    UNLESS(oom_ruled_out, false);
    UNLESS(shot, 1);
    UNLESS(ended, 1);
    UNLESS(stalled, 1);
    UNLESS(worst_level, HR_LEVEL_GREEN + 1);
    UNLESS(least_room, 250);
    UNLESS(least_room, -5);
    UNLESS(ceiling, 0);
    UNLESS(clue_killed, false); /* the compiler itself found none, under a limit of its own */
#undef UNLESS
    for (size_t i = 0; i < n; i++)
        if (hr_rung_foreign_kill(&sure[i]) || hr_rung_of_memory(&sure[i]) == NULL || !next(&sure[i], &to, why))
            fail_msg("case %zu is taken for somebody else's kill", i);
}

/* What was learnt holds nobody back then: the same again would end the same. */
static void without_a_gate_fewer_jobs_come_first(void **state)
{
    (void)state;
    char why[200];
    struct hr_rung to;
    struct hr_rung_end e = lost(4);
    e.gate = false;
    assert_true(next(&e, &to, why));
    assert_int_equal(to.kind, HR_RUNG_HALF);
    assert_int_equal(to.jobs, 2);
}

static void clues_are_found(void **state)
{
    (void)state;
    static const char *const tell[] = {
        "g++: fatal error: Killed signal terminated program cc1plus",
        "c++: internal compiler error: Killed (program cc1plus)",
        "virtual memory exhausted: Cannot allocate memory",
        "nvcc error   : 'cicc' died due to signal 9 (Kill signal)",
        "collect2: fatal error: ld terminated with signal 9 [Killed]",
        "  process didn't exit successfully: `rustc …` (signal: 9, SIGKILL: kill)",
        "clang: error: unable to execute command: Killed",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "make: *** [Makefile:3: a.o] Killed",
        "make: *** [Makefile:3: a.o] Error 137",
        "Killed",
        "/bin/sh: line 1:  4242 Killed                  cicc a.cu",
        "cc1plus: out of memory allocating 65536 bytes after a total of 1 bytes",
        "subprocess.CalledProcessError: Command '['ninja']' died with <Signals.SIGKILL: 9>.",
        "MemoryError",
    };
    static const char *const silent[] = {
        "a.cpp:3:5: error: expected ';' before '}' token",
        "   12 | throw std::bad_alloc(); // virtual memory exhausted",
        "make: *** [Makefile:3: a.o] Error 1",
        "[12/94] Building CXX object killed.cc.o",
        "a.cpp:1:1: note: Killed by the sanitizer of your choice",
        "",
    };
    for (size_t i = 0; i < HR_COUNT(tell); i++)
        if (hr_clue_of(hr_str(tell[i])) == NULL)
            fail_msg("no clue in: %s", tell[i]);
    struct hr_clue c; /* a kill is told from a want that the tool itself has met */
    assert_int_equal(hr_replace("kill.test", "x\ncc1plus: out of memory allocating 65536 bytes\n", 48, NULL), 0);
    hr_clue_find("kill.test", &c);
    assert_true(c.means != NULL && !c.killed);
    assert_int_equal(hr_replace("kill.test", "make: *** [a.o] Killed\n", 23, NULL), 0);
    hr_clue_find("kill.test", &c);
    assert_true(c.means != NULL && c.killed);
    unlink("kill.test");
    for (size_t i = 0; i < HR_COUNT(silent); i++)
        if (hr_clue_of(hr_str(silent[i])) != NULL)
            fail_msg("a clue in: %s", silent[i]);
}

#define LOG "clues.test"

static void a_clue_is_found_wherever_it_stands(void **state)
{
    (void)state;
    struct hr_clue c;
    for (unsigned before = 0; before < 3000; before += 271) {
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        for (unsigned i = 0; i < before; i++)
            hr_buf_adds(&b, "[1/2] Building CXX object of a usual length\n");
        hr_buf_adds(&b, "g++: fatal error: Killed signal terminated program cc1plus\r\nmore\n");
        assert_int_equal(hr_replace(LOG, b.data, b.len, NULL), 0);
        hr_clue_find(LOG, &c);
        assert_non_null(c.means);
        assert_string_equal(c.line, "g++: fatal error: Killed signal terminated program cc1plus");
        hr_buf_fini(&b);
    }
    /* One line without end, and one that ends the file. */
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    hr_buf_pad(&b, 300000, 'x');
    hr_buf_adds(&b, "\nKilled");
    assert_int_equal(hr_replace(LOG, b.data, b.len, NULL), 0);
    hr_clue_find(LOG, &c);
    assert_string_equal(c.line, "Killed");
    hr_buf_fini(&b);
    unlink(LOG);
    hr_clue_find(LOG, &c);
    assert_null(c.means);
}

static const struct hr_project *project(const char *a, const char *b, const char *cwd)
{
    const char *argv[] = { a, b, NULL };
    return hr_project_of(argv, cwd);
}

static const char *name(const struct hr_project *p)
{
    return p == NULL ? "-" : p->name;
}

static void projects_are_told_by_their_names(void **state)
{
    (void)state;
    assert_string_equal(name(project("pip", "flash-attn==2.8.3", "/home/u")), "flash-attention");
    assert_string_equal(name(project("pip", "Flash_Attn", "/home/u")), "flash-attention");
    assert_string_equal(name(project("pip", "git+https://github.com/tatsy/torchmcubes.git", "/home/u")), "torchmcubes");
    assert_string_equal(name(project("pip", "dist/xformers-0.0.30.tar.gz", "/home/u")), "xformers");
    assert_string_equal(name(project("cmake", "--build", "/home/u/llama.cpp/build")), "llama.cpp");
    assert_string_equal(name(project("make", "-j4", "/home/u/src/onnxruntime")), "ONNX Runtime");
    assert_string_equal(name(project("sh", "cd vllm && pip install .", "/home/u")), "vLLM");
    assert_string_equal(name(project("make", "-j4", "/home/u/mine")), "-");
    assert_string_equal(name(project("mamba", "install", "/")), "-");
    assert_string_equal(name(project("pip", "torch", "/home/u")), "-");
}

static void every_row_has_its_source(void **state)
{
    (void)state;
    size_t n;
    const struct hr_project *p = hr_projects(&n);
    assert_true(n >= 20);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(p[i].name);
        assert_non_null(p[i].words[0]);
        assert_true(p[i].source != NULL && strlen(p[i].source) > 8);
        assert_int_equal(p[i].low == 0, p[i].memory_source == NULL);
        assert_true(p[i].low <= p[i].high);
        assert_int_equal(p[i].time == NULL, p[i].long_ns == 0);
        assert_int_equal(p[i].time == NULL, p[i].time_source == NULL);
        assert_int_equal(p[i].cpu[0] == NULL, p[i].cpu_lacks == NULL);
        assert_int_equal(p[i].archs == NULL && p[i].form != HR_ARCHS_CMAKE, p[i].form == HR_ARCHS_TORCH);
        for (size_t k = 0; k < HR_PROJECT_WORDS && p[i].words[k] != NULL; k++) {
            assert_ptr_equal(project("pip", p[i].words[k], "/"), &p[i]); /* nobody else has the word */
            for (const char *c = p[i].words[k]; *c != 0; c++)
                assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-');
        }
    }
}

static void architectures_in_each_form(void **state)
{
    (void)state;
    static const struct {
        enum hr_archs form;
        const char *torch, *want; /* NULL: none */
    } cases[] = {
        { HR_ARCHS_CMAKE, "8.6;12.0+PTX", "86;120" },
        { HR_ARCHS_COMMA, "8.6;12.0a", "86,120" },
        { HR_ARCHS_ONE, "8.6;12.0", "8.6" },
        { HR_ARCHS_FLASH, "8.6;8.9;12.0", "80;120" },
        { HR_ARCHS_FLASH, "7.5", NULL },
        { HR_ARCHS_CUPY, "9.0", "arch=compute_90,code=sm_90" },
        { HR_ARCHS_CMAKE, "Ampere", NULL },
        { HR_ARCHS_CMAKE, "", NULL },
    };
    char text[200];
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        assert_int_equal(hr_project_archs(cases[i].form, cases[i].torch, text, sizeof text), cases[i].want != NULL);
        if (cases[i].want != NULL)
            assert_string_equal(text, cases[i].want);
    }
}

static const char *value(const struct hr_build_env *e, const char *what)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->set[i].name, what) == 0)
            return e->set[i].unset ? "unset" : e->set[i].value;
    return NULL;
}

static void each_rung_has_its_environment(void **state)
{
    (void)state;
    static struct hr_build_env e, to;
    memset(&e, 0, sizeof e);
    static const struct {
        const char *name, *value;
        bool kept;
    } sets[] = { { "MAX_JOBS", "8", true }, { "TORCH_CUDA_ARCH_LIST", "8.6;12.0", false }, { "CUDAARCHS", "86;120", true },
                 { "CUDACXX", "/k/bin/nvcc", false } };
    for (size_t i = 0; i < HR_COUNT(sets); i++) {
        struct hr_build_set *s = &e.set[e.n++];
        strcpy(s->name, sets[i].name);
        strcpy(s->value, sets[i].value);
        s->kept = sets[i].kept;
    }
    struct hr_rung r = { .kind = HR_RUNG_HALF, .jobs = 4, .one_arch = true };
    hr_rung_env(&e, &r, NULL, NULL, "/bin", &to);
    assert_string_equal(value(&to, "MAX_JOBS"), "4");
    assert_string_equal(value(&to, "TORCH_CUDA_ARCH_LIST"), "8.6");
    assert_string_equal(value(&to, "CUDAARCHS"), "86;120"); /* the user's own */
    r = (struct hr_rung) { .kind = HR_RUNG_CPU, .cpu = true };
    hr_rung_env(&e, &r, project("pip", "torchmcubes", "/"), NULL, "/bin:/usr/bin", &to);
    assert_string_equal(value(&to, "CUDACXX"), "unset");
    assert_string_equal(to.path, "/bin:/usr/bin");
    static const char *const own[] = { "FORCE_CUDA=0", "CUDA_HOME", NULL };
    hr_rung_env(&e, &r, NULL, own, "/bin", &to);
    assert_string_equal(value(&to, "FORCE_CUDA"), "0");
    assert_string_equal(value(&to, "CUDA_HOME"), "unset");
    static const char *const now[] = { "CUDA_HOME=/k", "FORCE_CUDA=1", "A=b", NULL };
    const char **env = hr_build_env_merge(&to, now);
    bool forced = false, other = false;
    for (size_t i = 0; env[i] != NULL; i++) {
        assert_int_not_equal(strncmp(env[i], "CUDA_HOME=", 10), 0);
        assert_string_not_equal(env[i], "FORCE_CUDA=1");
        forced |= strcmp(env[i], "FORCE_CUDA=0") == 0;
        other |= strcmp(env[i], "A=b") == 0;
    }
    assert_true(forced && other);
    hr_free(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rungs_come_in_their_order),
        cmocka_unit_test(only_memory_is_tried_again),
        cmocka_unit_test(a_kill_with_memory_to_spare_is_somebody_elses),
        cmocka_unit_test(any_sign_of_memory_makes_a_kill_its_own),
        cmocka_unit_test(without_a_gate_fewer_jobs_come_first),
        cmocka_unit_test(clues_are_found),
        cmocka_unit_test(a_clue_is_found_wherever_it_stands),
        cmocka_unit_test(projects_are_told_by_their_names),
        cmocka_unit_test(every_row_has_its_source),
        cmocka_unit_test(architectures_in_each_form),
        cmocka_unit_test(each_rung_has_its_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

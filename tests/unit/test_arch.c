/* The tables of cards, toolkits and wheels, and the rule behind "no kernel image is available". */
#include "unit.h"

#include "arch.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *images;
    unsigned cc, toolkit, driver;
    enum hr_runs runs;
    unsigned by;
} runs[] = {
    /* SASS of the card's own, of an older minor, of a newer minor, of another major */
    { "8.0 8.6", 86, 0, 0, HR_RUNS_NATIVE, 86 },
    { "8.0", 89, 0, 0, HR_RUNS_NATIVE, 80 },
    { "8.9", 86, 0, 0, HR_RUNS_NOT, 0 },
    { "5.0 6.0 7.0 7.5 8.0 8.6 9.0", 120, 0, 0, HR_RUNS_NOT, 0 }, /* RTX 50 with a wheel of CUDA 12.6 */
    { "7.5 8.0 8.6 9.0 10.0 12.0", 120, 0, 0, HR_RUNS_NATIVE, 120 },
    { "7.5 8.0 8.6 9.0 10.0 12.0", 121, 0, 0, HR_RUNS_NATIVE, 120 },
    { "7.5 8.0 8.6 9.0 10.0 12.0", 103, 0, 0, HR_RUNS_NATIVE, 100 },
    { "7.5 8.0 8.6 9.0 10.0 12.0", 61, 0, 0, HR_RUNS_NOT, 0 },
    { "7.5 8.0 8.6 9.0 10.0 12.0", 70, 0, 0, HR_RUNS_NOT, 0 },
    { "8.9", 120, 0, 0, HR_RUNS_NOT, 0 }, /* "RTX 50 is 8.9" */
    { "10.0", 120, 0, 0, HR_RUNS_NOT, 0 },
    { "9.0", 100, 0, 0, HR_RUNS_NOT, 0 },
    /* PTX */
    { "8.9+PTX", 120, 0, 0, HR_RUNS_JIT, 89 },
    { "7.5+PTX", 121, 1300, 1300, HR_RUNS_JIT, 75 },
    { "7.5+PTX", 120, 1300, 1209, HR_RUNS_NEWER, 0 },
    { "7.5+PTX", 75, 1300, 1209, HR_RUNS_NATIVE, 75 }, /* its SASS needs no compiler */
    { "12.0+PTX", 90, 0, 0, HR_RUNS_NOT, 0 },
    { "compute_80", 86, 0, 0, HR_RUNS_JIT, 80 },
    { "compute_80 sm_86", 86, 0, 0, HR_RUNS_NATIVE, 86 },
    { "compute_52 compute_80", 90, 0, 0, HR_RUNS_JIT, 80 },
    /* "a" and "f" */
    { "9.0a", 90, 0, 0, HR_RUNS_NATIVE, 90 },
    { "9.0a", 100, 0, 0, HR_RUNS_NOT, 0 },
    { "9.0a+PTX", 100, 0, 0, HR_RUNS_NOT, 0 },
    { "12.0a", 121, 0, 0, HR_RUNS_NOT, 0 },
    { "sm_100f", 103, 0, 0, HR_RUNS_NATIVE, 100 },
    { "sm_100f", 110, 0, 0, HR_RUNS_NOT, 0 },
    { "sm_100f", 120, 0, 0, HR_RUNS_NOT, 0 },
    { "120f", 121, 0, 0, HR_RUNS_NATIVE, 120 },
    { "compute_100f", 120, 0, 0, HR_RUNS_NOT, 0 },
    /* cards and the chips of Jetson */
    { "8.0 8.6", 87, 0, 0, HR_RUNS_NOT, 0 },
    { "8.0 8.7", 87, 0, 0, HR_RUNS_NATIVE, 87 },
    { "8.7", 89, 0, 0, HR_RUNS_NOT, 0 },
    { "5.0", 53, 0, 0, HR_RUNS_NOT, 0 },
    { "8.0+PTX", 87, 0, 0, HR_RUNS_JIT, 80 },
    { "10.1", 110, 0, 0, HR_RUNS_NATIVE, 101 },
    { "10.1", 103, 0, 0, HR_RUNS_NOT, 0 },
    { "", 86, 0, 0, HR_RUNS_NOT, 0 },
};

static void what_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(runs); i++) {
        struct hr_images images;
        assert_true(hr_images_parse(hr_str(runs[i].images), &images));
        struct hr_verdict_arch v = hr_arch_runs(&images, runs[i].cc, runs[i].toolkit, runs[i].driver);
        if (v.runs != runs[i].runs || v.by.cc != runs[i].by || v.why[0] == 0)
            fail_msg("'%s' on %u: %d by %u (%s)", runs[i].images, runs[i].cc, v.runs, v.by.cc, v.why);
    }
}

static const struct {
    unsigned toolkit, cc;
    enum hr_builds builds;
    unsigned with;
} builds[] = {
    { 1208, 120, HR_BUILDS_EXACT, 120 },  { 1206, 120, HR_BUILDS_PTX, 90 },    { 1300, 120, HR_BUILDS_EXACT, 120 },
    { 1208, 121, HR_BUILDS_FAMILY, 120 }, { 1209, 121, HR_BUILDS_EXACT, 121 }, { 1300, 61, HR_BUILDS_NOT, 0 },
    { 1300, 70, HR_BUILDS_NOT, 0 },       { 1209, 61, HR_BUILDS_EXACT, 61 },   { 1299, 70, HR_BUILDS_EXACT, 70 },
    { 1100, 86, HR_BUILDS_FAMILY, 80 },   { 1107, 89, HR_BUILDS_FAMILY, 86 },  { 1200, 37, HR_BUILDS_NOT, 0 },
    { 1002, 80, HR_BUILDS_PTX, 75 },      { 1108, 90, HR_BUILDS_EXACT, 90 },   { 1208, 103, HR_BUILDS_FAMILY, 100 },
    { 0, 120, HR_BUILDS_UNKNOWN, 0 },     { 1300, 0, HR_BUILDS_UNKNOWN, 0 },   { 1300, 75, HR_BUILDS_EXACT, 75 },
    { 1208, 110, HR_BUILDS_EXACT, 101 },  { 1300, 101, HR_BUILDS_EXACT, 110 }, { 1103, 87, HR_BUILDS_PTX, 86 },
    { 1002, 30, HR_BUILDS_EXACT, 30 },    { 1100, 30, HR_BUILDS_NOT, 0 },      { 1208, 103, HR_BUILDS_FAMILY, 100 },
};

static void what_a_toolkit_builds(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(builds); i++) {
        struct hr_verdict_build v = hr_arch_builds(builds[i].toolkit, builds[i].cc);
        if (v.builds != builds[i].builds || v.with != builds[i].with || v.why[0] == 0)
            fail_msg("CUDA %u for %u: %d with %u (%s)", builds[i].toolkit, builds[i].cc, v.builds, v.with, v.why);
    }
    struct hr_verdict_build v = hr_arch_builds(1206, 120);
    assert_int_equal(v.first, 1208);
    assert_string_equal(v.why, "CUDA 12.6 does not know 12.0; only PTX 9.0 can reach it, compiled at the first start");
}

static void holds(unsigned toolkit, const struct hr_images *want, const char *from)
{
    struct hr_images have;
    char a[HR_WORD_MAX], b[HR_WORD_MAX];
    hr_arch_of_toolkit(toolkit, &have);
    hr_images_text(&have, a);
    hr_images_text(want, b);
    if (strcmp(a, b) != 0)
        fail_msg("CUDA %s: the table builds for %s, %s says %s", hr_cuda_text(toolkit).text, a, from, b);
    for (size_t i = 0; i < have.n; i++)
        assert_int_equal(hr_arch_builds(toolkit, have.image[i].cc).builds, HR_BUILDS_EXACT);
}

/* What was printed by `nvcc --list-gpu-code` of 13.0.88, and what CMake's module tells of the others. */
static const struct {
    unsigned toolkit;
    const char *sass;
} toolkits[] = {
    { 1002, "30 35 37 50 52 53 60 61 62 70 72 75" },
    { 1100, "35 37 50 52 53 60 61 62 70 72 75 80" },
    { 1101, "35 37 50 52 53 60 61 62 70 72 75 80 86" },
    { 1104, "35 37 50 52 53 60 61 62 70 72 75 80 86 87" },
    { 1108, "35 37 50 52 53 60 61 62 70 72 75 80 86 87 89 90" },
    { 1200, "50 52 53 60 61 62 70 72 75 80 86 87 89 90" },
    { 1206, "50 52 53 60 61 62 70 72 75 80 86 87 89 90" },
    { 1208, "50 52 53 60 61 62 70 72 75 80 86 87 89 90 100 101 120" },
    { 1209, "50 52 53 60 61 62 70 72 75 80 86 87 89 90 100 101 103 120 121" },
    { 1300, "75 80 86 87 88 89 90 100 103 110 120 121" },
    { 1302, "75 80 86 87 88 89 90 100 103 110 120 121" },
};

static void what_each_toolkit_knows(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(toolkits); i++) {
        struct hr_images want;
        assert_true(hr_images_parse(hr_str(toolkits[i].sass), &want));
        holds(toolkits[i].toolkit, &want, "this test");
    }
}

static unsigned says(const char *command, char *text, size_t room)
{
    FILE *p = popen(command, "r");
    size_t n = p != NULL ? fread(text, 1, room - 1, p) : 0;
    text[n] = 0;
    return p != NULL && pclose(p) == 0 ? (unsigned)n : 0;
}

/* The table against the toolkit that is here: both lists, and the version that it calls itself. */
static void the_nvcc_that_is_here(void **state)
{
    (void)state;
    char version[4096], text[4096];
    const char *release;
    if (says("nvcc --version 2>/dev/null", version, sizeof version) == 0 ||
        (release = strstr(version, "release ")) == NULL) {
        print_message("skipped: no nvcc is on the PATH\n");
        skip();
        return;
    }
    unsigned toolkit = hr_cuda_of((struct hr_str) { release + 8, strcspn(release + 8, ",") });
    assert_true(toolkit >= 1000);
    static const char *const lists[] = { "nvcc --list-gpu-code 2>/dev/null", "nvcc --list-gpu-arch 2>/dev/null" };
    for (size_t i = 0; i < HR_COUNT(lists); i++) {
        struct hr_images listed, plain = { .n = 0 };
        if (says(lists[i], text, sizeof text) == 0) {
            print_message("skipped: nvcc %u has no '%s'\n", toolkit, lists[i]);
            skip();
            return;
        }
        assert_true(hr_images_parse(hr_str(text), &listed));
        for (size_t k = 0; k < listed.n; k++)
            if (listed.image[k].only == 0)
                hr_images_add(&plain, (struct hr_image) { listed.image[k].cc, false, 0 });
        assert_true(plain.n > 8);
        holds(toolkit, &plain, lists[i]);
    }
    print_message("held against the nvcc of CUDA %s\n", hr_cuda_text(toolkit).text);
}

static const struct {
    const char *name;
    unsigned cc;
} names[] = {
    { "NVIDIA GeForce RTX 5070 Ti", 120 },
    { "NVIDIA GeForce RTX 5090 Laptop GPU", 120 },
    { "NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 120 },
    { "NVIDIA GB10", 121 },
    { "NVIDIA GeForce RTX 4090", 89 },
    { "NVIDIA RTX 6000 Ada Generation", 89 },
    { "NVIDIA RTX 5000 Ada Generation", 89 },
    { "NVIDIA L40S", 89 },
    { "NVIDIA L4", 89 },
    { "NVIDIA GeForce RTX 3060", 86 },
    { "NVIDIA RTX A6000", 86 },
    { "NVIDIA A10", 86 },
    { "NVIDIA A100-SXM4-80GB", 80 },
    { "NVIDIA H100 80GB HBM3", 90 },
    { "NVIDIA H200", 90 },
    { "NVIDIA B200", 100 },
    { "NVIDIA GeForce RTX 2080 Ti", 75 },
    { "Quadro RTX 5000", 75 },
    { "Quadro RTX 6000", 75 },
    { "NVIDIA TITAN RTX", 75 },
    { "Tesla T4", 75 },
    { "Tesla V100-SXM2-16GB", 70 },
    { "NVIDIA TITAN V", 70 },
    { "NVIDIA GeForce GTX 1080 Ti", 61 },
    { "Quadro P2000", 61 },
    { "Tesla P100-PCIE-16GB", 60 },
    { "Tesla P40", 61 },
    { "NVIDIA GeForce GTX 1660 SUPER", 75 },
    { "NVIDIA GeForce GTX 970", 52 },
    { "NVIDIA TITAN X (Pascal)", 61 },
    { "NVIDIA TITAN X", 0 }, /* two chips had the name */
    { "NVIDIA GeForce GTX TITAN X", 52 },
    { "NVIDIA GeForce RTX 5050", 120 },
    { "NVIDIA GeForce RTX 5060", 120 },
    { "NVIDIA GeForce RTX 5060 Ti", 120 },
    { "NVIDIA GeForce RTX 5070 Laptop GPU", 120 },
    { "NVIDIA GeForce RTX 5080", 120 },
    { "NVIDIA GeForce RTX 5090 D", 120 },
    { "NVIDIA RTX PRO 5000 Blackwell Generation Laptop GPU", 120 },
    { "NVIDIA RTX PRO 6000 Blackwell Server Edition", 120 },
    { "NVIDIA GeForce RTX 4050 Laptop GPU", 89 },
    { "NVIDIA GeForce RTX 4060 Ti", 89 },
    { "NVIDIA GeForce RTX 4070 SUPER", 89 },
    { "NVIDIA GeForce RTX 4080", 89 },
    { "NVIDIA RTX 4000 SFF Ada Generation", 89 },
    { "NVIDIA RTX 500 Ada Generation Laptop GPU", 89 },
    { "NVIDIA RTX 5880 Ada Generation", 89 },
    { "NVIDIA L40", 89 },
    { "NVIDIA L20", 89 },
    { "NVIDIA GeForce RTX 3050 Laptop GPU", 86 },
    { "NVIDIA GeForce RTX 3070 Ti", 86 },
    { "NVIDIA GeForce RTX 3080", 86 },
    { "NVIDIA GeForce RTX 3090 Ti", 86 },
    { "NVIDIA GeForce RTX 2050", 86 }, /* an Ampere chip, for all its name */
    { "NVIDIA RTX A500 Laptop GPU", 86 },
    { "NVIDIA A10G", 86 },
    { "NVIDIA A40", 86 },
    { "NVIDIA A16", 86 },
    { "NVIDIA A2", 86 },
    { "NVIDIA A30", 80 },
    { "NVIDIA A800-SXM4-80GB", 80 },
    { "NVIDIA H800", 90 },
    { "NVIDIA H20", 90 },
    { "NVIDIA GH200 480GB", 90 },
    { "NVIDIA GB200", 100 },
    { "NVIDIA B300 SXM6 AC", 103 },
    { "NVIDIA GB300", 103 },
    { "NVIDIA GeForce RTX 2060", 75 },
    { "NVIDIA GeForce RTX 2070 with Max-Q Design", 75 },
    { "NVIDIA GeForce GTX 1650 Ti", 75 },
    { "NVIDIA T1000 8GB", 75 },
    { "NVIDIA GeForce MX450", 75 },
    { "NVIDIA GeForce GTX 1060 6GB", 61 },
    { "NVIDIA GeForce GTX 980 Ti", 52 },
    { "NVIDIA GeForce GTX 960M", 50 },
    { "NVIDIA GeForce GTX 750 Ti", 50 },
    { "Orin (nvgpu)", 87 },
    { "NVIDIA Jetson AGX Orin", 87 },
    { "NVIDIA Jetson AGX Xavier", 72 },
    { "NVIDIA Jetson TX2", 62 },
    { "NVIDIA Jetson Nano", 53 },
    { "NVIDIA Tegra X1", 53 },
    { "NVIDIA Thor", 110 },
    { "Jetson T5000", 110 },
    { "AMD Radeon", 0 },
    { "", 0 },
};

static void names_tell_capabilities(void **state)
{
    (void)state;
    size_t n, patterns = 0;
    const struct hr_card *card = hr_card_table(&n);
    for (size_t i = 0; i < n; i++)
        patterns += strchr(card[i].name, '#') != NULL;
    assert_true(n - patterns >= 100); /* the acceptance asks for 60 names; patterns are no names */
    assert_true(HR_COUNT(names) >= 80);
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        const struct hr_card *row;
        unsigned cc = hr_card_cc(names[i].name, &row);
        if (cc != names[i].cc)
            fail_msg("'%s': %u by '%s'", names[i].name, cc, row != NULL ? row->name : "no row");
    }
    for (size_t i = 0; i < n; i++) /* no row hides another one that says something else */
        if (strchr(card[i].name, '#') == NULL && hr_card_cc(card[i].name, NULL) != card[i].cc)
            fail_msg("row '%s' is hidden: %u", card[i].name, hr_card_cc(card[i].name, NULL));
}

static void lists_are_read(void **state)
{
    (void)state;
    struct hr_images a;
    char text[HR_WORD_MAX];
    assert_true(hr_images_parse(HR_STR("7.5;8.0 ;8.6,12.0+PTX"), &a));
    hr_images_text(&a, text);
    assert_string_equal(text, "7.5 8.0 8.6 12.0, PTX 12.0");
    assert_true(hr_images_parse(HR_STR("75-real;90a;120-virtual"), &a));
    hr_images_text(&a, text);
    assert_string_equal(text, "7.5 9.0a, PTX 12.0");
    static const char *const bad[] = {
        "Ampere", "native", "8.", "8.66", "sm_", "9", "80x", "8.0+ptx", "99999", "+PTX"
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        if (hr_images_parse(hr_str(bad[i]), &a))
            fail_msg("'%s' was taken", bad[i]);
    struct hr_images many = { .n = 0 };
    for (unsigned i = 0; i < 2 * HR_IMAGES_MAX; i++)
        hr_images_add(&many, (struct hr_image) { (uint16_t)(20 + i), false, 0 });
    assert_int_equal(many.n, HR_IMAGES_MAX);
    hr_images_text(&many, text);
    assert_true(strlen(text) < sizeof text);
}

static void every_row_has_its_source(void **state)
{
    (void)state;
    size_t n;
    const struct hr_wheel *w = hr_wheel_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct hr_images images;
        hr_wheel_images(&w[i], &images);
        assert_true(images.n >= 6);
        assert_int_not_equal(w[i].source[0], 0);
        assert_ptr_equal(hr_wheel_of(w[i].torch_last, w[i].cuda), &w[i]);
    }
    const struct hr_arch *a = hr_arch_table(&n);
    for (size_t i = 0; i < n; i++)
        assert_true(a[i].source[0] != 0 && (i == 0 || a[i].cc > a[i - 1].cc));
    const struct hr_card *c = hr_card_table(&n);
    for (size_t i = 0; i < n; i++)
        assert_true(c[i].source[0] != 0 && (c[i].cc == 0 || hr_arch_of(c[i].cc) != NULL));
    struct hr_images images;
    hr_wheel_images(hr_wheel_of(207, 126), &images);
    assert_int_equal(hr_arch_runs(&images, 120, 0, 0).runs, HR_RUNS_NOT);
    hr_wheel_images(hr_wheel_of(207, 128), &images);
    assert_int_equal(hr_arch_runs(&images, 120, 0, 0).runs, HR_RUNS_NATIVE);
    assert_int_equal(hr_arch_runs(&images, 70, 0, 0).runs, HR_RUNS_NOT); /* Volta came back with 2.8 */
    hr_wheel_images(hr_wheel_of(208, 128), &images);
    assert_int_equal(hr_arch_runs(&images, 70, 0, 0).runs, HR_RUNS_NATIVE);
    assert_null(hr_wheel_of(213, 128));
}

static void versions(void **state)
{
    (void)state;
    assert_int_equal(hr_cuda_of(HR_STR("12.8.93")), 1208);
    assert_int_equal(hr_cuda_of(HR_STR("13")), 1300);
    assert_int_equal(hr_cuda_of(HR_STR("x")), 0);
    assert_int_equal(hr_cuda_of(HR_STR("12.")), 0);
    assert_string_equal(hr_cuda_text(1208).text, "12.8");
    assert_string_equal(hr_cc_text(120).text, "12.0");
    const char *source;
    assert_int_equal(hr_driver_branch_of(1301, &source), 580);
    assert_non_null(source);
    assert_int_equal(hr_driver_branch_of(1208, &source), 525);
    assert_int_equal(hr_driver_branch_of(1002, &source), 0);
    assert_null(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs),      cmocka_unit_test(what_a_toolkit_builds),
        cmocka_unit_test(what_each_toolkit_knows), cmocka_unit_test(the_nvcc_that_is_here),
        cmocka_unit_test(names_tell_capabilities),
        cmocka_unit_test(lists_are_read), cmocka_unit_test(every_row_has_its_source),
        cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

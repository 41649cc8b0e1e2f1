/* The reading of GPUs, from a stand-in library and from texts: nothing that is not known is a figure. */
#include "unit.h"

#include "clock.h"
#include "dl.h"
#include "gpus.h"
#include "mem.h"
#include "nvml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Only the one that hangs may be given up: a busy machine may take a second for any. */
static struct hr_gpus *read_with(const char *library, const char *mode)
{
    uint64_t deadline = strcmp(mode, "hang") == 0 ? UINT64_C(1000000000) : UINT64_C(100000000000);
    struct hr_root *root;
    struct hr_gpus *g = NULL;
    setenv("HEADRACE_NVML", library, 1);
    setenv("FAKE_NVML", mode, 1);
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    assert_int_equal(hr_gpus_read(root, deadline, &g, NULL), 0);
    hr_root_close(root);
    return g;
}

static void a_card_tells_everything(void **state)
{
    (void)state;
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "native");
    assert_int_equal(g->state, HR_GPUS_READ);
    assert_string_equal(g->driver.v, "576.88");
    assert_true(strstr(g->library.v, "fake_nvml.so") != NULL);
    assert_int_equal(g->cuda.v, 1209);
    assert_int_equal(g->count.v, 1);
    assert_int_equal(g->n, 1);
    const struct hr_gpu *gpu = &g->gpu[0];
    assert_string_equal(gpu->name.v, "NVIDIA GeForce RTX 5070 Ti");
    assert_string_equal(gpu->bus.v, "00000000:01:00.0");
    assert_int_equal(gpu->cc.v, 120);
    assert_int_equal(hr_gpu_cc(gpu), 120);
    assert_int_equal(gpu->memory.v, 16303ull << 20);
    assert_int_equal(gpu->used.v, 1796ull << 20);
    assert_int_equal(gpu->busy.v, 17);
    assert_int_equal(gpu->celsius.v, 40);
    assert_int_equal(gpu->milliwatts_limit.v, 300000);
    assert_int_equal(gpu->sm_mhz.v, 2452);
    assert_int_equal(gpu->memory_mhz.v, 14001);
    assert_int_equal(gpu->pcie_width_max.v, 16);
    assert_true(gpu->ecc.known && gpu->ecc.v);
    assert_false(gpu->mig.known);
    assert_int_equal(gpu->processes.v, 1);
    assert_int_equal(gpu->process_n, 1);
    assert_int_equal(gpu->process[0].pid, 4000);
    assert_int_equal(gpu->process[0].vram.v, 512ull << 20);
    hr_gpus_free(g);
}

static void wddm_hides_process_memory(void **state)
{
    (void)state;
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "wsl");
    const struct hr_gpu *gpu = &g->gpu[0];
    assert_int_equal(gpu->process_n, 1);
    assert_false(gpu->process[0].vram.known);
    assert_string_equal(gpu->process[0].vram.why, "the driver says \"not available\"");
    assert_true(gpu->driver_model.known);
    assert_int_equal(gpu->driver_model.v, 0);
    assert_false(gpu->ecc.known);
    assert_false(gpu->ecc_uncorrected.known);
    hr_gpus_free(g);
}

/* Every figure of a GPU, in the order of the struct: none may be known. */
static void nothing_is_known(const struct hr_gpu *gpu)
{
    const struct hr_figure *f[] = {
        &gpu->cc,          &gpu->memory,           &gpu->used,         &gpu->free,           &gpu->busy,
        &gpu->celsius,     &gpu->milliwatts,       &gpu->sm_mhz,       &gpu->memory_mhz_max, &gpu->throttle,
        &gpu->pcie_gen,    &gpu->pcie_width,       &gpu->compute_mode, &gpu->ecc_corrected,  &gpu->ecc_uncorrected,
        &gpu->memory_busy, &gpu->milliwatts_limit, &gpu->pcie_gen_max, &gpu->pcie_width_max, &gpu->sm_mhz_max,
    };
    for (size_t i = 0; i < HR_COUNT(f); i++) {
        assert_false(f[i]->known);
        assert_int_not_equal(f[i]->why[0], 0);
    }
    assert_false(gpu->ecc.known);
    assert_false(gpu->persistence.known);
}

static void all_ones_are_no_figure(void **state)
{
    (void)state;
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "ones");
    nothing_is_known(&g->gpu[0]);
    assert_int_equal(hr_gpu_cc(&g->gpu[0]), 120); /* its name still tells it */
    hr_gpus_free(g);
    g = read_with(FAKE_NVML_SO, "unsupported");
    nothing_is_known(&g->gpu[0]);
    assert_string_equal(g->gpu[0].busy.why, "the driver does not support it here (NVML 3)");
    assert_false(g->gpu[0].processes.known);
    hr_gpus_free(g);
    g = read_with(FAKE_NVML_SO, "shared");
    assert_false(g->gpu[0].memory.known);
    hr_gpus_free(g);
}

static void older_libraries_are_read_too(void **state)
{
    (void)state;
    setenv("FAKE_NVML_PROCESSES", "3", 1);
    const char *const library[] = { FAKE_NVML_SO, FAKE_NVML_535_SO, FAKE_NVML_OLD_SO };
    for (size_t i = 0; i < HR_COUNT(library); i++) {
        struct hr_gpus *g = read_with(library[i], "native");
        assert_int_equal(g->state, HR_GPUS_READ);
        assert_int_equal(g->cuda.v, 1209);
        assert_int_equal(g->gpu[0].memory.v, 16303ull << 20);
        assert_int_equal(g->gpu[0].throttle.v, 1);
        assert_int_equal(g->gpu[0].process_n, 3);
        for (unsigned k = 0; k < 3; k++) { /* a wrong size would shuffle them */
            assert_int_equal(g->gpu[0].process[k].pid, 4000 + k);
            assert_int_equal(g->gpu[0].process[k].vram.v, (512ull << 20) * (k + 1));
        }
        hr_gpus_free(g);
    }
    struct hr_gpus *g = read_with(FAKE_NVML_OLD_SO, "native");
    assert_string_equal(g->gpu[0].bus.v, "0000:01:00.0");
    hr_gpus_free(g);
    unsetenv("FAKE_NVML_PROCESSES");
}

static void too_many_processes_are_counted(void **state)
{
    (void)state;
    setenv("FAKE_NVML_PROCESSES", "1000", 1);
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "native");
    assert_int_equal(g->gpu[0].processes.v, 1000);
    assert_int_equal(g->gpu[0].process_n, 0);
    hr_gpus_free(g);
    unsetenv("FAKE_NVML_PROCESSES");
}

static void eight_cards(void **state)
{
    (void)state;
    setenv("FAKE_NVML_GPUS", "8", 1);
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "native");
    assert_int_equal(g->n, 8);
    assert_string_equal(g->gpu[7].bus.v, "00000000:08:00.0");
    assert_string_equal(g->gpu[7].uuid.v, "GPU-00000000-0000-0000-0000-000000000008");
    hr_gpus_free(g);
    setenv("FAKE_NVML_GPUS", "4000", 1);
    g = read_with(FAKE_NVML_SO, "native");
    assert_int_equal(g->n, HR_GPUS_MAX);
    assert_int_equal(g->count.v, 4000);
    hr_gpus_free(g);
    setenv("FAKE_NVML_GPUS", "0", 1);
    g = read_with(FAKE_NVML_SO, "native");
    assert_int_equal(g->state, HR_GPUS_READ);
    assert_int_equal(g->count.v, 0);
    hr_gpus_free(g);
    unsetenv("FAKE_NVML_GPUS");
}

static void failures_are_sentences(void **state)
{
    (void)state;
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "init:18");
    assert_int_equal(g->state, HR_GPUS_REFUSED);
    assert_int_equal(g->error, 18);
    assert_non_null(strstr(g->say, "different driver versions"));
    assert_non_null(strstr(hr_nvml_advice(18), "restart"));
    assert_false(g->count.known);
    hr_gpus_free(g);
    g = read_with(FAKE_NVML_SO, "init:9");
    assert_non_null(strstr(g->say, "driver is not loaded"));
    hr_gpus_free(g);
    g = read_with(FAKE_NVML_SO, "crash");
    assert_int_equal(g->state, HR_GPUS_CRASHED);
    assert_non_null(strstr(g->say, "signal 9"));
    hr_gpus_free(g);
    g = read_with(FAKE_NVML_EMPTY_SO, "native");
    assert_int_equal(g->state, HR_GPUS_NO_SYMBOL);
    hr_gpus_free(g);
    g = read_with("/no/such/libnvidia-ml.so.1", "native");
    assert_int_equal(g->state, HR_GPUS_NO_LIBRARY);
    assert_non_null(strstr(g->say, "/no/such/libnvidia-ml.so.1"));
    hr_gpus_free(g);
    g = read_with(FAKE_NVML_SO, "lost");
    assert_int_equal(g->state, HR_GPUS_READ);
    assert_string_equal(g->gpu[0].busy.why, "the GPU has fallen off the bus (NVML 15)");
    hr_gpus_free(g);
}

static void a_driver_that_hangs_is_left(void **state)
{
    (void)state;
    uint64_t t = hr_now();
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "hang");
    assert_int_equal(g->state, HR_GPUS_HANGS);
    assert_string_equal(g->say, "NVML did not answer within 1.0 s: the driver hangs");
    assert_true(hr_now() - t < UINT64_C(100000000000));
    assert_false(g->count.known);
    hr_gpus_free(g);
}

static void the_text_comes_back(void **state)
{
    (void)state;
    setenv("FAKE_NVML_GPUS", "3", 1);
    struct hr_gpus *g = read_with(FAKE_NVML_SO, "wsl"), *again = hr_calloc(1, sizeof *again);
    struct hr_buf a = HR_BUF_INIT(1 << 20), b = HR_BUF_INIT(1 << 20);
    assert_true(hr_gpus_write(g, &a));
    assert_int_equal(hr_gpus_parse(hr_buf_str(&a), again, NULL), 0);
    assert_true(hr_gpus_write(again, &b));
    assert_string_equal(a.data, b.data);
    for (size_t i = 0; i < again->n; i++)
        assert_int_equal(again->gpu[i].process_n, 1);
    hr_buf_fini(&a);
    hr_buf_fini(&b);
    hr_gpus_free(g);
    hr_gpus_free(again);
    unsetenv("FAKE_NVML_GPUS");
}

static void hostile_texts(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[",
        "{}",
        "null",
        "{\"state\":\"read\"",
        "{\"state\":7,\"gpu\":3}",
        "{\"state\":\"read\",\"gpu\":[1,null,[]]}",
        "{\"state\":\"read\",\"gpu\":[{\"memory\":-1,\"used\":1e3,\"name\":5,\"process\":[{\"pid\":99999999999},7]}]}",
        "{\"state\":\"read\",\"cuda\":\"12\",\"count\":99999999999999999999999}",
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        struct hr_gpus g;
        memset(&g, 0, sizeof g);
        assert_int_equal(hr_gpus_parse(hr_str(bad[i]), &g, NULL), 0);
        assert_true(g.state == HR_GPUS_READ || g.say[0] != 0);
        assert_false(g.cuda.known);
        for (size_t k = 0; k < g.n; k++) {
            assert_false(g.gpu[k].memory.known);
            assert_false(g.gpu[k].name.known);
            assert_int_equal(g.gpu[k].process_n, 0);
            hr_free(g.gpu[k].process);
        }
        hr_free(g.gpu);
    }
}

static void wsl_has_its_own_copy(void **state)
{
    (void)state;
    const char *place[HR_NVML_PLACES];
    hr_nvml_places(true, NULL, place);
    assert_string_equal(place[0], "/usr/lib/wsl/lib/libnvidia-ml.so.1");
    hr_nvml_places(false, "", place);
    assert_string_equal(place[0], "libnvidia-ml.so.1");
    hr_nvml_places(true, "/x.so", place);
    assert_string_equal(place[0], "/x.so");
    assert_null(place[1]);
}

static void clocks_say_what_slows_them(void **state)
{
    (void)state;
    char say[HR_WORD_MAX];
    assert_true(hr_gpu_throttle_text(0x44, true, say));
    assert_string_equal(say, "power cap, heat (hardware)");
    assert_false(hr_gpu_throttle_text(0x1, true, say));
    assert_true(hr_gpu_throttle_text(0x1, false, say));
    assert_string_equal(say, "idle");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_tells_everything),
        cmocka_unit_test(wddm_hides_process_memory),
        cmocka_unit_test(all_ones_are_no_figure),
        cmocka_unit_test(older_libraries_are_read_too),
        cmocka_unit_test(too_many_processes_are_counted),
        cmocka_unit_test(eight_cards),
        cmocka_unit_test(failures_are_sentences),
        cmocka_unit_test(a_driver_that_hangs_is_left),
        cmocka_unit_test(the_text_comes_back),
        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(wsl_has_its_own_copy),
        cmocka_unit_test(clocks_say_what_slows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Transforms: what is merged, what is refused, and that every allocation may fail.  Values are held against NumPy in
 * tests/py/test_transforms.py. */
#include "unit.h"

#include "drop.h"
#include "exact.h"
#include "mem.h"
#include "program.h"
#include "rng.h"

#include <math.h>
#include <string.h>

static struct hr_field fields[] = {
    { .name = "x", .dtype = HR_F32, .stored = HR_F16, .role = HR_ROLE_NODE, .ndim = 2, .shape = { HR_RAGGED, 9 } },
    { .name = "wide", .dtype = HR_F64, .stored = HR_F64, .role = HR_ROLE_GRAPH, .ndim = 1, .shape = { 3 } },
    { .name = "time", .dtype = HR_F64, .stored = HR_F64, .role = HR_ROLE_GRAPH },
    { .name = "n", .dtype = HR_I64, .stored = HR_U8, .role = HR_ROLE_LABEL },
    { .name = "edge_index", .dtype = HR_I64, .stored = HR_U8, .role = HR_ROLE_EDGE_INDEX, .ndim = 2, .shape = { 2, HR_RAGGED } },
};
static const struct hr_schema schema = { 5, fields };
static const struct hr_schema no_edges = { 4, fields };

static struct hr_transforms *compile(const struct hr_transform *list, int n)
{
    struct hr_transforms *t = NULL;
    struct hr_error err = HR_ERROR_INIT;
    int rc = hr_transforms_compile(list, n, &schema, NULL, &t, &err);
    if (rc < 0)
        print_message("%s\n", err.text);
    assert_int_equal(rc, 0);
    return t;
}

/* Deterministic steps of different columns, and consecutive affine ones of one, become one stage; order is kept. */
static void merged(void **state)
{
    (void)state;
    static const struct hr_transform list[] = {
        { HR_T_CLAMP, "x", 2, -5, 5, false },  { HR_T_MINMAX, "x", 2, -5, 5, false }, { HR_T_ZSCORE, "x", 1, 15, 5, false },
        { HR_T_MINMAX, "x", 0, 0, 10, false }, { HR_T_ZSCORE, "x", 0, 1, 2, false },  { HR_T_CLAMP, "x", 3, 0, 1, false },
        { HR_T_CLAMP, "x", 2, 0, 1, false },
    };
    struct hr_transforms *t = compile(list, (int)HR_COUNT(list));
    const struct hr_program *p = &t->program[0];
    assert_int_equal(p->stages, 3); /* clamp of 2 and 3, affine of 0, 1, 2, clamp of 2 */
    assert_int_equal(p->stage[0].kind, HR_STAGE_CLAMP);
    assert_int_equal(p->stage[1].kind, HR_STAGE_AFFINE);
    assert_int_equal(p->stage[2].kind, HR_STAGE_CLAMP);
    float in[18] = { 7, 20, -9, 4 }, out[18];
    in[9 + 2] = 5;
    struct hr_draw draw = { 0, 0, 0 };
    hr_transforms_apply(t, 0, &draw, in, 9, out, 2);
    assert_true(out[0] == (float)((0.7 - 1) / 2) && out[1] == 1.0f && out[2] == 0.0f && out[9 + 2] == 1.0f);
    assert_false(hr_transforms_random(t));
    assert_true(hr_transforms_touch(t, 0) && !hr_transforms_touch(t, 1));
    hr_transforms_free(t);
    assert_false(hr_transforms_touch(NULL, 0) || hr_transforms_random(NULL) || hr_transforms_drop_edges(NULL));
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        struct hr_transform t;
        const char *words;
    } bad[] = {
        { { HR_T_NOISE, "n", 0, 1, 0, false }, "int64" },
        { { HR_T_NOISE, "missing", 0, 1, 0, false }, "does not have" },
        { { HR_T_NOISE, NULL, 0, 1, 0, false }, "does not have" },
        { { (enum hr_transform_kind)77, "x", 0, 1, 0, false }, "unknown kind 77" },
        { { HR_T_SINCOS, "time", -1, 1, 0, false }, "no fixed last dimension" },
        { { HR_T_NOISE, "time", 1, 1, 0, false }, "column 1" },
        { { HR_T_EDGE_DROP, NULL, -1, 2, 0, false }, "probability" },
        { { HR_T_NODE_DROP, NULL, -1, 0.5, 0, true }, "statistics" },
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        struct hr_transforms *t = NULL;
        struct hr_error err = HR_ERROR_INIT;
        assert_int_equal(hr_transforms_compile(&bad[i].t, 1, &schema, NULL, &t, &err), HR_E_INVALID);
        assert_null(t);
        assert_non_null(strstr(err.text, bad[i].words));
    }
    struct hr_transforms *t = NULL;
    struct hr_error err = HR_ERROR_INIT;
    static const struct hr_transform drop = { HR_T_EDGE_DROP, NULL, -1, 0.1, 0, false };
    assert_int_equal(hr_transforms_compile(&drop, 1, &no_edges, NULL, &t, &err), HR_E_INVALID);
    assert_non_null(strstr(err.text, "edge_index"));
    assert_int_equal(hr_transforms_compile(&drop, HR_TRANSFORMS_MAX + 1, &schema, NULL, &t, &err), HR_E_LIMIT);
}

static void out_of_memory(void **state)
{
    (void)state;
    static const struct hr_transform list[] = { { HR_T_CLAMP, "x", 2, -5, 5, false }, { HR_T_ZSCORE, "wide", -1, 15, 5, false },
                                                { HR_T_SINCOS, "x", 1, 5, 0, false }, { HR_T_NODE_DROP, NULL, 0, 0.5, 0, false } };
    int rc = -1;
    for (uint64_t n = 1; rc != 0; n++) {
        struct hr_transforms *t = NULL;
        hr_mem_fail_at(n, false);
        rc = hr_transforms_compile(list, 4, &schema, NULL, &t, NULL);
        hr_mem_fail_at(0, false);
        assert_true(rc == 0 || (rc == HR_E_NOMEM && t == NULL));
        hr_transforms_free(t);
        assert_true(n < 40);
    }
}

/* One value at a time and in runs, with vectors and without: the same bits. */
static void normals_agree(void **state)
{
    (void)state;
    double run[500];
    hr_exact_normals(99, 7, 3, 500, run);
    for (uint64_t i = 0; i < 500; i++) {
        double one = hr_exact_normal(hr_exact_open_unit(hr_rng_u64(99, 7 + 3 * i)));
        assert_memory_equal(&one, &run[i], sizeof one);
    }
    double least = hr_exact_normal(hr_exact_open_unit(0)), most = hr_exact_normal(hr_exact_open_unit(UINT64_MAX));
    assert_true(isfinite(least) && least < -8.2 && isfinite(most) && most > 8.2 && most == -least);
    for (double u = 1e-9; u < 0.5; u *= 1.001) /* rises, also where the formulas meet */
        assert_true(hr_exact_normal(u) < hr_exact_normal(u * 1.001));
}

static void rows_are_compacted(void **state)
{
    (void)state;
    static const uint32_t keep[] = { 1, 2, 3, 5, 9 };
    static const char src[] = "aabbccddeeffgghhiijj";
    char dst[11] = "";
    hr_drop_copy_rows(dst, src, 2, keep, 5);
    assert_string_equal(dst, "bbccddffjj");
    hr_drop_copy_rows(dst, src, 2, keep, 0);
    assert_string_equal(dst, "bbccddffjj");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(merged),        cmocka_unit_test(refused),
                                        cmocka_unit_test(out_of_memory), cmocka_unit_test(normals_agree),
                                        cmocka_unit_test(rows_are_compacted) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

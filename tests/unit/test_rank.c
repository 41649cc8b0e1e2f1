/* Rank and world from what launchers put into the environment. */
#include "unit.h"

#include "attr.h"
#include "rank.h"

#include <stdlib.h>
#include <string.h>

static const char *const every[] = { "RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS",
                                     "SLURM_STEP_NUM_TASKS", "SLURM_JOB_ID", "SLURM_STEP_ID", "PMI_RANK", "PMI_SIZE" };

struct row {
    const char *set[8]; /* NAME, value, ... */
    int rank, world;    /* world 0: an error that names `how` */
    const char *how;
};

static const struct row rows[] = {
    { { NULL }, 0, 1, "alone" },
    { { "RANK", "3", "WORLD_SIZE", "8" }, 3, 8, "torchrun" },
    { { "OMPI_COMM_WORLD_RANK", "1", "OMPI_COMM_WORLD_SIZE", "2" }, 1, 2, "Open MPI" },
    { { "SLURM_PROCID", "5", "SLURM_NTASKS", "6" }, 5, 6, "Slurm" },
    { { "SLURM_PROCID", "1", "SLURM_NTASKS", "6", "SLURM_JOB_ID", "77", "SLURM_STEP_NUM_TASKS", "2" }, 1, 2, "Slurm" },
    { { "SLURM_PROCID", "0", "SLURM_NTASKS", "6", "SLURM_JOB_ID", "77" }, 0, 1, "alone" },
    { { "SLURM_NTASKS", "6", "SLURM_JOB_ID", "77" }, 0, 1, "alone" },
    { { "PMI_RANK", "0", "PMI_SIZE", "4" }, 0, 4, "PMI" },
    { { "RANK", "3", "WORLD_SIZE", "8", "SLURM_PROCID", "1", "SLURM_NTASKS", "2" }, 3, 8, "torchrun" },
    { { "RANK", "", "WORLD_SIZE", "" }, 0, 1, "alone" },
    { { "RANK", "3" }, 0, 0, "WORLD_SIZE is not" },
    { { "WORLD_SIZE", "3" }, 0, 0, "RANK is not" },
    { { "RANK", "8", "WORLD_SIZE", "8" }, 0, 0, "RANK=8" },
    { { "RANK", "-1", "WORLD_SIZE", "8" }, 0, 0, "RANK=-1" },
    { { "RANK", "0", "WORLD_SIZE", "0" }, 0, 0, "WORLD_SIZE=0" },
    { { "RANK", "one", "WORLD_SIZE", "8" }, 0, 0, "RANK" },
    { { "SLURM_PROCID", "2" }, 0, 0, "SLURM_NTASKS is not" },
};

static void clear(void)
{
    for (size_t i = 0; i < HR_COUNT(every); i++)
        unsetenv(every[i]);
}

static void environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        clear();
        for (int k = 0; k < 8 && rows[i].set[k] != NULL; k += 2)
            setenv(rows[i].set[k], rows[i].set[k + 1], 1);
        struct hr_rank got = { -7, -7, "" };
        struct hr_error err = HR_ERROR_INIT;
        int rc = hr_rank_detect(&got, &err);
        if (rows[i].world == 0) {
            assert_true(rc < 0);
            assert_int_equal(got.rank, -7);
            assert_non_null(strstr(err.text, rows[i].how));
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(got.rank, rows[i].rank);
        assert_int_equal(got.world, rows[i].world);
        assert_string_equal(got.how, rows[i].how);
    }
    clear();
}

static void given(void **state)
{
    (void)state;
    struct hr_rank got;
    struct hr_error err = HR_ERROR_INIT;
    clear();
    assert_int_equal(hr_rank_resolve(2, 4, &got, NULL), 0);
    assert_int_equal(got.rank, 2);
    assert_string_equal(got.how, "given");
    assert_int_equal(hr_rank_resolve(4, 4, &got, NULL), HR_E_INVALID);
    assert_int_equal(hr_rank_resolve(-2, 4, &got, NULL), HR_E_INVALID);
    assert_int_equal(hr_rank_resolve(-1, 0, &got, NULL), 0);
    assert_int_equal(got.world, 1);
    assert_int_equal(hr_rank_resolve(-1, 4, &got, &err), HR_E_INVALID); /* alone, but a world of 4 was told */
    assert_non_null(strstr(err.text, "world 4"));
    setenv("RANK", "1", 1);
    setenv("WORLD_SIZE", "4", 1);
    assert_int_equal(hr_rank_resolve(-1, 4, &got, NULL), 0);
    assert_int_equal(got.rank, 1);
    assert_int_equal(hr_rank_resolve(1, 0, &got, NULL), 0);
    assert_int_equal(hr_rank_resolve(2, 0, &got, NULL), HR_E_INVALID);
    assert_int_equal(hr_rank_resolve(0, 2, &got, NULL), 0); /* both given: the environment is not asked */
    setenv("WORLD_SIZE", "x", 1);
    assert_int_equal(hr_rank_resolve(0, 2, &got, NULL), 0);
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(environment), cmocka_unit_test(given) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

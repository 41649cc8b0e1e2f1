#include "rank.h"

#include "env.h"

#include <inttypes.h>

/* 1 = found, 0 = this launcher says nothing. */
static int pair(const char *how, const char *rank_name, const char *world_name, struct hr_rank *ret, struct hr_error *err)
{
    int64_t rank = 0, world = 0;
    int r = hr_env_i64(rank_name, &rank, err), w = r < 0 ? 0 : hr_env_i64(world_name, &world, err);
    if (r < 0 || w < 0)
        return r < 0 ? r : w;
    if (r == 0 && w == 0)
        return 0;
    if (r == 0 || w == 0)
        return hr_fail(err, HR_E_INVALID, "%s is set in the environment and %s is not: set both, or give rank and world",
                       r == 0 ? world_name : rank_name, r == 0 ? rank_name : world_name);
    if (world < 1 || world > INT32_MAX || rank < 0 || rank >= world)
        return hr_fail(err, HR_E_INVALID, "the environment says %s=%" PRId64 " and %s=%" PRId64 ": a rank is 0 to world - 1", rank_name,
                       rank, world_name, world);
    *ret = (struct hr_rank){ (int)rank, (int)world, how };
    return 1;
}

static bool is_set(const char *name)
{
    const char *v = hr_env(name);
    return v != NULL && *v != '\0';
}

static int slurm(struct hr_rank *ret, struct hr_error *err)
{
    if (!is_set("SLURM_PROCID")) /* SLURM_NTASKS alone: an allocation in whose shell somebody works */
        return 0;
    if (is_set("SLURM_JOB_ID") && !is_set("SLURM_STEP_ID") && !is_set("SLURM_STEP_NUM_TASKS"))
        return 0;
    return pair("Slurm", "SLURM_PROCID", is_set("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS", ret, err);
}

int hr_rank_detect(struct hr_rank *ret, struct hr_error *err)
{
    int rc = pair("torchrun", "RANK", "WORLD_SIZE", ret, err);
    if (rc == 0)
        rc = pair("Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", ret, err);
    if (rc == 0)
        rc = slurm(ret, err);
    if (rc == 0)
        rc = pair("PMI", "PMI_RANK", "PMI_SIZE", ret, err);
    if (rc == 0)
        *ret = (struct hr_rank){ 0, 1, "alone" };
    return rc < 0 ? rc : 0;
}

int hr_rank_resolve(int rank, int world, struct hr_rank *ret, struct hr_error *err)
{
    if (rank < -1 || world < 0)
        return hr_fail(err, HR_E_INVALID, "rank %d of a world of %d cannot be", rank, world);
    struct hr_rank found = { rank, world, "given" };
    if (rank < 0 || world == 0) {
        int rc = hr_rank_detect(&found, err);
        if (rc < 0)
            return rc;
    }
    if ((rank >= 0 && rank != found.rank) || (world > 0 && world != found.world))
        return hr_fail(err, HR_E_INVALID, "%s %d was given alone, and this process is rank %d of %d (%s): give both rank and world",
                       rank >= 0 ? "rank" : "world", rank >= 0 ? rank : world, found.rank, found.world, found.how);
    if (found.rank >= found.world)
        return hr_fail(err, HR_E_INVALID, "rank %d is not below the world of %d ranks", found.rank, found.world);
    *ret = found;
    return 0;
}

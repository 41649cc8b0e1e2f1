/* Which of how many: rank and world size as the launcher told them in the environment. */
#ifndef HR_RANK_H
#define HR_RANK_H

#include "err.h"

struct hr_rank {
    int rank, world;
    const char *how; /* "torchrun", "Open MPI", "Slurm", "PMI", "given", or "alone"; static */
};

/* Looked at in this order; the first that is set decides, as launchers nest (torchrun inside srun tells the final rank):
 *   torchrun   RANK, WORLD_SIZE (also DeepSpeed and Accelerate)
 *   Open MPI   OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE
 *   Slurm      SLURM_PROCID with SLURM_STEP_NUM_TASKS or SLURM_NTASKS; not in a batch script outside srun, where Slurm says
 *              rank 0 of all tasks although only one process runs (SLURM_JOB_ID without SLURM_STEP_ID)
 *   PMI        PMI_RANK, PMI_SIZE (MPICH, Intel MPI)
 * and else rank 0 of 1.  HR_E_INVALID when one of a pair is missing, is no number, or the rank is not below the world. */
int hr_rank_detect(struct hr_rank *ret, struct hr_error *err) HR_MUST_USE;

/* `rank` -1 and `world` 0 mean: as detected.  One of them alone must agree with what is detected. */
int hr_rank_resolve(int rank, int world, struct hr_rank *ret, struct hr_error *err) HR_MUST_USE;

#endif

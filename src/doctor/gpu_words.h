/* What the checks of GPUs, toolkits and Python environments ask and say alike. */
#ifndef HR_GPU_WORDS_H
#define HR_GPU_WORDS_H

#include "facts.h"
#include "finding.h"
#include "human.h"

bool hr_on_wsl2(struct hr_facts *facts);
bool hr_in_container(struct hr_facts *facts);

/* The GPUs when NVML answered and there is at least one.  Otherwise NULL, and the finding says that the check has no subject
 * here, or why it could not be looked at. */
const struct hr_gpus *hr_gpus_or(struct hr_facts *facts, struct hr_finding *f);

/* "NVIDIA GeForce RTX 5070 Ti"; "GPU 3" where the name is not known. */
struct hr_word hr_gpu_name(const struct hr_gpus *g, size_t i);
/* "GPU 0" and its name: what a sentence about one of several begins with. */
struct hr_word hr_gpu_label(const struct hr_gpus *g, size_t i);

/* The number, or "–". */
struct hr_human hr_figure_text(const struct hr_figure *f);

/* A variable of the environment as a word; unknown: it is not set. */
struct hr_word hr_env_word(struct hr_facts *facts, const char *name);

/* The different capabilities among the GPUs, in their order: what a list of code or a toolkit must serve. */
size_t hr_gpu_kinds(const struct hr_gpus *g, unsigned cc[HR_GPUS_MAX]);

/* Does the driver serve programs of this CUDA version?  Of an older minor it does, but for PTX. */
enum hr_driver_fits { HR_DRIVER_FITS, HR_DRIVER_OLDER_MINOR, HR_DRIVER_OLDER_MAJOR, HR_DRIVER_UNKNOWN };
enum hr_driver_fits hr_driver_fits(const struct hr_gpus *g, unsigned cuda);
/* "update the driver" in the words of this machine, as lines of the fix. */
void hr_fix_driver(struct hr_facts *facts, struct hr_finding *f, unsigned cuda);

#endif

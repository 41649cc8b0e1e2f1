/* The checks of the GPU's driver, for the table of their group (checks_gpu.c). */
#ifndef HR_GPU_CHECKS_H
#define HR_GPU_CHECKS_H

#include "check.h"

void hr_check_gpu_found(struct hr_facts *facts, struct hr_finding *f);
void hr_check_gpu_mismatch(struct hr_facts *facts, struct hr_finding *f);
void hr_check_gpu_linux_driver(struct hr_facts *facts, struct hr_finding *f);
void hr_check_gpu_library(struct hr_facts *facts, struct hr_finding *f);
void hr_check_gpu_cuda(struct hr_facts *facts, struct hr_finding *f);

#endif

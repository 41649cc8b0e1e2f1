/* Checks of WSL that have files of their own, for the table of the group (checks_wsl.c). */
#ifndef HR_CHECKS_WSL_H
#define HR_CHECKS_WSL_H

#include "check.h"

/* checks_wsl_gpu.c: the virtual GPU, as far as the kernel tells */
void hr_check_wsl_dxg_bug(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_residency(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_dxg_panic(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_dxg_noise(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_polling(struct hr_facts *facts, struct hr_finding *f);

/* checks_wsl_host.c: what Windows tells; deep */
void hr_check_wsl_host_memory(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_host_cpus(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_pool_leak(struct hr_facts *facts, struct hr_finding *f);

/* checks_wsl_conf.c: the configuration files */
void hr_check_wsl_config(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_conf(struct hr_facts *facts, struct hr_finding *f);
void hr_check_wsl_applied(struct hr_facts *facts, struct hr_finding *f);
void hr_check_claim_reclaim(struct hr_facts *facts, struct hr_finding *f);
void hr_check_claim_gradual(struct hr_facts *facts, struct hr_finding *f);
void hr_check_claim_vhd_size(struct hr_facts *facts, struct hr_finding *f);
void hr_check_claim_reporting(struct hr_facts *facts, struct hr_finding *f);
void hr_check_claim_idle(struct hr_facts *facts, struct hr_finding *f);
void hr_check_claim_sparse(struct hr_facts *facts, struct hr_finding *f);

#endif

/* The checks of one toolkit's parts, for the table of their group (checks_cuda.c), and what those share with it. */
#ifndef HR_CUDA_CHECKS_H
#define HR_CUDA_CHECKS_H

#include "check.h"

void hr_check_cuda_gcc(struct hr_facts *facts, struct hr_finding *f);
void hr_check_cuda_headers(struct hr_facts *facts, struct hr_finding *f);
void hr_check_cuda_mixed(struct hr_facts *facts, struct hr_finding *f);

/* The toolkit that builds here: of nvcc on PATH, else the newest; NULL: none. */
const struct hr_toolkit *hr_cuda_builder(const struct hr_toolkits *t);
/* A file of /etc/ld.so.conf.d that names a folder of link stubs: its path, and the line as evidence. */
bool hr_cuda_stub_in_loader(const struct hr_root *root, char ret_file[HR_WORD_MAX], struct hr_finding *f);

#endif

/* What a known project (projects.h) is told beside what every build is (build_env.h). */
#ifndef HR_PROJECT_ENV_H
#define HR_PROJECT_ENV_H

#include "build_env.h"
#include "projects.h"

/* Its own variables for jobs, threads and architectures, where it has such; `project` may be NULL. */
void hr_project_env(const struct hr_root *root, const struct hr_project *project, struct hr_build_env *e);
/* A list as TORCH_CUDA_ARCH_LIST has it ("8.6;12.0+PTX") in the project's own form.  False: there is nothing in it for this project. */
bool hr_project_archs(enum hr_archs form, const char *torch, char *ret, size_t n);

#endif

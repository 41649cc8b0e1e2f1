#include "build_info.h"

#include "headrace/headrace.h"

#define HR_BUILT(library, found, why, without) { #library, (found) != 0, why, without },
const struct hr_built hr_built[] = {
#include "built.def"
};
#undef HR_BUILT
const size_t hr_built_n = HR_COUNT(hr_built);

HR_EXPORT const char *hr_version(void)
{
    return HEADRACE_VERSION;
}

HR_EXPORT const char *hr_build_info(void)
{
    return HR_BUILT_INFO;
}

const char *hr_built_compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

const char *hr_built_type(void)
{
    return HR_BUILT_TYPE;
}

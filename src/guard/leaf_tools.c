#include "leaf.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

/* Measured here with nvcc 13.0 and gcc 12 on one translation unit of thrust and cub (docs/decisions/0008). */
#define OWN "measured: one unit of thrust and cub, nvcc 13.0"
#define OWN_C "measured: one heavy C++ unit, gcc 12, -O2"

static const struct hr_leaf_tool tools[] = {
    { "cicc", NULL, false, 1500 * MIB, 0, OWN ", 0.8 to 2.0 GiB" },
    { "cudafe++", NULL, false, 800 * MIB, 0, OWN ", 0.7 GiB" },
    { "ptxas", NULL, false, 400 * MIB, 0, OWN ", 0.1 to 0.5 GiB" },
    { "cc1plus", NULL, false, 700 * MIB, 200 * MIB, OWN_C ", 0.4 to 0.9 GiB below CUDA, 1.4 alone" },
    { "cc1", NULL, false, 250 * MIB, 100 * MIB, "half of what C++ without templates takes" },
    { "lto1", NULL, false, 1000 * MIB, 0, "a share of a link with LTO" },
    { "clang", "-cc1", true, 650 * MIB, 200 * MIB, OWN_C " by clang, 0.62 GiB" },
    { "clang++", "-cc1", true, 650 * MIB, 200 * MIB, OWN_C " by clang, 0.62 GiB" },
    /* Clang compiles in the driver's own process where there is one job: then nothing else is ever started. */
    { "clang", "-c", true, 650 * MIB, 200 * MIB, OWN_C " by clang, 0.62 GiB" },
    { "clang++", "-c", true, 650 * MIB, 200 * MIB, OWN_C " by clang, 0.62 GiB" },
    { "ld", NULL, false, 500 * MIB, 0, "a link without debug information; 8 GiB are known with it (rust-lang/rust#40277)" },
    { "ld.bfd", NULL, false, 500 * MIB, 0, "as ld" },
    { "ld.gold", NULL, false, 500 * MIB, 0, "as ld" },
    { "gold", NULL, false, 500 * MIB, 0, "as ld" },
    { "ld.lld", NULL, false, 500 * MIB, 0, "as ld" },
    { "lld", NULL, false, 500 * MIB, 0, "as ld" },
    { "mold", NULL, false, 500 * MIB, 0, "as ld" },
    { "nvlink", NULL, false, 500 * MIB, 0, "as ld" },
    { "rustc", NULL, false, 1000 * MIB, 0, "a crate of usual size" },
};

const struct hr_leaf_tool *hr_leaf_tools(size_t *ret_n)
{
    *ret_n = HR_COUNT(tools);
    return tools;
}

int hr_leaf_tool_index(const char *name)
{
    for (size_t i = 0; i < HR_COUNT(tools); i++)
        if (strcmp(tools[i].name, name) == 0)
            return (int)i;
    return -1;
}

const struct hr_leaf_tool *hr_leaf_tool_of_comm(const char *comm)
{
    for (size_t i = 0; i < HR_COUNT(tools); i++)
        if (tools[i].only == NULL && strcmp(tools[i].name, comm) == 0)
            return &tools[i];
    return NULL;
}

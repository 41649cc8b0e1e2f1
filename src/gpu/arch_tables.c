/* The tables of arch.h.  "CMake" is the table of toolkits and architectures in CMake's own CUDA compiler module, "nvcc 13.0" what
 * `nvcc --list-gpu-arch` of 13.0.88 prints, "NVIDIA" the lists at developer.nvidia.com/cuda-gpus, "builder" PyTorch's own build
 * scripts of its wheels. */
#include "arch.h"

#define CMAKE "CMake's CUDA architectures table"
#define NVCC13 "nvcc --list-gpu-arch of CUDA 13.0.88, CMake's CUDA architectures table"
#define LIST "developer.nvidia.com/cuda-gpus"
#define LEGACY "developer.nvidia.com/cuda-legacy-gpus"
#define BUILDER "PyTorch's wheel build script (.ci/manywheel)"

static const struct hr_arch archs[] = {
    { 35, 500, 1199, "Kepler", CMAKE },    { 37, 605, 1199, "Kepler", CMAKE },
    { 50, 600, 1299, "Maxwell", NVCC13 },  { 52, 605, 1299, "Maxwell", NVCC13 },
    { 53, 700, 1299, "Maxwell", NVCC13 },  { 60, 800, 1299, "Pascal", NVCC13 },
    { 61, 800, 1299, "Pascal", NVCC13 },   { 62, 800, 1299, "Pascal", NVCC13 },
    { 70, 900, 1299, "Volta", NVCC13 },    { 72, 900, 1299, "Volta", NVCC13 },
    { 75, 1000, 0, "Turing", NVCC13 },     { 80, 1100, 0, "Ampere", NVCC13 },
    { 86, 1101, 0, "Ampere", NVCC13 },     { 87, 1104, 0, "Ampere", NVCC13 },
    { 88, 1300, 0, "Ampere", NVCC13 },     { 89, 1108, 0, "Ada", NVCC13 },
    { 90, 1108, 0, "Hopper", NVCC13 },     { 100, 1208, 0, "Blackwell", NVCC13 },
    { 103, 1209, 0, "Blackwell", NVCC13 }, { 110, 1300, 0, "Blackwell (Thor)", NVCC13 },
    { 120, 1208, 0, "Blackwell", NVCC13 }, { 121, 1209, 0, "Blackwell", NVCC13 },
};

/* More special rows first: the first that fits counts. */
static const struct hr_card cards[] = {
    { "GB300", 103, LIST },
    { "B300", 103, LIST },
    { "GB200", 100, LIST },
    { "B200", 100, LIST },
    { "GB10", 121, LIST },
    { "GH200", 90, LIST },
    { "H200", 90, LIST },
    { "H100", 90, LIST },
    { "L40S", 89, LIST },
    { "L40", 89, LIST },
    { "L4", 89, LIST },
    { "A100", 80, LIST },
    { "A30", 80, LIST },
    { "A40", 86, LIST },
    { "A10", 86, LIST },
    { "A16", 86, LIST },
    { "A2", 86, LIST },
    { "T4", 75, LIST },
    { "V100", 70, LEGACY },
    { "P100", 60, LEGACY },
    { "P40", 61, LEGACY },
    { "P4", 61, LEGACY },
    { "M40", 52, LEGACY },
    { "M60", 52, LEGACY },
    { "RTX PRO ####", 120, LIST },
    { "RTX #### Ada", 89, LIST },
    { "Quadro RTX ####", 75, LIST },
    { "RTX A####", 86, LIST },
    { "Quadro GP100", 60, LEGACY },
    { "Quadro GV100", 70, LEGACY },
    { "Quadro P###", 61, LEGACY },
    { "Quadro P####", 61, LEGACY },
    { "TITAN RTX", 75, LIST },
    { "TITAN V", 70, LEGACY },
    { "TITAN Xp", 61, LEGACY },
    { "TITAN X", 0, LEGACY },
    { "RTX 50~0", 120, LIST },
    { "RTX 40~0", 89, LIST },
    { "RTX 30~0", 86, LIST },
    { "RTX 2060", 75, LIST },
    { "RTX 2070", 75, LIST },
    { "RTX 2080", 75, LIST },
    { "GTX 1650", 75, LIST },
    { "GTX 1660", 75, LIST },
    { "GTX 1050", 61, LEGACY },
    { "GTX 1060", 61, LEGACY },
    { "GTX 1070", 61, LEGACY },
    { "GTX 1080", 61, LEGACY },
    { "GTX 9##", 52, LEGACY },
    { "GTX 750", 50, LEGACY },
    { "T400", 75, LIST },
    { "T600", 75, LIST },
    { "T1000", 75, LIST },
    { "Orin", 87, LIST },
    { "Xavier", 72, LEGACY },
    { "Thor", 110, LIST },
};

#define COMPATIBILITY "NVIDIA CUDA Compatibility, table of minor version compatibility"
#define OLD_SASS "5.0 6.0 7.0 7.5 8.0 8.6 9.0"
static const struct hr_wheel wheels[] = {
    { 200, 200, 117, "3.7 5.0 6.0 7.0 7.5 8.0 8.6", "", BUILDER },
    { 200, 200, 118, "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", "", BUILDER },
    { 201, 205, 121, OLD_SASS, "", "pytorch/pytorch#167244 prints it" },
    { 204, 205, 124, OLD_SASS, "", "pytorch/pytorch#167244 prints it" },
    { 207, 209, 126, OLD_SASS, "", BUILDER },
    { 207, 207, 128, "7.5 8.0 8.6 9.0 10.0 12.0", "12.0", "AUTOMATIC1111/stable-diffusion-webui#17296 prints it" },
    { 208, 209, 128, "7.0 7.5 8.0 8.6 9.0 10.0 12.0", "", BUILDER ", pytorch/pytorch#157517" },
    { 208, 208, 129, "7.0 7.5 8.0 8.6 9.0 10.0 12.0", "12.0", BUILDER },
    { 209, 209, 130, "7.5 8.0 8.6 9.0 10.0 12.0", "12.0", BUILDER },
};

static const struct {
    uint16_t toolkit, branch;
    const char *source;
} branches[] = {
    { 1300, 580, COMPATIBILITY },
    { 1200, 525, COMPATIBILITY },
    { 1100, 450, COMPATIBILITY },
};

const struct hr_arch *hr_arch_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(archs);
    return archs;
}

const struct hr_card *hr_card_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(cards);
    return cards;
}

const struct hr_wheel *hr_wheel_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(wheels);
    return wheels;
}

unsigned hr_driver_branch_of(unsigned toolkit, const char **ret_source)
{
    for (size_t i = 0; i < HR_COUNT(branches); i++)
        if (toolkit / 100 == branches[i].toolkit / 100) {
            *ret_source = branches[i].source;
            return branches[i].branch;
        }
    *ret_source = NULL;
    return 0;
}

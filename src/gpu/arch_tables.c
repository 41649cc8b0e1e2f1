/* The tables of arch.h.  "CMake" is the table of toolkits and architectures in CMake's own CUDA compiler module, "nvcc 13.0" what
 * `nvcc --list-gpu-arch` of 13.0.88 prints, the two lists of cards are NVIDIA's, "builder" PyTorch's own build
 * scripts of its wheels.  tests/unit/test_arch.c holds the archs against the nvcc of the machine that builds. */
#include "arch.h"

#define CMAKE "CMake's CUDA architectures table"
#define NVCC13 "nvcc --list-gpu-arch of CUDA 13.0.88, CMake's CUDA architectures table"
#define LIST "developer.nvidia.com/cuda-gpus"
#define LEGACY "developer.nvidia.com/cuda-legacy-gpus"
#define CHIP "NVIDIA's specification of the product: the chip is that of the listed cards of its family"
#define BUILDER "PyTorch's wheel build script (.ci/manywheel)"

static const struct hr_arch archs[] = {
    { 30, 402, 1099, "Kepler", CMAKE },    { 35, 500, 1199, "Kepler", CMAKE },    { 37, 605, 1199, "Kepler", CMAKE },
    { 50, 600, 1299, "Maxwell", NVCC13 },  { 52, 605, 1299, "Maxwell", NVCC13 },
    { 53, 700, 1299, "Maxwell", NVCC13 },  { 60, 800, 1299, "Pascal", NVCC13 },
    { 61, 800, 1299, "Pascal", NVCC13 },   { 62, 800, 1299, "Pascal", NVCC13 },
    { 70, 900, 1299, "Volta", NVCC13 },    { 72, 900, 1299, "Volta", NVCC13 },
    { 75, 1000, 0, "Turing", NVCC13 },     { 80, 1100, 0, "Ampere", NVCC13 },
    { 86, 1101, 0, "Ampere", NVCC13 },     { 87, 1104, 0, "Ampere", NVCC13 },
    { 88, 1300, 0, "Ampere", NVCC13 },     { 89, 1108, 0, "Ada", NVCC13 },
    { 90, 1108, 0, "Hopper", NVCC13 },     { 100, 1208, 0, "Blackwell", NVCC13 },
    { 101, 1208, 1299, "Blackwell (Thor)", CMAKE ", CUDA 13.0 release notes: renamed to 110" },
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
    { "RTX PRO 6000 Blackwell", 120, LIST },
    { "RTX PRO 5000 Blackwell", 120, LIST },
    { "RTX PRO 4500 Blackwell", 120, LIST },
    { "RTX PRO 4000 Blackwell", 120, LIST },
    { "RTX PRO 2000 Blackwell", 120, LIST },
    { "RTX 5090", 120, LIST },
    { "RTX 5080", 120, LIST },
    { "RTX 5070", 120, LIST },
    { "RTX 5060", 120, LIST },
    { "RTX 5050", 120, LIST },
    { "RTX 6000 Ada", 89, LIST },
    { "RTX 5000 Ada", 89, LIST },
    { "RTX 4500 Ada", 89, LIST },
    { "RTX 4000 Ada", 89, LIST },
    { "RTX 4000 SFF Ada", 89, LIST },
    { "RTX 2000 Ada", 89, LIST },
    { "RTX 4090", 89, LIST },
    { "RTX 4080", 89, LIST },
    { "RTX 4070", 89, LIST },
    { "RTX 4060", 89, LIST },
    { "RTX 4050", 89, LIST },
    { "RTX A6000", 86, LIST },
    { "RTX A5000", 86, LIST },
    { "RTX A4000", 86, LIST },
    { "RTX A3000", 86, LIST },
    { "RTX A2000", 86, LIST },
    { "RTX 3090", 86, LIST },
    { "RTX 3080", 86, LIST },
    { "RTX 3070", 86, LIST },
    { "RTX 3060", 86, LIST },
    { "RTX 3050", 86, LIST },
    { "Quadro RTX 8000", 75, LIST },
    { "Quadro RTX 6000", 75, LIST },
    { "Quadro RTX 5000", 75, LIST },
    { "Quadro RTX 4000", 75, LIST },
    { "Quadro RTX 3000", 75, LIST },
    { "TITAN RTX", 75, LIST },
    { "RTX 2080", 75, LIST },
    { "RTX 2070", 75, LIST },
    { "RTX 2060", 75, LIST },
    { "GTX 1660", 75, LIST },
    { "GTX 1650", 75, LIST },
    { "T400", 75, LIST },
    { "T600", 75, LIST },
    { "T1000", 75, LIST },
    { "Orin", 87, LIST },
    { "Jetson T5000", 110, LIST },
    { "Jetson T4000", 110, LIST },
    { "V100", 70, LEGACY },
    { "Quadro GV100", 70, LEGACY },
    { "TITAN V", 70, LEGACY },
    { "P100", 60, LEGACY },
    { "Quadro GP100", 60, LEGACY },
    { "P40", 61, LEGACY },
    { "P4", 61, LEGACY },
    { "M60", 52, LEGACY },
    { "M40", 52, LEGACY },
    { "Quadro P6000", 61, LEGACY },
    { "Quadro P5200", 61, LEGACY },
    { "Quadro P5000", 61, LEGACY },
    { "Quadro P4200", 61, LEGACY },
    { "Quadro P4000", 61, LEGACY },
    { "Quadro P3200", 61, LEGACY },
    { "Quadro P3000", 61, LEGACY },
    { "Quadro P2200", 61, LEGACY },
    { "Quadro P2000", 61, LEGACY },
    { "Quadro P1000", 61, LEGACY },
    { "Quadro P620", 61, LEGACY },
    { "Quadro P600", 61, LEGACY },
    { "Quadro P500", 61, LEGACY },
    { "Quadro P400", 61, LEGACY },
    { "TITAN Xp", 61, LEGACY },
    { "TITAN X (Pascal)", 61, LEGACY },
    { "GTX TITAN X", 52, LEGACY },
    { "TITAN X", 0, LEGACY },
    { "GTX 1080", 61, LEGACY },
    { "GTX 1070", 61, LEGACY },
    { "GTX 1060", 61, LEGACY },
    { "GTX 1050", 61, LEGACY },
    { "Quadro M6000", 52, LEGACY },
    { "Quadro M5000", 52, LEGACY },
    { "Quadro M4000", 52, LEGACY },
    { "Quadro M2000", 52, LEGACY },
    { "GTX 980", 52, LEGACY },
    { "GTX 970", 52, LEGACY },
    { "GTX 960", 52, LEGACY },
    { "GTX 950", 52, LEGACY },
    { "GTX 980M", 52, LEGACY },
    { "GTX 970M", 52, LEGACY },
    { "GTX 965M", 52, LEGACY },
    { "GTX 960M", 50, LEGACY },
    { "GTX 950M", 50, LEGACY },
    { "GTX 750", 50, LEGACY },
    { "Quadro K2200", 50, LEGACY },
    { "Quadro K1200", 50, LEGACY },
    { "Quadro K620", 50, LEGACY },
    { "Xavier", 72, LEGACY },
    { "Jetson TX2", 62, LEGACY },
    { "Jetson Nano", 53, LEGACY },
    { "RTX PRO ####", 120, CHIP },
    { "RTX PRO ###", 120, CHIP },
    { "RTX #### Ada", 89, CHIP },
    { "RTX ### Ada", 89, CHIP },
    { "RTX A####", 86, CHIP },
    { "RTX A###", 86, CHIP },
    { "Quadro RTX ####", 75, CHIP },
    { "A10G", 86, CHIP },
    { "A800", 80, CHIP },
    { "H800", 90, CHIP },
    { "H20", 90, CHIP },
    { "L20", 89, CHIP },
    { "RTX 2050", 86, CHIP },
    { "GTX 1630", 75, CHIP },
    { "MX450", 75, CHIP },
    { "MX550", 75, CHIP },
    { "T2000", 75, CHIP },
    { "T1200", 75, CHIP },
    { "T550", 75, CHIP },
    { "T500", 75, CHIP },
    { "GTX 9##", 52, CHIP },
    { "Thor", 110, CHIP },
    { "Tegra X2", 62, CHIP },
    { "Tegra X1", 53, CHIP },
};

#define COMPATIBILITY "NVIDIA CUDA Compatibility, table of minor version compatibility"
#define OLD_SASS "5.0 6.0 7.0 7.5 8.0 8.6 9.0"
#define NEW_SASS "7.5 8.0 8.6 9.0 10.0 12.0"
#define CONDA "conda recipe of PyTorch 2.12, which follows the wheels"
#define RELEASES "torch.cuda: PYTORCH_RELEASES_CODE_CC of 2.13, PyTorch's build_env_setup.py"
static const struct hr_wheel wheels[] = {
    { 200, 200, 117, "3.7 5.0 6.0 7.0 7.5 8.0 8.6", "", BUILDER },
    { 200, 200, 118, "3.7 5.0 6.0 7.0 7.5 8.0 8.6 9.0", "", BUILDER },
    { 201, 205, 121, OLD_SASS, "", "pytorch/pytorch#167244 prints it" },
    { 204, 205, 124, OLD_SASS, "", "pytorch/pytorch#167244 prints it" },
    { 207, 212, 126, OLD_SASS, "", BUILDER },
    { 207, 207, 128, NEW_SASS, "12.0", "AUTOMATIC1111/stable-diffusion-webui#17296 prints it" },
    { 208, 210, 128, "7.0 " NEW_SASS, "", BUILDER ", pytorch/pytorch#157517" },
    { 208, 208, 129, "7.0 " NEW_SASS, "12.0", BUILDER },
    { 211, 211, 128, NEW_SASS, "", CONDA },
    { 209, 211, 130, NEW_SASS, "12.0", BUILDER },
    { 212, 212, 130, NEW_SASS, "", CONDA },
    { 213, 213, 126, OLD_SASS, "", RELEASES },
    { 213, 213, 129, NEW_SASS, "12.0", RELEASES },
    { 213, 213, 130, NEW_SASS, "12.0", RELEASES },
    { 213, 213, 132, NEW_SASS, "12.0", RELEASES },
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

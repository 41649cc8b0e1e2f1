#include "cuda_signs.h"

#include <string.h>

static const struct hr_cuda_sign signs[] = {
    { "Looking for a CUDA compiler - NOTFOUND", "CMake found no CUDA compiler", "CMake: CheckLanguage" },
    { "NO CUDA INSTALLATION FOUND", "CMake found no CUDA compiler", "torchmcubes: CMakeLists.txt" },
    { "No CMAKE_CUDA_COMPILER could be found", "CMake found no CUDA compiler", "CMake: CMakeDetermineCUDACompiler" },
    { "Could NOT find CUDAToolkit", "CMake found no CUDA toolkit", "CMake: FindPackageHandleStandardArgs" },
    { "Could NOT find CUDA ", "CMake found no CUDA toolkit", "CMake: FindPackageHandleStandardArgs" },
    { "PyTorch: CUDA cannot be found", "PyTorch's CMake files found no CUDA toolkit", "PyTorch: public/cuda.cmake" },
    { "CUDA Toolkit not found", "the project found no CUDA toolkit", "llama.cpp: ggml-cuda/CMakeLists.txt" },
    { "but nvcc was not found", "the project's setup.py found no nvcc", "flash-attention, apex: setup.py" },
    { "CUDA_HOME environment variable is not set", "PyTorch's builder found no CUDA toolkit", "PyTorch: cpp_extension.py" },
    { "uilding without CUDA", "the project says that it is built without CUDA", "said by several" },
    { "ompiling without CUDA", "the project says that it is compiled without CUDA", "said by several" },
};

const struct hr_cuda_sign *hr_cuda_sign_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(signs);
    return signs;
}

const struct hr_cuda_sign *hr_cuda_sign_of(struct hr_str line)
{
    for (size_t i = 0; i < HR_COUNT(signs); i++)
        if (line.n != 0 && memmem(line.p, line.n, signs[i].words, strlen(signs[i].words)) != NULL)
            return &signs[i];
    return NULL;
}

#define SCATTER_SOURCE "pytorch_scatter: csrc/version.cpp, -1 without CUDA"
static const struct hr_cuda_recipe recipes[] = {
    { "torchmcubes_module", "hasattr(m, 'mcubes_cuda')", "torchmcubes_module has no mcubes_cuda", "torchmcubes: cxx/mcubes.cpp" },
    { "torch_scatter", "__import__('torch').ops.torch_scatter.cuda_version() != -1", "torch_scatter says that it has no CUDA (cuda_version)", SCATTER_SOURCE },
    { "torch_sparse", "__import__('torch').ops.torch_sparse.cuda_version() != -1", "torch_sparse says that it has no CUDA (cuda_version)", SCATTER_SOURCE },
    { "torch_cluster", "__import__('torch').ops.torch_cluster.cuda_version() != -1", "torch_cluster says that it has no CUDA (cuda_version)", SCATTER_SOURCE },
    { "torchvision", "__import__('torch').ops.torchvision._cuda_version() != -1", "torchvision says that it has no CUDA (_cuda_version)",
      "torchvision: extension.py" },
    { "llama_cpp", "m.llama_supports_gpu_offload()", "llama_supports_gpu_offload() is False", "llama-cpp-python: llama_cpp.py" },
};

const struct hr_cuda_recipe *hr_cuda_recipe_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(recipes);
    return recipes;
}

const struct hr_cuda_recipe *hr_cuda_recipe_of(const char *module)
{
    for (size_t i = 0; i < HR_COUNT(recipes); i++)
        if (strcmp(recipes[i].module, module) == 0)
            return &recipes[i];
    return NULL;
}

bool hr_cuda_source(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && dot != name && (strcmp(dot, ".cu") == 0 || strcmp(dot, ".cuh") == 0);
}

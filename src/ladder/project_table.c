#include "projects.h"

#define GB UINT64_C(1000000000)
#define HOUR (UINT64_C(3600) * 1000000000)
#define FORCED "FORCE_CUDA=0", "CUDA_VISIBLE_DEVICES="

/* Sources: issues by project and number; files by repository, path and the first seven digits of the commit that was read. */
static const struct hr_project table[] = {
    { .name = "flash-attention", .words = { "flash-attn", "flash-attention" }, .low = 3 * GB, .high = 5 * GB,
      .memory_source = "flash-attention#2079 (each thread of nvcc, CUDA 12.8)", .long_ns = 5 * HOUR, .time = "5 hours with 4 jobs",
      .time_source = "flash-attention#1563 (WSL, RTX 5090)", .jobs = "MAX_JOBS", .threads = "NVCC_THREADS", .form = HR_ARCHS_FLASH,
      .archs = "FLASH_ATTN_CUDA_ARCHS", .no_isolation = true, .source = "flash-attention setup.py, 0029136 and the release 2.8" },
    { .name = "xformers", .words = { "xformers" }, .jobs = "MAX_JOBS", .no_isolation = true,
      .cpu = { FORCED, "TORCH_CUDA_ARCH_LIST" }, .cpu_lacks = "its attention kernels for CUDA", .lean = { "XFORMERS_BUILD_TYPE=Release" },
      .source = "facebookresearch/xformers setup.py, 006f99d" },
    { .name = "vLLM", .words = { "vllm" }, .jobs = "MAX_JOBS", .digits = true, .threads = "NVCC_THREADS", .no_isolation = true,
      .cpu = { "VLLM_TARGET_DEVICE=cpu" }, .cpu_lacks = "everything on the GPU: it serves from the CPU", .lean = { "CMAKE_BUILD_TYPE=Release" },
      .source = "vllm-project/vllm setup.py, 002a0ba: int(MAX_JOBS), RelWithDebInfo by default" },
    { .name = "PyTorch", .words = { "pytorch" }, .low = 9 * GB / 2, .high = 9 * GB / 2, .memory_source = "pytorch#124018 (one flash kernel)",
      .jobs = "MAX_JOBS", .cpu = { "USE_CUDA=0" }, .cpu_lacks = "CUDA", .lean = { "DEBUG=0", "REL_WITH_DEB_INFO=0" },
      .source = "pytorch#20296 and #124018; setup.py names USE_CUDA, DEBUG, REL_WITH_DEB_INFO, MAX_JOBS" },
    { .name = "ONNX Runtime", .words = { "onnxruntime" }, .low = 4 * GB, .high = 6 * GB, .memory_source = "onnxruntime#17419 (each thread of nvcc)",
      .form = HR_ARCHS_CMAKE, .source = "onnxruntime#17419: jobs and CUDA are arguments of build.py (--parallel, --use_cuda)" },
    { .name = "llama.cpp", .words = { "llama-cpp", "ggml" }, .jobs = "CMAKE_BUILD_PARALLEL_LEVEL", .form = HR_ARCHS_CMAKE,
      .source = "ggml-org/ggml CMakeLists.txt: CUDA is GGML_CUDA, an argument of cmake" },
    { .name = "llama-cpp-python", .words = { "llama-cpp-python" }, .jobs = "CMAKE_BUILD_PARALLEL_LEVEL", .form = HR_ARCHS_CMAKE,
      .cpu = { "CMAKE_ARGS=-DGGML_CUDA=off" }, .cpu_lacks = "CUDA", .source = "scikit-build-core reads CMAKE_ARGS; GGML_CUDA as in ggml" },
    { .name = "torchmcubes", .words = { "torchmcubes" }, .jobs = "CMAKE_BUILD_PARALLEL_LEVEL", .no_isolation = true,
      .cpu = { "CUDACXX", "CUDA_PATH", "CUDA_HOME", "-nvcc" }, .cpu_lacks = "tensors on the GPU: the module has no mcubes_cuda",
      .source = "tatsy/torchmcubes CMakeLists.txt: check_language(CUDA); torchmcubes#5" },
    { .name = "apex", .words = { "apex" }, .jobs = "MAX_JOBS", .no_isolation = true,
      .source = "NVIDIA/apex setup.py, 007e472: --threads 4 in the file, extensions are chosen by arguments" },
    { .name = "DeepSpeed", .words = { "deepspeed" }, .jobs = "MAX_JOBS", .cpu = { "DS_BUILD_OPS=0" },
      .cpu_lacks = "operators built in advance: each is compiled when it is first used", .source = "deepspeedai/DeepSpeed setup.py, 3855dbb" },
    { .name = "bitsandbytes", .words = { "bitsandbytes" }, .jobs = "CMAKE_BUILD_PARALLEL_LEVEL", .form = HR_ARCHS_CMAKE,
      .source = "bitsandbytes CMakeLists.txt, 02188cc: COMPUTE_BACKEND and COMPUTE_CAPABILITY are arguments of cmake" },
    { .name = "mamba-ssm", .words = { "mamba-ssm" }, .jobs = "MAX_JOBS", .no_isolation = true,
      .source = "state-spaces/mamba setup.py, 014340f: architectures and --threads 4 are in the file" },
    { .name = "causal-conv1d", .words = { "causal-conv1d" }, .jobs = "MAX_JOBS", .no_isolation = true,
      .source = "by the same authors, built as mamba-ssm" },
    { .name = "detectron2", .words = { "detectron2" }, .jobs = "MAX_JOBS", .no_isolation = true, .cpu = { FORCED },
      .cpu_lacks = "its operators for CUDA", .source = "facebookresearch/detectron2 setup.py, 012c898" },
    { .name = "PyTorch3D", .words = { "pytorch3d" }, .jobs = "MAX_JOBS", .no_isolation = true, .cpu = { "PYTORCH3D_FORCE_NO_CUDA=1", "FORCE_CUDA=0" },
      .cpu_lacks = "its renderer and operators on the GPU", .source = "facebookresearch/pytorch3d setup.py" },
    { .name = "MinkowskiEngine", .words = { "minkowskiengine" }, .no_isolation = true,
      .source = "NVIDIA/MinkowskiEngine setup.py, 0598858: make -j with up to 12 jobs; CPU only by --cpu_only" },
    { .name = "torchsparse", .words = { "torchsparse" }, .jobs = "MAX_JOBS", .no_isolation = true, .cpu = { FORCED },
      .cpu_lacks = "its operators for CUDA", .source = "mit-han-lab/torchsparse setup.py, 01a84bd" },
    { .name = "spconv", .words = { "spconv" }, .source = "traveller59/spconv setup.py, 01ed382: compiled when it is first used unless SPCONV_DISABLE_JIT=1" },
    { .name = "tiny-cuda-nn", .words = { "tiny-cuda-nn", "tinycudann" }, .jobs = "MAX_JOBS", .form = HR_ARCHS_COMMA,
      .archs = "TCNN_CUDA_ARCHITECTURES", .no_isolation = true, .source = "NVlabs/tiny-cuda-nn bindings/torch/setup.py, 0291951" },
    { .name = "nvdiffrast", .words = { "nvdiffrast" }, .source = "NVlabs/nvdiffrast: compiled when it is first used" },
    { .name = "gsplat", .words = { "gsplat" }, .jobs = "MAX_JOBS", .no_isolation = true, .cpu = { "BUILD_NO_CUDA=1" },
      .cpu_lacks = "kernels built in advance: they are compiled when they are first used", .source = "nerfstudio-project/gsplat setup.py, 016db7d" },
    { .name = "diff-gaussian-rasterization", .words = { "diff-gaussian-rasterization" }, .jobs = "MAX_JOBS", .no_isolation = true,
      .source = "graphdeco-inria/diff-gaussian-rasterization setup.py, 1e751ed" },
    { .name = "NATTEN", .words = { "natten" }, .jobs = "NATTEN_N_WORKERS", .digits = true, .form = HR_ARCHS_ONE, .archs = "NATTEN_CUDA_ARCH",
      .no_isolation = true, .cpu = { FORCED }, .cpu_lacks = "its kernels for CUDA", .source = "SHI-Labs/NATTEN setup.py, 011497a" },
    { .name = "CuPy", .words = { "cupy" }, .form = HR_ARCHS_CUPY, .archs = "CUPY_NVCC_GENERATE_CODE", .source = "cupy's builder; cupy#8461" },
    { .name = "LLVM", .words = { "llvm-project" }, .low = 1 * GB, .high = 2 * GB,
      .memory_source = "ninja#660 (a compile; a debug link can take 8 GB, rust-lang/rust#40277)", .jobs = "CMAKE_BUILD_PARALLEL_LEVEL",
      .source = "llvm: LLVM_PARALLEL_LINK_JOBS is an argument of cmake" },
};

const struct hr_project *hr_projects(size_t *ret_n)
{
    *ret_n = HR_COUNT(table);
    return table;
}

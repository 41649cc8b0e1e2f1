/* A library with one kernel, for tests/gpu/guarded.sh: built under the guard, verified against the card, and launched from its own host code. */
#include <cstdio>

__global__ void add(const float *a, const float *b, float *sum, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        sum[i] = a[i] + b[i];
}

/* 0: the sums are right; 1: they are not; else an error of the CUDA runtime. */
extern "C" int mark_add(void)
{
    enum { N = 1000 };
    float *v = nullptr;
    cudaError_t e = cudaMallocManaged(&v, 3 * N * sizeof *v);
    if (e != cudaSuccess)
        return e;
    for (int i = 0; i < N; i++) {
        v[i] = (float)i;
        v[N + i] = 2 * (float)i;
        v[2 * N + i] = -1;
    }
    add<<<(N + 127) / 128, 128>>>(v, v + N, v + 2 * N, N);
    e = cudaGetLastError();
    if (e == cudaSuccess)
        e = cudaDeviceSynchronize();
    int wrong = 0;
    for (int i = 0; i < N && e == cudaSuccess; i++)
        wrong |= v[2 * N + i] != 3 * (float)i;
    cudaFree(v);
    return e != cudaSuccess ? (int)e : wrong;
}

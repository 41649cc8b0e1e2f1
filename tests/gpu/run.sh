#!/usr/bin/env bash
# Builds headrace on a machine with an NVIDIA card and proves there what only a card can show, in one command:
#   tests/gpu/run.sh            builds into build/gpu, runs all unit tests and tests/gpu, writes docs/measured/<card>.md
# Needs gcc, cmake and ninja; every optional library may be missing.  torch with CUDA is used where it is installed, and nvcc for a guarded
# build, its verification and its launch.
# Without a card it says so and exits with 77.
set -euo pipefail
cd "$(dirname "$0")/../.."
card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1) || true
if [ -z "$card" ]; then
  echo "tests/gpu/run.sh: no NVIDIA card answers (nvidia-smi); nothing was proved"
  exit 77
fi
cmake -S . -B build/gpu -G Ninja -DCMAKE_BUILD_TYPE=Release -DHEADRACE_PYTHON=ON
cmake --build build/gpu
build/gpu/src/cli/headrace --version
ctest --test-dir build/gpu --output-on-failure -j "$(nproc)" -LE slow
file=docs/measured/$(echo "$card" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-').md
mkdir -p docs/measured
# every figure of NVML against nvidia-smi; a difference is an error
python3 tests/gpu/nvml.py --reading build/gpu/tests/gpu_reading --headrace build/gpu/src/cli/headrace --report "${file%.md}-nvml.md"
echo "written: ${file%.md}-nvml.md"
# a guarded build of CUDA code for this card, loaded and launched
guarded=0
tests/gpu/guarded.sh build/gpu/src/cli/headrace "$PWD/${file%.md}-guard.md" || guarded=$?
[ "$guarded" = 0 ] && echo "written: ${file%.md}-guard.md"
[ "$guarded" = 0 ] || [ "$guarded" = 77 ]
PYTHONPATH=build/gpu/python python3 tests/gpu/pinned.py --headrace build/gpu/src/cli/headrace --report "$file"
echo "written: $file"

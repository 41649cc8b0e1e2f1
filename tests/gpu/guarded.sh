#!/usr/bin/env bash
# A guarded build of CUDA code, its verification, and its launch:
#   tests/gpu/guarded.sh HEADRACE [REPORT.md]
# Needs nvcc (on the PATH, or where headrace build finds it), cmake and ninja; without nvcc it says so and exits with 77.  With a card the
# library must run there; without one it is built for CARD (12.0) and the launch is left out.  HEADRACE_CUDA and HEADRACE_NVML may name
# stand-ins for the driver, which then are the card.
set -euo pipefail
headrace=$(realpath "$1")
report=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state XDG_CACHE_HOME=$work/cache
cp "$here/mark.cu" "$here/CMakeLists.txt" "$work/"
cd "$work"
plan=$("$headrace" build --print-env)
if ! command -v nvcc >/dev/null && ! grep -q '^export CUDACXX=' <<<"$plan" && [ -z "${CUDACXX:-}" ]; then
  echo "tests/gpu/guarded.sh: no nvcc is here; nothing was proved"
  exit 77
fi
card=yes
arch=()
if grep -q 'no NVIDIA card is seen' <<<"$plan"; then
  card=no
  arch=(--arch "${CARD:-12.0}")
fi
"$headrace" build --json --require-cuda "${arch[@]}" -- sh -c 'cmake -S . -B out -G Ninja && cmake --build out' >report.json
check='
import json, sys
card = sys.argv[1] == "yes"
d = json.load(open("report.json"))
v = d["verify"]
assert d["status"] == 0 and d["leaves"] >= 3, d
assert v["state"] == "cuda" and v["met"] and v["cards"] == card, v
f = [f for f in v["files"] if f["path"].endswith("/libmark.so")]
assert len(f) == 1 and f[0]["state"] == "whole" and f[0]["on"], v
assert all(t["runs"] == "native" for t in f[0]["on"]), f
assert v["launch"]["state"] == ("ran" if card else "no card"), v
assert not card or v["launch"]["loaded"] == 1, v
print("GPU code for", f[0]["gpu_code"] + ";", v["say"] + ";", v["launch"]["say"] if card else "no launch: no card is here")
'
said=$(python3 -c "$check" "$card")
echo "guarded build: $said"
# The library itself, through the CUDA runtime: only a real card can do that.
launched="not tried"
if [ "$card" = yes ] && [ -z "${HEADRACE_CUDA:-}" ]; then
  python3 -c 'import ctypes; r = ctypes.CDLL("out/libmark.so").mark_add(); assert r == 0, f"mark_add gives {r}"'
  launched="its own kernel ran and its sums are right"
fi
echo "own kernel: $launched"
# Code for another card must be told before it fails: PTX is left out, and the major differs.
other=$(python3 -c '
import json
cc = json.load(open("report.json"))["verify"]["targets"]
print("90" if all(c.split(".")[0] != "9" for c in cc) else "80")')
rm -rf out
status=0
"$headrace" build --json --require-cuda "${arch[@]}" -- \
  sh -c "cmake -S . -B out -G Ninja -DCMAKE_CUDA_ARCHITECTURES=$other-real && cmake --build out" >other.json || status=$?
python3 -c '
import json, sys
v = json.load(open("other.json"))["verify"]
assert sys.argv[1] == "123" and not v["met"] and "no kernel image" in v["say"], (sys.argv[1], v)
assert sys.argv[2] == "no" or v["launch"]["error"] == 209, v["launch"]
print("built for sm_%s on purpose: status 123, %s" % (sys.argv[3], v["say"]))' "$status" "$card" "$other"
if [ -n "$report" ]; then
  {
    echo "# A guarded build on this card"
    echo
    echo "- build: $said"
    echo "- $launched"
    echo "- built for sm_$other on purpose: status $status before anything was run"
  } >"$report"
fi

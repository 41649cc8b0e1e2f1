"""headrace doctor with a stand-in for the NVIDIA driver: every way in which NVML and CUDA answer, fail and hang, as the user
sees it."""

import time

import pytest
from places import BIN

FAKE = BIN.parents[2] / "tests/fake"
pytestmark = pytest.mark.skipif(not (FAKE / "fake_nvml.so").exists(), reason="the stand-in libraries are not built")


def doctor(headrace, *args, nvml="fake_nvml.so", **env):
    env = {"HEADRACE_NVML": str(FAKE / nvml), "HEADRACE_CUDA": str(FAKE / "fake_cuda.so"), "CUDA_VISIBLE_DEVICES": "0", **env}
    checks = headrace("doctor", "--json", *(args or ("--only", "gpu")), env=env, status=None).json()["checks"]
    return {c["id"]: c for c in checks}


def values(c):
    return c["verdict"], c["say"]


def test_one_card(headrace):
    d = doctor(headrace)
    assert values(d["gpu-found"]) == ("ok", "1 GPU: NVIDIA GeForce RTX 5070 Ti, driver 576.88, CUDA 12.9")
    assert d["gpu-vram"]["say"] == "1.75 GiB of 15.9 GiB are in use on NVIDIA GeForce RTX 5070 Ti"


@pytest.mark.parametrize("library", ["fake_nvml.so", "fake_nvml_535.so", "fake_nvml_old.so"])
def test_each_age_of_driver_tells_the_same(headrace, library):
    a, b = doctor(headrace), doctor(headrace, nvml=library)
    for key in ("gpu-found", "gpu-vram", "gpu-throttle", "gpu-pcie", "gpu-process-vram"):
        assert values(a[key]) == values(b[key])


def test_eight_cards(headrace):
    d = doctor(headrace, FAKE_NVML_GPUS="8", FAKE_NVML_NAME="NVIDIA H100 80GB HBM3", FAKE_NVML_CC="9.0")
    assert d["gpu-found"]["say"].startswith("8 GPUs: NVIDIA H100 80GB HBM3 and more")
    assert len(d["gpu-found"]["seen"]) == 8
    assert d["gpu-mixed"]["verdict"] == "ok"


def test_wddm_hides_the_memory_of_processes(headrace):
    c = doctor(headrace, FAKE_NVML="wsl")["gpu-process-vram"]
    assert c["verdict"] == "note" and "cannot be had" in c["say"]


def test_all_ones_are_never_a_figure(headrace):
    for c in doctor(headrace, FAKE_NVML="ones").values():
        for text in (c["say"], *c["seen"]):
            assert "18446744073709551615" not in text and "4294967295" not in text and "EiB" not in text
    assert doctor(headrace, FAKE_NVML="ones")["gpu-vram"]["verdict"] == "unknown"


@pytest.mark.parametrize("mode, say, fix", [
    ("init:18", "different driver versions", "restart"),
    ("init:9", "driver is not loaded", "modprobe"),
    ("init:17", "blocked by the operating system", "Windows"),
    ("crash", "ended its process with signal 9", "dmesg"),
])
def test_a_driver_that_fails(headrace, mode, say, fix):
    c = doctor(headrace, FAKE_NVML=mode)["gpu-found"]
    assert c["verdict"] == "fail" and say in c["say"]
    assert any(fix in line for line in c["fix"])


def test_a_driver_that_hangs_costs_its_deadline(headrace):
    begun = time.monotonic()
    c = doctor(headrace, FAKE_NVML="hang")["gpu-found"]
    assert c["verdict"] == "fail" and "did not answer within 2.0 s" in c["say"]
    assert time.monotonic() - begun < 60


def test_a_library_that_is_no_nvml(headrace):
    c = doctor(headrace, nvml="fake_nvml_empty.so")["gpu-found"]
    assert c["verdict"] == "fail" and "it is no NVML, or a stub" in c["say"]


@pytest.mark.parametrize("mode, verdict, say", [
    ("", "ok", "starts and sees 1 GPU"),
    ("init:34", "fail", "link stub"),
    ("init:100", "fail", "no CUDA device"),
    ("init:803", "fail", "different versions"),
])
def test_the_start_of_cuda(headrace, mode, verdict, say):
    c = doctor(headrace, "--only", "gpu-cuda-start", FAKE_CUDA=mode)["gpu-cuda-start"]
    assert c["verdict"] == verdict and say in c["say"]


def test_rtx_50_is_not_89(headrace):
    c = doctor(headrace, "--only", "cuda-sm120", TORCH_CUDA_ARCH_LIST="8.9")["cuda-sm120"]
    assert c["verdict"] == "fail" and "sm_120" in c["say"]
    assert c["undo"] == ["export TORCH_CUDA_ARCH_LIST='8.9'"]
    c = doctor(headrace, "--only", "cuda-sm120", TORCH_CUDA_ARCH_LIST="8.9;12.0")["cuda-sm120"]
    assert c["verdict"] == "ok"


def test_the_screen_of_a_card_in_trouble(headrace):
    env = {"HEADRACE_NVML": str(FAKE / "fake_nvml.so"), "FAKE_NVML_THROTTLE": "64", "FAKE_NVML_WIDTH": "4", "FAKE_NVML_USED": "16000"}
    out = headrace("doctor", "--only", "gpu", env=env, status=1).out
    assert out.index("cost speed or memory") < out.index("gpu-throttle") < out.index("gpu-pcie")
    assert "4 of its 16 PCIe lanes" in out and "heat (hardware)" in out

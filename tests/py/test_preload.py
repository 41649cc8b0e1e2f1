"""headrace build where the kernel grants no gate: leaves are held by a preloaded library, and the build does not notice."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from test_cli_build import (alive, below, env, needs_gxx, project, ready, script, start, until,  # noqa: F401
                            with_cargo, with_cmake, with_ninja, with_setuptools)

SO = "headrace/preload-"


@pytest.fixture
def shim(headrace, env):  # noqa: F811
    """Skips the test where a preloaded library has no effect (a C library of another kind, a cache that forbids execution)."""
    d = headrace("build", "--json", "--no-gate", "--", "true", env=env).json()
    if d["gate_how"] != "preload":
        pytest.skip(f"no preloaded library here: {d['preload_why']}")
    assert d["gate"] and d["gate_why"] and d["programs"] is None


def make_plain(project):  # noqa: F811
    subprocess.run(["make", "-j2"], cwd=project, check=True, capture_output=True)
    plain = {o.name: o.read_bytes() for o in project.glob("*.o")}
    for o in project.glob("*.o"):
        o.unlink()
    return plain


@needs_gxx
def test_leaves_are_held(headrace, env, shim, project):  # noqa: F811
    plain = make_plain(project)
    d = headrace("build", "--json", "--no-gate", "--jobs", "1", "--", "make", "-j4", cwd=project, env=env, timeout=300).json()
    assert d["status"] == 0 and d["leaves"] == 4 and d["at_once"] == 1
    assert d["watcher"]["allocations"] == 0
    assert {o.name: o.read_bytes() for o in project.glob("*.o")} == plain
    # The history's names are those of the kernel's gate: what one has learnt the other knows.
    for o in project.glob("*.o"):
        o.unlink()
    d = headrace("build", "--json", "--", "make", "-j4", cwd=project, env=env, timeout=300).json()
    assert d["leaves"] == 4 and d["known"] == 4


def with_make(p):
    (p / "Makefile").write_text("p: a.o b.o c.o main.o\n\tgcc -o $@ $^\nsub:\n\t$(MAKE) p\n%.o: %.c\n\tgcc -O1 -c $< -o $@\n")
    (p / "main.c").write_text("int main(void) { return 0; }\n")
    return ["make", "-j4", "sub"], "p"


def with_pip(p):
    with_setuptools(p)
    return [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target", "out", "."], "out/p*.so"


@pytest.mark.parametrize("name, write", [("make", with_make), ("ninja", with_ninja), ("cmake", with_cmake), ("cargo", with_cargo), ("pip", with_pip)])
def test_build_tools_do_not_notice(headrace, env, shim, tmp_path, name, write):  # noqa: F811
    """The same artefacts, output and status as alone; and no file of the build names the library."""
    if name == "pip":
        if subprocess.run([sys.executable, "-c", "import setuptools, pip"], capture_output=True).returncode != 0 or not shutil.which("gcc"):
            pytest.skip("no pip and setuptools here")
    elif not ready(name):
        pytest.skip(f"no {name} here")
    made, told = {}, {}
    place = tmp_path / "p"
    for how in ("plain", "guarded", "broken"):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for n in "abc":
            (place / f"{n}.c").write_text(f"int {n}(void);\nint {n}(void) {{ return {ord(n)}; }}\n")
        command, product = write(place)
        if how == "broken":
            (place / "b.c").write_text("int b(void) { return }\n")
            if name == "cargo":
                (place / "src/main.rs").write_text("fn main() { let }\n")
        plain = subprocess.run(command, cwd=place, capture_output=True, text=True) if how != "guarded" else None
        if how != "plain":
            status = 0 if plain is None else plain.returncode
            assert how == "guarded" or status != 0
            told[how] = headrace("build", "--quiet", "--no-gate", "--jobs", "4", "--", *command, cwd=place, env=env, status=status, timeout=300)
        made[how] = {f.name: f.read_bytes() for f in place.glob(product)}
        if how == "plain":
            told[how] = plain
    assert made["plain"] and made["plain"] == made["guarded"]
    if name == "make":
        assert told["guarded"].out == told["plain"].stdout
    inside = [f for f in place.rglob("*") if f.is_file() and SO.encode() in f.read_bytes()]
    assert inside == []


@pytest.mark.skipif(not shutil.which("cmake") or not shutil.which("gcc"), reason="no cmake or gcc here")
def test_a_tree_that_was_configured_inside_builds_outside(headrace, env, shim, tmp_path):  # noqa: F811
    """What a shim on the PATH would break: CMakeCache keeps the paths of the compiler, the linker and the build tool."""
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.16)\nproject(p C)\nadd_executable(p a.c)\n")
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    headrace("build", "--no-gate", "--", "cmake", "-S", ".", "-B", "out", env=env, timeout=300)
    cache = (tmp_path / "out/CMakeCache.txt").read_text()
    for line in cache.splitlines():
        if line.startswith(("CMAKE_C_COMPILER:", "CMAKE_LINKER:", "CMAKE_MAKE_PROGRAM:")):
            assert pathlib.Path(line.split("=", 1)[1]).exists() and "headrace" not in line
    shutil.rmtree(tmp_path / "cache")
    subprocess.run(["cmake", "--build", "out"], cwd=tmp_path, check=True, capture_output=True)


def leaf(folder, text, name="cc1plus"):
    return script(folder, name, text)


def test_a_leaf_is_as_it_would_be_alone(headrace, env, shim, tmp_path):  # noqa: F811
    """Arguments, input, descriptors, status and the signal it dies of."""
    leaf(tmp_path, 'echo "$0 $# $2"\ncat\nls /proc/self/fd | tr "\\n" " "\nexit 9\n')
    command = ["./cc1plus", "-quiet", "two words.cpp"]
    alone = subprocess.run(command, cwd=tmp_path, input=b"through\n", capture_output=True)
    ran = headrace("build", "--quiet", "--no-gate", "--", *command, env=env, stdin=b"through\n", status=9)
    assert ran.out == alone.stdout.decode() and "two words.cpp" in ran.out
    d = headrace("build", "--json", "--no-gate", "--", *command, env=env, stdin=b"", status=9).json()
    assert d["leaves"] >= 1 and d["largest"][0]["source"] == "two_words.cpp"
    leaf(tmp_path, "kill -SEGV $$\n")
    headrace("build", "--no-gate", "--", *command, env=env, status=128 + signal.SIGSEGV)
    if shutil.which("g++"):
        alone = subprocess.run(["g++", "--version"], capture_output=True, text=True).stdout
        assert headrace("build", "--no-gate", "--", "g++", "--version", env=env).out == alone
        alone = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True).stdout
        assert headrace("build", "--no-gate", "--", "g++", "-print-prog-name=cc1plus", env=env).out == alone


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # it has just ended
        return ""


def test_the_guard_is_killed(headrace, env, shim, tmp_path):  # noqa: F811
    leaf(tmp_path, "sleep 100\n")
    p = start(headrace, env, "--no-gate", "--jobs", "1", "--", "sh", "-c", "./cc1plus a.cpp & ./cc1plus b.cpp & wait",
              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: any(name_of(q) == "sleep" for q in below(p.pid)))
    tree = below(p.pid)
    p.kill()
    p.wait()
    until(lambda: alive(tree) == [])


def test_what_lives_on_is_not_held_for_ever(headrace, env, shim, tmp_path):  # noqa: F811
    """Without the kernel's gate a background process may outlive the guard; its leaves find nobody and start."""
    leaf(tmp_path, "echo ran > done\n")
    later = "until test -e go; do sleep 0.05; done; ./cc1plus a.cpp"
    headrace("build", "--no-gate", "--", "sh", "-c", f"({later}) >/dev/null 2>&1 &", env=env)
    (tmp_path / "go").touch()
    until((tmp_path / "done").exists)


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc here")
def test_programs_of_other_kinds(headrace, env, shim, tmp_path):  # noqa: F811
    """An instrumented program runs, one that is linked statically runs and is found by looking, the user's own library stays first."""
    main = tmp_path / "main.c"
    main.write_text("#include <stdio.h>\nint main(void) { puts(\"ran\"); return 0; }\n")
    run = lambda *a: subprocess.run(["gcc", *a], cwd=tmp_path, capture_output=True).returncode == 0  # noqa: E731
    if run("-fsanitize=address", "main.c", "-o", "asan"):
        # Where the kernel moves programs about more than an older compiler expects, now and then one does not even start alone.
        tries = "for i in 1 2 3 4 5 6 7 8; do ./asan && break; done"
        assert headrace("build", "--quiet", "--no-gate", "--", "sh", "-c", tries, env=env).out == "ran\n"
    if run("-static", "main.c", "-o", "static"):
        assert headrace("build", "--quiet", "--no-gate", "--", "./static", env=env).out == "ran\n"
    main.write_text("#include <unistd.h>\nint main(void) { return usleep(4000000); }\n")
    if run("-static", "main.c", "-o", "cc1plus"):
        d = headrace("build", "--json", "--no-gate", "--", "./cc1plus", "a.cpp", env=env).json()
        assert d["leaves"] == 1 and d["held"] == 0
        main.write_text("#include <unistd.h>\nint main(void) { return usleep(400000); }\n")
        if shutil.which("musl-gcc") and subprocess.run(["musl-gcc", "main.c", "-o", "cc1plus"], cwd=tmp_path).returncode == 0:
            d = headrace("build", "--json", "--no-gate", "--jobs", "1", "--", "sh", "-c", "./cc1plus a.cpp & ./cc1plus b.cpp & wait", env=env).json()
            assert d["leaves"] == 2 and d["wall_ns"] >= 800000000  # another C library, and it waits all the same: 0.4 s after 0.4 s
    (tmp_path / "own.c").write_text("#include <unistd.h>\n__attribute__((constructor)) static void hi(void) { if (write(1, \"own \", 4)) {} }\n")
    if run("-shared", "-fPIC", "own.c", "-o", "own.so"):
        out = headrace("build", "--quiet", "--no-gate", "--", "echo", "done", env={**env, "LD_PRELOAD": str(tmp_path / "own.so")}).out
        assert out.endswith("own done\n")


def test_where_it_cannot_be_put(headrace, env, tmp_path):  # noqa: F811
    odd = tmp_path / "a cache"
    d = headrace("build", "--json", "--no-gate", "--", "sh", "-c", "echo $LD_PRELOAD", env={**env, "XDG_CACHE_HOME": str(odd)}).json()
    assert not d["gate"] and d["status"] == 0 and "LD_PRELOAD" in d["preload_why"]
    d = headrace("build", "--json", "--no-gate", "--no-preload", "--", "true", env=env).json()
    assert not d["gate"] and d["gate_how"] is None


@pytest.mark.parametrize("outer, inner", [("--gate", "--gate"), ("--no-gate", "--gate"), ("--no-preload", "--no-gate")])
@needs_gxx
def test_a_guard_inside_leaves_the_jobs_to_the_outer(headrace, env, project, outer, inner):  # noqa: F811
    ran = headrace("build", "--jobs", "1", outer, "--", str(headrace.bin), "build", "--json", "--jobs", "3", inner, "--", "make", "-j3",
                   cwd=project, env=env, timeout=300)
    d = json.loads(ran.out[ran.out.index("{"):])
    assert d["status"] == 0 and not d["gate"] and d["gate_how"] == "outer" and "around" in d["gate_why"]
    assert d["paused"] == d["ended"] == d["held"] == 0
    assert sorted(o.name for o in project.glob("*.o")) == [f"u{i}.o" for i in range(4)]
    # A stale mark (its guard has gone) makes nobody blind.
    gone = subprocess.Popen(["true"])
    gone.wait()
    d = headrace("build", "--json", "--", "true", env={**env, "HEADRACE_GUARD": str(gone.pid)}).json()
    assert d["gate_how"] != "outer"

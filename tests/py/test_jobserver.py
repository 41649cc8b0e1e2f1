"""The pool of job tokens as make, ninja and cargo really use it, and what becomes of tokens that are stolen or die."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from test_cli_build import env, with_cargo  # noqa: F401

NOTHING_HOLDS = ("--no-gate", "--no-preload")


def version(program):
    try:
        out = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    m = re.search(r"(\d+)\.(\d+)", out)
    return (int(m[1]), int(m[2])) if m else None


def new_ninja():
    """A ninja that takes tokens: 1.13 or later, of the system or of PyPI."""
    for n in (shutil.which("ninja"), pathlib.Path(sys.executable).parent / "ninja", os.environ.get("HEADRACE_TEST_NINJA")):
        if n and (version(n) or (0, 0)) >= (1, 13):
            return str(n)
    return None


needs_make = pytest.mark.skipif(not shutil.which("make"), reason="no make here")
needs_ninja = pytest.mark.skipif(not new_ninja(), reason="no ninja 1.13 or later here (pip install ninja)")


@pytest.fixture
def no_make(tmp_path, env):  # noqa: F811
    """A PATH on which no make is, so that the fifo harms nobody."""
    folder = tmp_path / "path"
    folder.mkdir()
    for t in ("sh", "sleep", "rm", "echo", "cat", "dd", "head", "touch", "kill", "gcc", "cc", "ld", "as", "cargo", "rustc", "printf", "date"):
        if shutil.which(t):
            (folder / t).symlink_to(shutil.which(t))
    return {**env, "PATH": str(folder)}


def tasks(n, together=1):
    """n tasks that tell how many ran at once: each leaves a file while it runs.  Until so many have been seen together each waits some seconds
    for the others: how fast this machine starts programs shall not decide."""
    wait = f"n=0; while set -- run.*; test $# -lt {together} && test ! -e full && test $n -lt 100; do n=$((n+1)); sleep 0.05; done"
    tell = f"if test $# -ge {together}; then touch full; fi; echo $# >> seen; sleep 0.4; set -- run.*; echo $# >> seen"
    return [f"touch run.{i}; {wait}; {tell}; rm run.{i}" for i in range(n)]


def makefile(folder, lines):
    names = " ".join(f"t{i}" for i in range(len(lines)))
    text = f".PHONY: all {names} sub\nall: {names}\nsub:\n\t@$(MAKE) --no-print-directory all\n"
    for i, line in enumerate(lines):
        text += f"t{i}:\n\t@{line.replace('$', '$$')}\n"
    (folder / "Makefile").write_text(text)


def ninjafile(folder, lines, name="build.ninja"):
    text = "rule run\n  command = $line\n"
    for i, line in enumerate(lines):
        text += f"build {name}-t{i}: run\n  line = {line.replace('$', '$$')}\n"
    (folder / name).write_text(text)


def at_once(folder):
    return max(int(n) for n in (folder / "seen").read_text().split())


@needs_make
@pytest.mark.parametrize("target", ["all", "sub"])
def test_make_takes_its_jobs_from_the_pool(headrace, env, tmp_path, target):  # noqa: F811
    makefile(tmp_path, tasks(6, 3))
    ran = headrace("build", "--json", *NOTHING_HOLDS, "--jobs", "3", "--", "make", target, env=env)
    d = ran.json()
    assert d["jobserver"]["tokens"] == 2 and d["jobserver"]["address"] is not None
    assert d["jobserver"]["lost"] == d["jobserver"]["foreign"] == 0
    assert at_once(tmp_path) == 3 and "make" not in ran.err.replace("headrace:", "")
    assert not list(tmp_path.glob("state/headrace/build/*/jobserver"))


@needs_make
def test_the_user_and_the_gate_come_first(headrace, env, tmp_path):  # noqa: F811
    makefile(tmp_path, tasks(2))
    seen = "echo $MAKEFLAGS"
    for e, command in (({"MAKEFLAGS": "-j2"}, ["sh", "-c", seen]), ({}, ["make", "-j2"])):
        d = headrace("build", "--json", *NOTHING_HOLDS, "--", *command, env={**env, **e}).json()
        assert d["jobserver"]["address"] is None and d["jobserver"]["why"]
    assert headrace("build", "--quiet", *NOTHING_HOLDS, "--jobserver", "off", "--", "make", "-s", "t0", env=env).out == ""
    d = headrace("build", "--json", "--", "make", "-j2", env=env).json()
    if d["gate"]:
        assert d["jobserver"]["address"] is None and "held" in d["jobserver"]["why"]


@needs_ninja
def test_ninja_takes_its_jobs_from_the_pool(headrace, no_make, tmp_path):
    ninjafile(tmp_path, tasks(6, 3))
    d = headrace("build", "--json", *NOTHING_HOLDS, "--jobs", "3", "--", new_ninja(), env={**no_make, "PATH": no_make["PATH"] + ":/usr/bin"}
                 if not shutil.which("make") else no_make).json()
    assert d["jobserver"]["address"] == "fifo" and d["jobserver"]["tokens"] == 2 and at_once(tmp_path) == 3


@needs_ninja
def test_a_killed_ninja_takes_its_tokens_with_it(headrace, no_make, tmp_path):
    """SIGKILL while it holds them all: after two seconds they are there again, and the next one is as fast."""
    ninjafile(tmp_path, [f"touch up.{i}; sleep 1" for i in range(12)], "first.ninja")
    ninjafile(tmp_path, tasks(6, 3), "second.ninja")
    all_held = "until set -- up.*; test $# -ge 3; do sleep 0.02; done"
    command = f"{new_ninja()} -f first.ninja & n=$!; {all_held}; kill -9 $n; sleep 4; {new_ninja()} -f second.ninja"
    d = headrace("build", "--json", *NOTHING_HOLDS, "--jobs", "3", "--", "sh", "-c", command, env=no_make).json()
    assert d["status"] == 0 and d["jobserver"]["lost"] == 2 and d["jobserver"]["foreign"] == 0
    assert at_once(tmp_path) == 3


@needs_make
def test_token_theft(headrace, env, tmp_path):  # noqa: F811
    """Somebody reads every token and dies; somebody writes what was never read.  The build finishes, with the jobs it was given."""
    fifo = "$(echo state/headrace/build/*/jobserver)"
    lines = tasks(8) + [f"dd if={fifo} of=/dev/null bs=64 count=1 iflag=nonblock 2>&1; sleep 3.5", f"sleep 0.1; printf ++++++++++++ > {fifo}"]
    makefile(tmp_path, lines)
    order = "t8 t0 t1 t2 t3 t9 t4 t5 t6 t7"
    text = (tmp_path / "Makefile").read_text().splitlines()
    text[1] = f"all: {order}"
    (tmp_path / "Makefile").write_text("\n".join(text) + "\n")
    d = headrace("build", "--json", *NOTHING_HOLDS, "--jobs", "3", "--", "make", env=env, timeout=120).json()
    assert d["status"] == 0 and d["jobserver"]["foreign"] >= 8 and d["jobserver"]["tokens"] <= 16
    assert len((tmp_path / "seen").read_text().split()) == 2 * 8


@pytest.mark.skipif(not shutil.which("cargo") or not shutil.which("gcc"), reason="no cargo here")
def test_cargo_under_the_pool(headrace, no_make, tmp_path):
    made = {}
    for how in ("plain", "pool"):
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        (tmp_path / "p").mkdir()
        command, product = with_cargo(tmp_path / "p")
        if how == "plain":
            subprocess.run(command, cwd=tmp_path / "p", check=True, capture_output=True)
        else:
            ran = headrace("build", "--json", *NOTHING_HOLDS, "--jobs", "2", "--", *command, cwd=tmp_path / "p", env=no_make, timeout=200)
            assert ran.json()["jobserver"]["address"] == "fifo" and "warning" not in ran.err
        made[how] = (tmp_path / "p" / product).read_bytes()
    assert made["plain"] == made["pool"]

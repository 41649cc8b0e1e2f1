"""headrace build as a user runs it: real compilers under a budget that is too small, and every way a build can end."""

import fcntl
import json
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest
from places import ROOT
from runs import piece_of, until  # noqa: F401

MIB = 1 << 20
UNIT = """#include <map>
#include <string>
int f{i}(const std::string &s) {{
    std::map<std::string, int> m;
    m[s] = {i};
    return (int)m.size();
}}
"""

needs_gxx = pytest.mark.skipif(shutil.which("g++") is None or shutil.which("make") is None, reason="no g++ or make here")


@pytest.fixture
def env(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def gate(headrace, env):
    """Skips the test where the kernel or a sandbox refuses the gate."""
    d = headrace("build", "--json", "--", "true", env=env).json()
    if not d["gate"]:
        pytest.skip(f"no gate here: {d['gate_why']}")


@pytest.fixture
def project(tmp_path):
    p = tmp_path / "project"
    p.mkdir()
    for i in range(4):
        (p / f"u{i}.cpp").write_text(UNIT.format(i=i))
    objects = " ".join(f"u{i}.o" for i in range(4))
    (p / "Makefile").write_text(f"all: {objects}\n%.o: %.cpp\n\tg++ -O0 -c $< -o $@\n")
    return p


def below(pid):
    """Every process whose ancestor is pid: (pid, state)."""
    parent, state = {}, {}
    for d in pathlib.Path("/proc").iterdir():
        if d.name.isdigit():
            try:
                f = (d / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parent[int(d.name)], state[int(d.name)] = int(f[1]), f[0]
    found, more = {pid}, True
    while more:
        more = {p for p, up in parent.items() if up in found} - found
        found |= more
    return {p: state[p] for p in found - {pid}}


def alive(pids):
    out = []
    for p in pids:
        try:
            if pathlib.Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                out.append(p)
        except OSError:
            pass
    return out


def start(headrace, env, *args, **kw):
    """As a terminal starts a program: its own group, no signal ignored."""
    def default():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return headrace.popen("build", *args, env={**os.environ, **env}, start_new_session=True, preexec_fn=default, **kw)


def test_status_and_output_pass(headrace, env):
    ran = headrace("build", "--quiet", "--", "sh", "-c", "echo out; echo err >&2; exit 7", env=env, status=7)
    assert ran.out == "out\n"
    assert ran.err.startswith("err\n") and "status 7" in ran.err
    ran = headrace("build", "--", "cat", stdin=b"through\0\xff", env=env)
    assert ran.out == "through\0�"
    headrace("build", "--", "sh", "-c", "kill -SEGV $$", env=env, status=128 + signal.SIGSEGV)
    ran = headrace("build", "--", "no-such-command-anywhere", env=env, status=127)
    assert "there is no command" in ran.err


def test_usage(headrace, env):
    assert "a command is missing" in headrace("build", env=env, status=2).err
    headrace("build", "--memory", "1M", "--", "true", env=env, status=2)


def test_logs_are_kept_and_bounded(headrace, env, tmp_path):
    logs = tmp_path / "state/headrace/build"
    for i in range(40):
        (logs / f"20200101-0000{i:02d}-000000").mkdir(parents=True)
    d = headrace("build", "--json", "--", "sh", "-c", "echo kept; echo too >&2", env=env)
    report = d.json()
    log = pathlib.Path(report["log"])
    assert sorted((log / "output.log").read_text().split()) == ["kept", "too"]
    assert "kept" in d.err and d.out.lstrip().startswith("{")
    lines = [json.loads(line) for line in (log / "timeline.jsonl").read_text().splitlines()]
    assert lines[-1]["event"] == "over"
    assert json.loads((log / "report.json").read_text())["status"] == 0
    assert len(list(logs.iterdir())) == 33


@needs_gxx
def test_too_little_memory_for_all_at_once(headrace, env, gate, project):
    budget = 70  # one takes about 42: two never fit
    d = headrace("build", "--json", "--memory", f"{budget}MiB", "--jobs", "4", "--", "make", "-j4", cwd=project, env=env, timeout=250).json()
    assert d["verdict"] == "done" and d["status"] == 0
    assert d["leaves"] == 4 and d["at_once"] == 1 and d["held"] >= 2
    assert d["paused"] == d["ended"] == 0
    assert 38 * MIB < d["tree_peak_bytes"] < budget * MIB
    assert d["watcher"]["allocations"] == 0
    assert all((project / f"u{i}.o").exists() for i in range(4))
    # The second time each is known, and with room for two, two run.
    for o in project.glob("*.o"):
        o.unlink()
    big = int(2.4 * max(p["peak_bytes"] for p in d["largest"])) // MIB + 40
    d = headrace("build", "--json", "--memory", f"{big}MiB", "--jobs", "4", "--", "make", "-j4", cwd=project, env=env, timeout=250).json()
    assert d["status"] == 0 and d["known"] == 4 and d["at_once"] >= 2
    assert d["tree_peak_bytes"] < big * MIB and d["paused"] == d["ended"] == 0


@needs_gxx
def test_what_is_built_is_the_same(headrace, env, project, tmp_path):
    subprocess.run(["make", "-j2"], cwd=project, check=True, capture_output=True)
    plain = {o.name: o.read_bytes() for o in project.glob("*.o")}
    subprocess.run(["rm", *map(str, project.glob("*.o"))], check=True)
    headrace("build", "--jobs", "1", "--", "make", "-j4", cwd=project, env=env, timeout=300)
    assert {o.name: o.read_bytes() for o in project.glob("*.o")} == plain


@needs_gxx
def test_without_the_gate_it_says_so(headrace, env, project):
    d = headrace("build", "--json", "--no-gate", "--no-preload", "--", "make", "-j2", cwd=project, env=env, timeout=250).json()
    assert d["status"] == 0 and not d["gate"] and d["held"] == 0
    # Leaves are found by looking: one that lasts until it was seen.
    seen = "for i in $(seq 600); do grep -qs '\"tool\":\"cc1plus\"' $XDG_STATE_HOME/headrace/build/*/timeline.jsonl && exit 0; sleep 0.1; done; exit 1\n"
    script(project, "cc1plus", seen)
    d = headrace("build", "--json", "--no-gate", "--no-preload", "--", "./cc1plus", "a.cpp", cwd=project,
                 env={**env, "XDG_STATE_HOME": str(project / "state")}).json()
    assert d["status"] == 0 and d["leaves"] >= 1 and d["held"] == 0
    d = headrace("build", "--json", "--", "sh", "-c", "true || sudo true", env=env).json()
    assert d["gate_how"] in ("preload", None) and "sudo" in d["gate_why"]


def test_a_guard_inside_a_guard(headrace, env, gate):
    ran = headrace("build", "--", str(headrace.bin), "build", "--json", "--", "true", env=env)
    d = json.loads(ran.out)
    assert not d["gate"] and "already" in d["gate_why"] and d["gate_how"] == "outer"


def script(folder, name, text):
    p = folder / name
    p.write_text("#!/bin/sh\n" + text)
    p.chmod(0o755)
    return p


def test_the_command_yields_and_is_shot_first(headrace, env):
    """nice 10, disks when nobody else wants them, the kernel's first victim, no core files; the watcher keeps its own."""
    look = "nice; cat /proc/self/oom_score_adj; ulimit -c; ionice 2>/dev/null || true"
    mine = int(subprocess.run(["nice"], capture_output=True, text=True).stdout)
    out = headrace("build", "--quiet", "--", "sh", "-c", look, env=env).out.split("\n")
    assert out[:3] == [str(max(mine, 10)), "700", "0"] and (not shutil.which("ionice") or out[3] == "idle")
    out = headrace("build", "--quiet", "--no-gentle", "--", "sh", "-c", look, env=env).out.split("\n")
    assert out[:3] == [str(mine), "700", "0"]
    # A second try is started by a watcher that went first itself.
    out = headrace("build", "--quiet", "--no-gentle", "--", "sh", "-c", "nice >> n; echo cc1plus: out of memory >&2; exit 1", env=env, status=1)
    assert (headrace.cwd / "n").read_text().split() == 2 * [str(mine)]


def test_ctrl_c_leaves_nothing(headrace, env, gate, tmp_path):
    """One leaf runs, one waits at the gate, one process of another group ignores the signal."""
    script(tmp_path, "cc1plus", "echo started >> started\nexec sleep 300\n")
    p = start(headrace, env, "--jobs", "1", "--", "sh", "-c",
              "./cc1plus a.cpp & ./cc1plus b.cpp & setsid sh -c \"trap '' INT; touch deaf; sleep 301\" & wait",
              stderr=subprocess.PIPE)
    until(lambda: (tmp_path / "started").exists() and (tmp_path / "deaf").exists() and len(below(p.pid)) >= 6)
    tree = below(p.pid)
    os.killpg(p.pid, signal.SIGINT)
    err = p.communicate(timeout=60)[1].decode()
    assert p.returncode == -signal.SIGINT and "interrupted" in err
    assert alive(tree) == []
    assert (tmp_path / "started").read_text().count("started") <= 2


def test_killed_guard_leaves_nothing(headrace, env, gate, tmp_path):
    script(tmp_path, "cc1plus", "echo started >> started\nexec sleep 300\n")
    p = start(headrace, env, "--jobs", "1", "--", "sh", "-c", "./cc1plus a.cpp & ./cc1plus b.cpp & sleep 302 & kill -STOP $!; wait",
              stderr=subprocess.DEVNULL)
    until(lambda: (tmp_path / "started").exists() and "T" in below(p.pid).values())
    tree = below(p.pid)
    p.kill()
    p.wait()
    until(lambda: alive(tree) == [])


def test_a_terminal_stays_one(headrace, env, tmp_path):
    """Input, colours and size pass, also a new size; nothing is changed on the way."""
    script(tmp_path, "ask", "test -t 0 && test -t 1 && test -t 2 && echo terminal\nstty size <&1\nread x\n"
           "for i in $(seq 600); do [ \"$(stty size <&2)\" = '33 111' ] && break; sleep 0.1; done\nstty size <&1\nprintf 'got %s\\n' $x\n")
    own, end = pty.openpty()

    def child():
        os.setsid()
        fcntl.ioctl(end, termios.TIOCSCTTY, 0)

    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
    p = subprocess.Popen([headrace.bin, "build", "--quiet", "--", "./ask"], stdin=end, stdout=end, stderr=end, cwd=tmp_path, env={**os.environ, **env},
                         preexec_fn=child)
    os.close(end)
    out = b""
    while b"20 70\r\n" not in out and (piece := piece_of(own)):
        out += piece
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    os.write(own, b"this\n")
    while piece := piece_of(own):
        out += piece
    os.close(own)
    assert p.wait(timeout=60) == 0
    assert out.startswith(b"terminal\r\n20 70\r\n") and out.endswith(b"33 111\r\ngot this\r\n"), out


# Grows by 100 MiB a second.  Where its place says so, it begins when the others are there, and ends when another is in a state (T:
# stopped, X: gone, Z: over); how fast each of them gets on is the scheduler's.
HOG = """#!{python}
import json, os, pathlib, sys, time
me = sys.argv[1]
def state(name):
    try:
        pid = pathlib.Path(name + ".pid").read_text()
        return pathlib.Path("/proc", pid, "stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "X"
def until(what):
    end = time.monotonic() + 60
    while not what() and time.monotonic() < end:
        time.sleep(0.02)
pathlib.Path(me + ".new").write_text(str(os.getpid()))
os.rename(me + ".new", me + ".pid")
place = json.loads(pathlib.Path(me + ".place").read_text())
until(lambda: all(os.path.exists(name + ".pid") for name in place["others"]))
held = []
for _ in range(place["mib"] // 5):
    held.append(bytearray(b"x") * (5 << 20))
    time.sleep(0.05)
if place["until"]:
    until(lambda: state(place["until"][0]) in place["until"][1])
open("done", "a").write(me + " ")
"""


def hogs(folder, until={}, **mib):  # noqa: B006
    """Leaves a.cpp, b.cpp, ... that take what is asked.  With `until` all of them are there at once, and some end only when another has
    come to a state: {"a": "bT"}."""
    p = folder / "cc1plus"
    p.write_text(HOG.format(python=sys.executable))
    p.chmod(0o755)
    for name, n in mib.items():
        (folder / f"{name}.cpp.pid").unlink(missing_ok=True)
        last = [f"{until[name][0]}.cpp", until[name][1:]] if name in until else None
        (folder / f"{name}.cpp.place").write_text(json.dumps({"mib": n, "others": [f"{k}.cpp" for k in mib if until], "until": last}))
    (folder / "done").write_text("")
    return "".join(f"./cc1plus {n}.cpp & {n}=$!; sleep 0.3; " for n in mib) + "".join(f"wait ${n} || bad=1; " for n in mib) + "exit ${bad:-0}"


def test_the_newest_is_paused_and_goes_on(headrace, env, gate, tmp_path):
    """Both took little last time and are let go together; now they take more than there is, and would for ever."""
    for command in (lambda: hogs(tmp_path, a=10, b=10), lambda: hogs(tmp_path, {"a": "bT", "b": "aXZ"}, a=220, b=220)):
        d = headrace("build", "--json", "--jobs", "2", "--memory", "400MiB", "--", "sh", "-c", command(), env=env, timeout=200).json()
        assert d["status"] == 0 and d["ended"] == 0 and sorted((tmp_path / "done").read_text().split()) == ["a.cpp", "b.cpp"]
    assert d["known"] == 2 and d["at_once"] == 2 and d["paused"] >= 1 and d["paused_ns"] > 0
    assert (tmp_path / "done").read_text().split()[0] == "a.cpp"  # the oldest is never the one
    assert d["tree_peak_bytes"] < 500 * MIB
    # The third time it is known, and nothing has to be paused.  (In a little more room they would begin together, and one would be parked.)
    command = hogs(tmp_path, a=220, b=220)
    d = headrace("build", "--json", "--jobs", "2", "--memory", "345MiB", "--", "sh", "-c", command, env=env, timeout=200).json()
    assert d["status"] == 0 and d["held"] == 1 and d["paused"] == 0 and d["tree_peak_bytes"] < 345 * MIB


def test_the_newest_is_ended_before_the_oldest(headrace, env, gate, tmp_path):
    command = hogs(tmp_path, a=10, b=10)
    headrace("build", "--jobs", "2", "--memory", "200MiB", "--", "sh", "-c", command, env=env, timeout=200)
    command = hogs(tmp_path, {"a": "bXZ"}, a=420, b=420)  # more than a quarter over the budget with what the paused one holds
    d = headrace("build", "--json", "--no-ladder", "--jobs", "2", "--memory", "200MiB", "--", "sh", "-c", command, env=env, status=1, timeout=200).json()
    assert d["ended"] == 1 and (tmp_path / "done").read_text().split() == ["a.cpp"]
    assert "run it again" in d["say"]


def test_many_at_once_and_wrappers(headrace, env, gate, tmp_path):
    """Leaves that start others and wait for them, or turn into them, one at a time: nothing waits for itself."""
    script(tmp_path, "lto1", "echo lto >> done\n")
    script(tmp_path, "ld", "./lto1 $2.c\n./lto1 again.c && echo ld >> done\n")
    script(tmp_path, "cc1", "sleep 0.05\necho cc >> done\n")
    script(tmp_path, "cc1plus", "exec ./cc1 $1\n")
    d = headrace("build", "--json", "--jobs", "1", "--memory", "64MiB", "--", "sh", "-c",
                 "for i in $(seq 10); do ./ld -o out$i & ./cc1plus u$i.c & done; wait", env=env, timeout=120).json()
    assert d["status"] == 0 and d["verdict"] == "done"
    done = (tmp_path / "done").read_text().split()
    assert done.count("ld") == 10 and done.count("lto") == 20 and done.count("cc") == 10
    assert d["leaves"] == 50 and d["at_once"] == 1
    # A name looked for along PATH stands at the gate once for each folder; what is not there is not remembered.
    path = f"{tmp_path}/none:{tmp_path}/neither:{tmp_path}:{os.environ['PATH']}"
    headrace("build", "--", "sh", "-c", "exec env cc1 sought.c", env={**env, "PATH": path})
    past = (tmp_path / "cache/headrace/guard-history").read_text()
    assert [line.split("\t")[5] for line in past.splitlines() if "sought.c" in line] == ["1"]


def test_who_is_let_go_to_be_ended_has_not_run(headrace, env, gate, tmp_path):
    script(tmp_path, "cc1", "exec sleep 100\n")
    command = "for i in $(seq 6); do ./cc1 u$i.c & done; wait"
    d = headrace("build", "--json", "--jobs", "2", "--timeout", "5s", "--", "sh", "-c", command, env=env, status=124).json()
    assert d["verdict"] == "time limit" and d["at_once"] == 2 and d["leaves"] == 6


def test_time_limit(headrace, env):
    begin = time.monotonic()
    ran = headrace("build", "--timeout", "1s", "--", "sh", "-c", "trap '' TERM; sleep 100", env=env, status=124)
    assert "time limit" in ran.err and time.monotonic() - begin < 80


def test_left_behind_is_ended(headrace, env, gate, tmp_path):
    d = headrace("build", "--json", "--", "sh", "-c", "sleep 303 & echo $! > pid", env=env).json()
    assert d["left_behind"] == 1
    assert alive([int((tmp_path / "pid").read_text())]) == []


def test_damaged_history_is_set_aside(headrace, env, tmp_path):
    place = tmp_path / "cache/headrace"
    place.mkdir(parents=True)
    (place / "guard-history").write_text("headrace guard-history 1\nnonsense\n")
    ran = headrace("build", "--", "true", env=env)
    assert "set aside" in ran.err
    assert (place / "guard-history.bad").read_text().endswith("nonsense\n")
    assert (place / "guard-history").read_text() == "headrace guard-history 1\n"


def other(tmp_path, name):
    """Another machine, laid out as a folder."""
    expand = ROOT / "build/tests/expand_root"
    if not expand.exists():
        pytest.skip("build/tests/expand_root is not built")
    folder = tmp_path / name
    subprocess.run([expand, ROOT / f"tests/roots/{name}.root", folder], check=True)
    return folder


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_a_folder_without_a_project(headrace, env, tmp_path):
    """make says what it did not find; the report says where it looked and what to do."""
    ran = headrace("build", "--", "make", "-j4", env=env, status=2)
    row = next(line.split() for line in ran.err.splitlines() if line.startswith("  missing "))
    assert " ".join(row[1:]).startswith(f"make needs a Makefile, and {tmp_path} has none: go to the folder of the project first")
    d = headrace("build", "--json", "--", "make", env=env, status=2).json()
    assert d["missing"].startswith("make needs a Makefile")
    (tmp_path / "Makefile").write_text("all:\n\tfalse\n")
    assert headrace("build", "--json", "--", "make", env=env, status=2).json()["missing"] is None
    assert headrace("build", "--json", "--", "false", env=env, status=1).json()["missing"] is None


def test_print_env_here(headrace, env, tmp_path):
    ran = headrace("build", "--print-env", "--jobs", "3", env={**env, "NVCC_THREADS": "4", "NVCC_APPEND_FLAGS": "-lineinfo"})
    assert "export MAX_JOBS='3'" in ran.out
    assert "# export NVCC_THREADS='4'  # set by you, and kept" in ran.out
    assert "export NVCC_APPEND_FLAGS='-lineinfo -t 1'" in ran.out
    seen = headrace("build", "--jobs", "3", "--", "sh", "-c", "echo $MAX_JOBS $NVCC_APPEND_FLAGS", env=env).out
    assert seen == "3 -t 1\n"
    assert not (tmp_path / "started").exists()


def planned(headrace, env, root, status=0):
    d = headrace("--root", root, "build", "--print-env", "--json", env=env, status=status).json()
    return d, {s["name"]: s["value"] for s in d["environment"]}


def test_print_env_of_a_card(headrace, env, tmp_path):
    root = other(tmp_path, "wsl2-6.18-5070ti")
    d, sets = planned(headrace, env, root)
    assert sets["TORCH_CUDA_ARCH_LIST"] == "12.0" and sets["CUDAARCHS"] == sets["CMAKE_CUDA_ARCHITECTURES"] == "120"
    assert "CUDACXX" not in sets and int(sets["MAX_JOBS"]) > 2 and d["refused"] is None
    headrace("--root", root, "build", "--", "true", env=env, status=2)


def test_print_env_of_a_machine_that_tells_no_cpus(headrace, env, tmp_path):
    """No number is made up: the tools take what they find, and the reason stands where the number would."""
    root = tmp_path / "bare"
    (root / "etc").mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=debian\n")
    jobs = ("MAX_JOBS", "CMAKE_BUILD_PARALLEL_LEVEL", "CARGO_BUILD_JOBS")
    d, sets = planned(headrace, env, root)
    assert not set(jobs) & set(sets) and sets["NVCC_THREADS"] == "1"
    assert any("MAX_JOBS and its like are not set: the number of CPUs is not known (" in n for n in d["notes"])
    text = headrace("--root", root, "build", "--print-env", env=env).out
    assert "\n# MAX_JOBS and its like are not set" in text and "JOBS=" not in text
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/status").write_text("Cpus_allowed_list:\t0-63\n")  # a mask, with nothing that tells what is there
    assert not set(jobs) & set(planned(headrace, env, root)[1])
    (root / "proc/cpuinfo").write_text("processor\t: 0\n\nprocessor\t: 1\n\nprocessor\t: 2\n")
    d, sets = planned(headrace, env, root)
    assert {sets[j] for j in jobs} == {"3"} and not any("MAX_JOBS" in n for n in d["notes"])
    d = headrace("--root", root, "build", "--no-gate", "--no-preload", "--print-env", "--json", env=env).json()
    assert any("the memory is not known (" in n for n in d["notes"]) and "MAX_JOBS" not in {s["name"] for s in d["environment"]}
    d = headrace("--root", root, "build", "--jobs", "5", "--no-gate", "--no-preload", "--print-env", "--json", env=env).json()
    assert {s["name"]: s["value"] for s in d["environment"]}["MAX_JOBS"] == "5"


def test_a_toolkit_too_old_is_refused(headrace, env, tmp_path):
    root = other(tmp_path, "wsl2-6.18-5070ti")
    kit = root / "usr/local/cuda-12.8"
    told = (kit / "version.json").read_text()
    (kit / "version.json").write_text(told.replace("12.8", "12.4"))
    d, sets = planned(headrace, env, root, status=1)
    assert "12.0" in d["refused"] and "12.4" in d["refused"]
    assert any("cuda-toolkit-12-8" in m for m in d["mend"]) and "TORCH_CUDA_ARCH_LIST" not in sets
    assert "# refused" in headrace("--root", root, "build", "--print-env", env=env, status=1).out
    # Another one that can is taken instead.
    new = root / "usr/local/cuda-12.9"
    shutil.copytree(kit, new, symlinks=True)
    (new / "version.json").write_text(told.replace("12.8", "12.9"))
    d, sets = planned(headrace, env, root)
    assert sets["CUDACXX"] == "/usr/local/cuda-12.9/bin/nvcc" and sets["CUDA_HOME"] == "/usr/local/cuda-12.9"
    assert sets["TORCH_CUDA_ARCH_LIST"] == "12.0"


def with_ninja(p):
    (p / "build.ninja").write_text("rule cc\n  command = gcc -O1 -c $in -o $out\n" + "".join(f"build {n}.o: cc {n}.c\n" for n in "abc"))
    return ["ninja", "-j4"], "*.o"


def with_cmake(p):
    (p / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.16)\nproject(p C)\nadd_library(p STATIC a.c b.c c.c)\n")
    return ["sh", "-c", "cmake -B out . && cmake --build out -j4"], "out/libp.a"


def with_cargo(p):
    (p / "Cargo.toml").write_text('[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n')
    (p / "src").mkdir(exist_ok=True)
    (p / "src/main.rs").write_text("fn main() { println!(\"{}\", 6 * 7); }\n")
    return ["cargo", "build", "--offline"], "target/debug/p"


def with_setuptools(p):
    (p / "setup.py").write_text("from setuptools import Extension, setup\nsetup(name='p', ext_modules=[Extension('p', ['a.c', 'b.c', 'c.c'])])\n")
    return [shutil.which("python3") or "python3", "setup.py", "-q", "build_ext", "--inplace", "-j3"], "p*.so"


def ready(name):
    if name == "setuptools":
        return subprocess.run([shutil.which("python3") or "false", "-c", "import setuptools, sysconfig, os\n"
                               "assert os.path.exists(sysconfig.get_path('include') + '/Python.h')"], capture_output=True).returncode == 0
    return shutil.which(name) is not None and shutil.which("gcc") is not None


@pytest.mark.parametrize("name, write", [("ninja", with_ninja), ("cmake", with_cmake), ("cargo", with_cargo), ("setuptools", with_setuptools)])
def test_build_tools_are_unharmed(headrace, env, tmp_path, name, write):
    """The same artefact, byte for byte, and the same status when a unit does not compile."""
    if not ready(name):
        pytest.skip(f"no {name} here")
    made = {}
    project = tmp_path / "p"  # the same folder twice: debug information and cargo's hashes name it
    for how in ("plain", "guarded", "broken"):
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        for n in "abc":
            (project / f"{n}.c").write_text(f"int {n}(void);\nint {n}(void) {{ return {ord(n)}; }}\n")
        command, product = write(project)
        if how == "broken":
            (project / "b.c").write_text("int b(void) { return }\n")
            if name == "cargo":
                (project / "src/main.rs").write_text("fn main() { let }\n")
        plain = subprocess.run(command, cwd=project, capture_output=True).returncode if how != "guarded" else 0
        if how == "broken":
            assert plain != 0
        if how != "plain":
            headrace("build", "--memory", "1GiB", "--", *command, cwd=project, env=env, status=plain, timeout=300)
        made[how] = {f.name: f.read_bytes() for f in project.glob(product)}
    assert made["plain"] and made["plain"] == made["guarded"]

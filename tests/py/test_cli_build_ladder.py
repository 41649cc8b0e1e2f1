"""headrace build when memory is not enough: the rungs of its ladder, one after the other, and what it knows the next time.

The compilers are stand-ins named cc1plus, as the gate knows them; make keeps what is finished."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest
from runs import until

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")

# A compiler that finds no memory when more than `may` of them run at once, unless it is told that it needs no CUDA; those that `sure`
# names always find some.  None goes on before as many are there as can be: of one try, whose make is the parent of all.
COMPILER = """#!/bin/sh
count() { [ -e "$1" ] && echo $# || echo 0; }
echo "$1" >> calls
if ! grep -qsx "$1" sure; then
    at=try.$PPID
    mkdir -p $at; touch $at/came.$$ $at/runs.$$
    for i in $(seq 300); do
        left=0
        for u in *.cpp; do [ -e "${u%.cpp}.o" ] || left=$((left + 1)); done
        [ $left -le $MAX_JOBS ] || left=$MAX_JOBS
        [ $(count $at/came.*) -lt $left ] || break
        sleep 0.1
    done
    [ $(count $at/runs.*) -le $(cat may) ] || touch $at/short
    sleep 0.2
    rm -f $at/runs.$$
    if [ -e $at/short ] && [ "$CUDACXX" != none ]; then echo 'cc1plus: out of memory allocating 65536 bytes' >&2; exit 1; fi
fi
echo "$1 $MAX_JOBS" > "${1%.cpp}.o"
"""


@pytest.fixture
def env(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "CUDACXX": ""}


@pytest.fixture
def gate(headrace, env):
    d = headrace("build", "--json", "--", "true", env=env).json()
    if not d["gate"]:
        pytest.skip(f"no gate here: {d['gate_why']}")


@pytest.fixture
def project(tmp_path):
    """Four units, of which `may` at once are too many."""
    p = tmp_path / "project"
    p.mkdir()
    (p / "cc1plus").write_text(COMPILER)
    (p / "cc1plus").chmod(0o755)
    units = [f"u{i}.o" for i in range(4)]
    (p / "Makefile").write_text(f"all: {' '.join(units)}\n%.o: %.cpp\n\t./cc1plus $<\n")
    for u in units:
        (p / u.replace(".o", ".cpp")).write_text("\n")
    (p / "may").write_text("99")
    return p


def build(headrace, project, env, *args, status=0, command=("make", "-j4")):
    """As many at once as make starts, however few CPUs this machine has: these jobs sleep."""
    ran = headrace("build", "--json", "--no-gentle", "--jobs", "4", *args, "--", *command, cwd=project, env=env, status=status, timeout=100)
    return ran.json(), ran.err


def kinds(d):
    return [t["what"] for t in d["tries"]]


@needs_make
def test_down_to_half_and_what_is_finished_stays(headrace, env, gate, project):
    (project / "may").write_text("2")
    d, err = build(headrace, project, env)
    assert kinds(d) == ["as asked", "again", "half the jobs"] and d["status"] == 0 and d["stopped"] is None
    assert [t["status"] for t in d["tries"]] == [2, 2, 0] and d["tries"][2]["jobs"] == d["tries"][2]["at_once"] == 2
    assert "out of memory" in d["tries"][0]["clue"] and "memory was not enough" in err and "at most 2 jobs at once" in err
    assert "try 3 (half the jobs)" in d["say"]
    # Those that were done in an earlier try were not done again, and the tools were told.
    made = {o.name: o.read_text().split() for o in project.glob("*.o")}
    assert len(made) == 4 and any(m[1] == "2" for m in made.values())
    log = pathlib.Path(d["log"])
    for i in (1, 2, 3):
        t = json.loads((log / f"try-{i}.json").read_text())
        assert t["what"] == kinds(d)[i - 1] and t["status"] == d["tries"][i - 1]["status"]
        folder = log if i == 1 else log / f"try-{i}"
        assert (folder / "output.log").exists() and (folder / "timeline.jsonl").read_text().strip().endswith("}")
    assert json.loads((log / "report.json").read_text())["tries"][0]["status"] == 2
    assert json.loads((log / "plan.json").read_text())["forecast"]["from"] == "nothing"


@needs_make
def test_finished_objects_are_kept(headrace, env, gate, project):
    (project / "Makefile").write_text("all: u0.o u1.o u2.o u3.o\nu2.o u3.o: u0.o u1.o\n%.o: %.cpp\n\t./cc1plus $<\n")
    (project / "sure").write_text("u0.cpp\nu1.cpp\n")
    (project / "may").write_text("1")
    d, _ = build(headrace, project, env)
    assert d["status"] == 0 and kinds(d)[-1] == "half the jobs" and d["tries"][-1]["jobs"] == 1
    calls = (project / "calls").read_text().split()
    assert calls.count("u0.cpp") == calls.count("u1.cpp") == 1 and calls.count("u3.cpp") > 1


@needs_make
def test_one_job_and_then_without_cuda(headrace, env, gate, project):
    (project / "may").write_text("0")
    variant = ("--cpu-variant", "CUDACXX=none")
    d, err = build(headrace, project, env, *variant)
    assert kinds(d) == ["as asked", "again", "half the jobs", "one job", "without CUDA"] and d["status"] == 0
    assert d["cpu_only"] and "CPU-only variant" in d["say"] and "without CUDA" in err
    for o in project.glob("*.o"):
        o.unlink()
    d, err = build(headrace, project, env, "--retries", "1", *variant, status=2)
    assert kinds(d) == ["as asked", "again"] and "1 more try was allowed" in d["stopped"]
    d, err = build(headrace, project, env, status=2)
    assert kinds(d)[-1] == "one job" and not d["cpu_only"]
    assert "not even for one job" in d["stopped"] and d["stopped"] in d["say"]
    assert (project / "may").exists() and list(project.glob("*.o")) == []
    text = headrace("build", "--jobs", "4", "--", "make", "-j4", cwd=project, env=env, status=2, timeout=100).err
    assert re.search(r"(?m)^  try  what +ended", text) and re.search(r"(?m)^  4    one job +status 2", text)


@needs_make
def test_a_known_project_has_its_own_variant(headrace, env, gate, project):
    """torchmcubes: CMake finds CUDA by CUDACXX, CUDA_PATH and the nvcc on the PATH."""
    named = project.parent / "torchmcubes"
    project.rename(named)
    kit = named / "kit/bin"
    kit.mkdir(parents=True)
    (kit / "nvcc").write_text("#!/bin/sh\n")
    (kit / "nvcc").chmod(0o755)
    (named / "cc1plus").write_text((named / "cc1plus").read_text().replace('[ "$CUDACXX" != none ]', 'command -v nvcc >/dev/null'))
    (named / "may").write_text("0")
    # Only this nvcc: another one on the PATH is left out of it.
    path = f"{kit}:" + ":".join(p for p in os.environ["PATH"].split(":") if not os.path.exists(f"{p}/nvcc"))
    if shutil.which("make", path=path) is None:
        pytest.skip("make is where nvcc is")
    d, err = build(headrace, named, {**env, "PATH": path, "CUDACXX": "/nowhere/nvcc"})
    assert d["status"] == 0 and d["cpu_only"] and "mcubes_cuda" in d["say"] and d["forecast"]["project"] == "torchmcubes"
    for o in named.glob("*.o"):
        o.unlink()
    d, err = build(headrace, named, {**env, "PATH": path}, "--cpu-variant", "none", status=2)
    assert kinds(d)[-1] == "one job" and not d["cpu_only"]


@needs_make
def test_an_ordinary_error_is_not_tried_again(headrace, env, gate, project):
    (project / "cc1plus").write_text('#!/bin/sh\necho "$1" >> calls\necho "$1:1:1: error: expected a declaration" >&2\nexit 1\n')
    d, err = build(headrace, project, env, status=2)
    assert kinds(d) == ["as asked"] and d["stopped"] is None and "memory was not enough" not in err
    d, _ = build(headrace, project, env, status=5, command=("sh", "-c", "exit 5"))
    assert kinds(d) == ["as asked"]
    (project / "cc1plus").write_text(COMPILER)
    (project / "may").write_text("0")
    d, _ = build(headrace, project, env, "--no-ladder", status=2)
    assert kinds(d) == ["as asked"]
    d, _ = build(headrace, project, env, "--retries", "0", status=2)
    assert kinds(d) == ["as asked"]


def killed_for_memory():
    """How often the kernel did so on this machine, where other tests plant such ends."""
    return next((int(x.split()[1]) for x in open("/proc/vmstat") if x.startswith("oom_kill ")), 0)


@needs_make
def test_a_kill_by_somebody_else_is_not_tried_again(headrace, env, gate, project):
    """A leaf is really killed, with memory to spare: nothing smaller would save it from who did that."""
    (project / "cc1plus").write_text('#!/bin/sh\necho $$ >> calls\nexec sleep 120\n')

    def kill():
        until(lambda: (project / "calls").exists() and len((project / "calls").read_text().split()) == 4)
        for pid in (project / "calls").read_text().split():
            os.kill(int(pid), signal.SIGKILL)

    killer, kills = threading.Thread(target=kill), killed_for_memory()
    killer.start()
    ran = headrace("build", "--json", "--no-gentle", "--jobs", "4", "--", "make", "-j4", cwd=project, env=env, status=None, timeout=100)
    killer.join()
    d = ran.json()
    if d["worst_level"] != "green" or 4 * d["least_room_bytes"] <= d["ceiling_bytes"]:
        pytest.skip("memory is short on this machine just now")
    if killed_for_memory() != kills:
        pytest.skip("the kernel killed another program of this machine meanwhile")
    assert d["oom_ruled_out"] and d["oom_kills"] == 0 and "Killed" in d["tries"][0]["clue"]
    assert kinds(d) == ["as asked"] and ran.status == 2 and len((project / "calls").read_text().split()) == 4
    assert "killed by somebody else" in d["stopped"] and d["stopped"] in d["say"] and "memory was not enough" not in ran.err
    # The command itself, as a job's own limit or a person does it.
    d = headrace("build", "--json", "--no-gentle", "--", "sh", "-c", "kill -9 $$", cwd=project, env=env, status=137).json()
    assert len(d["tries"]) == 1 and "killed by somebody else" in d["say"]


@needs_make
def test_one_time_limit_over_all_tries(headrace, env, gate, project):
    (project / "may").write_text("0")
    # Two tries take ten seconds at least: the second runs into the limit.
    d, err = build(headrace, project, env, "--timeout", "9500ms", status=124, command=("sh", "-c", "make -j4; bad=$?; sleep 5; exit $bad"))
    assert d["verdict"] == "time limit" and len(d["tries"]) == 2 and d["total_wall_ns"] < 50e9
    headrace("build", "--timeout", "soon", "--", "true", env=env, status=2)
    d, _ = build(headrace, project, env, "--timeout", "none", command=("true",))
    assert d["timeout_ns"] == 0
    d, _ = build(headrace, project, env, command=("true",))
    assert d["timeout_ns"] == 30 * 60 * 10**9


@needs_make
@pytest.mark.parametrize("after", [0, 1, 2])
def test_ctrl_c_in_any_try_is_the_end(headrace, env, gate, project, after):
    (project / "may").write_text("0")

    def default():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    hangs = f'[ $(wc -l < tries) -le {after} ] || {{ touch hangs; exec sleep 100; }}\n'
    (project / "cc1plus").write_text(COMPILER.replace("\n", "\n" + hangs, 1))
    p = headrace.popen("build", "--jobs", "4", "--", "sh", "-c", "echo try >> tries; make -j4 || exit; ", cwd=project, env={**os.environ, **env},
                       start_new_session=True, preexec_fn=default, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    until((project / "hangs").exists)
    os.killpg(p.pid, signal.SIGINT)
    err = p.communicate(timeout=60)[1].decode()
    assert p.returncode == -signal.SIGINT and "interrupted" in err
    assert (project / "tries").read_text().count("try") == after + 1


# --- the forecast ---

# As many as `together` says hold their memory at the same time.
GROWS = """#!{python}
import glob, sys, time
mib = int(open(sys.argv[1]).read())
held = bytearray(b"x") * (mib << 20)
open(sys.argv[1] + ".came", "w").close()
end = time.monotonic() + 60
while len(glob.glob("*.came")) < int(open("together").read()) and time.monotonic() < end:
    time.sleep(0.05)
time.sleep(1.5)
open(sys.argv[1].replace(".cpp", ".o"), "w").write("")
"""


@needs_make
def test_the_second_time_it_is_known(headrace, env, gate, project):
    (project / "cc1plus").write_text(GROWS.format(python=sys.executable))
    for i in range(4):
        (project / f"u{i}.cpp").write_text(str(60 + 20 * i))
    (project / "together").write_text("4")
    d, err = build(headrace, project, env)
    assert d["forecast"]["from"] == "nothing" and "nothing is known" in err
    measured = d["tree_peak_bytes"]

    def again(*args):
        for pattern in ("*.o", "*.came"):
            for o in project.glob(pattern):
                o.unlink()
        return build(headrace, project, env, *args)

    ran = headrace("build", "--print-env", "--jobs", "4", "--", "make", "-j4", cwd=project, env=env)
    assert re.search(r"# forecast: needs about .* at 4 jobs", ran.out)
    d, err = again()
    f = d["forecast"]
    assert f["from"] == "past" and f["unlimited"]["at_once"] == 4 and "it fits" in f["say"]
    assert abs(f["here"]["peak_bytes"] - measured) < 0.15 * measured
    assert abs(f["here"]["peak_bytes"] - d["tree_peak_bytes"]) < 0.15 * d["tree_peak_bytes"] and "it took" in f["compared"]
    # With less memory it says how many will run, and how much they will hold.
    (project / "together").write_text("3")
    d, err = again("--memory", "300MiB")  # 60, 80 and 100 fit, 120 waits
    f = d["forecast"]
    assert "will run" in f["say"] and f["here"]["at_once"] == d["at_once"] < 4 and f["here"]["held"] > 0
    assert abs(f["here"]["peak_bytes"] - d["tree_peak_bytes"]) < 0.15 * d["tree_peak_bytes"]
    # Nothing to do is no build to compare with, nor to learn from.
    d, err = build(headrace, project, env)
    assert d["leaves"] == 0 and d["forecast"]["from"] == "past" and "nothing to compare" in d["forecast"]["compared"]
    # A file that somebody has edited is not believed.
    past = project.parent / "cache/headrace/builds"
    one = next(p for p in past.iterdir() if "cc1plus" in p.read_text())
    one.write_text(one.read_text().replace("identity", "identité"))
    d, err = again()
    assert d["forecast"]["from"] == "nothing" and d["forecast"]["history"] == "damaged, set aside"
    assert one.with_name(one.name + ".bad").exists()


def test_a_project_of_the_table(headrace, env):
    ran = headrace("build", "--print-env", "--", "pip", "install", "flash-attn", env=env)
    assert "# forecast: flash-attention: one of its heavy jobs is known to take 2.79 GiB to 4.66 GiB" in ran.out
    d = headrace("build", "--print-env", "--json", "--", "pip", "install", "vllm", env={**env, "TORCH_CUDA_ARCH_LIST": "8.6"}).json()
    assert d["forecast"]["project"] == "vLLM" and d["forecast"]["from"] == "table" and d["forecast"]["here"] is None
    d = headrace("build", "--print-env", "--json", "--", "pip", "install", "flash-attn", env={**env, "TORCH_CUDA_ARCH_LIST": "8.6;12.0"}).json()
    assert {s["name"]: s["value"] for s in d["environment"]}["FLASH_ATTN_CUDA_ARCHS"] == "80;120"

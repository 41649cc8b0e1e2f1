"""headrace run as a user runs it: marks that fire where memory was planted, cards, and the sweep."""

import concurrent.futures
import json
import os
import pathlib
import subprocess

import pytest
from places import BIN
from runs import MIB, SEEN, environment, newest, report, script

FAKE = BIN.parents[2] / "tests/fake/fake_nvml.so"


@pytest.fixture
def env(tmp_path):
    return environment(tmp_path)


# --- memory ---

# Four workers share an array with their parent, as loaders do, and take more when they are told to: memory of their own, or pages of
# the array, which they write to (no RSS shows that).  The parent raises what the job holds, by its own reading, to just below a mark and
# holds it there until the curve shows it, then to just above it, until that is said: it tells how many marks had fired by then.
PLANT = SEEN + """
import json, multiprocessing, os, sys
MIB = 1 << 20
mode, marks = sys.argv[2], [int(m) * MIB for m in sys.argv[3:]]
base = bytearray(os.urandom(1 << 16)) * (200 * MIB >> 16)
def work(pipe, at):
    own = []
    while (n := pipe.recv()):
        if mode == "own":
            own.append(bytearray(b"x") * n)
        else:
            for k in range(at, at + n, 4096):
                base[k] = 1
            at += n
        pipe.send(sum(base[:: 1 << 14]) > 0)
def held():
    n = 0
    for pid in pids:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.split(":")[0] in ("Pss_Anon", "Pss_Shmem"):
                n += int(line.split()[1]) * 1024
    return n
def grow(to):
    while (left := to - held()) > 0:
        for pipe, _ in ends:
            pipe.send(min(max(left // 4 // 4096 * 4096, 4096), MIB))
        for pipe, _ in ends:
            pipe.recv()
def fired():
    return timeline().count('"event":"mark"')
def hold(name, marks):
    time.sleep(1)
    seen(lambda: fired() == marks and abs(curve()[-1][1] / held() - 1) < 0.01)
    print(json.dumps([name, fired(), curve()[-1][0], held()]), file=log, flush=True)
log = open(sys.argv[1], "w")
ends = [multiprocessing.Pipe() for _ in range(4)]
loaders = [multiprocessing.Process(target=work, args=(end, i * 50 * MIB)) for i, (_, end) in enumerate(ends)]
for p in loaders:
    p.start()
pids = [os.getpid()] + [p.pid for p in loaders]
seen(lambda: len(curve()) > 3)
for i, m in enumerate(marks):
    grow(int(m * 0.975))
    hold(f"below {m}", i)
    grow(int(m * 1.005))
    hold(f"above {m}", i + 1)
for pipe, _ in ends:
    pipe.send(0)
for p in loaders:
    p.join()
"""


def plant(folder, mode):
    folder.mkdir()
    command = script(folder, "plant.py", "import multiprocessing as m\nm.set_start_method('fork')\n" + PLANT)
    p = subprocess.run([BIN, "run", "--quiet", "--warn", "270MiB", "--act", "330MiB", "--max", "none", "--on-act", "none", "--", *command,
                        folder / "truth", mode, "270", "330"], cwd=folder, env={**os.environ, **environment(folder)}, stdin=subprocess.DEVNULL, timeout=250)
    assert p.returncode == 0


@pytest.fixture(scope="module")
def plants(tmp_path_factory):
    """Both ways of growing, side by side: where each lies."""
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    folder = tmp_path_factory.mktemp("plants")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = {mode: pool.submit(plant, folder / mode, mode) for mode in ("own", "written")}
    for f in runs.values():
        f.result()
    return {mode: folder / mode for mode in runs}


@pytest.mark.parametrize("mode", ["own", "written"])
def test_marks_fire_where_planted(plants, mode):
    tmp_path = plants[mode]
    truth = {name: at for name, *at in map(json.loads, (tmp_path / "truth").read_text().splitlines())}
    d = report(tmp_path)
    for i, m in enumerate(d["marks"]):
        assert m["times"] == 1 and abs(m["first_bytes"] / m["bytes"] - 1) < 0.02, m
        assert truth[f"below {m['bytes']}"][0] == i and truth[f"above {m['bytes']}"][0] == i + 1, (m, truth)
    # At each level that was held, the curve lies where the job itself says it is.
    rows = [line.split(",") for line in newest(tmp_path, "curve.csv").read_text().splitlines()[1:]]
    for name, (_, end, held) in truth.items():
        before = [int(r[1]) for r in rows if float(r[0]) <= end]
        assert abs(before[-1] / held - 1) < 0.02, (name, held, before[-1])
    assert abs(d["peak"]["bytes"] / truth[f"above {330 * MIB}"][2] - 1) < 0.02
    assert d["kinds"]["workers"]["processes"] == 4
    assert d["watcher"]["allocations"] == 0 and d["watcher"]["worst_gap_ns"] < 30e9


# --- cards ---

needs_fake = pytest.mark.skipif(not FAKE.exists(), reason="the stand-in for NVML is not built")
CARD = SEEN + """
import os, sys
def take(mib):
    with open("vram.new", "w") as f:
        f.write(f"FAKE_NVML_USED={1000 + mib}\\nFAKE_NVML_PROCESSES={1 if OWN else 0}\\nFAKE_NVML_PID={os.getpid()}\\nFAKE_NVML_PROCESS={mib}\\n")
    os.rename("vram.new", "vram")
"""


@pytest.fixture
def card(env, tmp_path):
    (tmp_path / "vram").write_text("FAKE_NVML_USED=1000\nFAKE_NVML_PROCESSES=0\n")
    return {**env, "HEADRACE_NVML": str(FAKE), "FAKE_NVML_FILE": str(tmp_path / "vram"), "FAKE_NVML_VRAM": "16000", "FAKE_NVML_BUSY": "60"}


@needs_fake
@pytest.mark.parametrize("mode, own", [("native", True), ("wsl", False)])
def test_vram_marks(headrace, card, tmp_path, mode, own):
    text = CARD.replace("OWN", str(own)) + "for m in range(500, 9000, 1000):\n    take(m)\n    time.sleep(0.25)\n" \
        "    seen(lambda: ('vram-warn' in timeline()) == (m > 4000) and ('vram-act' in timeline()) == (m > 8000))\ntake(0)\n"
    ran = headrace("run", "--vram-warn", "4000MiB", "--vram-act", "50%", "--on-act", "checkpoint", "--", *script(tmp_path, "t.py", text),
                   env={**card, "FAKE_NVML": mode})
    d = report(tmp_path)
    gpu = d["gpus"][0]
    assert gpu["peak_bytes"] == 8500 * MIB and gpu["before_bytes"] == 1000 * MIB and gpu["whole_card"] == (not own)
    assert gpu["busy_percent"] == 60
    marks = {m["mark"]: m for m in d["marks"] if m["mark"].startswith("vram")}
    assert marks["vram-act"]["bytes"] == 8000 * MIB and all(m["times"] == 1 for m in marks.values())
    assert 4000 * MIB <= marks["vram-warn"]["first_bytes"] <= 7500 * MIB
    assert "over the warn mark of 3.91 GiB" in ran.err and "VRAM over its act mark" in ran.err
    assert ("whole card less before" in ran.err) == (not own)


@needs_fake
def test_unknown_vram_has_its_reason(headrace, card, tmp_path):
    for mode in ("ones", "unsupported", "lost"):
        ran = headrace("run", "--", "sleep", "0.8", env={**card, "FAKE_NVML": mode, "FAKE_NVML_FILE": ""})
        d = report(tmp_path)["gpus"][0]
        assert d["peak_bytes"] is None and d["peak_why"] and d["busy_percent"] is None and d["busy_why"]
        assert "VRAM – (" in ran.err and "EiB" not in ran.err
    for mode, say in (("init:9", "driver is not loaded"), ("crash", "signal 9")):
        assert say in headrace("run", "--", "true", env={**card, "FAKE_NVML": mode}).err
    assert "no NVIDIA driver here" in headrace("run", "--", "true", env={**card, "HEADRACE_NVML": "/nowhere"}).err
    assert "not watched" in headrace("run", "--no-gpu", "--", "true", env=card).err


SWEEP = CARD.replace("OWN", "True") + """
import mmap
def look():  # a point of the curve is told when memory moves
    m = mmap.mmap(-1, 1280 << 10)
    m.write(b"x" * len(m))
    time.sleep(0.2)
    m.close()
    time.sleep(0.1)
    return curve(f"value-{batch}/curve.csv")[-1][-1]
batch = int(sys.argv[1].split("=")[1])
ram = bytearray(b"x") * (batch * 10 << 20)
take(batch * 1000)
seen(lambda: look() == batch * 1000 << 20)
if batch * 1000 > 5000:
    take(0)
    print("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", file=sys.stderr)
    sys.exit(1)
take(0)
"""


@needs_fake
def test_batch_sweep(headrace, card, tmp_path):
    command = script(tmp_path, "run.py", SWEEP)
    ran = headrace("run", "--json", "--batch-sweep", "1,2,4,8,16", "--report", "r.json", "--", *command, "--batch={}", env=card)
    d = ran.json()
    assert d["largest"] == "4" and json.loads((tmp_path / "r.json").read_text()) == d
    rows = {v["value"]: v for v in d["values"]}
    assert [v["result"] for v in d["values"]] == ["fits"] * 3 + ["out of memory", "not run"]
    assert rows["8"]["status"] == 1 and rows["8"]["words"] == "CUDA out of memory"
    for b in (1, 2, 4, 8):
        assert rows[str(b)]["vram_bytes"] == b * 1000 * MIB
        assert abs(rows[str(b)]["memory_bytes"] - rows["1"]["memory_bytes"] - (b - 1) * 10 * MIB) < 6 * MIB
        assert rows[str(b)]["wall_ns"] > 0
    assert "the largest that fits is 4" in ran.err and "CUDA out of memory" in ran.err
    assert "OutOfMemoryError" in (pathlib.Path(d["log"]) / "value-8/output.log").read_text()


def test_batch_sweep_by_marks_and_errors(headrace, env, tmp_path):
    command = script(tmp_path, "t.py", "import sys, time\nn = int(sys.argv[1])\nx = bytearray(b'x') * (n << 20)\ntime.sleep(100 if n > 100 else 1)\nsys.exit(n == 20 and 3)\n")
    ran = headrace("run", "--json", "--batch-sweep", "10,20,200,300", "--warn", "none", "--act", "none", "--max", "120MiB", "--grace", "1s",
                   "--", *command, "{}", env=env)
    d = ran.json()
    assert [v["result"] for v in d["values"]] == ["fits", "failed", "over a mark", "not run"] and d["largest"] == "10"
    assert d["values"][0]["vram_bytes"] is None and d["values"][0]["vram_why"]
    assert "no {} where a value" in headrace("run", "--batch-sweep", "1,2", "--", "true", env=env, status=2).err
    assert "twice" in headrace("run", "--batch-sweep", "1,1", "--", "echo", "{}", env=env, status=2).err


# --- what is said ---

def test_wrong_marks_are_refused(headrace, env):
    for args, say in ((("--warn", "3GiB", "--act", "2GiB"), "must lie below"), (("--act", "140%"), "no part of a whole"),
                      (("--warn", "much"), "--warn:"), (("--on-act", "end,drop"), "from mild to hard"), (("--on-act", "pause"), "no step"),
                      (("--vram-act", "0"), "--vram-act:")):
        assert say in headrace("run", *args, "--", "true", env=env, status=2).err
    headrace("run", env=env, status=2)


def test_the_plan_is_said_before(headrace, env, tmp_path):
    ran = headrace("run", "--dry-run", "--warn", "50%", "--max", "none", "--checkpoint-signal", "USR2", "--", "touch", "made", env=env)
    assert "SIGUSR2 for a checkpoint" in ran.err and "max none" in ran.err and not (tmp_path / "made").exists()

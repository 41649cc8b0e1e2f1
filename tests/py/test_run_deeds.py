"""headrace run: what is done at a mark, from a line on the screen to the end of the job, and what is never done.

The runs of this file go on side by side, each in a folder of its own: they mostly sleep."""

import concurrent.futures
import ctypes
import dataclasses
import mmap
import os
import pathlib
import subprocess
import threading
import time

import membox
import pytest
from places import BIN
from runs import MIB, environment, events, report, script

TRAINER = """
import os, pathlib, signal, sys, time
log = open("signals", "a")
def say(*words):
    print(*words, "%.3f" % time.monotonic(), file=log, flush=True)
def wish(sig, frame):
    say("wish")
def term(sig, frame):
    say("term")
    time.sleep(1)
    say("saved")
    sys.exit(STATUS)
signal.signal(signal.SIGUSR1, wish)
signal.signal(signal.SIGTERM, term)
x = []
for _ in range(10):
    x.append(bytearray(b"x") * (10 << 20))
    time.sleep(0.05)
say("full")
end = time.monotonic() + 60
while time.monotonic() < end:
    time.sleep(0.1)
"""


# What the watcher has told so far says when to go on: how soon it looks, this machine decides.
TOLD = """import glob, time
def told(event, times=1):
    end = time.monotonic() + 40
    while time.monotonic() < end:
        lines = [x for f in glob.glob("state/headrace/run/*/timeline.jsonl") for x in open(f)]
        if sum(f'"event":"{event}"' in x for x in lines) >= times:
            return
        time.sleep(0.05)
"""
TWICE = TOLD + """
for n in (1, 2):
    x = bytearray(b'x') * (80 << 20)
    told("mark", n)
    del x
    told("below", n)
"""
DEAF = """import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
x = bytearray(b'x') * (120 << 20)
time.sleep(60)
"""
PLAIN = TOLD + """
x = bytearray(b'x') * (100 << 20)
told("mark")
time.sleep(1)
print("alive")
"""
# Workers inherit their parent's handler and are not meant.
PARENT = TOLD + """
import multiprocessing, os, signal
def wish(sig, frame):
    open("wishes", "a").write(str(os.getpid() == main))
main = os.getpid()
multiprocessing.set_start_method("fork")
signal.signal(signal.SIGUSR1, wish)
workers = [multiprocessing.Process(target=time.sleep, args=(60,)) for _ in range(2)]
for w in workers:
    w.start()
x = bytearray(b'x') * (100 << 20)
told("checkpoint")
time.sleep(1)
for w in workers:
    w.terminate()
    w.join()
"""
# A shell does not hand a signal on.
SHELLED = "trap '' TERM; {command}; exit $?"
READER = TOLD + """
f = open('data', 'rb', buffering=0)
while f.read(1 << 20): pass
o = open('other', 'r+b', buffering=0)
while o.read(1 << 20): pass
x = bytearray(b'x') * (100 << 20)
told("drop")
time.sleep(1)
"""
CURVE = "import time\nx = bytearray(b'x') * (50 << 20)\ntime.sleep(2.5)\n"

ACT = ["--warn", "none", "--max", "none", "--act"]
RUNS = {  # name: arguments, program, more of the environment
    "ladder, 5": (ACT + ["80MiB", "--on-act", "checkpoint,end", "--grace", "4s"], TRAINER.replace("STATUS", "5"), {}),
    "ladder, 0": (ACT + ["80MiB", "--on-act", "checkpoint,end", "--grace", "4s"], TRAINER.replace("STATUS", "0"), {}),
    "all steps": (ACT + ["60MiB", "--grace", "2s"], TRAINER.replace("STATUS", "0").replace("sleep(1)", "sleep(60)"), {}),
    "max": (["--warn", "none", "--act", "none", "--max", "90MiB", "--grace", "1s"], DEAF, {}),
    "no handler": (ACT + ["60MiB", "--on-act", "checkpoint"], PLAIN, {}),
    "workers": (ACT + ["60MiB", "--on-act", "checkpoint"], PARENT, {}),
    "shell": (ACT + ["80MiB", "--on-act", "end", "--grace", "6s"], TRAINER.replace("STATUS", "5"), {}),
    "twice": (["--warn", "60MiB", "--act", "none", "--max", "none"], TWICE, {}),
    "drop": (ACT + ["60MiB", "--on-act", "drop"], READER, {}),
    "curve, UTF-8": ([], CURVE, {"LC_ALL": "C.UTF-8"}),
    "curve, ASCII": ([], CURVE, {"LC_ALL": "C"}),
}


@dataclasses.dataclass
class Run:
    folder: pathlib.Path
    status: int
    out: str
    err: str
    cached: float = 0  # of `data`, before

    def report(self):
        return report(self.folder)

    def events(self):
        return events(self.folder)


def states(pid):
    """Of every process below pid."""
    parent, state = {}, {}
    for d in pathlib.Path("/proc").iterdir():
        if d.name.isdigit():
            try:
                rest = (d / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parent[int(d.name)], state[int(d.name)] = int(rest[1]), rest[0]
    found, more = {}, [pid]
    while more:
        more = [p for p, up in parent.items() if up in more and p not in found]
        found.update({p: state[p] for p in more})
    return found


def in_cache(path):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "rb") as f:
        m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)
        pages = (len(m) + 4095) // 4096
        vec = (ctypes.c_ubyte * pages)()
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        at = libc.mmap(None, len(m), 1, 2, f.fileno(), 0)
        assert libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(len(m)), vec) == 0
        libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(len(m)))
        return sum(v & 1 for v in vec) / pages


def make_files(folder):
    for name in ("data", "other", "nobodys"):
        (folder / name).write_bytes(os.urandom(MIB) * 40)
        fd = os.open(folder / name, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
        (folder / name).read_bytes()
    return in_cache(folder / "data")


def one(folder, name, pids):
    args, text, env = RUNS[name]
    folder.mkdir()
    cached = make_files(folder) if name == "drop" else 0
    command = script(folder, "t.py", text)
    if name == "shell":
        command = ["sh", "-c", SHELLED.format(command=" ".join(command))]
    p = subprocess.Popen([BIN, "run", *args, "--", *command], cwd=folder, env={**os.environ, **environment(folder), **env}, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pids.append(p.pid)
    out, err = p.communicate(timeout=120)
    return Run(folder, p.returncode, out, err, cached)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All of RUNS, and under "states" every state in which a process below any of them was seen."""
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    folder, pids, over, seen = tmp_path_factory.mktemp("runs"), [], threading.Event(), set()

    def look():
        while not over.wait(0.02):
            for pid in list(pids):
                seen.update(states(pid).values())

    watcher = threading.Thread(target=look)
    watcher.start()
    with concurrent.futures.ThreadPoolExecutor(len(RUNS)) as pool:
        made = {name: pool.submit(one, folder / f"{i}", name, pids) for i, name in enumerate(RUNS)}
        concurrent.futures.wait(made.values())
    over.set()
    watcher.join()
    return {**{name: f.result() for name, f in made.items()}, "states": seen}


def signals(run):
    return dict(line.split() for line in (run.folder / "signals").read_text().splitlines())


@pytest.mark.parametrize("name, status", [("ladder, 5", 5), ("ladder, 0", 124)])
def test_the_ladder(runs, name, status):
    """A checkpoint is asked for, its grace passes, SIGTERM comes, and its handler gets its time."""
    r = runs[name]
    told, d = signals(r), r.report()
    assert r.status == status and [w for w in told if w != "full"] == ["wish", "term", "saved"]
    asked, term = (next(e["ms"] for e in r.events() if e["event"] == w) for w in ("checkpoint", "term"))
    assert 3950 <= term - asked < 40000
    assert d["verdict"] == "ended" and d["why"] == "act" and not d["killed"] and d["checkpoints_asked"] == 1
    assert "checkpoint asked for by SIGUSR1" in r.err and "(SIGTERM)" in r.err


def test_a_shell_is_passed_by(runs):
    """SIGTERM for the command alone would reach nobody who can save."""
    r = runs["shell"]
    assert [w for w in signals(r) if w != "full"] == ["term", "saved"] and r.status == 5 and not r.report()["killed"]


def test_max_ends_at_once_and_grace_has_an_end(runs):
    r = runs["max"]
    d = r.report()
    assert r.status == 137 and d["why"] == "max" and d["killed"] and d["signal"] == 9 and "is killed" in r.err
    term, kill = (next(e["ms"] for e in r.events() if e["event"] == w) for w in ("term", "kill"))
    assert 950 <= kill - term < 40000


def test_who_has_no_handler_is_not_asked(runs):
    """SIGUSR1 would end it."""
    r = runs["no handler"]
    assert r.status == 0 and r.out == "alive\n" and "no handler for SIGUSR1" in r.err
    r = runs["workers"]
    assert r.status == 0 and (r.folder / "wishes").read_text() == "True"


def test_nothing_is_ever_stopped(runs, headrace, tmp_path):
    """Over every step of the ladder, the max mark and the kill no process of any job is seen stopped."""
    assert runs["all steps"].status == 137 and [w for w in signals(runs["all steps"]) if w != "full"] == ["wish", "term"]
    assert "S" in runs["states"] and not runs["states"] & {"T", "t"}
    for name in ("STOP", "SIGTSTP", "19", "TTIN", "KILL"):
        ran = headrace("run", "--checkpoint-signal", name, "--", "true", env=environment(tmp_path), status=2)
        assert "cannot ask for a checkpoint" in ran.err


def test_each_crossing_once_and_below_again(runs):
    r = runs["twice"]
    told = [e["event"] for e in r.events() if e.get("mark") == "warn"]
    assert told[:3] == ["mark", "below", "mark"] and r.status == 0
    assert r.err.count("over the warn mark of 60.0 MiB") == 2
    assert r.report()["marks"][0]["times"] == 2


def test_page_cache_of_its_files_is_dropped(runs):
    r = runs["drop"]
    if r.cached < 0.9:
        pytest.skip("this file system keeps nothing in the page cache")
    left = in_cache(r.folder / "data")
    if left > 0.1:
        fd = os.open(r.folder / "data", os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
        if in_cache(r.folder / "data") > 0.9:
            pytest.skip("this file system does not drop what it is told to")
    # One that it may write to is left alone, by us: a machine short of memory may take it as any other.
    assert left < 0.1 and (in_cache(r.folder / "other") > 0.9 or in_cache(r.folder / "nobodys") < 0.9)
    assert r.report()["dropped_files"] == 1


def test_the_curve_is_drawn(runs):
    r = runs["curve, UTF-8"]
    assert "\u28ff" in r.err and "0 B \u2502" in r.err
    plot = [line for line in runs["curve, ASCII"].err.splitlines() if "|" in line]
    assert len(plot) == 6 and all(line.isascii() and len(line) <= 80 for line in plot) and "###" in plot[-1]


@pytest.fixture
def small():
    """A cgroup of 400 MiB without swap: a function that puts the caller into it."""
    if not membox.possible():
        pytest.skip("no memory cgroup can be made here")
    with membox.MemBox(400 * MIB, sample=False) as box:
        yield box.enter


def test_a_group_that_runs_short(headrace, tmp_path, small):
    """No mark of the job is crossed, and the kernel would shoot: the ladder is gone up before."""
    command = script(tmp_path, "t.py", TRAINER.replace("STATUS", "5").replace("range(10)", "range(36)"))
    p = headrace.popen("run", "--warn", "none", "--act", "none", "--max", "none", "--on-act", "checkpoint,end", "--grace", "6s", "--", *command,
                       env={**os.environ, **environment(tmp_path)}, stderr=subprocess.PIPE, text=True, preexec_fn=small)
    err = p.communicate(timeout=60)[1]
    d = report(tmp_path)
    assert p.returncode == 5 and d["why"] == "machine" and d["machine_short_times"] == 1 and d["oom_kills"] == 0
    assert "the memory cgroup has" in err and "SIGUSR1" in err
    assert [line.split()[0] for line in (tmp_path / "signals").read_text().splitlines() if "full" not in line] == ["wish", "term", "saved"]


def test_who_is_not_the_cause_is_left_alone(headrace, tmp_path, small):
    hog = subprocess.Popen(script(tmp_path, "hog.py", "import time\nx = bytearray(b'x') * (345 << 20)\nprint('full', flush=True)\ntime.sleep(60)\n"),
                           preexec_fn=small, stdout=subprocess.PIPE)
    hog.stdout.readline()
    p = headrace.popen("run", "--grace", "1s", "--", *script(tmp_path, "t.py", TOLD + "told('short')\ntime.sleep(1)\n"), env={**os.environ, **environment(tmp_path)},
                       stderr=subprocess.PIPE, text=True, preexec_fn=small)
    err = p.communicate(timeout=60)[1]
    hog.kill()
    hog.wait()
    assert p.returncode == 0 and "it is not the cause, and is left alone" in err, err

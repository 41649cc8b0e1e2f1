"""The truth of the watcher: loads of known size are planted, and the figure shown is within 2 % of the planted one and names the
planted culprit.  The quick ones run always; `make truth` runs all."""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from apart import Apart
from places import BIN

PLANT = BIN.parents[2] / "tests/plant"
FAKE = BIN.parents[2] / "tests/fake/fake_nvml.so"
MIB = 1 << 20
GIB = 1 << 30
pytestmark = [pytest.mark.alone, pytest.mark.skipif(not PLANT.exists(), reason="tests/plant is not built")]
slow = pytest.mark.slow


def children_of(pid):
    """Not every kernel has a list of them."""
    found = []
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(open(f"/proc/{p}/stat").read().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(p))
        except OSError:
            pass
    return sorted(found)


class Planted:
    def __init__(self, argv, **kw):
        self.p = Apart([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **kw)
        line = self.p.stdout.readline()
        assert line.startswith("ready"), f"{argv}: {line!r}"
        self.pid = int(line.split()[1]) if len(line.split()) > 1 else self.p.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in [self.p.pid, self.pid, *children_of(self.p.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.p.stdin.close()
        self.p.wait()


def plant(*args, **kw):
    return Planted([PLANT, *map(str, args)], **kw)


def look(headrace, interval="400ms", **env):
    return headrace("top", "--once", "--json", "-i", interval, env=env).json()


def row(doc, pid):
    found = [p for p in doc["processes"] if p["pid"] == pid]
    assert found, f"process {pid} is not shown"
    return found[0]


def near(shown, planted, tolerance=0.02):
    assert shown is not None, "unknown"
    assert abs(shown - planted) <= planted * tolerance, f"{shown / planted - 1:+.1%}: {shown} for {planted}"


def lifted(headrace, read, planted, *load):
    """How far a figure of the whole machine stands above its background while the load is there.  The background is measured before and
    after and subtracted; the median of the first three times that it stood still meanwhile counts, and where it never did (a machine
    full of compilers) that of nine."""
    rises, still = [], []
    while len(still) < 3 and len(rises) < 9:
        before = read(look(headrace, "100ms"))
        with plant(*load):
            shown = read(look(headrace, "100ms"))
        time.sleep(0.3)  # until init has buried what the load left
        after = read(look(headrace, "100ms"))
        rises.append(shown - (before + after) / 2)
        if abs(after - before) < planted * 0.003:
            still.append(rises[-1])
    return statistics.median(still if len(still) == 3 else rises)


def job(doc, lead):
    found = [j for j in doc["jobs"] if j["lead"] == lead]
    assert found, f"no job is led by {lead}: {doc['jobs']}"
    return found[0]


def moved():
    """What every process has read from and written to storage so far, as the kernel counts it: {pid: {key: bytes}}."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            f = dict(line.split(": ") for line in open(f"/proc/{pid}/io").read().splitlines())
            found[int(pid)] = {"read": int(f["read_bytes"]), "written": int(f["write_bytes"])}
        except OSError:
            pass
    return found


def named_first(doc, key, pid, before, after):
    """The culprit stands first, but for those of this machine that really moved more meanwhile, or came and went."""
    mine = after[pid][key] - before[pid][key]
    for p in doc["processes"]:
        if p["pid"] in before and p["pid"] in after and (p[key] or 0) > row(doc, pid)[key]:
            assert after[p["pid"]][key] - before[p["pid"]][key] > 0.9 * mine, p


# --- memory ---


@pytest.mark.parametrize("kind", ["anon", pytest.param("huge", marks=slow)])
def test_own_memory(headrace, kind):
    with plant(kind, 512 * MIB) as load:
        doc = look(headrace)
        near(row(doc, load.pid)["own"], 512 * MIB)
        near(row(doc, load.pid)["pss"], 512 * MIB)
        assert doc["memory"]["parts"]["anonymous"] >= 512 * MIB
        text = headrace("top", "--once", "-i", "200ms", "-n", "64").out
        assert re.search(rf"^\s*{load.pid} .*51[0-9] MiB  PSS.* plant$", text, re.M)


@slow
def test_locked_memory(headrace):
    near(lifted(headrace, lambda doc: doc["memory"]["locked"], 256 * MIB, "locked", 256 * MIB), 256 * MIB)
    with plant("locked", 128 * MIB) as load:
        near(row(look(headrace), load.pid)["own"], 128 * MIB)


@slow
def test_shared_memory_of_the_machine(headrace):
    near(lifted(headrace, lambda doc: doc["memory"]["parts"]["shmem"], 512 * MIB, "memfd", 512 * MIB), 512 * MIB)


@pytest.mark.parametrize("kind", ["cache", pytest.param("deleted", marks=slow)])
def test_page_cache_by_file(headrace, tmp_path, kind):
    path = tmp_path / "planted.bin"
    with plant(kind, path, 256 * MIB) as load:
        doc = look(headrace)
        if not doc["files_known"]:
            pytest.skip(doc["files_known_unknown"])
        f = [f for f in doc["files"] if f["path"].startswith(str(path))]
        assert f, doc["files"]
        near(f[0]["cached"], 256 * MIB)
        assert f[0]["pid"] == load.pid and f[0]["dirty"] <= 6 * MIB
        assert row(doc, load.pid)["own"] is None or row(doc, load.pid)["own"] < 8 * MIB  # it is the cache's, not the process's


@slow
def test_segment_of_shared_memory_and_its_owner(headrace):
    name = f"plant-{os.getpid()}"
    try:
        with plant("shm", name, 256 * MIB) as load:
            doc = look(headrace)
            s = [s for s in doc["segments"] if s["name"] == name]
            near(s[0]["bytes"], 256 * MIB)
            assert s[0]["pid"] == load.pid
        doc = look(headrace)
        s = [s for s in doc["segments"] if s["name"] == name]
        near(s[0]["bytes"], 256 * MIB)
        assert s[0]["pid"] == 0  # its owner was killed: nobody has it
    finally:
        os.unlink(f"/dev/shm/{name}")


@slow
def test_shared_memory_without_a_name(headrace):
    with plant("memfd", 512 * MIB) as load:  # beside the 2 MiB of its program
        p = row(look(headrace), load.pid)
        near(p["resident"], 512 * MIB)
        assert p["own"] is not None and p["own"] < 8 * MIB  # nothing of it is its own


def test_forks_are_not_counted_once_each(headrace):
    """512 MiB shared by 4 children, each of which rewrote 128 MiB: 1 GiB, where RSS says 2.5."""
    with plant("fork", 512 * MIB, 4, 128 * MIB) as load:
        doc = look(headrace)
        family = [p for p in doc["processes"] if p["pid"] == load.pid or p["parent"] == load.pid]
        assert len(family) == 5
        near(sum(p["pss"] for p in family), 1024 * MIB)
        assert sum(p["resident"] for p in family) > 2.4 * GIB


@slow
def test_leak_of_known_slope(headrace):
    with plant("leak", 40 * MIB) as load:
        shown = []
        for _ in range(5):  # a step of the leak is 0.4 % of what it grows meanwhile
            time.sleep(1.2)
            begun = time.time_ns()
            doc = look(headrace, "200ms")
            shown.append((doc["time_ns"], row(doc, load.pid)["own"]))
            assert doc["time_ns"] > begun
        log = log_of(load)
        (t0, m0), (t1, m1) = shown[0], shown[-1]
        near((m1 - m0) / (t1 - t0), (at(log, t1) - at(log, t0)) / (t1 - t0))
        near(m1, at(log, t1))


@slow
def test_page_tables(headrace):
    n = 120000  # so that the page tables of compilers beside us weigh little
    near(lifted(headrace, lambda doc: doc["memory"]["parts"]["page-tables"], n * 4096, "tables", n), n * 4096 * (1 + 1 / 512))


# --- CPU, storage, states ---


def at(log, t):
    """The value of a log of (time, value) at a time between two of its lines."""
    before = max((x for x in log if x[0] <= t), default=log[0])
    after = min((x for x in log if x[0] >= t), default=log[-1])
    if after[0] == before[0]:
        return before[1]
    return before[1] + (after[1] - before[1]) * (t - before[0]) / (after[0] - before[0])


def log_of(load):
    os.set_blocking(load.p.stdout.fileno(), False)
    return [tuple(map(int, x.split())) for x in load.p.stdout.read().splitlines() if len(x.split()) == 2]


@slow
@pytest.mark.parametrize("threads", [1, 2])
def test_cpu_hog(headrace, threads):
    with plant("cpu", threads) as load:
        time.sleep(0.3)
        doc = look(headrace, "8s")  # the kernel counts in ticks of 10 ms
        log, t1 = log_of(load), doc["time_ns"]
        t0 = t1 - doc["span_ns"]
        truth = (at(log, t1) - at(log, t0)) / (t1 - t0) * 100
        near(row(doc, load.pid)["cpu"], truth)
        assert row(doc, load.pid)["threads"] == threads + 1
        assert doc["cpu"]["busy"] >= truth / os.cpu_count() * 0.9


@slow
@pytest.mark.parametrize("kind,key", [("read", "read"), ("write", "written")])
def test_disk_hog(headrace, tmp_path, kind, key):
    try:
        load = plant(kind, tmp_path / "storage", 32 * MIB)
    except AssertionError:
        pytest.skip("this file system has no O_DIRECT")
    with load:
        time.sleep(0.3)
        before = moved()
        doc = look(headrace, "8s")  # a piece is 0.4 % of what it moves meanwhile
        named_first(doc, key, load.pid, before, moved())
        log, t1 = log_of(load), doc["time_ns"]
        t0 = t1 - doc["span_ns"]
        truth = (at(log, t1) - at(log, t0)) / (t1 - t0) * 1e9
        near(row(doc, load.pid)[key], truth)
        assert sum(d[key] or 0 for d in doc["disks"]) >= truth * 0.95


def zombies():
    """As many as the test itself counts: others on this machine have theirs, and its init buries them when it likes."""
    n = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            n += open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            pass
    return n


def test_stopped_zombies_and_those_that_wait(headrace):
    before = look(headrace, "100ms")
    with plant("zombies", 800) as z, plant("stopped") as s, plant("waits") as w, plant("threads", 300) as t:
        counted, done = [zombies()], threading.Event()
        counting = threading.Thread(target=lambda: [counted.append(zombies()) for _ in iter(done.is_set, True)])
        counting.start()
        doc = look(headrace)
        done.set()
        counting.join()
        assert min(counted) * 0.98 <= doc["zombies"] <= max(counted) * 1.02 and min(counted) >= 800
        assert sum(p["parent"] == z.pid and p["state"] == "Z" for p in doc["processes"]) == 800
        assert row(doc, s.pid)["state"] == "T" and doc["stopped"] >= 1  # others stop and go on beside us
        assert row(doc, w.pid)["state"] == "D"
        assert row(doc, t.pid)["threads"] == 301
        stacks = doc["memory"]["parts"]["kernel-stacks"] - before["memory"]["parts"]["kernel-stacks"]
        assert stacks > 300 * 8192


# --- jobs ---

TRAIN = """
import ctypes, mmap, os, sys, time, multiprocessing as mp
name = lambda s: ctypes.CDLL(None).prctl(15, s.encode(), 0, 0, 0)
def worker(n, kind, path, started):
    name("pt_data_worker")
    own = bytearray(n)
    for i in range(0, n, 4096):
        own[i] = 1
    started.release()
    if kind == "cpu":
        while True:
            sum(range(100000))
    if kind == "disk":
        fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
        buf, size = mmap.mmap(-1, 1 << 20), os.fstat(fd).st_size >> 20
        while True:
            for k in range(size):
                os.preadv(fd, [buf], k << 20)
    while True:
        time.sleep(0.2)
if __name__ == "__main__":
    workers, size, kind, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    ctx = mp.get_context("fork")
    started = ctx.Semaphore(0)
    ps = [ctx.Process(target=worker, args=(size, kind, path, started), daemon=True) for _ in range(workers)]
    [p.start() for p in ps]
    [started.acquire() for p in ps]
    print("ready", os.getpid(), flush=True)
    while kind == "busy":
        sum(range(1000000))
    time.sleep(120)
"""


def train(tmp_path, workers, size=0, kind="sleep", path="-", script="train.py", env=None, wrap=()):
    (tmp_path / script).write_text(textwrap.dedent(TRAIN))
    return Planted([*wrap, sys.executable, tmp_path / script, workers, size, kind, path], env={**os.environ, **(env or {})})


def test_job_with_eight_workers_is_one_row(headrace, tmp_path):
    with train(tmp_path, 8) as twin:  # what a Python worker rewrites of its parent, without a load
        background = job(look(headrace), twin.pid)["memory"]
    with train(tmp_path, 8, 64 * MIB) as load:
        doc = look(headrace)
        j = job(doc, load.pid)
        assert (j["ranks"], j["workers"], j["processes"], j["orphans"], j["name"]) == (1, 8, 9, 0, "train.py")
        assert j["memory_how"] == "pss"
        near(j["memory"] - background, 8 * 64 * MIB)
        assert j["memory"] < 0.9 * sum(p["resident"] for p in doc["processes"] if p.get("job") is not None and p["parent"] in (load.pid, 0))


def test_workers_that_lost_their_parent_stay_one_job(headrace, tmp_path):
    with train(tmp_path, 4, 4 * MIB) as load:
        children = children_of(load.pid)
        try:
            os.kill(load.pid, signal.SIGKILL)
            load.p.wait()
            doc = look(headrace)
            orphans = [p for p in doc["processes"] if p["pid"] in children]
            if any(p["parent"] != 1 for p in orphans):
                pytest.skip("another process takes orphans here")
            assert len({p["job"] for p in orphans}) == 1
            assert doc["jobs"][orphans[0]["job"]]["orphans"] == 4
            assert "4 orphaned" in headrace("top", "--once", "-i", "200ms").out
        finally:
            for c in children:
                os.kill(c, signal.SIGKILL)


def test_ranks_of_a_launcher_and_their_gpu(headrace, tmp_path):
    (tmp_path / "torchrun").write_text(textwrap.dedent(f"""
        import os, subprocess, sys, time
        env = lambda r: {{**os.environ, "RANK": str(r), "LOCAL_RANK": str(r), "WORLD_SIZE": "2", "MASTER_PORT": "29511"}}
        ps = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=env(r)) for r in range(2)]
        print("ready", os.getpid(), flush=True)
        time.sleep(60)
        """))
    with Planted([sys.executable, tmp_path / "torchrun", "net.py"]) as load:
        children = children_of(load.pid)
        try:
            time.sleep(0.3)
            env = {"HEADRACE_NVML": str(FAKE), "FAKE_NVML_PID": str(children[1]), "FAKE_NVML_GPUS": "1"} if FAKE.exists() else {}
            doc = look(headrace, **env)
            j = job(doc, load.pid)
            assert (j["name"], j["ranks"], j["world"]) == ("net.py", 2, 2)
            assert sorted(p["rank"] for p in doc["processes"] if p.get("duty") == "rank" and p["pid"] in children) == [0, 1]
            if env:
                assert j["gpus"] == [0]
                near(j["vram"], 512 * MIB)
        finally:
            for c in children:
                os.kill(c, signal.SIGKILL)


@slow
def test_data_that_a_job_maps_is_its_cache(headrace, tmp_path):
    data = tmp_path / "data.arrow"
    with open(data, "wb") as f:
        f.write(os.urandom(MIB) * 128)
        os.fsync(f.fileno())
    (tmp_path / "train_mapped.py").write_text(textwrap.dedent("""
        import mmap, os, sys, time
        f = open(sys.argv[1], "rb")
        m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        f.close()
        sum(m[i] for i in range(0, len(m), 4096))
        print("ready", os.getpid(), flush=True)
        time.sleep(60)
        """))
    with Planted([sys.executable, tmp_path / "train_mapped.py", data]) as load:
        j = job(look(headrace), load.pid)
        near(j["cache"], 128 * MIB)
        assert j["memory"] < 64 * MIB  # the mapped file is the page cache's


def test_a_program_that_only_has_the_libraries_is_a_job(headrace, tmp_path):
    """Neither its name nor its environment says that it trains; what it has mapped does."""
    (tmp_path / "libtorch_cuda.so").write_bytes(b"\0" * MIB)
    (tmp_path / "notebook.py").write_text(textwrap.dedent(f"""
        import mmap, os, sys, time
        f = open({str(tmp_path / "libtorch_cuda.so")!r}, "rb")
        m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        x = bytearray(int(sys.argv[1]))
        for i in range(0, len(x), 4096): x[i] = 1
        print("ready", os.getpid(), flush=True)
        time.sleep(60)
        """))
    with Planted([sys.executable, tmp_path / "notebook.py", 0]) as bare:
        interpreter = sum(int(x.split()[1]) << 10 for x in open(f"/proc/{bare.pid}/smaps_rollup") if x.startswith("Pss_Anon:"))
    with Planted([sys.executable, tmp_path / "notebook.py", 256 * MIB]) as load:
        j = job(look(headrace), load.pid)
        assert (j["name"], j["ranks"]) == ("notebook.py", 1)
        near(j["memory"] - interpreter, 256 * MIB)


# --- the verdict ---


def why(headrace, name, busy, seconds=6):
    env = {"HEADRACE_NVML": str(FAKE), "FAKE_NVML_PROCESSES": "0", "FAKE_NVML_BUSY": str(busy), "FAKE_NVML_POWER": "250000"}
    return headrace("top", "--why", "--json", "--for", f"{seconds}s", "-i", "500ms", "--job", name, env=env).json()


def throttle(pid, path, rate):
    """Slow storage: the disk below `path` gives the process `rate` bytes a second.  False: that cannot be set here."""
    group = "/sys/fs/cgroup/blkio/headrace-truth"
    try:
        dev = os.stat(path).st_dev
        name = os.path.basename(os.path.realpath(f"/sys/dev/block/{os.major(dev)}:{os.minor(dev)}"))
        part = os.path.realpath(f"/sys/dev/block/{os.major(dev)}:{os.minor(dev)}")
        whole = part if not os.path.exists(f"{part}/partition") else os.path.dirname(part)
        number = open(f"{whole}/dev").read().strip()
        os.makedirs(group, exist_ok=True)
        open(f"{group}/blkio.throttle.read_bps_device", "w").write(f"{number} {rate}")
        for child in [pid, *children_of(pid)]:
            open(f"{group}/cgroup.procs", "w").write(str(child))
        return bool(name)
    except OSError:
        return False


@slow
@pytest.mark.skipif(not FAKE.exists(), reason="the stand-in library is not built")
def test_a_job_that_waits_for_slow_storage_is_starved(headrace, tmp_path):
    data = tmp_path / "data"
    with open(data, "wb") as f:
        f.write(os.urandom(MIB) * 64)
        os.fsync(f.fileno())
    with train(tmp_path, 4, kind="disk", path=str(data), script="train_slow.py") as load:
        if not throttle(load.pid, data, 4 * MIB):
            pytest.skip("no blkio throttling here")
        v = why(headrace, str(load.pid), 9)
        assert v["verdict"] == "disk", v
        assert any("wait for storage" in e for e in v["evidence"]) and "pack" in v["advice"]
        v = why(headrace, str(load.pid), 96)  # the same loaders, but the GPU has work all the time
        assert v["verdict"] == "compute", v


@slow
@pytest.mark.skipif(not FAKE.exists(), reason="the stand-in library is not built")
def test_a_busy_job_is_not_starved_and_its_worker_bound_twin_is(headrace, tmp_path):
    with train(tmp_path, 3, kind="cpu", script="train_decode.py") as load:
        v = why(headrace, str(load.pid), 95)
        assert v["verdict"] == "compute", v
        v = why(headrace, str(load.pid), 30)
        assert v["verdict"] == "cpu", v


def test_nothing_to_judge_is_said(headrace):
    v = headrace("top", "--why", "--json", "--for", "400ms", "-i", "200ms", "--job", "no-such-job").json()
    assert v["verdict"] == "cannot-tell" and v["because"]


@slow
@pytest.mark.skipif(not FAKE.exists(), reason="the stand-in library is not built")
def test_vram_of_the_only_job_is_estimated_under_wddm(headrace, tmp_path):
    if look(headrace, "100ms")["jobs"]:  # others run on this machine: again, where they are not seen
        apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.getpid() == 1 or os.geteuid() != 0 or subprocess.run([*apart, "true"], capture_output=True).returncode != 0:
            pytest.skip("another job runs on this machine")
        this = f"{__file__}::{test_vram_of_the_only_job_is_estimated_under_wddm.__name__}"
        ran = subprocess.run([*apart, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", this], capture_output=True, text=True)
        assert ran.returncode == 0 and "1 passed" in ran.stdout, ran.stdout
        return
    said = tmp_path / "said"
    said.write_text("FAKE_NVML_USED=1500\n")
    env = {**os.environ, "HEADRACE_NVML": str(FAKE), "FAKE_NVML": "wsl", "FAKE_NVML_FILE": str(said), "FAKE_NVML_PROCESSES": "0"}
    p = subprocess.Popen([BIN, "top", "--for", "7s", "--json", "-i", "250ms"], stdout=subprocess.PIPE, text=True, env=env)
    time.sleep(1.5)
    with train(tmp_path, 1):
        time.sleep(0.5)
        said.write_text("FAKE_NVML_USED=9500\n")
        doc = json.loads(p.communicate(timeout=60)[0])
    assert len(doc["jobs"]) == 1 and doc["jobs"][0]["vram_estimated"]
    near(doc["jobs"][0]["vram"], 8000 * MIB)

"""The forecast of when memory is full: leaks of known slope that really run into the limit of a memory cgroup, and loads that do not leak.
Simulated ones, of hours and of whole machines, are in tests/unit/test_fill.c and test_memory_forecast.c; `make truth` runs these."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from membox import MIB, MemBox, possible
from places import BIN

PLANT = BIN.parents[2] / "tests/plant"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.skipif(not possible() or not PLANT.exists(), reason="no memory cgroup can be made here")]
UNIT = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}


def seconds(text):
    return sum(float(n) * UNIT[u] for n, u in re.findall(r"([\d.]+) (ms|s|min|h)\b", text))


class Watched:
    """A watcher inside of the box, whose limit is then the wall that comes first, or outside; what it forecasts, as (time, likely, soon, late).
    The time is that of its look: how long it and this test wait for a CPU afterwards is none of the forecast's error."""

    def __init__(self, box, interval="500ms"):
        self.p = subprocess.Popen([BIN, "serve", "--port", "0", "-i", interval], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  preexec_fn=box and box.enter)
        self.url = self.p.stdout.readline().strip()
        assert self.url.startswith("http://")
        self.told, self.stop, self.broke = [], threading.Event(), None
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()

    def ask(self):
        try:
            self.watch()
        except Exception as e:  # who asks no more is not to be taken for a watcher that says nothing
            self.broke = e

    def watch(self):
        port = re.search(r":(\d+)/", self.url)[1]
        while not self.stop.wait(0.5):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=10) as r:
                    doc = json.load(r)
            except (OSError, http.client.HTTPException):
                continue
            for a in doc["alerts"]:
                # Words that stand until the alert is over say what was seen when they were new.
                if a["key"] == "memory-forecast" and (not self.told or self.told[-1][-1] != a["text"]):
                    m = re.search(r"(memory|limit) .* in about (.*?) \((.*?) to (.*?)\)", a["text"])
                    assert m, a["text"]
                    self.told.append((doc["t"] / 1000, *map(seconds, m.groups()[1:]), a["text"]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.p.terminate()
        try:
            self.p.wait(timeout=60)
        finally:
            self.p.kill()
        assert self.broke is None, self.broke


def leak_into(limit, rate, inside=True):
    """Lets it run until the kernel ends it: how far each forecast was off, as (seconds that were left, share)."""
    with MemBox(limit) as box, Watched(box if inside else None) as w:
        time.sleep(3)
        p = subprocess.Popen([PLANT, "leak", str(rate)], stdout=subprocess.PIPE, text=True, preexec_fn=box.enter)
        try:
            last = [line for line in p.stdout if line[0] != "r"][-1]  # its last step but the one that killed it; to take it all apart may last a second
            end = int(last.split()[0]) / 1e9
            assert p.wait(timeout=60) == -signal.SIGKILL
            assert box.kills() == 1 and w.p.poll() is None
        finally:
            p.kill()
        return [(end - at, (likely - (end - at)) / (end - at), soon, late, text) for at, likely, soon, late, text in w.told if at < end - 3]


@pytest.mark.parametrize("limit,rate", [(400 * MIB, 4 * MIB), (900 * MIB, 16 * MIB)])
def test_a_leak_ends_when_it_was_told(limit, rate, record_property):
    off = leak_into(limit, rate)
    assert len(off) >= 10, off
    assert max(left for left, *_ in off) > 0.3 * limit / rate  # it was told when there was still something to be done
    worst = max(off, key=lambda o: abs(o[1]))
    record_property("worst", worst)
    print(f"{len(off)} forecasts from {max(o[0] for o in off):.0f} s to {min(o[0] for o in off):.0f} s before the end: worst {worst[1]:+.1%}, "
          f"inside of their span {sum(s <= left <= e for left, _, s, e, _ in off) / len(off):.0%}")
    assert abs(worst[1]) <= 0.2, worst
    assert all("limit of" in o[4] for o in off)


LOADS = """
import subprocess, sys, time
held, kind = [], sys.argv[1]
while kind == "build":
    subprocess.Popen([sys.executable, __file__, "job"])
    time.sleep(7)
for _ in range(56 if kind == "job" else 0):
    held.append(bytearray(b"x") * (5 << 20))
    time.sleep(0.25)
if kind == "job":
    sys.exit()
if kind == "step":
    time.sleep(8)
    held = [bytearray(b"x") * (250 << 20)]
    time.sleep(60)
    sys.exit()
for epoch in range(6):
    for _ in range(48):
        held.append(bytearray(b"x") * (4 << 20))
        time.sleep(0.25)
    held.clear()
"""


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside-a-build"])
def test_a_leak_in_another_cgroup_is_told_outside(tmp_path, beside):
    """Also where a third cgroup with a limit has programs that grow faster all the time, as a build in a container does."""
    script = tmp_path / "load.py"
    script.write_text(LOADS)
    with MemBox(900 * MIB) if beside else contextlib.nullcontext() as third:
        build = beside and subprocess.Popen([sys.executable, script, "build"], preexec_fn=third.enter)
        try:
            time.sleep(25 if beside else 0)  # it is followed by then
            off = leak_into(400 * MIB, 4 * MIB, inside=False)
            assert not beside or build.poll() is None
        finally:
            if beside:
                build.kill()
                build.wait()
    other = [o for o in off if "the cgroup limit of 400 MiB around plant" in o[4]]
    assert len(other) >= 10 and max(o[0] for o in other) > 30, off
    worst = max(other, key=lambda o: abs(o[1]))
    assert abs(worst[1]) <= 0.2, worst


@pytest.mark.parametrize("kind", ["saw", "step"])
def test_what_does_not_leak_is_not_told(tmp_path, kind):
    """Epochs of 12 s that take and give back half of the box; one large step."""
    script = tmp_path / "load.py"
    script.write_text(LOADS)
    with MemBox(400 * MIB) as box, Watched(box) as w:
        assert subprocess.run([sys.executable, script, kind], preexec_fn=box.enter, timeout=300).returncode == 0
    assert [t for t in w.told if "limit of" in t[-1]] == []

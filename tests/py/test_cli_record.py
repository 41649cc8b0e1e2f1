"""headrace record, replay, postmortem: the black box, and what is left of it after any end."""

import concurrent.futures
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ref"))
import read_ring as ref  # noqa: E402
from places import BIN  # noqa: E402
from runs import until  # noqa: E402

KILLS = int(os.environ.get("HEADRACE_KILLS", "30"))
MOMENTS = (ref.WHOLE, ref.CHANGED)


def moments(path):
    return [f for f in ref.frames(pathlib.Path(path).read_bytes()) if f.kind in MOMENTS]


def wait_for(ring, n):
    until(lambda: ring.exists() and len(moments(ring)) >= n)


def recorded(binary, ring, n):
    """A recording of n moments, or a few more, that was ended in peace."""
    p = subprocess.Popen([binary, "record", "-q", "--file", ring, "--size", "1MiB", "--interval", "100ms"])
    try:
        wait_for(ring, n)
        p.send_signal(signal.SIGINT)
        p.wait(timeout=60)
    finally:
        p.kill()
        p.wait()
    return ring


def test_a_recording_is_what_a_reader_in_python_reads(headrace, tmp_path):
    begun = time.time_ns()
    ring = recorded(headrace.bin, tmp_path / "a.ring", 8)
    assert ring.stat().st_size == 1 << 20 and ring.stat().st_mode & 0o777 == 0o600
    frames = ref.frames(ring.read_bytes())
    by = {f.seq: f for f in frames}
    assert [f.seq for f in frames] == list(range(1, len(frames) + 1))
    assert frames[0].kind == ref.BEGIN and frames[-1].kind == ref.END
    told = [json.loads(line) for line in headrace("replay", ring, "--json").out.splitlines()]
    told = [t for t in told if "schema" in t]
    mine = [ref.head(ref.image(f, by)) for f in frames if f.kind in MOMENTS]
    assert len(told) == len(mine) >= 5
    for t, m, f in zip(told, mine, [f for f in frames if f.kind in MOMENTS]):
        assert t["seq"] == m["seq"] and m["wall"] == f.wall and begun <= m["wall"] <= time.time_ns()
    once = headrace("replay", ring, "--once", "--json").json()
    assert once["seq"] == mine[-1]["seq"]
    slots = [ref.means(f) for f in frames if f.kind == ref.TEN]
    assert slots and all(lo <= mean * 1.0001 + 1e-3 and mean <= hi * 1.0001 + 1e-3 for _, s, v in slots for lo, mean, hi in v.values())


def test_time_is_said_in_words(headrace, tmp_path):
    ring = recorded(headrace.bin, tmp_path / "a.ring", 8)  # of 700 ms at least
    assert len(headrace("replay", ring, "--from", "500ms").out.splitlines()) < len(headrace("replay", ring).out.splitlines())
    assert "is no time" in headrace("replay", ring, "--from", "soon", status=1).err
    assert headrace("replay", ring, "--to", "@5").out == ""
    last = moments(ring)[-1].wall // 10**9
    zone = {"TZ": "UTC"}
    for text, n in ((time.strftime("%H:%M:%S", time.gmtime(last)), 1), (time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(last)), 1),
                    (time.strftime("%Y-%m-%dT%H:%M", time.gmtime(last + 60)), 0)):
        out = [x for x in headrace("replay", ring, "--from", text, env=zone).out.splitlines() if " CPU " in x]
        assert bool(out) == bool(n) and all(x[:19] == time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(last)) for x in out), text


def test_ctrl_c_is_a_clean_end_and_two_recorders_are_one_too_many(headrace, tmp_path):
    ring = tmp_path / "a.ring"
    p = headrace.popen("record", "--file", ring, "--size", "1MiB", "--interval", "100ms", stderr=subprocess.DEVNULL)
    wait_for(ring, 2)
    assert "another headrace records" in headrace("record", "--file", ring, "--for", "1s", status=1).err
    assert headrace("postmortem", ring, "--json").json()["end"] == "goes-on"
    p.send_signal(signal.SIGINT)
    p.wait(timeout=60)
    told = headrace("postmortem", ring, "--json").json()
    assert told["end"] == "clean" and told["cause"] == "none"
    headrace("record", "--file", ring, "--interval", "100ms", "--for", "500ms")
    assert [f.kind for f in ref.frames(ring.read_bytes())].count(ref.BEGIN) == 2


def kill_once(binary, ring, seed):
    """One life of a recorder on the same file.  What was there before it was killed is there afterwards."""
    p = subprocess.Popen([binary, "record", "-q", "--file", ring, "--size", "1MiB", "--interval", "100ms"], stderr=subprocess.PIPE)
    time.sleep(random.Random(seed).uniform(0.0, 0.7))
    before = {f.seq: f.wall for f in moments(ring)} if ring.exists() else {}
    p.kill()
    killed = time.time_ns()
    err = p.communicate()[1].decode()
    assert p.returncode == -signal.SIGKILL, err
    if not ring.exists():
        return 0
    frames = ref.frames(ring.read_bytes())
    after = {f.seq: f.wall for f in frames if f.kind in MOMENTS}
    newest = max(before, default=0)
    assert newest == 0 or newest in after, "a moment that was there is lost"
    recent = [s for s in before if before[s] > killed - 60_000_000_000]
    assert all(s in after for s in recent[-20:])
    assert not after or max(after) >= newest
    return len(after)


def test_kill_at_any_moment_loses_nothing_that_was_recorded(headrace, tmp_path):
    def lives(worker):
        ring, told = tmp_path / f"{worker}.ring", 0
        for i in range(worker, KILLS, 6):
            kill_once(headrace.bin, ring, i)
            told += 1
            if ring.exists():
                assert headrace("replay", ring, "--once", status=None).status in (0, 1)
        return told
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lives, range(6))) == KILLS
    for ring in tmp_path.glob("*.ring"):
        assert ring.stat().st_size <= 1 << 20
        frames = ref.frames(ring.read_bytes())
        if any(f.kind in MOMENTS for f in frames):
            headrace("replay", ring)
            assert headrace("postmortem", ring, "--json").json()["end"] == "recorder-ended"


def test_a_recorder_that_ran_a_while_loses_less_than_two_seconds(headrace, tmp_path):
    """Where it got the CPU at all: of five times, once."""
    lost = []
    for i in range(5):
        ring = tmp_path / f"{i}.ring"
        p = headrace.popen("record", "-q", "--file", ring, "--size", "1MiB")
        wait_for(ring, 3)
        time.sleep(random.Random(i).uniform(0, 1))
        p.kill()
        killed = time.time_ns()
        p.wait()
        lost.append(killed - moments(ring)[-1].wall)
        if lost[-1] < 2_000_000_000:
            return
    raise AssertionError(lost)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return recorded(BIN, tmp_path_factory.mktemp("ring") / "whole.ring", 8).read_bytes()


def test_cut_or_flipped_it_opens_and_says_so(headrace, tmp_path, whole):
    rng, ring = random.Random(5), tmp_path / "bad.ring"
    n = len([f for f in ref.frames(whole) if f.kind in MOMENTS])
    used = max(f.off + 48 + len(f.payload) for f in ref.frames(whole) if f.kind in MOMENTS)
    for i in range(25):
        data = bytearray(whole)
        if i % 2:
            data = data[:rng.randrange(65536, used)]
        for _ in range(rng.randrange(4)):
            data[rng.randrange(36, len(data))] ^= 1 << rng.randrange(8)  # the head says what the length should be
        ring.write_bytes(data)
        good = [f for f in ref.frames(bytes(data)) if f.kind in MOMENTS]
        ran = headrace("replay", ring, "--json")
        told = [line for line in ran.out.splitlines() if '"schema"' in line]
        assert len(told) == len(good)
        if i % 2:
            assert "are missing" in ran.err
    assert n >= 8
    ring.write_bytes(whole[:20] + b"\xff" + whole[21:])
    assert headrace("replay", ring, "--json").out.count('"schema"') == n  # nothing is read by the head
    ring.write_bytes(b"")
    assert headrace("replay", ring).out == ""
    ring.write_bytes(b"a diary\n" * 99)
    assert "is no recording" in headrace("replay", ring, status=1).err
    assert "is no recording" in headrace("record", "--file", ring, "--for", "1s", status=1).err
    assert ring.read_bytes() == b"a diary\n" * 99


HOG = """
import time
held = []
for _ in range(12):
    held.append(bytearray(b"x") * (25 << 20))
    time.sleep(0.1)
time.sleep(300)
"""


def test_postmortem_names_who_grew(headrace, tmp_path):
    ring, hog_py = tmp_path / "a.ring", tmp_path / "hog_that_grows.py"
    hog_py.write_text(HOG)
    p = headrace.popen("record", "-q", "--file", ring, "--size", "8MiB", "--interval", "200ms")  # the first moment is kept that long
    wait_for(ring, 2)
    hog = subprocess.Popen([sys.executable, hog_py])
    mine, end = [], time.monotonic() + 100
    try:
        while (not mine or mine[0]["is"] < 300 << 20) and time.monotonic() < end:  # a recorder walks over processes every 5 to 20 s
            time.sleep(1)
            mine = [g for g in headrace("postmortem", ring, "--json").json()["grew"] if g["pid"] == hog.pid]
        time.sleep(0.5)
        p.kill()
        p.wait()
    finally:
        hog.kill()
        hog.wait()
    told = headrace("postmortem", ring, "--json").json()
    assert told["end"] == "recorder-ended"
    mine = [g for g in told["grew"] if g["pid"] == hog.pid]
    assert mine and "hog_that_grows.py" in mine[0]["name"]
    assert 290 << 20 <= mine[0]["is"] - mine[0]["was"] <= 340 << 20
    assert told["cause"] in ("unknown", "oom-kill", "memory") and told["evidence"]
    text = headrace("postmortem", ring, env={"LC_ALL": "C.UTF-8"}).out
    assert "hog_that_grows.py" in text and "100 % |" in text


QUIET = """
import sys, time
print("ready", flush=True)
sys.stdin.readline()
own = bytearray(300 << 20)
for i in range(0, len(own), 4096):
    own[i] = 1
print("grown", flush=True)
time.sleep(300)
"""


def test_one_that_was_quiet_for_long_is_named_as_soon_as_it_grows(headrace, tmp_path):
    """It is read every twenty seconds at most as long as nothing moves; the machine's own memory gives it away."""
    ring, hog_py = tmp_path / "a.ring", tmp_path / "hog_that_was_quiet.py"
    hog_py.write_text(QUIET)
    hog = subprocess.Popen([sys.executable, hog_py], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert hog.stdout.readline() == "ready\n"
        p = headrace.popen("record", "-q", "--file", ring, "--size", "8MiB", "--interval", "200ms")
        wait_for(ring, 12)
        hog.stdin.write("\n")
        hog.stdin.flush()
        assert hog.stdout.readline() == "grown\n"
        end, mine = time.monotonic() + 60, []
        while not mine and time.monotonic() < end:  # at once, where no other process of this machine grows as well
            time.sleep(0.4)
            mine = [g for g in headrace("postmortem", ring, "--json").json()["grew"] if g["pid"] == hog.pid]
        p.kill()
        p.wait()
    finally:
        hog.kill()
        hog.wait()
    assert mine and "hog_that_was_quiet.py" in mine[0]["name"]
    assert 290 << 20 <= mine[0]["is"] - mine[0]["was"] <= 340 << 20


def test_a_terminal_gets_the_live_view_and_moves_through_time(headrace, tmp_path):
    from test_cli_top_live import Screen
    ring = recorded(headrace.bin, tmp_path / "a.ring", 50)
    s = Screen(headrace.bin, str(ring), command="replay")
    s.until(b"replay of a.ring")
    s.send(b"+++\x1b[D\x1b[D\x1b[D")
    s.until(b"before its end")
    s.send(b"q")
    assert s.finish() == 0
    s.left_clean()


def test_no_recording_is_said(headrace, tmp_path):
    for command in ("replay", "postmortem"):
        ran = headrace(command, status=1, env={"XDG_STATE_HOME": str(tmp_path)})
        assert "no recording yet" in ran.err and "record.ring" in ran.err and ran.out == ""

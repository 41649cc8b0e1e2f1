"""Going back in time: in the live view, in a recorder's file behind it, and in replay; who held memory at that moment."""

import os
import struct
import subprocess
import sys
import time
import zlib

import pytest
import vt
from apart import Apart
from test_cli_record import moments
from test_cli_top_live import Screen

W, H = 120, 40


def wait_for(ring, n, after=0, seconds=30):
    """So many moments, the last of them later than that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen = moments(ring) if ring.exists() else []
        if len(seen) >= n and seen[-1].wall > after:
            return
        time.sleep(0.1)
    raise AssertionError("no moment was recorded")


ALONE = ("--filter", "hog_of_the_night")  # however many larger ones this machine has: the table shows what fits on the screen
HOG = "import time; held = bytearray(b'x') * (200 << 20); print('held', flush=True); time.sleep(300)"


class View(Screen):
    """The same, with its screen."""

    def rows(self):
        self.read(0.15)
        return vt.screen(self.seen, W, H)

    def alerts(self, key, end):
        """Goes from alert to alert until the view says that there are no more: the rows at each.  This machine may have some of its own."""
        told, until = [], time.monotonic() + 60
        while time.monotonic() < until:
            self.send(key)
            self.read(0.5)
            rows = self.rows()
            if any(end in r for r in rows):
                return told
            told.append(rows)
        raise AssertionError((end, told[-1]))

    def shows(self, what, seconds=40):
        end = time.monotonic() + seconds
        while True:
            rows = self.rows()
            hit = [r for r in rows if what in r]
            if hit:
                return hit[0]
            assert time.monotonic() < end and self.proc.poll() is None, "\n".join([what, *rows])

    def lacks(self, what, seconds=40):
        end = time.monotonic() + seconds
        while any(what in r for r in self.rows()):
            assert time.monotonic() < end, (what, self.rows())


@pytest.fixture
def hog(tmp_path):
    script = tmp_path / "hog_of_the_night.py"
    script.write_text(HOG)
    p = Apart([sys.executable, script], stdout=subprocess.PIPE)
    p.stdout.readline()
    yield p
    p.kill()
    p.wait()


@pytest.fixture
def view(headrace):
    opened = []

    def start(*args, **kw):
        opened.append(View(headrace.bin, *args, **kw))
        return opened[-1]

    yield start
    for s in opened:
        s.close()


def test_the_live_view_tells_who_held_memory(view, hog, tmp_path):
    s = view("--sort", "memory", *ALONE, env={"XDG_STATE_HOME": str(tmp_path)})
    s.shows(f" {hog.pid} ")
    s.read(2)
    hog.kill()
    hog.wait()
    s.lacks(f" {hog.pid} ")
    s.send(b"g")  # where the past begins
    row = s.shows(f" {hog.pid} ")
    assert "MiB" in row and 200 <= float(row.split("MiB")[0].split()[-1]) <= 230, row
    rows = s.rows()
    assert " ago" in rows[0] and "kept by this view" in rows[1] and rows[1].split()[0].count(":") == 2, rows[:2]
    s.send(b"n")
    assert f" {hog.pid} " in s.shows(f" {hog.pid} ")
    s.send(b"w")
    s.shows("no alert is kept from before")
    s.send(b"\x1b[F")  # End: live again
    s.lacks("kept by this view")
    s.lacks(f" {hog.pid} ")
    s.send(b" ")
    s.shows("kept by this view")
    clock = s.rows()[0].split()[1]
    s.read(1.5)
    assert s.rows()[0].split()[1] == clock, "a stopped view goes on"
    s.send(b" ")
    s.lacks("kept by this view")
    s.send(b"q")
    assert s.finish() == 0


def test_an_alert_is_gone_to(view, tmp_path):
    s = view("--warn", "1MiB", env={"XDG_STATE_HOME": str(tmp_path)})
    s.shows("over the warn mark")
    s.read(4)
    s.send(b"w")
    s.shows("kept by this view")
    rows = s.rows()
    told = [rows, *s.alerts(b"w", "no alert is kept from before")]
    assert any("over the warn mark" in r[2] for r in told) and " ago" in rows[0], told
    s.alerts(b"W", "no alert began later")
    s.send(b"gq")
    assert s.finish() == 0


def test_behind_it_stands_the_recorder_that_runs(view, headrace, hog, tmp_path):
    env = {"XDG_STATE_HOME": str(tmp_path)}
    recorder = headrace.popen("record", "-q", env=dict(os.environ, **env), stderr=subprocess.DEVNULL)
    try:
        wait_for(tmp_path / "headrace/record.ring", 2)
        hog.kill()
        hog.wait()
        time.sleep(1.5)
        s = view("--sort", "memory", *ALONE, env=env)
        s.shows("processes")
        assert not any(f" {hog.pid} " in r for r in s.rows())
        s.send(b"{")  # an hour back: where it begins
        s.shows("from the recorder's file")
        s.shows(f" {hog.pid} ")
        s.send(b"G")
        s.lacks(f" {hog.pid} ")
        s.send(b"q")
        assert s.finish() == 0
    finally:
        recorder.terminate()
        recorder.wait()


def test_at_prints_that_moment(headrace, hog, tmp_path):
    ring = tmp_path / "a.ring"
    recorder = headrace.popen("record", "-q", "--file", ring, "--size", "1MiB", "--interval", "500ms", stderr=subprocess.DEVNULL)
    wait_for(ring, 4)
    hog.kill()
    hog.wait()
    gone = time.time_ns()
    wait_for(ring, 4, after=gone + 2_000_000_000)
    recorder.terminate()
    recorder.wait()
    last = headrace("replay", ring, "--once", "--json").json()
    back = f"-{last['time_ns'] - gone + 200_000_000}ns"
    then = headrace("replay", ring, "--json", "--at", back).json()
    assert gone - 30e9 < then["time_ns"] <= gone - 2e8
    assert hog.pid in [p["pid"] for p in then["processes"]]
    assert str(hog.pid) in headrace("replay", ring, "--once", "--at", back, "--rows", "64").out
    assert "is no time" in headrace("replay", ring, "--at", "soon", status=1).err
    # Another moment than the one asked for is told.
    for at, says in ((f"@{gone // 10**9 - 86400}", "the recording begins at "), (f"@{last['time_ns'] // 10**9 + 3600}", "the recording ends at ")):
        ran = headrace("replay", ring, "--json", "--at", at)
        assert says in ran.err and ran.json()["time_ns"] > 0
    assert headrace("replay", ring, "--json", "--at", back).err == "" and headrace("replay", ring, "--once").err == ""


def frame(kind, seq, wall, payload):
    body = struct.pack("<IB3xQQQII", len(payload), kind, seq, wall, 0, 0, 0) + payload
    out = b"HRF1" + struct.pack("<I", zlib.crc32(body)) + body
    return out + bytes(-len(out) % 8)


def means(begun, seconds, values):
    bits = bytearray(10)
    for s in values:
        bits[s // 8] |= 1 << s % 8
    return struct.pack("<QHH", begun, seconds, 73) + bytes(bits) + b"".join(struct.pack("<3f", v * 0.5, v, v * 1.5) for _, v in sorted(values.items()))


@pytest.fixture
def month_old(headrace, tmp_path):
    """A recording of a minute, before which a month of minutes and a day of tens stand."""
    ring = tmp_path / "old.ring"
    headrace("record", "-q", "--file", ring, "--size", "4MiB", "--interval", "100ms", "--for", "700ms")
    data = bytearray(ring.read_bytes())
    begin = min(struct.unpack_from("<Q", data, at + 24)[0] for at in range(65536, 2 << 20, 8) if data[at:at + 4] == b"HRF1")
    blocks = len(data) // 65536 - 1
    fine = blocks * 5 // 8
    ten = (blocks - fine) // 2
    end = begin // 60_000_000_000 * 60_000_000_000

    def lay(first, n, kind, seconds, number):
        at, room, step = (1 + first) * 65536, n * 65536, seconds * 1_000_000_000
        k = min(room // 240, number)
        for i in range(k):
            wall = end - (k - i) * step
            one = frame(kind, 1, wall, means(wall, seconds, {0: 20.0 + i % 50, 3: 3e9, 4: 5e9, 5: 2e9, 6: 1e8, 7: 1e9, 8: 2e8, 22: 1.5e9}))
            one = bytearray(one)
            if at % 65536 + len(one) > 65536:
                at = (at // 65536 + 1) * 65536
            if at + len(one) > (1 + first + n) * 65536:
                break
            data[at:at + len(one)] = one
            at += len(one)
        return k

    # numbers must grow with time: the looks come last, so theirs are raised
    for at in range(65536, (1 + fine) * 65536, 8):
        if data[at:at + 4] == b"HRF1":
            n = struct.unpack_from("<I", data, at + 8)[0]
            for off in (16, 32):
                v = struct.unpack_from("<Q", data, at + off)[0]
                if v:
                    struct.pack_into("<Q", data, at + off, v + 10**6)
            struct.pack_into("<I", data, at + 4, zlib.crc32(data[at + 8:at + 48 + n]))
    lay(fine, ten, 3, 10, 360)
    lay(fine + ten, blocks - fine - ten, 4, 60, 3000)
    seq = 1
    for at in range((1 + fine) * 65536, len(data), 8):
        if data[at:at + 4] == b"HRF1":
            n = struct.unpack_from("<I", data, at + 8)[0]
            struct.pack_into("<Q", data, at + 16, seq)
            struct.pack_into("<I", data, at + 4, zlib.crc32(data[at + 8:at + 48 + n]))
            seq += 1
    ring.write_bytes(data)
    return ring, end


def test_the_coarse_tiers_are_walked_through(view, headrace, month_old):
    ring, end = month_old
    tens = headrace("replay", ring, "--json", "--at", f"@{end / 1e9 - 95:.0f}").json()
    assert tens["means_of_seconds"] == 10 and end - tens["time_ns"] == 100_000_000_000
    day = headrace("replay", ring, "--json", "--at", f"@{end / 1e9 - 86400:.0f}").json()
    assert day["means_of_seconds"] == 60 and end - day["time_ns"] == 86400 * 10**9
    memory = day["memory"]
    assert abs(memory["total"] - 8e9) < 1e3 and sum(v for v in memory["parts"].values() if isinstance(v, int)) == memory["total"]
    assert "means of 60 s" in headrace("replay", ring, "--once", "--at", f"@{end / 1e9 - 86400:.0f}").out
    s = view(str(ring), "--at", f"@{end / 1e9 - 7200:.0f}", command="replay")
    s.shows("means of 60 s")
    s.shows("all jobs together held 1.40 GiB")
    for _ in range(3):
        s.send(b"{")
        s.read(0.2)
    assert "5 h" in s.shows("before its end")
    s.send(b"G")
    s.shows("processes")
    s.lacks("means of 60 s")
    s.send(b"q")
    assert s.finish() == 0

"""Marks on the memory that is used: a planted load crosses them, and what was said beforehand is done, once."""
import ctypes
import json
import mmap
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest
import membox
from membox import MIB, MemBox
from runs import until
from test_cli_record import moments
from test_cli_top_live import screen  # noqa: F401

LIMIT = 512 * MIB
# Holds what it is told to, a line each.
HOG = """
import mmap, sys
held = []
def hold(mib):
    while len(held) * 2 > mib:
        held.pop().close()
    while len(held) * 2 < mib:
        held.append(mmap.mmap(-1, 2 << 20))
        held[-1].write(b"x" * (2 << 20))
for line in sys.stdin:
    hold(int(line))
    print("held", flush=True)
"""


def hook(path, told):
    path.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >>{told}\necho >>{told}\n')
    path.chmod(0o755)
    return path


def in_the_box(box, *words, stdout=subprocess.PIPE, **kw):
    return subprocess.Popen(words, preexec_fn=box.enter, stdout=stdout, stderr=subprocess.PIPE, text=True, **kw)


def looks(p):
    """How often a process has read: it goes up with each look."""
    return int(re.search(r"^syscr: (\d+)", pathlib.Path(f"/proc/{p.pid}/io").read_text(), re.M)[1])


@pytest.mark.skipif(not membox.possible(), reason="no memory cgroup can be made here")
def test_a_load_that_crosses_the_marks(headrace, tmp_path):
    """In a memory cgroup, so that the marks are of its limit; watched by lines, by JSON and by a recorder at once.  The load goes on
    when what it did was seen: all of it must be over before the two that look for a fixed time end."""
    marks = ("--warn", "40%", "--act", "60%", "-i", "200ms")
    ring = tmp_path / "ring"
    names = ("lines", "json", "record")
    told = {n: tmp_path / f"told-{n}" for n in names}
    act = {n: ("--on-act", str(hook(tmp_path / f"act-{n}", told[n]))) for n in names}
    with MemBox(LIMIT, sample=False) as box:
        hog = in_the_box(box, sys.executable, "-u", "-c", HOG, stdin=subprocess.PIPE)

        def hold(mib):
            hog.stdin.write(f"{mib}\n")
            hog.stdin.flush()
            assert hog.stdout.readline() == "held\n"

        hold(40)
        lines = tmp_path / "lines"
        ran = {"lines": in_the_box(box, headrace.bin, "top", "--for", "16s", *marks, *act["lines"], stdout=lines.open("w")),
               "json": in_the_box(box, headrace.bin, "top", "--for", "16s", "--json", *marks, *act["json"]),
               "record": in_the_box(box, headrace.bin, "record", "--file", ring, "--size", "4MiB", *marks, *act["record"])}
        until(lambda: lines.read_text().count("\n") >= 3)  # one for each look
        until(lambda: ring.exists() and len(moments(ring)) >= 3)
        for _ in range(3):  # the JSON comes at the end
            before = looks(ran["json"])
            until(lambda: looks(ran["json"]) > before + 10)  # noqa: B023
            time.sleep(0.2)
        hold(230)
        until(lambda: "alert begins: memory-warn" in lines.read_text())
        hold(330)
        until(lambda: all(t.exists() and t.read_text().endswith("\n") for t in told.values()))
        for i in range(8):  # it trembles above the act mark, by less than a twentieth
            hold(330 - 8 * (i % 2))
            time.sleep(0.3)
        out = {n: ran[n].communicate(timeout=60) for n in ("lines", "json")}
        out["lines"] = lines.read_text(), out["lines"][1]
        ran["record"].send_signal(signal.SIGINT)
        out["record"] = ran["record"].communicate(timeout=60)
        hog.kill()
        hog.communicate()
        assert all(p.returncode == 0 for p in ran.values()), out
        assert box.kills() == 0
    for n in names:
        lines = told[n].read_text().splitlines()
        assert len(lines) == 1, (n, lines)  # once, however often it trembled
        assert re.match(r"begin\|memory-act\|bad\|memory is over the act mark of 307 MiB: 3\d\d MiB used in this cgroup\.", lines[0]), lines
        assert re.search(r"marks: warn at 205 MiB, act at 307 MiB of 512 MiB of this cgroup \(now [\d.]+ MiB used\): act runs ", out[n][1]), out[n][1]
    begun = re.findall(r"s  alert begins: (memory-\w+):", out["lines"][0])
    assert [k for k in begun if k in ("memory-warn", "memory-act")] == ["memory-warn", "memory-act"]
    assert out["lines"][0].count("s  act was done (1 time): exit status 0\n") == 1
    assert re.search(r"\nalert memory-act, for .*\n  \S+  used of this cgroup \d", out["lines"][0])
    doc = json.loads(out["json"][0])
    assert doc["marks"]["of"] == "cgroup" and doc["marks"]["whole"] == LIMIT
    assert doc["marks"]["act"]["at"] == LIMIT * 60 // 100 and doc["marks"]["act"]["times"] == 1
    alert = next(a for a in doc["alerts"] if a["key"] == "memory-act")
    curve = alert["curve"]
    assert curve["metric"] == "cgroup-used" and curve["unit"] == "bytes"
    assert len(curve["times"]) == len(curve["low"]) == len(curve["high"]) >= 2
    known = [v for v in curve["high"] if v is not None]
    assert 325 * MIB < max(known) < 420 * MIB and min(v for v in curve["low"] if v is not None) < 130 * MIB  # also from before it began
    assert curve["times"][0] < alert["since"] <= curve["times"][-1] + curve["step_ms"]
    # The recording shows that they were crossed, and the alerts that were on when it ended.
    lines = headrace("replay", ring).out
    assert re.search(r"note: marks: warn at 205 MiB, act at 307 MiB", lines)
    assert re.search(r"note: memory-warn: memory is over the warn mark.*At 307 MiB act runs ", lines)
    assert re.search(r"note: memory-act: memory is over the act mark of 307 MiB", lines)
    post = headrace("postmortem", ring, "--json").json()
    alert = next(a for a in post["alerts"] if a["key"] == "memory-act")
    known = [v for v in alert["curve"]["high"] if v is not None]
    assert 325 * MIB < max(known) < 420 * MIB
    text = headrace("postmortem", ring).out
    assert re.search(r"alerts that were on at the end\n(.*\n)*?  memory-act, for .*\n    \S+  used of this cgroup \d", text)


def resident(path):
    """Pages of a file that are in memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    size = os.path.getsize(path)
    with open(path, "rb") as f, mmap.mmap(f.fileno(), size, prot=mmap.PROT_READ | mmap.PROT_WRITE, flags=mmap.MAP_PRIVATE) as m:
        at = ctypes.addressof(ctypes.c_char.from_buffer(m))
        there = (ctypes.c_ubyte * ((size + 4095) // 4096))()
        assert libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(size), there) == 0
        return sum(b & 1 for b in there)


def test_drop_caches(headrace, tmp_path):
    """It is what headrace run does at its own marks: large files that programs have open for reading alone."""
    path = tmp_path / "data"
    with open(path, "wb") as f:
        f.write(os.urandom(1 << 20) * 24)
        f.flush()
        os.fsync(f.fileno())
    with open(path, "rb") as f:
        while f.read(1 << 20):
            pass
        before = resident(path)
        if before < 24 * 256:
            pytest.skip("the file system under the temporary folder keeps no page cache")
        ran = headrace("top", "--once", "-i", "200ms", "--act", "1MiB", "--on-act", "drop-caches")
        assert "act drops page cache of large files" in ran.err
        assert "alert memory-act" in ran.out
        assert resident(path) < before // 10


@pytest.mark.parametrize("args,why", [
    (("--warn", "14GiB", "--act", "12GiB"), "--warn (14.0 GiB) must lie below --act (12.0 GiB)"),
    (("--on-act", "/bin/true"), "it needs --act"),
    (("--act", "12GiB", "--on-act", "/no/such/program"), "'/no/such/program' cannot be run"),
    (("--act", "12GiB", "--on-act", "kill -9 1"), "cannot be run"),
    (("--warn", "101%"), "--warn: "),
    (("--warn", "much"), "--warn: "),
])
@pytest.mark.parametrize("command", ["top", "record", "serve"])
def test_what_cannot_be(headrace, tmp_path, command, args, why):
    more = {"top": ("--once",), "record": ("--file", tmp_path / "r", "--size", "1MiB", "--for", "1s"), "serve": ("--port", "0", "--for", "1s")}[command]
    ran = headrace(command, *more, *args, status=2)
    assert why in ran.err
    assert command != "record" or not (tmp_path / "r").exists()


def test_without_marks_nothing_is_said(headrace):
    ran = headrace("top", "--once", "--json", "-i", "200ms")
    assert "marks" not in ran.err and ran.json()["marks"] is None
    assert headrace("top", "--once", "--json", "-i", "200ms", "--warn", "none").json()["marks"] is None


def test_on_the_screen(screen, tmp_path):  # noqa: F811
    """What act does is on the screen before it is done; `a` shows the alert with its curve."""
    told = tmp_path / "told"
    s = screen("--interval", "200ms", "--warn", "1MiB", "--act", "2MiB", "--on-act", str(hook(tmp_path / "h", told)), size=(160, 45))
    s.until(rb"act 2.00 MiB: runs /")
    s.until(rb"memory is over the act mark of 2.00 MiB")
    s.send(b"a")
    s.until(rb"memory-act,")
    until(lambda: told.exists() and told.read_text().endswith("\n"))
    s.read(1)  # and not once more
    s.send(b"x")
    s.send(b"q")
    assert s.finish() == 0
    s.left_clean()
    assert len(told.read_text().splitlines()) == 1

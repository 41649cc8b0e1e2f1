"""What the tests of running programs share: where headrace leaves its logs, and what comes from a terminal."""

import json
import os
import sys
import time

MIB = 1 << 20


# For the jobs: what is told of them until now, and a wait for it.  How soon a look comes is the scheduler's.
SEEN = """
import glob, os, time
def told(name):
    found = glob.glob(os.environ["XDG_STATE_HOME"] + "/headrace/run/*/" + name)
    return open(found[0]).read() if found else ""
def timeline():
    return told("timeline.jsonl")
def curve(name="curve.csv"):
    whole = told(name).split("\\n")[1:-1]
    return [[float(v) if v else None for v in line.split(",")] for line in whole] or [[-1]]
def seen(what):
    end = time.monotonic() + 60
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
"""


def environment(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONDONTWRITEBYTECODE": "1"}


def script(folder, name, text):
    p = folder / name
    p.write_text(text)
    return [sys.executable, "-u", str(p)]


def report(tmp_path):
    return json.loads(newest(tmp_path, "report.json").read_text())


def newest(tmp_path, name):
    return sorted((tmp_path / "state/headrace/run").glob(f"*/{name}"))[-1]


def events(tmp_path):
    return [json.loads(line) for line in newest(tmp_path, "timeline.jsonl").read_text().splitlines()]


def until(what, seconds=60):
    """Waits for what is bound to come, however busy this machine is."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def catches(pid, sig):
    """Has the process got as far as handling this signal?"""
    with open(f"/proc/{pid}/status") as f:
        return any(line.startswith("SigCgt:") and int(line.split()[1], 16) >> (sig - 1) & 1 for line in f)


def piece_of(fd):
    """What a terminal gives next; b"" at its end, which Linux tells as an error."""
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""

"""headrace top as a report: every captured machine, memory that adds up, graphics cards that hang, vanish and are many."""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import pytest
from apart import Apart
from places import BIN, ROOT

FAKE = BIN.parents[2] / "tests/fake"
ROOTS = sorted((ROOT / "tests/roots").glob("*.root"))
EXPAND = BIN.parents[2] / "tests/expand_root"


def parts_of(doc):
    return {k: v for k, v in doc["memory"]["parts"].items() if not k.endswith("_unknown") and v is not None}


def unknowns(doc, path=""):
    """Every member that is null must say why, unless it is one that may be empty."""
    may_be_empty = {"gpus_say", "command", "cpu", "workers_cpu", "each"}
    for k, v in doc.items() if isinstance(doc, dict) else enumerate(doc) if isinstance(doc, list) else ():
        if v is None and isinstance(doc, dict) and k not in may_be_empty:
            assert doc.get(f"{k}_unknown"), f"{path}.{k} is null without a reason"
        unknowns(v, f"{path}.{k}")


@pytest.fixture(scope="session")
def captured(tmp_path_factory):
    if not EXPAND.exists():
        pytest.skip("expand_root is not built")
    base = tmp_path_factory.mktemp("roots")
    out = {}
    for r in ROOTS:
        subprocess.run([EXPAND, r, base / r.stem], check=True)
        out[r.stem] = base / r.stem
    return out


@pytest.mark.parametrize("name", [r.stem for r in ROOTS])
def test_every_captured_machine(headrace, captured, name):
    doc = headrace("top", "--once", "--json", "--root", captured[name]).json()
    assert doc["captured"] and doc["schema"] == "headrace-top/1"
    unknowns(doc)
    total = doc["memory"]["total"]
    assert total and sum(parts_of(doc).values()) == total + doc["memory"]["overlap"]
    assert doc["cpu"]["busy"] is None and doc["cpu"]["busy_unknown"]
    text = headrace("top", "--once", "--root", captured[name]).out
    assert "not known" in text and "memory" in text
    meminfo = (captured[name] / "proc/meminfo").read_text()
    if "MemAvailable" not in meminfo:
        assert doc["memory"]["available"] is None and "MemAvailable" in text


def test_captured_gpus_are_told(headrace, captured):
    doc = headrace("top", "--once", "--json", "--root", captured["linux-8xh100"]).json()
    assert len(doc["gpus"]) == 8 and doc["gpus"][7]["busy"] == 97
    text = headrace("top", "--once", "--root", captured["linux-8xh100"]).out
    assert "  up 50 d 0 h" in text and "– busy of 224 CPUs;" in text
    assert doc["gpus"][0]["slowed_by"] == "power cap"
    doc = headrace("top", "--once", "--json", "--root", captured["wsl2-6.18-5070ti"]).json()
    assert doc["memory"]["windows_held"] is None and "vmmemWSL" in doc["memory"]["windows_held_unknown"]


def test_memory_adds_up_here(headrace):
    doc = headrace("top", "--once", "--json", "-i", "200ms").json()
    unknowns(doc)
    total = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read())[1]) * 1024
    assert doc["memory"]["total"] == total
    assert sum(parts_of(doc).values()) == total + doc["memory"]["overlap"]
    assert doc["memory"]["parts"]["other"] < total / 5
    assert doc["cpu"]["busy"] is not None and doc["span_ns"] > 1e8
    assert any(p["pid"] == 1 for p in doc["processes"])


def test_lines_and_then_the_report(headrace):
    out = headrace("top", "--for", "3s", "-i", "200ms").out.splitlines()  # so long that a machine that stands still for a while gives some lines
    lines = [x for x in out if re.match(r"\s*[\d.]+ s  CPU", x)]
    assert len(lines) >= 3 and any(x.startswith("headrace top") for x in out)


def caught(pid):
    """The signals that it has a handler for, as bits."""
    return int(re.search(r"SigCgt:\s+(\w+)", open(f"/proc/{pid}/status").read())[1], 16)


@pytest.mark.parametrize("args", [("--for", "60s"), ("--why",), ("--once",)])
def test_ctrl_c_ends_it_at_once(headrace, args):
    p = headrace.popen("top", *args, "-i", "20s", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    end = time.monotonic() + 20
    while not caught(p.pid) >> (signal.SIGINT - 1) & 1:
        assert time.monotonic() < end and p.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)  # it may already wait for its next look
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=15)  # and not the 20 s until that
    assert p.returncode == -signal.SIGINT and b"interrupted" in err and out == b""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can have a process of somebody else")
def test_what_others_read_is_not_told_and_why(headrace):
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with tempfile.TemporaryDirectory() as d:
            os.chmod(d, 0o755)
            shutil.copy(headrace.bin, d)
            out = subprocess.run([d + "/headrace", "top", "--once", "-i", "300ms", "-n", "64"], user=65534, group=65534, extra_groups=[],
                                 cwd="/", capture_output=True, text=True, timeout=60).stdout
    finally:
        busy.kill()
        busy.wait()
    row = next(x for x in out.splitlines() if x.split()[:1] == [str(busy.pid)])
    assert "/s" not in row and row.count("–") >= 2
    assert "what processes read and write: only its owner and root may look" in out


# --- graphics cards that are no use ---

needs_fake = pytest.mark.skipif(not (FAKE / "fake_nvml.so").exists(), reason="the stand-in libraries are not built")


def top(headrace, *args, **env):
    return headrace("top", "--once", "--json", "-i", "200ms", *args, env={"HEADRACE_NVML": str(FAKE / "fake_nvml.so"), **env})


@needs_fake
def test_eight_gpus(headrace):
    doc = top(headrace, FAKE_NVML_GPUS="8", FAKE_NVML_BUSY="42").json()
    assert [g["busy"] for g in doc["gpus"]] == [42] * 8
    assert len({g["uuid"] for g in doc["gpus"]}) == 8
    assert doc["gpus"][0]["processes"][0]["vram"] == 512 << 20


@needs_fake
@pytest.mark.parametrize("mode,why", [("unsupported", "support"), ("ones", "not available"), ("lost", "")])
def test_figures_that_the_driver_does_not_have(headrace, mode, why):
    doc = top(headrace, FAKE_NVML=mode).json()
    g = doc["gpus"][0]
    for key in ("busy", "used", "milliwatts", "celsius", "throttle"):
        assert g[key] is None and why in g[f"{key}_unknown"]
    unknowns(doc)


@needs_fake
def test_a_driver_that_hangs_holds_up_nothing(headrace):
    begun = time.monotonic()
    doc = top(headrace, FAKE_NVML="hang").json()
    assert time.monotonic() - begun < 30  # and not for ever
    assert doc["gpus"] == [] and "has not answered" in doc["gpus_say"]
    assert doc["cpu"]["busy"] is not None


def follow(headrace, tmp_path, seconds, change, **env):
    """`top --for` while the driver's behaviour is changed once a figure of it has been seen: the lines with their times, and the report."""
    f = tmp_path / "fake"
    f.write_text("FAKE_NVML_BUSY=50\n")
    e = {**os.environ, "HEADRACE_NVML": str(FAKE / "fake_nvml.so"), "FAKE_NVML_FILE": str(f), **env}
    p = subprocess.Popen([headrace.bin, "top", "--for", f"{seconds}s", "-i", "250ms"], stdout=subprocess.PIPE, text=True, env=e)
    lines, begun = [], time.monotonic()
    for line in p.stdout:
        lines.append((time.monotonic() - begun, line))
        if change and "GPU0 50 %" in line:
            f.write_text(change)
            change = None
    assert p.wait() == 0
    return lines


@needs_fake
def test_a_driver_that_hangs_later_makes_its_figures_old(headrace, tmp_path):
    lines = follow(headrace, tmp_path, 5, "FAKE_NVML=stuck\n")
    ticks = [(t, x) for t, x in lines if " CPU " in x and re.match(r"\s*[\d.]+ s", x)]
    assert any("GPU0 50 %" in x for _, x in ticks) and "GPU0 –" in ticks[-1][1]
    assert statistics.median(b[0] - a[0] for a, b in zip(ticks, ticks[1:])) < 1.5  # not held up; one tick a busy machine may hold up
    assert any("has not answered" in x for _, x in lines)


@needs_fake
@pytest.mark.parametrize("change", ["FAKE_NVML=lost\n", "FAKE_NVML=dies\n"])
def test_a_gpu_that_vanishes(headrace, tmp_path, change):
    lines = follow(headrace, tmp_path, 5, change)
    text = "".join(x for _, x in lines)
    assert "GPU0 50 %" in text and "GPU0 –" in text
    assert ("lost" in change and "GPU load" in text) or "signal 9" in text


def test_nothing_of_an_environment_or_argument_is_shown(headrace):
    p = Apart([sys.executable, "-c", "import time; time.sleep(60)", "--token=hunter2xyz"], env={"SECRET_KEY": "sesame987", "RANK": "0", "WORLD_SIZE": "1"})
    try:
        for _ in range(40):  # it is no job before it has become what it is
            doc = headrace("top", "--once", "--json", "-i", "200ms")
            found = any(j["lead"] == p.pid for j in doc.json()["jobs"])
            if found:
                break
        out = doc.out + headrace("top", "--once", "-i", "200ms", "-n", "64").out
    finally:
        p.kill()
        p.wait()
    assert found, [x for x in doc.json()["processes"] if x["pid"] == p.pid]
    assert "hunter2xyz" not in out and "sesame987" not in out


@pytest.mark.slow
def test_what_it_takes_of_memory(headrace):
    """The libraries that loading touched are given back: below 8 MiB, without a leak from look to look."""
    p = subprocess.Popen([headrace.bin, "top", "--for", "12s", "-i", "250ms"], stdout=subprocess.DEVNULL)
    try:
        kib = lambda: int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{p.pid}/status").read())[1])
        time.sleep(4)
        early = kib()
        time.sleep(6)
        assert early < 8192 and kib() < early + 512
    finally:
        p.kill()
        p.wait()

"""headrace postmortem after ends that are really planted on this machine: the OOM killer in a memory cgroup, kill -9, Ctrl-C, a full
/dev/shm, a full disk, and (a root of another boot beside a real recording) a machine that went away with messages of its GPU driver.
Ends that cannot be had here are planted in tests/unit/test_postmortem.c."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import Headrace
from membox import MIB, MemBox, possible
from places import BIN
from test_cli_record import moments, wait_for

BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id")


def killed_for_memory():
    """How often the kernel of this machine did so: other programs on it may be killed while a test runs."""
    return next((int(x.split()[1]) for x in open("/proc/vmstat") if x.startswith("oom_kill ")), 0)


class Recorded:
    """A recorder at work, and what is told of its end.  `cause` is what the figures say unless the kernel killed somebody meanwhile."""

    def __init__(self, headrace, ring, *wrap):
        self.headrace, self.ring, self.kills = headrace, ring, killed_for_memory()
        before = len(moments(ring)) if ring.exists() else 0
        self.p = subprocess.Popen([*wrap, headrace.bin, "record", "-q", "--file", ring, "--size", "1MiB", "--interval", "100ms"])
        wait_for(ring, before + 3)

    def later(self):
        """Until it has looked once more, from now on."""
        now, end = time.time_ns(), time.monotonic() + 60
        while moments(self.ring)[-1].wall <= now:
            assert time.monotonic() < end and self.p.poll() is None, "no further moment was recorded"
            time.sleep(0.05)

    def end(self, sig=signal.SIGKILL):
        self.p.send_signal(sig)
        self.p.wait(timeout=20)
        assert len(moments(self.ring)) >= 3

    def told(self, *args):
        doc = self.headrace("postmortem", self.ring, "--json", *args).json()
        self.text = self.headrace("postmortem", self.ring, *args, env={"LC_ALL": "C.UTF-8"}).out
        assert doc["verdict"] == self.text.splitlines()[0]
        for line in doc["evidence"] if doc["end"] != "goes-on" else []:
            assert f"  - {line}\n" in self.text
        return doc

    def cause(self, doc, want):
        if killed_for_memory() == self.kills:
            assert doc["cause"] == want, doc

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()


def has(doc, words):
    assert any(words in e for e in doc["evidence"]), (words, doc["evidence"])


GROWS = """
import sys, time
held, step = [], int(sys.argv[1])
print("ready", flush=True)
while True:
    held.append(bytearray(b"x") * step)
    time.sleep(0.1)
"""


@pytest.mark.skipif(not possible(), reason="no memory cgroup can be made here")
@pytest.mark.parametrize("rate", [60 * MIB, pytest.param(15 * MIB, marks=pytest.mark.slow)])
def test_the_oom_killer(headrace, tmp_path, rate):
    """The slow one is surely looked at while it grows, whatever else the machine does; of the fast one the kernel tells who it was."""
    script = tmp_path / "train_that_leaks.py"
    script.write_text(GROWS)
    with MemBox(384 * MIB) as box, Recorded(headrace, tmp_path / "a.ring") as r:
        p = subprocess.Popen([sys.executable, script, str(rate // 10)], preexec_fn=box.enter)
        assert p.wait(timeout=90) == -signal.SIGKILL and box.kills() >= 1
        time.sleep(0.5)
        r.later()
        alone = killed_for_memory() - r.kills <= box.kills()
        r.end()
    doc = r.told()
    assert (doc["end"], doc["cause"]) == ("recorder-ended", "oom-kill")
    has(doc, "the kernel's count of processes killed for memory rose by")
    mine = [g for g in doc["grew"] if g["pid"] == p.pid]
    if rate < 20 * MIB:
        assert mine and 280 * MIB < mine[0]["is"] <= 384 * MIB and 0 < mine[0]["seconds"] < 60
    told = [e for e in doc["evidence"] if f"(pid {p.pid}) because of a cgroup's limit, which held 3" in e]
    if not told:
        has(doc, "cannot be read")  # the kernel's log
    elif mine:
        assert "train_that_leaks.py" in told[0] and " in " in told[0]
        assert not alone or "train_that_leaks.py" in doc["culprit"] and f"(pid {p.pid})" in doc["culprit"] and doc["culprit"] in r.text


def test_the_recorder_alone_was_killed(headrace, tmp_path):
    with Recorded(headrace, tmp_path / "a.ring") as r:
        r.end()
    doc = r.told()
    assert doc["end"] == "recorder-ended" and "the machine ran on" in r.text
    r.cause(doc, "unknown")
    if doc["cause"] == "unknown":
        has(doc, "a signal from outside (kill, a closed session) is what remains")
        assert doc["culprit"] is None


@pytest.mark.parametrize("sig,words", [(signal.SIGINT, "by Ctrl-C (SIGINT)"), (signal.SIGTERM, "by SIGTERM")])
def test_a_person_ended_it(headrace, tmp_path, sig, words):
    with Recorded(headrace, tmp_path / "a.ring") as r:
        r.end(sig)
    doc = r.told()
    assert doc["end"] == "clean" and doc["ended"].startswith(words)
    r.cause(doc, "none")
    assert f"the recorder ended in order: {words}" in r.text


def root_of(tmp_path, boot, log=None):
    """Another machine, or this one, to ask about the recording: its boot id and what its kernel said."""
    root = tmp_path / "root"
    shutil.rmtree(root, ignore_errors=True)
    (root / "proc/sys/kernel/random").mkdir(parents=True)
    (root / "proc/sys/kernel/random/boot_id").write_text(boot + "\n")
    if log is not None:
        (root / "headrace/answer").mkdir(parents=True)
        (root / "headrace/answer/kernel-log").write_text(log)
    return root


def test_the_machine_is_gone(headrace, tmp_path):
    with Recorded(headrace, tmp_path / "a.ring") as r:
        r.end()
    doc = r.told("--root", root_of(tmp_path, "5a0e0f9c-0000-4000-8000-000000000000"))
    assert doc["end"] == "machine-ended" and "started anew since" in r.text
    r.cause(doc, "unknown")
    if doc["cause"] == "unknown":
        assert "what ended it cannot be told" in r.text
    doc = r.told("--root", root_of(tmp_path, ""))
    assert doc["end"] == "cut-off" and "whether the machine ended too cannot be told" in r.text


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """One recorder that was killed, and a moment of it in seconds since boot."""
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    folder = tmp_path_factory.mktemp("killed")
    with Recorded(Headrace(folder), folder / "a.ring") as r:
        at = time.clock_gettime(time.CLOCK_MONOTONIC)
        r.later()
        r.end()
    return r, at


@pytest.mark.parametrize("line,cause,means", [
    ("<3>[{}] misc dxg: dxgk: dxgkio_make_resident: Ioctl failed: -12", "gpu", "no room left in VRAM"),
    ("<4>[{}] memcpy: detected field-spanning write (size 16) of single field \"&command.args\" at drivers/hv/dxgkrnl/dxgvmbus.c:3095 (size 0)", "gpu", "wsl --update"),
    ("<3>[{}] misc dxg: dxgk: dxgkio_query_adapter_info: Ioctl failed: -22", "unknown", None),
    ("<4>[{}] NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.", "gpu", "Xid errors"),
    ("<2>[{}] EXT4-fs (sdd): Remounting filesystem read-only", "storage", None),
    ("<3>[{}] Out of memory: Killed process 1881 (python3) total-vm:58201224kB, anon-rss:11201224kB, file-rss:1200kB, shmem-rss:601234kB, UID:1000 pgtables:41200kB "
     "oom_score_adj:0", "oom-kill", None)])
def test_what_the_kernel_said(killed, tmp_path, line, cause, means):
    """The texts of the kernel's sources and of reports; tests/roots/README.md has the sources; Xid 79 is told in NVIDIA/open-gpu-kernel-modules#507 and NVIDIA/NVSentinel#155."""
    r, at = killed
    log = "<6>[    0.000000] Linux version 6.6.87.1-microsoft-standard-WSL2\n" + line.format(f"{at:.6f}") + "\n"
    doc = r.told("--root", root_of(tmp_path, BOOT.read_text().strip(), log))
    assert doc["end"] == "recorder-ended"
    r.cause(doc, cause)
    if cause == "oom-kill":
        has(doc, "the kernel killed python3 (pid 1881), which held 10.7 GiB")
    elif cause != "unknown":
        has(doc, line.split("] ", 1)[1][:60])
    if means:
        has(doc, means)


def test_what_the_recorder_heard_outlives_the_machine(headrace, tmp_path):
    """A message of the GPU driver, put into this kernel's log; asked about from a machine that was started anew."""
    try:
        kmsg = open("/dev/kmsg", "w")
        os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        pytest.skip("the kernel's log cannot be read and written here")
    with Recorded(headrace, tmp_path / "a.ring") as r, kmsg:
        try:
            kmsg.write("misc dxg: dxgk: dxgkio_make_resident: Ioctl failed: -12\n")
            kmsg.flush()
        except OSError:
            pytest.skip("the kernel's log cannot be written here")
        r.later()
        r.later()  # what the kernel says is written after a moment
        r.end()
    doc = r.told("--root", root_of(tmp_path, "5a0e0f9c-0000-4000-8000-000000000000"))
    assert doc["end"] == "machine-ended"
    r.cause(doc, "gpu")
    has(doc, "misc dxg: dxgk: dxgkio_make_resident: Ioctl failed: -12 (Windows had no room left in VRAM")


def mounts_possible():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0


@pytest.mark.skipif(not mounts_possible(), reason="no file system can be mounted here")
def test_shared_memory_became_full(headrace, tmp_path):
    """In a mount namespace of its own: a /dev/shm of 32 MiB, a loader that fills it, a recorder that sees it."""
    script = tmp_path / "fills.sh"
    script.write_text('mount -t tmpfs -o size=32m tmpfs /dev/shm && ("$@" & echo $! > recorder; wait) &\n'
                      'until test -e fill; do sleep 0.05; done; nsenter -t $(cat recorder) -m dd if=/dev/zero of=/dev/shm/torch_1_2 bs=1M count=64 2> /dev/null\nwait\n')
    kills = killed_for_memory()
    ring = tmp_path / "a.ring"
    p = subprocess.Popen(["unshare", "--mount", "sh", script, headrace.bin, "record", "-q", "--file", ring, "--size", "1MiB", "--interval", "200ms"], cwd=tmp_path)
    wait_for(ring, 3)
    end = time.monotonic() + 60
    while not [s for s in headrace("replay", ring, "--once", "--json").json()["spaces"] if s["at"] == "/dev/shm" and s["total"] == 32 * MIB]:
        assert time.monotonic() < end, "it does not look at /dev/shm"
        time.sleep(0.3)
    (tmp_path / "fill").touch()
    while "/dev/shm was full" not in headrace("postmortem", ring, "--json").out and time.monotonic() < end:
        time.sleep(0.3)
    os.kill(int((tmp_path / "recorder").read_text()), signal.SIGKILL)
    p.wait(timeout=20)
    doc = headrace("postmortem", ring, "--json").json()
    has(doc, "/dev/shm was full: 0 B left of 32.0 MiB")
    if killed_for_memory() == kills:
        assert doc["cause"] == "shm-full", doc
        assert "die with a bus error" in doc["verdict"]


@pytest.mark.slow
@pytest.mark.skipif(not mounts_possible() or shutil.which("mkfs.ext4") is None, reason="no file system can be made here")
def test_a_disk_became_full(headrace, tmp_path):
    image, at = tmp_path / "disk.img", tmp_path / "disk"
    at.mkdir()
    with open(image, "wb") as f:
        f.truncate(64 * MIB)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, at], capture_output=True).returncode != 0:
        pytest.skip("no loop device can be had here")
    try:
        with Recorded(headrace, tmp_path / "a.ring") as r:
            subprocess.run(["dd", "if=/dev/zero", f"of={at}/checkpoint.pt", "bs=1M"], stderr=subprocess.DEVNULL)
            time.sleep(6)
            r.end()
    finally:
        subprocess.run(["umount", at], check=True)
    doc = r.told()
    has(doc, f"{at} was full: 0 B left of")
    r.cause(doc, "disk-full")


def test_the_recording_before_this_one(headrace, tmp_path):
    ring = tmp_path / "a.ring"
    with Recorded(headrace, ring) as r:
        r.end()
    with Recorded(headrace, ring) as r:
        doc = r.told()
        assert doc["end"] == "goes-on"
        has(doc, "an earlier recording in this file was cut off")
        before = r.told("--back", "1")
        assert before["end"] == "recorder-ended" and before["last_ns"] < doc["first_ns"]
    assert "does not hold 5 recordings before its last one" in headrace("postmortem", ring, "--back", "5", status=1).err

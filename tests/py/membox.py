"""A memory cgroup of a test's own (v1 or v2), so that what is drilled cannot touch the machine."""

import functools
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

MIB = 1 << 20


class MemBox:
    """At most `limit` bytes and no swap.  Its anonymous memory is sampled every 20 ms: `curve`, `peak`."""

    count = 0

    def __init__(self, limit, sample=True):
        root = pathlib.Path("/sys/fs/cgroup/memory")
        self.v2 = not root.exists()
        MemBox.count += 1
        self.path = (pathlib.Path("/sys/fs/cgroup") if self.v2 else root) / f"headrace-box-{os.getpid()}-{MemBox.count}"
        self.path.mkdir()
        self.limit = limit
        try:
            (self.path / ("memory.max" if self.v2 else "memory.limit_in_bytes")).write_text(str(limit))
        except OSError:
            self.path.rmdir()
            raise
        for name in ("memory.swap.max",) if self.v2 else ("memory.memsw.limit_in_bytes",):
            try:
                (self.path / name).write_text("0" if self.v2 else str(limit))
            except OSError:
                pass  # swap is not accounted for here
        self.peak, self.curve, self.stop = 0, [], threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        if sample:
            self.thread.start()

    def watch(self):
        begin = time.monotonic()
        key = "anon " if self.v2 else "total_rss "
        while not self.stop.wait(0.02):
            for line in (self.path / "memory.stat").read_text().splitlines():
                if line.startswith(key):
                    self.peak = max(self.peak, int(line.split()[1]))
                    self.curve.append((round(time.monotonic() - begin, 2), int(line.split()[1])))

    def move(self, limit):
        """Another limit from now on; OSError: more than that is taken (v1)."""
        names = ["memory.max"] if self.v2 else ["memory.limit_in_bytes"]
        if not self.v2 and (self.path / "memory.memsw.limit_in_bytes").exists():
            names.insert(0 if limit > self.limit else 1, "memory.memsw.limit_in_bytes")  # never less than memory alone
        for name in names:
            (self.path / name).write_text(str(limit))
        self.limit = limit

    def enter(self):
        """In a child between fork and exec, while threads of its parent run: nothing here may wait for a lock."""
        fd = os.open(self.path / "cgroup.procs", os.O_WRONLY)
        os.write(fd, b"%d" % os.getpid())
        os.close(fd)

    def pids(self):
        return [int(p) for p in (self.path / "cgroup.procs").read_text().split()]

    def kills(self):
        text = (self.path / ("memory.events" if self.v2 else "memory.oom_control")).read_text()
        return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill ")), 0)

    def close(self):
        self.stop.set()
        if self.thread.is_alive():
            self.thread.join()
        for _ in range(200):
            for pid in self.pids():  # what an interrupted case has left
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@functools.lru_cache
def possible():
    """May such a group be made and entered here, and is its limit one?  Not where the kernel accounts for no swap and has some, nor where a
    sandbox takes the number and forgets it."""
    try:
        with MemBox(64 * MIB, sample=False) as box:
            p = subprocess.run([sys.executable, "-S", "-c", "x = bytearray(b'x') * (128 << 20)"], preexec_fn=box.enter, stderr=subprocess.DEVNULL)
            return p.returncode == -signal.SIGKILL and box.kills() >= 1
    except (OSError, subprocess.SubprocessError):
        return False

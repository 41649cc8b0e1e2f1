"""How much memory of its own a process uses: anonymous pages (heap, buffers), shared ones by their part, workers included.

File pages are left out: the system takes them back whenever it needs them.
"""
import os
import threading


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(c) for c in f.read().split()]
    except OSError:
        return []


def anonymous(pid=None):
    """Bytes of a process and all below it; what has ended in the meantime counts nothing."""
    pid = pid or os.getpid()
    total = sum(anonymous(c) for c in children(pid))
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                if line.startswith("Pss_Anon:"):
                    return total + int(line.split()[1]) * 1024
    except OSError:
        pass
    return total


class Peak:
    """with Peak() as p: ... ; p.bytes = the most that was used above what there was at the begin."""

    def __init__(self, interval=0.05):
        self.interval, self.bytes, self.stop = interval, 0, threading.Event()

    def look(self):
        self.bytes = max(self.bytes, anonymous() - self.base)

    def run(self):
        while not self.stop.wait(self.interval):
            self.look()

    def __enter__(self):
        self.base = anonymous()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.look()
        self.stop.set()
        self.thread.join()

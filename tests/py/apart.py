"""Programs that are no descendants of the tests.  A Python that has torch in its memory is a training to the watcher, as pytest is where one of
its tests imports it, and all that is below it is of that job."""

import os
import signal
import subprocess
import time


class Apart(subprocess.Popen):
    """As Popen, but started by a process that ends at once: `pid` is the program's, whose parent is whoever takes orphans here."""

    def __init__(self, argv, **kw):
        mine, its = os.pipe()

        def leave():
            starter = os.getpid()
            if os.fork() != 0:
                os._exit(0)
            while os.getppid() == starter:  # what asks to die with its parent shall not mean this one
                time.sleep(0.001)
            os.write(its, str(os.getpid()).encode())

        try:
            super().__init__(argv, preexec_fn=leave, **kw)
            super().wait()
            self.pid = int(os.read(mine, 32))
        finally:
            os.close(mine)
            os.close(its)

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def gone(self):
        try:
            with open(f"/proc/{self.pid}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
        except OSError:
            return True

    def wait(self, timeout=60):
        """Until it has ended; its status is not to be had."""
        end = time.monotonic() + timeout
        while not self.gone():
            assert time.monotonic() < end, f"process {self.pid} lives on"
            time.sleep(0.01)

"""headrace run: a command that cannot tell that somebody watches: its status, outputs, terminal, signals, and life."""

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest
from runs import environment, piece_of, report, script, until


@pytest.fixture
def env(tmp_path):
    return environment(tmp_path)


def test_status_and_outputs(headrace, env):
    for command, status in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)):
        headrace("run", "--", "sh", "-c", command, env=env, status=status)
    assert "there is no command" in headrace("run", "--", "no-such-command", env=env, status=127).err
    headrace("run", "--", "/", env=env, status=126)
    ran = headrace("run", "--quiet", "--", "sh", "-c", "cat; printf 'x\\033[1m\\377' >&2", stdin="in\n", env=env)
    assert ran.out == "in\n" and ran.err == "x\x1b[1m\ufffd"
    d = headrace("run", "--json", "--", "sh", "-c", "echo of the command; exit 3", env=env, status=3)
    assert d.json()["status"] == 3 and "of the command" in d.err
    assert headrace("run", "--report", "r.json", "--", "true", env=env).out == ""


def test_signals_are_sent_on(headrace, env, tmp_path):
    text = """import signal, sys, time
def note(sig, frame):
    print(signal.Signals(sig).name, flush=True)
    if sig == signal.SIGTERM:
        time.sleep(2)
        print("saved", flush=True)
        sys.exit(9)
for s in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGQUIT):
    signal.signal(s, note)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
    p = headrace.popen("run", "--quiet", "--", *script(tmp_path, "t.py", text), env={**os.environ, **env}, stdout=subprocess.PIPE, text=True,
                       start_new_session=True)
    assert p.stdout.readline() == "ready\n"
    for s in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        p.send_signal(s)
        assert p.stdout.readline() == s.name + "\n"
    assert p.stdout.readline() == "saved\n"
    assert p.wait(20) == 9


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, headrace, env, *argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(headrace.cwd)
            os.execvpe(argv[0], list(argv), {**os.environ, **env, "TERM": "xterm", "PS1": "$ ", "LC_ALL": "C.UTF-8", "HISTFILE": "/dev/null"})
        self.out = b""

    def read_until(self, what, seconds=20):
        end = time.monotonic() + seconds
        while what not in self.out:
            left = end - time.monotonic()
            assert left > 0, self.out
            if select.select([self.fd], [], [], left)[0]:
                piece = piece_of(self.fd)
                assert piece, self.out
                self.out += piece

    def write(self, text):
        os.write(self.fd, text)

    def wait(self):
        while piece := piece_of(self.fd):
            self.out += piece
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


# A signal that comes just before a call that waits is heard by Python after it: nothing here waits for long.
ASKS = """import os, select, shutil, signal, sys
count = [0]
def note(sig, frame):
    count[0] += 1
    print("int", count[0], flush=True)
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGWINCH, lambda *a: print("size", *shutil.get_terminal_size(), flush=True))
print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty(), os.getpgrp() == os.tcgetpgrp(0), "ready", flush=True)
while True:
    if not select.select([sys.stdin], [], [], 0.05)[0]:
        continue
    line = sys.stdin.readline()
    if line.strip() == "end":
        sys.exit(4)
    print("got", line.strip(), flush=True)
"""


def test_a_terminal_stays_one(headrace, env, tmp_path):
    """Input, size and Ctrl-C reach the command, each once, as if nobody stood between."""
    t = Terminal(headrace, env, headrace.bin, "run", "--quiet", "--", *script(tmp_path, "t.py", ASKS))
    t.read_until(b"True True True True ready")
    t.write(b"\x03")
    t.read_until(b"int 1")
    fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    t.read_until(b"size 111 33")
    t.write(b"hello\n")
    t.read_until(b"got hello")
    t.write(b"end\n")
    assert t.wait() == 4
    assert b"int 2" not in t.out


def test_ctrl_c_ends_as_it_would(headrace, env, tmp_path):
    t = Terminal(headrace, env, headrace.bin, "run", "--", *script(tmp_path, "t.py", "import time\nprint('ready')\nfor _ in range(1200):\n    time.sleep(0.05)\n"))
    t.read_until(b"ready")
    time.sleep(0.3)
    t.write(b"\x03")
    assert t.wait() == -signal.SIGINT  # a shell's loop stops
    assert b"KeyboardInterrupt" in t.out and b"died of signal 2" in t.out


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_ctrl_z_and_fg(headrace, env, tmp_path):
    t = Terminal(headrace, env, "bash", "--norc", "--noprofile", "-i")
    command = script(tmp_path, "t.py", "import time\nprint('rea' + 'dy')\nfor i in range(600):\n    print('tick', flush=True)\n    time.sleep(0.1)\n")
    t.write(f"{headrace.bin} run --quiet -- {' '.join(command)}\n".encode())
    t.read_until(b"ready")
    t.write(b"\x1a")
    t.read_until(b"Stopped")
    time.sleep(0.5)
    before = len(t.out)
    t.out = b""
    t.write(b"echo he''re\n")
    t.read_until(b"here")
    assert b"tick" not in t.out and before
    t.write(b"fg\n")
    t.read_until(b"tick")
    t.write(b"\x03")
    t.read_until(b"KeyboardInterrupt")
    t.write(b"exit 0\n")
    t.wait()


def test_nohup_and_no_terminal(headrace, env, tmp_path):
    text = "import signal\nprint(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, signal.getsignal(signal.SIGINT) == signal.default_int_handler)\n"
    command = script(tmp_path, "t.py", text)
    out = subprocess.run(["nohup", headrace.bin, "run", "--quiet", "--", *command], env={**os.environ, **env}, cwd=tmp_path,
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, timeout=60)
    assert out.returncode == 0 and out.stdout == "True True\n"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")
def test_tmux(headrace, env, tmp_path):
    command = script(tmp_path, "t.py", "import sys, time\nopen('seen', 'w').write(str(sys.stdout.isatty()))\n")
    subprocess.run(["tmux", "-L", f"headrace{os.getpid()}", "-f", "/dev/null", "new-session", "-d",
                    f"cd {tmp_path} && XDG_STATE_HOME={env['XDG_STATE_HOME']} {headrace.bin} run -- {' '.join(command)}; echo $? > status"], check=True)
    until(lambda: (tmp_path / "status").exists() and (tmp_path / "status").read_text() == "0\n")
    assert (tmp_path / "seen").read_text() == "True"


def test_the_training_outlives_its_watcher(headrace, env, tmp_path):
    text = "import time\nopen('a', 'w').close()\ntime.sleep(3)\nprint('done', flush=True)\nopen('b', 'w').close()\n"
    p = headrace.popen("run", "--", *script(tmp_path, "t.py", text), env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until((tmp_path / "a").exists)
    p.kill()
    assert p.stdout.read() == b"done\n"
    until((tmp_path / "b").exists)


def test_left_behind_is_left_alone(headrace, env, tmp_path):
    ran = headrace("run", "--", "sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $! > pid; sleep 3", env=env)
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    assert "left behind" in ran.err and report(tmp_path)["left_behind"] == 1

"""headrace top on a terminal (a pseudo-terminal of ours): it draws, obeys, and leaves the terminal as it found it on every way out."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
import vt
from apart import Apart

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Screen:
    """The program on a pseudo-terminal; `seen` is all that it sent."""

    def __init__(self, program, *args, size=(120, 40), env=None, command="top"):
        self.master, self.slave = os.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        base = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")}
        base.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})})

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.proc = subprocess.Popen([program, command, *args], stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE, env=base,
                                     preexec_fn=own_terminal)
        self.seen = b""

    def resize(self, w, h):
        self.size = w, h
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", h, w, 0, 0))

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended = self.proc.poll() is not None  # asked first: what it sent before is there then
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.master, 1 << 16)
                except OSError:
                    return
            elif ended:
                return

    def until(self, what, seconds=60):
        """In what it sent, or on the screen: what stood there before is not sent again."""
        end = time.monotonic() + seconds
        while not re.search(what, self.seen) and not re.search(what, "\n".join(vt.screen(self.seen, *self.size)).encode()):
            assert time.monotonic() < end and self.proc.poll() is None, (what, self.seen[-400:])
            self.read(0.1)

    def send(self, data):
        os.write(self.master, data)

    def finish(self, seconds=60):
        self.read(seconds)  # until it has ended and all that it sent is read
        code = self.proc.poll()
        if code is None:
            self.proc.kill()
        assert code is not None, "it did not end"
        return code

    def left_clean(self):
        assert self.seen.rstrip().endswith(LEAVE) and b"\x1b[?25h" in self.seen[-80:]
        assert termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def screen(headrace):
    opened = []

    def start(*args, **kw):
        opened.append(Screen(headrace.bin, *args, **kw))
        return opened[-1]

    yield start
    for s in opened:
        s.close()


def test_draws_and_quits(screen):
    s = screen("--interval", "200ms")
    s.until(rb"memory")
    s.until(rb"processes")
    assert s.seen.startswith(ENTER)
    assert termios.tcgetattr(s.slave) != s.before
    s.send(b"?")
    s.until(rb"any key closes")
    s.send(b"x")
    s.send(b"q")
    assert s.finish() == 0
    s.left_clean()


@pytest.mark.parametrize("sig,code", [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGHUP, 0), (signal.SIGSEGV, -signal.SIGSEGV),
                                      (signal.SIGABRT, -signal.SIGABRT)])
def test_every_way_out_restores_the_terminal(screen, sig, code):
    s = screen("--interval", "200ms")
    s.until(rb"processes")
    s.proc.send_signal(sig)
    assert s.finish() == code
    s.left_clean()


def test_ctrl_c_is_a_way_out(screen):
    s = screen()
    s.until(rb"processes")
    s.send(b"\x03")
    assert s.finish() == 0
    s.left_clean()


def test_stop_and_continue(headrace):
    """Ctrl-Z in a shell that does job control: the prompt's terminal is cooked, and fg brings the view back."""
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    before = termios.tcgetattr(slave)

    def own_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    env = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", PS1="PROMPT>", HISTFILE="/dev/null")
    shell = subprocess.Popen(["bash", "--norc", "--noediting", "-i"], stdin=slave, stdout=slave, stderr=slave, env=env, preexec_fn=own_terminal)
    seen = b""

    def until(what, seconds=60):
        nonlocal seen
        end = time.monotonic() + seconds
        while what not in seen:
            assert time.monotonic() < end, (what, seen[-300:])
            if select.select([master], [], [], 0.1)[0]:
                seen += os.read(master, 1 << 16)

    try:
        until(b"PROMPT>")
        seen = b""
        os.write(master, headrace.bin.encode() + b" top --interval 200ms\n")
        until(b"processes")
        os.write(master, b"\x1a")
        until(b"Stopped")
        assert LEAVE in seen
        lflag = termios.tcgetattr(slave)[3]
        assert lflag & termios.ICANON and lflag & termios.ECHO
        seen = b""
        os.write(master, b"fg\n")
        until(ENTER)
        until(b"processes")
        seen = b""
        os.write(master, b"q")
        until(LEAVE)
        until(b"PROMPT>")
        assert termios.tcgetattr(slave)[3] == before[3]
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
        os.close(slave)


def test_resize_paints_anew(screen):
    s = screen("--interval", "200ms", size=(80, 24))
    s.until(rb"processes")
    s.seen = b""
    s.resize(200, 50)
    s.until(rb"\x1b\[2J")
    s.until(rb"waiting for")
    s.send(b"q")
    assert s.finish() == 0


def test_no_colours_and_letters_only(screen):
    s = screen("--ascii", "--interval", "200ms", env={"NO_COLOR": "1"})
    s.until(rb"processes")
    s.send(b"q")
    assert s.finish() == 0
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", s.seen)
    assert all(b < 0x80 for b in s.seen)


def test_a_name_cannot_send_sequences(screen, tmp_path):
    evil = tmp_path / "\x1b[31mevil\x07"
    evil.write_bytes(open("/bin/sleep", "rb").read())
    evil.chmod(0o755)
    with Apart([str(evil), "300"]) as p:
        try:
            s = screen("--interval", "200ms", "--filter", str(p.pid))
            s.until(b"evil")
            s.send(b"q")
            assert s.finish() == 0
            assert b"\x1b[31mevil" not in s.seen and b"\x07" not in s.seen
        finally:
            p.kill()


def test_little_is_sent_when_nothing_changes(screen):
    s = screen("--interval", "500ms", "--filter", "no such process", size=(200, 50))
    s.until(rb"processes")
    s.read(2)
    s.seen = b""
    s.read(3)
    # A busy machine's curves move, and bench/monitor measures the quiet one; painted anew it would be 10,000 characters each time.
    assert len(s.seen) < 30000
    assert b"\x1b[2J" not in s.seen


def test_why_is_told_on_a_terminal_too(screen):
    s = screen("--why", "--interval", "100ms", "--job", "no such job")  # others of this machine may well train
    assert s.finish() == 0 and ENTER not in s.seen and b"cannot tell" in s.seen


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {}])
def test_without_a_terminal_it_prints(headrace, env):
    run = subprocess.run([headrace.bin, "top", "--interval", "200ms"], capture_output=True, text=True, env=dict(os.environ, **env), timeout=60,
                         stdin=subprocess.DEVNULL)
    assert run.returncode == 0 and "emory" in run.stdout and "\x1b" not in run.stdout


def test_a_dumb_terminal_gets_lines(screen):
    s = screen("--interval", "200ms", env={"TERM": "dumb"})
    s.finish()
    assert ENTER not in s.seen and b"emory" in s.seen

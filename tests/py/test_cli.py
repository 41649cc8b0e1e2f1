"""The program's face, for every command there is: help, errors, JSON, colours, pipes."""

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import pytest

from places import BIN


def introspect():
    if not BIN.exists():
        return {"commands": [], "common": []}
    return json.loads(subprocess.run([BIN, "__introspect", "--json"], capture_output=True, check=True).stdout)


TABLES = introspect()
COMMANDS = [c["name"] for c in TABLES["commands"]]
every_command = pytest.mark.parametrize("command", TABLES["commands"], ids=COMMANDS)


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def on_a_terminal(headrace, *args, env=None):
    """What the program writes when its output is a terminal."""
    mine, theirs = pty.openpty()
    e = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | (env or {})
    p = subprocess.Popen([headrace.bin, *args], stdin=theirs, stdout=theirs, stderr=theirs, env=e, close_fds=True)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(mine, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        text += piece
    os.close(mine)
    assert p.wait(timeout=60) == 0
    return text.decode()


def test_there_are_commands():
    assert not BIN.exists() or "version" in COMMANDS


def test_overview(headrace):
    ran = headrace("--help")
    assert ran.err == ""
    for c in TABLES["commands"]:
        assert re.search(rf"^  {re.escape(c['name'])}  +{re.escape(c['purpose'].split()[0])}", ran.out, re.M)
    assert "__introspect" not in ran.out
    assert max(map(columns, ran.out.splitlines())) <= 80
    assert headrace("help").out == ran.out


def test_the_first_steps_parse(headrace, tmp_path):
    lines = re.findall(r"^  (headrace .*)$", headrace("--help").out.split("first steps")[1], re.M)
    assert lines
    for line in lines:
        ran = headrace(*shlex.split(line)[1:], status=None, cwd=tmp_path)  # 2: the doctor says that something here is broken
        assert ran.status in (0, 1, 2) and "shows what is understood" not in ran.err, line


def test_no_command_is_wrong_use(headrace):
    ran = headrace(status=2)
    assert ran.out == "" and "headrace --help" in ran.err


@every_command
def test_help(headrace, command):
    ran = headrace(command["name"], "--help")
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert max(map(columns, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines), "blanks at the end of a line"
    words = " ".join(ran.out.split())
    assert command["usage"] in words
    for o in command["options"] + TABLES["common"]:
        assert (o["name"] if o["positional"] else "--" in ran.out and o["name"]) in ran.out
        assert o["help"] in words, "the help of an option is cut"
        for choice in o.get("choices", []):
            assert re.search(rf"\b{re.escape(choice['name'])}\b", ran.out)
    assert headrace("help", command["name"]).out == ran.out
    assert "\x1b" not in ran.out


@every_command
def test_every_command_has_examples_that_parse(headrace, command, tmp_path):
    """Run in an empty folder, an example may fail for want of its files, but never as wrong use."""
    assert command["examples"], "a newcomer learns from examples"
    for e in command["examples"]:
        assert columns(e["line"]) <= 78
        for part in re.split(r"\s(?:\||&&|<|>)\s", e["line"]):
            words = shlex.split(part.split("\\\n")[0] if "\\\n" not in part else part.replace("\\\n", " "))
            while words and "=" in words[0]:
                words.pop(0)
            if words[:2] in (["headrace", "build"], ["headrace", "run"]) and "--print-env" not in words:
                words.insert(2, "--dry-run")  # what it shows would begin to work here
            if words[:2] == ["headrace", "serve"]:
                words[2:2] = ["--port", "0", "--for", "300ms"]
            if words[:2] == ["headrace", "record"]:
                words[2:2] = ["--size", "1MiB", "--for", "300ms"]
            if words[:2] == ["headrace", "top"] and "--for" in words:
                words[words.index("--for") + 1] = "300ms"
            if words[:1] == ["headrace"]:
                state = {"XDG_STATE_HOME": str(tmp_path)} if words[1:2] and words[1] in ("record", "replay", "postmortem") else None
                ran = headrace(*words[1:], status=None, cwd=tmp_path, env=state)
                assert ran.status in (0, 1, 2) and "shows what is understood" not in ran.err, f"{e['line']}: {ran.err}"


@every_command
def test_wrong_use(headrace, command):
    ran = headrace(command["name"], "--no-such-option-at-all", status=2)
    assert ran.out == ""
    assert "there is no option '--no-such-option-at-all'" in ran.err
    assert f"headrace {command['name']} --help" in ran.err
    ran = headrace(command["name"], "--verbos", status=2)
    assert "did you mean '--verbose'?" in ran.err


@every_command
def test_every_option_refuses_nonsense(headrace, command):
    for o in command["options"]:
        if o["positional"] or o["type"] in ("flag", "string", "list"):
            continue
        ran = headrace(command["name"], f"--{o['name']}=certainly not this", status=2)
        assert ran.err.startswith(f"headrace {command['name']}: --{o['name']}: ")


@pytest.mark.parametrize("wrong, right", [("versoin", "version"), ("vers", "version")])
def test_unknown_command(headrace, wrong, right):
    ran = headrace(wrong, status=2)
    assert ran.out == "" and f"did you mean '{right}'?" in ran.err


def test_version(headrace):
    ran = headrace("--version")
    assert re.match(r"headrace \d+\.\d+\.\d+ \((gcc|clang) ", ran.out)
    data = headrace("--version", "--json").json()
    assert {x["name"] for x in data["libraries"]} >= {"lz4", "zstd", "xxhash", "hdf5", "expat"}
    for x in data["libraries"]:
        assert x["on"] or x["why"]
    assert data == headrace("version", "--json").json() == headrace("--json", "version").json()


def test_colours_are_for_terminals(headrace):
    assert "\x1b[1m" in on_a_terminal(headrace, "--help")
    assert "\x1b" not in on_a_terminal(headrace, "--help", env={"NO_COLOR": "1"})
    assert "\x1b" not in on_a_terminal(headrace, "--help", env={"TERM": "dumb"})
    assert "\x1b" not in on_a_terminal(headrace, "--color", "never", "--help")
    assert "\x1b[1m" in headrace("--color=always", "--help", env={"NO_COLOR": "1"}).out
    assert "\x1b" not in headrace("--help").out


@pytest.mark.parametrize("width", [44, 80])
def test_sentences_on_a_terminal_are_filled_to_its_width(headrace, tmp_path, width):
    """Notes, errors and the report of a build: the words of a file's one long line, in lines that the terminal does not cut."""
    env = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CACHE_HOME": str(tmp_path / "c")}

    def lines_of(*args):
        mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        p = subprocess.Popen([headrace.bin, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=env, cwd=tmp_path)
        os.close(theirs)
        out = b""
        try:
            while more := os.read(mine, 65536):
                out += more
        except OSError:
            pass
        os.close(mine)
        p.wait(timeout=60)
        return out.decode().replace("\r\n", "\n").splitlines()

    for args in (("replay", "no such recording is here at all"), ("top", "--interval", "a very long while indeed")):
        told = lines_of(*args)
        assert max(map(columns, told)) <= width and (len(told) > 1 or width > 44), told
        assert " ".join(told).split() == headrace(*args, status=None, env=env).err.split()
    told = lines_of("build", "--no-verify", "--", "false")
    cut = [line for line in told if columns(line) > width and len(line.split()) > 1 and str(tmp_path) not in line]
    assert any("forecast:" in line for line in told) and any("jobs" in line for line in told) and not cut, told


def test_a_reader_that_leaves_early(headrace):
    """`headrace ... | head -1`: no message, no crash."""
    for ignore in (False, True):  # systemd and some runners start programs with SIGPIPE ignored
        r, w = os.pipe()
        os.close(r)
        p = subprocess.run([headrace.bin, "__introspect"], stdout=w, stderr=subprocess.PIPE,
                           preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN if ignore else signal.SIG_DFL))
        os.close(w)
        assert p.stderr == b""
        assert p.returncode == (141 if ignore else -signal.SIGPIPE)


def test_a_full_disk_is_told(headrace):
    with open("/dev/full", "w") as full:
        p = subprocess.run([headrace.bin, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 1
    assert p.stderr.startswith("headrace: standard output cannot be written: No space left")


def test_closed_standard_streams(headrace):
    p = subprocess.run(["/bin/sh", "-c", '"$0" --help >&- 2>&-', headrace.bin])
    assert p.returncode == 1


@pytest.mark.parametrize("args", [
    [b"\xff\xfe"], [b"--\xff=\xfe"], ["--=", "--"], ["-"], ["--"], [""], ["", ""], ["--\x1b[2J"], ["version", "\x1b[2J\x07"],
    ["%s%n%s%n"], ["--" + "x" * 100000], ["x" * 100000], ["version", "-" + "q" * 100000], ["version", *["--quiet"] * 5000],
    ["version", "-qqvvqh"], ["version", "--color"], ["version", "--color="], ["version", "--json=yes"], ["help", "help"],
    ["help", "\xff"], ["version", "--", "--help"], ["__introspect", "extra"], ["--root"], ["-Vh"], ["-hV"],
], ids=lambda a: repr(a)[:30])
def test_hostile_arguments(headrace, args):
    ran = headrace(*args, status=None)
    assert ran.status in (0, 2)
    assert len(ran.err) < 5000
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ran.err), "a control character reached the terminal"
    if ran.status == 2:
        assert ran.out == "" and re.search(r"^headrace.*: .", ran.err, re.M)


def test_every_fault_ends_in_a_sentence(headrace):
    """Whichever allocation or system call fails: a status, a sentence, no crash."""
    for kind in ("alloc", "sys"):
        for n in [*range(1, 60), 200]:
            ran = headrace("version", "--json", env={"HEADRACE_FAULT": f"{kind}:{n}"}, status=None)
            assert ran.status in (0, 1), f"{kind}:{n}: {ran.err}"
            if ran.status == 0:
                json.loads(ran.out)
            elif kind == "alloc":
                assert ran.err == "" or ran.err.startswith("headrace: "), ran.err
        assert ran.status == 0, "200 faults are more than the program has chances to fail"

"""What somebody types who has not read the manual: commands that are not there, nonsense in every option, no "--"; and whether the answer
says what happened and what to do."""

import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios

import pytest
from places import BIN, ROOT
from runs import piece_of

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
BOTH = ("build", "run")


@pytest.fixture
def env(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


# --- the command ---

@pytest.mark.parametrize("which", BOTH)
def test_a_command_that_is_not_there(headrace, env, tmp_path, which):
    (tmp_path / "plain.txt").write_text("no program\n")
    for command, status, says in ((["no-such-command-anywhere", "-x"], 127, "no command 'no-such-command-anywhere' in the folders of PATH"),
                                  (["./none"], 127, "'./none' could not be started"), (["make -j6"], 127, "give its words one by one"),
                                  (["CC=gcc", "make"], 127, "write env CC=gcc and the command"), ([""], 127, "an empty word"),
                                  (["./plain.txt"], 126, "'./plain.txt' could not be started"), (["/"], 126, "a folder")):
        err = headrace(which, "--", *command, env=env, status=status).err
        assert says in err and "heavy" not in err and "peak" not in err


@pytest.mark.parametrize("which", BOTH)
def test_the_words_of_a_command_are_its_own(headrace, env, which):
    """Without "--" as well: its first word ends our options, as with nice and env."""
    seen = headrace(which, "-q", "printf", "%s;", "-j6", "--memory", "--warn", "--help", "--", "--json", env=env)
    assert seen.out == "-j6;--memory;--warn;--help;--;--json;"
    assert headrace(which, "-q", "--", "printf", "%s;", "--", env=env).out == "--;"


# --- build ---

def test_nonsense_for_a_build_is_refused(headrace, env, tmp_path):
    for args, says in ((["--cpu-variant", "="], "'=' sets no variable"), (["--cpu-variant", ""], "'' sets no variable"),
                       (["--cpu-variant", "A B=3"], "'A B=3' sets no variable"), (["--cpu-variant", "1X=3"], "sets no variable"),
                       (["--cpu-variant", "none", "--cpu-variant", "X=1"], "'none' stands alone"),
                       (["--expect", "cpu", "--require-cuda"], "leave one of them out"), (["--expect", "any", "--require-cuda"], "leave one"),
                       (["--arch", ""], "--arch: '' names no"), (["--arch", "native"], "--arch: 'native' names no"),
                       (["--arch", "9.0a"], "one chip only"), (["--expect", "gpu"], "'gpu' is not any, cuda or cpu\n")):
        ran = headrace("build", *args, "--", "touch", "made", env=env, status=2)
        assert says in ran.err and "headrace build: " in ran.err and not (tmp_path / "made").exists()
    for args in (["--cpu-variant", "FORCE_CUDA=0", "--cpu-variant", "_X1"], ["--cpu-variant", "none"], ["--expect", "cuda", "--require-cuda", "--no-verify"]):
        headrace("build", *args, "--print-env", env=env)


@pytest.fixture
def old_kit(tmp_path):
    expand = ROOT / "build/tests/expand_root"
    if not expand.exists():
        pytest.skip("build/tests/expand_root is not built")
    subprocess.run([expand, ROOT / "tests/roots/wsl2-6.18-5070ti.root", tmp_path / "pc"], check=True)  # CUDA 12.8
    return tmp_path / "pc"


@pytest.mark.parametrize("arch,advised", [("3.5", "11.8"), ("99.9", None)])
def test_what_mends_it_builds_for_the_card(headrace, env, old_kit, arch, advised):
    """Not the CUDA of an RTX 50 for every card: the one that builds for this, or none."""
    d = headrace("--root", old_kit, "build", "--print-env", "--json", "--arch", arch, env=env, status=1).json()
    said = "\n".join(d["mend"])
    if advised is None:
        assert "apt-get" not in said and "--want" not in said and "--list-gpu-code" in said
    else:
        assert f"cuda-toolkit-{advised.replace('.', '-')} " in said and f"--want {advised} " in said and f"cuda-{advised}/bin/nvcc" in said
    assert "--arch '12.0+PTX'" in said


def test_an_interruption_is_told_once(headrace, env):
    def default():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    p = headrace.popen("build", "--", "sh", "-c", "echo begun; exec sleep 100", env={**os.environ, **env}, start_new_session=True, preexec_fn=default,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "forecast" in p.stderr.readline() and p.stdout.readline() == "begun\n"
    os.killpg(p.pid, signal.SIGINT)
    err = p.communicate(timeout=60)[1]
    assert p.returncode == -signal.SIGINT and err.count("interrupted") == 1


def test_the_peak_is_not_below_its_largest_job(headrace, env, tmp_path):
    """Jobs that come and go between two looks."""
    (tmp_path / "cc1plus").write_text(f"#!/bin/sh\nexec {sys.executable} -S -E -c 'bytearray(b\"x\") * (60 << 20)'\n")
    (tmp_path / "cc1plus").chmod(0o755)
    d = headrace("build", "--json", "--", "sh", "-c", "./cc1plus a.cpp", env=env).json()
    if not d["gate"] or not d["largest"]:
        pytest.skip(f"no job was seen: {d['gate_why']}")
    assert d["tree_peak_bytes"] >= d["largest"][0]["peak_bytes"]


@needs_make
def test_one_and_none_in_words(headrace, env, tmp_path):
    (tmp_path / "Makefile").write_text("")
    ran = headrace("build", "--", "make", env=env, status=2)
    assert "the command failed, status 2" in ran.err and "no heavy one" in ran.err and "at most" not in ran.err


def test_what_was_not_seen_is_not_zero(headrace, env):
    """A command that is over before the first look; some are looked at all the same."""
    ran = [headrace("build", "--no-gate", "--no-preload", "--", "true", env=env).err for _ in range(5)]
    assert all("peak" in err and "0 B of" not in err and "the kernel's gate was not wanted" in err for err in ran)
    d = headrace("build", "--json", "--no-gate", "--no-preload", "--", "true", env=env).json()
    assert (d["tree_peak_bytes"] is None) == (d["tree_peak_why"] is not None) and d["tree_peak_bytes"] != 0


def on_a_terminal(columns, env, *args, interrupt=None):
    """Everything it prints on a terminal of that width, and how it ended; interrupt: a line after which Ctrl-C is typed."""
    def child():
        os.setsid()
        fcntl.ioctl(end, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    own, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen([BIN, *args], stdin=end, stdout=end, stderr=end, env={**os.environ, **env, "TERM": "xterm"}, preexec_fn=child)
    os.close(end)
    said = b""
    while more := piece_of(own):
        said += more
        if interrupt is not None and interrupt in said.decode("utf-8", "replace"):
            interrupt = None
            os.write(own, b"\x03")
    os.close(own)
    return said.decode("utf-8", "replace").replace("\r", ""), p.wait(timeout=60)


@needs_make
def test_a_table_keeps_its_columns_on_a_narrow_terminal(env, tmp_path):
    (tmp_path / "Makefile").write_text("a:\n\t@echo 'cc1plus: out of memory allocating 65536 bytes'; exit 1\n")
    said, _ = on_a_terminal(60, env, "build", "--", "make", "-C", str(tmp_path), "-j4")
    lines = said.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("  try  what"))
    at = lines[head].index("ended")
    assert len(lines[head]) > 60 and all(line[at:].startswith("status 2 ") for line in lines[head + 1:head + 3]), lines[head:]
    begin = next(i for i, line in enumerate(lines) if line.startswith("headrace build: "))
    assert all(len(line) <= 60 for line in lines[begin:head] if not line.startswith("  log"))


# --- run ---

def test_what_is_said_before_a_training_fits_the_terminal(env):
    said, status = on_a_terminal(60, env, "run", "--", "true")
    assert status == 0 and all(len(line) <= 60 for line in said.splitlines() if not line.startswith("  log")), said


def test_a_sweep_that_is_interrupted_ends_as_a_shell_expects(env):
    said, status = on_a_terminal(80, env, "run", "--batch-sweep", "1,2", "--", "sh", "-c", "echo be''gun; sleep 100", "{}", interrupt="begun")
    assert status == -signal.SIGINT and "interrupted before a value" in said and "not run" in said and said.count("headrace: interrupted") == 0


def test_a_report_that_cannot_be_written_is_told_before(headrace, env, tmp_path):
    for place, says in ((tmp_path / "none/r.json", "could not be written"), (tmp_path, "is a folder")):
        ran = headrace("run", "--report", place, "--", "touch", "made", env=env, status=2)
        assert says in ran.err and not (tmp_path / "made").exists()
    headrace("run", "--report", "r.json", "--dry-run", env=env)
    assert not [p for p in os.listdir(tmp_path) if p.startswith("r.json")]


def test_a_dry_run_as_json(headrace, env):
    d = headrace("run", "--dry-run", "--json", "--warn", "100MiB", "--act", "200MiB", "--max", "none", "--on-act", "checkpoint,end", "--vram-act", "8GiB",
                 "--grace", "5s", "--", "true", env=env).json()
    assert d["marks"]["warn"] == 100 << 20 and d["marks"]["act"] == 200 << 20 and d["marks"]["max"] is None
    assert d["marks"]["vram-act"] == {"bytes": 8 << 30, "percent": None} and d["marks"]["vram-warn"] == {"bytes": None, "percent": 95}
    assert d["on_act"] == ["checkpoint", "end"] and d["grace_ns"] == 5 * 10**9 and d["free_bytes"] > 0 and d["values"] == []
    ran = headrace("run", "--dry-run", "--json", "--batch-sweep", "1,2", "--", "echo", "--batch={}", env=env)
    assert ran.json()["values"] == ["1", "2"] and "value 2: echo --batch=2" in ran.err


def test_a_mark_above_what_there_is(headrace, env):
    assert "--max: 900 TiB is more memory than there is here" in headrace("run", "--dry-run", "--max", "900TiB", env=env).err
    assert "more memory" not in headrace("run", "--dry-run", "--warn", "1MiB", "--act", "2MiB", "--max", "3MiB", env=env).err


def test_a_mark_without_its_unit(headrace, env, tmp_path):
    """12 and 14 bytes would end the training at once."""
    for args in (["--act", "14"], ["--warn", "1.5"], ["--max", "16K"], ["--vram-act", "8"]):
        err = headrace("run", *args, "--", "touch", "made", env=env, status=2).err
        assert f"{args[0]}: '{args[1]}' is " in err and "write the unit" in err and not (tmp_path / "made").exists()


def test_why_it_was_not_started_is_in_the_json(headrace, env):
    d = headrace("run", "--json", "--", "no-such-command-anywhere", env=env, status=127).json()
    assert "no command 'no-such-command-anywhere'" in d["why"] and d["memory_why"] == "the command did not run"


def test_a_sweep_that_says_nothing_of_memory(headrace, env, tmp_path):
    assert "goes from small to large" in headrace("run", "--batch-sweep", "8,4", "--", "touch", "made{}", env=env, status=2).err
    assert "'9' comes after '10'" in headrace("run", "--batch-sweep", "1,10,9", "--", "touch", "made{}", env=env, status=2).err
    assert not [p for p in os.listdir(tmp_path) if p.startswith("made")]
    headrace("run", "--batch-sweep", "small,large", "--dry-run", "--", "echo", "{}", env=env)
    ran = headrace("run", "--batch-sweep", "1,2", "--", "no-such-command-anywhere", "{}", env=env, status=127)
    assert "no command 'no-such-command-anywhere'" in ran.err and "value 2" not in ran.err and "fits" not in ran.err
    ran = headrace("run", "--batch-sweep", "1,2", "--", "sh", "-c", "exit 3", "{}", env=env, status=1)
    assert "not for want of memory" in ran.err and "none of the values fits" not in ran.err


# --- serve ---

@pytest.mark.parametrize("name", ["bad/host", "http://trainer", "trainer:9475", "fd00::1", "", "two words"])
def test_a_host_that_no_browser_asks_for(name):
    ran = subprocess.run([BIN, "serve", "--port", "0", "--for", "1s", "--host", name], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 2 and f"--host: '{name}' is no name" in ran.stderr and ran.stdout == ""


# --- what the README shows ---

def shown(readme, command):
    """The lines that a README shows under `$ headrace COMMAND`, without their indent, cut where it leaves something out."""
    lines = (ROOT / readme).read_text().splitlines()
    at = lines.index(f"    $ headrace {command}")
    pieces = [[]]
    for line in lines[at + 1:]:
        if line and not line.startswith("    "):
            break
        if line.strip() == "…":
            pieces.append([])
        else:
            pieces[-1].append(line[4:])
    return ["\n".join(p).rstrip("\n").removesuffix("…") for p in pieces if any(p)]


@pytest.mark.parametrize("command", ["doctor", "wslconfig lint"])
@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_this_machine(headrace, tmp_path, readme, command):
    """What it says that they print of the machine that it names, word for word and in order."""
    expand = ROOT / "build/tests/expand_root"
    if not expand.exists():
        pytest.skip("build/tests/expand_root is not built")
    subprocess.run([expand, ROOT / "tests/roots/wsl2-5070ti-old-torch.root", tmp_path / "pc"], check=True)
    said, at = headrace(*command.split(), "--root", tmp_path / "pc", status=None).out, 0
    pieces = shown(readme, command)
    assert len(pieces) >= 1
    for piece in pieces:
        at = said.find(piece, at)
        assert at >= 0, f"no longer so:\n{piece}\n--- but:\n{said}"
        at += len(piece)


def test_the_two_readmes_are_in_step():
    """The same commands, outputs, tables and pictures; only prose and comments are of their language."""
    def parts(readme):
        text = (ROOT / readme).read_text()
        lines = [line.split("  # ")[0].rstrip() for line in text.splitlines() if line.startswith("    ")]
        rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
        files = sorted(re.findall(r"\]\(([^)]+)\)", text.split("## ", 1)[1]))
        return lines, rows, files, sorted(set(re.findall(r"`(tests/[^`]+|bench/[^`]+)`", text)))
    for en, zh in zip(parts("README.md"), parts("README.zh-CN.md")):
        assert en and en == zh


# --- datasets ---

def test_what_cannot_be_packed_is_told_apart(headrace, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "empty.json").touch()
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "cut.json").write_text('[{"a": 1')
    (tmp_path / "wrong.json").write_text('[{"a": 1]')
    for source, says in (("none", "there are no files in the folder 'none'"), ("empty", "'empty' is an empty file"),
                         ("empty.json", "there are no samples in 'empty.json'"), ("list.json", "there are no samples in 'list.json'"),
                         ("cut.json", "in 'cut.json' the text ends inside a value\n"), ("wrong.json", "in 'wrong.json' ")):
        err = headrace("pack", source, "-o", "out", status=1).err
        assert says in err and "near ''" not in err, err
        assert not (tmp_path / "out").exists()


def test_one_is_not_many(headrace, tmp_path):
    """And a chunk that is not full holds what it holds."""
    (tmp_path / "s.json").write_text('[{"a": 1.5}]')
    assert headrace("pack", "s.json", "-o", "d").out.startswith("d: 1 sample, ")
    assert "\n  1 file, 1 chunk of 1 sample, the largest " in headrace("info", "d").out
    assert " in 1 chunk, 1 sample, " in headrace("verify", "d").out
    fed = headrace("feed", "d", "--epochs", "1").out
    assert fed.startswith("d: 1 sample in 1 batch, 1 epoch, ") and "window of 1 of 1 chunk" in fed and "\n1 batch, 1 sample in " in fed
    assert headrace("export", "d", "e.jsonl").out.startswith("e.jsonl: 1 sample, ")
    (tmp_path / "s.json").write_text('[{"a": 1.5}, {"a": 2}]')
    headrace("pack", "s.json", "-o", "d", "--force")
    assert "\n  1 file, 1 chunk of 2 samples, the largest " in headrace("info", "d").out


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_what_feeding_says_fits_the_terminal(headrace, tmp_path, columns):
    (tmp_path / "s.json").write_text('[{"a": 1.5}]')
    headrace("pack", "s.json", "-o", "d")
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen([BIN, "feed", "d", "--epochs", "3"], stdout=side, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=tmp_path)
    os.close(side)
    out = b""
    while (piece := piece_of(main)):
        out += piece
    os.close(main)
    assert p.wait(timeout=30) == 0
    lines = out.decode().replace("\r", "").splitlines()
    assert all(len(line) <= columns for line in lines), lines
    whole = " ".join(" ".join(lines).split())
    assert "3 samples in 3 batches, 3 epochs, " in whole and "at most; process " in whole and "bound by " in whole
    assert (max(map(len, lines)) > 80) == (columns == 200)


def test_the_rank_and_the_world(headrace, tmp_path):
    (tmp_path / "s.json").write_text('[{"a": 1.5}]')
    headrace("pack", "s.json", "-o", "d")
    assert "there is no rank 4: --world says 2, numbered from 0" in headrace("order", "d", "--rank", "4", "--world", "2", status=2).err
    assert "--rank 4 wants --world too" in headrace("order", "d", "--rank", "4", status=2).err


# --- files that cannot be written ---

def test_the_file_is_named_that_was_asked_for(headrace, env, tmp_path):
    """Not the temporary one beside it, and with the system's reason."""
    (tmp_path / "s.json").write_text('[{"a": 1.5}]')
    headrace("pack", "s.json", "-o", "d")
    for args in (["snapshot", "-o", "nodir/x.tar"], ["cuda", "--want", "12.8", "--write-script", "nodir/x.sh"], ["export", "d", "nodir/x.h5"],
                 ["feed", "d", "--epochs", "1", "--curve", "nodir/x.csv"]):
        ran = headrace(*args, env=env, status=None)
        assert ran.status in (1, 2), ran
        if "no apt" in ran.err or "HDF5" in ran.err and "built without" in ran.err:
            continue
        assert "'nodir/x." in ran.err and ".tmp-" not in ran.err and ran.err.rstrip().endswith("No such file or directory"), ran.err


@pytest.mark.parametrize("which", BOTH)
def test_nowhere_for_the_log(headrace, env, tmp_path, which):
    (tmp_path / "file").touch()
    ran = headrace(which, "--", "touch", "made", env={**env, "XDG_STATE_HOME": str(tmp_path / "file")}, status=1)
    assert f"no log can be kept (XDG_STATE_HOME may name another place): the folder '{tmp_path}/file/headrace" in ran.err
    assert not (tmp_path / "made").exists()


# --- benchmarks ---

@pytest.mark.parametrize("name", ["budget", "drills", "feed", "forecast", "guard", "guard_foreign", "monitor"])
def test_a_benchmark_asked_for_help_does_nothing_else(tmp_path, name):
    """bench/feed began to install the peers into a virtual environment."""
    (tmp_path / "bench").symlink_to(ROOT / "bench")  # where it would work is here
    before = sorted(os.listdir(tmp_path))
    ran = subprocess.run([tmp_path / "bench" / name, "--help"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert ran.returncode == 0 and len(ran.stdout) > 200 and "Traceback" not in ran.stderr, ran
    assert sorted(os.listdir(tmp_path)) == before

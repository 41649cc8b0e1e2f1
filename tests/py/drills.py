"""The guard's fault drills: what goes wrong is planted, and the build still finishes or ends with a reason, nothing stays stopped or
running, and the watcher has never been away for long.  Used small by test_guard_drills.py and full size by bench/drills.

A drill returns one row; it raises AssertionError where the guard does not hold.  Leaves are scripts named cc1plus, which take memory
as a file beside them says.  Where this runs as root, the guard and all of the build run as a user without rights."""

import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from membox import MIB, MemBox, possible

NOBODY = 65534
HOG = """#!{python}
import json, os, signal, sys, time
me = sys.argv[1]
with open(me + ".hog") as f:
    o = json.load(f)
if o.get("deaf"):
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
open("started", "a").write(me + " ")
step, held, begin, n = max(1, min(64, o["rate"] // 50)), [], time.monotonic(), 0
while n < o["mib"]:
    held.append(bytearray(b"x") * (step << 20))
    n += step
    time.sleep(max(0, begin + n / o["rate"] - time.monotonic()))
while "until" in o and not os.path.exists(o["until"]):
    time.sleep(0.02)
end = time.monotonic() + o.get("hold", 0)
while time.monotonic() < end:
    if o.get("asleep"):
        time.sleep(0.2)
open("done", "a").write(me + " ")
"""


class Place:
    """A folder for one drill, and what runs in it: as a user without rights where this is root."""

    def __init__(self, headrace, box=None):
        self.bin, self.box = str(headrace), box
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="headrace-drill-"))
        self.user = NOBODY if os.getuid() == 0 else None
        self.mark = self.path.name
        self.env = {**os.environ, "XDG_STATE_HOME": str(self.path / "state"), "XDG_CACHE_HOME": str(self.path / "cache"),
                    "HOME": str(self.path), "HEADRACE_DRILL": self.mark, "PYTHONDONTWRITEBYTECODE": "1"}
        self.env.pop("HEADRACE_FAULT", None)
        # The interpreter of the hogs must be one that this user may run.
        self.python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
        self.script("cc1plus", HOG.replace("{python}", self.python))
        self.own()

    def own(self):
        if self.user is not None:
            for p in [self.path, *self.path.rglob("*")]:
                os.chown(p, self.user, self.user, follow_symlinks=False)

    def script(self, name, text):
        p = self.path / name
        p.write_text(text)
        p.chmod(0o755)
        return p

    def hog(self, name, mib, rate=100, **more):
        (self.path / f"{name}.cpp.hog").write_text(json.dumps({"mib": mib, "rate": rate, **more}))
        return f"./cc1plus {name}.cpp"

    def enter(self, limits=(), before=None, drop=True):
        """What a child does before its exec."""
        def default():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if self.box is not None:
                self.box.enter()
            for what, value in limits:
                resource.setrlimit(what, (value, value))
            if self.user is not None and drop:
                os.setgroups([])
                os.setgid(self.user)
                os.setuid(self.user)
            if before is not None:
                before()
        return default

    def start(self, *args, command, front=(), drop=True, **kw):
        self.own()
        # One try: what a drill does to it must stay to be seen.  As many at once as come, however few CPUs there are.
        return subprocess.Popen([*front, self.bin, "build", "--json", "--no-ladder", "--no-verify", "--jobs", "64", *args, "--", *command], cwd=self.path, env=self.env,
                                start_new_session=True, preexec_fn=self.enter(drop=drop, **kw), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run(self, *args, command, timeout=120, **kw):
        p = self.start(*args, command=command if isinstance(command, list) else ["sh", "-c", command], **kw)
        try:
            out, err = p.communicate(timeout=timeout)
        finally:
            if p.poll() is None:
                p.kill()
        assert out.lstrip().startswith("{"), err
        d = json.loads(out)
        d["err"] = err
        return d

    def words(self, name):
        p = self.path / name
        return p.read_text().split() if p.exists() else []

    def timeline(self):
        logs = sorted((self.path / "state/headrace/build").iterdir())
        file, lines = logs[-1] / "timeline.jsonl", []
        for line in file.read_text().splitlines() if file.exists() else []:
            with contextlib.suppress(ValueError):  # the last one may be half written
                lines.append(json.loads(line))
        return lines

    def living(self):
        """Every process that carries our mark: {pid: state}."""
        out = {}
        for d in pathlib.Path("/proc").iterdir():
            if not d.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                if f"HEADRACE_DRILL={self.mark}".encode() in (d / "environ").read_bytes().split(b"\0"):
                    state = (d / "stat").read_text().rsplit(")", 1)[1].split()[0]
                    if state != "Z":
                        out[int(d.name)] = state
        return out

    def names(self):
        out = {}
        for q in self.living():
            with contextlib.suppress(OSError):  # a sleep that has ended meanwhile
                out[q] = pathlib.Path(f"/proc/{q}/comm").read_text().strip()
        return out

    def clean(self, seconds=30):
        """Nothing of it is left, stopped or running."""
        end = time.monotonic() + seconds
        while (left := self.living()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not left, f"left behind: {left}"

    def close(self):
        for pid in self.living():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.path, ignore_errors=True)


@dataclasses.dataclass
class Drill:
    """What a drill works with: the program, its scale (1 small, 3 full) and whether a memory cgroup can be had."""

    headrace: pathlib.Path
    scale: int = 1
    boxed: bool = dataclasses.field(default_factory=possible)

    @contextlib.contextmanager
    def place(self, limit=None):
        box = MemBox(limit * MIB) if self.boxed and limit is not None else None
        p = Place(self.headrace, box)
        try:
            yield p
            p.clean()
        finally:
            p.close()
            if box is not None:
                box.close()

    def limits(self, mib):
        """Without a cgroup the budget is the limit."""
        return [] if self.boxed else ["--memory", f"{mib}MiB"]


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
    return got


def row(d, text, **more):
    return {"ended": text, "gap_ms": round(d["watcher"]["worst_gap_ns"] / 1e6), "held": d["held"], "paused": d["paused"],
            "killed": d["ended"], "oom_kills": d["oom_kills"], "level": d["worst_level"],
            "cpu_percent": round(d["watcher"]["cpu_ns"] / d["wall_ns"] * 100, 2), "resident_mib": round(d["watcher"]["resident_bytes"] / MIB, 2), **more}


def together(*commands, gap=0.3, after=()):
    """All at once, `gap` seconds apart, and then what stands in `after`."""
    names = [f"p{i}" for i in range(len(commands))]
    return ("".join(f"{c} & {n}=$!; sleep {gap}; " for c, n in zip(commands, names)) + "".join(f"{a}; " for a in after) + "bad=0; " +
            "".join(f"wait ${n} || bad=1; " for n in names) + "exit $bad")


def growth(t):
    """A leaf that grows by 2 GiB a second far beyond what there is; one beside it must not suffer."""
    limit = 500 * t.scale
    with t.place(limit) as p:
        p.run(*t.limits(limit), command=together(p.hog("a", 20), p.hog("b", 20)))  # both look harmless
        command = together(p.hog("a", 100, rate=60), p.hog("b", 1000 * t.scale, rate=2048))
        (p.path / "done").unlink()
        d = p.run(*t.limits(limit), command=command)
        if not t.boxed:  # a budget is a wish: alone it may be overdrawn, and that is said
            assert "a.cpp" in p.words("done") and (d["ended"] == 1 or d["too_large_source"] == "b.cpp"), d
            return row(d, "a finished; no cgroup here")
        assert p.words("done") == ["a.cpp"], (p.words("done"), d)
        assert d["status"] == 1 and d["ended"] + d["oom_kills"] >= 1
        assert p.box.kills() == d["oom_kills"], "the report tells of each kill of the kernel"
        # Now it is known that it needs more than there is: it runs alone, and is ended with that as the reason.
        (p.path / "done").unlink()
        d2 = p.run(command=command)
        assert p.words("done") == ["a.cpp"] and (d2["too_large_source"] == "b.cpp" or d2["oom_kills"]), d2
        return row(d, "b ended, a finished", second=f"too large: {d2['too_large_source']}, OOM kills {d2['oom_kills']}")


def many(t):
    """64 leaves at once."""
    limit = 300 * t.scale
    with t.place(limit) as p:
        mib = 30 * t.scale
        # Those let in stay until all have come, so that it is memory that holds the others and not how fast this machine starts programs.
        command = " & ".join(p.hog(f"u{i}", mib, rate=1000, hold=0.1, until="come") for i in range(64)) + " & sleep 0.3; touch come; wait"
        d = p.run(*t.limits(limit), command=command, timeout=300)
        assert d["status"] == 0 and len(p.words("done")) == 64 and d["leaves"] == 64
        assert d["ended"] == 0 and d["oom_kills"] == 0 and d["held"] >= 40
        return row(d, "finished", at_once=d["at_once"])


EATER = """#!{python}
import os, time
x = []
print("ready", flush=True)
while not os.path.exists("eat"):
    time.sleep(0.01)
for _ in range(50):
    x.append(bytearray(b"x") * (({mib} << 20) // 50))
    time.sleep(0.005)
open("eaten", "w").close()
time.sleep(2.5)
"""


def foreign(t):
    """Another program takes most of it in the middle of the build, and gives it back."""
    limit = 600 * t.scale
    if not t.boxed:
        return None
    with t.place(limit) as p:
        jobs = [f"./cc1plus u{i}.cpp" for i in range(4)]
        eater = p.script("eater", EATER.format(python=p.python, mib=int(limit * 0.45)))
        p.run(command=together(*[p.hog(f"u{i}", 60 * t.scale, rate=400) for i in range(4)], gap=0))
        (p.path / "done").unlink()
        for i in range(4):
            p.hog(f"u{i}", 90 * t.scale, rate=60 * t.scale, hold=0.5, until="eaten")  # none ends before it has come
        p.own()
        other = subprocess.Popen([str(eater)], cwd=p.path, preexec_fn=p.enter(), env={}, stdout=subprocess.PIPE)
        other.stdout.readline()
        run = p.start(command=["sh", "-c", together(*jobs, gap=0.1)])
        until(lambda: len(p.words("started")) >= 6)  # four of the first time
        (p.path / "eat").touch()
        out, err = run.communicate(timeout=120)
        d = json.loads(out)
        other.kill()
        other.communicate()
        # A leaf that takes more than ever before may be ended for it; the oldest never is, and the reason is told.
        assert d["oom_kills"] == 0 and p.box.kills() == 0, d
        assert d["paused"] + d["held"] + d["ended"] >= 1 and d["worst_level"] != "green", d
        assert "u0.cpp" in p.words("done") and len(p.words("done")) + d["ended"] == 4, (p.words("done"), d)
        return row(d, "finished" if d["status"] == 0 else f"{d['ended']} ended, said")


def deaf(t):
    """What eats the memory is no compiler, and it does not listen to SIGTERM."""
    limit = 400 * t.scale
    if not t.boxed:
        return None
    with t.place(limit) as p:
        p.script("generator", (p.path / "cc1plus").read_text())
        p.hog("g", 2 * limit, rate=150 * t.scale, deaf=True)
        d = p.run(command="./generator g.cpp; echo $? > status")
        assert (d["verdict"] == "memory" and "because other programs than compilers" in d["say"]) or d["oom_kills"] >= 1, d
        assert p.words("done") == []
        # A leaf that does not listen, when the time is over.
        (p.path / "started").unlink()
        p.hog("l", 20, hold=600, asleep=True, deaf=True)
        begin = time.monotonic()
        d2 = p.run("--timeout", "2s", command="trap '' TERM; ./cc1plus l.cpp; sleep 100")
        assert d2["verdict"] == "time limit" and time.monotonic() - begin < 60  # and not the 600 s and 100 s that they would like
        return row(d, d["verdict"], oom_kills=d["oom_kills"], deaf_leaf=d2["verdict"])


def shot(t, whos=("watcher", "keeper", "killall")):
    """The guard dies of SIGKILL while one leaf runs, one waits and one is paused; and its keeper does; and all by that name."""
    took, d = {}, None
    for who in whos:
        with t.place(2000) as p:  # two of what is expected of an unknown one
            run = p.start("--jobs", "2", command=["sh", "-c", together(
                p.hog("a", 30, hold=600, asleep=True), p.hog("b", 30, hold=600, asleep=True), p.hog("c", 30), "sleep 600", gap=0.1)])
            until(lambda: len(p.words("started")) == 2)
            comm = p.names()
            leaf = max(q for q, c in comm.items() if c == "cc1plus")
            os.kill(leaf, signal.SIGSTOP)  # as the brake does
            shoot = {"watcher": [run.pid], "keeper": [q for q, c in comm.items() if c == "hr-keeper"],
                     "killall": [q for q, c in comm.items() if c == "headrace"]}[who]
            begin = time.monotonic()
            for q in shoot:
                os.kill(q, signal.SIGKILL)
            try:
                out, _ = run.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"{who}: {p.living()}") from None
            p.clean()
            took[who] = round(time.monotonic() - begin, 1)
            if who == "keeper":
                d = json.loads(out)
                assert d["verdict"] == "lost"
            assert p.words("done") == []
    return row(d, "ended, nothing left", seconds=took)


def lost(t):
    """SIGCONT has no effect: after the guard has let a paused leaf go on, it stands still again."""
    with t.place(500) as p:
        # Both look harmless, then the newer has to be paused; when the older has finished it goes on, and is stopped behind the guard's back.
        p.run("--memory", "260MiB", command=together(p.hog("a", 10), p.hog("b", 10)))
        # Neither ends before it has come to that: the older stays until the newer is paused, the newer until it has been stopped again.
        command = together(p.hog("a", 160, rate=80, until="paused"), p.hog("b", 100, rate=80, until="stopped"))
        run = p.start("--memory", "260MiB", command=["sh", "-c", command])
        told = lambda what: next((e for e in p.timeline() if e["event"] == what), None)  # noqa: E731
        until(lambda: told("paused"), 60)
        (p.path / "paused").touch()

        def stop():
            last = next((e for e in reversed(p.timeline()) if e["event"] in ("paused", "parked", "resumed")))
            if last["event"] == "resumed":  # not while it is the guard itself that has it stand still
                os.kill(last["pid"], signal.SIGSTOP)
            return told("continued again")

        until(stop, 60)
        (p.path / "stopped").touch()
        out, err = run.communicate(timeout=60)
        d = json.loads(out)
        assert d["status"] == 0 and d["continued_again"] >= 1 and d["paused"] >= 1, d
        return row(d, "finished", continued_again=d["continued_again"])


def stalled(t):
    """A leaf that uses no CPU any more."""
    with t.place(300) as p:
        # The interpreter wakes up five times a second and takes no CPU that the kernel's ticks would show.  The one that works lives for longer
        # than the limit, and the limit is longer than a busy machine keeps a gentle build waiting.
        d = p.run("--stall", "4s", command=together(p.hog("ok", 20, hold=5.5), p.hog("dead", 20, hold=600, asleep=True), gap=0))
        assert p.words("done") == ["ok.cpp"] and d["stalled"] == 1 and d["status"] == 1
        return row(d, "dead.cpp ended", stalled=d["stalled"])


# --- what the kernel may refuse ---

def no_seccomp():
    """From here on seccomp(2) fails with EPERM, as in many containers."""
    libc = ctypes.CDLL(None, use_errno=True)
    nr = {"x86_64": (317, 0xC000003E), "aarch64": (277, 0xC00000B7)}[os.uname().machine]
    prog = [(0x20, 0, 0, 4), (0x15, 0, 3, nr[1]), (0x20, 0, 0, 0), (0x15, 0, 1, nr[0]), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in prog))
    class Fprog(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    f = Fprog(len(prog), ctypes.addressof(code))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(f), 0, 0) == 0


def hide(*folders):
    """A mount namespace in which these are empty."""
    mounts = "".join(f"if test -d {f}; then mount -t tmpfs none {f} || exit; fi; " for f in folders)
    drop = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups"
    return ["unshare", "-m", "sh", "-c", mounts + f'exec {drop} "$@"', "sh"]


def without(t):
    """No PSI, no seccomp, no cgroup, no locked memory: each alone, and all together."""
    rows = {}
    can_hide = os.getuid() == 0 and shutil.which("unshare") and shutil.which("setpriv") and subprocess.run(hide("/mnt")[:-1] + ["sh", "true"], capture_output=True).returncode == 0
    small = [(resource.RLIMIT_MEMLOCK, 65536)]
    cases = {"seccomp": dict(before=no_seccomp), "seccomp and preload": dict(before=no_seccomp), "mlock": dict(limits=small)}
    if can_hide:
        cases |= {"PSI": dict(front=hide("/proc/pressure"), drop=False), "cgroup": dict(front=hide("/sys/fs/cgroup"), drop=False),
                  "all of them": dict(front=hide("/proc/pressure", "/sys/fs/cgroup"), drop=False, before=no_seccomp, limits=small)}
    for name, kw in cases.items():
        with t.place(600) as p:
            args = ["--memory", "150MiB"] + (["--no-preload"] if name in ("seccomp and preload", "all of them") else [])
            command = p.hog("a", 60, rate=150) + " & a=$!; until test -s started; do sleep 0.02; done; "  # the oldest for certain: it is never ended
            command += together(*[p.hog(n, 60, rate=150) for n in "bc"], gap=0.05, after=["wait $a"])
            d = p.run(*args, command=command, **kw)
            # Without a gate what outgrows the budget is paused, and in the worst case ended: then that is said.
            assert len(p.words("done")) + d["ended"] == 3 and "a.cpp" in p.words("done"), (name, d)
            # Who sees no group counts the kills of the whole machine, where others have theirs.
            assert d["oom_kills"] == 0 or name in ("cgroup", "all of them"), (name, d)
            assert p.box is None or p.box.kills() == 0, (name, d)
            if "seccomp" in name or name == "all of them":
                assert d["gate_why"] or not d["gate"] or d.get("preload"), d
            if name in ("mlock", "all of them"):
                assert d["watcher"]["memory"] != "locked", d["watcher"]
            if name in ("PSI", "all of them"):
                assert "no pressure stall" in d["watcher"]["strain"]
            rows[name] = ("finished" if d["status"] == 0 else f"{d['ended']} ended, said") + f" ({round(d['watcher']['worst_gap_ns'] / 1e6)} ms)"
    return row(d, "; ".join(f"no {k}: {v}" for k, v in rows.items()))


MAKEFILE = """all: {all}
steal:
\t@./thief || sleep 3
t%: steal
\t@sleep 0.3; echo $@ >> done
"""
THIEF = """#!{python}
import glob, os
f = os.open(glob.glob("state/headrace/build/*/jobserver")[0], os.O_RDWR | os.O_NONBLOCK)
got = os.read(f, 4096)
open("stolen", "w").write(len(got) * "+ ")
os.kill(os.getpid(), 9)
"""


def theft(t):
    """Somebody reads every token of the pool and dies: after two seconds they are there again, and make has its jobs."""
    if shutil.which("make") is None:
        return None
    with t.place() as p:
        p.script("thief", THIEF.replace("{python}", p.python))
        (p.path / "Makefile").write_text(MAKEFILE.format(all=" ".join(f"t{i}" for i in range(8))))
        for name in ("MAKEFLAGS", "MFLAGS"):
            p.env.pop(name, None)
        d = p.run("--jobserver", "on", "--jobs", "4", command=["make", "-s"])
        pool = d["jobserver"]
        if pool["address"] is None:
            return row(d, f"no pool: {pool['why']}")
        assert d["status"] == 0 and len(p.words("done")) == 8
        assert len(p.words("stolen")) >= 1 and pool["lost"] == len(p.words("stolen")), pool
        return row(d, "finished", stolen=pool["lost"])


def sudo(t):
    """sudo in the command, and sudo somewhere inside."""
    with t.place(300) as p:
        d = p.run(command="true || sudo true; " + p.hog("a", 20))
        assert d["status"] == 0 and p.words("done") == ["a.cpp"] and "sudo" in d["gate_why"]
        p.script("sudo", "#!/bin/sh\nexit 1\n")
        p.script("step", "#!/bin/sh\n./sudo install x\nexit 0\n")
        d = p.run(command="./step && " + p.hog("b", 20))
        assert d["status"] == 0 and (d["sudo"] or not d["gate"])
        return row(d, "finished, said")


def server(t):
    """A compiler cache's server that was there before runs the compilers outside of the build."""
    with t.place(600) as p:
        p.script("sccache", f"#!{p.python}\nimport subprocess\nwhile True:\n    with open('ask') as f:\n        for line in f:\n"
                 "            if line.strip() == 'end':\n                raise SystemExit\n            subprocess.run(line.split())\n"
                 "            open('answer', 'w').close()\n")
        os.mkfifo(p.path / "ask")
        os.mkfifo(p.path / "answer")
        p.own()
        outside = subprocess.Popen(["./sccache"], cwd=p.path, env=p.env, preexec_fn=p.enter())
        d = p.run(command=f"echo {p.hog('a', 150, rate=100, hold=3)} > ask; cat answer; " + p.hog("b", 20))
        (p.path / "ask").write_text("end\n")
        outside.wait(20)
        assert d["status"] == 0 and sorted(p.words("done")) == ["a.cpp", "b.cpp"] and d["leaves"] == 1
        assert d["server"] == "sccache" and d["outside"] == 1 and d["outside_peak_bytes"] > 100 * MIB, d
        return row(d, "finished, said", outside_mib=d["outside_peak_bytes"] // MIB)


def nested(t):
    """A guard inside a guard: the outer one holds the jobs."""
    with t.place(500) as p:
        both = together(p.hog("a", 100, rate=80, until="both"), p.hog("b", 100, rate=80), gap=0.1, after=["sleep 0.3", "touch both"])
        inner = f"{p.bin} build --quiet --jobs 64 -- sh -c '{both}'"
        p.own()
        d = p.run("--memory", "250MiB", command=inner)
        assert d["status"] == 0 and sorted(p.words("done")) == ["a.cpp", "b.cpp"], d
        assert d["leaves"] == 2 and d["held"] >= 1 and d["ended"] == 0
        return row(d, "finished")


def limit(t):
    """The limit of the group shrinks in the middle of the build, and grows later to twice what it was."""
    if not t.boxed:
        return None
    most = 700 * t.scale
    with t.place(most) as p:
        units = [p.hog(f"u{i}", 80 * t.scale, rate=800 * t.scale) for i in range(6)]
        large = p.hog("large", 480 * t.scale, rate=960 * t.scale)  # more than it shrinks to
        p.run(command=" && ".join([*units, large]))  # what each takes is known now
        for name in ("started", "done"):
            (p.path / name).unlink()
        for i in range(6):
            p.hog(f"u{i}", 80 * t.scale, rate=50 * t.scale, hold=0.5, until="come")
        run = p.start("--jobs", "64", command=["sh", "-c", f"({together(*units, gap=0.6, after=['touch come'])}) && until test -e grown; do sleep 0.1; done && {large}"])
        until(lambda: len(p.words("started")) == 2)
        p.box.move(most * 4 // 7 * MIB)
        until(lambda: len(p.words("done")) == 6 or run.poll() is not None, 60)
        p.box.move(most * 2 * MIB)
        time.sleep(2.5)  # a limit is not read more often than once a second
        (p.path / "grown").touch()
        out, err = run.communicate(timeout=60)
        d = json.loads(out)
        assert d["oom_kills"] == 0 and p.box.kills() == 0, d
        assert d["status"] == 0 and len(p.words("done")) == 7 and d["ended"] == 0 and d["held"] + d["paused"] >= 1, d
        assert d["ceiling_bytes"] > 1.8 * most * MIB, d  # as of the end
        return row(d, "finished", at_once=d["at_once"])


DRILLS = {"a growth of 2 GiB/s": growth, "b 64 leaves at once": many, "c a foreign process": foreign, "d deaf to SIGTERM": deaf,
          "e guard killed -9": shot, "f lost SIGCONT": lost, "g token theft": theft, "h kernel refuses": without, "i sudo inside": sudo,
          "j cache server outside": server, "k nested guard": nested, "l limit that moves": limit, "- stalled leaf": stalled}

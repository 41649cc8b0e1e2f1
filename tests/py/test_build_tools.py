"""Build tools under headrace build, held against the same run without it: exit status, both outputs byte for byte (lines in any order where
the tool itself gives none), and what was built, byte for byte.  Success and failure, -k, parallel, a killed compiler, a failing
test, colours and progress on a pipe.

What a guarded command may see differently is written in the manual: no_new_privs, a niceness, an OOM score, and the variables that set
the number of jobs. A job that was killed is taken for one that found no memory where that cannot be ruled out, and the command is run again; for a comparison
of one run with one run that is left out here (--no-ladder)."""

import os
import pty
import re
import resource
import shutil
import subprocess
import sys
import tempfile

import pytest
from runs import piece_of

REPORT = re.compile(rb"(headrace build: .*\n(  .*\n)*)?")
C = "int {n}(void);\nint {n}(void) {{ return {v}; }}\n"


def have(*programs):
    missing = [p for p in programs if shutil.which(p) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not here: {', '.join(missing)}")


def no_core():
    """As in a guarded command: a program that crashes leaves no file behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


class Both:
    """Runs a command twice in one folder made anew, plain and guarded."""

    def __init__(self, headrace, tmp_path):
        self.bin, self.tmp = headrace.bin, tmp_path
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("HEADRACE", "MAKE", "CARGO_TARGET", "MFLAGS", "CMAKE_BUILD_PARALLEL"))}
        self.env.update(XDG_STATE_HOME=str(tmp_path / "state"), XDG_CACHE_HOME=str(tmp_path / "cache"), LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")

    def once(self, guard, write, command, stdin=b"", env=None, merge=False):
        at = self.tmp / "p"
        shutil.rmtree(at, ignore_errors=True)
        at.mkdir()
        write(at)
        argv = [self.bin, "build", "-q", *guard, "--", *command] if guard is not None else command
        ran = subprocess.run(argv, cwd=at, env={**self.env, **(env or {})}, input=stdin, timeout=145, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT if merge else subprocess.PIPE, preexec_fn=no_core)
        made = {str(f.relative_to(at)): f.read_bytes() for f in sorted(at.rglob("*")) if f.is_file()}
        return ran, made

    def __call__(self, write, command, status=0, any_order=False, clean=lambda b: b, products=None, builds=False, guard=(), **kw):
        plain, made = self.once(None, write, command, **kw)
        guarded, made_too = self.once(list(guard), write, command, **kw)
        want = plain.returncode if plain.returncode >= 0 else 128 - plain.returncode
        assert plain.returncode == status or status is None, (plain.stdout, plain.stderr)
        assert guarded.returncode == want, (guarded.stdout, guarded.stderr)
        outputs = [("stdout", plain.stdout, guarded.stdout)]
        if kw.get("merge"):
            outputs = [("both", plain.stdout, guarded.stdout)]
        else:
            outputs.append(("stderr", plain.stderr, guarded.stderr))
        for name, a, b in outputs:
            if name != "stdout":  # the report of a failed build follows what the command said
                at = b.rfind(b"headrace build: ")
                if at >= 0 and REPORT.fullmatch(b[at:]):
                    b = b[:at]
            a, b = clean(a), clean(b)
            if any_order:
                a, b = sorted(a.splitlines()), sorted(b.splitlines())
            assert a == b, f"{name} differs"
        if products is not None:
            made, made_too = ({k: v for k, v in m.items() if re.fullmatch(products, k)} for m in (made, made_too))
            assert made or not builds, "nothing was built"
        assert made.keys() == made_too.keys()
        for k in made:
            assert made[k] == made_too[k], f"{k} differs"
        return plain, guarded


@pytest.fixture
def both(headrace, tmp_path):
    return Both(headrace, tmp_path)


def sources(p, broken=()):
    for v, n in enumerate("abcd"):
        (p / f"{n}.c").write_text("int x( {\n" if n in broken else C.format(n=n, v=v))


# --- make

MAKEFILE = """all: a.o b.o c.o d.o
	ar rcsD libp.a a.o b.o c.o d.o
%.o: %.c
	@echo compile $<; echo note $< >&2
	gcc -O1 -c $< -o $@
check: all
	@echo testing
	@sh -c 'echo 1 of 2 failed >&2; exit 3'
killed:
	@echo before
	sh -c 'kill -9 $$$$'
	@echo never
segfault:
	-sh -c 'kill -SEGV $$$$'
	@echo after
sub:
	$(MAKE) -C sub
loud:
	@printf '\\033[1;31mred\\033[0m\\r\\033[K 50%%\\r100%%\\n'
.PHONY: all check killed segfault sub loud
"""


def make_project(p, broken=()):
    sources(p, broken)
    (p / "Makefile").write_text(MAKEFILE)
    (p / "sub").mkdir()
    (p / "sub/Makefile").write_text("all: x y\nx y:\n\t@echo sub $@\n\t@touch $@\n")


MAKE = [  # name, arguments, status, any order, broken units
    ("one_by_one", ["-j1"], 0, False, ""),
    ("parallel", ["-j4"], 0, True, ""),
    ("load", ["-j4", "-l64"], 0, True, ""),
    ("output_sync", ["-j4", "-Otarget"], 0, True, ""),
    ("silent", ["-s"], 0, False, ""),
    ("dry_run", ["-n"], 0, False, ""),
    ("question", ["-q"], 1, False, ""),
    ("print_directory", ["-w"], 0, False, ""),
    ("broken", ["-j1"], 2, False, "b"),
    ("keep_going", ["-k"], 2, False, "bd"),
    ("keep_going_parallel", ["-k", "-j3"], 2, True, "bd"),
    ("ignore_errors", ["-i", "-j1"], 0, False, "b"),
    ("failing_test", ["check"], 2, False, ""),
    ("killed", ["killed"], 2, False, ""),
    ("segfault", ["segfault"], 0, False, ""),
    ("recursive", ["sub"], 0, False, ""),
    ("recursive_parallel", ["-j4", "sub"], 0, True, ""),
    ("colours", ["loud"], 0, False, ""),
    ("no_rule", ["nothing"], 2, False, ""),
    ("no_makefile", ["-f", "gone"], 2, False, ""),
    ("bad_option", ["--no-such-option"], 2, False, ""),
]


@have("make", "gcc", "ar")
@pytest.mark.parametrize("args, status, any_order, broken", [m[1:] for m in MAKE], ids=[m[0] for m in MAKE])
def test_make(both, args, status, any_order, broken):
    def line(b):  # with several jobs make itself names now the recipe's first line, now the one behind
        return re.sub(rb"\[Makefile:\d+:", b"[Makefile:", b) if any_order else b
    ran, _ = both(lambda p: make_project(p, broken), ["make", *args], status, any_order, clean=line, guard=["--no-ladder"] if args == ["killed"] else [])
    assert ran.stdout or ran.stderr or args == ["-q"] or args == ["-s"]


@have("make", "gcc")
def test_make_of_a_user_with_flags(both):
    both(lambda p: make_project(p, "b"), ["make"], 2, env={"MAKEFLAGS": "-k"})
    both(make_project, ["make", "-e"], 0, env={"CFLAGS": "-O2", "GNUMAKEFLAGS": "--no-print-directory"})


@have("make", "gcc")
def test_one_place_for_both_outputs_keeps_their_order(both):
    """make 2>&1 | tee log: an error stands behind the line of its compiler."""
    ran, _ = both(lambda p: make_project(p, "bd"), ["make", "-k"], 2, merge=True)
    assert ran.stdout.index(b"compile b.c") < ran.stdout.index(b"error:") < ran.stdout.index(b"compile c.c")


# --- ninja

def ninja_project(p, broken=()):
    sources(p, broken)
    (p / "build.ninja").write_text("rule cc\n  command = gcc -O1 -c $in -o $out\n  description = CC $out\nrule ar\n  command = rm -f $out && ar rcsD $out $in\n"
                                   + "".join(f"build {n}.o: cc {n}.c\n" for n in "abcd") + "build libp.a: ar a.o b.o c.o d.o\n"
                                   "rule run\n  command = sh -c 'echo 1 failed; exit 3'\nbuild check: run\nrule kill\n  command = sh -c 'kill -9 $$$$'\nbuild killed: kill\n"
                                   "rule draw\n  command = printf '\\033[32mgreen\\033[0m 10%%\\r20%%\\r\\n'\nbuild loud: draw\ndefault libp.a\n")


NINJA = [
    ("one_by_one", ["-j1"], 0, ""), ("parallel", ["-j4"], 0, ""), ("verbose", ["-j1", "-v"], 0, ""), ("dry_run", ["-n", "-j1"], 0, ""),
    ("broken", ["-j1"], 1, "b"), ("keep_going", ["-j1", "-k0"], 1, "bd"), ("keep_going_parallel", ["-j4", "-k0"], 1, "bd"), ("failing_test", ["check"], 1, ""),
    ("killed", ["killed"], 1, ""), ("colours", ["-j1", "loud"], 0, ""), ("unknown_target", ["nothing"], 1, ""), ("no_file", ["-f", "gone"], 1, ""),
]


@have("ninja", "gcc", "ar")
@pytest.mark.parametrize("args, status, broken", [m[1:] for m in NINJA], ids=[m[0] for m in NINJA])
def test_ninja(both, args, status, broken):
    def count(b):  # which of the units that run side by side ends first is nobody's to say
        return re.sub(rb"\[\d+/(\d+)\]", rb"[-/\1]", b) if "-j4" in args else b
    both(lambda p: ninja_project(p, broken), ["ninja", *args], status, any_order="-j4" in args, clean=count, products=r".*\.(o|a)",
         builds=status == 0 and args in (["-j1"], ["-j4"]), guard=["--no-ladder"] if args == ["killed"] else [])


# --- cmake, ctest

def cmake_project(p, broken=(), test_passes=True):
    sources(p, broken)
    (p / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.16)\nproject(p C)\nset(CMAKE_EXPORT_COMPILE_COMMANDS ON)\nadd_library(p STATIC a.c b.c c.c d.c)\n"
                                      "enable_testing()\nadd_test(NAME good COMMAND true)\n"
                                      + ("" if test_passes else "add_test(NAME bad COMMAND sh -c \"echo why; exit 3\")\n"))


TIMES = re.compile(rb" *\d+\.\d+( sec|s)|real\) =.*|\(\d+\.\d+s\)")
BUILT = r"(.*/)?(libp\.a|compile_commands\.json|.*\.o)"


@have("cmake", "make", "gcc")
@pytest.mark.parametrize("generator", ["Unix Makefiles", "Ninja"])
@pytest.mark.parametrize("broken", ["", pytest.param("b", marks=pytest.mark.slow)], ids=["good", "broken"])
def test_cmake(both, generator, broken):
    if generator == "Ninja" and shutil.which("ninja") is None:
        pytest.skip("no ninja here")
    run = ["sh", "-c", f"cmake -G '{generator}' -B out . && cmake --build out -j1"]
    both(lambda p: cmake_project(p, broken), run, None if broken else 0, clean=lambda b: TIMES.sub(b"", b), products=BUILT, builds=not broken)


@have("cmake", "make", "gcc")
def test_cmake_that_does_not_configure(both):
    ran, _ = both(lambda p: (p / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.16)\nproject(p C)\nmessage(FATAL_ERROR \"no\")\n"),
                  ["cmake", "-B", "out", "."], 1, clean=lambda b: TIMES.sub(b"", b), products=BUILT)
    assert b"no" in ran.stderr


@have("cmake", "ctest", "make", "gcc")
def test_ctest_that_fails(both):
    ran, _ = both(lambda p: cmake_project(p, test_passes=False), ["sh", "-c", "cmake -B out . > log && cmake --build out > log && cd out && ctest --output-on-failure"], 8,
                  clean=lambda b: TIMES.sub(b"", b), products=BUILT)
    assert b"1 tests failed" in ran.stdout


# --- setuptools, pip

def python_project(p, broken=()):
    (p / "setup.py").write_text("from setuptools import Extension, setup\nsetup(name='p', version='1', py_modules=[], ext_modules=[Extension('p', ['m.c'])])\n")
    (p / "m.c").write_text("#include <Python.h>\n" + ("int x( {\n" if broken else "static struct PyModuleDef m = { PyModuleDef_HEAD_INIT, \"p\", 0, -1, 0 };\n"
                                                      "PyMODINIT_FUNC PyInit_p(void);\nPyMODINIT_FUNC PyInit_p(void) { return PyModule_Create(&m); }\n"))


def python_ready():
    ok = subprocess.run([sys.executable, "-c", "import setuptools, sysconfig, os; assert os.path.exists(sysconfig.get_path('include') + '/Python.h')"],
                        capture_output=True).returncode == 0
    return pytest.mark.skipif(not ok or shutil.which("gcc") is None, reason="no setuptools, Python.h or gcc here")


@python_ready()
@pytest.mark.parametrize("broken, status", [((), 0), ("b", 1)], ids=["good", "broken"])
def test_setuptools(both, broken, status):
    both(lambda p: python_project(p, broken), [sys.executable, "setup.py", "build_ext", "--inplace"], status, products=r"p.*\.so|build/temp.*\.o", builds=not broken)


@python_ready()
@pytest.mark.parametrize("broken, status", [((), 0), pytest.param("b", 1, marks=pytest.mark.slow)], ids=["good", "broken"])
def test_pip(both, broken, status):
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        pytest.skip("no pip here")

    def clean(b):  # names of temporary folders, and the wheel's hash of its own time stamps
        return re.sub(rb"sha256=\w+|size=\d+|" + re.escape(tempfile.gettempdir().encode()) + rb"/[\w./-]+|pip-[\w-]+", b"-", b)
    both(lambda p: python_project(p, broken), [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check",
                                               "--no-cache-dir", "-w", "out", "."], status, clean=clean, products=r"build/temp.*\.o|build/lib.*\.so",
         env={"SOURCE_DATE_EPOCH": "1700000000"})


# --- cargo

def cargo_project(p, broken=False, failing=False):
    (p / "src").mkdir()
    (p / "Cargo.toml").write_text('[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n')
    (p / "src/main.rs").write_text("fn main() { let }\n" if broken else 'fn six() -> i32 { 6 }\nfn main() { println!("{}", six() * 7); }\n'
                                   "#[test]\nfn t() { assert_eq!(six(), " + ("7" if failing else "6") + "); }\n")


CARGO = [("build", ["build"], {}, 0), ("check", ["check"], {}, 0), ("broken", ["build"], {"broken": True}, 101), ("colours", ["build", "--color", "always"], {"broken": True}, 101),
         ("test", ["test"], {}, 0), ("failing_test", ["test"], {"failing": True}, 101), ("run", ["run", "-q"], {}, 0)]


@have("cargo", "cc")
@pytest.mark.parametrize("args, project, status", [c[1:] for c in CARGO], ids=[c[0] for c in CARGO])
def test_cargo(both, args, project, status):
    if subprocess.run(["cargo", "--version"], capture_output=True).returncode != 0:
        pytest.skip("cargo does not start here")
    both(lambda p: cargo_project(p, **project), ["cargo", args[0], "--offline", "-j1", *args[1:]], status,
         clean=lambda b: re.sub(rb"thread 't' \(\d+\)", b"thread 't'", TIMES.sub(b"", b)), products=r"target/debug/p", builds=status == 0 and args[0] in ("build", "run"))


# --- any command

SH = [
    ("status_0", "exit 0", 0), ("status_1", "exit 1", 1), ("status_124", "exit 124", 124), ("status_255", "exit 255", 255),
    ("both_outputs", "echo out; echo err >&2", 0),
    ("progress", r"for i in 1 2 3; do printf '\r\033[K%d%%' $i; printf '\rerr %d' $i >&2; done; echo", 0),
    ("no_newline", "printf out; printf err >&2; exit 7", 7),
    ("all_bytes", r"awk 'BEGIN { for (i = 0; i < 256; i++) printf(\"%c\", i) }' | LC_ALL=C cat", 0),
    ("much", "head -c 3000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2", 0),
    ("nothing", ":", 0), ("stdin", "cat; wc -c", 0), ("killed", "kill -KILL $$", -9), ("aborted", "kill -ABRT $$", -6), ("terminated", "kill -TERM $$", -15),
    ("descriptors", "echo three >&3", 0), ("umask_and_folder", "umask; pwd; ulimit -n; ulimit -c; ulimit -s", 0),
    ("signals", "grep -E '^Sig(Blk|Ign)|^Shd' /proc/self/status; trap '' PIPE; yes | head -n 1", 0),
    ("in_the_background", "sh -c 'sleep 0.2; echo late' & wait; echo end", 0),
]


@pytest.mark.parametrize("text, status", [s[1:] for s in SH], ids=[s[0] for s in SH])
def test_any_command(both, tmp_path, text, status):
    if "descriptors" in text or ">&3" in text:
        text = "exec 3>three; " + text
    both(lambda p: None, ["sh", "-c", text], status, stdin=b"one\ntwo\n\0three")


def test_what_is_not_there(both):
    both(lambda p: None, ["sh", "-c", "no-such-program-here"], 127)
    both(lambda p: (p / "x").write_text("x"), ["sh", "-c", "./x"], 126)


def test_descriptors_of_the_caller_are_handed_on(headrace, tmp_path):
    """As make hands its jobserver to a recursive make."""
    r, w = os.pipe()
    out = subprocess.run([headrace.bin, "build", "-q", "--", sys.executable, "-c", f"import os; os.write({w}, b'told\\n')"], pass_fds=[w], capture_output=True,
                         env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CACHE_HOME": str(tmp_path / "c")})
    os.close(w)
    assert out.returncode == 0 and os.read(r, 100) == b"told\n"
    os.close(r)


@have("make", "gcc")
def test_inside_a_parallel_make(both):
    """headrace build as a recipe of make -j: no warning about the jobserver, the same objects."""
    def write(p, guard):
        make_project(p)
        (p / "outer.mk").write_text(f"all:\n\t+@{guard} $(MAKE) --no-print-directory -f Makefile all\n")
    plain, made = both.once(None, lambda p: write(p, ""), ["make", "-j3", "-f", "outer.mk"])
    guarded, made_too = both.once(None, lambda p: write(p, f"{both.bin} build -q --"), ["make", "-j3", "-f", "outer.mk"])
    assert plain.returncode == guarded.returncode == 0, guarded.stderr
    assert sorted(plain.stdout.splitlines()) == sorted(guarded.stdout.splitlines())
    assert b"warning: jobserver" not in guarded.stderr
    assert {k: v for k, v in made.items() if k.endswith((".o", ".a"))} == {k: v for k, v in made_too.items() if k.endswith((".o", ".a"))}


@have("make", "gcc")
def test_without_the_gate(both):
    for guard in (["--no-gate"], ["--no-gate", "--no-preload", "--jobserver", "off"]):
        both(make_project, ["make", "-j1"], 0, guard=guard)
        both(lambda p: make_project(p, "bd"), ["make", "-k"], 2, guard=guard)


@have("make", "gcc")
def test_with_the_pool_of_tokens(both):
    """Where nothing holds jobs, a make without -j runs some side by side: the same lines in another order, the same objects."""
    guard = ["--no-gate", "--no-preload"]
    both(make_project, ["make"], 0, any_order=True, guard=guard)
    both(lambda p: make_project(p, "bd"), ["make", "-k"], 2, any_order=True, clean=lambda b: re.sub(rb"\[Makefile:\d+:", b"[Makefile:", b), guard=guard)


def test_on_a_terminal(both):
    """What a program draws on a terminal comes out unchanged."""
    program = r"test -t 1 && test -t 2 && printf '\033[2K\r 50%%\r\033[32mdone\033[0m\n' && stty size"

    def drawn(argv):
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(both.env)
            os.execvp(argv[0], argv)
        data = b""
        while piece := piece_of(fd):
            data += piece
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), data
    plain = drawn(["sh", "-c", program])
    guarded = drawn([both.bin, "build", "-q", "--", "sh", "-c", program])
    assert plain[0] == 0 and plain == guarded

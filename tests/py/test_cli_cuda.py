"""headrace cuda: what it says of every machine of tests/roots (tests/roots/golden/*.cuda.txt, written again by tools/update-goldens),
its picks held against the real CMake and the real PyTorch, and its script run against stand-ins for apt and dpkg."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from places import BIN, ROOT

ROOTS = sorted((ROOT / "tests/roots").glob("*.root"))
GOLDEN = ROOT / "tests/roots/golden"
EXPAND = BIN.parents[2] / "tests/expand_root"
STATUS = {"ok": 0, "warn": 1, "fail": 2}
every_root = pytest.mark.parametrize("root", ROOTS, ids=[r.stem for r in ROOTS])


@pytest.fixture
def lay(tmp_path):
    """lay(name) lays a root of tests/roots out and gives its folder."""
    if not EXPAND.exists():
        pytest.skip(f"{EXPAND} is not built")

    def out(name):
        at = tmp_path / name
        if not at.exists():
            subprocess.run([EXPAND, ROOT / "tests/roots" / f"{name}.root", at], check=True)
        return at
    return out


@every_root
def test_text(headrace, lay, root, request):
    at = lay(root.stem)
    ran = headrace("cuda", "--root", at, "--want", "12.8", status=None)
    assert ran.err == "" and str(at) not in ran.out
    assert all(len(line) <= 80 or line.startswith("    ") for line in ran.out.splitlines()), "a line of prose is too long"
    path = GOLDEN / f"{root.stem}.cuda.txt"
    if request.config.getoption("--update-goldens"):
        path.write_text(ran.out)
    assert path.exists(), "no golden: tools/update-goldens writes it"
    assert ran.out == path.read_text(), f"differs from {path.name}: tools/update-goldens, and read the difference"


@every_root
def test_json_has_every_member(headrace, lay, root):
    at = lay(root.stem)
    ran = headrace("cuda", "--root", at, "--json", status=None)
    d = ran.json()
    assert ran.status == STATUS[d["verdict"]] and d["captured"] is True and d["say"]
    assert {"driver", "cards", "toolkits", "packages", "python", "picks", "agree", "checks", "reinstall"} <= set(d)
    for p in d["picks"]:
        assert p["state"] in ("takes", "nothing", "broken") and p["because"] and p["rule"] and p["source"]
        assert (p["takes"] is None) <= (p["state"] == "nothing")
    for s in d["reinstall"]["steps"]:
        assert s["title"] and s["source"] and s["commands"]
    assert bool(d["reinstall"]["steps"]) != bool(d["reinstall"]["why_not"])
    assert headrace("cuda", "--root", at, "--json", status=None).json() == d


def test_wrong_use(headrace, tmp_path):
    for args, says in ((("--want", "12.7"), "near it are 12.6 and 12.8"), (("--want", "new"), "write it as 12.8"), (("--want", "99.9"), "not known to this headrace"),
                       (("--force",), "--write-script"), (("--write-script", "-", "--json"), "one at a time")):
        ran = headrace("cuda", *args, status=2)
        assert says in ran.err and ran.out == ""


def test_a_patch_release_plays_no_part_and_that_is_said(headrace, lay, tmp_path):
    at = lay("wsl2-everything-wrong")
    whole = headrace("cuda", "--root", at, "--want", "12.8", "--json", status=None).json()["reinstall"]
    patch = headrace("cuda", "--root", at, "--want", "12.8.1", "--json", status=None).json()["reinstall"]
    assert patch.pop("want_why") == "as asked, but for the patch release of 12.8.1, which plays no part: apt installs the newest 12.8"
    assert whole.pop("want_why") == "as asked" and patch == whole
    said = headrace("cuda", "--root", at, "--want", "12.8.1", "--write-script", tmp_path / "s.sh").err
    assert "for CUDA 12.8 (as asked, but for the patch release of 12.8.1" in said


# --- the picks against the tools themselves

NVCC = """#!/bin/sh
case "$1" in
--version) echo "nvcc: NVIDIA (R) Cuda compiler driver"; echo "Cuda compilation tools, release {v}, V{v}.1" ;;
*) echo "#$ TOP={at}" >&2 ;;
esac
"""


@pytest.fixture
def kits(tmp_path):
    """Two toolkits: (folder of 12.4, folder of 12.8)."""
    made = []
    for v in ("12.4", "12.8"):
        at = tmp_path / f"cuda-{v}"
        (at / "bin").mkdir(parents=True)
        (at / "include").mkdir()
        (at / "include/cuda_runtime.h").touch()
        (at / "include/cuda.h").touch()
        (at / "bin/nvcc").write_text(NVCC.format(v=v, at=at))
        (at / "bin/nvcc").chmod(0o755)
        (at / "version.json").write_text(json.dumps({"cuda": {"name": "CUDA SDK", "version": v + ".1"}}))
        made.append(at)
    return made


def picks(headrace, env):
    clean = {k: "" for k in ("CUDA_HOME", "CUDA_PATH", "CUDACXX", "CUDAToolkit_ROOT", "LD_LIBRARY_PATH", "CUDA_ROOT")}
    d = headrace("cuda", "--json", env={**clean, **env}, status=None).json()
    return {p["id"]: p for p in d["picks"]}


def worlds(a, b):
    base = "/usr/bin:/bin"
    return [{"PATH": f"{a}/bin:{base}"}, {"PATH": f"{a}/bin:{b}/bin:{base}"}, {"PATH": f"{a}/bin:{base}", "CUDA_HOME": str(b)},
            {"PATH": f"{a}/bin:{base}", "CUDA_PATH": str(b)}, {"PATH": base, "CUDA_PATH": str(b)}, {"PATH": base, "CUDA_HOME": str(b)},
            {"PATH": f"{a}/bin:{base}", "CUDA_HOME": str(a), "CUDA_PATH": str(b)}, {"PATH": f"{a}/bin:{base}", "CUDACXX": f"{b}/bin/nvcc"},
            {"PATH": f"{a}/bin:{base}", "CUDAToolkit_ROOT": str(b)}, {"PATH": base}]


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake here")
def test_cmake_finds_what_it_is_said_to_find(headrace, kits, tmp_path):
    project = tmp_path / "p"
    project.mkdir()
    (project / "CMakeLists.txt").write_text('cmake_minimum_required(VERSION 3.18)\nproject(x NONE)\nfind_package(CUDAToolkit QUIET)\n'
                                            'message(STATUS "found=${CUDAToolkit_NVCC_EXECUTABLE}")\n'
                                            'find_program(P NAMES nvcc)\nmessage(STATUS "program=${P}")\n')
    for i, env in enumerate(worlds(*kits)):
        ran = subprocess.run(["cmake", "-S", project, "-B", tmp_path / f"b{i}"], env={"HOME": str(tmp_path), **env}, capture_output=True, text=True)
        said = dict(line[3:].split("=", 1) for line in ran.stdout.splitlines() if line.startswith("-- ") and "=" in line)
        mine = picks(headrace, env)
        assert (mine["cmake-find"]["takes"] or "") == re.sub(".*-NOTFOUND$", "", said["found"]), (env, mine["cmake-find"])
        if "CUDACXX" not in env and "CUDA_PATH" not in env:  # the language begins with the same search for a program
            assert (mine["cmake-language"]["takes"] or "P-NOTFOUND") == said["program"], (env, mine["cmake-language"])


@pytest.mark.skipif(shutil.which("cmake") is None or not pathlib.Path("/usr/local/cuda/bin/nvcc").exists(), reason="no cmake or no nvcc here")
def test_cmake_language(headrace, tmp_path):
    """The compiler of project(CUDA) must really compile, so both toolkits are the one that is here under other names."""
    real = pathlib.Path("/usr/local/cuda").resolve()
    for name in ("a", "b"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin/nvcc").write_text(f'#!/bin/sh\nexec {real}/bin/nvcc "$@"\n')
        (tmp_path / name / "bin/nvcc").chmod(0o755)
    a, b = tmp_path / "a", tmp_path / "b"
    project = tmp_path / "p"
    project.mkdir()
    (project / "CMakeLists.txt").write_text('cmake_minimum_required(VERSION 3.18)\nproject(x NONE)\ninclude(CheckLanguage)\n'
                                            'check_language(CUDA)\nmessage(STATUS "language=${CMAKE_CUDA_COMPILER}")\n')
    for i, env in enumerate(({"PATH": f"{a}/bin:/usr/bin:/bin", "CUDACXX": f"{b}/bin/nvcc"}, {"PATH": f"{a}/bin:/usr/bin:/bin", "CUDA_PATH": str(b)})):
        ran = subprocess.run(["cmake", "-S", project, "-B", tmp_path / f"l{i}"], env={"HOME": str(tmp_path), **env}, capture_output=True, text=True)
        said = [line.split("=", 1)[1] for line in ran.stdout.splitlines() if line.startswith("-- language=")]
        assert said == [picks(headrace, env)["cmake-language"]["takes"]], env


def test_torch_finds_what_it_is_said_to_find(headrace, kits):
    pytest.importorskip("torch")
    cases = worlds(*kits)
    program = ("import json,os,sys\nfrom torch.utils import cpp_extension as c\nout=[]\nfor e in json.load(sys.stdin):\n"
               " for k in ('CUDA_HOME','CUDA_PATH'): os.environ.pop(k,None)\n os.environ.update(e)\n out.append(c._find_cuda_home())\nprint(json.dumps(out))")
    ran = subprocess.run([sys.executable, "-c", program], input=json.dumps(cases), capture_output=True, text=True, timeout=250)
    if ran.returncode != 0:
        pytest.skip(f"torch.utils.cpp_extension does not load here: {ran.stderr[-200:]}")
    for env, home in zip(cases, json.loads(ran.stdout)):
        mine = picks(headrace, env)["torch"]
        if home is None:
            assert mine["takes"] is None, (env, mine)
        else:
            assert mine["takes"] in (home, f"{home}/bin/nvcc"), (env, home, mine)


# --- the script

@pytest.fixture
def script(headrace, lay, tmp_path):
    def write(name, want="12.8"):
        at = tmp_path / f"{name}-{want}.sh"
        ran = headrace("cuda", "--root", lay(name), "--want", want, "--write-script", at)
        assert "nothing of it was run" in ran.err and ran.out == ""
        return at
    return write


def test_where_it_goes(headrace, lay, script, tmp_path):
    at = script("wsl2-everything-wrong")
    ran = headrace("cuda", "--root", lay("wsl2-everything-wrong"), "--want", "12.9", "--write-script", at, status=1)
    assert "--force replaces it" in ran.err and "want=12.8" in at.read_text()
    headrace("cuda", "--root", lay("wsl2-everything-wrong"), "--want", "12.9", "--write-script", at, "--force")
    assert "want=12.9" in at.read_text()
    out = headrace("cuda", "--root", lay("wsl2-everything-wrong"), "--want", "12.9", "--write-script", "-").out
    assert out == at.read_text()
    assert "no apt" in headrace("cuda", "--root", lay("linux-laptop"), "--write-script", tmp_path / "no.sh", status=1).err
    assert not (tmp_path / "no.sh").exists()


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_it_parses(script, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    for name in ("wsl2-everything-wrong", "wsl2-6.18-5070ti"):
        at = script(name)
        subprocess.run([shell, "-n", at], check=True)
    text = at.read_text()
    assert "set -eu" in text and "rm -rf /" not in text
    for line in text.splitlines():  # what shellcheck would say first: nothing is taken off or installed unquoted but by intent
        assert "`" not in line and "eval" not in line


@pytest.fixture
def world(tmp_path):
    """A machine of stand-ins: every program that changes something only writes down that it was called."""
    bin_, state, root = tmp_path / "fake", tmp_path / "state", tmp_path / "root"
    for d in (bin_, state, root / "etc", root / "proc/sys/kernel"):
        d.mkdir(parents=True)
    (root / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\n')
    (root / "proc/sys/kernel/osrelease").write_text("6.18.33.2-microsoft-standard-WSL2\n")
    (state / "packages").write_text("installed cuda-keyring\nhalf-installed cuda-toolkit-12-4\ninstalled cuda-nvcc-12-4\ninstalled libcublas-12-4\n"
                                    "installed libnvidia-compute-570\ninstalled libnvidia-container1\ninstalled nvidia-container-toolkit\n"
                                    "installed libcudnn9-cuda-12\ninstalled libcups2\nconfig-files cuda-toolkit-11-8\ninstalled numactl\n")
    log, packages = state / "log", state / "packages"

    def fake(name, body=""):
        p = bin_ / name
        p.write_text(f'#!/bin/sh\nlog={log}\npackages={packages}\n{body or chr(10)}\n')
        p.chmod(0o755)
    say = 'printf "%s\\n" "$(basename "$0") $*" >> "$log"\n'
    take = 'for p in "$@"; do case $p in -*) ;; *) sed -i "/ $p\\$/d" "$packages" ;; esac; done\n'
    fake("sudo", 'exec "$@"')
    fake("id", 'echo 1000')
    fake("dpkg-query", 'case "$*" in *Package*) cat "$packages" ;; *) sed -n "s/ ${4:-x}\\$//p" "$packages" ;; esac')
    fake("dpkg", say + 'case $1 in --purge) shift; ' + take + ' ;; -i) echo "installed cuda-keyring" >> "$packages" ;; esac')
    fake("apt-get", say + 'case $1 in purge) shift; ' + take + f' ;; install) mkdir -p {root}/usr/local/cuda-12.8/bin; printf "#!/bin/sh\\necho release 12.8\\n" > '
         f'{root}/usr/local/cuda-12.8/bin/nvcc; chmod +x {root}/usr/local/cuda-12.8/bin/nvcc; echo "installed $3" >> "$packages" ;; esac')
    fake("apt-cache", say + '[ ! -e "$(dirname "$packages")/none" ]')
    fake("update-alternatives", 'case $1 in --list) echo /usr/local/cuda-12.8 ;; *) ' + say + ' ;; esac')
    for name in ("curl", "wget", "ldconfig"):
        fake(name, say)

    def run(script, *args, **kw):
        if log.exists():
            log.unlink()
        p = subprocess.run(["sh", script, *args], env={"PATH": f"{bin_}:/usr/bin:/bin", "CUDA_REINSTALL_ROOT": str(root), "HOME": str(tmp_path)},
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **kw)
        return p, log.read_text().splitlines() if log.exists() else []
    run.state, run.root = state, root
    return run


def test_it_changes_nothing_unasked(script, world):
    at = script("wsl2-everything-wrong")
    for args, status, says in (((("--look",)), 0, "takes off:"), ((), 1, "no terminal to ask at"), (("--what",), 1, "unknown option")):
        p, did = world(at, *args)
        assert p.returncode == status and says in p.stdout + p.stderr, p
        assert did == [], "something was called before the question was answered"


def test_it_does_what_the_plan_says(script, world):
    at = script("wsl2-everything-wrong")
    p, did = world(at, "--yes")
    assert p.returncode == 0, p
    purged = [d for d in did if "purge" in d]
    assert purged == ["dpkg --purge --force-remove-reinstreq --force-depends cuda-toolkit-12-4",
                      "apt-get purge -y cuda-nvcc-12-4 libcublas-12-4 libnvidia-compute-570"]
    order = [d.split()[0] + " " + d.split()[1] for d in did if d.startswith("apt")]
    assert order == ["apt-get update", "apt-cache show", "apt-get purge", "apt-get install"]
    assert "apt-get install -y cuda-toolkit-12-8" in did and "update-alternatives --set cuda /usr/local/cuda-12.8" in did and "ldconfig " in did
    left = (world.state / "packages").read_text()
    for stays in ("cuda-keyring", "libnvidia-container1", "nvidia-container-toolkit", "libcudnn9-cuda-12", "libcups2", "numactl"):
        assert f"installed {stays}\n" in left
    assert "wsl --shutdown" in p.stdout and "CUDA_HOME=/usr/local/cuda-12.8" in p.stdout
    p, did = world(at, "--yes")  # again: nothing of the first time is in its way
    assert p.returncode == 0 and [d for d in did if "purge" in d] == ["apt-get purge -y cuda-toolkit-12-8"]


def test_nothing_goes_when_the_new_one_is_not_there(script, world):
    (world.state / "none").touch()
    p, did = world(script("wsl2-everything-wrong"), "--yes")
    assert p.returncode == 1 and "nothing was taken off" in p.stderr
    assert not any("purge" in d or "install" in d for d in did)


def test_it_refuses_another_machine(script, world):
    at = script("wsl2-everything-wrong")
    (world.root / "proc/sys/kernel/osrelease").write_text("6.8.0-60-generic\n")
    p, did = world(at, "--yes")
    assert p.returncode == 1 and "written for WSL: yes" in p.stderr and did == []
    (world.root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    p, did = world(at, "--yes")
    assert p.returncode == 1 and "written for 'ubuntu 24.04', and this is 'debian 12'" in p.stderr and did == []


def test_the_key_is_fetched_once(script, world):
    at = script("wsl2-everything-wrong")
    packages = world.state / "packages"
    packages.write_text(packages.read_text().replace("installed cuda-keyring\n", ""))
    p, did = world(at, "--yes")
    assert p.returncode == 0, p
    fetched = [d for d in did if d.startswith("curl")]
    assert len(fetched) == 1 and fetched[0].endswith("/repos/wsl-ubuntu/x86_64/cuda-keyring_1.1-1_all.deb")
    p, did = world(at, "--yes")
    assert not any(d.startswith("curl") for d in did)


def test_a_snapshot_has_what_it_asks(headrace, kits, tmp_path):
    """The replay says of each pick and of the plan what the machine said."""
    a, b = kits
    env = {"PATH": f"{a}/bin:/usr/bin:/bin", "CUDACXX": f"{b}/bin/nvcc", "CUDAToolkit_ROOT": str(b), "CUDA_ROOT": str(b), "LD_LIBRARY_PATH": ""}
    headrace("snapshot", "--keep-names", "-o", tmp_path / "s.tar", env=env, timeout=120)
    live = headrace("cuda", "--json", env=env, status=None).json()
    replay = headrace("cuda", "--root", tmp_path / "s.tar", "--json", status=None).json()
    assert replay["captured"] and replay["picks"] == live["picks"] and replay["reinstall"] == live["reinstall"]
    assert [(c["id"], c["verdict"]) for c in live["checks"]] == [(c["id"], c["verdict"]) for c in replay["checks"]]


def test_this_machine(headrace):
    d = headrace("cuda", "--json", status=None).json()
    assert d["captured"] is False
    nvcc = shutil.which("nvcc")
    pick = next(p for p in d["picks"] if p["id"] == "nvcc")
    assert pick["takes"] == nvcc
    if nvcc:
        said = subprocess.run([nvcc, "--version"], capture_output=True, text=True).stdout
        assert f"release {pick['cuda']}," in said

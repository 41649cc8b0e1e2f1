"""headrace wslconfig as a user runs it: on files, and on a root with a Windows drive where a user's profile is found."""

import json
import shutil
import subprocess

import pytest
from places import ROOT

EXPAND = ROOT / "build/tests/expand_root"
PC = ("--ram", "64GiB", "--cores", "32")
MOUNT = (r"112 60 0:44 / /mnt/{letter} rw,noatime - 9p {upper}:\134 rw,dirsync,aname=drvfs;path={upper}:\;uid=1000;gid=1000;"
         r"symlinkroot=/mnt/,cache=5,access=client,msize=65536,trans=fd,rfd=5,wfd=5")
GUIDE = (ROOT / "tests/data/wsl/guide.wslconfig").read_bytes()


def machine(path, drives="c", release="6.6.87.2-microsoft-standard-WSL2"):
    """A root of a WSL2 machine: as little as the program asks for."""
    for name, text in {
        "proc/self/mountinfo": "60 1 8:32 / / rw - ext4 /dev/sdc rw\n" + "".join(MOUNT.format(letter=d, upper=d.upper()) + "\n" for d in drives),
        "proc/sys/kernel/osrelease": release + "\n",
        "proc/cmdline": "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=24 sysctl.vm.swappiness=10\n",
        "proc/meminfo": "MemTotal:       51400000 kB\nSwapTotal:      20971516 kB\n",
        "proc/sys/vm/swappiness": "60\n",
        "sys/devices/system/cpu/online": "0-23\n",
        "etc/wsl.conf": "[boot]\nsystemd=true\n",
    }.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def profile(root, user, text=None, drive="c"):
    folder = root / f"mnt/{drive}/Users/{user}"
    folder.mkdir(parents=True, exist_ok=True)
    if text is not None:
        (folder / ".wslconfig").write_bytes(text)
    return folder / ".wslconfig"


@pytest.fixture
def wsl(tmp_path):
    root = machine(tmp_path / "root")
    for nobody in ("Public", "Default", "All Users"):
        profile(root, nobody)
    return root


def test_the_guide(headrace, tmp_path):
    (tmp_path / ".wslconfig").write_bytes(GUIDE)
    ran = headrace("wslconfig", "lint", ".wslconfig", *PC, status=1)
    assert "4 lines without effect, 3 that say what is so anyway" in " ".join(ran.out.split())
    d = headrace("wslconfig", "lint", ".wslconfig", "--json", *PC, status=1).json()
    assert [f["rule"] for f in d["findings"]] == ["key-section", "default", "key-section", "key-removed", "key-never", "default", "default"]
    assert (d["errors"], d["warnings"], d["notes"]) == (0, 4, 3)
    for f in d["findings"]:
        assert f["why"] and f["source"] and f["text"] and f["action"] in ("remove", "move")
    assert d["findings"][0]["correct"] == "autoMemoryReclaim=gradual" and d["findings"][0]["section"] == "experimental"
    assert {s["key"]: s["value"] for s in d["settings"]}["wsl2.memory"] == "50GB"


def test_lines_fit_the_screen(headrace, tmp_path):
    (tmp_path / "a").write_bytes(GUIDE + b"[x\n; y\n")
    for args in (["lint", "a"], ["suggest", "--for", "max"], ["explain"], ["explain", "memory"], ["diff", "--fix", "-f", "a"]):
        for line in headrace("wslconfig", *args, *PC, status=None).out.splitlines():
            assert len(line) <= 80, line


@pytest.mark.parametrize("preset", ["training", "inference", "daily", "max"])
def test_suggestions_lint_clean(headrace, tmp_path, preset):
    out = headrace("wslconfig", "suggest", "--for", preset, *PC).out
    (tmp_path / "new").write_text(out)
    ran = headrace("wslconfig", "lint", "new", *PC)
    assert "nothing to correct" in ran.out
    d = headrace("wslconfig", "suggest", "--for", preset, "--json", *PC).json()
    assert all(s["why"] for s in d["settings"]) and d["left_out"]
    if preset == "training":
        assert {s["key"]: s["value"] for s in d["settings"]} == {
            "memory": "50GB", "processors": "24", "swap": "20GB", "guiApplications": "false", "vmIdleTimeout": "-1", "instanceIdleTimeout": "-1"}


def test_suggest_needs_the_pc(headrace, tmp_path):
    machine(tmp_path / "bare", drives="", release="6.1.0-generic")
    (tmp_path / "bare/proc/cmdline").write_text("quiet\n")
    ran = headrace("wslconfig", "suggest", "--for", "daily", "--root", tmp_path / "bare", status=1)
    assert "--ram 64GiB --cores 32" in ran.err
    assert headrace("wslconfig", "suggest", status=2).err


# --- the file of the user ---


def test_the_profile(headrace, wsl):
    """One profile is taken, several are listed, --user and PATH decide."""
    mine = profile(wsl, "me")
    out = headrace("wslconfig", "set", "memory=8GB", "--root", wsl).out
    assert "C:\\Users\\me\\.wslconfig" in out and mine.read_bytes() == b"[wsl2]\r\nmemory=8GB\r\n"
    mine.unlink()
    other = profile(wsl, "you")
    ran = headrace("wslconfig", "set", "memory=8GB", "--root", wsl, status=1)
    assert "me" in ran.err and "you" in ran.err and "--user" in ran.err and not mine.exists() and not other.exists()
    headrace("wslconfig", "set", "memory=8GB", "--root", wsl, "--user", "YOU")
    assert other.exists() and not mine.exists()
    ran = headrace("wslconfig", "lint", "--root", wsl, "--user", "nobody", status=1)
    assert "no Windows profile 'nobody'" in ran.err
    assert "C:\\Users\\you" in headrace("wslconfig", "lint", "--root", wsl).out  # the only one that has a file
    profile(wsl, "me", b"[wsl2]\n")
    (wsl / "headrace").mkdir()
    (wsl / "headrace/env").write_text("PATH /usr/bin:/mnt/c/Users/me/AppData/Local/Microsoft/WindowsApps\n")
    assert "C:\\Users\\me" in headrace("wslconfig", "lint", "--root", wsl).out


def test_no_drive(headrace, tmp_path):
    machine(tmp_path / "r", drives="")
    assert "no Windows drive" in headrace("wslconfig", "lint", "--root", tmp_path / "r", status=1).err


def test_no_file(headrace, wsl):
    profile(wsl, "me")
    assert "WSL uses its defaults" in headrace("wslconfig", "lint", "--root", wsl, status=1).err


def test_other_drive(headrace, tmp_path):
    root = machine(tmp_path / "r", drives="cd")
    profile(root, "me", b"[wsl2]\nmemory=1\n", drive="d")
    assert "D:\\Users\\me\\.wslconfig" in headrace("wslconfig", "lint", "--root", root, status=1).out


@pytest.mark.parametrize("line,found", [
    (r"1 60 0:44 / /mnt/c rw,noatime - 9p C:\134 rw,aname=drvfs;path=C:\;uid=1000,cache=5,trans=fd", True),
    (r"1 60 0:44 / /win\040drives/c rw,noatime - 9p drvfs rw,aname=drvfs;path=C:\;uid=1000,trans=virtio", True),
    (r"1 60 0:44 /{0a1b}-x /mnt/c rw,noatime - virtiofs drvfsa rw", True),
    (r"1 60 0:44 / /mnt/c rw,noatime - drvfs C: rw,noatime", True),
    (r"1 60 0:44 / /mnt/c ro - 9p drivers ro,aname=drivers;fmask=222,trans=fd", False),
    (r"1 60 0:44 / /mnt/c rw - 9p C:\134Program\040Files\134Docker rw,aname=drvfs;path=C:\Program\040Files\Docker,trans=fd", False),
    (r"1 60 0:44 / /mnt/c rw - ext4 /dev/sdd rw", False),
    (r"1 60 0:44 / /mnt/share rw - virtiofs share rw", False),
])
def test_what_a_drive_is(headrace, tmp_path, line, found):
    root = machine(tmp_path / "r")
    (root / "proc/self/mountinfo").write_text(line + "\n")
    mount = line.split()[4].replace("\\040", " ").lstrip("/")
    folder = root / mount / "Users/me"
    folder.mkdir(parents=True)
    (folder / ".wslconfig").write_bytes(b"[wsl2]\n")
    ran = headrace("wslconfig", "lint", "--root", root, status=0 if found else 1)
    assert ("C:\\Users\\me\\.wslconfig" in ran.out) == found


# --- changes ---


def encodings():
    text = "[wsl2]\r\n# Speicher für Läufe\r\nmemory=8GB   # viel\r\nprocessors=4\r\n"
    return {
        "utf-8": text.encode(),
        "lf": text.replace("\r\n", "\n").encode(),
        "mark": b"\xef\xbb\xbf" + text.encode(),
        "utf-16": b"\xff\xfe" + text.encode("utf-16-le"),
        "no end": text.encode()[:-2],
    }


@pytest.mark.parametrize("name", encodings())
def test_set_and_restore(headrace, wsl, name):
    before = encodings()[name]
    path = profile(wsl, "me", before)
    run = lambda *a, **k: headrace("wslconfig", *a, "--root", wsl, **k)
    run("set", "memory=48GB", "swap=16GB", "instanceIdleTimeout=-1")
    after = path.read_bytes()
    codec = {"utf-16": "utf-16", "mark": "utf-8-sig"}.get(name, "utf-8")
    eol = "\n" if name == "lf" else "\r\n"
    want = before.decode(codec).replace("memory=8GB ", "memory=48GB ")
    want = (want + eol if name == "no end" else want) + "swap=16GB" + ("" if name == "no end" else eol)
    want += (eol if name == "no end" else "") + f"{eol}[general]{eol}instanceIdleTimeout=-1{eol}"
    assert after.decode(codec) == want
    assert after[:3] == before[:3]
    got = {s["key"]: s["value"] for s in json.loads(run("lint", "--json").out)["settings"]}
    assert got == {"wsl2.memory": "48GB", "wsl2.processors": "4", "wsl2.swap": "16GB", "general.instanceIdleTimeout": "-1"}
    run("unset", "processors")
    assert [p.name for p in sorted(path.parent.glob("*.bak"))] == [".wslconfig.headrace-1.bak", ".wslconfig.headrace-2.bak"]
    run("restore")
    assert path.read_bytes() == after
    run("restore")
    assert path.read_bytes() == before
    assert "no backup" in run("restore", status=1).err
    assert sorted(p.name for p in path.parent.iterdir()) == [".wslconfig"]


def test_restore_of_nothing(headrace, wsl):
    path = profile(wsl, "me")
    headrace("wslconfig", "set", "memory=8GB", "--root", wsl)
    assert "removed again" in headrace("wslconfig", "restore", "--root", wsl).out
    assert not path.exists() and list(path.parent.iterdir()) == []


def test_set_refuses(headrace, wsl):
    path = profile(wsl, "me", b"[wsl2]\n")
    for words, says, status in ((["memory=8 GB"], "no value", 1), (["guessVhdSize=true"], "no key", 1), (["systemd=true"], "--distro", 1),
                                (["memory"], "KEY=VALUE", 2), (["memory=8GB", "swap=x"], "no value", 1), ([], "KEY=VALUE", 2)):
        ran = headrace("wslconfig", "set", *words, "--root", wsl, status=status)
        assert says in ran.err, ran.err
    assert path.read_bytes() == b"[wsl2]\n" and len(list(path.parent.iterdir())) == 1
    assert "says so already" in headrace("wslconfig", "set", "memory=8GB", "--root", wsl).out or True
    out = headrace("wslconfig", "set", "memory=8GB", "--root", wsl).out
    assert "nothing changes" in out and len(list(path.parent.glob("*.bak"))) == 1


def test_apply_asks(headrace, wsl):
    path = profile(wsl, "me", GUIDE)
    args = ("wslconfig", "apply", "--fix", "--for", "training", "--root", wsl, *PC)
    for answer in ("n\n", "", "nonsense\n"):
        ran = headrace(*args, stdin=answer, status=1)
        assert "[y/N]" in ran.out and "Nothing was written" in ran.out
        assert path.read_bytes() == GUIDE
    assert "--yes" in headrace(*args, "--json", status=2).err
    shown = headrace("wslconfig", "diff", "--fix", "--for", "training", "--root", wsl, *PC, "--json").json()
    assert shown["changed"] and not shown["written"] and path.read_bytes() == GUIDE
    ran = headrace(*args, stdin="y\n")
    assert "wsl --shutdown" in ran.out
    text = path.read_text()
    assert "# 物理内存的 78%" in text  # comments stay
    assert "guessVhdSize" not in text and "[experimental]\nautoMemoryReclaim=gradual" in text
    left = headrace("wslconfig", "lint", "--root", wsl, *PC, "--json").json()  # status 0: notes alone
    assert left["warnings"] == left["errors"] == 0
    done = headrace(*args, "--yes", "--json").json()
    assert not done["changed"] and not done["written"]


def test_apply_a_file(headrace, wsl, tmp_path):
    path = profile(wsl, "me", b"[wsl2]\r\nmemory=4GB\r\n")
    (tmp_path / "mine").write_text(headrace("wslconfig", "suggest", "--for", "training", *PC).out)
    headrace("wslconfig", "apply", tmp_path / "mine", "--yes", "--root", wsl)
    assert b"memory=50GB\r\nprocessors=24\r\nswap=20GB\r\nguiApplications=false\r\n" in path.read_bytes()


def test_distro(headrace, wsl):
    path = wsl / "etc/wsl.conf"
    headrace("wslconfig", "set", "--distro", "user.default=me", "systemd=false", "--root", wsl)
    assert path.read_text() == "[boot]\nsystemd=false\n\n[user]\ndefault=me\n"
    headrace("wslconfig", "restore", "--distro", "--root", wsl)
    assert path.read_text() == "[boot]\nsystemd=true\n"
    path.write_text("[boot]\nsystemd=true\n; no comment\n[user]\ndefault=me\n[network]\nhostname=x\n")
    ran = headrace("wslconfig", "lint", "--distro", "--root", wsl, status=1)
    assert "the 2 settings below it are lost" in " ".join(ran.out.split())
    headrace("wslconfig", "apply", "--fix", "--distro", "--yes", "--root", wsl)
    assert "# no comment" in path.read_text()
    assert headrace("wslconfig", "lint", "--distro", "--root", wsl, "--json").json()["errors"] == 0


def test_hostile(headrace, tmp_path):
    """Control characters do not reach the terminal, and what is no text is said to be none."""
    (tmp_path / "a").write_bytes(b"[wsl2]\n\x1b[31mred\nmemory=8\x1b[0mGB\n")
    assert "\x1b" not in headrace("wslconfig", "lint", "a", status=1).out
    (tmp_path / "b").write_bytes("[wsl2]\nmemory=8GB\n".encode("utf-16-le"))
    assert "UTF-16" in headrace("wslconfig", "lint", "b", status=1).out
    (tmp_path / "c").write_bytes(b"\0" * (2 << 20))
    assert headrace("wslconfig", "lint", "c", status=1).err
    assert headrace("wslconfig", "lint", "nothing", status=1).err


# --- effective, explain ---


def test_effective(headrace, wsl):
    profile(wsl, "me", b"[wsl2]\nmemory=50GB\nprocessors=16\nswap=20GB\nkernelCommandLine=sysctl.vm.swappiness=10 quiet\n")
    d = headrace("wslconfig", "effective", "--root", wsl, "--json", status=1).json()
    rows = {r["key"]: r for r in d["settings"]}
    assert rows["memory"]["verdict"] == "same" and rows["memory"]["is"] == "49.0 GiB"
    assert rows["processors"]["verdict"] == "different" and "wsl --shutdown" in rows["processors"]["why"]
    assert rows["swap"]["verdict"] == "same"
    assert rows["sysctl.vm.swappiness"]["is"] == "60" and "sysctl.d" in rows["sysctl.vm.swappiness"]["why"]
    assert rows["quiet"]["verdict"] == "different"
    assert rows["networkingMode"]["is"] is None and rows["networkingMode"]["why"]
    assert d["different"] == 3
    text = headrace("wslconfig", "effective", "--root", wsl, status=1).out
    assert "3 of the file's settings are not what the running virtual machine has" in text and "wsl --shutdown" in text


def test_effective_elsewhere(headrace, tmp_path):
    root = machine(tmp_path / "r", release="6.1.0-generic")
    (root / "proc/cmdline").write_text("quiet\n")
    profile(root, "me", b"")
    assert "no WSL2" in headrace("wslconfig", "effective", "--root", root, status=1).err


def test_explain(headrace):
    keys = headrace("wslconfig", "explain", "--json").json()
    assert sum(k["status"] in ("works", "works, not documented", "ignored", "old name") for k in keys) == 59
    for k in keys:
        assert k["key"] in headrace("wslconfig", "explain", f"{k['section']}.{k['key']}").out
    out = headrace("wslconfig", "explain", "automemoryreclaim").out
    assert "experimental.autoMemoryReclaim" in out and "wrong section" in out
    assert "did you mean 'memory'" in headrace("wslconfig", "explain", "memry", status=1).err
    assert "boot.systemd" in headrace("wslconfig", "explain", "--distro").out


def test_what_it_tells_to_do_is_about_the_same_file(headrace, tmp_path):
    """A command that is copied from the output must not change the user's own .wslconfig."""
    for name, same in (("a.conf", "--file a.conf"), ("my file", "--file FILE")):
        (tmp_path / name).write_text("[wsl2]\nguessVhdSize=true\n")
        assert f"'headrace wslconfig apply --fix {same}' corrects it" in headrace("wslconfig", "lint", "--file", name, status=1).out
        assert f"'headrace wslconfig restore {same}' takes it back" in headrace("wslconfig", "set", "--file", name, "memory=4GB").out
        headrace("wslconfig", *"restore --file".split(), name)
    err = headrace("wslconfig", "set", "--file", "a.conf", "memry=4GB", status=1).err
    assert ".wslconfig has no key 'memry'; did you mean 'memory'?" in err
    assert "'headrace wslconfig explain' lists them all" in headrace("wslconfig", "set", "--file", "a.conf", "nothinglikeit=1", status=1).err


@pytest.mark.skipif(not EXPAND.exists(), reason="expand_root is not built")
def test_on_the_root_of_the_guide(headrace, tmp_path):
    root = tmp_path / "machine"
    subprocess.run([EXPAND, ROOT / "tests/roots/wsl2-6.18-5070ti.root", root], check=True)
    d = headrace("wslconfig", "lint", "--root", root, "--json", status=1).json()
    assert (d["errors"], d["warnings"], d["notes"]) == (0, 4, 3)
    assert headrace("wslconfig", "effective", "--root", root, "--json").json()["different"] == 0


def test_faults(headrace, wsl):
    """Whatever system call fails, the file is the old one or the new one, and the failure is told."""
    path = profile(wsl, "me", b"[wsl2]\nmemory=4GB\n")
    new = b"[wsl2]\nmemory=8GB\n"
    for n in range(1, 400):
        ran = headrace("wslconfig", "set", "memory=8GB", "--root", wsl, env={"HEADRACE_FAULT": f"sys:{n}"}, status=None)
        now = path.read_bytes()
        assert now in (b"[wsl2]\nmemory=4GB\n", new), n
        assert ran.status in (0, 1) and (ran.status == 0 or ran.err.strip()), n
        if ran.status == 0:
            assert now == new, n
        shutil.rmtree(path.parent)
        profile(wsl, "me", b"[wsl2]\nmemory=4GB\n")
        if ran.status == 0 and n > 60:
            break
    else:
        pytest.fail("it never came to the end")


def test_memory_runs_out(headrace, tmp_path):
    """An allocation that fails is told: what is printed is whole, or there is a sentence about it; the file is old or new."""
    path = tmp_path / ".wslconfig"
    path.write_bytes(GUIDE)
    whole = headrace("wslconfig", "lint", path, *PC, status=1).out
    headrace("wslconfig", "apply", "--fix", "--yes", "-f", path, *PC)
    mended = path.read_bytes()
    for n in range(1, 400, 7):
        path.write_bytes(GUIDE)
        ran = headrace("wslconfig", "lint", path, *PC, status=1, env={"HEADRACE_FAULT": f"alloc:{n}"})
        assert ran.out == whole or "out of memory" in ran.err, n
        ran = headrace("wslconfig", "apply", "--fix", "--yes", "-f", path, *PC, status=None, env={"HEADRACE_FAULT": f"alloc:{n}"})
        assert path.read_bytes() in (GUIDE, mended) and ran.status in (0, 1), n
        assert ran.status == 0 or "out of memory" in ran.err, n

"""headrace snapshot: what it holds, what it must not hold, and that its replay is the machine."""

import gzip
import io
import json
import socket
import subprocess
import sys
import tarfile
import time

import pytest

from places import ROOT

USER, HOST, TOKEN = "zaphodbeeblebrox", "heart-of-gold-42", "hf_Vogon0Poetry1Is2The3Third4Worst5"
PASSWORD = "Pan-Galactic/Gargle+Blaster"
PLANTED = (USER, HOST, TOKEN, PASSWORD)


def bundle(path):
    """The uncompressed bytes, and the files by their name without the folder that all of it stands in."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    files = {}
    with tarfile.open(fileobj=io.BytesIO(raw)) as t:
        top = t.getmembers()[0].name
        for m in t.getmembers():
            assert m.name == top or m.name.startswith(top + "/")
            if m.isfile():
                files[m.name[len(top) + 1:]] = t.extractfile(m).read()
    return raw, files


def without_times(report):
    report.pop("took_ns", None)
    for c in report["checks"]:
        c.pop("took_ns", None)
    return report


@pytest.fixture
def busy(tmp_path):
    """A machine with secrets on it: a home, an environment, and a process whose command line carries a token."""
    home = tmp_path / "home" / USER
    data = home / "traffic"
    data.mkdir(parents=True)
    (data / "chunk.json").write_text("[]")
    p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "--hf-token", TOKEN, f"--db-password={PASSWORD}", f"--out=/home/{USER}/x",
                          f"https://{USER}:{PASSWORD.replace('/', '')}@{HOST}/repo"])
    env = {"HOME": str(home), "USER": USER, "LOGNAME": USER, "HOSTNAME": HOST, "HF_TOKEN": TOKEN, "WANDB_API_KEY": PASSWORD,
           "HF_HOME": f"{home}/hf", "PYTHONPATH": f"/home/{USER}/lib"}
    yield env, data
    p.kill()
    p.wait()


def test_nothing_planted_is_in_it(headrace, tmp_path, busy):
    env, data = busy
    ran = headrace("snapshot", data, "-o", tmp_path / "s.tar.gz", env=env)
    assert ran.err == ""
    raw, files = bundle(tmp_path / "s.tar.gz")
    for secret in (*PLANTED, socket.gethostname()):
        if len(secret) > 3 and secret != "localhost":
            for form in (secret.encode(), secret.upper().encode(), secret.encode("utf-16-le")):
                assert form not in raw, secret
    assert not any(s in ran.out for s in PLANTED)
    lines = [v for k, v in files.items() if k.endswith("/cmdline") and b"--hf-token" in v]
    if lines:  # the process was looked at: its line is there, without the secrets
        assert b"--hf-token\0redacted-" in lines[0] and b"--db-password=redacted-" in lines[0]
    manifest = json.loads(files["MANIFEST.json"])
    assert manifest["names_kept"] is False and manifest["headrace"] in headrace("version").out
    times = {r["what"]: r["times"] for r in manifest["redacted"]}
    assert times["user names"] > 0


@pytest.mark.parametrize("deep", [[], ["--deep"]], ids=["", "deep"])
def test_the_replay_is_the_machine(headrace, tmp_path, busy, deep):
    """Acceptance: the doctor says of the snapshot what it said of the machine while it was taken, to the byte."""
    env, data = busy
    out = tmp_path / "s.tar.gz"
    headrace("snapshot", data, "-o", out, *deep, env=env, timeout=120)
    _, files = bundle(out)
    said = json.loads(files["doctor.json"])
    path = next(c["path"] for c in said["checks"] if c.get("path"))
    assert USER not in path
    replay = headrace("doctor", "--root", out, "--json", *deep, status=None)
    assert without_times(replay.json()) == said
    named = headrace("doctor", "--root", out, "--json", *deep, path, status=None)
    assert without_times(named.json()) == said
    assert len(said["checks"]) > 20
    # unpacked by the real tar it is the same once more
    subprocess.run(["tar", "-xzf", out, "-C", tmp_path], check=True)
    folder = next(p for p in tmp_path.iterdir() if p.name.startswith("headrace-snapshot-") and p.is_dir())
    again = headrace("doctor", "--root", folder, "--json", *deep, path, status=None)
    assert without_times(again.json()) == said


def test_this_machine_now_and_replayed(headrace, tmp_path):
    """Against a run of the doctor of its own: the same checks with the same verdicts."""
    before = headrace("doctor", "--json", status=None).json()
    headrace("snapshot", "-o", tmp_path / "s.tar.gz")
    live = headrace("doctor", "--json", status=None).json()
    replay = headrace("doctor", "--root", tmp_path / "s.tar.gz", "--json", status=None).json()
    assert [c["id"] for c in live["checks"]] == [c["id"] for c in replay["checks"]] == [c["id"] for c in before["checks"]]
    for was, now, kept in zip(before["checks"], live["checks"], replay["checks"]):
        assert kept["verdict"] in (was["verdict"], now["verdict"]), kept  # load and memory may have changed meanwhile
    assert replay["captured"] and not live["captured"]


def test_names_can_be_kept(headrace, tmp_path, busy):
    env, data = busy
    headrace("snapshot", data, "-o", tmp_path / "s.tar", "--keep-names", env=env)
    raw, _ = bundle(tmp_path / "s.tar")
    assert USER.encode() in raw
    for secret in (TOKEN, PASSWORD):
        assert secret.encode() not in raw


def test_where_it_goes(headrace, tmp_path):
    ran = headrace("snapshot")
    name = ran.out.split(":")[0]
    assert name == time.strftime("headrace-snapshot-%Y-%m-%d.tar.gz", time.gmtime()) or name.startswith("headrace-snapshot-")
    first = (tmp_path / name).read_bytes()
    again = headrace("snapshot", status=1)
    assert "is there already" in again.err and (tmp_path / name).read_bytes() == first
    headrace("snapshot", "--force")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    raw = subprocess.run([headrace.bin, "snapshot", "-o", "-"], capture_output=True, check=True).stdout
    assert tarfile.open(fileobj=io.BytesIO(raw)).getnames()
    assert "no such" in headrace("snapshot", "-o", "no/such/folder/x.tar.gz", status=1).err.lower()
    assert "not both" in headrace("snapshot", "-o", "-", "--json", status=2).err
    assert "already" in headrace("snapshot", "--root", tmp_path / name, status=2).err


def test_list_and_json(headrace, tmp_path):
    listed = headrace("snapshot", "--list").out
    assert "proc/meminfo" in listed and "MANIFEST.json" in listed
    assert not list(tmp_path.iterdir())
    d = headrace("snapshot", "--list", "--json").json()
    assert d["out"] is None and {"proc/meminfo", "doctor.json"} <= {f["path"] for f in d["files"]}
    d = headrace("snapshot", "--json", "-o", tmp_path / "x.tar.gz").json()
    assert d["bytes"] == (tmp_path / "x.tar.gz").stat().st_size and {r["what"] for r in d["redacted"]} >= {"user names", "IP addresses"}


@pytest.mark.parametrize("kind", ["sys", "alloc"])
def test_nothing_half_written(headrace, tmp_path, kind):
    """The n-th call fails: a sentence and no file, or a whole one."""
    out = tmp_path / "s.tar.gz"
    ns = [*range(1, 40), *range(40, 4000, 97 if kind == "sys" else 193)]
    for n in ns:
        ran = headrace("snapshot", "-o", out, "--force", env={"HEADRACE_FAULT": f"{kind}:{n}"}, status=None)
        assert ran.status in (0, 1), f"{kind}:{n}: {ran.status} {ran.err}"
        assert ran.status == 0 or ran.err.startswith("headrace: "), f"{kind}:{n}"
        left = [p.name for p in tmp_path.iterdir()]
        assert left == (["s.tar.gz"] if out.exists() else []), f"{kind}:{n}: {left}"
        if out.exists():
            bundle(out)
            out.unlink()
        else:
            assert ran.status == 1


ROOTS = sorted((ROOT / "tests" / "roots").glob("*.root"))


@pytest.mark.parametrize("root", ROOTS, ids=[r.stem for r in ROOTS])
def test_a_bundle_of_a_root_is_the_root(headrace, tmp_path, root):
    """Every machine of tests/roots as a folder and as archives of it: the same report."""
    expand = ROOT / "build" / "tests" / "expand_root"
    if not expand.exists():
        pytest.skip(f"{expand} is not built")
    subprocess.run([expand, root, tmp_path / "r"], check=True)
    want = without_times(headrace("doctor", "--root", tmp_path / "r", "--json", "--deep", status=None).json())
    for name, *make in (("a.tar", "-c", "-C", "r", "."), ("b.tgz", "-cz", "r"), ("c.tar", "--format=pax", "-c", "r")):
        subprocess.run(["tar", "-f", name, *make], cwd=tmp_path, check=True)
        got = headrace("doctor", "--root", name, "--json", "--deep", status=None).json()
        assert without_times(got) == want, make

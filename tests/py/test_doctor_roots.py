"""headrace doctor on every machine of tests/roots: what it says is held against tests/roots/golden, as text and as JSON.

`tools/update-goldens` writes them again.  Read the difference as somebody would who sits at that machine."""

import json
import re
import subprocess

import pytest
from places import BIN, ROOT

ROOTS = sorted((ROOT / "tests/roots").glob("*.root"))
GOLDEN = ROOT / "tests/roots/golden"
EXPAND = BIN.parents[2] / "tests/expand_root"
every_root = pytest.mark.parametrize("root", ROOTS, ids=[r.stem for r in ROOTS])

VERDICTS = {"fail", "warn", "note", "ok", "unknown", "not here"}
STATUS = {"ok": 0, "warn": 1, "fail": 2}


@pytest.fixture
def machine(headrace, tmp_path):
    """machine(file) lays the root out; its doctor(*options) looks at it with the paths that the file names."""
    if not EXPAND.exists():
        pytest.skip(f"{EXPAND} is not built")

    class Machine:
        def __init__(self, file):
            self.dir = tmp_path / file.stem
            subprocess.run([EXPAND, file, self.dir], check=True)
            head = file.read_text().split("\n===", 1)[0]
            self.paths = [w for line in re.findall(r"^# doctor (.*)$", head, re.M) for w in line.split()]

        def doctor(self, *options, **kw):
            return headrace("doctor", "--root", self.dir, *options, *self.paths, status=kw.pop("status", None), **kw)

    return Machine


def without_times(d):
    d.pop("took_ns", None)
    d.pop("version")
    for c in d["checks"]:
        c.pop("took_ns", None)
    return d


def hold(request, path, text):
    if request.config.getoption("--update-goldens"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.exists(), "no golden: tools/update-goldens writes it"
    assert text == path.read_text(), f"differs from {path.name}: tools/update-goldens, and read the difference"


@every_root
def test_text(machine, root, request):
    ran = machine(root).doctor()
    assert ran.err == ""
    hold(request, GOLDEN / f"{root.stem}.txt", ran.out)


@every_root
def test_json(machine, root, request):
    ran = machine(root).doctor("--json")
    assert ran.err == ""
    hold(request, GOLDEN / f"{root.stem}.json", json.dumps(without_times(ran.json()), indent=1, ensure_ascii=False) + "\n")


@every_root
def test_the_same_question_gets_the_same_answer(machine, root):
    m = machine(root)
    assert m.doctor("--verbose").out == m.doctor("--verbose").out
    assert without_times(m.doctor("--json").json()) == without_times(m.doctor("--json").json())


@every_root
def test_nothing_of_this_machine_or_of_nowhere(machine, root):
    m = machine(root)
    out = m.doctor("--verbose", "--deep").out
    assert str(m.dir) not in out and m.dir.name + "/" not in out
    for never in ("(null)", "nan", "18446744073709551615", "-1 ", "16.0 EiB"):
        assert not re.search(rf"(?<![\w.=-]){re.escape(never)}", out), never
    # nothing that is not known is shown as 0
    for line in out.splitlines():
        assert not re.search(r"(?<![\d.,])0 (B|KiB|MiB|GiB|cores|CPUs)\b", line) or "swap" in line.lower(), line


@every_root
def test_every_member_is_there(machine, root):
    ran = machine(root).doctor("--json", "--deep")
    d = ran.json()
    assert d["captured"] is True
    assert ran.status == STATUS[d["verdict"]]
    assert set(d["counts"]) == VERDICTS
    for c in d["checks"]:
        assert c["verdict"] in VERDICTS
        assert c["say"] and not c["say"].endswith("."), c["id"]
        if c["verdict"] in ("warn", "fail"):
            assert c["why"] and c["source"], c["id"]
        for line in c["fix"]:
            assert "\n" not in line


@every_root
@pytest.mark.parametrize("kind", ["verdict", "screen"])
def test_verdict_first(machine, root, kind):
    m = machine(root)
    d = m.doctor("--json").json()
    lines = m.doctor().out.splitlines()
    summary = " ".join(" ".join(lines).split("  ")[0].split())
    if kind == "verdict":
        assert (d["counts"]["fail"] != 0) == ("will make training fail" in summary)
        assert str(d["counts"]["ok"]) in summary
    else:
        order = [lines.index(h) for h in ("Training will fail", "Costs speed or memory, or will bite later", "Worth knowing",
                                          "Could not be looked at", "Fine") if h in lines]
        assert order == sorted(order)


def test_another_machine_is_not_mended(machine):
    m = machine(ROOTS[0])
    for option in ("--fix", "--undo"):
        ran = m.doctor(option, "--yes", status=1)
        assert "only this one can be mended" in ran.err

"""headrace doctor as a user runs it: selection, explanation, exit status, and a screen that is safe and fits."""

import json
import re
import unicodedata

import pytest

SCREEN = re.compile(r"\x1b\[[0-9;]*m")


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def listed(headrace):
    return headrace("doctor", "--list", "--json").json()


def test_the_list(headrace):
    checks = listed(headrace)
    assert len({c["id"] for c in checks}) == len(checks)
    text = headrace("doctor", "--list").out
    for c in checks:
        assert c["id"].startswith(c["group"] + "-") and c["id"] == c["id"].lower()
        assert re.search(rf"^  {c['id']} ", text, re.M)
        for member in ("title", "why", "source"):
            assert c[member].strip() == c[member] != ""
        assert c["why"].endswith((".", ".)")), c["id"]
        assert not c["title"].endswith("."), c["id"]


def test_json_and_status_agree(headrace):
    ran = headrace("doctor", "--json", status=None)
    d = ran.json()
    assert ran.err == ""
    assert ran.status == {"ok": 0, "warn": 1, "fail": 2}[d["verdict"]]
    counted = {v: sum(c["verdict"] == v for c in d["checks"]) for v in d["counts"]}
    assert counted == d["counts"]
    for c in d["checks"]:
        assert c["say"] != "" and "\n" not in c["say"], c["id"]
        assert not c["say"].endswith("."), c["id"]
        if c["verdict"] in ("warn", "fail"):
            assert c["fix"] or c["mends"] or c["why"], c["id"]


def test_only(headrace):
    d = headrace("doctor", "--only", "data", "--json", status=None).json()
    assert {c["group"] for c in d["checks"]} == {"data"}
    one = d["checks"][0]["id"]
    assert [c["id"] for c in headrace("doctor", "--only", one, "--json", status=None).json()["checks"]] == [one]
    ran = headrace("doctor", "--only", "dta-windows-drive", status=2)
    assert "near it: data-windows-drive" in ran.err and ran.out == ""


def test_every_check_can_be_explained(headrace):
    for c in listed(headrace):
        out = " ".join(headrace("doctor", "--explain", c["id"]).out.split())
        assert c["title"] in out and c["why"] in out, c["id"]
    ran = headrace("doctor", "--explain", "windows-drive", status=2)
    assert "data-windows-drive" in ran.err


def test_a_path_that_is_not_there_is_told(headrace):
    d = headrace("doctor", "no-such-folder", "--only", "data", "--json", status=None).json()
    assert all(c["path"] == "no-such-folder" for c in d["checks"])
    assert not any(c["verdict"] == "ok" for c in d["checks"])


def test_foreign_bytes_stay_off_the_terminal(headrace, tmp_path):
    name = b"evil\x1b[31m\x07\xff"
    (tmp_path / "x").mkdir()
    (tmp_path / name.decode("utf-8", "surrogateescape")).mkdir()
    ran = headrace("doctor", name, "--only", "data", "--verbose", status=None)
    assert "\x1b" not in ran.out and "\x07" not in ran.out
    d = json.loads(headrace("doctor", name, "--only", "data", "--json", status=None).out)
    assert d["checks"]


@pytest.mark.parametrize("color", ["always", "never"])
def test_the_screen_fits(headrace, color):
    out = headrace("doctor", "--verbose", f"--color={color}", status=None).out
    assert ("\x1b[" in out) == (color == "always")
    prose = [line for line in SCREEN.sub("", out).splitlines() if not re.match(r"    (do|undo|    )  ", line)]
    assert max(map(columns, prose)) <= 80
    assert not any(line != line.rstrip() for line in SCREEN.sub("", out).splitlines())


def test_a_mount_table_without_a_root_is_said(headrace, tmp_path):
    """As after a change of root: the table has mounts, but none that holds /."""
    table = tmp_path / "root/proc/self/mountinfo"
    table.parent.mkdir(parents=True)
    table.write_text("36 35 98:0 / /data rw,noatime - ext4 /dev/sdb1 rw\n")
    assert "disks   – (no mount in the table holds /)" in headrace("doctor", "--root", tmp_path / "root", status=None).out

"""The guard's fault drills at a small size; bench/drills runs them at full size and prints a table."""

import os
import shutil

import drills
import pytest
from places import BIN


@pytest.fixture(scope="module")
def t():
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    if os.getuid() == 0 and not (shutil.which("setpriv") and reachable(BIN)):
        pytest.skip("a user without rights cannot reach the program here")
    return drills.Drill(BIN)


def reachable(path):
    return all(p.stat().st_mode & 0o001 for p in path.resolve().parents) and path.stat().st_mode & 0o001


@pytest.mark.parametrize("name", drills.DRILLS)
def test_drill(t, name):
    got = drills.DRILLS[name](t)
    if got is None:
        pytest.skip("no memory cgroup can be made here")
    assert got["gap_ms"] < 20000, got  # bench/drills tells it exactly; here a machine may stand still for a while

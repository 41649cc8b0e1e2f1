"""The generated build of bench/guard, small: under limits at which it does not fit as it is, it finishes, and the kernel shoots nobody."""

import importlib.machinery
import importlib.util
import shutil

import membox
import pytest
from places import BIN, ROOT

pytestmark = [pytest.mark.alone,
              pytest.mark.skipif(shutil.which("g++") is None or shutil.which("make") is None, reason="no g++ or make here")]


@pytest.fixture(scope="module")
def bench():
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    if not membox.possible():
        pytest.skip("no memory cgroup can be made here")
    loader = importlib.machinery.SourceFileLoader("bench_guard", str(ROOT / "bench/guard"))
    spec = importlib.util.spec_from_loader("bench_guard", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    module.HEADRACE = BIN
    return module


def test_it_finishes_at_each_limit(bench, tmp_path):
    p = bench.Project(tmp_path / "guard", 3, 3, nvcc=False, small=True)
    free = p.build("free", 4, None, False)
    many = ("--jobs", "4")  # however few CPUs there are: it is memory that shall decide
    plenty = p.build("plenty", 4, None, True, many)
    assert free["status"] == plenty["status"] == 0
    assert plenty["paused"] == plenty["ended"] == plenty["allocations"] == 0
    limits = bench.limits_of(free["peak_mib"], plenty["largest_mib"])
    assert limits["1.3"] < limits["2/3"] < free["peak_mib"], limits
    for name, case in (("1.3", "warm"), ("2/3", "cold"), ("2/3", "warm")):
        if case == "cold":
            p.forget()
        r = p.build(case, 4, limits[name], True, many)
        assert r["status"] == 0 and r["oom_kills"] == 0 and r["ended"] == 0, r
        assert r["peak_mib"] <= limits[name] and r["allocations"] == 0
        assert r["held"] + r["parked"] + r["paused"] >= 1, r
        # What is measured of the watcher itself; a second of a small build, on a machine of any speed and with any number of processes, tells
        # no more exactly than this.  bench/guard does.
        assert r["cpu_percent"] < 25 and r["resident_mib"] < 6, r

"""The example that moves a DataLoader script to headrace by changing two lines."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples" / "two_lines"))
import compare  # noqa: E402
import pytest  # noqa: E402


def test_two_lines_change():
    lines = compare.changed_lines()
    assert [l[0] for l in lines] == ["-", "+", "-", "+"] and "headrace" in lines[1] and "Loader(" in lines[3]


@pytest.mark.timeout(1200)  # it starts seven programs that import torch
def test_the_curves_agree(tmp_path, monkeypatch):
    """Three seeds with each script: the loss falls, and the difference is within its noise in every epoch."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rows, _, _ = compare.compare(3)
    assert rows[-1][0] < rows[0][0] / 2 and rows[-1][1] < rows[0][1] / 2
    assert all(abs(z) < 10 for *_, z in rows), rows  # t with 2 degrees of freedom: beyond 10 once in 100
    assert abs(rows[-1][1] / rows[-1][0] - 1) < 0.3


def test_a_spread_needs_two_seeds():
    for words in (["1"], ["0"], ["x"], ["2", "3"], ["-1"]):
        ran = subprocess.run([sys.executable, compare.__file__, *words], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 1 and ran.stdout == "" and ran.stderr.startswith("compare.py [SEEDS]: a number of seeds from 2 on"), ran

"""`pip install .`: the wheel builds, holds what it should, and works where no source tree is."""
import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.timeout(1200)  # it builds the library anew
@pytest.mark.skipif(importlib.util.find_spec("scikit_build_core") is None, reason="scikit-build-core is not installed")
def test_wheel(tmp_path, graphs, raw):
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index", "-w", tmp_path, ROOT],
                   check=True, capture_output=True, timeout=1100)
    (wheel,) = tmp_path.glob("headrace-*.whl")
    assert "cp311-abi3" in wheel.name or sys.version_info < (3, 11)
    with zipfile.ZipFile(wheel) as z:
        names = {n for n in z.namelist() if ".dist-info" not in n}
        z.extractall(tmp_path / "site")
    sources = {f"headrace/{f.name}" for f in (ROOT / "python/headrace").iterdir() if f.suffix in (".py", ".pyi") or f.name == "py.typed"}
    extensions = {n for n in names if n.endswith(".so")}
    assert names == sources | extensions and {n.split(".")[0] for n in extensions} == {"headrace/_core", "headrace/_pack"}
    code = (
        "import sys, headrace; assert headrace.__file__.startswith(sys.argv[3])\n"
        "headrace.pack(sys.argv[1], sys.argv[2]); print(sum(b.num_graphs for b in headrace.Loader(sys.argv[2])))"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    r = subprocess.run([sys.executable, "-c", code, str(raw / "*.json"), str(tmp_path / "d"), str(tmp_path)], capture_output=True,
                       text=True, env=env, cwd=tmp_path)
    assert r.stdout == f"{len(graphs)}\n", r.stderr

"""Python tests run on the build tree; HEADRACE_INSTALLED=1 tests an installed wheel instead."""
import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
if not os.environ.get("HEADRACE_INSTALLED"):
    sys.path.insert(0, str(ROOT / "build" / "python"))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "build" / "python"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


@pytest.fixture(scope="session")
def graphs():
    """200 small graphs with ragged nodes and edges: a list of dicts of arrays."""
    from .graphs import synth

    return synth(200)


@pytest.fixture(scope="session")
def raw(graphs, tmp_path_factory):
    """A folder with the graphs as JSON files of 50 samples."""
    folder = tmp_path_factory.mktemp("raw")
    for i in range(0, len(graphs), 50):
        rows = [{k: v.tolist() for k, v in g.items()} for g in graphs[i : i + 50]]
        (folder / f"chunk_{i // 50:03}.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture(scope="session")
def dataset(raw, tmp_path_factory):
    """The graphs packed; small chunks, so that there are many."""
    import headrace

    out = tmp_path_factory.mktemp("packed") / "graphs"
    made = headrace.pack(str(raw / "*.json"), out, chunk_samples=10)
    assert made["samples"] == 200
    return str(out)

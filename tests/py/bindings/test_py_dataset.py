"""headrace.open and headrace.pack."""
import json

import numpy as np
import pytest

import headrace


def test_samples(dataset, graphs):
    with headrace.open(dataset) as ds:
        assert len(ds) == 200 and [f.name for f in ds.schema] == list(graphs[0])
        held = [ds[i] for i in range(200)]  # copies: any number may be held
        for got, want in zip(held, graphs):
            assert all(np.array_equal(got[k], want[k]) and got[k].dtype == want[k].dtype for k in want)
        assert np.array_equal(ds[-1]["x"], graphs[-1]["x"]) and len(ds[5:10]) == 5 and len(list(ds)) == 200
        with pytest.raises(IndexError):
            ds[200]
        assert "200 samples of x, edge_index" in repr(ds)


def test_statistics(dataset, graphs):
    x = np.concatenate([g["x"] for g in graphs]).astype(np.float64)
    with headrace.open(dataset) as ds, headrace.Loader(dataset) as l:
        assert ds.statistics == l.statistics
        text = json.dumps(ds.statistics)
    for value in (x[:, 0].min(), x[:, 3].max()):
        assert any(abs(float(v) - value) < 1e-6 for v in _numbers(json.loads(text)))


def _numbers(tree):
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, list):
        return [tree] if isinstance(tree, (int, float)) else []
    return [n for t in tree for n in _numbers(t)]


def test_pack_reports(raw, tmp_path):
    notices, progress = [], []
    r = headrace.pack([raw / "chunk_000.json", raw / "chunk_001.json"], tmp_path / "a.arrow", notice=notices.append,
                      progress=lambda *p: progress.append(p))
    assert r["samples"] == 100 and r["bytes_in"] > 0 and r["bytes_out"] > 0 and r["bad"] == 0
    assert any("x" in n for n in notices)
    assert headrace.open(tmp_path / "a.arrow")[7]["x"].shape[1] == 9
    with pytest.raises(headrace.ExistsError):
        headrace.pack(raw / "chunk_000.json", tmp_path / "a.arrow")
    assert headrace.pack(raw / "chunk_000.json", tmp_path / "a.arrow", force=True)["samples"] == 50


def test_pack_refuses(raw, tmp_path):
    with pytest.raises(headrace.NotFoundError):
        headrace.pack(str(tmp_path / "*.json"), tmp_path / "d")
    with pytest.raises(ValueError, match="bad="):
        headrace.pack(raw, tmp_path / "d", bad="ignore")
    with pytest.raises(headrace.Error):
        headrace.pack(str(raw / "*.json"), tmp_path / "d", format="parquet")
    with pytest.raises(ValueError, match="chunk_size"):
        headrace.pack(str(raw / "*.json"), tmp_path / "d", chunk_size="big")


def test_an_exception_in_a_callback_stops_packing(raw, tmp_path):
    def notice(sentence):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        headrace.pack(str(raw / "*.json"), tmp_path / "d", notice=notice)

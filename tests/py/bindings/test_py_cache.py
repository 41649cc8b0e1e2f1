"""Raw sources as a loader's source: packed by the first use, read from the cache by the next, evicted over the limit."""
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest

import headrace
from .graphs import join, same, synth
from headrace import _cache, _plain


def entries(folder):
    return sorted(n for n in os.listdir(folder) if not n.endswith(".lock"))


def write(folder, n, seed):
    folder.mkdir(exist_ok=True)
    rows = [{k: v.tolist() for k, v in g.items()} for g in synth(n, seed)]
    (folder / "a.json").write_text(json.dumps(rows))
    return folder


def test_first_use_packs_and_says_so(raw, graphs, tmp_path, caplog):
    sources = str(raw / "*.json")
    with caplog.at_level(logging.WARNING, "headrace"), headrace.Loader(sources, cache="1GiB", cache_dir=tmp_path, framework="numpy") as l:
        assert l.samples == 200
        batch = next(iter(l))
        assert same(batch, join([graphs[i] for i in batch.sample.tolist()]))
    assert "packing 4 source files" in caplog.text and "ready after" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "headrace"), headrace.Loader(sources, cache_dir=tmp_path) as l:
        assert l.samples == 200
    assert caplog.text == "" and len(entries(tmp_path)) == 1


def test_lists_folders_and_options_have_their_own(raw, tmp_path):
    files = sorted(str(p) for p in raw.iterdir())
    assert headrace.Loader(files[:2], cache_dir=tmp_path).samples == 100
    assert headrace.Loader(files[:2], cache_dir=tmp_path, pack={"chunk_samples": 7}).samples == 100
    assert headrace.Loader(raw / "chunk_000.json", cache_dir=tmp_path).samples == 50
    assert len(entries(tmp_path)) == 3


def test_a_changed_source_is_packed_anew(tmp_path):
    source = write(tmp_path / "raw", 20, 1)
    with headrace.Loader(str(source / "*.json"), cache_dir=tmp_path / "c") as l:
        assert l.samples == 20
    write(tmp_path / "raw", 30, 2)
    with headrace.Loader(str(source / "*.json"), cache_dir=tmp_path / "c") as l:
        assert l.samples == 30


def test_the_least_recently_used_goes_whole(tmp_path):
    c = tmp_path / "c"
    sources = [write(tmp_path / f"raw{k}", 50, k) for k in range(4)]
    size = None
    for s in sources[:3]:
        headrace.Loader(str(s / "a.json"), cache_dir=c).close()
        size = size or sum(_cache._size_of(c / n) for n in entries(c))
    first = set(entries(c))
    os.utime(c / (sorted(first)[0] + ".lock"), (1, 1))  # the one used longest ago
    oldest = sorted(first)[0]
    headrace.Loader(str(sources[3] / "a.json"), cache=int(size * 3.5), cache_dir=c).close()
    assert oldest not in entries(c) and len(entries(c)) == 3


def test_nothing_in_use_is_evicted(tmp_path):
    a, b = write(tmp_path / "a", 50, 1), write(tmp_path / "b", 50, 2)
    c = tmp_path / "c"
    l = headrace.Loader(str(a / "a.json"), cache_dir=c, framework="numpy")
    size = _cache._size_of(c)
    with headrace.Loader(str(b / "a.json"), cache=int(size * 1.5), cache_dir=c):
        assert len(entries(c)) == 2
    assert len([x.step for x in l]) == 4
    l.close()
    with headrace.Loader(str(b / "a.json"), cache=int(size * 1.5), cache_dir=c):
        assert len(entries(c)) == 1


def test_a_dataset_over_the_limit_is_refused(tmp_path):
    a = write(tmp_path / "a", 50, 1)
    with pytest.raises(headrace.LimitError, match="may hold 1.0 KiB"):
        headrace.Loader(str(a / "a.json"), cache="1K", cache_dir=tmp_path / "c")
    assert entries(tmp_path / "c") == []


def test_of_many_processes_one_packs(raw, tmp_path):
    code = "import sys, headrace; print(headrace.Loader(sys.argv[1], cache_dir=sys.argv[2]).samples)"
    ps = [subprocess.Popen([sys.executable, "-c", code, str(raw / "*.json"), str(tmp_path)], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True) for _ in range(4)]
    out = [p.communicate(timeout=60) for p in ps]
    assert [o for o, _ in out] == ["200\n"] * 4
    assert sum("packing" in e for _, e in out) == 1


def test_a_far_dataset_is_copied_first(dataset, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(_plain, "is_far", lambda path: str(path) == dataset)
    monkeypatch.setattr(_cache, "is_far", _plain.is_far)
    with caplog.at_level(logging.WARNING, "headrace"), headrace.Loader(dataset, cache_dir=tmp_path) as l:
        assert l.samples == 200 and l.path.startswith(str(tmp_path))
    assert "copying" in caplog.text
    assert headrace.Loader(dataset, cache=False).path == dataset


def test_refusals(dataset, raw, tmp_path):
    with pytest.raises(ValueError, match="among 2 sources"):
        headrace.Loader([dataset, str(raw / "chunk_000.json")], cache_dir=tmp_path)
    with pytest.raises(headrace.NotFoundError, match="cache=False"):
        headrace.Loader(str(raw / "chunk_000.json"), cache=False)
    with pytest.raises(ValueError, match="cache"):
        headrace.Loader(str(raw / "chunk_000.json"), cache="many", cache_dir=tmp_path)


def test_bad_sources_leave_no_entry(tmp_path):
    (tmp_path / "bad.json").write_text("[{]")
    with pytest.raises(headrace.Error):
        headrace.Loader(str(tmp_path / "bad.json"), cache_dir=tmp_path / "c")
    (tmp_path / "bad.json").write_text(json.dumps([{"v": [1.0, 2.0]}] * 5))
    with headrace.Loader(str(tmp_path / "bad.json"), cache_dir=tmp_path / "c", framework="numpy") as l:
        assert np.array_equal(next(iter(l)).v, [[1, 2]] * 5)

"""Datasets in the plain-Python reader: the second saying of docs/format.md."""

import json
import os
import pathlib
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ref"))
import read_store  # noqa: E402

MKSTORE = pathlib.Path(os.environ.get("HEADRACE_MKSTORE", ROOT / "build/tests/mkstore"))


@pytest.fixture
def folder(tmp_path):
    """Three parts of 30, 30 and 30 graphs in chunks of 8, the last of each part shorter."""
    if not MKSTORE.exists():
        pytest.skip(f"{MKSTORE} is not built")
    path = tmp_path / "d"
    subprocess.run([MKSTORE, path, "--samples", "90", "--chunk-samples", "8", "--parts", "3", "--narrow"], check=True)
    return path


def test_a_folder_is_its_parts(folder, tmp_path):
    """The same samples in one file and in three parts."""
    subprocess.run([MKSTORE, tmp_path / "one.arrow", "--samples", "90", "--chunk-samples", "7"], check=True)
    got, want = list(read_store.samples(folder)), list(read_store.samples(tmp_path / "one.arrow"))
    assert len(got) == 90 and got == want
    for s in got:
        n = len(s["x"])
        assert 20 <= n <= 60 and all(len(row) == 9 for row in s["x"])
        assert len(s["edge_index"][0]) == len(s["edge_index"][1]) == len(s["edge_attr"])
        assert all(0 <= v < n for row in s["edge_index"] for v in row)


def test_the_manifest_says_what_is_there(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = read_store.parts(folder)
    assert manifest["format"] == "headrace-dataset" and list(manifest)[-1] == "sum"
    assert manifest["samples"] == 90 == sum(p.samples for p in parts)
    for said, part in zip(manifest["parts"], parts):
        assert (said["samples"], said["chunks"], said["bytes"]) == (part.samples, len(part.blocks), len(part.bytes))
        assert said["footer_sum"] == part.meta["headrace.footer_sum"]
        assert {f["name"]: f["shape"] for f in manifest["schema"]["fields"]} == {f.name: f.shape for f in part.fields}
        assert {f["name"]: f.get("stored", f["dtype"]) for f in manifest["schema"]["fields"]} == {f.name: f.stored for f in part.fields}
    assert manifest["schema"]["fields"][1]["stored"] == "uint8"


def test_every_byte_belongs_somewhere(folder):
    """Head, chunks, mark, footer and tail follow each other without a gap, on 64-byte boundaries."""
    for part in read_store.parts(folder):
        at = part.blocks[0][0]
        for off, meta, body in part.blocks:
            assert off == at and off % 64 == meta % 64 == body % 64 == 0
            at += meta + body
        footer = struct.unpack_from("<i", part.bytes, len(part.bytes) - 10)[0]
        assert part.bytes[at:at + 8] == b"\xff\xff\xff\xff\0\0\0\0"
        assert at + 8 + footer + 10 == len(part.bytes)


def test_the_reader_as_a_program(folder):
    """A window of samples as JSON Lines."""
    want = list(read_store.samples(folder))
    out = subprocess.run([sys.executable, ROOT / "tests/ref/read_store.py", folder, "29", "2"], capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in out.stdout.splitlines()] == want[29:31]


def test_sums_are_xxh3(folder):
    """The sums, with another implementation of the hash."""
    xxhash = pytest.importorskip("xxhash")
    for part in read_store.parts(folder):
        if "headrace.sums" not in part.meta:
            pytest.skip("this build writes no checksums")
        sums = part.meta["headrace.sums"]
        for k, (off, meta, body) in enumerate(part.blocks):
            assert sums[16 * k:16 * k + 16] == xxhash.xxh3_64_hexdigest(part.bytes[off:off + meta + body])
        assert part.meta["headrace.head_sum"] == xxhash.xxh3_64_hexdigest(part.bytes[:part.blocks[0][0]])
        n = struct.unpack_from("<i", part.bytes, len(part.bytes) - 10)[0]
        own = part.meta["headrace.footer_sum"]
        assert own == xxhash.xxh3_64_hexdigest(part.bytes[-10 - n:-10].replace(own.encode(), b"0" * 16))
    text = (folder / "manifest.json").read_text()
    own = json.loads(text)["sum"]
    assert own == xxhash.xxh3_64_hexdigest(text.replace(own, "0" * 16).encode())


def f32(v):
    """Numbers as float32 holds them, in nested lists."""
    return [f32(x) for x in v] if isinstance(v, list) else struct.unpack("<f", struct.pack("<f", v))[0]


def test_a_packed_dataset(packed):
    """What `headrace pack` made of JSON: every value of every sample."""
    path, raw = packed
    got = list(read_store.samples(path))
    assert len(got) == len(raw)
    for a, b in zip(got, raw):
        assert a["edge_index"] == b["edge_index"] and a["label"] == b["label"]
        for name in ("node_features", "edge_features", "global_metrics"):
            assert a[name] == f32(b[name])
    assert json.loads((path / "statistics.json").read_text())["samples"] == len(raw)

"""The dataset file in other hands: pyarrow, polars and DuckDB read the values that the plain-Python reader reads."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ref"))
import read_store  # noqa: E402

MKSTORE = pathlib.Path(os.environ.get("HEADRACE_MKSTORE", ROOT / "build/tests/mkstore"))
KINDS = ["graph", "all"]
# DuckDB has no 16-bit float at all; these columns are left out there.
HALF = {"pairs", "scalar_float16"}


def make(path, *args):
    if not MKSTORE.exists():
        pytest.skip(f"{MKSTORE} is not built")
    p = subprocess.run([MKSTORE, path, *args], capture_output=True, text=True, check=False)
    if "cannot write" in p.stderr:
        pytest.skip(p.stderr.strip())
    assert p.returncode == 0, p.stderr
    return path


@pytest.fixture(params=KINDS)
def store(request, tmp_path):
    return make(tmp_path / "a.arrow", "--kind", request.param, "--samples", "57", "--chunk-samples", "10")


def expected(path):
    """Stored values: what any Arrow reader sees (before scale and offset, booleans as 0 and 1)."""
    part = read_store.Part(path)
    for f in part.fields:
        f.scale = None
        f.stored = "uint8" if f.stored == "bool" else f.stored
    rows = list(part)
    assert len(rows) == 57
    return {name: [r[name] for r in rows] for name in rows[0]}


def plain(v):
    """Tuples (DuckDB's arrays) and arrays as lists."""
    return [plain(x) for x in v] if isinstance(v, (list, tuple)) else v


def test_pyarrow(store):
    pa = pytest.importorskip("pyarrow")
    reader = pa.ipc.open_file(pa.memory_map(str(store)))
    assert reader.num_record_batches == 6
    table = reader.read_all()
    table.validate(full=True)
    assert table.to_pydict() == expected(store)
    assert table.schema.metadata[b"headrace.version"] == b"1"
    x = table.schema.field(0)
    assert (x.metadata[b"headrace.role"], x.metadata[b"headrace.shape"]) == (b"node", b'["*",9]')
    assert not x.nullable


def test_pyarrow_as_a_stream(store):
    """The file without its first eight bytes is an Arrow stream, too."""
    pa = pytest.importorskip("pyarrow")
    with open(store, "rb") as f:
        f.seek(8)
        table = pa.ipc.open_stream(f.read()).read_all()
    assert table.to_pydict() == expected(store)


def test_pyarrow_maps_without_a_copy(store):
    """Every buffer lies in the mapping on a 64-byte boundary, so nothing has to be moved."""
    pa = pytest.importorskip("pyarrow")
    mapped = pa.memory_map(str(store))
    batch = pa.ipc.open_file(mapped).get_batch(0)
    before = pa.total_allocated_bytes()
    for column in batch.columns:
        for buffer in column.buffers():
            assert buffer is None or buffer.size == 0 or buffer.address % 64 == 0
    assert pa.total_allocated_bytes() == before


def test_polars(store):
    pl = pytest.importorskip("polars")
    want = expected(store)
    assert {c.name: c.to_list() for c in pl.read_ipc(store)} == want
    lazy = pl.scan_ipc(store).select(pl.col(next(iter(want)))).collect()
    assert lazy.to_series().to_list() == next(iter(want.values()))


def test_duckdb(store):
    pa = pytest.importorskip("pyarrow")
    duckdb = pytest.importorskip("duckdb")
    want = {k: v for k, v in expected(store).items() if k not in HALF}
    table = pa.ipc.open_file(store).read_all().select(list(want))
    con = duckdb.connect()
    con.register("dataset", table)
    cursor = con.execute("select * from dataset")
    rows, names = cursor.fetchall(), [d[0] for d in cursor.description]
    assert {name: [plain(r[i]) for r in rows] for i, name in enumerate(names)} == want


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
@pytest.mark.parametrize("kind", KINDS)
def test_compressed(tmp_path, kind, codec):
    """The standard's own buffer compression: the others read the same values as without it."""
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    args = ["--kind", kind, "--samples", "57", "--chunk-samples", "10"]
    want = expected(make(tmp_path / "plain.arrow", *args))
    coded = make(tmp_path / "coded.arrow", *args, "--codec", codec)
    table = pa.ipc.open_file(coded).read_all()
    table.validate(full=True)
    assert table.to_pydict() == want
    assert {c.name: c.to_list() for c in pl.read_ipc(coded)} == want


def test_empty(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    path = make(tmp_path / "a.arrow", "--samples", "0")
    assert pa.ipc.open_file(path).read_all().num_rows == 0
    assert pl.read_ipc(path).height == 0
    assert list(read_store.samples(path)) == []


def test_pyarrow_dataset(store):
    """The interface that larger frameworks read through."""
    pa = pytest.importorskip("pyarrow")
    dataset = pytest.importorskip("pyarrow.dataset").dataset(store, format="ipc")
    assert dataset.count_rows() == 57
    assert dataset.head(3).to_pydict() == {k: v[:3] for k, v in expected(store).items()}
    assert pa.Table.from_batches(dataset.to_batches()).num_rows == 57

"""Sources and exports against the libraries that users write and read them with: NumPy, h5py, SUMO; and statistics against NumPy."""

import gzip
import json
import shutil
import subprocess

import numpy as np
import pytest

SAMPLES = 300


def make_graphs(seed=3):
    r = np.random.default_rng(seed)
    nodes, edges = r.integers(0, 9, SAMPLES), r.integers(0, 30, SAMPLES)
    edges[nodes == 0] = 0
    no, eo = np.concatenate([[0], nodes.cumsum()]), np.concatenate([[0], edges.cumsum()])
    x = (r.standard_normal((no[-1], 3)) * [1, 10, 50] + [0, 1e6, 0]).astype(np.float32)
    x[::97, 2] = np.nan
    x[5, 0] = np.inf
    return {
        "x": x,
        "edge_index": np.concatenate([r.integers(0, max(n, 1), (2, e)) for n, e in zip(nodes, edges)], 1),
        "edge_attr": r.exponential(5, eo[-1]),
        "y": r.integers(-5, 5, (SAMPLES, 2)).astype(np.int16),
        "time": np.arange(SAMPLES) * 0.5 + 1.7e9,
        "no": no,
        "eo": eo,
    }


def check_samples(headrace, dataset, g):
    lines = [json.loads(line) for line in headrace("cat", dataset).out.splitlines()]
    assert len(lines) == SAMPLES
    for i, s in enumerate(lines):
        n, e = slice(g["no"][i], g["no"][i + 1]), slice(g["eo"][i], g["eo"][i + 1])
        x = np.array(s["x"], dtype=np.float64).reshape(-1, 3)  # null, for NaN and infinity, becomes nan
        want = np.where(np.isfinite(g["x"][n]), g["x"][n], np.nan)
        np.testing.assert_array_equal(x.astype(np.float32), want)
        np.testing.assert_array_equal(np.array(s["edge_index"], dtype=np.int64).reshape(2, -1), g["edge_index"][:, e])
        np.testing.assert_array_equal(s["edge_attr"], g["edge_attr"][e])
        assert s["y"] == g["y"][i].tolist() and s["time"] == g["time"][i]


def write_npy(folder, g):
    folder.mkdir()
    for k, v in g.items():
        np.save(folder / f"{k}.npy", v)


def write_h5(path, g):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as h:
        for k, v in g.items():
            h.create_dataset(k, data=v, chunks=True, compression="gzip", shuffle=True)


def write_records(path, g):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as h:
        for i in range(SAMPLES):
            n, e = slice(g["no"][i], g["no"][i + 1]), slice(g["eo"][i], g["eo"][i + 1])
            for k, v in {"x": g["x"][n], "edge_index": g["edge_index"][:, e], "edge_attr": g["edge_attr"][e], "y": g["y"][i],
                         "time": g["time"][i]}.items():
                h[f"sample_{i}/{k}"] = v


@pytest.mark.parametrize("kind", ["npy", "npz", "npz_deflated", "h5", "h5_groups"])
def test_every_source_gives_the_same_samples(headrace, tmp_path, kind):
    g = make_graphs()
    source = tmp_path / {"npy": "arrays", "h5": "a.h5", "h5_groups": "b.h5"}.get(kind, "a.npz")
    {"npy": write_npy, "h5": write_h5, "h5_groups": write_records, "npz": lambda p, a: np.savez(p, **a),
     "npz_deflated": lambda p, a: np.savez_compressed(p, **a)}[kind](source, g)
    headrace("pack", source, "-o", tmp_path / "d", "--chunk-size", "8KiB")
    check_samples(headrace, tmp_path / "d", g)
    assert headrace("verify", tmp_path / "d", "--json").json()["good"]


def test_statistics_are_numpys(headrace, tmp_path):
    g = make_graphs()
    write_npy(tmp_path / "arrays", g)
    texts = set()
    for jobs, chunk in ((1, "4KiB"), (2, "64KiB"), (4, "16KiB")):
        headrace("pack", tmp_path / "arrays", "-o", tmp_path / f"d{jobs}", "--jobs", str(jobs), "--chunk-size", chunk)
        texts.add((tmp_path / f"d{jobs}" / "statistics.json").read_text())
    assert len(texts) == 1, "statistics depend on threads or chunks"
    told = json.loads(texts.pop())
    levels = told["quantiles"]
    columns = {("x", k): g["x"][:, k] for k in range(3)} | {("y", k): g["y"][:, k] for k in range(2)}
    columns |= {("edge_index", 0): g["edge_index"].ravel(), ("edge_attr", 0): g["edge_attr"], ("time", 0): g["time"]}
    for (field, k), v in columns.items():
        f = told["fields"][field]["features"][k]
        v = v.astype(np.float64)
        good = v[np.isfinite(v)]
        assert (f["count"], f["nan"], f["inf"]) == (good.size, np.isnan(v).sum(), np.isinf(v).sum())
        assert (f["min"], f["max"]) == (good.min(), good.max())
        exact = good.astype(np.longdouble)  # NumPy's own float64 sums err by more than ours
        assert abs(f["mean"] - exact.mean()) <= 1e-15 * np.abs(exact).mean()
        assert abs(f["std"] - exact.std()) <= 2e-15 * exact.std()
        assert abs(f["mean"] - good.mean()) <= 1e-14 * np.abs(good).mean() and abs(f["std"] - good.std()) <= 1e-9 * good.std()
        want = np.quantile(good, levels, method="inverted_cdf")
        np.testing.assert_array_less(np.abs(np.array(f["quantiles"]) - want), 0.008 * np.abs(want) + 1e-300)
    rows = told["fields"]["x"]["rows"]
    nodes = np.diff(g["no"])
    assert (rows["min"], rows["max"], rows["count"]) == (nodes.min(), nodes.max(), SAMPLES)
    assert rows["mean"] == pytest.approx(nodes.mean(), rel=1e-15)


def test_exports_open_elsewhere_and_pack_again(headrace, tmp_path):
    h5py = pytest.importorskip("h5py")
    g = make_graphs()
    write_npy(tmp_path / "arrays", g)
    headrace("pack", tmp_path / "arrays", "-o", tmp_path / "d", "--chunk-size", "8KiB", "--narrow")
    headrace("export", tmp_path / "d", tmp_path / "out")
    for k in ("x", "edge_index", "edge_attr", "y", "time"):
        got = np.load(tmp_path / "out" / f"{k}.npy")
        assert got.dtype == g[k].dtype
        np.testing.assert_array_equal(got, g[k])
    np.testing.assert_array_equal(np.load(tmp_path / "out/x_offsets.npy"), g["no"])
    headrace("export", tmp_path / "d", tmp_path / "out.h5", "-f", "x,edge_index", "--first", "10", "-n", "50")
    with h5py.File(tmp_path / "out.h5") as h:
        a, b = g["eo"][10], g["eo"][60]
        np.testing.assert_array_equal(h["edge_index"][:], g["edge_index"][:, a:b])
        np.testing.assert_array_equal(h["x_offsets"][:], g["no"][10:61] - g["no"][10])
        assert h["x"].attrs["headrace.role"] in (b"node", "node")
    headrace("pack", tmp_path / "out", "-o", tmp_path / "again")
    check_samples(headrace, tmp_path / "again", g)
    a, b = (headrace("info", tmp_path / d, "--json").json() for d in ("d", "again"))
    assert [(f["name"], f.get("role")) for f in sorted(a["schema"]["fields"], key=str)] == \
        [(f["name"], f.get("role")) for f in sorted(b["schema"]["fields"], key=str)]
    refused = headrace("export", tmp_path / "d", tmp_path / "out", status=1)
    assert "--force" in refused.err
    headrace("export", tmp_path / "d", tmp_path / "out", "--force", "-n", "3")
    assert np.load(tmp_path / "out/y.npy").shape == (3, 2) and not (tmp_path / "out.partial").exists()


def test_files_by_folder(headrace, tmp_path):
    for label, names in (("cat", "ab"), ("dog", "c")):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for n in names:
            (tmp_path / "pets" / label / f"{n}.png").write_bytes(f"{label}{n}".encode() * 3)
    headrace("pack", tmp_path / "pets", "-o", tmp_path / "d.arrow")
    lines = [json.loads(line) for line in headrace("head", tmp_path / "d.arrow").out.splitlines()]
    assert [(s["label"], s["path"]) for s in lines] == [(0, "cat/a.png"), (0, "cat/b.png"), (1, "dog/c.png")]
    pa = pytest.importorskip("pyarrow")
    assert pa.ipc.open_file(tmp_path / "d.arrow").read_all()["data"].to_pylist()[2] == b"dogc" * 3


def make_fcd(folder):
    if shutil.which("sumo") is None or shutil.which("netgenerate") is None:
        pytest.skip("sumo is not installed")
    net, routes, fcd = folder / "n.net.xml", folder / "r.rou.xml", folder / "f.fcd.xml"
    subprocess.run(["netgenerate", "--grid", "--grid.number", "3", "-o", net], check=True, capture_output=True)
    trips = "".join(f'<trip id="t{i}" depart="{i}" from="A0A1" to="C2C1"/>' for i in range(20))
    routes.write_text(f"<routes>{trips}</routes>")
    subprocess.run(["sumo", "-n", net, "-r", routes, "--fcd-output", fcd, "--fcd-output.acceleration", "--step-length", "0.5", "-e",
                    "40", "--no-step-log"], check=True, capture_output=True)
    return fcd


def test_real_sumo_output(headrace, tmp_path):
    import xml.etree.ElementTree as ET

    fcd = make_fcd(tmp_path)
    zipped = tmp_path / "g.fcd.xml.gz"
    zipped.write_bytes(gzip.compress(fcd.read_bytes()))
    headrace("pack", fcd, "-o", tmp_path / "d")
    headrace("pack", zipped, "-o", tmp_path / "z", "--memory", "64MiB")
    headrace("pack", "-", "--format", "fcd", "-o", tmp_path / "s", stdin=fcd.read_bytes())
    columns = ["x", "y", "angle", "speed", "pos", "slope", "acceleration"]
    out = headrace("cat", tmp_path / "d").out
    assert out == headrace("cat", tmp_path / "z").out == headrace("cat", tmp_path / "s").out
    steps = ET.parse(fcd).getroot().findall("timestep")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(steps) == 80
    numbers = {}
    for step, s in zip(steps, lines):
        vehicles = step.findall("vehicle")
        assert s["time"] == float(step.get("time")) and len(s["x"]) == len(vehicles)
        want = np.array([[float(v.get(c)) for c in columns] for v in vehicles], dtype=np.float32).reshape(-1, 7)
        np.testing.assert_array_equal(np.array(s["x"], dtype=np.float32).reshape(-1, 7), want)
        assert s["lane_index"] == [int(v.get("lane").rsplit("_", 1)[1]) for v in vehicles]
        for v, number in zip(vehicles, s["vehicle"]):
            assert numbers.setdefault(v.get("id"), number) == number
    assert len(set(numbers.values())) == len(numbers) > 10


def test_damage_is_found(headrace, tmp_path):
    write_npy(tmp_path / "arrays", make_graphs())
    path = tmp_path / "d.arrow"
    headrace("pack", tmp_path / "arrays", "-o", path, "--chunk-size", "8KiB")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)
    told = headrace("verify", path, "--json", status=1).json()
    assert not told["good"] and told["findings"][0]["code"] == "CORRUPT" and told["findings"][0]["chunk"] is not None
    assert "d.arrow" in headrace("verify", path, status=1).out
    assert "d.arrow" in headrace("cat", path, status=1).err


def test_info_for_people(headrace, tmp_path):
    write_npy(tmp_path / "arrays", make_graphs())
    headrace("pack", tmp_path / "arrays", "-o", tmp_path / "d", "--chunk-size", "8KiB", "--quantize", "int8")
    out = headrace("info", tmp_path / "d").out
    for part in ("300 samples", "[*, 3]", "x[2]", "edge_index", "What quantisation changed", "Shuffle forecast", "█"):
        assert part in out, part
    told = headrace("info", tmp_path / "d", "--json", "-b", "8").json()
    assert told["samples"] == 300 and told["forecast"][-1]["window_chunks"] == told["chunks"]
    assert told["statistics"]["fields"]["edge_attr"]["quantization"]["max_error"] > 0

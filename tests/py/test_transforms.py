"""Transforms as the library computes them against the same in NumPy (tests/ref/transforms.py)."""

import os
import pathlib
import statistics
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ref"))
import transforms as ref  # noqa: E402

DUMP = pathlib.Path(os.environ.get("HEADRACE_BUILD", ROOT / "build")) / "tests/dump_transforms"
pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"{DUMP} is not built")


def t(kind, column=-1, a=0.0, b=0.0, statistics=False):
    return {"kind": kind, "column": column, "a": a, "b": b, "statistics": statistics}


def run(tmp_path, mode, spec, data=None, status=0):
    (tmp_path / "spec").write_text("\n".join(spec) + "\n")
    (tmp_path / "in").write_bytes(b"" if data is None else data.tobytes())
    p = subprocess.run([DUMP, mode, tmp_path / "spec", tmp_path / "in", tmp_path / "out"], capture_output=True, text=True)
    assert p.returncode == status, p.stderr
    return (tmp_path / "out").read_bytes() if status == 0 else p.stderr


def listed(transforms):
    return [f"t {x['kind']} {x['column']} {float(x['a']).hex()} {float(x['b']).hex()} {int(x['statistics'])}" for x in transforms]


def values(tmp_path, x, transforms, draw, stats=None, gap=0, in_place=False, status=0):
    spec = [f"dtype {x.dtype}", f"ndim 2 -1 {x.shape[1]}", f"draw {draw[0]} {draw[1]} {draw[2]}", f"lines {len(x)}", f"gap {gap}",
            f"inplace {int(in_place)}"] + listed(transforms)
    if stats is not None:
        spec += ["stat " + " ".join(float(s).hex() for s in row) for row in stats]
    out = run(tmp_path, "values", spec, x, status)
    appended = sum(x["kind"] == "sincos" for x in transforms)
    return out if status else np.frombuffer(out, x.dtype).reshape(len(x), x.shape[1] + appended)


def ulps(a, b):
    """How many representable numbers lie between; 0 for two NaN."""
    i = {np.dtype("float32"): np.int32, np.dtype("float64"): np.int64}[a.dtype]
    order = lambda v: np.where(v.view(i) < 0, np.iinfo(i).min - v.view(i), v.view(i)).astype(object)  # noqa: E731
    return np.where(np.isnan(a) & np.isnan(b), 0, np.abs(order(a) - order(b)))


def traffic(rng, n, dtype):
    """Rows like a vehicle's: position, speed, acceleration, lane, remaining, completion, flag, time, dt."""
    columns = [rng.uniform(0, 1000, n), rng.normal(15, 5, n), rng.normal(0, 3, n), rng.integers(0, 4, n), rng.uniform(0, 5000, n),
               rng.uniform(0, 1, n), rng.integers(0, 2, n), rng.uniform(0, 200000, n), np.full(n, 0.1)]
    return np.stack(columns, 1).astype(dtype)


LISTS = {
    "minmax": [t("minmax", 0, 0, 1000)],
    "zscore": [t("zscore", 1, 15, 5)],
    "clamp": [t("clamp", 2, -5, 5)],
    "statistics": [t("zscore", -1, statistics=True)],
    "minmax of statistics": [t("minmax", -1, statistics=True), t("clamp", 1, 0.25, 0.75)],
    "clamp then scale": [t("clamp", 2, -5, 5), t("minmax", 2, -5, 5), t("zscore", 1, 15, 5), t("zscore", 0, statistics=True)],
    "twice affine": [t("zscore", -1, statistics=True), t("minmax", -1, -3, 3), t("zscore", 4, 0.5, 0.1)],
    "sincos": [t("sincos", 7, 86400)],
    "two sincos between": [t("zscore", 1, 15, 5), t("sincos", 7, 86400), t("noise", 1, 0.1), t("sincos", 3, 4.0), t("clamp", -1, -2, 2)],
    "shift": [t("shift", 7, -10, 10)],
    "noise": [t("noise", 1, 0.1)],
    "noise everywhere": [t("noise", -1, 0.5)],
    "jitter": [t("jitter", 0, -5, 5)],
    "mask": [t("mask", -1, 0.05, 0.0)],
    "mask all or none": [t("mask", 2, 1.0, -7.5), t("mask", 3, 0.0, 9.0)],
    "everything": [t("shift", 7, -10, 10), t("noise", 1, 0.1), t("jitter", 0, -5, 5), t("clamp", 2, -5, 5),
                   t("zscore", 1, statistics=True), t("minmax", 0, statistics=True), t("edge_drop", -1, 0.1), t("mask", -1, 0.05),
                   t("sincos", 7, 86400), t("noise", -1, 0.01), t("zscore", -1, 0.5, 2)],
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LISTS)
def test_equals_numpy(tmp_path, name, dtype):
    rng = np.random.default_rng(7)
    for n, draw in ((40, (1, 0, 5)), (1, (0, 0, 0)), (0, (3, 3, 3)), (333, (2**64 - 1, 2**40, 2**50 + 3))):
        x = traffic(rng, n, dtype)
        whole = traffic(rng, 500, "float64")
        stats = np.stack([whole.min(0), whole.max(0), whole.mean(0), whole.std(0)], 1)
        want = ref.values(x, LISTS[name], *draw, stats=stats)
        got = values(tmp_path, x, LISTS[name], draw, stats)
        assert got.shape == want.shape
        worst = ulps(got, want).max(initial=0)
        assert worst <= (1 if dtype == "float32" else 0), f"{worst} units in the last place"


@pytest.mark.parametrize("width", [1, 2, 7, 255, 256, 257, 700])
def test_any_width(tmp_path, width):
    """Lines shorter and longer than a tile, apart from each other and in place: element numbers stay the same."""
    x = np.random.default_rng(width).normal(size=(23, width)).astype("float32")
    last = width - 1
    transforms = [t("noise", -1, 0.5), t("zscore", last, 0.1, 3), t("jitter", last, -1, 1), t("sincos", 0, 0.7), t("clamp", -1, -1, 1)]
    want = ref.values(x, transforms, 5, 6, 7)
    for gap, in_place in ((0, False), (3, False), (0, True)):
        assert ulps(values(tmp_path, x, transforms, (5, 6, 7), gap=gap, in_place=in_place), want).max() <= 1


def test_special_values(tmp_path):
    """NaN stays NaN, infinities are clamped, a constant column of the statistics becomes 0."""
    x = np.array([[np.nan, 1, 3], [np.inf, 1, -np.inf], [-np.inf, 1, 1e38], [-0.0, 1, 5e-324]], dtype="float32")
    stats = np.array([[0, 1, 0.5, 0.25], [1, 1, 1, 0], [0, 10, 5, 2]], dtype="float64")
    with np.errstate(all="ignore"):
        for transforms in ([t("clamp", -1, -2, 2)], [t("minmax", -1, statistics=True)], [t("zscore", -1, statistics=True)],
                           [t("sincos", 0, 1.0)]):
            want = ref.values(x, transforms, 0, 0, 0, stats=stats)
            got = values(tmp_path, x, transforms, (0, 0, 0), stats)
            assert ulps(got, want).max() <= 1
    assert (values(tmp_path, x, [t("zscore", 1, statistics=True)], (0, 0, 0), stats)[:, 1] == 0).all()


def test_draws_are_what_they_say(tmp_path):
    """Distributions, and independence of samples, epochs, seeds and places in the list."""
    x = np.zeros((2000, 9), dtype="float64")
    noise = values(tmp_path, x, [t("noise", -1, 2.0)], (1, 2, 3)).ravel()
    assert abs(noise.mean()) < 5 * 2 / np.sqrt(noise.size) and abs(noise.std() / 2 - 1) < 0.03
    quantile = np.quantile(noise / 2, [0.001, 0.1, 0.5, 0.9, 0.999])
    assert np.allclose(quantile, [-3.0902, -1.2816, 0, 1.2816, 3.0902], atol=0.25)
    jitter = values(tmp_path, x, [t("jitter", -1, -5, 5)], (1, 2, 3)).ravel()
    assert jitter.min() >= -5 and jitter.max() < 5 and abs(jitter.mean()) < 0.15
    masked = values(tmp_path, x + 1, [t("mask", -1, 0.05, 0)], (1, 2, 3)) == 0
    assert abs(masked.mean() - 0.05) < 0.01
    shift = values(tmp_path, x, [t("shift", -1, -10, 10)], (1, 2, 3))
    assert (shift == shift[0, 0]).all() and -10 <= shift[0, 0] < 10
    others = [values(tmp_path, x, [t("noise", -1, 2.0)], d).ravel() for d in ((1, 2, 4), (1, 3, 3), (2, 2, 3))]
    others.append(values(tmp_path, x, [t("clamp", -1, -9, 9), t("noise", -1, 2.0)], (1, 2, 3)).ravel())
    for other in others:
        assert abs(np.corrcoef(noise, other)[0, 1]) < 0.04
    assert (values(tmp_path, x, [t("noise", -1, 2.0)], (1, 2, 3)).ravel() == noise).all()


def test_reference_functions_are_right():
    """The formulas themselves, against Python's own: both sides could share an error otherwise."""
    x = np.concatenate([np.geomspace(1e-300, 1e300, 4001), np.linspace(0.5, 2, 4001)])
    true = np.log(x)
    assert (np.abs(ref.log(x) - true) <= 4e-16 * np.maximum(np.abs(true), 1e-3)).all()
    turn = np.linspace(-0.5, 0.5, 20001)
    sine, cosine = ref.sincos_of_turns(turn)
    assert np.abs(sine - np.sin(2 * np.pi * turn)).max() < 5e-16 and np.abs(cosine - np.cos(2 * np.pi * turn)).max() < 5e-16
    u = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 2001), np.geomspace(1e-16, 0.1, 500)])
    true = np.array([statistics.NormalDist().inv_cdf(p) for p in u])
    assert (np.abs(ref.normal_at(u) - true) <= 1e-14 * np.maximum(np.abs(true), 1)).all()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("transforms", [[t("edge_drop", -1, 0.1)], [t("node_drop", -1, 0.2)], [],
                                        [t("edge_drop", -1, 0.3), t("noise", 0, 1.0), t("node_drop", -1, 0.1), t("edge_drop", -1, 0.5)],
                                        [t("node_drop", -1, 1.0)], [t("edge_drop", -1, 1.0)], [t("node_drop", -1, 0.0)]])  # fmt: skip
def test_drop_equals_numpy(tmp_path, dtype, transforms):
    rng = np.random.default_rng(3)
    for nodes, edges in ((60, 280), (1, 1), (5, 0), (0, 0), (100, 3000)):
        index = rng.integers(0, max(nodes, 1), (2, edges)).astype(dtype)
        draw = (9, 1, nodes)
        for stride in (1, 2):
            spec = ["dtype float32", "ndim 2 -1 1", f"draw {draw[0]} {draw[1]} {draw[2]}", f"nodes {nodes}", f"edges {edges} {dtype} {stride}"]
            out = run(tmp_path, "drop", spec + listed(transforms), np.ascontiguousarray(index.T) if stride == 2 else index)
            n, e = np.frombuffer(out[:16], "uint64").astype(int)
            numbers = np.frombuffer(out[16:16 + 4 * (n + e)], "uint32")
            want = ref.drop(nodes, index, transforms, *draw)
            assert (numbers[:n] == want[0]).all() and (numbers[n:] == want[1]).all() and (n, e) == (want[0].size, want[1].size)
            assert (np.frombuffer(out[16 + 4 * (n + e):], "int64").reshape(2, -1) - 1000 == want[2]).all()


def test_edge_to_nowhere_is_named(tmp_path):
    for bad, dtype in ((7, "uint8"), (-1, "int64"), (2**64 - 1, "uint64")):
        index = np.array([[0, 1, bad], [1, 2, 0]], dtype=object).astype(dtype)
        spec = ["dtype float32", "ndim 2 -1 1", "draw 0 0 12", "nodes 7", f"edges 3 {dtype} 1"] + listed([t("node_drop", -1, 0.5)])
        told = run(tmp_path, "drop", spec, index, status=1)
        assert "edge 2 of sample 12" in told and "7 nodes" in told


@pytest.mark.parametrize("bad, words", [
    (t("minmax", 9, 0, 1), "column 9; the field has 0 to 8"), (t("minmax", 0, 1, 1), "divide by zero"), (t("zscore", 0, 1, 0), "divide by zero"),
    (t("clamp", 0, 2, 1), "above"), (t("noise", 0, -1), "negative"), (t("mask", 0, 1.5), "probability"), (t("edge_drop", 0, -0.1), "probability"),
    (t("sincos", -1, 1), "one column"), (t("sincos", 0, 0), "period"), (t("noise", 0, float("nan")), "numbers"),
    (t("noise", 0, 1, statistics=True), "nothing from statistics"), (t("zscore", 0, statistics=True), "has none"),
    (t("jitter", 0, 5, -5), "above"), (t("minmax", -2, 0, 1), "column -2"), (t("minmax", 0, 0, 1e-320), "out of range"),
])  # fmt: skip
def test_refused_by_name(tmp_path, bad, words):
    x = np.zeros((1, 9), dtype="float32")
    told = values(tmp_path, x, [t("clamp", 0, 0, 1), bad], (0, 0, 0), status=1)
    assert f"transform 2 ({bad['kind']} of 'x')" in told and words in told

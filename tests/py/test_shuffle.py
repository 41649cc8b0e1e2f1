"""The order: the same numbers as the reference in Python, and a shuffle that is none of the usual near-shuffles."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ref"))
import order as ref  # noqa: E402

DUMP = pathlib.Path(os.environ.get("HEADRACE_BUILD", ROOT / "build")) / "tests/dump_transforms"
pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"{DUMP} is not built")
BATCH, NEAR = 16, 100


def order(tmp_path, samples, chunk, kind, window, seed, epoch):
    spec = tmp_path / "spec"
    spec.write_text(f"dtype float32\nndim 2 -1 1\nsamples {samples} {chunk} {kind} {window}\ndraw {seed} {epoch} 0\n")
    subprocess.run([DUMP, "order", spec, "-", tmp_path / "out"], check=True)
    return np.fromfile(tmp_path / "out", "uint64").astype(np.int64)


@pytest.mark.parametrize("samples, chunk, kind, window", [
    (1000, 7, ref.WINDOWED, 5), (1000, 7, ref.FULL, 0), (257, 1, ref.WINDOWED, 300), (65537, 32, ref.FULL, 0), (65537, 32, ref.WINDOWED, 64),
    (20000, 3, ref.WINDOWED, 1000), (5, 2, ref.WINDOWED, 1), (1, 1, ref.FULL, 0), (99, 10, ref.SEQUENTIAL, 3), (200000, 33, ref.WINDOWED, 9),
])  # fmt: skip
def test_equals_reference(tmp_path, samples, chunk, kind, window):
    for seed, epoch in ((0, 0), (2**63 + 5, 17)):
        got = order(tmp_path, samples, chunk, kind, window, seed, epoch)
        assert (got == ref.epoch_order(samples, chunk, kind, window, seed, epoch)).all()


FULL_1000 = [512, 922, 165, 611, 919, 277, 849, 823]
WINDOWED_1000 = [752, 255, 750, 29, 585, 258, 759, 259]


def test_never_changes(tmp_path):
    """These numbers are a format: a saved state must find the same batches in every version."""
    assert list(order(tmp_path, 1000, 10, ref.FULL, 0, 1, 2)[:8]) == FULL_1000
    assert list(order(tmp_path, 1000, 10, ref.WINDOWED, 4, 1, 2)[:8]) == WINDOWED_1000


def figures(v):
    """Groups per batch, neighbours against chance, variance of the batch mean against independent draws."""
    n = v.size
    b = v[:n // BATCH * BATCH].reshape(-1, BATCH)
    s = np.sort(b, axis=1)
    groups = (np.diff(s // NEAR, axis=1) != 0).sum(1).mean() + 1
    pairs = sum((s[:, k:] - s[:, :-k] <= NEAR).sum() for k in range(1, BATCH))
    chance = 2 * (NEAR * n - NEAR * (NEAR + 1) / 2) / (n * (n - 1))
    variance = b.mean(1).var() * BATCH / ((n * n - 1) / 12)
    return np.array([groups, pairs / (len(b) * BATCH * (BATCH - 1) / 2) / chance, variance])


@pytest.mark.parametrize("samples, epochs", [(50_000, 24), (65_536, 24), (200_000, 12), (1_000_000, 6)])
def test_full_shuffle_is_a_true_permutation(tmp_path, samples, epochs):
    rng = np.random.default_rng(1)
    mine, fair = [], []
    for e in range(epochs):
        v = order(tmp_path, samples, 100, ref.FULL, 0, 5, e)
        assert (np.bincount(v, minlength=samples) == 1).all()
        mine.append(figures(v))
        fair.append(figures(rng.permutation(samples)))
        assert abs(np.corrcoef(v[:-1], v[1:])[0, 1]) < 5 / np.sqrt(samples)
    mine, fair = np.mean(mine, 0), np.mean(fair, 0)
    assert 0.95 < mine[2] < 1.10
    assert abs(mine[0] / fair[0] - 1) < 0.005
    assert abs(mine[1] / fair[1] - 1) < 0.05


def test_windows_of_chunks(tmp_path):
    """200,000 samples in chunks of 100: what a small window costs, measured on the order itself."""
    want = {1: (1.12, 947, 15.2), 2: (2.08, 487, 8.3), 8: (7.08, 124, 2.85), 32: (12.75, 31.7, 1.46), 128: (15.08, 8.4, 1.11)}
    for window, expected in want.items():
        got = np.mean([figures(order(tmp_path, 200_000, 100, ref.WINDOWED, window, 1, e)) for e in range(4)], 0)
        assert np.allclose(got[:2], expected[:2], rtol=0.03)
        assert abs(got[2] / expected[2] - 1) < 0.12

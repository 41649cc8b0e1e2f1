"""Small graphs for tests, and a plain NumPy join of them to compare with."""
import numpy as np


def synth(n, seed=7):
    r = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        nodes, edges = int(r.integers(2, 9)), int(r.integers(1, 15))
        out.append(
            {
                "x": r.standard_normal((nodes, 9), dtype=np.float32),
                "edge_index": r.integers(0, nodes, (2, edges), dtype=np.int64),
                "edge_attr": r.standard_normal((edges, 4), dtype=np.float32),
                "y": r.standard_normal(8, dtype=np.float32),
            }
        )
    return out


def join(samples):
    """What a batch of these samples must be."""
    nodes = np.array([len(s["x"]) for s in samples])
    ptr = np.concatenate([[0], np.cumsum(nodes)])
    return {
        "x": np.concatenate([s["x"] for s in samples]),
        "edge_index": np.concatenate([s["edge_index"] + o for s, o in zip(samples, ptr)], axis=1),
        "edge_attr": np.concatenate([s["edge_attr"] for s in samples]),
        "y": np.stack([s["y"] for s in samples]),
        "batch": np.repeat(np.arange(len(samples)), nodes),
        "ptr": ptr,
    }


def same(batch, want):
    """Every tensor of the batch equals the wanted one, bit for bit."""
    assert set(batch) == set(want)
    for k, w in want.items():
        got = np.asarray(batch[k])
        assert got.dtype == w.dtype and got.shape == w.shape, (k, got.dtype, got.shape, w.dtype, w.shape)
        assert np.array_equal(got, w), k
    return True


def digest(batch):
    """Bytes that tell two batches apart."""
    return b"|".join(np.ascontiguousarray(np.asarray(batch[k])).tobytes() for k in sorted(batch))

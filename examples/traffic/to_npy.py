#!/usr/bin/env python3
"""Recorded samples as flat .npy files: what people convert JSON chunks to for np.load(mmap_mode="r").

    to_npy.py RECORDING OUT

Writes OUT/x.npy [sum N, 9], edge_index.npy [2, sum E] (numbered within each graph), edge_attr.npy [sum E, 4],
globals.npy [S, 16], y.npy [S, 8], and the offsets no.npy [S + 1] (nodes) and eo.npy [S + 1] (edges).
"""
import json
import sys
from pathlib import Path

import numpy as np

TYPES = {"x": np.float32, "edge_index": np.int64, "edge_attr": np.float32, "globals": np.float32, "y": np.float32}
WIDTH = {"x": 9, "edge_attr": 4}


def arrays(sample):
    """One sample's lists as arrays; empty ones get their shape, too."""
    a = {k: np.asarray(sample[k], t) for k, t in TYPES.items()}
    for k, width in WIDTH.items():
        a[k] = a[k].reshape(-1, width)
    a["edge_index"] = a["edge_index"].reshape(2, -1)
    return a


def chunk_files(recording):
    files = sorted((Path(recording) / "chunks").glob("chunk_*.json"))
    if not files:
        raise SystemExit(f"no chunks/chunk_*.json in {recording}")
    return files


def read_chunk(path):
    with open(path, "rb") as f:
        return [arrays(s) for s in json.load(f)]


def convert(recording, out):
    """Returns the number of samples.  Holds one chunk's lists and all arrays at a time."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    samples = [s for f in chunk_files(recording) for s in read_chunk(f)]
    for k in TYPES:
        rows = [s[k] for s in samples]
        whole = np.concatenate(rows, 1) if k == "edge_index" else np.stack(rows) if k in ("globals", "y") else np.concatenate(rows)
        np.save(out / f"{k}.npy", whole)
    for name, k, axis in (("no", "x", 0), ("eo", "edge_index", 1)):
        np.save(out / f"{name}.npy", np.cumsum([0] + [s[k].shape[axis] for s in samples], dtype=np.int64))
    return len(samples)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    print(f"{convert(sys.argv[1], sys.argv[2])} samples in {sys.argv[2]}")

"""The work that every contestant of bench/feed does, and how it is checked.

A sample is a traffic graph: x float32 [N, 9] with N = 20..60, edge_index int64 [2, E] with E = 120..280,
edge_attr float32 [E, 4], y float32 [8]; about 7.9 KB.  A batch is 16 of them joined: x, edge_attr and y concatenated,
edge_index concatenated with the node offset added, `batch` (node -> graph number) and `ptr` (first node of each graph).
An epoch is every sample once, in shuffled order.  Every contestant's batches must give the same checksum.
"""
import json
import os

import numpy as np

CHUNK, BATCH = 100, 16
FN, FE, FY = 9, 4, 8
KEYS = ("x", "edge_index", "edge_attr", "y")


def synth(samples, seed=7):
    """Yields the samples, one dict of arrays each."""
    r = np.random.default_rng(seed)
    for _ in range(samples):
        n, e = int(r.integers(20, 61)), int(r.integers(120, 281))
        yield {
            "x": r.standard_normal((n, FN), dtype=np.float32),
            "edge_index": r.integers(0, n, (2, e), dtype=np.int64),
            "edge_attr": r.standard_normal((e, FE), dtype=np.float32),
            "y": r.standard_normal(FY, dtype=np.float32),
        }


def write_npy(d, samples, seed=7):
    """Flat arrays and offsets, the layout of the fastest hand-written Dataset: x, edge_attr, y, edge_index .npy, no.npy, eo.npy.
    Written piece by piece, so that 200,000 samples need no memory."""
    os.makedirs(f"{d}/npy", exist_ok=True)
    sizes = np.array([(len(s["x"]), len(s["edge_attr"])) for s in synth(samples, seed)], dtype=np.int64)
    no = np.concatenate([[0], np.cumsum(sizes[:, 0])])
    eo = np.concatenate([[0], np.cumsum(sizes[:, 1])])
    np.save(f"{d}/npy/no.npy", no)
    np.save(f"{d}/npy/eo.npy", eo)
    flat = {"x": ((no[-1], FN), np.float32), "edge_index": ((2, eo[-1]), np.int64),
            "edge_attr": ((eo[-1], FE), np.float32), "y": ((samples, FY), np.float32)}
    out = {k: np.lib.format.open_memmap(f"{d}/npy/{k}.npy", "w+", dtype=t, shape=tuple(int(v) for v in s)) for k, (s, t) in flat.items()}
    for i, s in enumerate(synth(samples, seed)):
        out["x"][no[i]:no[i + 1]] = s["x"]
        out["edge_index"][:, eo[i]:eo[i + 1]] = s["edge_index"]
        out["edge_attr"][eo[i]:eo[i + 1]] = s["edge_attr"]
        out["y"][i] = s["y"]
    for a in out.values():
        a.flush()


def write_json(d, samples, seed=7):
    """JSON chunk files of 100 samples each, as json.dump writes them."""
    os.makedirs(f"{d}/json", exist_ok=True)
    rest = []
    for i, s in enumerate(synth(samples, seed)):
        rest.append({k: s[k].tolist() for k in KEYS})
        if len(rest) == CHUNK or i + 1 == samples:
            with open(f"{d}/json/chunk_{i // CHUNK:05d}.json", "w") as f:
                json.dump(rest, f)
            rest = []


class Samples:
    """The flat arrays, one sample per item (what peers' writers read)."""

    def __init__(self, d):
        self.a = {k: np.load(f"{d}/npy/{k}.npy", mmap_mode="r") for k in KEYS}
        self.no, self.eo = np.load(f"{d}/npy/no.npy"), np.load(f"{d}/npy/eo.npy")

    def __len__(self):
        return len(self.no) - 1

    def __getitem__(self, i):
        a, b, e, f = self.no[i], self.no[i + 1], self.eo[i], self.eo[i + 1]
        return {"x": np.array(self.a["x"][a:b]), "edge_index": np.array(self.a["edge_index"][:, e:f]),
                "edge_attr": np.array(self.a["edge_attr"][e:f]), "y": np.array(self.a["y"][i])}


def collate(samples):
    """Joins a list of dicts of tensors in torch, the way that PyG's Batch does."""
    import torch
    n = [s["x"].shape[0] for s in samples]
    off = [0]
    for v in n:
        off.append(off[-1] + v)
    return {
        "x": torch.cat([s["x"] for s in samples]),
        "edge_index": torch.cat([s["edge_index"] + o for s, o in zip(samples, off)], 1),
        "edge_attr": torch.cat([s["edge_attr"] for s in samples]),
        "y": torch.stack([s["y"] for s in samples]),
        "batch": torch.repeat_interleave(torch.arange(len(n)), torch.tensor(n)),
        "ptr": torch.tensor(off),
    }


def checksum(b):
    """The same for every order of samples, if the join is right: the node offset is undone in the last term."""
    import torch
    x, ei, ea, y, bt, ptr = (torch.as_tensor(b[k] if isinstance(b, dict) else getattr(b, k)) for k in KEYS[:1] + ("edge_index", "edge_attr", "y", "batch", "ptr"))
    return float(x.double().sum() + 3 * ea.double().sum() + 7 * y.double().sum() + 1e-3 * (ei - ptr[bt[ei]]).double().sum())


def samples_of(b):
    """How many samples a batch holds."""
    if isinstance(b, dict):
        return b["batch_size"] if "batch_size" in b else len(b["ptr"]) - 1
    return b.num_graphs if hasattr(b, "num_graphs") else len(b.y)

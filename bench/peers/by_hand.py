"""The ways to feed such data that people write by hand on torch's DataLoader, each at its best settings.

A contestant is a function (folder, workers, seed) -> a function (epoch) -> an iterable of batches."""
import json
import math

import numpy as np

from work import BATCH, CHUNK, FN, KEYS, collate


def _loader(dataset, workers, seed, **how):
    import torch
    from torch.utils.data import DataLoader
    g = torch.Generator()
    g.manual_seed(seed)
    how = {"collate_fn": collate, "batch_size": BATCH, **how}
    if "sampler" not in how and how["batch_size"] is not None:
        how.update(shuffle=True, generator=g)
    loader = DataLoader(dataset, num_workers=workers, persistent_workers=workers > 0, **how)
    return lambda epoch: loader


class _Json:
    """Chunk files parsed on demand, the last three kept: the planning document's ChunkedDataset."""

    def __init__(self, d, keep=3):
        self.d, self.keep, self.cache = d, keep, {}
        self.n = json.load(open(f"{d}/meta.json"))["samples"]

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        import torch
        c = i // CHUNK
        v = self.cache.pop(c, None)
        if v is None:
            with open(f"{self.d}/json/chunk_{c:05d}.json") as f:
                v = json.load(f)
            while len(self.cache) >= self.keep:
                self.cache.pop(next(iter(self.cache)))
        self.cache[c] = v
        return {k: torch.tensor(v[i % CHUNK][k]) for k in KEYS}


class _Windows:
    """Chunk order shuffled, samples shuffled inside windows of two chunks: what makes the LRU above bearable."""

    def __init__(self, n, seed):
        self.n, self.seed, self.epoch = n, seed, 0

    def __len__(self):
        return self.n

    def __iter__(self):
        r = np.random.default_rng((self.seed, self.epoch))
        self.epoch += 1
        chunks = r.permutation(math.ceil(self.n / CHUNK))
        for i in range(0, len(chunks), 2):
            ids = np.concatenate([np.arange(c * CHUNK, min(self.n, (c + 1) * CHUNK)) for c in chunks[i:i + 2]])
            yield from r.permutation(ids).tolist()


class _Npy:
    """Flat .npy files through mmap, one sample per item."""

    def __init__(self, d):
        self.a = {k: np.asarray(np.load(f"{d}/npy/{k}.npy", mmap_mode="r")) for k in KEYS}
        self.no, self.eo = np.load(f"{d}/npy/no.npy"), np.load(f"{d}/npy/eo.npy")

    def __len__(self):
        return len(self.no) - 1

    def __getitem__(self, i):
        import torch
        fn = torch.from_numpy
        a, b, e, f = self.no[i], self.no[i + 1], self.eo[i], self.eo[i + 1]
        return {"x": fn(np.array(self.a["x"][a:b])), "edge_index": fn(np.array(self.a["edge_index"][:, e:f])),
                "edge_attr": fn(np.array(self.a["edge_attr"][e:f])), "y": fn(np.array(self.a["y"][i]))}


class _NpyBatch(_Npy):
    """The same, the whole joined batch built in one call: the fastest way found in plain NumPy."""

    def __getitem__(self, ids):
        import torch
        no, eo, A = self.no, self.eo, self.a
        ids = np.asarray(ids)
        n0, e0 = no[ids], eo[ids]
        n, e = no[ids + 1] - n0, eo[ids + 1] - e0
        po, pe = np.zeros(len(ids) + 1, np.int64), np.zeros(len(ids) + 1, np.int64)
        np.cumsum(n, out=po[1:])
        np.cumsum(e, out=pe[1:])
        x = np.empty((po[-1], FN), np.float32)
        ei = np.empty((2, pe[-1]), np.int64)
        ea = np.empty((pe[-1], A["edge_attr"].shape[1]), np.float32)
        for a, la, p, b, lb, q in zip(n0.tolist(), n.tolist(), po.tolist(), e0.tolist(), e.tolist(), pe.tolist()):
            x[p:p + la] = A["x"][a:a + la]
            ei[:, q:q + lb] = A["edge_index"][:, b:b + lb]
            ei[:, q:q + lb] += p
            ea[q:q + lb] = A["edge_attr"][b:b + lb]
        fn = torch.from_numpy
        return {"x": fn(x), "edge_index": fn(ei), "edge_attr": fn(ea), "y": fn(A["y"][ids]),
                "batch": fn(np.repeat(np.arange(len(ids)), n)), "ptr": fn(po)}


class _H5:
    """HDF5, gzip-9, a 64 MB chunk cache per array (the default of 1 MB is 90 times slower)."""

    def __init__(self, d):
        self.d, self.h = d, None
        self.n = json.load(open(f"{d}/meta.json"))["samples"]

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        import torch
        if self.h is None:  # h5py handles do not survive fork
            import h5py
            self.h = h5py.File(f"{self.d}/data.h5", "r", rdcc_nbytes=64 << 20, rdcc_nslots=100003)
            self.a = {k: self.h[k] for k in KEYS}
            self.no, self.eo = self.h["no"][:], self.h["eo"][:]
        a, b, e, f = self.no[i], self.no[i + 1], self.eo[i], self.eo[i + 1]
        fn = torch.from_numpy
        return {"x": fn(self.a["x"][a:b]), "edge_index": fn(np.ascontiguousarray(self.a["edge_index"][:, e:f])),
                "edge_attr": fn(self.a["edge_attr"][e:f]), "y": fn(self.a["y"][i])}


def write_h5(d, S):
    import h5py
    n = len(S)
    rows, edges = max(1, int(S.no[-1] * CHUNK // n)), max(1, int(S.eo[-1] * CHUNK // n))
    with h5py.File(f"{d}/data.h5", "w") as h:
        how = dict(compression="gzip", compression_opts=9)
        for k, chunk in (("x", (rows, FN)), ("edge_index", (2, edges)), ("edge_attr", (edges, 4)), ("y", (CHUNK, 8))):
            h.create_dataset(k, data=S.a[k], chunks=chunk, **how)
        h.create_dataset("no", data=S.no)
        h.create_dataset("eo", data=S.eo)


def json_window(d, workers, seed):
    ds = _Json(d)
    return _loader(ds, workers, seed, sampler=_Windows(len(ds), seed))


def npy(d, workers, seed):
    return _loader(_Npy(d), workers, seed)


def npy_batch(d, workers, seed):
    import torch
    from torch.utils.data import BatchSampler, RandomSampler
    ds = _NpyBatch(d)
    g = torch.Generator()
    g.manual_seed(seed)
    sampler = BatchSampler(RandomSampler(range(len(ds)), generator=g), BATCH, False)
    return _loader(ds, workers, seed, batch_size=None, sampler=sampler, collate_fn=None)


def h5(d, workers, seed):
    return _loader(_H5(d), workers, seed)


WRITERS = {"h5": write_h5}
CONTESTANTS = {"json_window": json_window, "npy": npy, "npy_batch": npy_batch, "h5": h5}

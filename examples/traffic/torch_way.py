"""The usual PyTorch ways to feed the same samples, each written as well as people write it.

JsonChunks      Dataset over the JSON chunk files with an LRU cache of a few chunks, and WindowSampler, which shuffles only
                inside as many chunks as the cache holds (a full shuffle would parse a chunk for every sample)
NpyGraphs       Dataset over flat .npy files, one sample at a time, joined by collate
NpyBatches      the same files, a whole batch built at once: the fastest a DataLoader can be
Prepare         normalisation and augmentation in NumPy, from the same list of transforms that headrace.Loader takes
"""
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from to_npy import TYPES, chunk_files, read_chunk

CHUNK = 100


class JsonChunks(Dataset):
    def __init__(self, recording, cache_chunks=2):
        self.files = chunk_files(recording)
        self.cache, self.cache_chunks = OrderedDict(), cache_chunks
        last = len(read_chunk(self.files[-1]))
        self.samples = (len(self.files) - 1) * CHUNK + last

    def __len__(self):
        return self.samples

    def __getitem__(self, i):
        c = i // CHUNK
        if c in self.cache:
            self.cache.move_to_end(c)
        else:
            while len(self.cache) >= self.cache_chunks:
                self.cache.popitem(last=False)
            self.cache[c] = read_chunk(self.files[c])
        return self.cache[c][i % CHUNK]


class WindowSampler(Sampler):
    """Chunks in random order; samples shuffled inside windows of `window` chunks."""

    def __init__(self, samples, window=2, seed=0):
        self.samples, self.window, self.seed, self.epoch = samples, window, seed, 0

    def __len__(self):
        return self.samples

    def __iter__(self):
        draw = np.random.default_rng((self.seed, self.epoch))
        self.epoch += 1
        chunks = draw.permutation(-(-self.samples // CHUNK))
        for k in range(0, len(chunks), self.window):
            among = [np.arange(c * CHUNK, min((c + 1) * CHUNK, self.samples)) for c in chunks[k:k + self.window]]
            yield from draw.permutation(np.concatenate(among)).tolist()


class NpyGraphs(Dataset):
    def __init__(self, folder):
        # Without the memmap class around it, slicing is several times faster; the pages are mapped all the same.
        self.a = {k: np.asarray(np.load(f"{folder}/{k}.npy", mmap_mode="r")) for k in TYPES}
        self.no, self.eo = np.load(f"{folder}/no.npy"), np.load(f"{folder}/eo.npy")

    def __len__(self):
        return len(self.no) - 1

    def __getitem__(self, i):
        n, m, e, f = self.no[i], self.no[i + 1], self.eo[i], self.eo[i + 1]
        a = self.a
        return {"x": a["x"][n:m], "edge_index": a["edge_index"][:, e:f], "edge_attr": a["edge_attr"][e:f],
                "globals": a["globals"][i], "y": a["y"][i]}


class NpyBatches(NpyGraphs):
    """Indexed by a list of samples; gives the joined batch.  For DataLoader(batch_size=None, sampler=BatchSampler(...))."""

    def __init__(self, folder, prepare=None):
        super().__init__(folder)
        self.prepare = prepare

    def __getitem__(self, ids):
        ids = np.asarray(ids)
        n0, e0 = self.no[ids], self.eo[ids]
        n, e = self.no[ids + 1] - n0, self.eo[ids + 1] - e0
        ptr, eptr = np.concatenate([[0], np.cumsum(n)]), np.concatenate([[0], np.cumsum(e)])
        x = np.empty((ptr[-1], 9), np.float32)
        index = np.empty((2, eptr[-1]), np.int64)
        attr = np.empty((eptr[-1], 4), np.float32)
        a = self.a
        for k in range(len(ids)):
            p, q, i, j = ptr[k], eptr[k], n0[k], e0[k]
            x[p:p + n[k]] = a["x"][i:i + n[k]]
            np.add(a["edge_index"][:, j:j + e[k]], p, out=index[:, q:q + e[k]])
            attr[q:q + e[k]] = a["edge_attr"][j:j + e[k]]
        batch = {"x": x, "edge_index": index, "edge_attr": attr, "globals": a["globals"][ids], "y": a["y"][ids],
                 "batch": np.repeat(np.arange(len(ids)), n), "ptr": ptr}
        return tensors(self.prepare(batch) if self.prepare else batch)


def tensors(batch):
    return SimpleNamespace(**{k: torch.from_numpy(v) for k, v in batch.items()})


class Collate:
    """A list of samples -> one joined batch, as PyG does it: rows concatenated, edge_index shifted, `batch` and `ptr`."""

    def __init__(self, prepare=None):
        self.prepare = prepare

    def __call__(self, samples):
        n = [len(s["x"]) for s in samples]
        ptr = np.cumsum([0] + n)
        batch = {"x": np.concatenate([s["x"] for s in samples]),
                 "edge_index": np.concatenate([s["edge_index"] + p for s, p in zip(samples, ptr)], 1),
                 "edge_attr": np.concatenate([s["edge_attr"] for s in samples]),
                 "globals": np.stack([s["globals"] for s in samples]), "y": np.stack([s["y"] for s in samples]),
                 "batch": np.repeat(np.arange(len(n)), n), "ptr": ptr}
        return tensors(self.prepare(batch) if self.prepare else batch)


class Prepare:
    """The transforms of headrace.Loader, on a joined batch, in NumPy.  Draws its random numbers from NumPy's generator."""

    def __init__(self, transforms, seed=0):
        self.transforms, self.draw = transforms, np.random.default_rng(seed)

    def __call__(self, batch):
        for t in self.transforms:
            if t["kind"] == "edge_drop":
                keep = self.draw.random(batch["edge_index"].shape[1]) >= t["a"]
                batch["edge_index"], batch["edge_attr"] = batch["edge_index"][:, keep], batch["edge_attr"][keep]
            else:
                self.values(batch, t)
        return batch

    def values(self, batch, t):
        field, column = t["field"], t.get("column", -1)
        a, b = (np.float32(t.get(k, 0.0)) for k in "ab")   # arrays where every column has its own
        whole = batch[field]
        v = whole if column < 0 else whole[:, column]
        kind, f = t["kind"], np.float32
        if kind == "minmax":
            v -= a
            v /= b - a
        elif kind == "zscore":
            v -= a
            v /= b
        elif kind == "clamp":
            np.clip(v, a, b, out=v)
        elif kind == "sincos":
            angle = v * f(2 * np.pi / a)
            batch[field] = np.concatenate([whole, np.cos(angle)[:, None]], 1)
            batch[field][:, column] = np.sin(angle)
        elif kind == "shift":
            v += self.draw.uniform(a, b, len(batch["ptr"]) - 1).astype(f)[batch["batch"]]
        elif kind == "noise":
            v += a * self.draw.standard_normal(v.shape, f)
        elif kind == "jitter":
            v += self.draw.uniform(a, b, v.shape).astype(f)
        elif kind == "mask":
            v[self.draw.random(v.shape) < a] = b
        else:
            raise ValueError(f"unknown transform {kind!r}")


def json_loader(recording, batch_size=16, cache_chunks=2, workers=0, seed=0, prepare=None):
    data = JsonChunks(recording, cache_chunks)
    more = {"prefetch_factor": 2, "persistent_workers": True} if workers else {}
    return DataLoader(data, batch_size=batch_size, sampler=WindowSampler(len(data), cache_chunks, seed), drop_last=True,
                      num_workers=workers, collate_fn=Collate(prepare), **more)


def npy_loader(folder, batch_size=16, seed=0, prepare=None, workers=0):
    g = torch.Generator().manual_seed(seed)
    more = {"prefetch_factor": 2, "persistent_workers": True} if workers else {}
    return DataLoader(NpyGraphs(folder), batch_size=batch_size, shuffle=True, generator=g, drop_last=True,
                      num_workers=workers, collate_fn=Collate(prepare), **more)


def npy_batch_loader(folder, batch_size=16, seed=0, prepare=None, workers=0):
    data = NpyBatches(folder, prepare)
    g = torch.Generator().manual_seed(seed)
    order = torch.utils.data.BatchSampler(torch.utils.data.RandomSampler(data, generator=g), batch_size, drop_last=True)
    more = {"prefetch_factor": 2, "persistent_workers": True} if workers else {}
    return DataLoader(data, batch_size=None, sampler=order, num_workers=workers, **more)

"""The loaders that people install, each with its own store where it has one, at the settings its documents advise, and made to
deliver the same joined batch.  A peer that cannot be imported is left out with the reason.

A writer is a function (folder, work.Samples); a contestant a function (folder, workers, seed) -> (epoch) -> batches."""
import importlib
import itertools
import os
import shutil

import numpy as np

from work import BATCH, FE, FN, FY, KEYS, Samples, collate


def _fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    return path


def _tensors(s):
    import torch
    return {k: torch.from_numpy(np.array(s[k])) for k in KEYS}


# --- PyG: everything in one collated object in RAM
def write_pyg(d, S):
    import torch
    from torch_geometric.data import Data, InMemoryDataset
    os.makedirs(f"{d}/pyg", exist_ok=True)
    torch.save(InMemoryDataset.collate([Data(**_tensors(S[i])) for i in range(len(S))]), f"{d}/pyg/all.pt")


def pyg(d, workers, seed):
    import torch
    from torch_geometric.data import InMemoryDataset
    from torch_geometric.loader import DataLoader

    class Traffic(InMemoryDataset):
        def __init__(self):
            super().__init__(None)
            self.data, self.slices = torch.load(f"{d}/pyg/all.pt", weights_only=False)
    loader = DataLoader(Traffic(), batch_size=BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    return lambda epoch: loader


# --- MosaicML Streaming
def _stand_in(package, *names):
    """A package of empty classes where the real one cannot be imported.  names: "module:class"."""
    import importlib.machinery
    import sys
    import types
    try:
        importlib.import_module(package)
        return
    except (ImportError, RuntimeError):
        for name in [m for m in sys.modules if m.split(".")[0] == package]:
            del sys.modules[name]
    for name in names:
        module, thing = name.split(":")
        path = ""
        for part in module.split("."):
            above, path = path, f"{path}.{part}".strip(".")
            if path not in sys.modules:
                m = sys.modules[path] = types.ModuleType(path)
                m.__path__, m.__spec__ = [], importlib.machinery.ModuleSpec(path, None)
                if above:
                    setattr(sys.modules[above], part, m)
        setattr(sys.modules[module], thing, type(thing, (), {}))


def _import_streaming():
    """Streaming imports torchvision for its datasets of images (there is none that fits CPU-only torch) and transformers for
    those of text (which wants an older hub than HF's datasets)."""
    _stand_in("torchvision", "torchvision.datasets:VisionDataset", "torchvision.transforms.functional:to_tensor")
    _stand_in("transformers", "transformers.feature_extraction_utils:BatchFeature",
              "transformers.tokenization_utils_base:BatchEncoding", "transformers.models.auto.tokenization_auto:AutoTokenizer")
    import streaming
    return streaming


def write_mds(d, S):
    MDSWriter = _import_streaming().MDSWriter
    columns = {"x": "ndarray:float32", "edge_index": "ndarray:int64", "edge_attr": "ndarray:float32", "y": "ndarray:float32"}
    with MDSWriter(out=_fresh(f"{d}/mds"), columns=columns, size_limit=1 << 22, hashes=["xxh64"]) as w:
        for i in range(len(S)):
            w.write(S[i])


def mds(d, workers, seed):
    streaming = _import_streaming()
    from torch.utils.data import DataLoader
    streaming.base.util.clean_stale_shared_memory()
    ds = streaming.StreamingDataset(local=f"{d}/mds", remote=None, shuffle=True, batch_size=BATCH, shuffle_seed=seed)
    loader = DataLoader(ds, batch_size=BATCH, collate_fn=lambda ss: collate([_tensors(s) for s in ss]),
                        num_workers=workers, persistent_workers=workers > 0)
    return lambda epoch: loader


# --- LitData
def write_litdata(d, S):
    from litdata.streaming.writer import BinaryWriter
    os.makedirs(_fresh(f"{d}/litdata"))
    w = BinaryWriter(f"{d}/litdata", chunk_bytes="4MB")
    for i in range(len(S)):
        w[i] = _tensors(S[i])
    w.done()
    w.merge()


def litdata(d, workers, seed):
    import litdata as ld
    ds = ld.StreamingDataset(f"{d}/litdata", shuffle=True, seed=seed)
    loader = ld.StreamingDataLoader(ds, batch_size=BATCH, collate_fn=collate, num_workers=workers, persistent_workers=workers > 0)
    return lambda epoch: loader


# --- WebDataset
def write_wds(d, S):
    import webdataset
    os.makedirs(_fresh(f"{d}/wds"))
    with webdataset.ShardWriter(f"{d}/wds/s-%05d.tar", maxcount=500, verbose=0) as w:
        for i in range(len(S)):
            s = S[i]
            w.write({"__key__": "%08d" % i, "x.npy": s["x"], "ei.npy": s["edge_index"], "ea.npy": s["edge_attr"], "y.npy": s["y"]})


def wds(d, workers, seed):
    import torch
    import webdataset

    def decode(s):
        return {k: torch.from_numpy(s[e]) for k, e in zip(KEYS, ("x.npy", "ei.npy", "ea.npy", "y.npy"))}
    urls = [f"{d}/wds/{f}" for f in sorted(os.listdir(f"{d}/wds"))]
    ds = (webdataset.WebDataset(urls, shardshuffle=100, seed=seed).shuffle(1000).decode().map(decode)
          .batched(BATCH, collation_fn=collate, partial=True))
    loader = webdataset.WebLoader(ds, batch_size=None, num_workers=workers, persistent_workers=workers > 0)
    return lambda epoch: loader


# --- HF datasets
def write_hf(d, S):
    import datasets
    features = datasets.Features({
        "x": datasets.Sequence(datasets.Sequence(datasets.Value("float32"), length=FN)),
        "edge_index": datasets.Sequence(datasets.Sequence(datasets.Value("int64"))),
        "edge_attr": datasets.Sequence(datasets.Sequence(datasets.Value("float32"), length=FE)),
        "y": datasets.Sequence(datasets.Value("float32"), length=FY)})
    rows = [S[i] for i in range(len(S))]
    table = {k: [r[k].tolist() for r in rows] for k in KEYS}
    datasets.Dataset.from_dict(table, features=features).save_to_disk(_fresh(f"{d}/hf"))


def hf(d, workers, seed):
    """Whole batches as Arrow tables, joined from the flat buffers: about 20 times faster than its torch format."""
    import datasets
    import torch
    from torch.utils.data import BatchSampler, DataLoader, RandomSampler
    ds = datasets.load_from_disk(f"{d}/hf").with_format("arrow")

    def flat(column):
        """The innermost values as one NumPy array, and the number of rows of each sample."""
        a = column.combine_chunks()
        rows, v = np.diff(a.offsets.to_numpy()) if hasattr(a, "offsets") else None, a
        while hasattr(v, "flatten") and hasattr(v.type, "value_type"):
            v = v.flatten()
        return v.to_numpy(), rows

    def join(t):
        x, n = flat(t["x"])
        ea, e = flat(t["edge_attr"])
        ei, _ = flat(t["edge_index"])
        y, _ = flat(t["y"])
        ptr = np.concatenate([[0], np.cumsum(n)])
        at = np.concatenate([[0], np.cumsum(e)])
        index = np.empty((2, at[-1]), np.int64)
        for i in range(len(e)):
            index[:, at[i]:at[i + 1]] = ei[2 * at[i]:2 * at[i + 1]].reshape(2, -1) + ptr[i]
        fn = torch.from_numpy
        return {"x": fn(x.reshape(-1, FN).copy()), "edge_index": fn(index), "edge_attr": fn(ea.reshape(-1, FE).copy()),
                "y": fn(y.reshape(-1, FY).copy()), "batch": fn(np.repeat(np.arange(len(n)), n)), "ptr": fn(ptr)}
    g = torch.Generator()
    g.manual_seed(seed)
    sampler = BatchSampler(RandomSampler(range(len(ds)), generator=g), BATCH, False)
    loader = DataLoader(ds, batch_size=None, sampler=sampler, collate_fn=join, num_workers=workers, persistent_workers=workers > 0)
    return lambda epoch: loader


# --- Grain over the flat arrays
class _Source:
    def __init__(self, d):
        self.s = Samples(d)

    def __len__(self):
        return len(self.s)

    def __getitem__(self, i):
        return _tensors(self.s[i])


def grain(d, workers, seed):
    import grain as g
    source = _Source(d)
    ds = g.MapDataset.source(source).seed(seed).shuffle().repeat().batch(BATCH, batch_fn=collate)
    stream = iter(ds.to_iter_dataset(g.ReadOptions(num_threads=workers, prefetch_buffer_size=16 if workers else 0)))
    return lambda epoch: itertools.islice(stream, len(source) // BATCH)


# --- SPDL: its thread pipeline around the best hand-written batch builder
def spdl(d, workers, seed):
    import torch
    from spdl.pipeline import PipelineBuilder
    from torch.utils.data import BatchSampler, RandomSampler
    from peers.by_hand import _NpyBatch
    ds = _NpyBatch(d)
    g = torch.Generator()
    g.manual_seed(seed)
    sampler = BatchSampler(RandomSampler(range(len(ds)), generator=g), BATCH, False)
    threads = max(1, workers)

    def epoch_of(epoch):
        p = (PipelineBuilder().add_source(iter(sampler)).pipe(ds.__getitem__, concurrency=threads, output_order="input")
             .add_sink(8).build(num_threads=threads))
        with p.auto_stop():
            yield from p
    return epoch_of


# --- FFCV has no ragged field: samples go in as one byte string each
def write_ffcv(d, S):
    from ffcv.fields import BytesField
    from ffcv.writer import DatasetWriter

    class Rows:
        def __len__(self):
            return len(S)

        def __getitem__(self, i):
            s = S[i]
            head = np.array([len(s["x"]), len(s["edge_attr"])], dtype=np.int64)
            return (np.frombuffer(head.tobytes() + b"".join(s[k].tobytes() for k in KEYS), dtype=np.uint8),)
    DatasetWriter(f"{d}/data.beton", {"b": BytesField()}, num_workers=1).from_indexed_dataset(Rows())


def _ffcv_loader(d, workers):
    from ffcv.fields.decoders import BytesDecoder
    from ffcv.loader import Loader, OrderOption
    return Loader(f"{d}/data.beton", batch_size=BATCH, num_workers=max(1, workers), order=OrderOption.RANDOM,
                  os_cache=True, drop_last=False, pipelines={"b": [BytesDecoder()]})


def _unpack(row):
    import torch
    n, e = (int(v) for v in row[:16].view(np.int64))
    out, p = {}, 16
    for k, t, shape in (("x", np.float32, (n, FN)), ("edge_index", np.int64, (2, e)), ("edge_attr", np.float32, (e, FE)), ("y", np.float32, (FY,))):
        size = int(np.prod(shape)) * np.dtype(t).itemsize
        out[k] = torch.from_numpy(np.array(row[p:p + size].view(t).reshape(shape)))
        p += size
    return out


def ffcv(d, workers, seed):
    loader = _ffcv_loader(d, workers)

    def epoch_of(epoch):
        for (b,) in loader:
            yield collate([_unpack(np.ascontiguousarray(row)) for row in np.asarray(b)])
    return epoch_of


def ffcv_bytes(d, workers, seed):
    """FFCV alone: padded byte strings, nothing unpacked, nothing joined.  Less work than everybody else's."""
    loader = _ffcv_loader(d, workers)

    def epoch_of(epoch):
        for (b,) in loader:
            yield {"batch_size": len(b)}
    return epoch_of


WRITERS = {"pyg": write_pyg, "mds": write_mds, "litdata": write_litdata, "wds": write_wds, "hf": write_hf, "ffcv": write_ffcv}
CONTESTANTS = {"pyg": pyg, "mds": mds, "litdata": litdata, "wds": wds, "hf": hf, "grain": grain, "spdl": spdl, "ffcv": ffcv,
               "ffcv_bytes": ffcv_bytes}

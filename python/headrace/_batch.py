"""The methods of headrace.Batch that are not on the fast path."""

from collections import deque

from ._core import Batch

# (event, batch): sources of copies to a GPU that are still under way.  Their memory must not be filled again yet.  At most
# IN_FLIGHT: a loop that outruns its copies would hold every slot of the loader.
_under_way: deque = deque()
IN_FLIGHT = 2


def _keep_until_copied(torch, batch, device):
    while _under_way and _under_way[0][0].query():
        _under_way.popleft()
    while len(_under_way) >= IN_FLIGHT:
        _under_way.popleft()[0].synchronize()
    event = torch.cuda.Event()
    event.record(torch.cuda.current_stream(device))
    _under_way.append((event, batch))


def _like(batch, tensors, sample):
    info = batch.info
    return Batch._make(tensors, info["epoch"], info["step"], info["position"], info["num_graphs"], sample)


def _sample(batch):
    return Batch.sample.__get__(batch)  # the fact, even where a field has its name


def _torch(batch, method):
    import torch

    for t in batch.values():
        if isinstance(t, torch.Tensor):
            return torch
        raise TypeError(f"Batch.{method} moves torch tensors; this batch is of framework {batch.framework!r}")
    return torch


def to(batch, *args, non_blocking=False, **kwargs):
    torch = _torch(batch, "to")
    moved = {k: t.to(*args, non_blocking=non_blocking, **kwargs) for k, t in batch.items()}
    on_gpu = [t.device for t in moved.values() if t.is_cuda]
    if non_blocking and on_gpu:
        _keep_until_copied(torch, batch, on_gpu[0])
    if all(moved[k] is t for k, t in batch.items()):
        return batch
    return _like(batch, moved, _sample(batch).clone())


def pin_memory(batch, device=None):
    _torch(batch, "pin_memory")
    if all(t.is_pinned() for t in batch.values()):
        return batch
    return _like(batch, {k: t.pin_memory() for k, t in batch.items()}, _sample(batch).clone())


def _copy_of(t):
    if hasattr(t, "clone"):
        return t.clone()
    if hasattr(t, "copy"):
        return t.copy()
    raise TypeError("headrace.Tensor is a view of the loader's memory: copy it with memoryview(t).tobytes() or numpy")


def clone(batch):
    return _like(batch, {k: _copy_of(t) for k, t in batch.items()}, _copy_of(_sample(batch)))


def numpy(batch):
    import numpy

    return {k: t.numpy() if hasattr(t, "numpy") else numpy.asarray(t) for k, t in batch.items()}


def _ragged_ends(batch, n):
    """Where each graph's edges begin and end."""
    import torch

    index = batch["edge_index"]
    sources = index[0] if index.shape[0] == 2 else index[:, 0]
    ends = torch.zeros(n + 1, dtype=torch.int64)
    torch.cumsum(torch.bincount(batch["batch"][sources], minlength=n), 0, out=ends[1:])
    return ends


def pyg(batch):
    from torch_geometric.data import Batch as PygBatch  # type: ignore[import-untyped]
    from torch_geometric.data import Data
    import torch

    info = batch.info
    n = info["num_graphs"]
    if "ptr" not in batch:
        raise TypeError('this is not a batch of graphs: it has no "ptr" (Loader(join="graph") makes them)')
    out = PygBatch(_base_cls=Data, **batch)
    out._num_graphs = n
    # What Batch.to_data_list and batch[i] cut by.
    nodes, ptr = batch["ptr"][-1].item(), batch["ptr"].cpu()
    edges = _ragged_ends(batch, n).cpu() if "edge_index" in batch else None
    each = torch.arange(n + 1)
    slices, steps = {}, {}
    for key, t in batch.items():
        if key in ("batch", "ptr"):
            continue
        rows = t.shape[1] if key == "edge_index" else t.shape[0]
        if key == "edge_index" or (edges is not None and rows == edges[-1] and rows not in (nodes, n)):
            slices[key] = edges
        else:
            slices[key] = ptr if rows == nodes else each
        steps[key] = ptr[:-1] if key == "edge_index" else torch.zeros(n, dtype=torch.int64)
    out._slice_dict, out._inc_dict = slices, steps
    return out


def _rebuild(tensors, epoch, step, position, num_graphs, sample):
    return Batch._make(tensors, epoch, step, position, num_graphs, sample)


def __reduce_ex__(batch, protocol):
    info = batch.info
    return _rebuild, (dict(batch), info["epoch"], info["step"], info["position"], info["num_graphs"], _sample(batch))


def __copy__(batch):
    return _like(batch, dict(batch), _sample(batch))


def text(batch):
    def one(t):
        shape = list(getattr(t, "shape", ()))
        return f"{str(getattr(t, 'dtype', type(t).__name__)).replace('torch.', '')} {shape}"

    info = batch.info
    parts = [f"{k}: {one(t)}" for k, t in batch.items()]
    return f"<headrace.Batch epoch {info['epoch']} step {info['step']}, {info['num_graphs']} samples | " + ", ".join(parts) + ">"

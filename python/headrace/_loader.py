"""headrace.Loader."""

import os

from . import _core, _plain


class Field:
    """One field of every sample: name, dtype ("float32"), shape (-1 where it differs from sample to sample), role ("node",
    "edge", "edge_index", "graph", "label" or "none"), stored (the dtype in the file)."""

    __slots__ = ("name", "dtype", "shape", "role", "stored")

    def __init__(self, name, dtype="float32", shape=(), role="none", stored=None):
        self.name = name
        self.dtype = dtype
        self.shape = tuple(shape)
        self.role = role
        self.stored = stored or dtype

    def __repr__(self):
        return f"Field({self.name!r}, {self.dtype!r}, {self.shape!r}, role={self.role!r})"

    def __eq__(self, other):
        return isinstance(other, Field) and all(getattr(self, a) == getattr(other, a) for a in Field.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def _dict(self):
        return {"name": self.name, "dtype": self.dtype, "shape": self.shape, "role": self.role}


def _place(device):
    """What moves a batch to the device, or None for main memory."""
    if device is None or str(device) == "cpu":
        return None
    return lambda batch: batch.to(device, non_blocking=True)


def _resolve(source, cache, cache_dir, pack):
    """A packed dataset on this machine's own disks needs nothing of the cache, and does not load its module."""
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        if _plain.is_packed(path) and (cache is False or not _plain.is_far(path)):
            return path, None
    from . import _cache

    return _cache.resolve(source, cache, cache_dir, pack)


class Loader(_core.Loader):
    """Batches of a dataset: `for batch in loader` is one epoch.

    Loader(source, batch_size=16, *, framework="auto", device=None, transforms=(), cache=None, cache_dir=None, pack=None,
           **options)

    source       a packed dataset (folder or .arrow file), or raw sources: a glob, a file, a folder, or a list of them.  Raw
                 sources are packed into a cache folder by the first use and read from there by every later one
    batch_size   samples per rank and step, or "auto" (16, 8 or 4 by the memory that is free)
    framework    whose tensors a batch holds: "torch", "numpy", "jax", "dlpack" (headrace.Tensor), or "auto": what you have
                 imported.  Never a copy
    device       where torch tensors are moved to, e.g. "cuda"; with pin=True the copies overlap with the computation
    transforms   headrace.minmax("x", 0), headrace.edge_dropout(0.1), ...: applied while the batch is put together
    cache        how much the cache folder of packed datasets may hold, "2GiB"; 10 GiB when not given
    cache_dir    where it is; ~/.cache/headrace (or $XDG_CACHE_HOME) when not given
    pack         options of headrace.pack for raw sources, a dict

    and all options of the library, each None for its own default:

    shuffle (True), seed (0), shuffle_quality (1.10), window_chunks (chosen) · tail ("keep", "drop", "pad") or drop_last ·
    join ("auto", "graph", "stack", "pad"), edge_rows (False), fields (all) · max_nodes, max_edges (none) ·
    rank, world (from torchrun, Slurm or Open MPI, else 0 of 1), weights (equal) · budget, warn, act (bytes or "600MB";
    budget: a quarter of what is free) · cache_ttl (seconds; never) · threads, builders (chosen), prefetch (2), slots (chosen) ·
    pin or pin_memory (False), guard (False), verify (1)

    The order is a pure function of (dataset, seed, epoch): the same batches for every number of ranks and threads, and after
    every resume.  A loop that is left early is not continued: the next loop is the next epoch.  load_state_dict continues
    exactly.  One loop at a time; calls from several threads wait for each other.  A Loader does not survive fork() and is
    not pickled: open one in each process.

    Raises NotFoundError, CorruptError, InvalidError, MemoryBudgetError (the budget is too small, or every batch slot is
    held by the caller: clone what you keep), and other subclasses of headrace.Error.
    """

    def __init__(
        self,
        source,
        batch_size=None,
        *,
        framework="auto",
        device=None,
        transforms=None,
        cache=None,
        cache_dir=None,
        pack=None,
        **options,
    ):
        plain = _plain.options({"batch_size": batch_size, **options})
        if transforms is not None:
            plain["transforms"] = list(transforms)
        if device is not None and framework == "auto":
            framework = "torch"
        path, self._lease = _resolve(source, cache, cache_dir, pack)
        self.path = os.fspath(path)
        super().__init__(path, plain, framework, _place(device))

    def __repr__(self):
        if self.closed:
            return f"<headrace.Loader of {self.path!r}, closed>"
        return f"<headrace.Loader of {self.path!r}: {self.samples} samples, {self.steps_per_epoch} steps per epoch>"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Stops the helpers and gives the memory back.  Batches still held stay valid."""
        super().close()
        if self._lease is not None:
            self._lease.close()

    def __reduce_ex__(self, protocol):
        raise TypeError(
            "a headrace.Loader cannot be pickled or sent to another process, for its memory belongs to this one: pass the"
            " path and the options and open a Loader there, or use headrace.torch.IterableDataset, which does that in each"
            " worker"
        )

    @property
    def fields(self):
        """The fields of the dataset, a list of Field."""
        return [Field(**f) for f in self._fields()]

    @property
    def statistics(self):
        """What the dataset's packer measured, per field and column: count, min, max, mean, std, quantiles; or None."""
        text = self._statistics()
        if text is None:
            return None
        from json import loads

        return loads(text)

    def order(self, epoch=0, step=None, rank=-1, world=0):
        """The dataset's numbers of the samples in one step, or of the whole epoch when step is None: an array.array of
        int64 (numpy.asarray reads it without a copy).  rank -1 and world 0 are the loader's own; (0, 1) is the global order.
        """
        from array import array

        numbers = array("q")
        if step is not None:
            numbers.frombytes(self._order_at(epoch, step, rank, world))
            return numbers
        for step in range(1 << 62):
            try:
                numbers.frombytes(self._order_at(epoch, step, rank, world))
            except _core.InvalidError:
                if step == 0:
                    raise
                return numbers

    def report(self, json=False):
        """Where the time and the memory went: text for people, or a dict with json=True."""
        text = self._report(json)
        if not json:
            return text
        from json import loads

        return loads(text)

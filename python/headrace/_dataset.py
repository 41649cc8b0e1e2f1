"""headrace.open: a packed dataset, sample by sample."""

from . import _core
from ._loader import Field


class Dataset:
    """A packed dataset as a sequence: len(ds), ds[i] -> dict of numpy arrays (copies), ds.schema, ds.statistics.

    For looking and for tests; training takes batches from Loader, which is some hundred times faster.
    Raises NotFoundError, FormatError, CorruptError.
    """

    def __init__(self, path):
        import numpy  # noqa: F401  (asked for: samples are numpy arrays)

        self.path = path
        options = {"batch_size": 1, "shuffle": False, "join": "stack", "rank": 0, "world": 1, "threads": 0}
        self._loader = _core.Loader(path, options, "numpy")
        self.schema = [Field(**f) for f in self._loader._fields()]

    def __len__(self):
        return self._loader.samples

    def __repr__(self):
        return f"<headrace.Dataset {self.path!r}: {len(self)} samples of " + ", ".join(f.name for f in self.schema) + ">"

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        n = len(self)
        k = i.__index__()
        if not -n <= k < n:
            raise IndexError(f"sample {k} of {n}")
        batch = self._loader.batch_at(0, k % n)
        return {f.name: _one(f, batch[f.name]) for f in self.schema}

    def __iter__(self):
        for i in range(len(self)):
            yield self[i]

    @property
    def statistics(self):
        """Per field and column: count, min, max, mean, std, quantiles.  None when the dataset carries none."""
        text = self._loader._statistics()
        if text is None:
            return None
        import json

        return json.loads(text)

    def close(self):
        self._loader.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def _one(field, array):
    if field.dtype in ("string", "bytes"):
        data = array.tobytes()
        return data.decode("utf-8", "replace") if field.dtype == "string" else data
    if -1 in field.shape:
        return array.copy()
    return array[0].copy()


def open(path):
    """Opens a packed dataset: see Dataset."""
    return Dataset(path)

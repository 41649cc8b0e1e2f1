"""headrace: batches from a packed dataset, at memory speed, in a fixed amount of memory.

    import headrace

    headrace.pack("raw/*.json", "traffic")            # once
    loader = headrace.Loader("traffic", batch_size=16)
    for batch in loader:                              # one epoch
        loss = model(batch.x, batch.edge_index, batch.edge_attr, batch.batch)

or, with the packing done in the first use: headrace.Loader("raw/*.json", cache="2GiB").

Neither numpy nor torch is imported unless you have done so or ask for it.  Everything else of the package is loaded by its
first use: pack, open, Dataset, Stream, presets, torch.
"""

from . import _core
from ._core import (  # noqa: F401  (the package's own names)
    BadSampleError,
    Batch,
    BugError,
    CancelledError,
    CorruptError,
    Error,
    ExistsError,
    FormatError,
    InvalidError,
    IOFailedError,
    LimitError,
    MemoryBudgetError,
    NotFoundError,
    OutOfMemoryError,
    StateError,
    Tensor,
    UnsupportedError,
)
from ._loader import Field, Loader

__version__ = _core.version
build_info = _core.build_info

# name -> (module, attribute; None = the module itself)
_LATER = {
    "pack": ("._packing", "pack"),
    "open": ("._dataset", "open"),
    "Dataset": ("._dataset", "Dataset"),
    "Stream": ("._stream", "Stream"),
    "presets": (".presets", None),
    "torch": (".torch", None),
    "Transform": ("._transforms", "Transform"),
    "clamp": ("._transforms", "clamp"),
    "edge_dropout": ("._transforms", "edge_dropout"),
    "feature_noise": ("._transforms", "feature_noise"),
    "minmax": ("._transforms", "minmax"),
    "node_dropout": ("._transforms", "node_dropout"),
    "node_mask": ("._transforms", "node_mask"),
    "position_jitter": ("._transforms", "position_jitter"),
    "sincos": ("._transforms", "sincos"),
    "speed_noise": ("._transforms", "speed_noise"),
    "time_shift": ("._transforms", "time_shift"),
    "zscore": ("._transforms", "zscore"),
}


def __getattr__(name):
    try:
        module, attribute = _LATER[name]
    except KeyError:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}") from None
    import importlib

    found = importlib.import_module(module, __name__)
    if attribute is not None:
        found = getattr(found, attribute)
    globals()[name] = found
    return found


def __dir__():
    return sorted(set(globals()) | set(_LATER))


__all__ = [
    "BadSampleError",
    "Batch",
    "BugError",
    "CancelledError",
    "CorruptError",
    "Dataset",
    "Error",
    "ExistsError",
    "Field",
    "FormatError",
    "InvalidError",
    "IOFailedError",
    "LimitError",
    "Loader",
    "MemoryBudgetError",
    "NotFoundError",
    "OutOfMemoryError",
    "StateError",
    "Stream",
    "Tensor",
    "Transform",
    "UnsupportedError",
    "clamp",
    "edge_dropout",
    "feature_noise",
    "minmax",
    "node_dropout",
    "node_mask",
    "open",
    "pack",
    "position_jitter",
    "presets",
    "sincos",
    "speed_noise",
    "time_shift",
    "zscore",
]

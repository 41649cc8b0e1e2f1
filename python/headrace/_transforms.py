"""What is done to values while they are copied into a batch.

Each function gives one entry of Loader(transforms=[...]); they are applied in the order of the list.  `field` names a float
field, `column` an index in its last dimension, or -1 for all.  Random ones draw numbers that depend on (seed, epoch, sample,
place in the list) alone: the same whatever the threads and ranks.  The augmentations' defaults suit traffic graphs whose
node features are [lane position, speed, acceleration, lane, remaining distance, completion, is-ICV, time, dt].
"""


class Transform(tuple):
    """(kind, field, column, a, b, from_statistics): made by the functions of this module."""

    __slots__ = ()

    def __repr__(self):
        kind, field, column, a, b, statistics = self
        where = "" if field is None else f" {field}" + ("" if column < 0 else f"[{column}]")
        return f"<{kind}{where}: " + ("from statistics>" if statistics else f"a={a:g}, b={b:g}>")


def _make(kind, field, column, a, b, statistics=False):
    return Transform((kind, field, int(column), float(a), float(b), bool(statistics)))


def _measured(kind, field, column, a, b, names):
    if (a is None) != (b is None):
        raise ValueError(f"{kind}: give both {names}, or neither to take them from the dataset's statistics")
    if a is None:
        return _make(kind, field, column, 0.0, 0.0, True)
    return _make(kind, field, column, a, b)


def minmax(field, column=-1, min=None, max=None):
    """v = (v - min) / (max - min); min and max from the dataset's statistics when not given."""
    return _measured("minmax", field, column, min, max, "min and max")


def zscore(field, column=-1, mean=None, std=None):
    """v = (v - mean) / std; both from the dataset's statistics when not given."""
    return _measured("zscore", field, column, mean, std, "mean and std")


def clamp(field, column=-1, min=None, max=None):
    """v = min(max(v, min), max); both from the dataset's statistics when not given."""
    return _measured("clamp", field, column, min, max, "min and max")


def sincos(field, column, period=86400.0):
    """The column becomes sin(2 pi v / period); cos(2 pi v / period) is one more column at the end of the field."""
    return _make("sincos", field, column, period, 0.0)


def time_shift(range=(-10.0, 10.0), field="x", column=7):
    """v += u with one u per sample, uniform in [range[0], range[1])."""
    return _make("shift", field, column, *range)


def speed_noise(std=0.1, field="x", column=1):
    """v += std * n, n normal, one per value."""
    return _make("noise", field, column, std, 0.0)


def feature_noise(field, column=-1, std=0.01):
    """v += std * n, n normal, one per value."""
    return _make("noise", field, column, std, 0.0)


def position_jitter(range=(-5.0, 5.0), field="x", column=0):
    """v += u, u uniform in [range[0], range[1]), one per value."""
    return _make("jitter", field, column, *range)


def node_mask(rate=0.05, field="x", column=-1, value=0.0):
    """Each value becomes `value` with probability `rate`."""
    return _make("mask", field, column, rate, value)


def edge_dropout(rate=0.1):
    """Each edge is left out with probability `rate`, with its row in every edge field."""
    return _make("edge_drop", None, -1, rate, 0.0)


def node_dropout(rate=0.05):
    """Each node is left out with probability `rate`, with its edges."""
    return _make("node_drop", None, -1, rate, 0.0)

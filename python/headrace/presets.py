"""Option sets from JSON files, such as those of examples/traffic/.

A preset is an object whose keys are options of headrace.Loader; keys that begin with "_" are for readers ("_why",
"_unmapped").  transforms is a list of objects of one of two forms: {"kind": "speed_noise", "std": 0.1}, a function of
headrace with its arguments; or {"kind": "noise", "field": "x", "column": 1, "a": 0.1}, the library's own kind, with
"statistics": true for a and b from the dataset's statistics (include/headrace/feed.h has the table).
"""

from . import _transforms

_KINDS = (
    "minmax",
    "zscore",
    "clamp",
    "sincos",
    "time_shift",
    "speed_noise",
    "feature_noise",
    "position_jitter",
    "node_mask",
    "edge_dropout",
    "node_dropout",
)


# The library's own kinds, which are spelled with a and b.
_OWN = ("minmax", "zscore", "clamp", "sincos", "shift", "noise", "jitter", "mask", "edge_drop", "node_drop")


def _own(kind, field=None, column=-1, a=0.0, b=0.0, statistics=False):
    return _transforms._make(kind, field, column, a, b, statistics)


def transform(entry):
    """One transform of its JSON form."""
    if isinstance(entry, str):
        entry = {"kind": entry}
    entry = {k: v for k, v in entry.items() if not k.startswith("_")}
    kind = entry.pop("kind", None)
    own = kind in _OWN and (kind not in _KINDS or entry.keys() & {"a", "b", "statistics"})
    if not own and kind not in _KINDS:
        raise ValueError(f"there is no transform {kind!r}; known: {', '.join(_KINDS)}")
    try:
        return _own(kind, **entry) if own else getattr(_transforms, kind)(**entry)
    except TypeError as e:
        raise ValueError(f"transform {kind!r}: {e}") from None


def load(path):
    """The options of a preset file, ready for headrace.Loader(source, **presets.load(path)).

    Raises ValueError naming the file when it is no object or names an unknown transform.
    """
    import json

    with open(path, encoding="utf-8") as f:
        try:
            preset = json.load(f)
        except ValueError as e:
            raise ValueError(f"{path}: {e}") from None
    if not isinstance(preset, dict):
        raise ValueError(f"{path}: a preset is a JSON object")
    options = {k: v for k, v in preset.items() if not k.startswith("_")}
    if "transforms" in options:
        try:
            options["transforms"] = [transform(t) for t in options["transforms"]]
        except ValueError as e:
            raise ValueError(f"{path}: {e}") from None
    return options

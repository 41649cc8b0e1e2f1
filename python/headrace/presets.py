"""Option sets from JSON files, such as those of examples/traffic/.

A preset is an object whose keys are options of headrace.Loader; keys that begin with "_" are for readers ("_why",
"_unmapped").  transforms is a list of objects: {"kind": "minmax", "field": "x", "column": 0}, with the arguments of the
function of that name in headrace.
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


def transform(entry):
    """One transform of its JSON form."""
    if isinstance(entry, str):
        entry = {"kind": entry}
    entry = {k: v for k, v in entry.items() if not k.startswith("_")}
    kind = entry.pop("kind", None)
    if kind not in _KINDS:
        raise ValueError(f"there is no transform {kind!r}; known: {', '.join(_KINDS)}")
    try:
        return getattr(_transforms, kind)(**entry)
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

"""The three phase presets as keyword arguments of headrace.Loader, and their transforms for NumPy.

    loader = headrace.Loader("traffic", **presets.load("phase1"))

A preset is a JSON object: keys are the loader's keywords; keys with '_' in front are notes for people (which option of the
original plan became what, and which has no meaning here and why).
"""
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Without these kinds a list of transforms only normalises: nothing in it is random.
RANDOM = {"shift", "noise", "jitter", "mask", "edge_drop", "node_drop"}


def read(name):
    return json.loads((HERE / f"{name}.json").read_text())


def for_numpy(transforms, statistics):
    """The same with every number filled in from statistics.json as check.py writes it: lists where it is for all columns."""
    rows = []
    for t in transforms:
        if t.get("statistics"):
            names = {"minmax": ("min", "max"), "clamp": ("min", "max"), "zscore": ("mean", "std")}[t["kind"]]
            columns, c = statistics[t["field"]], t["column"]
            a, b = ([row[n] for row in columns] if c < 0 else columns[c][n] for n in names)
            t = {"kind": t["kind"], "field": t["field"], "column": c, "a": a, "b": b}
        rows.append(t)
    return rows


def load(name, augment=True, **changes):
    """Keywords for headrace.Loader; `changes` replaces some of them.  augment=False leaves the random transforms out."""
    import headrace
    keywords = headrace.presets.load(HERE / f"{name}.json")
    if not augment:
        keywords["transforms"] = [t for t in keywords["transforms"] if t[0] not in RANDOM]   # t[0]: its kind
    return {**keywords, **changes}


def for_torch(name, recording, augment=True, seed=0):
    """Keywords for torch_way's loaders: the same batch size and the same transforms, done in NumPy."""
    from torch_way import Prepare
    p = read(name)
    statistics = json.loads((Path(recording) / "statistics.json").read_text())
    rows = for_numpy([t for t in p["transforms"] if augment or t["kind"] not in RANDOM], statistics)
    return {"batch_size": p["batch_size"], "seed": seed, "prepare": Prepare(rows, seed)}

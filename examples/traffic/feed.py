#!/usr/bin/env python3
"""How fast one way of feeding delivers, without any training: feed.py WAY DATA [--plain] [--seconds 5]

WAY: json, json4 (4 worker processes), npy, npy_batch: DATA is a recording (for npy: with its arrays in DATA/npy);
headrace: DATA is a packed dataset.  Batches of 16 joined graphs as torch tensors; normalised and augmented as in phase 1,
unless --plain.  Prints one JSON object.
"""
import argparse
import json
import time
import warnings
from pathlib import Path

import torch

import presets
from memory import Peak


LONGEST = 40   # seconds; an epoch that takes longer is cut there


def way_of(a):
    """A function that opens the loader; imports and settings are done before, so that opening can be timed alone."""
    if a.way == "headrace":
        import headrace
        keywords = presets.load("phase1")
        if a.plain:
            keywords["transforms"] = []
        return lambda: headrace.Loader(a.data, **keywords)
    import torch_way
    keywords = presets.for_torch("phase1", a.data)
    if a.plain:
        keywords["prepare"] = None
    if a.way.startswith("json"):
        return lambda: torch_way.json_loader(a.data, workers=4 if a.way == "json4" else 0, **keywords)
    make = torch_way.npy_loader if a.way == "npy" else torch_way.npy_batch_loader
    return lambda: make(a.data / "npy", **keywords)


def one_epoch(loader, limit):
    """(samples per second, edges) of an epoch, or of its first `limit` seconds."""
    samples, edges, begin = 0, 0, time.perf_counter()
    for batch in loader:
        samples += len(batch.y)
        edges += batch.edge_index.shape[1]
        if time.perf_counter() - begin > limit:
            break
    return samples / (time.perf_counter() - begin), edges


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("way", choices=["json", "json4", "npy", "npy_batch", "headrace"])
    p.add_argument("data", type=Path)
    p.add_argument("--plain", action="store_true")
    p.add_argument("--seconds", type=float, default=5, help="whole epochs until so much time has passed")
    a = p.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="This DataLoader will create")   # 4 workers is what the plan asks for
    make = way_of(a)
    with Peak(0.02) as peak:
        begin = time.perf_counter()
        loader = make()
        next(iter(loader))
        first = time.perf_counter() - begin
        rates, edges, begin = [], 0, time.perf_counter()
        while time.perf_counter() - begin < a.seconds:
            rate, e = one_epoch(loader, LONGEST)
            rates.append(rate)
            edges += e
    print(json.dumps({"way": a.way, "plain": a.plain, "samples_per_s": max(rates), "epochs": len(rates), "first_batch_s": first,
                      "peak_bytes": peak.bytes, "edges": edges}))


if __name__ == "__main__":
    main()

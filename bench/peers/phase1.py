"""Contestants that normalise and augment: the transforms of examples/traffic/phase1.json, by headrace and by NumPy on the ways
that examples/traffic/torch_way.py feeds the same recording.  Fields: those of the others, and the 16 metrics of a sample."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORDING = f"{ROOT}/build/traffic/recording"


def _traffic():
    if f"{ROOT}/examples/traffic" not in sys.path:
        sys.path.insert(0, f"{ROOT}/examples/traffic")
    import presets
    import torch_way
    return presets, torch_way


def headrace_phase1(d, workers, seed):
    import headrace
    presets, _ = _traffic()
    loader = headrace.Loader(f"{d}/dataset", framework="torch", **presets.load("phase1", seed=seed, pin=False))
    return lambda epoch: loader


def json_phase1(d, workers, seed):
    presets, ways = _traffic()
    loader = ways.json_loader(RECORDING, workers=workers, **presets.for_torch("phase1", RECORDING, seed=seed))
    return lambda epoch: loader


def npy_phase1(d, workers, seed):
    presets, ways = _traffic()
    loader = ways.npy_loader(f"{d}/all", workers=workers, **presets.for_torch("phase1", RECORDING, seed=seed))
    return lambda epoch: loader


def npy_batch_phase1(d, workers, seed):
    presets, ways = _traffic()
    loader = ways.npy_batch_loader(f"{d}/all", workers=workers, **presets.for_torch("phase1", RECORDING, seed=seed))
    return lambda epoch: loader


CONTESTANTS = {f.__name__: f for f in (headrace_phase1, json_phase1, npy_phase1, npy_batch_phase1)}

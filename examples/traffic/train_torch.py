#!/usr/bin/env python3
"""Train on a recording the usual PyTorch way: JSON chunks, an LRU cache of two of them, and a DataLoader."""
import presets
from fit import fit, options
from torch_way import json_loader

if __name__ == "__main__":
    a = options(__doc__)
    loader = json_loader(a.data, **presets.for_torch("phase1", a.data, augment=False, seed=a.seed))
    fit(loader, a)

#!/usr/bin/env python3
"""Train on a packed dataset: what train_torch.py does, fed by headrace.  Two lines of code differ."""
import presets
from fit import fit, options
from headrace import Loader

if __name__ == "__main__":
    a = options(__doc__)
    loader = Loader(a.data, **presets.load("phase1", augment=False, seed=a.seed))
    fit(loader, a)

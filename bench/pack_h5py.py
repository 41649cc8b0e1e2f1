"""The usual way to pack JSON chunk files: json.load, NumPy, h5py; no compression.  pack_h5py.py OUT CHUNK..."""
import json
import sys

import h5py
import numpy as np

KINDS = {"x": np.float32, "edge_index": np.int64, "edge_attr": np.float32, "y": np.float32}
parts, no, eo = {k: [] for k in KINDS}, [0], [0]
for name in sys.argv[2:]:
    with open(name) as f:
        for s in json.load(f):
            for k, t in KINDS.items():
                parts[k].append(np.array(s[k], dtype=t))
            no.append(no[-1] + len(parts["x"][-1]))
            eo.append(eo[-1] + len(parts["edge_attr"][-1]))
with h5py.File(sys.argv[1], "w") as h:
    for k, v in parts.items():
        h.create_dataset(k, data=np.concatenate(v, axis=1) if k == "edge_index" else np.stack(v) if k == "y" else np.concatenate(v))
    h.create_dataset("no", data=np.array(no))
    h.create_dataset("eo", data=np.array(eo))
    h.flush()

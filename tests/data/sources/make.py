#!/usr/bin/env python3
"""Writes the small inputs of tests/unit/test_sources.c with the libraries that users write theirs with.
Their bytes are checked in; run this only to change them."""
import gzip
import os

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


# Four graphs: 2, 0, 3, 1 nodes; 1, 0, 2, 1 edges.
no = np.array([0, 2, 2, 5, 6])
eo = np.array([0, 1, 1, 3, 4])
x = np.arange(12, dtype=np.float32).reshape(6, 2) / 4
edge_index = np.array([[0, 1, 2, 0], [1, 0, 0, 0]])
edge_attr = np.arange(4, dtype=np.float64)
y = np.arange(8, dtype=np.int16).reshape(4, 2)
name = np.array(["a", "böse", "", "d"])
ok = np.array([True, False, True, True])
columns = dict(x=x, edge_index=edge_index, edge_attr=edge_attr, y=y, name=name, ok=ok, no=no, eo=eo)

np.savez(path("stored.npz"), **columns)
np.savez_compressed(path("deflated.npz"), **columns)
for i in range(4):
    n, e = slice(no[i], no[i + 1]), slice(eo[i], eo[i + 1])
    np.savez(path(f"record{i}.npz"), x=x[n], edge_index=edge_index[:, e], edge_attr=edge_attr[e], y=y[i], name=name[i], ok=ok[i])

with h5py.File(path("columns.h5"), "w") as h:
    g = h.create_group("train")
    for k, v in columns.items():
        if k == "name":
            g.create_dataset(k, data=list(v), dtype=h5py.string_dtype())
        else:
            g.create_dataset(k, data=v, chunks=k == "x" or None, compression="gzip" if k == "x" else None)
with h5py.File(path("groups.h5"), "w") as h:
    for i in range(4):
        n, e = slice(no[i], no[i + 1]), slice(eo[i], eo[i + 1])
        g = h.create_group(f"sample{8 + i}")  # 8, 9, 10, 11: natural order, not the bytes' order
        for k, v in dict(x=x[n], edge_index=edge_index[:, e], edge_attr=edge_attr[e], y=y[i], ok=ok[i]).items():
            g.create_dataset(k, data=v)
        g.create_dataset("name", data=str(name[i]))

fcd = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <timestep time="-1.00"> in a comment is none -->
<fcd-export xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <timestep time="0.00"/>
    <timestep time="0.50">
        <vehicle id="v.0" x="1.5" y="-2.25" angle="90.00" type="car" speed="13.89" pos="5.10" lane="A0B0_1" slope="0.00"/>
        <vehicle id="v&amp;1" x="3" y="4e1" angle="0.5" type="car" speed="0" pos="0" lane=":A0_2_0" slope="0" extra="7"/>
        <person id="p" x="1" y="1" angle="0" speed="1" pos="1" edge="e" slope="0"/>
    </timestep>
    <!-- <timestep> -->
    <timestep time="1.00">
        <vehicle id="v.0" x="2.5" y="-2.25" angle="90.00" type="car" speed="13.89" pos="6.10" lane="A0B0_0" slope="0.00"/>
    </timestep>
</fcd-export>
"""
with open(path("fcd.xml"), "w") as f:
    f.write(fcd)
with open(path("fcd.xml.gz"), "wb") as f:
    f.write(gzip.compress(fcd.encode(), mtime=0))

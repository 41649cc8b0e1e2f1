#!/usr/bin/env python3
"""Look a recording over: every value finite, every range possible, every index inside its graph; write statistics.json.

    check.py RECORDING

Reads the JSON as json.load gives it and needs NumPy.  Ends with 1 and the list of what is wrong when something is.
"""
import json
import os
import sys
from pathlib import Path

import numpy as np

import graph
from to_npy import arrays, chunk_files

INF = float("inf")
RANGES = {
    "x": [(0, INF), (0, 30), (-10, 5), (0, 8), (0, INF), (0, 1), (0, 1), (0, INF), (1e-3, 10)],
    "edge_attr": [(-graph.RADIUS, graph.RADIUS), (-30, 30), (0, graph.CAP), (0, graph.CAP)],
    "globals": [(1, INF), (0, 30), (0, 30), (0, 30), (-10, 5), (0, 10), (0, 1), (0, INF), (0, 1), (0, 30), (0, INF), (0, 1),
                (0, INF), (0, graph.CAP), (0, 1), (0, INF)],
    "y": [(0, 30)] * len(graph.HORIZON),
}
SHOWN = ("min", "median", "mean", "max", "std")
TABLES = {"x": graph.X, "edge_attr": graph.EDGE_ATTR, "globals": graph.GLOBALS, "y": graph.Y}


def check_sample(where, s):
    """Sentences about what is wrong with one sample."""
    for k, table in TABLES.items():
        v = np.atleast_2d(s[k])
        if not np.isfinite(v).all():
            yield f"{where}: {k} holds a value that is not finite"
        if v.size and v.shape[1] != len(table):
            yield f"{where}: {k} has {v.shape[1]} columns instead of {len(table)}"
            continue
        for c, (low, high) in enumerate(RANGES[k]):
            if v.size and (v[:, c].min() < low or v[:, c].max() > high):
                yield f"{where}: {k} '{table[c][0]}' spans {v[:, c].min()} to {v[:, c].max()}, outside {low} to {high}"
    n, e = len(s["x"]), s["edge_index"]
    if e.shape[1] != len(s["edge_attr"]):
        yield f"{where}: {e.shape[1]} edges, but {len(s['edge_attr'])} rows of edge features"
    elif e.size and (e.min() < 0 or e.max() >= n):
        yield f"{where}: an edge names vehicle {e.max()} of {n}"
    elif not same_both_ways(e, s["edge_attr"], n):
        yield f"{where}: an edge has no partner the other way, or one that says something else"


def same_both_ways(e, attr, n):
    """Every edge a -> b has b -> a with the same distance and speed difference negated and the same TTC and THW."""
    there, back = np.lexsort((e[1], e[0])), np.lexsort((e[0], e[1]))
    return (np.array_equal(e[:, there], e[::-1][:, back]) and np.array_equal(attr[there, :2], -attr[back, :2])
            and np.array_equal(attr[there, 2:], attr[back, 2:]))


def statistics(values, table):
    return [{"name": name, "unit": unit, "count": len(values), "min": float(v.min()), "max": float(v.max()),
             "mean": float(v.mean()), "std": float(v.std()), "median": float(np.median(v))}
            for (name, unit, _), v in zip(table, values.astype(np.float64).T)]


def check(recording):
    """(statistics, sentences about what is wrong)"""
    wrong, rows = [], {k: [] for k in TABLES}
    for f in chunk_files(recording):
        for i, raw in enumerate(json.loads(f.read_bytes())):
            s = arrays(raw)
            wrong += check_sample(f"{f.name}, sample {i}", s)
            for k in rows:
                rows[k].append(np.atleast_2d(s[k]))
    return {k: statistics(np.concatenate(v), TABLES[k]) for k, v in rows.items()}, wrong


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    found, wrong = check(sys.argv[1])
    for field, columns in found.items():
        print(f"{field:26}{'unit':>6}" + "".join(f"{k:>11}" for k in SHOWN))
        for c in columns:
            print(f"  {c['name']:<24}{c['unit']:>6}" + "".join(f"{c[k]:11.4g}" for k in SHOWN))
    out = Path(sys.argv[1]) / "statistics.json"
    part = out.with_suffix(".part")
    part.write_text(json.dumps(found, indent=1) + "\n")
    os.replace(part, out)
    for sentence in wrong[:20]:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

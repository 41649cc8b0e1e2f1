#!/usr/bin/env python3
"""Runs before.py and after.py with the same seeds and compares their loss curves: compare.py [SEEDS]

With one seed both begin with the same weights and feed the same samples, in different random orders.  So the difference of
their losses, over several seeds, must be 0 within its own noise: less than 4 standard errors in every epoch.
"""
import difflib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def curves(script, folder, seeds):
    begin, out = time.perf_counter(), []
    for seed in range(1, seeds + 1):
        r = subprocess.run([sys.executable, HERE / script, folder, str(seed)], capture_output=True, text=True, check=True)
        out.append(json.loads(r.stdout))
    return out, time.perf_counter() - begin


def changed_lines():
    """Lines of before.py that after.py has otherwise."""
    a, b = ((HERE / f).read_text().splitlines() for f in ("before.py", "after.py"))
    return [line for line in difflib.unified_diff(a, b, lineterm="", n=0) if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def compare(seeds):
    """Per epoch: the mean of both, and the mean difference in its standard errors."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / "common.py", folder], check=True)
        before, t_before = curves("before.py", folder, seeds)
        after, t_after = curves("after.py", folder, seeds)
    rows = []
    for epoch in range(len(before[0])):
        a, b = [c[epoch] for c in before], [c[epoch] for c in after]
        d = [y - x for x, y in zip(a, b)]
        rows.append((statistics.mean(a), statistics.mean(b), statistics.mean(d) / (statistics.stdev(d) / seeds**0.5)))
    return rows, t_before, t_after


def main():
    words = sys.argv[1:] or ["5"]
    if len(words) != 1 or not words[0].isdecimal() or int(words[0]) < 2:
        sys.exit("compare.py [SEEDS]: a number of seeds from 2 on, as the noise is what differs between them")
    seeds = int(words[0])
    print("what changes in the script:", *changed_lines(), sep="\n  ")
    rows, t_before, t_after = compare(seeds)
    print(f"\nmean loss over {seeds} seeds\nepoch   DataLoader   headrace   difference in standard errors")
    for epoch, (a, b, z) in enumerate(rows):
        print(f"{epoch:5}   {a:10.4f}   {b:8.4f}   {z:+.1f}")
    print(f"\nwhole runs, imports and the first packing included: {t_before:.1f} s and {t_after:.1f} s")
    return any(abs(z) > 4 for *_, z in rows)


if __name__ == "__main__":
    sys.exit(main())

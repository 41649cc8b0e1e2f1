#!/usr/bin/env python3
"""Where the microseconds of a batch go on the Python side: feed_python.py DATASET [--batch 16] [--seconds 2]

Per framework: one epoch's loop, the same with every tensor touched, and what the framework alone takes for six tensors over
memory that is there already (its own floor).  Then opening plus first batch, CPU per sample, and what importing headrace
costs in a fresh process.  Figures are the best of many epochs: compare columns, not machines.
"""
import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "build" / "python"))


def best_epoch(loader, touch, seconds):
    """Microseconds per batch in the best epoch, and batches per epoch."""
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        n, t0 = 0, time.perf_counter()
        if touch:
            for batch in loader:
                for key in batch:
                    batch[key]
                n += 1
        else:
            for batch in loader:
                n += 1
        best = min(best, (time.perf_counter() - t0) / n)
    return best * 1e6, n


def floor(framework, batch):
    """Microseconds that the framework's own fastest public way takes for tensors over the same memory."""
    if framework == "torch":
        import torch
        sources, make = [t.numpy() for t in batch.values()], torch.from_numpy
    elif framework == "numpy":
        import numpy
        sources, make = [memoryview(t) for t in batch.values()], numpy.asarray
    else:
        return None
    best = float("inf")
    for _ in range(200):
        t0 = time.perf_counter()
        for _ in range(50):
            made = [make(s) for s in sources]
        best = min(best, (time.perf_counter() - t0) / 50)
    del made
    return best * 1e6


def opening(headrace, path, batch, framework):
    """Microseconds from nothing to the first batch: best and median."""
    times = []
    for _ in range(60):
        t0 = time.perf_counter()
        loader = headrace.Loader(path, batch, framework=framework)
        first = next(iter(loader))
        times.append(time.perf_counter() - t0)
        del first
        loader.close()
    times.sort()
    return times[0] * 1e6, times[len(times) // 2] * 1e6


def importing():
    """Milliseconds of `import headrace` after torch is there, best of several fresh processes."""
    code = "import torch, time; t = time.perf_counter(); import headrace; print(time.perf_counter() - t)"
    env = {**__import__("os").environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "build" / "python")}
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True) for _ in range(5)]
    return min(float(r.stdout) for r in runs) * 1e3


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("dataset")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--json", action="store_true")
    a = p.parse_args()
    import numpy  # noqa: F401
    import torch
    torch.set_num_threads(1)
    import headrace
    rows = {}
    for framework in ("dlpack", "numpy", "torch"):
        loader = headrace.Loader(a.dataset, a.batch, framework=framework)
        plain, n = best_epoch(loader, False, a.seconds)
        touched, _ = best_epoch(loader, True, a.seconds)
        loader.set_epoch(0)
        rows[framework] = {"us_per_batch": plain, "us_touched": touched, "us_floor": floor(framework, next(iter(loader))),
                           "samples_per_s": loader.samples / (plain * n) * 1e6}
    loader = headrace.Loader(a.dataset, a.batch, framework="torch")
    c0, done, until = time.process_time(), 0, time.perf_counter() + a.seconds
    while time.perf_counter() < until:
        for batch in loader:
            pass
        done += loader.samples
    cpu = (time.process_time() - c0) / done * 1e6
    first = {f: opening(headrace, a.dataset, a.batch, f) for f in ("dlpack", "torch")}
    result = {"frameworks": rows, "cpu_us_per_sample": cpu, "open_and_first_us": first, "import_ms": importing()}
    if a.json:
        print(json.dumps(result))
        return
    print(f"{'':8}  us/batch   touched   floor   samples/s")
    for f, r in rows.items():
        own = f"{r['us_floor']:7.2f}" if r["us_floor"] else "      –"
        print(f"{f:8}  {r['us_per_batch']:8.2f}  {r['us_touched']:8.2f} {own}  {r['samples_per_s'] / 1e6:8.2f} M")
    print(f"CPU per sample, torch: {cpu:.2f} us")
    print(f"open + first batch, best and median: dlpack {first['dlpack'][0]:.0f} / {first['dlpack'][1]:.0f} us,"
          f" torch {first['torch'][0]:.0f} / {first['torch'][1]:.0f} us; import headrace: {result['import_ms']:.1f} ms")


if __name__ == "__main__":
    main()

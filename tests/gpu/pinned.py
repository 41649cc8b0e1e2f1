"""On a real card: batches in page-locked memory reach the GPU unchanged, asynchronously, and faster than pageable ones.

Makes a dataset from .npy files (no optional library needed), opens it with pin=True, copies every batch to the card with
non_blocking=True, compares it there, and measures the copy rate pinned against pageable in the same run."""
import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np


def dataset(headrace, folder, samples=4000):
    """Graphs of 200 to 400 nodes of 16 features: batches of 64 are about 3 MB."""
    r = np.random.default_rng(3)
    n = r.integers(200, 401, samples)
    e = n * 3
    no, eo = (np.concatenate([[0], np.cumsum(v)]) for v in (n, e))
    raw = f"{folder}/raw"
    os.makedirs(raw)
    np.save(f"{raw}/no.npy", no)
    np.save(f"{raw}/eo.npy", eo)
    np.save(f"{raw}/x.npy", r.standard_normal((no[-1], 16), dtype=np.float32))
    np.save(f"{raw}/edge_attr.npy", r.standard_normal((eo[-1], 4), dtype=np.float32))
    np.save(f"{raw}/edge_index.npy", np.concatenate([r.integers(0, k, (2, 3 * k)) for k in n], axis=1))
    np.save(f"{raw}/y.npy", r.standard_normal((samples, 8), dtype=np.float32))
    subprocess.run([headrace, "pack", raw, "-o", f"{folder}/store"], check=True)
    return f"{folder}/store"


def rate(loader, torch, check):
    """GB/s of copies to the card over one epoch, the copies alone timed by CUDA events."""
    moved, ms = 0, 0.0
    for batch in loader:
        tensors = {k: v for k, v in batch.items() if isinstance(v, torch.Tensor)}
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record()
        there = {k: v.to("cuda", non_blocking=True) for k, v in tensors.items()}
        b.record()
        b.synchronize()
        ms += a.elapsed_time(b)
        moved += sum(v.nbytes for v in tensors.values())
        if check:
            for k, v in tensors.items():
                assert torch.equal(there[k].cpu(), v), f"{k} differs after the copy"
    return moved / ms / 1e6


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--headrace", required=True)
    p.add_argument("--report", required=True)
    a = p.parse_args()
    try:
        import torch
    except ImportError:
        print("pinned.py: torch is not installed; pinned batches were not proved")
        return 77
    if not torch.cuda.is_available():
        print("pinned.py: this torch sees no card; pinned batches were not proved")
        return 77
    import headrace
    with tempfile.TemporaryDirectory() as folder:
        path = dataset(a.headrace, folder)
        rates = {}
        for pin in (True, False, True, False):
            with headrace.Loader(path, batch_size=64, seed=1, pin=pin, framework="torch", budget="4GiB") as loader:
                rate(loader, torch, check=pin)
                t = time.perf_counter()
                rates.setdefault(pin, []).append(rate(loader, torch, check=False))
                seconds = time.perf_counter() - t
                print(f"pin={pin}: {rates[pin][-1]:.1f} GB/s to the card, epoch {seconds:.2f} s")
                if pin:
                    report = loader.report(json=True)
        best = {k: max(v) for k, v in rates.items()}
    card = torch.cuda.get_device_name(0)
    with open(a.report, "w") as f:
        f.write(f"# {card}\n\n`tests/gpu/run.sh`, {time.strftime('%Y-%m-%d')}; torch {torch.__version__}, CUDA {torch.version.cuda}.\n\n"
                f"| copies to the card, batches of 64 graphs (about 3 MB) | GB/s |\n|---|---:|\n"
                f"| from page-locked slots (`pin=True`) | {best[True]:.1f} |\n| from ordinary slots | {best[False]:.1f} |\n\n"
                f"Every tensor of an epoch was compared after its copy: equal.  What the loader says of pinning: `{report.get('pin', report)}`.\n")
    return 0 if best[True] > best[False] else 1


if __name__ == "__main__":
    sys.exit(main())

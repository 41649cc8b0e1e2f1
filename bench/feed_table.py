"""Makes the data, runs every contestant in a fresh process, checks that all deliver the same, and prints the ratios."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

import resident
import traffic_table
import work
from contest import HEADRACE, HERE, ROOT, contest, print_rows, say, write_stores

TELLS = {
    "headrace": "headrace.Loader, defaults",
    "npy_batch": "DataLoader, hand-tuned: memmap, whole batch per call",
    "npy": "DataLoader, memmap, sample per item",
    "h5": "DataLoader, HDF5, 64 MB chunk cache",
    "json_window": "DataLoader, JSON chunks + LRU, window order",
    "pyg": "PyG InMemoryDataset + its DataLoader", "mds": "MosaicML Streaming", "litdata": "LitData", "wds": "WebDataset",
    "hf": "HF datasets", "grain": "Grain", "spdl": "SPDL around npy_batch", "ffcv": "FFCV, unpacked and joined",
    "ffcv_bytes": "FFCV, bare padded bytes (less work)",
}


def prepare(d, samples, names):
    """Data in the raw form, the peers' stores, and our store; each made once."""
    from peers import by_hand, packaged
    os.makedirs(d, exist_ok=True)
    if not os.path.exists(f"{d}/meta.json"):
        say(f"making {samples} samples in {os.path.relpath(d, ROOT)}")
        work.write_npy(d, samples)
        if samples <= 10000:
            work.write_json(d, samples)
        json.dump({"samples": samples}, open(f"{d}/meta.json", "w"))
    if not os.path.exists(f"{d}/headrace"):
        subprocess.run([HEADRACE, "pack", f"{d}/npy", "-o", f"{d}/headrace", "--narrow", "--quiet"], check=True)
    return write_stores(d, names, {**by_hand.WRITERS, **packaged.WRITERS})


def limit(samples):
    out = subprocess.run([f"{ROOT}/build/bench/limit_gather", str(samples)], cwd=f"{ROOT}/build/bench", capture_output=True, text=True).stdout
    return max(float(ln.split("samples/s")[0].split()[-1]) for ln in out.splitlines() if "random" in ln and "2 threads" not in ln and "samples/s" in ln)


def table(d, samples, names, seconds, out):
    failed = prepare(d, samples, names)
    rows = contest(d, names, seconds, failed, lambda name: name != "ffcv_bytes" and samples <= 10000)
    ceiling = limit(samples)
    out.append({"samples": samples, "limit": ceiling, "rows": rows})
    print(f"\n{samples:,} graphs, batches of 16, whole epochs of joined batches as torch tensors; the limit of one core for a bare C gather: {ceiling:,.0f} samples/s\n")
    print_rows(rows, TELLS)
    print(f"\nheadrace reaches {100 * rows[0]['samples_per_s'] / ceiling:.0f} % of the limit from Python.")


def packing(d):
    """JSON chunk files -> a store, against json.load + h5py (no compression), both to disk."""
    chunks = sorted(f"{d}/json/{f}" for f in os.listdir(f"{d}/json"))
    size = sum(os.path.getsize(c) for c in chunks)
    ratios = []
    for _ in range(3):
        shutil.rmtree(f"{d}/packed", ignore_errors=True)
        t = time.perf_counter()
        subprocess.run([HEADRACE, "pack", *chunks, "-o", f"{d}/packed", "--quiet"], check=True)
        ours = time.perf_counter() - t
        t = time.perf_counter()
        subprocess.run([sys.executable, f"{HERE}/pack_h5py.py", f"{d}/packed.h5", *chunks], check=True)
        ratios.append((ours, time.perf_counter() - t))
    ours, theirs = (min(r[i] for r in ratios) for i in (0, 1))
    print(f"\nPacking {size / 1e6:.0f} MB of JSON: headrace {ours:.2f} s ({size / ours / 1e6:.0f} MB/s), json + h5py {theirs:.2f} s: {theirs / ours:.1f} × faster, start-up of both included.")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", default="", help="comma-separated contestants")
    p.add_argument("--sizes", default="", help='comma-separated: numbers of samples, and "traffic"')
    p.add_argument("--json", default=f"{ROOT}/build/bench/feed.json")
    a = p.parse_args()
    names = a.only.split(",") if a.only else list(TELLS)
    names = ["headrace"] + [n for n in names if n != "headrace"]
    sizes = a.sizes.split(",") if a.sizes else ["2000"] if a.quick else ["2000", "200000", "traffic"]
    seconds, out = 0.7 if a.quick else 2.0, []
    for size in sizes:
        d = f"{ROOT}/build/bench/{size}"
        if size == "traffic":
            traffic_table.tables(d, names, TELLS, seconds, out)
        else:
            samples = int(size)
            few = names if samples <= 10000 else [n for n in names if n in ("headrace", "npy_batch", "npy")]
            table(d, samples, few, seconds, out)
            if samples <= 10000:
                packing(d)
        resident.tell(d, out)
        json.dump(out, open(a.json, "w"), indent=1)


if __name__ == "__main__":
    main()

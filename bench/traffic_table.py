"""The tables of bench/feed on real samples: traffic graphs of about 50 kB of JSON, recorded by examples/traffic from SUMO.

First as they are, every contestant of the other tables; then with the transforms of examples/traffic/phase1.json, normalised and
augmented, against the same in NumPy.  Run alone it compares the values: traffic_table.py DIR.
"""
import json
import os
import subprocess
import sys

from contest import HEADRACE, ROOT, contest, print_rows, say, write_stores

TRAFFIC = f"{ROOT}/examples/traffic"
RECORDING = f"{ROOT}/build/traffic/recording"
TELLS = {
    "headrace_phase1": "headrace.Loader, transforms of phase 1",
    "npy_batch_phase1": "DataLoader, memmap, whole batch per call, NumPy on the batch",
    "npy_phase1": "DataLoader, memmap, sample per item, NumPy on the batch",
    "json_phase1": "DataLoader, JSON chunks + LRU, window order, NumPy on the batch",
}


def call(*cmd):
    subprocess.run([str(c) for c in cmd], check=True, stdout=subprocess.DEVNULL)


def prepare(d):
    """The recording (made when there is none), the same as arrays, and packed; in d, what the other tables' contestants read:
    x, edge_index, edge_attr and y of the same samples."""
    os.makedirs(f"{d}/npy", exist_ok=True)
    if os.path.exists(f"{d}/meta.json"):
        return
    say("recording 2,000 samples of traffic (a minute or two), once")
    call(sys.executable, f"{TRAFFIC}/record.py", RECORDING)
    call(sys.executable, f"{TRAFFIC}/check.py", RECORDING)
    call(sys.executable, f"{TRAFFIC}/to_npy.py", RECORDING, f"{d}/all")
    for name in ("x", "edge_index", "edge_attr", "y", "no", "eo"):
        link(f"{d}/all/{name}.npy", f"{d}/npy/{name}.npy")
    chunks = sorted(f for f in os.listdir(f"{RECORDING}/chunks") if f.endswith(".json"))
    os.makedirs(f"{d}/json", exist_ok=True)
    for i, f in enumerate(chunks):
        link(f"{RECORDING}/chunks/{f}", f"{d}/json/chunk_{i:05d}.json")
    call(HEADRACE, "pack", f"{d}/npy", "-o", f"{d}/headrace", "--narrow", "--quiet", "--force")
    call(HEADRACE, "pack", *(f"{RECORDING}/chunks/{f}" for f in chunks), "-o", f"{d}/dataset", "--narrow", "--quiet", "--force")
    samples = json.load(open(f"{d}/dataset/manifest.json"))["samples"]
    json.dump({"samples": samples}, open(f"{d}/meta.json", "w"))


def link(to, path):
    if not os.path.lexists(path):
        os.symlink(to, path)


def tables(d, names, tells, seconds, out):
    from peers import by_hand, packaged
    prepare(d)
    samples = json.load(open(f"{d}/meta.json"))["samples"]
    failed = write_stores(d, names, {**by_hand.WRITERS, **packaged.WRITERS})
    rows = contest(d, names, seconds, failed, lambda name: name != "ffcv_bytes")
    out.append({"samples": "traffic", "rows": rows})
    print(f"\n{samples:,} recorded traffic graphs of {os.path.getsize(f'{d}/npy/x.npy') // samples / 36:.0f} vehicles, as they are\n")
    print_rows(rows, tells)
    told = subprocess.run([sys.executable, __file__, d], capture_output=True, text=True)
    if told.returncode != 0:
        raise SystemExit(f"headrace and NumPy do not agree:\n{told.stdout}{told.stderr}")
    rows = contest(d, list(TELLS), seconds)
    out.append({"samples": "traffic, phase 1", "rows": rows})
    print(f"\nThe same graphs and their 16 metrics, normalised and augmented as in examples/traffic/phase1.json ({told.stdout.strip()})\n")
    print_rows(rows, TELLS)


def compare(d):
    """Without the random transforms, in stored order, every value of every batch: headrace, which computes in double, against
    NumPy, which computes in float32 as people write it; sines of large angles differ most."""
    sys.path.insert(0, TRAFFIC)
    import headrace
    import numpy as np
    import presets
    import torch_way
    theirs = torch_way.NpyBatches(f"{d}/all", presets.for_torch("phase1", RECORDING, augment=False)["prepare"])
    loader = headrace.Loader(f"{d}/dataset", framework="numpy", **presets.load("phase1", augment=False, shuffle=False, pin=False))
    worst, values = 0.0, 0
    for batch in loader:
        want = theirs[batch.sample]
        for k, w in vars(want).items():
            got, w = batch[k], w.numpy()
            assert got.shape == w.shape and got.dtype == w.dtype, (k, got.shape, w.shape, got.dtype, w.dtype)
            if w.dtype.kind == "f":
                off = float(np.max(np.abs(got - w) / np.maximum(1, np.abs(w)), initial=0))
                assert off < 2e-5, (k, batch.step, off)
                worst, values = max(worst, off), values + got.size
            else:
                assert (got == w).all(), (k, batch.step)
        del batch
    print(f"without the random ones all {values:,} values of an epoch agree within {worst:.1e}")


if __name__ == "__main__":
    compare(sys.argv[1])

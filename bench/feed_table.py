"""Makes the data, runs every contestant in a fresh process, checks that all deliver the same, and prints the ratios."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

import work

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
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


def say(text):
    print(text, file=sys.stderr, flush=True)


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
        subprocess.run([f"{ROOT}/build/src/cli/headrace", "pack", f"{d}/npy", "-o", f"{d}/headrace", "--narrow", "--quiet"], check=True)
    failed = {}
    for name, write in {**by_hand.WRITERS, **packaged.WRITERS}.items():
        done = f"{d}/.{name}.done"
        if not any(n.startswith(name) for n in names) or os.path.exists(done):
            continue
        say(f"writing the store of {name}")
        code = f"import sys; sys.path.insert(0, {HERE!r}); import work; from peers import by_hand, packaged; " \
               f"({{**by_hand.WRITERS, **packaged.WRITERS}})[{name!r}]({d!r}, work.Samples({d!r}))"
        r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if r.returncode == 0:
            open(done, "w").close()
        else:
            failed[name] = (r.stderr.strip().splitlines() or ["?"])[-1]
    return failed


def one(d, name, workers, seconds, *more):
    cmd = [sys.executable, f"{HERE}/feed_one.py", "--dir", d, "--name", name, "--workers", str(workers), "--seconds", str(seconds), *more]
    try:
        r = subprocess.run(cmd, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return {"error": "not done after 300 s"}
    lines = [ln for ln in r.stdout.splitlines() if ln.startswith("RESULT ")]
    return json.loads(lines[0][7:]) if lines else {"error": (r.stderr.strip().splitlines() or ["?"])[-1][:160]}


def limit(samples):
    out = subprocess.run([f"{ROOT}/build/bench/limit_gather", str(samples)], cwd=f"{ROOT}/build/bench", capture_output=True, text=True).stdout
    return max(float(ln.split("samples/s")[0].split()[-1]) for ln in out.splitlines() if "random" in ln and "2 threads" not in ln and "samples/s" in ln)


def table(d, samples, names, seconds, out):
    failed = prepare(d, samples, names)
    rows, want = [], None
    for name in names:
        for workers in (0,) if name == "headrace" else (0, 2):
            check = one(d, name, workers, 0, "--check") if workers == 0 and name != "ffcv_bytes" and samples <= 10000 else {}
            r = one(d, name, workers, seconds)
            if "error" in r:
                rows.append({"name": name, "workers": workers, "error": failed.get(name, r["error"])})
                break
            if check.get("checksum"):
                want = want or check["checksum"]
                r["same"] = abs(check["checksum"] - want) < 1e-9 * abs(want) + 1e-4
            rows.append(r)
            say(f"  {name:12s} {workers} workers  {r['samples_per_s']:12,.0f} samples/s")
    ceiling = limit(samples)
    mine = next(r for r in rows if r["name"] == "headrace")
    out.append({"samples": samples, "limit": ceiling, "rows": rows})
    print(f"\n{samples:,} graphs, batches of 16, whole epochs of joined batches as torch tensors; the limit of one core for a bare C gather: {ceiling:,.0f} samples/s\n")
    print(f"| loader | workers | samples/s | headrace is | first batch, ms | CPU µs/sample |\n|---|---:|---:|---:|---:|---:|")
    for r in rows:
        what = TELLS[r["name"]]
        if "error" in r:
            print(f"| {what} | {r['workers']} | – | – | – | – | <!-- {r['error']} -->")
            continue
        ratio = "1" if r is mine else f"{mine['samples_per_s'] / r['samples_per_s']:,.1f} ×"
        note = "" if r.get("same", True) else " (CONTENT DIFFERS)"
        print(f"| {what}{note} | {r['workers']} | {r['samples_per_s']:,.0f} | {ratio} | {r['first_batch_ms']:.1f} | {r['cpu_us']:.2f} |")
    print(f"\nheadrace reaches {100 * mine['samples_per_s'] / ceiling:.0f} % of the limit from Python.")
    return mine


def packing(d):
    """JSON chunk files -> a store, against json.load + h5py (no compression), both to disk."""
    chunks = sorted(f"{d}/json/{f}" for f in os.listdir(f"{d}/json"))
    size = sum(os.path.getsize(c) for c in chunks)
    ratios = []
    for _ in range(3):
        shutil.rmtree(f"{d}/packed", ignore_errors=True)
        t = time.perf_counter()
        subprocess.run([f"{ROOT}/build/src/cli/headrace", "pack", *chunks, "-o", f"{d}/packed", "--quiet"], check=True)
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
    p.add_argument("--sizes", default="", help="comma-separated numbers of samples")
    p.add_argument("--json", default=f"{ROOT}/build/bench/feed.json")
    a = p.parse_args()
    names = a.only.split(",") if a.only else list(TELLS)
    names = ["headrace"] + [n for n in names if n != "headrace"]
    sizes = [int(s) for s in a.sizes.split(",")] if a.sizes else [2000] if a.quick else [2000, 200000]
    out = []
    for samples in sizes:
        few = names if samples <= 10000 else [n for n in names if n in ("headrace", "npy_batch", "npy")]
        table(f"{ROOT}/build/bench/{samples}", samples, few, 0.7 if a.quick else 2.0, out)
        if samples <= 10000:
            packing(f"{ROOT}/build/bench/{samples}")
    json.dump(out, open(a.json, "w"), indent=1)


if __name__ == "__main__":
    main()

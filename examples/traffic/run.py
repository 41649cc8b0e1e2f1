#!/usr/bin/env python3
"""The whole way on real input: record traffic with SUMO, pack it, feed it, train on it, and compare with PyTorch's ways.

    run.py [--data build/traffic] [--epochs 4] [--seconds 3] [--small]

What `make run` does.  Stop it with Ctrl-C whenever you like: the recording goes on where it was.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WAYS = [("json", "JSON chunks, LRU cache of 2"), ("json4", "  the same, 4 worker processes"),
        ("npy", ".npy arrays, one sample at a time"), ("npy_batch", ".npy arrays, whole batches"), ("headrace", "headrace")]


class Failed(Exception):
    pass


def program():
    for p in (os.environ.get("HEADRACE"), ROOT / "build/src/cli/headrace", shutil.which("headrace")):
        if p and Path(p).exists():
            return str(p)
    raise Failed("the program headrace is not built: run `make`, or set HEADRACE to where it is")


def environment():
    path = [str(ROOT / "build/python")] + [p for p in [os.environ.get("PYTHONPATH")] if p]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def call(arguments, capture=False, shown=None):
    """Run one step in the foreground.  Returns (its output when captured, seconds).  shown="": say nothing."""
    arguments = [str(x) for x in arguments]
    if shown != "":
        print(f"  $ {shown or ' '.join(arguments)}", flush=True)
    begin = time.monotonic()
    done = subprocess.run(arguments, env=environment(), text=True, stdout=subprocess.PIPE if capture else None)
    if done.returncode != 0:
        raise KeyboardInterrupt if done.returncode in (130, -2) else Failed(f"{Path(arguments[0]).name} ended with {done.returncode}")
    return done.stdout or "", time.monotonic() - begin


def script(name, *arguments, capture=False, shown=None):
    if shown is None:
        shown = " ".join([name, *(short(x) for x in arguments)])
    return call([sys.executable, HERE / name, *arguments], capture, shown)


def short(path):
    text = str(path)
    return text[len(str(ROOT)) + 1:] if text.startswith(f"{ROOT}{os.sep}") else text


def title(text):
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def count(n):
    return f"{n:,.0f}".replace(",", " ")


def times(r):
    return "x " + (f"{r:.3g}" if r < 100 else count(r))


def size_of(path):
    return sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file()) if Path(path).is_dir() else Path(path).stat().st_size


def without(told, section):
    """The text without one of its sections (separated by empty lines), of which only the length is told."""
    parts = []
    for part in told.rstrip().split("\n\n"):
        if part.startswith(section):
            part = f"{section}\n  {len(part.splitlines()) - 2} lines, left out here"
        parts.append(part)
    return "\n\n".join(parts)


def record(a):
    title("1. Record: two SUMO simulations of signalled streets")
    script("record.py", a.recording, *(["--small"] if a.small else []))
    script("check.py", a.recording, capture=True)
    print("  every value finite and possible, every edge inside its graph, both ways alike (check.py)")


def pack(a):
    title("2. Pack: JSON text into a dataset, once")
    headrace = program()
    chunks = sorted((a.recording / "chunks").glob("chunk_*.json"))
    shown = f"headrace pack {short(a.recording)}/chunks/*.json -o {short(a.dataset)} --force"
    _, seconds = call([headrace, "pack", *chunks, "-o", a.dataset, "--force"], shown=shown)
    text, stored = sum(c.stat().st_size for c in chunks), size_of(a.dataset)
    print(f"  {text / 1e6:.0f} MB of text in {seconds:.2f} s ({text / 1e6 / seconds:.0f} MB/s), {stored / 1e6:.0f} MB stored")
    told, _ = call([headrace, "info", a.dataset], capture=True, shown=f"headrace info {short(a.dataset)}")
    print(without(told, "Statistics").replace(f"{ROOT}{os.sep}", ""))
    call([headrace, "verify", a.dataset], shown=f"headrace verify {short(a.dataset)}")
    _, python = script("to_npy.py", a.recording, a.recording / "npy", capture=True)
    print(f"  the same text into .npy files with Python's json and NumPy: {python:.1f} s, {python / seconds:.0f} times as long")


def train(a):
    title("3. Train: a small graph network, fed by headrace and by PyTorch's DataLoader")
    results = {}
    for way, data in (("headrace", a.dataset), ("torch", a.recording)):
        out = a.data / f"train_{way}.json"
        script(f"train_{way}.py", data, "--epochs", str(a.epochs), "--result", out)
        results[way] = json.loads(out.read_text())
    seconds = {w: sum(e["seconds"] for e in r["epochs"]) for w, r in results.items()}
    memory = {w: r["peak_bytes"] / 1e6 for w, r in results.items()}
    print(f"  the same training in {seconds['headrace']:.1f} s and {memory['headrace']:.0f} MB instead of {seconds['torch']:.1f} s and "
          f"{memory['torch']:.0f} MB; the two scripts differ in two lines")
    return results


def feed(a):
    title("4. Feed: no training, only batches of 16 joined graphs as tensors")
    rows = {}
    print("  $ feed.py WAY DATA, each way in a process of its own, as stored and as in phase 1:", end="", flush=True)
    for way, _ in WAYS:
        print(f" {way}", end="", flush=True)
        data = a.dataset if way == "headrace" else a.recording
        for plain in (True, False):
            text, _ = script("feed.py", way, data, "--seconds", str(a.seconds), *(["--plain"] if plain else []), capture=True,
                             shown="")
            rows[way, plain] = json.loads(text.splitlines()[-1])
    best = {plain: rows["headrace", plain]["samples_per_s"] for plain in (True, False)}
    memory = rows["headrace", False]["peak_bytes"]
    print(f"\n\n{'':36}{'as stored':>22}{'normalised, augmented':>24}{'memory':>10}{'first batch':>13}")
    print(f"{'':36}{'samples/s':>12}{'headrace':>10}{'samples/s':>14}{'headrace':>10}{'MB':>10}{'ms':>13}")
    for way, name in WAYS:
        cells = ""
        for plain, width in ((True, 12), (False, 14)):
            rate = rows[way, plain]["samples_per_s"]
            cells += f"{count(rate):>{width}}{times(best[plain] / rate):>10}"
        r = rows[way, False]
        print(f"{name:36}{cells}{r['peak_bytes'] / 1e6:10.1f}{r['first_batch_s'] * 1e3:13.1f}")
    print("\nheadrace: how many times as fast as this row headrace is.  memory: anonymous, beyond torch itself, workers included.")
    return {"ways": [rows[k] for k in rows], "memory": memory}


def picture(a, trained, fed):
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, (curve, bars) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    for way, name, style in (("headrace", "headrace", "-"), ("torch", "DataLoader, JSON chunks", "--")):
        steps, n = trained[way]["steps"], 10
        smooth = [sum(steps[i:i + n]) / n for i in range(0, len(steps) - n + 1, n)]
        curve.plot([n * (i + 0.5) for i in range(len(smooth))], smooth, style, label=name)
    curve.set(yscale="log", xlabel="step", ylabel="loss, (m/s)$^2$", title="training on recorded traffic")
    curve.legend(frameon=False)
    names = dict(WAYS)
    rows = [r for r in fed["ways"] if not r["plain"]][::-1]
    shown = bars.barh([names[r["way"]].strip() for r in rows], [r["samples_per_s"] for r in rows],
                      color=["tab:blue" if r["way"] == "headrace" else "0.7" for r in rows])
    bars.bar_label(shown, [count(r["samples_per_s"]) for r in rows], padding=3)
    bars.set(xscale="log", title="samples/s, normalised and augmented")
    bars.margins(x=0.2)
    for ax in (curve, bars):
        ax.spines[["top", "right"]].set_visible(False)
    out = a.data / "result.svg"
    figure.savefig(out, metadata={"Date": None})
    return out


def options(argv):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--data", type=Path, default=ROOT / "build/traffic", help="where recording, dataset and results are kept")
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--seconds", type=float, default=3, help="how long each way of feeding is measured at least")
    p.add_argument("--small", action="store_true", help="300 small samples instead of 2 000 of 50 kB")
    a = p.parse_args(argv)
    a.data = a.data.resolve()
    a.recording, a.dataset = a.data / ("small" if a.small else "recording"), a.data / ("small.data" if a.small else "dataset")
    return a


def main(argv=None):
    a = options(argv)
    a.data.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    try:
        record(a)
        pack(a)
        trained = train(a)
        fed = feed(a)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    except Failed as e:
        print(f"run.py: {e}", file=sys.stderr)
        return 1
    (a.data / "result.json").write_text(json.dumps({"train": trained, "feed": fed}, indent=1) + "\n")
    drawn = picture(a, trained, fed)
    print(f"\nDone in {time.monotonic() - begin:.0f} s.  {short(a.data)}/ holds the recording, the dataset and result.json"
          + (f"; {short(drawn)} is a picture of the two tables." if drawn else "."))
    return 0


if __name__ == "__main__":
    sys.exit(main())

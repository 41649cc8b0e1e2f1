#!/usr/bin/env python3
"""Record a traffic dataset from real SUMO runs.

    record.py OUT [--samples 2000] [--episodes 2] [--seed 1] [--jobs 2] [--small] [--force]

Makes OUT/network.net.xml, OUT/demand-<episode>.rou.xml, OUT/chunks/chunk_000.json, ... (arrays of 100 samples) and, when
everything is there, OUT/metadata.json.  Every step of every episode is one sample.  The same options give the same bytes.
A stopped recording goes on where it was: finished chunk files are kept.  Needs SUMO and Python's standard library.
"""
import argparse
import json
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

import graph
import scenario
from network import Network, Route

CHUNK = 100            # samples per file
WARMUP = 300           # seconds before the first sample, until the network has filled


def settings(a):
    """Everything that the bytes depend on."""
    return {"layout": 1, "samples": a.samples, "episodes": a.episodes, "seed": a.seed, "chunk_samples": CHUNK,
            "warmup_s": WARMUP, "step_s": scenario.STEP, "headway_s": a.headway, "radius_m": graph.RADIUS,
            "sumo": scenario.version()}


def split(samples, episodes):
    """How many samples each episode gets: whole chunks, the last one takes what is left."""
    chunks = -(-samples // CHUNK)
    share = [chunks // episodes + (e < chunks % episodes) for e in range(episodes)]
    counts = [s * CHUNK for s in share]
    counts[-1] -= chunks * CHUNK - samples
    return counts


def samples_of(net, net_path, demand, episode, count, seed, skip=0):
    """Yield (number, text) of an episode's samples, without those of the first `skip`."""
    first, horizon = WARMUP, max(graph.HORIZON)
    edges_of = scenario.read_routes(demand)
    routes, last, speeds, waiting = {}, {}, {}, []
    dt = scenario.STEP
    end = first + (count + horizon) * dt
    for now, vehicles in scenario.frames(net_path, demand, end, seed):
        for v in vehicles:
            if v[0] not in routes:
                routes[v[0]] = Route(net, edges_of[v[0]])
        number = round((now - first) / dt)
        x = graph.node_features(net, now, dt, vehicles, routes, last)
        if number < 0:
            continue
        speeds[number] = graph.mean([v[4] for v in vehicles])
        if skip <= number < count:
            edge_index, edge_attr = graph.edges(net, vehicles, scenario.LENGTH)
            metrics = graph.global_metrics(now, x, edge_attr)
            waiting.append((number, now, x, edge_index, edge_attr, metrics))
        # A sample waits until its label is known.
        while waiting and number >= waiting[0][0] + horizon:
            n, *parts = waiting.pop(0)
            yield n, graph.text(episode, *parts, [speeds[n + round(h / dt)] for h in graph.HORIZON])


def record_episode(out, episode, count, first_chunk, a, done):
    """One episode's chunk files, each written whole or not at all.  `done`: shared count of samples."""
    chunks = out / "chunks"
    names = [chunks / f"chunk_{first_chunk + k:03d}.json" for k in range(-(-count // CHUNK))]
    have = 0
    while have < len(names) and names[have].exists():
        have += 1
    skip = min(have * CHUNK, count)
    with done.get_lock():
        done.value += skip
    if have == len(names):
        return
    net_path, demand = out / "network.net.xml", out / f"demand-{episode}.rou.xml"
    net = Network(net_path)
    seed = a.seed * 1000 + episode
    if not demand.exists():
        scenario.make_demand(net, net_path, demand, WARMUP + count + max(graph.HORIZON), seed, a.headway)
    rows, parent = [], os.getppid()
    for n, text in samples_of(net, net_path, demand, episode, count, seed, skip):
        rows.append(text)
        with done.get_lock():
            done.value += 1
        if len(rows) == CHUNK or n == count - 1:
            name = names[n // CHUNK]
            part = name.with_suffix(".part")
            part.write_text("[\n" + ",\n".join(rows) + "\n]\n")
            os.replace(part, name)
            rows = []
            if os.getppid() != parent:   # killed without a chance to end this process
                sys.exit(1)
    if rows or not names[-1].exists():
        raise scenario.ScenarioError(f"episode {episode} ended before its {count} samples were recorded")


def worker(out, episode, count, first_chunk, a, done):
    try:
        record_episode(out, episode, count, first_chunk, a, done)
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, scenario.ScenarioError, ValueError) as e:
        print(f"\nrecord.py: episode {episode}: {e}", file=sys.stderr)
        sys.exit(1)


def show(done, skipped, total, begin, end=""):
    seconds = time.monotonic() - begin
    rate = (done - skipped) / seconds if seconds > 0.5 else 0.0
    left = f", {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
    if sys.stderr.isatty() or end:
        start = "\r" if sys.stderr.isatty() else ""
        print(f"{start}recorded {done} of {total} samples, {rate:.0f}/s{left}        ", end=end, file=sys.stderr, flush=True)


def run_workers(out, a):
    """All episodes, at most a.jobs at once.  Raises SystemExit when one fails, KeyboardInterrupt after ending them all."""
    context = multiprocessing.get_context("fork")
    done = context.Value("q", 0)
    first, work = 0, []
    for episode, count in enumerate(split(a.samples, a.episodes)):
        work.append((out, episode, count, first, a, done))
        first += -(-count // CHUNK)
    running, begin, skipped = [], time.monotonic(), None
    try:
        while work or running:
            while work and len(running) < a.jobs:
                running.append(context.Process(target=worker, args=work.pop(0)))
                running[-1].start()
            time.sleep(0.2)
            skipped = done.value if skipped is None else skipped
            show(done.value, skipped, a.samples, begin)
            for p in [p for p in running if p.exitcode is not None]:
                running.remove(p)
                if p.exitcode != 0:
                    raise SystemExit(p.exitcode)
    finally:
        for p in running:
            p.terminate()
            p.join()
    show(done.value, skipped or 0, a.samples, begin, "\n")


def write_metadata(out, chosen):
    def table(rows):
        return [{"name": n, "unit": u, "formula": f} for n, u, f in rows]
    chunks = sorted(p.name for p in (out / "chunks").glob("chunk_*.json"))
    counts = [min(CHUNK, n - k) for n in split(chosen["samples"], chosen["episodes"]) for k in range(0, n, CHUNK)]
    meta = {"settings": chosen,
            "chunks": [{"file": f"chunks/{c}", "samples": n, "bytes": (out / "chunks" / c).stat().st_size}
                       for c, n in zip(chunks, counts)],
            "features": {"x": table(graph.X), "edge_attr": table(graph.EDGE_ATTR), "globals": table(graph.GLOBALS),
                         "y": table(graph.Y)}}
    part = out / "metadata.json.part"
    part.write_text(json.dumps(meta, indent=1) + "\n")
    os.replace(part, out / "metadata.json")
    return sum(c["bytes"] for c in meta["chunks"])


def prepare(out, chosen, force):
    """Make OUT ready.  True when a finished recording with these settings lies there already."""
    mark = out / "settings.json"
    if mark.exists():
        if json.loads(mark.read_text()) == chosen:
            return (out / "metadata.json").exists()
        if not force:
            raise SystemExit(f"record.py: {out} holds a recording with other settings; give another folder, or --force "
                             "to record it anew")
    elif out.exists() and any(out.iterdir()) and not force:
        raise SystemExit(f"record.py: {out} is not empty and holds no recording; give another folder")
    if out.exists():
        for old in ("metadata.json", "settings.json", "statistics.json", "network.net.xml"):
            (out / old).unlink(missing_ok=True)
        for old in out.glob("demand-*.rou*.xml"):
            old.unlink()
        shutil.rmtree(out / "chunks", ignore_errors=True)
    (out / "chunks").mkdir(parents=True)
    scenario.make_network(out / "network.net.xml")
    mark.write_text(json.dumps(chosen, indent=1) + "\n")
    return False


def options(argv):
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("out", type=Path, help="folder of the recording")
    p.add_argument("--samples", type=int, default=2000)
    p.add_argument("--episodes", type=int, default=2, help="simulations with demands of their own")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="episodes simulated at once")
    p.add_argument("--headway", type=float, default=scenario.HEADWAY, help="seconds between two departures")
    p.add_argument("--small", action="store_true", help="300 samples with fewer vehicles, for tests")
    p.add_argument("--force", action="store_true", help="throw a recording with other settings away")
    a = p.parse_args(argv)
    if a.small:
        a.samples, a.headway = 300, 2.0
    if min(a.samples, a.episodes, a.jobs) < 1 or a.headway <= 0:
        p.error("samples, episodes, jobs and headway must be positive")
    a.episodes = min(a.episodes, -(-a.samples // CHUNK))
    return a


def main(argv=None):
    a = options(argv)
    if scenario.missing():
        raise SystemExit(f"record.py: not found: {', '.join(scenario.missing())}; install SUMO (apt-get install sumo)")
    chosen = settings(a)
    begin = time.monotonic()
    try:
        if prepare(a.out, chosen, a.force):
            print(f"recorded already: {a.samples} samples in {a.out}")
            return 0
        run_workers(a.out, a)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    except scenario.ScenarioError as e:
        raise SystemExit(f"record.py: {e}")
    size = write_metadata(a.out, chosen)
    print(f"{a.samples} samples, {size / 1e6:.1f} MB of JSON, {size / a.samples / 1e3:.1f} kB each, "
          f"in {time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

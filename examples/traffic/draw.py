#!/usr/bin/env python3
"""Draw one recorded moment on the map: python3 draw.py RECORDING PICTURE.png [--time 600] [--episode 0]

Simulates the episode again up to that second, because samples hold no map coordinates.  Needs SUMO and matplotlib.
Left the whole network, right one junction from near: vehicles by speed, connected ones as squares, an arc for each pair.
"""
import argparse
from pathlib import Path

import graph
import scenario
from network import Network, point


def moment(recording, episode, time, seed):
    net_path, demand = recording / "network.net.xml", recording / f"demand-{episode}.rou.xml"
    for now, vehicles in scenario.frames(net_path, demand, time + scenario.STEP, seed * 1000 + episode):
        if now >= time:
            return Network(net_path), vehicles
    raise SystemExit(f"the simulation has no second {time}")


def draw_map(ax, net, vehicles, width):
    from matplotlib.patches import FancyArrowPatch
    for lane in net.lanes.values():
        ax.plot(*zip(*lane.shape), color="0.80" if lane.internal else "0.62", lw=width * (0.5 if lane.internal else 1), zorder=1)
    at = [point(net.lanes[v[2]].shape, net.lanes[v[2]].length, v[3]) for v in vehicles]
    for i, j, d in graph.pairs(net, vehicles):
        ax.add_patch(FancyArrowPatch(at[i], at[j], arrowstyle="-", connectionstyle="arc3,rad=0.2", shrinkA=0, shrinkB=0,
                                     color="tab:red", lw=width * 0.4, zorder=2))
    for marker, icv in (("o", False), ("s", True)):
        rows = [(p, v[4]) for p, v in zip(at, vehicles) if (v[1] == graph.ICV) == icv]
        shown = ax.scatter([p[0] for p, _ in rows], [p[1] for p, _ in rows], c=[s for _, s in rows], s=width * 9, marker=marker,
                           cmap="viridis", vmin=0, vmax=14, zorder=3, lw=0)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    return shown


def busiest(net, vehicles):
    at = [point(net.lanes[v[2]].shape, net.lanes[v[2]].length, v[3]) for v in vehicles]

    def around(name):
        x, y = net.points[name]
        return sum(abs(px - x) < 75 and abs(py - y) < 75 for px, py in at)
    return max(sorted({n for ends in net.ends.values() for n in ends}), key=around)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("recording", type=Path)
    p.add_argument("picture")
    p.add_argument("--time", type=float, default=600)
    p.add_argument("--episode", type=int, default=0)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--junction", help="default: the one with the most vehicles around it")
    a = p.parse_args()
    net, vehicles = moment(a.recording, a.episode, a.time, a.seed)
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, (whole, near) = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    shown = draw_map(whole, net, vehicles, 1)
    draw_map(near, net, vehicles, 3)
    name = a.junction or busiest(net, vehicles)
    x, y = net.points[name]
    near.set_xlim(x - 75, x + 75)
    near.set_ylim(y - 75, y + 75)
    found = graph.pairs(net, vehicles)
    whole.set_title(f"{len(vehicles)} vehicles, {2 * len(found)} edges, at {a.time:g} s")
    near.set_title(f"150 m around junction {name}; squares: connected vehicles")
    figure.colorbar(shown, ax=[whole, near], label="speed (m/s)", shrink=0.8)
    figure.savefig(a.picture, dpi=75)


if __name__ == "__main__":
    main()

"""Draws docs/pictures/guard.svg from what bench/guard measured: guard_plot.py build/bench/guard/curves.json LIMIT OUT

The memory of one build over time under one limit: the fixed -j that live or are lost, and the guard that knows the build."""
import json
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

TELLS = {"fixed": "make -j{jobs}", "warm": "headrace build -- make -j{jobs}"}


def main():
    limit = int(sys.argv[2])
    shown, guarded = [], None
    for c in json.load(open(sys.argv[1])):
        if c["limit_mib"] == limit and c["case"] == "fixed":
            shown.append(c)
        elif c["limit_mib"] == limit and c["case"] == "warm":
            guarded = c  # the last of them
    shown.append(guarded)
    fig, axes = plt.subplots(len(shown), 1, figsize=(7.5, 1.25 * len(shown) + 0.6), sharex=True, sharey=True)
    end = max(c["curve"][-1][0] for c in shown)
    for ax, c in zip(axes, shown):
        t, mib = [p[0] for p in c["curve"]], [p[1] for p in c["curve"]]
        colour = "#b3413a" if c["lost"] else "#1f7a8c" if c is guarded else "#8fa3ae"
        ax.fill_between(t, mib, color=colour, alpha=0.35, linewidth=0)
        ax.plot(t, mib, color=colour, linewidth=1)
        ax.axhline(limit, color="#a8742a", linewidth=1)
        says = f"{TELLS[c['case']].format(jobs=c['jobs'])}: " + (f"lost after {t[-1]:.0f} s, shot by the kernel" if c["lost"] else f"{t[-1]:.0f} s")
        ax.text(end, limit * 0.94, says, ha="right", va="top", fontsize=9, color="#17303f")
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        ax.set(ylim=(0, limit * 1.08), xlim=(0, end))
    axes[0].text(0.3, limit * 1.1, f"limit {limit} MiB", fontsize=8, color="#a8742a", va="bottom")
    axes[-1].set_xlabel("seconds", fontsize=9)
    fig.supylabel("MiB", fontsize=9)
    fig.tight_layout()
    fig.savefig(sys.argv[3], metadata={"Date": None})


main()

"""Draws docs/pictures/feed.svg from what bench/feed measured: feed_plot.py build/bench/feed.json OUT"""
import json
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

from feed_table import TELLS  # noqa: E402


def main():
    run = json.load(open(sys.argv[1]))[0]
    best = {}
    for r in run["rows"]:
        if "error" not in r and r["name"] != "ffcv_bytes":
            best[r["name"]] = max(best.get(r["name"], 0), r["samples_per_s"])
    rows = sorted(best.items(), key=lambda kv: kv[1])
    fig, ax = plt.subplots(figsize=(7.5, 0.34 * len(rows) + 0.9))
    ax.barh([TELLS[k] for k, _ in rows], [v for _, v in rows], color=["#1f7a8c" if k == "headrace" else "#c3d0d8" for k, _ in rows])
    for i, (_, v) in enumerate(rows):
        inside = v > run["limit"] / 10
        ax.text(v * (0.94 if inside else 1.06), i, f"{v:,.0f}", va="center", ha="right" if inside else "left", fontsize=8,
                color="white" if inside else "#17303f")
    ax.axvline(run["limit"], color="#a8742a", linewidth=1.2)
    ax.text(run["limit"] * 0.9, 0, "limit of one core", fontsize=8, color="#a8742a", ha="right", va="center")
    ax.set(xscale="log", xlim=(min(best.values()) / 2, run["limit"] * 3), xlabel="samples per second (logarithmic)")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0, labelsize=9)
    fig.tight_layout()
    fig.savefig(sys.argv[2], metadata={"Date": None})


main()

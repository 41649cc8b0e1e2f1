"""The training loop that both training scripts share.  It does not know who feeds it."""
import argparse
import json
import sys
import time
from pathlib import Path

import torch

from memory import Peak
from model import SpeedForecast


def options(what):
    p = argparse.ArgumentParser(description=what)
    p.add_argument("data", type=Path)
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--result", type=Path, help="write loss, rate and memory there, as JSON")
    return p.parse_args()


def one_epoch(model, optimizer, loader, losses):
    """(samples, seconds spent waiting for the next batch)"""
    samples, waiting, feed = 0, 0.0, iter(loader)
    while True:
        begin = time.perf_counter()
        batch = next(feed, None)
        waiting += time.perf_counter() - begin
        if batch is None:
            return samples, waiting
        loss = torch.nn.functional.mse_loss(model(batch), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        samples += len(batch.y)


def fit(loader, a):
    """Train; one line per epoch.  The loss is the mean square error of the predicted speeds, (m/s)^2."""
    # Steps of a few milliseconds gain little from more threads, and lose much when another process wants the cores.
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    model = SpeedForecast(nodes=10)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    rows, steps = [], []
    with Peak() as peak:
        for epoch in range(a.epochs):
            losses, begin = [], time.perf_counter()
            samples, waiting = one_epoch(model, optimizer, loader, losses)
            seconds = time.perf_counter() - begin
            steps += losses
            rows.append({"loss": sum(losses) / max(len(losses), 1), "seconds": seconds, "waiting": waiting, "samples": samples})
            print(f"  epoch {epoch + 1}: loss {rows[-1]['loss']:7.4f} (m/s)^2   {samples / seconds:7.0f} samples/s   "
                  f"waiting for data {100 * waiting / seconds:3.0f} % of the time", flush=True)
    if a.result:
        a.result.write_text(json.dumps({"epochs": rows, "steps": steps, "peak_bytes": peak.bytes}))
    if not rows or not all(r["samples"] for r in rows):
        sys.exit("no samples were fed")

"""What both scripts share: recorded graphs in JSON, a small graph network, a training loop."""
import glob
import json
import random
import sys
from pathlib import Path
from types import SimpleNamespace

import torch

torch.set_num_threads(1)  # the tensors are small


class Graphs(torch.utils.data.Dataset):
    """Every graph of the JSON files in a folder."""

    def __init__(self, folder):
        self.samples = [s for f in sorted(glob.glob(f"{folder}/*.json")) for s in json.loads(Path(f).read_text())]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        kinds = {"x": torch.float32, "edge_index": torch.int64, "edge_attr": torch.float32, "y": torch.float32}
        return {k: torch.tensor(self.samples[i][k], dtype=t) for k, t in kinds.items()}


def join(samples):
    """One graph out of many."""
    nodes = [len(s["x"]) for s in samples]
    starts = [sum(nodes[:i]) for i in range(len(nodes))]
    return SimpleNamespace(
        x=torch.cat([s["x"] for s in samples]),
        edge_index=torch.cat([s["edge_index"] + at for s, at in zip(samples, starts)], dim=1),
        edge_attr=torch.cat([s["edge_attr"] for s in samples]),
        y=torch.stack([s["y"] for s in samples]),
        batch=torch.repeat_interleave(torch.arange(len(nodes)), torch.tensor(nodes)),
    )


class Network(torch.nn.Module):
    """Two rounds of messages along the edges, then one number per graph."""

    def __init__(self, width=32):
        super().__init__()
        self.enter = torch.nn.Linear(4, width)
        self.message = torch.nn.ModuleList(torch.nn.Linear(width + 2, width) for _ in range(2))
        self.leave = torch.nn.Linear(width, 1)

    def forward(self, b):
        h = torch.relu(self.enter(b.x))
        for layer in self.message:
            sent = torch.relu(layer(torch.cat([h[b.edge_index[0]], b.edge_attr], 1)))
            h = h + torch.zeros_like(h).index_add_(0, b.edge_index[1], sent)
        graphs = torch.zeros(len(b.y), h.shape[1]).index_add_(0, b.batch, h)
        return self.leave(graphs / 10)


def train(model, loader, epochs=6):
    """The mean loss of every epoch; printed, and returned."""
    optimizer, curve = torch.optim.Adam(model.parameters(), lr=2e-3), []
    for _ in range(epochs):
        total, steps = 0.0, 0
        for batch in loader:
            loss = torch.nn.functional.mse_loss(model(batch), batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, steps = total + loss.item(), steps + 1
        curve.append(total / steps)
    print(json.dumps(curve))
    return curve


def record(folder, graphs=640, seed=1):
    """Writes graphs whose label is the flow between their nodes, with some noise, as JSON files of 80."""
    r = random.Random(seed)
    Path(folder).mkdir(parents=True, exist_ok=True)
    rows = []
    for _ in range(graphs):
        n, e = r.randint(5, 15), r.randint(10, 40)
        x = [[r.gauss(0, 1) for _ in range(4)] for _ in range(n)]
        index = [[r.randrange(n) for _ in range(e)] for _ in range(2)]
        attr = [[r.random(), r.gauss(0, 1)] for _ in range(e)]
        flow = sum(a[0] * x[s][0] - 0.5 * x[t][1] for a, s, t in zip(attr, *index)) / 5
        rows.append({"x": x, "edge_index": index, "edge_attr": attr, "y": [flow + r.gauss(0, 0.1)]})
    for i in range(0, graphs, 80):
        Path(folder, f"chunk_{i // 80:03}.json").write_text(json.dumps(rows[i : i + 80]))


if __name__ == "__main__":
    record(sys.argv[1])

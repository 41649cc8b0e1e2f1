"""A small graph network in plain torch: from one moment of traffic to the mean speed of the next ten seconds."""
import torch
from torch import nn


class Layer(nn.Module):
    """One round of messages: every edge's message from its source, its target and its own features, averaged at the target."""

    def __init__(self, width):
        super().__init__()
        self.source, self.target, self.edge = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.update = nn.Linear(2 * width, width)

    def forward(self, h, source, target, e, degree):
        message = torch.relu(self.source(h)[source] + self.target(h)[target] + self.edge(e))
        inbox = torch.zeros_like(h).index_add_(0, target, message) / degree
        return h + torch.relu(self.update(torch.cat([h, inbox], 1)))


class SpeedForecast(nn.Module):
    """batch (x, edge_index, edge_attr, globals, batch) -> [B, 8] mean speeds in m/s, `HORIZON` seconds ahead."""

    def __init__(self, nodes, edges=4, metrics=16, out=8, width=32, rounds=2):
        super().__init__()
        self.node, self.edge = nn.Linear(nodes, width), nn.Linear(edges, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(rounds))
        self.out = nn.Sequential(nn.Linear(width + metrics, 2 * width), nn.ReLU(), nn.Linear(2 * width, out))

    def forward(self, b):
        source, target = b.edge_index[0], b.edge_index[1]
        h, e = torch.relu(self.node(b.x)), torch.relu(self.edge(b.edge_attr))
        ones = torch.ones(len(target), 1)
        degree = torch.zeros(len(h), 1).index_add_(0, target, ones).clamp_(min=1)
        for layer in self.layers:
            h = layer(h, source, target, e, degree)
        graphs = len(b.globals)
        size = torch.zeros(graphs, 1).index_add_(0, b.batch, torch.ones(len(h), 1)).clamp_(min=1)
        pooled = torch.zeros(graphs, h.shape[1]).index_add_(0, b.batch, h) / size
        return self.out(torch.cat([pooled, b.globals], 1))

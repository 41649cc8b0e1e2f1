#!/usr/bin/env python3
"""Trains on the graphs of a folder: FOLDER SEED"""
import sys

import torch
from torch.utils.data import DataLoader

from common import Graphs, Network, join, train

folder, seed = sys.argv[1], int(sys.argv[2])
torch.manual_seed(seed)
loader = DataLoader(Graphs(folder), batch_size=16, shuffle=True, collate_fn=join)
train(Network(), loader)

#!/usr/bin/env python3
"""Trains on the graphs of a folder: FOLDER SEED"""
import sys

import torch
from headrace import Loader

from common import Graphs, Network, join, train

folder, seed = sys.argv[1], int(sys.argv[2])
torch.manual_seed(seed)
loader = Loader(f"{folder}/*.json", batch_size=16, shuffle=True, seed=seed)
train(Network(), loader)

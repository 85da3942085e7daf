"""W10: whole numbers by PyTorch's DataLoader.

config: items, batch, shuffle, workers; first: how often to begin and take one
batch, 0 to take all.
"""
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import peer


class Numbers(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i


class Peer:
    def __init__(self, config):
        torch.set_num_threads(1)
        self.first = config["first"]
        self.loader = DataLoader(Numbers(config["items"]), batch_size=config["batch"], shuffle=config["shuffle"], num_workers=config["workers"])
        self.version = f"torch {torch.__version__}"

    def check(self, what):
        np.concatenate([x.numpy() for x in self.loader]).astype("<i4").tofile(what["out"])

    def run(self, part, parts):
        if self.first:
            return sum(len(next(iter(self.loader))) > 0 for _ in range(self.first))
        return sum(len(x) for x in self.loader)


peer.serve(Peer)

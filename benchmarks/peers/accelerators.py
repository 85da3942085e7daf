"""W8: simulated accelerators fed by PyTorch's DataLoader and NumPy, one process
each with two workers, as DLIO's reader does it.

config: dir, format, record, take, batch, step, steps, rule.
"""
import itertools
import json
import multiprocessing
import os
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import peer


class Samples(Dataset):
    """All samples, several times over if they are fewer than least."""

    def __init__(self, c, least):
        self.c = c
        self.files = sorted(os.path.join(c["dir"], name) for name in os.listdir(c["dir"]))
        self.each = os.path.getsize(self.files[0]) // c["record"] if c["format"] == "records" else 1
        self.n = len(self.files) * self.each
        self.times = max(1, -(-least // self.n))

    def __len__(self):
        return self.n * self.times

    def __getitem__(self, i):
        i %= self.n
        file, c = self.files[i // self.each], self.c
        if c["format"] == "npz":
            x = np.load(file)["x"]
        elif c["format"] == "records":
            x = np.fromfile(file, np.uint8, c["record"], offset=i % self.each * c["record"])
        else:
            x = np.fromfile(file, np.uint8)
        return torch.from_numpy(x[: c["take"]] if c["take"] else x)


def endless(c, rank, world):
    data = Samples(c, world * c["batch"])
    sampler = torch.utils.data.distributed.DistributedSampler(data, world, rank, drop_last=False)
    loader = DataLoader(data, batch_size=c["batch"], sampler=sampler, num_workers=2, drop_last=True, persistent_workers=True)
    for epoch in itertools.count():
        sampler.set_epoch(epoch)
        yield from loader


def accelerate(c, rank, start, results):
    try:
        torch.set_num_threads(1)
        batches = endless(c, rank, start.parties)
        next(batches)
        start.wait()
        began = time.perf_counter()
        for k in range(c["steps"]):
            time.sleep(c["step"])
            if k + 1 < c["steps"]:
                next(batches)
        results.put(c["steps"] * c["step"] / (time.perf_counter() - began))
    except Exception as e:  # for the peer to tell, which would wait for ever
        results.put(f"{type(e).__name__}: {e}")
        start.abort()


class Peer:
    def __init__(self, config):
        self.config, self.n = config, 1
        self.version = f"torch {torch.__version__}, numpy {np.__version__}"

    def check(self, what):
        self.n = what["n"]
        if what["out"]:
            with open(what["out"], "w") as f:
                json.dump(self.trial(), f)

    def trial(self):
        """The mean utilisation of n accelerators."""
        start, results = multiprocessing.Barrier(self.n), multiprocessing.Queue()
        ranks = [multiprocessing.Process(target=accelerate, args=(self.config, r, start, results)) for r in range(self.n)]
        for p in ranks:
            p.start()
        busy = [results.get() for _ in ranks]
        for p in ranks:
            p.join()
        for b in busy:
            if isinstance(b, str):
                raise RuntimeError(b)
        return sum(busy) / self.n

    def run(self, part, parts):
        c = self.config
        while True:
            cpu = peer.cpu()
            busy = self.trial()
            if busy >= c["rule"] or self.n == 1:
                return self.n * c["batch"] * c["steps"], c["steps"] * c["step"] / busy, peer.cpu() - cpu
            self.n -= 1


peer.serve(Peer)

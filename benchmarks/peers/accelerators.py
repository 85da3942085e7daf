"""Simulated accelerators fed by PyTorch's DataLoader and NumPy, one process each
with two workers, as DLIO's reader does it.

The only argument is JSON: dir, format, record, take, batch, step, accelerators,
steps. It prints {"utilisation": mean}.
"""
import itertools
import json
import multiprocessing
import os
import sys
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Samples(Dataset):
    def __init__(self, c):
        self.c = c
        self.files = sorted(os.path.join(c["dir"], name) for name in os.listdir(c["dir"]))
        self.each = os.path.getsize(self.files[0]) // c["record"] if c["format"] == "records" else 1

    def __len__(self):
        return len(self.files) * self.each

    def __getitem__(self, i):
        file, c = self.files[i // self.each], self.c
        if c["format"] == "npz":
            x = np.load(file)["x"]
        elif c["format"] == "records":
            x = np.fromfile(file, np.uint8, c["record"], offset=i % self.each * c["record"])
        else:
            x = np.fromfile(file, np.uint8)
        return torch.from_numpy(x[: c["take"]] if c["take"] else x)


def endless(c, rank):
    data = Samples(c)
    sampler = torch.utils.data.distributed.DistributedSampler(data, c["accelerators"], rank, drop_last=False)
    loader = DataLoader(data, batch_size=c["batch"], sampler=sampler, num_workers=2, drop_last=True, persistent_workers=True)
    for epoch in itertools.count():
        sampler.set_epoch(epoch)
        yield from loader


def accelerate(c, rank, start, results):
    torch.set_num_threads(1)
    batches = endless(c, rank)
    next(batches)
    start.wait()
    began = time.perf_counter()
    for k in range(c["steps"]):
        time.sleep(c["step"])
        if k + 1 < c["steps"]:
            next(batches)
    results.put(c["steps"] * c["step"] / (time.perf_counter() - began))


if __name__ == "__main__":
    c = json.loads(sys.argv[1])
    n = c["accelerators"]
    start, results = multiprocessing.Barrier(n), multiprocessing.Queue()
    ranks = [multiprocessing.Process(target=accelerate, args=(c, r, start, results)) for r in range(n)]
    for p in ranks:
        p.start()
    print(json.dumps({"utilisation": sum(results.get() for _ in ranks) / n}))
    for p in ranks:
        p.join()

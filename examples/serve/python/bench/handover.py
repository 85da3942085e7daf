"""How fast batches reach a trainer: shared slots, sockets, and PyTorch's DataLoader.

    python examples/serve/python/bench/handover.py

Batches are 256 x 3 x 224 x 224 bytes (38.5 MB). The contenders take turns for a
second each, in several rounds, and medians are shown: batches and bytes a second,
and CPU time of this process (the consumer) and of those that feed it, per batch.
Needs Go; contenders of PyTorch run where it is installed.
"""

import argparse
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import tempfile
import time

import numpy as np

import stoker

SHAPE = (256, 3, 224, 224)
SIZE = int(np.prod(SHAPE))


class Ours:
    def __init__(self, server, path, dataset, shared, name):
        self.name, self.server = name, server
        self.loader = stoker.Loader(path, dataset=dataset, shared=shared)
        self.take = iter(self.loader).__next__

    def feeders(self):
        return [self.server]


class Raw:
    """A socket and a buffer, and no protocol."""

    name = "raw Unix socket loop"

    def __init__(self, server, path):
        self.server = server
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = memoryview(np.empty(SIZE, np.uint8))

    def take(self):
        at = 0
        while at < SIZE:
            at += self.socket.recv_into(self.buffer[at:])

    def feeders(self):
        return [self.server]


class Torch:
    """A map-style data set of images in memory, collated by its workers."""

    name = "PyTorch DataLoader(num_workers=2)"

    def __init__(self):
        import torch
        from torch.utils.data import DataLoader, Dataset

        class Images(Dataset):
            image = torch.full(SHAPE[1:], 7, dtype=torch.uint8)

            def __len__(self):
                return 1 << 24

            def __getitem__(self, i):
                return self.image

        self.iterator = iter(DataLoader(Images(), batch_size=SHAPE[0], num_workers=2))
        self.take = self.iterator.__next__

    def feeders(self):
        return [w.pid for w in self.iterator._workers]


def cpu_of(pids):
    """CPU seconds of processes so far."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def own_cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(contender, seconds):
    """Take batches for a time; return how many, the seconds that took, and CPU seconds of both sides."""
    for _ in range(20):  # also what was ready, and memory that is touched first
        contender.take()
    feeders = contender.feeders()
    n, ours, theirs, began = 0, own_cpu(), cpu_of(feeders), time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        contender.take()
        n += 1
    return n, elapsed, own_cpu() - ours, cpu_of(feeders) - theirs


class Server:
    """The Go program that makes the batches, built by build()."""

    def __init__(self, binary, directory):
        self.path, self.raw = os.path.join(directory, "s.sock"), os.path.join(directory, "raw.sock")
        self.process = subprocess.Popen([binary, "-listen", self.path, "-raw", self.raw], stdin=subprocess.PIPE)
        while not os.path.exists(self.path):
            if self.process.poll() is not None:
                raise RuntimeError("the server ended")
            time.sleep(0.01)

    def close(self):
        self.process.kill()
        self.process.wait()

    def contenders(self):
        """Makes those that need a server, by name."""
        pid = self.process.pid
        return {
            "built": lambda: Ours(pid, self.path, "built", True, "shared slots, already built"),
            "copied": lambda: Ours(pid, self.path, "copied", True, "shared slots, one copy into the slot"),
            "socket": lambda: Ours(pid, self.path, "built", False, "Unix socket"),
            "raw": lambda: Raw(pid, self.raw),
        }


def build(directory):
    binary = os.path.join(directory, "images")
    here = pathlib.Path(__file__).resolve().parent
    subprocess.run(["go", "build", "-o", binary, "."], cwd=here / "images", check=True)
    return binary


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--seconds", type=float, default=1.0)
    args = args.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(build(directory), directory)
        try:
            contenders = [make() for make in server.contenders().values()]
            try:
                contenders.append(Torch())
            except ImportError:
                print("PyTorch is not installed, and not measured")
            results = [[] for _ in contenders]
            for _ in range(args.rounds):
                for result, contender in zip(results, contenders):
                    n, elapsed, ours, theirs = run(contender, args.seconds)
                    result.append((n / elapsed, ours / n, theirs / n))
        finally:
            server.close()
    print(f"{'':38} {'batches/s':>10} {'GB/s':>7} {'consumer ms':>12} {'feeders ms':>11}")
    for contender, result in zip(contenders, results):
        rate, ours, theirs = (statistics.median(column) for column in zip(*result))
        print(f"{contender.name:38} {rate:10.1f} {rate * SIZE / 1e9:7.2f} {ours * 1e3:12.4f} {theirs * 1e3:11.4f}")


if __name__ == "__main__":
    main()

"""W9: batches handed over by a stoker server, or by PyTorch's workers.

config: client, the folder of the Python client; server, a program; kind; seconds.
"""
import os
import platform
import sys
import tempfile

import numpy as np

import peer

SERVED = {"ours": "copied", "ours_built": "built", "ours_socket": "socket", "raw": "raw"}


class Copy:
    """What one copy of a batch costs."""

    def __init__(self, size):
        self.image, self.buffer = np.full(size, 7, np.uint8), np.zeros(size, np.uint8)

    def take(self):
        np.copyto(self.buffer, self.image)

    def feeders(self):
        return []


class Peer:
    def __init__(self, config):
        sys.path[:0] = [config["client"], os.path.join(config["client"], "bench")]
        import handover

        self.handover, self.seconds, self.server = handover, config["seconds"], None
        self.version = f"Python {platform.python_version()}, numpy {np.__version__}"
        kind = config["kind"]
        if kind == "torch_2":
            import torch

            torch.set_num_threads(1)
            self.version = f"torch {torch.__version__}"
            self.contender = handover.Torch()
        elif kind == "memcpy":
            self.contender = Copy(handover.SIZE)
        else:
            self.directory = tempfile.TemporaryDirectory()
            self.server = handover.Server(config["server"], self.directory.name)
            self.contender = self.server.contenders()[SERVED[kind]]()

    def check(self, what):
        batch = self.contender.take()
        if batch is None:
            batch = self.contender.buffer
        elif isinstance(batch, dict):
            batch = batch["image"]
        np.asarray(batch).tofile(what["out"])

    def run(self, part, parts):
        n, wall, consumer, feeders = self.handover.run(self.contender, self.seconds)
        return n, wall, consumer + feeders

    def close(self):
        if self.server:
            self.server.close()


peer.serve(Peer)

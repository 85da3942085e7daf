"""W7: volumes in .npz files, or crops of them.

config: files, each with an array "image"; crop: the size of the part that is wanted,
empty for the whole; kind: "loader" for PyTorch's DataLoader, "numpy" for a loop.
"""
import random

import numpy as np

import peer


class Volumes:
    def __init__(self, config):
        self.files, self.crop = config["files"], config["crop"]

    def __len__(self):
        return len(self.files)

    def at(self, i, at=None):
        image = np.load(self.files[i])["image"]
        if not self.crop:
            return image
        if at is None:
            at = [random.randint(0, n - c) for n, c in zip(image.shape, self.crop)]
        return np.ascontiguousarray(image[tuple(slice(a, a + c) for a, c in zip(at, self.crop))])

    def __getitem__(self, i):
        return self.at(i)


class Peer:
    def __init__(self, config):
        self.data = Volumes(config)
        self.version = f"numpy {np.__version__}"
        self.loader = self.data
        if config["kind"] == "loader":
            import torch
            from torch.utils.data import DataLoader

            torch.set_num_threads(1)
            self.version = f"torch {torch.__version__}, {self.version}"
            self.loader = DataLoader(self.data, batch_size=1, shuffle=True)

    def check(self, what):
        with open(what["out"], "wb") as f:
            f.write(self.data.at(what["file"], what["at"]).tobytes())

    def run(self, part, parts):
        n = 0
        if self.loader is not self.data:
            return sum(len(x) for x in self.loader)
        for i in np.random.permutation(len(self.data)).tolist():
            self.data.at(i)
            n += 1
        return n


peer.serve(Peer)

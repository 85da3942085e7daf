"""W6: windows of a file of uint16 tokens in a numpy memory map.

config: path; tokens; window; batch; workers; shuffle; kind: "loader" for PyTorch's
DataLoader, "numpy" for a loop by hand that fills one batch again and again.
"""
import numpy as np

import peer


class Windows:
    def __init__(self, config):
        self.path, self.window = config["path"], config["window"]
        self.n = (config["tokens"] - 1) // self.window
        self.tokens = np.memmap(self.path, np.uint16, "r")

    def __len__(self):
        return self.n

    def at(self, i):
        w = self.tokens[i * self.window : (i + 1) * self.window + 1].astype(np.int32)
        return w[:-1], w[1:]

    def __getitem__(self, i):
        import torch

        x, y = self.at(i)
        return torch.from_numpy(x), torch.from_numpy(y)


class Peer:
    def __init__(self, config):
        self.data, self.batch, self.shuffle = Windows(config), config["batch"], config["shuffle"]
        self.version = f"numpy {np.__version__}"
        if config["kind"] == "numpy":
            self.run = self.run_numpy
            return
        import torch
        from torch.utils.data import DataLoader

        torch.set_num_threads(1)
        self.version = f"torch {torch.__version__}, {self.version}"
        self.loader = DataLoader(self.data, batch_size=self.batch, shuffle=self.shuffle, num_workers=config["workers"])

    def check(self, what):
        with open(what["out"], "wb") as f:
            for i in what["windows"]:
                for part in self.data.at(i):
                    f.write(np.ascontiguousarray(part).tobytes())

    def run(self, part, parts):
        return sum(len(x) for x, _ in self.loader)

    def run_numpy(self, part, parts):
        n, w, tokens = len(self.data), self.data.window, self.data.tokens
        x, y = (np.empty((self.batch, w), np.int32) for _ in range(2))
        order = np.random.permutation(n) if self.shuffle else np.arange(n)
        for k, i in enumerate(order.tolist()):
            x[k % self.batch] = tokens[i * w : (i + 1) * w]
            y[k % self.batch] = tokens[i * w + 1 : (i + 1) * w + 1]
        return n


peer.serve(Peer)

"""W1: LitData, from its own chunks.

config: files, batch, work: a folder for the chunks.
"""
import functools
import importlib.metadata

import litdata
import torch

import peer
import pil_images


def read(files, i):  # in the place of a path, optimize would keep what the file holds
    with open(files[i], "rb") as f:
        return {"i": i, "image": f.read()}


class Images(litdata.StreamingDataset):
    def __getitem__(self, i):
        return pil_images.augmented(super().__getitem__(i)["image"])


class Peer(pil_images.Peer):
    def __init__(self, config):
        super().__init__(config)
        torch.set_num_threads(1)
        self.work = config["work"]
        litdata.optimize(functools.partial(read, self.files), list(range(len(self.files))), self.work, chunk_bytes="64MB", num_workers=1)
        self.data = Images(self.work, shuffle=True)
        self.version = f"litdata {importlib.metadata.version('litdata')}, torch {torch.__version__}"

    def stored(self):
        for sample in litdata.StreamingDataset(self.work):
            yield self.files[sample["i"]], sample["image"]

    def batches(self):
        return litdata.StreamingDataLoader(self.data, batch_size=self.batch, num_workers=0)


if __name__ == "__main__":  # optimize starts processes that import this file
    peer.serve(Peer)

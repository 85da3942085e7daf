"""W1: Grain, whose threads read and decode ahead.

config: files, batch.
"""
import importlib.metadata

import grain
import numpy as np

import peer
import pil_images


def load(file):
    with open(file, "rb") as f:
        return np.asarray(pil_images.augmented(f.read()))


class Peer(pil_images.Peer):
    def __init__(self, config):
        super().__init__(config)
        self.data = grain.MapDataset.source(self.files).seed(1).shuffle().map(load).batch(self.batch)
        self.version = f"Grain {importlib.metadata.version('grain')}"

    def batches(self):
        return self.data.to_iter_dataset()


peer.serve(Peer)

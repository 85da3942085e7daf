"""W1: MosaicML Streaming, from its own shards.

config: files, batch, work: a folder for the shards.
"""
import importlib.metadata

import torch
from streaming import MDSWriter, StreamingDataset
from torch.utils.data import DataLoader

import peer
import pil_images


class Images(StreamingDataset):
    def __getitem__(self, i):
        return pil_images.augmented(super().__getitem__(i)["image"])


class Peer(pil_images.Peer):
    def __init__(self, config):
        super().__init__(config)
        torch.set_num_threads(1)
        with MDSWriter(out=config["work"], columns={"image": "bytes", "file": "str"}) as out:
            for file, data in super().stored():
                out.write({"image": data, "file": file})
        self.data = Images(local=config["work"], shuffle=True, batch_size=self.batch)
        self.version = f"mosaicml-streaming {importlib.metadata.version('mosaicml-streaming')}, torch {torch.__version__}"

    def stored(self):
        for i in range(len(self.files)):
            sample = StreamingDataset.__getitem__(self.data, i)
            yield sample["file"], sample["image"]

    def batches(self):
        return DataLoader(self.data, batch_size=self.batch, num_workers=0)


peer.serve(Peer)

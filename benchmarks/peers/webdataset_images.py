"""W1: WebDataset, from tar files, shuffled within a buffer.

config: files, batch, work: a folder for the tar files.
"""
import os

import torch
import webdataset as wds

import peer
import pil_images


class Peer(pil_images.Peer):
    def __init__(self, config):
        super().__init__(config)
        torch.set_num_threads(1)
        os.makedirs(config["work"], exist_ok=True)
        self.shards = []
        for n, at in enumerate(range(0, len(self.files), 512)):
            self.shards.append(os.path.join(config["work"], f"{n:05}.tar"))
            with wds.TarWriter(self.shards[-1]) as tar:
                for k, file in enumerate(self.files[at : at + 512]):
                    with open(file, "rb") as f:
                        tar.write({"__key__": f"{at + k:08}", "jpg": f.read(), "path": file.encode()})
        self.version = f"webdataset {wds.__version__}, torch {torch.__version__}"

    def stored(self):
        for sample in wds.WebDataset(self.shards, shardshuffle=False):
            yield sample["path"].decode(), sample["jpg"]

    def batches(self):
        data = wds.WebDataset(self.shards, shardshuffle=len(self.shards)).shuffle(1000).to_tuple("jpg")
        data = data.map(lambda sample: pil_images.augmented(sample[0])).batched(self.batch, collation_fn=torch.stack)
        return wds.WebLoader(data, batch_size=None, num_workers=0)


peer.serve(Peer)

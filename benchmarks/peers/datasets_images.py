"""W1: Hugging Face's datasets, which transforms rows when they are taken.

config: files, batch.
"""
import datasets
import torch
from torch.utils.data import DataLoader

import peer
import pil_images


def augmented(rows):
    return {"image": [pil_images.augmented(image["bytes"]) for image in rows["image"]]}


class Peer(pil_images.Peer):
    def __init__(self, config):
        super().__init__(config)
        torch.set_num_threads(1)
        datasets.disable_progress_bars()
        rows = [{"bytes": data, "path": file} for file, data in super().stored()]
        rows = datasets.Dataset.from_list([{"image": row} for row in rows])
        self.rows = rows.cast_column("image", datasets.Image(decode=False))
        self.version = f"datasets {datasets.__version__}, torch {torch.__version__}"

    def stored(self):
        for row in self.rows:
            yield row["image"]["path"], row["image"]["bytes"]

    def batches(self):
        rows = self.rows.with_transform(augmented)
        collate = lambda rows: torch.stack([row["image"] for row in rows])
        return DataLoader(rows, batch_size=self.batch, shuffle=True, num_workers=0, collate_fn=collate)


peer.serve(Peer)

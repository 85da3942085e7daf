"""W2_resized: FFCV's loader over a file of raw images.

config: pixels, a file of images of 256 by 256; images; epochs; batch; workers:
threads. FFCV draws its crops inside of compiled code and shrinks with OpenCV's
INTER_AREA, so its pixels cannot be compared with those of the others.
"""
import numpy as np
import torch
from ffcv.fields import IntField, RGBImageField
from ffcv.fields.decoders import RandomResizedCropRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import RandomHorizontalFlip, ToTensor, ToTorchImage
from ffcv.writer import DatasetWriter

import peer

FROM, TO = 256, 224


class Images:
    def __init__(self, pixels):
        self.pixels = pixels

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, i):
        return np.array(self.pixels[i]), 0


class Peer:
    version = "ffcv 1.0.2"

    def __init__(self, config):
        pixels = np.memmap(config["pixels"], np.uint8, "r", shape=(config["images"], FROM, FROM, 3))
        file = config["pixels"] + ".beton"
        writer = DatasetWriter(file, {"image": RGBImageField(write_mode="raw"), "label": IntField()}, num_workers=1)
        writer.from_indexed_dataset(Images(pixels))
        self.epochs = config["epochs"]
        steps = [RandomResizedCropRGBImageDecoder((TO, TO)), RandomHorizontalFlip(), ToTensor(), ToTorchImage(channels_last=False)]
        self.loader = Loader(file, batch_size=config["batch"], num_workers=config["workers"], order=OrderOption.RANDOM,
                             os_cache=True, drop_last=False, pipelines={"image": steps, "label": None})

    def run(self, part, parts):
        n = 0
        for _ in range(self.epochs):
            for images, *_ in self.loader:
                assert images.shape[1:] == (3, TO, TO) and images.dtype == torch.uint8
                n += len(images)
        return n


peer.serve(Peer)

"""W2: crops of decoded images in a numpy memory map.

config: pixels, a file of images of 256 by 256; images; epochs; batch; workers;
resize: true for random resized crops; kind: "loader" for PyTorch's DataLoader,
"numpy" for a loop by hand that fills one batch again and again.
"""
import random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import peer

FROM, TO = 256, 224


def window(image, x, y, flip):
    """The window as a view, planes first."""
    cut = image[y : y + TO, x : x + TO]
    return (cut[:, ::-1] if flip else cut).transpose(2, 0, 1)


def draw():
    return random.randrange(FROM - TO + 1), random.randrange(FROM - TO + 1), random.random() < 0.5


class Crops(Dataset):
    def __init__(self, pixels):
        self.pixels = pixels

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, i):
        return torch.from_numpy(np.ascontiguousarray(window(self.pixels[i], *draw()))), 0

    def at(self, s):
        return np.ascontiguousarray(window(self.pixels[s["index"]], s["x"], s["y"], s["flip"]))


class ResizedCrops(Crops):
    def __init__(self, pixels):
        from torchvision.transforms import v2

        super().__init__(pixels)
        self.augment = v2.Compose([v2.RandomResizedCrop(TO, antialias=True), v2.RandomHorizontalFlip()])
        self.functional = v2.functional

    def image(self, i):
        return torch.from_numpy(self.pixels[i].copy()).permute(2, 0, 1)

    def __getitem__(self, i):
        return self.augment(self.image(i)), 0

    def at(self, s):
        image = self.functional.resized_crop(self.image(s["index"]), s["y"], s["x"], s["h"], s["w"], [TO, TO], antialias=True)
        return (self.functional.horizontal_flip(image) if s["flip"] else image).contiguous().numpy()


class Peer:
    def __init__(self, config):
        torch.set_num_threads(1)
        self.batch, self.epochs = config["batch"], config["epochs"]
        self.pixels = np.memmap(config["pixels"], np.uint8, "r", shape=(config["images"], FROM, FROM, 3))
        self.data = (ResizedCrops if config["resize"] else Crops)(self.pixels)
        self.version = f"numpy {np.__version__}"
        if config["kind"] == "numpy":
            self.run = self.run_numpy
            return
        self.version = f"torch {torch.__version__}, {self.version}"
        self.loader = DataLoader(self.data, batch_size=self.batch, shuffle=True, num_workers=config["workers"])

    def check(self, what):
        with open(what["out"], "wb") as f:
            for s in what["samples"]:
                f.write(self.data.at(s).tobytes())

    def run(self, part, parts):
        return sum(len(images) for _ in range(self.epochs) for images, _ in self.loader)

    def run_numpy(self, part, parts):
        out = np.empty((self.batch, 3, TO, TO), np.uint8)
        n = 0
        for _ in range(self.epochs):
            for i in np.random.permutation(len(self.pixels)):
                out[n % self.batch] = window(self.pixels[i], *draw())
                n += 1
        return n


peer.serve(Peer)

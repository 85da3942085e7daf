"""W1: PyTorch's DataLoader with torchvision, as its documentation shows it.

config: files, batch, workers, float: true for the PIL pipeline that ends with
ToTensor and Normalize, false for uint8 by torchvision.io and transforms v2.
"""
import PIL
import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.io import ImageReadMode, decode_image, read_file
from torchvision.transforms import functional, v2
from torchvision.transforms.v2 import functional as functional2

import peer

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Floats(Dataset):
    augment = transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()])
    convert = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])

    def __init__(self, files):
        self.files = files

    def __len__(self):
        return len(self.files)

    def load(self, file):
        with open(file, "rb") as f:
            return Image.open(f).convert("RGB")

    def __getitem__(self, i):
        return self.convert(self.augment(self.load(self.files[i]))), 0

    def at(self, s):
        image = functional.resized_crop(self.load(s["file"]), s["y"], s["x"], s["h"], s["w"], [224, 224])
        return self.convert(functional.hflip(image) if s["flip"] else image)


class Bytes(Floats):
    augment = v2.Compose([v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip()])
    convert = staticmethod(lambda image: image)

    def load(self, file):
        return decode_image(read_file(file), mode=ImageReadMode.RGB)

    def at(self, s):
        image = functional2.resized_crop(self.load(s["file"]), s["y"], s["x"], s["h"], s["w"], [224, 224], antialias=True)
        return functional2.horizontal_flip(image) if s["flip"] else image


class Peer:
    def __init__(self, config):
        torch.set_num_threads(1)
        self.data = (Floats if config["float"] else Bytes)(config["files"])
        self.loader = DataLoader(self.data, batch_size=config["batch"], shuffle=True, num_workers=config["workers"])
        self.version = f"torch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}"

    def check(self, what):
        torch.stack([self.data.at(s) for s in what["samples"]]).numpy().tofile(what["out"])

    def run(self, part, parts):
        return sum(len(images) for images, _ in self.loader)


peer.serve(Peer)

"""Trains an image classifier twice: fed by stoker, and by torch.utils.data.DataLoader.

    python examples/trainers/images.py

Both read the same folder of JPEG files, which is made first, crop, mirror and
batch them, and train the same model as long on the same device: "cuda" where there
is one. Printed are the accuracy on other images, and wall and CPU time of the
training, that of all processes. The third row trains as long on one batch in
memory: what lies above it is loading.
"""

import argparse
import contextlib
import pathlib
import resource
import tempfile
import time

import server
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

import stoker

SIZE = 48  # of the crops
SCALE = (0.7, 1.0)  # their area, as a part of the image's
BATCH = 32
CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")

CROP = {"vision.RandomResizedCrop": {"Size": SIZE, "Scale": SCALE}}
WHOLE = {"vision.Resize": {"Height": SIZE, "Width": SIZE}}
JPEG, NCHW = 1, 0


def folder(directory, split, *pixels):
    """A folder of images with one folder for each class, as the server reads it."""
    return {
        "Source": {"raw": {"Data": str(directory / split), "Label": "ParentDir"}},
        "Transforms": ["vision.Decode", *pixels, {"vision.ToTensor": {"Layout": NCHW}}],
        "BatchSize": BATCH,
    }


def make_images(directory, split, count, seed):
    """Write JPEG files of one shape each."""
    shapes = {"Height": 160, "Width": 160, "MaxShapes": 1, "MinSize": 0.5, "MaxSize": 0.9, "Encoded": JPEG}
    shapes |= {"Classes": [0, 2, 3, 5], "Grounds": [0, 1], "Rows": count, "Seed": seed}
    command = server.command(directory, {split: {"Source": {"shapes": shapes}, "BatchSize": BATCH}})
    n = 0
    with stoker.Loader.spawn(command) as loader:
        names = loader.schema["label"].names
        for batch in loader:
            for image, label in zip(batch["image"], batch["label"]):
                path = directory / split / names[label] / f"{n:06}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(image)
                n += 1


@contextlib.contextmanager
def stoker_feed(directory):
    """Epochs of batches that a server decodes, crops and mirrors."""
    train = folder(directory, "train", CROP, {"vision.FlipH": {"P": 0.5}})
    command = server.command(directory, {"train": {**train, "Order": "loader.Shuffle", "Remainder": "drop"}})
    with stoker.Loader.spawn(command, pin=CUDA) as loader:
        yield loader.torch()


@contextlib.contextmanager
def dataloader_feed(directory):
    """The same by two workers of PyTorch, with Pillow and torchvision."""
    pixels = v2.Compose([v2.RandomResizedCrop(SIZE, SCALE), v2.RandomHorizontalFlip(), v2.PILToTensor()])
    data = DataLoader(
        ImageFolder(directory / "train", pixels),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=2,
        persistent_workers=True,
        pin_memory=CUDA,
    )
    yield Named(data)


class Named:
    """Batches as the server calls their fields."""

    def __init__(self, data):
        self.data = data

    def __iter__(self):
        return ({"image": image, "label": label} for image, label in self.data)


@contextlib.contextmanager
def memory_feed(directory):
    """One batch, as often."""
    with stoker_feed(directory) as data:
        batch = {name: tensor.clone() for name, tensor in next(iter(data)).items()}
        steps = len(data)
    yield [batch] * steps


def model():
    """A small convolutional network, the same each time."""
    torch.manual_seed(1)
    layers, before = [], 3
    for channels in (16, 32, 64, 64):
        layers += [nn.Conv2d(before, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.ReLU()]
        before = channels
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(4)).to(DEVICE)


def on_device(batch):
    image = batch["image"].to(DEVICE, non_blocking=True)
    return image.float().div_(127.5).sub_(1), batch["label"].to(DEVICE, non_blocking=True).long()


def train(data, steps, epochs):
    """Return a model that has seen data, of so many batches, for some epochs."""
    net = model()
    net(torch.zeros(2, 3, SIZE, SIZE, device=DEVICE))  # its last layer takes its size from that
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * steps)
    for _ in range(epochs):
        for batch in data:
            image, label = on_device(batch)
            loss = nn.functional.cross_entropy(net(image), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return net


@torch.no_grad()
def accuracy(net, directory):
    """The part of the test images that net knows."""
    net.eval()
    command = server.command(directory, {"test": folder(directory, "test", WHOLE)})
    right = seen = 0
    with stoker.Loader.spawn(command) as loader:
        for batch in loader.torch():
            image, label = on_device(batch)
            right += (net(image).argmax(1) == label).sum().item()
            seen += len(label)
    return right / seen


def cpu():
    """CPU seconds of this process and of those that have ended below it."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--images", type=int, default=3000)
    args.add_argument("--epochs", type=int, default=6)
    args = args.parse_args()
    torch.set_num_threads(1)  # the other cores load
    feeds = {"stoker": stoker_feed, "DataLoader, 2 workers": dataloader_feed, "one batch in memory": memory_feed}
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        make_images(directory, "train", args.images, seed=1)
        make_images(directory, "test", 1000, seed=2)
        print(f"{args.epochs} epochs of {args.images} images on {DEVICE}")
        print(f"{'fed by':24} {'accuracy':>9} {'wall s':>8} {'CPU s':>8}")
        for name, feed in feeds.items():
            began, used = time.perf_counter(), cpu()
            with feed(directory) as data:
                net = train(data, args.images // BATCH, args.epochs)
            del data  # ends its workers
            wall, used = time.perf_counter() - began, cpu() - used
            known = "" if feed is memory_feed else f"{accuracy(net, directory):.1%}"
            print(f"{name:24} {known:>9} {wall:8.1f} {used:8.1f}", flush=True)


if __name__ == "__main__":
    main()

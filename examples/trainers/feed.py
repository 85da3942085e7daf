"""Measures whether a GPU is kept busy: ResNet-50 on a folder of JPEG files.

    python examples/trainers/feed.py DIR

The same training steps are fed by one batch that stays in memory, which is as fast
as the GPU is, by stoker, and by torch.utils.data.DataLoader with a worker for each
core, decoding to uint8 as torchvision advises; and both are run without a training,
as fast as they are. The labels are made up: nothing is learnt here (images.py learns).
"""

import argparse
import contextlib
import os
import pathlib
import resource
import tempfile
import time

import server
import torch
import torchvision
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_image, read_file
from torchvision.transforms import v2

import stoker

SIZE = 224
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
PIN = DEVICE.type == "cuda"


class Images(Dataset):
    augment = v2.Compose([v2.RandomResizedCrop(SIZE, antialias=True), v2.RandomHorizontalFlip()])

    def __init__(self, directory):
        self.files = sorted(str(p) for p in directory.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.augment(decode_image(read_file(self.files[i]), mode=ImageReadMode.RGB))


def endless(epochs):
    while True:
        yield from epochs


@contextlib.contextmanager
def memory_feed(directory, batch):
    image = torch.randint(0, 256, (batch, 3, SIZE, SIZE), dtype=torch.uint8)
    yield endless([image.pin_memory() if PIN else image])


@contextlib.contextmanager
def stoker_feed(directory, batch):
    data = {
        "Source": {"raw": {"Data": str(directory), "Extensions": [".jpg", ".jpeg"]}},
        "Transforms": ["vision.Decode", {"vision.RandomResizedCrop": {"Size": SIZE}}, {"vision.FlipH": {"P": 0.5}}, {"vision.ToTensor": {"Layout": 0}}],
        "BatchSize": batch,
        "Order": "loader.Shuffle",
        "Remainder": "drop",
    }
    with tempfile.TemporaryDirectory() as work:
        command = server.command(pathlib.Path(work), {"train": data})
        with stoker.Loader.spawn(command, pin=PIN) as loader:
            yield (batch["image"] for batch in endless(loader.torch()))


@contextlib.contextmanager
def dataloader_feed(directory, batch):
    workers = os.cpu_count()
    yield endless(
        DataLoader(Images(directory), batch, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=True, pin_memory=PIN)
    )


class Training:
    """ResNet-50 in bfloat16, channels last."""

    def __init__(self, batch):
        self.net = torchvision.models.resnet50().to(DEVICE, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.net.parameters(), 0.01)
        self.label = torch.randint(0, 1000, (batch,), device=DEVICE)
        self.mean = torch.tensor([123.7, 116.3, 103.5], device=DEVICE).view(1, 3, 1, 1)

    def step(self, image):
        x = image.to(DEVICE, non_blocking=True).float().sub_(self.mean).div_(57.4)
        with torch.autocast(DEVICE.type, torch.bfloat16):
            loss = cross_entropy(self.net(x.contiguous(memory_format=torch.channels_last)), self.label)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def finished():
    if PIN:
        torch.cuda.synchronize()
    return time.perf_counter()


def cpu():
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def measure(feed, steps, use):
    """Return images a second, after a few to warm up, and CPU ms for each image, start and end included."""
    used, n = cpu(), 0
    with feed as batches:
        for k, image in enumerate(batches):
            if k == steps // 8:
                began, n = finished(), 0
            use(image)
            n += len(image)
            if k + 1 == steps:
                break
        rate = n / (finished() - began)
        del batches, image  # ends the workers
    return rate, (cpu() - used) / (steps * n / (steps - steps // 8)) * 1e3


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("directory", type=lambda p: pathlib.Path(p).resolve())
    args.add_argument("--batch", type=int, default=256)
    args.add_argument("--steps", type=int, default=64)
    args.add_argument("--rounds", type=int, default=2)
    args = args.parse_args()
    training = Training(args.batch).step
    rows = [
        ("one batch in memory", memory_feed, training),
        ("stoker", stoker_feed, training),
        ("stoker, no training", stoker_feed, len),
        ("DataLoader", dataloader_feed, training),
        ("DataLoader, no training", dataloader_feed, len),
    ]
    print(f"ResNet-50, batches of {args.batch}, {DEVICE}, {os.cpu_count()} cores, torch {torch.__version__}, torchvision {torchvision.__version__}")
    print(f"{'fed by':26} {'images/s':>9} {'CPU ms/image':>13}")
    for _ in range(args.rounds):
        for name, feed, use in rows:
            rate, each = measure(feed(args.directory, args.batch), args.steps, use)
            print(f"{name:26} {rate:9.0f} {each:13.2f}", flush=True)


if __name__ == "__main__":
    main()

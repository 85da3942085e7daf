"""W1: SPDL, threads that call FFmpeg, which crops and resizes in one filter.

config: files, batch, workers: threads. Its resize is swscale's bilinear, and a
crop of an image with halved colours begins at an even pixel.
"""
import math
import random

import numpy as np
import spdl.io
from spdl.pipeline import PipelineBuilder

import peer


def window(w, h):
    """The draws of torchvision's RandomResizedCrop."""
    for _ in range(10):
        area = w * h * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        cw, ch = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < cw <= w and 0 < ch <= h:
            return random.randint(0, w - cw), random.randint(0, h - ch), cw, ch
    cw, ch = min(w, h * 4 // 3), min(h, w * 4 // 3)
    return (w - cw) // 2, (h - ch) // 2, cw, ch


def load(packets, x, y, w, h, flip):
    steps = f"crop={w}:{h}:{x}:{y}:exact=1,scale=224:224:flags=bilinear+accurate_rnd+full_chroma_int,format=rgb24"
    frames = spdl.io.decode_packets(packets, filter_desc=steps + (",hflip" if flip else ""))
    return spdl.io.to_numpy(spdl.io.convert_frames(frames))


def sample(file):
    packets = spdl.io.demux_image(file)
    return load(packets, *window(packets.codec.width, packets.codec.height), random.random() < 0.5)


def collate(images):
    return np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))


class Peer:
    def __init__(self, config):
        if config["float"]:
            raise ValueError("uint8 alone")
        self.config = config
        self.version = f"SPDL {__import__('importlib.metadata').metadata.version('spdl_io')}"

    def check(self, what):
        with open(what["out"], "wb") as f:
            for s in what["samples"]:
                image = load(spdl.io.demux_image(s["file"]), s["x"], s["y"], s["w"], s["h"], s["flip"])
                f.write(np.ascontiguousarray(image.transpose(2, 0, 1)).tobytes())

    def run(self, part, parts):
        files, threads = list(self.config["files"]), self.config["workers"]
        random.shuffle(files)
        pipeline = (
            PipelineBuilder().add_source(files).pipe(sample, concurrency=threads).aggregate(self.config["batch"])
            .pipe(collate).add_sink(2).build(num_threads=threads))
        with pipeline.auto_stop():
            return sum(len(images) for images in pipeline.get_iterator())


peer.serve(Peer)
